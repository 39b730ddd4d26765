"""The tables of a report: their cells as a reader sees them, and the numbers behind them, column by column."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd

from forecast.outlook import Assessment, Brief, Framework, HorizonOutlook, NotDefined, printed_chances
from forecast.report import recorded, words
from forecast.report.material import Material
from forecast.report.recent import RecentEvent, recent_events
from forecast.report.skill_box import DyadSkill, skill_sentence, skill_table
from forecast.wording import DASH, chance, count, day

ERA_COLUMNS = {
    "mean": "Mean so far",
    "equilibrium": "Equilibrium",
    "ceiling": "Ceiling",
}
"""Of the table of frameworks; those that the model says nothing of are left out."""
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
"""What a table of numbers leaves to forecast.json: texts that are the same in every row, and names that are not."""


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
        **_recorded(result),
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


def _recorded(result: Assessment) -> dict[str, Grid]:
    shown = recorded.arrange(result)
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
            f"{result.label} relations: the chance that at least one happening of a kind is recorded and, in brackets, "
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
        ("Dyad", "Share now", "Equilibrium in force", "Half-life, months"),
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
