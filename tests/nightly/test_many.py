"""Hundreds of dyads of one feed, fitted alone in one process.

Each has its report or a reason, and memory stays flat.

DYADS says how many. Fits are draws from the prior; of every ninth dyad the chains are apart, so
that it does not converge, and every eleventh has no event.
"""

import itertools
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from forecast.model.fitted import Fit
from forecast.model.spec import spec_for
from tests.feeds.made import gdelt_row, written
from tests.made import unobserved
from tests.nightly.test_soak import MOST, held
from tests.pages import leave_figures_empty
from tests.records import run
from tests.systems import linux

pytestmark = linux
DYADS = int(os.environ.get("DYADS", 500))
STATES = (
    "AUS",
    "AUT",
    "BEL",
    "BRA",
    "CAN",
    "CHL",
    "CHN",
    "COL",
    "CUB",
    "DEU",
    "DNK",
    "EGY",
    "ESP",
    "FRA",
    "GBR",
    "GRC",
    "IDN",
    "IND",
    "IRN",
    "IRQ",
    "ISR",
    "ITA",
    "JPN",
    "KOR",
    "MEX",
    "NGA",
    "NLD",
    "PAK",
    "PRK",
    "RUS",
    "SAU",
    "SWE",
    "USA",
)
PAIRS = list(itertools.islice(itertools.combinations(STATES, 2), DYADS))
YEARS = range(2014, 2019)
CODES = ("046", "111", "057", "138", "042", "163")
SILENT = 11
APART = 9
DRAWN = dict[tuple[Any, ...], Fit]()


def feed(folder: Path) -> None:
    """Write files of GDELT with an event on a day of every month, for all dyads but some."""
    folder.mkdir()
    number = 0
    for year, month in itertools.product(YEARS, range(1, 13)):
        rows = []
        for place, (one, other) in enumerate(PAIRS):
            if place % SILENT == 0:
                continue
            number += 1
            day = f"{date(year, month, 1 + place % 28):%Y%m%d}"
            code = CODES[(place * month + year) % len(CODES)]
            rows.append(gdelt_row(number, day, one, other, code, types=("GOV", "GOV")))
        written(folder / f"{year}{month:02}.csv", rows)


def drawn(panel: xr.Dataset, spec: Any, *, seed: int = 1, **_: Any) -> Fit:
    """Be `fit`, with draws of the prior; the chains of some dyads are apart."""
    shape = (*panel.sizes.items(), panel["era_index"].to_numpy().tobytes(), seed)
    if (
        shape not in DRAWN
    ):  # as dear as all else of a report, and the same of all dyads but for their names
        DRAWN[shape] = unobserved(panel, spec_for(panel), chains=2, draws=100, seed=seed)
    made = DRAWN[shape]
    groups = {name: made.tree[name].to_dataset() for name in ("posterior", "sample_stats")}
    names = {name: panel[name] for name in groups["posterior"].coords if name in panel.coords}
    groups["posterior"] = groups["posterior"].assign_coords(names)
    place = [{*pair} for pair in PAIRS].index({*str(panel["dyad"].item()).split("-")})
    if place % APART == 1:
        draws = groups["posterior"]
        apart = {name: draws[name] + 5 * draws["chain"] for name in ("level", "trend")}
        groups["posterior"] = draws.assign(apart)
    found = Fit({"/": made.tree.to_dataset(), **groups, "constant_data": panel})
    return found.noting(data_digest=panel.attrs["digest"])


@pytest.mark.nightly
def test_each_of_many_dyads_has_its_report_or_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("forecast.model.sampling.fit", "forecast.model.fit"):
        monkeypatch.setattr(place, drawn)
    for name, limit in (("gate.ESS_LIMIT", 20), ("gate.R_HAT_LIMIT", 1.3)):
        monkeypatch.setattr(f"forecast.model.{name}", limit)
    leave_figures_empty(monkeypatch)
    feed(Path("feed"))
    assert run("events", "import", "feed", "--archive", "archive").exit_code == 0
    ended, memory = dict[int, list[str]](), []
    for place, pair in enumerate(PAIRS):
        dyad = "-".join(pair)
        done = run(
            "report",
            dyad,
            "--alone",
            "--data",
            "gdelt",
            "--archive",
            "archive",
            "--horizons",
            "3",
            "--no-save-fit",
            "--out",
            dyad,
        )
        assert done.exception is None or isinstance(done.exception, SystemExit), (
            dyad,
            done.exception,
        )
        ended.setdefault(done.exit_code, []).append(dyad)
        said = " ".join(done.output.split())
        if place % SILENT == 0:
            assert done.exit_code == 2 and dyad in said and "Error: " in said, (dyad, said)
            assert not Path(dyad).exists()
        elif place % APART == 1:
            assert done.exit_code == 3 and "R-hat" in said, (dyad, said)
            assert "NOT CONVERGED" in Path(dyad, "index.html").read_text("utf-8").upper()
        else:
            assert done.exit_code == 0, (dyad, said)
        if place % 20 == 19:
            memory.append(held())
    print(
        f"\n{ {code: len(dyads) for code, dyads in ended.items()} }, "
        f"{(memory[-1][0] - memory[1][0]) / 1e6:+.1f} MB"
    )
    assert memory[-1][0] - memory[1][0] < MOST
    assert memory[-1][1] <= memory[1][1]
