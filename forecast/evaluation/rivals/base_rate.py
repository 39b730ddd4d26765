"""Base rates: the share of the last years goes on, with as much variation between windows as there has been."""

from dataclasses import dataclass

import numpy as np

from forecast.evaluation.forecaster import Chances, Rival
from forecast.evaluation.origins import Past

FEWEST_WINDOWS = 4
UNKNOWN = 1 / 6
"""Correlation within a window where too few windows are there to measure it."""


@dataclass(frozen=True)
class BaseRate(Rival):
    """The share of the last years, in beta-binomial windows.

    Attributes
    ----------
    code, words : str
    months : int or None
        How far back the share is taken; None for all the record.
    """

    code: str
    words: str
    months: int | None

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Draw one chance for each window."""
        recent = past.recent(self.months or len(past.total))
        total, cooperative = recent.total.sum(), recent.cooperative.sum()
        mean = float(np.clip((cooperative + 1) / (total + 2), 0.01, 0.99))
        found = {}
        for horizon in horizons:
            weight = 1 / correlation(recent, horizon, mean) - 1
            drawn = rng.beta(weight * mean, weight * (1 - mean), draws)
            found[horizon] = np.repeat(drawn[:, None], horizon, axis=1)
        return found


def correlation(past: Past, horizon: int, mean: float) -> float:
    """Return how alike the happenings of one window are, 0 to 1, by moments.

    The shares of windows of n happenings vary around their mean m by m (1 - m) (1/n + (1 - 1/n) r); r is solved
    for with the variance and the happenings of the windows there have been, weighted by happenings, and kept between
    0.005 and 0.6.
    """
    total, cooperative = past.windows(horizon)
    there = total > 1
    if there.sum() < FEWEST_WINDOWS:
        return UNKNOWN
    total, share = total[there], cooperative[there] / total[there]
    variance = float(np.average((share - mean) ** 2, weights=total))
    single = 1 / float(np.average(total, weights=total))
    found = (variance / (mean * (1 - mean)) - single) / (1 - single)
    return float(np.clip(found, 0.005, 0.6))
