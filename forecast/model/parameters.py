"""The parameters of the pendulum and their hierarchy, as PyMC variables; no path and no data yet."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from forecast.errors import SpecError
from forecast.model.arrays import DECADES, PanelArrays
from forecast.model.dynamics.base import Motion
from forecast.model.hierarchy import by_dyad, population_spread
from forecast.model.spec import PendulumSpec


@dataclass(frozen=True)
class Parameters:
    """PyTensor variables by role; shapes are (dyad,), (era,), (dataset, cut or era), (dyad, direction, dataset)."""

    motion: Motion
    mu: Any
    ceiling: Any
    depth: Any
    noise: Any
    cutpoint: Any
    concentration: Any
    offset: Any
    shock_df: Any
    index_error: Any
    index_df: Any


def add_parameters(spec: PendulumSpec, arrays: PanelArrays) -> Parameters:
    """Add every parameter to the PyMC model on the context stack.

    Dyad effects are non-centred where dyads pool; era effects sit around their own dyad, so that a framework yet
    to come is drawn from its dyad's population.
    """
    p = spec.priors
    pool = spec.pooling and arrays.dyads > 1
    motion = spec.pull.add_motion(p.paced(arrays.periods_a_month), arrays.dyads, pool)
    mu = _equilibrium(spec, arrays, pool)
    events = spec.observation == "events"
    noise: Any = np.zeros(arrays.dyads)
    if spec.month_noise and events:
        noise = pm.Deterministic("tau", pt.exp(by_dyad("noise", p.noise, p.noise_dyads, pool)), dims="dyad")
    cutpoint, depth = _cutpoints(spec, arrays) if events else (None, None)
    return Parameters(
        motion=motion,
        mu=mu,
        ceiling=_ceiling(spec, arrays, mu, motion.start_sd, pool),
        depth=depth,
        noise=noise,
        cutpoint=cutpoint,
        concentration=_concentration(spec, arrays),
        offset=_offset(spec, arrays) if events else None,
        shock_df=pm.Deterministic("shock_df", 2.0 + pm.Gamma("shock_df_excess", *p.shock_df))
        if spec.shocks == "student"
        else None,
        index_error=None if events else pm.HalfNormal("index_error", p.index_error),
        index_df=None if events else pm.Deterministic("index_df", 1.0 + pm.Gamma("index_df_excess", *p.index_df)),
    )


def _equilibrium(spec: PendulumSpec, arrays: PanelArrays, pool: bool) -> Any:
    if not spec.pull.has_equilibrium:
        return None
    p = spec.priors
    dyad = pm.Deterministic("mu_dyad", by_dyad("equilibrium", p.equilibrium, p.equilibrium_dyads, pool), dims="dyad")
    spread = population_spread("mu_era_sd", p.equilibrium_eras)
    raw = pm.Normal("mu_raw", 0.0, 1.0, dims="era")
    return pm.Deterministic("mu", dyad[arrays.era_dyad] + spread * raw, dims="era")


def _ceiling(spec: PendulumSpec, arrays: PanelArrays, mu: Any, sd: Any, pool: bool) -> Any:
    """Ceiling of every era in log-odds, or None; ``constant`` stands above the dyad's highest equilibrium.

    The headroom is counted in units of the dyad's own long-run spread, for how often the pendulum would press
    against its ceiling is what a prior can speak of.
    """
    if not spec.level_ceiling:
        return None
    p = spec.priors
    prior = p.headroom_walk if mu is None else p.headroom
    dyad = by_dyad("log_headroom", prior, p.headroom_dyads, pool)
    dyad = pm.Deterministic("headroom_dyad", dyad if mu is None else dyad + pt.log(sd), dims="dyad")
    anchor = pt.zeros(arrays.eras) if mu is None else mu
    if spec.level_ceiling == "constant":
        highest = pt.stack([anchor[np.flatnonzero(arrays.era_dyad == d)].max() for d in range(arrays.dyads)])
        ceiling = (highest + pt.exp(dyad))[arrays.era_dyad]
    else:
        spread = population_spread("headroom_era_sd", p.headroom_eras)
        raw = pm.Normal("headroom_raw", 0.0, 1.0, dims="era")
        ceiling = anchor + pt.exp(dyad[arrays.era_dyad] + spread * raw)
    pm.Deterministic("headroom", ceiling - anchor, dims="era")
    return pm.Deterministic("ceiling", ceiling, dims="era")


def _cutpoints(spec: PendulumSpec, arrays: PanelArrays) -> tuple[Any, Any]:
    """Cutpoints (dataset, cut), the boundary of conflict and cooperation pinned at zero, and depths (dataset, place).

    The depth of an era stretches the gap below the deepest class, exp(depth effect) times as wide, so that the
    classes stay in order; it is reported as the shift of that threshold. Eras are centred on the first dataset's
    gap, which they identify well. A trend stretches it by so much a decade, from 1980 on and before.
    """
    conflict, cuts = arrays.zero_cut, arrays.classes - 1
    if (spec.has_depth or spec.has_trend) and cuts - conflict < 1:
        raise SpecError(
            f"ceiling: {spec.ceiling[-1]!r} needs at least two classes of cooperation and the panel has "
            f"{arrays.classes - conflict}; use ceiling='era', 'constant' or 'none'"
        )
    zero, depth = pt.zeros((arrays.datasets, 1)), pt.zeros((arrays.datasets, arrays.depths))
    if cuts == 1:
        return pm.Deterministic("cutpoint", zero, dims=("dataset", "cut")), depth
    log_gap = pm.Normal("log_gap", *spec.priors.gap, shape=(arrays.datasets, cuts - 1))
    gap = pt.exp(log_gap)
    below = -pt.cumsum(gap[:, : conflict - 1][:, ::-1], axis=1)[:, ::-1]
    above = pt.cumsum(gap[:, conflict - 1 :], axis=1)
    cutpoint = pm.Deterministic("cutpoint", pt.concatenate([below, zero, above], axis=1), dims=("dataset", "cut"))
    if spec.has_depth:
        scale = population_spread("depth_sd", spec.priors.depth_eras)
        stretch = pm.Normal("log_gap_era", log_gap[0, -1], scale, dims="era") - log_gap[0, -1]
        depth = gap[:, -1:] * pt.expm1(stretch)[None, :]
        pm.Deterministic("depth", depth[0], dims="era")
    elif spec.has_trend:
        slope = pm.Normal("depth_trend", 0.0, spec.priors.depth_trend, dims="dyad")
        depth = gap[:, -1:] * pt.expm1(slope[:, None] * DECADES).ravel()[None, :]
    return cutpoint, depth


def _concentration(spec: PendulumSpec, arrays: PanelArrays) -> Any:
    if not spec.overdispersion or spec.observation != "events":
        return np.zeros(arrays.datasets)
    centre, spread = spec.priors.concentration
    return pm.LogNormal("concentration", centre, spread, dims="dataset")


def _offset(spec: PendulumSpec, arrays: PanelArrays) -> Any:
    """Offset of a direction and dataset; the first dataset's directions are centred, so that the level stays put."""
    shape = (arrays.dyads, arrays.directions, arrays.datasets)
    offset: Any = pt.zeros(shape)
    if arrays.directions == 2:
        direction = pm.Normal("direction_effect", 0.0, spec.priors.direction, dims=("dyad", "dataset"))
        offset = offset + pt.stack([direction, -direction], axis=1)
    if arrays.datasets > 1:
        rest = pm.Normal("dataset_offset", 0.0, spec.priors.dataset, shape=(arrays.dyads, arrays.datasets - 1))
        offset = offset + pt.concatenate([pt.zeros((arrays.dyads, 1)), rest], axis=1)[:, None, :]
    return pm.Deterministic("direction_offset", offset, dims=("dyad", "direction", "dataset"))
