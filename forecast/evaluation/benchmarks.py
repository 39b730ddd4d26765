"""Benchmarks: simple forecasters for comparison with the model."""

import warnings
from dataclasses import dataclass

import numpy as np

from forecast.arguments import require
from forecast.evaluation.forecaster import Benchmark, Chances
from forecast.outlook.benchmarks import REFERENCE, SIMPLE, Past, Simple, by_month, inverse, log_odds
from forecast.typing import Float

__all__ = ["BENCHMARKS", "REFERENCE", "Automatic", "Pooled"]

FEWEST_WINDOWS = 8
"""With fewer, an automatic choice of model is a choice of noise: the horizon is left out."""
SHARE_OF_VARIANCE = 0.1
"""Smallest part of the predicted variance that remains when the sampling variance of events is subtracted."""
ONE_SIGMA = 68.27


class Pooled(Benchmark):
    """A simple forecaster of the published pool."""

    def __init__(self, own: Simple) -> None:
        self.code, self.words, self._own = own.code, own.words, own

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Draw as the pool does."""
        return self._own.chances(past, horizons, draws, rng)


@dataclass(frozen=True)
class Automatic(Benchmark):
    """A model of statsforecast, one step ahead on windows as long as the horizon.

    Windows without events repeat the one before. The predicted variance contains the sampling variance of a window's
    events, which are drawn separately, so that it is subtracted.
    """

    code: str
    words: str
    model: str  # Name of the class in `statsforecast.models`

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Draw one chance for each window."""
        found = {}
        for horizon in horizons:
            total, cooperative = past.windows(horizon)
            seen = np.flatnonzero(total)
            if not seen.size or len(total) - seen[0] < FEWEST_WINDOWS:
                continue
            total, cooperative = total[seen[0] :], cooperative[seen[0] :]
            level, error = log_odds(total, cooperative)
            last = np.maximum.accumulate(np.where(total > 0, np.arange(len(total)), 0))
            mean, variance = self._one_step(level[last])
            own = max(variance - float(error[total > 0].mean()), SHARE_OF_VARIANCE * variance)
            found[horizon] = by_month(inverse(mean + np.sqrt(own) * rng.standard_normal(draws)), horizon)
        return found

    def _one_step(self, series: Float) -> tuple[float, float]:
        """Return mean and variance of the next value."""
        require("statsforecast", "benchmarks")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import statsforecast.models

            model = getattr(statsforecast.models, self.model)(season_length=1).fit(series)
            ahead = model.predict(1, level=[ONE_SIGMA])
        mean, high = float(np.asarray(ahead["mean"])[0]), float(np.asarray(ahead[f"hi-{ONE_SIGMA}"])[0])
        return mean, (high - mean) ** 2


BENCHMARKS: dict[str, Benchmark] = {
    one.code: one
    for one in (
        *map(Pooled, SIMPLE.values()),
        Automatic("auto_ets", "AutoETS on windows as long as the horizon (statsforecast)", "AutoETS"),
        Automatic("auto_arima", "AutoARIMA on windows as long as the horizon (statsforecast)", "AutoARIMA"),
    )
}
