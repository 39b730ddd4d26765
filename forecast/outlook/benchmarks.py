"""Simple forecasters of a dyad's share from its past, and the pool that they make with the model.

The pool is what is published.

Base rates, the last window, local level and AR(1): each returns draws of the chance that an event
of a month ahead is cooperative, month-specific noise included. They are benchmarks of a backtest.

The published forecast of a window's share is an equal pool. Every simulation belongs to one
forecaster for good. Those of a benchmark keep their simulated number of events; how many of them
are cooperative is binomial, with the benchmark's chances for that horizon. So whatever is asked of
the share of a window has the mean of the forecasters' probabilities. Equal weights were best on
forecast dates to 2014 (docs/research/pool.md). The level, kinds, scenarios and contributions of
events are the model's alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np

from forecast.base.typing import Bool, Float, Index
from forecast.outlook.draws import stream
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.summary import NotDefined

REFERENCE = "base_rate_10y"
"""The benchmark that every skill is stated against."""
MODEL = "pendulum"
"""Code of the model in the weights, as in a backtest."""
MIN_PAST_MONTHS = 60
"""Months since the first event of a dyad: with less, none of the benchmarks has seen two windows of
two years."""
VARIATION_MONTHS = 240
"""Months over which the changes between windows are measured."""
SMALLEST_CHANGE = 0.1
"""Log-odds: a share that has never changed may still change."""
UNKNOWN_CHANGE = 1.0
"""Standard deviation of the change, log-odds, where there are too few windows to measure it."""
MIN_CORRELATION_WINDOWS = 4
"""Windows of several events from which their correlation is measured."""
UNKNOWN_CORRELATION = 1 / 6
"""Correlation within a window where too few windows are there to measure it."""
MIN_CORRELATION = 0.005
"""Smallest correlation within a window: events are never independent."""
MAX_CORRELATION = 0.6
"""Largest correlation within a window: a few windows may agree by chance."""


START = (-5.0, -1.0)
"""Log variances of the level's step and of the month-specific noise, where the search begins."""
START_VARIANCE = 4.0
"""Variance of the level before the first month, log-odds squared: nearly flat over shares from 5 to
95."""
HALF_LIFE = 60.0
"""Months; where the search for the mean reversion begins."""


@dataclass(frozen=True)
class Past:
    """Event counts of a dyad by month, up to the month before a forecast date."""

    total: Index  # Events, and how many of them are cooperative; from the first month with one
    cooperative: Index

    @classmethod
    def of(cls, record: DatasetRecord) -> Self:
        """Return the counts of a record; months that are not covered have none."""
        first = int(np.flatnonzero(record.total)[0])
        return cls(record.total[first:], record.cooperative[first:])

    def recent(self, months: int) -> "Past":
        """Return the last months alone."""
        return Past(self.total[-months:], self.cooperative[-months:])

    def windows(self, months: int) -> tuple[Index, Index]:
        """Return events and cooperative ones of successive windows.

        The last window ends with the record.
        """
        first = len(self.total) % months
        total, cooperative = (
            counts[first:].reshape(-1, months).sum(axis=1)
            for counts in (self.total, self.cooperative)
        )
        return total, cooperative


type Chances = Mapping[int, Float]
"""Draws of the chance of cooperation by horizon, each (draw, month)."""


@dataclass(frozen=True)
class Simple:
    """A simple forecaster."""

    code: str
    words: str

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Draw the chances of the months ahead."""
        raise NotImplementedError


def log_odds(total: Index, cooperative: Index) -> tuple[Float, Float]:
    """Return empirical log-odds of cooperation of windows or months, and sampling variances.

    Half an event is added on each side, as by Haldane and Anscombe.
    """
    success = cooperative + 0.5
    failure = total - cooperative + 0.5
    return np.log(success / failure), 1 / success + 1 / failure


def repeat_by_month(chance: Float, horizon: int) -> Float:
    """Return the chances of windows as those of each of their months."""
    return np.repeat(chance[:, None], horizon, axis=1)


def inverse(log_odds: Float) -> Float:
    """Return the chances of log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


@dataclass(frozen=True)
class BaseRate(Simple):
    """The share of the last years, in beta-binomial windows that vary as much as past ones."""

    months: int | None  # How far back the share is taken; None for all months

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Draw one chance for each window."""
        recent = past.recent(self.months or len(past.total))
        total = recent.total.sum()
        cooperative = recent.cooperative.sum()
        mean = float(np.clip((cooperative + 1) / (total + 2), 0.01, 0.99))
        chances = {}
        for horizon in horizons:
            weight = 1 / correlation(*recent.windows(horizon), mean) - 1
            chances[horizon] = repeat_by_month(
                rng.beta(weight * mean, weight * (1 - mean), draws), horizon
            )
        return chances


def correlation(total: Index, cooperative: Index, mean: float) -> float:
    """Return the intraclass correlation of the events of one window, 0 to 1, by moments.

    The shares of windows of n events vary around their mean m by m (1 - m) (1/n + (1 - 1/n) r); r
    is solved for with the variance and the events of the windows there have been, weighted by
    events, and clipped to 0.005 to 0.6.
    """
    several = total > 1
    if several.sum() < MIN_CORRELATION_WINDOWS:
        return UNKNOWN_CORRELATION
    total, share = total[several], cooperative[several] / total[several]
    variance = float(np.average((share - mean) ** 2, weights=total))
    single = 1 / float(np.average(total, weights=total))
    intraclass = (variance / (mean * (1 - mean)) - single) / (1 - single)
    return float(np.clip(intraclass, MIN_CORRELATION, MAX_CORRELATION))


@dataclass(frozen=True)
class LastWindow(Simple):
    """The log-odds of the last window, changed as much as from window to window in the past."""

    code: str = "last_window"
    words: str = (
        "the share of the last window of the same length, with the changes between past windows"
    )

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Draw the change of the log-odds from a normal distribution."""
        recent = past.recent(VARIATION_MONTHS)
        chances = {}
        for horizon in horizons:
            total, cooperative = recent.windows(min(horizon, len(recent.total)))
            level, error = log_odds(total, cooperative)
            with_events = np.flatnonzero(total)
            centre = level[with_events[-1]] if with_events.size else 0.0
            drawn = centre + _change(level[with_events], error[with_events]) * rng.standard_normal(
                draws
            )
            chances[horizon] = repeat_by_month(inverse(drawn), horizon)
        return chances


def _change(level: Float, error: Float) -> float:
    """Return the standard deviation of the change of the log-odds to the next window.

    All events of that window are taken as known.

    The sampling variance of the next window is left out, because its events are drawn separately;
    that of the last window stays in, because only its events are known.
    """
    if len(level) < 3:
        return UNKNOWN_CHANGE
    variance = np.mean(np.diff(level) ** 2) - np.mean(error[1:])
    return float(np.sqrt(max(variance, SMALLEST_CHANGE**2)))


@dataclass(frozen=True)
class StateSpace(Simple):
    """Monthly log-odds of cooperation: a level, month-specific noise and sampling error.

    The level is a random walk (local level), or an autoregression of first order around a mean.
    Durbin and Koopman (2012), Time series analysis by state space methods,
    doi:10.1093/acprof:oso/9780199641178.001.0001.
    """

    reverts: bool  # Whether the level returns to a mean

    def chances(
        self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator
    ) -> Chances:
        """Simulate the level from its filtered state, and add noise to each month."""
        months = max(horizons)
        retention, mean, step, noise, level, error = fit_state_space(
            tuple(past.total.tolist()), tuple(past.cooperative.tolist()), self.reverts
        )
        drawn = level + np.sqrt(error) * rng.standard_normal(draws)
        path = np.empty((draws, months))
        for month in range(months):
            drawn = mean + retention * (drawn - mean) + np.sqrt(step) * rng.standard_normal(draws)
            path[:, month] = drawn + np.sqrt(noise) * rng.standard_normal(draws)
        chance = inverse(path)
        return {horizon: chance[:, :horizon] for horizon in horizons}


@lru_cache(maxsize=64)
def fit_state_space(
    total: tuple[int, ...], cooperative: tuple[int, ...], reverts: bool
) -> tuple[float, float, float, float, float, float]:
    """Fit a past by maximum likelihood.

    Retention, mean, variances of step and noise, level and its variance are returned.
    """
    from scipy.optimize import minimize

    events = np.array(total)
    successes = np.array(cooperative)
    observed, _ = log_odds(events, successes)
    # With each month's own share, months in which all events are of one side would count least.
    share = np.clip(successes.sum() / events.sum(), 0.1, 0.9)
    sampling = 1 / ((events + 1) * share * (1 - share))
    seen = events > 0
    start = np.array([*START, np.log(HALF_LIFE), observed[seen].mean()] if reverts else START)
    nudges = 1e-5 * np.vstack([np.zeros(len(start)), np.eye(len(start)), -np.eye(len(start))])

    def loss(point: Float) -> tuple[float, Float]:
        """Return minus the mean log-likelihood and its gradient.

        One pass of the filter over nearby points gives both.
        """
        value = -_filter_level(_natural(point + nudges), observed, sampling, seen)[0] / seen.sum()
        up, down = np.split(value[1:], 2)
        return float(value[0]), (up - down) / 2e-5

    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    natural = _natural(best[None])
    _, level, error = _filter_level(natural, observed, sampling, seen)
    retention, mean, step, noise = (float(values[0]) for values in natural)
    return retention, mean, step, noise, mean + float(level[0]), float(error[0])


def _natural(points: Float) -> tuple[Float, Float, Float, Float]:
    """Return retention, mean, and variances of step and noise, each (point,).

    Points are (point, parameter).
    """
    step, noise = np.exp(np.clip(points[:, :2].T, -12.0, 3.0))
    if points.shape[1] == 2:
        return np.ones(len(points)), np.zeros(len(points)), step, noise
    return 0.5 ** np.exp(-np.clip(points[:, 2], -1.0, 9.0)), points[:, 3], step, noise


def _filter_level(
    natural: tuple[Float, Float, Float, Float], observed: Float, sampling: Float, seen: Bool
) -> tuple[Float, Float, Float]:
    """Return log-likelihood, and filtered level and its variance in the last month, each (point,).

    The level is the deviation from the mean.
    """
    retention, mean, step, noise = natural
    months = np.flatnonzero(seen)
    # From each month seen to the next, and to the end.
    gaps = np.diff(months, prepend=0, append=len(seen) - 1)[:, None]
    over_gap = retention**gaps
    reverts = retention < 1
    variance_over_gap = over_gap**2
    innovations = np.where(reverts, 1 - retention**2, 1.0)
    added = step * np.where(reverts, (1 - variance_over_gap) / innovations, gaps)
    off = observed[months, None] - mean
    error = sampling[months, None] + noise
    spread = np.empty_like(off)
    level = np.zeros(len(retention))
    variance = np.where(reverts, step / innovations, START_VARIANCE)
    for row in range(len(months)):
        level = over_gap[row] * level
        variance = variance_over_gap[row] * variance + added[row]
        spread[row] = variance + error[row]
        off[row] -= level
        gain = variance / spread[row]
        level = level + gain * off[row]
        variance = variance - gain * variance
    total = -0.5 * (np.log(2 * np.pi * spread) + off**2 / spread).sum(axis=0)
    return total, over_gap[-1] * level, variance_over_gap[-1] * variance + added[-1]


SIMPLE: dict[str, Simple] = {
    benchmark.code: benchmark
    for benchmark in (
        BaseRate("base_rate_all", "the share of all months", None),
        BaseRate(REFERENCE, "the share of the last ten years", 120),
        BaseRate("base_rate_5y", "the share of the last five years", 60),
        BaseRate("base_rate_2y", "the share of the last two years", 24),
        LastWindow(),
        StateSpace(
            "local_level",
            "local level: a random walk plus noise, by maximum likelihood",
            reverts=False,
        ),
        StateSpace(
            "ar_noise",
            "AR(1) plus noise: a level that returns to a mean, by maximum likelihood",
            reverts=True,
        ),
    )
}

MEMBERS = (MODEL, *SIMPLE)
"""Forecasters of the pool."""
SIMULATIONS_PER_ROUND = dict.fromkeys(MEMBERS, 1)
"""Simulations of each forecaster in a round of all: equal ones were best on forecast dates to 2014
(docs/research/pool.md)."""
_ROUND = np.repeat(np.arange(len(MEMBERS)), list(SIMULATIONS_PER_ROUND.values()))
WEIGHTS = {code: number / len(_ROUND) for code, number in SIMULATIONS_PER_ROUND.items()}
"""Weights of the pool by forecaster, as `forecasters` deals the simulations out."""


def pool_simulations(
    observed: SimulatedEvents | NotDefined, windows: Iterable[int], *, seed: int
) -> dict[int, SimulatedEvents] | NotDefined:
    """Return the published simulations of windows ahead by their months.

    Or the reason why the model's are published alone.
    """
    if isinstance(observed, NotDefined):
        return observed
    if (missing := reason_not_pooled(observed.record)) is not None:
        return missing
    past = Past.of(observed.record)
    record = observed.record
    by_months = {}
    member = forecasters(seed, record.dyad, observed.total.shape[:-1])
    for months in windows:  # the model's simulations, those of the benchmarks put in place
        window = slice(1, months + 1)
        cooperative = observed.cooperative.copy()
        for number, code in enumerate(SIMPLE, 1):
            theirs = member == number
            rng = stream(seed, record.dyad, f"pool {code} {record.number}")
            chances = SIMPLE[code].chances(past, (months,), int(theirs.sum()), rng)[months]
            cooperative[theirs, window] = rng.binomial(observed.total[theirs, window], chances)
        by_months[months] = replace(observed, cooperative=cooperative, member=member)
    return by_months


def simulated_by_model(member: Index) -> Bool:
    """Return which simulations of a pool are the model's, given the places of their forecasters."""
    return np.asarray(member == MEMBERS.index(MODEL))


def reason_not_pooled(record: DatasetRecord) -> NotDefined | None:
    """Return why the model's simulations of a record are published alone.

    None if they are pooled.
    """
    if record.clock.weekly:
        return NotDefined("the benchmarks are of months, and the panel is by week")
    if len(Past.of(record).total) < MIN_PAST_MONTHS:
        return NotDefined(f"the first event is less than {MIN_PAST_MONTHS} months ago")
    return None


def forecasters(seed: int, dyad: str, size: tuple[int, ...]) -> Index:
    """Deal a dyad's simulations out to the forecasters of the pool, in rounds.

    The index in `MEMBERS` of the forecaster of each simulation is returned.
    """
    order = stream(seed, dyad, "pool").permutation(int(np.prod(size))).reshape(size)
    return np.asarray(_ROUND[order % len(_ROUND)])
