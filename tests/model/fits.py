"""Fits made without a sampler: nothing was observed, so the posterior is the prior, and draws of it are exact."""

import json

import numpy as np
import xarray as xr

from forecast.model.fitted import Fit
from forecast.model.shocks import draw_shocks
from forecast.model.simulate import prior_draws, simulate_structure
from forecast.model.stored import KIND, SCHEMA
from forecast.model.structure import era_means
from forecast.panel import recounted
from forecast.scale import soft_ceiling


def unobserved(panel, spec, *, chains=1, draws=1000, seed=1):
    """The fit of a panel of which nothing was observed: its counts are emptied, an index is blotted out."""
    panel = panel.copy(deep=True)
    blank = "counts" if "counts" in panel else "index"
    panel[blank] = xr.zeros_like(panel[blank]) if blank == "counts" else xr.full_like(panel[blank], np.nan)
    panel = recounted(panel)
    prior = prior_draws(panel, spec, draws=chains * draws, seed=seed)
    if "index_error" in prior:  # an error of next to nothing, which the prior allows, makes weights without a variance
        prior["index_error"] = prior["index_error"] + 0.3
    era, rng = panel["era_index"].to_numpy(), np.random.default_rng(seed)
    state = _states(prior, era, spec, rng)
    if spec.two_scales:
        structure = np.stack([simulate_structure(prior.isel(draw=i), era, spec, rng) for i in range(len(state))])
        state = state + structure
    level = state
    if "ceiling" in prior:
        level = soft_ceiling(
            state, prior["ceiling"].to_numpy()[:, panel["era_index"].to_numpy()], spec.ceiling_softness
        )
    made = prior.drop_attrs().assign(
        level=(("draw", "dyad", "time"), level.astype(np.float32)),
        state=(("draw", "dyad"), state[..., -1]),
        phi=prior["phi"] if "phi" in prior else (("draw", "dyad"), np.ones(state.shape[:2])),
    )
    if spec.two_scales:
        means = [era_means(structure[:, d], own, np.unique(own)) for d, own in enumerate(era)]
        made["structure"] = (("draw", "dyad", "time"), structure.astype(np.float32))
        made["mu"] = (("draw", "era"), np.concatenate(means, axis=1))
    if spec.pull.order == 2:
        made["state_before"] = (("draw", "dyad"), state[..., -2])
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


def _states(prior, era, spec, rng):
    """Paths of the state (draw, dyad, time), period by period as the model's definition says."""
    draws = prior.sizes["draw"]
    pull, names = spec.pull, ("sigma", *spec.pull.reads)
    own = {name: prior[name].to_numpy().reshape(draws, -1) for name in names if name in prior}
    mu = prior["mu"].to_numpy()[:, era] if "mu" in prior and not spec.two_scales else np.zeros((draws, *era.shape))
    start = pull.start_spread(own, spec.priors)

    df = prior["shock_df"].to_numpy()[:, None] if "shock_df" in prior else None
    size = own["sigma"].shape
    state = np.empty(mu.shape)
    state[..., 0] = mu[..., 0] + start * draw_shocks(rng, size, df)
    for t in range(1, era.shape[1]):
        last, before, shock = state[..., t - 1], state[..., max(t - 2, 0)], draw_shocks(rng, size, df)
        if pull.order == 2 and t == 1:
            carry, scale = pull.second_transition(start, own)
            state[..., 1] = mu[..., 1] + carry * (last - mu[..., 1]) + scale * shock
        else:
            state[..., t] = pull.step(last, before, mu[..., t], shock, own)
    return state
