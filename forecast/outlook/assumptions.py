"""Assumptions of a scenario: rows of events that are assumed, read, checked and arranged by period.

A scenario assumes that the record of a month holds at least so many events of some sorts, or none;
a sort is a part of a kind, and no two overlap.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from forecast.base.arguments import check
from forecast.base.dates import (
    MAX_HORIZON,
    Clock,
    Day,
    add_months,
    months_between,
    parse_date,
    read_day,
)
from forecast.base.errors import DataError, SpecError
from forecast.base.wording import join
from forecast.data.events.added_rows import code_of_row
from forecast.data.events.codebook import HOST, VISIT, read_kinds, read_scale, scale_names
from forecast.data.events.mapping import CODED, PrescribedForm, load_raw
from forecast.data.events.table import event_counts
from forecast.data.panel.kinds import panel_kind
from forecast.data.panel.single_events import counts_once
from forecast.outlook.observed import (
    MIX_MONTHS,
    Cell,
)
from forecast.outlook.recorded import normalised_name

COLUMNS = ("date", "source", "target", "code", "kind", "n", "part", "until", "summary")
"""Columns of a scenario's table; either code or kind is required; n, part, until and summary are
optional."""
NEEDED = ("date", "source", "target")
"""Columns that every table has."""
# Bytes: a file beyond it is no table of at most a thousand rows
MAX_SCENARIO_FILE = 1_000_000
# Rows of a scenario: it is written by hand
MAX_ASSUMED_ROWS = 1_000
# Events of one sort in a period: more than any record of a dyad has in a month
MAX_ASSUMED_EVENTS = 1_000


@dataclass(frozen=True)
class Assumed:
    """One row of a scenario: events that are assumed to be recorded or absent.

    Attributes
    ----------
    date : datetime.date
        Its day; given as text, a date or a Timestamp.
    source, target : str
        Who acts on whom, ISO 3166 alpha-3.
    code : str
        CAMEO code; or empty, with a kind.
    kind : str
        A word such as ``visit``, or the name of a class of the codebook; or empty, with a code.
    n : int
        At least how many; zero assumes that there are none.
    part : float, optional
        Which part of the events of their class is meant, more than 0 and up to 1: for meetings of
        leaders, how many of all contacts are such meetings. By default that of the code in the
        record so far; of a class, all of it.
    until : datetime.date, optional
        With ``n=0``: there are none from `date` up to this day.
    summary : str
        What happens, for readers.
    origin : str
        File and line of the row, for messages.
    of_class : str
        In place of code and kind: the name of a class of data of your own, such as counts. Only the
        data tell whether they have it, when the row is used.

    Raises
    ------
    SpecError
        If a day is none, not just one of code, kind and class is given, the codebook does not know
        it, or `n`, `part` or `until` is out of range.

    Examples
    --------
    >>> from forecast import Assumed
    >>> Assumed("2026-11-18", "USA", "CHN", kind="visit", summary="the leaders meet").date
    datetime.date(2026, 11, 18)
    """

    date: datetime.date
    source: str
    target: str
    code: str = ""
    kind: str = ""
    n: int = 1
    part: float | None = None
    until: datetime.date | None = None
    summary: str = ""
    origin: str = "a row"
    of_class: str = ""

    if TYPE_CHECKING:

        def __init__(
            self,
            date: Day,
            source: str,
            target: str,
            code: str = "",
            kind: str = "",
            n: int = 1,
            part: float | None = None,
            until: Day | None = None,
            summary: str = "",
            origin: str = "a row",
            of_class: str = "",
        ) -> None:
            """Take days as text, too."""

    def __post_init__(self) -> None:
        check("date", self.date, Day)
        object.__setattr__(self, "date", read_day(self.date, f"{self.origin}: date"))
        if self.until is not None:
            check("until", self.until, Day)
            object.__setattr__(self, "until", read_day(self.until, f"{self.origin}: until"))
        self._require_sort()
        self._require_numbers()

    def _require_sort(self) -> None:
        """Reject what no event is of."""
        given = [word for word in (self.code, self.kind, self.of_class) if word]
        if not given:
            raise SpecError(f"{self.origin}: neither code nor kind; give one, such as kind='visit'")
        if self.of_class and len(given) > 1:
            raise SpecError(
                f"{self.origin}: of_class is {self.of_class!r:.60}, with a code or kind; give one "
                "of them"
            )
        if self.of_class or (not self.code and names_class(self.kind)):
            return
        try:
            code_of_row(self.code, "", normalised_name(self.kind))
        except DataError as error:
            remedy = "" if self.code else "; name a class of data of your own by of_class"
            raise SpecError(f"{self.origin}: {error}{remedy}") from error

    def _require_numbers(self) -> None:
        """Reject numbers and a last day that are out of range."""
        if not 0 <= self.n <= MAX_ASSUMED_EVENTS:
            raise SpecError(f"{self.origin}: n is {self.n}; expected 0 to {MAX_ASSUMED_EVENTS}")
        if self.part is not None and not 0 < self.part <= 1:
            raise SpecError(
                f"{self.origin}: part is {self.part:g}; expected more than 0 and at most 1"
            )
        if self.until is not None and (self.n or self.until < self.date):
            raise SpecError(
                f"{self.origin}: until is for rows with n=0, and not before their date; "
                "leave it out, or mend it"
            )


def names_class(kind: str) -> bool:
    """Return whether a kind is the name of a class of the codebook, in any of its scales."""
    return normalised_name(kind) in _class_names()


@cache
def _class_names() -> frozenset[str]:
    """Return the names of the classes of all scales of the codebook."""
    scales = map(read_scale, scale_names())
    return frozenset(normalised_name(name) for scale in scales for name in scale.classes)


def is_known_kind(kind: str) -> bool:
    """Return whether the codebook knows a kind, as a word or as the name of a class."""
    word = normalised_name(kind)
    return names_class(word) or not read_kinds().keys().isdisjoint({word, word.removesuffix("s")})


type CellsByPeriod = Mapping[int, tuple[Cell, ...]]
"""Assumptions by period, counted from the present, 1 or more; no two cells of a period mean the
same events."""


def read_assumed(path: str | Path) -> tuple[Assumed, ...]:
    """Read a scenario from a CSV file."""
    if Path(path).is_file() and Path(path).stat().st_size > MAX_SCENARIO_FILE:
        raise DataError(
            f"{path} has more than {MAX_SCENARIO_FILE:,} bytes; "
            f"a scenario has at most {MAX_ASSUMED_ROWS} rows"
        )
    raw = load_raw(path, PrescribedForm(dataset="scenario", columns=dict(CODED)))
    names = [str(name) for name in raw.rows.columns]
    expected = (
        "expected date, source, target, code or kind, and if wanted n, part, until and summary"
    )
    if not set(NEEDED) <= set(names) <= set(COLUMNS) or not {"code", "kind"} & set(names):
        raise DataError(f"{raw.name}: the columns are {join(names):.200}; {expected}")
    for line, reason in raw.faults.items():
        raise DataError(f"{raw.name}, line {line}: {reason}; write the row as the header says")
    if len(raw.rows) > MAX_ASSUMED_ROWS:
        raise DataError(
            f"{raw.name}: {len(raw.rows):,} rows; a scenario has at most {MAX_ASSUMED_ROWS:,}"
        )
    rows = zip(raw.rows.index, raw.rows.to_dict("records"), strict=True)
    return tuple(_read_row(f"{raw.name}, line {line}", row) for line, row in rows)


def _read_row(origin: str, row: Mapping[Any, str]) -> Assumed:
    cells = {name: str(row.get(name, "")).strip() for name in COLUMNS}
    try:
        day = parse_date(cells["date"], "date")
        until = parse_date(cells["until"], "until") if cells["until"] else None
        number = int(cells["n"] or "1")
        part = float(cells["part"]) if cells["part"] else None
    except SpecError as error:
        raise DataError(f"{origin}: {error}") from error
    except ValueError as error:
        given = f"{cells['n']!r:.20}, {cells['part']!r:.20}"
        raise DataError(
            f"{origin}: n, part: {given}; expected a whole number, and one up to 1"
        ) from error
    # A kind that the codebook does not know may be a class of the data; these tell when it is used.
    kind = cells["kind"] if not cells["kind"] or is_known_kind(cells["kind"]) else ""
    return Assumed(
        day,
        cells["source"].upper(),
        cells["target"].upper(),
        code=cells["code"],
        kind=kind,
        n=number,
        part=part,
        until=until,
        summary=cells["summary"],
        origin=origin,
        of_class="" if kind else cells["kind"],
    )


def assumptions_by_period(
    rows: Sequence[Assumed], panel: xr.Dataset, dyad: str, events: pd.DataFrame | None = None
) -> CellsByPeriod:
    """Check what is assumed against a panel, and arrange it by period.

    A two-sided event that has a row for each side (a visit and its hosting on one day) is one
    event, as in the panel. Where a whole class is assumed with a part of it, the rest of the class
    is meant.
    """
    if not rows:
        return {}
    if not panel_kind(panel).coded:
        raise SpecError(
            "scenario: the data are an index, of which no events are recorded; none can be assumed"
        )
    clock = Clock.of(panel)
    recent = _recent_events(events, panel, dyad)
    spans = [_periods_of(row, clock, dyad) for row in rows]
    sorts = [_sort(row, panel, recent) for row in rows]
    by_period: dict[int, dict[Cell, list[int]]] = {}
    numbers = _numbers(rows, [code for code, _ in sorts], panel, dyad)
    for row, (_, sort), number, (first, last) in zip(rows, sorts, numbers, spans, strict=True):
        for period in range(first, last + 1):
            by_period.setdefault(period, {}).setdefault(sort, []).append(number if row.n else -1)
    return {period: _cells(by_period[period], panel) for period in sorted(by_period)}


def _cells(sorts: Mapping[Cell, list[int]], panel: xr.Dataset) -> tuple[Cell, ...]:
    """Return the assumptions about a period, by sort; a number of -1 means no events."""
    cells = []
    unit = Clock.of(panel).unit
    for sort, numbers in sorts.items():
        kind = sort.code or str(panel["class_name"].to_numpy()[sort.of_class])
        if -1 in numbers and max(numbers) > 0:
            raise SpecError(
                f"scenario: in one {unit} some “{kind}” is assumed, and none; leave out one of them"
            )
        parts_assumed = sum(
            each.part for each in sorts if each.of_class == sort.of_class and each.part < 1
        )
        if parts_assumed >= 1:
            raise SpecError(
                f"scenario: the parts of a class assumed in one {unit} add up to "
                f"{parts_assumed:g}; mend part"
            )
        least = sum(numbers) if -1 not in numbers else 0
        if least > MAX_ASSUMED_EVENTS:
            raise SpecError(
                f"scenario: {least} events of “{kind}” in one {unit}; at most {MAX_ASSUMED_EVENTS}"
            )
        if -1 in numbers or least:
            cells.append(
                replace(sort, part=sort.part if sort.part < 1 else 1 - parts_assumed, least=least)
            )
    return tuple(sorted(cells))


def _periods_of(row: Assumed, clock: Clock, dyad: str) -> tuple[int, int]:
    """Return the first and the last period of a row, counted from the present."""
    if sorted((row.source, row.target)) != sorted(dyad.split("-")):
        raise SpecError(
            f"{row.origin}: {row.source!r:.20} and {row.target!r:.20} are not the two states of "
            f"{dyad}"
        )
    last_known_day = clock.last_day()
    start = clock.times[-1].item()
    days = row.date, row.until or row.date
    for day in days:
        if day <= last_known_day:
            raise SpecError(
                f"{row.origin}: {day} is not ahead: the record is known to {last_known_day}. Give "
                "a later day"
            )
        if day > clock.last_day(MAX_HORIZON):
            raise SpecError(
                f"{row.origin}: {day} is too far ahead; expected at most "
                f"{clock.last_day(MAX_HORIZON)}"
            )
    first, last = (
        (day - start).days // 7 if clock.weekly else months_between(start, day) for day in days
    )
    return first, last


def _sort(row: Assumed, panel: xr.Dataset, recent: pd.DataFrame | None) -> tuple[str, Cell]:
    """Return the code of a row, empty if it names a class, and the sort of its events."""
    names = [str(name).casefold() for name in panel["class_name"].to_numpy()]
    kind = normalised_name(row.of_class or row.kind)
    if kind in names and not row.code:
        return "", Cell(names.index(kind), 1.0 if row.part is None else row.part, 0)
    if row.of_class or str(panel.attrs.get("scale", "")) not in scale_names():
        given = row.of_class or row.kind or row.code
        raise SpecError(
            f"{row.origin}: {given!r:.60}: these data have the kinds {join(names)}; give one"
        )
    code = _code(row)
    act = VISIT if code == HOST else code
    of_class = int(read_scale(panel.attrs["scale"]).class_of[code])
    part = 1.0 if row.part is None else row.part
    if row.part is None and recent is not None:  # half an event more of such acts, and one of all
        same_class = recent[recent["class"] == of_class]
        part = float(
            (same_class.loc[same_class["act"].str.startswith(act), "n"].sum() + 0.5)
            / (same_class["n"].sum() + 1.0)
        )
    return code, Cell(of_class, part, 0) if part == 1 else Cell(of_class, part, 0, act)


def _code(row: Assumed) -> str:
    """Return the code of a row that has a code or a kind."""
    try:
        return code_of_row(row.code, "", normalised_name(row.kind))
    except DataError as error:  # the name of a class that these data do not have
        raise SpecError(f"{row.origin}: {error}") from error


def _recent_events(
    events: pd.DataFrame | None, panel: xr.Dataset, dyad: str
) -> pd.DataFrame | None:
    """Return code, class and number of the dyad's events in the ten years up to the present."""
    scale = str(panel.attrs.get("scale", ""))
    if events is None or scale not in scale_names():
        return None
    last = Clock.of(panel).last_day()
    chosen = (events["dyad"] == dyad) & (events["known_at"] <= pd.Timestamp(last))
    recent = events[chosen & (events["date"] > pd.Timestamp(add_months(last, -MIX_MONTHS)))]
    act = recent["cameo"].where(recent["cameo"] != HOST, VISIT)
    return pd.DataFrame(
        {"act": act, "class": act.map(read_scale(scale).class_of), "n": event_counts(recent)}
    )


def _numbers(
    rows: Sequence[Assumed], codes: Sequence[str], panel: xr.Dataset, dyad: str
) -> list[int]:
    """Return the number of events of each row: none if it is the other side of another row."""
    coded = [
        row_number
        for row_number, (row, code) in enumerate(zip(rows, codes, strict=True))
        if code and row.n
    ]
    numbers = [row.n for row in rows]
    if not coded or not counts_once(panel):
        return numbers
    # Rows pair as in a panel where they mean the same part.
    acts = [
        {
            "dataset": str(rows[row_number].part),
            "dyad": dyad,
            "date": rows[row_number].date,
            "source": rows[row_number].source,
            "target": rows[row_number].target,
            "cameo": codes[row_number],
            "n": rows[row_number].n,
        }
        for row_number in coded
    ]
    for row_number, number in zip(coded, event_counts(pd.DataFrame(acts)), strict=True):
        numbers[row_number] = int(number)
    return numbers
