"""Shared inputs of graph and assembled density: parameters, whitening, and panel data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.base.typing import Float
from forecast.model.arrays import PanelArrays
from forecast.model.driving import driving_data
from forecast.model.kernels.whitening import pair_forward, path_forward
from forecast.model.observation.base import ObservationParameters
from forecast.model.process.component import Motion

WHITE = "white"
# Free trend and cycle at the nodes
NODE_PATHS = ("node_trend", "node_cycle")
# Newton steps of the search for the mode, which has then converged
NEWTON_STEPS = 40
# Part of a Newton step that is taken: whole ones overshoot in months of few events
DAMPING = 0.6
# Draws of the path over which its spread is averaged
AVERAGED_DRAWS = 32
# Iterations of the fixed point, each of half a step
AVERAGED_ITERATIONS = 20
# Inverse variance of the pseudo-observation of a node with events, so that the whitened path stays
# proper
MIN_WEIGHT = 0.02


@dataclass(frozen=True)
class Parameters:
    """PyTensor variables, or values to whiten at, by role; None where the spec has none."""

    trend: Motion | None  # Of a trend that moves
    mu: Any  # A constant trend
    cycle: Motion | None
    observed: ObservationParameters
    headroom: Any = None
    effect: Any = None


def prior_reference(arrays: PanelArrays) -> Parameters:
    """Centres of the priors, around which the path is whitened."""
    spec, p = arrays.spec, arrays.priors
    return Parameters(
        trend=spec.trend_model.centre(p, arrays.dyads, spec.jumps) if spec.moves else None,
        mu=np.full(arrays.eras, p.trend_mean[0]),
        cycle=spec.cycle_model.centre(p, arrays.dyads) if spec.has_cycle else None,
        observed=spec.observation_model.reference(arrays),
    )


def anchor_path(reference: Parameters, arrays: PanelArrays) -> tuple[Float, Float]:
    """Return weight (inverse variance) and level of each node's pseudo-observation, (node,).

    On average a pseudo-observation says as much about the level as the events of its node. It is a
    Gaussian variational approximation without a ceiling (Opper and Archambeau 2009,
    https://doi.org/10.1162/neco.2008.08-07-592): a damped Newton search finds the mode, and a
    fixed-point iteration starts there, because months of few events are far from Gaussian.
    """
    spec, path = arrays.spec, path_function(reference, arrays)
    no_noise = np.zeros(spec.components * arrays.nodes)

    def derivatives(level: Float) -> tuple[Float, Float]:
        return spec.observation_model.derivatives(level, reference.observed, arrays)

    level = target = np.full(arrays.nodes, spec.priors.trend_mean[0])
    weight = np.zeros_like(level)
    for _ in range(NEWTON_STEPS):
        slope, weight = derivatives(level)
        target = level + np.where(weight > 0, slope / np.where(weight > 0, weight, 1.0), 0.0)
        level = level + DAMPING * (path(no_noise, weight, weight * target) - level)
    noise = np.random.default_rng(0).standard_normal((AVERAGED_DRAWS, no_noise.size))
    mean, has_events, information = level, weight > 0, weight * target
    for _ in range(AVERAGED_ITERATIONS):
        mean = path(no_noise, weight, information)
        spread = np.sqrt(
            np.mean([(path(white, weight, information) - mean) ** 2 for white in noise], axis=0)
        )
        # Slopes a standard deviation above and below stand for the average over the distribution.
        above, below = (derivatives(levels)[0] for levels in (mean + spread, mean - spread))
        curvature = np.maximum((below - above) / (2.0 * spread), MIN_WEIGHT)
        curvature = np.where(has_events, curvature, 0.0)
        slope = np.where(has_events, (above + below) / 2.0, 0.0)
        weight = 0.5 * (weight + curvature)
        information = 0.5 * (information + curvature * mean + slope)
    return weight, np.divide(information, weight, out=mean.copy(), where=has_events)


def path_function(
    reference: Parameters, arrays: PanelArrays
) -> Callable[[Float, Float, Float], Float]:
    """Return the function from white noise and pseudo-observations to the level at every node."""
    pairs, starts = arrays.pairs, arrays.starts
    spec = arrays.spec
    trend = None if reference.trend is None else spec.trend_model.over_gaps(reference.trend, pairs)
    cycle = None if reference.cycle is None else spec.cycle_model.over_gaps(reference.cycle, pairs)
    constant = reference.mu[arrays.node_era] if trend is None else np.zeros(arrays.nodes)

    def path(white: Float, weight: Float, information: Float) -> Float:
        if trend is not None and cycle is not None:
            trend_and_cycle: Float = pair_forward(
                white, *trend, *cycle, weight, information, starts
            )[0]
            return trend_and_cycle[::2] + trend_and_cycle[1::2]
        process = trend or cycle
        assert process is not None
        deviation: Float = path_forward(
            white, *process, weight, information - weight * constant, starts
        )[0]
        return deviation + constant

    return path


def model_data(arrays: PanelArrays, reference: Parameters | None = None) -> dict[str, Any]:
    """Arrays that a model reads of a panel; the path is whitened at ``reference``."""
    spec = arrays.spec
    reference = reference or prior_reference(arrays)
    weight, level = anchor_path(reference, arrays)
    data = {
        **arrays.pairs,
        "node_dyad": arrays.node_dyad,
        "node_era": arrays.node_era,
        "starts": arrays.starts,
        "anchor_weight": weight,
        "anchor_level": level,
    }
    if spec.has_ceiling:
        data["era_start"] = arrays.era_start
    if spec.dense:
        data["node_gap"] = arrays.node_gap
    if arrays.drivers is not None:
        data |= driving_data(spec.drivers, arrays.drivers, arrays.node_dyad, arrays.node_time)
    return data | spec.observation_model.data(arrays, reference.observed)
