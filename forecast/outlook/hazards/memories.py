"""Memories of event days: exponentially weighted counts of several lengths, and covariates.

A memory of so many days counts each earlier event with the weight exp(-age / days). A short one
knows a burst, a long one the ordinary rate of a pair. Nothing after a forecast date enters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from forecast.base.typing import Float, Index
from forecast.data.calendar_drivers import read_calendar
from forecast.data.events.sets import EventSet
from forecast.data.events.table import event_counts

if TYPE_CHECKING:
    import pandas as pd

# mean ages in days: a week's burst to the ordinary rate of ten years
MEMORIES = (5, 20, 60, 240, 1000, 3000)
LONG = MEMORIES[-1]
# memories whose mean rate is the starting point: about one, five and ten years
MIXED = (240, 1000, 3000)
LEADS = (0, 7, 14, 30, 90, 180, 365)  # days ahead at which the hazard may change
FIRST_YEAR = 365  # days; a younger record counts as a year, so that its first event is no high rate
# events at the long rate that each memory starts with (0.25 and 1 score alike to 2014)
PRIOR_EVENTS = 0.5
PRIOR_LONG = 0.3  # the same of the long memory, at the rate of all pairs
MAX_DAYS_SINCE = 7300  # days; a longer silence tells no more
SILENCE_PRIOR = 3  # days added to a silence before its logarithm is taken
BUSY_PRIOR = 3  # events of a pair before any is counted, and the days that they are worth
BUSY_PRIOR_DAYS = 30
SEASONS = 10  # years back in which the same days of the year are counted
SEASON_PAD = 10  # days added to either end of these
_EPOCH = date(1970, 1, 1).toordinal()
_LONG_AGO = -(10**7)  # a day before all records

CONTEXT: dict[str, tuple[str, ...]] = {
    "all": ("0", "1", "2"),
    "cooperation": ("01", "02", "03", "04", "05", "06", "07", "08"),
    "conflict": ("09", "1", "2"),
    "coercion": ("16", "17"),
    "violence": ("18", "19", "20"),
}
"""Beginnings of the codes of all events of a pair, of its two sides and of its two gravest
classes."""
CONTEXT_MEMORIES = {
    "violence": (20, 240),
    "coercion": (20, 240),
    "conflict": (5, 60),
    "cooperation": (5, 60),
}
"""Memories of which covariates are made, by part of the context."""
COVARIATES = (
    "own 5",
    "own 20",
    "own 60",
    "own 240",
    "own 3000",
    "silence",
    "rate",
    "busy 20",
    "busy 240",
    "busy 3000",
    "violence 20",
    "violence 240",
    "coercion 20",
    "coercion 240",
    "conflict 5",
    "conflict 60",
    "cooperation 5",
    "cooperation 60",
    "balance",
    "meetings announced",
    "season",
)
"""Names of the covariates, in the order of the last axis of `Covariates.at_lead`."""


def day_number(when: date) -> int:
    """Return the number of days from 1970 to a day."""
    return when.toordinal() - _EPOCH


def day_of_number(number: int) -> date:
    """Return the day of a number of days from 1970."""
    return date.fromordinal(int(number) + _EPOCH)


type Remembered = Mapping[str, Mapping[int, Float]]
"""Events that a memory holds, (day,), by part of the context and length of the memory in days."""


class EventDays(NamedTuple):
    """Days of events, in order, and how many each stands for."""

    days: Index
    number: Float

    @classmethod
    def of(cls, rows: "pd.DataFrame") -> "EventDays":
        """Return the days of rows with the column `counted`."""
        days = rows["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        order = np.argsort(days, kind="stable")
        return cls(days[order], rows["counted"].to_numpy(dtype=np.float64)[order])

    def between(self, first: "Index | int", end: "Index | int") -> Float:
        """Return how many events there were from a day to the day before another."""
        total = np.concatenate([[0.0], np.cumsum(self.number)])
        return np.asarray(
            total[np.searchsorted(self.days, end)] - total[np.searchsorted(self.days, first)]
        )

    def remembered(self, days: Index) -> Float:
        """Return what each memory holds before each of some days, (memory, day)."""
        lengths = np.array(MEMORIES, dtype=np.float64)
        held = np.zeros((len(self.days) + 1, len(lengths)))  # before any event, and after each
        last_day = -np.inf
        for row in range(len(self.days)):
            faded = held[row] * np.exp((last_day - self.days[row]) / lengths)
            held[row + 1] = faded + self.number[row]
            last_day = self.days[row]
        earlier = np.searchsorted(self.days, days)
        return np.asarray((held[earlier] * np.exp(-self._age(days)[:, None] / lengths)).T)

    def silence(self, days: Index) -> Float:
        """Return the days since the last event before each of some days."""
        return np.asarray(np.minimum(self._age(days), MAX_DAYS_SINCE), dtype=np.float64)

    def _age(self, days: Index) -> Index:
        """Return the age of the last event before each of some days; of none a very high one."""
        earlier = np.searchsorted(self.days, days)
        return np.asarray(days - np.concatenate([[_LONG_AGO], self.days])[earlier])

    def wait(self, days: Index) -> Float:
        """Return the days from each of some days to the first event on it or later.

        Infinite without one.
        """
        earlier = np.searchsorted(self.days, days)
        following = np.concatenate([self.days.astype(np.float64), [np.inf]])[earlier]
        return np.asarray(following - days)


@dataclass(frozen=True)
class PairRecord:
    """Record of a pair: its events in all, by side and by gravest classes."""

    dyad: str
    start: int  # First covered day, as days from 1970
    events: "pd.DataFrame"  # Rows of the event table, of one dataset
    context: Mapping[str, EventDays]  # By the names of `CONTEXT`
    # Day, and day it became known, of summits that both states attend
    meetings: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, dyad: str, start: date, events: "pd.DataFrame") -> "PairRecord":
        """Read the record of a pair from its rows."""
        rows = (
            events.assign(counted=event_counts(events))
            if len(events)
            else events.assign(counted=[])
        )
        rows = rows[rows["counted"] > 0]
        context = {
            name: EventDays.of(rows[rows["cameo"].str.startswith(codes)])
            for name, codes in CONTEXT.items()
        }
        return cls(dyad, day_number(start), events, context, announced_meetings(dyad))

    def of_set(
        self, wanted: EventSet, *, by: str | None = None, actor: str | None = None
    ) -> EventDays:
        """Return the events of a set."""
        return EventDays.of(wanted.counted(self.events, by=by, actor=actor))

    def remembered(self, days: Index) -> "Remembered":
        """Return what each memory holds of the parts of the context before each of some days.

        Every set of a pair reads the same, so that it is computed once for the same days.
        """
        key = days.tobytes()
        if key not in self._remembered:
            self._remembered[key] = {
                name: dict(zip(MEMORIES, events.remembered(days), strict=True))
                for name, events in self.context.items()
            }
        return self._remembered[key]

    @cached_property
    def _remembered(self) -> "dict[bytes, Remembered]":
        return {}

    def exposure(self, days: Index) -> Float:
        """Return the days that each memory is worth on each of some days, (memory, day)."""
        age = np.maximum(days - self.start, FIRST_YEAR)
        return np.array([length * -np.expm1(-age / length) for length in MEMORIES])


def announced_meetings(dyad: str) -> tuple[tuple[int, int], ...]:
    """Return the summits of ``data/calendar.csv`` that both states attend."""
    states = set(dyad.split("-"))
    facts = read_calendar()
    attended = facts["kind"].str.endswith("summit") & facts["states"].map(states.issubset)
    days = (map(day_number, facts.loc[attended, name]) for name in ("date", "known_at"))
    return tuple(zip(*days, strict=True))


@dataclass(frozen=True)
class Covariates:
    """What a pair remembers of a set on some days."""

    days: Index  # Days of forecast, from 1970
    base: Float  # Log of the mean rate of the `MIXED` memories, events per day, (day,)
    held: Float  # Events that each memory holds, (memory, day)
    exposure: (
        Float  # Days that it is worth, with those of half an event at the long rate, (memory, day)
    )
    fixed: Float  # Covariates that are the same at every lead, (day, covariate)
    pair: PairRecord
    of_set: EventDays

    @classmethod
    def of(cls, pair: PairRecord, of_set: EventDays, days: Index, overall: float) -> "Covariates":
        """Return the covariates of a set; `overall` is the rate of all pairs, events per day."""
        held = of_set.remembered(days)
        exposure = pair.exposure(days)
        long_rate = (held[-1] + PRIOR_LONG) / (exposure[-1] + PRIOR_LONG / overall)
        exposure = exposure + PRIOR_EVENTS / long_rate
        rates = (held + PRIOR_EVENTS) / exposure
        mixed = [MEMORIES.index(length) for length in MIXED]
        base = np.log(rates[mixed].mean(axis=0))
        fixed = _own(rates, base) | _of_context(pair, days)
        fixed |= {"silence": np.log(of_set.silence(days) + SILENCE_PRIOR) + base, "rate": base}
        in_order = np.column_stack([fixed[name] for name in COVARIATES if name in fixed])
        return cls(days, base, held, exposure, in_order, pair, of_set)

    @property
    def rates(self) -> Float:
        """Events per day by each memory, (memory, day)."""
        return np.asarray((self.held + PRIOR_EVENTS) / self.exposure)

    def at_lead(self, first: int, end: int) -> Float:
        """Return all covariates of the days ahead from `first` to `end`, (day, covariate)."""
        return np.column_stack(
            [self.fixed, np.log1p(self._meetings(first, end)), self._season(first, end)]
        )

    def _meetings(self, first: int, end: int) -> Float:
        """Count the summits announced by each day that fall into the days ahead."""
        days = np.array(self.pair.meetings, dtype=np.int64).reshape(-1, 2)
        falls = (days[:, 0] >= self.days[:, None] + first) & (days[:, 0] < self.days[:, None] + end)
        return np.asarray(
            (falls & (days[:, 1] <= self.days[:, None])).sum(axis=1), dtype=np.float64
        )

    def _season(self, first: int, end: int) -> Float:
        """Return the log-ratio of observed to expected events on these days of ten years."""
        seasonal = np.zeros(len(self.days))
        for years in range(1, SEASONS + 1):
            then = self.days - round(365.25 * years)
            seasonal += self.of_set.between(
                then + first - SEASON_PAD, np.minimum(then + end + SEASON_PAD, self.days)
            )
        spent = (end - first + 2 * SEASON_PAD) * SEASONS
        ordinary = self.of_set.between(self.days - 365 * SEASONS, self.days) / (365 * SEASONS)
        return np.asarray(np.log((seasonal + 2) / (ordinary * spent + 2)))


def _own(rates: Float, base: Float) -> dict[str, Float]:
    """Return the log of each memory's rate over their mean rate, whose log is `base`, (day,)."""
    return {
        f"own {length}": np.log(rate) - base
        for length, rate in zip(MEMORIES, rates, strict=True)
        if f"own {length}" in COVARIATES
    }


def _of_context(pair: PairRecord, days: Index) -> dict[str, Float]:
    """Return the covariates of all events of a pair, and of its sides and gravest classes."""
    held = pair.remembered(days)
    events = held["all"]
    busy = np.log((events[LONG] + BUSY_PRIOR) / (pair.exposure(days)[-1] + BUSY_PRIOR_DAYS))
    logs = {
        f"{name} {length}": np.log1p(held[name][length])
        for name, lengths in CONTEXT_MEMORIES.items()
        for length in lengths
    }
    return logs | {
        "busy 20": np.log((events[20] + 1) / (20 + np.exp(-busy))) - busy,
        "busy 240": np.log((events[240] + 2) / 240) - busy,
        "busy 3000": busy,
        "balance": np.log((held["cooperation"][240] + 1) / (held["conflict"][240] + 1)),
    }
