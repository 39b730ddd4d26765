"""Entries to be appended to a ledger: what is said of a question, as plain fields."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.base.dates import reject_future
from forecast.base.errors import LedgerError, QuestionError
from forecast.desk.questions.doubts import Doubt
from forecast.desk.questions.entry import EVENTS_FIELD, NO_HASH, Draft, hash_of
from forecast.desk.questions.outside import OutsideQuestion, require_price
from forecast.desk.questions.resolution import Resolution
from forecast.outlook.question import Question
from forecast.outlook.summary import NotDefined

if TYPE_CHECKING:
    from forecast.desk.questions.answer import Answer


def asked(question: Question) -> Draft:
    """Return the entry that a question is asked."""
    return {
        "entry": "asked",
        "question": question.id,
        "content": question.plain,
        "digest": question.digest,
    }


def answered(answer: "Answer", *, model: Mapping[str, Any] | None, converged: bool) -> Draft:
    """Return the entry of an answer from a fit, of which `model` are the choices."""
    chance = None if isinstance(answer.chance, NotDefined) else answer.chance
    return {
        "entry": "answered",
        "question": answer.question,
        "as_of": answer.as_of.isoformat(),
        "chance": None if chance is None else round(float(chance.value), 6),
        "mcse": None if chance is None else round(float(chance.mcse), 6),
        "void": round(float(answer.void.value), 6),
        "recorded": answer.recorded,
        "by": "the model",
        "data": answer.data or None,
        "model": None if model is None else hash_of(model),
        "seed": answer.seed,
        "futures": answer.simulations,
        "converged": converged,
        "note": answer.note or None,
    }


def resolved(resolution: Resolution) -> Draft:
    """Return the entry of a resolution."""
    if resolution.outcome in ("open", "never"):
        raise LedgerError(f"{resolution.question}: it is not decided: {resolution.reason}")
    fields = asdict(resolution)
    fields[EVENTS_FIELD] = fields.pop("events")
    return {"entry": "resolved", **fields, "as_of": resolution.as_of.isoformat()}


def priced(question: Question, source: str, price: float, day: date) -> Draft:
    """Return the entry of a price of an outside question."""
    if isinstance(question, OutsideQuestion) and day < question.asked:
        raise QuestionError(
            f"{question.id}: on: {day} is before {question.asked}, the day it was entered; give a "
            "later price"
        )
    reject_future(day, "on")
    return {
        "entry": "priced",
        "question": question.id,
        "as_of": day.isoformat(),
        "source": source,
        "price": require_price(price),
    }


def own_number(question: Question, chance: float, day: date) -> Draft:
    """Return the entry of a number of one's own for an outside question."""
    return {
        "entry": "answered",
        "question": question.id,
        "as_of": day.isoformat(),
        "chance": require_price(chance),
        "mcse": None,
        "void": 0.0,
        "recorded": 0,
        "by": "you",
        "data": None,
        "model": None,
        "seed": 0,
        "futures": 0,
        "converged": True,
        "note": None,
    }


def outcome_of(question: Question, outcome: str, source: str, day: date) -> Draft:
    """Return the entry of the outcome of an outside question."""
    if not isinstance(question, OutsideQuestion):
        raise QuestionError(f"{question.id}: data resolve it; leave out the outcome")
    if outcome not in ("yes", "no", "void"):
        raise QuestionError(f"outcome: got {outcome!r:.40}; expected yes, no or void")
    return {
        "entry": "resolved",
        "question": question.id,
        "as_of": day.isoformat(),
        "outcome": outcome,
        "reason": f"resolved by {source}",
        "data": NO_HASH,
        "source": source,
    }


def withdrawn(question: Question, why: str) -> Draft:
    """Return the entry by which a question is withdrawn."""
    if not why.strip():
        raise QuestionError(f"why: expected the reason for withdrawing {question.id}, in words")
    return {"entry": "withdrawn", "question": question.id, "why": " ".join(why.split())}


def confirmed(doubts: Sequence[Doubt], by: str, why: str) -> Draft:
    """Return the entry by which a person confirms the doubted forecast of a question."""
    if not by.strip() or not why.strip():
        raise QuestionError(
            f"by, why: expected who confirms {doubts[0].question}, and the reason in words"
        )
    return {
        "entry": "confirmed",
        "question": doubts[0].question,
        "chance": round(doubts[0].chance, 6),
        "doubts": list(dict.fromkeys(doubt.kind for doubt in doubts)),
        "by": " ".join(by.split()),
        "why": " ".join(why.split()),
    }
