"""Questions as the lines of a ledger tell of them, one after the other: what may follow, and what was said in time."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from forecast.errors import QuestionError
from forecast.questions.entry import Answered, Asked, BadLine, Body, Draft, Entry, Resolved
from forecast.questions.question import Question, question_of

Timing = Literal["as it happened", "late", "retrospective"]
IN_TIME: Timing = "as it happened"
LATE: Timing = "late"
WITH_HINDSIGHT: Timing = "retrospective"
TIMINGS = (IN_TIME, LATE, WITH_HINDSIGHT)
GRACE = timedelta(days=31)
"""What is written later than so long after the day whose knowledge it rests on is late."""


@dataclass
class History:
    """All that a ledger holds of a question, in order.

    Attributes
    ----------
    question : Question
    asked : Entry
    answers : list of Entry
    resolution : Entry or None
    """

    question: Question
    asked: Entry
    answers: list[Entry] = field(default_factory=list)
    resolution: Entry | None = None

    @property
    def last_answer(self) -> Answered | None:
        """What was said last."""
        body = self.answers[-1].body if self.answers else None
        return body if isinstance(body, Answered) else None

    @property
    def outcome(self) -> str:
        """How it was decided; `open` if it was not."""
        body = self.resolution.body if self.resolution else None
        return body.outcome if isinstance(body, Resolved) else "open"

    def timing(self, entry: Entry) -> Timing:
        """Return when its asking or an answer was written: in time, late, or when the window was over."""
        known = date.fromisoformat(entry.body.as_of) if isinstance(entry.body, Answered) else self.question.asked
        return written_when(entry, self.question, known)

    def require_forward(self, as_of: date) -> None:
        """Reject an answer as of a day before that of the last one.

        Raises
        ------
        BadLine
            If it is; the message names the line and both days.
        """
        last = self.last_answer
        if last is not None and as_of.isoformat() < last.as_of:
            raise BadLine(
                f"field `as_of`: {as_of} is before {last.as_of}, the day of the answer to {self.question.id} in line "
                f"{self.answers[-1].number}; answer as of {last.as_of} or a later day"
            )


def written_when(entry: Entry, question: Question, known: date) -> Timing:
    """Return when an entry was written, given the day whose knowledge it rests on."""
    if question.over(entry.day):
        return WITH_HINDSIGHT
    return LATE if entry.day > known + GRACE else IN_TIME


def is_retrospective(draft: Draft, found: dict[str, History], day: date) -> bool:
    """Return whether something written on a day is written with hindsight; a resolution is what its question is."""
    if isinstance(draft.body, Asked):
        return _content(draft.body, draft.question).over(day)
    history = found.get(draft.question)
    return history is not None and _hindsight(history, draft.body, day)


def follow(found: dict[str, History], entry: Entry) -> None:
    """Add an entry to what there is of its question."""
    if isinstance(entry.body, Asked):
        history = _begun(found, entry, entry.body)
    else:
        history = _asked(found, entry)
        known = date.fromisoformat(entry.body.as_of)
        if isinstance(entry.body, Answered):
            _require_answer(history, known)
        else:
            _require_resolution(history, entry, entry.body)
        if known > entry.day:
            raise BadLine(f"field `as_of`: {known} is after {entry.day}, the day it was written; give a day up to then")
    if entry.retrospective != _hindsight(history, entry.body, entry.day):
        raise BadLine(
            f"field `retrospective`: {str(entry.retrospective).lower()} is stated, but it was written on "
            f"{entry.day}, and the window of {entry.question} ends on {history.question.last}; "
            "`append_entries` derives it"
        )
    if isinstance(entry.body, Asked):
        found[entry.question] = history
    elif isinstance(entry.body, Answered):
        history.answers.append(entry)
    else:
        history.resolution = entry


def _hindsight(history: History, body: Body, day: date) -> bool:
    return history.asked.retrospective if isinstance(body, Resolved) else history.question.over(day)


def _content(body: Asked, name: str) -> Question:
    try:
        return question_of(body.content, f"field `content`: {name}")
    except QuestionError as error:
        raise BadLine(str(error)) from error


def _begun(found: dict[str, History], entry: Entry, body: Asked) -> History:
    if entry.question in found:
        raise BadLine(f"field `question`: {entry.question} was asked already; give it another name")
    question = _content(body, entry.question)
    if question.id != entry.question or question.digest != body.digest:
        raise BadLine(f"field `digest`: the question {entry.question} does not have the digest that is stated")
    if question.asked > entry.day:
        raise BadLine(
            f"field `content.asked`: {question.asked} is after {entry.day}, the day it was written; ask as of "
            "a day up to then"
        )
    return History(question, entry)


def _asked(found: dict[str, History], entry: Entry) -> History:
    history = found.get(entry.question)
    if history is None:
        raise BadLine(f"field `question`: {entry.question} was never asked; ask it first")
    if history.resolution is not None:
        raise BadLine(f"field `question`: {entry.question} is resolved already, in line {history.resolution.number}")
    return history


def _require_answer(history: History, known: date) -> None:
    question = history.question
    if known < question.asked:
        raise BadLine(f"field `as_of`: {question.id} was asked on {question.asked}, after {known}; answer a later day")
    if question.over(known):
        raise BadLine(f"field `as_of`: the window of {question.id} is over on {known}; resolve it")
    history.require_forward(known)


def _require_resolution(history: History, entry: Entry, body: Resolved) -> None:
    question = history.question
    if not question.resolvable:
        raise BadLine(f"field `question`: no data decide {question.id}, which is about the level")
    if entry.day <= question.last:
        raise BadLine(
            f"field `written`: the window of {question.id} is not over on {entry.day}; resolve it after {question.last}"
        )
    if body.as_of < question.last.isoformat() and (body.outcome != "void" or entry.day <= question.void_after):
        raise BadLine(
            f"field `as_of`: the window of {question.id} is not over on {body.as_of}; resolve it with data that reach "
            f"{question.last}, or as void after {question.void_after}"
        )
