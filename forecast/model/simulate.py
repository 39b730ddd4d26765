"""Data simulated from the model: for prior predictive checks, recovery and calibration."""

import numpy as np
import pymc as pm
import xarray as xr
from pytensor.compile.mode import Mode
from scipy.signal import lfilter

from forecast.arguments import PANEL, checked
from forecast.model.arrays import panel_arrays
from forecast.model.ceiling import bounded
from forecast.model.choices import spec_for
from forecast.model.driving import push_of_draw
from forecast.model.parameters import add_parameters
from forecast.model.pendulum import coordinates
from forecast.model.spec import PendulumSpec
from forecast.model.trees import take_apart
from forecast.model.variables import sampled_variables
from forecast.typing import Float, Index


@checked(panel=PANEL)
def prior_draws(panel: xr.Dataset, spec: PendulumSpec | None = None, *, draws: int = 100, seed: int = 1) -> xr.Dataset:
    """Draw every parameter from the prior, dims (draw, ...); the panel gives dyads, eras and classes only.

    Parameters
    ----------
    panel : xarray.Dataset
    spec : PendulumSpec, optional
        Choices of the model; by default those that suit the panel.
    draws, seed : int

    Raises
    ------
    DataError
        If it is not a panel, or not of the kind that the spec observes.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2019-01", end="2020-12")
    >>> dict(prior_draws(panel, draws=5)["cycle_half_life"].sizes)
    {'draw': 5, 'dyad': 1}
    """
    spec = spec or spec_for(panel)
    arrays = panel_arrays(panel, spec, dense=False)
    with pm.Model(coords=coordinates(panel, arrays)) as model:
        add_parameters(spec, arrays)
        spec.observation_model.add_aside(spec, arrays)
        dims = {name: own for name, own in sampled_variables().items() if name in model.named_vars}
        # Not compiled: that would take longer than thousands of draws.
        plain = {"mode": Mode(linker="py", optimizer=None)}
        with np.errstate(over="ignore"):
            tree = pm.sample_prior_predictive(draws=draws, var_names=list(dims), random_seed=seed, compile_kwargs=plain)
    prior = take_apart(tree)["prior"].isel(chain=0, drop=True)
    return xr.Dataset({name: (("draw", *own), prior[name].to_numpy()) for name, own in dims.items()})


@checked(panel=PANEL)
def simulate_panel(
    panel: xr.Dataset, parameters: xr.Dataset, spec: PendulumSpec | None = None, *, seed: int = 1
) -> tuple[xr.Dataset, xr.DataArray]:
    """Simulate a panel of the same shape and the same number of events in every report.

    Parameters
    ----------
    panel : xarray.Dataset
        Gives dyads, eras, coverage and how many events each report counts (or where an index is seen).
    parameters : xarray.Dataset
        One draw, such as ``prior_draws(...).isel(draw=0)``.
    spec : PendulumSpec, optional
        Choices of the model; by default those that suit the panel.
    seed : int

    Returns
    -------
    panel : xarray.Dataset
    level : xarray.DataArray (dyad, time)
        The true level in log-odds.

    Raises
    ------
    DataError
        If it is not a panel, or not of the kind that the spec observes.
    """
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
    """Simulate the path of the level (dyad, time) in log-odds, month by month."""
    trend = simulate_trend(parameters, era, spec, rng)
    if not spec.has_cycle:
        return trend
    cycle = spec.cycle_model
    own = {name: parameters[variable].to_numpy() for name, variable in cycle.reads.items()}
    own["sigma"] = parameters["sigma"].to_numpy()
    shock = rng.standard_normal(era.shape)
    path = np.empty(era.shape)
    path[:, 0] = own["sd"] * shock[:, 0]
    for t in range(1, era.shape[1]):
        path[:, t] = cycle.step(path[:, t - 1], shock[:, t], own)
    return trend + path


def simulate_trend(parameters: xr.Dataset, era: Index, spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Simulate the trend (dyad, time) in log-odds, under its ceiling."""
    if not spec.moves:
        return np.asarray(parameters["mu"].to_numpy()[era])
    mean, kept = parameters["trend_mean"].to_numpy()[:, None], float(parameters["trend_retention"])
    step = parameters["trend_step"].to_numpy()[:, None]
    jump = float(parameters["trend_jump"]) if spec.jumps else 0.0
    new_era = np.diff(era, axis=1, prepend=era[:, :1]) != 0
    scale = np.sqrt(step**2 + jump**2 * new_era)
    scale[:, 0] = spec.priors.trend_start
    free = mean + lfilter([1.0], [1.0, -kept], scale * rng.standard_normal(era.shape), axis=1)
    if not spec.has_ceiling:
        return np.asarray(free)
    return bounded(
        free, free[np.arange(len(era))[:, None], _first_periods(era)] + parameters["headroom"].to_numpy()[era]
    )


def _first_periods(era: Index) -> Index:
    """Return the period in which the era of every period begins, (dyad, time)."""
    begins = np.diff(era, axis=1, prepend=-1) != 0
    return np.asarray(np.maximum.accumulate(np.where(begins, np.arange(era.shape[1]), 0), axis=1))
