"""How many happenings lie ahead: one simple model that all forecasters share where the number is not given."""

import numpy as np

from forecast.evaluation.origins import Past
from forecast.typing import Index

RECENT_MONTHS = 36
"""The density of a record drifts with its sources: three years are recent, and enough for a mean and a variance."""


def simulate_volume(past: Past, months: int, draws: int, rng: np.random.Generator) -> Index:
    """Draw the happenings of each month ahead from a negative binomial distribution.

    Its mean and variance are those of the last 36 months; where the variance is not above the mean it is a Poisson
    distribution. Half a happening is added to the total, so that a silent record is not taken to be silent forever.

    Returns
    -------
    array of int (draw, month)

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.evaluation.origins import Past
    >>> from forecast.evaluation.volume import simulate_volume
    >>> past = Past(np.full(60, 4), np.full(60, 2))
    >>> round(float(simulate_volume(past, 12, 5000, np.random.default_rng(1)).mean()), 1)
    4.0
    """
    recent = past.total[-RECENT_MONTHS:]
    mean = (recent.sum() + 0.5) / len(recent)
    variance = recent.var(ddof=1) if len(recent) > 1 else mean
    size = (draws, months)
    if variance <= mean:
        return np.asarray(rng.poisson(mean, size), dtype=np.int64)
    shape = mean**2 / (variance - mean)
    return np.asarray(rng.negative_binomial(shape, shape / (shape + mean), size), dtype=np.int64)
