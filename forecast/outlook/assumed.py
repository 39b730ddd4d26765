"""Happenings that are assumed, month by month: the rows of a scenario, checked against a panel."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.clock import Clock
from forecast.dates import LONGEST_HORIZON, add_months, months_between, parse_date
from forecast.errors import DataError, SpecError
from forecast.events.additions import code_of_row
from forecast.events.codebook import HOST, VISIT, read_scale, scale_names
from forecast.events.mapping import TableMapping
from forecast.events.raw import load_raw
from forecast.outlook.kind_counts import MIX_MONTHS
from forecast.panel.events import happenings, pairs_joint_acts
from forecast.panel.kinds import panel_kind
from forecast.wording import join

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

COLUMNS = ("date", "source", "target", "code", "kind", "n", "part", "until", "summary")
"""What a scenario's table may have; either code or kind, and n, part, until and summary may be left out."""
NEEDED = ("date", "source", "target")
LARGEST_FILE = 1_000_000
MOST_ROWS, MOST_HAPPENINGS = 1_000, 1_000


@dataclass(frozen=True)
class Assumed:
    """One row of a scenario: happenings that are assumed to be recorded, or not to be.

    Attributes
    ----------
    date : datetime.date
        Its day.
    source, target : str
        Who acts on whom, ISO 3166 alpha-3.
    code : str
        CAMEO code; or empty, with a kind.
    kind : str
        A word such as ``visit``, or the name of a class; or empty, with a code.
    n : int
        At least how many; zero assumes that there are none.
    part : float, optional
        Which part of the happenings of their class is meant, more than 0 and up to 1: for meetings of leaders, how many
        of all contacts are such meetings. By default that of the code in the record so far; of a class, all of it.
    until : datetime.date, optional
        With ``n=0``: there are none from `date` up to this day.
    summary : str
        What happens, for readers.
    place : str
        Where the row stands, for messages.

    Examples
    --------
    >>> import datetime
    >>> from forecast.outlook.assumed import Assumed
    >>> Assumed(datetime.date(2026, 11, 18), "USA", "CHN", kind="visit", summary="the leaders meet").n
    1
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
    place: str = "a row"


@dataclass(frozen=True, order=True)
class Cell:
    """Happenings of one sort, of which a period holds at least so many, or none."""

    of_class: int  # Place of their class in the panel
    part: float  # Which part of that class is meant, apart from that of other cells
    least: int  # How many at least; zero if there are none
    code: str = ""  # With what their codes begin; empty if that is not said
    every: bool = False  # Whether all happenings of that code are meant, and not a part of them that was given


@dataclass(frozen=True)
class _Sort:
    """A sort of happenings: the place of their class, a name within it (a code, if it is one), their part of it."""

    of_class: int
    name: str
    part: float
    coded: bool = False
    every: bool = False


@dataclass(frozen=True)
class Held:
    """What is assumed of one period."""

    period: int  # Counted from the present, 1 or more
    cells: tuple[Cell, ...]  # No two of them mean the same happenings


def read_assumed(path: str | Path) -> tuple[Assumed, ...]:
    """Read a scenario from a CSV file."""
    if Path(path).is_file() and Path(path).stat().st_size > LARGEST_FILE:
        raise DataError(f"{path} has more than {LARGEST_FILE:,} bytes; a scenario has at most {MOST_ROWS} rows")
    raw = load_raw(path, TableMapping(dataset="scenario", columns={name: name for name in TableMapping.required}))
    names = [str(name) for name in raw.rows.columns]
    expected = "expected date, source, target, code or kind, and if wanted n, part, until and summary"
    if not set(NEEDED) <= set(names) <= set(COLUMNS) or not {"code", "kind"} & set(names):
        raise DataError(f"{raw.name}: the columns are {join(names):.200}; {expected}")
    if raw.broken:
        line, (reason, _) = next(iter(raw.broken.items()))
        raise DataError(f"{raw.name}, line {line}: {reason}; write the row as the header says")
    if len(raw.rows) > MOST_ROWS:
        raise DataError(f"{raw.name}: {len(raw.rows):,} rows; a scenario has at most {MOST_ROWS:,}")
    rows = zip(raw.rows.index, raw.rows.to_dict("records"), strict=True)
    return tuple(_read_row(f"{raw.name}, line {line}", row) for line, row in rows)


def _read_row(place: str, row: Mapping[Any, str]) -> Assumed:
    cells = {name: str(row.get(name, "")).strip() for name in COLUMNS}
    try:
        day = parse_date(cells["date"], "date")
        until = parse_date(cells["until"], "until") if cells["until"] else None
        number, part = int(cells["n"] or "1"), float(cells["part"]) if cells["part"] else None
    except SpecError as error:
        raise DataError(f"{place}: {error}") from error
    except ValueError as error:
        given = f"{cells['n']!r:.20}, {cells['part']!r:.20}"
        raise DataError(f"{place}: n, part: {given}; expected a whole number, and one up to 1") from error
    source, target = cells["source"].upper(), cells["target"].upper()
    return Assumed(day, source, target, cells["code"], cells["kind"], number, part, until, cells["summary"], place)


def periods_held(
    rows: Sequence[Assumed], panel: "xr.Dataset", dyad: str, events: "pd.DataFrame | None" = None
) -> tuple[Held, ...]:
    """Check what is assumed against a panel, and arrange it by period.

    A joint act that has a row for each side (a visit and its hosting on one day) is one happening, as in the panel.
    Where a whole class is assumed beside a part of it, the rest of the class is meant.
    """
    if not rows:
        return ()
    if not panel_kind(panel).coded:
        raise SpecError("scenario: the data are an index, of which no happenings are recorded; none can be assumed")
    clock, known = Clock.of(panel), _recent_happenings(events, panel, dyad)
    spans, codes = [_periods_of(row, clock, dyad) for row in rows], [_code_of(row, panel) for row in rows]
    found: dict[int, dict[_Sort, list[int]]] = {}
    numbers = _numbers(rows, codes, panel, dyad)
    for row, code, number, (first, last) in zip(rows, codes, numbers, spans, strict=True):
        sort = _sort(row, code, panel, known)
        for period in range(first, last + 1):
            found.setdefault(period, {}).setdefault(sort, []).append(number if row.n else -1)
    return tuple(Held(period, _cells(found[period], panel)) for period in sorted(found))


def _cells(sorts: Mapping[_Sort, list[int]], panel: "xr.Dataset") -> tuple[Cell, ...]:
    """Return what is assumed of a period, by sort; numbers of -1 say that there are none."""
    cells = []
    for sort, numbers in sorts.items():
        of_class, part = sort.of_class, sort.part
        unit, kind = Clock.of(panel).unit, sort.name or str(panel["class_name"].to_numpy()[of_class])
        if -1 in numbers and max(numbers) > 0:
            raise SpecError(f"scenario: in one {unit} some “{kind}” is assumed, and none; leave out one of them")
        others = sum(each.part for each in sorts if each.of_class == of_class and each.part < 1)
        if others >= 1:
            raise SpecError(f"scenario: the parts of a class assumed in one {unit} add up to {others:g}; mend part")
        least = sum(numbers) if -1 not in numbers else 0
        if least > MOST_HAPPENINGS:
            raise SpecError(f"scenario: {least} happenings of “{kind}” in one {unit}; at most {MOST_HAPPENINGS}")
        if -1 in numbers or least:
            own = part if part < 1 else 1 - others
            cells.append(Cell(of_class, own, least, sort.name if sort.coded else "", sort.every))
    return tuple(sorted(cells))


def _periods_of(row: Assumed, clock: Clock, dyad: str) -> tuple[int, int]:
    """Return the first and the last period of a row, counted from the present."""
    if sorted((row.source, row.target)) != sorted(dyad.split("-")):
        raise SpecError(f"{row.place}: {row.source!r:.20} and {row.target!r:.20} are not the two states of {dyad}")
    if not 0 <= row.n <= MOST_HAPPENINGS:
        raise SpecError(f"{row.place}: n is {row.n}; expected 0 to {MOST_HAPPENINGS}")
    if row.part is not None and not 0 < row.part <= 1:
        raise SpecError(f"{row.place}: part is {row.part:g}; expected more than 0 and at most 1")
    if row.until is not None and (row.n or row.until < row.date):
        raise SpecError(f"{row.place}: until is for rows with n=0, and not before their date; leave it out, or mend it")
    first, last = (_period(day, clock, row.place) for day in (row.date, row.until or row.date))
    return first, last


def _period(day: datetime.date, clock: Clock, place: str) -> int:
    """Return the period of a day ahead, counted from the present."""
    origin, start = clock.last_day(), clock.times[-1].item()
    if day <= origin:
        raise SpecError(f"{place}: {day} is not ahead: the record is known to {origin}. Give a later day")
    if day > clock.last_day(LONGEST_HORIZON):
        raise SpecError(f"{place}: {day} is too far ahead; expected at most {clock.last_day(LONGEST_HORIZON)}")
    return (day - start).days // 7 if clock.weekly else months_between(start, day)


def _code_of(row: Assumed, panel: "xr.Dataset") -> str:
    """Return the code of a row; an empty one if its kind is the name of a class of the panel."""
    names, kind = _class_names(panel), _folded(row.kind)
    if kind in names and not row.code:
        return ""
    if str(panel.attrs.get("scale", "")) not in scale_names():
        raise SpecError(f"{row.place}: {row.kind or row.code!r:.60}: these data have the kinds {join(names)}; give one")
    try:
        return code_of_row(row.code, "", kind)
    except DataError as error:
        raise SpecError(f"{row.place}: {error}") from error


def _class_names(panel: "xr.Dataset") -> list[str]:
    return [str(name).casefold() for name in panel["class_name"].to_numpy()]


def _folded(kind: str) -> str:
    return " ".join(kind.casefold().split())


def _sort(row: Assumed, code: str, panel: "xr.Dataset", known: "pd.DataFrame | None") -> _Sort:
    """Return what sort of happenings a row means."""
    if not code:
        part = 1.0 if row.part is None else row.part
        return _Sort(_class_names(panel).index(_folded(row.kind)), "" if part == 1 else f"part {part:g}", part)
    act, of_class = VISIT if code == HOST else code, int(read_scale(panel.attrs["scale"]).class_of[code])
    part = _part(act, of_class, known) if row.part is None else row.part
    return _Sort(of_class, "", part) if part == 1 else _Sort(of_class, act, part, True, row.part is None)


def _recent_happenings(events: "pd.DataFrame | None", panel: "xr.Dataset", dyad: str) -> "pd.DataFrame | None":
    """Return code, class and number of the dyad's happenings in the ten years up to the present."""
    scale = str(panel.attrs.get("scale", ""))
    if events is None or scale not in scale_names():
        return None
    import pandas as pd

    last = Clock.of(panel).last_day()
    known = (events["dyad"] == dyad) & (events["known_at"] <= pd.Timestamp(last))
    recent = events[known & (events["date"] > pd.Timestamp(add_months(last, -MIX_MONTHS)))]
    act = recent["cameo"].where(recent["cameo"] != HOST, VISIT)
    return pd.DataFrame({"act": act, "class": act.map(read_scale(scale).class_of), "n": happenings(recent)})


def _part(act: str, of_class: int, known: "pd.DataFrame | None") -> float:
    """Return which part of the happenings of its class are such acts; half of one more is added, and one to all."""
    if known is None:
        return 1.0
    own = known[known["class"] == of_class]
    return float((own.loc[own["act"].str.startswith(act), "n"].sum() + 0.5) / (own["n"].sum() + 1.0))


def _numbers(rows: Sequence[Assumed], codes: Sequence[str], panel: "xr.Dataset", dyad: str) -> list[int]:
    """Return how many happenings each row counts for: none if it is the other side of another row."""
    coded = [place for place, (row, code) in enumerate(zip(rows, codes, strict=True)) if code and row.n]
    numbers = [row.n for row in rows]
    if not coded or not pairs_joint_acts(panel):
        return numbers
    import pandas as pd

    # Rows pair as in a panel where they mean the same part.
    acts = [
        {
            "dataset": str(rows[place].part), "dyad": dyad, "date": rows[place].date, "source": rows[place].source,
            "target": rows[place].target, "cameo": codes[place], "n": rows[place].n,
        }
        for place in coded
    ]  # fmt: skip
    for place, number in zip(coded, happenings(pd.DataFrame(acts)), strict=True):
        numbers[place] = int(number)
    return numbers
