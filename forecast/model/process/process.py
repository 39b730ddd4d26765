"""Process: trend, cycle and ceiling of one or many dyads.

No other module moves them by a period in NumPy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from forecast.base.typing import Bool, Float
from forecast.model.process.ceiling import Ceiling
from forecast.model.process.component import Motion
from forecast.model.process.cycle import Cycle
from forecast.model.process.trend import Trend

STREAMS = ("trend", "shocks", "frameworks")
"""Purposes of random numbers: steps of the trend, shocks of the cycle, and values of new eras."""

type Streams = Mapping[str, np.random.Generator]
"""Random generators by purpose; they may be the same one."""


@dataclass(frozen=True)
class State:
    """States of a process in a period, arrays of one shape."""

    trend: Float
    cycle: Float  # Deviation from the trend; zero without a cycle
    # None where the model has none; infinite before a first era begins
    ceiling: Float | None = None

    @property
    def level(self) -> Float:
        """Underlying level, log-odds."""
        return np.asarray(self.trend + self.cycle)


@dataclass(frozen=True)
class Process:
    """Trend, cycle and ceiling with their parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.model.process.process import STREAMS, Process, State
    >>> from forecast.model.process.trend import find_trend
    >>> still = {"trend_mean": 1.0, "trend_step": 0.0, "trend_retention": 0.5}
    >>> process = Process(find_trend("reverting"), None, None, still)
    >>> rngs = dict.fromkeys(STREAMS, np.random.default_rng(1))
    >>> process.step(State(np.zeros(2), np.zeros(2)), False, rngs).trend.tolist()
    [0.5, 0.5]
    """

    trend: Trend
    cycle: Cycle | None
    ceiling: Ceiling | None
    # By the names of the posterior, in shapes that go with those of the states
    parameters: Mapping[str, Any]

    @cached_property
    def trend_motion(self) -> Motion:
        """Parameters of the trend."""
        return self.trend.motion(self.parameters)

    @cached_property
    def cycle_motion(self) -> Motion:
        """Parameters of the cycle."""
        return {} if self.cycle is None else self.cycle.motion(self.parameters)

    def start(self, shape: tuple[int, ...], rngs: Streams) -> State:
        """Draw states before anything is observed, under no ceiling yet."""
        cycle = np.zeros(shape)
        if self.cycle is not None:
            cycle = self.cycle.draw_start(self.cycle_motion, shape, rngs["shocks"])
        return State(
            trend=self.trend.draw_start(self.trend_motion, shape, rngs["trend"]),
            cycle=cycle,
            ceiling=None if self.ceiling is None else np.full(shape, np.inf),
        )

    def step(
        self, state: State, begins: Bool | bool, rngs: Streams, of_era: Float | None = None
    ) -> State:
        """Move states by one period.

        Where an era begins, the trend jumps, free of the ceiling of the last one.
        """
        ceiling = None if state.ceiling is None else np.where(begins, np.inf, state.ceiling)
        trend = self.trend.step(state.trend, self.trend_motion, rngs["trend"], begins, ceiling)
        cycle = state.cycle
        if self.cycle is not None:
            cycle = self.cycle.step(cycle, self.cycle_motion, rngs["shocks"])
        return self.begin_eras(replace(state, trend=trend, cycle=cycle), begins, rngs, of_era)

    def begin_eras(
        self, state: State, begins: Bool | bool, rngs: Streams, of_era: Float | None = None
    ) -> State:
        """Return the states after some eras began.

        `of_era` is the headroom of these eras under a ceiling, or the value of a trend that is
        constant within an era. What is not given is drawn from the dyad's population of eras.
        """
        level = None if self.trend.moves else of_era
        trend = self.trend.begin(state.trend, self.trend_motion, begins, rngs["trend"], level)
        ceiling = state.ceiling
        if ceiling is not None and self.ceiling is not None:
            ceiling = self.ceiling.begin(
                ceiling, trend, begins, self.parameters, rngs["frameworks"], of_era
            )
        return replace(state, trend=trend, ceiling=ceiling)
