"""Log-density of the kinds of a side in the sampler's coordinates, with its gradient; model: docs/model.md."""

import math
from typing import NamedTuple

import numpy as np

from forecast.model.kernels import kernel
from forecast.model.kernels.observation import observation_value_gradient
from forecast.model.kernels.parameters import HALF_LOG_TWO_PI, Coordinates, add_slopes, scalar, values_of
from forecast.typing import Float, Index


class KindsChoices(NamedTuple):
    """Where the parameters of one side's kinds stand among its coordinates, and the sign of its slope."""

    towards: float  # Whether the kinds grow with the recent share, 1, or as it falls, -1
    slope: int  # Places, of the first where there are several
    dyad_sd: int
    dyad: int
    step: int
    white: int
    raw: int
    cut: int
    gap: int
    concentration: int
    gaps: int


class KindsData(NamedTuple):
    """What it reads of a panel, as in `forecast.model.form.model_data`."""

    basis: Float  # Orthonormal, of what sums to zero
    dyad_of_place: Index
    place_of_node: Index
    made_of_white: Float  # Of `forecast.model.observation.kinds.walk_of_white`
    recent: Float
    directions: int
    blocks: Index
    cells: Index
    rows: Index
    entries: Index


@kernel
def kinds_shift(values: Float, choices: KindsChoices, data: KindsData) -> tuple[Float, Float, float, Float]:
    """Shift of every place, its walk of unit steps, the prior of the white noise that makes it, and its slope."""
    places = data.dyad_of_place.size
    walk, g_white, prior = np.zeros(places), np.zeros((0, 0)), 0.0
    if choices.white >= 0:
        dyads, spans = data.made_of_white.shape[0], data.made_of_white.shape[2]
        g_white = np.zeros((dyads, spans))
        for d in range(dyads):
            for s in range(spans):
                step, at = 0.0, 0.0
                for k in range(spans):
                    white = values[choices.white + d * spans + k]
                    step += data.made_of_white[d, s, k] * white
                    at += data.made_of_white[d, spans + s, k] * white
                walk[d * spans + s] = at
                prior -= 0.5 * step * step - math.log(data.made_of_white[d, s, s]) + HALF_LOG_TWO_PI
                for k in range(spans):
                    g_white[d, k] -= step * data.made_of_white[d, s, k]
    elif choices.raw >= 0:
        for p in range(places):
            walk[p] = values[choices.raw + p]
    step = scalar(values, choices.step, 0.0)
    shift = np.empty(places)
    for p in range(places):
        shift[p] = step * walk[p]
        if choices.dyad_sd >= 0:
            for k in range(data.basis.shape[1]):
                shift[p] += data.basis[data.dyad_of_place[p], k] * values[choices.dyad + k]
    return shift, walk, prior, g_white


@kernel
def thresholds(values: Float, choices: KindsChoices) -> Float:
    """Cutpoints, (1, cut): the first, and gaps on top of it."""
    cutpoint = np.empty((1, 1 + choices.gaps))
    cutpoint[0, 0] = values[choices.cut]
    for j in range(choices.gaps):
        cutpoint[0, j + 1] = cutpoint[0, j] + values[choices.gap + j]
    return cutpoint


@kernel
def rest_density(values: Float, choices: KindsChoices, data: KindsData, by_value: Float) -> float:
    """Log-density of what dyads deviate; its slopes are added to those in the values."""
    if choices.dyad_sd < 0:
        return 0.0
    sd, free = values[choices.dyad_sd], data.basis.shape[1]
    squares = 0.0
    for k in range(free):
        off = values[choices.dyad + k] / sd
        squares += off * off
        by_value[choices.dyad + k] -= off / sd
    by_value[choices.dyad_sd] += (squares - free) / sd
    total: float = -0.5 * squares - free * (math.log(sd) + HALF_LOG_TWO_PI)
    return total


@kernel
def kinds_density(
    point: Float, coordinates: Coordinates, choices: KindsChoices, data: KindsData
) -> tuple[float, Float]:
    """Log-density of a point, and its gradient."""
    values, total, slope = values_of(point, coordinates)
    by_value = np.zeros(values.size)
    shift, walk, prior, g_white = kinds_shift(values, choices, data)
    total += prior + rest_density(values, choices, data, by_value)
    nodes, places = data.recent.size, shift.size
    level = np.empty(nodes)
    for i in range(nodes):
        level[i] = choices.towards * values[choices.slope] * data.recent[i] + shift[data.place_of_node[i]]
    dyads = data.basis.shape[0]
    concentration = np.zeros(1)
    concentration[0] = scalar(values, choices.concentration, 0.0)
    likelihood, g_level, _, g_cutpoint, g_concentration, _, _ = observation_value_gradient(
        level, np.zeros((dyads, data.directions, 1)), thresholds(values, choices), concentration,
        np.zeros(dyads), np.zeros((0, 0)), data.blocks, data.cells, data.rows, data.entries, np.zeros(1), np.ones(1),
    )  # fmt: skip
    total += likelihood.item()
    g_shift = np.zeros(places)
    for i in range(nodes):
        by_value[choices.slope] += g_level[i] * choices.towards * data.recent[i]
        g_shift[data.place_of_node[i]] += g_level[i]
    if choices.concentration >= 0:
        by_value[choices.concentration] += g_concentration[0]
    behind = 0.0
    for j in range(choices.gaps, -1, -1):
        behind += g_cutpoint[0, j]
        if j > 0:
            by_value[choices.gap + j - 1] += behind
    by_value[choices.cut] += behind
    if choices.dyad_sd >= 0:
        for k in range(data.basis.shape[1]):
            for p in range(places):
                by_value[choices.dyad + k] += g_shift[p] * data.basis[data.dyad_of_place[p], k]
    if choices.step >= 0:
        step = values[choices.step]
        for p in range(places):
            by_value[choices.step] += g_shift[p] * walk[p]
        if choices.white >= 0:
            spans = g_white.shape[1]
            for d in range(g_white.shape[0]):
                for k in range(spans):
                    g = g_white[d, k]
                    for s in range(spans):
                        g += step * g_shift[d * spans + s] * data.made_of_white[d, spans + s, k]
                    by_value[choices.white + d * spans + k] += g
        else:
            for p in range(places):
                by_value[choices.raw + p] += g_shift[p] * step
    add_slopes(values, by_value, coordinates, slope)
    return total, slope


@kernel
def kinds_draws(
    points: Float, coordinates: Coordinates, choices: KindsChoices, data: KindsData,
    shift: Float, cutpoint: Float, prior: Float, rest: Float,
) -> None:  # fmt: skip
    """Write what follows from points (draw, coordinate): shifts, cutpoints, log-densities of prior and white noise."""
    for draw in range(points.shape[0]):
        values, own, slope = values_of(points[draw], coordinates)
        at, _, white, _ = kinds_shift(values, choices, data)
        cuts = thresholds(values, choices)
        for p in range(at.size):
            shift[draw, p] = at[p]
        for j in range(cuts.size):
            cutpoint[draw, 0, j] = cuts[0, j]
        prior[draw] = own + rest_density(values, choices, data, slope)
        rest[draw] = white
