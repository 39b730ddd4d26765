"""Spans of days, and the days that the files of a dataset cover."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike

from forecast.base.typing import Bool

Days = tuple[date, date]
"""First and last day of a span."""
# The part of a period that may be missing before it counts as not covered: of a month three days,
# of a week none
MAX_SHARE_MISSING = 0.1


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
        return [
            (end + timedelta(days=1), start - timedelta(days=1))
            for end, start in zip(ends, starts, strict=True)
        ]

    @property
    def by_month(self) -> Counter[str]:
        """Number of days of each month, such as `2018-06`."""
        return Counter(
            f"{day:%Y-%m}" for first, last in self.spans for day in each_day(first, last)
        )

    def missing(self, starts: ArrayLike, ends: ArrayLike) -> Bool:
        """Return in which periods too many days are missing, (period,)."""
        return missing_periods(self.gaps, starts, ends)


def missing_periods(gaps: Iterable[Days], starts: ArrayLike, ends: ArrayLike) -> Bool:
    """Return in which periods too many days lie in gaps, (period,)."""
    first, last = (np.asarray(days, dtype="datetime64[D]") for days in (starts, ends))
    missing = np.zeros(len(first))
    for begin, end in gaps:
        inside = np.minimum(last, np.datetime64(end)) - np.maximum(first, np.datetime64(begin))
        missing += np.maximum(inside.astype(int) + 1, 0)
    return np.asarray(missing > MAX_SHARE_MISSING * ((last - first).astype(int) + 1))
