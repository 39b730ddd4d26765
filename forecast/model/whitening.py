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
from forecast.scale import soft_ceiling, soft_ceiling_slope
from forecast.typing import Float


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
    headroom = p.headroom if spec.pull.has_equilibrium else p.headroom_walk
    ceiling = mu + np.exp(headroom[0]) if spec.level_ceiling else np.full(eras, np.inf)
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
    mode_under = _mode(reference, arrays, spec)
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
        state = state + damping * (mode_under(weight * bend**2, information) - state)
    return anchor


def _mode(reference: Reference, arrays: PanelArrays, spec: PendulumSpec) -> Callable[[Float, Float], Float]:
    """Return the function from pseudo-observations to the most likely state at every node."""
    pairs = transition_pairs(arrays)
    if reference.structure is None:
        process = spec.pull.over_gaps(reference.motion, reference.mu, pairs)
        white = np.zeros(arrays.nodes)
        return lambda weight, information: path_forward(white, *process, weight, information, arrays.starts)[0]
    around = pairs | {"node_era": np.zeros_like(arrays.node_era)}
    swing = Pull.over_gaps(spec.pull, reference.motion, np.zeros(1), around)
    process = (*reference.structure.transitions(pairs), *swing)
    white = np.zeros(2 * arrays.nodes)

    def mode(weight: Float, information: Float) -> Float:
        path: Float = pair_forward(white, *process, weight, information, arrays.starts)[0]
        return path[::2] + path[1::2]

    return mode


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
