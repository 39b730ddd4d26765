"""How many happenings lie ahead: one simple model, for the outlook and for every forecaster of a backtest."""

import numpy as np

from forecast.typing import Index

RECENT_MONTHS = 36
"""The density of a record drifts with its sources: three years are recent, and enough for a mean and a variance."""


def simulate_volume(recent: Index, size: tuple[int, ...], rng: np.random.Generator) -> Index:
    """Draw the happenings of periods ahead from a negative binomial distribution.

    Its mean and variance are those of the recent periods; where the variance is not above the mean it is a Poisson
    distribution. Half a happening is added to the total, so that a silent record is not taken to be silent forever.

    Parameters
    ----------
    recent : array of int (period,)
        Happenings of each period of the last 36 months.
    size : tuple of int
        Of the array to be drawn; every element is a period.
    rng : numpy.random.Generator

    Returns
    -------
    array of int, of that size

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.outlook.volume import simulate_volume
    >>> round(float(simulate_volume(np.full(36, 4), (5000, 12), np.random.default_rng(1)).mean()), 1)
    4.0
    """
    mean = (recent.sum() + 0.5) / len(recent)
    variance = recent.var(ddof=1) if len(recent) > 1 else mean
    if variance <= mean:
        return np.asarray(rng.poisson(mean, size), dtype=np.int64)
    shape = mean**2 / (variance - mean)
    return np.asarray(rng.negative_binomial(shape, shape / (shape + mean), size), dtype=np.int64)
