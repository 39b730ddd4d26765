"""The events that were added to the record, as a reader sees them: file and line of each, and what was left out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from forecast.events.added import Addition, additions_of
from forecast.events.codebook import read_scale, scale_names
from forecast.events.table import Recorded
from forecast.report.recent import state_name
from forecast.wording import count, day, join

MOST_SHOWN = 200
"""Rows of a table; the rest are in forecast.json and rejects.csv."""


@dataclass(frozen=True)
class AddedRow:
    """An added event as a reader sees it."""

    place: str
    day: date
    who: str
    what: str
    kind: str


@dataclass(frozen=True)
class LeftOut:
    """A row that was not added, and why."""

    place: str
    reason: str


@dataclass(frozen=True)
class Added:
    """What was added to the record of a report."""

    summary: str  # How many events, and of which files
    coverage: tuple[str, ...]  # Sentences on what it says of coverage
    files: tuple[Addition, ...]
    rows: tuple[AddedRow, ...]  # At most `MOST_SHOWN`
    left_out: tuple[LeftOut, ...]  # At most as many


def arrange(panel_attributes: Mapping[Any, Any], events: Recorded | None) -> Added | None:
    """Arrange what was added for the page; None if nothing was."""
    files = additions_of(panel_attributes)
    if not files:
        return None
    scale = str(panel_attributes.get("scale", ""))
    rows = [row for one in files for row in _rows(one, scale if scale in scale_names() else "commitment")]
    names = {one.file for one in files}
    left_out = [] if events is None else [
        LeftOut(f"{file}, line {line}", reason)
        for file, line, reason in events.rejects[["file", "line", "reason"]].itertuples(index=False, name=None)
        if file in names
    ]  # fmt: skip
    datasets = join(sorted({one.dataset for one in files}))
    return Added(
        summary=f"{count(len(rows), 'event')} added to the {datasets} from {join(one.file for one in files)}",
        coverage=tuple(_coverage(one) for one in files if one.extensions),
        files=files,
        rows=tuple(rows[:MOST_SHOWN]),
        left_out=tuple(left_out[:MOST_SHOWN]),
    )


def _rows(addition: Addition, scale: str) -> list[AddedRow]:
    order = read_scale(scale)
    return [
        AddedRow(
            place=f"{addition.file}, line {one.line}",
            day=date.fromisoformat(one.date),
            who=f"{state_name(one.dyad, one.source)} to {state_name(one.dyad, one.target)}",
            what=one.summary,
            kind=order.classes[order.class_of[one.cameo]],
        )
        for one in addition.events
    ]


def _coverage(addition: Addition) -> str:
    spans = (
        f"{one.dyad} to {day(date.fromisoformat(one.to))} (before: {day(date.fromisoformat(one.before))})"
        for one in addition.extensions
    )
    return f"With {addition.file} the record is taken to be complete: {join(spans)}."
