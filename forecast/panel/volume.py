"""How busy a month was against what is usual for its dyad.

What is usual is how busy the months were in which the happenings of the last years fell: not a month taken at random,
but that of a happening taken at random. So a typical happening falls into a usual month, and the level is its log-odds.
"""

from typing import TYPE_CHECKING

import numpy as np

from forecast.clock import periods_a_month
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    import xarray as xr

USUAL_MONTHS = 36
"""The density of a record drifts with its sources: what is usual is that of the three years before."""
FEWEST_MONTHS = 12
"""With fewer months before, nothing is unusual."""


def busyness(total: Index, covered: Bool, periods: int, fewest: int) -> Float:
    """Return the logarithm of one and the happenings of each period, less its mean over the happenings before."""
    seen = np.broadcast_to(covered, total.shape)
    log = np.where(seen, np.log1p(total), 0.0)
    ends = np.arange(total.shape[-1])
    starts = np.maximum(ends - periods, 0)

    def before(values: Float) -> Float:
        sums = np.cumsum(np.concatenate([np.zeros_like(values[..., :1]), values], axis=-1), axis=-1)
        return np.asarray(sums[..., ends] - sums[..., starts])

    known = np.where(seen, total, 0).astype(np.float64)
    number, happenings = before(seen.astype(np.float64)), before(known)
    usual = before(known * log) / np.maximum(happenings, 1.0)
    return np.asarray(np.where(seen & (number >= fewest) & (happenings > 0), log - usual, 0.0))


def usual_periods(periods: float) -> tuple[int, int]:
    """Return over how many periods the usual is taken, and the fewest; `periods` are those of a month."""
    return round(USUAL_MONTHS * periods), round(FEWEST_MONTHS * periods)


def panel_busyness(panel: "xr.Dataset") -> Float:
    """Return how busy every period of a panel of events was, (dyad, time): the mean over the datasets that cover it."""
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    spare = set(panel["counts"].dims) - {"dataset", "dyad", "time"}
    total = panel["counts"].sum(spare).transpose("dataset", "dyad", "time").to_numpy()
    found = busyness(total, covered, *usual_periods(periods_a_month(panel)))
    return np.asarray(np.where(covered, found, 0.0).sum(axis=0) / np.maximum(covered.sum(axis=0), 1))
