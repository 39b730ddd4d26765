"""Questions: statements about months ahead of a named dataset that anyone can resolve from the data later.

A question is a small YAML file (docs/schema/question.md). Its baseline is fixed when it is asked: later events change
its probability, not its meaning.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecast.arguments import PATH, checked
from forecast.dates import LONGEST_HORIZON, add_months, month_end, month_start, months_between
from forecast.errors import QuestionError
from forecast.files import digest, write_text
from forecast.forms import faults, read_form
from forecast.outlook.windows import (
    FEWEST,
    ROUNDING,
    data_rule,
    followed_by,
    moved,
    noun_for,
    reached,
    shares_of,
    source_words,
)
from forecast.typing import Bool, Float, Index
from forecast.wording import capital, count, day, month, number, percent

NEVER = "Data never decide it: the level is estimated, and no later data say what it was."


def sentence_of(question: "Question") -> str:
    """Return a question as a sentence that is true if the answer is yes."""
    return {"share": _share, "passage": _passage, "count": _count, "level": _level}[question.kind](question)


def rule_of(question: "Question") -> str:
    """Return by which data, and how, a question is resolved, and when it is void."""
    if question.kind == "level":
        return NEVER
    data = data_rule(question.dataset, question.dyad, question.last, joint=question.joint)
    asked = f"Asked as of {day(question.asked)} (SHA-256 {question.data[:12]}…)."
    late = f"no such edition by {day(question.void_after)}"
    if question.kind == "count":
        return f"{data} {asked} Void: {late}."
    where = "in every window" if question.kind == "passage" else "in it"
    few = f"fewer than {count(question.fewest, noun_for(question.joint))} {where}"
    fixed = "" if not question.before else f" What windows hold of days up to {day(question.asked)} is fixed."
    cooperative = f"Cooperative: {question.cooperative}. All else is hostile."
    return f"{data} {cooperative} {asked}{fixed} Void: {few}, or {late}."


def _share(question: "Question") -> str:
    return (
        f"{question.compare.capitalize()} {_bound(question)} of the {_counted(question)} from {_window(question)} are "
        f"cooperative{_compared(question)}."
    )


def _passage(question: "Question") -> str:
    span = "a month" if question.span == 1 else f"{question.span} months in a row"
    share = f"{question.compare} {_bound(question)} of the {_counted(question)} are cooperative{_compared(question)}"
    if question.when == "by":
        return f"In {span} that end with a month from {_window(question)}, {share}."
    return f"Whenever {span} end with a month from {_window(question)}, {share}, void ones left out."


def _count(question: "Question") -> str:
    means = f" ({question.means})" if question.means else ""
    least = f"{question.at_least:,} {question.label} {noun_for(question.joint)}{'' if question.at_least == 1 else 's'}"
    kind = f"of the kind “{question.of}”{means}"
    return f"{capital(source_words(question.dataset))} records at least {least} {kind} from {_window(question)}."


def _level(question: "Question") -> str:
    return (
        f"The level of {question.label} relations, as a share of cooperative actions, is {question.compare} "
        f"{_bound(question)} in {month(question.last)} (an estimate, never resolvable)."
    )


def _bound(question: "Question") -> str:
    return f"{number(question.bound, 2)} %" if question.baseline else f"{question.bound:g} %"


def _compared(question: "Question") -> str:
    fixed = question.baseline
    if fixed is None:
        return ""
    way = "more" if question.compare == "at least" else "less"
    parts = f"{fixed.cooperative:,} of {fixed.happenings:,}"
    return (
        f", {count(fixed.points, 'point')} {way} than the {percent(fixed.share / 100, 2)} ({parts}) from "
        f"{day(fixed.first)} to {day(fixed.last)}"
    )


def _counted(question: "Question") -> str:
    return f"{question.label} {noun_for(question.joint)}s that {source_words(question.dataset)} records"


def _window(question: "Question") -> str:
    return f"{day(question.first)} to {day(question.last)}"


@dataclass(frozen=True)
class WindowCounts:
    """What the months of a question's window hold, recorded or simulated; the last axis is the month."""

    total: Index  # Happenings, and how many of them are cooperative
    cooperative: Index
    kind: Index | None = None  # How many are of the kind that a count asks for


def settle(question: "Question", counts: WindowCounts) -> tuple[Bool, Bool]:
    """Return whether the answer is yes, and whether there is one: that it is not void."""
    if question.kind == "count":
        assert counts.kind is not None and question.at_least is not None
        return np.asarray(counts.kind.sum(axis=-1) >= question.at_least), np.ones(counts.kind.shape[:-1], dtype=bool)
    if question.kind == "passage":
        return _settle_passage(question, counts)
    total = counts.total.sum(axis=-1)
    there = total >= question.fewest
    return there & _holds(question, shares_of(total, counts.cooperative.sum(axis=-1))), there


def _settle_passage(question: "Question", counts: WindowCounts) -> tuple[Bool, Bool]:
    assert question.span is not None and question.before is not None
    past = np.array(question.before, dtype=np.int64).reshape(-1, 2)
    total, cooperative = (
        followed_by(past[:, side], ahead) for side, ahead in enumerate((counts.total, counts.cooperative))
    )
    n, k = (_rolling(values, question.span) for values in (total, cooperative))
    there = n >= question.fewest
    holds = _holds(question, shares_of(n, k))
    yes = (there & holds).any(axis=-1) if question.when == "by" else (holds | ~there).all(axis=-1)
    some = there.any(axis=-1)
    return yes & some, some


def _holds(question: "Question", share: Float) -> Bool:
    """Whether shares lie on the side that is asked for."""
    upward = question.compare == "at least"
    if question.baseline is not None:
        up, down = moved(share, question.baseline.share, question.baseline.points)
        return up if upward else down
    return reached(share, question.bound) if upward else np.asarray(share <= question.bound + ROUNDING)


def _rolling(values: Index, span: int) -> Index:
    windows = np.lib.stride_tricks.sliding_window_view(values, span, axis=-1)
    return np.asarray(windows.sum(axis=-1))


VERSION = 1
YEAR = 12
LONGEST_SPAN = 60
"""Months of a rolling window."""
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
_HEAD = """\
# A question that data decide (docs/schema/question.md). It was fixed when it was asked: do not edit it.
"""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1, max_length=1_000)]
Counted = Annotated[int, Field(ge=0, le=10**9)]


class FixedBaseline(BaseModel):
    """What a share is compared with: what was recorded in a window before, as known when the question was asked.

    Attributes
    ----------
    first, last : datetime.date
        First and last day of that window.
    happenings, cooperative : int
        What it holds.
    points : float
        By how many points of share the window ahead is to differ.
    """

    model_config = _STRICT

    first: date
    last: date
    happenings: Counted
    cooperative: Counted
    points: float = Field(gt=0, le=100)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.first > self.last:
            raise ValueError("first is after last; swap them")
        if self.cooperative > self.happenings or self.happenings < 1:
            raise ValueError(f"{self.cooperative} of {self.happenings} are cooperative, which cannot be")
        return self

    @property
    def share(self) -> float:
        """Per cent of its happenings that are cooperative."""
        return 100 * self.cooperative / self.happenings


class Question(BaseModel):
    """A question, as it was asked.

    Attributes
    ----------
    version : int
        Of this form.
    id : str
        Its name: lower-case letters, digits and hyphens.
    kind : {"share", "passage", "count", "level"}
        The share of the window; the share of rolling windows that end with its months; how many happenings of a kind it
        holds; or the latent level with which it ends, which data never decide.
    dyad, label : str
        Code, and name for readers.
    dataset : str
        Whose happenings count.
    joint : bool
        Whether a joint act with a row for each side counts once.
    asked : datetime.date
        The day whose knowledge it was asked with.
    data : str
        The edition then: SHA-256 of what was known of the dyad.
    first, last : datetime.date
        First and last day of the window: whole months.
    compare : {"at least", "at most"}, optional
        Of `threshold` or baseline; of a count always at least.
    threshold : float, optional
        Per cent.
    baseline : FixedBaseline, optional
        In place of the threshold.
    cooperative : str, optional
        What counts as cooperative, in words.
    when : {"by", "throughout"}, optional
        Of a passage: in some rolling window, or in all that are not void.
    span : int, optional
        Of a passage: months of a rolling window.
    before : tuple of (int, int), optional
        Of a passage: happenings and cooperative ones of the ``span - 1`` months before the window, as known then.
    of : str, optional
        Of a count: the kind.
    codes : tuple of str, optional
        Of a count: with what the CAMEO codes of the kind begin, where it is not a whole class.
    at_least : int, optional
        Of a count: how many.
    means : str, optional
        Of a count: the kind by its codes, in words.
    fewest : int
        A share of fewer happenings is void.
    void_after : datetime.date
        If by this day no edition covers the window, the question is void.
    base_rate : float, optional
        How often the same share, or number, was reached in windows of the ten years before, as known then.
    sentence : str
        All of it in a sentence. Generated; one that says something else is rejected.
    """

    model_config = _STRICT

    version: Literal[1] = 1
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")
    kind: Literal["share", "passage", "count", "level"]
    dyad: str = Field(pattern=r"^[A-Z]{3}-[A-Z]{3}$")
    label: Text
    dataset: Text
    joint: bool = True
    asked: date
    data: Digest
    first: date
    last: date
    compare: Literal["at least", "at most"] = "at least"
    threshold: float | None = Field(default=None, gt=0, lt=100)
    baseline: FixedBaseline | None = None
    cooperative: Text | None = None
    when: Literal["by", "throughout"] | None = None
    span: int | None = Field(default=None, ge=1, le=LONGEST_SPAN)
    before: tuple[tuple[Counted, Counted], ...] | None = None
    of: Text | None = None
    codes: tuple[Annotated[str, Field(pattern=r"^\d{2,4}$")], ...] | None = None
    at_least: int | None = Field(default=None, ge=1, le=10**6)
    means: Text | None = None
    fewest: int = Field(default=FEWEST, ge=1, le=10**6)
    void_after: date
    base_rate: float | None = Field(default=None, ge=0, le=1)
    sentence: str = Field(default="", max_length=2_000)

    @model_validator(mode="after")
    def _is_a_window(self) -> Self:
        if self.first != month_start(self.first) or self.last != month_end(self.last):
            raise ValueError("first, last: expected the first day of a month and the last day of a month")
        if self.last < self.first or self.months > LONGEST_HORIZON:
            raise ValueError(f"first, last: expected 1 to {LONGEST_HORIZON} months, one after the other")
        if self.first <= self.asked:
            raise ValueError(
                f"first: {self.first} is not after {self.asked}, the day it was asked; ask of a later month"
            )
        if self.void_after <= self.last:
            raise ValueError(f"void_after: {self.void_after} is not after the end of the window, {self.last}")
        return self

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = {
            "share": {"cooperative"}, "passage": {"cooperative", "when", "span", "before"}, "count": {"of", "at_least"},
            "level": {"threshold"},
        }[self.kind]  # fmt: skip
        possible = needed | {"share": {"threshold", "baseline"}, "passage": {"threshold", "baseline"}}.get(
            self.kind, set()
        )
        possible |= {"codes", "means"} if self.kind == "count" else set()
        own = ("threshold", "baseline", "cooperative", "when", "span", "before", "of", "codes", "at_least", "means")
        given = {name for name in own if getattr(self, name) is not None}
        if missing := sorted(needed - given):
            raise ValueError(f"{', '.join(missing)}: missing, and a question of the kind {self.kind} needs it")
        if extra := sorted(given - possible):
            raise ValueError(f"{', '.join(extra)}: a question of the kind {self.kind} has none; leave it out")
        if self.kind in ("share", "passage") and (self.threshold is None) == (self.baseline is None):
            raise ValueError("threshold, baseline: expected one of them")
        if self.kind == "count" and self.compare != "at least":
            raise ValueError("compare: a count asks for at least so many")
        return self

    @model_validator(mode="after")
    def _is_open(self) -> Self:
        """Reject what is decided already: a share cannot lie outside of 0 to 100."""
        if self.baseline is not None:
            if self.baseline.last > self.asked:
                raise ValueError("baseline: its window ends after the question was asked")
            if not 0 <= self.bound <= 100:
                raise ValueError(
                    f"baseline: a share of {self.compare} {self.bound:.2f} % is decided already; ask another"
                )
        if self.before is not None and self.span is not None:
            if len(self.before) != self.span - 1:
                raise ValueError(f"before: expected {self.span - 1} months, one less than `span`")
            if any(cooperative > happenings for happenings, cooperative in self.before):
                raise ValueError("before: a month has more cooperative happenings than happenings")
        return self

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        generated = sentence_of(self)
        if self.sentence and self.sentence != generated:
            raise ValueError(
                "sentence: it does not say what the other fields say. Restore the file; of a new question leave it out"
            )
        object.__setattr__(self, "sentence", generated)
        return self

    @property
    def months(self) -> int:
        """Length of the window."""
        return months_between(self.first, self.last) + 1

    @property
    def horizon(self) -> int:
        """Months from the month it was asked in to the end of the window."""
        return months_between(self.asked, self.last)

    @property
    def bound(self) -> float:
        """The share that decides, per cent."""
        if self.baseline is None:
            return self.threshold or 0.0
        return self.baseline.share + (1 if self.compare == "at least" else -1) * self.baseline.points

    @property
    def resolvable(self) -> bool:
        """Whether data can decide it; of a level they never can."""
        return self.kind != "level"

    def over(self, day: date) -> bool:
        """Whether the last day of its window has come."""
        return day >= self.last

    def closed(self, day: date) -> str:
        """Describe why nothing may be said of it any more, or yet, as of a day; empty if it is open then."""
        if self.over(day):
            return f"its window is over on {day}; resolve it"
        if day < self.asked:
            return f"it was asked on {self.asked}, after {day}, the day of the fit; take a later one"
        return ""

    @property
    def rule(self) -> str:
        """By which data, and how, it is resolved."""
        return rule_of(self)

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as plain values, without those it does not have."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def digest(self) -> str:
        """SHA-256 of its content, whatever the layout of its file."""
        return digest(json.dumps(self.plain, sort_keys=True, separators=(",", ":")).encode())


def question_of(values: Any, where: str) -> Question:
    """Return the question that plain values are; `where` they stand is named in errors.

    Raises
    ------
    QuestionError
        If they are none.
    """
    if not isinstance(values, dict):
        raise QuestionError(f"{where}: expected fields and values (`dyad: USA-CHN`), found {values!r:.60}")
    if values.get("version") != VERSION:
        raise QuestionError(
            f"{where}: the field `version` is {values.get('version')!r:.20}; this package reads version {VERSION}"
        )
    try:
        # By way of JSON, in which the strict reading knows lists for tuples and texts for days, and nothing else.
        return Question.model_validate_json(json.dumps(values, default=str))
    except ValidationError as error:
        raise QuestionError(f"{where}: {faults(error)}. See docs/schema/question.md for every field") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise QuestionError(f"{where}: it holds what no question can ({error})") from error


@checked(path=PATH)
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
    """Write a question as YAML.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> from forecast.questions import write_question
    >>> write_question("questions/mine.yaml", question)  # doctest: +SKIP
    """
    import yaml

    text = yaml.safe_dump(question.plain, sort_keys=False, allow_unicode=True, width=110)
    write_text(path, _HEAD + text)


def last_chance(last: date) -> date:
    """Return the day by which an edition must cover a window that ends on a day: a year later."""
    return add_months(last, YEAR)
