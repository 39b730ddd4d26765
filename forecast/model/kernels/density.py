"""Log-density of path and sides in the sampler's coordinates, with its gradient: the whole model but for the kinds.

The model of :meth:`forecast.model.pendulum.PendulumModel.build` for one dataset of sides and a linear cycle, written
out by hand. There the choices of a spec make another graph; here they are branches of one function, compiled once.
"""

import math
from typing import NamedTuple

import numpy as np

from forecast.model.kernels import kernel
from forecast.model.kernels.observation import observation_value_gradient
from forecast.model.kernels.pair import pair_backward, pair_forward
from forecast.model.kernels.parameters import (
    ByDyad,
    Coordinates,
    add_slopes,
    dyads_backward,
    dyads_forward,
    scalar,
    values_of,
)
from forecast.model.kernels.path import path_backward, path_forward
from forecast.model.kernels.transitions import (
    at_nodes,
    cycle_backward,
    cycle_forward,
    process_density,
    to_pairs,
    trend_backward,
    trend_forward,
)
from forecast.typing import Float, Index

MEAN, STEP, HALF_LIFE, SD, HEADROOM, NOISE, VOLUME = range(7)
"""Rows of the quantities of dyads."""
INFORMATION = 0.3
"""Of an event on the level, as in `forecast.model.observation.side.report_variance`."""


class Choices(NamedTuple):
    """What a spec chooses, and where its parameters stand.

    Attributes
    ----------
    moves, cycle, ceiling : bool
        Whether the trend has a path, there is a cycle, and frameworks bound the trend.
    start_sd, softness : float
        Of the first trend, and of the bend under a ceiling.
    jump, half_life, concentration, era_spread, eras, direction, white : int
        Places of the values that are no quantity of dyads: of scalars, and of the first of what eras, directions and
        the path have.
    """

    moves: bool
    cycle: bool
    ceiling: bool
    start_sd: float
    softness: float
    jump: int
    half_life: int
    concentration: int
    era_spread: int
    eras: int
    direction: int
    white: int


class PathData(NamedTuple):
    """What the density reads of a panel, as in `forecast.model.form.model_data`; ``nodes`` are those of the noise."""

    starts: Index
    node_dyad: Index
    node_era: Index
    pair_dyad: Index
    pair_gap: Index
    pair_new_era: Index
    pair_of_node: Index
    anchor_weight: Float
    anchor_level: Float
    anchor_variance: Float
    anchor_volume_effect: Float
    report_dyad: Index
    report_events: Float
    report_of_node: Index
    busyness: Float
    era_dyad: Index
    era_start: Index
    directions: int
    blocks: Index
    cells: Index
    rows: Index
    entries: Index
    nodes: Float
    weights: Float


class Path(NamedTuple):
    """A path and what led to it; trend and cycle stand in turn where both have a path."""

    x: Float
    log_det: float
    inverse: Float
    solved: Float
    beside: Float
    beyond: Float
    pairs_trend: Float
    pairs_cycle: Float
    trend: Float
    cycle: Float
    variance: Float
    weight: Float
    target: Float


@kernel
def era_values(values: Float, by_dyad: Float, choices: Choices, data: PathData) -> Float:
    """Headroom of every era under a ceiling, or a constant trend; both around the dyad's."""
    result = np.empty(data.era_dyad.size)
    spread = scalar(values, choices.era_spread, 0.0)
    for e in range(result.size):
        at = by_dyad[HEADROOM if choices.ceiling else MEAN, data.era_dyad[e]]
        if choices.era_spread >= 0:
            at += spread * values[choices.eras + e]
        result[e] = math.exp(at) if choices.ceiling else at
    return result


@kernel
def find_path(values: Float, dyads: Float, eras: Float, choices: Choices, data: PathData) -> Path:
    """Path of the white noise among the values."""
    nodes, pairs = data.node_dyad.size, data.pair_dyad.size
    pairs_trend, pairs_cycle = np.empty((3, pairs)), np.empty((3, pairs))
    if choices.moves:
        jump, half_life = scalar(values, choices.jump, 0.0), scalar(values, choices.half_life, 0.0)
        pairs_trend = trend_forward(
            dyads[MEAN], dyads[STEP], jump, half_life, choices.start_sd,
            data.pair_dyad, data.pair_gap, data.pair_new_era,
        )  # fmt: skip
    if choices.cycle:
        pairs_cycle = cycle_forward(dyads[HALF_LIFE], dyads[SD], data.pair_dyad, data.pair_gap)
    trend, cycle = at_nodes(pairs_trend, data.pair_of_node), at_nodes(pairs_cycle, data.pair_of_node)
    a = scalar(values, choices.concentration, 0.0)
    variance = np.empty(data.report_dyad.size)
    for k in range(variance.size):
        n, noise = data.report_events[k], dyads[NOISE, data.report_dyad[k]]
        dispersed = (a + n) / (a + 1.0) if choices.concentration >= 0 else 1.0
        variance[k] = dispersed / (INFORMATION * n) + noise * noise
    weight, target, information = np.empty(nodes), np.empty(nodes), np.empty(nodes)
    for i in range(nodes):
        d = data.node_dyad[i]
        weight[i] = data.anchor_weight[i] * data.anchor_variance[i] / variance[data.report_of_node[i]]
        target[i] = data.anchor_level[i] + (data.anchor_volume_effect[d] - dyads[VOLUME, d]) * data.busyness[i]
        if not choices.moves:
            target[i] -= eras[data.node_era[i]]
        information[i] = weight[i] * target[i]
    both = choices.moves and choices.cycle
    z = values[choices.white : choices.white + (2 * nodes if both else nodes)]
    if both:
        x, log_det, inverse, solved, beside, beyond = pair_forward(
            z, trend[0], trend[1], trend[2], cycle[0], cycle[1], cycle[2], weight, information, data.starts
        )
    else:
        process = trend if choices.moves else cycle
        x, log_det, inverse, solved = path_forward(
            z, process[0], process[1], process[2], weight, information, data.starts
        )
        beside, beyond = np.empty(0), np.empty(0)
    return Path(
        x, log_det.item(), inverse, solved, beside, beyond,
        pairs_trend, pairs_cycle, trend, cycle, variance, weight, target,
    )  # fmt: skip


@kernel
def path_prior(
    path: Path, values: Float, choices: Choices, data: PathData,
    g_x: Float, g_trend: Float, g_cycle: Float, slope: Float,
) -> float:  # fmt: skip
    """Log-density of path and spare coordinates, with the change of variables; slopes are added to what is there."""
    both = choices.moves and choices.cycle
    stride, total = (2 if both else 1), path.log_det
    if choices.moves:
        total += process_density(path.x, 0, stride, path.trend, data.starts, g_x, g_trend[0], g_trend[1], g_trend[2])
    if choices.cycle:
        total += process_density(
            path.x, stride - 1, stride, path.cycle, data.starts, g_x, g_cycle[0], g_cycle[1], g_cycle[2]
        )
    for i in range(choices.white + path.x.size, values.size):
        total -= 0.5 * values[i] * values[i]
        slope[i] -= values[i]
    return total


@kernel
def under_ceiling(x: float, ceiling: float, softness: float) -> tuple[float, float]:
    """Trend under a soft ceiling, and its slope in the free trend; what is missing to one is that in the ceiling."""
    room = (ceiling - x) / softness
    decayed = math.exp(-abs(room))
    bend = max(room, 0.0) + math.log1p(decayed)
    slope = (1.0 if room >= 0.0 else decayed) / (1.0 + decayed)
    return ceiling - softness * bend, slope


@kernel
def path_density(
    point: Float, coordinates: Coordinates, by_dyad: ByDyad, choices: Choices, data: PathData
) -> tuple[float, Float]:
    """Log-density of a point, and its gradient."""
    nodes, directions = data.node_dyad.size, data.directions
    number = data.starts.size - 1
    values, total, slope = values_of(point, coordinates)
    by_value = np.zeros(values.size)
    dyads = dyads_forward(values, by_dyad, number)
    eras = era_values(values, dyads, choices, data)
    path = find_path(values, dyads, eras, choices, data)
    x, both = path.x, choices.moves and choices.cycle
    stride = 2 if both else 1

    month, bend = np.empty(nodes), np.ones(nodes)
    for i in range(nodes):
        e = data.node_era[i]
        level = x[stride * i] if choices.moves else eras[e]
        if choices.ceiling:
            level, bend[i] = under_ceiling(level, x[stride * data.era_start[e]] + eras[e], choices.softness)
        if choices.cycle:
            level += x[stride * i + stride - 1]
        month[i] = level + dyads[VOLUME, data.node_dyad[i]] * data.busyness[i]

    offset, concentration = np.zeros((number, directions, 1)), np.zeros(1)
    concentration[0] = scalar(values, choices.concentration, 0.0)
    if choices.direction >= 0:
        for d in range(number):
            offset[d, 0, 0], offset[d, 1, 0] = values[choices.direction + d], -values[choices.direction + d]
    likelihood, g_month, g_offset, _, g_concentration, g_noise = observation_value_gradient(
        month, offset, np.zeros((1, 1)), concentration, dyads[NOISE],
        data.blocks, data.cells, data.rows, data.entries, data.nodes, data.weights,
    )  # fmt: skip
    total += likelihood.item()

    g_dyads, g_eras, g_x = np.zeros(dyads.shape), np.zeros(eras.size), np.zeros(x.size)
    g_trend, g_cycle = np.zeros((3, nodes)), np.zeros((3, nodes))
    for d in range(number):
        g_dyads[NOISE, d] = g_noise[d]
        if choices.direction >= 0:
            by_value[choices.direction + d] += g_offset[d, 0, 0] - g_offset[d, 1, 0]
    for i in range(nodes):
        e, g = data.node_era[i], g_month[i]
        g_dyads[VOLUME, data.node_dyad[i]] += g * data.busyness[i]
        if choices.cycle:
            g_x[stride * i + stride - 1] += g
        if choices.moves:
            g_x[stride * i] += g * bend[i]
            if choices.ceiling:
                g_x[stride * data.era_start[e]] += g * (1.0 - bend[i])
                g_eras[e] += g * (1.0 - bend[i])
        else:
            g_eras[e] += g
    total += path_prior(path, values, choices, data, g_x, g_trend, g_cycle, slope)
    g_weight, g_information = _path_slopes(path, values, choices, data, g_x, g_trend, g_cycle, by_value)
    g_concentration[0] += _anchor_slopes(
        path, concentration[0], choices, data, dyads, g_weight, g_information, g_dyads, g_eras
    )
    _transition_slopes(path, values, choices, data, dyads, g_trend, g_cycle, g_dyads, by_value)
    _era_slopes(values, eras, choices, data, g_eras, g_dyads, by_value)
    if choices.concentration >= 0:
        by_value[choices.concentration] += g_concentration[0]
    dyads_backward(values, by_dyad, dyads, g_dyads, by_value)
    add_slopes(values, by_value, coordinates, slope)
    return total, slope


@kernel
def _path_slopes(
    path: Path, values: Float, choices: Choices, data: PathData,
    g_x: Float, g_trend: Float, g_cycle: Float, by_value: Float,
) -> tuple[Float, Float]:  # fmt: skip
    """Add slopes in white noise and transitions to what is there; return those in weight and information."""
    trend, cycle, starts = path.trend, path.cycle, data.starts
    white = choices.white
    if choices.moves and choices.cycle:
        z = values[white : white + path.x.size]
        g_z, drift, carry, scale, drift_f, carry_f, scale_f, g_weight, g_information = pair_backward(
            z, trend[0], trend[1], trend[2], cycle[0], cycle[1], cycle[2],
            path.x, path.inverse, path.solved, path.beside, path.beyond, g_x, 1.0, starts,
        )  # fmt: skip
        g_cycle[0] += drift_f
        g_cycle[1] += carry_f
        g_cycle[2] += scale_f
    else:
        process = trend if choices.moves else cycle
        g_z, drift, carry, scale, g_weight, g_information = path_backward(
            process[0], process[1], process[2], path.x, path.inverse, path.solved, g_x, 1.0, starts
        )
    g_first = g_trend if choices.moves else g_cycle
    g_first[0] += drift
    g_first[1] += carry
    g_first[2] += scale
    by_value[white : white + g_z.size] += g_z
    return g_weight, g_information


@kernel
def _anchor_slopes(
    path: Path, a: float, choices: Choices, data: PathData, dyads: Float,
    g_weight: Float, g_information: Float, g_dyads: Float, g_eras: Float,
) -> float:  # fmt: skip
    """Add what the pseudo-observations tell of noise, volume and eras; return the slope in the concentration."""
    g_variance, g_a = np.zeros(path.variance.size), 0.0
    for i in range(path.weight.size):
        d, k = data.node_dyad[i], data.report_of_node[i]
        g_target = g_information[i] * path.weight[i]
        g_variance[k] -= (g_weight[i] + g_information[i] * path.target[i]) * path.weight[i] / path.variance[k]
        g_dyads[VOLUME, d] -= g_target * data.busyness[i]
        if not choices.moves:
            g_eras[data.node_era[i]] -= g_target
    for k in range(g_variance.size):
        d, n = data.report_dyad[k], data.report_events[k]
        g_dyads[NOISE, d] += 2.0 * dyads[NOISE, d] * g_variance[k]
        g_a += g_variance[k] * (1.0 - n) / ((a + 1.0) * (a + 1.0) * INFORMATION * n)
    return g_a


@kernel
def _transition_slopes(
    path: Path, values: Float, choices: Choices, data: PathData, dyads: Float,
    g_trend: Float, g_cycle: Float, g_dyads: Float, by_value: Float,
) -> None:  # fmt: skip
    """Add what the transitions tell of the parameters of trend and cycle."""
    pairs = data.pair_dyad.size
    if choices.moves:
        jump, half_life = scalar(values, choices.jump, 0.0), scalar(values, choices.half_life, 0.0)
        g_pairs = to_pairs(g_trend[0], g_trend[1], g_trend[2], data.pair_of_node, pairs)
        g_jump, g_half_life = trend_backward(
            dyads[MEAN], dyads[STEP], jump, half_life, data.pair_dyad, data.pair_gap, data.pair_new_era,
            path.pairs_trend, g_pairs, g_dyads[MEAN], g_dyads[STEP],
        )  # fmt: skip
        if choices.jump >= 0:
            by_value[choices.jump] += g_jump
        if choices.half_life >= 0:
            by_value[choices.half_life] += g_half_life
    if choices.cycle:
        g_pairs = to_pairs(g_cycle[0], g_cycle[1], g_cycle[2], data.pair_of_node, pairs)
        cycle_backward(
            dyads[HALF_LIFE], dyads[SD], data.pair_dyad, data.pair_gap,
            path.pairs_cycle, g_pairs, g_dyads[HALF_LIFE], g_dyads[SD],
        )  # fmt: skip


@kernel
def _era_slopes(
    values: Float, eras: Float, choices: Choices, data: PathData, g_eras: Float, g_dyads: Float, by_value: Float
) -> None:
    """Add the slopes of `era_values`."""
    if choices.moves and not choices.ceiling:
        return
    spread = scalar(values, choices.era_spread, 0.0)
    for e in range(eras.size):
        g = g_eras[e] * eras[e] if choices.ceiling else g_eras[e]
        g_dyads[HEADROOM if choices.ceiling else MEAN, data.era_dyad[e]] += g
        if choices.era_spread >= 0:
            by_value[choices.era_spread] += g * values[choices.eras + e]
            by_value[choices.eras + e] += g * spread


@kernel
def path_draws(
    points: Float, coordinates: Coordinates, by_dyad: ByDyad, choices: Choices, data: PathData,
    dyads: Float, eras: Float, trend: Float, cycle: Float, ceiling: Float, rest: Float,
) -> None:  # fmt: skip
    """Write what follows from points (draw, coordinate), each array by draw.

    That is the quantities of dyads and eras, trend and cycle at the nodes, ceilings, and the log-density without the
    likelihood.
    """
    nodes = data.node_dyad.size
    stride = 2 if choices.moves and choices.cycle else 1
    for draw in range(points.shape[0]):
        values, prior, slope = values_of(points[draw], coordinates)
        dyads[draw] = dyads_forward(values, by_dyad, data.starts.size - 1)
        eras[draw] = era_values(values, dyads[draw], choices, data)
        path = find_path(values, dyads[draw], eras[draw], choices, data)
        g_trend, g_cycle = np.zeros((3, nodes)), np.zeros((3, nodes))
        g_x = np.zeros(path.x.size)
        rest[draw] = prior + path_prior(path, values, choices, data, g_x, g_trend, g_cycle, slope)
        if choices.moves:
            trend[draw] = path.x[::stride]
        if choices.cycle:
            cycle[draw] = path.x[stride - 1 :: stride]
        if choices.ceiling:
            for e in range(data.era_start.size):
                ceiling[draw, e] = path.x[stride * data.era_start[e]] + eras[draw, e]
