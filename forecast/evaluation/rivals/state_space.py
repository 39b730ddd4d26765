"""A level with news on top, by maximum likelihood: what the local level and AR(1) plus noise have in common."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.evaluation.forecaster import Chances, Rival
from forecast.evaluation.origins import Past
from forecast.evaluation.rivals.last_window import log_odds
from forecast.extras import require

START = (-5.0, -1.0)
"""Log variance of the level's step and of the month's news, where the search begins."""
START_VARIANCE = 4.0
"""Of the level before the first month, log-odds squared: nearly flat over shares from 5 to 95."""
HALF_LIFE = 60.0
"""Months; where the search for the pull begins."""


@dataclass(frozen=True)
class StateSpace(Rival):
    """Monthly log-odds of cooperation as a level with news of the month and the sampling error of few happenings.

    The level is a random walk (local level), or an autoregression of first order around a mean. Durbin and Koopman
    (2012), Time series analysis by state space methods, doi:10.1093/acprof:oso/9780199641178.001.0001; the Kalman
    filter and its likelihood are those of statsmodels.
    """

    code: str
    words: str
    pull: bool  # Whether the level returns to a mean

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Simulate the level from where the filter leaves it, and add news to each month."""
        require("statsmodels", "rivals")
        months = max(horizons)
        phi, mean, step, news, level, error = fitted(past, pull=self.pull)
        drawn = level + np.sqrt(error) * rng.standard_normal(draws)
        path = np.empty((draws, months))
        for month in range(months):
            drawn = mean + phi * (drawn - mean) + np.sqrt(step) * rng.standard_normal(draws)
            path[:, month] = drawn + np.sqrt(news) * rng.standard_normal(draws)
        chance = 1 / (1 + np.exp(-path))
        return {horizon: chance[:, :horizon] for horizon in horizons}


def fitted(past: Past, *, pull: bool) -> tuple[float, float, float, float, float, float]:
    """Fit a past by maximum likelihood."""
    model = _model(past, pull)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a search that stops at a bound is no news here
        result = model.fit(disp=False, maxiter=100, cov_type="none")
    phi, mean, step, news = model.natural(result.params)
    level, error = float(result.filtered_state[0, -1]), float(result.filtered_state_cov[0, 0, -1])
    return phi, mean, step, news, mean + level, error


def _model(past: Past, pull: bool) -> Any:
    """Make the statsmodels model of a past; the class is made here because its base is imported late."""
    from statsmodels.tsa.statespace.mlemodel import MLEModel

    observed, _ = log_odds(past.total, past.cooperative)
    # With each month's own share, months in which all happenings are of one kind would count least.
    share = np.clip(past.cooperative.sum() / past.total.sum(), 0.1, 0.9)
    sampling = 1 / ((past.total + 1) * share * (1 - share))
    observed = np.where(past.total > 0, observed, np.nan)
    centre = float(np.nanmean(observed))

    class Level(MLEModel):  # type: ignore[misc]
        start_params = (*START, np.log(HALF_LIFE), centre) if pull else START

        def __init__(self) -> None:
            super().__init__(observed, k_states=1, k_posdef=1)
            self["design", 0, 0] = self["selection", 0, 0] = 1.0
            self.ssm["obs_cov"] = np.zeros((1, 1, self.nobs))
            self.ssm["obs_intercept"] = np.zeros((1, self.nobs))

        @property
        def param_names(self) -> list[str]:
            return ["step", "news", "half-life", "mean"][: len(self.start_params)]

        def natural(self, params: Any) -> tuple[float, float, float, float]:
            step, news = np.exp(np.clip(params[:2], -12.0, 3.0))
            if not pull:
                return 1.0, 0.0, float(step), float(news)
            phi = 0.5 ** np.exp(-np.clip(params[2], -1.0, 9.0))
            return float(phi), float(params[3]), float(step), float(news)

        def update(self, params: Any, **options: Any) -> Any:
            params = super().update(params, **options)
            phi, mean, step, news = self.natural(params)
            self["transition", 0, 0], self["state_cov", 0, 0] = phi, step
            self.ssm["obs_cov"] = (sampling + news)[None, None]
            self.ssm["obs_intercept"] = np.full((1, self.nobs), mean)
            spread = step / (1 - phi**2) if pull else START_VARIANCE
            self.ssm.initialize_known(np.zeros(1), np.array([[spread]]))
            return params

    return Level()
