"""Questions about events of a set, made and answered from the rows alone, without a fit."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from forecast.base.arguments import checked
from forecast.base.dates import Day, add_months, optional_day
from forecast.base.errors import QuestionError
from forecast.base.typing import Dyad
from forecast.base.wording import count
from forecast.data.events import EventTable
from forecast.data.events.dyads import dyad_labels
from forecast.data.events.sets import OWN_CODES
from forecast.data.panel.record import coverage_end
from forecast.desk.questions.event_question import EventQuestion
from forecast.desk.questions.form import VERSION, name_of, question_of
from forecast.outlook.hazards.asked import AskedEvents
from forecast.outlook.hazards.forecast import forecast_events
from forecast.outlook.hazards.results import EventForecast, Expected
from forecast.outlook.question import YEAR


@checked
def make_event_question(
    table: "EventTable",
    dyad: Dyad,
    asked: AskedEvents,
    *,
    as_of: Day | None = None,
    dataset: str | None = None,
    id: str | None = None,
) -> EventQuestion:
    """Make a question about events of a set.

    Parameters
    ----------
    table : EventTable
        Events of the pair.
    dyad : str
        Its code.
    asked : AskedEvents
        Set, window, and number or quiet days.
    as_of : str or datetime.date, optional
        Day it is asked; by default the last day of coverage.
    dataset : str, optional
        By default the first of the table.
    id : str, optional
        Its name; by default made of what it asks.

    Returns
    -------
    EventQuestion

    Raises
    ------
    QuestionError
        If the window makes no sense, or the answer is known already.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> from forecast import AskedEvents, find_set, make_event_question, read_chronology
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> asked = AskedEvents(find_set("strike"), date(2024, 6, 30))
    >>> made = make_event_question(table, "USA-IRN", asked, as_of=date(2024, 3, 31))
    >>> made.id
    'usa-irn-strike-1-2024-04-01-to-2024-06-30'
    """
    forecast = forecast_events(
        table, dyad, asked, as_of_day=optional_day(as_of, "as_of"), dataset=dataset
    )
    asked = forecast.asked  # with the first day of its window
    if asked.quiet is None and forecast.recorded >= asked.at_least:
        raise QuestionError(
            f"from: the window already has {count(forecast.recorded, 'event')} of the set by "
            f"{forecast.as_of}; ask for more (--at-least SET:NUMBER) or from a later day"
        )
    fields = {
        "version": VERSION,
        "id": id or _default_id(dyad, asked),
        "kind": "events",
        "dyad": dyad,
        "label": dyad_labels().get(dyad, dyad),
        "dataset": dataset or table.datasets[0],
        "asked": forecast.as_of,
        "data": forecast.data,
        "void_after": add_months(asked.last, YEAR),
        "base_rate": round(forecast.ten_years, 4),
        **_fields_of(asked),
    }
    question = question_of(
        {field: value for field, value in fields.items() if value is not None}, "question"
    )
    assert isinstance(question, EventQuestion)
    return question


def _fields_of(asked: AskedEvents) -> dict[str, Any]:
    """Return what is asked of the events as fields of a question."""
    wanted = asked.wanted
    return {
        "first": asked.first,
        "last": asked.last,
        "set": wanted.name,
        "definition": wanted.definition,
        "codes": list(wanted.codes),
        "summary_words": list(wanted.words) or None,
        "at_least": asked.at_least,
        "by": asked.by,
        "actor": asked.actor,
        "quiet": asked.quiet,
    }


def _default_id(dyad: str, asked: AskedEvents) -> str:
    assert asked.first is not None
    wanted = asked.wanted
    name = "-".join(wanted.codes) if wanted.name == OWN_CODES else wanted.name
    number = str(asked.at_least) if asked.quiet is None else f"quiet-{asked.quiet}"
    return event_id(dyad, [name, asked.by, asked.actor, number], asked.first, asked.last)


def event_id(dyad: str, what: Sequence[str | None], first: date, last: date) -> str:
    """Return a name made of what is asked, and of which days."""
    return name_of([dyad, *(part or "" for part in what), f"{first}", "to", f"{last}"])


@checked
def answer_events(
    table: "EventTable",
    question: EventQuestion,
    *,
    as_of: Day | None = None,
    expect: Sequence[Expected] = (),
) -> EventForecast:
    """Compute the probability of a question about events, from the events alone.

    Parameters
    ----------
    table : EventTable
    question : EventQuestion
    as_of : str or datetime.date, optional
        Day whose knowledge counts; by default the last day of coverage, or that on which it was
        asked if later.
    expect : sequence of Expected
        Events that you expect, each with its chance.

    Returns
    -------
    EventForecast

    Raises
    ------
    QuestionError
        If its window is over, or it was asked later.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> from forecast import AskedEvents, find_set, make_event_question, read_chronology
    >>> from forecast.desk.questions import answer_events
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> asked = AskedEvents(find_set("strike"), date(2024, 6, 30))
    >>> made = make_event_question(table, "USA-IRN", asked, as_of=date(2024, 3, 31))
    >>> 0 < answer_events(table, made, as_of=date(2024, 4, 1)).chance < 1
    True
    """
    as_of = optional_day(as_of, "as_of")
    day = as_of or max(coverage_end(table, question.dyad, question.dataset), question.asked)
    if closed := question.closed(day):
        raise QuestionError(f"{question.id}: {closed}")
    return forecast_events(
        table,
        question.dyad,
        question.asked_events,
        as_of_day=day,
        expect=expect,
        dataset=question.dataset,
    )


def answer_part(
    table: "EventTable", question: EventQuestion, as_of: date
) -> tuple[float, tuple[str, ...]]:
    """Return the probability of a part of another question as of a day, with what to know of it.

    The window of a part may be over while the whole question is open.
    """
    covered = min(coverage_end(table, question.dyad, question.dataset), as_of)
    if covered >= question.last:
        return float(question.outcome_of(question.of_table(table, as_of))), ()
    day = min(as_of, question.last - timedelta(days=1))
    forecast = forecast_events(
        table, question.dyad, question.asked_events, as_of_day=day, dataset=question.dataset
    )
    return forecast.chance, forecast.notes


def events_answer(question: EventQuestion, forecast: EventForecast) -> dict[str, Any]:
    """Return the entry of a ledger for an answer."""
    notes = " ".join(forecast.notes)
    return {
        "entry": "answered",
        "question": question.id,
        "as_of": forecast.as_of.isoformat(),
        "chance": round(forecast.chance, 6),
        "mcse": None,
        "void": 0.0,
        "recorded": 0,
        "by": "the hazards",
        "data": forecast.data,
        "model": None,
        "seed": 0,
        "futures": 0,
        "converged": True,
        "note": notes or None,
    }
