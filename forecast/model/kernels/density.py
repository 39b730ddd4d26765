"""Log-density of path and sides with its gradient, in the sampler's coordinates.

It is that of :meth:`forecast.model.pendulum.PendulumModel.build` for one dataset of sides and a
linear cycle. The choices of a spec are branches of one function.

Read `path_density` first. Its steps are kernels of their own: `parameters` (what a point says of
dyads and eras), `transitions` (how trend and cycle move), `whitening` (white noise to path),
`ceiling`, and `observation` (events). What ends in ``_backward`` has the slopes of what ends in
``_forward``; ``g_name`` is the slope of the log-density in what ``name`` holds.
"""

from typing import NamedTuple

import numpy as np

from forecast.base.typing import Float, Index
from forecast.model.kernels import kernel
from forecast.model.kernels.ceiling import ceiling_density
from forecast.model.kernels.observation import sides_value_gradient
from forecast.model.kernels.parameters import (
    HALF_LIFE,
    MEAN,
    NOISE,
    SD,
    STEP,
    VOLUME,
    ByDyad,
    Choices,
    Coordinates,
    add_slopes,
    dyads_backward,
    dyads_forward,
    era_backward,
    era_values,
    scalar,
    values_of,
)
from forecast.model.kernels.transitions import (
    Pairs,
    at_nodes,
    cycle_backward,
    cycle_forward,
    log_scales,
    process_density,
    to_pairs,
    trend_backward,
    trend_forward,
)
from forecast.model.kernels.whitening import (
    pair_backward,
    pair_forward,
    path_backward,
    path_forward,
)
from forecast.model.observation.base import WHITENING_INFORMATION


class Anchor(NamedTuple):
    """Pseudo-observations of the level that whiten the path, (node,), and their slopes."""

    weight: Float
    level: Float
    variance: Float
    volume_effect: Float
    report_dyad: Index
    report_events: Float
    report_of_node: Index


class PathData(NamedTuple):
    """Panel data, event counts and quadrature of the month noise.

    The counts are laid out as `forecast.model.kernels.observation.Reports`; `nodes` and `weights`
    are those of the quadrature.
    """

    starts: Index
    node_dyad: Index
    node_era: Index
    era_dyad: Index
    era_start: Index
    relative_count: Float
    directions: int
    chunks: Index
    chunk_months: Index
    chunk_counts: Index
    nodes: Float
    weights: Float
    pairs: Pairs
    anchor: Anchor


class Path(NamedTuple):
    """A path and what led to it; trend and cycle stand in turn where both have a path."""

    x: Float  # Path at the nodes
    log_det: float  # Log-determinant of the change of variables from white noise
    # What the gradient reads again (see `whitening`): inverse diagonal of the Cholesky factor, the
    # half-solved vector, and the first and second diagonal below
    inverse: Float
    solved: Float
    first_below: Float
    second_below: Float
    # Transitions by distinct pair of dyad and gap, and by node: retention, shift and spread
    pairs_trend: Float
    pairs_cycle: Float
    trend: Float
    cycle: Float
    # Pseudo-observations: variance by report, and weight and level by node
    variance: Float
    weight: Float
    target: Float


class Slopes(NamedTuple):
    """Slopes of the log-density, added up from the data back to the coordinates."""

    values: Float
    dyads: Float  # (quantity, dyad)
    eras: Float
    x: Float  # Of the path


@kernel
def anchor_variance(concentration: float, noise: Float, anchor: Anchor) -> Float:
    """Rough variance of a month's level given its events, by distinct report.

    A concentration of zero stands for no overdispersion.
    """
    variance = np.empty(anchor.report_dyad.size)
    for k in range(variance.size):
        n, sd = anchor.report_events[k], noise[anchor.report_dyad[k]]
        widening = (concentration + n) / (concentration + 1.0) if concentration > 0.0 else 1.0
        variance[k] = widening / (WHITENING_INFORMATION * n) + sd * sd
    return variance


@kernel
def find_path(values: Float, dyads: Float, eras: Float, choices: Choices, data: PathData) -> Path:
    """Path that the white noise among the values stands for.

    First the transitions, then the pseudo-observations, then both whiten.
    """
    anchor, nodes, pairs = data.anchor, data.node_dyad.size, data.pairs
    pairs_trend, pairs_cycle = np.empty((3, pairs.dyad.size)), np.empty((3, pairs.dyad.size))
    if choices.moves:
        jump, half_life = scalar(values, choices.jump, 0.0), scalar(values, choices.half_life, 0.0)
        pairs_trend = trend_forward(
            dyads[MEAN], dyads[STEP], jump, half_life, choices.start_sd, pairs
        )
    if choices.cycle:
        pairs_cycle = cycle_forward(dyads[HALF_LIFE], dyads[SD], pairs)
    trend, cycle = at_nodes(pairs_trend, pairs), at_nodes(pairs_cycle, pairs)
    variance = anchor_variance(scalar(values, choices.concentration, 0.0), dyads[NOISE], anchor)
    weight, target, information = np.empty(nodes), np.empty(nodes), np.empty(nodes)
    for i in range(nodes):
        d = data.node_dyad[i]
        weight[i] = anchor.weight[i] * anchor.variance[i] / variance[anchor.report_of_node[i]]
        target[i] = (
            anchor.level[i] + (anchor.volume_effect[d] - dyads[VOLUME, d]) * data.relative_count[i]
        )
        if not choices.moves:
            target[i] -= eras[data.node_era[i]]
        information[i] = weight[i] * target[i]
    if choices.moves and choices.cycle:
        x, log_det, inverse, solved, first_below, second_below = pair_forward(
            values[choices.white : choices.white + 2 * nodes],
            trend[0],
            trend[1],
            trend[2],
            cycle[0],
            cycle[1],
            cycle[2],
            weight,
            information,
            data.starts,
        )
    else:
        process = trend if choices.moves else cycle
        x, log_det, inverse, solved = path_forward(
            values[choices.white : choices.white + nodes],
            process[0],
            process[1],
            process[2],
            weight,
            information,
            data.starts,
        )
        first_below, second_below = np.empty(0), np.empty(0)
    return Path(
        x,
        log_det.item(),
        inverse,
        solved,
        first_below,
        second_below,
        pairs_trend,
        pairs_cycle,
        trend,
        cycle,
        variance,
        weight,
        target,
    )


@kernel
def path_prior(
    path: Path, eras: Float, choices: Choices, data: PathData, g_x: Float, g_eras: Float
) -> tuple[float, Float, Float]:
    """Log-density of a path with the change of variables, and its slopes in the transitions.

    The slopes in path and eras are added to `g_x` and `g_eras`.
    """
    stride, total = (2 if choices.moves and choices.cycle else 1), path.log_det
    g_trend, g_cycle = path.trend, path.cycle
    if choices.moves:
        log_density, g_trend = process_density(path.x, 0, stride, path.trend, data.starts, g_x)
        total += log_density - log_scales(path.pairs_trend, data.pairs)
        if choices.ceiling:
            total += ceiling_density(
                path.x,
                path.trend,
                eras,
                stride,
                choices.softness,
                data.node_era,
                data.era_start,
                g_x,
                g_trend,
                g_eras,
            )
    if choices.cycle:
        log_density, g_cycle = process_density(
            path.x, stride - 1, stride, path.cycle, data.starts, g_x
        )
        total += log_density - log_scales(path.pairs_cycle, data.pairs)
    return total, g_trend, g_cycle


@kernel
def month_levels(dyads: Float, eras: Float, path: Path, choices: Choices, data: PathData) -> Float:
    """Level of every node, with the effect of its event count."""
    stride = 2 if choices.moves and choices.cycle else 1
    level = np.empty(data.node_dyad.size)
    for i in range(level.size):
        value = path.x[stride * i] if choices.moves else eras[data.node_era[i]]
        if choices.cycle:
            value += path.x[stride * i + stride - 1]
        level[i] = value + dyads[VOLUME, data.node_dyad[i]] * data.relative_count[i]
    return level


@kernel
def add_month_slopes(g_month: Float, slopes: Slopes, choices: Choices, data: PathData) -> None:
    """Add the slopes of `month_levels`."""
    stride = 2 if choices.moves and choices.cycle else 1
    for i in range(g_month.size):
        g = g_month[i]
        slopes.dyads[VOLUME, data.node_dyad[i]] += g * data.relative_count[i]
        if choices.cycle:
            slopes.x[stride * i + stride - 1] += g
        if choices.moves:
            slopes.x[stride * i] += g
        else:
            slopes.eras[data.node_era[i]] += g


@kernel
def events_density(
    values: Float,
    dyads: Float,
    eras: Float,
    path: Path,
    slopes: Slopes,
    choices: Choices,
    data: PathData,
) -> tuple[float, float]:
    """Log-likelihood of the events, and its slope in the concentration.

    The other slopes are added.
    """
    number = data.starts.size - 1
    offset, concentration = np.zeros((number, data.directions, 1)), np.zeros(1)
    concentration[0] = scalar(values, choices.concentration, 0.0)
    if choices.direction >= 0:
        for d in range(number):
            effect = values[choices.direction + d]
            offset[d, 0, 0], offset[d, 1, 0] = effect, -effect
    likelihood, g_month, g_offset, g_concentration, g_noise, _ = sides_value_gradient(
        month_levels(dyads, eras, path, choices, data),
        offset,
        concentration,
        dyads[NOISE],
        np.zeros((0, 0)),
        data.chunks,
        data.chunk_months,
        data.chunk_counts,
        data.nodes,
        data.weights,
    )
    for d in range(number):
        slopes.dyads[NOISE, d] += g_noise[d]
        if choices.direction >= 0:
            slopes.values[choices.direction + d] += g_offset[d, 0, 0] - g_offset[d, 1, 0]
    add_month_slopes(g_month, slopes, choices, data)
    return likelihood.item(), g_concentration[0]


@kernel
def whitening_slopes(
    values: Float, path: Path, slopes: Slopes, choices: Choices, data: PathData
) -> tuple[Float, Float, Float, Float]:
    """Slopes that the change of variables has in what it depends on.

    Those in the transitions of trend and of cycle, (3, node), and in weight and information of the
    pseudo-observations are returned; those in the white noise are added.
    """
    g_trend, g_cycle = path.trend, path.cycle  # Where the model does not have them
    if choices.moves and choices.cycle:
        (
            g_white,
            drift,
            retention,
            scale,
            cycle_drift,
            cycle_retention,
            cycle_scale,
            g_weight,
            g_information,
        ) = pair_backward(
            values[choices.white : choices.white + path.x.size],
            path.trend[0],
            path.trend[1],
            path.trend[2],
            path.cycle[0],
            path.cycle[1],
            path.cycle[2],
            path.x,
            path.inverse,
            path.solved,
            path.first_below,
            path.second_below,
            slopes.x,
            np.asarray(1.0),
            data.starts,
        )
        g_trend, g_cycle = (
            in_rows(drift, retention, scale),
            in_rows(cycle_drift, cycle_retention, cycle_scale),
        )
    else:
        process = path.trend if choices.moves else path.cycle
        g_white, drift, retention, scale, g_weight, g_information = path_backward(
            process[0],
            process[1],
            process[2],
            path.x,
            path.inverse,
            path.solved,
            slopes.x,
            np.asarray(1.0),
            data.starts,
        )
        if choices.moves:
            g_trend = in_rows(drift, retention, scale)
        else:
            g_cycle = in_rows(drift, retention, scale)
    for i in range(g_white.size):
        slopes.values[choices.white + i] = g_white[i]
    return g_trend, g_cycle, g_weight, g_information


@kernel
def in_rows(drift: Float, retention: Float, scale: Float) -> Float:
    """Drift, retention and scale of every node as the rows of one array, (3, node)."""
    rows = np.empty((3, drift.size))
    for i in range(drift.size):
        rows[0, i], rows[1, i], rows[2, i] = drift[i], retention[i], scale[i]
    return rows


@kernel
def parameter_slopes(
    values: Float,
    dyads: Float,
    path: Path,
    g_moves: tuple[Float, Float],
    g_whitening: tuple[Float, Float],
    slopes: Slopes,
    choices: Choices,
    data: PathData,
) -> None:
    """Add the slopes in the parameters of trend and cycle.

    Given are those in their transitions, of the moves' density and of the change of variables.
    """
    if choices.moves:
        g_jump, g_half_life = trend_backward(
            dyads[MEAN],
            dyads[STEP],
            scalar(values, choices.jump, 0.0),
            scalar(values, choices.half_life, 0.0),
            data.pairs,
            path.pairs_trend,
            to_pairs(path.pairs_trend, g_moves[0], g_whitening[0], data.pairs),
            slopes.dyads[MEAN],
            slopes.dyads[STEP],
        )
        if choices.jump >= 0:
            slopes.values[choices.jump] += g_jump
        if choices.half_life >= 0:
            slopes.values[choices.half_life] += g_half_life
    if choices.cycle:
        cycle_backward(
            dyads[HALF_LIFE],
            dyads[SD],
            data.pairs,
            path.pairs_cycle,
            to_pairs(path.pairs_cycle, g_moves[1], g_whitening[1], data.pairs),
            slopes.dyads[HALF_LIFE],
            slopes.dyads[SD],
        )


@kernel
def anchor_backward(
    values: Float,
    dyads: Float,
    path: Path,
    g_weight: Float,
    g_information: Float,
    slopes: Slopes,
    choices: Choices,
    data: PathData,
) -> float:
    """Return the slope in the concentration of pseudo-observations; add the other slopes."""
    anchor, concentration = data.anchor, scalar(values, choices.concentration, 0.0)
    g_variance, g_concentration = np.zeros(path.variance.size), 0.0
    for i in range(path.weight.size):
        k, d = anchor.report_of_node[i], data.node_dyad[i]
        g_target = g_information[i] * path.weight[i]
        g_variance[k] -= (
            (g_weight[i] + g_information[i] * path.target[i]) * path.weight[i] / path.variance[k]
        )
        slopes.dyads[VOLUME, d] -= g_target * data.relative_count[i]
        if not choices.moves:
            slopes.eras[data.node_era[i]] -= g_target
    for k in range(g_variance.size):
        d, n = anchor.report_dyad[k], anchor.report_events[k]
        slopes.dyads[NOISE, d] += 2.0 * dyads[NOISE, d] * g_variance[k]
        g_concentration += (
            g_variance[k]
            * (1.0 - n)
            / ((concentration + 1.0) * (concentration + 1.0) * WHITENING_INFORMATION * n)
        )
    return g_concentration


@kernel
def path_density(
    point: Float, coordinates: Coordinates, by_dyad: ByDyad, choices: Choices, data: PathData
) -> tuple[float, Float]:
    """Log-density of a point, and its gradient.

    Forward: coordinates, quantities of dyads and eras, path. Then each density adds its slopes to
    what it depends on, and these go back the same way.
    """
    values, prior, slope = values_of(point, coordinates)
    dyads = dyads_forward(values, by_dyad, data.starts.size - 1)
    eras = era_values(values, dyads, choices, data.era_dyad)
    path = find_path(values, dyads, eras, choices, data)
    slopes = Slopes(
        np.zeros(values.size), np.zeros(dyads.shape), np.zeros(eras.size), np.zeros(path.x.size)
    )

    events, g_concentration = events_density(values, dyads, eras, path, slopes, choices, data)
    moves, g_trend, g_cycle = path_prior(path, eras, choices, data, slopes.x, slopes.eras)

    white_trend, white_cycle, g_weight, g_information = whitening_slopes(
        values, path, slopes, choices, data
    )
    parameter_slopes(
        values, dyads, path, (g_trend, g_cycle), (white_trend, white_cycle), slopes, choices, data
    )
    g_concentration += anchor_backward(
        values, dyads, path, g_weight, g_information, slopes, choices, data
    )
    if choices.concentration >= 0:
        slopes.values[choices.concentration] += g_concentration
    if choices.ceiling or not choices.moves:
        era_backward(values, eras, choices, data.era_dyad, slopes.eras, slopes.dyads, slopes.values)
    dyads_backward(values, by_dyad, dyads, slopes.dyads, slopes.values)
    add_slopes(values, slopes.values, coordinates, slope)
    return prior + moves + events, slope


@kernel
def path_at(
    point: Float, coordinates: Coordinates, by_dyad: ByDyad, choices: Choices, data: PathData
) -> tuple[Float, Float, Float, float, float]:
    """Return quantities of dyads and eras, the path, and log-densities of prior and path."""
    values, total, _ = values_of(point, coordinates)
    dyads = dyads_forward(values, by_dyad, data.starts.size - 1)
    eras = era_values(values, dyads, choices, data.era_dyad)
    path = find_path(values, dyads, eras, choices, data)
    white, _, _ = path_prior(path, eras, choices, data, np.zeros(path.x.size), np.zeros(eras.size))
    return dyads, eras, path.x, total, white
