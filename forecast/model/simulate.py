"""Draws from the prior, and data simulated from the model."""

import numpy as np
import pymc as pm
import xarray as xr
from pytensor.compile.mode import Mode

from forecast.arguments import checked
from forecast.model.arrays import coordinates, panel_arrays
from forecast.model.driving import followed, push_of_draw
from forecast.model.inputs import add_parameters
from forecast.model.observation.kinds import add_aside
from forecast.model.posterior import take_apart
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.trend import step_below
from forecast.model.variables import sampled_variables
from forecast.typing import Float, Index


@checked
def prior_draws(panel: xr.Dataset, spec: PendulumSpec | None = None, *, draws: int = 100, seed: int = 1) -> xr.Dataset:
    """Draw every parameter from the prior, dims (draw, ...); the panel gives dyads, eras and classes only."""
    spec = spec or spec_for(panel)
    arrays = panel_arrays(panel, spec, dense=False)
    with pm.Model(coords=coordinates(panel, spec)) as model:
        add_parameters(spec, arrays)
        if arrays.aside:
            add_aside(spec, arrays, arrays.aside)
        dims = {name: own for name, own in sampled_variables().items() if name in model.named_vars}
        # Not compiled: that would take longer than thousands of draws.
        plain = {"mode": Mode(linker="py", optimizer=None)}
        with np.errstate(over="ignore"):
            tree = pm.sample_prior_predictive(draws=draws, var_names=list(dims), random_seed=seed, compile_kwargs=plain)
    prior = take_apart(tree)["prior"].isel(chain=0, drop=True)
    return xr.Dataset({name: (("draw", *own), prior[name].to_numpy()) for name, own in dims.items()})


@checked
def simulate_panel(
    panel: xr.Dataset, parameters: xr.Dataset, spec: PendulumSpec | None = None, *, seed: int = 1
) -> tuple[xr.Dataset, xr.DataArray]:
    """Simulate a panel of the same shape and the same number of events in every report."""
    spec = spec or spec_for(panel)
    spec.observation_model.check_panel(panel)
    rng = np.random.default_rng(seed)
    era = panel["era_index"].transpose("dyad", "time").to_numpy()
    level = simulate_level(parameters, era, spec, rng)
    pushed = push_of_draw(spec, panel, parameters)
    if pushed is not None:
        level = level + pushed.level
    month = level if pushed is None else level + pushed.month
    simulated = spec.observation_model.simulate(spec, panel, month, parameters, rng)
    return simulated, xr.DataArray(level, dims=("dyad", "time"), coords={k: panel[k] for k in ("dyad", "time")})


def simulate_level(parameters: xr.Dataset, era: Index, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the path of the level ([draw,] dyad, time) in log-odds, month by month."""
    trend = simulate_trend(parameters, era, spec, rng)
    return trend + simulate_cycle(parameters, era.shape[1], spec, rng) if spec.has_cycle else trend


def simulate_cycle(parameters: xr.Dataset, periods: int, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the cycle ([draw,] dyad, time) in log-odds."""
    read = {name: parameters[variable] for name, variable in spec.cycle_model.reads.items()}
    own = {name: one.to_numpy() if "dyad" in one.dims else one.to_numpy()[..., None] for name, one in read.items()}
    shock = rng.standard_normal((*own["sd"].shape, periods))
    path = np.empty(shock.shape)
    path[..., 0] = own["sd"] * shock[..., 0]
    for t in range(1, periods):
        path[..., t] = spec.cycle_model.step(path[..., t - 1], shock[..., t], own)
    return path


def simulate_trend(parameters: xr.Dataset, era: Index, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the trend ([draw,] dyad, time) in log-odds, under its ceiling."""
    if not spec.moves:
        return np.asarray(parameters["mu"].to_numpy()[..., era])
    mean, step = (parameters[name].to_numpy()[..., None] for name in ("trend_mean", "trend_step"))
    kept = parameters["trend_retention"].to_numpy()[..., None]
    jump = parameters["trend_jump"].to_numpy()[..., None, None] if spec.jumps else 0.0
    new_era = np.diff(era, axis=1, prepend=era[:, :1]) != 0
    scale = np.sqrt(step**2 + jump**2 * new_era)
    scale[..., 0] = spec.priors.trend_start
    if not spec.has_ceiling:
        return np.asarray(mean + followed(kept, scale * rng.standard_normal(scale.shape), 0.0))
    new_era[:, 0] = True
    now = mean = mean[..., 0]
    headroom, trend, ceiling = parameters["headroom"].to_numpy()[..., era], np.empty(scale.shape), np.empty(now.shape)
    for t in range(era.shape[1]):
        expected, begins = mean + kept * (now - mean), new_era[:, t]
        now = step_below(expected, scale[..., t], np.where(begins, np.inf, ceiling), rng)
        ceiling = np.where(begins, now + headroom[..., t], ceiling)
        trend[..., t] = now
    return trend
