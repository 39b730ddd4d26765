"""Tables of a report: formatted cells, and the numbers behind them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd

from forecast.drivers.panel import FUTURE_WORDS
from forecast.outlook import (
    Assessment,
    Baseline,
    Brief,
    Estimate,
    Framework,
    HorizonOutlook,
    KindOutlook,
    NotDefined,
    Probability,
    ThresholdOutlook,
    WindowOutlook,
    main_horizon,
    printed_chances,
    printed_changes,
    quoted,
)
from forecast.outlook.base_rates import MEMORY_MONTHS
from forecast.outlook.datasets import DatasetOutlook, datasets_finding
from forecast.outlook.futures import DriverOutlook
from forecast.report import words
from forecast.report.events import RecentEvent, recent_events
from forecast.report.material import Material
from forecast.report.skill import DyadSkill, skill_sentence, skill_table
from forecast.wording import DASH, chance, count, day, join, month, number, percent

CHANGES = {"down": "Lower", "same": "About the same", "up": "Higher"}
"""Changes of the share, from worse to better, as in bars and tables."""


def arrange(result: Assessment) -> dict[str, Any] | None:
    """Arrange what will be recorded for the page; None if nothing is counted, as of an index."""
    if isinstance(result.recorded, NotDefined):
        return None
    windows = list(result.recorded.values())
    asked = list(result.threshold.values()) if isinstance(result.threshold, Mapping) else []
    questions: list[WindowOutlook | ThresholdOutlook] = [*asked, *windows]
    main, quote = result.recorded[main_horizon(result.horizons)], quoted(result)
    return {
        "sentences": [] if main is quote else [main.sentence],
        "columns": [(count(one.months, "month"), words.period(result, one.until)) for one in windows],
        "rows": _recorded_rows(windows, [one for one in asked if not one.rolling]),
        "kinds": kind_rows(result),
        "numbers": numbers_of_kinds(result),
        "rules": [(_title(result, one), one.rule) for one in questions],
        "note": " ".join([*_averaged(result.record_weight), _note(windows)]),
    }


def cells(window: WindowOutlook) -> dict[str, str]:
    """Format what is said of a window for a table, by name; a dash where something is not defined."""
    percents, before = printed_changes(window), window.baseline
    found = {name: chance(percents[name] / 100) if percents else DASH for name in CHANGES}
    found |= {"before": DASH, "counts": ""}
    if isinstance(before, Baseline):
        found["counts"] = f"{before.cooperative:,} of {before.happenings:,}"
        found["before"] = number(before.share, 0)
    return found | {"share": words.or_dash(window.share), "happenings": words.interval(window.happenings)}


def kind_rows(result: Assessment) -> list[tuple[str, list[list[str]]]]:
    """Return how likely at least one event of each kind is, and how often that was so; none if not defined.

    Each row has the name of the kind and, by horizon, the two lines of a cell.
    """
    if isinstance(result.of_a_kind, NotDefined):
        return []
    return [(kind, [_kind_cell(one) for one in row.values()]) for kind, row in result.of_a_kind.items()]


def numbers_of_kinds(result: Assessment) -> list[tuple[str, str]]:
    """Return sentence and rule of each number of events of a kind that was asked for."""
    if isinstance(result.at_least, NotDefined):
        return []
    return [(one.sentence, one.rule) for one in result.at_least]


def _kind_cell(outlook: KindOutlook) -> list[str]:
    rate = outlook.base_rate
    return [chance(outlook.chance.value), "" if isinstance(rate, NotDefined) else f"{chance(rate)} before"]


def _recorded_rows(
    windows: Sequence[WindowOutlook], asked: Sequence[ThresholdOutlook]
) -> list[tuple[str, list[list[str]]]]:
    """Return labels and cells of one or two lines, with the row of the share that is asked for."""
    found = [cells(window) for window in windows]
    rows = [(label, [[one[name]] for one in found]) for name, label in CHANGES.items()]
    if asked:
        chances = [DASH if isinstance(one.chance, NotDefined) else chance(one.chance.value) for one in asked]
        rows.append((f"At least {asked[0].threshold:g} %", [[text] for text in chances]))
    rows.append(("Share before, %", [[one["before"], one["counts"]] for one in found]))
    rows += [(label, [one[name].split(" ", 1) for one in found]) for name, label in _THEN.items()]
    return rows


_THEN = {"share": "Share then, %", "happenings": "Recorded then"}


def _title(result: Assessment, question: WindowOutlook | ThresholdOutlook) -> str:
    until = words.period(result, question.until)
    if isinstance(question, WindowOutlook):
        return f"{count(question.months, 'month')} to {until}: higher or lower"
    when = f"A {words.unit(result)} up to" if question.rolling else f"{count(question.months, 'month')} to"
    return f"{when} {until}: at least {question.threshold:g} %"


def _averaged(weight: float) -> list[str]:
    """Describe over what is averaged, if over anything."""
    if not weight:
        return []
    return [
        f"{percent(weight)} of simulations follow past base rates: the share of the last 1, 2, 5 or 10 "
        "years, or of all years, continues with as much variation as before."
    ]


def _note(windows: Sequence[WindowOutlook]) -> str:
    errors = [one.mcse for window in windows for one in (window.up, window.down) if isinstance(one, Probability)]
    error = f" Their Monte Carlo standard error is at most {number(100 * max(errors), 1)} points." if errors else ""
    void = chance(max(window.void.value for window in windows))
    return (
        "“Then”: median and 90 % equal-tailed interval. The number is simulated with a level of recording that drifts "
        f"on as in the last {MEMORY_MONTHS // 12} years. The largest chance that a window is void is {void}; the "
        f"others are given that it is not.{error}"
    )


_DATASET_COLUMNS = (
    ("Dataset", False), ("covers", False), ("events", True), ("reads higher by, points", True),
    ("of that since its beginning", True), ("a busy month is worth", True), ("level without its last two years", True),
    ("years apart", False),
)  # fmt: skip
"""Heads of the columns, and whether these hold numbers."""


def dataset_cards(found: Sequence[DatasetOutlook]) -> dict[str, Any] | None:
    """Arrange datasets for the page; None if there are not several."""
    if not found:
        return None
    return {
        "finding": datasets_finding(found),
        "columns": _DATASET_COLUMNS,
        "rows": [_dataset_row(one) for one in found],
        "with_all": words.interval(found[0].with_all),
    }


def _dataset_row(one: DatasetOutlook) -> list[str]:
    name = f"{one.name} (main)" if one.main else one.name
    return [
        name,
        f"{month(one.first, short=True)} to {month(one.last, short=True)}",
        number(one.happenings),
        _shown(one.offset),
        _shown(one.drift),
        _shown(one.concentration),
        words.interval(one.without),
        join([str(year) for year in one.disagrees]) or DASH,
    ]


def _shown(value: Estimate | None) -> str:
    return DASH if value is None else words.interval(value)


_DRIVER_COLUMNS = (
    ("Driver", False), ("acts on", False), ("adds, points", True), ("chance that it helps", True), ("now", True),
    ("ahead it", False),
)  # fmt: skip
"""Heads of the columns, and whether these hold numbers."""
_ACTS = {"month": "the month alone", "cycle": "the cycle", "trend": "the trend"}


def driver_cards(drivers: Sequence[DriverOutlook]) -> dict[str, Any] | None:
    """Arrange drivers for the page: `columns` and `rows`; None if there are none."""
    rows = [
        [
            one.name,
            _ACTS[one.acts],
            words.interval(one.points, 1),
            chance(one.positive.value),
            number(one.now),
            FUTURE_WORDS[one.future],
        ]
        for one in drivers
    ]
    return {"columns": _DRIVER_COLUMNS, "rows": rows} if rows else None


ERA_COLUMNS = {"mean": "Mean so far", "equilibrium": "Equilibrium", "ceiling": "Ceiling"}
"""Columns of the table of frameworks; those that the model does not provide are left out."""
_INTERVALS = "Medians and 90 % equal-tailed intervals."
_LISTS = {
    "recorded": ("recorded",),
    "threshold": ("threshold",),
    "kinds": ("of_a_kind",),
    "numbers": ("at_least",),
    "level": ("horizons",),
    "frameworks": ("frameworks", "eras"),
    "dyads": ("dyads",),
    "claims": ("claims",),
    "skill": ("skill", "horizons"),
}
"""By the name of a table, the way to its list in forecast.json."""
_WORDS = {"definition", "interval", "unit", "mc_interval", "numbers"}
"""Fields that tables leave to forecast.json: texts that are the same in every row, and names that are not."""


@dataclass(frozen=True)
class Grid:
    """A table as a reader sees it."""

    caption: str
    heads: tuple[str, ...]  # Of the columns, the first of which names the rows; one or two lines
    rows: tuple[tuple[str, ...], ...]
    # Columns that hold sentences, by position, and how much of a line each may take.
    prose: Mapping[int, float] = field(default_factory=dict)
    long: bool = False  # Whether it may be longer than a page

    def stamped(self, stamp: str) -> Self:
        """Return the table with a stamp at the head of its caption."""
        return replace(self, caption=f"{stamp}. {self.caption}")


def horizon_column(result: Assessment, outlook: HorizonOutlook) -> dict[str, Any]:
    """Format the chances of the level at a horizon: `months`, `until`, `level` (median, interval) and `cells`."""
    chances = printed_chances(outlook)
    chances |= {name: chance(getattr(outlook, name).value) for name in ("touched", "new_framework")}
    return {
        "months": count(outlook.months, "month"),
        "until": words.period(result, outlook.until),
        "level": words.interval(outlook.level).split(" ", 1),
        "cells": chances,
    }


def era_row(era: Framework) -> dict[str, str]:
    """Format an era: its `name`, its `years` and the `ERA_COLUMNS`."""
    return {
        "name": era.name,
        "years": f"{era.start:%Y}–{f'{era.end:%Y}' if era.end else ''}",
        "mean": words.interval(era.mean),
        "equilibrium": words.or_dash(era.equilibrium),
        "ceiling": words.or_dash(era.ceiling),
    }


def era_columns(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the columns, with their heads, that say something of at least one era."""
    return {name: head for name, head in ERA_COLUMNS.items() if any(row[name] != DASH for row in rows)}


def grids(material: Material) -> dict[str, Grid]:
    """Arrange the tables of a report for readers, by name; those without rows are left out."""
    result = material.result
    made = {
        **_recorded_grids(result),
        "level": _level(result),
        "frameworks": _frameworks(result),
        "dyads": _dyads(result, material.others),
        "claims": Grid(
            "The claims of the theory, answered",
            ("Claim", "Answer"),
            tuple((f"{one.code}. {one.title}", one.sentence) for one in result.claims),
            prose={0: 0.25, 1: 0.68},
            long=True,
        ),
        "skill": _skill(material.skill),
        "recent": _recent(material),
    }
    return {name: grid for name, grid in made.items() if grid.rows}


def frames(material: Material, content: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Tabulate the numbers of a report, by the name of the table; those without rows are left out."""
    found = {name: _list(content, keys) for name, keys in _LISTS.items()}
    made = {name: pd.DataFrame([dict(_flat(row)) for row in rows], dtype=object) for name, rows in found.items()}
    made["recent"] = pd.DataFrame([_event(one) for one in _recent_events(material)])
    return {name: frame for name, frame in made.items() if len(frame)}


def _event(one: RecentEvent) -> dict[str, str]:
    return {
        "date": one.day.isoformat(),
        "who": one.who,
        "what": one.what,
        "kind": one.kind,
        "side": "cooperative" if one.cooperative else "hostile",
        "source": one.reference.link or one.reference.words,
    }


def _list(content: Mapping[str, Any], keys: Iterable[str]) -> list[dict[str, Any]]:
    """Return a list of forecast.json; an empty one where it is not defined."""
    node: Any = content
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node if isinstance(node, list) else []


def _flat(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if key in _WORDS:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}_")
        else:
            yield f"{path}{key}", value


def _recorded_grids(result: Assessment) -> dict[str, Grid]:
    shown = arrange(result)
    if shown is None:
        return {}
    heads = ("", *(f"{months}\nto {until}" for months, until in shown["columns"]))
    return {
        "recorded": Grid(
            f"What will be recorded of {result.label} relations. Higher, lower: the cooperative share, by at least "
            f"{count(result.smallest_improvement, 'point')}, than in as many months before. {_INTERVALS}",
            heads,
            _joined(shown["rows"]),
        ),
        "kinds": Grid(
            f"{result.label} relations: the chance that at least one event of a kind is recorded and, in brackets, "
            "in how many windows of the same length that was so in the last ten years",
            heads,
            tuple(tuple(cell.replace(" before)", ")") for cell in row) for row in _joined(shown["kinds"])),
            prose={0: 0.19},
        ),
    }


def _joined(rows: Iterable[tuple[str, Iterable[Iterable[str]]]]) -> tuple[tuple[str, ...], ...]:
    return tuple((label, *(_one_line(*lines) for lines in cells)) for label, cells in rows)


def _one_line(main: str, small: str = "") -> str:
    """Join the two lines of a cell; an interval has its brackets already."""
    if not (main and small):
        return main or small
    return f"{main} {small}" if small.startswith("[") else f"{main} ({small})"


def _level(result: Assessment) -> Grid:
    columns = [horizon_column(result, outlook) for outlook in result.improvement.values()]
    rows = [(label, *(one["cells"][name] for one in columns)) for name, label in words.ROWS.items()]
    return Grid(
        f"The level of {result.label} relations: chances by horizon. {words.meaning(result)} {_INTERVALS}",
        ("", *(f"{one['months']}\n{one['until']}" for one in columns)),
        (*rows, ("Share then", *(" ".join(one["level"]) for one in columns))),
    )


def _frameworks(result: Assessment) -> Grid:
    rows = [era_row(era) for era in result.frameworks.eras]
    columns = era_columns(rows)
    return Grid(
        f"{result.label} relations by framework, points of share. {_INTERVALS}",
        ("Framework", "Years", *columns.values()),
        tuple((row["name"], row["years"], *(row[name] for name in columns)) for row in rows),
        prose={0: 0.2, **({len(columns) + 1: 0.16} if "moved" in columns else {})},
    )


def _dyads(result: Assessment, others: Sequence[Brief]) -> Grid:
    def cells(one: Brief) -> tuple[str, ...]:
        return (one.label, words.interval(one.level), *map(words.or_dash, (one.equilibrium, one.half_life)))

    return Grid(
        f"{result.label} relations and those of the other dyads of the same fit, "
        f"{words.period(result, result.origin)}. {_INTERVALS}",
        ("Dyad", "Share now", "Current equilibrium", "Half-life, months"),
        tuple(map(cells, (result.brief, *others))),
    )


def _skill(found: DyadSkill | NotDefined) -> Grid:
    if isinstance(found, NotDefined):
        return Grid("", (), ())
    shown = skill_table(found)
    prose = dict.fromkeys(range(len(shown["columns"]) + 1), 0.95 / (len(shown["columns"]) + 1))
    return Grid(skill_sentence(found), ("", *shown["columns"]), _joined(shown["rows"].items()), prose=prose)


def _recent(material: Material) -> Grid:
    events = _recent_events(material)
    return Grid(
        f"Events of the last twelve months of {material.result.label} relations, the latest first",
        ("Day", "Who", "What", "Kind", "Source"),
        tuple((day(one.day), one.who, one.what, one.kind, one.reference.words) for one in events),
        prose={0: 0.1, 1: 0.11, 2: 0.29, 3: 0.13, 4: 0.28},
        long=True,
    )


def _recent_events(material: Material) -> list[RecentEvent]:
    return recent_events(material.known, str(material.fit.panel.attrs.get("scale", "")), material.as_of)
