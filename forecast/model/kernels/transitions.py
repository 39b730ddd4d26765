"""Transitions of trend and cycle from node to node, and their slopes; each pair of dyad and gap is computed once.

The formulas are those of `forecast.model.trend.Trend.transitions` and `forecast.model.dynamics.base.over_gaps`.
"""

import math
from typing import NamedTuple

import numpy as np

from forecast.model.kernels import kernel
from forecast.typing import Float, Index

LOG_TWO = math.log(2.0)


class Pairs(NamedTuple):
    """Distinct pairs of dyad and gap, as `forecast.model.whitening.transition_pairs`, and which every node has."""

    dyad: Index
    gap: Index
    new_era: Index
    of_node: Index
    nodes: Index  # How many nodes have it


@kernel
def trend_forward(mean: Float, step: Float, jump: float, half_life: float, start_sd: float, pairs: Pairs) -> Float:
    """Drift, carry and scale of every pair, (3, pair); a half-life of zero stands for a walk."""
    result = np.empty((3, pairs.dyad.size))
    log_kept = -LOG_TWO / half_life if half_life > 0.0 else 0.0
    for p in range(pairs.dyad.size):
        d, k = pairs.dyad[p], float(pairs.gap[p])
        carry, scale = 0.0, start_sd
        if k > 0.0:
            carry, gathered = 1.0, k
            if half_life > 0.0:
                carry, gathered = math.exp(k * log_kept), math.expm1(2.0 * k * log_kept) / math.expm1(2.0 * log_kept)
            scale = math.sqrt(step[d] * step[d] * gathered + jump * jump * pairs.new_era[p])
        result[0, p], result[1, p], result[2, p] = mean[d] * (1.0 - carry), carry, scale
    return result


@kernel
def trend_backward(
    mean: Float, step: Float, jump: float, half_life: float, pairs: Pairs,
    result: Float, g_result: Float, g_mean: Float, g_step: Float,
) -> tuple[float, float]:  # fmt: skip
    """Add the slopes in mean and step to what is there; return those in jump and half-life."""
    g_jump, g_log_kept = 0.0, 0.0
    log_kept = -LOG_TWO / half_life if half_life > 0.0 else 0.0
    for p in range(pairs.dyad.size):
        d, k, carry = pairs.dyad[p], float(pairs.gap[p]), result[1, p]
        g_mean[d] += g_result[0, p] * (1.0 - carry)
        if k == 0.0:
            continue
        g_variance = 0.5 * g_result[2, p] / result[2, p]
        g_jump += 2.0 * g_variance * jump * pairs.new_era[p]
        gathered = k
        if half_life > 0.0:
            once = math.expm1(2.0 * log_kept)
            gathered = math.expm1(2.0 * k * log_kept) / once
            by_log_kept = 2.0 * (k * carry * carry - gathered * (once + 1.0)) / once
            g_log_kept += g_variance * step[d] * step[d] * by_log_kept
            g_log_kept += (g_result[1, p] - g_result[0, p] * mean[d]) * k * carry
        g_step[d] += 2.0 * g_variance * step[d] * gathered
    return g_jump, g_log_kept * LOG_TWO / (half_life * half_life) if half_life > 0.0 else 0.0


@kernel
def cycle_forward(half_life: Float, sd: Float, pairs: Pairs) -> Float:
    """Drift, carry and scale of every pair, (3, pair)."""
    result = np.zeros((3, pairs.dyad.size))
    for p in range(pairs.dyad.size):
        d, carry = pairs.dyad[p], 0.0
        if pairs.gap[p] > 0:
            carry = math.exp(-LOG_TWO * pairs.gap[p] / half_life[d])
        result[1, p], result[2, p] = carry, sd[d] * math.sqrt(1.0 - carry * carry)
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
        d, carry, scale = pairs.dyad[p], result[1, p], result[2, p]
        g_sd[d] += g_result[2, p] * scale / sd[d]
        if pairs.gap[p] > 0:
            g_carry = g_result[1, p] - g_result[2, p] * sd[d] * sd[d] * carry / scale
            g_half_life[d] += g_carry * carry * LOG_TWO * pairs.gap[p] / (half_life[d] * half_life[d])


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
def to_pairs(by_pair: Float, g_process: Float, g_drift: Float, g_carry: Float, g_scale: Float, pairs: Pairs) -> Float:
    """Slopes in the transitions of pairs, (3, pair): of two parts of those at the nodes, less `log_scales`."""
    result = np.zeros((3, pairs.dyad.size))
    for p in range(pairs.nodes.size):
        result[2, p] = -pairs.nodes[p] / by_pair[2, p]
    for i in range(pairs.of_node.size):
        p = pairs.of_node[i]
        result[0, p] += g_process[0, i] + g_drift[i]
        result[1, p] += g_process[1, i] + g_carry[i]
        result[2, p] += g_process[2, i] + g_scale[i]
    return result


@kernel
def process_density(
    x: Float, first: int, stride: int, process: Float, starts: Index, g_x: Float
) -> tuple[float, Float]:
    """Log-density of one component of a path, and its slopes in drift, carry and scale, (3, node).

    Constants and `log_scales` are left out. The component stands in every so many entries of `x`, from the first; its
    slopes are added to what is there.
    """
    total, g_process = 0.0, np.zeros(process.shape)
    for d in range(starts.size - 1):
        for i in range(starts[d], starts[d + 1]):
            e, drift, carry, scale = first + stride * i, process[0, i], process[1, i], process[2, i]
            follows = i > starts[d]
            last = x[e - stride] if follows else 0.0
            sharp = 1.0 / scale
            off = (x[e] - drift - carry * last) * sharp
            g = off * sharp
            total -= 0.5 * off * off
            g_x[e] -= g
            g_process[0, i] = g
            g_process[2, i] = off * g
            if follows:
                g_x[e - stride] += carry * g
                g_process[1, i] = g * last
    return total, g_process
