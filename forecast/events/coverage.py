"""Days covered by the files of a dataset, and events added to it, which extend its coverage."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.typing import Bool

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

Days = tuple[date, date]
"""First and last day of a span."""
MOST_MISSING = 0.1
"""The part of a period that may be missing before it counts as not covered: of a month three days, of a week none."""


@dataclass(frozen=True)
class Covered:
    """The days that the files of a dataset stand for."""

    dataset: str
    # First and last day of each span, in order of time; between two of them is a gap.
    spans: tuple[Days, ...]

    @property
    def first(self) -> date:
        """The first day."""
        return self.spans[0][0]

    @property
    def last(self) -> date:
        """The last day."""
        return self.spans[-1][1]

    @property
    def gaps(self) -> list[Days]:
        """First and last day of each gap."""
        ends = [last for _, last in self.spans[:-1]]
        starts = [first for first, _ in self.spans[1:]]
        return [(end + timedelta(days=1), start - timedelta(days=1)) for end, start in zip(ends, starts, strict=True)]

    @property
    def by_month(self) -> Counter[str]:
        """Number of days of each month, such as `2018-06`."""
        return Counter(f"{day:%Y-%m}" for first, last in self.spans for day in each_day(first, last))

    def missing(self, starts: "ArrayLike", ends: "ArrayLike") -> Bool:
        """Return in which periods too many days are missing, (period,)."""
        first, last = (np.asarray(days, dtype="datetime64[D]") for days in (starts, ends))
        missing = np.zeros(len(first))
        for begin, end in self.gaps:
            inside = np.minimum(last, np.datetime64(end)) - np.maximum(first, np.datetime64(begin))
            missing += np.maximum(inside.astype(int) + 1, 0)
        return np.asarray(missing > MOST_MISSING * ((last - first).astype(int) + 1))


def each_day(first: date, last: date) -> list[date]:
    """Return all days from one to another."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def as_spans(days: Iterable[date]) -> list[Days]:
    """Return days as spans in order of time."""
    spans: list[Days] = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


ATTRIBUTE = "additions"
"""Attribute of a panel that says, as JSON, which added events are counted in it; absent where none are."""


@dataclass(frozen=True)
class AddedEvent:
    """One event that was added."""

    line: int  # Of its file; of rows that came from no file the number of the row, from 1
    event_id: str  # In the table
    date: str  # Its day, ISO
    dyad: str  # As in the table
    source: str
    target: str
    cameo: str
    n: int  # How many it stands for
    summary: str


@dataclass(frozen=True)
class Extension:
    """The coverage of a dyad, extended."""

    dyad: str  # Code
    before: str  # Last day of coverage without and with the added events, ISO
    to: str


@dataclass(frozen=True)
class Addition:
    """Events that one file added to a dataset."""

    file: str  # Its name; `rows` for rows that came from no file
    sha256: str  # Of its content
    dataset: str  # To which it was added
    rows: int  # Rows of the file; those of them that were there already; those that could not be used
    repeated: int
    rejected: int
    events: tuple[AddedEvent, ...]  # Those that were added
    extensions: tuple[Extension, ...]  # By how much coverage is extended; dyads whose coverage stays are left out

    def among(self, event_ids: Collection[str], dyads: Collection[str], until: str) -> "Addition":
        """Return the part of it that is about some events, and about the coverage of some dyads up to a day."""
        return replace(
            self,
            events=tuple(one for one in self.events if one.event_id in event_ids),
            extensions=tuple(one for one in self.extensions if one.dyad in dyads and one.before < until),
        )

    @property
    def account(self) -> dict[str, Any]:
        """Entry in the provenance: the file, its digest and rows, and which of its lines are counted."""
        kept = ("file", "sha256", "dataset", "rows", "repeated", "rejected")
        covered = {one.dyad: {"before": one.before, "to": one.to} for one in self.extensions}
        lines = [one.line for one in self.events]
        return {name: getattr(self, name) for name in kept} | {"lines": lines, "coverage": covered}


def extended_ends(additions: Iterable[Addition]) -> "dict[tuple[str, str], pd.Timestamp]":
    """Return to which day the additions extend coverage, by dataset and dyad."""
    import pandas as pd

    ends: dict[tuple[str, str], pd.Timestamp] = {}
    for addition in additions:
        for one in addition.extensions:
            key, day = (addition.dataset, one.dyad), pd.Timestamp(one.to)
            ends[key] = max(day, ends.get(key, day))
    return ends


def counted_additions(
    additions: Iterable[Addition], event_ids: Iterable[str], dyads: Collection[str], until: str
) -> str:
    """Return as JSON what of some additions is counted in a panel; an empty text if nothing is."""
    counted = set(event_ids)
    parts = [one.among(counted, dyads, until) for one in additions]
    kept = [asdict(one) for one in parts if one.events or one.extensions]
    return json.dumps(kept, ensure_ascii=False) if kept else ""


def additions_of(panel_attributes: Mapping[Any, Any]) -> tuple[Addition, ...]:
    """Read which added events are counted in a panel from its attributes."""
    stored = json.loads(str(panel_attributes.get(ATTRIBUTE) or "[]"))
    return tuple(
        Addition(**one | {
            "events": tuple(AddedEvent(**event) for event in one["events"]),
            "extensions": tuple(Extension(**each) for each in one["extensions"]),
        })
        for one in stored
    )  # fmt: skip


def last_covered(additions: Iterable[Addition], dyads: Collection[str]) -> date | None:
    """Return the last day to which additions extend the coverage of any of some dyads; None if of none."""
    days = [date.fromisoformat(one.to) for each in additions for one in each.extensions if one.dyad in dyads]
    return max(days, default=None)
