"""Paths at the points of a chain, and the points' own weights.

There are a few paths per dyad and point, of which one is kept by its weight.
"""

import math
from typing import NamedTuple

import numpy as np
from ceiling import (
    DYAD_NODES,
    GRID,
    ceiling_factors,
    ceiling_weight,
    draw_headrooms,
    dyad_weights,
    pick,
)
from compiled import kernel
from evidence import evidence_at
from path import draw_paths, moments_of


class Kept(NamedTuple):
    """One path of a dyad at every point, and its weights; arrays begin with (point,)."""

    log_weight: (
        np.ndarray
    )  # Of the point by this dyad: log of the mean over its paths, an estimate of its likelihood
    log_path: np.ndarray  # (point, path): of every path, ceilings included
    log_free: np.ndarray  # The same without ceilings
    trend: np.ndarray  # (point, month): trend itself
    cycle: np.ndarray
    mean: np.ndarray
    volume_effect: np.ndarray
    headroom: np.ndarray  # (point, era)


@kernel
def keep_paths(points, priors, headrooms, months, eras, pairs, sweeps, ceilings, seed):
    """Draw pairs of paths of a dyad at every point and keep one by its weight."""
    np.random.seed(seed)
    number, size, paths_each = points.shape[0], months.gap.size, 2 * pairs
    log_weight, log_path = np.empty(number), np.empty((number, paths_each))
    log_free = np.empty((number, paths_each))
    trend, cycle = np.empty((number, size), np.float32), np.empty((number, size), np.float32)
    mean, effect = np.empty(number), np.empty(number)
    headroom = np.zeros((number, eras))
    factors, by_node = (
        np.ones((paths_each, eras, GRID.size)),
        np.ones((paths_each, DYAD_NODES.size)),
    )
    normals, share = np.empty((pairs, 2 * size + 2)), np.empty(paths_each)
    for i in range(number):
        theta, prior = points[i], priors[i]
        _, regression, sites, filtered, backward = evidence_at(theta, months, prior, sweeps)
        for k in range(pairs):
            for t in range(2 * size + 2):
                normals[k, t] = np.random.standard_normal()
        paths = draw_paths(theta, months, sites, prior, filtered, regression, backward, normals)
        weights = dyad_weights(headrooms[i])
        moments = moments_of(theta, months.gaps)
        top = -math.inf
        for k in range(paths_each):
            log_free[i, k] = log_path[i, k] = paths.log_weight[k]
            if ceilings:
                ceiling_factors(paths.trend[k], months, moments, factors[k])
                log_path[i, k] += math.log(
                    max(ceiling_weight(factors[k], eras, weights, by_node[k]), 1e-300)
                )
            top = max(top, log_path[i, k])
        total = 0.0
        for k in range(paths_each):
            share[k] = math.exp(log_path[i, k] - top)
            total += share[k]
        log_weight[i] = top + math.log(total / paths_each)
        k = pick(share)
        mean[i], effect[i] = paths.mean[k], paths.volume_effect[k]
        for t in range(size):
            trend[i, t] = paths.mean[k] + paths.trend[k, t]
            cycle[i, t] = paths.cycle[k, t]
        if ceilings:
            draw_headrooms(factors[k], eras, weights, by_node[k], headroom[i])
    return Kept(log_weight, log_path, log_free, trend, cycle, mean, effect, headroom)


def effective(log_weight):
    """Effective share of weighted draws."""
    weight = np.exp(log_weight - log_weight.max())
    return weight.sum() ** 2 / (weight**2).sum() / weight.size


def pareto_k(log_weight):
    """Shape of the largest weights' tail.

    See Vehtari and others, Pareto smoothed importance sampling.
    """
    from arviz_stats.base import array_stats

    return float(array_stats.psislw(np.max(log_weight) - np.asarray(log_weight))[1])


def smoothed(log_weight):
    """Pareto-smoothed log weights.

    The largest ones are the quantiles that their own tail lets expect.
    """
    from arviz_stats.base import array_stats

    return np.asarray(array_stats.psislw(np.max(log_weight) - np.asarray(log_weight))[0])
