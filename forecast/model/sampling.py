"""Sampling: from a panel to a fit. Whiten, compile, sample, complete the path between nodes."""

import json
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from numpy.random import Generator
from numpy.typing import NDArray

from forecast.base.arguments import checked
from forecast.base.errors import SpecError
from forecast.base.limits import require_sampler, whole_seed
from forecast.base.progress import Progress, Steps, silent
from forecast.base.typing import Float, Seed
from forecast.data.panel.kinds import Panel
from forecast.data.panel.record import data_facts
from forecast.model.arrays import (
    PanelArrays,
    first_eras,
    panel_arrays,
    require_events,
    require_observations,
)
from forecast.model.densities import Density, density_of, sample
from forecast.model.driving import push
from forecast.model.evidence import evidence as evidence_of
from forecast.model.fitted import Fit
from forecast.model.inputs import NODE_PATHS
from forecast.model.posterior import Groups, flat, on_grid
from forecast.model.process.bridge import bridge
from forecast.model.process.component import Component
from forecast.model.process.trend import era_means
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.storage import KIND, SCHEMA
from forecast.model.storage_faults import STATISTICS
from forecast.model.variables import all_variables, of_dyad, sampled_variables

VERSIONS = (
    "pendulum-forecast",
    "pymc",
    "pytensor",
    "nutpie",
    "numba",
    "numpy",
    "xarray",
    "arviz-stats",
)
# Target acceptance rate, and maximum number of doublings of a tree: what gives most effective draws
# a second without divergent transitions (docs/speed.md). Nearly all coordinates are white noise,
# along which trajectories are exact. Under ceilings the headrooms of many dyads move slowly and
# need longer trajectories; the headrooms of one dyad alone need smaller steps.
# By whether there is a ceiling
PATH_TREES = {False: (0.85, 4), True: (0.85, 5)}
# One dyad alone under a ceiling
LONE_TREES = (0.92, 4)
# Name of the step, for progress
SAMPLING = "sampling"


@checked
def fit(
    panel: Panel,
    spec: PendulumSpec | None = None,
    *,
    draws: int = 1000,
    tune: int = 300,
    chains: int = 4,
    seed: Seed = 1,
    cores: int | None = None,
    target_accept: float | None = None,
    evidence: bool = False,
    progress: Progress | None = None,
) -> Fit:
    """Fit the pendulum to a panel.

    Parameters
    ----------
    panel : xarray.Dataset
        Event or index panel.
    spec : PendulumSpec, optional
        Choices of the model; by default those that suit the panel.
    draws, tune, chains : int
        Kept draws and warm-up draws of a chain, and chains.
    seed : int or numpy.random.Generator
        The same seed gives the same numbers, whatever the number of cores.
    cores : int, optional
        Chains run at once; by default as many as the machine has.
    target_accept : float, optional
        Acceptance rate that the step size aims at, 0 to 1; by default what costs least
        (docs/speed.md).
    evidence : bool
        Whether the marginal likelihood is estimated too; then ``provenance["evidence"]`` holds its
        logarithm and Monte Carlo error, and at least 200 draws a chain make sense.
    progress : callable, optional
        Called with (step in words, done, total).

    Returns
    -------
    Fit

    Raises
    ------
    DataError, SpecError
        If panel, spec or the numbers of draws make no sense.

    Examples
    --------
    >>> from forecast import build_panel, fit, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2019-01", end="2020-12")
    >>> fit(panel, draws=20, tune=20, chains=2, seed=1).dyads  # doctest: +SKIP
    ['USA-CHN']
    """
    spec = spec or spec_for(panel)
    seed = whole_seed(seed)
    require_sampler(draws=draws, tune=tune, chains=chains, cores=cores, seed=seed)
    if target_accept is not None and not 0.0 < target_accept < 1.0:
        raise SpecError(f"target_accept: got {target_accept}; expected a number between 0 and 1")
    sampler_seed, path_seed, bridge_seed = np.random.SeedSequence(seed).spawn(3)
    steps = Steps(progress or silent)
    with steps.step("compile", "building the model"):
        arrays = panel_arrays(panel, spec)
        require_observations(panel)
        require_events(panel)
        density = density_of(arrays, steps.progress)
    accept, depth = (
        LONE_TREES if spec.has_ceiling and arrays.dyads == 1 else PATH_TREES[spec.has_ceiling]
    )
    accept = target_accept or accept
    cores = min(cores or os.cpu_count() or 1, chains)
    settings = {"draws": draws, "tune": tune, "chains": chains, "cores": cores}
    drawn = _sampled(
        density, (accept, depth), settings, int(sampler_seed.generate_state(1)[0]), steps
    )
    facts = {}
    if evidence:
        with steps.step("evidence", "bridge sampling"):
            rng = np.random.default_rng(bridge_seed)
            facts["evidence"] = asdict(evidence_of(density, drawn["posterior"], rng))
    with steps.step("derive", "filling in the path"):
        sampled, statistics = _derived(density, drawn)
    with steps.step("path", "filling in the path"):
        rng = np.random.default_rng(path_seed)
        posterior = complete_posterior(sampled, arrays, rng, threads=cores)
        worth = spec.observation_model.quadrature_ess_fraction(posterior, arrays)
    provenance = {
        "seed": seed,
        "sampler": "nutpie",
        **settings,
        "target_accept": accept,
        "tree_depth": depth,
        **data_facts(panel),
        "versions": {name: version(name) for name in VERSIONS},
        "python": platform.python_version(),
        "seconds": steps.seconds,
        "nodes_worth": round(worth, 4),
        **facts,
    }
    texts = {"spec": json.dumps(spec.to_dict()), "provenance": json.dumps(provenance)}
    attributes = {"kind": KIND, "schema": SCHEMA, **texts}
    groups = {"posterior": posterior, "sample_stats": statistics, "constant_data": panel}
    return Fit({"/": xr.Dataset(attrs=attributes), **groups})


def _sampled(
    density: Density, tree: tuple[float, int], settings: dict[str, Any], seed: int, steps: Steps
) -> Groups:
    """Run nutpie on a model."""
    total = settings["chains"] * (settings["draws"] + settings["tune"])

    def tell(chains: Any) -> None:
        steps.progress(SAMPLING, sum(chain.finished_draws for chain in chains), total)

    with steps.step("sample", SAMPLING):
        drawn = sample(
            density, tree, **settings, seed=seed, progress_rate=250, progress_callback=tell
        )
    steps.progress(SAMPLING, total, total)
    return drawn


def _derived(density: Density, drawn: Groups) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the variables of the posterior and the statistics of the sampler."""
    derived = density.derived(drawn["posterior"])
    log_prior, log_rest = (derived.pop(name) for name in ("log_prior", "log_rest"))
    by_draw = drawn["sample_stats"].transpose("chain", "draw", ...)
    dims = {**sampled_variables(), **dict.fromkeys(NODE_PATHS, ("node",))}
    sampled = {
        name: (("chain", "draw", *dims[name]), values)
        for name, values in derived.items()
        if name in dims
    }
    statistics: dict[str, Any] = {name: by_draw[name].to_numpy() for name in STATISTICS}
    statistics |= {
        "log_prior": log_prior,
        "log_likelihood_total": by_draw["logp"].to_numpy() - log_rest,
    }
    return xr.Dataset(sampled), xr.Dataset(
        {name: (("chain", "draw"), values) for name, values in statistics.items()}
    )


def complete_posterior(
    sampled: xr.Dataset, arrays: PanelArrays, rng: Generator, threads: int = 1
) -> xr.Dataset:
    """Return the posterior by the fit's schema from a sampler's draws.

    Paths are completed and dims named.
    """
    chains, draws = sampled.sizes["chain"], sampled.sizes["draw"]
    completed = _complete_paths(sampled, arrays, rng, threads)
    table = all_variables()
    variables = {
        name: sampled[name].transpose("chain", "draw", ...).to_numpy()
        for name in sampled_variables()
        if name in sampled
    } | {
        name: values.reshape(chains, draws, *values.shape[1:]) for name, values in completed.items()
    }
    frequency = arrays.panel.attrs["frequency"]
    result = {
        name: (
            ("chain", "draw", *table[name].dims),
            values,
            {"units": table[name].units(frequency)},
        )
        for name, values in variables.items()
    }
    by_draw = {"chain": np.arange(chains), "draw": np.arange(draws)}
    return xr.Dataset(result, coords=by_draw | arrays.coordinates)


def _complete_paths(
    sampled: xr.Dataset, arrays: PanelArrays, rng: Generator, threads: int
) -> dict[str, NDArray[Any]]:
    """Return level and trend, (draw, dyad, time), and the mean of the trend over every era."""
    spec = arrays.spec
    number = sampled.sizes["chain"] * sampled.sizes["draw"]
    draws = {str(name): flat(sampled[name]) for name in sampled if sampled[name].ndim <= 3}
    level, trend = np.empty((2, number, arrays.dyads, arrays.periods), dtype=np.float32)
    mu = np.empty((number, arrays.eras))
    effect = flat(sampled["driver_effect"]) if "driver_effect" in sampled else None

    def complete(d: int, rng: Generator) -> None:
        trend_path = _complete_trend(d, draws, arrays, rng)
        level_path = trend_path
        if spec.has_cycle:
            cycle = _complete(spec.cycle_model, "node_cycle", d, draws, arrays, rng)
            level_path = trend_path + cycle
        if effect is not None and arrays.drivers is not None:
            retention = draws["phi"][:, d] if spec.has_cycle else np.ones(number)
            pushed = push(spec.drivers, effect[:, :, d], arrays.drivers[:, d], retention)
            trend_path = trend_path + pushed.trend
            level_path = level_path + pushed.level
        level[:, d] = on_grid(level_path)
        trend[:, d] = on_grid(trend_path)
        eras_of_dyad = np.flatnonzero(arrays.era_dyad == d)
        mu[:, eras_of_dyad] = era_means(trend_path, arrays.era_index[d], eras_of_dyad)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(complete, range(arrays.dyads), rng.spawn(arrays.dyads)))
    completed: dict[str, NDArray[Any]] = {"level": level, "trend": trend}
    return completed | {"mu": mu} if spec.moves else completed


def _complete_trend(d: int, draws: dict[str, Float], arrays: PanelArrays, rng: Generator) -> Float:
    """Return the trend of one dyad without drivers, (draw, time).

    Between nodes it is reflected at a ceiling.
    """
    if not arrays.spec.moves:
        return draws["mu"][:, arrays.era_index[d]]
    trend = _complete(arrays.spec.trend_model, "node_trend", d, draws, arrays, rng)
    bound = arrays.spec.ceiling_model
    if bound is not None:
        between = np.ones(arrays.periods, dtype=bool)
        between[arrays.node_time[arrays.starts[d] : arrays.starts[d + 1]]] = False
        between[: first_eras(arrays.panel)[d]] = False
        ceiling = draws["ceiling"][:, arrays.era_index[d][between]]
        trend[:, between] = bound.reflect(trend[:, between], ceiling)
    return trend


def _complete(
    component: Component,
    nodes: str,
    d: int,
    draws: dict[str, Float],
    arrays: PanelArrays,
    rng: Generator,
) -> Float:
    """Complete the path of one dyad's component, (draw, time), given its nodes."""
    motion = component.motion(of_dyad(draws, d))
    nodes_of_dyad = slice(arrays.starts[d], arrays.starts[d + 1])
    time = arrays.node_time[nodes_of_dyad]
    gap = arrays.node_gap[nodes_of_dyad]
    return bridge(component, motion, draws[nodes][:, nodes_of_dyad], time, gap, arrays.periods, rng)
