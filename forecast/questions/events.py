"""Questions about events of a set: made, answered and resolved from the rows alone, without a fit."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from forecast.arguments import checked
from forecast.dates import Day, add_months, optional_day, read_day
from forecast.errors import QuestionError
from forecast.events.dyads import dyad_labels
from forecast.events.sets import OWN_CODES, EventSet
from forecast.events.table import as_of as known_by
from forecast.hazards.forecast import EventForecast, Expected, digest_of_rows, forecast_events
from forecast.outlook.question import YEAR
from forecast.panel.record import coverage_end
from forecast.questions.event_question import EventQuestion
from forecast.questions.form import VERSION, question_of
from forecast.questions.resolution import Resolution
from forecast.wording import count, day

if TYPE_CHECKING:
    from forecast.events import EventTable


@checked
def make_event_question(
    table: "EventTable",
    dyad: str,
    wanted: EventSet,
    *,
    last: Day,
    first: Day | None = None,
    at_least: int = 1,
    by: str | None = None,
    actor: str | None = None,
    quiet: int | None = None,
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
    wanted : EventSet
        From `forecast.events.sets.find_set` or `set_of_codes`.
    last, first : str or datetime.date
        Window; by default it begins on the day after `as_of`.
    at_least : int
        Number of events.
    by, actor : str, optional
        The state that acts, and a name in the row.
    quiet : int, optional
        In place of a number: days in a row without an event.
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
    >>> from datetime import date
    >>> from forecast import read_chronology
    >>> from forecast.events.sets import find_set
    >>> from forecast.questions import make_event_question
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> days = {"last": date(2024, 6, 30), "as_of": date(2024, 3, 31)}
    >>> made = make_event_question(table, "USA-IRN", find_set("strike"), **days)
    >>> made.id
    'usa-irn-strike-1-2024-04-01-to-2024-06-30'
    """
    last = read_day(last, "last")
    first = optional_day(first, "first", first=True)
    as_of = optional_day(as_of, "as_of")
    found = forecast_events(
        table, dyad, wanted, first=first, last=last, at_least=at_least, by=by, actor=actor, quiet=quiet,
        as_of_day=as_of, dataset=dataset,
    )  # fmt: skip
    if quiet is None and found.recorded >= at_least:
        raise QuestionError(
            f"from: the window already has {count(found.recorded, 'event')} of the set by {found.as_of}; ask for more "
            "(--at-least SET:NUMBER) or from a later day"
        )
    name = "-".join(wanted.codes) if wanted.name == OWN_CODES else wanted.name
    number = str(at_least) if quiet is None else f"quiet-{quiet}"
    fields = {
        "version": VERSION,
        "id": id or event_id(dyad, [name, by, actor, number], found.first, found.last),
        "kind": "events",
        "dyad": dyad,
        "label": dyad_labels().get(dyad, dyad),
        "dataset": dataset or table.datasets[0],
        "asked": found.as_of,
        "data": found.data,
        "first": found.first,
        "last": found.last,
        "void_after": add_months(found.last, YEAR),
        "set": wanted.name,
        "definition": wanted.definition,
        "codes": list(wanted.codes),
        "summary_words": list(wanted.words) or None,
        "at_least": at_least,
        "by": by,
        "actor": actor,
        "quiet": quiet,
        "base_rate": round(found.ten_years, 4),
    }
    made = question_of({field: value for field, value in fields.items() if value is not None}, "question")
    assert isinstance(made, EventQuestion)
    return made


def event_id(dyad: str, what: Sequence[str | None], first: date, last: date) -> str:
    """Return a name made of what is asked, and of which days."""
    words = "-".join([dyad, *(part for part in what if part), f"{first}", "to", f"{last}"]).lower()
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in words)[:80].strip("-")


@checked
def answer_events(
    table: "EventTable", question: EventQuestion, *, as_of: Day | None = None, expect: Sequence[Expected] = ()
) -> EventForecast:
    """Compute the probability of a question about events, from the events alone.

    Parameters
    ----------
    table : EventTable
    question : EventQuestion
    as_of : str or datetime.date, optional
        Day whose knowledge counts; by default the last day of coverage, or that on which it was asked if later.
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
    >>> from datetime import date
    >>> from forecast import read_chronology
    >>> from forecast.events.sets import find_set
    >>> from forecast.questions import answer_events, make_event_question
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> days = {"last": date(2024, 6, 30), "as_of": date(2024, 3, 31)}
    >>> made = make_event_question(table, "USA-IRN", find_set("strike"), **days)
    >>> 0 < answer_events(table, made, as_of=date(2024, 4, 1)).chance < 1
    True
    """
    as_of = optional_day(as_of, "as_of")
    known = as_of or max(coverage_end(table, question.dyad, question.dataset), question.asked)
    if closed := question.closed(known):
        raise QuestionError(f"{question.id}: {closed}")
    return forecast_events(
        table, question.dyad, question.wanted, first=question.first, last=question.last, at_least=question.at_least,
        by=question.by, actor=question.actor, quiet=question.quiet, as_of_day=known, expect=expect,
        dataset=question.dataset,
    )  # fmt: skip


@checked
def resolve_events(table: "EventTable", question: EventQuestion, today: Day, end: Day | None = None) -> Resolution:
    """Resolve a question about events.

    Parameters
    ----------
    table : EventTable
    question : EventQuestion
    today : str or datetime.date
        Day whose knowledge counts.
    end : str or datetime.date, optional
        Last day of coverage; by default that of the table.

    Returns
    -------
    Resolution

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import find_set, make_event_question, read_chronology, resolve_events
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> days = {"last": date(2024, 6, 30), "as_of": date(2024, 3, 31)}
    >>> made = make_event_question(table, "USA-IRN", find_set("strike"), **days)
    >>> resolve_events(table, made, date(2024, 12, 31)).outcome
    'yes'
    """
    today = read_day(today, "today")
    end = optional_day(end, "end")
    covered = min(end or coverage_end(table, question.dyad, question.dataset), today)
    known = known_by(table, today).events
    own = known[(known["dyad"] == question.dyad) & (known["dataset"] == question.dataset)]
    data = digest_of_rows(own)
    if covered < question.last:
        reason = f"coverage of {question.dyad} ends with {day(covered)}, before {day(question.last)}"
        void = today > question.void_after
        if void:
            reason += f", and no edition came by {day(question.void_after)}"
        return Resolution(question.id, "void" if void else "open", reason, today, data)
    rows = question.of_table(table, today)
    number = int(rows["counted"].sum())
    reason = f"{count(number, 'event')} of the set “{question.set}” from {question.first} to {question.last}"
    if question.quiet is not None:
        spell = "with" if question.outcome_of(rows) else "without"
        reason += f", {spell} {question.quiet} days in a row that have none"
    outcome: Literal["yes", "no"] = "yes" if question.outcome_of(rows) else "no"
    return Resolution(question.id, outcome, reason, today, data, of_a_kind=number)


def events_answer(question: EventQuestion, found: EventForecast) -> dict[str, Any]:
    """Return the entry of a ledger for an answer."""
    notes = " ".join(found.notes)
    return {
        "entry": "answered",
        "question": question.id,
        "as_of": found.as_of.isoformat(),
        "chance": round(found.chance, 6),
        "mcse": None,
        "void": 0.0,
        "recorded": 0,
        "by": "the hazards",
        "data": found.data,
        "model": None,
        "seed": 0,
        "futures": 0,
        "converged": True,
        "note": notes or None,
    }
