"""Covariates from a CSV file: a value a month, and the day since when it was known."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from forecast.arguments import PATH, checked
from forecast.dates import month_start, parse_date, today
from forecast.errors import DataError, SpecError
from forecast.files import digest, read_bytes
from forecast.wording import join

LARGEST = 50_000_000
"""Bytes."""
MOST_DRIVERS = 12
LONGEST_NAME = 40
TIME, KNOWN_AT, DYAD = "time", "known_at", "dyad"


@dataclass(frozen=True)
class Value:
    """A value of a driver."""

    driver: str
    dyad: str  # Its code; empty if it is that of all dyads
    month: date  # Its first day
    known_at: date  # The day since when it was known
    value: float


@dataclass(frozen=True)
class DriverTable:
    """Values of some drivers.

    Attributes
    ----------
    source : str
        What it was read from.
    names : tuple of str
        The drivers, in the order of the columns.
    values : tuple of Value
    digest : str
        SHA-256 of what was read.
    acts : mapping of str to str
        What drivers act on where that is not chosen; the month, if it is not here.
    """

    source: str
    names: tuple[str, ...]
    values: tuple[Value, ...] = field(repr=False)
    digest: str = ""
    acts: Mapping[str, str] = field(default_factory=dict)

    def acting(self, chosen: str | None = None) -> dict[str, str]:
        """Return what each driver acts on, as `PendulumSpec` has it.

        Parameters
        ----------
        chosen : str, optional
            One word for all, or ``name=word`` with commas between them; then the drivers not named are left out.

        Raises
        ------
        SpecError
            If a driver is named that is not there.

        Examples
        --------
        >>> from forecast.drivers import calendar_drivers
        >>> calendar_drivers(["CHN-RUS"]).acting("summit=cycle")
        {'summit': 'cycle'}
        """
        if chosen is None:
            return {name: self.acts.get(name, "month") for name in self.names}
        if "=" not in chosen:
            return dict.fromkeys(self.names, chosen.strip())
        pairs = [part.partition("=") for part in chosen.split(",") if part.strip()]
        found = {name.strip(): word.strip() for name, _, word in pairs}
        unknown = [name for name in found if name not in self.names]
        if unknown or len(found) < len(pairs):
            what = f"there is no driver {unknown[0]!r:.60}" if unknown else "a driver is there twice"
            raise SpecError(f"driver-acts: {what}; the drivers are {join(self.names)}, such as {self.names[0]}=month")
        return found

    def known(self, driver: str, dyad: str, as_of: date) -> dict[date, Value]:
        """Return the values of a driver of a dyad by month, as known on a day: the last revision of each by then.

        Where there is none of the dyad alone, the one of all dyads counts.
        """
        found: dict[date, Value] = {}
        for own in ("", dyad):
            latest: dict[date, Value] = {}
            for one in self._series.get((driver, own), ()):
                before = latest.get(one.month)
                if one.known_at <= as_of and (before is None or one.known_at > before.known_at):
                    latest[one.month] = one
            found |= latest
        return found

    @cached_property
    def _series(self) -> dict[tuple[str, str], list[Value]]:
        """Values by driver and dyad."""
        found: dict[tuple[str, str], list[Value]] = {}
        for one in self.values:
            found.setdefault((one.driver, one.dyad), []).append(one)
        return found


@checked(path=PATH)
def read_drivers(path: str | Path) -> DriverTable:
    r"""Read covariates from a CSV file (docs/schema/drivers.md).

    Parameters
    ----------
    path : str or pathlib.Path
        UTF-8, with the columns ``time`` (the month, YYYY-MM, or a day in it), ``known_at`` (the day since when the
        value was known, YYYY-MM-DD), if need be ``dyad``, and one column a driver. An empty cell holds no value; a row
        with a later ``known_at`` revises an earlier one.

    Returns
    -------
    DriverTable

    Raises
    ------
    DataError
        If the file cannot be read, a column is missing, or a cell makes no sense; the message names its line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from forecast.drivers import read_drivers
    >>> path = Path(mkdtemp()) / "trade.csv"
    >>> _ = path.write_text("time,known_at,trade\n2023-01,2023-03-05,58.1\n")
    >>> read_drivers(path).names
    ('trade',)
    """
    path = Path(path)
    try:
        content = read_bytes(path, LARGEST)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise DataError(f"{path}: the drivers cannot be read ({reason}). Give a CSV file in UTF-8.") from cause
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        names = _names(header, path)
        values = tuple(one for line in _rows(reader, header, path) for one in _values(line, names, path))
    except csv.Error as cause:
        raise DataError(f"{path}, line {reader.line_num}: not CSV ({cause}). Save it as CSV in UTF-8.") from cause
    _reject_twice(values, path)
    empty = [name for name in names if not any(one.driver == name for one in values)]
    if empty:
        raise DataError(f"{path}: the column {empty[0]!r} holds no value; fill it in, or remove it")
    return DriverTable(path.name, names, values, digest(content))


@dataclass(frozen=True)
class _Line:
    number: int
    cells: dict[str, str]


def _names(header: list[str], path: Path) -> tuple[str, ...]:
    missing = [name for name in (TIME, KNOWN_AT) if name not in header]
    if missing:
        raise DataError(
            f"{path}: there is no column {missing[0]!r}; expected {TIME}, {KNOWN_AT}, if need be {DYAD}, and drivers"
        )
    if len(set(header)) < len(header):
        raise DataError(f"{path}: a column is there twice; expected {join(header)} once each")
    names = tuple(name for name in header if name not in (TIME, KNOWN_AT, DYAD))
    if not names:
        raise DataError(f"{path}: there is no column of a driver beside {join(header)}; add one")
    if len(names) > MOST_DRIVERS:
        raise DataError(
            f"{path}: {len(names)} drivers; expected at most {MOST_DRIVERS}, for each needs data of its own"
        )
    wrong = [name for name in names if not name or len(name) > LONGEST_NAME or not name.isprintable()]
    if wrong:
        raise DataError(f"{path}: {wrong[0]!r:.60} is no name of a driver; expected 1 to {LONGEST_NAME} characters")
    return names


def _rows(reader: "Iterator[list[str]]", header: list[str], path: Path) -> Iterator[_Line]:
    for number, row in enumerate(reader, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise DataError(f"{path}, line {number}: {len(row)} cells, and the header has {len(header)}; fill in all")
        yield _Line(number, {name: cell.strip() for name, cell in zip(header, row, strict=True)})


def _values(line: _Line, names: tuple[str, ...], path: Path) -> Iterator[Value]:
    where = f"{path}, line {line.number}"
    month, known_at = (read_day(line.cells[name], name, where) for name in (TIME, KNOWN_AT))
    if known_at > today():
        raise DataError(f"{where}: {KNOWN_AT} is {known_at}, in the future; give the day since when the value is known")
    dyad = _dyad(line.cells.get(DYAD, ""), where)
    for name in names:
        if cell := line.cells[name]:
            yield Value(name, dyad, month_start(month), known_at, _number(cell, name, where))


def read_day(text: str, name: str, where: str) -> date:
    """Read the day of a cell; `name` is what its column is called, `where` its file and line."""
    try:
        return parse_date(text, name)
    except SpecError as cause:
        raise DataError(f"{where}: {cause}") from cause


def _dyad(text: str, where: str) -> str:
    from forecast.events import dyad_code

    if not text:
        return ""
    parts = text.upper().replace("_", "-").split("-")
    if len(parts) != 2 or not all(len(part) == 3 and part.isalpha() for part in parts):
        raise DataError(
            f"{where}: {DYAD} is {text!r:.40}; expected two ISO 3166 alpha-3 codes such as USA-CHN, or empty"
        )
    return dyad_code(*parts)


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < 1e12:  # nor NaN
        raise DataError(f"{where}: {name} is {text!r:.40}; expected a number such as 58.1, or an empty cell")
    return value


def _reject_twice(values: tuple[Value, ...], path: Path) -> None:
    seen: set[tuple[str, str, date, date]] = set()
    for one in values:
        key = (one.driver, one.dyad, one.month, one.known_at)
        if key in seen:
            raise DataError(
                f"{path}: {one.driver} of {one.month:%Y-%m}{f' of {one.dyad}' if one.dyad else ''} is there twice as "
                f"known at {one.known_at}; keep one of them, or give the revision its own day"
            )
        seen.add(key)
