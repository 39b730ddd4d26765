"""The last window: what the months before brought, the same number of months ahead will bring."""

import numpy as np

from forecast.evaluation.forecaster import Chances, Rival
from forecast.evaluation.origins import Past
from forecast.typing import Float

VARIATION_MONTHS = 240
"""Over how many months the changes between windows are measured."""
SMALLEST_CHANGE = 0.1
"""Log-odds: a record that has never changed may still."""
UNKNOWN = 1.0
"""Standard deviation of the change, log-odds, where there are too few windows to measure it."""


class LastWindow(Rival):
    """The log-odds of the last window, changed as much as from window to window in the past."""

    code = "last_window"
    words = "the share of the last window of the same length, with the changes between windows there have been"

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Draw the change of the log-odds from a normal distribution."""
        recent = past.recent(VARIATION_MONTHS)
        found = {}
        for horizon in horizons:
            total, cooperative = recent.windows(horizon)
            level, error = log_odds(total, cooperative)
            there = np.flatnonzero(total)
            centre = level[there[-1]] if there.size else 0.0
            drawn = centre + _change(level[there], error[there]) * rng.standard_normal(draws)
            found[horizon] = np.repeat(1 / (1 + np.exp(-drawn))[:, None], horizon, axis=1)
        return found


def log_odds(total: np.ndarray, cooperative: np.ndarray) -> tuple[Float, Float]:
    """Return the empirical log-odds of cooperation of windows or months, and their sampling variances.

    Half a happening is added on each side, as Haldane and Anscombe do.
    """
    success, failure = cooperative + 0.5, total - cooperative + 0.5
    return np.log(success / failure), 1 / success + 1 / failure


def _change(level: Float, error: Float) -> float:
    """Return the standard deviation of the change of the log-odds to a window of which all happenings are known.

    The sampling of the next window's happenings is left out here, for it is drawn by itself; that of the last one
    stays in, because the last one is all that is known.
    """
    if len(level) < 3:
        return UNKNOWN
    variance = np.mean(np.diff(level) ** 2) - np.mean(error[1:])
    return float(np.sqrt(max(variance, SMALLEST_CHANGE**2)))
