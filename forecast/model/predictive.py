"""Data simulated from the posterior draws of a fit, and predictive distributions of each month."""

from typing import Protocol, Self, runtime_checkable

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.described import described
from forecast.base.errors import DataError
from forecast.base.limits import whole_seed
from forecast.base.typing import Seed
from forecast.data.panel import panel_kind
from forecast.model.driving import push_of_draw
from forecast.model.particles import Draws, Observed, state_of
from forecast.model.posterior import ancestry, flat
from forecast.model.spec import PendulumSpec

CHUNK = 200
"""Draws that are simulated at once: fifteen dyads take some hundred megabytes."""


@described("a Fit, such as fit(panel) returns")
@runtime_checkable
class SampledFit(Protocol):
    """What simulations of data read of a fit."""

    @property
    def posterior(self) -> xr.Dataset:
        """Draws, dims (chain, draw, ...)."""

    @property
    def sample_stats(self) -> xr.Dataset:
        """Statistics of the draws, dims (chain, draw)."""

    @property
    def panel(self) -> xr.Dataset:
        """The panel that was fitted."""

    @property
    def spec(self) -> PendulumSpec:
        """Choices of the model."""

    def with_draws(self, draws: xr.Dataset) -> Self:
        """Return a fit with other draws in place of its posterior."""


@checked
def posterior_predictive(fit: SampledFit, *, draws: int = 200, seed: Seed = 1) -> xr.DataArray:
    """Simulate the record again at the level of each draw, with as many events in every report."""
    if not panel_kind(fit.panel).coded:
        raise DataError(
            "check: the fit is of an index, which counts no events; give a fit of events or counts"
        )
    rng = np.random.default_rng(seed)
    observation = fit.spec.observation_model
    number = fit.posterior.sizes["chain"] * fit.posterior.sizes["draw"]
    # evenly over all chains
    places = np.unique(np.linspace(0, number - 1, min(draws, number)).astype(int))
    stacked = fit.posterior.stack(sample=("chain", "draw"), create_index=False)
    copies = []
    for sample in places:
        draw = stacked.isel(sample=int(sample))
        level = draw["level"].transpose("dyad", "time").to_numpy().astype(np.float64)
        pushed = push_of_draw(fit.spec.drivers, fit.panel, draw)
        if pushed is not None:
            level = level + pushed.month
        copies.append(observation.simulate(fit.spec, fit.panel, level, draw, rng)["counts"])
    order = fit.panel["counts"].dims
    return xr.concat(
        [copy.transpose(*order) for copy in copies], dim="draw", coords="minimal", compat="override"
    )


@checked
def pointwise_log_likelihood(fit: SampledFit) -> xr.DataArray:
    """Compute the log-likelihood of every month's record under draws, (chain, draw, observed)."""
    posterior, draws = fit.posterior, Draws.of(fit.posterior, fit.spec)
    observed = Observed.of(fit.spec.observation_model.on_scale_of(fit.panel, fit.panel), draws)
    level, trend = flat(posterior["level"]), flat(posterior["trend"])
    months = np.argwhere(observed.node >= 0)
    values = np.empty((len(level), len(months)))
    for position, (dyad, time) in enumerate(months):
        state = state_of(level[:, dyad, [time]], trend[:, dyad, [time]])
        values[:, position] = observed.log_likelihood(int(dyad), int(time), state)[:, 0]
    size = posterior.sizes["chain"], posterior.sizes["draw"]
    coords = {
        "chain": posterior["chain"].to_numpy(),
        "draw": posterior["draw"].to_numpy(),
        "dyad": ("observed", fit.panel["dyad"].to_numpy()[months[:, 0]]),
        "time": ("observed", fit.panel["time"].to_numpy()[months[:, 1]]),
    }
    return xr.DataArray(values.reshape(*size, -1), coords, ("chain", "draw", "observed"))


@checked
def arviz_groups(
    fit: SampledFit, *, draws: int = 500, monthly: bool = True, seed: Seed = 1
) -> xr.DataTree:
    """Return a fit with the groups that ArviZ works on.

    Observed and simulated data, likelihood, and priors.

    `arviz_stats.loo` and `compare` take it: their unit is a month of a dyad. So does
    `psense_summary`, which scales the priors of all parameters together, those of single dyads too,
    and no prior of paths or of the kinds' drift.

    Parameters
    ----------
    fit : Fit
        Of events or counts.
    draws : int
        Draws from the prior and, with ``monthly=False``, of the posterior predictive.
    monthly : bool
        Observe and predict the cooperative events of each month of a dyad, given the number of its
        events, in every draw of the fit, as `arviz_plots.plot_loo_pit`, `plot_ppc_pit` and
        `plot_ppc_rootogram` need them. Otherwise events by dataset, dyad, period, direction and
        class.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``, of the fit; ``observed_data``,
        ``posterior_predictive`` and ``prior_predictive`` with `counts`, events, (chain, draw,
        observed); ``prior``, the parameters and the underlying `level`, log-odds, (chain, draw,
        ...) with one chain; ``log_likelihood`` of each month, (chain, draw, observed);
        ``log_prior``, (chain, draw). An observed month has the coordinates `dyad` and `time`.

    Raises
    ------
    DataError
        If the fit is of an index.

    Examples
    --------
    >>> import arviz_plots, arviz_stats
    >>> from forecast import arviz_groups
    >>> groups = arviz_groups(fit)  # doctest: +SKIP
    >>> arviz_stats.loo(groups)  # doctest: +SKIP
    >>> arviz_plots.plot_loo_pit(groups)  # doctest: +SKIP
    >>> arviz_plots.plot_prior_posterior(groups, var_names=["cycle_half_life"])  # doctest: +SKIP
    """
    if not panel_kind(fit.panel).coded:
        raise DataError(
            "check: the fit is of an index, which counts no events; give a fit of events or counts"
        )
    likelihood = pointwise_log_likelihood(fit)
    own_seed = whole_seed(seed)
    prior = _prior(fit, draws, own_seed)
    if monthly:
        observed = _cooperative(fit.panel, fit.panel["counts"], likelihood)
        simulated = _monthly(fit, fit.posterior, likelihood, own_seed)
        expected = _monthly(fit, prior, likelihood.isel(chain=[0]), own_seed + 1)
    else:
        observed = fit.panel["counts"]
        simulated = posterior_predictive(fit, draws=draws, seed=own_seed).expand_dims("chain")
        expected = posterior_predictive(
            fit.with_draws(prior), draws=draws, seed=own_seed + 1
        ).expand_dims("chain")
    groups = {
        "posterior": fit.posterior,
        "sample_stats": _numbered(fit.sample_stats),
        "observed_data": xr.Dataset({"counts": observed}),
        "posterior_predictive": xr.Dataset({"counts": simulated}),
        "prior": prior,
        "prior_predictive": xr.Dataset({"counts": expected}),
        "log_likelihood": xr.Dataset({"counts": likelihood}),
    }
    if "log_prior" in fit.sample_stats:
        # after an update not the draws in the same places
        flat_draws = xr.DataArray(ancestry(fit.posterior, fit.sample_stats), dims=("chain", "draw"))
        log_prior = fit.sample_stats["log_prior"].isel(draw=flat_draws)
        groups["log_prior"] = _numbered(xr.Dataset({"parameters": log_prior}))
    return xr.DataTree.from_dict(groups)


def _numbered(draws: xr.Dataset) -> xr.Dataset:
    """Return draws whose chains and draws are numbered: ArviZ marks divergent ones by number."""
    return draws.assign_coords({name: np.arange(draws.sizes[name]) for name in ("chain", "draw")})


def _prior(fit: SampledFit, draws: int, seed: int) -> xr.Dataset:
    """Draw parameters and underlying level from the prior, (chain, draw, ...), with one chain."""
    from forecast.model.simulation import prior_draws, simulate_level

    drawn = prior_draws(fit.panel, fit.spec, draws=draws, seed=seed)
    era = fit.panel["era_index"].transpose("dyad", "time").to_numpy()
    level = simulate_level(drawn, era, fit.spec, np.random.default_rng(seed))
    places = {"dyad": fit.panel["dyad"].to_numpy(), "time": fit.panel["time"].to_numpy()}
    values = {
        name: fit.posterior[name]
        for name in fit.posterior.coords
        if name in drawn.dims and name != "draw"
    }
    drawn = drawn.assign(level=(("draw", "dyad", "time"), level.astype(np.float32))).assign_coords(
        places | values
    )
    return drawn.assign_coords(draw=np.arange(drawn.sizes["draw"])).expand_dims(chain=[0])


def _monthly(fit: SampledFit, draws: xr.Dataset, months: xr.DataArray, seed: int) -> xr.DataArray:
    """Simulate the cooperative events of the months of a likelihood, (chain, draw, observed)."""
    rng, panel, spec = np.random.default_rng(seed), fit.panel, fit.spec
    stacked = draws.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
    number = stacked.sizes["sample"]
    size = (panel.sizes["dyad"], panel.sizes["time"])
    # Drivers, and the shifts of several datasets, are computed draw by draw.
    single = bool(spec.drivers) or panel.sizes["dataset"] > 1
    counts = np.zeros((number, *size), dtype=np.int64)
    for first in range(0, number, 1 if single else CHUNK):
        some = stacked.isel(sample=first if single else slice(first, first + CHUNK))
        level = some["level"].transpose(..., "dyad", "time").to_numpy().astype(np.float64)
        pushed = push_of_draw(spec.drivers, panel, some) if single else None
        level = level if pushed is None else level + pushed.month
        (d, t, *_), sides = spec.observation_model.simulate_sides(panel, level, some, rng)
        sides_of_month = np.atleast_2d(sides[..., 1])
        # reports are in order of dyad and month
        begins = np.flatnonzero(np.diff(d * size[1] + t, prepend=-1))
        counts[first : first + len(sides_of_month), d[begins], t[begins]] = np.add.reduceat(
            sides_of_month, begins, axis=-1
        )
    places = [
        panel.get_index(name).get_indexer(pd.Index(months[name].to_numpy()))
        for name in ("dyad", "time")
    ]
    values = counts[:, places[0], places[1]].reshape(draws.sizes["chain"], draws.sizes["draw"], -1)
    coords = {name: months.coords[name] for name in ("dyad", "time")}
    coords |= {name: draws[name] for name in ("chain", "draw")}
    return xr.DataArray(values, dims=("chain", "draw", "observed"), coords=coords)


def _cooperative(panel: xr.Dataset, counts: xr.DataArray, months: xr.DataArray) -> xr.DataArray:
    """Return the cooperative events of the months of dyads that a likelihood is of, (observed,)."""
    cooperative = counts.isel({"class": slice(int(panel.attrs["zero_cut"]), None)}).sum(
        ["dataset", "direction", "class"]
    )
    return cooperative.assign_coords(dyad=panel["dyad"], time=panel["time"]).sel(
        dyad=months["dyad"], time=months["time"]
    )
