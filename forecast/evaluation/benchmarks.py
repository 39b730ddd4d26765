"""Benchmarks: simple forecasters for comparison with the model."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.arguments import require
from forecast.evaluation.forecaster import Benchmark, Chances
from forecast.evaluation.origins import Past
from forecast.outlook.base_rates import correlation
from forecast.typing import Float

VARIATION_MONTHS = 240
"""Months over which the changes between windows are measured."""
SMALLEST_CHANGE = 0.1
"""Log-odds: a share that has never changed may still change."""
UNKNOWN = 1.0
"""Standard deviation of the change, log-odds, where there are too few windows to measure it."""
START = (-5.0, -1.0)
"""Log variances of the level's step and of the month-specific noise, where the search begins."""
START_VARIANCE = 4.0
"""Variance of the level before the first month, log-odds squared: nearly flat over shares from 5 to 95."""
HALF_LIFE = 60.0
"""Months; where the search for the mean reversion begins."""
FEWEST_WINDOWS = 8
"""With fewer, an automatic choice of model is a choice of noise: the horizon is left out."""
SHARE_OF_VARIANCE = 0.1
"""Smallest part of the predicted variance that remains when the sampling variance of events is subtracted."""
ONE_SIGMA = 68.27


def log_odds(total: np.ndarray, cooperative: np.ndarray) -> tuple[Float, Float]:
    """Return the empirical log-odds of cooperation of windows or months, and their sampling variances.

    Half an event is added on each side, as by Haldane and Anscombe.
    """
    success, failure = cooperative + 0.5, total - cooperative + 0.5
    return np.log(success / failure), 1 / success + 1 / failure


def _by_month(chance: Float, horizon: int) -> Float:
    """Return the chances of windows as those of each of their months."""
    return np.repeat(chance[:, None], horizon, axis=1)


def _inverse(log_odds: Float) -> Float:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


@dataclass(frozen=True)
class BaseRate(Benchmark):
    """The share of the last years, in beta-binomial windows that vary as much as past ones."""

    code: str
    words: str
    months: int | None  # How far back the share is taken; None for all months

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Draw one chance for each window."""
        recent = past.recent(self.months or len(past.total))
        total, cooperative = recent.total.sum(), recent.cooperative.sum()
        mean = float(np.clip((cooperative + 1) / (total + 2), 0.01, 0.99))
        found = {}
        for horizon in horizons:
            weight = 1 / correlation(*recent.windows(horizon), mean) - 1
            found[horizon] = _by_month(rng.beta(weight * mean, weight * (1 - mean), draws), horizon)
        return found


class LastWindow(Benchmark):
    """The log-odds of the last window, changed as much as from window to window in the past."""

    code = "last_window"
    words = "the share of the last window of the same length, with the changes between past windows"

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
            found[horizon] = _by_month(_inverse(drawn), horizon)
        return found


def _change(level: Float, error: Float) -> float:
    """Return the standard deviation of the change of the log-odds to a window of which all events are known.

    The sampling variance of the next window is left out, because its events are drawn separately; that of the last
    window stays in, because only its events are known.
    """
    if len(level) < 3:
        return UNKNOWN
    variance = np.mean(np.diff(level) ** 2) - np.mean(error[1:])
    return float(np.sqrt(max(variance, SMALLEST_CHANGE**2)))


@dataclass(frozen=True)
class StateSpace(Benchmark):
    """Monthly log-odds of cooperation: a level, month-specific noise and the sampling error of few events.

    The level is a random walk (local level), or an autoregression of first order around a mean. Durbin and Koopman
    (2012), Time series analysis by state space methods, doi:10.1093/acprof:oso/9780199641178.001.0001; the Kalman
    filter and its likelihood are those of statsmodels.
    """

    code: str
    words: str
    reverts: bool  # Whether the level returns to a mean

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Simulate the level from its filtered state, and add noise to each month."""
        require("statsmodels", "benchmarks")
        months = max(horizons)
        phi, mean, step, noise, level, error = fitted(past, reverts=self.reverts)
        drawn = level + np.sqrt(error) * rng.standard_normal(draws)
        path = np.empty((draws, months))
        for month in range(months):
            drawn = mean + phi * (drawn - mean) + np.sqrt(step) * rng.standard_normal(draws)
            path[:, month] = drawn + np.sqrt(noise) * rng.standard_normal(draws)
        chance = _inverse(path)
        return {horizon: chance[:, :horizon] for horizon in horizons}


def fitted(past: Past, *, reverts: bool) -> tuple[float, float, float, float, float, float]:
    """Fit a past by maximum likelihood: carry-over, mean, variances of step and noise, level and its variance."""
    model = _model(past, reverts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a search that stops at a bound is expected
        result = model.fit(disp=False, maxiter=100, cov_type="none")
    phi, mean, step, noise = model.natural(result.params)
    level, error = float(result.filtered_state[0, -1]), float(result.filtered_state_cov[0, 0, -1])
    return phi, mean, step, noise, mean + level, error


def _model(past: Past, reverts: bool) -> Any:
    """Make the statsmodels model of a past; the class is made here because its base is imported late."""
    from statsmodels.tsa.statespace.mlemodel import MLEModel

    observed, _ = log_odds(past.total, past.cooperative)
    # With each month's own share, months in which all events are of one side would count least.
    share = np.clip(past.cooperative.sum() / past.total.sum(), 0.1, 0.9)
    sampling = 1 / ((past.total + 1) * share * (1 - share))
    observed = np.where(past.total > 0, observed, np.nan)
    centre = float(np.nanmean(observed))

    class Level(MLEModel):  # type: ignore[misc]
        start_params = (*START, np.log(HALF_LIFE), centre) if reverts else START

        def __init__(self) -> None:
            super().__init__(observed, k_states=1, k_posdef=1)
            self["design", 0, 0] = self["selection", 0, 0] = 1.0
            self.ssm["obs_cov"] = np.zeros((1, 1, self.nobs))
            self.ssm["obs_intercept"] = np.zeros((1, self.nobs))

        @property
        def param_names(self) -> list[str]:
            return ["step", "noise", "half-life", "mean"][: len(self.start_params)]

        def natural(self, params: Any) -> tuple[float, float, float, float]:
            step, noise = np.exp(np.clip(params[:2], -12.0, 3.0))
            if not reverts:
                return 1.0, 0.0, float(step), float(noise)
            phi = 0.5 ** np.exp(-np.clip(params[2], -1.0, 9.0))
            return float(phi), float(params[3]), float(step), float(noise)

        def update(self, params: Any, **options: Any) -> Any:
            params = super().update(params, **options)
            phi, mean, step, noise = self.natural(params)
            self["transition", 0, 0], self["state_cov", 0, 0] = phi, step
            self.ssm["obs_cov"] = (sampling + noise)[None, None]
            self.ssm["obs_intercept"] = np.full((1, self.nobs), mean)
            spread = step / (1 - phi**2) if reverts else START_VARIANCE
            self.ssm.initialize_known(np.zeros(1), np.array([[spread]]))
            return params

    return Level()


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
            found[horizon] = _by_month(_inverse(mean + np.sqrt(own) * rng.standard_normal(draws)), horizon)
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


REFERENCE = "base_rate_10y"
"""The benchmark that every skill is stated against."""
BENCHMARKS: dict[str, Benchmark] = {
    one.code: one
    for one in (
        BaseRate("base_rate_all", "the share of all months", None),
        BaseRate(REFERENCE, "the share of the last ten years", 120),
        BaseRate("base_rate_5y", "the share of the last five years", 60),
        BaseRate("base_rate_2y", "the share of the last two years", 24),
        LastWindow(),
        StateSpace("local_level", "local level: a random walk plus noise, by maximum likelihood", reverts=False),
        StateSpace("ar_noise", "AR(1) plus noise: a level that returns to a mean, by maximum likelihood", reverts=True),
        Automatic("auto_ets", "AutoETS on windows as long as the horizon (statsforecast)", "AutoETS"),
        Automatic("auto_arima", "AutoARIMA on windows as long as the horizon (statsforecast)", "AutoARIMA"),
    )
}
