"""Drivers from the calendar: elections, summits and anniversaries.

They are known long before, and are listed in `data/calendar.csv`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import add_months, month_start
from forecast.base.digests import digest
from forecast.base.errors import DataError
from forecast.base.resources import data_folder
from forecast.base.typing import Dyad
from forecast.data.driver_table import DriverTable, read_drivers
from forecast.data.events.codebook import read_days, read_small_csv

CALENDAR = "calendar"
"""Stands for ``data/calendar.csv`` where a file of drivers is asked for."""
SUMMITS = ("g20_summit", "apec_summit", "sco_summit", "brics_summit")
FIRST = date(1945, 1, 1)
LAST = date(2040, 12, 1)
"""The months that the drivers have."""


@dataclass(frozen=True)
class CalendarDriver:
    """Derivation of a driver from scheduled events."""

    name: str
    words: str
    kinds: tuple[str, ...]  # Of the facts that count
    both: bool = False  # Whether both states of a dyad have to be concerned
    # Months from the fact to the first and the last month in which the driver is one; elsewhere it
    # is zero.
    first: int = 0
    last: int = 0
    # What it acts on where that is not chosen: a phase on the cycle, an occasion on the month
    acts: str = "month"


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
    CalendarDriver(
        "election", "a month with an election in another of the two states", ("election",)
    ),
    CalendarDriver("party_congress", "a month with a Chinese party congress", ("party_congress",)),
    CalendarDriver(
        "summit", "a month with a G20, APEC, SCO or BRICS summit of both states", SUMMITS, both=True
    ),
    CalendarDriver(
        "treaty_expiry",
        "the year before a treaty of both states expires",
        ("treaty_expiry",),
        both=True,
        first=-12,
        last=-1,
        acts="cycle",
    ),
)
"""Calendar drivers; facts that look ahead for months are known years before, so that no month uses
hindsight."""


def read_calendar() -> pd.DataFrame:
    """Return the scheduled facts of ``data/calendar.csv``.

    Days are dates, and the states concerned a tuple.
    """
    path = data_folder() / "calendar.csv"
    frame = read_small_csv(path)
    days = {name: read_days(frame[name], path).dt.date for name in ("date", "known_at")}
    return frame.assign(**days, states=frame["states"].str.split().map(tuple))


@checked
def calendar_drivers(dyads: Sequence[Dyad]) -> DriverTable:
    """Turn the scheduled facts of ``data/calendar.csv`` into monthly drivers, each zero or one.

    A month of the record counts a fact that was known by then. Of the months ahead the ones count
    that are known on the as-of day: elections and terms of US presidents for ever, the next summits
    for a month. Drivers that never are one for any of the dyads are left out.

    Parameters
    ----------
    dyads : sequence of str

    Returns
    -------
    DriverTable
        Its `values` have one row per value: `driver`, `dyad`, `month` (its first day), `known_at`
        and `value`, 0 or 1.

    Raises
    ------
    DataError
        If no fact concerns any of the dyads.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.data.calendar_drivers import calendar_drivers
    >>> table = calendar_drivers(["USA-CHN"])
    >>> table.names
    ('us_election_year', 'us_first_year', 'party_congress', 'summit')
    >>> float(table.known("summit", "USA-CHN", date(2023, 10, 31)).loc["2023-11-01", "value"])
    1.0
    """
    facts = read_calendar()
    values = pd.concat(
        [_calendar_values(driver, dyad, facts) for driver in DRIVERS for dyad in dyads],
        ignore_index=True,
    )
    moving = set(values.loc[values["value"] > 0, "driver"])
    names = tuple(driver.name for driver in DRIVERS if driver.name in moving)
    if not names:
        raise DataError(
            f"calendar: no scheduled fact concerns {', '.join(dyads)}; give drivers of your own"
        )
    content = digest(facts) + " ".join(dyads)
    acts = {driver.name: driver.acts for driver in DRIVERS if driver.name in names}
    return DriverTable(
        "calendar.csv", names, values[values["driver"].isin(names)], digest(content.encode()), acts
    )


def drivers_for(source: str | Path, dyads: Sequence[str]) -> DriverTable:
    """Read drivers from a file, or those of the calendar where that is named (`CALENDAR`)."""
    return calendar_drivers(dyads) if str(source) == CALENDAR else read_drivers(source)


def _calendar_values(driver: CalendarDriver, dyad: str, facts: pd.DataFrame) -> pd.DataFrame:
    """Return a driver's values: zero in all months from the first, and one since it is known."""
    states = dyad.split("-")
    columns = facts[["date", "known_at", "kind", "states"]]
    ones = [
        (add_months(month_start(day), step), max(known_at, FIRST), 1.0)
        for day, known_at, kind, concerned in columns.itertuples(index=False, name=None)
        if kind in driver.kinds
        and (all if driver.both else any)(state in concerned for state in states)
        for step in range(driver.first, driver.last + 1)
    ]
    zeros = [
        (month, FIRST - timedelta(days=1), 0.0)
        for month in pd.date_range(FIRST, LAST, freq="MS").date
    ]
    values = pd.DataFrame([*zeros, *ones], columns=["month", "known_at", "value"])
    values = values.astype({"month": "datetime64[s]", "known_at": "datetime64[s]"})
    in_calendar = values[values["month"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST))]
    first = in_calendar.groupby(["month", "value"])["known_at"].min().reset_index()
    return first.assign(driver=driver.name, dyad=dyad)
