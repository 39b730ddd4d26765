"""Simulation-based calibration: ranks of true parameters among the draws of fits to data simulated from them.

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
import xarray as xr

from forecast.errors import SpecError
from forecast.model.sampling import fit
from forecast.model.simulate import prior_draws, simulate_panel
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.variables import sampled_variables
from forecast.progress import Progress
from forecast.typing import Index

type Ranks = Index

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
