"""What a test says: the claim, its null, the answer by a rule fixed beforehand, and all it rests on."""

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from forecast.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

    from forecast.hypotheses.evidence.unit_roots import UnitRoot

Answer = Literal["supported", "refused", "undecided"]
Kind = Literal["densities", "bars", "line"]
Role = Literal["prior", "posterior", "null", "data", "other"]

ANSWERS: tuple[Answer, ...] = ("supported", "refused", "undecided")
KINDS: tuple[Kind, ...] = ("densities", "bars", "line")
ROLES: tuple[Role, ...] = ("prior", "posterior", "null", "data", "other")
_ERRORS = 2.0  # Monte Carlo errors by which a Bayes factor must clear its bound


class ComparisonLike(Protocol):
    """Two models set against each other, such as `Candidates.compare` returns."""

    @property
    def log_bayes_factor(self) -> float:
        """Natural logarithm of the Bayes factor for the claim's model."""

    @property
    def error(self) -> float:
        """Its Monte Carlo standard error."""

    @property
    def ahead_difference(self) -> float:
        """Leave-future-out log predictive density, the claim's model less its rival."""

    @property
    def ahead_error(self) -> float:
        """Standard error of that difference."""


class PowerLike(Protocol):
    """How often a test would find what is there, and what is not, such as `power` returns."""

    @property
    def claim(self) -> str:
        """Code of the claim."""

    @property
    def table(self) -> "pd.DataFrame":
        """A row an alternative: simulations, how often supported, refused and undecided."""

    @property
    def words(self) -> str:
        """The same in words."""


@dataclass(frozen=True)
class Rule:
    """How a claim is decided; fixed in the plan before the data are looked at.

    Attributes
    ----------
    bayes_factor : float
        The Bayes factor must exceed this for the claim, or fall below its inverse against it, by more than two of
        its Monte Carlo errors.
    ahead_errors : float
        The leave-future-out difference may point the other way by no more than so many of its standard errors.
    probability : float
        A claim without a rival model is supported from this posterior probability, refused below one less it.
    rope : float
        Points of share; a difference within it on either side is practically none.
    half_life : float
        Months; a pull that needs longer to undo half of a displacement counts as none.

    Raises
    ------
    SpecError
        If a bound makes no sense.

    Examples
    --------
    >>> from forecast.hypotheses import Rule
    >>> Rule().decide_probability(0.97)
    'supported'
    """

    bayes_factor: float = 3.0
    ahead_errors: float = 1.0
    probability: float = 0.95
    rope: float = 2.5
    half_life: float = 60.0

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

    def decide(self, comparison: ComparisonLike) -> Answer:
        """Decide a claim that has a rival model; what could not be computed decides nothing.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> from forecast.hypotheses import Rule
        >>> clear = SimpleNamespace(log_bayes_factor=4.0, error=0.1, ahead_difference=-0.2, ahead_error=0.5)
        >>> Rule().decide(clear)
        'supported'
        """
        bound = math.log(self.bayes_factor) + _ERRORS * comparison.error
        tolerance = self.ahead_errors * comparison.ahead_error
        if comparison.log_bayes_factor > bound and comparison.ahead_difference >= -tolerance:
            return "supported"
        if comparison.log_bayes_factor < -bound and comparison.ahead_difference <= tolerance:
            return "refused"
        return "undecided"

    def decide_probability(self, probability: float) -> Answer:
        """Decide a claim without a rival model by its posterior probability."""
        if probability >= self.probability:
            return "supported"
        return "refused" if probability <= 1 - self.probability else "undecided"


@dataclass(frozen=True)
class Number:
    """A number of a verdict.

    Attributes
    ----------
    name : str
        Snake case, for programs.
    value : float
        The number; NaN if it is not defined.
    low, high : float, optional
        Ends of its 90 % equal-tailed interval.
    error : float, optional
        Monte Carlo standard error of `value`.
    unit : str
        In words, such as ``months``; empty for a pure number.
    words : str
        What it is, in one short phrase.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    error: float | None = None
    unit: str = ""
    words: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise SpecError(f"number: the name {self.name!r} is not in snake_case; write it such as half_life")


@dataclass(frozen=True)
class Series:
    """One curve, set of bars or row of points of a drawing.

    Attributes
    ----------
    label : str
        Its name in the legend.
    x : tuple of float or str
        Where; texts are ISO dates, or in a drawing of bars the names of the groups.
    y : tuple of float
        How high; of densities, the density.
    error, low, high : tuple of float, optional
        Standard errors, or the ends of intervals, of `y`.
    role : {"prior", "posterior", "null", "data", "other"}
        What it stands for; it decides the look.

    Raises
    ------
    SpecError
        If the lengths differ, or the role is unknown.
    """

    label: str
    x: tuple[float | str, ...]
    y: tuple[float, ...]
    error: tuple[float, ...] | None = None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    role: Role = "other"

    def __post_init__(self) -> None:
        lengths = {len(part) for part in (self.x, self.y, self.error, self.low, self.high) if part is not None}
        if len(lengths) > 1:
            raise SpecError(f"drawing: the parts of {self.label!r} have lengths {sorted(lengths)}; expected one length")
        _one_of("role", self.role, ROLES)


@dataclass(frozen=True)
class Drawing:
    """What a figure shows, whoever draws it.

    Attributes
    ----------
    kind : {"densities", "bars", "line"}
        Curves above a common axis; grouped bars; lines over time or any number.
    title, x_label, y_label : str
        In words, with units.
    series : tuple of Series
        At least one.

    Raises
    ------
    SpecError
        If there is no series, or the kind is unknown.
    """

    kind: Kind
    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, KINDS)
        if not self.series:
            raise SpecError(f"drawing: {self.title!r} has no series; give at least one")


@dataclass(frozen=True)
class Verdict:
    """The outcome of one test.

    Attributes
    ----------
    code : str
        Of the claim, such as ``S5``.
    claim, null : str
        What is claimed and what it is tested against, each a sentence.
    answer : {"supported", "refused", "undecided"}
        By the rule of the plan.
    numbers : tuple of Number
        What the answer rests on.
    table : pandas.DataFrame
        The evidence in full, such as a row a comparison.
    drawing : Drawing
        The figure.
    prose : tuple of str
        Whole sentences, with what the data could not tell.
    power : PowerLike, optional
        How often this test would find what is there; attached by the run.
    checks : tuple of UnitRoot
        The same question put to the observed series.

    Raises
    ------
    SpecError
        If the answer is unknown, or two numbers have one name.
    """

    code: str
    claim: str
    null: str
    answer: Answer
    numbers: tuple[Number, ...]
    table: "pd.DataFrame" = field(repr=False)
    drawing: Drawing = field(repr=False)
    prose: tuple[str, ...]
    power: PowerLike | None = field(default=None, repr=False)
    checks: "tuple[UnitRoot, ...]" = ()

    def __post_init__(self) -> None:
        _one_of("answer", self.answer, ANSWERS)
        names = [number.name for number in self.numbers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SpecError(f"{self.code}: the number {twice[0]} is there twice; give each a name of its own")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; a number that is not finite becomes None.

        Examples
        --------
        >>> import pandas as pd
        >>> from forecast.hypotheses import Drawing, Number, Series, Verdict
        >>> drawing = Drawing("line", "", "", "", (Series("one", (0.0,), (1.0,)),))
        >>> half_life = Number("half_life", float("nan"), unit="months")
        >>> verdict = Verdict("S5", "It is.", "It is not.", "undecided", (half_life,), pd.DataFrame(), drawing, ())
        >>> verdict.to_dict()["numbers"][0]["value"] is None
        True
        """
        from forecast.outlook import plain

        values: dict[str, Any] = plain(self)
        return values


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SpecError(f"{field}: got {value!r}; expected one of {', '.join(allowed)}")
