"""Questions about events of a set in a window of days: their form, rule and resolution.

A question names its codes, so that a later change of the table of sets changes no question.
"""

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from forecast.base.errors import QuestionError
from forecast.base.wording import capital, source_words
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.events.sets import EventSet
from forecast.data.events.table import as_of as known_by
from forecast.outlook.hazards.asked import MAX_EVENTS_ASKED, AskedEvents
from forecast.outlook.hazards.curve import MAX_DAYS_AHEAD
from forecast.outlook.hazards.memories import EventDays, day_number
from forecast.outlook.question import (
    Question,
    SingleQuestion,
    Text,
)

if TYPE_CHECKING:
    import pandas as pd

    from forecast.data.events import EventTable

MAX_DAYS_OPEN_BEFORE = 366  # days for which a window may have been open when it was asked
Code = Annotated[str, Field(pattern=r"^\d{1,4}$")]
State = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Word = Annotated[str, Field(min_length=1, max_length=80)]


class EventQuestion(SingleQuestion):
    """Question about the number of events of a set in a window, or days in a row without any."""

    kind: Literal["events"]
    compare: Literal["at least"] = "at least"
    set: Word  # Name of the set; `codes` if the question states its own
    definition: Text  # Of the set, in words
    codes: tuple[Code, ...]  # Beginnings of the CAMEO codes
    # The summary contains one of them; empty if any summary will do
    summary_words: tuple[Word, ...] = ()
    at_least: int = Field(default=1, ge=1, le=MAX_EVENTS_ASKED)  # How many events
    by: State | None = None  # The state that acts; of a visit the visitor
    actor: Word | None = None  # A name that the row contains
    # In place of a number: days in a row without an event
    quiet: int | None = Field(default=None, ge=1, le=MAX_DAYS_AHEAD)

    def require_open(self) -> None:
        """Reject a window that is over, ends before it begins, or is too long."""
        if self.last < self.first:
            raise ValueError(
                f"first, last: the window ends on {self.last}, before it begins; swap them"
            )
        if self.last <= self.asked:
            raise ValueError(
                f"last: {self.last} is not after {self.asked}, the day it was asked; ask of a "
                "later day"
            )
        if (self.asked - self.first).days > MAX_DAYS_OPEN_BEFORE or (
            self.last - self.asked
        ).days > MAX_DAYS_AHEAD:
            raise ValueError(
                "first, last: expected a window of at most a year back and five years ahead"
            )
        if self.void_after <= self.last:
            raise ValueError(
                f"void_after: {self.void_after} is not after the end of the window, {self.last}"
            )
        if self.quiet is not None and self.quiet > (self.last - self.first).days + 1:
            raise ValueError(f"quiet: {self.quiet} days do not fit into the window; shorten them")
        if self.by is not None and self.by not in self.dyad.split("-"):
            raise ValueError(f"by: {self.by} is no state of {self.dyad}; name one of them")

    @property
    def wanted(self) -> EventSet:
        """The set of events."""
        return EventSet(self.set, self.definition, self.codes, self.summary_words)

    @property
    def asked_events(self) -> AskedEvents:
        """What it asks of the events, without its pair and dataset."""
        return AskedEvents(
            self.wanted, self.last, self.first, self.at_least, self.by, self.actor, self.quiet
        )

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        events = self.asked_events.words(self.label)
        return f"{capital(source_words(self.dataset))} records {events} from {self._window}."

    @property
    def _counting(self) -> tuple[str, str, str]:
        acting = (
            f" Only events in which {self.by} acts count; of a visit, those of its visitors."
            if self.by
            else ""
        )
        named = (
            f" Only rows whose actor or summary names {self.actor!r} count." if self.actor else ""
        )
        return f"Events: {self.wanted.meaning} ({self.definition}).{acting}{named} ", "", ""

    def of_table(self, table: "EventTable", day: date) -> "pd.DataFrame":
        """Return the rows of its events in its window that were known by a day."""
        rows = known_by(table, day).events
        rows = rows[(rows["dyad"] == self.dyad) & (rows["dataset"] == self.dataset)]
        rows = self.wanted.counted(rows, by=self.by, actor=self.actor)
        inside: pd.DataFrame = rows[rows["date"].between(str(self.first), str(self.last))]
        return inside

    def outcome_of(self, rows: "pd.DataFrame") -> bool:
        """Return whether the rows of its window make the answer yes."""
        if self.quiet is None:
            return int(rows["counted"].sum()) >= self.at_least
        seen: list[int] = EventDays.of(rows).days.tolist()
        days = sorted({day_number(self.first) - 1, day_number(self.last) + 1, *seen})
        return max(later - earlier - 1 for earlier, later in pairwise(days)) >= self.quiet


class CountQuestion(SingleQuestion):
    """Question of earlier ledgers on at least so many events of a kind in whole months.

    It is read, answered and resolved as the question about events that it is (`as_events`).
    """

    kind: Literal["count"]
    compare: Literal["at least"] = "at least"
    of: Text  # The kind
    # Beginnings of the CAMEO codes, if not a whole class
    codes: tuple[Annotated[str, Field(pattern=r"^[0-9]{2,4}$")], ...] | None = None
    at_least: int = Field(ge=1, le=MAX_EVENTS_ASKED)  # How many
    means: Text | None = None  # Its codes in words

    def words(self) -> str:
        """Return the question as a sentence that is true if the answer is yes."""
        means = f" ({self.means})" if self.means else ""
        least = f"{self.at_least:,} {self.label} event{'' if self.at_least == 1 else 's'}"
        return (
            f"{capital(source_words(self.dataset))} records at least {least} of the kind "
            f"“{self.of}”{means} from {self._window}."
        )


def as_events(question: Question) -> EventQuestion | None:
    """Return the question about events that a question is, or was in earlier ledgers.

    None of others.
    """
    if isinstance(question, EventQuestion):
        return question
    if not isinstance(question, CountQuestion):
        return None
    common = {
        name: getattr(question, name)
        for name in EventQuestion.model_fields.keys() & CountQuestion.model_fields.keys()
    }
    codes = question.codes or codes_of_class(question.of)
    if not codes:
        raise QuestionError(
            f"{question.id}: no scale has a class {question.of!r:.60}, so that its events have no "
            "codes; resolve it by hand, and ask for events by their codes (--codes)"
        )
    fields = {
        "kind": "events",
        "set": question.of,
        "definition": question.means or question.of,
        "sentence": "",
    }
    return EventQuestion.model_validate(common | fields | {"codes": codes})


def codes_of_class(name: str) -> tuple[str, ...]:
    """Return the codes of a class of any scale of the codebook."""
    for scale in map(read_scale, scale_names()):
        if name in scale.classes:
            codes = scale.class_of[scale.class_of == scale.classes.index(name)].index
            return tuple(map(str, codes))
    return ()
