"""Outside questions: asked elsewhere, resolved elsewhere, with prices by source and the own number.

The text comes from outside: it is bounded, kept as text and never executed. Data may or may not
resolve it; its outcome is entered with source and day. Own number, price and their pool are scored
apart from all other questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from pydantic import Field

from forecast.base.dates import add_months
from forecast.base.errors import QuestionError
from forecast.base.escaping import has_controls
from forecast.base.typing import Float
from forecast.desk.questions.event_question import EventQuestion
from forecast.outlook.question import (
    YEAR,
    Question,
    SingleQuestion,
)

OWN_WEIGHT = 0.1
"""Weight of our own number in the pool: the market was the better forecaster of 62 questions about
these pairs."""
# resolved questions with both numbers; from fewer the weight is not learned
MIN_RESOLVED_QUESTIONS = 50
WEIGHT_SPREAD = 0.1  # standard deviation of the prior of the weight, around `OWN_WEIGHT`
CLASS_SPREAD = 0.05  # the same of the weight of a class, around the common one
GRID = 101  # weights from 0 to 1
NO_SET = "no set"  # class of a question that names no set of events
EDGE = 0.001  # numbers are kept so far from 0 and 1
NEEDED = 1.645  # standard errors by which a difference has to exceed zero
WHOSE = ("own", "price", "pool")
Long = Annotated[str, Field(min_length=1, max_length=1_000)]
Address = Annotated[str, Field(pattern=r"^https?://[^\s<>\"']{1,500}$")]


class OutsideQuestion(Question):
    """Question that was asked elsewhere."""

    resolvable: ClassVar[bool] = False  # By data; its outcome is entered

    kind: Literal["outside"]
    text: Long  # As it was asked there, plain text
    url: Address | None = None  # Where
    asked: date  # Day it was entered
    closes: date  # Last day on which it can come true
    # What of it the data record, from which the own number comes
    event: EventQuestion | None = None
    # Who asked it, if it was imported
    source: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    source_id: Annotated[str, Field(min_length=1, max_length=500)] | None = None  # Its name there

    @property
    def of_class(self) -> str:
        """Its set of events, by which numbers are pooled and scored."""
        return self.event.set if self.event else NO_SET

    def require_open(self) -> None:
        """Reject a question that is closed, and text with control characters."""
        if self.closes <= self.asked:
            raise ValueError(
                f"closes: {self.closes} is not after {self.asked}, the day it is entered; ask a "
                "later one"
            )
        if has_controls(self.text):
            raise ValueError("text: it has control characters; give plain text in one line")

    def words(self) -> str:
        """Return the question as it was asked."""
        return self.text

    @property
    def rule(self) -> str:
        """By what it is resolved."""
        near = f" Nearest in these data: {self.event.sentence}" if self.event else ""
        address = f" {self.url}" if self.url else ""
        return f"Resolved elsewhere, and entered with source and day.{address}{near}"

    if not TYPE_CHECKING:

        @property
        def dyad(self) -> str:
            """The pair that the data record of it; `outside` without one."""
            return self.event.dyad if self.event else "outside"

        @property
        def label(self) -> str:
            """Name of the pair."""
            return self.event.label if self.event else "outside"

        @property
        def dataset(self) -> str:
            """The dataset of its event."""
            return self.event.dataset if self.event else "outside"

        @property
        def first(self) -> date:
            """First day of its window."""
            return self.event.first if self.event else self.asked

        @property
        def last(self) -> date:
            """Last day of its window."""
            return self.closes

        @property
        def void_after(self) -> date:
            """A year after it closes."""
            return add_months(self.closes, YEAR)

        @property
        def parts(self) -> tuple[SingleQuestion, ...]:
            """The question about events, if there is one."""
            return (self.event,) if self.event else ()

    @property
    def earliest(self) -> date:
        """The day it was entered: elsewhere it may resolve on any day after."""
        return self.asked


def pooled_chance(price: float, own_chance: float, weight: float = OWN_WEIGHT) -> float:
    """Return the pool of a price and the own number by log-odds.

    Examples
    --------
    >>> from forecast.desk.questions.outside import pooled_chance
    >>> round(pooled_chance(0.34, 0.6), 3)
    0.364
    """
    mean = (1 - weight) * _log_odds(price) + weight * _log_odds(own_chance)
    return float(1 / (1 + np.exp(-mean)))


def _log_odds(chance: float) -> float:
    inside = min(max(chance, EDGE), 1 - EDGE)
    return float(np.log(inside / (1 - inside)))


class Case(NamedTuple):
    """A resolved question with both numbers."""

    of_class: str  # Its set of events, or `NO_SET`
    price: float
    own: float
    yes: bool


@dataclass(frozen=True)
class Weight:
    """Weight of the own number in the pool, of all questions and by class."""

    value: float
    questions: int  # Resolved ones with both numbers
    learned: bool
    classes: Mapping[str, float] = field(default_factory=dict)  # By set of events, if learned

    def of(self, name: str) -> float:
        """Return the weight of a class."""
        return self.classes.get(name, self.value)

    @property
    def sentence(self) -> str:
        """The weight in words."""
        source = f"learned from {self.questions} resolved questions" if self.learned else "fixed"
        weights = [f"{name} {value:.2f}" for name, value in self.classes.items()]
        by_class = f"; {', '.join(weights)}" if weights else ""
        return f"Weight of the own number in the pool: {self.value:.2f}, {source}{by_class}."


def pool_weight(cases: Sequence[Case]) -> Weight:
    """Return the weight of the own number: fixed at first, later its posterior mean.

    Weights of classes lie around that of all questions (partial pooling), so that a class of few
    questions has nearly the common weight.

    Examples
    --------
    >>> from forecast.desk.questions.outside import Case, pool_weight
    >>> pool_weight([Case("strike", 0.5, 0.9, True)]).value
    0.1
    """
    if len(cases) < MIN_RESOLVED_QUESTIONS:
        return Weight(OWN_WEIGHT, len(cases), learned=False)
    grid = np.linspace(0, 1, GRID)
    around = np.exp(-((grid[:, None] - grid) ** 2) / (2 * CLASS_SPREAD**2))
    around /= around.sum(axis=1, keepdims=True)  # of the weight of a class, given the common one
    names = list(dict.fromkeys(case.of_class for case in cases))
    likelihood = {
        name: _likelihood(grid, [case for case in cases if case.of_class == name]) for name in names
    }
    marginal = {name: around @ of_class for name, of_class in likelihood.items()}
    log = -((grid - OWN_WEIGHT) ** 2) / (2 * WEIGHT_SPREAD**2)
    log = log + sum(np.log(of_class) for of_class in marginal.values())
    common = np.exp(log - log.max())
    common /= common.sum()
    classes = {
        name: float(common @ ((around @ (of_class * grid)) / marginal[name]))
        for name, of_class in likelihood.items()
    }
    return Weight(float(common @ grid), len(cases), learned=True, classes=classes)


def _likelihood(grid: Float, cases: Sequence[Case]) -> Float:
    """Return the likelihood of outcomes by the weight of the own number, up to a factor."""
    log = np.zeros(len(grid))
    for case in cases:
        odds = (1 - grid) * _log_odds(case.price) + grid * _log_odds(case.own)
        log -= np.logaddexp(0, -odds if case.yes else odds)
    return np.asarray(np.exp(log - log.max()))


class Answer(Protocol):
    """Own forecast of a question, as scores read it."""

    @property
    def chance(self) -> float | None:
        """Probability of yes."""

    @property
    def written(self) -> str:
        """Moment of writing."""


class Price(Protocol):
    """Price of a question, as scores read it."""

    @property
    def price(self) -> float:
        """Probability of yes by the source."""

    @property
    def written(self) -> str:
        """Moment of writing."""


class AskedElsewhere(Protocol):
    """What scores read of a question's history in the ledger."""

    @property
    def question(self) -> Question:
        """The question."""

    @property
    def outcome(self) -> str:
        """Its resolution."""

    @property
    def answers(self) -> Sequence[Answer]:
        """Own forecasts, the oldest first."""

    @property
    def prices(self) -> Sequence[Price]:
        """Prices, the oldest first."""


@dataclass(frozen=True)
class OutsideScores:
    """Scores of outside questions, by who forecast."""

    weight: Weight
    questions: int  # Resolved as yes or no
    rows: list[dict[str, Any]]  # By class and who: questions, Brier, log score
    # Own and pool less price: mean, error, and questions needed to tell
    differences: list[dict[str, Any]]


def first_numbers(history: AskedElsewhere) -> dict[str, float]:
    """Return the first own number and the price that was known then, by who; the pool has both."""
    answer = next((answer for answer in history.answers if answer.chance is not None), None)
    prices = [
        price for price in history.prices if answer is None or price.written <= answer.written
    ] or history.prices[:1]
    numbers = {} if answer is None or answer.chance is None else {"own": answer.chance}
    return numbers | ({"price": prices[-1].price} if prices else {})


def outside_scores(histories: Iterable[AskedElsewhere]) -> OutsideScores:
    """Score the outside questions of a ledger that are resolved."""
    resolved = [
        (history.question.of_class, first_numbers(history), history.outcome == "yes")
        for history in histories
        if isinstance(history.question, OutsideQuestion) and history.outcome in ("yes", "no")
    ]
    weight = pool_weight(
        [
            Case(name, said["price"], said["own"], yes)
            for name, said, yes in resolved
            if len(said) == 2
        ]
    )
    numbers: list[tuple[str, dict[str, float], bool]] = []
    for name, said, yes in resolved:
        if len(said) == 2:
            said = {**said, "pool": pooled_chance(said["price"], said["own"], weight.of(name))}
        numbers.append((name, said, yes))
    classes = ["all", *dict.fromkeys(name for name, _, _ in numbers)]
    rows = [row for name in classes for who in WHOSE if (row := _row(name, who, numbers))["n"]]
    return OutsideScores(
        weight, len(resolved), rows, [_difference(who, numbers) for who in ("own", "pool")]
    )


def _row(
    name: str, who: str, numbers: Sequence[tuple[str, Mapping[str, float], bool]]
) -> dict[str, Any]:
    pairs = [
        (said[who], yes)
        for of_class, said, yes in numbers
        if name in ("all", of_class) and who in said
    ]
    return {
        "class": name,
        "who": who,
        "n": len(pairs),
        "brier": float(np.mean([(value - yes) ** 2 for value, yes in pairs])) if pairs else None,
        "log_score": float(np.mean([_log_score(value, yes=yes) for value, yes in pairs]))
        if pairs
        else None,
    }


def _log_score(value: float, *, yes: bool) -> float:
    return float(np.log1p(np.exp(-_log_odds(value) if yes else _log_odds(value))))


def _difference(
    who: str, numbers: Sequence[tuple[str, Mapping[str, float], bool]]
) -> dict[str, Any]:
    """Compare Brier scores with those of the price; return the number of questions needed."""
    both = [
        (said[who], said["price"], yes) for _, said, yes in numbers if {who, "price"} <= said.keys()
    ]
    differences: Float = np.array(
        [(chance - yes) ** 2 - (price - yes) ** 2 for chance, price, yes in both]
    )
    if len(differences) < 2:
        return {"who": who, "n": len(differences), "mean": None, "error": None, "needed": None}
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    needed = int(np.ceil((NEEDED * spread / mean) ** 2)) if mean else None
    return {
        "who": who,
        "n": len(differences),
        "mean": mean,
        "error": spread / len(differences) ** 0.5,
        "needed": needed,
    }


def require_price(value: float) -> float:
    """Reject a price outside 0 to 1."""
    if not 0 <= value <= 1:
        raise QuestionError(
            f"price: {value:g} is not between 0 and 1; give a probability, such as .34 for 34 cents"
        )
    return value
