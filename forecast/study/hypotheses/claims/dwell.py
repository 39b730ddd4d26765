"""Claim that no extreme lasts: the longer a dyad is in an extreme, the sooner it leaves (S5c).

A dyad's half-years are ordered by their cooperative share; the quarter with the lowest and the
quarter with the highest shares are its extremes. The hazard is the probability of leaving an
extreme in the next half-year. The test regresses the log-odds of leaving on the logarithm of the
half-years spent there. In walks this slope is negative, because a walk that has been in an extreme
for long is deep in it. So the recorded slope is compared with that of walks that turned back as
these dyads did (`forecast.study.hypotheses.matched_walks`). The claim is that it is larger; the
excess has a half-normal prior.
"""

import math
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import norm

from forecast.base.typing import Float, Index
from forecast.study.hypotheses.engine import Engine, PooledClaim
from forecast.study.hypotheses.levels import regress_realised_changes
from forecast.study.hypotheses.matched_walks import simulate_walks
from forecast.study.hypotheses.outcome import FactorRange, Outcome, Picture, Series
from forecast.study.hypotheses.record import PooledRecord

PERIOD_MONTHS = 6  # a half-year: shorter ones have too few events to place a share
# events, or values of an index; the share of a half-year with fewer is decided by one of them
MIN_HALF_YEAR_EVENTS = 3
EXTREME = 0.25  # share of a dyad's half-years in each extreme
MAX_HALF_YEARS_SPENT = 20  # half-years spent in an extreme; longer spells count as these
SLOPE_SD = 0.35  # prior of how much larger the slope is than that of walks, per log unit of time
# Prior of the regression, so that a set in which no spell ends, or each at once, has a slope
REGRESSION_SD = 3.0
STEPS = 25  # of Newton's method; the last ones change nothing
SETS = 200  # of matched walks
SETS_IN_BRIEF = 60  # on simulated records
# Side of a half-year
LOW_EXTREME = -1
BETWEEN = 0
HIGH_EXTREME = 1
UNKNOWN = 9  # too few events
# First and last number of half-years spent in an extreme, of each interval of the picture.
CLASSES = (
    (1, 1),
    (2, 2),
    (3, 4),
    (5, 8),
    (9, MAX_HALF_YEARS_SPENT),
)


def test_dwell(engine: Engine) -> Outcome:
    """Test S5c: compare the slope of the hazard with that of walks that turned back as far."""
    walks = simulate_walks(engine, SETS_IN_BRIEF if engine.brief else SETS)
    tables = np.array([count_spells(record) for record in (engine.record, *walks)])

    def factor_range(dyads: list[int] | None) -> FactorRange:
        dyads = engine.dyads_to_count(dyads)
        pooled = (tables if dyads is None else tables[:, dyads]).sum(axis=1)
        factor = log_bayes_factor(hazard_slopes(pooled), engine.width)
        return FactorRange(factor, factor)

    least = factor_range(None).least
    if engine.brief:
        return engine.outcome("dwell", factor_range, least, None, {})
    pooled = tables.sum(axis=1)
    slopes = hazard_slopes(pooled)
    details: dict[str, Any] = {
        "slope": float(slopes[0]),
        "slope_of_walks": tuple(np.quantile(slopes[1:], (0.05, 0.5, 0.95)).tolist()),
        "walks_as_large": float((slopes[1:] >= slopes[0]).mean()),
        "at_risk": int(pooled[0, 0].sum()),
        "left": int(pooled[0, 1].sum()),
        "changes": asdict(regress_realised_changes(engine, walks)),
    }
    return engine.outcome("dwell", factor_range, least, _picture(pooled), details)


def count_spells(record: PooledRecord) -> Index:
    """Count half-years in an extreme, and those after which the dyad left it, by time spent there.

    Shape (dyad, 2, half-years spent less one). A spell begins with its first half-year with enough
    events, and a half-year with too few events ends it.
    """
    return np.array([_count_spells_of_dyad(sides) for sides in _sides_by_half_year(record)])


def _sides_by_half_year(record: PooledRecord) -> Index:
    """Return the side of every dyad in every half-year, (dyad, half-year)."""
    months = record.events.shape[1] // PERIOD_MONTHS * PERIOD_MONTHS
    shape = len(record.dyads), -1, PERIOD_MONTHS
    number = np.abs(record.events[:, :months]).reshape(shape).sum(axis=2)
    if record.value is None:
        cooperative = record.cooperative[:, :months].reshape(shape).sum(axis=2)
        level = (cooperative + 1.0) / (number + 2.0)
    else:
        level = record.value[:, :months].reshape(shape).sum(axis=2) / np.maximum(number, 1)
    enough_events = number >= MIN_HALF_YEAR_EVENTS
    sides = np.full(number.shape, UNKNOWN)
    for dyad, enough in enumerate(enough_events):
        if not enough.any():
            continue
        shares = level[dyad, enough]
        low, high = np.quantile(shares, (EXTREME, 1.0 - EXTREME))
        sides[dyad, enough] = np.select(
            [shares > high, shares < low], [HIGH_EXTREME, LOW_EXTREME], BETWEEN
        )
    return sides


def _count_spells_of_dyad(sides: Index) -> Index:
    """Count the spells of one dyad, (2, half-years spent less one)."""
    counts = np.zeros((2, MAX_HALF_YEARS_SPENT), np.int64)
    spent = 0
    for side, after in pairwise(sides):
        if side in (BETWEEN, UNKNOWN):
            spent = 0
            continue
        spent = min(spent + 1, MAX_HALF_YEARS_SPENT)
        if after == UNKNOWN:
            spent = 0
            continue
        counts[0, spent - 1] += 1
        counts[1, spent - 1] += after != side
        if after != side:
            spent = 0
    return counts


def hazard_slopes(tables: Index) -> Float:
    """Return the slope of the log-odds of leaving on the logarithm of the time spent, (set,).

    ``tables`` are counts (set, 2, time). It is a logistic regression with an intercept, by Newton's
    method for all sets at once.
    """
    at_risk = tables[:, 0].astype(np.float64)
    leaving = tables[:, 1].astype(np.float64)
    time = np.log(np.arange(1, MAX_HALF_YEARS_SPENT + 1))
    design = np.stack([np.ones(MAX_HALF_YEARS_SPENT), time], axis=1)
    coefficients = np.zeros((len(tables), 2))
    precision = np.eye(2) / REGRESSION_SD**2
    for _ in range(STEPS):
        hazard = 1.0 / (1.0 + np.exp(-coefficients @ design.T))
        gradient = (leaving - at_risk * hazard) @ design - coefficients @ precision
        weight = at_risk * hazard * (1.0 - hazard)
        curvature = np.einsum("st,ta,tb->sab", weight, design, design) + precision
        coefficients += np.linalg.solve(curvature, gradient[..., None])[..., 0]
    return np.asarray(coefficients[:, 1])


def log_bayes_factor(slopes: Float, width: float = 1.0) -> float:
    """Return the log Bayes factor of a slope larger than that of walks.

    The first slope is the recorded one, and the others are those of walks, which are normal. The
    prior of the excess is half-normal with a scale of `SLOPE_SD` times `width`.
    """
    recorded, walks = float(slopes[0]), slopes[1:]
    error = float(walks.std(ddof=1))
    excess = recorded - float(walks.mean())
    prior = SLOPE_SD * width
    wide = math.hypot(error, prior)
    positive = float(norm.logcdf(excess * prior / (error * wide)))
    with_claim = math.log(2.0) + float(norm.logpdf(excess, scale=wide)) + positive
    return with_claim - float(norm.logpdf(excess, scale=error))


def _picture(tables: Index) -> Picture:
    """Return the hazard by time spent, of the recorded data and of walks."""
    hazards = np.array(
        [
            tables[:, 1, first - 1 : last].sum(axis=1)
            / np.maximum(tables[:, 0, first - 1 : last].sum(axis=1), 1)
            for first, last in CLASSES
        ]
    )
    low, middle, high = np.quantile(hazards[:, 1:], (0.05, 0.5, 0.95), axis=1)
    names = tuple(
        f"{0.5 * first:g}" + (f" to {0.5 * last:g}" if last > first else "")
        for first, last in CLASSES
    )
    walks = Series("walks alike", names, tuple(middle), tuple(low), tuple(high))
    recorded = Series("recorded", names, tuple(hazards[:, 0]))
    return Picture(
        "Chance of leaving an extreme within half a year, by the years already spent there",
        "years spent in the extreme",
        "chance of leaving",
        "intervals",
        (recorded, walks),
    )


DWELLING = PooledClaim(
    "S5c",
    "Does no extreme last?",
    "the longer a dyad is in an extreme, the likelier it leaves, beyond what walks do",
    test_dwell,
    usual=False,
)
