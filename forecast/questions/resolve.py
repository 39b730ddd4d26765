"""Resolving: the answer that data give, by the same rule as the probability was computed and backtests are scored."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from forecast import dates
from forecast.arguments import DATE, EVENTS, PANEL, checked
from forecast.outlook.resolution import noun_for
from forecast.panel.spans import covered_to
from forecast.questions.kind import Kind
from forecast.questions.probability import QUESTION
from forecast.questions.question import Question
from forecast.questions.record import MonthlyRecord, dataset_of
from forecast.questions.sentence import NEVER
from forecast.questions.settle import settle
from forecast.wording import count, day, number

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events import EventTable

Outcome = Literal["yes", "no", "void", "open", "never"]


@dataclass(frozen=True)
class Resolution:
    """How a question was decided.

    Attributes
    ----------
    question : str
        Its name.
    outcome : {"yes", "no", "void", "open", "never"}
        Open: its window is not over, or not covered yet. Never: no data decide it.
    reason : str
        By what, in a sentence.
    as_of : datetime.date
        The day whose knowledge decided it.
    data : str
        SHA-256 of that knowledge of the dyad.
    happenings, cooperative, of_a_kind : int or None
        What the window holds; None where it is not over.
    """

    question: str
    outcome: Outcome
    reason: str
    as_of: date
    data: str
    happenings: int | None = None
    cooperative: int | None = None
    of_a_kind: int | None = None


@checked(panel=PANEL, question=QUESTION, coverage_end=DATE, today=DATE, table=EVENTS)
def resolve_question(
    panel: "xr.Dataset",
    question: Question,
    *,
    coverage_end: date | None = None,
    today: date | None = None,
    table: "EventTable | None" = None,
) -> Resolution:
    """Resolve a question from data.

    Parameters
    ----------
    panel : xarray.Dataset
        All that is known of the dyad.
    question : Question
    coverage_end : datetime.date, optional
        The last day to which the record of the dyad is complete; by default that of the panel.
    today : datetime.date, optional
        The day on which it is asked whether the question is void for want of an edition; by default that of the panel,
        or of a panel without one today.
    table : EventTable, optional
        The events behind the panel, for kinds that are some codes of a class.

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
    >>> from forecast.questions import make_question, resolve_question
    >>> events = read_chronology(dyads=["USA-CHN"])
    >>> question = make_question(build_panel(events, as_of="2023-10-31"), "USA-CHN", months=12, higher=5)
    >>> found = resolve_question(build_panel(events), question)
    >>> found.outcome, found.reason
    ('yes', '45 of 119 happenings are cooperative, 37.82 %')
    """
    for name, stated in (("coverage_end", coverage_end), ("today", today)):
        if stated is not None:
            dates.reject_future(stated, name)
    dataset = dataset_of(panel, question)
    kind = Kind.of(panel, question) if question.kind == "count" else None
    record = MonthlyRecord.of(panel, question.dyad, dataset, kind, table)
    if not question.resolvable:
        return Resolution(question.id, "never", NEVER, record.known, record.digest)
    start, stop = record.place(question.first), record.place(question.last) + 1
    covered = stop <= len(record.whole) and bool(record.whole[max(start, 0) : stop].all()) and start >= 0
    end = coverage_end or covered_to(panel, question.dyad, dataset) or record.covered_to
    if not covered or end < question.last or record.known < question.last:
        known = record.known if panel.attrs["as_of"] else dates.today()
        return _not_covered(question, record, end, today or known)
    counts = record.months(slice(start, stop))
    yes, there = settle(question, counts)
    outcome: Outcome = "void" if not there else "yes" if yes else "no"
    n, k = int(counts.total.sum()), int(counts.cooperative.sum())
    of_a_kind = None if counts.kind is None else int(counts.kind.sum())
    reason = _reason(question, outcome, n, k, of_a_kind)
    return Resolution(question.id, outcome, reason, record.known, record.digest, n, k, of_a_kind)


def _not_covered(question: Question, record: MonthlyRecord, end: date, today: date) -> Resolution:
    reason = f"coverage of {question.dyad} ends with {day(min(end, record.known))}, before {day(question.last)}"
    void = today > question.void_after
    if void:
        reason += f", and no edition came by {day(question.void_after)}"
    return Resolution(question.id, "void" if void else "open", reason, record.known, record.digest)


def _reason(question: Question, outcome: Outcome, n: int, k: int, of_a_kind: int | None) -> str:
    noun = noun_for(question.joint)
    if of_a_kind is not None:
        return f"{count(of_a_kind, noun)} of the kind “{question.of}”"
    if outcome == "void":
        where = "every window has" if question.kind == "passage" else "the window has"
        return f"too few happenings: {where} fewer than {count(question.fewest, noun)} ({n} in all)"
    if question.kind == "passage":
        where = {"by": {"yes": "some window is", "no": "no window is"}}.get(
            str(question.when), {"yes": "every window is", "no": "not every window is"}
        )[outcome]
        return f"{where} as asked; {count(n, noun)} in all, {k:,} of them cooperative"
    return f"{k:,} of {count(n, noun)} are cooperative, {number(100 * k / n, 2)} %"
