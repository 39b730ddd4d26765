"""What a fit says of now and of one window ahead, kept so that it can be weighed by what another record would say.

Attribution and the comparison of two days look at the same few numbers many times: the level now, and the chances of
one question. A `Look` has them by draw and future.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from forecast.outlook.draws import FitLike, dyad_draws
from forecast.outlook.futures import Futures, simulate_futures
from forecast.outlook.observed import Observed, observe, record_futures
from forecast.outlook.repeats import Repetition
from forecast.outlook.summary import NotDefined, mcse
from forecast.outlook.window import FEWEST, moved
from forecast.scale import share
from forecast.typing import Bool, Float

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

LEVEL = "level"
"""Name of the level among the numbers of a look: the mean share now, points. The others are probabilities."""


class Outcome(NamedTuple):
    """What may come of a question."""

    hit: Bool | Float  # Whether it comes about in a future, or how likely that is there
    there: Bool  # Futures that count


type Outcomes = Mapping[str, Outcome]
"""By name; empty without a question, or where nothing can be said of it."""


class Asked(Protocol):
    """A question about what will be recorded."""

    @property
    def months(self) -> int:
        """How far the futures have to reach."""

    def outcomes(self, observed: Observed, futures: Futures) -> Outcomes:
        """Return what comes of it in futures; nothing if none of them counts."""


@dataclass(frozen=True)
class ShareChange:
    """Whether the cooperative share of a window changes against a fixed share."""

    before: float  # Share of the baseline, per cent; it stays as it is whatever is recorded or left out later
    improvement: float  # Smallest change that counts, points
    length: int  # Months of the window
    start: int = 0  # Months from the present to the beginning of the window

    @property
    def months(self) -> int:
        """How far the futures have to reach."""
        return self.start + self.length

    def outcomes(self, observed: Observed, futures: Futures) -> Outcomes:
        """Return which futures are up, the same and down, and which are not void."""
        clock = futures.clock
        first = clock.periods(self.start) if self.start else 0
        ahead = slice(first + 1, clock.periods(self.months) + 1)
        total, cooperative = (counts[..., ahead].sum(axis=-1) for counts in (observed.total, observed.cooperative))
        up, down = moved(100 * cooperative / np.maximum(total, 1), self.before, self.improvement)
        there = total >= FEWEST
        named = {"up": up, "same": ~(up | down), "down": down}
        return {name: Outcome(hit, there) for name, hit in named.items()} if there.any() else {}


@dataclass(frozen=True)
class Number:
    """A number of a look, or a difference between two.

    Attributes
    ----------
    value : float
        Points of share for the level, else a probability.
    mcse : float
        Its Monte Carlo standard error.
    draws : array (chain, draw)
        Their mean is the value, and the error of their mean is its error.
    """

    value: float
    mcse: float
    draws: Float = field(repr=False, compare=False)

    @classmethod
    def of(cls, draws: Float) -> "Number":
        """Summarise draws."""
        return cls(float(draws.mean()), mcse(draws), draws)


type Numbers = Mapping[str, Number]
"""By name: `level`, and the outcomes of the question."""


def numbers_of(draws: Mapping[str, Float]) -> Numbers:
    """Summarise the draws of every number."""
    return {name: Number.of(values) for name, values in draws.items()}


def difference(more: Numbers, less: Numbers) -> Numbers:
    """Return how far numbers are apart; of the same draws or futures the errors are of the pairs, else of either."""
    found = {}
    for name, number in more.items():
        other = less[name]
        if number.draws.shape == other.draws.shape:
            found[name] = Number.of(number.draws - other.draws)
        else:
            error = float(np.hypot(number.mcse, other.mcse))
            found[name] = Number(number.value - other.value, error, np.full((1, 1), number.value - other.value))
    return found


@dataclass(frozen=True)
class Look:
    """What a fit says."""

    level: Float  # Share now, points
    outcomes: Outcomes
    follows: Bool  # Futures of what is recorded that follow the record alone
    repeated: Repetition | None  # How each would go on if it did
    dataset: int = 0  # Position of the dataset
    # Returns the outcomes without some events of the record, where the question counts these (`without`).
    given: "Callable[[pd.DataFrame], Outcomes] | None" = field(default=None, repr=False, compare=False)

    @property
    def numbers(self) -> dict[str, Float]:
        """Draws (chain, draw) of every number: their mean is the number, and its error that of the mean."""
        return self.weighed(np.ones(self.level.shape), np.ones(self.follows.shape))

    def without(self, events: "pd.DataFrame") -> "Look":
        """Return the same futures where some events do not count for the question; draws are as they are."""
        return self if self.given is None else replace(self, outcomes=self.given(events))

    def weighed(self, draws: Float, records: Float) -> dict[str, Float]:
        """Return the numbers with draws (chain, draw) and futures that follow the record (chain, draw, future) weighed.

        Weights of draws are none of futures that follow the record, for these know nothing of the draws.
        """
        found = {LEVEL: _ratio(draws * self.level, draws)}
        if self.outcomes:
            by_draw = np.broadcast_to(draws[..., None], self.follows.shape)
            weight = np.where(self.follows, _even(records, self.follows), _even(by_draw, ~self.follows))
            for name, (hit, there) in self.outcomes.items():
                counted = weight * there
                found[name] = _ratio((counted * hit).mean(axis=-1), counted.mean(axis=-1))
        return found


@dataclass(frozen=True)
class Ahead:
    """The months ahead of a fit, simulated once for all that is asked of them.

    Attributes
    ----------
    fit : FitLike
    seed : int
    futures : Futures
    observed : Observed or NotDefined
        What is recorded in them.
    """

    fit: FitLike
    seed: int
    futures: Futures
    observed: Observed | NotDefined

    @classmethod
    def of(
        cls,
        fit: FitLike,
        dyad: str,
        months: int,
        *,
        seed: int = 1,
        futures_per_draw: int = 4,
        volume: "xr.Dataset | None" = None,
        dataset: int | None = None,
    ) -> "Ahead":
        """Simulate so many months, by default in the main dataset; the other arguments are those of `look`."""
        futures = simulate_futures(fit, dyad, months, seed=seed, futures_per_draw=futures_per_draw)
        return cls(fit, seed, futures, observe(fit, futures, months, seed=seed, volume=volume, dataset=dataset))

    def look(self, asked: Asked, ahead: int = 0) -> "Look":
        """Look at the level, now or in so many months, and at a question that asks of no later months than these."""
        futures, observed = self.futures, self.observed
        level = futures.share[..., futures.at(ahead)].mean(axis=-1) if ahead else _level_now(self.fit, futures.dyad)
        outcomes = {} if isinstance(observed, NotDefined) else asked.outcomes(observed, futures)
        if isinstance(observed, NotDefined) or not outcomes:
            return of_draws(level, futures.share.shape[2])
        return self.of_record(level, outcomes, asked.months, observed.dataset)

    def of_record(self, level: Float, outcomes: Outcomes, months: int, dataset: int) -> "Look":
        """Return a look at a level (chain, draw) and outcomes of what a dataset records in so many months."""
        reach = (*self.futures.share.shape[:-1], self.futures.at(months))
        follows, repeated = record_futures(self.fit, self.futures.dyad, dataset, reach, self.seed)
        return Look(level, outcomes, follows, repeated, dataset)


def of_draws(level: Float, futures: int, outcomes: Outcomes | None = None) -> Look:
    """Return a look at a level (chain, draw), and at outcomes of which the draws alone decide how likely they are."""
    return Look(level, outcomes or {}, np.zeros((*level.shape, futures), dtype=bool), None)


def look(
    fit: FitLike,
    dyad: str,
    asked: Asked | None,
    *,
    seed: int = 1,
    futures_per_draw: int = 4,
    volume: "xr.Dataset | None" = None,
) -> Look:
    """Look at what a fit says of a dyad's level now and of a question."""
    if asked is None:
        return of_draws(_level_now(fit, dyad), futures_per_draw)
    months = Ahead.of(fit, dyad, asked.months, seed=seed, futures_per_draw=futures_per_draw, volume=volume)
    return months.look(asked)


def level_in(fit: FitLike, dyad: str, months: int, *, seed: int = 1, futures_per_draw: int = 4) -> Float:
    """Return the expected share in so many months, (chain, draw), points; now if there are none."""
    if not months:
        return _level_now(fit, dyad)
    futures = simulate_futures(fit, dyad, months, seed=seed, futures_per_draw=futures_per_draw)
    return np.asarray(futures.share[..., -1].mean(axis=-1))


def _level_now(fit: FitLike, dyad: str) -> Float:
    return share(dyad_draws(fit, dyad).level_now)


def _even(weight: Float, where: Bool) -> Float:
    """Return weights whose mean over some futures is one."""
    return np.asarray(weight / weight[where].mean() if where.any() else weight)


def _ratio(part: Float, whole: Float) -> Float:
    """Return draws whose mean is that of ``part`` over that of ``whole``, with its error to first order."""
    mean = part.mean() / whole.mean()
    return np.asarray(mean + (part - mean * whole) / whole.mean())
