"""Forecast snapshots of a fit: level, a question's chances, and parts of each forecaster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from forecast.base.numeric import share
from forecast.base.typing import Bool, Float, Index
from forecast.base.wording import chance, whole_percents
from forecast.outlook import benchmarks
from forecast.outlook.draws import FitLike, dyad_draws
from forecast.outlook.observed import SimulatedEvents, observe
from forecast.outlook.recorded import (
    MIN_WINDOW_EVENTS,
    DatasetRecord,
    above_and_below,
    shares_of,
)
from forecast.outlook.simulations import (
    Simulations,
    StructuralHazard,
    simulate_ahead,
)
from forecast.outlook.summary import NotDefined, mcse, ratio

LEVEL = "level"
"""Name of the level among the numbers of a look: the mean share now, points. The others are
probabilities."""
FROM_MODEL = "from_model"
"""Name of the part of a published chance that the model's simulations in the pool add."""
FROM_BENCHMARKS = "from_benchmarks"
"""Name of the part that the benchmarks' simulations add; the two add up to the chance."""
MODEL_ALONE = "model"
"""Name of the chance by all simulations of the model, which is not published."""
FOLLOWED = "up"
"""Outcome of a headline whose change is split."""
HEADLINE = (FOLLOWED, "same", "down")
"""Outcomes of a headline, in the order in which a report rounds their chances."""


type Outcome = tuple[Bool | Float, Bool | Float]
"""Whether an outcome occurs in each simulation, or its probability there, and which simulations are
not void, or how much of each."""

type Outcomes = Mapping[str, Outcome]
"""Outcomes of a question by name; empty if they are not defined."""


@dataclass(frozen=True)
class ShareChange:
    """Change of a window's cooperative share relative to a fixed share."""

    # Share of the baseline, per cent; it stays as it is whatever is recorded or left out later
    before: float
    improvement: float  # Smallest change that counts, points
    length: int  # Months of the window
    start: int = 0  # Months from the present to the beginning of the window

    def outcomes(self, observed: SimulatedEvents, simulations: Simulations) -> Outcomes:
        """Return which simulations are higher, similar and lower, and which are not void."""
        clock = simulations.clock
        first = clock.periods(self.start) if self.start else 0
        ahead = slice(first + 1, clock.periods(self.start + self.length) + 1)
        total, cooperative = (
            counts[..., ahead].sum(axis=-1) for counts in (observed.total, observed.cooperative)
        )
        up, down = above_and_below(shares_of(total, cooperative), self.before, self.improvement)
        valid = total >= MIN_WINDOW_EVENTS
        named = {"up": up, "same": ~(up | down), "down": down}
        return {name: (hit, valid) for name, hit in named.items()} if valid.any() else {}


@dataclass(frozen=True)
class Number:
    """A number of a look, or a difference between two."""

    value: float  # Points of share for the level, else a probability
    mcse: float  # Its Monte Carlo standard error
    # Their mean is the value, and the error of their mean is its error
    draws: Float = field(repr=False, compare=False)

    @classmethod
    def of(cls, draws: Float) -> "Number":
        """Summarise draws."""
        return cls(float(draws.mean()), mcse(draws), draws)


def as_shown(name: str, number_shown: Number) -> tuple[float, float]:
    """Return a number and its error as readers see them: points of share, or percent."""
    by = 1.0 if name == LEVEL else 100.0
    return by * number_shown.value, by * number_shown.mcse


type Numbers = Mapping[str, Number]
"""By name: `level`, and the outcomes of the question."""


def printed_chance(name: str, numbers: Numbers) -> str:
    """Return a chance in whole percents, as a report prints it.

    The chances of a headline add up to 100.
    """
    if name not in HEADLINE or not numbers.keys() >= set(HEADLINE):
        return chance(numbers[name].value)
    percents = whole_percents([numbers[each].value for each in HEADLINE], 100)
    return chance(percents[HEADLINE.index(name)] / 100)


def numbers_of(draws: Mapping[str, Float]) -> Numbers:
    """Summarise the draws of every number."""
    return {name: Number.of(values) for name, values in draws.items()}


def difference(more: Numbers, less: Numbers) -> Numbers:
    """Return differences of numbers.

    With the same draws or simulations their errors are paired, else not.
    """
    differences = {}
    for name, minuend in more.items():
        subtrahend = less[name]
        if minuend.draws.shape == subtrahend.draws.shape:
            differences[name] = Number.of(minuend.draws - subtrahend.draws)
        else:
            error = float(np.hypot(minuend.mcse, subtrahend.mcse))
            differences[name] = Number(
                minuend.value - subtrahend.value,
                error,
                np.full((1, 1), minuend.value - subtrahend.value),
            )
    return differences


@dataclass(frozen=True)
class Snapshot:
    """Forecast snapshot of a fit."""

    level: Float  # Share now, points
    outcomes: Outcomes
    # Returns the outcomes without some events of the record, where the question counts these
    # (`without`).
    given: Callable[[pd.DataFrame], Outcomes] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def numbers(self) -> dict[str, Float]:
        """Draws (chain, draw) of every number, the number being their mean."""
        return self.weighed(np.ones(self.level.shape))

    def without(self, events: pd.DataFrame) -> "Snapshot":
        """Return the same simulations where some events do not count for the question.

        Draws are as they are.
        """
        return self if self.given is None else replace(self, outcomes=self.given(events))

    def weighed(self, draws: Float) -> dict[str, Float]:
        """Return the numbers with weights of draws (chain, draw)."""
        numbers = {LEVEL: ratio(draws * self.level, draws)}
        for name, (hit, valid) in self.outcomes.items():
            weight = draws[..., None] * valid
            numbers[name] = ratio((weight * hit).mean(axis=-1), weight.mean(axis=-1))
        return numbers


@dataclass(frozen=True)
class SimulatedAhead:
    """The months ahead of a fit, simulated once for all that is asked of them."""

    fit: FitLike
    simulations: Simulations
    observed: SimulatedEvents | NotDefined  # What is recorded in them

    @classmethod
    def of(
        cls,
        fit: FitLike,
        dyad: str,
        months: int,
        record: DatasetRecord | NotDefined,
        *,
        seed: int,
        hazard: StructuralHazard | None = None,
    ) -> "SimulatedAhead":
        """Simulate so many months and what is recorded in them, as `observe` does.

        `hazard` is that of new frameworks where the fit is a part of one with more dyads.
        """
        sizes = fit.posterior.sizes
        rate = None if hazard is None else hazard.draws((sizes["chain"], sizes["draw"]), seed)
        simulations = simulate_ahead(fit, dyad, months, seed=seed, hazard=rate)
        return cls(fit, simulations, observe(fit, simulations, months, record, seed=seed))

    def look(self, headline: ShareChange, ahead: int = 0) -> Snapshot:
        """Look at the level, now or in so many months, and at a question about no later months."""
        simulations = self.simulations
        observed = self.observed
        level = level_now(self.fit, simulations.dyad)
        if ahead:
            level = simulations.share[..., simulations.at(ahead)].mean(axis=-1)
        return Snapshot(
            level,
            {} if isinstance(observed, NotDefined) else headline.outcomes(observed, simulations),
        )

    def look_published(
        self, headline: ShareChange, ahead: int = 0, *, seed: int, past: DatasetRecord | None = None
    ) -> Snapshot:
        """Look at the level and at the published chances of a question.

        `past` is the record that the benchmarks read, by default that of the simulations.
        """
        alone = self.look(headline, ahead)
        observed = self.observed
        if isinstance(observed, NotDefined) or not alone.outcomes:
            return alone
        months = headline.start + headline.length
        read = observed if past is None else replace(observed, record=past)
        pool = benchmarks.pool_simulations(read, (months,), seed=seed)
        if isinstance(pool, NotDefined):
            return replace(
                alone, outcomes={**alone.outcomes, MODEL_ALONE: alone.outcomes[FOLLOWED]}
            )
        published = headline.outcomes(pool[months], self.simulations)
        member = benchmarks.forecasters(seed, self.simulations.dyad, observed.total.shape[:-1])
        return replace(
            alone,
            outcomes=split_by_forecaster(published, FOLLOWED, member, alone.outcomes[FOLLOWED]),
        )


def split_by_forecaster(
    published: Outcomes, followed: str, member: Index, alone: Outcome
) -> Outcomes:
    """Return published outcomes with the parts of the followed one, and that of the model alone.

    `member` is the place in `MEMBERS` of the forecaster of each simulation.
    """
    hit, valid = published[followed]
    by_model = benchmarks.simulated_by_model(member)
    return {
        **published,
        FROM_MODEL: (hit * by_model, valid),
        FROM_BENCHMARKS: (hit * ~by_model, valid),
        MODEL_ALONE: alone,
    }


def level_now(fit: FitLike, dyad: str) -> Float:
    """Return the share of the level now, (chain, draw), points."""
    return share(dyad_draws(fit, dyad).level_now)
