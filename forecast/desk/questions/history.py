"""Histories of questions, and the order in which entries of a ledger may follow each other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Literal

from forecast.base.errors import QuestionError
from forecast.desk.questions.entry import (
    MOMENT,
    NO_HASH,
    PACKAGE,
    AnsweredEntry,
    AskedEntry,
    BadLine,
    ConfirmedEntry,
    Draft,
    LedgerEntry,
    PricedEntry,
    ResolvedEntry,
    WithdrawnEntry,
    hash_of,
    line_of,
)
from forecast.desk.questions.form import question_of
from forecast.desk.questions.outside import OutsideQuestion
from forecast.outlook.question import Question

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
    answers: list[AnsweredEntry] = field(default_factory=list)
    # Answers of another copy of the ledger that are older than those that were here when they came;
    # they never count.
    superseded: list[AnsweredEntry] = field(default_factory=list)
    prices: list[PricedEntry] = field(default_factory=list)  # Of an outside question
    confirmations: list[ConfirmedEntry] = field(default_factory=list)  # Of doubted forecasts
    resolution: ResolvedEntry | None = None
    withdrawal: WithdrawnEntry | None = None

    @property
    def last_answer(self) -> AnsweredEntry | None:
        """Latest forecast."""
        return self.answers[-1] if self.answers else None

    @property
    def outcome(self) -> str:
        """Resolution; `withdrawn`, or `open` if unresolved."""
        if self.withdrawal is not None:
            return "withdrawn"
        return self.resolution.outcome if self.resolution else "open"

    def timing(self, entry: LedgerEntry) -> Timing:
        """Return whether an entry was written in time, late, or after the window."""
        knowledge_day = (
            date.fromisoformat(entry.as_of)
            if isinstance(entry, AnsweredEntry)
            else self.question.asked
        )
        return written_when(entry, self.question, knowledge_day)

    def supersedes(self, entry: AnsweredEntry) -> bool:
        """Return whether an answer of another copy is older than the last one here."""
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
                f"field `as_of`: {as_of} is before {last.as_of}, the day of the answer to "
                f"{self.question.id} in line {last.number}; answer as of {last.as_of} or a later "
                "day"
            )


def written_when(entry: LedgerEntry, question: Question, knowledge_day: date) -> Timing:
    """Return when an entry was written, given the day whose knowledge it rests on."""
    if question.over(entry.day):
        return WITH_HINDSIGHT
    return LATE if entry.day > knowledge_day + GRACE else IN_TIME


def is_retrospective(entry: LedgerEntry, history: History) -> bool:
    """Return whether an entry is written with hindsight.

    A resolution is retrospective if its question is.
    """
    return (
        history.asked.retrospective
        if isinstance(entry, ResolvedEntry)
        else history.question.over(entry.day)
    )


def next_entry(
    draft: Draft, number: int, previous: str, written: datetime, histories: Mapping[str, History]
) -> LedgerEntry:
    """Return the entry that follows a line, with its hash; `histories` are by question."""
    entry = LedgerEntry.of(
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
    if isinstance(entry, AskedEntry):
        history: History | None = History(_content(entry), entry)
    else:
        history = histories.get(entry.question)
    hindsight = history is not None and is_retrospective(entry, history)
    entry = entry.model_copy(update={"retrospective": hindsight})
    # By way of JSON, so that what is hashed is what will be read.
    return entry.model_copy(update={"hash": hash_of(json.loads(line_of(entry.plain)))})


def follow(histories: dict[str, History], entry: LedgerEntry) -> None:
    """Add an entry to the history of its question."""
    history = (
        _begun(histories, entry) if isinstance(entry, AskedEntry) else _asked(histories, entry)
    )
    if isinstance(entry, AnsweredEntry | PricedEntry | ResolvedEntry):
        knowledge_day = date.fromisoformat(entry.as_of)
        if isinstance(entry, AnsweredEntry):
            _require_answer(history, entry)
        elif isinstance(entry, PricedEntry):
            _require_price(history, knowledge_day)
        elif isinstance(history.question, OutsideQuestion):
            _require_outcome(history, entry, knowledge_day)
        else:
            _require_resolution(history, entry)
        if knowledge_day > entry.day:
            raise BadLine(
                f"field `as_of`: {knowledge_day} is after {entry.day}, the day it was written; "
                "give a day up to then"
            )
    if isinstance(entry, WithdrawnEntry):
        _require_withdrawal(history, entry)
    if entry.retrospective != is_retrospective(entry, history):
        raise BadLine(
            f"field `retrospective`: {str(entry.retrospective).lower()} is stated, but it was "
            f"written on {entry.day}, and the window of {entry.question} ends on "
            f"{history.question.last}; `append_entries` derives it"
        )
    histories[entry.question] = history
    if isinstance(entry, AnsweredEntry):
        (history.superseded if history.supersedes(entry) else history.answers).append(entry)
    elif isinstance(entry, PricedEntry):
        history.prices.append(entry)
    elif isinstance(entry, ResolvedEntry):
        history.resolution = entry
    elif isinstance(entry, WithdrawnEntry):
        history.withdrawal = entry
    elif isinstance(entry, ConfirmedEntry):
        history.confirmations.append(entry)


def _content(entry: AskedEntry) -> Question:
    try:
        return question_of(entry.content, f"field `content`: {entry.question}")
    except QuestionError as error:
        raise BadLine(str(error)) from error


def _begun(histories: dict[str, History], entry: AskedEntry) -> History:
    if entry.question in histories:
        raise BadLine(f"field `question`: {entry.question} was asked already; give it another name")
    question = _content(entry)
    if question.id != entry.question or question.digest != entry.digest:
        raise BadLine(
            f"field `digest`: the question {entry.question} does not have the digest that is stated"
        )
    if question.asked > entry.day:
        raise BadLine(
            f"field `content.asked`: {question.asked} is after {entry.day}, the day it was "
            "written; ask as of a day up to then"
        )
    return History(question, entry)


def _asked(histories: dict[str, History], entry: LedgerEntry) -> History:
    history = histories.get(entry.question)
    if history is None:
        raise BadLine(f"field `question`: {entry.question} was never asked; ask it first")
    if history.resolution is not None:
        raise BadLine(
            f"field `question`: {entry.question} is resolved already, in line "
            f"{history.resolution.number}"
        )
    if history.withdrawal is not None:
        raise BadLine(
            f"field `question`: {entry.question} was withdrawn, in line "
            f"{history.withdrawal.number}; ask another"
        )
    return history


def _require_withdrawal(history: History, entry: WithdrawnEntry) -> None:
    """Reject a withdrawal after the window, when the outcome may be known."""
    if history.question.over(entry.day):
        raise BadLine(
            f"field `written`: the window of {history.question.id} is over on {entry.day}, so that "
            "its outcome may be known; resolve it"
        )


def _require_answer(history: History, entry: AnsweredEntry) -> None:
    question, knowledge_day = history.question, date.fromisoformat(entry.as_of)
    if knowledge_day < question.asked:
        raise BadLine(
            f"field `as_of`: {question.id} was asked on {question.asked}, after {knowledge_day}; "
            "answer a later day"
        )
    if question.over(knowledge_day):
        raise BadLine(
            f"field `as_of`: the window of {question.id} is over on {knowledge_day}; resolve it"
        )
    if not history.supersedes(entry):
        history.require_forward(knowledge_day)


def _require_price(history: History, knowledge_day: date) -> None:
    question = history.question
    if not isinstance(question, OutsideQuestion):
        raise BadLine(
            f"field `question`: {question.id} is no outside question; only these have prices"
        )
    if knowledge_day > question.closes:
        raise BadLine(
            f"field `as_of`: {question.id} closed on {question.closes}; give a price of a day up "
            "to then"
        )


def _require_outcome(history: History, entry: ResolvedEntry, knowledge_day: date) -> None:
    """Reject an outcome of an outside question without a source, or from before it was entered."""
    if entry.source is None:
        raise BadLine(f"field `source`: {history.question.id} is resolved elsewhere; say by whom")
    if knowledge_day < history.question.asked:
        raise BadLine(
            f"field `as_of`: {knowledge_day} is before {history.question.asked}, when "
            f"{history.question.id} was entered; a question whose outcome was known then is none"
        )


def _require_resolution(history: History, entry: ResolvedEntry) -> None:
    question = history.question
    if not question.resolvable:
        raise BadLine(f"field `question`: no data decide {question.id}, which is about the level")
    last = question.earliest
    if entry.day <= last:
        raise BadLine(
            f"field `written`: the window of {question.id} is not over on {entry.day}; resolve it "
            f"after {last}"
        )
    if entry.as_of < last.isoformat() and (
        entry.outcome != "void" or entry.day <= question.void_after
    ):
        raise BadLine(
            f"field `as_of`: the window of {question.id} is not over on {entry.as_of}; resolve it "
            f"with data that reach {last}, or as void after {question.void_after}"
        )
