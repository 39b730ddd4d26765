"""Event counts of a period relative to the usual count of the three years before."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.base.dates import periods_a_month
from forecast.base.typing import Bool, Float, Index

if TYPE_CHECKING:
    import xarray as xr

# Event counts drift with their sources: the usual count is that of the three years before.
USUAL_MONTHS = 36
# months before a period; with fewer its usual event count is unknown, and nothing is unusual
MIN_USUAL_MONTHS = 12


def relative_counts(
    total: Index, covered: Bool, a_month: float, *, last: int | None = None
) -> Float:
    """Return log(1 + events) of each period, less the mean of it over the events before.

    It is 0 where too little is known of the months before. The mean is over events and not over
    periods: a typical event then falls into a usual month, and the level is its log-odds.
    `a_month` is the number of periods in a month; with `last` only so many periods at the end are
    returned.
    """
    periods = round(USUAL_MONTHS * a_month)
    min_periods = round(MIN_USUAL_MONTHS * a_month)
    seen = np.broadcast_to(covered, total.shape)
    log = np.where(seen, np.log1p(total), 0.0)
    shown = slice(0 if last is None else total.shape[-1] - last, None)
    ends = np.arange(total.shape[-1])[shown]
    starts = np.maximum(ends - periods, 0)

    def before(values: Float) -> Float:
        sums = np.cumsum(np.concatenate([np.zeros_like(values[..., :1]), values], axis=-1), axis=-1)
        return np.asarray(sums[..., ends] - sums[..., starts])

    counted = np.where(seen, total, 0).astype(np.float64)
    number = before(covered.astype(np.float64))
    events = before(counted)
    usual = before(counted * log) / np.maximum(events, 1.0)
    enough = seen[..., shown] & (number >= min_periods) & (events > 0)
    return np.asarray(np.where(enough, log[..., shown] - usual, 0.0))


def total_events(panel: "xr.Dataset") -> Index:
    """Count the events that every dataset reports, (dataset, dyad, time)."""
    spare = set(panel["counts"].dims) - {"dataset", "dyad", "time"}
    return np.asarray(panel["counts"].sum(spare).transpose("dataset", "dyad", "time").to_numpy())


def dataset_relative_counts(panel: "xr.Dataset") -> Float:
    """Return each dataset's relative event counts, (dataset, dyad, time); 0 if not covered."""
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    return relative_counts(total_events(panel), covered, periods_a_month(panel))


def relative_event_counts(panel: "xr.Dataset") -> Float:
    """Return relative event counts, (dyad, time): the mean over the datasets that cover it."""
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    return np.asarray(
        dataset_relative_counts(panel).sum(axis=0) / np.maximum(covered.sum(axis=0), 1)
    )
