"""Pseudo-observations for the whitened path: a Laplace pass at a reference point.

The change of variables is exact whatever they are (see :mod:`forecast.model.kernels.path`); the closer they are
to what the data say of the path, the nearer the sampler's coordinates are to white noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.model.arrays import PanelArrays
from forecast.model.dynamics.base import Motion, Pull
from forecast.model.kernels.pair import pair_forward
from forecast.model.kernels.path import path_forward
from forecast.model.observation.base import Own
from forecast.model.spec import PendulumSpec
from forecast.model.structure import Structure, central_structure
from forecast.scale import ceiling_lift, soft_ceiling, soft_ceiling_slope
from forecast.typing import Float

AVERAGED_DRAWS, AVERAGED_ITERATIONS, LEAST_WEIGHT = 32, 20, 0.02


@dataclass(frozen=True)
class Reference:
    """Parameter values around which the path is whitened, shaped as in `forecast.model.parameters.Parameters`."""

    motion: Motion
    structure: Structure | None
    mu: Float
    ceiling: Float
    observed: Own


def prior_reference(spec: PendulumSpec, arrays: PanelArrays) -> Reference:
    """Centres of the priors."""
    p = spec.priors.paced(arrays.periods_a_month)
    dyads, eras = arrays.dyads, arrays.eras
    own = p.of_swing() if spec.two_scales else p
    phi, sigma, start_sd = (np.full(dyads, value) for value in spec.pull.centre(own))
    structure = central_structure(p, dyads) if spec.two_scales else None
    motion = Motion(phi, sigma, start_sd, {})
    mu = np.full(eras, p.equilibrium[0] if spec.pull.has_equilibrium else 0.0)
    ceiling = np.full(eras, np.inf)
    if spec.level_ceiling:
        headroom = p.headroom if spec.pull.has_equilibrium else p.headroom_walk
        ceiling = mu + np.exp(headroom[0])
        if spec.pull.has_equilibrium:
            mu = mu + ceiling_lift(start_sd[arrays.era_dyad], ceiling - mu, spec.ceiling_softness)
    return Reference(motion, structure, mu, ceiling, spec.observation_model.reference(spec, arrays))


@dataclass(frozen=True)
class Anchor:
    """Where the path is linearised: state, and weight and value of the pseudo-observation of each node's level."""

    state: Float
    weight: Float
    level: Float


def anchor_path(
    reference: Reference, arrays: PanelArrays, spec: PendulumSpec, iterations: int = 40, damping: float = 0.6
) -> Anchor:
    """Anchor of the whitening, arrays (node,): a damped Newton search for the mode of the path."""
    path, coordinates = _path_under(reference, arrays, spec)
    still = np.zeros(coordinates)
    ceiling = reference.ceiling[arrays.node_era]
    softness = spec.ceiling_softness if spec.level_ceiling else None
    state = reference.mu[arrays.node_era].astype(float)
    anchor = Anchor(state, np.zeros_like(state), state)
    for _ in range(iterations):
        level = state if softness is None else soft_ceiling(state, ceiling, softness)
        bend = np.ones_like(state) if softness is None else soft_ceiling_slope(state, ceiling, softness)
        slope, weight = spec.observation_model.derivatives(spec, level, reference.observed, arrays)
        anchor = Anchor(state, weight, level + np.where(weight > 0, slope / np.where(weight > 0, weight, 1.0), 0.0))
        information = weight * bend * (anchor.level - level + bend * state)
        state = state + damping * (path(still, weight * bend**2, information) - state)
    if spec.two_scales:
        observation = spec.observation_model
        return _average(
            anchor, path, coordinates, lambda at: observation.derivatives(spec, at, reference.observed, arrays)[0]
        )
    return anchor


type _Path = Callable[[Float, Float, Float], Float]


def _path_under(reference: Reference, arrays: PanelArrays, spec: PendulumSpec) -> tuple[_Path, int]:
    """Return the function from white noise and pseudo-observations to the state at every node, and how much noise."""
    pairs, starts = transition_pairs(arrays), arrays.starts
    if reference.structure is None:
        process = spec.pull.over_gaps(reference.motion, reference.mu, pairs)
        return lambda white, weight, told: path_forward(white, *process, weight, told, starts)[0], arrays.nodes
    around = pairs | {"node_era": np.zeros_like(arrays.node_era)}
    swing = Pull.over_gaps(spec.pull, reference.motion, np.zeros(1), around)
    process = (*reference.structure.transitions(pairs), *swing)

    def path(white: Float, weight: Float, told: Float) -> Float:
        both: Float = pair_forward(white, *process, weight, told, starts)[0]
        return both[::2] + both[1::2]

    return path, 2 * arrays.nodes


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
    mean = anchor.state
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
        "node_era": arrays.node_era,
    }  # fmt: skip
