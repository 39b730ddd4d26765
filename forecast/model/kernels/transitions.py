"""Transitions of trend and cycle from node to node, and the density of a path under them.

A transition is drift, retention and scale. Nodes of one dyad after the same number of months have
the same one, so it is computed once for each distinct pair of dyad and gap and read by every node.
"""

import math
from typing import NamedTuple

import numpy as np

from forecast.base.typing import Float, Index
from forecast.model.kernels import built_in, kernel
from forecast.model.process import transition

drift_of = built_in(transition.drift)
log_retention_of = built_in(transition.log_retention_of)
log_retention_slope = built_in(transition.log_retention_slope)
accumulated_variance_by_log = built_in(transition.accumulated_variance_by_log)
accumulated_variance_slope = built_in(transition.accumulated_variance_slope)
trend_variance = built_in(transition.trend_variance)
innovation_fraction = built_in(transition.innovation_fraction)


class Pairs(NamedTuple):
    """Distinct pairs of dyad and gap, and the pair of every node (`PanelArrays.pairs`)."""

    dyad: Index
    gap: Index
    new_era: Index
    of_node: Index
    nodes: Index  # Number of nodes of each pair


@kernel
def trend_forward(
    mean: Float, step: Float, jump: float, half_life: float, start_sd: float, pairs: Pairs
) -> Float:
    """Drift, retention and scale of every pair, (3, pair).

    A half-life of zero stands for a walk.
    """
    result = np.empty((3, pairs.dyad.size))
    log_retention = log_retention_of(half_life, 1.0) if half_life > 0.0 else 0.0
    for p in range(pairs.dyad.size):
        d, k = pairs.dyad[p], float(pairs.gap[p])
        retention, scale = 0.0, start_sd
        if k > 0.0:
            retention, unit_variance = 1.0, k
            if half_life > 0.0:
                retention, unit_variance = (
                    math.exp(k * log_retention),
                    accumulated_variance_by_log(log_retention, k),
                )
            scale = math.sqrt(trend_variance(step[d], unit_variance, jump, pairs.new_era[p]))
        result[0, p], result[1, p], result[2, p] = drift_of(mean[d], retention), retention, scale
    return result


@kernel
def trend_backward(
    mean: Float,
    step: Float,
    jump: float,
    half_life: float,
    pairs: Pairs,
    result: Float,
    g_result: Float,
    g_mean: Float,
    g_step: Float,
) -> tuple[float, float]:
    """Add the slopes in mean and step to what is there; return those in jump and half-life."""
    g_jump, g_log_retention = 0.0, 0.0
    log_retention = log_retention_of(half_life, 1.0) if half_life > 0.0 else 0.0
    for p in range(pairs.dyad.size):
        d, k, retention = pairs.dyad[p], float(pairs.gap[p]), result[1, p]
        g_mean[d] += g_result[0, p] * (1.0 - retention)
        if k == 0.0:
            continue
        g_variance = 0.5 * g_result[2, p] / result[2, p]
        g_jump += 2.0 * g_variance * jump * pairs.new_era[p]
        unit_variance = k
        if half_life > 0.0:
            unit_variance = accumulated_variance_by_log(log_retention, k)
            by_log_retention = accumulated_variance_slope(
                log_retention, k, retention, unit_variance
            )
            g_log_retention += g_variance * step[d] * step[d] * by_log_retention
            g_log_retention += (g_result[1, p] - g_result[0, p] * mean[d]) * k * retention
        g_step[d] += 2.0 * g_variance * step[d] * unit_variance
    return g_jump, g_log_retention * log_retention_slope(half_life, 1.0) if half_life > 0.0 else 0.0


@kernel
def cycle_forward(half_life: Float, sd: Float, pairs: Pairs) -> Float:
    """Drift, retention and scale of every pair, (3, pair)."""
    result = np.zeros((3, pairs.dyad.size))
    for p in range(pairs.dyad.size):
        d, retention = pairs.dyad[p], 0.0
        if pairs.gap[p] > 0:
            retention = math.exp(log_retention_of(half_life[d], pairs.gap[p]))
        result[1, p], result[2, p] = retention, sd[d] * math.sqrt(innovation_fraction(retention))
    return result


@kernel
def cycle_backward(
    half_life: Float,
    sd: Float,
    pairs: Pairs,
    result: Float,
    g_result: Float,
    g_half_life: Float,
    g_sd: Float,
) -> None:
    """Add the slopes in half-life and spread to what is there."""
    for p in range(pairs.dyad.size):
        d, retention, scale = pairs.dyad[p], result[1, p], result[2, p]
        g_sd[d] += g_result[2, p] * scale / sd[d]
        if pairs.gap[p] > 0:
            g_retention = g_result[1, p] - g_result[2, p] * sd[d] * sd[d] * retention / scale
            g_half_life[d] += (
                g_retention * retention * log_retention_slope(half_life[d], pairs.gap[p])
            )


@kernel
def at_nodes(by_pair: Float, pairs: Pairs) -> Float:
    """Transitions of every node, (3, node)."""
    result = np.empty((3, pairs.of_node.size))
    for k in range(3):
        for i in range(pairs.of_node.size):
            result[k, i] = by_pair[k, pairs.of_node[i]]
    return result


@kernel
def log_scales(by_pair: Float, pairs: Pairs) -> float:
    """Sum of the logarithms of all scales."""
    total = 0.0
    for p in range(pairs.nodes.size):
        total += pairs.nodes[p] * math.log(by_pair[2, p])
    return total


@kernel
def to_pairs(by_pair: Float, g_moves: Float, g_whitening: Float, pairs: Pairs) -> Float:
    """Slopes in the transitions of pairs, (3, pair).

    They are the sums over nodes of the slopes in the moves' density and in the change of variables,
    less those of `log_scales`.
    """
    result = np.zeros((3, pairs.dyad.size))
    for p in range(pairs.nodes.size):
        result[2, p] = -pairs.nodes[p] / by_pair[2, p]
    for i in range(pairs.of_node.size):
        p = pairs.of_node[i]
        result[0, p] += g_moves[0, i] + g_whitening[0, i]
        result[1, p] += g_moves[1, i] + g_whitening[1, i]
        result[2, p] += g_moves[2, i] + g_whitening[2, i]
    return result


@kernel
def process_density(
    x: Float, first: int, stride: int, process: Float, starts: Index, g_x: Float
) -> tuple[float, Float]:
    """Log-density of one component of a path, and its slopes in its transitions, (3, node).

    Constants and `log_scales` are left out. The component has every `stride`-th entry of `x` from
    `first` on; the slopes in them are added to `g_x`.
    """
    total, g_process = 0.0, np.zeros(process.shape)
    for d in range(starts.size - 1):
        for i in range(starts[d], starts[d + 1]):
            entry, drift, retention, scale = (
                first + stride * i,
                process[0, i],
                process[1, i],
                process[2, i],
            )
            follows = i > starts[d]
            last = x[entry - stride] if follows else 0.0
            precision_root = 1.0 / scale
            residual = (x[entry] - drift - retention * last) * precision_root
            g = residual * precision_root
            total -= 0.5 * residual * residual
            g_x[entry] -= g
            g_process[0, i] = g
            g_process[2, i] = residual * g
            if follows:
                g_x[entry - stride] += retention * g
                g_process[1, i] = g * last
    return total, g_process
