"""Coverage beyond the complete record: statements of complete days, gaps, announced rows.

A dataset's record of a dyad is complete up to a day. An added file extends it, and `--covered-to`
states which days are complete. Days between that no file and no statement covers are a gap. Rows of
the dataset itself that lie beyond its complete record are *announced or later*: they are shown, and
count only on days that are stated to be complete.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

import pandas as pd

from forecast.base.dates import read_day, reject_future
from forecast.base.errors import SpecError
from forecast.base.wording import count
from forecast.data.events.additions import Addition, Extension
from forecast.data.events.days import Days, as_spans, each_day
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.table import EventTable

# Days: a longer gap before an added file stays missing. A month of a quiet pair may well have no
# event.
MAX_GAP_DAYS = 31
REMARK = "announced or later"
"""Remark on rows beyond the complete record of their dyad."""
_FORM = (
    "write PAIR:DAY, such as USA-CHN:2026-06-21, or PAIR:FIRST:LAST, such as "
    "USA-RUS:2026-03-29:2026-06-21, to say from which day on the record is complete"
)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CoverageStatement:
    """Statement that the record of a dyad is complete up to a day."""

    dyad: str
    first: date | None  # From which day on; None for the first day after the last gap
    last: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PAIR:DAY` or `PAIR:FIRST:LAST`.

        A month as last day is its last day, as first day its first.
        """
        dyad, *days = text.strip().split(":")
        if not re.fullmatch(r"[A-Za-z]{3}[-_][A-Za-z]{3}", dyad) or len(days) not in (1, 2):
            raise SpecError(f"covered-to: {text!r:.60} names no pair with its day; {_FORM}")
        last = read_day(days[-1], "covered-to")
        first = read_day(days[0], "covered-to", first=True) if len(days) == 2 else None
        reject_future(last, "covered-to")
        if first is not None and first > last:
            raise SpecError(f"covered-to: {text!r:.60} begins after it ends; {_FORM}")
        return cls(dyad.upper().replace("_", "-"), first, last)

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return ":".join(str(part) for part in (self.dyad, self.first, self.last) if part)


def parse_statements(texts: str | Sequence[str] | None) -> tuple[CoverageStatement, ...]:
    """Read statements of complete days, one or several."""
    several = (texts,) if isinstance(texts, str) else texts or ()
    return tuple(CoverageStatement.parse(text) for text in several)


def first_day_after(before: date, first: date) -> date:
    """Return the first day that an extension covers, given the first that it is about.

    It is the day after the complete record (`before`), unless the days between are too many: then
    they are a gap.
    """
    missing = (first - before).days - 1
    return before + ONE_DAY if 0 <= missing <= MAX_GAP_DAYS else first


def coverage_gaps(additions: Iterable[Addition]) -> dict[tuple[str, str], list[Days]]:
    """Return the first and last day of each gap that additions leave, by dataset and dyad."""
    missing = defaultdict[tuple[str, str], set[date]](set)
    covered = defaultdict[tuple[str, str], set[date]](set)
    for addition in additions:
        for extension in addition.extensions:
            key = addition.dataset, extension.dyad
            missing[key].update(each_day(extension.after, extension.first - ONE_DAY))
            covered[key].update(each_day(extension.first, extension.last))
    gaps = {key: as_spans(days - covered[key]) for key, days in missing.items()}
    return {key: spans for key, spans in gaps.items() if spans}


def unstated_days(additions: Iterable[Addition], dataset: str, dyad: str) -> list[Days]:
    """Return the spans of days that added files cover by their rows alone.

    No statement says that these days are complete.
    """
    extensions = [
        extension
        for addition in additions
        if addition.dataset == dataset
        for extension in addition.extensions
        if extension.dyad == dyad
    ]
    days = {
        day
        for extension in extensions
        if not extension.stated
        for day in each_day(extension.first, extension.last)
    }
    stated = {
        day
        for extension in extensions
        if extension.stated
        for day in each_day(extension.first, extension.last)
    }
    return as_spans(days - stated)


def on_unstated_days(rows: pd.DataFrame, additions: Sequence[Addition]) -> "pd.Series[bool]":
    """Return which rows lie on days that additions cover without stating them complete.

    Rows that were added are not among them. `rows` has `dataset`, `dyad`, `date` and `event_id`.
    """
    inside, stated = (pd.Series(data=False, index=rows.index) for _ in range(2))
    for addition in additions:
        for extension in addition.extensions:
            of_dyad = (rows["dataset"] == addition.dataset) & (rows["dyad"] == extension.dyad)
            first, after, last = (
                pd.Timestamp(day) for day in (extension.first, extension.after, extension.last)
            )
            inside |= of_dyad & rows["date"].between(after, last)
            if extension.stated:
                stated |= of_dyad & rows["date"].between(first, last)
    added = {event.event_id for addition in additions for event in addition.events}
    return inside & ~stated & ~rows["event_id"].isin(added)


def with_own_rows(additions: Sequence[Addition], rows: pd.DataFrame) -> tuple[Addition, ...]:
    """Return additions that say how many counted rows of a dataset depend on stated coverage.

    These rows lie beyond the coverage that the dataset had by itself, on days that somebody has
    stated to be complete. `rows` are those that count, with `dataset`, `dyad`, `date` and
    `event_id`.
    """
    added = {event.event_id for addition in additions for event in addition.events}
    rows_of_dataset = rows[~rows["event_id"].isin(added)]

    def counted(addition: Addition, extension: Extension) -> Extension:
        if not extension.stated:
            return extension
        of_pair = rows_of_dataset[
            (rows_of_dataset["dataset"] == addition.dataset)
            & (rows_of_dataset["dyad"] == extension.dyad)
        ]
        first = _first_day_beyond(additions, addition.dataset, extension)
        on_days = of_pair["date"].between(pd.Timestamp(first), pd.Timestamp(extension.last))
        return replace(extension, own_rows=int(on_days.sum()))

    return tuple(
        replace(
            addition,
            extensions=tuple(counted(addition, extension) for extension in addition.extensions),
        )
        for addition in additions
    )


def _first_day_beyond(additions: Iterable[Addition], dataset: str, extension: Extension) -> date:
    """Return the first day of an extension that the dataset did not cover by itself."""
    first_uncovered = min(
        earlier.after
        for addition in additions
        if addition.dataset == dataset
        for earlier in addition.extensions
        if earlier.dyad == extension.dyad
    )
    return max(extension.first, first_uncovered)


def own_row_sentences(additions: Sequence[Addition], dyad: str) -> tuple[str, ...]:
    """Describe for readers the rows that count because their days were stated to be complete."""
    return tuple(
        f"{count(extension.own_rows, 'row')} of the {addition.dataset} itself from "
        f"{_first_day_beyond(additions, addition.dataset, extension)} on "
        f"{'counts' if extension.own_rows == 1 else 'count'} only because "
        f"--covered-to states that the days to {extension.to} are complete. Such rows may be "
        "announced, or the few that were already written down: make sure that the others are added."
        for addition in additions
        for extension in addition.extensions
        if extension.dyad == dyad and extension.own_rows
    )


def announced(table: EventTable) -> "pd.Series[bool]":
    """Return which events lie beyond the complete record of their dyad: announced, or later."""
    events = table.events
    spans = even_spans(events, None, table.additions, table.covered)["last"]
    keys = pd.MultiIndex.from_frame(events[["dataset", "dyad"]])
    last = pd.Series(spans.reindex(keys).to_numpy(), index=events.index)
    return (events["date"] > last) | on_unstated_days(events, table.additions)


def gap_sentences(additions: Iterable[Addition], dyad: str) -> tuple[str, ...]:
    """Describe for readers the gaps that additions leave in the record of a dyad."""
    return tuple(
        _gap_sentence(dyad, first, last)
        for (_, code), spans in coverage_gaps(additions).items()
        if code == dyad
        for first, last in spans
    )


def gap_warnings(additions: Sequence[Addition]) -> tuple[str, ...]:
    """Describe all gaps that additions leave, with the option that closes them."""
    return tuple(
        f"{_gap_sentence(dyad, first, last)} Once they are complete, give --covered-to "
        f"{dyad}:{first}:{_last_day(additions, dataset, dyad)}."
        for (dataset, dyad), spans in coverage_gaps(additions).items()
        for first, last in spans
    )


def _gap_sentence(dyad: str, first: date, last: date) -> str:
    return (
        f"The record of {dyad} has a gap: no one has stated that the {(last - first).days + 1} "
        f"days from {first} to {last} are complete. They count as missing, and so does a month "
        "that begins among them and lacks more than a tenth of its days."
    )


def _last_day(additions: Sequence[Addition], dataset: str, dyad: str) -> date:
    """Return the last day that additions cover of a dyad."""
    return max(
        extension.last
        for addition in additions
        if addition.dataset == dataset
        for extension in addition.extensions
        if extension.dyad == dyad
    )
