"""Entries of a ledger (docs/schema/ledger.md): fields, hash, and permitted order."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from forecast.base.digests import digest
from forecast.base.errors import LedgerError, QuestionError
from forecast.base.forms import faults
from forecast.base.wording import chance
from forecast.desk.questions.form import question_of
from forecast.desk.questions.outside import OutsideQuestion
from forecast.outlook.question import Digest, Question

PACKAGE = "pendulum-forecast"
NO_HASH = "0" * 64  # Hash before the first entry, and of data that an entry does not have
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
SELDOM = ("note", "origin", "leaves_out", "decided")
"""Fields that an entry has only where they say something, as in entries that were written before
there were such."""
_STRICT = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _day(text: str) -> str:
    with contextlib.suppress(ValueError):
        if date.fromisoformat(text).isoformat() == text:
            return text
    raise ValueError(f"{text!r:.40} is no day; expected one of the calendar, as YYYY-MM-DD")


def _moment(text: str) -> str:
    with contextlib.suppress(ValueError):
        if f"{datetime.fromisoformat(text):{MOMENT}}" == text:
            return text
    raise ValueError(
        f"{text!r:.40} is no moment; expected one of the calendar, as YYYY-MM-DDThh:mm:ssZ"
    )


Chance = Annotated[float, Field(ge=0, le=1)]
Day = Annotated[str, AfterValidator(_day)]
Text = Annotated[str, Field(max_length=2_000)]


type Draft = dict[str, Any]
"""An entry to be appended: its kind, its question, and the fields of its kind."""


class BadLine(LedgerError):
    """A line that is no entry, or does not follow from those before.

    The message begins with the field.
    """


class LedgerEntry(BaseModel):
    """One line of a ledger: the fields of all entries, after which those of its kind stand, and the hash."""

    model_config = _STRICT

    schema_: Annotated[Literal[1], Field(alias="schema")]  # 1
    number: int  # Line, from 1
    previous: Digest  # `hash` of the line before; 64 zeros in the first
    # UTC time: `2026-06-01T10:00:00Z`; not before that of the line before
    written: Annotated[str, AfterValidator(_moment)]
    # `asked`, `answered`, `priced` (of an outside question), `confirmed`, `resolved` or `withdrawn`
    entry: Literal["asked", "answered", "priced", "confirmed", "resolved", "withdrawn"]
    question: Annotated[str, Field(max_length=80)]  # `id` of the question
    # Derived from `written`: the window's last day had come; of a resolution, as of its question
    retrospective: bool
    code: Annotated[str, Field(max_length=80)]  # Package version
    # `hash` of the line in another copy of the ledger that this one repeats (`forecast question
    # merge`); left out of lines that were first written here
    origin: Digest | None = None
    # Numbers of earlier lines that do not count, because they state a later time: the clock was
    # wrong then. Left out if there is none
    leaves_out: list[int] | None = None
    hash: Digest  # SHA-256 of all other fields as JSON with sorted keys, without spaces

    @staticmethod
    def of(plain: Mapping[str, Any]) -> "LedgerEntry":
        """Read the fields of a line as the entry of its kind."""
        try:
            return KINDS.get(str(plain.get("entry")), LedgerEntry).model_validate(plain)
        except ValidationError as error:
            raise BadLine(faults(error)) from error

    @staticmethod
    def make(
        draft: Draft, number: int, previous: str, written: datetime, found: "dict[str, History]"
    ) -> "LedgerEntry":
        """Return the entry that follows a line, with its hash.

        `found` has the history of every question.
        """
        made = LedgerEntry.of(
            {
                "schema": 1,
                "number": number,
                "previous": previous,
                "written": f"{written:{MOMENT}}",
                "retrospective": False,
                "code": version(PACKAGE),
                "hash": NO_HASH,
                **draft,
            }
        )
        history = (
            History(_content(made), made) if isinstance(made, Asked) else found.get(made.question)
        )
        hindsight = history is not None and is_retrospective(made, history)
        made = made.model_copy(update={"retrospective": hindsight})
        # By way of JSON, so that what is hashed is what will be read.
        return made.model_copy(update={"hash": hash_of(json.loads(line_of(made.plain)))})

    @property
    def day(self) -> date:
        """The day it was written, UTC."""
        return date.fromisoformat(self.written[:10])

    @property
    def plain(self) -> dict[str, Any]:
        """Its fields as plain values."""
        plain = self.model_dump(
            mode="json", by_alias=True, exclude_none=not isinstance(self, Answered)
        )
        for name in SELDOM:
            if plain.get(name, "") is None:
                del plain[name]
        own = plain.pop("hash")
        return {**plain, "hash": own}

    @property
    def said(self) -> str:
        """What it says, in words."""
        return self.entry


class Asked(LedgerEntry):
    """Entry of a new question: its full content."""

    content: dict[str, Any]  # The question
    digest: Digest  # SHA-256 of it as JSON with sorted keys, without spaces


class Answered(LedgerEntry):
    """Forecast of a question on a day."""

    # Day whose knowledge it rests on: not before the question was asked or the answer before, not
    # after `written`, and before the window ends
    as_of: Day
    chance: Chance | None  # Probability of yes, if not void; null if void in every simulation
    mcse: Annotated[float, Field(ge=0)] | None = None  # Its Monte Carlo standard error
    void: Chance | None = None  # Probability of too few events, or that a condition is not true
    recorded: Annotated[int, Field(ge=0)] = 0  # Months of the window recorded by then
    by: Text = "the model"  # Who answers
    data: Digest | None  # SHA-256 of the fit's data on its dyads
    model: (
        Digest | None
    )  # SHA-256 of the model's choices (`PendulumSpec.to_dict`, sorted keys, without spaces)
    seed: int  # Seed and number of simulations; both zero of an answer without simulations
    simulations: int = Field(ge=0, alias="futures")
    converged: bool = True  # The convergence checks passed
    # Of a count: its kind was not calibrated or not scored, or its base rate is far away. Of
    # several dyads: they are assumed to be independent. Left out if there is nothing to say
    note: Text | None = None

    @property
    def said(self) -> str:
        """The forecast in words."""
        mark = "" if self.converged else ", NOT CONVERGED: do not use it"
        note = f". {self.note}" if self.note else ""
        return f"{chance(self.chance)} as of {self.as_of}{mark}{note}"


class Priced(LedgerEntry):
    """Price of an outside question by a source."""

    as_of: Day  # Day of the price
    source: Annotated[str, Field(min_length=1, max_length=80)]  # Who states it
    price: Chance  # Probability of yes

    @property
    def said(self) -> str:
        """The price in words."""
        return f"{self.source} {self.price:.3f} on {self.as_of}"


class Confirmed(LedgerEntry):
    """Confirmation of a doubted forecast by a person, without which it is not published."""

    chance: Chance  # The forecast
    doubts: list[Literal["base rate", "report", "each other"]]  # What it contradicts
    by: Annotated[str, Field(min_length=1, max_length=80)]  # Who confirms it
    why: Annotated[str, Field(min_length=1, max_length=2_000)]  # In words

    @property
    def said(self) -> str:
        """The confirmation in words."""
        return f"{chance(self.chance)} confirmed by {self.by}: {self.why}"


class Resolved(LedgerEntry):
    """Resolution of a question, with the data used."""

    # Day whose knowledge decided it: from the end of the window (of the first part to end) to
    # `written`, which comes after the window. A void question without an edition has an earlier
    # one; it is written after `void_after`
    as_of: Day
    outcome: Literal["yes", "no", "void"]  # `yes`, `no` or `void`
    reason: Text  # In words
    events: Annotated[int, Field(ge=0)] | None = Field(default=None, alias="happenings")
    cooperative: Annotated[int, Field(ge=0)] | None = None
    of_a_kind: Annotated[int, Field(ge=0)] | None = None
    # SHA-256 of what was known of the dyad; 64 zeros of an outside question
    data: Digest
    # Day on which the events that were asked for had been recorded: forecasts from then on are not
    # scored. Left out where the end of the window decides
    decided: Day | None = None
    # Who resolved an outside question; left out of all others
    source: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _parts_of_all(self) -> "Resolved":
        """Reject numbers of events that cannot be: a part of the events of the window is at most all of them."""
        for name, part in (("cooperative", self.cooperative), ("of_a_kind", self.of_a_kind)):
            # Of a question about a set of events the others are not counted.
            counted_alone = name == "of_a_kind" and self.events is None
            if part is not None and not counted_alone and part > (self.events or 0):
                raise ValueError(
                    f"{name}: {part:,} of {self.events or 0:,} events; expected at most all of them"
                )
        return self

    @property
    def said(self) -> str:
        """The resolution in words."""
        return f"{self.outcome.upper()}, {self.reason}"


class Withdrawn(LedgerEntry):
    """Withdrawal of a question: it stays in the ledger with its forecasts, and is not scored."""

    why: Annotated[str, Field(min_length=1, max_length=2_000)]  # In words

    @property
    def said(self) -> str:
        """The withdrawal in words."""
        return f"withdrawn on {self.day}: {self.why}"


KINDS: dict[str, type[LedgerEntry]] = {
    "asked": Asked,
    "answered": Answered,
    "priced": Priced,
    "confirmed": Confirmed,
    "resolved": Resolved,
    "withdrawn": Withdrawn,
}


def line_of(plain: Mapping[str, Any]) -> bytes:
    """Return the line, without its end, of the fields of an entry."""
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def hash_of(plain: Mapping[str, Any]) -> str:
    """Return the hash of plain values, such as the fields of an entry: of JSON with sorted keys, without `hash`."""
    hashed = {name: value for name, value in plain.items() if name != "hash"}
    return digest(
        json.dumps(hashed, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    )


Timing = Literal["as it happened", "late", "retrospective"]
IN_TIME: Timing = "as it happened"
LATE: Timing = "late"
WITH_HINDSIGHT: Timing = "retrospective"
TIMINGS = (IN_TIME, LATE, WITH_HINDSIGHT)
GRACE = timedelta(days=31)
"""Longest delay of an entry after its data date; later entries count as late."""


@dataclass
class History:
    """All that a ledger holds of a question, in order."""

    question: Question
    asked: LedgerEntry
    answers: list[Answered] = field(default_factory=list)
    # Answers of another copy of the ledger that are older than those that were here when they came;
    # they never count.
    superseded: list[Answered] = field(default_factory=list)
    prices: list[Priced] = field(default_factory=list)  # Of an outside question
    confirmations: list[Confirmed] = field(default_factory=list)  # Of doubted forecasts
    resolution: Resolved | None = None
    withdrawal: Withdrawn | None = None

    @property
    def last_answer(self) -> Answered | None:
        """Latest forecast."""
        return self.answers[-1] if self.answers else None

    @property
    def outcome(self) -> str:
        """Resolution; `withdrawn`, or `open` if unresolved."""
        if self.withdrawal is not None:
            return "withdrawn"
        return self.resolution.outcome if self.resolution else "open"

    def timing(self, entry: LedgerEntry) -> Timing:
        """Return when its asking or an answer was written: in time, late, or when the window was over."""
        known = (
            date.fromisoformat(entry.as_of) if isinstance(entry, Answered) else self.question.asked
        )
        return written_when(entry, self.question, known)

    def supersedes(self, entry: Answered) -> bool:
        """Return whether an answer that came from another copy of the ledger is older than the last one here."""
        return (
            entry.origin is not None
            and self.last_answer is not None
            and entry.as_of < self.last_answer.as_of
        )

    def require_forward(self, as_of: date) -> None:
        """Reject an answer as of a day before that of the last one."""
        last = self.last_answer
        if last is not None and as_of.isoformat() < last.as_of:
            raise BadLine(
                f"field `as_of`: {as_of} is before {last.as_of}, the day of the answer to {self.question.id} in line "
                f"{last.number}; answer as of {last.as_of} or a later day"
            )


def written_when(entry: LedgerEntry, question: Question, known: date) -> Timing:
    """Return when an entry was written, given the day whose knowledge it rests on."""
    if question.over(entry.day):
        return WITH_HINDSIGHT
    return LATE if entry.day > known + GRACE else IN_TIME


def is_retrospective(entry: LedgerEntry, history: History) -> bool:
    """Return whether an entry is written with hindsight.

    A resolution is retrospective if its question is.
    """
    return (
        history.asked.retrospective
        if isinstance(entry, Resolved)
        else history.question.over(entry.day)
    )


def follow(found: dict[str, History], entry: LedgerEntry) -> None:
    """Add an entry to the history of its question."""
    history = _begun(found, entry) if isinstance(entry, Asked) else _asked(found, entry)
    if isinstance(entry, Answered | Priced | Resolved):
        known = date.fromisoformat(entry.as_of)
        if isinstance(entry, Answered):
            _require_answer(history, entry)
        elif isinstance(entry, Priced):
            _require_price(history, known)
        elif isinstance(history.question, OutsideQuestion):
            _require_outcome(history, entry, known)
        else:
            _require_resolution(history, entry)
        if known > entry.day:
            raise BadLine(
                f"field `as_of`: {known} is after {entry.day}, the day it was written; give a day up to then"
            )
    if isinstance(entry, Withdrawn):
        _require_withdrawal(history, entry)
    if entry.retrospective != is_retrospective(entry, history):
        raise BadLine(
            f"field `retrospective`: {str(entry.retrospective).lower()} is stated, but it was written on "
            f"{entry.day}, and the window of {entry.question} ends on {history.question.last}; "
            "`append_entries` derives it"
        )
    found[entry.question] = history
    if isinstance(entry, Answered):
        (history.superseded if history.supersedes(entry) else history.answers).append(entry)
    elif isinstance(entry, Priced):
        history.prices.append(entry)
    elif isinstance(entry, Resolved):
        history.resolution = entry
    elif isinstance(entry, Withdrawn):
        history.withdrawal = entry
    elif isinstance(entry, Confirmed):
        history.confirmations.append(entry)


def _content(entry: Asked) -> Question:
    try:
        return question_of(entry.content, f"field `content`: {entry.question}")
    except QuestionError as error:
        raise BadLine(str(error)) from error


def _begun(found: dict[str, History], entry: Asked) -> History:
    if entry.question in found:
        raise BadLine(f"field `question`: {entry.question} was asked already; give it another name")
    question = _content(entry)
    if question.id != entry.question or question.digest != entry.digest:
        raise BadLine(
            f"field `digest`: the question {entry.question} does not have the digest that is stated"
        )
    if question.asked > entry.day:
        raise BadLine(
            f"field `content.asked`: {question.asked} is after {entry.day}, the day it was written; ask as of "
            "a day up to then"
        )
    return History(question, entry)


def _asked(found: dict[str, History], entry: LedgerEntry) -> History:
    history = found.get(entry.question)
    if history is None:
        raise BadLine(f"field `question`: {entry.question} was never asked; ask it first")
    if history.resolution is not None:
        raise BadLine(
            f"field `question`: {entry.question} is resolved already, in line {history.resolution.number}"
        )
    if history.withdrawal is not None:
        raise BadLine(
            f"field `question`: {entry.question} was withdrawn, in line {history.withdrawal.number}; ask another"
        )
    return history


def _require_withdrawal(history: History, entry: Withdrawn) -> None:
    """Reject a withdrawal of a question whose outcome may be known: only what is open can be taken back."""
    if history.question.over(entry.day):
        raise BadLine(
            f"field `written`: the window of {history.question.id} is over on {entry.day}, so that its outcome may be "
            "known; resolve it"
        )


def _require_answer(history: History, entry: Answered) -> None:
    question, known = history.question, date.fromisoformat(entry.as_of)
    if known < question.asked:
        raise BadLine(
            f"field `as_of`: {question.id} was asked on {question.asked}, after {known}; answer a later day"
        )
    if question.over(known):
        raise BadLine(f"field `as_of`: the window of {question.id} is over on {known}; resolve it")
    if not history.supersedes(entry):
        history.require_forward(known)


def _require_price(history: History, known: date) -> None:
    question = history.question
    if not isinstance(question, OutsideQuestion):
        raise BadLine(
            f"field `question`: {question.id} is no outside question; only these have prices"
        )
    if known > question.closes:
        raise BadLine(
            f"field `as_of`: {question.id} closed on {question.closes}; give a price of a day up to then"
        )


def _require_outcome(history: History, entry: Resolved, known: date) -> None:
    """Reject an outcome of an outside question without a source, or from before it was entered."""
    if entry.source is None:
        raise BadLine(f"field `source`: {history.question.id} is resolved elsewhere; say by whom")
    if known < history.question.asked:
        raise BadLine(
            f"field `as_of`: {known} is before {history.question.asked}, when {history.question.id} was entered; a "
            "question whose outcome was known then is none"
        )


def _require_resolution(history: History, entry: Resolved) -> None:
    question = history.question
    if not question.resolvable:
        raise BadLine(f"field `question`: no data decide {question.id}, which is about the level")
    last = question.earliest
    if entry.day <= last:
        raise BadLine(
            f"field `written`: the window of {question.id} is not over on {entry.day}; resolve it after {last}"
        )
    if entry.as_of < last.isoformat() and (
        entry.outcome != "void" or entry.day <= question.void_after
    ):
        raise BadLine(
            f"field `as_of`: the window of {question.id} is not over on {entry.as_of}; resolve it with data that reach "
            f"{last}, or as void after {question.void_after}"
        )
