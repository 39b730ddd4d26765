"""Rows of the record that decide a question, and the day on which they decided it.

Of a count the rows of its kind or set, of a share or tone all rows of the window. A question that
asks for at least so many events is decided on the day on which the last of these was known: later
forecasts of it predict nothing.
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.errors import QuestionError
from forecast.base.wording import count, day
from forecast.data.events import EventTable
from forecast.data.panel.single_events import counted_events
from forecast.desk.questions.compound import CompoundQuestion, JointQuestion
from forecast.desk.questions.event_question import as_events
from forecast.desk.questions.outside import OutsideQuestion
from forecast.desk.questions.record import question_record
from forecast.outlook.question import Question, SingleQuestion

if TYPE_CHECKING:
    import xarray as xr


COLUMNS = (
    "question",
    "date",
    "known_at",
    "source",
    "target",
    "cameo",
    "counted",
    "side",
    "summary",
    "reference",
)
"""Columns of the rows that decide a question."""

HAPPENED = "It has come true"
"""Beginning of the note of a forecast of an event that has happened."""

type PanelOf = Callable[[str], "xr.Dataset"]
"""Returns the panel of a dyad, of all that is known of it."""


@checked
def deciding_rows(
    question: Question, table: "EventTable", panel_of: PanelOf, known_by: date
) -> pd.DataFrame:
    """Return the rows of its windows that decide a question, in order of time.

    Parameters
    ----------
    question : Question
    table : EventTable
        The events of its dyads.
    panel_of : callable
        Returns the panel of a dyad. Not called for questions about events of a set.
    known_by : datetime.date
        Rows that were known later are left out.

    Returns
    -------
    pandas.DataFrame
        ``question``, the name of the part that the row decides; ``date``, ``known_at``, ``source``,
        ``target``, ``cameo``; ``counted``, for how many events the row counts; ``side``,
        ``cooperative`` or ``hostile`` (empty for events of a set); ``summary`` and ``reference``.

    Raises
    ------
    QuestionError
        If no rows decide it: it is about the level, or resolved elsewhere.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast import AskedEvents, build_panel, find_set
    >>> from forecast import make_event_question, read_chronology
    >>> from forecast.desk.questions import deciding_rows
    >>> table = read_chronology(dyads=["USA-IRN"])
    >>> wanted = AskedEvents(find_set("strike"), date(2024, 6, 30))
    >>> made = make_event_question(table, "USA-IRN", wanted, as_of=date(2024, 3, 31))
    >>> int(deciding_rows(made, table, build_panel, date(2024, 12, 31))["counted"].sum()) >= 1
    True
    """
    if isinstance(question, OutsideQuestion) or not question.resolvable:
        raise QuestionError(
            f"{question.id}: no rows of these data decide it; it is about the level, or asked "
            "elsewhere"
        )
    rows = pd.concat(
        [_rows_of(part, table, panel_of, known_by) for part in question.parts], ignore_index=True
    )
    return rows[list(COLUMNS)]


def _rows_of(
    question: SingleQuestion, table: "EventTable", panel_of: PanelOf, known_by: date
) -> pd.DataFrame:
    """Return the rows that decide a question about one dyad."""
    events = as_events(question)
    if events is not None:
        rows = events.of_table(table, known_by).assign(side="")
    else:
        panel = panel_of(question.dyad)
        record, _ = question_record(panel, question, table)
        rows = counted_events(panel, question.dyad, table, max(record.place(question.first), 0))
        inside = rows["date"].between(str(question.first), str(question.last))
        rows = rows[
            inside & (rows["of_dataset"] == record.number) & (rows["known_at"] <= str(known_by))
        ]
        cooperative = rows["of_class"] >= int(panel.attrs["zero_cut"])
        rows = rows.assign(side=cooperative.map({True: "cooperative", False: "hostile"}))
    return rows.assign(question=question.id).sort_values("date", kind="stable")


def decided_on(question: Question, rows: pd.DataFrame) -> date | None:
    """Return the day on which rows made the answer yes, whatever comes later.

    None if they have not.

    A share, a tone and quiet days are decided by the end of the window, and a condition is not
    followed.
    """
    if isinstance(question, JointQuestion):
        days = [decided_on(part, rows[rows["question"] == part.id]) for part in question.parts]
        decided = [day for day in days if day is not None]
        if question.required == "any":
            return min(decided, default=None)
        return max(decided) if len(decided) == len(days) else None
    if isinstance(question, CompoundQuestion) or getattr(question, "quiet", None) is not None:
        return None
    needed = getattr(question, "at_least", None)
    if needed is None:
        return None
    ordered = rows.assign(known=rows[["date", "known_at"]].max(axis=1)).sort_values(
        "known", kind="stable"
    )
    enough = ordered[ordered["counted"].cumsum() >= needed]
    return None if enough.empty else enough["known"].iloc[0].date()


def decided_note(when: date) -> str:
    """Return what a reader has to know of a forecast of an event that has happened."""
    return (
        f"{HAPPENED}: the data record it on {day(when)}. Forecasts from that day on are not scored."
    )


def rows_sentence(question: Question, rows: pd.DataFrame) -> str:
    """Return how many rows and events decide a question, in a sentence."""
    events = int(rows["counted"].sum())
    sides = {
        side: int(rows.loc[rows["side"] == side, "counted"].sum())
        for side in ("cooperative", "hostile")
    }
    split = (
        f", {sides['cooperative']:,} cooperative and {sides['hostile']:,} hostile"
        if any(sides.values())
        else ""
    )
    window = f"from {question.first} to {question.last}"
    return f"{count(len(rows), 'row')} {window}: {count(events, 'event')}{split}."
