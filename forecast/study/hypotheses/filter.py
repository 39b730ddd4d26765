"""Assumed-density filter: likelihood of a dyad's counts at points of a model's parameters.

The level of a dyad in a month is ``trend + cycle + coefficient * relative event count``, in
log-odds. The trend returns to a long-run mean or walks; the coefficient and the mean are unknown
and part of the state. The number of cooperative among a month's events is beta-binomial around the
level with month-specific noise. Each month updates the state by the first two moments of its level,
from Gauss-Hermite nodes; between months the state is Gaussian.

A further variable of the state is either the trend at the start of an era or the offset of a
source. A trend under a ceiling, between bounds or with growing reversion is moved by a force, which
is linearised in the same way.

`filter_steps`, the last function, runs through the months of all dyads; read it first. Points go
through the same months in blocks, each a record of arrays with a lane per point. The compiler turns
loops over lanes into vector instructions, because it knows their length, and unrolls loops over
nodes. It may not change the order of sums: a lane that is not computed by vectors would have other
digits.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import norm

from forecast.base.typing import Float, Index
from forecast.model.kernels import built_in, kernel
from forecast.model.process import transition
from forecast.model.process.ceiling import SOFTNESS

# Prior of a dyad's long-run mean, log-odds; `evidence.with_mean_sd` replaces its spread.
MEAN = 0.3
MEAN_SD = 1.2
NOISE_SD = 0.22  # of the month-specific noise, log-odds: the centre of its prior in forecasts

# Parameters of a point, one column each; variances end in 2.
PARAMETERS = (
    "retention",  # of the trend, over a month
    "step2",  # of the trend's monthly steps
    "cycle_retention",  # over a month
    "cycle2",  # of the cycle, in the long run
    "start2",  # of the trend at a dyad's first event
    "mean2",  # of the long-run mean
    "volume",  # prior mean of the coefficient of the relative event count
    "volume2",
    "jump2",  # of the trend's jump where an era begins
    "concentration",  # of the beta distribution of a month's share
    "offset2",  # of a source's offset
    "push",  # what an impulse adds to the cycle
    "occasion",  # what an occasion adds to the level
    "force",  # on the trend, one of `FORCES`
    "size",  # of the force
    "memory",  # order of integration of long memory
    "noise2",  # of a month's noise under long memory
)
COLUMN = {name: column for column, name in enumerate(PARAMETERS)}

# What an anchor does in a month: it puts a ceiling above the trend, or begins a source or a mean.
SET_CEILING = 1
NEW_SOURCE = 2
NEW_MEAN = 3

# Forces on the trend. The size of a ceiling is its height above the trend at an era's start, that
# of bounds their distance from the long-run mean, that of growing reversion by how much stronger it
# is one log-odds away than near the mean. A trend with long memory has no force (`memory`).
NO_FORCE = 0
CEILING = 1
BOUNDS = 2
GROWING = 3
LONG_MEMORY = 4
FORCES = {
    "none": NO_FORCE,
    "ceiling": CEILING,
    "bounds": BOUNDS,
    "growing": GROWING,
    "memory": LONG_MEMORY,
}
EDGE2 = SOFTNESS**2  # squared width of the soft edge of ceilings and bounds: that of forecasts
MAX_FORCE_MONTHS = 6  # months over which a force is taken as constant, because it varies slowly
# Share of the distance by which a force may move the trend over these months; else they are fewer.
MAX_FORCE_MOVE = 0.3
MAX_GROWING_MOVE = 0.1  # share of a distance by which growing reversion moves a trend in a month
MAX_VARIANCE_LOST = 0.9  # share of a step's variance that a bound takes away

NODES = 8  # Gauss-Hermite nodes of a month's level
FORCE_NODES = 5  # of the distance on which a force acts
LANES = 8  # points computed together; fewer take almost as long, and more are often empty
PARTS_PER_CORE = 8  # of the blocks, so that cores end together
MAX_PRODUCT_EVENTS = 40  # in a month; the likelihood of more is taken by gamma functions
# Steps whose likelihoods are multiplied before a logarithm is taken: few enough that their product
# is never too small for a float.
STEPS_PER_LOG = 7

# Tables of the logistic function and of the normal hazard: the standard normal density over the
# probability below.
TABLE_ENTRIES = 256  # per unit
TABLE_REACH = 16  # units on both sides of zero
LOGISTIC = 0
HAZARD = 1
_ENTRIES = np.arange(-TABLE_REACH * TABLE_ENTRIES, TABLE_REACH * TABLE_ENTRIES + 2) / TABLE_ENTRIES
_TABLES = np.stack(
    [1.0 / (1.0 + np.exp(-_ENTRIES)), np.exp(norm.logpdf(_ENTRIES) - norm.logcdf(_ENTRIES))]
)
_DIFFERENCES = np.diff(_TABLES)

# Variables of the state. The anchored one is the trend at the start of an era under a ceiling, and
# the offset of a source otherwise.
TREND = 0
CYCLE = 1
EFFECT = 2
LONG_RUN = 3
ANCHORED = 4
STATE = 5


def _gauss(size: int) -> tuple[Float, Float]:
    """Return nodes and weights of an integral over a standard normal variable."""
    raw, weights = np.polynomial.hermite.hermgauss(size)
    return math.sqrt(2.0) * raw, weights / math.sqrt(math.pi)


_NODES, _WEIGHTS = _gauss(NODES)
_FORCE_NODES, _FORCE_WEIGHTS = _gauss(FORCE_NODES)

_BY_LANE = (
    *PARAMETERS,
    "edge",  # soft edge of a bound together with a step
    # Retention of trend and cycle over the months since the last step, and the variance added.
    "trend_gap_retention",
    "walked",
    "cycle_gap_retention",
    # A combination of the state, such as a month's level: its mean and variance.
    "level",
    "spread2",
    # Derivatives of a month's log-likelihood in the mean of its level; the second with a minus.
    "score",
    "information",
    # Likelihood of the last steps, and the logarithm of that of all steps before.
    "recent_likelihood",
    "log_likelihood",
)
_BY_NODE = (
    "likelihood",  # of a month's events, and last what it is divided by
    "cooperative_shape",  # of the beta distribution
    "hostile_shape",
)
BLOCK = np.dtype(
    [(name, np.float64, (LANES,)) for name in _BY_LANE]
    + [(name, np.float64, ((NODES + 1) * LANES,)) for name in _BY_NODE]
    + [
        ("mean", np.float64, (STATE, LANES)),
        ("covariance", np.float64, (STATE, STATE, LANES)),  # the upper triangle
        ("along", np.float64, (STATE, LANES)),  # covariances of the state with the combination
    ]
)


class FilterSteps(NamedTuple):
    """Months of all dyads at which something happens, dyad after dyad in time order, (step,)."""

    cooperative: Index
    # 0 in a month in which only an era or a source begins, -1 in one with a value of an index
    events: Index
    value: Float  # Of an index, in standard deviations; NaN for counts
    volume: Float  # Relative event count
    gap: Index  # Months since the step before; 0 at a dyad's first
    begins: Float  # 1 where an era begins, else 0
    anchor: Index  # `SET_CEILING` by the trend, `NEW_SOURCE`, `NEW_MEAN`, or 0
    impulse: Float  # What moves the cycle after the month
    occasion: Float  # What moves the level in the month
    ends: Index  # First step of each dyad, and the number of all, (dyad + 1,)


# Optimisations that the compiler may make: all but to change the order of sums.
IN_ORDER = {"nnan", "ninf", "nsz", "contract"}


def compiled[F: Callable[..., Any]](function: F) -> F:
    """Compile a function without changing the order of its sums."""
    return kernel(function, fastmath=IN_ORDER)


# Formulas of the process, which forecasts share.
drift = built_in(transition.drift, IN_ORDER)
innovation_fraction = built_in(transition.innovation_fraction, IN_ORDER)
accumulated_variance_next = built_in(transition.accumulated_variance_next, IN_ORDER)


@compiled
def _read(table: int, value: float) -> float:
    """Interpolate a table; beyond its ends it is constant."""
    inside = min(max(value, -TABLE_REACH + 0.1), TABLE_REACH - 0.1)
    position = (inside + TABLE_REACH) * TABLE_ENTRIES
    below = np.int32(position)
    entry = np.uintp(below)  # an index without sign is not counted from the end
    return float(_TABLES[table, entry] + (position - below) * _DIFFERENCES[table, entry])


@compiled
def _set_months(block: Any, months: int) -> None:
    """Set retention and added variance of the trend over some months, and the cycle's retention."""
    for i in range(LANES):
        trend_retention, walked, cycle_retention = 1.0, 0.0, 1.0
        for _ in range(months):
            trend_retention = trend_retention * block.retention[i]
            cycle_retention = cycle_retention * block.cycle_retention[i]
            walked = accumulated_variance_next(walked, block.retention[i], block.step2[i])
        block.trend_gap_retention[i] = trend_retention
        block.walked[i] = walked
        block.cycle_gap_retention[i] = cycle_retention


@compiled
def _move(block: Any) -> None:
    """Move the state over the months that `_set_months` has set: trend and cycle revert."""
    mean, covariance = block.mean, block.covariance
    for i in range(LANES):
        retention = block.trend_gap_retention[i]
        lost = 1.0 - retention  # share of the distance from the long-run mean
        cycle_retention = block.cycle_gap_retention[i]
        covariance[TREND, TREND, i] = (
            retention * retention * covariance[TREND, TREND, i]
            + 2.0 * retention * lost * covariance[TREND, LONG_RUN, i]
            + lost * lost * covariance[LONG_RUN, LONG_RUN, i]
            + block.walked[i]
        )
        covariance[TREND, CYCLE, i] = cycle_retention * (
            retention * covariance[TREND, CYCLE, i] + lost * covariance[CYCLE, LONG_RUN, i]
        )
        covariance[TREND, EFFECT, i] = (
            retention * covariance[TREND, EFFECT, i] + lost * covariance[EFFECT, LONG_RUN, i]
        )
        covariance[TREND, ANCHORED, i] = (
            retention * covariance[TREND, ANCHORED, i] + lost * covariance[LONG_RUN, ANCHORED, i]
        )
        covariance[TREND, LONG_RUN, i] = (
            retention * covariance[TREND, LONG_RUN, i] + lost * covariance[LONG_RUN, LONG_RUN, i]
        )
        covariance[CYCLE, CYCLE, i] = cycle_retention * cycle_retention * covariance[
            CYCLE, CYCLE, i
        ] + block.cycle2[i] * innovation_fraction(cycle_retention)
        covariance[CYCLE, EFFECT, i] *= cycle_retention
        covariance[CYCLE, LONG_RUN, i] *= cycle_retention
        covariance[CYCLE, ANCHORED, i] *= cycle_retention
        mean[TREND, i] = retention * mean[TREND, i] + drift(mean[LONG_RUN, i], retention)
        mean[CYCLE, i] *= cycle_retention


@compiled
def _combine(
    block: Any, cycle: float, effect: float, long_run: float, anchored: float, occasion: float
) -> None:
    """Combine the trend with multiples of the other variables and an occasion.

    It writes mean and variance of the combination, and its covariances with the state.
    """
    mean, covariance, along = block.mean, block.covariance, block.along
    for i in range(LANES):
        along[TREND, i] = (
            covariance[TREND, TREND, i]
            + cycle * covariance[TREND, CYCLE, i]
            + effect * covariance[TREND, EFFECT, i]
            + long_run * covariance[TREND, LONG_RUN, i]
            + anchored * covariance[TREND, ANCHORED, i]
        )
        along[CYCLE, i] = (
            covariance[TREND, CYCLE, i]
            + cycle * covariance[CYCLE, CYCLE, i]
            + effect * covariance[CYCLE, EFFECT, i]
            + long_run * covariance[CYCLE, LONG_RUN, i]
            + anchored * covariance[CYCLE, ANCHORED, i]
        )
        along[EFFECT, i] = (
            covariance[TREND, EFFECT, i]
            + cycle * covariance[CYCLE, EFFECT, i]
            + effect * covariance[EFFECT, EFFECT, i]
            + long_run * covariance[EFFECT, LONG_RUN, i]
            + anchored * covariance[EFFECT, ANCHORED, i]
        )
        along[LONG_RUN, i] = (
            covariance[TREND, LONG_RUN, i]
            + cycle * covariance[CYCLE, LONG_RUN, i]
            + effect * covariance[EFFECT, LONG_RUN, i]
            + long_run * covariance[LONG_RUN, LONG_RUN, i]
            + anchored * covariance[LONG_RUN, ANCHORED, i]
        )
        along[ANCHORED, i] = (
            covariance[TREND, ANCHORED, i]
            + cycle * covariance[CYCLE, ANCHORED, i]
            + effect * covariance[EFFECT, ANCHORED, i]
            + long_run * covariance[LONG_RUN, ANCHORED, i]
            + anchored * covariance[ANCHORED, ANCHORED, i]
        )
        block.spread2[i] = (
            along[TREND, i]
            + cycle * along[CYCLE, i]
            + effect * along[EFFECT, i]
            + long_run * along[LONG_RUN, i]
            + anchored * along[ANCHORED, i]
        )
        block.level[i] = (
            mean[TREND, i]
            + cycle * mean[CYCLE, i]
            + effect * mean[EFFECT, i]
            + long_run * mean[LONG_RUN, i]
            + anchored * mean[ANCHORED, i]
            + block.occasion[i] * occasion
        )


@compiled
def _grow(block: Any) -> None:
    """Write by how much growing reversion moves the trend in a month, by node."""
    for i in range(LANES):
        sd = math.sqrt(max(block.spread2[i], 1e-9))
        growth = (1.0 - block.retention[i]) * block.size[i]
        block.information[i] = 0.0
        for j in range(FORCE_NODES):
            distance = block.level[i] + sd * _FORCE_NODES[j]
            share = min(MAX_GROWING_MOVE, growth * distance * distance)
            block.likelihood[j * LANES + i] = -distance * share


@compiled
def _bound(block: Any, lower: float) -> None:
    """Write by how much bounds move the trend in a month, by node, and the variance lost.

    There is an upper bound, and also a lower one if ``lower`` is 1.
    """
    for i in range(LANES):
        sd = math.sqrt(max(block.spread2[i], 1e-9))
        edge = block.edge[i]
        lost = 0.0
        drift = block.step2[i] / edge
        for j in range(FORCE_NODES):
            distance = block.level[i] + sd * _FORCE_NODES[j]
            above = (block.size[i] - distance) / edge
            below = (block.size[i] + distance) / edge
            up = _read(HAZARD, above)
            down = lower * _read(HAZARD, below)
            block.likelihood[j * LANES + i] = drift * (down - up)
            lost += _FORCE_WEIGHTS[j] * (up * (up + above) + down * (down + below))
        block.information[i] = min(drift * drift * lost, MAX_VARIANCE_LOST * block.step2[i])


@compiled
def _force(block: Any, force: int, months: int) -> None:
    """Move the trend by its force over some months.

    The force is linearised at the trend without its steps in these months. The arrays of a month's
    events, `likelihood` and `information`, are used for the moves by node and the variance lost.
    """
    mean, covariance, along = block.mean, block.covariance, block.along
    for i in range(LANES):
        covariance[TREND, TREND, i] -= block.walked[i]
    if force == CEILING:  # distance above the trend at the era's start
        _combine(block, 0.0, 0.0, 0.0, -1.0, 0.0)
    else:  # distance from the long-run mean
        _combine(block, 0.0, 0.0, -1.0, 0.0, 0.0)
    if force == GROWING:
        _grow(block)
    else:
        _bound(block, 1.0 if force == BOUNDS else 0.0)
    for i in range(LANES):
        move_mean, move_along, move_square = 0.0, 0.0, 0.0
        for j in range(FORCE_NODES):
            move = block.likelihood[j * LANES + i]
            move_mean += _FORCE_WEIGHTS[j] * move
            move_along += _FORCE_WEIGHTS[j] * move * _FORCE_NODES[j]
            move_square += _FORCE_WEIGHTS[j] * move * move
        unexplained = max(move_square - move_mean * move_mean - move_along * move_along, 0.0)
        added = unexplained - block.information[i]
        slope = months * move_along / math.sqrt(max(block.spread2[i], 1e-9))
        mean[TREND, i] += months * move_mean
        covariance[TREND, TREND, i] += (
            slope * (2.0 * along[TREND, i] + slope * block.spread2[i])
            + block.walked[i]
            + months * added
        )
        covariance[TREND, CYCLE, i] += slope * along[CYCLE, i]
        covariance[TREND, EFFECT, i] += slope * along[EFFECT, i]
        covariance[TREND, LONG_RUN, i] += slope * along[LONG_RUN, i]
        covariance[TREND, ANCHORED, i] += slope * along[ANCHORED, i]


@compiled
def _anchor(block: Any, begins: float, anchor: int, force: int) -> None:
    """Begin an era, a ceiling, a source or a long-run mean."""
    mean, covariance = block.mean, block.covariance
    for i in range(LANES):
        covariance[TREND, TREND, i] += begins * block.jump2[i]
        if anchor == SET_CEILING and force == CEILING:  # the anchored variable is the trend now
            mean[ANCHORED, i] = mean[TREND, i]
            covariance[TREND, ANCHORED, i] = covariance[TREND, TREND, i]
            covariance[CYCLE, ANCHORED, i] = covariance[TREND, CYCLE, i]
            covariance[EFFECT, ANCHORED, i] = covariance[TREND, EFFECT, i]
            covariance[LONG_RUN, ANCHORED, i] = covariance[TREND, LONG_RUN, i]
            covariance[ANCHORED, ANCHORED, i] = covariance[TREND, TREND, i]
        elif anchor == NEW_SOURCE and force != CEILING:
            mean[ANCHORED, i] = 0.0
            covariance[TREND, ANCHORED, i] = 0.0
            covariance[CYCLE, ANCHORED, i] = 0.0
            covariance[EFFECT, ANCHORED, i] = 0.0
            covariance[LONG_RUN, ANCHORED, i] = 0.0
            covariance[ANCHORED, ANCHORED, i] = block.offset2[i]
        elif anchor == NEW_MEAN:
            mean[LONG_RUN, i] = MEAN
            covariance[TREND, LONG_RUN, i] = 0.0
            covariance[CYCLE, LONG_RUN, i] = 0.0
            covariance[EFFECT, LONG_RUN, i] = 0.0
            covariance[LONG_RUN, ANCHORED, i] = 0.0
            covariance[LONG_RUN, LONG_RUN, i] = block.mean2[i]


@compiled
def score_value(block: Any, value: float) -> None:
    """Write score and information of a value, whose variance is 1 / concentration."""
    for i in range(LANES):
        block.information[i] = 1.0 / (block.spread2[i] + 1.0 / block.concentration[i])
        block.score[i] = (value - block.level[i]) * block.information[i]
        block.log_likelihood[i] -= 0.5 * (value - block.level[i]) * block.score[i]
        block.recent_likelihood[i] *= math.sqrt(block.information[i] / (2.0 * math.pi))


@compiled
def score_events(block: Any, cooperative: int, events: int) -> None:
    """Write score and information of a month's events, from the nodes of its level."""
    for i in range(LANES):
        sd = math.sqrt(block.spread2[i] + NOISE_SD * NOISE_SD)
        concentration = block.concentration[i]
        last = NODES * LANES + i  # the divisor, a likelihood of the whole concentration
        block.likelihood[last] = 1.0
        block.cooperative_shape[last] = concentration
        block.hostile_shape[last] = concentration + cooperative
        for j in range(NODES):
            node = j * LANES + i
            share = _read(LOGISTIC, block.level[i] + sd * _NODES[j])
            block.likelihood[node] = _WEIGHTS[j]
            block.cooperative_shape[node] = concentration * share
            block.hostile_shape[node] = concentration - concentration * share
    if events <= MAX_PRODUCT_EVENTS:
        _multiply(block, cooperative, events - cooperative)
    else:
        _multiply_by_gammas(block, cooperative, events - cooperative)
    for i in range(LANES):
        total, first, second = 0.0, 0.0, 0.0
        for j in range(NODES):
            likelihood = block.likelihood[j * LANES + i]
            total += likelihood
            first += likelihood * _NODES[j]
            second += likelihood * (_NODES[j] * _NODES[j])
        block.recent_likelihood[i] *= total / block.likelihood[NODES * LANES + i]
        part = 1.0 / total
        precision = 1.0 / (block.spread2[i] + NOISE_SD * NOISE_SD)
        first *= part
        block.score[i] = first * math.sqrt(precision)
        block.information[i] = (1.0 - (second * part - first * first)) * precision


@compiled
def _multiply(block: Any, cooperative: int, hostile: int) -> None:
    """Weight nodes by the likelihood of some events, which is a ratio of products.

    The last node holds the divisor, and is multiplied with the others.
    """
    for count in range(cooperative):
        for node in range((NODES + 1) * LANES):
            block.likelihood[node] *= block.cooperative_shape[node] + count
    for count in range(hostile):
        for node in range((NODES + 1) * LANES):
            block.likelihood[node] *= block.hostile_shape[node] + count


@compiled
def _multiply_by_gammas(block: Any, cooperative: int, hostile: int) -> None:
    """Weight nodes by the likelihood of many events, by gamma functions."""
    for i in range(LANES):
        top = -math.inf
        concentration = block.concentration[i]
        for node in range(i, NODES * LANES, LANES):
            first = block.cooperative_shape[node]
            second = block.hostile_shape[node]
            log_likelihood = math.lgamma(first + cooperative) - math.lgamma(first)
            log_likelihood = log_likelihood + math.lgamma(second + hostile) - math.lgamma(second)
            block.cooperative_shape[node] = log_likelihood  # the shapes are not read again
            top = max(top, log_likelihood)
        for node in range(i, NODES * LANES, LANES):
            block.likelihood[node] *= math.exp(block.cooperative_shape[node] - top)
        block.log_likelihood[i] += (
            top + math.lgamma(concentration) - math.lgamma(concentration + cooperative + hostile)
        )


@compiled
def _condition(block: Any, impulse: float) -> None:
    """Condition the state on a month, by score and information; then an impulse moves the cycle."""
    mean, covariance, along = block.mean, block.covariance, block.along
    for i in range(LANES):
        score, push = block.score[i], block.push[i]
        mean[TREND, i] += along[TREND, i] * score
        mean[CYCLE, i] += along[CYCLE, i] * score + push * impulse
        mean[EFFECT, i] += along[EFFECT, i] * score
        mean[LONG_RUN, i] += along[LONG_RUN, i] * score
        mean[ANCHORED, i] += along[ANCHORED, i] * score
    for i in range(LANES):
        information = block.information[i]
        for a in range(STATE):
            for b in range(a, STATE):
                covariance[a, b, i] -= information * along[a, i] * along[b, i]


@compiled
def take_log(block: Any) -> None:
    """Add the likelihood of the last months to that of all before."""
    for i in range(LANES):
        block.log_likelihood[i] += math.log(block.recent_likelihood[i])
        block.recent_likelihood[i] = 1.0


@compiled
def filter_steps(
    blocks: Any,
    force_months: Index,
    force: int,
    cooperative: Index,
    events: Index,
    value: Float,
    volume: Float,
    gap: Index,
    begins: Float,
    anchor: Index,
    impulse: Float,
    occasion: Float,
    ends: Index,
    out: Float,
) -> None:
    """Write log-likelihood, and mean and variance of the long-run mean, (block, dyad, 3, lane)."""
    state = blocks[:1].copy()
    block = state[0]
    for p in range(blocks.size):
        for d in range(ends.size - 1):
            state[0], months = blocks[p], 0
            for step in range(ends[d], ends[d + 1]):
                if step % STEPS_PER_LOG == 0:
                    take_log(block)
                remaining = gap[step]
                while remaining > 0:
                    if months != min(remaining, force_months[p]):
                        months = min(remaining, force_months[p])
                        _set_months(block, months)
                    remaining -= months
                    _move(block)
                    if force > NO_FORCE:
                        _force(block, force, months)
                if begins[step] > 0.0 or anchor[step] > 0:
                    _anchor(block, begins[step], anchor[step], force)
                if events[step] == 0:
                    for i in range(LANES):
                        block.mean[CYCLE, i] += block.push[i] * impulse[step]
                    continue
                offset = 0.0 if force == CEILING else 1.0  # of a source
                _combine(block, 1.0, volume[step], 0.0, offset, occasion[step])
                if events[step] < 0:
                    score_value(block, value[step])
                else:
                    score_events(block, cooperative[step], events[step])
                _condition(block, impulse[step])
            take_log(block)
            for i in range(LANES):
                out[p, d, 0, i] = block.log_likelihood[i]
                out[p, d, 1, i] = block.mean[LONG_RUN, i]
                out[p, d, 2, i] = block.covariance[LONG_RUN, LONG_RUN, i]
