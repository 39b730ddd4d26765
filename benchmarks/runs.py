"""What an engine hands back of one run, and the quantities that every engine is measured by."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from benchmarks.problems import Problem
from forecast.model.arrays import panel_arrays
from forecast.model.parameters import add_parameters
from forecast.model.pendulum import coordinates
from forecast.scale import soft_ceiling

CHAINS = 4
PARAMETERS = (
    "half_life", "sd", "sigma", "tau", "mu", "mu_dyad", "mu_era_sd", "headroom", "headroom_dyad", "headroom_era_sd",
    "ceiling", "depth", "depth_sd", "cutpoint", "concentration", "structure_step", "structure_jump", "volume_effect",
    "depth_slope", "depth_cutpoint", "depth_concentration",
    "severity_slope", "severity_cutpoint", "severity_concentration",
)  # fmt: skip
"""Parameters that a report states, as far as a model has them."""
PATHS = ("level", "structure")
"""Paths whose last month counts."""


class Unavailable(Exception):
    """An engine that cannot run here; the message says why."""


@dataclass
class Clock:
    """Wall-clock seconds of a block."""

    seconds: float = 0.0


@dataclass(frozen=True)
class Run:
    """One run of a sampler.

    Attributes
    ----------
    posterior : xarray.Dataset or None
        Draws, dims (chain, draw, ...), of exactly the quantities that count; None for a method without draws.
    sampling, compiling : float
        Seconds; sampling includes the warm-up, compiling is what this run compiled.
    warmup : float or None
        Seconds of the warm-up within sampling.
    steps : float or None
        Leapfrog steps a kept draw.
    divergences : int or None
    """

    posterior: xr.Dataset | None
    sampling: float
    compiling: float = 0.0
    warmup: float | None = None
    steps: float | None = None
    divergences: int | None = None

    @staticmethod
    @contextmanager
    def clock() -> Iterator[Clock]:
        """Time a block."""
        clock, start = Clock(), time.perf_counter()
        yield clock
        clock.seconds = time.perf_counter() - start


def cores() -> int:
    """Chains run at once, the same for every engine that lets one choose."""
    return min(CHAINS, os.cpu_count() or 1)


def reported(free: xr.Dataset, state: NDArray[Any], problem: Problem) -> xr.Dataset:
    """Return what counts of a model of one scale, from its free variables and the last state (chain, draw, dyad)."""
    plain = reported_parameters(free, problem)
    ceiling = plain["ceiling"][..., panel_arrays(problem.panel, problem.spec).era_index[:, -1]]
    return as_dataset(plain | {"level": soft_ceiling(state, ceiling, problem.spec.ceiling_softness)})


def reported_parameters(free: xr.Dataset, problem: Problem) -> dict[str, NDArray[Any]]:
    """Return the reported parameters, by the package's names, (chain, draw, ...), from the free variables.

    Whatever the sampler, the same expressions turn free variables into parameters: those of the package.
    """
    arrays = panel_arrays(problem.panel, problem.spec)
    with pm.Model(coords=coordinates(problem.panel, arrays)) as model:
        add_parameters(problem.spec, arrays)
    names = [name for name in PARAMETERS if name in model.named_vars]
    derived = pm.compute_deterministics(
        free, var_names=[name for name in names if name not in free], model=model, progressbar=False
    )
    parameters = {name: (free if name in free else derived)[name] for name in names}
    return {name: value.transpose("chain", "draw", ...).to_numpy() for name, value in parameters.items()}


def free_names(problem: Problem) -> list[str]:
    """Names of the free variables that are no path."""
    arrays = panel_arrays(problem.panel, problem.spec)
    with pm.Model(coords=coordinates(problem.panel, arrays)) as model:
        add_parameters(problem.spec, arrays)
    return [variable.name for variable in model.free_RVs]


def as_dataset(draws: dict[str, NDArray[Any]]) -> xr.Dataset:
    """Return arrays (chain, draw, ...) as a dataset; the dims after the draws have no meaning here."""
    return xr.Dataset(
        {
            name: (("chain", "draw", *(f"{name}_{i}" for i in range(values.ndim - 2))), np.asarray(values, dtype=float))
            for name, values in draws.items()
        }
    )
