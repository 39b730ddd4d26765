"""Resolution of a question from data, by the rule that simulations are counted with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from forecast.base import dates
from forecast.base.arguments import checked
from forecast.base.dates import Day, optional_day, parse_date, read_day
from forecast.base.digests import digest
from forecast.base.errors import QuestionError
from forecast.base.wording import Card, Displayed, count, day
from forecast.data.events import EventTable
from forecast.data.events.table import as_of as known_by
from forecast.data.panel.kinds import Panel
from forecast.data.panel.record import coverage_end as table_coverage_end
from forecast.data.panel.spans import covered_to
from forecast.desk.questions.compound import CompoundQuestion, Outcome, numbered
from forecast.desk.questions.event_question import EventQuestion, as_events
from forecast.desk.questions.record import question_record
from forecast.outlook.hazards.case import digest_of_rows
from forecast.outlook.question import Question, SingleQuestion


@dataclass(frozen=True, repr=False)
class Resolution(Displayed):
    """Resolution of a question."""

    question: str  # Its name
    outcome: Outcome  # Open: its window is not over, or not covered yet. Never: no data decide it
    reason: str  # By what, in a sentence
    as_of: date  # The day whose knowledge decided it
    data: str  # SHA-256 of that knowledge of the dyad, or of the knowledge of several
    events: int | None = None  # What the window holds; None where it is not over
    cooperative: int | None = None
    of_a_kind: int | None = None

    def _card(self) -> Card:
        return Card(
            f"{self.question}: {self.outcome}", (("by", self.reason), ("as of", f"{self.as_of}"))
        )


@checked
def resolve_question(
    panel: Panel,
    question: Question,
    *,
    coverage_end: Day | None = None,
    today: Day | None = None,
    table: "EventTable | None" = None,
) -> Resolution:
    """Resolve a question from data.

    Parameters
    ----------
    panel : xarray.Dataset
        All that is known of its dyads.
    question : Question
    coverage_end : str or datetime.date, optional
        The last day to which the record of its dyads is complete; by default that of the panel.
    today : str or datetime.date, optional
        The day on which it is asked whether the question is void for want of an edition; by default
        that of the panel, or of a panel without one today.
    table : EventTable, optional
        The events behind the panel, for questions about events.

    Returns
    -------
    Resolution

    Raises
    ------
    QuestionError
        If the data are not those that the question asks about.
    UnknownDyadError
        If they do not hold the dyad.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.desk.questions import make_question, resolve_question
    >>> events = read_chronology(dyads=["USA-CHN"])
    >>> panel = build_panel(events, as_of="2023-10-31")
    >>> question = make_question(panel, "USA-CHN", months=12, higher=5)
    >>> found = resolve_question(build_panel(events), question)
    >>> found.outcome, found.reason
    ('yes', '45 of 118 events are cooperative, 38.14%')
    """
    coverage_end = optional_day(coverage_end, "coverage_end")
    today = optional_day(today, "today")
    for name, stated in (("coverage_end", coverage_end), ("today", today)):
        if stated is not None:
            dates.reject_future(stated, name)

    def resolve(part: SingleQuestion) -> Resolution:
        if (events := as_events(part)) is not None:
            if table is None:
                raise QuestionError(f"{part.id}: asks about single events; give them as `table`")
            knowledge_day = (
                parse_date(panel.attrs["as_of"], "as_of") if panel.attrs["as_of"] else dates.today()
            )
            return resolve_events(table, events, today or knowledge_day, coverage_end)
        record, _ = question_record(panel, part, table)
        if not part.resolvable:
            return Resolution(part.id, "never", part.rule, record.known_to, record.digest)
        start, stop = record.place(part.first), record.place(part.last) + 1
        covered = (
            stop <= len(record.whole)
            and bool(record.whole[max(start, 0) : stop].all())
            and start >= 0
        )
        end = coverage_end or covered_to(panel, part.dyad, record.number) or record.covered_to
        if not covered or end < part.last or record.known_to < part.last:
            now = today or (record.known_to if panel.attrs["as_of"] else dates.today())
            return _not_covered(
                part, min(end, record.known_to), now, record.known_to, record.digest
            )
        counts = record.months(slice(start, stop))
        yes, not_void = part.settle(counts)
        outcome: Outcome = "void" if not not_void else "yes" if yes else "no"
        n, k = int(counts.total.sum()), int(counts.cooperative.sum())
        return Resolution(
            part.id, outcome, part.reason(outcome, counts), record.known_to, record.digest, n, k
        )

    return resolve_parts(question, resolve)


@checked
def resolve_events(
    table: "EventTable", question: EventQuestion, today: Day, end: Day | None = None
) -> Resolution:
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
    >>> from datetime import date, timedelta
    >>> from forecast import AskedEvents, find_set, make_event_question, read_chronology
    >>> from forecast import resolve_events
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> asked = AskedEvents(find_set("strike"), date(2024, 6, 30))
    >>> made = make_event_question(table, "USA-IRN", asked, as_of=date(2024, 3, 31))
    >>> resolve_events(table, made, date(2024, 12, 31)).outcome
    'yes'
    """
    today, end = read_day(today, "today"), optional_day(end, "end")
    covered = min(end or table_coverage_end(table, question.dyad, question.dataset), today)
    events = known_by(table, today).events
    rows = events[(events["dyad"] == question.dyad) & (events["dataset"] == question.dataset)]
    data = digest_of_rows(rows)
    if covered < question.last:
        return _not_covered(question, covered, today, today, data)
    rows = question.of_table(table, today)
    number = int(rows["counted"].sum())
    window = f"from {question.first} to {question.last}"
    reason = f"{count(number, 'event')} of the set “{question.set}” {window}"
    if question.quiet is not None:
        spell = "with" if question.outcome_of(rows) else "without"
        reason += f", {spell} {question.quiet} days in a row that have none"
    outcome: Outcome = "yes" if question.outcome_of(rows) else "no"
    return Resolution(question.id, outcome, reason, today, data, of_a_kind=number)


def resolve_parts(
    question: Question, resolve: Callable[[SingleQuestion], Resolution]
) -> Resolution:
    """Resolve a question about one dyad, or the parts of another one and from these the whole."""
    if isinstance(question, SingleQuestion):
        return resolve(question)
    assert isinstance(question, CompoundQuestion)
    parts = [resolve(part) for part in question.parts]
    editions = list(dict.fromkeys(part.data for part in parts))
    return Resolution(
        question=question.id,
        outcome=question.outcome([part.outcome for part in parts]),
        reason=numbered([f"{part.outcome}: {part.reason};" for part in parts]).removesuffix(";"),
        as_of=max(part.as_of for part in parts),
        data=editions[0] if len(editions) == 1 else digest(" ".join(editions).encode()),
    )


def _not_covered(
    question: SingleQuestion, end: date, today: date, knowledge_day: date, data: str
) -> Resolution:
    reason = f"coverage of {question.dyad} ends with {day(end)}, before {day(question.last)}"
    void = today > question.void_after
    if void:
        reason += f", and no edition came by {day(question.void_after)}"
    return Resolution(question.id, "void" if void else "open", reason, knowledge_day, data)
