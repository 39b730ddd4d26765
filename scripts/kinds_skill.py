"""Score the chances of events of each kind, at half-yearly origins from 1985 on, against base rates and simulations.

``python scripts/kinds_skill.py`` takes five minutes on one core and writes reports/skill/kinds.json, from which
reports decide which kinds they publish. ``--print`` prints the scores of that file as tables. No model is fitted: what
simulations say takes the number of events of either side from the local level, and the mix of the last ten years.
Choices of the form were made on origins to 2014 (docs/research/kinds.md).
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast import read_chronology
from forecast.dates import Clock, months_between
from forecast.evaluation import Record
from forecast.evaluation.benchmarks import BENCHMARKS
from forecast.evaluation.origins import View
from forecast.events.codebook import read_kinds
from forecast.files import write_json
from forecast.numeric import paired
from forecast.outlook.draws import stream
from forecast.outlook.kind_counts import SCHEMA, KindRates, calibrated
from forecast.outlook.observed import MIX_MONTHS, recording_level, simulate_kinds
from forecast.panel.record import by_class, placed_events
from forecast.questions.record import CountedKind
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

HORIZONS = (3, 6, 12, 24)
AT_LEAST = (1, 3)
DRAWS = 800
FIRST, SPLIT = 1985, 2015
PERIODS = {f"-{SPLIT - 1}": range(FIRST, SPLIT), f"{SPLIT}-": range(SPLIT, 2027)}
SOURCES = ("chance", "base_rate", "pooled", "simulated")
FILE = Path("reports/skill/kinds.json")
SURE = 1e-4
"""Chances are kept so far from 0 and 1 in the logarithmic score."""

type Later = Mapping[str, Sequence[Index]]
"""What was recorded by dyad: of each kind, in each month."""


def kinds_of(record: Record) -> list[CountedKind]:
    """Return all classes, and all words for some codes of a class."""
    names = [str(name) for name in record.final["class_name"].to_numpy()]
    found = {one.name: one for one in (CountedKind.find(record.final, text) for text in (*names, *read_kinds()))}
    return list(found.values())


def share_of_windows(counts: Index, periods: int, at_least: int) -> float:
    """Return in how many windows there were so many; NaN if no window is over."""
    if len(counts) < periods:
        return float("nan")
    return float((np.convolve(counts, np.ones(periods, dtype=np.int64), "valid") >= at_least).mean())


def simulated(view: View, dyad: str) -> Index:
    """Return the events of each class in each month ahead, (future, month, class), in simulations without a fit."""
    rng = np.random.default_rng([view.origin.year, view.origin.month, *dyad.encode()])
    chances = BENCHMARKS["local_level"].chances(view.past(dyad), HORIZONS, DRAWS, rng)[HORIZONS[-1]]
    known = view.recorded[dyad]
    total = recording_level(known).simulate(chances.shape, rng)
    cooperative = rng.binomial(total, np.clip(chances, 0.0, 1.0))
    return simulate_kinds(known, total, cooperative, stream(1, dyad, f"kinds {known.number}"))


def counted(panel: "xr.Dataset", dyad: str, record: Record, kinds: Sequence[CountedKind]) -> list[Index]:
    """Return the events of each kind in each month of a panel."""
    rows = placed_events(panel, dyad, record.table)
    period, number = (rows[name].to_numpy() for name in ("of_period", "counted"))
    held = [kind.holds(rows) for kind in kinds]
    return [np.bincount(period[own], number[own], panel.sizes["time"]).astype(np.int64) for own in held]


def cases(record: Record, origin: date, kinds: Sequence[CountedKind], later: Later) -> Iterator[dict[str, Any]]:
    """Yield every forecast from an origin with what was recorded."""
    view = record.view(origin)
    if view is None:
        return
    rates = {kind.places: KindRates.of(view.panel, 0, kind.places) for kind in kinds}
    start = months_between(Clock.of(record.final).times[0].item(), origin)
    for dyad in view.dyads:
        known, covered = by_class(view.panel, dyad)[1], by_class(record.final, dyad)[1]
        ahead = simulated(view, dyad)
        for kind, before, after in zip(kinds, counted(view.panel, dyad, record, kinds), later[dyad], strict=True):
            for months in (one for one in HORIZONS if covered[start : start + one].sum() == one):
                rate = rates[kind.places].rate(dyad, months, before if kind.codes else None)
                number = int(after[start : start + months].sum())
                drawn = None if kind.codes else ahead[:, :months, list(kind.places)].sum(axis=(1, 2))
                for least in AT_LEAST:
                    yield {
                        "kind": kind.name, "dyad": dyad, "year": origin.year, "origin": origin, "months": months,
                        "at_least": least, "yes": number >= least, "chance": rate.at_least(least),
                        "base_rate": share_of_windows(before[known][-MIX_MONTHS:], months, least),
                        "pooled": share_of_windows(before[known], months, least),
                        "simulated": np.nan if drawn is None else float((drawn >= least).mean()),
                    }  # fmt: skip


def scored(found: pd.DataFrame) -> dict[str, Any]:
    """Score some cases."""
    yes = found["yes"].to_numpy(dtype=float)
    order = np.array_split(np.argsort(found["chance"].to_numpy(), kind="stable"), 3)
    row: dict[str, Any] = {"n": len(found), "frequency": yes.mean(), **{one: found[one].mean() for one in SOURCES}}
    row["thirds"] = [[found["chance"].to_numpy()[part].mean(), yes[part].mean()] for part in order]
    scores = {one: (found[one].to_numpy() - yes) ** 2 for one in SOURCES}
    for one in SOURCES:
        row[f"brier_{one}"] = scores[one].mean()
        sure = np.clip(found[one].to_numpy(), SURE, 1 - SURE)
        row[f"log_score_{one}"] = -np.log(np.where(yes > 0, sure, 1 - sure)).mean()
    if found["dyad"].nunique() > 1:
        horizon = int(found["months"].max())
        for one in ("base_rate", "simulated"):
            if np.isfinite(scores[one]).all():
                lead = paired(scores["chance"], scores[one], found["year"], horizon, found["dyad"])
                row[f"difference_{one}"] = [lead.mean, lead.low, lead.high]
    return row


def rows_of(found: pd.DataFrame, names: list[str]) -> Iterator[dict[str, Any]]:
    """Yield scores by kind; those of classes by horizon and, of at least one event, by dyad."""
    for period, years in PERIODS.items():
        for least in AT_LEAST:
            own = found[found["year"].isin(years) & (found["at_least"] == least)]
            classes = own[own["kind"].isin(names)]
            parts = [("all classes", "all", classes)]
            parts += [(kind, "all", part) for kind, part in own.groupby("kind", sort=False)]
            if least == 1:
                parts += [("all classes", dyad, part) for dyad, part in classes.groupby("dyad", sort=False)]
                parts += [(*key, part) for key, part in classes.groupby(["kind", "dyad"], sort=False)]
            for kind, dyad, part in parts:
                by_horizon = dyad == "all" and kind in ("all classes", *names)
                for months in ("all", *HORIZONS) if by_horizon else ("all",):
                    some = part if months == "all" else part[part["months"] == months]
                    key = {"kind": kind, "dyad": dyad, "months": months, "at_least": least, "period": period}
                    yield key | _rounded(scored(some))


def _rounded(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_rounded(value) for value in node]
    if isinstance(node, float):
        return round(node, 4) if np.isfinite(node) else None
    return node


def pooled_over_dyads(found: pd.DataFrame) -> Float:
    """Return the mean over dyads of how often each happened in all earlier windows of theirs."""
    groups = found.groupby(["kind", "origin", "months", "at_least"], sort=False)
    return np.asarray(groups["pooled"].transform("mean"))


def make() -> None:
    """Score everything and write the file."""
    record = Record.of(read_chronology())
    names = [str(name) for name in record.final["class_name"].to_numpy()]
    kinds, found = kinds_of(record), []
    later = {dyad: counted(record.final, dyad, record, kinds) for dyad in record.dyads}
    for origin in (date(year, month, 1) for year in range(FIRST, 2027) for month in (1, 7)):
        found += list(cases(record, origin, kinds, later))
        print(origin, len(found), flush=True)
    write(record, pd.DataFrame(found), names)


def write(record: Record, table: pd.DataFrame, names: list[str]) -> None:
    """Score the cases of all origins and write the file."""
    table = table.assign(pooled=pooled_over_dyads(table)).fillna({"base_rate": table["chance"]})
    content = {
        "schema": SCHEMA, "command": "python scripts/kinds_skill.py", "dataset": record.dataset,
        "scale": str(record.final.attrs["scale"]), "data": record.digest,
        "dyads": list(record.dyads), "horizons": list(HORIZONS),
        "origins": [f"{FIRST}-01", f"{table['origin'].max():%Y-%m}"],
        "rows": list(rows_of(table, names)),
    }  # fmt: skip
    write_json(FILE, content, by_record=True)


def show() -> None:
    """Print the scores of the file as tables."""
    import json

    rows = json.loads(FILE.read_text())["rows"]
    for period in PERIODS:
        own = [row for row in rows if (row["dyad"], row["months"], row["period"]) == ("all", "all", period)]
        print(f"\n{period}: n, frequency, mean chance, thirds; Brier scores of {', '.join(SOURCES)}; calibrated")
        for row in own:
            brier = " | ".join("" if row[f"brier_{one}"] is None else f"{row[f'brier_{one}']:.3f}" for one in SOURCES)
            thirds = ", ".join(f"{said:.2f} {was:.2f}" for said, was in row["thirds"])
            numbers = f"{row['n']} | {row['frequency']:.2f} | {row['chance']:.2f} | {thirds} | {brier}"
            print(f"| {row['kind']}, {row['at_least']} | {numbers} | {'yes' if calibrated(row) else 'no'} |")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--print", action="store_true", help="print the tables from the file")
    show() if arguments.parse_args().print else make()
