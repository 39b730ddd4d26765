"""Questions: statements about future months of a dataset that anyone can resolve from the data.

A question's baseline is fixed when it is asked: later events change its probability, not its
meaning. Each type has its sentence, its rule, and its resolution from data or simulations. Reports
answer the same questions about their horizons (`SingleQuestion.ahead`). The types about one dyad:
`forecast.outlook.question_types`. Questions made of several: `forecast.desk.questions.compound`.
Files: `forecast.desk.questions.form`.
"""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from forecast.base.dates import MAX_HORIZON, add_months, month_end, month_start, months_between
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.typing import Bool, Float
from forecast.base.wording import day, source_words
from forecast.outlook.recorded import (
    MIN_WINDOW_EVENTS,
    ROUNDING,
    DatasetRecord,
    WindowCounts,
    above_and_below,
    at_or_above,
)

YEAR = 12
"""Months after the end of a window in which an edition must cover it."""
# Characters of a question
MAX_SENTENCE = 2_000
STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
_FIRST_NOUN = "happening"
"""Noun of events in sentences of the first questions, which stay as they were asked."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]
Number = Annotated[int, Field(ge=0, le=10**9)]


def _as_now(sentence: str) -> str:
    """Return a sentence of the first questions as it would be written now."""
    return sentence.replace(_FIRST_NOUN, "event").replace(" %", "%")


@described("a Question, such as read_question() or make_question() returns")
class Question(BaseModel):
    """A question: about one dyad, or made of such questions (docs/schema/question.md)."""

    model_config = STRICT
    resolvable: ClassVar[bool] = True  # Whether data can decide it

    version: Literal[1] = 1  # Version of this form
    # Lower-case letters, digits and hyphens, at most 80
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    # `share`, `passage` (rolling windows), `tone`, `events`, `level` (never resolvable), `joint` or
    # `conditional`
    kind: str
    # Frequency of the outcome in the ten years before; of `joint` that of independent parts, and of
    # `conditional` that of `then`
    base_rate: float | None = Field(default=None, ge=0, le=1)
    # Generated; one that differs is rejected
    sentence: str = Field(default="", max_length=MAX_SENTENCE)

    if (
        TYPE_CHECKING
    ):  # fields of a question about one dyad; of others these follow from their parts

        @property
        def dyad(self) -> str: ...  # noqa: D102
        @property
        def label(self) -> str: ...  # noqa: D102
        @property
        def dataset(self) -> str: ...  # noqa: D102
        @property
        def asked(self) -> date: ...  # noqa: D102
        @property
        def first(self) -> date: ...  # noqa: D102
        @property
        def last(self) -> date: ...  # noqa: D102
        @property
        def void_after(self) -> date: ...  # noqa: D102
        @property
        def parts(self) -> "tuple[SingleQuestion, ...]":
            """The questions about one dyad that it is made of."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        self.require_open()
        generated = self.words()
        if _as_now(self.sentence) not in {"", _as_now(generated)}:
            raise ValueError(
                "sentence: it does not say what the other fields say. Restore the file; of a new "
                "question leave it out"
            )
        object.__setattr__(self, "sentence", self.sentence or generated)
        return self

    def require_open(self) -> None:
        """Reject fields that contradict each other or decide the question already."""
        raise NotImplementedError

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        raise NotImplementedError

    @property
    def rule(self) -> str:
        """By which data, and how, it is resolved, and when it is void."""
        raise NotImplementedError

    @property
    def dyads(self) -> tuple[str, ...]:
        """The dyads it is about."""
        return tuple(dict.fromkeys(part.dyad for part in self.parts))

    @property
    def earliest(self) -> date:
        """The last day of the first window to end: only later days can resolve the question."""
        return min(part.last for part in self.parts)

    @property
    def months(self) -> int:
        """Length of the window."""
        return months_between(self.first, self.last) + 1

    @property
    def horizon(self) -> int:
        """Months from the month it was asked in to the end of the window."""
        return months_between(self.asked, self.last)

    def over(self, day: date) -> bool:
        """Return whether the last day of its window has come."""
        return day >= self.last

    def closed(self, day: date) -> str:
        """Explain why it cannot be answered as of a day; empty if it is open then."""
        if self.over(day):
            return f"its window is over on {day}; resolve it"
        if day < self.asked:
            return (
                f"it was asked on {self.asked}, after {day}, the day of the fit; take a later one"
            )
        return ""

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as plain values, without those it does not have."""
        return self.model_dump(mode="json", exclude_none=True, by_alias=True)

    @property
    def described(self) -> dict[str, Any]:
        """The same, with values that follow from its parts."""
        facts = {
            name: str(getattr(self, name)) for name in ("dyad", "dataset", "asked", "first", "last")
        }
        return facts | self.plain

    @property
    def digest(self) -> str:
        """SHA-256 of its content, whatever the layout of its file."""
        return digest(json.dumps(self.plain, sort_keys=True, separators=(",", ":")).encode())


class SingleQuestion(Question):
    """A question about one dyad; its types have further fields."""

    kind: str
    dyad: str = Field(pattern=r"^[A-Z]{3}-[A-Z]{3}$")  # Two states, such as `USA-CHN`
    label: Text  # Their name
    dataset: Text  # Dataset whose events count
    joint: bool = True  # A two-sided event counts once
    asked: date  # Day whose knowledge it was asked with
    data: Digest  # SHA-256 of what was known of the dyad
    first: date  # First and last day of the window, which is whole months after `asked`
    last: date
    compare: Literal["at least", "at most"] = "at least"
    # A share of fewer events is void
    fewest: int = Field(default=MIN_WINDOW_EVENTS, ge=1, le=10**6)
    void_after: date  # Void if by this day no edition covers the window

    @classmethod
    def ahead(cls, record: DatasetRecord, months: int, **further: Any) -> Self:
        """Return the question as a report asks it, of so many months after a record.

        It has no name and is not checked.
        """
        return cls.model_construct(
            **terms_of(record, record.first, record.clock.last_day(months)), **further
        )

    @property
    def parts(self) -> "tuple[SingleQuestion, ...]":
        """The question itself."""
        return (self,)

    def require_open(self) -> None:
        """Reject fields that contradict each other or decide the question already."""
        if self.first != month_start(self.first) or self.last != month_end(self.last):
            raise ValueError(
                "first, last: expected the first day of a month and the last day of a month"
            )
        if self.last < self.first or self.months > MAX_HORIZON:
            raise ValueError(
                f"first, last: expected 1 to {MAX_HORIZON} months, one after the other"
            )
        if self.first <= self.asked:
            raise ValueError(
                f"first: {self.first} is not after {self.asked}, the day it was asked; ask of a "
                "later month"
            )
        if self.void_after <= self.last:
            raise ValueError(
                f"void_after: {self.void_after} is not after the end of the window, {self.last}"
            )

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one.

        `counts` are of the months of the window.
        """
        raise NotImplementedError

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        raise NotImplementedError

    @property
    def rule(self) -> str:
        """By which data, and how, it is resolved, and when it is void."""
        unit = "event" if self.joint else "row"
        once = "; a two-sided event with a row for each side counts once" if self.joint else ""
        counting, fixed, few = self._counting
        return (
            f"Data: the first edition of {source_words(self.dataset)} whose coverage of "
            f"{self.dyad} reaches {day(self.last)}. Every {unit} between the two counts, whichever "
            f"side acts{once}. {counting}Asked as of {day(self.asked)} (SHA-256 "
            f"{self.data[:12]}…).{fixed} Void: {few}no such edition by {day(self.void_after)}."
        )

    @property
    def _counting(self) -> tuple[str, str, str]:
        """Return in words which events count, what of it is fixed, and when there are too few."""
        return "", "", ""

    @property
    def _window(self) -> str:
        return f"{day(self.first)} to {day(self.last)}"


class ComparedQuestion(SingleQuestion):
    """Question on a number that the window has, against a threshold or that of a baseline."""

    limits: ClassVar[tuple[float, float]]  # Of the number
    unit: ClassVar[str]  # Of it, after a number
    threshold: float | None = None  # Without a baseline
    baseline: Any = None  # In place of the threshold; with the number as `value`

    def require_open(self) -> None:
        """Reject a number that is compared with nothing, or beyond its limits."""
        super().require_open()
        if (self.threshold is None) == (self.baseline is None):
            raise ValueError("threshold, baseline: expected one of them")
        if self.baseline is not None:
            if self.baseline.last > self.asked:
                raise ValueError("baseline: its window ends after the question was asked")
            low, high = self.limits
            if not low <= self.bound <= high:
                what = f"{self.compare} {self.bound:.2f}{self.unit}"
                raise ValueError(f"baseline: {what} is decided already; ask another")

    @property
    def bound(self) -> float:
        """The number that decides."""
        if self.baseline is None:
            return self.threshold or 0.0
        return float(
            self.baseline.value + (1 if self.compare == "at least" else -1) * self.baseline.points
        )

    def holds(self, values: Float) -> Bool:
        """Return whether numbers lie on the side that is asked for."""
        upward = self.compare == "at least"
        if self.baseline is not None:
            up, down = above_and_below(values, self.baseline.value, self.baseline.points)
            return up if upward else down
        return (
            at_or_above(values, self.bound)
            if upward
            else np.asarray(values <= self.bound + ROUNDING)
        )


def terms_of(record: DatasetRecord, first: date, last: date) -> dict[str, Any]:
    """Return the fields of a question that a record and a window fix."""
    return {
        "dyad": record.dyad,
        "label": record.label,
        "dataset": record.dataset,
        "joint": record.joint,
        "asked": record.known_to,
        "data": record.digest,
        "first": first,
        "last": last,
        "void_after": add_months(last, YEAR),  # a year later
    }
