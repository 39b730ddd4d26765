"""Fit of the hazards: complementary log-log regressions by set and lead.

They are partially pooled over sets and pairs.

On each forecast date, and for each span of days ahead, the first event either falls into the span
or does not, given that none came before it. Its log-hazard is the log of the mean rate of three
memories, plus a linear function of the covariates. The priors are Gaussian: coefficients of a set
around those of all sets, those of pairs around zero. The posterior is approximated at its mode
(Laplace). Neighbouring forecast dates see the same events, so that each counts for its share of the
span; older ones count for less.

References
----------
Allison (1982), Discrete-time methods for the analysis of event histories, doi:10.2307/270718; van
Houwelingen (2007), Dynamic prediction by landmarking in event history analysis,
doi:10.1111/j.1467-9469.2006.00529.x
"""

from collections.abc import Callable, Mapping, Sequence
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
# Prior precision of the coefficients of all sets, around zero
POOLED_PRECISION = 1.0
# Prior precision of a set's coefficients, around those of all sets (5, 20, 100 and 300 score alike
# or worse to 2014)
SET_PRECISION = 50.0
# The same for announced meetings and the season, which differ between sets
SEASON_PRECISION = 10.0
# Prior precision of the effects of pairs, around zero
PAIR_PRECISION = 20.0
# Prior precision of the level of a set, around that of all sets
LEVEL_PRECISION = 0.5
# Events of a set; one with fewer has no coefficients of its own, and takes those of all sets
MIN_SET_EVENTS = 30
# One in so many forecast dates enters the fit of all sets, for speed
POOLED_EVERY = 4
NEWTON_STEPS = 40
# Change of the log-posterior below which the mode is found
TOLERANCE = 1e-6
# Shrinkage of what memories add to the expected number, to that of all sets
RATE_SHRINKAGE = 0.25
# Logarithm of the expected number of events in a span; beyond it an event is certain
MAX_LOG_EXPECTED = 4.0
# Posterior draws kept for the interval of a probability
DRAWS = 12
RESERVED = ("meetings announced", "season")
N_COVARIATES = len(COVARIATES)


@dataclass(frozen=True)
class Landmarks:
    """Forecast dates of all pairs with the covariates of a set: the data of a fit."""

    days: Index  # Forecast dates, days from 1970, (row,)
    end: Index  # First day after coverage, (row,)
    pair: Index  # Number of the pair, (row,)
    base: Float  # (row,)
    covariates: Float  # (lead, row, covariate)
    wait: Float  # Days to the next event, (row,)
    counts: Float  # Events of the days ahead up to each lead, (lead, row)
    rates: Float  # Of each memory, events per day, (memory, row)

    @classmethod
    def of(cls, pairs: Sequence[PairRecord], ends: Sequence[int], wanted: EventSet) -> "Landmarks":
        """Return forecast dates of some pairs: every fortnight from a year after their start."""
        events = [pair.of_set(wanted) for pair in pairs]
        days = [
            np.arange(pair.start + 365, end, STEP) for pair, end in zip(pairs, ends, strict=True)
        ]
        overall = overall_rate(events, pairs, ends)
        covariates = [
            Covariates.of(pair, each, days_of_pair, overall)
            for pair, each, days_of_pair in zip(pairs, events, days, strict=True)
        ]
        leads = [
            np.concatenate([each.at_lead(*lead) for each in covariates]) for lead in pairwise(LEADS)
        ]
        counts = [
            [
                each.between(days_of_pair, days_of_pair + lead)
                for each, days_of_pair in zip(events, days, strict=True)
            ]
            for lead in LEADS[1:]
        ]
        return cls(
            days=np.concatenate(days),
            end=np.repeat(
                np.array(ends, dtype=np.int64), [len(days_of_pair) for days_of_pair in days]
            ),
            pair=np.repeat(np.arange(len(pairs)), [len(days_of_pair) for days_of_pair in days]),
            base=np.concatenate([each.base for each in covariates]),
            covariates=np.stack(leads),
            wait=np.concatenate(
                [each.wait(days_of_pair) for each, days_of_pair in zip(events, days, strict=True)]
            ),
            counts=np.array([np.concatenate(by_pair) for by_pair in counts]),
            rates=np.concatenate([each.rates for each in covariates], axis=1),
        )


def fit_rates(by_set: Mapping[str, Landmarks], before: int) -> dict[str, Float]:
    """Return each memory's part of the expected events per day, by set: (lead, memory).

    Least squares with weights above zero, of what happened before a day: the expected number at a
    lead, unlike the hazard, is not conditional on quiet before it. Those of a set are shrunk to
    those of all sets (under the empty name).
    """
    from scipy.optimize import nnls

    result: dict[str, list[Float]] = {name: [] for name in ("", *by_set)}
    for lead, (first, end) in enumerate(pairwise(LEADS)):
        squares = {}
        products = {}
        for name, landmarks in by_set.items():
            rows = (landmarks.days + end <= np.minimum(landmarks.end, before)).nonzero()[0]
            earlier = landmarks.counts[lead - 1, rows] if lead else 0.0
            number = (landmarks.counts[lead, rows] - earlier) / (end - first)
            rates = landmarks.rates[:, rows]
            spread = rates.mean(axis=0) / (end - first)
            weight = _weights(landmarks.days[rows], end - first, before) / spread
            squares[name] = (rates * weight) @ rates.T
            products[name] = (rates * weight) @ number
        middle = np.mean(list(squares.values()), axis=0)
        common = _above_zero(nnls, middle, np.mean(list(products.values()), axis=0))
        result[""].append(common)
        for name in by_set:
            square = squares[name] + RATE_SHRINKAGE * middle
            result[name].append(
                _above_zero(nnls, square, products[name] + RATE_SHRINKAGE * middle @ common)
            )
    return {name: np.array(leads) for name, leads in result.items()}


def _above_zero(nnls: Callable[..., tuple[Float, float]], square: Float, product: Float) -> Float:
    """Return the weights, none below zero, that solve the normal equations of least squares."""
    root = np.linalg.cholesky(square + 1e-9 * np.trace(square) * np.eye(len(square)))
    return nnls(root.T, np.linalg.solve(root, product))[0]


def overall_rate(
    events: Sequence[EventDays], pairs: Sequence[PairRecord], ends: Sequence[int]
) -> float:
    """Return the events per day of a set in all pairs together."""
    covered = sum(max(end - pair.start, 1) for pair, end in zip(pairs, ends, strict=True))
    return float((sum(each.number.sum() for each in events) + 0.5) / covered)


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of each covariate, by which it is standardised at all leads."""

    middle: Float
    spread: Float

    def apply(self, covariates: Float) -> Float:
        """Return standardised covariates; the last two keep their unit."""
        return np.asarray((covariates - self.middle) / self.spread)

    @classmethod
    def of(cls, by_set: Mapping[str, Landmarks], before: int) -> "Scaling":
        """Return the scaling by forecast dates before a day."""
        first = [landmarks.covariates[0][landmarks.days < before] for landmarks in by_set.values()]
        middle = np.mean([covariates.mean(axis=0) for covariates in first], axis=0)
        spread = np.sqrt(
            np.mean(
                [
                    covariates.var(axis=0) + (covariates.mean(axis=0) - middle) ** 2
                    for covariates in first
                ],
                axis=0,
            )
        )
        reserved = [name in RESERVED for name in COVARIATES]
        return cls(
            np.where(reserved, 0.0, middle), np.where(reserved, 1.0, np.maximum(spread, 1e-6))
        )


@dataclass(frozen=True)
class Fitted:
    """Coefficients at one lead: of the covariates, the level, and the pairs."""

    mean: Float  # (covariate + 1 + pair,)
    draws: Float  # (draw, covariate + 1 + pair)


def posterior_mode(
    design: Float, happened: Bool, offset: Float, weight: Float, precision: Float, prior: Float
) -> tuple[Float, Float]:
    """Return mode and precision matrix of a complementary log-log regression.

    Its prior is Gaussian.

    Parameters
    ----------
    design : array, (row, coefficient)
    happened : array of bool, (row,)
    offset : array, (row,)
        Log of the expected number without the linear function.
    weight : array, (row,)
    precision, prior : array, (coefficient,)
        Of the Gaussian prior, and its mean.
    """

    def log_posterior(coefficients: Float) -> float:
        expected = np.exp(np.clip(offset + design @ coefficients, -30, MAX_LOG_EXPECTED))
        fit = np.where(happened, np.log(-np.expm1(-expected)), -expected)
        return float(weight @ fit - 0.5 * precision @ (coefficients - prior) ** 2)

    coefficients = prior.copy()
    now = log_posterior(prior)
    for _ in range(NEWTON_STEPS):
        expected = np.exp(np.clip(offset + design @ coefficients, -30, MAX_LOG_EXPECTED))
        ratio = expected / np.expm1(expected)
        slope = np.where(happened, ratio, -expected)
        bend = np.where(happened, ratio * (expected / -np.expm1(-expected) - 1), expected)
        gradient = design.T @ (weight * slope) - precision * (coefficients - prior)
        curvature = (design * (weight * bend)[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (after := log_posterior(coefficients + size * step)) < now and size > 1e-3:
            size /= 2
        coefficients = coefficients + size * step
        if abs(after - now) < TOLERANCE:
            break
        now = after
    return coefficients, curvature


def fit_hazards(
    by_set: Mapping[str, Landmarks], pairs: int, before: int, *, draws: bool = False, seed: int = 1
) -> tuple[Scaling, dict[str, list[Fitted]]]:
    """Fit all sets to what had happened before a day.

    Parameters
    ----------
    by_set : mapping of str to Landmarks
        Forecast dates by name of the set.
    pairs : int
        Number of pairs.
    before : int
        Day from 1970; windows that end later are left out.
    draws : bool
        Whether to draw from the posterior.
    seed : int

    Returns
    -------
    Scaling
    dict of str to list of Fitted
        By set and lead; under the empty name the coefficients of all sets.
    """
    scaling = Scaling.of(by_set, before)
    names = list(by_set)
    result: dict[str, list[Fitted]] = {name: [] for name in ("", *names)}
    random = np.random.default_rng(seed)
    for lead, (first, end) in enumerate(pairwise(LEADS)):
        rows = {name: _at_risk(by_set[name], first, end, before) for name in names}
        designs = {name: scaling.apply(by_set[name].covariates[lead][rows[name]]) for name in names}
        happened = {name: by_set[name].wait[rows[name]] < end for name in names}
        offsets = {name: by_set[name].base[rows[name]] + np.log(end - first) for name in names}
        weights = {
            name: _weights(by_set[name].days[rows[name]], end - first, before) for name in names
        }
        thinned = slice(None, None, POOLED_EVERY)
        sampled = [designs[name][thinned] for name in names]
        level_of = np.repeat(
            np.eye(len(names)), [len(rows_of_set) for rows_of_set in sampled], axis=0
        )
        size = N_COVARIATES + len(names)
        pooled, _ = posterior_mode(
            np.column_stack([np.concatenate(sampled), level_of]),
            np.concatenate([happened[name][thinned] for name in names]),
            np.concatenate([offsets[name][thinned] for name in names]),
            np.concatenate([weights[name][thinned] for name in names]) * POOLED_EVERY,
            np.full(size, POOLED_PRECISION),
            np.zeros(size),
        )
        common = np.concatenate(
            [pooled[:N_COVARIATES], [pooled[N_COVARIATES:].mean()], np.zeros(pairs)]
        )
        for name, level in zip(names, pooled[N_COVARIATES:], strict=True):
            prior = common.copy()
            precision = _precision(pairs)
            prior[N_COVARIATES] = level
            of_pair = np.eye(pairs)[by_set[name].pair[rows[name]]]
            design = np.column_stack([designs[name], np.ones(len(rows[name])), of_pair])
            mode, curvature = posterior_mode(
                design, happened[name], offsets[name], weights[name], precision, prior
            )
            result[name].append(
                Fitted(mode, _draw(mode, curvature, random) if draws else mode[None])
            )
        around = _around([result[name][lead].mean for name in names], common)
        result[""].append(
            Fitted(common, common + random.normal(size=(DRAWS, len(common))) * around)
        )
    return scaling, result


def _at_risk(landmarks: Landmarks, first: int, end: int, before: int) -> Index:
    """Return the rows whose span ended before a day and inside coverage.

    No event may be before the span.
    """
    whole = (landmarks.days + end <= np.minimum(landmarks.end, before)) & (landmarks.wait >= first)
    return np.flatnonzero(whole)


def _weights(days_of_forecast: Index, days: int, before: int) -> Float:
    """Return the share of its span that each forecast date stands for, less the older it is."""
    return np.asarray(min(1.0, STEP / days) * 0.5 ** ((before - days_of_forecast) / HALF_LIFE))


def _precision(pairs: int) -> Float:
    """Return the precision of the prior of a set."""
    of_covariates = [SEASON_PRECISION if name in RESERVED else SET_PRECISION for name in COVARIATES]
    return np.array([*of_covariates, LEVEL_PRECISION, *[PAIR_PRECISION] * pairs])


def _draw(mode: Float, curvature: Float, random: np.random.Generator) -> Float:
    """Draw from the Gaussian at a mode."""
    root = np.linalg.cholesky(np.linalg.inv(curvature))
    return np.asarray(mode + random.normal(size=(DRAWS, len(mode))) @ root.T)


def _around(modes: Sequence[Float], common: Float) -> Float:
    """Return how much sets differ from the coefficients of all, and pairs by their prior."""
    spread = np.std(np.array(modes) - common, axis=0)
    spread[N_COVARIATES + 1 :] = PAIR_PRECISION**-0.5
    return spread
