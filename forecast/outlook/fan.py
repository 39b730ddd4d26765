"""The fan of the level, and of what the dataset would observe."""

from dataclasses import dataclass

from forecast.outlook.summary import Floats, NotDefined

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


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

    months: Floats
    quantiles: tuple[float, ...]
    share: Floats
    observed: Floats | NotDefined
