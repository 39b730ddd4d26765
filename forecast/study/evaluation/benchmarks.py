"""Interface of all forecasters, and the benchmarks.

A `Forecaster` turns the data known at a date, a `View`, into a `DatedForecast`. It returns, for
each month ahead, draws of the probability that an event of that month is cooperative. They include
month-specific noise and overdispersion, but not the sampling of events. The share of a window
follows exactly for any event count: the recorded one (*given n*) or a simulated one (*n unknown*).
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np

from forecast.base.described import described
from forecast.base.limits import require
from forecast.base.typing import Float, Index
from forecast.outlook.benchmarks import SIMPLE, Past, Simple, inverse, log_odds, repeat_by_month
from forecast.study.evaluation.origins import View

DRAWS = 2000  # of a prediction, unless a request says another number
# windows of a horizon; among fewer an automatic choice of model is a choice of noise, and the
# horizon is left out
MIN_AUTOMATIC_WINDOWS = 8
# share of the predicted variance; at least so much remains when the sampling variance of events is
# subtracted
MIN_SHARE_OF_VARIANCE = 0.1
ONE_SIGMA = 68.27  # percent of a normal distribution within a standard deviation


class GivenVolume(Protocol):
    """Draws of chances that depend on how many events there are."""

    def given(self, total: Index) -> Float:
        """Return the chances, (draw, month), given the events of each month.

        Events are (month,) or (draw, month).
        """


type Chances = Mapping[int, Float | GivenVolume]
"""By horizon in months, draws of the chance that an event is cooperative, (draw, month), given its
number or not."""


@dataclass(frozen=True)
class ForecastRequest:
    """Request to a forecaster at every forecast date."""

    horizons: tuple[int, ...]  # Months ahead
    draws: int = DRAWS  # How many draws a prediction has
    seed: int = 1  # The same seed gives the same numbers
    # How many cores a forecaster may use, by default all; changes no number
    cores: int | None = None

    def stream(self, origin: date, dyad: str, purpose: str) -> np.random.Generator:
        """Return a random stream, independent of those of other dyads, origins and purposes."""
        key = (*dyad.encode(), 0, origin.toordinal(), *purpose.encode())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


@dataclass(frozen=True)
class DatedForecast:
    """Forecast at one forecast date."""

    origin: date
    chances: dict[str, Chances]  # By dyad; dyads that it cannot predict are missing
    # Notes on how the forecast was made, such as whether a fit converged; plain values
    notes: dict[str, Any] = field(default_factory=dict)


@described("a forecaster, such as those of choose()")
@runtime_checkable
class Forecaster(Protocol):
    """Anything that predicts from views."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> str: ...  # noqa: D102
    @property
    def benchmark(self) -> bool: ...  # noqa: D102

    def answer(self, view: View, request: ForecastRequest) -> DatedForecast:
        """Predict from a view."""


class Benchmark:
    """A forecaster that looks at the past of one dyad at a time and starts afresh at every origin.

    A benchmark is a subclass with `code`, `words` and `chances`, and a line in `BENCHMARKS`.
    """

    code: str
    words: str
    benchmark = True

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Return draws of the chance of cooperation by horizon.

        A horizon that it cannot predict is missing.
        """
        raise NotImplementedError

    def answer(self, view: View, request: ForecastRequest) -> DatedForecast:
        """Predict every dyad of a view."""
        chances = {}
        for dyad in view.dyads:
            rng = request.stream(view.origin, dyad, self.code)
            chances[dyad] = self.chances(view.past(dyad), request.horizons, request.draws, rng)
        return DatedForecast(view.origin, chances)


class Pooled(Benchmark):
    """A simple forecaster of the published pool."""

    def __init__(self, benchmark: Simple) -> None:
        self.code, self.words, self._benchmark = benchmark.code, benchmark.words, benchmark

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Draw as the pool does."""
        return self._benchmark.chances(past, horizons, draws, rng)


@dataclass(frozen=True)
class NextWindow(Benchmark):
    """A general forecaster of series, one step ahead on windows as long as the horizon.

    Windows without events repeat the one before. The predicted variance contains the sampling
    variance of a window's events, which are drawn separately, so that it is subtracted.
    """

    code: str
    words: str
    step: Callable[[Float], tuple[float, float]]  # Mean and variance of the next value of a series

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Draw one chance for each window."""
        by_horizon = {}
        for horizon in horizons:
            total, cooperative = past.windows(horizon)
            with_events = np.flatnonzero(total)
            if not with_events.size or len(total) - with_events[0] < MIN_AUTOMATIC_WINDOWS:
                continue
            total, cooperative = total[with_events[0] :], cooperative[with_events[0] :]
            level, error = log_odds(total, cooperative)
            last = np.maximum.accumulate(np.where(total > 0, np.arange(len(total)), 0))
            mean, variance = self.step(level[last])
            variance_of_level = max(
                variance - float(error[total > 0].mean()), MIN_SHARE_OF_VARIANCE * variance
            )
            by_horizon[horizon] = repeat_by_month(
                inverse(mean + np.sqrt(variance_of_level) * rng.standard_normal(draws)), horizon
            )
        return by_horizon


def automatic(name: str, series: Float) -> tuple[float, float]:
    """Return mean and variance of the next value by a model of statsforecast."""
    require("statsforecast", "benchmarks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsforecast.models

        model = getattr(statsforecast.models, name)(season_length=1).fit(series)
        ahead = model.predict(1, level=[ONE_SIGMA])
    mean, high = float(np.asarray(ahead["mean"])[0]), float(np.asarray(ahead[f"hi-{ONE_SIGMA}"])[0])
    return mean, (high - mean) ** 2


def laplace(series: Float) -> tuple[float, float]:
    """Return mean and variance of the next value by the ensemble of skaters."""
    require("skaters", "benchmarks")
    import skaters

    step, state = skaters.laplace(k=1), None
    for value in series.tolist():
        ahead, state = step(value, state)
    return float(ahead[0].mean), float(ahead[0].std) ** 2


BENCHMARKS: dict[str, Benchmark] = {
    benchmark.code: benchmark
    for benchmark in (
        *map(Pooled, SIMPLE.values()),
        NextWindow(
            "auto_ets",
            "AutoETS on windows as long as the horizon (statsforecast)",
            partial(automatic, "AutoETS"),
        ),
        NextWindow(
            "auto_arima",
            "AutoARIMA on windows as long as the horizon (statsforecast)",
            partial(automatic, "AutoARIMA"),
        ),
        NextWindow("laplace", "an ensemble on windows as long as the horizon (skaters)", laplace),
    )
}
