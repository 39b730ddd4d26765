"""Coverage of added events, extended to the days that somebody states as complete."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from forecast.base.errors import SpecError
from forecast.data.events.additions import Addition, Extension
from forecast.data.events.coverage import (
    MAX_GAP_DAYS,
    ONE_DAY,
    CoverageStatement,
    coverage_gaps,
    first_day_after,
)
from forecast.data.events.dyads import find_dyad
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.table import EventTable


def state_coverage(table: EventTable, statements: Sequence[CoverageStatement]) -> EventTable:
    """Extend coverage of the dataset that was added to last to the days stated as complete."""
    dataset = table.additions[-1].dataset
    for statement in sorted(statements, key=lambda stated: stated.last):
        table = replace(table, additions=_with_statement(table, dataset, statement))
    return table


def _with_statement(
    table: EventTable, dataset: str, statement: CoverageStatement
) -> tuple[Addition, ...]:
    """Return the additions of a table, one of which extends coverage as stated."""
    additions = table.additions
    events = table.events[table.events["dataset"] == dataset]
    ends = even_spans(events, None, additions, table.covered).droplevel("dataset")["last"]
    dyad = find_dyad(statement.dyad, list(map(str, ends.index)))
    place = _place_of(additions, dataset, dyad)
    addition = additions[place]
    of_dyad = [extension for extension in addition.extensions if extension.dyad == dyad]
    latest = of_dyad[-1] if of_dyad and not of_dyad[-1].stated else None
    before = ends[dyad].date() if latest is None else date.fromisoformat(latest.before)
    if statement.last < before:
        raise SpecError(
            f"covered-to: {statement.last} is before {before}, up to which the record of {dyad} is "
            "complete without the added events; give that day or a later one"
        )
    first = _first_stated_day(additions, dataset, dyad, statement, before, extended=bool(of_dyad))
    if first > statement.last:
        raise SpecError(
            f"covered-to: {statement.last} lies in a gap of the record of {dyad}. Say from which "
            f"day on it is complete, such as {dyad}:{before + ONE_DAY}:{statement.last}"
        )
    extensions = list(addition.extensions)
    # The extension by the last row gives way to the statement; others stay next to it.
    if latest is not None and statement.last >= latest.first:
        extensions.remove(latest)
    if statement.last > before or first <= before:
        start = "" if first == before + ONE_DAY else first.isoformat()
        extensions.append(
            Extension(dyad, before.isoformat(), statement.last.isoformat(), start, stated=True)
        )
    extensions.sort(key=lambda extension: (extension.dyad, extension.to))
    extended = replace(addition, extensions=tuple(extensions))
    return (*additions[:place], extended, *additions[place + 1 :])


def _place_of(additions: Sequence[Addition], dataset: str, dyad: str) -> int:
    """Return the place of the addition whose coverage of a dyad a statement extends.

    The last one that extends it, else the last with events of the dyad, else the last of all.
    """
    of_dataset = [index for index, addition in enumerate(additions) if addition.dataset == dataset]
    extending = [
        index
        for index in of_dataset
        if any(extension.dyad == dyad for extension in additions[index].extensions)
    ]
    with_events = [
        index
        for index in of_dataset
        if any(event.dyad == dyad for event in additions[index].events)
    ]
    return (extending or with_events or of_dataset)[-1]


def _first_stated_day(
    additions: Sequence[Addition],
    dataset: str,
    dyad: str,
    statement: CoverageStatement,
    before: date,
    *,
    extended: bool,
) -> date:
    """Return the first day that a statement covers: its own, else the day after the last gap."""
    if statement.first is not None:
        return first_day_after(before, statement.first)
    extensions = [
        extension
        for addition in additions
        if addition.dataset == dataset
        for extension in addition.extensions
        if extension.dyad == dyad
    ]
    if extended:
        gaps = [last for _, last in coverage_gaps(additions).get((dataset, dyad), [])]
        return max(gaps) + ONE_DAY if gaps else min(extension.after for extension in extensions)
    if (statement.last - before).days > MAX_GAP_DAYS:
        raise SpecError(
            f"covered-to: no event of {dyad} was added after {before}, up to which its record is "
            "complete. If it is complete from there on, say so: "
            f"{dyad}:{before + ONE_DAY}:{statement.last}"
        )
    return before + ONE_DAY
