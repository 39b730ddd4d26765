"""Test the embedded record and records of outsiders, and put them on one page.

Records of outsiders are tested in the same way.

    python scripts/outsiders.py FOLDER [FOLDER ...]     # all parts, some minutes per record
    python scripts/outsiders.py FOLDER --answers        # one part: who answers whom
    python scripts/outsiders.py FOLDER --tests --record "KEDS Turkey, 1992-2006"
    python scripts/outsiders.py --write                 # the page and its figure again

Folders have the records where they are: they are not part of the package. A record whose file is in
none of them is left out. Each part writes its rows into docs/research/outsiders.json and leaves the
others as they are; the page and its figure are made from that file.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import betaln, expit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from outsiders_page import draw, page, svg  # noqa: E402

from forecast import (  # noqa: E402
    build_counts_panel,
    build_index_panel,
    build_panel,
    read_chronology,
    read_copdab,
    read_counts,
    read_keds,
)
from forecast.base.files import write_text  # noqa: E402
from forecast.data.events.table import EventTable  # noqa: E402
from forecast.data.records import Records  # noqa: E402
from forecast.study.hypotheses.answers import (  # noqa: E402
    Answers,
    answers_power,
    answers_test,
    directed_index,
    directed_pairs,
    test_answers,
)
from forecast.study.hypotheses.answers_model import DirectedPair  # noqa: E402
from forecast.study.hypotheses.claims import CLAIMS  # noqa: E402
from forecast.study.hypotheses.engine import Engine  # noqa: E402
from forecast.study.hypotheses.filter.inputs import MEAN, NOISE_SD  # noqa: E402
from forecast.study.hypotheses.models import (  # noqa: E402
    BOUNDED,
    BOUNDED_CYCLE,
    MEMORY,
    MEMORY_CYCLE,
    MEMORY_NOISE,
    MEMORY_ODDS,
    RETURN_ALONE,
    RETURN_CYCLE,
    START_SD,
    VOLUME_EFFECT,
    VOLUME_EFFECT_SD,
    WALK,
    WALK_CYCLE,
)
from forecast.study.hypotheses.nulls import compare_with_null_sets  # noqa: E402
from forecast.study.hypotheses.plan import Choice  # noqa: E402
from forecast.study.hypotheses.record import MIN_POOLED_DYADS, PooledRecord, read_panel  # noqa: E402
from forecast.study.hypotheses.unit_roots import unit_root_tests  # noqa: E402

type Float = NDArray[np.float64]
type Rows = list[dict[str, Any]]

KEPT = ROOT / "docs/research/outsiders.json"
PAGE = KEPT.with_suffix(".md")
FIGURE = KEPT.with_suffix(".svg")
EMBEDDED = "chronology"
type Scheme = Literal["cameo", "weis"]
KEDS: dict[str, tuple[str, Scheme]] = {  # file and coding scheme, by name of the record
    "KEDS Gulf, 1979-1999": ("gulf.weis.csv.gz", "weis"),
    "KEDS Turkey, 1992-2006": ("turkey.cameo.csv.gz", "cameo"),
    "KEDS Balkans, 1989-2003": ("balkans.weis.csv.gz", "weis"),
}
INDICES = "COPDAB, 1948-1978, and Israel-Palestine, 1979-2003"
COPDAB_FILE, WEEKS_FILE = "copdab_months.csv", "israel_palestine_weeks.csv"
WEEK_COLUMNS = ["israel_to_palestine", "palestine_to_israel"]
COPDAB_PAIRS = {  # columns of both directions
    "EGY-ISR": ["eg2is", "is2eg"],
    "USA-RUS": ["us2ussr", "ussr2us"],
    "USA-FRA": ["us2fra", "fra2us"],
    "USA-ISR": ["us2is", "is2us"],
}
ICEWS = "ICEWS conflict counts, 1991-2013"
ICEWS_FILE = "icews_conflict_roots_selected_dyads_1991_2013.csv"
ICEWS_MAPPING = {  # the share of words among acts of conflict: the less material, the better
    "dataset": "icews",
    "columns": {"time": "month", "direction": "direction"},
    "countries": {"TAW": "TWN", "PHI": "PHL"},
    "classes": [
        {"name": "material conflict", "side": "conflict", "columns": ["n_mconf_14_20"]},
        {"name": "verbal conflict", "side": "cooperation", "columns": ["n_vconf_10_13"]},
    ],
}
ICEWS_LEFT_OUT = ("CHN>DRV", "DRV>CHN")  # without any event in this file
RISK = "Risk index, 1985-2025"
RISK_FILE = "gpr_selected_monthly.csv"
# US newspapers' risk reported of a country, as the index of its pair with the United States
RISK_COLUMNS = {
    f"USA-{code}": f"GPRC_{code}" for code in ("CHN", "RUS", "JPN", "IND", "TWN", "UKR", "KOR")
}
CHOICE = Choice(events=300, months=96)  # dyads of a record of events: long and dense enough
LAST_DAY = date(2026, 1, 1)  # after the last day of all records of outsiders
TESTED = ("S5a", "S5b", "S8")
DWELLING = "S5c"
FREQUENCIES: tuple[Literal["month", "week"], ...] = ("month", "week")
POWER_RECORD, POWER_SETS = "KEDS Turkey, 1992-2006", 20  # a sparse shape; sets a process
DENSE_SETS = 10  # in the shape of ICEWS' counts
MIN_SHARED_MONTHS = (
    96  # months that both codings of a dyad must have for their levels to be compared
)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
SHARE_EDGE = 1e-9  # nearest to 0 and 1 of a share at a node


@dataclass(frozen=True)
class Tested:
    """What the tests found on one record."""

    name: str
    dyads: int
    months: int  # With events or values, over all dyads
    events: int  # 0 for an index
    half_life: tuple[float, float, float]  # Months: 5%, 50% and 95% points
    order: tuple[float, float, float]  # Of integration, of a trend with long memory
    alike: Mapping[str, float]  # Log Bayes factor of a cycle against none, by trend
    verdicts: Mapping[str, str]  # By claim: answer with the least log Bayes factor


def find_file(folders: Sequence[Path], name: str) -> Path | None:
    """Return the file of a name in the first folder that has it."""
    return next((folder / name for folder in folders if (folder / name).exists()), None)


def records_of(folders: Sequence[Path]) -> Iterator[tuple[str, PooledRecord]]:
    """Read the embedded record and those of folders."""
    yield EMBEDDED, read_panel(build_panel(read_chronology()))
    for name, (file, scheme) in KEDS.items():
        if path := find_file(folders, file):
            events = read_keds(path, scheme)
            yield name, read_panel(build_panel(events, dyads=dense_dyads(events)))
    copdab, weeks = (find_file(folders, file) for file in (COPDAB_FILE, WEEKS_FILE))
    if copdab and weeks:
        frames = read_copdab(copdab), israel_and_palestinians(weeks)
        yield INDICES, read_panel(build_index_panel(pd.concat(frames).dropna(subset="value")))
    if path := find_file(folders, ICEWS_FILE):
        yield ICEWS, read_panel(icews_panel(path))
    if path := find_file(folders, RISK_FILE):
        yield RISK, read_panel(build_index_panel(risk(path)))


def dense_dyads(events: EventTable) -> list[str]:
    """Return the dyads of a record of events that are long and dense enough."""
    return list(CHOICE.dyads(Records(events, {}), LAST_DAY))


def israel_and_palestinians(path: Path) -> pd.DataFrame:
    """Return the mean of both directions by month, of weekly sums."""
    table = pd.read_csv(path)
    week = pd.to_datetime(table["week"] + "-1", format="%G-%V-%u")
    value = table[WEEK_COLUMNS].mean(axis=1)
    weeks = pd.DataFrame({"time": week.dt.to_period("M").dt.to_timestamp(), "value": value})
    monthly = weeks.groupby("time", as_index=False)["value"].mean()
    months: pd.DataFrame = monthly.assign(dyad="ISR-PSE")
    return months


def icews_panel(path: Path, *, directed: bool = False) -> xr.Dataset:
    """Build a panel of verbal and material conflict."""
    table = pd.read_csv(path)
    table = table[~table["direction"].isin(ICEWS_LEFT_OUT)]
    return build_counts_panel(read_counts(table, ICEWS_MAPPING), directed=directed)


def risk(path: Path) -> pd.DataFrame:
    """Return less the logarithm of the risk reported of each country: higher is better."""
    table = pd.read_csv(path)
    time = pd.to_datetime(table["month"])
    frames = []
    for dyad, column in RISK_COLUMNS.items():
        reported = table[column].where(table[column] > 0.0)  # none is no number of reports
        frames.append(pd.DataFrame({"dyad": dyad, "time": time, "value": -np.log(reported)}))
    values: pd.DataFrame = pd.concat(frames).dropna(subset="value")
    return values


def engine_of(name: str, record: PooledRecord, months: int) -> Engine:
    """Return the engine of the dyads that have so many months.

    Eras are those of the embedded record alone.
    """
    long = record.with_min_months(months)
    return Engine(long if name == EMBEDDED else long.without_eras())


def tested(name: str, record: PooledRecord) -> Tested:
    """Test a record."""
    engine = engine_of(name, record, CLAIMS["S5a"].months)
    pairs = {
        "walk": (WALK_CYCLE, (WALK,)),
        "reverting": (RETURN_CYCLE, (RETURN_ALONE,)),
        "bounded": (BOUNDED_CYCLE, (BOUNDED,)),
        "long memory": (MEMORY_CYCLE, (MEMORY, MEMORY_NOISE)),
    }
    alike = {
        trend: engine.total(engine.evidence(cycle))
        - max(engine.total(engine.evidence(model)) for model in without)
        for trend, (cycle, without) in pairs.items()
    }
    verdicts, half_life = {}, (np.nan, np.nan, np.nan)
    for code in TESTED:
        long = engine.record.with_min_months(CLAIMS[code].months)
        if len(long.dyads) < MIN_POOLED_DYADS:
            verdicts[code] = f"too short ({len(long.dyads)} dyads)"
            continue
        for_claim = engine if long.dyads == engine.record.dyads else Engine(long)
        outcome = CLAIMS[code].test(for_claim)
        answer = outcome.answer
        if answer == "supported":
            nulls = compare_with_null_sets(CLAIMS[code], for_claim, outcome.least)
            answer = "undecided" if any(null.too_many for null in nulls) else answer
        verdicts[code] = f"{answer} ({outcome.least:.1f}, {len(long.dyads)} dyads)"
        half_life = outcome.details.get("half_life_months", half_life)
    odds = engine.evidence(MEMORY).interval(MEMORY_ODDS)
    low, middle, high = (value / (1.0 + value) for value in odds)
    events = engine.record.events
    sizes = len(engine.record.dyads), int((events != 0).sum()), int(np.maximum(events, 0).sum())
    return Tested(name, *sizes, half_life, (low, middle, high), alike, verdicts)


def extremes(name: str, record: PooledRecord) -> dict[str, Any] | None:
    """Test how long extremes last, and read realised on predicted changes.

    It is None if too few dyads are long enough.
    """
    claim = CLAIMS[DWELLING]
    engine = engine_of(name, record, claim.months)
    if len(engine.record.dyads) < MIN_POOLED_DYADS:
        return None
    outcome = claim.test(engine)
    row = {"name": name, "dyads": len(engine.record.dyads), "answer": outcome.answer}
    return row | {"log_bayes_factor": outcome.least, **outcome.details}


def roots(name: str, record: PooledRecord) -> dict[str, Any]:
    """Make unit-root tests of a record."""
    engine = engine_of(name, record, CLAIMS["S5a"].months)
    tests = [asdict(test) for test in unit_root_tests(engine)]
    return {"name": name, "dyads": len(engine.record.dyads), "tests": tests}


def answers_of(folders: Sequence[Path]) -> Rows:
    """Test who answers whom in every record that has directions.

    It is tested by month, and by week where there are days.
    """
    rows = []
    for name, (file, scheme) in KEDS.items():
        if path := find_file(folders, file):
            events = read_keds(path, scheme)
            for frequency in FREQUENCIES:
                panel = directed_panel(events, frequency)
                rows.append(answers_row(name, answers_test(panel)))
    if path := find_file(folders, COPDAB_FILE):
        table = pd.read_csv(path).replace(0.0, np.nan)  # a month without events is written as 0
        pairs = [directed_index(pair, table[names]) for pair, names in COPDAB_PAIRS.items()]
        rows.append(answers_row("COPDAB, 1948-1978", test_answers(pairs, "month")))
    if path := find_file(folders, WEEKS_FILE):
        pair = directed_index("ISR-PSE", pd.read_csv(path)[WEEK_COLUMNS])
        rows.append(answers_row("Israel-Palestine, 1979-2003", test_answers([pair], "week")))
    if path := find_file(folders, ICEWS_FILE):
        rows.append(answers_row(ICEWS, answers_test(icews_panel(path, directed=True))))
    return rows


def directed_panel(events: EventTable, frequency: Literal["month", "week"]) -> xr.Dataset:
    """Build a panel with directions of the dyads that are long and dense enough."""
    return build_panel(events, dyads=dense_dyads(events), directed=True, frequency=frequency)


def answers_row(name: str, answers: Answers) -> dict[str, Any]:
    """Return what the page needs of a test of answers."""
    row = asdict(answers)
    row["pairs"] = len(answers.pairs)
    return {"name": name, **row}


def power_of(folders: Sequence[Path]) -> Rows:
    """Simulate the test of answers in the shape of a sparse and of a dense record."""
    shapes: dict[str, tuple[list[DirectedPair], int]] = {}
    file, scheme = KEDS[POWER_RECORD]
    if path := find_file(folders, file):
        pairs = directed_pairs(directed_panel(read_keds(path, scheme), "month"))
        shapes[POWER_RECORD] = pairs, POWER_SETS
    if path := find_file(folders, ICEWS_FILE):
        shapes[ICEWS] = directed_pairs(icews_panel(path, directed=True)), DENSE_SETS
    return [
        {"shape": shape, **asdict(rate)}
        for shape, (pairs, sets) in shapes.items()
        for rate in answers_power(pairs, sets)
    ]


def levels_of(record: PooledRecord) -> dict[str, pd.Series]:
    """Return the smoothed level of every dyad, log-odds, at the mode of a walk with a cycle."""
    engine = Engine(record.without_eras(), brief=True)
    mode = dict(
        zip(
            (axis.name for axis in WALK_CYCLE.free),
            np.exp(engine.posterior_mode(WALK_CYCLE).values),
            strict=True,
        )
    )
    return {dyad: _smoothed(record, row, mode) for row, dyad in enumerate(record.dyads)}


def _smoothed(record: PooledRecord, dyad: int, mode: Mapping[str, float]) -> pd.Series:
    """Smooth trend and cycle of a dyad."""
    cycle2, decay = mode["cycle_sd"] ** 2, 0.5 ** (1.0 / mode["cycle_half_life"])
    keep = np.diag([1.0, decay, 1.0])
    added = np.diag([mode["trend_step"] ** 2, cycle2 * (1.0 - decay**2), 0.0])
    mean, covariance = (
        np.array([MEAN, 0.0, VOLUME_EFFECT]),
        np.diag([START_SD**2, cycle2, VOLUME_EFFECT_SD**2]),
    )
    predicted, filtered = [], []
    months = range(int(record.first[dyad]), int(record.stop[dyad]))
    for month in months:
        if month > months.start:
            mean, covariance = keep @ mean, keep @ covariance @ keep.T + added
        predicted.append((mean, covariance))
        if record.events[dyad, month] != 0:
            to_level = np.array([1.0, 1.0, record.volume[dyad, month]])
            along = covariance @ to_level
            move, lost = _read(
                record, dyad, month, float(to_level @ mean), float(to_level @ along), mode
            )
            mean, covariance = mean + along * move, covariance - lost * np.outer(along, along)
        filtered.append((mean, covariance))
    means = [filtered[-1][0]]
    for (now, spread), (ahead, ahead_spread) in zip(
        filtered[-2::-1], predicted[:0:-1], strict=True
    ):
        gain = spread @ keep.T @ np.linalg.inv(ahead_spread + 1e-10 * np.eye(3))
        means.append(now + gain @ (means[-1] - ahead))
    level = np.array(means[::-1])[:, :2].sum(axis=1)
    return pd.Series(level, index=record.time[months.start : months.stop])


def _read(
    record: PooledRecord,
    dyad: int,
    month: int,
    level: float,
    spread2: float,
    mode: Mapping[str, float],
) -> tuple[float, float]:
    """Return how a month moves the state along its level, and the variance that it takes."""
    size = mode["concentration"]
    if record.value is not None:
        lost = 1.0 / (spread2 + 1.0 / size)
        return float((record.value[dyad, month] - level) * lost), lost
    events, cooperative = record.events[dyad, month], record.cooperative[dyad, month]
    total2 = spread2 + NOISE_SD**2
    share = np.clip(expit(level + np.sqrt(total2) * NODES), SHARE_EDGE, 1.0 - SHARE_EDGE)
    good, bad = size * share, size * (1.0 - share)
    log = betaln(good + cooperative, bad + events - cooperative) - betaln(good, bad)
    weights = WEIGHTS * np.exp(log - log.max())
    weights /= weights.sum()
    first, second = float(weights @ NODES), float(weights @ NODES**2)
    return first / np.sqrt(total2), (1.0 - (second - first**2)) / total2


def agreements(records: Mapping[str, PooledRecord]) -> Rows:
    """Return how levels of the same dyads in the embedded record and in others agree."""
    embedded = levels_of(records[EMBEDDED])
    codes = {frozenset(code.split("-")): code for code in embedded}
    rows: Rows = []
    for name, record in records.items():
        if name == EMBEDDED:
            continue
        for dyad, level in levels_of(record).items():
            code = codes.get(frozenset(dyad.split("-")))
            if code is None:
                continue
            both = pd.concat([embedded[code], level], axis=1, keys=["own", "other"]).dropna()
            if len(both) >= MIN_SHARED_MONTHS:
                change = both.diff().dropna()
                numbers = {"levels": both.corr().iloc[0, 1], "changes": change.corr().iloc[0, 1]}
                rows.append({"dyad": code, "record": name, "months": len(both), **numbers})
    return sorted(rows, key=lambda row: -row["levels"])


def merged(before: Rows, rows: Rows, names: Sequence[str]) -> Rows:
    """Replace the rows of records that were tested again, in the order of records."""
    again = {row["name"] for row in rows}
    every = [row for row in before if row["name"] not in again] + rows
    return sorted(every, key=lambda row: names.index(row["name"]))


def write_page(kept: Mapping[str, Any]) -> None:
    """Write the page and its figure."""
    write_text(PAGE, page(kept, FIGURE.name))
    write_text(FIGURE, svg(draw(kept)))


PARTS = {
    "tests": "S5a, S5b and S8, half-lives and long memory",
    "levels": "agreement of levels in two codings",
    "extremes": "time spent in extremes, and realised on predicted changes",
    "roots": "unit-root tests of panels",
    "answers": "who answers whom",
    "power": f"power of the test of answers, in the shapes of {POWER_RECORD} and {ICEWS}",
}
NAMES = (EMBEDDED, *KEDS, INDICES, ICEWS, RISK)


def run_parts(parts: Sequence[str], folders: Sequence[Path], only: str | None) -> dict[str, Any]:
    """Return the file of results with some of its parts made again."""
    kept: dict[str, Any] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    records = {} if parts in (["answers"], ["power"]) else dict(records_of(folders))
    chosen = {name: record for name, record in records.items() if only in (None, name)}
    by_record: dict[str, tuple[str, Callable[[str, PooledRecord], dict[str, Any] | None]]] = {
        "tests": ("records", lambda name, record: asdict(tested(name, record))),
        "extremes": ("extremes", extremes),
        "roots": ("roots", roots),
    }
    for part in parts:
        if part in by_record:
            key, make = by_record[part]
            rows = []
            for name, record in chosen.items():
                print(f"{part}: {name}, {len(record.dyads)} dyads", flush=True)
                rows.append(make(name, record))
            kept[key] = merged(kept.get(key, []), [row for row in rows if row], NAMES)
        elif part == "levels":
            others = {EMBEDDED: records[EMBEDDED], **chosen}
            again = agreements(others)
            before = [row for row in kept.get("agreements", []) if row["record"] not in others]
            kept["agreements"] = sorted([*before, *again], key=lambda row: -row["levels"])
        elif part == "answers":
            kept["answers"] = answers_of(folders)
        else:
            kept["answers_power"] = power_of(folders)
    return kept


def main(arguments: Sequence[str] | None = None) -> None:
    """Test the records of folders, or make the page again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="folders with the records")
    parser.add_argument("--write", action="store_true", help="make the page again, without tests")
    parser.add_argument("--record", choices=NAMES, help="one record alone")
    for part, words in PARTS.items():
        parser.add_argument(f"--{part}", action="store_true", help=words)
    options = parser.parse_args(arguments)
    if not options.write and not options.folders:
        parser.error("give the folders with the records, or --write")
    if not options.write:
        parts = [part for part in PARTS if getattr(options, part)] or list(PARTS)
        kept = run_parts(parts, options.folders, options.record)
        write_text(KEPT, json.dumps(kept, indent=1) + "\n")
    write_page(json.loads(KEPT.read_text("utf-8")))


if __name__ == "__main__":
    main()
