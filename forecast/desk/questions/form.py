"""All types of questions, and their form as a YAML file (docs/schema/question.md).

Questions can be made of questions about one dyad each: all or any of several, and one given
another. Each part keeps its own sentence, rule and baseline; all are asked as of one day. The
outcome follows from those of the parts by one rule (`settle`), the same for data and for
simulations.
"""

import json
from collections.abc import Sequence
from datetime import date
from itertools import combinations, product
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Discriminator, Tag, ValidationError

from forecast.base.arguments import checked
from forecast.base.errors import QuestionError
from forecast.base.files import write_text
from forecast.base.forms import faults, read_form
from forecast.base.typing import Bool, Float
from forecast.base.wording import capital, join
from forecast.desk.questions.event_question import CountQuestion, EventQuestion
from forecast.desk.questions.outside import OutsideQuestion
from forecast.outlook.question import (
    MAX_SENTENCE,
    ComparedQuestion,
    Question,
    SingleQuestion,
)
from forecast.outlook.question_types import (
    LevelQuestion,
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
type Weights = Sequence[Settled] | Sequence[tuple[float, float]]
type Outcome = Literal["yes", "no", "void", "open", "never"]
_SETTLED: dict[Outcome, tuple[float, float]] = {
    "yes": (1.0, 1.0),
    "no": (0.0, 1.0),
    "void": (0.0, 0.0),
}


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

    def settle(self, parts: Weights) -> tuple[Float, Float]:
        """Return how much is a yes and how much is not void, given the same of its parts."""
        raise NotImplementedError

    def outcome(self, parts: Sequence[Outcome]) -> Outcome:
        """Return its outcome, given those of its parts.

        Open unless it is the same whatever comes of open parts.
        """
        choices = [tuple(_SETTLED) if outcome == "open" else (outcome,) for outcome in parts]
        settled = [
            self.settle([_SETTLED[outcome] for outcome in chosen]) for chosen in product(*choices)
        ]
        outcomes: set[Outcome] = {
            "void" if not not_void else "yes" if yes else "no" for yes, not_void in settled
        }
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

    def settle(self, parts: Weights) -> tuple[Float, Float]:
        """Return the same: one no decides if all are required, one yes if any is.

        Otherwise a void part voids it.
        """
        yes = [np.asarray(values, dtype=np.float64) for values, _ in parts]
        no = [
            np.asarray(not_void, dtype=np.float64) - yes_of_part
            for yes_of_part, (_, not_void) in zip(yes, parts, strict=True)
        ]
        same, other = (yes, no) if self.required == "all" else (no, yes)
        every, some = np.prod(same, axis=0), 1 - np.prod([1 - values for values in other], axis=0)
        return every if self.required == "all" else some, every + some

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

    def settle(self, parts: Weights) -> tuple[Float, Float]:
        """Return the same: void where the condition is not true."""
        (held, _), (yes, not_void) = parts
        weight = np.asarray(held, dtype=np.float64)
        return weight * yes, weight * not_void

    @property
    def _head(self) -> tuple[str, str]:
        return (
            "Given that the first is true, the second is true.",
            "Void, and not scored, unless the first part resolves yes; then it resolves as the "
            "second.",
        )


def numbered(texts: Sequence[str]) -> str:
    """Join texts with their numbers: ``(1) one (2) other``."""
    return " ".join(f"({number}) {text}" for number, text in enumerate(texts, 1))


def _exclude(first: SingleQuestion, second: SingleQuestion) -> bool:
    """Return whether no share, or tone, of the same window satisfies both."""
    if not isinstance(first, ComparedQuestion) or not isinstance(second, ComparedQuestion):
        return False
    windows = [
        (
            isinstance(part, ToneQuestion),
            part.dyad,
            part.dataset,
            part.first,
            part.last,
            *((part.when, part.span) if isinstance(part, PassageQuestion) else ()),
        )
        for part in (first, second)
    ]
    bounds = {part.compare: part.bound for part in (first, second)}
    alike = windows[0] == windows[1] and "by" not in windows[0]
    return alike and len(bounds) == 2 and bounds["at least"] > bounds["at most"]


VERSION = 1
_HEAD = (
    "# A question that data decide (`forecast help questions`). It was fixed when it was asked: "
    "do not edit it.\n"
)
TYPES: dict[str, type[Question]] = {
    "share": ShareQuestion,
    "passage": PassageQuestion,
    "tone": ToneQuestion,
    "level": LevelQuestion,
    "joint": JointQuestion,
    "conditional": ConditionalQuestion,
    "events": EventQuestion,
    "count": CountQuestion,
    "outside": OutsideQuestion,
}
"""Types of questions by `kind`."""


def question_of(values: Any, where: str) -> Question:
    """Return the question that plain values are; `where` they stand is named in errors."""
    if not isinstance(values, dict):
        raise QuestionError(
            f"{where}: expected fields and values (`dyad: USA-CHN`), found {values!r:.60}"
        )
    if values.get("version") != VERSION:
        raise QuestionError(
            f"{where}: the field `version` is {values.get('version')!r:.20}; this package reads "
            f"version {VERSION}"
        )
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in TYPES:
        raise QuestionError(
            f"{where}: the field `kind` is {kind!r:.20}; expected one of {', '.join(TYPES)}"
        )
    try:
        # By way of JSON, in which the strict reading knows lists for tuples and texts for days, and
        # nothing else.
        return TYPES[kind].model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise QuestionError(f"{where}: {faults(error)}. See `forecast help questions`") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise QuestionError(f"{where}: it holds what no question can ({error})") from error


@checked
def read_question(path: str | Path) -> Question:
    """Read a question.

    Parameters
    ----------
    path : str or pathlib.Path
        YAML, or JSON by the ending.

    Returns
    -------
    Question

    Raises
    ------
    QuestionError
        If the file is none; the message names the field.

    Examples
    --------
    >>> from forecast import read_question
    >>> read_question("questions/usa-chn-violence.yaml").sentence  # doctest: +SKIP
    """
    return question_of(read_form(Path(path), "question", QuestionError), str(path))


def write_question(path: str | Path, question: Question) -> None:
    """Write a question as YAML."""
    import yaml

    plain = question.plain
    last = {
        name: plain.pop(name) for name in ("base_rate", "sentence") if name in plain
    }  # they follow from the rest
    text = yaml.safe_dump(plain | last, sort_keys=False, allow_unicode=True, width=110)
    write_text(path, _HEAD + text, durable=True)
