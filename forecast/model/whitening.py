"""Pseudo-observations for the whitened path: a Laplace pass at a reference point.

The change of variables is exact whatever they are (see :mod:`forecast.model.kernels.path`); the closer they are
to what the data say of the path, the nearer the sampler's coordinates are to white noise.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.model.arrays import PanelArrays
from forecast.model.dynamics.base import Motion
from forecast.model.kernels.observation import observation_value_gradient
from forecast.model.kernels.path import path_forward
from forecast.model.spec import PendulumSpec
from forecast.scale import soft_ceiling, soft_ceiling_slope
from forecast.typing import Float

# Half the span over which the slope of the log-likelihood is differenced, in log-odds: about the posterior spread of
# a month's level, so that the curvature is what the path meets on average and not what it is at one point.
CURVATURE_SPAN = 0.5
CURVATURE_FLOOR = 0.02


@dataclass(frozen=True)
class Reference:
    """Parameter values around which the path is whitened, shaped as in `forecast.model.parameters.Parameters`."""

    motion: Motion
    mu: Float
    ceiling: Float
    depth: Float
    noise: Float
    cutpoint: Float
    concentration: Float
    offset: Float
    index_error: float


def prior_reference(spec: PendulumSpec, arrays: PanelArrays) -> Reference:
    """Centres of the priors."""
    p = spec.priors.paced(arrays.periods_a_month)
    dyads, eras, datasets = arrays.dyads, arrays.eras, arrays.datasets
    phi, sigma, start_sd = (np.full(dyads, value) for value in spec.pull.centre(p))
    motion = Motion(phi, sigma, start_sd, {})
    mu = np.full(eras, p.equilibrium[0] if spec.pull.has_equilibrium else 0.0)
    headroom = p.headroom if spec.pull.has_equilibrium else p.headroom_walk
    ceiling = mu + np.exp(headroom[0]) if spec.level_ceiling else np.full(eras, np.inf)
    gap, cuts = np.exp(p.gap[0]), arrays.classes - 1
    cutpoint = np.tile(gap * (np.arange(cuts) - (arrays.zero_cut - 1)), (datasets, 1))
    noise = np.full(dyads, np.exp(p.noise[0]) if spec.month_noise and arrays.index is None else 0.0)
    concentration = np.full(datasets, np.exp(p.concentration[0]) if spec.overdispersion else 0.0)
    offset = np.zeros((dyads, arrays.directions, datasets))
    return Reference(
        motion,
        mu,
        ceiling,
        np.zeros((datasets, arrays.depths)),
        noise,
        cutpoint,
        concentration,
        offset,
        p.index_error,
    )


def level_derivatives(
    level: Float, reference: Reference, arrays: PanelArrays, spec: PendulumSpec
) -> tuple[Float, Float]:
    """Slope and averaged negative curvature of each node's log-likelihood in its level, (node,)."""
    if arrays.index is not None:
        seen = np.isfinite(arrays.index)
        precision = 1.0 / reference.index_error**2
        return np.where(seen, precision * (np.nan_to_num(arrays.index) - level), 0.0), np.where(seen, precision, 0.0)
    nodes, weights = quadrature(spec)

    def slope(at: Float) -> Float:
        slopes: Float = observation_value_gradient(
            at, reference.offset, reference.cutpoint, reference.depth, reference.concentration, reference.noise,
            arrays.blocks, arrays.cells, arrays.rows, arrays.entries, nodes, weights,
        )[1]  # fmt: skip
        return slopes

    curvature = (slope(level - CURVATURE_SPAN) - slope(level + CURVATURE_SPAN)) / (2 * CURVATURE_SPAN)
    seen = arrays.events_at_nodes() > 0
    return slope(level), np.where(seen, np.maximum(curvature, CURVATURE_FLOOR), 0.0)


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
        slope, weight = level_derivatives(level, reference, arrays, spec)
        anchor = Anchor(state, weight, level + np.where(weight > 0, slope / np.where(weight > 0, weight, 1.0), 0.0))
        information = weight * bend * (anchor.level - level + bend * state)
        mode = path_forward(white, *process, weight * bend**2, information, arrays.starts)[0]
        state = state + damping * (mode - state)
    return anchor


def transition_pairs(arrays: PanelArrays) -> dict[str, Any]:
    """Tell the different pairs of dyad and gap, and which of them every node has: few differ, each is computed once."""
    pairs, pair_of = np.unique(np.column_stack([arrays.node_dyad, arrays.node_gap]), axis=0, return_inverse=True)
    return {"pair_dyad": pairs[:, 0], "pair_gap": pairs[:, 1], "pair_of_node": pair_of, "node_era": arrays.node_era}


def report_variance(events: Any, concentration: Any, noise: Any) -> Any:
    """Rough variance of a month's level as its events tell it, from their number; arrays or PyTensor variables.

    A multinomial event carries about 0.3 units of information on the log-odds scale, overdispersion leaves
    n (a + 1) / (a + n) of n events (a = 0 stands for none), and the month noise adds its own variance.
    """
    kept = (
        1.0
        if isinstance(concentration, float) and concentration == 0.0
        else (concentration + 1.0) / (concentration + events)
    )
    return 1.0 / (0.3 * events * kept) + noise**2


def quadrature(spec: PendulumSpec) -> tuple[Float, Float]:
    """Gauss-Hermite nodes and weights for a standard normal; a single node at 0 where there is no month noise."""
    if not spec.month_noise:
        return np.zeros(1), np.ones(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(spec.nodes)
    return nodes, weights / weights.sum()
