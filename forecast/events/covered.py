"""Which days the files of a dataset stand for: where one is missing, nothing was watched."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from forecast.typing import Bool

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_MISSING = 0.1
"""The part of a period that may be missing before it counts as not covered: of a month three days, of a week none."""


@dataclass(frozen=True)
class Covered:
    """The days that the files of a dataset stand for."""

    dataset: str
    # First and last day of each span, in order of time; what lies between two of them is a hole.
    spans: tuple[tuple[date, date], ...]

    @property
    def first(self) -> date:
        """The first day."""
        return self.spans[0][0]

    @property
    def last(self) -> date:
        """The last day."""
        return self.spans[-1][1]

    @property
    def holes(self) -> list[tuple[date, date]]:
        """First and last day of each hole."""
        ends = [last for _, last in self.spans[:-1]]
        starts = [first for first, _ in self.spans[1:]]
        return [(end + timedelta(days=1), start - timedelta(days=1)) for end, start in zip(ends, starts, strict=True)]

    def missing(self, starts: "ArrayLike", ends: "ArrayLike") -> Bool:
        """Return in which periods too many days are missing, (period,)."""
        first, last = (np.asarray(days, dtype="datetime64[D]") for days in (starts, ends))
        missing = np.zeros(len(first))
        for begin, end in self.holes:
            inside = np.minimum(last, np.datetime64(end)) - np.maximum(first, np.datetime64(begin))
            missing += np.maximum(inside.astype(int) + 1, 0)
        return np.asarray(missing > MOST_MISSING * ((last - first).astype(int) + 1))


def covered_by(given: Iterable[Covered], dataset: str) -> Covered | None:
    """Return the days of a dataset; None if nothing is said of it."""
    return next((one for one in given if one.dataset == dataset and one.spans), None)
