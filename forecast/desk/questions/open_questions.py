"""Answers and resolutions of open questions, as entries of a ledger, or the reason for none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.base.errors import QuestionError
from forecast.data.panel.record import coverage_end, last_known
from forecast.desk.questions.deciding import PanelOf, decided_note, decided_on, deciding_rows
from forecast.desk.questions.drafts import answered, resolved
from forecast.desk.questions.entry import Draft
from forecast.desk.questions.event_question import as_events
from forecast.desk.questions.events import answer_events, events_answer
from forecast.desk.questions.history import History
from forecast.desk.questions.outside import OutsideQuestion
from forecast.desk.questions.resolution import (
    Resolution,
    resolve_events,
    resolve_parts,
    resolve_question,
)
from forecast.outlook.hazards.results import Expected
from forecast.outlook.question import Question, SingleQuestion

if TYPE_CHECKING:
    import xarray as xr

    from forecast.data.events import EventTable
    from forecast.data.records import Records
    from forecast.outlook.draws import FitLike


NOTHING_NEW = "nothing new since the last answer"
"""Reason for no entry: the forecast would repeat the last one."""


def needs_no_fit(question: Question) -> bool:
    """Return whether a question is answered from the record alone, or elsewhere."""
    return isinstance(question, OutsideQuestion) or as_events(question) is not None


def answer_of(
    history: History,
    fit: "FitLike",
    *,
    model: Mapping[str, Any],
    converged: bool,
    seed: int,
    table: "EventTable | None",
) -> Draft | str:
    """Return the entry of a question's answer from a fit, or why there is none.

    Events need the table alone.
    """
    as_of = last_known(fit.panel)
    if needs_no_fit(history.question):
        return event_answer_of(history, table, as_of)
    if closed := history.question.closed(as_of):
        return closed
    history.require_forward(as_of)  # before long work
    # It imports xarray and SciPy, which questions about events do without.
    from forecast.desk.questions.answer import answer_question

    answer = answer_question(fit, history.question, seed=seed, table=table)
    draft = answered(answer, model=model, converged=converged)
    if table is not None and _counts(history.question):
        draft |= _decided_note(history.question, table, lambda dyad: fit.panel, as_of)
    return _unless_repeated(history, draft)


def event_answer_of(
    history: History,
    table: "EventTable | None",
    as_of: date | None = None,
    expect: Sequence[Expected] = (),
) -> Draft | str:
    """Return the entry of the answer to a question about events, or the reason for none."""
    named = history.question
    question = named.event if isinstance(named, OutsideQuestion) else as_events(named)
    if question is None:
        return "names no set of events; enter your own number with `question say`"
    if table is None:
        return "asks about single events, which these data do not have"
    day = as_of or max(coverage_end(table, question.dyad, question.dataset), named.asked)
    if closed := named.closed(day):
        return closed
    history.require_forward(day)
    forecast = answer_events(table, question, as_of=day, expect=expect)
    draft = {**events_answer(question, forecast), "question": named.id}
    if not isinstance(named, OutsideQuestion):
        draft |= _decided_note(question, table, _no_panel, day)
    return _unless_repeated(history, draft)


def resolution_of(history: History, records: "Records", day: date, *, now: date) -> Draft | str:
    """Return the entry of a question's resolution as of a day, or the reason for none.

    What resolves is final: added events resolve only where somebody says to which day the record is
    complete.
    """
    question = history.question
    if isinstance(question, OutsideQuestion):
        return "is resolved elsewhere: enter it with --outcome and --source"

    def resolve(part: SingleQuestion) -> Resolution:
        code = records.find(part.dyad)
        end = records.last_stated_day(code, part.dataset)
        if (events := as_events(part)) is not None:
            if records.events is None:
                raise QuestionError(
                    f"{part.id}: asks about single events, which these data do not have"
                )
            resolution = resolve_events(records.events, events, day, end)
        else:
            panel = records.panel([code], day)
            resolution = resolve_question(
                panel, part, today=day, table=records.events, coverage_end=end
            )
        if resolution.outcome in ("open", "never") or part.last < now:
            return resolution
        return replace(
            resolution,
            outcome="open",
            reason=f"its window ends on {part.last}; resolve it after that day",
        )

    resolution = resolve_parts(question, resolve)
    if resolution.outcome in ("open", "never"):
        return resolution.reason
    draft = resolved(resolution)
    if resolution.outcome == "yes" and records.events is not None and _counts(question):
        rows = deciding_rows(
            question, records.events, lambda dyad: records.panel([records.find(dyad)], day), day
        )
        decided = decided_on(question, rows)
        if decided is not None and decided <= question.last:
            draft["decided"] = decided.isoformat()
    return draft


def _decided_note(question: Question, table: "EventTable", panel_of: PanelOf, day: date) -> Draft:
    """Return the note of a forecast of an event that has happened, in place of any other."""
    decided = decided_on(question, deciding_rows(question, table, panel_of, day))
    return {} if decided is None else {"note": decided_note(decided)}


def _no_panel(dyad: str) -> "xr.Dataset":
    raise QuestionError(f"{dyad}: events of a set need no panel")


def _unless_repeated(history: History, draft: Draft) -> Draft | str:
    """Return an answer unless it repeats the last one."""
    last = {} if history.last_answer is None else history.last_answer.plain
    same = all(last.get(name) == value for name, value in draft.items())
    return NOTHING_NEW if same else draft


def _counts(question: Question) -> bool:
    """Return whether events can decide a question before its window ends."""
    return all(as_events(part) is not None for part in question.parts)
