"""The package itself, as a user calls it."""

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import xarray as xr

from benchmarks.problems import SPEC, Problem
from benchmarks.runs import CHAINS, PARAMETERS, PATHS, Run, as_dataset, cores
from forecast import fit

BEFORE = ("build", "compile")
AFTER = ("derive", "path", "evidence")
"""Steps of a fit that are not sampling; what a fit does besides counts as sampling."""


def prepare(problem: Problem) -> Callable[[int, int, int], Run]:
    """Get ready to call fit, which builds and compiles by itself."""

    def run(tune: int, draws: int, seed: int) -> Run:
        watch = Watch()
        fitted = fit(
            problem.panel,
            SPEC,
            draws=draws,
            tune=tune,
            chains=CHAINS,
            cores=cores(),
            seed=seed,
            progress=watch,
        )
        seconds, stats = fitted.provenance["seconds"], fitted.sample_stats
        sampling = sum(spent for step, spent in seconds.items() if step not in BEFORE + AFTER)
        return Run(
            posterior=quantities(fitted.posterior),
            sampling=sampling,
            compiling=sum(seconds.get(step, 0.0) for step in BEFORE),
            warmup=watch.warmup(tune, draws, seconds.get("sample", sampling)),
            steps=float(stats["n_steps"].mean()) if "n_steps" in stats else None,
            divergences=int(stats["diverging"].sum()) if "diverging" in stats else None,
        )

    return run


def quantities(drawn: xr.Dataset) -> xr.Dataset:
    """Return what counts of a fit's posterior."""
    counts = {name: drawn[name] for name in PARAMETERS if name in drawn}
    counts |= {name: drawn[name].isel(time=-1) for name in PATHS if name in drawn}
    return as_dataset(
        {name: value.transpose("chain", "draw", ...).to_numpy() for name, value in counts.items()}
    )


class Watch:
    """Listens to a fit's progress, to tell how long the warm-up took.

    It is told to a quarter of a second or so.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[float, int]] = []

    def __call__(self, step: str, done: int, total: int) -> None:
        """Note the time at which so many draws were done."""
        if step == "sampling":
            self.seen.append((time.perf_counter(), done))

    def warmup(self, tune: int, draws: int, sampling: float) -> float | None:
        """Seconds in which chains were warming up.

        There are as many chains at once as there are cores, then the next ones.
        """
        if len(self.seen) < 2:
            return None
        end = self.seen[-1][0]
        times = np.array([end - sampling, *(at for at, _ in self.seen)])
        done = np.maximum.accumulate([0, *(number for _, number in self.seen)])
        rising = np.flatnonzero(np.diff(done, prepend=-1) > 0)
        waves = [min(cores(), CHAINS - first) for first in range(0, CHAINS, cores())]
        begun = np.cumsum([0, *waves]) * (tune + draws)
        warm = [
            (first, first + number * tune)
            for (first, _), number in zip(pairwise(begun), waves, strict=True)
        ]
        spans = np.interp(np.array(warm), done[rising], times[rising])
        return float(np.diff(spans, axis=1).sum())
