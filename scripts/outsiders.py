"""Test the embedded record and records that outsiders coded in the same way, and put them on one page.

    python scripts/outsiders.py FOLDER     # tests, some minutes per record, and writes
    docs/research/outsiders.json python scripts/outsiders.py --write    # makes the page and its
    figure from that file

FOLDER has the records where they are: they are not part of the package. A record whose file is
absent is left out.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln, expit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from forecast import build_index_panel, build_panel, read_chronology, read_copdab, read_keds  # noqa: E402
from forecast.base.files import write_text  # noqa: E402
from forecast.data.records import Records  # noqa: E402
from forecast.study.hypotheses.claims import CLAIMS  # noqa: E402
from forecast.study.hypotheses.engine import Engine  # noqa: E402
from forecast.study.hypotheses.filter import MEAN, NOISE_SD  # noqa: E402
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
    VOLUME,
    VOLUME_SD,
    WALK,
    WALK_CYCLE,
)
from forecast.study.hypotheses.nulls import stands_out  # noqa: E402
from forecast.study.hypotheses.plan import Choice  # noqa: E402
from forecast.study.hypotheses.record import FEWEST_DYADS, Record, read_panel  # noqa: E402

type Float = NDArray[np.float64]

KEPT = ROOT / "docs/research/outsiders.json"
PAGE = KEPT.with_suffix(".md")
FIGURE = KEPT.with_suffix(".svg")
EMBEDDED = "chronology"
KEDS: dict[
    str, tuple[str, Literal["cameo", "weis"]]
] = {  # file and coding scheme, by name of the record
    "KEDS Gulf, 1979-1999": ("gulf.weis.csv.gz", "weis"),
    "KEDS Turkey, 1992-2006": ("turkey.cameo.csv.gz", "cameo"),
    "KEDS Balkans, 1989-2003": ("balkans.weis.csv.gz", "weis"),
}
INDICES = "COPDAB, 1948-1978, and Israel-Palestine, 1979-2003"
COPDAB_FILE, WEEKS_FILE = "copdab_months.csv", "israel_palestine_weeks.csv"
CHOICE = Choice(
    events=300, months=96
)  # dyads of a record of events: those that are long and dense enough
LAST_DAY = date(2026, 1, 1)  # after the last day of all records of outsiders
TESTED = ("S5a", "S5b", "S8")
FEWEST_SHARED = 96  # months that both codings of a dyad must have for their levels to be compared
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


def records_of(folder: Path) -> Iterator[tuple[str, Record]]:
    """Read the embedded record and those of a folder."""
    yield EMBEDDED, read_panel(build_panel(read_chronology()))
    for name, (file, scheme) in KEDS.items():
        if (path := folder / file).exists():
            events = read_keds(path, scheme)
            dyads = CHOICE.dyads(Records(events, {}), LAST_DAY)
            yield name, read_panel(build_panel(events, dyads=list(dyads)))
    if (folder / COPDAB_FILE).exists() and (folder / WEEKS_FILE).exists():
        frames = read_copdab(folder / COPDAB_FILE), israel_and_palestinians(folder / WEEKS_FILE)
        yield INDICES, read_panel(build_index_panel(pd.concat(frames).dropna(subset="value")))


def israel_and_palestinians(path: Path) -> pd.DataFrame:
    """Return the mean of both directions by month, of weekly sums."""
    table = pd.read_csv(path)
    week = pd.to_datetime(table["week"] + "-1", format="%G-%V-%u")
    value = table[["israel_to_palestine", "palestine_to_israel"]].mean(axis=1)
    weeks = pd.DataFrame({"time": week.dt.to_period("M").dt.to_timestamp(), "value": value})
    monthly = weeks.groupby("time", as_index=False)["value"].mean()
    found: pd.DataFrame = monthly.assign(dyad="ISR-PSE")
    return found


def tested(name: str, record: Record) -> Tested:
    """Test a record."""
    engine = Engine(
        record.lasting(CLAIMS["S5a"].months).without_eras() if name != EMBEDDED else record
    )
    pairs = {
        "walk": (WALK_CYCLE, (WALK,)),
        "reverting": (RETURN_CYCLE, (RETURN_ALONE,)),
        "bounded": (BOUNDED_CYCLE, (BOUNDED,)),
        "long memory": (MEMORY_CYCLE, (MEMORY, MEMORY_NOISE)),
    }
    alike = {
        trend: engine.total(engine.evidence(cycle))
        - max(engine.total(engine.evidence(one)) for one in without)
        for trend, (cycle, without) in pairs.items()
    }
    verdicts, half_life = {}, (np.nan, np.nan, np.nan)
    for code in TESTED:
        long = engine.record.lasting(CLAIMS[code].months)
        if len(long.dyads) < FEWEST_DYADS:
            verdicts[code] = f"too short ({len(long.dyads)} dyads)"
            continue
        own = engine if long.dyads == engine.record.dyads else Engine(long)
        found = CLAIMS[code].test(own)
        answer = found.answer
        if answer == "supported" and any(
            one.too_many for one in stands_out(CLAIMS[code], own, found.least)
        ):
            answer = "undecided"
        verdicts[code] = f"{answer} ({found.least:.1f}, {len(long.dyads)} dyads)"
        half_life = found.details.get("half_life_months", half_life)
    odds = engine.evidence(MEMORY).interval(MEMORY_ODDS)
    low, middle, high = (one / (1.0 + one) for one in odds)
    events = engine.record.events
    sizes = len(engine.record.dyads), int((events != 0).sum()), int(np.maximum(events, 0).sum())
    return Tested(name, *sizes, half_life, (low, middle, high), alike, verdicts)


def levels_of(record: Record) -> dict[str, pd.Series]:
    """Return the smoothed level of every dyad, log-odds, at the mode of a walk with a cycle."""
    engine = Engine(record.without_eras(), brief=True)
    mode = dict(
        zip(
            (axis.name for axis in WALK_CYCLE.free),
            np.exp(engine.centre(WALK_CYCLE).mode),
            strict=True,
        )
    )
    return {dyad: _smoothed(record, at, mode) for at, dyad in enumerate(record.dyads)}


def _smoothed(record: Record, dyad: int, mode: Mapping[str, float]) -> pd.Series:
    """Smooth trend and cycle of a dyad."""
    cycle2, decay = mode["cycle_sd"] ** 2, 0.5 ** (1.0 / mode["cycle_half_life"])
    keep = np.diag([1.0, decay, 1.0])
    added = np.diag([mode["trend_step"] ** 2, cycle2 * (1.0 - decay**2), 0.0])
    mean, covariance = np.array([MEAN, 0.0, VOLUME]), np.diag([START_SD**2, cycle2, VOLUME_SD**2])
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
    record: Record, dyad: int, month: int, level: float, spread2: float, mode: Mapping[str, float]
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


def agreements(records: Mapping[str, Record]) -> list[dict[str, Any]]:
    """Return how levels of the same dyads in the embedded record and in others agree."""
    own, rows = levels_of(records[EMBEDDED]), list[dict[str, Any]]()
    for name, record in records.items():
        for dyad, level in levels_of(record).items() if name != EMBEDDED else ():
            code = next((one for one in own if set(one.split("-")) == set(dyad.split("-"))), None)
            if code is None:
                continue
            both = pd.concat([own[code], level], axis=1, keys=["own", "other"]).dropna()
            if len(both) >= FEWEST_SHARED:
                change = both.diff().dropna()
                numbers = {"levels": both.corr().iloc[0, 1], "changes": change.corr().iloc[0, 1]}
                rows.append({"dyad": code, "record": name, "months": len(both), **numbers})
    return sorted(rows, key=lambda row: -row["levels"])


def page(kept: Mapping[str, Any]) -> str:
    """Return the page."""
    heads = (
        "| record | dyads | months | events | half-life of deviations, months | d of long memory |\n"
        "|---|---|---|---|---|---|"
    )
    sizes = [
        f"| {one['name']} | {one['dyads']} | {one['months']:,} | {one['events'] or 'index'} "
        f"| {interval(one, 'half_life', 1)} | {interval(one, 'order', 2)} |"
        for one in kept["records"]
    ]
    trends = list(kept["records"][0]["alike"])
    alike = [
        f"| {one['name']} | {' | '.join(f'{one["alike"][trend]:.1f}' for trend in trends)} |"
        for one in kept["records"]
    ]
    verdicts = [
        f"| {one['name']} | {' | '.join(one['verdicts'][code] for code in TESTED)} |"
        for one in kept["records"]
    ]
    levels = [
        f"| {row['dyad']} | {row['record']} | {row['months']} | {row['levels']:.2f} | {row['changes']:.2f} |"
        for row in kept["agreements"]
    ]
    return WORDS.format(
        sizes="\n".join([heads, *sizes]),
        alike="\n".join(
            [f"| record | {' | '.join(trends)} |", f"|{'---|' * (len(trends) + 1)}", *alike]
        ),
        verdicts="\n".join([f"| record | {' | '.join(TESTED)} |", "|---|---|---|---|", *verdicts]),
        levels="\n".join(
            [
                "| dyad | record | months | levels | monthly changes |",
                "|---|---|---|---|---|",
                *levels,
            ]
        ),
        figure=FIGURE.name,
    )


def interval(row: Mapping[str, Any], name: str, decimals: int) -> str:
    """Format a median with its 90% interval."""
    low, middle, high = row[name]
    return f"{middle:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"


WORDS = """\
# Records that others coded

This page has the same [tests](../hypotheses.md) of the embedded record and of records that people outside this project
coded. The records are not part of the package; `scripts/outsiders.py` makes this page where they are at hand. All
results are exploratory. The dyads of a record of events are all pairs of states with at least 300 events and 96 months
from first to last.

Deviations halve within months in all records. Around long memory a cycle is not supported in each of them: there these
records do not tell apart fading within months and memory that fades ever more slowly.

![Half-life of deviations, and evidence of a cycle by trend]({figure})

## Half-life and memory

Medians with 90% intervals. The half-life is that of deviations from the trend, averaged over trends by their evidence.
The order of integration d is that of a trend with long memory and no cycle.

{sizes}

## A cycle against none, under the same trend

Log Bayes factors (2.3 is a factor of 10). Under long memory, none is the better of none and of noise of each month.

{alike}

## Answers

Each with its least log Bayes factor and the dyads that are long enough for the claim (S5b and S8 need twenty years).

{verdicts}

## Levels in two codings

Correlation of smoothed monthly levels of a dyad in the embedded record and in another, and of their monthly changes.

{levels}

Levels are smoothed means at the parameters that fit each record best. Trends dominate their correlation.
"""


def draw(kept: Mapping[str, Any]) -> Any:
    """Draw half-lives with their intervals, and evidence of a cycle by trend."""
    from matplotlib import pyplot, rc_context

    from forecast.plots import style

    rows = kept["records"][::-1]
    at = np.arange(len(rows))
    marks = {"walk": "o", "reverting": "s", "bounded": "^", "long memory": "D"}
    look: Any = style.STYLE
    with rc_context(look):
        figure, (left, right) = pyplot.subplots(
            1, 2, figsize=(9.5, 0.55 * len(rows) + 1.6), sharey=True
        )
        low, middle, high = np.array([row["half_life"] for row in rows]).T
        left.errorbar(
            middle, at, xerr=(middle - low, high - middle), fmt="o", color=style.LEVEL, capsize=3
        )
        left.set_xscale("log")
        left.set_xticks([0.5, 1, 2, 4, 8], ["0.5", "1", "2", "4", "8"])
        left.minorticks_off()
        left.set_xlabel("half-life, months (90% interval)")
        left.set_yticks(
            at, [f"{row['name']}\n{row['dyads']} dyads, {row['months']:,} months" for row in rows]
        )
        for trend, mark in marks.items():
            value = [row["alike"][trend] for row in rows]
            right.plot(value, at, mark, label=trend, markersize=5.5, alpha=0.85)
        right.set_xscale("symlog", linthresh=5)
        right.axvline(0.0, color=style.MUTED, linewidth=0.8)
        right.axvline(2.3, color=style.INK, linewidth=0.9, linestyle=(0, (4, 3)))
        right.set_xticks([-5, 0, 2.3, 5, 20, 60], ["-5", "0", "2.3", "5", "20", "60"])
        right.minorticks_off()
        right.set_xlabel("LBF of a cycle against none")
        right.legend(
            title="under the trend",
            fontsize=8,
            title_fontsize=8,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
        left.margins(y=0.12)
        for on in (left, right):
            on.grid(axis="x", color=style.GRID, linewidth=0.6)
            on.set_axisbelow(True)
        figure.tight_layout()
    return figure


def write_page(kept: Mapping[str, Any]) -> None:
    """Write the page and its figure."""
    write_text(PAGE, page(kept))
    text = StringIO()
    draw(kept).savefig(text, format="svg", metadata={"Date": None})
    write_text(FIGURE, text.getvalue())


def main(arguments: list[str]) -> None:
    """Test the records of a folder, or make the page again."""
    if arguments != ["--write"]:
        records = dict(records_of(Path(arguments[0])))
        rows = []
        for name, record in records.items():
            print(name, len(record.dyads), "dyads", flush=True)
            rows.append(vars(tested(name, record)))
        kept = {"records": rows, "agreements": agreements(records)}
        write_text(KEPT, json.dumps(kept, indent=1) + "\n")
    write_page(json.loads(KEPT.read_text("utf-8")))


if __name__ == "__main__":
    main(sys.argv[1:])
