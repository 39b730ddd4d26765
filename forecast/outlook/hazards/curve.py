"""Chance curve of a set: probabilities of numbers of events and of quiet days, from one hazard.

The probability of no event up to a day is a mean of two: of the fitted hazard, and of the rates
that three memories leave (a gamma distribution each). Both fall with every day, so that no longer
window has a smaller probability. Numbers beyond the first are negative binomial.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from forecast.base.typing import Float
from forecast.outlook.hazards.memories import LEADS, MEMORIES, MIXED

# Weight of the fitted hazard; plain memories have the rest (0.5 and 1 score worse to 2014)
FITTED_WEIGHT = 0.7
# Events that a memory holds before any is counted: Jeffreys' prior of a rate
HELD_PRIOR = 0.5
# Days ahead for which there is a number
MAX_DAYS_AHEAD = 5 * 366
# Gamma shape of rates, for windows that begin later (0.15 to 2, and no gamma, score worse on 2005
# to 2014)
LATER_SHAPE = 4.0
# Gamma shape of rates, where quiet days are counted (the shape of the numbers, and 0.5 to 2, score
# worse to 2014)
QUIET_SHAPE = 4.0
# Rates that stand for their distribution, where quiet days are counted
FRAILTIES = 24
# Probability of no event, so that its powers are finite
MIN_NO_EVENT_CHANCE = 1e-12
# Expected number of events, which is divided by
MIN_EXPECTED = 1e-9
# Weight of a war's own rate within it (on wars to 2014 no worse than 0 or 0.25; 0.75 and 1 are)
WAR_WEIGHT = 0.5


@dataclass(frozen=True)
class WarRates:
    """Events of a set within a war: their gamma distributed rate, and when the war may end."""

    events: float  # Of the war, with those that its prior is worth
    exposure: float  # Days, the same
    ends: Float  # Equally likely days ahead on which the war ends
    peace: float  # Events per day after it

    @property
    def rate(self) -> float:
        """Events per day within the war."""
        return self.events / self.exposure

    def mean(self, first: float, end: float) -> Float:
        """Return the mean number of events from a day ahead to another, by end of the war."""
        within = np.clip(self.ends, first, end) - first
        after = (end - first) - within
        return np.asarray(self.rate * within + min(self.rate, self.peace) * after)

    def none(self, first: float, end: float) -> float:
        """Return the probability of no event from a day ahead to another."""
        return float(np.mean((1 + self.mean(first, end) / self.events) ** -self.events))

    def by_day(self, days: int) -> Float:
        """Return events per day of the days ahead, (end, day)."""
        ahead = np.arange(days)
        after = min(self.rate, self.peace)
        return np.where(ahead < self.ends[:, None], self.rate, after)


@dataclass(frozen=True)
class HazardCurve:
    """Chances of a set in the days ahead, of one or several forecast dates or draws."""

    hazard: Float  # Events per day at each lead, (..., lead)
    held: Float  # Events that the `MIXED` memories hold, (memory,) or (..., memory)
    exposure: Float  # Days that they are worth, the same
    daily: Float  # Expected events per day at each lead, whatever happens before it, (..., lead)
    shape: float  # Of the gamma distribution of rates: small where events come in bursts
    war: WarRates | None = None  # Of a set whose events come with war, within a war

    def scaled(self, factor: float) -> "HazardCurve":
        """Return the curve with all rates multiplied."""
        war = self.war and replace(self.war, exposure=self.war.exposure / factor)
        return replace(
            self,
            hazard=self.hazard * factor,
            exposure=self.exposure / factor,
            daily=self.daily * factor,
            war=war,
        )

    def none(self, days: Float) -> Float:
        """Return the probability of no event in the days up to some, (..., day)."""
        spent = days[:, None] / self.exposure[..., None, :]
        plain = (1 + spent) ** -(self.held[..., None, :] + HELD_PRIOR)
        fitted = np.exp(-summed(self.hazard, days))
        return np.asarray(FITTED_WEIGHT * fitted + (1 - FITTED_WEIGHT) * plain.mean(axis=-1))

    def none_between(self, first: int, end: int) -> Float:
        """Return the probability of no event from a day ahead to the day before another, (...)."""
        none = np.maximum(self.none(np.array([first, end], dtype=np.float64)), MIN_NO_EVENT_CHANCE)
        # With gamma distributed rates, no event before a window makes one in it less likely.
        rise = none[..., 1] ** (-1 / LATER_SHAPE) - none[..., 0] ** (-1 / LATER_SHAPE)
        none_by_memory = np.asarray((1 + rise) ** -LATER_SHAPE)
        if self.war is None:
            return none_by_memory
        return (1 - WAR_WEIGHT) * none_by_memory + WAR_WEIGHT * self.war.none(first, end)

    def at_least(self, number: int, first: int, end: int) -> Float:
        """Return the probability of so many events in the days from `first` to `end`, (...)."""
        if number <= 0:
            return np.ones(self.hazard.shape[:-1])
        some = 1 - self.none_between(first, end)
        fewer = _fewer_given_some(self._mean_between(first, end), self.shape, number)
        return np.asarray(some * (1 - fewer))

    def expected(self, first: int, end: int) -> Float:
        """Return the expected number of events in the days ahead from `first` to `end`, (...)."""
        mean = self._mean_between(first, end)
        return np.asarray(
            (1 - self.none_between(first, end)) * mean / _chance_of_some(mean, self.shape)
        )

    def quiet(self, days: int, first: int, end: int, run: int = 0) -> float:
        """Return the probability of so many quiet days in a row in the days ahead.

        Of a spell as long as the window it is that of no event. Rates are scaled so that the first
        so many days are quiet with the probability of no event in them.

        Parameters
        ----------
        days : int
            Length of the quiet spell.
        first, end : int
            Days ahead: the spell lies between them.
        run : int
            Days without an event up to the first day that count as part of it.
        """
        if self.hazard.ndim > 1:
            raise ValueError("hazard: expected one curve, not draws")
        if days - run >= end - first:
            return float(self.none_between(first, end))
        plain = replace(self, war=None)
        ahead = np.arange(first, end + 1, dtype=np.float64)
        daily = np.maximum(np.diff(summed(self.daily, ahead)), MIN_EXPECTED)
        none_at_first = float(plain.none_between(first, first + days))
        scaled = daily * _scale(daily[:days].sum(), none_at_first)
        by_memory = _chance_of_spell(scaled[None], QUIET_SHAPE, days, run)
        if self.war is None:
            return by_memory
        in_war = _chance_of_spell(self.war.by_day(end)[:, first:], self.war.events, days, run)
        return (1 - WAR_WEIGHT) * by_memory + WAR_WEIGHT * in_war

    def _mean_between(self, first: int, end: int) -> Float:
        """Return the expected number of events, by memories and war, (...)."""
        total = summed(self.daily, np.array([first, end], dtype=np.float64))
        mean = np.maximum(total[..., 1] - total[..., 0], MIN_EXPECTED)
        if self.war is None:
            return mean
        return np.asarray((1 - WAR_WEIGHT) * mean + WAR_WEIGHT * self.war.mean(first, end).mean())


def _scale(mean: float, none: float) -> float:
    """Return the factor of an expected number that gives a probability of no event.

    Rates are gamma distributed.
    """
    return float(QUIET_SHAPE * (max(none, MIN_NO_EVENT_CHANCE) ** (-1 / QUIET_SHAPE) - 1) / mean)


def _chance_of_spell(rates: Float, shape: float, days: int, run: int) -> float:
    """Return the probability of a quiet spell at events per day, (case, day).

    The rates vary together by a gamma distribution.
    """
    frailty = _gamma_rates(shape)
    event_chance = -np.expm1(-frailty[:, None, None] * rates)
    by_row = event_chance.reshape(-1, event_chance.shape[-1])
    return float(np.mean(spell_chance(by_row, days, min(run, days))))


def summed(rate: Float, days: Float) -> Float:
    """Return the sum of a rate by lead over the days up to some, (..., day)."""
    total = np.zeros((*rate.shape[:-1], len(days)))
    for lead, (first, end) in enumerate(pairwise((*LEADS[:-1], MAX_DAYS_AHEAD))):
        total += rate[..., lead, None] * np.clip(days - first, 0, end - first)
    return total


def _chance_of_some(mean: Float, shape: float) -> Float:
    """Return the probability of an event by a negative binomial distribution."""
    return np.asarray(-np.expm1(-shape * np.log1p(mean / shape)))


def _fewer_given_some(mean: Float, shape: float, number: int) -> Float:
    """Return the probability of fewer events than a number, given at least one."""
    chance_of_one = np.exp(-shape * np.log1p(mean / shape)) * shape * mean / (mean + shape)
    chance = chance_of_one / _chance_of_some(mean, shape)  # of exactly `count` events
    total = np.zeros_like(mean)
    for count in range(1, number):
        total = total + chance
        chance = chance * (count + shape) / (count + 1) * mean / (mean + shape)
    return np.minimum(total, 1.0)


def _gamma_rates(shape: float) -> Float:
    """Return equally likely rates of a gamma distribution with mean one."""
    from scipy.special import gammaincinv

    probability = (np.arange(FRAILTIES) + 0.5) / FRAILTIES
    rates = gammaincinv(shape, probability) / shape
    return np.asarray(rates / rates.mean())


def spell_chance(event_chance: Float, days: int, run: int) -> Float:
    """Return the probability of a spell of so many days without an event, (row,).

    `event_chance` is that of an event on each day, (row, day), and `run` the days without one
    before the first.
    """
    if run >= days:
        return np.ones(len(event_chance))
    # Probability of each length of the current spell, while none has been long enough
    by_length = np.zeros((len(event_chance), days))
    by_length[:, run] = 1.0
    long_enough = np.zeros(len(event_chance))
    for event in event_chance.T:
        broken = by_length.sum(axis=1) * event
        long_enough += by_length[:, -1] * (1 - event)
        by_length[:, 1:] = by_length[:, :-1] * (1 - event)[:, None]
        by_length[:, 0] = broken
    return long_enough


def curve_of(
    hazard: Float, held: Float, exposure: Float, added: Float, shape: float
) -> HazardCurve:
    """Return the curve of a forecast date.

    `held` and `exposure` are of all memories, (..., memory); `added` is what the rate of each adds
    to the expected number, (lead, memory).
    """
    mixed = [MEMORIES.index(length) for length in MIXED]
    daily = ((held + HELD_PRIOR) / exposure) @ added.T
    return HazardCurve(hazard, held[..., mixed], exposure[..., mixed], daily, shape)
