"""One measure for all engines: how many effective draws of the worst quantity.

It also says whether the chains agree.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from benchmarks.runs import Run

CONVERGED = 1.05
"""Largest R-hat at which a fit counts as converged here; a report of the package asks for 1.01."""


def measure(run: Run) -> dict[str, Any]:
    """Return what the table says of a run; None where a number is not defined.

    The effective sample size is the rank-normalised bulk one, over all scalar parameters and the
    last month's level of each dyad [1]_.

    References
    ----------
    .. [1] Vehtari et al. (2021), Rank-normalization, folding, and localization: an improved R-hat,
       https://doi.org/10.1214/20-BA1221
    """
    found: dict[str, Any] = {
        "sampling_seconds": round(run.sampling, 3),
        "warmup_seconds": None if run.warmup is None else round(run.warmup, 3),
        "steps_per_draw": None if run.steps is None else round(run.steps, 2),
        "divergences": run.divergences,
        "ess_per_second_after_warmup": None,
    }
    smallest, worst = diagnose(run.posterior)
    found |= {"ess_min": round(smallest[0], 1), "ess_min_of": smallest[1]}
    found |= {"r_hat_max": round(worst[0], 4), "r_hat_max_of": worst[1]}
    found["ess_per_second"] = smallest[0] / run.sampling
    if run.warmup is not None and run.warmup < run.sampling:
        found["ess_per_second_after_warmup"] = smallest[0] / (run.sampling - run.warmup)
    return found


def diagnose(posterior: xr.Dataset) -> tuple[tuple[float, str], tuple[float, str]]:
    """Smallest bulk effective sample size and largest R-hat, each with the name of its quantity.

    Numbers that are the same in all draws, such as a pinned cutpoint, are left out.
    """
    from arviz_stats import ess, rhat

    names, columns = [], []
    for name, values in posterior.data_vars.items():
        draws = values.transpose("chain", "draw", ...).to_numpy()
        draws = draws.reshape(*draws.shape[:2], -1)
        for i in np.flatnonzero(~(draws == draws[0, 0]).all(axis=(0, 1))):
            names.append(str(name) if draws.shape[2] == 1 else f"{name}[{i}]")
            columns.append(draws[..., i])
    data = xr.Dataset({"x": (("chain", "draw", "quantity"), np.stack(columns, axis=-1))})
    with np.errstate(all="ignore"):
        sizes: NDArray[Any] = np.nan_to_num(ess(data, method="bulk")["x"].to_numpy(), nan=0.0)
        ratios: NDArray[Any] = np.nan_to_num(rhat(data)["x"].to_numpy(), nan=1e6, posinf=1e6)
    low, high = int(sizes.argmin()), int(ratios.argmax())
    return (float(sizes[low]), names[low]), (float(ratios[high]), names[high])
