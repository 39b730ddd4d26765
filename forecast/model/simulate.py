"""Data simulation from the model, and simulation-based calibration.

References
----------
Talts et al. (2018), Validating Bayesian inference algorithms with simulation-based calibration,
https://doi.org/10.48550/arXiv.1804.06788
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pymc as pm
import xarray as xr
from pytensor.compile.mode import Mode
from scipy.signal import lfilter

from forecast.arguments import PANEL, checked
from forecast.errors import SpecError
from forecast.model.arrays import panel_arrays
from forecast.model.driving import push_of_draw
from forecast.model.inputs import add_parameters
from forecast.model.pendulum import coordinates
from forecast.model.posterior import take_apart
from forecast.model.sampling import fit
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.trend import step_below
from forecast.model.variables import sampled_variables
from forecast.progress import Progress
from forecast.typing import Float, Index


@checked(panel=PANEL)
def prior_draws(panel: xr.Dataset, spec: PendulumSpec | None = None, *, draws: int = 100, seed: int = 1) -> xr.Dataset:
    """Draw every parameter from the prior, dims (draw, ...); the panel gives dyads, eras and classes only."""
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
    if not spec.has_ceiling:
        return np.asarray(mean + lfilter([1.0], [1.0, -kept], scale * rng.standard_normal(era.shape), axis=1))
    new_era[:, 0] = True
    headroom, trend, ceiling = parameters["headroom"].to_numpy()[era], np.empty(era.shape), np.empty(len(era))
    now = mean[:, 0]
    for t in range(era.shape[1]):
        expected, begins = mean[:, 0] + kept * (now - mean[:, 0]), new_era[:, t]
        now = step_below(expected, scale[:, t], np.where(begins, np.inf, ceiling), rng)
        ceiling = np.where(begins, now + headroom[:, t], ceiling)
        trend[:, t] = now
    return trend


Ranks = Index

AMONG = 100
"""Draws that a truth is ranked among, spread over the chains so that they are nearly independent."""
MONTHS_APART = 13


@dataclass(frozen=True)
class Task:
    """One truth, the panel it shapes, and how that is fitted."""

    place: int
    panel: xr.Dataset
    truth: xr.Dataset
    spec: PendulumSpec
    draws: int
    tune: int
    chains: int
    cores: int
    seed: int


def calibrate(
    panel: xr.Dataset,
    spec: PendulumSpec | None = None,
    *,
    panels: int = 100,
    draws: int = 300,
    tune: int = 400,
    chains: int = 2,
    seed: int = 1,
    cores: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Draw truths from the prior, simulate a panel of each, fit it, and rank the truth among the posterior's draws."""
    spec = spec or spec_for(panel)
    if draws * chains < AMONG:
        raise SpecError(f"draws: {chains} x {draws} are fewer than the {AMONG} that a truth is ranked among; take more")
    truths = prior_draws(panel, spec, draws=panels, seed=seed)
    seeds = np.random.SeedSequence(seed).generate_state(panels)
    cores = cores or os.cpu_count() or 1
    tasks = [
        Task(i, panel, truths.isel(draw=i), spec, draws, tune, chains, 1 if cores > 1 else chains, int(seeds[i] >> 1))
        for i in range(panels)
    ]
    found: dict[int, dict[str, Ranks]] = {}
    for place, ranks in _ranked(tasks, cores):
        found[place] = ranks
        if progress:
            progress("ranking truths", len(found), panels)
    rows = {name: np.array([found[i][name] for i in range(panels)]) for name in found[0]}
    return xr.Dataset({name: (("panel", f"{name}_number"), ranks) for name, ranks in rows.items() if ranks.size})


def _ranked(tasks: list[Task], cores: int) -> Iterator[tuple[int, dict[str, Ranks]]]:
    """Carry tasks out in so many processes; each compiles its model once."""
    if cores == 1 or len(tasks) < 2 * cores:
        yield from map(rank, tasks)
        return
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(rank, task) for task in tasks]
        try:
            for finished in as_completed(running):
                yield finished.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def rank(task: Task) -> tuple[int, dict[str, Ranks]]:
    """Fit one simulated panel: its place, and the rank of every number that varies."""
    simulated, level = simulate_panel(task.panel, task.truth, task.spec, seed=task.seed)
    posterior = fit(
        simulated, task.spec, draws=task.draws, tune=task.tune, chains=task.chains, cores=task.cores, seed=task.seed
    ).posterior
    pairs = {
        name: (task.truth[name], posterior[name])
        for name in sampled_variables()
        if name in posterior and name in task.truth
    }
    every = slice(None, None, MONTHS_APART)
    pairs["level"] = level.isel(time=every), posterior["level"].isel(time=every)
    return task.place, {name: _below(truth, drawn) for name, (truth, drawn) in pairs.items()}


def _below(truth: xr.DataArray, drawn: xr.DataArray) -> Ranks:
    """Count the draws below each number of a quantity; one that is pinned, such as a cutpoint at zero, has no rank."""
    values = drawn.stack(all=("chain", "draw")).transpose("all", ...).to_numpy()
    values = values[np.linspace(0, len(values) - 1, AMONG).round().astype(int)]
    varies = np.ravel(values.std(0) > 0)
    return np.asarray(np.ravel((values < truth.to_numpy()).sum(0))[varies], dtype=np.int64)


def coverage(ranks: Ranks, mass: float = 0.9) -> float:
    """Share of ranks inside the central interval of so much mass; its expectation is a little above ``mass``.

    Of the ``AMONG + 1`` ranks those from ``AMONG (1 - mass) / 2`` to ``AMONG (1 + mass) / 2`` lie inside.
    """
    low, high = AMONG * (1 - mass) / 2, AMONG * (1 + mass) / 2
    return float(((ranks >= low) & (ranks <= high)).mean())
