"""Data simulated from the posterior draws of a fit, and predictive distributions of each month."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from forecast.arguments import checked
from forecast.errors import DataError
from forecast.model.driving import push_of_draw
from forecast.model.particles import Draws, Observed, state_of
from forecast.model.posterior import flat
from forecast.model.updating import ancestry
from forecast.panel import panel_kind
from forecast.typing import Seed

if TYPE_CHECKING:
    from forecast.model import Fit


@checked
def posterior_predictive(fit: "Fit", *, draws: int = 200, seed: Seed = 1) -> xr.DataArray:
    """Simulate the record again at the level that each draw has, as many events in every report as there were."""
    if not panel_kind(fit.panel).coded:
        raise DataError("check: the fit is of an index, which counts no events; give a fit of events or counts")
    rng = np.random.default_rng(seed)
    observation, number = fit.spec.observation_model, fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    places = np.unique(np.linspace(0, number - 1, min(draws, number)).astype(int))  # evenly over all chains
    stacked = fit.posterior.stack(sample=("chain", "draw"), create_index=False)
    made = []
    for place in places:
        own = stacked.isel(sample=int(place))
        level = own["level"].transpose("dyad", "time").to_numpy().astype(np.float64)
        pushed = push_of_draw(fit.spec, fit.panel, own)
        if pushed is not None:
            level = level + pushed.month
        made.append(observation.simulate(fit.spec, fit.panel, level, own, rng)["counts"])
    order = fit.panel["counts"].dims
    return xr.concat([one.transpose(*order) for one in made], dim="draw", coords="minimal", compat="override")


@checked
def pointwise_log_likelihood(fit: "Fit") -> xr.DataArray:
    """Compute the log-likelihood of every month's record under draws, (chain, draw, observed)."""
    posterior, own = fit.posterior, Draws.of(fit.posterior, fit.spec)
    observed = Observed.of(fit.spec.observation_model.on_scale_of(fit.panel, fit.panel), own)
    level, trend = flat(posterior["level"]), flat(posterior["trend"])
    months = np.argwhere(observed.node >= 0)
    values = np.empty((len(level), len(months)))
    for place, (dyad, time) in enumerate(months):
        state = state_of(level[:, dyad, [time]], trend[:, dyad, [time]])
        values[:, place] = observed.log_likelihood(int(dyad), int(time), state)[:, 0]
    size = posterior.sizes["chain"], posterior.sizes["draw"]
    coords = {
        "chain": posterior["chain"].to_numpy(), "draw": posterior["draw"].to_numpy(),
        "dyad": ("observed", fit.panel["dyad"].to_numpy()[months[:, 0]]),
        "time": ("observed", fit.panel["time"].to_numpy()[months[:, 1]]),
    }  # fmt: skip
    return xr.DataArray(values.reshape(*size, -1), coords, ("chain", "draw", "observed"))


@checked
def arviz_groups(fit: "Fit", *, draws: int = 200, monthly: bool = False, seed: Seed = 1) -> xr.DataTree:
    """Return a fit with the groups that ArviZ works on: what was observed, simulated, and how likely each month is.

    `arviz_stats.loo` and `compare` take it: their unit is a month of a dyad. So does `psense_summary`, which scales the
    priors of all parameters together, those of single dyads too, and no prior of paths or of the kinds' drift.

    Parameters
    ----------
    fit : Fit
        Of events or counts.
    draws : int
        Draws of the posterior predictive.
    monthly : bool
        Observe and predict cooperative events by month of a dyad, as LOO-PIT needs them, in every draw of the fit; by
        default, events by dataset, dyad, period, direction and class.
    seed : int or numpy.random.Generator

    Returns
    -------
    xarray.DataTree
        Groups ``posterior``, ``sample_stats``, ``observed_data``, ``posterior_predictive``, ``log_likelihood`` and
        ``log_prior``.

    Raises
    ------
    DataError
        If the fit is of an index.

    Examples
    --------
    >>> import arviz_stats
    >>> from forecast.checks import arviz_groups
    >>> arviz_stats.loo(arviz_groups(fit))  # doctest: +SKIP
    >>> arviz_stats.psense_summary(arviz_groups(fit), var_names=["cycle_half_life", "cycle_sd"])  # doctest: +SKIP
    """
    likelihood, size = pointwise_log_likelihood(fit), fit.posterior.sizes
    draws = size["chain"] * size["draw"] if monthly else draws
    observed, simulated = fit.panel["counts"], posterior_predictive(fit, draws=draws, seed=seed)
    if monthly:
        observed, simulated = (_cooperative(fit.panel, counts, likelihood) for counts in (observed, simulated))
        by_draw = simulated.transpose("draw", "observed").to_numpy().reshape(likelihood.shape)
        simulated = likelihood.copy(data=by_draw)
    else:
        simulated = simulated.expand_dims("chain")
    groups = {
        "posterior": fit.posterior,
        "sample_stats": fit.sample_stats,
        "observed_data": xr.Dataset({"counts": observed}),
        "posterior_predictive": xr.Dataset({"counts": simulated}),
        "log_likelihood": xr.Dataset({"counts": likelihood}),
    }
    if "log_prior" in fit.sample_stats:
        own = xr.DataArray(ancestry(fit), dims=("chain", "draw"))  # after an update not the draws in the same places
        groups["log_prior"] = xr.Dataset({"parameters": fit.sample_stats["log_prior"].isel(draw=own)})
    return xr.DataTree.from_dict(groups)


def _cooperative(panel: xr.Dataset, counts: xr.DataArray, months: xr.DataArray) -> xr.DataArray:
    """Return the cooperative events of the months of dyads that a likelihood is of, (..., observed)."""
    own = counts.isel({"class": slice(int(panel.attrs["zero_cut"]), None)}).sum(["dataset", "direction", "class"])
    return own.assign_coords(dyad=panel["dyad"], time=panel["time"]).sel(dyad=months["dyad"], time=months["time"])
