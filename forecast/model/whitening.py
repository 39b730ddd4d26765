"""Pseudo-observations for the whitened path: a Laplace pass at a reference point.

The change of variables is exact whatever they are (see :mod:`forecast.model.kernels.path`); the closer they are
to what the data say of the path, the nearer the sampler's coordinates are to white noise.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.model.arrays import PanelArrays
from forecast.model.dynamics.base import Motion
from forecast.model.kernels.path import path_forward
from forecast.model.observation.base import Own
from forecast.model.spec import PendulumSpec
from forecast.scale import soft_ceiling, soft_ceiling_slope
from forecast.typing import Float


@dataclass(frozen=True)
class Reference:
    """Parameter values around which the path is whitened, shaped as in `forecast.model.parameters.Parameters`."""

    motion: Motion
    mu: Float
    ceiling: Float
    observed: Own


def prior_reference(spec: PendulumSpec, arrays: PanelArrays) -> Reference:
    """Centres of the priors."""
    p = spec.priors.paced(arrays.periods_a_month)
    dyads, eras = arrays.dyads, arrays.eras
    phi, sigma, start_sd = (np.full(dyads, value) for value in spec.pull.centre(p))
    motion = Motion(phi, sigma, start_sd, {})
    mu = np.full(eras, p.equilibrium[0] if spec.pull.has_equilibrium else 0.0)
    headroom = p.headroom if spec.pull.has_equilibrium else p.headroom_walk
    ceiling = mu + np.exp(headroom[0]) if spec.level_ceiling else np.full(eras, np.inf)
    return Reference(motion, mu, ceiling, spec.observation_model.reference(spec, arrays))


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
    process = spec.pull.over_gaps(reference.motion, reference.mu, transition_pairs(arrays))
    ceiling = reference.ceiling[arrays.node_era]
    softness = spec.ceiling_softness if spec.level_ceiling else None
    state = reference.mu[arrays.node_era].astype(float)
    white = np.zeros_like(state)
    anchor = Anchor(state, white, state)
    for _ in range(iterations):
        level = state if softness is None else soft_ceiling(state, ceiling, softness)
        bend = np.ones_like(state) if softness is None else soft_ceiling_slope(state, ceiling, softness)
        slope, weight = spec.observation_model.derivatives(spec, level, reference.observed, arrays)
        anchor = Anchor(state, weight, level + np.where(weight > 0, slope / np.where(weight > 0, weight, 1.0), 0.0))
        information = weight * bend * (anchor.level - level + bend * state)
        mode = path_forward(white, *process, weight * bend**2, information, arrays.starts)[0]
        state = state + damping * (mode - state)
    return anchor


def transition_pairs(arrays: PanelArrays) -> dict[str, Any]:
    """Return the distinct pairs of dyad and gap, each computed once, and which of them every node has."""
    pairs, pair_of = np.unique(np.column_stack([arrays.node_dyad, arrays.node_gap]), axis=0, return_inverse=True)
    return {"pair_dyad": pairs[:, 0], "pair_gap": pairs[:, 1], "pair_of_node": pair_of, "node_era": arrays.node_era}
