"""What followed chosen months, against months that looked alike beforehand.

Only events are read, no model: a month is known by its events up to a month before it, and what followed by those
strictly after it, so that nothing leaks from one to the other as in a smoothed level. Every chosen month is set
against its nearest neighbours among months with no chosen one near, since the first that was chosen, and what is left
between them is taken out by regression [1]_. How far such a difference strays by chance is learnt from placebos: the
same months, all moved by the same time around that record, which keeps their clusters and the record's own waves.

References
----------
.. [1] Abadie and Imbens (2011), Bias-corrected matching estimators for average treatment effects,
   https://doi.org/10.1198/jbes.2009.07333
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecast.typing import Bool, Float, Index

NEIGHBOURS = 5
NEAR_MONTHS = 2
# Months before, counted back from the month itself: its own eve, full of preparations, is left out.
BEFORE = {"half a year": (2, 7), "the half-year before": (8, 13), "five years": (2, 61)}
AFTER = {"1": (1, 1), "3": (2, 3), "6": (4, 6), "12": (7, 12), "year": (1, 12)}
"""Months after, first and last, by the name of the window."""
LEAST_SHIFT_MONTHS = 12


@dataclass(frozen=True)
class Followed:
    """What followed the chosen months in one window."""

    periods: Index  # The chosen periods for which it is known
    difference: Float  # Points of share, chosen less matched

    @property
    def mean(self) -> float:
        """Mean difference; NaN if it is known of none."""
        return float(self.difference.mean()) if self.difference.size else float("nan")


@dataclass(frozen=True)
class Matching:
    """A record of events, by whose shares periods are matched."""

    cooperative: Index  # Counts
    events: Index
    per_month: float = 1.0  # Periods in a month

    def follow(self, chosen: Index) -> Mapping[str, Followed]:
        """Set what followed the chosen periods against what followed others, by window of `AFTER`."""
        return self._follow(chosen, self._others(chosen, int(chosen.min())))

    def placebos(self, chosen: Index, number: int) -> Mapping[str, Float]:
        """Mean differences, by window, with the chosen periods moved together around the record."""
        first, least = int(chosen.min()), self._periods(LEAST_SHIFT_MONTHS)
        length = self.events.size - first
        shifts = np.arange(least, length - least)
        shifts = shifts[np.linspace(0, shifts.size - 1, min(number, shifts.size)).round().astype(int)]
        found = []
        for shift in shifts:
            moved = np.sort(first + (chosen - first + shift) % length)
            found.append(self._follow(moved, self._others(moved, first)))
        return {name: np.array([one[name].mean for one in found]) for name in AFTER}

    def matches(self, chosen: Index, ahead: int = 0) -> tuple[Index, Index]:
        """Pair the chosen periods, (pair,), with their neighbours, (pair, neighbour).

        Those without a past are left out, and those with less than ``ahead`` periods of record after them.
        """
        whole = np.arange(self.events.size) + ahead < self.events.size
        others = np.flatnonzero(self._others(chosen, int(chosen.min())) & whole)
        own = chosen[self._known[chosen] & whole[chosen]]
        if others.size < NEIGHBOURS:
            return own[:0], np.empty((0, NEIGHBOURS), dtype=np.int64)
        return own, others[self._nearest(own, others)]

    @cached_property
    def after(self) -> dict[str, tuple[int, int]]:
        """First and last period after, by the name of the window."""
        return {name: self._span(*months) for name, months in AFTER.items()}

    @cached_property
    def _past(self) -> Float:
        """What is known of every period beforehand, standardised: level, its change, and the level over years."""
        spans = (self._span(*months) for months in BEFORE.values())
        half, earlier, years = (self._share(-last, -first, pseudo=1.0)[0] for first, last in spans)
        past = np.column_stack([half, half - earlier, years])
        spread = past[self._known].std(axis=0)
        return np.asarray((past - past[self._known].mean(axis=0)) / np.where(spread > 0, spread, 1.0))

    @cached_property
    def _known(self) -> Bool:
        """Periods with a year of record before their eve."""
        return np.arange(self.events.size) >= self._periods(13)

    @cached_property
    def _outcomes(self) -> dict[str, tuple[Float, Bool]]:
        """Share in every window after every period, and whether the record has it whole and with events."""
        found = {}
        for name, (first, last) in self.after.items():
            share, number = self._share(first, last)
            found[name] = share, (number > 0) & (np.arange(self.events.size) + last < self.events.size)
        return found

    def _follow(self, chosen: Index, others: Bool) -> dict[str, Followed]:
        return {name: self._followed(chosen, others, *after) for name, after in self._outcomes.items()}

    def _followed(self, chosen: Index, others: Bool, share: Float, there: Bool) -> Followed:
        own, rest = chosen[there[chosen] & self._known[chosen]], np.flatnonzero(there & others)
        if not own.size or rest.size < NEIGHBOURS:
            return Followed(own[:0], np.empty(0))
        matched = rest[self._nearest(own, rest)]
        slope = np.linalg.lstsq(np.column_stack([np.ones(rest.size), self._past[rest]]), share[rest])[0][1:]
        left = (self._past[own][:, None] - self._past[matched]) @ slope
        return Followed(own, share[own] - (share[matched] + left).mean(axis=1))

    def _nearest(self, own: Index, others: Index) -> Index:
        """Places in `others` of the nearest neighbours, (own, neighbour)."""
        first, second = self._past[own], self._past[others]
        apart = (second**2).sum(axis=1) - 2.0 * first @ second.T
        return np.argpartition(apart, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]

    def _others(self, chosen: Index, first: int) -> Bool:
        """Periods with a past, from the first on, that have no chosen one near."""
        others = self._known & (np.arange(self.events.size) >= first)
        reach = self._periods(NEAR_MONTHS)
        for way in range(-reach, reach + 1):
            others[np.clip(chosen + way, 0, others.size - 1)] = False
        return others

    def _share(self, first: int, last: int, pseudo: float = 0.0) -> tuple[Float, Index]:
        """Share and number of events from `first` to `last` periods after every one, as far as the record goes."""
        place, periods = np.arange(self.events.size), self.events.size
        ends = np.clip(place + first, 0, periods), np.clip(place + last + 1, 0, periods)
        good, number = (
            np.append(0, np.cumsum(counts))[ends[1]] - np.append(0, np.cumsum(counts))[ends[0]]
            for counts in (self.cooperative, self.events)
        )
        return 100 * (good + pseudo) / np.maximum(number + 2 * pseudo, 1), number

    def _span(self, first: int, last: int) -> tuple[int, int]:
        """First and last period of months counted from 1."""
        return round((first - 1) * self.per_month) + 1, self._periods(last)

    def _periods(self, months: int) -> int:
        return round(months * self.per_month)
