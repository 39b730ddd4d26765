"""A period's events under every draw of a fit, the month noise integrated out."""

import math

import numpy as np

from forecast.model.kernels import kernel
from forecast.model.kernels.factorials import NO_CUT, PLAIN_LIMIT, rising_factorial
from forecast.typing import Float, Index

# What a draw makes all but impossible stays a number, and so does a cutpoint out of all reach.
LEAST = 1e-300
FARTHEST = 200.0


@kernel
def odds(log_odds: float) -> float:
    """Exponential of log-odds, which are never out of reach."""
    return math.exp(min(log_odds, FARTHEST))


@kernel
def event_log_likelihood(
    level: Float, cutpoint: Float, concentration: Float, offset: Float, noise: Float,
    cell: Index, rows: Index, entries: Index, nodes: Float, weights: Float,
) -> Float:  # fmt: skip
    """Compute the log-likelihood of one cell's events at levels (draw, particle) of every draw.

    Parameters have the draw as first dim.

    Summed over the cells of a panel it is the value of
    :func:`forecast.model.kernels.observation.observation_value_gradient` at the draw.
    """
    result = np.empty_like(level)
    d, plain, points, top = cell[0], cell[4] <= PLAIN_LIMIT, nodes.size, cutpoint.shape[2]
    first, behind = rows[cell[2], 2], rows[cell[3] - 1, 3]
    number = behind - first
    upper, lower, width, step = np.empty(number), np.empty(number), np.empty(number), np.empty(number)
    stretch, at, mass, at_node = np.empty(points), np.empty(points), np.empty(points), np.empty(points)
    for i in range(level.shape[0]):
        constant = 0.0
        for k in range(points):
            stretch[k] = math.exp(noise[i, d] * nodes[k])
        for row in range(cell[2], cell[3]):
            s, q, a = rows[row, 0], rows[row, 1], concentration[i, rows[row, 1]]
            if a > 0.0:
                constant -= rising_factorial(a, rows[row, 4], 1.0)[0]
            # The offset of a direction and dataset moves its cutpoints the other way.
            shift = -offset[i, d, s, q]
            for e in range(rows[row, 2], rows[row, 3]):
                j, n = entries[e, 0], e - first
                lower[n] = odds(cutpoint[i, q, j - 1] + shift) if j > 0 else 0.0
                upper[n] = NO_CUT * max(1.0, lower[n])
                if j < top:
                    upper[n] = odds(cutpoint[i, q, j] + shift)
                width[n], step[n] = (upper[n] - lower[n]) * (a if a > 0.0 else 1.0), 1.0 if a > 0.0 else 0.0
        for m in range(level.shape[1]):
            strength = odds(level[i, m])
            for k in range(points):
                at[k] = strength * stretch[k]
                at_node[k] = weights[k] if plain else math.log(weights[k])
            for n in range(number):
                for k in range(points):
                    mass[k] = width[n] * at[k] / ((upper[n] + at[k]) * (lower[n] + at[k]))
                if plain:
                    for k in range(points):
                        at_node[k] *= mass[k]
                    for c in range(1, entries[first + n, 1]):
                        for k in range(points):
                            at_node[k] *= mass[k] + c * step[n]
                else:
                    for k in range(points):
                        at_node[k] += rising_factorial(mass[k], entries[first + n, 1], step[n])[0]
            if plain:
                result[i, m] = constant + math.log(max(at_node.sum(), LEAST))
            else:
                highest = at_node.max()
                result[i, m] = constant + highest + math.log(np.exp(at_node - highest).sum())
    return result
