"""Types of questions about one dyad: share, rolling windows, tone and level; their baselines.

To add a type, derive a class from `SingleQuestion` or `ComparedQuestion` (ARCHITECTURE.md names the
tables that list it).
"""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, Field, model_validator

from forecast.base.dates import month_end, month_start
from forecast.base.typing import Bool, Float
from forecast.base.wording import count, day, month, number, percent, source_words
from forecast.outlook.question import STRICT, ComparedQuestion, Number, SingleQuestion, Text
from forecast.outlook.recorded import (
    LOWEST,
    MAX_GOLDSTEIN,
    Baseline,
    DatasetRecord,
    WindowCounts,
    at_or_above,
    rolling_sums,
    shares_of,
)

# Months of a rolling window: longer ones have no two that are independent in the records
MAX_SPAN_MONTHS = 60


class FixedBaseline(BaseModel):
    """Baseline of a share: the events of a previous window, as known when it was asked."""

    model_config = STRICT

    first: date  # First and last day of the window that it is of
    last: date
    # Recorded in it, as known when asked; under its name in version 1
    events: Number = Field(alias="happenings")
    cooperative: Number
    # Points by which the window is to be above (`at least`) or below (`at most`)
    points: float = Field(gt=0, le=100)

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
            last=min(before.last, record.known_to),
            events=before.events,
            cooperative=before.cooperative,
            points=points,
        )

    @property
    def value(self) -> float:
        """Percent of its events that are cooperative."""
        return 100 * self.cooperative / self.events


class FixedTone(BaseModel):
    """Baseline of a tone: events and summed scores of a previous window, as known then."""

    model_config = STRICT

    first: date  # First and last day of the window that it is of
    last: date
    events: Annotated[int, Field(ge=1, le=10**9)]  # Recorded in it, as known when asked
    goldstein: float  # Sum of their Goldstein scores
    # Points of the Goldstein scale by which the window is to be above or below
    points: float = Field(gt=0, le=20)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.first > self.last:
            raise ValueError("first is after last; swap them")
        if not LOWEST <= self.value <= MAX_GOLDSTEIN:
            raise ValueError(
                f"goldstein: {self.events} events cannot score {self.goldstein:g} together"
            )
        return self

    @property
    def value(self) -> float:
        """Mean score of its events."""
        return self.goldstein / self.events


class ShareQuestion(ComparedQuestion):
    """Question on the cooperative share of the window, against a threshold or a baseline."""

    limits = (0, 100)
    unit = "% cooperative"
    kind: Literal["share", "passage"]
    threshold: float | None = Field(default=None, gt=0, lt=100)  # Per cent; without a baseline
    baseline: FixedBaseline | None = None  # In place of the threshold
    cooperative: Text  # The cooperative classes

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one.

        `counts` are of the months of the window.
        """
        total = counts.total.sum(axis=-1)
        valid = total >= self.fewest
        return valid & self.holds(shares_of(total, counts.cooperative.sum(axis=-1))), valid

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        bound, compared = self._bound
        share = f"{self.compare.capitalize()} {bound} of the {self._events}"
        return f"{share} from {self._window} are cooperative{compared}."

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        n = int(counts.total.sum())
        k = int(counts.cooperative.sum())
        if outcome == "void":
            return (
                f"too few events: the window has fewer than {count(self.fewest, 'event')} ({n} in "
                "all)"
            )
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
        direction = "more" if self.compare == "at least" else "less"
        return f"{number(self.bound, 2)}%", (
            f", {count(fixed.points, 'point')} {direction} than the "
            f"{percent(fixed.value / 100, 2)} ({fixed.cooperative:,} of {fixed.events:,}) from "
            f"{day(fixed.first)} to {day(fixed.last)}"
        )

    @property
    def _events(self) -> str:
        return f"{self.label} events that {source_words(self.dataset)} records"


class PassageQuestion(ShareQuestion):
    """The same of rolling windows that end with a month of the window."""

    kind: Literal["passage"]
    # `by` (some rolling window) or `throughout` (all that are not void)
    when: Literal["by", "throughout"]
    span: int = Field(ge=1, le=MAX_SPAN_MONTHS)  # Months of a rolling window
    # Events and cooperative ones of each of the `span` - 1 months before the window
    before: tuple[tuple[Number, Number], ...]

    def require_open(self) -> None:
        """Reject months before the window that are too few or impossible."""
        super().require_open()
        if len(self.before) != self.span - 1:
            raise ValueError(f"before: expected {self.span - 1} months, one less than `span`")
        if any(cooperative > events for events, cooperative in self.before):
            raise ValueError("before: a month has more cooperative events than events")

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one.

        `counts` are of the months of the window.
        """
        past = WindowCounts(*np.array(self.before, dtype=np.int64).reshape(-1, 2).T)
        whole = counts.after(past)
        total = rolling_sums(whole.total, self.span)
        cooperative = rolling_sums(whole.cooperative, self.span)
        valid = total >= self.fewest
        held = self.holds(shares_of(total, cooperative))
        some = valid.any(axis=-1)
        return some & (
            (held | ~valid).all(axis=-1)
            if self.when == "throughout"
            else (valid & held).any(axis=-1)
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
        share = f"{self.compare} {bound} of the {self._events} are cooperative{compared}"
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
            return (
                f"too few events: every window has fewer than {count(self.fewest, 'event')} ({n} "
                "in all)"
            )
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

    limits = (LOWEST, MAX_GOLDSTEIN)
    unit = ""
    kind: Literal["tone"]
    # A score; without a baseline
    threshold: float | None = Field(default=None, gt=LOWEST, lt=MAX_GOLDSTEIN)
    baseline: FixedTone | None = None  # In place of the threshold

    def settle(self, counts: WindowCounts) -> tuple[Bool, Bool]:
        """Return whether the answer is yes, and whether there is one.

        `counts` are of the months of the window.
        """
        assert counts.goldstein is not None
        total = counts.total.sum(axis=-1)
        valid = total >= self.fewest
        return valid & self.holds(counts.goldstein.sum(axis=-1) / np.maximum(total, 1)), valid

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        bound = f"{self.bound:g}".replace("-", "\N{MINUS SIGN}")
        compared = ""
        if fixed := self.baseline:
            bound = number(self.bound, 2)
            direction = "above" if self.compare == "at least" else "below"
            compared = (
                f", {count(fixed.points, 'point')} {direction} the {number(fixed.value, 2)} of "
                f"{count(fixed.events, 'event')} from {day(fixed.first)} to {day(fixed.last)}"
            )
        return (
            f"The mean Goldstein score of the {self.label} events that "
            f"{source_words(self.dataset)} records from "
            f"{self._window} is {self.compare} {bound}{compared}."
        )

    def reason(self, outcome: str, counts: WindowCounts) -> str:
        """Return in words which counts resolve it."""
        assert counts.goldstein is not None
        n = int(counts.total.sum())
        if outcome == "void":
            return (
                f"too few events: the window has fewer than {count(self.fewest, 'event')} ({n} in "
                "all)"
            )
        return (
            f"the mean Goldstein score of {count(n, 'event')} is "
            f"{number(float(counts.goldstein.sum()) / n, 2)}"
        )

    @property
    def _counting(self) -> tuple[str, str, str]:
        few = f"fewer than {count(self.fewest, 'event')} in it, or "
        return "Each event has its Goldstein score of this data set, from -10 to 10. ", "", few


class LevelQuestion(SingleQuestion):
    """Question on whether the level at the end of the window reaches a threshold, in percent."""

    resolvable: ClassVar[bool] = False

    kind: Literal["level"]
    threshold: float = Field(gt=0, lt=100)  # Per cent

    def settle_level(self, shares: Float) -> tuple[Bool, Bool]:
        """Return in which simulations the last month's level is as asked; it is never void."""
        yes = (
            at_or_above(shares, self.threshold)
            if self.compare == "at least"
            else shares <= self.threshold
        )
        return np.asarray(yes), np.ones(shares.shape, dtype=bool)

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        return (
            f"The level of {self.label} relations, as a share of cooperative actions, is "
            f"{self.compare} {self.threshold:g}% in {month(self.last)} (an estimate, never "
            "resolvable)."
        )

    @property
    def rule(self) -> str:
        """Reason why no data resolve it."""
        return "Data never decide it: the level is estimated, and no later data say what it was."
