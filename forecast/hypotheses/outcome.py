"""What the test of a claim finds: an answer with its log Bayes factors, sentences, a picture, and numbers for JSON."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from forecast.hypotheses.record import Record

type Answer = Literal["supported", "rejected", "undecided", "cannot be tested"]
FACTOR = 10.0
"""A claim is supported if every Bayes factor that decides it exceeds this, and rejected if none exceeds the inverse."""
LIMIT = math.log(FACTOR)
type Deciding = Callable[[list[int] | None], tuple[float, float]]
"""Returns the smallest and the largest log Bayes factor of some dyads, over rivals and spreads; of all for None."""


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

    title: str
    x_label: str
    y_label: str
    kind: Literal["line", "bars", "intervals"]
    series: tuple[Series, ...]
    limits: tuple[float, ...] = ()  # Log Bayes factors of the rule, as horizontal lines


@dataclass(frozen=True)
class Outcome:
    """What the test of a claim found; log Bayes factors are natural."""

    log_bayes_factor: float  # Against the rival named first, with all priors integrated; NaN if there is none
    answer: Answer
    sentences: tuple[str, ...]  # The finding first
    picture: Picture | None = None
    least: float = math.nan  # The smallest log Bayes factor over rivals and spreads of means, which decides
    most: float = math.nan
    dyads: Mapping[str, float] = field(default_factory=dict)  # What each dyad adds to `least`, given the others
    without_dyad: tuple[str, float] = ("", math.nan)  # The dyad without which `least` is smallest, and its size then
    without_state: tuple[str, float] = ("", math.nan)
    sensitivity: Mapping[str, float] = field(default_factory=dict)  # Log Bayes factor under other choices
    details: Mapping[str, Any] = field(default_factory=dict)


def decide(least: float, most: float) -> Answer:
    """Answer by the smallest and the largest log Bayes factor."""
    if least > LIMIT:
        return "supported"
    return "rejected" if most < -LIMIT else "undecided"


def left_out(record: Record, deciding: Deciding, least: float) -> dict[str, Any]:
    """Decide again without each dyad and each state's dyads."""

    def without(out: Sequence[int]) -> float:
        return deciding([at for at in range(len(record.dyads)) if at not in out])[0]

    dyads = {dyad: without([at]) for at, dyad in enumerate(record.dyads)}
    states = {name: without(at) for name, at in record.states.items() if len(at) < len(record.dyads)}
    return {
        "dyads": {dyad: least - rest for dyad, rest in dyads.items()},
        "without_dyad": min(dyads.items(), key=lambda one: one[1]),
        "without_state": min(states.items(), key=lambda one: one[1], default=("", math.nan)),
    }
