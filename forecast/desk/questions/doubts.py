"""Forecasts that a person must confirm before they are published.

A forecast is doubted where it is twice or half the base rate, where a report as of the same day
states another number for the same question, and where two forecasts contradict each other: of the
same question, of a question that includes another, or of outcomes that exclude each other. Who
confirms one says why, and the ledger keeps it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Literal

from forecast.base.wording import chance, join
from forecast.desk.questions.deciding import HAPPENED
from forecast.desk.questions.entry import AnsweredEntry
from forecast.desk.questions.event_question import as_events
from forecast.desk.questions.history import History
from forecast.outlook.question import ComparedQuestion, Question
from forecast.outlook.question_types import ShareQuestion

TOLERANCE = 0.02
"""Probability by which two forecasts may contradict each other: a few Monte Carlo errors of some
thousand draws."""
FACTOR, POINTS = 2.0, 0.05
"""A chance is far from another if it is at least so many times as high or as low, and so many
points away."""
SAME = 0.005
"""Probability by which two statements of one number may differ: less than half a per cent, as they
are printed."""

type Kind = Literal["base rate", "report", "each other"]


@dataclass(frozen=True)
class Doubt:
    """A reason to doubt the last forecast of a question."""

    question: str
    kind: Kind
    chance: float  # The forecast
    reason: str  # In words
    confirmed: bool = False  # A person has confirmed the forecast

    @property
    def sentence(self) -> str:
        """The doubt in words."""
        return f"{self.question}: {chance(self.chance)} {self.reason}"


def far_apart(chance: float, base_rate: float) -> bool:
    """Return whether a chance and a base rate differ by a factor of two and by many points."""
    less, more = sorted((chance, base_rate))
    return more >= FACTOR * less and more - less >= POINTS


def doubts_of(
    histories: Iterable[History], reports: Sequence[Mapping[str, Any]] = ()
) -> tuple[Doubt, ...]:
    """Return the doubts about the last forecasts of open questions.

    `reports` are contents of `forecast.json`.
    """
    stated = [
        (history, history.last_answer)
        for history in histories
        if history.outcome == "open" and history.question.resolvable
    ]
    forecast_now = [
        (history, last) for history, last in stated if last is not None and last.chance is not None
    ]
    doubts = [
        *_against_base_rates(forecast_now),
        *_against_reports(forecast_now, reports),
        *_against_each_other(forecast_now),
    ]
    by_name = {history.question.id: history for history, _ in forecast_now}
    return tuple(
        Doubt(
            doubt.question,
            doubt.kind,
            doubt.chance,
            doubt.reason,
            _is_confirmed(by_name[doubt.question], doubt),
        )
        for doubt in dict.fromkeys(doubts)
    )


type Stated = Sequence[tuple[History, AnsweredEntry]]
"""Questions with their last forecast."""


def _is_confirmed(history: History, doubt: Doubt) -> bool:
    """Return whether a person confirmed this forecast or one within a factor of two of it."""
    return any(
        doubt.kind in confirmation.doubts and not far_apart(doubt.chance, confirmation.chance)
        for confirmation in history.confirmations
    )


def _against_base_rates(stated: Stated) -> Iterable[Doubt]:
    for history, last in stated:
        base, value = history.question.base_rate, float(last.chance or 0.0)
        happened = (last.note or "").startswith(HAPPENED)
        if base is not None and not happened and far_apart(value, base):
            yield Doubt(
                history.question.id, "base rate", value, f"against a base rate of {chance(base)}"
            )


def _against_reports(stated: Stated, reports: Sequence[Mapping[str, Any]]) -> Iterable[Doubt]:
    for history, last in stated:
        for report in reports:
            if report["dyad"] != history.question.dyad or report["as_of"] != last.as_of:
                continue
            other, same = _in_report(history.question, report)
            value = float(last.chance or 0.0)
            if other is not None and (
                abs(value - other) > SAME if same else far_apart(value, other)
            ):
                yield Doubt(
                    history.question.id,
                    "report",
                    value,
                    f"against {chance(other)} in the report of that day",
                )


def _in_report(question: Question, report: Mapping[str, Any]) -> tuple[float | None, bool]:
    """Return what a report says of a question, and whether both compute it alike."""
    windows = report["recorded"] if isinstance(report["recorded"], list) else []
    same_window = [
        window
        for window in windows
        if (window["first"], window["until"]) == (str(question.first), str(question.last))
    ]
    if not same_window:
        return None, False
    if (
        isinstance(question, ShareQuestion)
        and question.kind == "share"
        and question.baseline is not None
    ):
        fixed, before = question.baseline, same_window[0]["baseline"]
        same = (str(fixed.first), str(fixed.last)) == (before.get("first"), before.get("last"))
        if same and fixed.points == report["smallest_improvement"]:
            return same_window[0]["up" if question.compare == "at least" else "down"].get(
                "value"
            ), True
    return None, False


def _against_each_other(stated: Stated) -> Iterable[Doubt]:
    for (history, last), (other, theirs) in permutations(stated, 2):
        if last.as_of != theirs.as_of or history.question.dyad != other.question.dyad:
            continue
        value, more = float(last.chance or 0.0), float(theirs.chance or 0.0)
        if _includes(other.question, history.question) and value > more + TOLERANCE:
            reason = (
                f"against {chance(more)} of {other.question.id}, which is true whenever this is"
            )
            yield Doubt(history.question.id, "each other", value, reason)
        once = history.question.id < other.question.id
        if once and value + more > 1 + TOLERANCE and _exclude(history.question, other.question):
            reason = f"and {chance(more)} of {other.question.id}: they exclude each other"
            yield Doubt(history.question.id, "each other", value, reason)


def _includes(wide: Question, narrow: Question) -> bool:
    """Return whether one question is true whenever another one is."""
    more, fewer = as_events(wide), as_events(narrow)
    if more is not None and fewer is not None:
        alike = ("dataset", "codes", "summary_words", "by", "actor", "quiet")
        inside = more.first <= fewer.first and fewer.last <= more.last
        return (
            _same(more, fewer, alike)
            and inside
            and more.quiet is None
            and more.at_least <= fewer.at_least
        )
    if _comparable(wide, narrow):
        assert isinstance(wide, ComparedQuestion) and isinstance(narrow, ComparedQuestion)
        if wide.compare != narrow.compare:
            return False
        return (
            wide.bound <= narrow.bound if wide.compare == "at least" else wide.bound >= narrow.bound
        )
    return False


def _exclude(question: Question, other: Question) -> bool:
    """Return whether at most one of two questions can be true."""
    if not _comparable(question, other):
        return False
    assert isinstance(question, ComparedQuestion) and isinstance(other, ComparedQuestion)
    if question.compare == other.compare:
        return False
    least, most = (question, other) if question.compare == "at least" else (other, question)
    return least.bound > most.bound


def _comparable(question: Question, other: Question) -> bool:
    """Return whether two questions ask of the share, or the tone, of the same window."""
    both = isinstance(question, ComparedQuestion) and isinstance(other, ComparedQuestion)
    return (
        both
        and question.kind == other.kind != "passage"
        and _same(question, other, ("dataset", "first", "last"))
    )


def _same(question: Question, other: Question, names: Sequence[str]) -> bool:
    return all(getattr(question, name) == getattr(other, name) for name in names)


def doubts_sentence(doubts: Sequence[Doubt]) -> str:
    """Return what there is to confirm, in a sentence."""
    names = list(dict.fromkeys(doubt.question for doubt in doubts if not doubt.confirmed))
    return (
        f"To confirm before they are published: {join(names)}."
        if names
        else "Nothing is to be confirmed."
    )
