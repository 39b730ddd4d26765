"""The parameters of the pendulum and their hierarchy, as PyMC variables; no path and no data yet."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from forecast.model.arrays import PanelArrays
from forecast.model.driving import add_effects
from forecast.model.dynamics.base import Motion
from forecast.model.hierarchy import by_dyad, population_spread
from forecast.model.observation.base import Own
from forecast.model.spec import PendulumSpec
from forecast.model.structure import Structure, add_structure
from forecast.scale import ceiling_lift


@dataclass(frozen=True)
class Parameters:
    """PyTensor variables by role: equilibria and ceilings are by era, and None where the structure moves."""

    motion: Motion
    structure: Structure | None
    mu: Any
    ceiling: Any
    shock_df: Any
    observed: Own
    effect: Any = None
    """Of drivers, (driver, dyad)."""


def add_parameters(spec: PendulumSpec, arrays: PanelArrays) -> Parameters:
    """Add the parameters of path and level to the PyMC model on the context stack.

    Dyad effects are non-centred where dyads pool; era effects sit around their own dyad, so that a framework yet
    to come is drawn from its dyad's population.
    """
    p = spec.priors
    pool = spec.pooling and arrays.dyads > 1
    paced = p.paced(arrays.periods_a_month)
    motion = spec.pull.add_motion(paced.of_swing() if spec.two_scales else paced, arrays.dyads, pool)
    structure = add_structure(paced, pool) if spec.two_scales else None
    rest = _equilibrium(spec, arrays, pool)
    observation = spec.observation_model
    observed = observation.add_scale(spec, arrays, pool)
    ceiling = _ceiling(spec, arrays, rest, motion.start_sd, pool)
    mu = _centre(spec, rest, ceiling, motion.start_sd[arrays.era_dyad])
    observed |= observation.add_spread(spec, arrays)
    shock_df = None
    if spec.shocks == "student":
        shock_df = pm.Deterministic("shock_df", 2.0 + pm.Gamma("shock_df_excess", *p.shock_df))
    observed |= observation.add_error(spec, arrays)
    effect = None if arrays.driving is None else add_effects(p, len(arrays.driving.acts), pool)
    return Parameters(motion, structure, mu, ceiling, shock_df, observed, effect)


def _equilibrium(spec: PendulumSpec, arrays: PanelArrays, pool: bool) -> Any:
    """Mean of the level in the long run, by era, or None: under a ceiling the state's own centre lies higher."""
    if spec.two_scales or not spec.pull.has_equilibrium:
        return None
    p = spec.priors
    dyad = pm.Deterministic("mu_dyad", by_dyad("equilibrium", p.equilibrium, p.equilibrium_dyads, pool), dims="dyad")
    spread = population_spread("mu_era_sd", p.equilibrium_eras)
    raw = pm.Normal("mu_raw", 0.0, 1.0, dims="era")
    return pm.Deterministic("rest" if spec.level_ceiling else "mu", dyad[arrays.era_dyad] + spread * raw, dims="era")


def _centre(spec: PendulumSpec, rest: Any, ceiling: Any, sd: Any) -> Any:
    """Centre of the state of every era, so that its level under the ceiling has the era's mean.

    A ceiling set on a state of given centre would lower the mean, and its prior with it.
    """
    if rest is None or ceiling is None:
        return rest
    return pm.Deterministic("mu", rest + ceiling_lift(sd, ceiling - rest, spec.ceiling_softness, pt), dims="era")


def _ceiling(spec: PendulumSpec, arrays: PanelArrays, rest: Any, sd: Any, pool: bool) -> Any:
    """Ceiling of every era in log-odds, or None; ``constant`` stands above the dyad's highest equilibrium.

    The headroom is counted in units of the dyad's own long-run spread, for how often the pendulum would press
    against its ceiling is what a prior can speak of.
    """
    if not spec.level_ceiling:
        return None
    p = spec.priors
    prior = p.headroom_walk if rest is None else p.headroom
    dyad = by_dyad("log_headroom", prior, p.headroom_dyads, pool)
    dyad = pm.Deterministic("headroom_dyad", dyad if rest is None else dyad + pt.log(sd), dims="dyad")
    anchor = pt.zeros(arrays.eras) if rest is None else rest
    if spec.level_ceiling == "constant":
        highest = pt.stack([anchor[np.flatnonzero(arrays.era_dyad == d)].max() for d in range(arrays.dyads)])
        ceiling = (highest + pt.exp(dyad))[arrays.era_dyad]
    else:
        spread = population_spread("headroom_era_sd", p.headroom_eras)
        raw = pm.Normal("headroom_raw", 0.0, 1.0, dims="era")
        ceiling = anchor + pt.exp(dyad[arrays.era_dyad] + spread * raw)
    pm.Deterministic("headroom", ceiling - anchor, dims="era")
    return pm.Deterministic("ceiling", ceiling, dims="era")
