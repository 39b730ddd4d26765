"""Covariates from a CSV file: one value per month, and the date it became available."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.arguments import PATH, checked
from forecast.dates import parse_date, today
from forecast.errors import DataError, SpecError
from forecast.files import digest, read_bytes
from forecast.wording import join

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 50_000_000
"""Bytes."""
MOST_DRIVERS = 12
LONGEST_NAME = 40
TIME, KNOWN_AT, DYAD = "time", "known_at", "dyad"


@dataclass(frozen=True)
class DriverTable:
    """Values of some drivers."""

    source: str  # What it was read from
    names: tuple[str, ...]  # The drivers, in the order of the columns
    # One row per value: `driver`, `dyad` (empty for a value of all dyads), `month` (its first day), `known_at` and
    # `value`.
    values: "pd.DataFrame" = field(repr=False, compare=False)
    digest: str = ""  # SHA-256 of what was read
    # What drivers act on where that is not chosen; the month, if it is not here.
    acts: Mapping[str, str] = field(default_factory=dict)

    def acting(self, chosen: str | None = None) -> dict[str, str]:
        """Return the component on which each driver acts, as in `PendulumSpec`."""
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

    def known(self, driver: str, dyad: str, as_of: date) -> "pd.DataFrame":
        """Return `known_at` and `value` of a driver of a dyad by month: the last revision of each by a day.

        Where there is no value of the dyad alone, the one of all dyads counts.
        """
        import pandas as pd

        own = [self._series[key] for key in ((driver, ""), (driver, dyad)) if key in self._series]
        found = pd.concat(own) if own else self.values.iloc[:0]
        found = found[found["known_at"] <= pd.Timestamp(as_of)].sort_values(["month", "dyad", "known_at"])
        return found.drop_duplicates("month", keep="last").set_index("month")[["known_at", "value"]]

    @cached_property
    def _series(self) -> "dict[tuple[str, str], pd.DataFrame]":
        return {(str(driver), str(dyad)): own for (driver, dyad), own in self.values.groupby(["driver", "dyad"])}


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
    frame = _cells(text, path)
    names = _names([str(name) for name in frame], path)
    values = _values(frame, names, path)
    empty = [name for name in names if name not in set(values["driver"])]
    if empty:
        raise DataError(f"{path}: the column {empty[0]!r} holds no value; fill it in, or remove it")
    return DriverTable(path.name, names, values, digest(content))


def _cells(text: str, path: Path) -> "pd.DataFrame":
    """Return the cells of a CSV file as text, by line and column."""
    import pandas as pd

    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header, *rows = ([cell.strip() for cell in row] for row in reader)
    except csv.Error as cause:
        raise DataError(f"{path}, line {reader.line_num}: not CSV ({cause}). Save it as CSV in UTF-8.") from cause
    except ValueError:
        header, rows = [], []
    filled = {number: row for number, row in enumerate(rows, 2) if any(row)}
    for number, row in filled.items():
        if len(row) != len(header):
            raise DataError(f"{path}, line {number}: {len(row)} cells, and the header has {len(header)}; fill in all")
    return pd.DataFrame(list(filled.values()), index=list(filled), columns=header, dtype=str)


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


def _values(frame: "pd.DataFrame", names: tuple[str, ...], path: Path) -> "pd.DataFrame":
    """Return the values of a file in the form of `DriverTable`."""
    import pandas as pd

    known_at = read_days(frame[KNOWN_AT], path)
    in_time = known_at.dt.date <= today()
    require_cells(known_at, in_time, "the day since when the value is known, not one in the future", path)
    dyads = frame[DYAD] if DYAD in frame else pd.Series("", frame.index, name=DYAD)
    require_cells(dyads, dyads.map(_is_dyad), "two ISO 3166 alpha-3 codes such as USA-CHN, or empty", path)
    found = []
    for name in names:
        cells = frame.loc[frame[name] != "", name]
        numbers = pd.to_numeric(cells, errors="coerce").astype(float)
        require_cells(cells, numbers.abs() < 1e12, "a number such as 58.1, or an empty cell", path)
        found.append(numbers.rename("value").to_frame().assign(driver=name))
    values = pd.concat(found)
    months = read_days(frame[TIME], path)
    values["month"] = months - pd.to_timedelta(months.dt.day - 1, unit="D")
    values["known_at"], values["dyad"] = known_at, dyads.map(_code)
    twice = values[values.duplicated(["driver", "dyad", "month", "known_at"])]
    if len(twice):
        one = twice.iloc[0]
        raise DataError(
            f"{path}: {one['driver']} of {one['month']:%Y-%m}{' of ' + one['dyad'] if one['dyad'] else ''} is there "
            f"twice as known at {one['known_at']:%Y-%m-%d}; keep one of them, or give the revision its own day"
        )
    return values


def require_cells(cells: "pd.Series[Any]", right: "pd.Series[bool]", expected: str, path: Path) -> None:
    """Reject a column, indexed by the lines of its file, with a cell that is not right."""
    for line, cell in cells[~right.astype(bool)].items():
        shown = f"{cell:%Y-%m-%d}" if isinstance(cell, date) else f"{cell!r:.60}"
        raise DataError(f"{path}, line {line}: {cells.name} is {shown}; expected {expected}")


def read_days(cells: "pd.Series[str]", path: Path) -> "pd.Series[pd.Timestamp]":
    """Read a column of days, indexed by the lines of its file."""
    import pandas as pd

    days = []
    for line, text in cells.items():
        try:
            days.append(parse_date(text, str(cells.name)))
        except SpecError as cause:
            raise DataError(f"{path}, line {line}: {cause}") from cause
    return pd.Series(days, cells.index, name=cells.name, dtype="datetime64[s]")


def _is_dyad(text: str) -> bool:
    parts = text.replace("_", "-").split("-")
    return not text or (len(parts) == 2 and all(len(part) == 3 and part.isalpha() for part in parts))


def _code(text: str) -> str:
    from forecast.events import dyad_code

    return dyad_code(*text.upper().replace("_", "-").split("-")) if text else ""
