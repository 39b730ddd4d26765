"""Many reports, or fits, in one process take no more memory and files than a few.

REPORTS and FITS say how many.
"""

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from forecast import build_panel, fit, read_chronology
from forecast.data.sources import Source
from forecast.runs.pipeline import make_report
from forecast.runs.settings import ReportSettings
from tests.made import unsampled
from tests.records import PAIRS, write_record
from tests.systems import linux

pytestmark = linux
REPORTS, FITS = (
    int(os.environ.get(name, usual)) for name, usual in (("REPORTS", 60), ("FITS", 50))
)
SETTLED = 12
"""Reports, or fits, after which caches are full."""
MOST = 40_000_000
"""Bytes by which fragmented memory may grow."""


def held() -> tuple[int, int]:
    """Return the memory of this process in bytes, and how many files it has open."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE"), len(list(Path("/proc/self/fd").iterdir()))


def kept(number: int, do: Callable[[int], None]) -> tuple[int, int]:
    """Do something so many times.

    Return the bytes and the open files that were added once caches were full.
    """
    known = []
    for one in range(number + 1):
        if one in (SETTLED, number):
            known.append(held())
        do(one)
    (memory, files), (more, others) = known
    print(
        f"\n{number - SETTLED} times: {(more - memory) / 1e6:+.1f} MB, {others - files:+d} open "
        f"files"
    )
    return more - memory, others - files


@pytest.mark.nightly
def test_many_reports_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are of a saved fit of draws from the prior, the simulations, figures and pages those of
    real reports.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("forecast.model.fit", unsampled)
    write_record()
    source = Source(kind="events", path="record.csv", mapping="record.yaml")
    settings = {"dyad": "USA-CHN", "source": source, "out": Path("out"), "horizons": (3,)}
    make_report(ReportSettings(hierarchy=PAIRS[1:], **settings))
    Path("out/fit.zarr").rename("fit.zarr")

    def report(number: int) -> None:
        made = ReportSettings(
            fit_path=Path("fit.zarr"), seed=1 + number % 2, replace=True, **settings
        )
        assert make_report(made).page.is_file()

    memory, files = kept(REPORTS, report)
    assert memory < MOST
    assert files <= 0


@pytest.mark.nightly
def test_many_fits_leave_nothing_behind() -> None:
    """They are short, of one pair or of two by turns, each sampled and checked."""
    table = read_chronology(dyads=list(PAIRS))
    panels = [
        build_panel(table, dyads=dyads, start="2015-01", end="2020-12")
        for dyads in (PAIRS[:1], PAIRS)
    ]

    def sample(number: int) -> None:
        made = fit(panels[number % 2], draws=30, tune=30, chains=2, cores=1, seed=number)
        assert made.gate.reasons

    memory, files = kept(FITS, sample)
    assert memory < MOST
    assert files <= 0
