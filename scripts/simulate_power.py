"""Simulate power and false alarms of the tests of claims again, into both tables of the package."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import build_panel, read_chronology
from forecast.base.files import write_text
from forecast.base.progress import Progress
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.power import (
    NULLS,
    POWER_TABLE,
    SETS,
    SIZE_TABLE,
    Rate,
    simulate_power,
)
from forecast.study.hypotheses.simulate import STAYING, TRUTHS

if TYPE_CHECKING:
    import xarray as xr

    from forecast.data.events.table import EventTable

SIZES = ((2, 1), (4, 1), (1, 4))
"""Times as many dyads and as many events per month, of the larger record sets."""
FEW_SETS, SIZE_SETS = 100, 10
"""Record sets of a truth whose dyads are chosen by how they moved or stayed, and of larger
records."""


def make_tables(
    panel: "xr.Dataset",
    events: "EventTable",
    kept: str | Path,
    cores: int = 1,
    progress: Progress | None = None,
    sets: int = SETS,
    size_sets: int = SIZE_SETS,
    tables: tuple[Path, Path] = (POWER_TABLE, SIZE_TABLE),
) -> None:
    """Simulate both tables of the package again; after an interruption the same call continues."""
    shared: dict[str, Any] = {
        "events": events,
        "checkpoint": kept,
        "cores": cores,
        "progress": progress,
    }
    chosen = [name for name, one in TRUTHS.items() if one.chosen or name == STAYING]
    others = [*(name for name in TRUTHS if name not in chosen), *NULLS]
    table: dict[str, list[Rate]] = {}
    for truths, number in ((others, sets), (chosen, min(sets, FEW_SETS))):
        for code, own in simulate_power(panel, truths=truths, sets=number, **shared).items():
            table.setdefault(code, []).extend(own)
    write_table({code: table[code] for code in CLAIMS if code in table}, tables[0])
    rates: dict[str, list[Rate]] = {}
    sized = {name: one.claims_by_size for name, one in TRUTHS.items() if one.claims_by_size}
    for dyads, more in SIZES:
        for name, codes in sized.items():
            found = simulate_power(
                panel,
                claims=codes,
                truths=(name,),
                sets=size_sets,
                more_dyads=dyads,
                more_events=more,
                **shared,
            )
            for code, own in found.items():
                rates.setdefault(code, []).extend(own)
    write_table(rates, tables[1])


def write_table(rates: Mapping[str, Sequence[Rate]], path: Path) -> None:
    """Write rates as a table that pages quote."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("claim", *(one.name for one in fields(Rate))))
    for code, one in ((code, one) for code, own in rates.items() for one in own):
        row = asdict(one) | {
            "true": "yes" if one.true else "no",
            "least": f"{one.least:.2f}",
            "most": f"{one.most:.2f}",
            "limit": f"{one.limit:.2f}",
        }
        writer.writerow((code, *row.values()))
    write_text(path, text.getvalue())


if __name__ == "__main__":
    record = read_chronology()
    make_tables(build_panel(record), record, "build/power.jsonl", cores=2)
