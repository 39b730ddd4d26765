r"""Leave-future-out predictive density of models fitted to past data only.

The events of the next block of months have the density :math:`p(y_{1..t+k}) / p(y_{1..t})`, a ratio of two marginal
likelihoods from bridge sampling. The product over all blocks is a Bayes factor in which the first half of the data
replaces the priors. The only future information is the start of eras, which both models of a comparison know.

References
----------
Geweke and Amisano (2010), Comparing and evaluating Bayesian predictive distributions of asset returns,
https://doi.org/10.1016/j.ijforecast.2009.10.007; Burkner, Gabry and Vehtari (2020), Approximate leave-future-out
cross-validation for Bayesian time series models, https://doi.org/10.1080/00949655.2020.1783262; Yao, Vehtari, Simpson
and Gelman (2018), Using stacking to average Bayesian predictive distributions, https://doi.org/10.1214/17-BA1091
"""

import os
from contextlib import closing
from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.optimize import minimize_scalar

from forecast.dates import Clock
from forecast.model.evidence import Evidence, PartKey, quick_evidence
from forecast.panel import first_periods, panel_kind
from forecast.progress import Progress, side_by_side, silent
from forecast.typing import Float

if TYPE_CHECKING:
    import pandas as pd

    from forecast.model import PendulumSpec

# Blocks of two years over the last twenty: long enough for reversion to show, and ten of them.
BLOCK_MONTHS = 24
BLOCKS = 10


def leave_future_out(
    panel: xr.Dataset,
    spec: "PendulumSpec",
    *,
    seed: int = 1,
    whole: Evidence | None = None,
    kept: dict[PartKey, Evidence] | None = None,
    cores: int | None = None,
    progress: Progress | None = None,
) -> "pd.DataFrame":
    """Predict the last blocks of a panel, each from a fit to the months before.

    Returns a row per block: `origin` and `until` (first days of the last month known and the last predicted),
    `log_density` of the block's events with the Monte Carlo standard `error`, and the number of `events`.

    ``whole`` is the evidence of the whole panel, if it is known already; ``kept`` that of parts of models of this
    panel, which several of them may share; ``cores`` changes no number. An index is standardised again at every origin,
    so that its densities compare models and mean nothing alone.
    """
    import pandas as pd

    tell = progress or silent
    stops = block_ends(panel)
    known = [stops[0] - _periods(panel), *stops]
    found = {} if whole is None else {panel.sizes["time"]: whole}
    asked = [(i, stop) for i, stop in enumerate(known) if stop not in found]

    def work(task: tuple[int, int], halt: Event) -> tuple[int, Evidence]:
        i, stop = task
        known = first_periods(panel, stop)
        return stop, quick_evidence(known, spec, seed=seed + i, kept=kept, stop=halt)

    tell("leaving the future out", 0, len(asked))
    with closing(side_by_side(work, asked, cores or os.cpu_count() or 1)) as results:
        for done, (stop, evidence) in enumerate(results, 1):
            found[stop] = evidence
            tell("leaving the future out", done, len(asked))
    time = [str(start)[:10] for start in panel["time"].to_numpy()]
    rows = [
        {
            "origin": time[first - 1],
            "until": time[stop - 1],
            "log_density": found[stop].log - found[first].log,
            "error": float(np.hypot(found[first].error, found[stop].error)),
            "events": panel_kind(panel).number(panel.isel(time=slice(first, stop))),
        }
        for first, stop in pairwise(known)
    ]
    return pd.DataFrame(rows)


def block_ends(panel: xr.Dataset) -> list[int]:
    """Return how many periods are known at each block's end: the last blocks, that leave half of the record before."""
    periods, block = panel.sizes["time"], _periods(panel)
    number = min(BLOCKS, max(periods // 2 // block, 2))
    return [periods - block * i for i in range(number - 1, -1, -1)]


def score_difference(by_block: Float) -> tuple[float, float, float]:
    """Sum differences of log predictive density (block,): their sum, its standard error, the stacking weight.

    The error is that over blocks, to which their Monte Carlo errors add some; of two models that predict alike it is
    too large rather than too small, for what one block gains by such an error the next one loses.
    """
    error = np.sqrt(by_block.size) * by_block.std(ddof=1)
    return float(by_block.sum()), float(error), stacking_weight(by_block)


def stacking_weight(by_block: Float) -> float:
    """Weight of a model, 0 to 1, with which its mixture with an alternative predicts best."""
    ratio = np.exp(np.clip(by_block, -500, 500))
    found = minimize_scalar(lambda w: -np.log(w * ratio + 1.0 - w).sum(), bounds=(0.0, 1.0), method="bounded")
    return float(found.x)


def _periods(panel: xr.Dataset) -> int:
    return Clock.of(panel).periods(BLOCK_MONTHS)
