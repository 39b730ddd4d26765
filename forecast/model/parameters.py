"""The parameters of the pendulum and their hierarchy, as PyMC variables; no path and no data yet."""

from dataclasses import dataclass
from typing import Any

from forecast.model.arrays import PanelArrays
from forecast.model.ceiling import add_headroom, declare_headroom
from forecast.model.driving import add_effects
from forecast.model.dynamics.base import Motion, declare_cycle
from forecast.model.hierarchy import Declared
from forecast.model.observation import side
from forecast.model.observation.base import Own
from forecast.model.observation.sides import declare_volume_effect
from forecast.model.spec import PendulumSpec
from forecast.model.trend import Trend, add_constant, add_trend, declare_trend


@dataclass(frozen=True)
class Parameters:
    """PyTensor variables by role; None where the spec has none."""

    trend: Trend | None  # Of a trend that moves
    mu: Any  # A constant trend
    motion: Motion | None  # Of the cycle
    headroom: Any
    observed: Own
    effect: Any = None


def declare_parameters(spec: PendulumSpec, arrays: PanelArrays) -> Declared:
    """Declare the parameters of a linear cycle or none, a trend, and one dataset of sides, by their roles."""
    pool = spec.pooling and arrays.dyads > 1
    paced = spec.priors.paced(arrays.periods_a_month)
    return {
        **declare_trend(spec, paced, pool),
        **(declare_cycle(paced, pool) if spec.has_cycle else {}),
        **(declare_headroom(paced, pool) if spec.has_ceiling else {}),
        **declare_volume_effect(spec, pool),
        **side.declare(spec, arrays.observed.side, pool),
    }


def add_parameters(spec: PendulumSpec, arrays: PanelArrays) -> Parameters:
    """Add the parameters of path and level to the PyMC model on the context stack.

    Dyad effects are non-centred where dyads pool.
    """
    pool = spec.pooling and arrays.dyads > 1
    paced = spec.priors.paced(arrays.periods_a_month)
    trend = add_trend(spec, paced, pool) if spec.moves else None
    mu = None if spec.moves else add_constant(spec, paced, arrays, pool)
    motion = spec.cycle_model.add_motion(paced, pool) if spec.has_cycle else None
    headroom = add_headroom(paced, arrays, pool) if spec.has_ceiling else None
    observed = spec.observation_model.add_parameters(spec, arrays, pool)
    effect = None if arrays.driving is None else add_effects(paced, len(arrays.driving.acts), pool)
    return Parameters(trend, mu, motion, headroom, observed, effect)
