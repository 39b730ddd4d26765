"""Questions: statements about future months of a named dataset that anyone can resolve from the data.

A question's baseline is fixed when it is asked: later events change its probability, not its
meaning. Each type has its sentence, its rule, and its resolution from data or simulations. Reports
answer the same questions about their horizons (`SingleQuestion.ahead`). Files, and questions made
of several: `forecast.desk.questions.form`.
"""

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from forecast.base.dates import LONGEST_HORIZON, add_months, month_end, month_start, months_between
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.typing import Bool, Float
from forecast.base.wording import count, day, month, number, percent, source_words
from forecast.outlook.recorded import (
    HIGHEST,
    LOWEST,
    MIN_WINDOW_EVENTS,
    ROUNDING,
    Baseline,
    DatasetRecord,
    WindowCounts,
    changed,
    reached,
    rolling_sums,
    shares_of,
)

YEAR = 12
LONGEST_SPAN = 60
"""Months of a rolling window."""
LONGEST_SENTENCE = 2_000
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
_FIRST_NOUN = "happening"
"""Noun of events in sentences of the first questions, which stay as they were asked."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]
Counted = Annotated[int, Field(ge=0, le=10**9)]


def _as_now(sentence: str) -> str:
    """Return a sentence of the first questions as it would be written now."""
    return sentence.replace(_FIRST_NOUN, "event").replace(" %", "%")


class FixedBaseline(BaseModel):
    """Baseline of a share: the events of a previous window, as known when the question was asked."""

    model_config = _STRICT

    first: date  # First and last day of the window that it is of
    last: date
    events: Counted = Field(
        alias="happenings"
    )  # Recorded in it, as known when asked; under its name in version 1
    cooperative: Counted
    points: float = Field(
        gt=0, le=100
    )  # Points by which the window is to be above (`at least`) or below (`at most`)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.first > self.last:
            raise ValueError("first is after last; swap them")
        if self.cooperative > self.events or self.events < 1:
            raise ValueError(
                f"{self.cooperative} of {self.events} are cooperative, which cannot be"
            )
        return self

    @classmethod
    def of(cls, record: DatasetRecord, before: Baseline, points: float) -> Self:
        """Fix the counts of a past window of a record, unchecked."""
        return cls.model_construct(
            first=before.first,
            last=min(before.last, record.known),
            events=before.events,
            cooperative=before.cooperative,
            points=points,
        )

    @property
    def value(self) -> float:
        """Percent of its events that are cooperative."""
        return 100 * self.cooperative / self.events


class FixedTone(BaseModel):
    """Baseline of a tone: the events of a previous window and the sum of their scores, as known when it was asked."""

    model_config = _STRICT

    first: date  # First and last day of the window that it is of
    last: date
    events: Annotated[int, Field(ge=1, le=10**9)]  # Recorded in it, as known when asked
    goldstein: float  # Sum of their Goldstein scores
    points: float = Field(
        gt=0, le=20
    )  # Points of the Goldstein scale by which the window is to be above or below

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.first > self.last:
            raise ValueError("first is after last; swap them")
        if not LOWEST <= self.value <= HIGHEST:
            raise ValueError(
                f"goldstein: {self.events} events cannot score {self.goldstein:g} together"
            )
        return self

    @property
    def value(self) -> float:
        """Mean score of its events."""
        return self.goldstein / self.events


@described("a Question, such as read_question() or make_question() returns")
class Question(BaseModel):
    """A question, as it was asked: about one dyad, or made of such questions (docs/schema/question.md)."""

    model_config = _STRICT
    resolvable: ClassVar[bool] = True  # Whether data can decide it

    version: Literal[1] = 1  # Version of this form
    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,79}$"
    )  # Lower-case letters, digits and hyphens, at most 80
    # `share`, `passage` (rolling windows), `tone`, `events`, `level` (never resolvable), `joint` or
    # `conditional`
    kind: str
    # Frequency of the outcome in the ten years before; of `joint` that of independent parts, and of
    # `conditional` that of `then`
    base_rate: float | None = Field(default=None, ge=0, le=1)
    sentence: str = Field(
        default="", max_length=LONGEST_SENTENCE
    )  # Generated; one that differs is rejected

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
                "sentence: it does not say what the other fields say. Restore the file; of a new question leave it out"
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
    fewest: int = Field(
        default=MIN_WINDOW_EVENTS, ge=1, le=10**6
    )  # A share of fewer events is void
    void_after: date  # Void if by this day no edition covers the window

    @classmethod
    def ahead(cls, record: DatasetRecord, months: int, **further: Any) -> Self:
        """Return the question as a report asks it, of so many months after a record: without a name or any check."""
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
        if self.last < self.first or self.months > LONGEST_HORIZON:
            raise ValueError(
                f"first, last: expected 1 to {LONGEST_HORIZON} months, one after the other"
            )
        if self.first <= self.asked:
            raise ValueError(
                f"first: {self.first} is not after {self.asked}, the day it was asked; ask of a later month"
            )
        if self.void_after <= self.last:
            raise ValueError(
                f"void_after: {self.void_after} is not after the end of the window, {self.last}"
            )

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one, given the months of the window."""
        raise NotImplementedError

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        raise NotImplementedError

    @property
    def rule(self) -> str:
        """By which data, and how, it is resolved, and when it is void."""
        counted = "event" if self.joint else "row"
        once = "; a two-sided event with a row for each side counts once" if self.joint else ""
        counting, fixed, few = self._counting
        return (
            f"Data: the first edition of {source_words(self.dataset)} whose coverage of {self.dyad} reaches "
            f"{day(self.last)}. Every {counted} between the two counts, whichever side acts{once}. {counting}Asked as "
            f"of {day(self.asked)} (SHA-256 {self.data[:12]}…).{fixed} Void: {few}no such edition by "
            f"{day(self.void_after)}."
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
            up, down = changed(values, self.baseline.value, self.baseline.points)
            return up if upward else down
        return (
            reached(values, self.bound) if upward else np.asarray(values <= self.bound + ROUNDING)
        )


class ShareQuestion(ComparedQuestion):
    """Question on the cooperative share of the window, against a threshold or a baseline."""

    limits = (0, 100)
    unit = "% cooperative"
    kind: Literal["share", "passage"]
    threshold: float | None = Field(default=None, gt=0, lt=100)  # Per cent; without a baseline
    baseline: FixedBaseline | None = None  # In place of the threshold
    cooperative: Text  # The cooperative classes

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one, given the months of the window."""
        total = counts.total.sum(axis=-1)
        counted = total >= self.fewest
        return counted & self.holds(shares_of(total, counts.cooperative.sum(axis=-1))), counted

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        bound, compared = self._bound
        share = f"{self.compare.capitalize()} {bound} of the {self._counted}"
        return f"{share} from {self._window} are cooperative{compared}."

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        n = int(counts.total.sum())
        k = int(counts.cooperative.sum())
        if outcome == "void":
            return f"too few events: the window has fewer than {count(self.fewest, 'event')} ({n} in all)"
        return f"{k:,} of {count(n, 'event')} are cooperative, {number(100 * k / n, 2)}%"

    @property
    def _counting(self) -> tuple[str, str, str]:
        few = f"fewer than {count(self.fewest, 'event')} in it, or "
        return f"Cooperative: {self.cooperative}. All else is hostile. ", "", few

    @property
    def _bound(self) -> tuple[str, str]:
        """The share that decides, and with what it is compared, in words."""
        fixed = self.baseline
        if fixed is None:
            return f"{self.bound:g}%", ""
        way = "more" if self.compare == "at least" else "less"
        return f"{number(self.bound, 2)}%", (
            f", {count(fixed.points, 'point')} {way} than the {percent(fixed.value / 100, 2)} "
            f"({fixed.cooperative:,} of {fixed.events:,}) from {day(fixed.first)} to {day(fixed.last)}"
        )

    @property
    def _counted(self) -> str:
        return f"{self.label} events that {source_words(self.dataset)} records"


class PassageQuestion(ShareQuestion):
    """The same of rolling windows that end with a month of the window."""

    kind: Literal["passage"]
    # `by` (some rolling window) or `throughout` (all that are not void)
    when: Literal["by", "throughout"]
    span: int = Field(ge=1, le=LONGEST_SPAN)  # Months of a rolling window
    # Events and cooperative ones of each of the `span` - 1 months before the window
    before: tuple[tuple[Counted, Counted], ...]

    def require_open(self) -> None:
        """Reject months before the window that are too few or impossible."""
        super().require_open()
        if len(self.before) != self.span - 1:
            raise ValueError(f"before: expected {self.span - 1} months, one less than `span`")
        if any(cooperative > events for events, cooperative in self.before):
            raise ValueError("before: a month has more cooperative events than events")

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one, given the months of the window."""
        past = WindowCounts(*np.array(self.before, dtype=np.int64).reshape(-1, 2).T)
        whole = counts.after(past)
        total = rolling_sums(whole.total, self.span)
        cooperative = rolling_sums(whole.cooperative, self.span)
        counted = total >= self.fewest
        held = self.holds(shares_of(total, cooperative))
        some = counted.any(axis=-1)
        return some & (
            (held | ~counted).all(axis=-1)
            if self.when == "throughout"
            else (counted & held).any(axis=-1)
        ), some

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        unit = (
            "month"
            if (self.first, self.last) == (month_start(self.first), month_end(self.last))
            else "week"
        )
        span = f"a {unit}" if self.span == 1 else f"{self.span} {unit}s in a row"
        bound, compared = self._bound
        share = f"{self.compare} {bound} of the {self._counted} are cooperative{compared}"
        if self.when == "by":
            return f"In {span} that end with a {unit} from {self._window}, {share}."
        return (
            f"Whenever {span} end with a {unit} from {self._window}, {share}, void ones left out."
        )

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        n = int(counts.total.sum())
        k = int(counts.cooperative.sum())
        if outcome == "void":
            return f"too few events: every window has fewer than {count(self.fewest, 'event')} ({n} in all)"
        some = {"yes": "some window is", "no": "no window is"}
        every = {"yes": "every window is", "no": "not every window is"}
        where = (some if self.when == "by" else every)[outcome]
        return f"{where} as asked; {count(n, 'event')} in all, {k:,} of them cooperative"

    @property
    def _counting(self) -> tuple[str, str, str]:
        counting, _, few = super()._counting
        fixed = (
            f" What windows hold of days up to {day(self.asked)} is fixed." if self.before else ""
        )
        return counting, fixed, few.replace("in it", "in every window")


class ToneQuestion(ComparedQuestion):
    """Question on the tone of the window, the mean Goldstein score of its events."""

    limits = (LOWEST, HIGHEST)
    unit = ""
    kind: Literal["tone"]
    threshold: float | None = Field(
        default=None, gt=LOWEST, lt=HIGHEST
    )  # A score; without a baseline
    baseline: FixedTone | None = None  # In place of the threshold

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one, given the months of the window."""
        assert counts.goldstein is not None
        total = counts.total.sum(axis=-1)
        counted = total >= self.fewest
        return counted & self.holds(counts.goldstein.sum(axis=-1) / np.maximum(total, 1)), counted

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        bound = f"{self.bound:g}".replace("-", "\N{MINUS SIGN}")
        compared = ""
        if fixed := self.baseline:
            bound = number(self.bound, 2)
            way = "above" if self.compare == "at least" else "below"
            compared = (
                f", {count(fixed.points, 'point')} {way} the {number(fixed.value, 2)} of "
                f"{count(fixed.events, 'event')} from {day(fixed.first)} to {day(fixed.last)}"
            )
        return (
            f"The mean Goldstein score of the {self.label} events that {source_words(self.dataset)} records from "
            f"{self._window} is {self.compare} {bound}{compared}."
        )

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        assert counts.goldstein is not None
        n = int(counts.total.sum())
        if outcome == "void":
            return f"too few events: the window has fewer than {count(self.fewest, 'event')} ({n} in all)"
        return f"the mean Goldstein score of {count(n, 'event')} is {number(float(counts.goldstein.sum()) / n, 2)}"

    @property
    def _counting(self) -> tuple[str, str, str]:
        few = f"fewer than {count(self.fewest, 'event')} in it, or "
        return "Each event has its Goldstein score of this data set, from -10 to 10. ", "", few


class LevelQuestion(SingleQuestion):
    """Question on whether the underlying level at the end of the window reaches a threshold, in percent."""

    resolvable: ClassVar[bool] = False

    kind: Literal["level"]
    threshold: float = Field(gt=0, lt=100)  # Per cent

    def settle_level(self, shares: Float) -> tuple[Bool, Bool]:
        """Return in which simulations the level of the last month is as asked for.

        It is never void.
        """
        yes = (
            reached(shares, self.threshold)
            if self.compare == "at least"
            else shares <= self.threshold
        )
        return np.asarray(yes), np.ones(shares.shape, dtype=bool)

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        return (
            f"The level of {self.label} relations, as a share of cooperative actions, is {self.compare} "
            f"{self.threshold:g}% in {month(self.last)} (an estimate, never resolvable)."
        )

    @property
    def rule(self) -> str:
        """Reason why no data resolve it."""
        return "Data never decide it: the level is estimated, and no later data say what it was."


def terms_of(record: DatasetRecord, first: date, last: date) -> dict[str, Any]:
    """Return the fields of a question that a record and a window fix."""
    return {
        "dyad": record.dyad,
        "label": record.label,
        "dataset": record.dataset,
        "joint": record.joint,
        "asked": record.known,
        "data": record.digest,
        "first": first,
        "last": last,
        "void_after": add_months(last, YEAR),  # a year later
    }
