r"""Ceilings as weights of paths.

A weight is of steps of the trend that stay below, over the probability that they do.

Within an era that begins with trend :math:`u_0` and has headroom :math:`h`, a path of the free
trend is weighted by

.. math:: \prod_t \Phi\left(\frac{u_0 + h - u_t}{\omega}\right) /
          \Phi\left(\frac{u_0 + h - E[u_t]}{\sqrt{s_t^2 + \omega^2}}\right)

Headrooms are integrated: :math:`\log h_e \sim N(m_d, s_e)`, :math:`m_d \sim N(\mu, s_d)`, on grids
of both logarithms.
"""

import math

import numpy as np
from compiled import kernel, small
from months import SOFTNESS
from scipy.special import ndtr

STEP_OF_GRID = 0.25
GRID = np.arange(-2.5, 3.51, STEP_OF_GRID)  # Logarithms of headrooms, 0.1 to 33 log-odds
HEADROOMS = np.exp(GRID)
_AT, _WEIGHT = np.polynomial.hermite_e.hermegauss(7)
DYAD_NODES, DYAD_WEIGHTS = _AT, _WEIGHT / _WEIGHT.sum()
CLEAR = 5.0  # Standard deviations below a ceiling from which it does nothing: 3e-7 a step
FINE, DEEPEST = 256, 9  # Entries of the table per unit, and how far it reaches down
BELOW = ndtr(np.arange(-DEEPEST * FINE, int(CLEAR + 1) * FINE + 2) / FINE)


@small
def below(z):
    """Standard normal distribution function, from its table."""
    place = (min(max(z, -8.99), CLEAR + 0.9) + DEEPEST) * FINE
    entry = int(place)
    return BELOW[entry] + (place - entry) * (BELOW[entry + 1] - BELOW[entry])


@kernel
def ceiling_factors(trend, months, moments, out):
    """Write the factor of every era at every headroom of the grid, (era, headroom)."""
    size = GRID.size
    out[:] = 1.0
    for t in range(trend.size):
        era, start = months.era[t], months.start[t]
        if era < 0 or t == start:
            continue
        gap = months.gap[t]
        rise = trend[t] - trend[start]
        expected = moments.trend_kept[gap] * trend[t - 1] - trend[start]
        spread = math.sqrt(moments.trend_gained[gap] + SOFTNESS * SOFTNESS)
        highest = max(rise + CLEAR * SOFTNESS, expected + CLEAR * spread)
        for g in range(size):
            if HEADROOMS[g] > highest:
                break
            kept = below((HEADROOMS[g] - rise) / SOFTNESS)
            mass = below((HEADROOMS[g] - expected) / spread)
            out[era, g] = max(out[era, g] * kept / mass, 1e-100)


@kernel
def grid_weights(mean, spread, out):
    """Write the weights of a normal density on the grid of headrooms."""
    total = 0.0
    for g in range(GRID.size):
        z = (GRID[g] - mean) / spread
        out[g] = math.exp(-0.5 * z * z)
        total += out[g]
    for g in range(GRID.size):
        out[g] /= total


@kernel
def dyad_weights(population):
    """Weights of headrooms for every node of the dyad's mean, (node, headroom).

    Population: mean, log spreads.
    """
    out = np.empty((DYAD_NODES.size, GRID.size))
    for j in range(DYAD_NODES.size):
        mean = population[0] + math.exp(population[1]) * DYAD_NODES[j]
        grid_weights(mean, math.exp(population[2]), out[j])
    return out


@kernel
def ceiling_weight(factors, eras, weights, by_node):
    """Integrate over all headrooms of a path; write the part of every node of the dyad's mean."""
    total = 0.0
    for j in range(DYAD_NODES.size):
        product = DYAD_WEIGHTS[j]
        for e in range(eras):
            inner = 0.0
            for g in range(GRID.size):
                inner += weights[j, g] * factors[e, g]
            product *= inner
        by_node[j] = product
        total += product
    return total


@kernel
def pick(weights):
    """Draw a place in proportion to weights."""
    left = np.random.random() * weights.sum()
    for i in range(weights.size):
        left -= weights[i]
        if left <= 0.0:
            return i
    return weights.size - 1


@kernel
def draw_headrooms(factors, eras, weights, by_node, out):
    """Draw the headroom of every era, within half a step of the grid."""
    j = pick(by_node)
    for e in range(eras):
        g = pick(weights[j] * factors[e])
        out[e] = math.exp(GRID[g] + STEP_OF_GRID * (np.random.random() - 0.5))
    return j
