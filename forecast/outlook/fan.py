"""The fan of the level, and of what the dataset would observe."""

from dataclasses import dataclass

import numpy as np

from forecast.outlook.futures import Futures
from forecast.outlook.observed import Observed
from forecast.outlook.summary import QUANTILES, NotDefined
from forecast.typing import Float


@dataclass(frozen=True)
class Fan:
    """Quantiles of the future, period by period.

    Attributes
    ----------
    months : array (period,)
        Months from now; 0 is the present.
    quantiles : tuple of float
        Which ones: 5, 25, 50, 75 and 95 %.
    share : array (quantile, period)
        Of the share, points.
    observed : array (quantile, period) or NotDefined
        Of the cooperative share of the events the dataset would hold in that period; period 0 is missing
        (NaN), the present being observed already.
    """

    months: Float
    quantiles: tuple[float, ...]
    share: Float
    observed: Float | NotDefined


def fan(futures: Futures, months: int, observed: Observed | NotDefined) -> Fan:
    """Compute the quantiles of the futures."""
    stop = futures.at(months) + 1
    return Fan(
        months=futures.clock.months(stop - 1),
        quantiles=QUANTILES,
        share=_quantiles(futures.share[..., :stop]),
        observed=observed if isinstance(observed, NotDefined) else _quantiles(observed.share[..., :stop]),
    )


def _quantiles(values: Float) -> Float:
    """Quantiles (quantile, period), leaving out what is missing; NaN where all is."""
    periods = [values[..., period].ravel() for period in range(values.shape[-1])]
    seen = [period[~np.isnan(period)] for period in periods]
    missing = np.full(len(QUANTILES), np.nan)
    return np.stack([np.quantile(period, QUANTILES) if period.size else missing for period in seen], axis=1)
