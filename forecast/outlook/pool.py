"""The published forecast of a window's share: an equal pool of the model and the simple benchmarks.

Every simulation belongs to one forecaster for good. Those of a benchmark keep their simulated number of events; how
many of them are cooperative is binomial, with the benchmark's chances for that horizon. So whatever is asked of the
share of a window has the mean of the forecasters' probabilities. Equal weights were best on forecast dates to 2014
(docs/research/pool.md). The level, kinds, scenarios and contributions of events are the model's alone.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from forecast.dates import Clock
from forecast.outlook.benchmarks import SIMPLE, Past
from forecast.outlook.observed import Observed
from forecast.outlook.simulations import stream
from forecast.outlook.summary import NotDefined
from forecast.panel.record import sides

if TYPE_CHECKING:
    import xarray as xr

MODEL = "pendulum"
"""Code of the model in the weights, as in a backtest."""
MEMBERS = (MODEL, *SIMPLE)
SHORTEST_PAST = 60
"""Months since the first event of a dyad: with less, none of the benchmarks has seen two windows of two years."""


@dataclass(frozen=True)
class Pool:
    """What the benchmarks of a pool forecast from, and the seed of their simulations."""

    dyad: str
    dataset: int  # Position of the dataset in the panel
    past: Past
    seed: int

    @classmethod
    def of(cls, panel: "xr.Dataset", dyad: str, observed: Observed | NotDefined, seed: int) -> Self | NotDefined:
        """Return the pool for simulated observations of a panel, or why the model's are published alone."""
        if isinstance(observed, NotDefined):
            return observed
        if Clock.of(panel).weekly:
            return NotDefined("the benchmarks are of months, and the panel is by week")
        past = past_of(panel, dyad, observed.dataset)
        if len(past.total) < SHORTEST_PAST:
            return NotDefined(f"the first event is less than {SHORTEST_PAST} months ago")
        return cls(dyad, observed.dataset, past, seed)

    @property
    def weights(self) -> dict[str, float]:
        """Weights by forecaster."""
        return dict.fromkeys(MEMBERS, 1 / len(MEMBERS))

    def mixed(self, observed: Observed, months: int) -> Observed:
        """Return the model's simulations with those of the benchmarks put in place, for a window up to a horizon."""
        size, own = observed.total.shape[:-1], slice(1, months + 1)
        number = int(np.prod(size))
        member = stream(self.seed, self.dyad, "pool").permutation(number).reshape(size) % len(MEMBERS)
        cooperative = observed.cooperative.copy()
        for place, code in enumerate(SIMPLE, 1):
            theirs, rng = member == place, stream(self.seed, self.dyad, f"pool {code} {self.dataset}")
            chances = SIMPLE[code].chances(self.past, (months,), int(theirs.sum()), rng)[months]
            cooperative[theirs, own] = rng.binomial(observed.total[theirs, own], chances)
        return replace(observed, cooperative=cooperative)


def past_of(panel: "xr.Dataset", dyad: str, dataset: int) -> Past:
    """Return the counts of a dyad in a dataset from its first month with an event; months not covered have none."""
    total, cooperative, _ = sides(panel, dyad, dataset)
    first = int(np.flatnonzero(total)[0])
    return Past(total[first:], cooperative[first:])
