"""The panels that are fitted: the embedded chronology, and simulated ones.

Simulated ones are of any size and density.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from forecast import PendulumSpec, build_panel, read_chronology
from forecast.base.errors import SpecError
from forecast.data.events import hierarchy
from forecast.data.panel import recounted
from forecast.model import prior_draws, simulate_panel

CHRONOLOGY = "6x920"
SIZES = ("1x300", "3x300", CHRONOLOGY, "12x660")
DENSITIES = (1, 5, 50, 2000)
CLASSES, ZERO_CUT, ERAS = 8, 4, 2
DRAWS = 200
"""Draws of the priors, of which the most typical is what a panel is simulated at."""
SPEC = PendulumSpec(ceiling="none")  # The plain models have none
"""The model that is fitted, and that a panel is simulated from."""


@dataclass(frozen=True)
class Problem:
    """A panel to fit the model to; ``density`` is None for the chronology, which has its own."""

    size: str
    density: int | None
    panel: xr.Dataset


def shape_of(size: str) -> tuple[int, int]:
    """Read dyads and months from a size such as ``3x300``, or reject it (SpecError)."""
    shape = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size)
    if shape is None:
        raise SpecError(f"size {size!r}: expected dyads x months, such as 3x300")
    return int(shape[1]), int(shape[2])


def make_problem(size: str, density: int | None, seed: int) -> Problem:
    """Make the problem of a size and a density.

    The size is such as ``3x300`` (dyads x months), the density is events per dyad-month.

    Raises
    ------
    SpecError
        If the size is no such text, or a simulated panel has no density.
    """
    if size == CHRONOLOGY:
        return Problem(size, None, build_panel(read_chronology(), dyads=hierarchy("USA-CHN")))
    if density is None:
        raise SpecError(
            f"density: a simulated panel of {size} needs one, such as 5 events per dyad-month"
        )
    return Problem(size, density, simulated_panel(*shape_of(size), density, seed))


def simulated_panel(dyads: int, periods: int, density: float, seed: int) -> xr.Dataset:
    """Simulate a panel at a draw of the priors.

    It has a Poisson number of events per dyad-month and two eras per dyad.
    """
    rng = np.random.default_rng([seed, dyads, periods])
    totals = rng.poisson(density, (1, dyads, periods, 1))
    totals[0, :, 0] += 1
    empty = empty_panel(dyads, periods)
    empty["counts"][..., 0] = totals
    empty = recounted(empty)
    truth = most_typical(prior_draws(empty, SPEC, draws=DRAWS, seed=seed))
    return simulate_panel(empty, truth, SPEC, seed=seed)[0]


def most_typical(draws: xr.Dataset) -> xr.Dataset:
    """Choose the draw whose numbers are nearest to the medians, by their ranks among the draws.

    A single draw may be odd in what decides how hard a posterior is, such as a month noise of five
    times the usual.
    """
    values = np.concatenate(
        [draws[name].to_numpy().reshape(draws.sizes["draw"], -1) for name in draws], axis=1
    )
    ranks = values.argsort(axis=0).argsort(axis=0) / (len(values) - 1)
    return draws.isel(draw=int(((ranks - 0.5) ** 2).mean(axis=1).argmin()))


def empty_panel(dyads: int, periods: int) -> xr.Dataset:
    """Make a panel in which nothing has happened, with two eras per dyad."""
    begins = np.linspace(0, periods, ERAS, endpoint=False).astype(int)
    era = np.searchsorted(begins, np.arange(periods), side="right") - 1
    time = pd.date_range("1945-01-01", periods=periods, freq="MS").as_unit("ns")
    codes = [f"A{d:02}-B{d:02}" for d in range(dyads)]
    dims = ("dataset", "dyad", "time", "direction", "class")
    return xr.Dataset(
        {
            "counts": (dims, np.zeros((1, dyads, periods, 1, CLASSES), dtype=np.int32)),
            "covered": (dims[:3], np.ones((1, dyads, periods), dtype=bool)),
            "era_index": (
                ("dyad", "time"),
                (era + ERAS * np.arange(dyads)[:, None]).astype(np.int16),
            ),
        },
        {
            "dataset": ["simulated"],
            "dyad": codes,
            "time": time,
            "direction": ["both"],
            "class": np.arange(CLASSES),
            "class_name": ("class", [f"class {j}" for j in range(CLASSES)]),
            "era": [f"{code}:{e}" for code in codes for e in range(ERAS)],
            "era_dyad": ("era", np.repeat(np.arange(dyads), ERAS).astype(np.int16)),
            "era_name": ("era", [str(e) for _ in codes for e in range(ERAS)]),
            "era_start": ("era", pd.DatetimeIndex(np.tile(time[begins], dyads)).as_unit("ns")),
        },
        {
            "schema": 1,
            "scale": "simulated",
            "zero_cut": ZERO_CUT,
            "frequency": "month",
            "unit": "event",
            "as_of": "",
            "digest": "",
            "late": 0,
            "counted": 0,
            "paired": 0,
            "outside_coverage": "{}",
            "outside_span": 0,
        },
    )
