"""War as a state of a pair: when it began, whether it goes on, and how long it may last.

A pair is at war while violent events follow each other closely. The length of a war is lognormal,
so that the longer it has lasted, the less likely it ends within the next month. Its two parameters
are those of the wars of the pairs that ended before the day and, as a prior, of the published list
in ``data/wars.csv``.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from statistics import NormalDist

import numpy as np

from forecast.base.resources import data_folder
from forecast.base.typing import Float
from forecast.data.events.codebook import read_days, read_small_csv
from forecast.outlook.hazards.curve import HazardCurve, WarRates
from forecast.outlook.hazards.memories import EventDays

# Days between violent events of one war (30 days split the war of 2022 on)
MAX_PAUSE_IN_A_WAR = 45
# Violent events of a war; fewer are an incident
MIN_WAR_EVENTS = 4
# Weight of a war of the published list, compared with a war of a pair
PRIOR_WEIGHT = 0.5
# Standard deviation of the logarithm of lengths
MIN_LOG_LENGTH_SD = 0.5
# Equally likely days on which a war ends
ENDS = 25
# Probability that a war goes on, and events per day at the usual rate; both are divided by
MIN_DIVISOR = 1e-6
# Probability of a tail of a normal distribution, so that its quantile is finite
MIN_TAIL = 1e-9
# Events at the usual rate that a war's own rate starts with (5 scores worse on wars to 2014)
OWN_PRIOR = 10.0
# Days ahead whose expected number of events is the usual rate
USUAL_DAYS = 90
WAR_SETS = frozenset({"strike", "clash", "attack", "violence", "invasion"})
"""Sets whose events come with war and end with it."""


@dataclass(frozen=True)
class War:
    """A run of violent events."""

    start: int  # Day of its first event, from 1970
    last: int  # Day of its last event
    events: float

    @property
    def length(self) -> int:
        """Days from its first to its last event."""
        return self.last - self.start + 1


def wars_of(violence: EventDays, before: int) -> list[War]:
    """Return the wars in the violent events of a pair before a day."""
    earlier = violence.days < before
    days = violence.days[earlier]
    number = violence.number[earlier]
    if not len(days):
        return []
    pauses = np.flatnonzero(np.diff(days) > MAX_PAUSE_IN_A_WAR) + 1
    wars = []
    for days_of_war, number_of_war in zip(
        np.split(days, pauses), np.split(number, pauses), strict=True
    ):
        if number_of_war.sum() >= MIN_WAR_EVENTS:
            wars.append(War(int(days_of_war[0]), int(days_of_war[-1]), float(number_of_war.sum())))
    return wars


def war_now(violence: EventDays, day: int) -> War | None:
    """Return the war in which a pair is on a day, if it is at war."""
    wars = wars_of(violence, day)
    return wars[-1] if wars and day - wars[-1].last <= MAX_PAUSE_IN_A_WAR else None


@functools.cache
def published_lengths(before: date) -> tuple[int, ...]:
    """Return the lengths, in days, of the wars of ``data/wars.csv`` that ended before a day."""
    path = data_folder() / "wars.csv"
    table = read_small_csv(path, ("war", "start", "end", "reference"))
    start, end = (read_days(table[name], path).dt.date for name in ("start", "end"))
    return tuple(
        (last - first).days + 1 for first, last in zip(start, end, strict=True) if last < before
    )


@dataclass(frozen=True)
class WarLengths:
    """Distribution of the lengths of wars: lognormal."""

    log_mean: float  # Mean of the logarithm of days
    log_sd: float  # Its standard deviation

    @classmethod
    def of(cls, lengths: Iterable[float], published: Iterable[float]) -> "WarLengths":
        """Estimate it from the wars of the pairs, and those published with less weight."""
        of_pairs = np.log(list(lengths))
        listed = np.log(list(published))
        logs = np.concatenate([of_pairs, listed])
        weights = np.concatenate([np.ones(len(of_pairs)), np.full(len(listed), PRIOR_WEIGHT)])
        log_mean = float(np.average(logs, weights=weights))
        log_sd = float(np.sqrt(np.average((logs - log_mean) ** 2, weights=weights)))
        return cls(log_mean, max(log_sd, MIN_LOG_LENGTH_SD))

    def continues(self, age: float, days: float) -> float:
        """Return the probability that a war that has lasted some days lasts some more."""
        return self._survival(age + days) / max(self._survival(age), MIN_DIVISOR)

    def ends(self, age: float) -> Float:
        """Return equally likely days ahead on which a war that has lasted some days ends."""
        normal = NormalDist(self.log_mean, self.log_sd)
        survival = max(self._survival(age), MIN_DIVISOR)
        probabilities = 1 - survival * (1 - (np.arange(ENDS) + 0.5) / ENDS)
        inside = np.clip(probabilities, MIN_TAIL, 1 - MIN_TAIL).tolist()
        return np.array([np.exp(normal.inv_cdf(probability)) - age for probability in inside])

    def _survival(self, days: float) -> float:
        """Return the probability that a war lasts longer than some days."""
        return 1 - NormalDist(self.log_mean, self.log_sd).cdf(np.log(max(days, 1.0)))


def in_war(
    curve: HazardCurve, name: str, of_set: EventDays, war: War | None, now: int, lengths: WarLengths
) -> HazardCurve:
    """Return the curve of a set with the rate of the war in which a pair is.

    Unchanged in peace and of other sets.
    """
    if war is None or name not in WAR_SETS or curve.hazard.ndim > 1:
        return curve
    return replace(curve, war=war_rates(curve, of_set, war, now, lengths))


def war_rates(
    curve: HazardCurve, of_set: EventDays, war: War, now: int, lengths: WarLengths
) -> WarRates:
    """Return the rate of a set's events within a war that has lasted until a day."""
    age = now - war.start
    usual = max(float(curve.expected(0, USUAL_DAYS)) / USUAL_DAYS, MIN_DIVISOR)
    return WarRates(
        events=float(of_set.between(war.start, now)) + OWN_PRIOR,
        exposure=age + OWN_PRIOR / usual,
        ends=lengths.ends(age),
        peace=float(curve.held[-1] / curve.exposure[-1]),
    )
