"""Scheduled events known in advance, and the drivers derived from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.arguments import DYADS, PATH, checked
from forecast.dates import add_months, month_start
from forecast.drivers.table import DriverTable, read_days, read_drivers, require_cells
from forecast.errors import DataError
from forecast.files import digest
from forecast.resources import data_folder

if TYPE_CHECKING:
    import pandas as pd

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
    from forecast.events.codebook import read_small_csv

    path = data_folder() / "calendar.csv" if path is None else Path(path)
    frame = read_small_csv(path)
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise DataError(f"{path}: there is no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    frame = frame.set_index(frame.index + 2)  # the lines of the file
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

    Returns
    -------
    DriverTable

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
    import pandas as pd

    facts = read_calendar(path)
    values = pd.concat([_values(driver, dyad, facts) for driver in DRIVERS for dyad in dyads], ignore_index=True)
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


def _values(driver: CalendarDriver, dyad: str, facts: Sequence[Scheduled]) -> "pd.DataFrame":
    """Return a driver's values: zero in every month from the beginning, and one since it is known."""
    import pandas as pd

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
