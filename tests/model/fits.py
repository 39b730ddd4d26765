"""Fits made without a sampler: nothing was observed, so the posterior is the prior, and draws of it are exact."""

import json
from dataclasses import replace

import numpy as np
import xarray as xr

from forecast.model.ceiling import bounded
from forecast.model.fitted import Fit
from forecast.model.priors import Priors
from forecast.model.simulate import prior_draws, simulate_level, simulate_trend
from forecast.model.stored import KIND, SCHEMA
from forecast.model.trend import era_means


def unobserved(panel, spec, *, chains=1, draws=1000, seed=1):
    """The fit of a panel of which nothing was observed: its counts are emptied, an index is blotted out."""
    panel = panel.copy(deep=True)
    blank = "counts" if "counts" in panel else "index"
    panel[blank] = xr.zeros_like(panel[blank]) if blank == "counts" else xr.full_like(panel[blank], np.nan)
    prior = prior_draws(panel, spec, draws=chains * draws, seed=seed)
    if "index_error" in prior:  # an error of next to nothing, which the prior allows, makes weights without a variance
        prior["index_error"] = prior["index_error"] + 0.3
    era, rng = panel["era_index"].to_numpy(), np.random.default_rng(seed)
    made = [_paths(prior.isel(draw=i), era, spec, rng) for i in range(prior.sizes["draw"])]
    free, trend, cycle = (np.stack(own) for own in zip(*made, strict=True))
    made = prior.drop_attrs().assign(
        level=(("draw", "dyad", "time"), (trend + cycle).astype(np.float32)),
        trend=(("draw", "dyad", "time"), trend.astype(np.float32)),
        free_trend=(("draw", "dyad"), free[..., -1]),
    )
    if spec.moves:
        means = [era_means(trend[:, d], own, np.unique(own)) for d, own in enumerate(era)]
        made["mu"] = (("draw", "era"), np.concatenate(means, axis=1))
    if spec.has_ceiling:
        made["ceiling"] = (("draw", "era"), _at_starts(free, era) + prior["headroom"].to_numpy())
    in_chains = {
        name: (("chain", "draw", *values.dims[1:]), values.to_numpy().reshape(chains, draws, *values.shape[1:]))
        for name, values in made.items()
    }
    named = ("dyad", "time", "era", "dataset", "direction")
    coords = {name: panel[name].to_numpy() for name in named if name in panel.coords}
    noise = np.random.default_rng(seed + 1).standard_normal((chains, draws))
    steps = np.ones(noise.shape, dtype=np.int64)
    stats = {"diverging": noise > 9, "energy": noise, "step_size": noise, "n_steps": steps}
    provenance = {
        "seed": seed, "sampler": "nutpie", "draws": draws, "tune": 1, "chains": chains, "cores": 1,
        "data_digest": panel.attrs["digest"], "versions": {}, "python": "", "seconds": {},
    }  # fmt: skip
    attributes = {
        "kind": KIND, "schema": SCHEMA, "spec": json.dumps(spec.to_dict()), "provenance": json.dumps(provenance)
    }  # fmt: skip
    groups = {
        "posterior": xr.Dataset(in_chains, {"chain": np.arange(chains), "draw": np.arange(draws), **coords}),
        "sample_stats": xr.Dataset({name: (("chain", "draw"), values) for name, values in stats.items()}),
        "constant_data": panel,
    }
    return Fit({"/": xr.Dataset(attrs=attributes), **groups})


def _paths(own, era, spec, rng):
    """Free trend, trend and cycle of one draw, (dyad, time)."""
    free = simulate_trend(
        own, era, replace(spec, ceiling="none", priors=Priors(trend_start=spec.priors.trend_start)), rng
    )
    trend = free
    if spec.has_ceiling:
        trend = bounded(free, (_at_starts(free[None], era)[0] + own["headroom"].to_numpy())[era])
    if not spec.has_cycle:
        return free, trend, np.zeros(era.shape)
    still = own.assign(mu=("era", np.zeros(era.max() + 1)))
    return (
        free,
        trend,
        simulate_level(still, era, replace(spec, trend="constant", ceiling="none", priors=Priors()), rng),
    )


def _at_starts(path, era):
    """Values (draw, era) of paths (draw, dyad, time) where every era begins."""
    begins = [np.argwhere(era == one)[0] for one in range(era.max() + 1)]
    return np.stack([path[:, d, t] for d, t in begins], axis=1)
