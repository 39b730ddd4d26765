"""What an engine hands back of one run, and the quantities that every engine is measured by."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.model.variables import reported_variables

CHAINS = 4
PATHS = ("level", "trend")
"""Paths whose last month counts."""
PARAMETERS = tuple(name for name in reported_variables().values() if name not in PATHS)
"""Parameters that a report states, as far as a model has them."""


@dataclass
class Clock:
    """Wall-clock seconds of a block."""

    seconds: float = 0.0


@dataclass(frozen=True)
class Run:
    """One run of a sampler.

    Attributes
    ----------
    posterior : xarray.Dataset
        Draws, dims (chain, draw, ...), of exactly the quantities that count.
    sampling, compiling : float
        Seconds; sampling includes the warm-up, compiling is what this run compiled.
    warmup : float or None
        Seconds of the warm-up within sampling.
    steps : float or None
        Leapfrog steps a kept draw.
    divergences : int or None
    """

    posterior: xr.Dataset
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


def as_dataset(draws: dict[str, NDArray[Any]]) -> xr.Dataset:
    """Return arrays (chain, draw, ...) as a dataset.

    The dims after the draws have no meaning here.
    """
    return xr.Dataset(
        {
            name: (
                ("chain", "draw", *(f"{name}_{i}" for i in range(values.ndim - 2))),
                np.asarray(values, dtype=float),
            )
            for name, values in draws.items()
        }
    )
