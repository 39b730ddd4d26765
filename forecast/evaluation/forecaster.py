"""Common interface of models and benchmarks: from the data known at a date to cooperation probabilities.

A forecaster returns, for each month ahead, draws of the probability that an event of that month is cooperative. They
include month-specific noise and overdispersion, but not the sampling of events. The share of a window follows exactly
for any event count: the recorded one (*given n*) or a simulated one (*n unknown*).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np

from forecast.evaluation.origins import View
from forecast.outlook.benchmarks import Past
from forecast.typing import Float, Index


class GivenVolume(Protocol):
    """Draws of chances that depend on how many events there are."""

    def given(self, total: Index) -> Float:
        """Return the chances, (draw, month), given the events of each month, (month,) or (draw, month)."""


type Chances = Mapping[int, Float | GivenVolume]
"""By horizon in months, draws of the chance that an event is cooperative, (draw, month), given its number or not."""
DRAWS = 2000


@dataclass(frozen=True)
class Asked:
    """Request to a forecaster at every forecast date."""

    horizons: tuple[int, ...]  # Months ahead
    draws: int = DRAWS  # How many draws a prediction has
    seed: int = 1  # The same seed gives the same numbers
    cores: int | None = None  # How many cores a forecaster may use, by default all; changes no number

    def stream(self, origin: date, dyad: str, purpose: str) -> np.random.Generator:
        """Return the random stream of a purpose: other dyads, origins and forecasters change nothing in it."""
        key = (*dyad.encode(), 0, origin.toordinal(), *purpose.encode())
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


@dataclass(frozen=True)
class Answer:
    """Forecast at one forecast date."""

    origin: date
    chances: dict[str, Chances]  # By dyad; dyads that it cannot predict are missing
    # What is to be reported of how it came about, such as why a model was fitted again; plain values.
    notes: dict[str, Any] = field(default_factory=dict)


class Forecaster(Protocol):
    """Anything that predicts from views."""

    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> str: ...  # noqa: D102
    @property
    def benchmark(self) -> bool: ...  # noqa: D102
    @property
    def run(self) -> int: ...  # noqa: D102

    def answers(self, views: Iterable[View], asked: Asked) -> Iterator[Answer]:
        """Predict from successive views."""


class Benchmark:
    """A forecaster that looks at the past of one dyad at a time and starts afresh at every origin.

    A benchmark is a subclass with `code`, `words` and `chances`, and a line in `forecast.evaluation.benchmarks`.
    """

    code: str
    words: str
    benchmark = True
    run = 1

    def chances(self, past: Past, horizons: tuple[int, ...], draws: int, rng: np.random.Generator) -> Chances:
        """Return draws of the chance of cooperation by horizon; a horizon that it cannot predict is missing."""
        raise NotImplementedError

    def answers(self, views: Iterable[View], asked: Asked) -> Iterator[Answer]:
        """Predict every dyad of every view."""
        for view in views:
            found = {}
            for dyad in view.dyads:
                rng = asked.stream(view.origin, dyad, self.code)
                found[dyad] = self.chances(view.past(dyad), asked.horizons, asked.draws, rng)
            yield Answer(view.origin, found)
