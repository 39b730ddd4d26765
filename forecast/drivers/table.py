"""Covariates with the date each value became available: from a CSV file, or from scheduled events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd

from forecast.arguments import DYADS, PATH, checked
from forecast.dates import add_months, month_start, today
from forecast.errors import DataError, SpecError
from forecast.events.codebook import LARGEST, read_days, read_small_csv, require_cells
from forecast.files import digest, read_bytes
from forecast.resources import data_folder
from forecast.wording import join

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
    values: pd.DataFrame = field(repr=False, compare=False)
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

    def known(self, driver: str, dyad: str, as_of: date) -> pd.DataFrame:
        """Return `known_at` and `value` of a driver of a dyad by month: the last revision of each by a day.

        Where there is no value of the dyad alone, the one of all dyads counts.
        """
        own = [self._series[key] for key in ((driver, ""), (driver, dyad)) if key in self._series]
        found = pd.concat(own) if own else self.values.iloc[:0]
        found = found[found["known_at"] <= pd.Timestamp(as_of)].sort_values(["month", "dyad", "known_at"])
        return found.drop_duplicates("month", keep="last").set_index("month")[["known_at", "value"]]

    @cached_property
    def _series(self) -> dict[tuple[str, str], pd.DataFrame]:
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
    frame = read_small_csv(path, (TIME, KNOWN_AT))
    names = _names([str(name) for name in frame], path)
    values = _values(frame, names, path)
    empty = [name for name in names if name not in set(values["driver"])]
    if empty:
        raise DataError(f"{path}: the column {empty[0]!r} holds no value; fill it in, or remove it")
    return DriverTable(path.name, names, values, digest(read_bytes(path, LARGEST)))


def _names(header: list[str], path: Path) -> tuple[str, ...]:
    names = tuple(name for name in header if name not in (TIME, KNOWN_AT, DYAD))
    if not names:
        raise DataError(f"{path}: there is no column of a driver other than {join(header)}; add one")
    if len(names) > MOST_DRIVERS:
        raise DataError(
            f"{path}: {len(names)} drivers; expected at most {MOST_DRIVERS}, for each needs data of its own"
        )
    wrong = [name for name in names if not name or len(name) > LONGEST_NAME or not name.isprintable()]
    if wrong:
        raise DataError(f"{path}: {wrong[0]!r:.60} is no name of a driver; expected 1 to {LONGEST_NAME} characters")
    return names


def _values(frame: pd.DataFrame, names: tuple[str, ...], path: Path) -> pd.DataFrame:
    """Return the values of a file in the form of `DriverTable`."""
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


def _is_dyad(text: str) -> bool:
    parts = text.replace("_", "-").split("-")
    return not text or (len(parts) == 2 and all(len(part) == 3 and part.isalpha() for part in parts))


def _code(text: str) -> str:
    from forecast.events import dyad_code

    return dyad_code(*text.upper().replace("_", "-").split("-")) if text else ""


CALENDAR = "calendar"
"""Stands for ``data/calendar.csv`` where a file of drivers is asked for."""
COLUMNS = ("date", "known_at", "known_by", "kind", "states", "host", "name", "reference")
KNOWN_BY = ("law", "treaty", "announcement", "thirty days", "opening")
"""Why a fact was known on its day: by a rule of law or of the treaty itself, on the day it was announced; or, where
that day is not known for certain, thirty days before, or not before the day itself."""
SUMMITS = ("g20_summit", "apec_summit", "sco_summit", "brics_summit")
KINDS = ("us_election", "us_inauguration", "party_congress", "election", "treaty_expiry", *SUMMITS)
FIRST, LAST = date(1945, 1, 1), date(2040, 12, 1)
"""The months that the drivers have."""


@dataclass(frozen=True)
class Scheduled:
    """A fact known in advance."""

    day: date  # When it takes place, and since when that was known
    known_at: date
    known_by: str  # Why it was known then, one of `KNOWN_BY`
    kind: str  # One of `KINDS`
    states: tuple[str, ...]  # Whose: ISO 3166 alpha-3 codes
    host: str  # State that receives it, or an empty text
    name: str
    reference: str


@dataclass(frozen=True)
class CalendarDriver:
    """Derivation of a driver from scheduled events."""

    name: str
    words: str
    kinds: tuple[str, ...]  # Of the facts that count
    both: bool = False  # Whether both states of a dyad have to be concerned
    # Months from the fact to the first and the last month in which the driver is one; elsewhere it is zero.
    first: int = 0
    last: int = 0
    acts: str = "month"  # What it acts on where that is not chosen: a phase on the cycle, an occasion on the month


DRIVERS = (
    CalendarDriver(
        "us_election_year",
        "the twelve months up to a US presidential election",
        ("us_election",),
        first=-11,
        acts="cycle",
    ),
    CalendarDriver(
        "us_first_year",
        "the first twelve months of a US presidential term",
        ("us_inauguration",),
        last=11,
        acts="cycle",
    ),
    CalendarDriver("election", "a month with an election in another of the two states", ("election",)),
    CalendarDriver("party_congress", "a month with a Chinese party congress", ("party_congress",)),
    CalendarDriver("summit", "a month with a G20, APEC, SCO or BRICS summit of both states", SUMMITS, both=True),
    CalendarDriver(
        "treaty_expiry", "the year before a treaty of both states expires", ("treaty_expiry",), True, -12, -1, "cycle"
    ),
)
"""Calendar drivers; facts that look ahead for months are known years before, so that no month uses hindsight."""


@checked(path=PATH)
def read_calendar(path: str | Path | None = None) -> tuple[Scheduled, ...]:
    """Read scheduled facts, those of ``data/calendar.csv`` by default."""
    path = data_folder() / "calendar.csv" if path is None else Path(path)
    frame = read_small_csv(path, COLUMNS)
    for name, (fits, expected) in _CELLS.items():
        require_cells(frame[name], frame[name].map(fits), expected, path)
    frame["date"], frame["known_at"] = (read_days(frame[name], path) for name in ("date", "known_at"))
    require_cells(frame["known_at"], frame["known_at"] <= frame["date"], "the day of the fact or an earlier one", path)
    found = [
        Scheduled(
            row["date"].date(), row["known_at"].date(), row["known_by"], row["kind"], tuple(row["states"].split()),
            row["host"], row["name"], row["reference"],
        )
        for _, row in frame.iterrows()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.day, one.kind, one.name)))


@checked(dyads=DYADS, path=PATH)
def calendar_drivers(dyads: Sequence[str], path: str | Path | None = None) -> DriverTable:
    """Turn scheduled facts into monthly drivers, each zero or one.

    A month of the record counts a fact that was known by then. Of the months ahead the ones count that are known on the
    as-of day: elections and terms of US presidents for ever, the next summits for a month. Drivers that never are one
    for any of the dyads are left out.

    Parameters
    ----------
    dyads : sequence of str
    path : str or pathlib.Path, optional
        Of a calendar like ``data/calendar.csv``, which it is by default.

    Raises
    ------
    DataError
        If no fact concerns any of the dyads.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.drivers import calendar_drivers
    >>> table = calendar_drivers(["USA-CHN"])
    >>> table.names
    ('us_election_year', 'us_first_year', 'party_congress', 'summit')
    >>> float(table.known("summit", "USA-CHN", date(2023, 10, 31)).loc["2023-11-01", "value"])
    1.0
    """
    facts = read_calendar(path)
    values = pd.concat(
        [_calendar_values(driver, dyad, facts) for driver in DRIVERS for dyad in dyads], ignore_index=True
    )
    moving = set(values.loc[values["value"] > 0, "driver"])
    names = tuple(driver.name for driver in DRIVERS if driver.name in moving)
    if not names:
        raise DataError(f"calendar: no scheduled fact concerns {', '.join(dyads)}; give drivers of your own")
    content = "\n".join(map(str, facts)) + " ".join(dyads)
    acts = {driver.name: driver.acts for driver in DRIVERS if driver.name in names}
    return DriverTable("calendar.csv", names, values[values["driver"].isin(names)], digest(content.encode()), acts)


def drivers_for(source: str | Path, dyads: Sequence[str]) -> DriverTable:
    """Read drivers from a file, or those of the calendar where that is named (`CALENDAR`)."""
    return calendar_drivers(dyads) if str(source) == CALENDAR else read_drivers(source)


def _calendar_values(driver: CalendarDriver, dyad: str, facts: Sequence[Scheduled]) -> pd.DataFrame:
    """Return a driver's values: zero in every month from the beginning, and one since it is known."""
    states = dyad.split("-")
    ones = [
        (add_months(month_start(fact.day), step), max(fact.known_at, FIRST), 1.0)
        for fact in facts
        if fact.kind in driver.kinds and (all if driver.both else any)(state in fact.states for state in states)
        for step in range(driver.first, driver.last + 1)
    ]
    zeros = [(month, FIRST - timedelta(days=1), 0.0) for month in pd.date_range(FIRST, LAST, freq="MS").date]
    values = pd.DataFrame([*zeros, *ones], columns=["month", "known_at", "value"])
    values = values.astype({"month": "datetime64[s]", "known_at": "datetime64[s]"})
    known = values[values["month"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST))]
    first = known.groupby(["month", "value"])["known_at"].min().reset_index()
    return first.assign(driver=driver.name, dyad=dyad)


def _are_states(text: str) -> bool:
    return bool(text) and all(len(code) == 3 and code.isalpha() and code.isupper() for code in text.split(" "))


_CELLS: dict[str, tuple[Callable[[str], bool], str]] = {
    "kind": (KINDS.__contains__, f"one of {', '.join(KINDS)}"),
    "known_by": (KNOWN_BY.__contains__, f"one of {', '.join(KNOWN_BY)}"),
    "states": (_are_states, "ISO 3166 alpha-3 codes with spaces between them"),
    "host": (lambda text: not text or _are_states(text), "one such code, or nothing"),
    "name": (bool, "what takes place"),
    "reference": (bool, "where that can be looked up"),
}
"""Validator of a cell of each column, and its description for messages."""
