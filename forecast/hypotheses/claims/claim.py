"""A claim: its question, its test, and what a record needs for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from forecast.hypotheses.engine import Engine, Reading
from forecast.hypotheses.evidence import Evidence
from forecast.hypotheses.models import Axis
from forecast.hypotheses.outcome import Outcome, Picture, Series
from forecast.hypotheses.record import Record
from forecast.wording import number

type Ahead = Callable[[Engine], tuple[Sequence[Reading], Reading]]
"""Returns the readings of a claim, each as likely before the data, and that of a rival, for windows ahead."""


@dataclass(frozen=True)
class Claim:
    """A claim about all dyads, and its test."""

    code: str
    question: str  # As the heading of its section
    claim: str  # In a few words, a statement
    test: Callable[[Engine], Outcome]
    # What a record lacks for the test, with the remedy; empty if nothing
    lacks: Callable[[Record], str] = lambda record: ""
    ahead: Ahead | None = None  # For windows ahead
    usual: bool = True  # Tested without being named


def factor(value: float) -> str:
    """Return a log Bayes factor in words."""
    return f"LBF {number(value, 1)}"


def versus(against: Mapping[str, float]) -> str:
    """Return rivals with the log Bayes factors against them."""
    return "; ".join(f"{name}: {factor(one)}" for name, one in against.items())


def learned(title: str, x_label: str, evidence: Evidence, axis: Axis) -> Picture:
    """Return the posterior of a population's mean with its prior."""
    places, density = evidence.density(axis)
    lines = {"posterior": density, "prior": axis.density(places)}
    series = tuple(Series(name, tuple(places), tuple(values)) for name, values in lines.items())
    return Picture(title, x_label, "probability per log unit", "line", series)


def by_dyad(title: str, dyads: Mapping[str, float]) -> Picture:
    """Return bars of what each dyad adds, the largest first."""
    ordered = sorted(dyads.items(), key=lambda one: -one[1])
    series = Series("log Bayes factor", tuple(name for name, _ in ordered), tuple(one for _, one in ordered))
    return Picture(title, "", "log Bayes factor, given the others", "bars", (series,))


def listed(items: Iterable[tuple[object, float]]) -> str:
    """Return names with log Bayes factors, such as ``0.5: 12.1, 1: 9.1``."""
    return ", ".join(f"{name:g}: {number(one, 1)}" if isinstance(name, float) else f"{name} {number(one, 1)}"
                     for name, one in items)  # fmt: skip
