"""AutoETS and AutoARIMA: the automatic forecasters that are used everywhere, on the log-odds of past windows."""

import warnings
from dataclasses import dataclass

import numpy as np

from forecast.evaluation.forecaster import Chances, Rival
from forecast.evaluation.origins import Past
from forecast.evaluation.rivals.last_window import log_odds
from forecast.extras import require
from forecast.typing import Float

FEWEST_WINDOWS = 8
"""With fewer, an automatic choice of model is a choice of noise: the horizon is left out."""
SHARE_OF_VARIANCE = 0.1
"""What is left of the predicted variance at least, when the sampling of happenings is taken out of it."""
ONE_SIGMA = 68.27


@dataclass(frozen=True)
class Automatic(Rival):
    """A model of statsforecast, one step ahead on windows as long as the horizon.

    Windows without happenings repeat the one before. The predicted variance holds the sampling of a window's
    happenings, which is drawn by itself and so taken out.
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
            held = np.maximum.accumulate(np.where(total > 0, np.arange(len(total)), 0))
            mean, variance = self._one_step(level[held])
            own = max(variance - float(error[total > 0].mean()), SHARE_OF_VARIANCE * variance)
            drawn = mean + np.sqrt(own) * rng.standard_normal(draws)
            found[horizon] = np.repeat(1 / (1 + np.exp(-drawn))[:, None], horizon, axis=1)
        return found

    def _one_step(self, series: Float) -> tuple[float, float]:
        """Return mean and variance of the next value."""
        require("statsforecast", "rivals")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import statsforecast.models

            fitted = getattr(statsforecast.models, self.model)(season_length=1).fit(series)
            said = fitted.predict(1, level=[ONE_SIGMA])
        mean, high = float(np.asarray(said["mean"])[0]), float(np.asarray(said[f"hi-{ONE_SIGMA}"])[0])
        return mean, (high - mean) ** 2
