"""Observed share over rolling windows, and its forecast: what the headline is about, month by month."""

from dataclasses import dataclass

import numpy as np

from forecast.outlook.summary import QUANTILES, NotDefined
from forecast.outlook.windows import FEWEST, Recording, shares_of
from forecast.typing import Float, Index


@dataclass(frozen=True)
class RollingShare:
    """Share of the events of rolling windows that is cooperative, percent, recorded and simulated."""

    months: int  # Months of a window: those of the headline
    # Share of the window that ends with each period of the panel; NaN where it is not covered or has too few events.
    observed: Float
    ahead: Float  # Months from now; 0 is the present
    quantiles: tuple[float, ...]  # 5, 25, 50, 75 and 95%
    # Quantiles, (quantile, period), of the window that ends in each period ahead, the part that is over as recorded.
    # The last is the headline's window.
    forecast: Float


def rolling_share(recording: Recording, months: int) -> RollingShare | NotDefined:
    """Compute the observed share of windows of so many months, and its forecast up to as many months ahead."""
    record = recording.record
    periods = record.clock.periods(months)
    if len(record.total) < periods:
        return NotDefined(f"the record is shorter than {record.clock.span(months)}")
    whole = np.where(record.covered, 0, 1)
    total, cooperative, missing = (_rolling(values, periods) for values in (record.total, record.cooperative, whole))
    there = (total >= FEWEST) & (missing == 0)
    observed = np.full(len(record.total), np.nan)
    observed[periods - 1 :] = np.where(there, shares_of(total, cooperative), np.nan)
    last = slice(len(record.total) - periods, None)
    joined = recording.ahead(months).after(record.months(last))
    total, cooperative = _rolling(joined.total, periods), _rolling(joined.cooperative, periods)
    gaps = np.concatenate([whole[last], np.zeros(periods, dtype=np.int64)])
    usable = (total >= FEWEST) & (_rolling(gaps, periods) == 0)
    shares = np.where(usable, shares_of(total, cooperative), np.nan).reshape(-1, total.shape[-1])
    known = usable.reshape(shares.shape).any(axis=0)
    forecast = np.full((len(QUANTILES), shares.shape[-1]), np.nan)
    forecast[:, known] = np.nanquantile(shares[:, known], QUANTILES, axis=0)
    return RollingShare(months, observed, record.clock.months(periods), QUANTILES, forecast)


def _rolling(values: Index, periods: int) -> Index:
    """Return sums over rolling windows of the last axis."""
    sums = np.cumsum(values, axis=-1, dtype=np.int64)
    before = np.concatenate([np.zeros((*sums.shape[:-1], 1), dtype=np.int64), sums[..., :-periods]], axis=-1)
    return np.asarray(sums[..., periods - 1 :] - before)
