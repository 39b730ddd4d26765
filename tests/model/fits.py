"""Fits made without a sampler: nothing was observed, so the posterior is the prior, and draws of it are exact."""

import json
from functools import partial

import numpy as np
import xarray as xr

from forecast.data.panel import recounted
from forecast.model.fitted import KIND, SCHEMA, Fit
from forecast.model.pendulum import prior_draws, simulate_path
from forecast.model.process.trend import era_means
from forecast.model.spec import spec_for


def unobserved(panel, spec, *, chains=1, draws=1000, seed=1):
    """The fit of a panel of which nothing was observed: its counts are emptied, an index is blotted out."""
    panel = panel.copy(deep=True)
    blank = "counts" if "counts" in panel else "index"
    panel[blank] = (
        xr.zeros_like(panel[blank]) if blank == "counts" else xr.full_like(panel[blank], np.nan)
    )
    panel = recounted(panel)
    prior = prior_draws(panel, spec, draws=chains * draws, seed=seed)
    if (
        "index_error" in prior
    ):  # an error of next to nothing, which the prior allows, makes weights without a variance
        prior["index_error"] = prior["index_error"] + 0.3
    era, rng = panel["era_index"].to_numpy(), np.random.default_rng(seed)
    path = simulate_path(prior, era, spec, rng)
    trend, level = path.trend, path.level
    if spec.has_ceiling:
        own, first = np.unique(era, return_index=True)
        dyad, start = np.unravel_index(first, era.shape)
        ceiling = np.full((len(trend), own[-1] + 1), np.nan)
        ceiling[:, own] = trend[:, dyad, start] + prior["headroom"].to_numpy()[:, own]
        prior["ceiling"] = (("draw", "era"), np.where(np.isnan(ceiling), 0.0, ceiling))
    means = [era_means(trend[:, d], own, np.unique(own)) for d, own in enumerate(era)]
    made = prior.drop_attrs().assign(
        level=(("draw", "dyad", "time"), level.astype(np.float32)),
        trend=(("draw", "dyad", "time"), trend.astype(np.float32)),
        mu=(("draw", "era"), np.concatenate(means, axis=1)),
    )
    in_chains = {
        name: (
            ("chain", "draw", *values.dims[1:]),
            values.to_numpy().reshape(chains, draws, *values.shape[1:]),
        )
        for name, values in made.items()
    }
    named = ("dyad", "time", "era", "dataset", "direction")
    coords = {name: panel[name].to_numpy() for name in named if name in panel.coords}
    noise = np.random.default_rng(seed + 1).standard_normal((chains, draws))
    steps = np.ones(noise.shape, dtype=np.int64)
    stats = {"diverging": noise > 9, "energy": noise, "step_size": noise, "n_steps": steps}
    provenance = {
        "seed": seed,
        "sampler": "nutpie",
        "draws": draws,
        "tune": 1,
        "chains": chains,
        "cores": 1,
        "data_digest": panel.attrs["digest"],
        "versions": {},
        "python": "",
        "seconds": {},
    }
    attributes = {
        "kind": KIND,
        "schema": SCHEMA,
        "spec": json.dumps(spec.to_dict()),
        "provenance": json.dumps(provenance),
    }
    groups = {
        "posterior": xr.Dataset(
            in_chains, {"chain": np.arange(chains), "draw": np.arange(draws), **coords}
        ),
        "sample_stats": xr.Dataset(
            {name: (("chain", "draw"), values) for name, values in stats.items()}
        ),
        "constant_data": panel,
    }
    return Fit({"/": xr.Dataset(attrs=attributes), **groups})


_UNSAMPLED = {}


def unsampled(panel, spec=None, *, seed=1, per_chain=100, **_):
    """Fit a panel without looking at it: draws of the prior, which are independent, so that they pass every check."""
    key = (per_chain, panel.sizes["time"], *panel["dyad"].to_numpy().tolist(), seed)
    if key not in _UNSAMPLED:
        _UNSAMPLED[key] = unobserved(panel, spec_for(panel), chains=2, draws=per_chain, seed=seed)
    made = _UNSAMPLED[key].tree
    groups = {name: made[name].to_dataset() for name in ("posterior", "sample_stats")}
    found = Fit({"/": made.to_dataset(), **groups, "constant_data": panel})
    return found.noting(data_digest=panel.attrs["digest"])


def leave_out_sampling(patch, per_chain=100):
    """Let commands make such fits.

    The draws are few, and the limits of convergence as much lower.
    """
    for place in ("forecast.model.sampling.fit", "forecast.model.fit"):
        patch.setattr(place, partial(unsampled, per_chain=per_chain))
    for name, limit in (
        ("gate.ESS_LIMIT", 50),
        ("particles.ESS_LIMIT", 50),
        ("gate.R_HAT_LIMIT", 1.3),
    ):
        patch.setattr(f"forecast.model.{name}", limit)
