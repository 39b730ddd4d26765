"""Base rates: the share of the last years goes on, with as much variation between windows as there has been."""

from dataclasses import dataclass

import numpy as np

from forecast.evaluation.forecaster import Chances, Rival
from forecast.evaluation.origins import Past
from forecast.outlook.repeats import correlation


@dataclass(frozen=True)
class BaseRate(Rival):
    """The share of the last years, in beta-binomial windows."""

    code: str
    words: str
    months: int | None  # How far back the share is taken; None for all the record

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Draw one chance for each window."""
        recent = past.recent(self.months or len(past.total))
        total, cooperative = recent.total.sum(), recent.cooperative.sum()
        mean = float(np.clip((cooperative + 1) / (total + 2), 0.01, 0.99))
        found = {}
        for horizon in horizons:
            weight = 1 / correlation(*recent.windows(horizon), mean) - 1
            drawn = rng.beta(weight * mean, weight * (1 - mean), draws)
            found[horizon] = np.repeat(drawn[:, None], horizon, axis=1)
        return found
