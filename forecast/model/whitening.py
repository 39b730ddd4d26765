"""Pseudo-observations for the whitened path: a Laplace pass at a reference point.

The change of variables is exact whatever they are (see :mod:`forecast.model.kernels.path`); the closer they are
to what the data say of the path, the nearer the sampler's coordinates are to white noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.model.arrays import PanelArrays
from forecast.model.dynamics.base import Motion, over_gaps
from forecast.model.kernels.pair import pair_forward
from forecast.model.kernels.path import path_forward
from forecast.model.observation.base import Own
from forecast.model.spec import PendulumSpec
from forecast.model.trend import Trend, central_trend
from forecast.typing import Float

AVERAGED_DRAWS, AVERAGED_ITERATIONS, LEAST_WEIGHT = 32, 20, 0.02


@dataclass(frozen=True)
class Reference:
    """Parameter values around which the path is whitened, shaped as in `forecast.model.parameters.Parameters`."""

    trend: Trend | None
    mu: Float
    motion: Motion | None
    observed: Own


def prior_reference(spec: PendulumSpec, arrays: PanelArrays) -> Reference:
    """Centres of the priors."""
    p = spec.priors.paced(arrays.periods_a_month)
    return Reference(
        trend=central_trend(spec, p, arrays.dyads) if spec.moves else None,
        mu=np.full(arrays.eras, p.trend_mean[0]),
        motion=spec.cycle_model.centre(p, arrays.dyads) if spec.has_cycle else None,
        observed=spec.observation_model.reference(spec, arrays),
    )


@dataclass(frozen=True)
class Anchor:
    """Where the path is linearised: the level, and weight and value of each node's pseudo-observation of it."""

    mean: Float
    weight: Float
    level: Float


def anchor_path(
    reference: Reference, arrays: PanelArrays, spec: PendulumSpec, iterations: int = 40, damping: float = 0.6
) -> Anchor:
    """Anchor of the whitening, arrays (node,): a damped Newton search for the mode of the level, without a ceiling."""
    path, coordinates = _level_under(reference, arrays)
    still, observation = np.zeros(coordinates), spec.observation_model

    def slope_at(level: Float) -> Float:
        return observation.derivatives(spec, level, reference.observed, arrays)[0]

    level = np.full(arrays.nodes, spec.priors.trend_mean[0])
    anchor = Anchor(level, np.zeros_like(level), level)
    for _ in range(iterations):
        slope, weight = observation.derivatives(spec, level, reference.observed, arrays)
        anchor = Anchor(level, weight, level + np.where(weight > 0, slope / np.where(weight > 0, weight, 1.0), 0.0))
        level = level + damping * (path(still, weight, weight * anchor.level) - level)
    return _average(anchor, path, coordinates, slope_at)


type _Path = Callable[[Float, Float, Float], Float]


def _level_under(reference: Reference, arrays: PanelArrays) -> tuple[_Path, int]:
    """Return the function from white noise and pseudo-observations to the level at every node, and how much noise."""
    pairs, starts = transition_pairs(arrays), arrays.starts
    trend = None if reference.trend is None else reference.trend.transitions(pairs)
    cycle = None if reference.motion is None else over_gaps(reference.motion, pairs)
    if trend is not None and cycle is not None:

        def path(white: Float, weight: Float, told: Float) -> Float:
            both: Float = pair_forward(white, *trend, *cycle, weight, told, starts)[0]
            return both[::2] + both[1::2]

        return path, 2 * arrays.nodes
    process = trend or cycle
    assert process is not None
    constant = reference.mu[arrays.node_era] if trend is None else np.zeros(arrays.nodes)

    def one(white: Float, weight: Float, told: Float) -> Float:
        own: Float = path_forward(white, *process, weight, told - weight * constant, starts)[0]
        return own + constant

    return one, arrays.nodes


def _average(anchor: Anchor, path: _Path, coordinates: int, slope_at: Callable[[Float], Float]) -> Anchor:
    """Return pseudo-observations that say of the level on average what the data say, and not only at its mode.

    A month of one or two events is far from Gaussian: how steep and how curved its likelihood is depends on where the
    level stands. So slope and curvature are averaged over what the pseudo-observations leave open of the level
    (a Gaussian variational approximation [1]_, by fixed-point iteration).

    References
    ----------
    .. [1] Opper and Archambeau (2009), The variational Gaussian approximation revisited,
       https://doi.org/10.1162/neco.2008.08-07-592
    """
    noise = np.random.default_rng(0).standard_normal((AVERAGED_DRAWS, coordinates))
    weight, told, still = anchor.weight, anchor.weight * anchor.level, np.zeros(coordinates)
    seen = weight > 0
    mean = anchor.mean
    for _ in range(AVERAGED_ITERATIONS):
        mean = path(still, weight, told)
        spread = np.sqrt(np.mean([(path(white, weight, told) - mean) ** 2 for white in noise], axis=0))
        up, down = slope_at(mean + spread), slope_at(mean - spread)
        curved = np.where(seen, np.maximum((down - up) / (2.0 * spread), LEAST_WEIGHT), 0.0)
        weight, told = 0.5 * (weight + curved), 0.5 * (told + curved * mean + np.where(seen, (up + down) / 2.0, 0.0))
    return Anchor(mean, weight, np.divide(told, weight, out=mean.copy(), where=seen))


def transition_pairs(arrays: PanelArrays) -> dict[str, Any]:
    """Return the distinct pairs of dyad and gap, each computed once, and which of them every node has.

    Nodes that begin an era make pairs of their own.
    """
    new_era = (np.diff(arrays.node_era, prepend=-1) != 0) & (arrays.node_gap > 0)
    columns = np.column_stack([arrays.node_dyad, arrays.node_gap, new_era])
    pairs, pair_of = np.unique(columns, axis=0, return_inverse=True)
    return {
        "pair_dyad": pairs[:, 0], "pair_gap": pairs[:, 1], "pair_new_era": pairs[:, 2], "pair_of_node": pair_of,
    }  # fmt: skip
