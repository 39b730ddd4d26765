"""Questions in a line, such as ``USA-IRN strike by 2026-07-31``, and their answers.

The answers come from the embedded chronology.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from forecast.base.arguments import checked
from forecast.base.dates import Day, parse_date, read_day
from forecast.base.errors import QuestionError
from forecast.data.events import read_chronology
from forecast.data.events.chronology import chronology_files
from forecast.data.events.dyads import find_dyad
from forecast.data.events.sets import EventSet, find_set, set_of_codes
from forecast.data.events.table import EventTable
from forecast.outlook.hazards.asked import AskedEvents
from forecast.outlook.hazards.forecast import forecast_events
from forecast.outlook.hazards.results import EventForecast, Expected

MAX_QUESTION_LINE = 200  # characters of a question in a line
_DATE = r"\d{4}-\d{2}(?:-\d{2})?"
_LINE = re.compile(
    rf"(?P<dyad>[A-Za-z]{{3}}[-_][A-Za-z]{{3}})\s+"
    rf"(?:at least\s+)?(?:(?P<number>\d{{1,6}})\s+)?(?P<what>.+?)"
    rf"(?:\s+from\s+(?P<first>{_DATE}))?\s+(?:by|until|to)\s+(?P<last>{_DATE})",
    re.IGNORECASE,
)
_CODES = re.compile(r"\d{2,4}(?:,\s*\d{2,4})*")
EXAMPLE = "USA-IRN strike by 2026-07-31, or USA-CHN at least 2 visit from 2026-07-01 to 2026-12-31"


@dataclass(frozen=True)
class AskedLine:
    """A question in a line."""

    dyad: str
    asked: AskedEvents

    @classmethod
    def parse(cls, text: str) -> "AskedLine":
        """Read ``DYAD [NUMBER] SET [from DAY] by DAY``; codes may stand in place of a set.

        Examples
        --------
        >>> from forecast.outlook.hazards.asking import AskedLine
        >>> AskedLine.parse("USA-CHN at least 2 visits by 2026-12").asked.last
        datetime.date(2026, 12, 31)
        """
        match = _LINE.fullmatch(text.strip()) if len(text) <= MAX_QUESTION_LINE else None
        if match is None:
            form = f"expected DYAD [NUMBER] SET [from DAY] by DAY, such as {EXAMPLE}"
            raise QuestionError(f"text: {text!r:.80} is no question; {form}")
        what = match["what"].strip()
        first = match["first"]
        asked = AskedEvents(
            wanted=chosen_set(what, what if _CODES.fullmatch(what) else None),
            last=parse_date(match["last"], "by"),
            first=None if first is None else first_day(first),
            at_least=int(match["number"] or 1),
        )
        return cls(match["dyad"].upper().replace("_", "-"), asked)


def chosen_set(name: str | None, codes: str | None) -> EventSet:
    """Return the set of some codes, ``190,195``, or else that of a name."""
    if codes is not None:
        return set_of_codes(tuple(code.strip() for code in codes.split(",") if code.strip()))
    if name is None:
        raise QuestionError(
            "set: none is named; expected a set such as strike, or codes such as 190,195"
        )
    return find_set(name)


def first_day(text: str) -> date:
    """Read the first day of a window; a month means its first day."""
    day = parse_date(text, "from")
    return day if len(text.strip()) > len("2026-07") else day.replace(day=1)


@checked
def ask(
    text: str,
    *,
    table: EventTable | None = None,
    by: str | None = None,
    actor: str | None = None,
    quiet: int | None = None,
    as_of: Day | None = None,
    expect: Sequence[Expected] = (),
) -> EventForecast:
    """Answer a question in a line from the record alone.

    Parameters
    ----------
    text : str
        ``DYAD [NUMBER] SET [from DAY] by DAY``.
    table : EventTable, optional
        By default the embedded chronology of the pair.
    by, actor, quiet
        As of `forecast.AskedEvents`.
    as_of : str or datetime.date, optional
        Day whose knowledge counts; by default the last day of coverage.
    expect
        As for `forecast_events`.

    Returns
    -------
    EventForecast
        Probabilities from 0 to 1, with a 90% interval, and the expected number of events.

    Raises
    ------
    QuestionError
        If the line is no question, or its window makes no sense.

    Examples
    --------
    >>> from forecast import ask
    >>> found = ask("USA-CHN visit by 2024-06-30", as_of="2023-12-31")
    >>> found.asked.wanted.name, 0 < found.chance < 1
    ('visit', True)
    """
    line = AskedLine.parse(text)
    if table is None:
        dyad = find_dyad(line.dyad, chronology_files(None))
        table = read_chronology(dyads=[dyad])
    else:
        dyad = find_dyad(line.dyad, table.dyads)
    asked = replace(line.asked, by=by, actor=actor, quiet=quiet)
    day = None if as_of is None else read_day(as_of, "as_of")
    return forecast_events(table, dyad, asked, as_of_day=day, expect=expect)
