"""Chance curve of a set: the probability of any number of events by any day, and of quiet days, from one hazard.

The probability of no event up to a day is a mean of two: of the fitted hazard, and of the rates that three memories
leave (a gamma distribution each). Both fall with every day, so that no longer window has a smaller probability.
Numbers beyond the first are negative binomial.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecast.hazards.memories import LEADS, MEMORIES, MIXED
from forecast.typing import Float

FITTED_WEIGHT = 0.7  # of the fitted hazard; the rest is that of plain memories (0.5 and 1 score worse to 2014)
HELD_PRIOR = 0.5  # events that a memory holds before any: Jeffreys' prior of a rate
LONGEST = 5 * 366  # days ahead for which there is a number
FRAILTIES = 24  # rates that stand for their distribution, where quiet days are counted
MOST_LOG = 3.0  # of the expected number of a day


@dataclass(frozen=True)
class Curve:
    """Chances of a set in the days ahead of a forecast date."""

    hazard: Float  # Events a day at each lead, (..., lead)
    held: Float  # Events that the `MIXED` memories hold, (memory,)
    exposure: Float  # Days that they are worth, (memory,)
    growth: float  # Expected number of events, as a multiple of the summed hazard
    shape: float  # Of the gamma distribution of rates: small where events come in bursts

    def summed(self, days: Float) -> Float:
        """Return the sum of the fitted hazard over the days up to some, (..., day)."""
        total = np.zeros((*self.hazard.shape[:-1], len(days)))
        for lead, (first, end) in enumerate(pairwise((*LEADS[:-1], LONGEST))):
            total += self.hazard[..., lead, None] * np.clip(days - first, 0, end - first)
        return total

    def none(self, days: Float) -> Float:
        """Return the probability of no event in the days up to some, (..., day)."""
        plain = (1 + days[:, None] / self.exposure) ** -(self.held + HELD_PRIOR)
        fitted = np.exp(-self.summed(days))
        return np.asarray(FITTED_WEIGHT * fitted + (1 - FITTED_WEIGHT) * plain.mean(axis=1))

    def mean(self, days: Float) -> Float:
        """Return the expected number of events in the days up to some, before it is made to agree with `none`."""
        plain = (days[:, None] * (self.held + HELD_PRIOR) / self.exposure).mean(axis=1)
        return np.asarray(self.growth * (FITTED_WEIGHT * self.summed(days) + (1 - FITTED_WEIGHT) * plain))

    def none_between(self, first: int, end: int) -> Float:
        """Return the probability of no event from a day ahead to the day before another, (...)."""
        none = self.none(np.array([first, end], dtype=np.float64))
        rise = none[..., 1] ** (-1 / self.shape) - none[..., 0] ** (-1 / self.shape)
        return np.asarray((1 + rise) ** -self.shape)

    def at_least(self, number: int, first: int, end: int) -> Float:
        """Return the probability of so many events from a day ahead to the day before another, (...)."""
        if number <= 0:
            return np.ones(self.hazard.shape[:-1])
        some = 1 - self.none_between(first, end)
        mean = self._mean_between(first, end)
        return np.asarray(some * _reached(mean, self.shape, number) / _reached(mean, self.shape, 1))

    def expected(self, first: int, end: int) -> Float:
        """Return the expected number of events from a day ahead to the day before another, (...)."""
        mean = self._mean_between(first, end)
        return np.asarray((1 - self.none_between(first, end)) * mean / _reached(mean, self.shape, 1))

    def _mean_between(self, first: int, end: int) -> Float:
        mean = self.mean(np.array([first, end], dtype=np.float64))
        return np.maximum(mean[..., 1] - mean[..., 0], 1e-9)


def _reached(mean: Float, shape: float, number: int) -> Float:
    """Return the probability of at least so many events of a negative binomial distribution."""
    from scipy.special import betainc

    return np.asarray(betainc(number, shape, mean / (mean + shape)))


def curve_of(
    hazard: Float, held: Float, exposure: Float, growth: float, shape: float
) -> Curve:
    """Return the curve of a forecast date; `held` and `exposure` are of all memories."""
    mixed = [MEMORIES.index(length) for length in MIXED]
    return Curve(hazard, held[mixed], exposure[mixed], growth, shape)
