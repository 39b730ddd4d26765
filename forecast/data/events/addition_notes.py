"""What was added to a table, what was not and why, in words."""

import pandas as pd

from forecast.base.wording import count
from forecast.data.events.adding import REPEATS
from forecast.data.events.additions import Addition
from forecast.data.events.codebook import read_scale
from forecast.data.events.coverage import gap_warnings
from forecast.data.events.table import EventTable

# Items of a list in a sentence; the rest is counted
MAX_ITEMS_LISTED = 5
SCALE = "commitment"
"""Events of one class of this scale, sides and (nearly) day are taken to resemble each other."""


def describe_additions(table: EventTable) -> tuple[str, ...]:
    """Describe what was added to a table, what was not and why, and what that says of coverage."""
    sentences = [
        sentence for addition in table.additions for sentence in _describe_addition(table, addition)
    ]
    return (*sentences, *gap_warnings(table.additions))


def _describe_addition(table: EventTable, addition: Addition) -> list[str]:
    """Describe the rows of one file, and how far it extends coverage."""
    rejects = table.rejects[table.rejects["file"] == addition.file]
    left_out = [
        f"line {line}: {reason}"
        for line, reason in zip(rejects["line"], rejects["reason"], strict=True)
    ]
    words = (
        f"{addition.file}: {len(addition.events)} of {count(addition.rows, 'row')} added to "
        f"{addition.dataset}"
    )
    sentences = [_listed(f"{words}; not added", left_out) if left_out else f"{words}."]
    if alike := _resembling(table, addition):
        opening = f"{addition.file}: counted, but make sure that they are not there already"
        sentences.append(_listed(opening, alike))
    for extension in addition.extensions:
        start = f" from {extension.start}" if extension.start else ""
        sentences.append(
            f"{addition.file}: by adding it you say that the record of {extension.dyad} is complete"
            f"{start} up to {extension.to}; it was known to be up to {extension.before}."
        )
    return sentences


def _listed(opening: str, items: list[str]) -> str:
    """List the first of some items after an opening."""
    more = f"; and {len(items) - MAX_ITEMS_LISTED} more" if len(items) > MAX_ITEMS_LISTED else ""
    return f"{opening}: {'; '.join(items[:MAX_ITEMS_LISTED])}{more}."


def _resembling(table: EventTable, addition: Addition) -> list[str]:
    """Name the added events that another of the record is like.

    Sides and class are the same, and they are a day apart at most.
    """
    one_day = pd.Timedelta(days=1)
    lines = {event.event_id: event.line for event in addition.events}
    events = table.events[table.events["dataset"] == addition.dataset]
    days = events.loc[events["event_id"].isin(list(lines)), "date"]
    near = events[events["date"].between(days.min() - one_day, days.max() + one_day)]
    near = near.assign(**{"class": near["cameo"].map(read_scale(SCALE).class_of)})
    added = near[near["event_id"].isin(list(lines))]
    pairs = added.merge(near, on=["source", "target", "class"], suffixes=("", "_there"))
    is_another = pairs["event_id"] != pairs["event_id_there"]
    is_near = (pairs["date"] - pairs["date_there"]).abs() <= one_day
    alike = pairs[is_another & is_near].drop_duplicates("event_id")
    described = sorted(
        (lines[event_id], f"{day:%Y-%m-%d}, {code}, {summary}")
        for event_id, day, code, summary in zip(
            alike["event_id"],
            alike["date_there"],
            alike["cameo_there"],
            alike["summary_there"],
            strict=True,
        )
    )
    return [f"line {line} is like {words:.140}" for line, words in described]


def rejected_rows(table: EventTable) -> tuple[str, ...]:
    """Return file, line and reason of each added row that could not be used.

    Rows that are there already are none.
    """
    added = {addition.file for addition in table.additions}
    rejects = table.rejects[table.rejects["file"].isin(added)]
    rejects = rejects[~rejects["reason"].str.startswith(REPEATS)]
    return tuple(
        f"{file}, line {line}: {reason}"
        for file, line, reason in zip(
            rejects["file"], rejects["line"], rejects["reason"], strict=True
        )
    )
