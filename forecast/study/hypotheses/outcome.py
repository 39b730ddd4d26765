"""Outcome of the test of a claim, and the rule that decides it.

`decide` holds the rule. An `Outcome` has the answer with its log Bayes factors, sentences, a
picture, and numbers for JSON; `leave_out` decides again without dyads and states.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from scipy.stats import beta

from forecast.base import wording
from forecast.base.wording import number
from forecast.study.hypotheses.record import PooledRecord

TEMPLATES = Path(__file__).with_name("sentences.j2")
sentences = partial(wording.sentences, TEMPLATES)
"""Renders the sentences of a macro, such as those on a claim."""

type ClaimAnswer = Literal["supported", "rejected", "undecided", "cannot be tested"]
UNTESTED: ClaimAnswer = "cannot be tested"
FACTOR = 10.0
"""A claim is supported if every Bayes factor that decides it exceeds this, and rejected if none
exceeds the inverse."""
LIMIT = math.log(FACTOR)
# share of null sets that may give a supported claim as much evidence, simulation error included
MAX_FALSE_ALARMS = 0.05


class FactorRange(NamedTuple):
    """Smallest and largest log Bayes factor over alternatives and spreads of long-run means."""

    least: float
    most: float


type FactorRangeOf = Callable[[list[int] | None], FactorRange]
"""Returns the range of log Bayes factors on some dyads, by their positions; on all for None."""


@dataclass(frozen=True)
class Series:
    """A line, bars or intervals of a picture."""

    label: str
    x: tuple[float, ...] | tuple[str, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()  # 90% interval, where there is one
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Picture:
    """The one picture of a claim."""

    title: str  # What it shows
    x_label: str  # Horizontal axis
    y_label: str  # Vertical axis
    kind: Literal["line", "bars", "intervals"]  # `line`, `bars` or `intervals`
    # Each with `label`, `x`, `y` and the 90% interval `low` and `high`, which may be empty
    series: tuple[Series, ...]
    limits: tuple[float, ...] = ()  # Log Bayes factors of the rule


@dataclass(frozen=True)
class Rerun:
    """The log Bayes factors of a claim under another choice, and what they alone would answer."""

    log_bayes_factor: float
    least: float
    most: float
    answer: ClaimAnswer


@dataclass(frozen=True)
class NullSets:
    """Number of null sets of a kind that give a false claim as much evidence as the record does."""

    name: str  # What these sets are
    sets: int  # Simulated sets; fewer where so many were as good that the claim cannot be supported
    as_good: int  # Sets with at least as large a least log Bayes factor
    # How far their dyads turned back, mean; points of the cooperative share, or standard deviations
    turned_back: float
    recorded_turned_back: float  # How far the recorded dyads did

    @property
    def too_many(self) -> bool:
        """True if so many sets are as good that the claim cannot be supported."""
        return too_many(self.as_good, self.sets)


@dataclass(frozen=True)
class Outcome:
    """Outcome of the test of a claim; log Bayes factors are natural."""

    # Against the alternative named first, with all priors integrated; NaN if there is none
    log_bayes_factor: float
    answer: ClaimAnswer
    sentences: tuple[str, ...]  # The finding first
    picture: Picture | None = None
    # The smallest log Bayes factor over alternatives and spreads of means, which decides
    least: float = math.nan
    most: float = math.nan  # The largest
    # What each dyad adds to `least`, given the others
    dyads: Mapping[str, float] = field(default_factory=dict)
    # The dyad without which the answer is least safe: where `least` is smallest, or of a rejected
    # claim `most` largest.
    without_dyad: tuple[str, float] = ("", math.nan)
    without_state: tuple[str, float] = ("", math.nan)
    priors: Mapping[str, Rerun] = field(default_factory=dict)  # With other widths of priors
    parts: Mapping[str, Rerun] = field(default_factory=dict)  # On parts of the record
    # Gain of log score, standard error
    windows: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    nulls: tuple[NullSets, ...] = ()  # Of a claim that its Bayes factors support


def too_many(as_good: int, sets: int) -> bool:
    """Check whether the share of null sets that are as good may exceed 5%, by its upper bound."""
    return upper_share(as_good, sets) > MAX_FALSE_ALARMS


def upper_share(count: int, sets: int) -> float:
    """Return the 95% point of a share that was counted in so many sets, under Jeffreys' prior."""
    return float(beta.ppf(0.95, count + 0.5, sets - count + 0.5))


def decide(least: float, most: float, limit: float = LIMIT) -> ClaimAnswer:
    """Answer by the smallest and the largest log Bayes factor."""
    if least > limit:
        return "supported"
    return "rejected" if most < -LIMIT else "undecided"


def leave_out(
    record: PooledRecord, factor_range: FactorRangeOf, answer: ClaimAnswer
) -> dict[str, Any]:
    """Decide again without each dyad, and without all dyads of each state.

    Return the fields `dyads`, `without_dyad` and `without_state` of an outcome.
    """

    def range_without(omitted: Sequence[int]) -> FactorRange:
        return factor_range([dyad for dyad in range(len(record.dyads)) if dyad not in omitted])

    def least_safe(ranges: Mapping[str, FactorRange]) -> tuple[str, float]:
        """Return the omission that comes nearest to another answer, and its deciding factor."""
        if answer == "rejected":
            largest = {name: factors.most for name, factors in ranges.items()}
            return max(largest.items(), key=lambda item: item[1], default=("", math.nan))
        smallest = {name: factors.least for name, factors in ranges.items()}
        return min(smallest.items(), key=lambda item: item[1], default=("", math.nan))

    least = factor_range(None).least
    by_dyad = {dyad: range_without([position]) for position, dyad in enumerate(record.dyads)}
    by_state = {
        state: range_without(dyads)
        for state, dyads in record.states.items()
        if len(dyads) < len(record.dyads)
    }
    return {
        "dyads": {dyad: least - others.least for dyad, others in by_dyad.items()},
        "without_dyad": least_safe(by_dyad),
        "without_state": least_safe(by_state),
    }


def exceptions(
    outcome: Outcome, dyad_name: Callable[[str], str] = str, state_name: Callable[[str], str] = str
) -> dict[str, float]:
    """Return the choices under which an answer changes, with the log Bayes factor that decides.

    A part of the record that cannot be tested is no exception.
    """
    if outcome.answer not in ("supported", "rejected"):
        return {}
    supported = outcome.answer == "supported"
    failing = {
        name: rerun.least if supported else rerun.most
        for name, rerun in {**outcome.priors, **outcome.parts}.items()
        if rerun.answer not in (outcome.answer, UNTESTED)
    }
    (dyad, without_dyad), (state, without_state) = outcome.without_dyad, outcome.without_state
    omitted = {
        f"without {dyad_name(dyad)}": without_dyad,
        f"without all dyads of {state_name(state)}": without_state,
    }
    return failing | {
        name: value
        for name, value in omitted.items()
        if (value <= LIMIT if supported else value >= -LIMIT)
    }


def exception_words(failing: Mapping[str, float]) -> str:
    """Describe the choices under which an answer changes; empty if it changes under none."""
    if not failing:
        return ""
    choices = [f"{name} (LBF {number(value, 1)})" for name, value in failing.items()]
    return f"Not {'; '.join(choices)}."
