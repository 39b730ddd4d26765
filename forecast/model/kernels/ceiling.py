"""Log-density that a ceiling adds to the steps of a trend, with its gradient.

It is that of :meth:`forecast.model.process.ceiling.Ceiling.log_density`, where the formula stands.
"""

import math

import numpy as np
from scipy.special import log_ndtr

from forecast.base.typing import Float, Index
from forecast.model.kernels import built_in, kernel
from forecast.model.kernels.parameters import HALF_LOG_TWO_PI
from forecast.model.process import transition

standardised_headroom = built_in(transition.standardised_headroom)
variance_with_edge = built_in(transition.variance_with_edge)

# The standard normal distribution function is read from a table of so many points a unit, up to so
# many units from zero: cubics between the points are exact to 1e-9.
POINTS_PER_UNIT = 32
REACH = 30
_POINTS = np.arange(-REACH * POINTS_PER_UNIT, REACH * POINTS_PER_UNIT + 1) / POINTS_PER_UNIT
_SLOPES = np.exp(-0.5 * _POINTS**2 - HALF_LOG_TWO_PI - log_ndtr(_POINTS))
# Its logarithm, slope and curvature
LOG_NORMAL_TABLE = np.column_stack([log_ndtr(_POINTS), _SLOPES, -_SLOPES * (_POINTS + _SLOPES)])
# Standard deviations below a ceiling: the term of a step that ends farther below is less than 1e-10
# and left out
MAX_ROOM = 6.5


@kernel
def log_below(bound: float) -> tuple[float, float]:
    """Logarithm of the standard normal distribution function, and its slope.

    These are cubics between the points of a table.
    """
    position = (bound + REACH) * POINTS_PER_UNIT
    if position < 0.0:  # four terms of the asymptotic series: exact to 1e-9
        inverse, log_density = 1.0 / (bound * bound), -0.5 * bound * bound - HALF_LOG_TWO_PI
        log_mass = (
            log_density
            - math.log(-bound)
            + math.log1p(-inverse * (1.0 - 3.0 * inverse * (1.0 - 5.0 * inverse)))
        )
        return log_mass, math.exp(log_density - log_mass)
    low = min(int(position), len(LOG_NORMAL_TABLE) - 2)
    # Value, slope and curvature at the points before and behind; the slope has a cubic of its own
    t, (f, g, h), (f1, g1, h1) = position - low, LOG_NORMAL_TABLE[low], LOG_NORMAL_TABLE[low + 1]
    u = 1.0 - t
    start, end, rise, fall = (
        (1.0 + 2.0 * t) * u * u,
        (3.0 - 2.0 * t) * t * t,
        t * u * u / POINTS_PER_UNIT,
        t * t * u / POINTS_PER_UNIT,
    )
    return start * f + end * f1 + rise * g - fall * g1, start * g + end * g1 + rise * h - fall * h1


@kernel
def ceiling_density(
    x: Float,
    trend: Float,
    eras: Float,
    stride: int,
    softness: float,
    node_era: Index,
    era_start: Index,
    g_x: Float,
    g_trend: Float,
    g_eras: Float,
) -> float:
    """Log-density that ceilings add to the trend's steps within an era.

    `eras` are the headrooms. The slopes are added to `g_x`, `g_trend` and `g_eras`.
    """
    total = 0.0
    for i in range(node_era.size):
        e, entry = node_era[i], stride * i
        start = stride * era_start[e]
        if entry <= start:  # The era begins here, or has not begun: there is no ceiling yet
            continue
        last, retention, scale = x[entry - stride], trend[1, i], trend[2, i]
        ceiling, spread = x[start] + eras[e], math.sqrt(variance_with_edge(scale * scale, softness))
        room = standardised_headroom(ceiling, x[entry], softness)
        expected = standardised_headroom(ceiling, trend[0, i] + retention * last, spread)
        if min(room, expected) > MAX_ROOM:
            continue
        accepted, g_accepted = log_below(room)
        mass, g_mass = log_below(expected)
        total += accepted - mass
        g_accepted, g_mass = g_accepted / softness, g_mass / spread
        g_x[entry] -= g_accepted
        g_x[entry - stride] += g_mass * retention
        g_x[start] += g_accepted - g_mass
        g_eras[e] += g_accepted - g_mass
        g_trend[0, i] += g_mass
        g_trend[1, i] += g_mass * last
        g_trend[2, i] += g_mass * expected * scale / spread
    return total
