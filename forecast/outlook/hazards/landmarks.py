"""Forecast dates of all pairs, with the covariates of a set and what happened after each.

They are the data of a fit. Neighbouring forecast dates see the same events, so that each counts for
its share of the span ahead; older ones count for less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecast.base.typing import Bool, Float, Index
from forecast.data.events.sets import EventSet
from forecast.outlook.hazards.memories import COVARIATES, LEADS, Covariates, EventDays, PairRecord

# Days between forecast dates of the fit
STEP = 14
# Days after which a forecast date counts half (8, 15 and 40 years score worse to 2014)
HALF_LIFE = 25 * 365.25
# Days from the start of a pair's record to its first forecast date
FIRST_DATE = 365
# Events of a set in all pairs before any is counted, so that its rate is above zero
RATE_PRIOR = 0.5
# Spread of a covariate, which is divided by it
MIN_SPREAD = 1e-6
# Name under which what is fitted to all sets stands
OF_ALL = ""
# Covariates that differ between sets, and keep their unit
BY_SET = ("meetings announced", "season")
# Place of the level among the coefficients: after the covariates, and before the pairs
LEVEL = len(COVARIATES)


@dataclass(frozen=True)
class Landmarks:
    """Forecast dates of all pairs with the covariates of a set."""

    days: Index  # Forecast dates, days from 1970, (row,)
    end: Index  # First day after coverage, (row,)
    pair: Index  # Number of the pair, (row,)
    base: Float  # Log of the mean rate of three memories, (row,)
    covariates: Float  # (lead, row, covariate)
    wait: Float  # Days to the next event, (row,)
    counts: Float  # Events of the days ahead up to each lead, (lead, row)
    rates: Float  # Of each memory, events per day, (memory, row)

    @classmethod
    def of(cls, pairs: Sequence[PairRecord], ends: Sequence[int], wanted: EventSet) -> "Landmarks":
        """Return forecast dates of some pairs: every fortnight from a year after their start.

        `ends` are the first days after coverage, by pair.
        """
        events = [pair.of_set(wanted) for pair in pairs]
        overall = overall_rate(events, pairs, ends)
        parts = [
            cls._of_pair(pair, number, of_set, end, overall)
            for number, (pair, of_set, end) in enumerate(zip(pairs, events, ends, strict=True))
        ]
        return cls(
            days=np.concatenate([part.days for part in parts]),
            end=np.concatenate([part.end for part in parts]),
            pair=np.concatenate([part.pair for part in parts]),
            base=np.concatenate([part.base for part in parts]),
            covariates=np.concatenate([part.covariates for part in parts], axis=1),
            wait=np.concatenate([part.wait for part in parts]),
            counts=np.concatenate([part.counts for part in parts], axis=1),
            rates=np.concatenate([part.rates for part in parts], axis=1),
        )

    @classmethod
    def _of_pair(
        cls, pair: PairRecord, number: int, of_set: EventDays, end: int, overall: float
    ) -> "Landmarks":
        """Return the forecast dates of one pair; `overall` is the rate of the set in all pairs."""
        days = np.arange(pair.start + FIRST_DATE, end, STEP)
        covariates = Covariates.of(pair, of_set, days, overall)
        return cls(
            days=days,
            end=np.full(len(days), end),
            pair=np.full(len(days), number),
            base=covariates.base,
            covariates=np.stack([covariates.at_lead(*span) for span in pairwise(LEADS)]),
            wait=of_set.wait(days),
            counts=np.array([of_set.between(days, days + lead) for lead in LEADS[1:]]),
            rates=covariates.rates,
        )

    def observed(self, ahead: int, before: int) -> Bool:
        """Mark the rows whose days ahead ended before a day and inside coverage, (row,)."""
        return np.asarray(self.days + ahead <= np.minimum(self.end, before))

    def weights(self, rows: Index, span: int, before: int) -> Float:
        """Return the share of a span of days for which each row stands, less the older it is."""
        age = before - self.days[rows]
        return np.asarray(min(1.0, STEP / span) * 0.5 ** (age / HALF_LIFE))


def overall_rate(
    events: Sequence[EventDays], pairs: Sequence[PairRecord], ends: Sequence[int]
) -> float:
    """Return the events per day of a set in all pairs together."""
    covered = sum(max(end - pair.start, 1) for pair, end in zip(pairs, ends, strict=True))
    return float((sum(of_pair.number.sum() for of_pair in events) + RATE_PRIOR) / covered)


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation of each covariate, by which it is standardised at all leads."""

    mean: Float
    sd: Float

    def apply(self, covariates: Float) -> Float:
        """Return standardised covariates; those of `BY_SET` keep their unit."""
        return np.asarray((covariates - self.mean) / self.sd)

    @classmethod
    def of(cls, by_set: Mapping[str, Landmarks], before: int) -> "Scaling":
        """Return the scaling by forecast dates before a day, in which all sets count alike."""
        first_lead = [
            landmarks.covariates[0][landmarks.days < before] for landmarks in by_set.values()
        ]
        mean = np.mean([covariates.mean(axis=0) for covariates in first_lead], axis=0)
        squares = [
            covariates.var(axis=0) + (covariates.mean(axis=0) - mean) ** 2
            for covariates in first_lead
        ]
        sd = np.sqrt(np.mean(squares, axis=0))
        keeps_unit = [name in BY_SET for name in COVARIATES]
        return cls(
            np.where(keeps_unit, 0.0, mean), np.where(keeps_unit, 1.0, np.maximum(sd, MIN_SPREAD))
        )
