"""Sixty reports in one process take no more memory and files than a few."""

import gc
import os
from pathlib import Path

import pytest

from forecast.pipeline import ReportSettings, make_report
from forecast.sources import Source
from tests.model.fits import unsampled
from tests.records import PAIRS, write_record
from tests.systems import linux

pytestmark = linux
SETTLED, NUMBER = 12, 60
"""Reports after which caches are full, and all."""
MOST = 40_000_000
"""Bytes by which fragmented memory may grow."""


def held() -> tuple[int, int]:
    """Return the memory of this process in bytes, and how many files it has open."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.slow
def test_sixty_reports_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are of a saved fit of draws from the prior, the simulations, figures and pages those of real reports."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forecast.model.fit", unsampled)
    write_record()
    source = Source(kind="events", path="record.csv", mapping="record.yaml")
    settings = {"dyad": "USA-CHN", "source": source, "out": Path("out"), "horizons": (3,)}
    make_report(ReportSettings(hierarchy=PAIRS[1:], **settings))
    Path("out/fit.zarr").rename("fit.zarr")
    known = []
    for number in range(NUMBER + 1):
        if number in (SETTLED, NUMBER):
            known.append(held())
        made = ReportSettings(fit_path=Path("fit.zarr"), seed=1 + number % 2, replace=True, **settings)
        assert make_report(made).page.is_file()
    (memory, files), (more, others) = known
    print(f"\n{NUMBER - SETTLED} reports: {(more - memory) / 1e6:+.1f} MB, {others - files:+d} open files")
    assert more - memory < MOST
    assert others <= files
