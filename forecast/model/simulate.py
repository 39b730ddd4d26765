"""Data simulated from the model: for prior predictive checks, recovery and calibration."""

from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from forecast.model.arrays import DECADES, panel_arrays, year_places
from forecast.model.parameters import add_parameters
from forecast.model.pendulum import coordinates
from forecast.model.shocks import draw_shocks
from forecast.model.spec import PendulumSpec
from forecast.model.trees import take_apart
from forecast.model.variables import sampled_variables
from forecast.scale import soft_ceiling
from forecast.typing import Float


def prior_draws(panel: xr.Dataset, spec: PendulumSpec | None = None, *, draws: int = 100, seed: int = 1) -> xr.Dataset:
    """Draws of every parameter from the prior, dims (draw, ...); the panel gives dyads, eras and classes only.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2019-01", end="2020-12")
    >>> dict(prior_draws(panel, draws=5)["half_life"].sizes)
    {'draw': 5, 'dyad': 1}
    """
    spec = spec or PendulumSpec()
    arrays = panel_arrays(panel, by_year=spec.has_trend)
    with pm.Model(coords=coordinates(panel, arrays)) as model:
        add_parameters(spec, arrays)
        dims = {name: own for name, own in sampled_variables().items() if name in model.named_vars}
        tree = pm.sample_prior_predictive(draws=draws, var_names=list(dims), random_seed=seed)
    prior = take_apart(tree)["prior"].isel(chain=0, drop=True)
    return xr.Dataset({name: (("draw", *own), prior[name].to_numpy()) for name, own in dims.items()})


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
    seed : int

    Returns
    -------
    panel : xarray.Dataset
    level : xarray.DataArray (dyad, time)
        The true level in log-odds.
    """
    spec = spec or PendulumSpec()
    rng = np.random.default_rng(seed)
    era = panel["era_index"].transpose("dyad", "time").to_numpy()
    level = simulate_level(parameters, era, spec, rng)
    noise = parameters["tau"].to_numpy()[:, None] * rng.standard_normal(level.shape) if "tau" in parameters else 0.0
    simulated = panel.copy(deep=True)
    if "index" in panel:
        df = float(parameters["index_df"])
        error = float(parameters["index_error"]) * rng.standard_t(df, size=level.shape)
        seen = np.isfinite(panel["index"].transpose("dyad", "time").to_numpy())
        simulated["index"] = (("dyad", "time"), np.where(seen, level + error, np.nan))
        # It is on the scale of the level: standardised by its own record it would be another one's data.
        unit = np.ones(panel.sizes["dyad"])
        simulated = simulated.assign_coords(index_mean=("dyad", 0.0 * unit), index_spread=("dyad", unit))
    else:
        order = ("dyad", "time", "direction", "dataset", "class")
        counts = panel["counts"].transpose(*order).to_numpy()
        depth = _depth(panel, era, parameters)
        simulated["counts"] = (order, _classes(counts, level + noise, depth, parameters, spec, rng))
        simulated["counts"] = simulated["counts"].transpose(*panel["counts"].dims)
    return simulated, xr.DataArray(level, dims=("dyad", "time"), coords={k: panel[k] for k in ("dyad", "time")})


def simulate_level(parameters: xr.Dataset, era: NDArray[Any], spec: PendulumSpec, rng: np.random.Generator) -> Float:
    """Path of the level (dyad, time) in log-odds, month by month."""
    dyads, periods = era.shape
    pull = spec.pull
    own = {name: parameters[name].to_numpy() for name in ("sigma", *pull.reads) if name in parameters}
    mu = parameters["mu"].to_numpy()[era] if "mu" in parameters else np.zeros(era.shape)
    df = float(parameters["shock_df"]) if "shock_df" in parameters else None
    shock = draw_shocks(rng, (dyads, periods))
    if df is not None:  # after the normal ones, so that a seed keeps its numbers
        shock = draw_shocks(rng, (dyads, periods), df)
    start = pull.start_spread(own, spec.priors)
    state = np.empty((dyads, periods))
    state[:, 0] = mu[:, 0] + start * shock[:, 0]
    for t in range(1, periods):
        if pull.order == 2 and t == 1:
            carry, scale = pull.second_transition(start, own)
            state[:, 1] = mu[:, 1] + carry * (state[:, 0] - mu[:, 1]) + scale * shock[:, 1]
            continue
        state[:, t] = pull.step(state[:, t - 1], state[:, max(t - 2, 0)], mu[:, t], shock[:, t], own)
    if "ceiling" not in parameters:
        return state
    return soft_ceiling(state, parameters["ceiling"].to_numpy()[era], spec.ceiling_softness)


def class_probabilities(level: Float, cutpoint: Float, depth: Float | float = 0.0) -> Float:
    """Ordered-logit probabilities of the classes, (..., class); ``depth`` shifts the last cutpoint.

    ``level`` and ``depth`` have shape (...,), ``cutpoint`` (..., cut) or (cut,).
    """
    cuts = np.broadcast_to(cutpoint, (*np.shape(level), np.shape(cutpoint)[-1])).copy()
    cuts[..., -1] += depth
    below = 1.0 / (1.0 + np.exp(np.asarray(level)[..., None] - cuts))
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1.0], axis=-1), axis=-1)


def _depth(panel: xr.Dataset, era: NDArray[Any], parameters: xr.Dataset) -> Float:
    """Shift of the first dataset's threshold to the deepest class, (dyad, time)."""
    if "depth" in parameters:
        return np.asarray(parameters["depth"].to_numpy()[era])
    if "depth_trend" not in parameters:
        return np.zeros(era.shape)
    stretch = np.expm1(np.ravel(parameters["depth_trend"].to_numpy()[:, None] * DECADES)[year_places(panel)])
    return np.asarray(np.diff(parameters["cutpoint"].to_numpy()[0])[-1] * stretch)


def _classes(
    counts: NDArray[Any],
    month: Float,
    depth: Float,
    parameters: xr.Dataset,
    spec: PendulumSpec,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Draw new classes for counts (dyad, time, direction, dataset, class), totals kept."""
    total = counts.sum(-1)
    d, t, s, q = np.nonzero(total)
    cutpoint = parameters["cutpoint"].to_numpy()[q]
    at = month[d, t] + parameters["direction_offset"].to_numpy()[d, s, q]
    gap = np.diff(parameters["cutpoint"].to_numpy(), axis=1)[:, -1:]
    wider = (gap / gap[0])[q, 0] if gap.size else 0.0
    probability = class_probabilities(at, cutpoint, depth[d, t] * wider)
    if spec.overdispersion:
        mass = rng.gamma(np.maximum(parameters["concentration"].to_numpy()[q][:, None] * probability, 1e-12))
        probability = mass / np.maximum(mass.sum(-1, keepdims=True), 1e-300)
    simulated = np.zeros_like(counts)
    simulated[d, t, s, q] = rng.multinomial(total[d, t, s, q], probability)
    return simulated
