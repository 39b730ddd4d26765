"""No extreme state lasts: the longer a dyad has been in an extreme, the sooner it leaves (S5c).

The claim in the words of the essay. A dyad's half-years are ordered by their cooperative share; the
quarter with the lowest and the quarter with the highest shares are its extremes. The hazard is the
chance of leaving an extreme in the next half-year, and its slope that of the log-odds of leaving on
the logarithm of the half-years already spent there. In walks the slope is negative: a walk that has
been in an extreme for long is deep in it. So the recorded slope is compared with that of walks that
turned back as these dyads did (`forecast.study.hypotheses.alike`): is it larger, by an amount that
is half-normal before the data, or not?
"""

import math
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import norm

from forecast.base.typing import Float, Index
from forecast.study.hypotheses.alike import walks_alike
from forecast.study.hypotheses.engine import Engine, PooledClaim
from forecast.study.hypotheses.levels import realised_on_predicted
from forecast.study.hypotheses.outcome import Outcome, Picture, Series
from forecast.study.hypotheses.record import PooledRecord

PERIOD_MONTHS = 6  # a half-year: shorter ones have too few events to place a share
# events, or values of an index; the share of a half-year with fewer is decided by one of them
MIN_HALF_YEAR_EVENTS = 3
EXTREME = 0.25  # share of a dyad's half-years in each extreme
LONGEST = 20  # half-years spent in an extreme; longer spells count as these
SLOPE_SD = 0.35  # prior of how much larger the slope is than that of walks, per log unit of time
# Prior of the regression, so that a set in which no spell ends, or each at once, has a slope
REGRESSION_SD = 3.0
STEPS = 25  # of Newton's method; the last ones change nothing
SETS = 200  # of walks alike
SETS_IN_BRIEF = 60  # on simulated records
UNKNOWN = 9  # side of a half-year with too few events
CLASSES = ((1, 1), (2, 2), (3, 4), (5, 8), (9, LONGEST))  # half-years spent, for the picture


def test_dwell(engine: Engine) -> Outcome:
    """Compare the slope of the hazard of leaving an extreme with that of walks.

    These walks turned back alike.
    """
    alike = walks_alike(engine, SETS_IN_BRIEF if engine.brief else SETS)
    tables = np.array([spells(record) for record in (engine.record, *alike)])

    def factor(dyads: list[int] | None) -> tuple[float, float]:
        counted = engine.counted(dyads)
        pooled = (tables if counted is None else tables[:, counted]).sum(axis=1)
        value = log_bayes_factor(hazard_slopes(pooled), engine.width)
        return value, value

    least, _ = factor(None)
    if engine.brief:
        return engine.outcome("dwell", factor, least, None, {})
    pooled = tables.sum(axis=1)
    slopes = hazard_slopes(pooled)
    details: dict[str, Any] = {
        "slope": float(slopes[0]),
        "slope_of_walks": tuple(np.quantile(slopes[1:], (0.05, 0.5, 0.95)).tolist()),
        "walks_as_large": float((slopes[1:] >= slopes[0]).mean()),
        "at_risk": int(pooled[0, 0].sum()),
        "left": int(pooled[0, 1].sum()),
        "changes": asdict(realised_on_predicted(engine, alike)),
    }
    return engine.outcome("dwell", factor, least, _picture(pooled), details)


def spells(record: PooledRecord) -> Index:
    """Count half-years in an extreme, and those after which the dyad left it, by time spent there.

    Shape (dyad, 2, half-years spent less one). Time spent counts from the first half-year of the
    spell that has enough events; a half-year with too few ends what is known of a spell.
    """
    return np.array([_spells_of(side) for side in _sides(record)])


def _sides(record: PooledRecord) -> Index:
    """Return where every dyad was in every half-year.

    It is -1 in the low extreme, 1 in the high, else 0, and 9 if unknown.
    """
    months = record.events.shape[1] // PERIOD_MONTHS * PERIOD_MONTHS
    shape = len(record.dyads), -1, PERIOD_MONTHS
    number = np.abs(record.events[:, :months]).reshape(shape).sum(axis=2)
    if record.value is None:
        cooperative = record.cooperative[:, :months].reshape(shape).sum(axis=2)
        level = (cooperative + 1.0) / (number + 2.0)
    else:
        level = record.value[:, :months].reshape(shape).sum(axis=2) / np.maximum(number, 1)
    known_half_years = number >= MIN_HALF_YEAR_EVENTS
    sides = np.full(number.shape, UNKNOWN)
    for dyad, chosen in enumerate(known_half_years):
        if not chosen.any():
            continue
        shares = level[dyad, chosen]
        low, high = np.quantile(shares, (EXTREME, 1.0 - EXTREME))
        sides[dyad, chosen] = (shares > high).astype(np.int64) - (shares < low)
    return sides


def _spells_of(sides: Index) -> Index:
    """Count the spells of one dyad, (2, half-years spent less one)."""
    counts = np.zeros((2, LONGEST), np.int64)
    spent = 0
    for side, after in pairwise(sides):
        if side in (0, UNKNOWN):
            spent = 0
            continue
        spent = min(spent + 1, LONGEST)
        if after == UNKNOWN:
            spent = 0
            continue
        counts[0, spent - 1] += 1
        counts[1, spent - 1] += after != side
        if after != side:
            spent = 0
    return counts


def hazard_slopes(tables: Index) -> Float:
    """Return the slope of the log-odds of leaving on the logarithm of time spent.

    There is one for each table (set, 2, time).

    A logistic regression with an intercept, by Newton's method, all sets at once.
    """
    at_risk, left = tables[:, 0].astype(np.float64), tables[:, 1].astype(np.float64)
    time = np.log(np.arange(1, LONGEST + 1))
    design = np.stack([np.ones(LONGEST), time], axis=1)
    coefficients = np.zeros((len(tables), 2))
    precision = np.eye(2) / REGRESSION_SD**2
    for _ in range(STEPS):
        hazard = 1.0 / (1.0 + np.exp(-coefficients @ design.T))
        gradient = (left - at_risk * hazard) @ design - coefficients @ precision
        weight = at_risk * hazard * (1.0 - hazard)
        curvature = np.einsum("st,ta,tb->sab", weight, design, design) + precision
        coefficients += np.linalg.solve(curvature, gradient[..., None])[..., 0]
    return np.asarray(coefficients[:, 1])


def log_bayes_factor(slopes: Float, width: float = 1.0) -> float:
    """Return the log Bayes factor of a slope larger than that of walks.

    The first slope is the recorded one.

    Slopes of walks are normal. The excess is half-normal, with a standard deviation of `SLOPE_SD`
    times `width`.
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
    """Draw the hazard by time spent, recorded and of walks."""
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
