"""Test result: the claim, its null hypothesis, the decision by a rule fixed beforehand, and the evidence."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from forecast import wording
from forecast.dates import parse_date
from forecast.errors import SpecError
from forecast.wording import SHOWN, Card, Displayed, chance, month, number, quantity

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.unit_roots import UnitRoot

Answer = Literal["supported", "rejected", "undecided"]
NumberKind = Literal["probability", "estimate", "date", "count", "value"]
DrawingKind = Literal["densities", "bars", "line"]
Role = Literal["prior", "posterior", "null", "data", "other"]
Places = Literal["numbers", "dates", "names"]

ANSWERS: tuple[Answer, ...] = ("supported", "rejected", "undecided")
NUMBER_KINDS: tuple[NumberKind, ...] = ("probability", "estimate", "date", "count", "value")
DRAWING_KINDS: tuple[DrawingKind, ...] = ("densities", "bars", "line")
ROLES: tuple[Role, ...] = ("prior", "posterior", "null", "data", "other")
PLACES: tuple[Places, ...] = ("numbers", "dates", "names")
_FROM_WORST: tuple[Answer, ...] = ("rejected", "undecided", "supported")
_ERRORS = 2.0  # Monte Carlo errors by which a Bayes factor must clear its bound


class PowerLike(Protocol):
    """Power and false positive rate of a test, such as `power` returns."""

    @property
    def claim(self) -> str:
        """Code of the claim."""

    @property
    def table(self) -> "pd.DataFrame":
        """A row an alternative: simulations, how often supported, rejected and undecided."""

    @property
    def words(self) -> str:
        """The same in words."""


@dataclass(frozen=True)
class Rule:
    """Decision rule of a claim, fixed in the plan before the data are analysed."""

    # The Bayes factor must exceed this for the claim, or fall below its inverse against it, by more than two of its
    # Monte Carlo errors.
    bayes_factor: float = 3.0
    # The leave-future-out difference may point the other way by no more than so many of its standard errors.
    ahead_errors: float = 1.0
    # A claim without an alternative model is supported from this posterior probability, rejected below one less it.
    probability: float = 0.95
    rope: float = 2.5  # Points of share; a difference within it on either side is practically none
    half_life: float = 60.0  # Months; reversion that needs longer to undo half of a deviation counts as none

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True, "allow_inf_nan": False}

    def __post_init__(self) -> None:
        for name, fits, expected in (
            ("bayes_factor", self.bayes_factor > 1, "above 1"),
            ("ahead_errors", self.ahead_errors >= 0, "of 0 or more"),
            ("probability", 0.5 < self.probability < 1, "between 0.5 and 1"),
            ("rope", self.rope >= 0, "of 0 or more points of share"),
            ("half_life", self.half_life > 0, "of months above 0"),
        ):
            if not fits:
                raise SpecError(f"rule: {name} is {getattr(self, name)}; expected a number {expected}")

    def decide(self, comparison: "Comparison") -> Answer:
        """Decide a claim that has an alternative model; what could not be computed decides nothing."""
        answer = self.decide_factor(comparison.log_bayes_factor, comparison.error)
        tolerance, ahead = self.ahead_errors * comparison.ahead_error, comparison.ahead_difference
        if (answer == "supported" and ahead >= -tolerance) or (answer == "rejected" and ahead <= tolerance):
            return answer
        return "undecided"

    def decide_factor(self, log_bayes_factor: float, error: float) -> Answer:
        """Decide by the Bayes factor alone, where the future was not left out."""
        bound = math.log(self.bayes_factor) + _ERRORS * error
        if log_bayes_factor > bound:
            return "supported"
        return "rejected" if log_bayes_factor < -bound else "undecided"

    def decide_probability(self, probability: float) -> Answer:
        """Decide a claim without an alternative model by its posterior probability."""
        if probability >= self.probability:
            return "supported"
        return "rejected" if probability <= 1 - self.probability else "undecided"


def least_favourable(answers: Iterable[Answer]) -> Answer:
    """Return the worst of several answers for the claim."""
    return min(answers, key=_FROM_WORST.index)


@dataclass(frozen=True)
class Number:
    """A number of a verdict."""

    name: str  # Snake case, for programs
    value: float  # The number; NaN if it is not defined
    low: float | None = None  # Ends of its 90 % equal-tailed interval
    high: float | None = None
    error: float | None = None  # Monte Carlo standard error of `value`
    unit: str = ""  # In words, such as `months`; empty for a pure number
    words: str = ""  # What it is, in one short phrase
    # A median with its interval; a probability from 0 to 1; a year with decimals; how many; any other number.
    kind: NumberKind = "estimate"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise SpecError(f"number: the name {self.name!r} is not in snake_case; write it such as half_life")
        _one_of("kind", self.kind, NUMBER_KINDS)
        if self.kind == "probability" and not (0 <= self.value <= 1 or math.isnan(self.value)):
            raise SpecError(f"number: {self.name} is {self.value}; expected a probability from 0 to 1")


@dataclass(frozen=True)
class Comparison:
    """Two models of one panel compared; positive numbers speak for the claim's."""

    claim: str  # The two models, such as `a cycle` and `a random walk`
    rival: str
    log_bayes_factor: float  # Natural logarithm, by bridge sampling, and its Monte Carlo standard error
    error: float
    # Leave-future-out log predictive density, and its standard error over blocks of months; NaN if unknown.
    ahead_difference: float = math.nan
    ahead_error: float = math.nan
    weight: float = math.nan  # Stacking weight of the claim's model, 0 to 1; NaN if unknown
    # `prior`, `factor`, `log_bayes_factor`, `error`: the Bayes factor with a prior of the claim's model made so many
    # times as wide, the first row with none.
    priors: "pd.DataFrame | None" = field(default=None, repr=False)
    name: str = ""  # What tells several comparisons of a verdict apart, such as `band`; empty for the main one
    decides: bool = True  # Whether the claim is decided by it
    by_factor_alone: bool = False  # Whether only a Bayes factor was asked for

    @property
    def words(self) -> str:
        """Both models, such as ``a cycle against a walk``."""
        return f"{self.claim} against {self.rival}"

    @property
    def least(self) -> float | None:
        """Smallest log Bayes factor over the widths of priors; None if there are no others."""
        return None if self._over_priors is None else float(self._over_priors.min())

    @property
    def most(self) -> float | None:
        """Largest log Bayes factor over the widths of priors; None if there are no others."""
        return None if self._over_priors is None else float(self._over_priors.max())

    @property
    def favoured(self) -> tuple[str, str]:
        """The model that the Bayes factor favours, then the other."""
        return (self.claim, self.rival) if self.log_bayes_factor >= 0 else (self.rival, self.claim)

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The same as numbers, their names ended by that of the comparison.

        ``log_bayes_factor``, ``ahead_difference``, ``stacking_weight``; and ``log_bayes_factor_least`` and ``_most``
        over the priors' widths, if there are any.
        """
        end, words = f"_{self.name}" if self.name else "", self.words
        factor = Number(
            f"log_bayes_factor{end}", self.log_bayes_factor, error=self.error, words=f"log Bayes factor, {words}",
            kind="value",
        )  # fmt: skip
        if self.by_factor_alone:
            return (factor,)
        ahead = f"leave-future-out log predictive density, difference, {words}"
        found = (
            factor,
            Number(f"ahead_difference{end}", self.ahead_difference, error=self.ahead_error, words=ahead, kind="value"),
            Number(f"stacking_weight{end}", self.weight, words=f"stacking weight of the first, {words}", kind="value"),
        )
        if self.least is None or self.most is None:
            return found
        over = f"over priors half and twice as wide, {words}"
        return (
            *found,
            Number(f"log_bayes_factor_least{end}", self.least, words=f"smallest log Bayes factor {over}", kind="value"),
            Number(f"log_bayes_factor_most{end}", self.most, words=f"largest log Bayes factor {over}", kind="value"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; a number that is not finite becomes None."""
        names = ("name", "claim", "rival", "decides", "log_bayes_factor", "error", "least", "most",
                 "ahead_difference", "ahead_error", "weight")  # fmt: skip
        return _plain({name: getattr(self, name) for name in names})

    @property
    def _over_priors(self) -> "pd.Series[float] | None":
        if self.priors is None or len(self.priors) < 2:
            return None
        return self.priors["log_bayes_factor"].dropna()


@dataclass(frozen=True)
class Series:
    """One curve, set of bars or row of points of a drawing."""

    label: str  # Its name in the legend
    x: tuple[float | str, ...]  # Where
    y: tuple[float, ...]  # How high; of densities, the density
    error: tuple[float, ...] | None = None  # Standard errors, or the ends of intervals, of `y`
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    role: Role = "other"  # What it stands for; it decides the look
    places: Places = "numbers"  # What `x` holds: numbers, days in ISO form, or names such as those of groups of bars

    def __post_init__(self) -> None:
        lengths = {len(part) for part in (self.x, self.y, self.error, self.low, self.high) if part is not None}
        if len(lengths) > 1:
            raise SpecError(f"drawing: the parts of {self.label!r} have lengths {sorted(lengths)}; expected one length")
        _one_of("role", self.role, ROLES)
        _one_of("places", self.places, PLACES)
        if misplaced := [x for x in self.x if not _fits(x, self.places)]:
            raise SpecError(f"drawing: {misplaced[0]!r} among the x of {self.label!r}; expected {self.places}")


@dataclass(frozen=True)
class Drawing:
    """Contents of a figure, independent of the drawing library."""

    kind: DrawingKind  # Curves above a common axis; grouped bars; lines over time or any number
    title: str  # In words, with units
    x_label: str
    y_label: str
    series: tuple[Series, ...]  # At least one

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, DRAWING_KINDS)
        if not self.series:
            raise SpecError(f"drawing: {self.title!r} has no series; give at least one")


@dataclass(frozen=True)
class Found[F]:
    """Evidence on a claim, before it is decided and put into words."""

    findings: F  # A record of the claim's own, with what is neither a number nor a comparison
    comparisons: tuple[Comparison, ...]  # Models set against each other
    numbers: tuple[Number, ...]  # All others
    table: "pd.DataFrame" = field(repr=False)  # In full
    drawing: Drawing = field(repr=False)  # What a figure shows

    def comparison(self, name: str = "") -> Comparison:
        """Return the comparison of a name."""
        return next(one for one in self.comparisons if one.name == name)

    def __getitem__(self, name: str) -> Number:
        return next(one for one in self.numbers if one.name == name)

    def __contains__(self, name: str) -> bool:
        return any(one.name == name for one in self.numbers)


@dataclass(frozen=True)
class Reason:
    """Reason for a decision."""

    code: str  # Which reason it is, in snake case
    # What its sentence is filled with: the answer, models, bounds, probabilities from 0 to 1.
    values: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in _WORDS:
            raise SpecError(f"reason: the code is {self.code!r}; expected one of {', '.join(_WORDS)}")
        try:
            str(self)
        except KeyError as missing:
            raise SpecError(f"reason: {self.code} has no value {missing}; give it") from None

    def __str__(self) -> str:
        shown = dict(self.values)
        shown |= {name: wording.chance(float(shown[name])) for name in _CHANCES if name in shown}
        return _WORDS[self.code].format(**shown | {"answer": str(shown["answer"]).capitalize()})

    def to_dict(self) -> dict[str, object]:
        """Return code, values and the sentence, ready for JSON."""
        return {"code": self.code, "values": dict(self.values), "words": str(self)}


@dataclass(frozen=True, repr=False)
class Verdict(Displayed):
    """The outcome of one test."""

    code: str  # Of the claim, such as `S5`
    claim: str  # What is claimed and what it is tested against, each a sentence
    null: str
    answer: Answer  # By the rule of the plan
    numbers: tuple[Number, ...]  # What else the answer rests on
    table: "pd.DataFrame" = field(repr=False)  # The evidence in full, such as a row a comparison
    drawing: Drawing = field(repr=False)  # The figure
    prose: tuple[str, ...]  # The findings in whole sentences, with what the data could not tell
    reason: Reason | None = None  # Why that is the answer
    comparisons: tuple[Comparison, ...] = ()  # Models set against each other
    findings: Any = None  # A record of what else was found, of a kind of the claim's own; None if there is nothing else
    # How often this test would find what is there; attached by the run.
    power: PowerLike | None = field(default=None, repr=False)
    checks: "tuple[UnitRoot, ...]" = ()  # The same question put to the observed series

    def __post_init__(self) -> None:
        _one_of("answer", self.answer, ANSWERS)
        names = [number.name for number in self.all_numbers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SpecError(f"{self.code}: the number {twice[0]} is there twice; give each a name of its own")

    @property
    def all_numbers(self) -> tuple[Number, ...]:
        """The numbers of the comparisons, then the others."""
        return (*(number for comparison in self.comparisons for number in comparison.numbers), *self.numbers)

    def _card(self) -> Card:
        from forecast.hypotheses.verdict import describe, stated

        compared = [
            (one.words, f"log Bayes factor {number(one.log_bayes_factor)} ± {number(one.error)}")
            for one in self.comparisons
        ]
        found = [(describe(one), stated(one)) for one in self.numbers]
        more = len(found) - SHOWN
        facts = [
            ("against", self.null),
            ("because", str(self.reason or "")),
            *compared,
            *found[:SHOWN],
            ("", f"and {more} more (verdict.numbers)" if more > 0 else ""),
            ("power", self.power.words if self.power else ""),
        ]
        return Card(f"{self.code} {self.answer}: {self.claim}", tuple(fact for fact in facts if fact[1]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; a number that is not finite becomes None."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        compared = [one.to_dict() for one in self.comparisons]
        reason = None if self.reason is None else self.reason.to_dict()
        return _plain(values | {"numbers": self.all_numbers, "comparisons": compared, "reason": reason})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    from forecast.outlook import plain

    found: dict[str, Any] = plain(values)
    return found


def _fits(x: float | str, places: Places) -> bool:
    """Check whether a place is of its kind."""
    if places == "numbers" or not isinstance(x, str):
        return places == "numbers" and not isinstance(x, str)
    return places == "names" or _is_date(x)


def _is_date(text: str) -> bool:
    try:
        parse_date(text, "x")
    except SpecError:
        return False
    return True


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SpecError(f"{field}: got {value!r}; expected one of {', '.join(allowed)}")


_WORDS = {
    "evidence_decides": "{answer}: the Bayes factor for {model} exceeds {factor:g} by more than two of its errors, and "
    "leaving the future out does not contradict it.",
    "evidence_incomplete": "{answer}, because the evidence for {claim} against {rival} could not be computed in full.",
    "evidence_unclear": "{answer}, because the Bayes factor clears neither {factor:g} for {claim} nor {factor:g} for "
    "{rival} by two of its errors: the data cannot tell the two apart.",
    "evidence_contradicted": "{answer}, because the record as a whole speaks for {model}, and leaving the future out "
    "for {ahead} by more than {errors:g} of its standard errors.",
    "reversion_too_slow": "{answer}, because the reversion that the evidence speaks for needs longer than "
    "{half_life:g} months, and counts as none by the rule.",
    "break_not_a_drop": "{answer}, because a break, if there is one, is no such drop (chance {chance}).",
    "jump_no_better": "{answer}, because a jump at that date has more evidence than one at {below} of other dates, "
    "and not at nine of ten.",
    "drop_unclear": "{answer}, because the evidence for a break does not say that it is such a drop (chance {chance}).",
    "nearer_than_walks": "{answer}: the record kept nearer to its means than a random walk would with a probability of "
    "{chance}.",
    "walks_do_as_much": "{answer}, because the record kept nearer to its means than a random walk would with a "
    "probability of {chance}, between {low} and {high}: walks of this length do as much by chance.",
    "equilibrium_higher": "{answer}, because the chance that the equilibrium is higher by more than {rope:g} points is "
    "{chance}.",
    "response_above": "{answer}, because the chance that the response is above {rope:g} points is {chance}.",
    "too_few_visits": "{answer}, because only {visits:.0f} high-level visits have events before and after them to "
    "compare, and {needed:.0f} are needed.",
    "not_defined": "{answer}, because {why}.",
}
_CHANCES = ("chance", "low", "high", "below")
"""Values that are probabilities from 0 to 1."""


def describe(one: "Number") -> str:
    """Describe a number, such as a probability."""
    words = one.words or one.name.replace("_", " ")
    return f"chance: {words}" if one.kind == "probability" else words


def stated(one: "Number") -> str:
    """Format a number with its interval, Monte Carlo error and unit: ``41.3 [12.0, 118] ± 0.90 months``."""
    if math.isnan(one.value):
        return "not defined"
    return {"probability": _probability, "date": _date, "count": _count}.get(one.kind, _quantity)(one)


def _probability(one: "Number") -> str:
    error = f" ± {number(100 * one.error, 1)}" if one.error is not None else ""
    return f"{chance(one.value)}{error}"


def _date(one: "Number") -> str:
    ends = "" if one.low is None or one.high is None else f" [{_month(one.low)}, {_month(one.high)}]"
    return f"{_month(one.value)}{ends}"


def _count(one: "Number") -> str:
    return quantity(one.value, one.unit, 0)


def _quantity(one: "Number") -> str:
    ends = "" if one.low is None else f" [{number(one.low)},\N{NO-BREAK SPACE}{number(one.high)}]"
    error = "" if one.error is None else f" ± {number(one.error)}"
    return f"{number(one.value)}{ends}{error} {one.unit}".rstrip()


def _month(year: float) -> str:
    """Name the month that begins at a year with decimals."""
    years, months = divmod(round(12 * year), 12)
    return month(date(years, months + 1, 1))
