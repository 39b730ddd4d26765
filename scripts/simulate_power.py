"""Simulate power and false alarms of the tests of claims again, into the tables of the package.

python scripts/simulate_power.py                     # all tables, many hours
python scripts/simulate_power.py --claims S5a,S5b --truths "walk;long memory of d 0.4" --sets 40
                                                     # these rows of power.csv alone
python scripts/simulate_power.py --family --sets 100 # prints how often any false claim is supported

An interrupted run continues with the same command: finished simulated records are in
build/power.jsonl.
"""

import argparse
import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import build_panel, read_chronology
from forecast.base.files import write_text
from forecast.base.progress import Progress, silent
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import visits_of
from forecast.study.hypotheses.family import family_words
from forecast.study.hypotheses.nulls import NULL_KINDS
from forecast.study.hypotheses.power import LIMIT_SETS, SETS, simulate_power
from forecast.study.hypotheses.power_simulation import PowerSimulation
from forecast.study.hypotheses.power_tables import POWER_TABLE, SIZE_TABLE, Rate, rates_of
from forecast.study.hypotheses.record import read_panel
from forecast.study.hypotheses.simulate import PROCESSES, STAYING

if TYPE_CHECKING:
    import xarray as xr

    from forecast.data.events.table import EventTable

CHECKPOINT = Path("build/power.jsonl")
SIZES = ((2, 1), (4, 1), (1, 4))  # times as many dyads and events per month, of larger records
# simulated records of a process whose dyads are chosen by how they moved or stayed, and of larger
# records
CHOSEN_SETS = 100
SIZE_SETS = 10
SHARED = tuple(name for name, process in PROCESSES.items() if process.shared)


def make_tables(
    panel: "xr.Dataset",
    events: "EventTable",
    checkpoint: str | Path,
    cores: int = 1,
    progress: Progress | None = None,
    sets: int = SETS,
    size_sets: int = SIZE_SETS,
    tables: tuple[Path, Path] = (POWER_TABLE, SIZE_TABLE),
) -> None:
    """Simulate both tables of power again; after an interruption the same call continues."""
    shared: dict[str, Any] = {
        "events": events,
        "checkpoint": checkpoint,
        "cores": cores,
        "progress": progress,
    }
    chosen = [name for name, process in PROCESSES.items() if process.chosen or name == STAYING]
    others = [*(name for name in PROCESSES if name not in chosen), *NULL_KINDS]
    by_claim: dict[str, list[Rate]] = {}
    for processes, number in ((others, sets), (chosen, min(sets, CHOSEN_SETS))):
        for code, rates in simulate_power(
            panel, processes=processes, sets=number, **shared
        ).items():
            by_claim.setdefault(code, []).extend(rates)
    write_table({code: by_claim[code] for code in CLAIMS if code in by_claim}, tables[0])
    larger: dict[str, list[Rate]] = {}
    codes_by_process = {
        name: process.claims_by_size
        for name, process in PROCESSES.items()
        if process.claims_by_size
    }
    for more_dyads, more_events in SIZES:
        for name, codes in codes_by_process.items():
            simulated = simulate_power(
                panel,
                claims=codes,
                processes=(name,),
                sets=size_sets,
                more_dyads=more_dyads,
                more_events=more_events,
                **shared,
            )
            for code, rates in simulated.items():
                larger.setdefault(code, []).extend(rates)
    write_table(larger, tables[1])


def merge_rows(simulated: Mapping[str, Sequence[Rate]], path: Path = POWER_TABLE) -> None:
    """Put rates into the table of power, in place of older ones or after them."""
    merged: dict[str, list[Rate]] = {}
    for code in CLAIMS:
        rates = {rate.truth: rate for rate in rates_of(code, path)}
        rates |= {rate.truth: rate for rate in simulated.get(code, ())}
        if rates:
            merged[code] = list(rates.values())
    write_table(merged, path)


def write_table(rates: Mapping[str, Sequence[Rate]], path: Path) -> None:
    """Write rates as a table that pages quote."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("claim", *(field.name for field in fields(Rate))))
    for code, of_claim in rates.items():
        for rate in of_claim:
            row = asdict(rate) | {
                "true": "yes" if rate.true else "no",
                "least": f"{rate.least:.2f}",
                "most": f"{rate.most:.2f}",
                "limit": f"{rate.limit:.2f}",
            }
            writer.writerow((code, *row.values()))
    write_text(path, text.getvalue())


def print_family(
    panel: "xr.Dataset",
    events: "EventTable",
    checkpoint: str | Path,
    cores: int = 1,
    progress: Progress | None = None,
    sets: int = LIMIT_SETS,
) -> None:
    """Print in how many sets any false claim is supported; an interrupted call continues."""
    simulation = PowerSimulation.of(
        read_panel(panel, visits_of(events, panel)),
        [code for code, claim in CLAIMS.items() if claim.usual],
        (*NULL_KINDS, *SHARED),
        sets=sets,
        limit_sets=LIMIT_SETS,
        seed=1,
        checkpoint=Path(checkpoint),
    )
    simulation.run(cores, progress or silent)
    print(family_words(simulation.family()))


def main() -> None:
    """Simulate what the arguments name, by default both tables of power."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--claims", default="", help="codes, with commas between them")
    parser.add_argument("--truths", default="", help="names, with semicolons between them")
    parser.add_argument("--sets", type=int, help="simulated records per process")
    parser.add_argument("--family", action="store_true", help="all claims together, alone")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    table = read_chronology()
    panel = build_panel(table)
    if arguments.family:
        sets = arguments.sets or LIMIT_SETS
        print_family(panel, table, CHECKPOINT, arguments.cores, sets=sets)
    elif arguments.truths:
        merge_rows(
            simulate_power(
                panel,
                events=table,
                claims=[code for code in arguments.claims.split(",") if code],
                processes=arguments.truths.split(";"),
                sets=arguments.sets or SETS,
                checkpoint=CHECKPOINT,
                cores=arguments.cores,
            )
        )
    else:
        make_tables(panel, table, CHECKPOINT, arguments.cores, sets=arguments.sets or SETS)


if __name__ == "__main__":
    main()
