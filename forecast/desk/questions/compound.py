"""Questions that are made of several about one dyad each: all or any of them, or one given another.

Each part keeps its own sentence, rule and baseline; all are asked as of one day. The outcome
follows from those of the parts by one rule (`settle`), the same for data and for simulations.
"""

from collections.abc import Sequence
from datetime import date
from itertools import combinations, product
from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator, Tag

from forecast.base.typing import Bool, Float
from forecast.base.wording import capital, join
from forecast.desk.questions.event_question import CountQuestion, EventQuestion
from forecast.outlook.question import (
    MAX_SENTENCE,
    ComparedQuestion,
    Question,
    SingleQuestion,
)
from forecast.outlook.question_types import (
    PassageQuestion,
    ShareQuestion,
    ToneQuestion,
)

# Parts of a joint question; more are no question that a reader understands
MAX_JOINT_PARTS = 6
INDEPENDENT = "Dyads are assumed to be independent given the parameters that they share."
"""Note on a probability that involves several dyads (docs/research/shared-shocks.md)."""

type Settled = tuple[Bool | Float, Bool | Float]
"""Parts of each simulation that are a yes and that are not void, 0 to 1."""
type PartsSettled = Sequence[Settled] | Sequence[tuple[float, float]]
"""The same of each part of a question: of simulations, or of data 0 or 1."""
type Outcome = Literal["yes", "no", "void", "open", "never"]
_SETTLED: dict[Outcome, tuple[float, float]] = {
    "yes": (1.0, 1.0),
    "no": (0.0, 1.0),
    "void": (0.0, 0.0),
}
"""What a part that has an outcome is settled as."""

Part = Annotated[
    Annotated[ShareQuestion, Tag("share")]
    | Annotated[PassageQuestion, Tag("passage")]
    | Annotated[ToneQuestion, Tag("tone")]
    | Annotated[EventQuestion, Tag("events")]
    | Annotated[CountQuestion, Tag("count")],
    Discriminator(
        lambda value: (
            value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
        ),
        custom_error_type="part",
        custom_error_message="expected a question about one dyad that data decide, of the kind "
        "share, passage, tone or events; name the parts of a joint question one by one, and leave "
        "out levels",
    ),
]


class CompoundQuestion(Question):
    """A question that is made of several."""

    def require_open(self) -> None:
        """Reject parts that do not go together."""
        if not 2 <= len(self.parts) <= MAX_JOINT_PARTS:
            raise ValueError(f"parts: {len(self.parts)}; expected 2 to {MAX_JOINT_PARTS}")
        for (first, part), (second, other) in combinations(enumerate(self.parts, 1), 2):
            both = f"part {first} ({part.id}) and part {second} ({other.id})"
            if part.asked != other.asked:
                raise ValueError(
                    f"{both} are asked as of {part.asked} and {other.asked}; ask both as of one day"
                )
            if part.sentence == other.sentence:
                raise ValueError(f"{both} are the same question; leave one out, or ask another")
            if getattr(self, "required", "all") == "all" and _exclude(part, other):
                raise ValueError(
                    f"{both} exclude each other, so that the answer is decided already; change one"
                )
        if len(self.words()) > MAX_SENTENCE:
            raise ValueError(
                f"parts: their sentences are longer than {MAX_SENTENCE:,} characters; leave "
                "some out"
            )

    def settle(self, parts: PartsSettled) -> tuple[Float, Float]:
        """Return how much is a yes and how much is not void, given the same of its parts."""
        raise NotImplementedError

    def outcome(self, parts: Sequence[Outcome]) -> Outcome:
        """Return its outcome, given those of its parts.

        It is open, unless it is the same for every outcome that the open parts can still have.
        """
        possible_by_part = [
            tuple(_SETTLED) if outcome == "open" else (outcome,) for outcome in parts
        ]
        outcomes: set[Outcome] = set()
        for possible in product(*possible_by_part):
            yes, not_void = self.settle([_SETTLED[outcome] for outcome in possible])
            outcomes.add("void" if not not_void else "yes" if yes else "no")
        return outcomes.pop() if len(outcomes) == 1 else "open"

    @property
    def _head(self) -> tuple[str, str]:
        """The claim about the parts, and the rule by which their resolutions resolve it."""
        raise NotImplementedError

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        return f"{self._head[0]} {numbered([part.sentence for part in self.parts])}"

    @property
    def rule(self) -> str:
        """How it is resolved, and its parts."""
        return f"{self._head[1]} {numbered([part.rule for part in self.parts])}"

    @property
    def dyad(self) -> str:
        """Codes of its dyads."""
        return " ".join(self.dyads)

    @property
    def label(self) -> str:
        """Their names for readers."""
        return join(dict.fromkeys(part.label for part in self.parts))

    @property
    def dataset(self) -> str:
        """The datasets whose events count."""
        return join(dict.fromkeys(part.dataset for part in self.parts))

    @property
    def asked(self) -> date:
        """The day whose knowledge it was asked with."""
        return self.parts[0].asked

    @property
    def first(self) -> date:
        """First day of the first window."""
        return min(part.first for part in self.parts)

    @property
    def last(self) -> date:
        """Last day of the last window."""
        return max(part.last for part in self.parts)

    @property
    def void_after(self) -> date:
        """The day by which every part is resolved or void."""
        return max(part.void_after for part in self.parts)


class JointQuestion(CompoundQuestion):
    """Question on whether all, or any, of several come true."""

    kind: Literal["joint"]
    required: Literal["all", "any"] = "all"  # Parts that have to be yes
    # Two to six questions of the kinds share, passage, tone and events, asked as of one day
    parts: tuple[Part, ...]

    def settle(self, parts: PartsSettled) -> tuple[Float, Float]:
        """Return how much is a yes and how much is not void, given the same of its parts.

        If all are required, one no decides it; if any is, one yes does. Otherwise a void part voids
        it.
        """
        yes = [np.asarray(values, dtype=np.float64) for values, _ in parts]
        no = [
            np.asarray(not_void, dtype=np.float64) - yes_of_part
            for yes_of_part, (_, not_void) in zip(yes, parts, strict=True)
        ]
        if self.required == "all":
            all_yes = np.prod(yes, axis=0)
            return all_yes, all_yes + _any_of(no)
        any_yes = _any_of(yes)
        return any_yes, np.prod(no, axis=0) + any_yes

    @property
    def _head(self) -> tuple[str, str]:
        number = "both" if len(self.parts) == 2 else f"all {len(self.parts)}"
        if self.required == "all":
            return (
                f"{capital(number)} are true.",
                "Yes if every part resolves yes; no as soon as one resolves no; void if one is "
                "void and none is no.",
            )
        return (
            "At least one is true.",
            f"Yes as soon as one part resolves yes; no if {number} resolve no; void if one is "
            "void and none is yes.",
        )


class ConditionalQuestion(CompoundQuestion):
    """Question on whether one comes true, given that another does."""

    kind: Literal["conditional"]
    given: Part  # The condition
    then: Part  # What is asked given that it is yes

    @property
    def parts(self) -> tuple[SingleQuestion, ...]:
        """The condition, and what is asked given it."""
        return (self.given, self.then)

    def settle(self, parts: PartsSettled) -> tuple[Float, Float]:
        """Return how much is a yes and how much is not void: void where the condition is false."""
        (condition, _), (yes, not_void) = parts
        weight = np.asarray(condition, dtype=np.float64)
        return weight * yes, weight * not_void

    @property
    def _head(self) -> tuple[str, str]:
        return (
            "Given that the first is true, the second is true.",
            "Void, and not scored, unless the first part resolves yes; then it resolves as the "
            "second.",
        )


def _any_of(probabilities: Sequence[Float]) -> Float:
    """Return the probability of at least one of several independent things."""
    return np.asarray(1 - np.prod([1 - values for values in probabilities], axis=0))


def numbered(texts: Sequence[str]) -> str:
    """Join texts with their numbers: ``(1) one (2) other``."""
    return " ".join(f"({number}) {text}" for number, text in enumerate(texts, 1))


def _exclude(first: SingleQuestion, second: SingleQuestion) -> bool:
    """Return whether no share, or tone, of the same window satisfies both."""
    if not isinstance(first, ComparedQuestion) or not isinstance(second, ComparedQuestion):
        return False
    if _compared_window(first) != _compared_window(second):
        return False
    if isinstance(first, PassageQuestion) and first.when == "by":
        return False  # one rolling window may be high, and another one low
    bounds = {part.compare: part.bound for part in (first, second)}
    return len(bounds) == 2 and bounds["at least"] > bounds["at most"]


def _compared_window(question: ComparedQuestion) -> tuple[object, ...]:
    """Return what two questions have in common if they compare one number with their bounds."""
    rolling = (question.when, question.span) if isinstance(question, PassageQuestion) else ()
    return (
        isinstance(question, ToneQuestion),
        question.dyad,
        question.dataset,
        question.first,
        question.last,
        *rolling,
    )
