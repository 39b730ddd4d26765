"""Contributions of events to a forecast, by event, kind, week, month and side.

They are the results of `forecast.attribute`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from forecast.base.described import described
from forecast.base.wording import Card, Displayed, number, signed
from forecast.data.panel.spans import Frequency, floor_period
from forecast.outlook.recorded import Baseline
from forecast.outlook.snapshot import LEVEL, Numbers, as_shown, difference, numbers_of
from forecast.outlook.summary import Estimate, NotDefined

type How = Literal["weights", "path drawn again", "fitted again", "needs a new fit"]
"""How events were left out of a fit."""


@dataclass(frozen=True)
class LeaveOneOut:
    """Leave-one-out contribution of some events."""

    added: Numbers  # What they add; empty where it needs a new fit
    # How it was computed: from `weights` of the draws, by a `path drawn again`, by a model that was
    # `fitted again`; or it was not, for it `needs a new fit`.
    how: How
    pareto_k: float | None  # Of the draws' weights; None if these are all alike or have no tail


@dataclass(frozen=True)
class Part:
    """Sequential contribution of some events."""

    name: str  # The kind, or the first day of the week or month
    events: int  # How many they count for
    added: Numbers


@dataclass(frozen=True)
class LevelMonth:
    """The level at the end of a month, given all events."""

    name: str  # First day of the month
    level: Estimate
    change: Estimate | None  # From the end of the month before; None where the record begins


@dataclass(frozen=True)
class LevelCourse:
    """Level before and after the months, and without their events.

    Only the change has a posterior distribution.
    """

    # At the end of the period before the months, given all events; None if there is none
    start: Estimate | None
    now: Estimate
    without: Estimate  # Now, with none of the events recorded
    change: Estimate | None  # From `start` to `now`
    months: tuple[LevelMonth, ...]


@dataclass(frozen=True)
class ExplainedQuestion:
    """A question with a window of its own, as the results name it."""

    id: str
    kind: str
    # Kinds of the questions about one dyad that it is made of; its own if it is one
    parts: tuple[str, ...]
    sentence: str
    asked: date
    first: date  # First and last day of its window
    last: date
    recorded: int  # How many months of the window the record holds


@dataclass(frozen=True)
class Published:
    """Contributions to the headline's published chances, those of model and benchmarks together.

    Besides `up`, `same` and `down`: `from_model` and `from_benchmarks`, which add up to `up`.
    """

    now: Numbers
    before: Numbers  # Without any of the events
    by_month: tuple[Part, ...]  # What each month added, by its first day

    @property
    def total(self) -> Numbers:
        """Contribution of all events together."""
        return difference(self.now, self.before)


@described("an Attribution, such as attribute(fit, 'USA-CHN', read_chronology()) returns")
@dataclass(frozen=True, repr=False)
class Attribution(Displayed):
    """Contributions of the events of the last months."""

    dyad: str
    first: date  # First and last day of the months
    last: date
    # Months ahead that the chances of the headline are about; None of a question
    horizon: int | None
    # Of the headline; it stays as it is, whatever is left out
    baseline: Baseline | NotDefined | None
    smallest_improvement: float | None  # Points of share that count as a change
    # Level (mean share) and probabilities of `up`, `same` and `down` by the model alone: as they
    # are, and without any of the events. Of a question in their place `yes`; and `ahead`, the same
    # with the months of its window as they were recorded, if there are any.
    now: Numbers
    before: Numbers
    level: LevelCourse
    # As `counted_events` of `data/panel/single_events.py` returns them, from the first to the
    # last, and their `side`
    events: pd.DataFrame
    sequential: tuple[Part, ...]  # What each event added, in the order of `events`
    leave_one_out: tuple[LeaveOneOut, ...]  # What each event adds alone, in the same order
    # What they contribute only together: `now` less `before`, less the sum of `leave_one_out`. The
    # sum of `sequential` has no rest.
    rest: Numbers
    pareto_k: float | None  # The highest of all weights by which events were left out in order
    visits: LeaveOneOut | None  # All visits left out together
    posed: ExplainedQuestion | None = None  # The question, in place of the headline
    # Of the headline; None of a question, and where no pool is published
    published: Published | None = None
    answer: float | None = None  # Published chance of the question

    def _card(self) -> Card:
        name = self.outcome
        was, now, added = (
            as_shown(name, numbers[name])[0] for numbers in (self.before, self.now, self.total)
        )
        unit = {LEVEL: "level of 100", "yes": "chance of a yes, %"}.get(name, "chance of higher, %")
        words = f"{number(was, 1)} without them, {number(now, 1)} with them ({signed(added, 1)})"
        facts = (
            ("events", f"{len(self.events)}, {self.first} to {self.last}"),
            (unit, words),
        )
        return Card(f"What events of {self.dyad} contributed", facts)

    @property
    def outcome(self) -> str:
        """Name of the chance that is followed; that of the level if no chance is defined."""
        name = "up" if self.posed is None else "yes"
        return name if name in self.now else LEVEL

    @property
    def total(self) -> Numbers:
        """Contribution of all events together."""
        return difference(self.now, self.before)

    @property
    def by_kind(self) -> tuple[Part, ...]:
        """Sequential contribution of each kind of events."""
        return self._by(self.events["class"])

    @property
    def by_week(self) -> tuple[Part, ...]:
        """Contribution of each week, named by its Monday."""
        return self._by(self._starts("week"))

    @property
    def by_month(self) -> tuple[Part, ...]:
        """Contribution of each month, named by its first day."""
        return self._by(self._starts("month"))

    @property
    def by_side(self) -> tuple[Part, ...]:
        """Contribution of the cooperative and of the hostile events."""
        return self._by(self.events["side"].sort_values(kind="stable"))

    @property
    def sides_by_month(self) -> dict[str, tuple[Part, ...]]:
        """Contribution of cooperative and hostile events of each month, by its first day."""
        months = self._starts("month")
        sides = self.events["side"].sort_values(kind="stable")
        return {
            month: self._by(sides[months[sides.index] == month]) for month in dict.fromkeys(months)
        }

    def _starts(self, frequency: Frequency) -> "pd.Series[str]":
        """Return the first day of each event's week or month."""
        return floor_period(self.events["date"], frequency).dt.strftime("%Y-%m-%d")

    def _by(self, groups: "pd.Series[str]") -> tuple[Part, ...]:
        """Add up what the events of each group added."""
        parts_by_group = []
        for name, places in groups.groupby(groups, sort=False).groups.items():
            parts = [self.sequential[row] for row in places]
            parts_by_group.append(
                Part(
                    str(name),
                    sum(part.events for part in parts),
                    sum_numbers([part.added for part in parts]),
                )
            )
        return tuple(parts_by_group)


def sum_numbers(numbers: Sequence[Numbers]) -> Numbers:
    """Add up numbers of the same draws."""
    return numbers_of(
        {name: np.asarray(sum(each[name].draws for each in numbers)) for name in numbers[0]}
    )
