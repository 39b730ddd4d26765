r"""Leave-future-out predictive density: what a model, fitted to the past alone, said of the months that followed.

At every origin the model is fitted anew to the record up to there, its draws are carried on through a block of months,
and the block's events are weighed by the average likelihood under the draws and their continuations. Nothing of the
future enters but the eras' beginnings, which both models of a comparison are told alike.

References
----------
Burkner, Gabry and Vehtari (2020), Approximate leave-future-out cross-validation for Bayesian time series models,
https://doi.org/10.1080/00949655.2020.1783262; Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average
Bayesian predictive distributions, https://doi.org/10.1214/17-BA1091
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from forecast.model import PendulumSpec, fit
from forecast.model.update import carry_on

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[str, int, int], None]

# Blocks of two years over the last twenty: long enough for a pull to show, and ten of them.
BLOCK_MONTHS = 24
BLOCKS = 10
SHORT: dict[str, Any] = {"draws": 400, "tune": 300, "chains": 2}


@dataclass(frozen=True)
class Ahead:
    """Predictive density of blocks of months.

    Attributes
    ----------
    table : pandas.DataFrame
        A row a block: ``origin`` and ``until`` (first days of the last month known and the last foretold),
        ``log_density`` of the block's events, ``events`` (how many).
    """

    table: "pd.DataFrame"

    @property
    def total(self) -> float:
        """Log predictive density of all blocks."""
        return float(self.table["log_density"].sum())

    @property
    def error(self) -> float:
        """Its standard error over blocks."""
        return float(np.sqrt(len(self.table)) * self.table["log_density"].std(ddof=1))


def leave_future_out(
    panel: xr.Dataset, spec: PendulumSpec, *, seed: int = 1, progress: Progress | None = None
) -> Ahead:
    """Foretell the last blocks of a panel, each from a fit to what lies before it."""
    import pandas as pd

    tell = progress or (lambda step, done, total: None)
    rows = []
    stops = block_ends(panel)
    for i, stop in enumerate(stops):
        tell("leaving the future out", i, len(stops))
        past, seen = panel.isel(time=slice(stop - _periods(panel))), panel.isel(time=slice(stop))
        known = fit(past, spec, seed=seed + i, **SHORT)
        gained = carry_on(known, seen, seed + i, lambda step, done, total: None).gained[..., 1:].sum(axis=2)
        time = panel["time"].to_numpy()
        rows.append({
            "origin": str(time[past.sizes["time"] - 1])[:10],
            "until": str(time[stop - 1])[:10],
            "log_density": float(np.logaddexp.reduce(gained.ravel()) - np.log(gained.size)),
            "events": int(_events(seen) - _events(past)),
        })  # fmt: skip
    return Ahead(pd.DataFrame(rows))


def block_ends(panel: xr.Dataset) -> list[int]:
    """Tell how many periods are known at each block's end: the last blocks, that leave half of the record before."""
    periods, block = panel.sizes["time"], _periods(panel)
    number = min(BLOCKS, max(periods // 2 // block, 2))
    return [periods - block * i for i in range(number - 1, -1, -1)]


def stacking_weight(by_block: NDArray[np.float64]) -> float:
    """Weight of a model, 0 to 1, with which its mixture with a rival foretells best.

    Parameters
    ----------
    by_block : (block,)
        Log predictive densities less the rival's.

    Examples
    --------
    >>> round(stacking_weight(np.array([2.0, 1.0, 3.0])), 2)
    1.0
    """
    ratio = np.exp(np.clip(by_block, -500, 500))
    found = minimize_scalar(lambda w: -np.log(w * ratio + 1.0 - w).sum(), bounds=(0.0, 1.0), method="bounded")
    return float(found.x)


def _periods(panel: xr.Dataset) -> int:
    return BLOCK_MONTHS if panel.attrs["frequency"] == "month" else round(BLOCK_MONTHS * 4.348)


def _events(panel: xr.Dataset) -> int:
    return int(panel["counts"].sum() if "counts" in panel else np.isfinite(panel["index"]).sum())
