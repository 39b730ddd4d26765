"""Drivers put into a panel as they were known on its day."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.arguments import DAY, PANEL, TEXT, a, checked
from forecast.clock import Clock
from forecast.dates import LONGEST_HORIZON, add_months
from forecast.drivers.table import DriverTable, Value
from forecast.errors import DataError, SpecError
from forecast.panel.drivers import Future, attach, has_drivers, require_future
from forecast.panel.record import last_known
from forecast.typing import Float

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events.table import Day

FEWEST_MONTHS = 24
"""With fewer months no effect could be told from the news of a month."""
MOST_CARRIED = 12
"""Months at the end of the record whose value may not be known yet."""
TABLE = a("DriverTable", "a DriverTable, such as read_drivers('trade.csv') returns")


def require_drivers(drivers: Path | str | None, acts: str | None, future: str) -> None:
    """Make sure that nothing is said of what drivers do where there are none."""
    if drivers is None and (acts is not None or future != "given"):
        raise SpecError("driver-acts, driver-future: say what drivers do, and there are none; give drivers as well")


@checked(panel=PANEL, table=TABLE, future=TEXT, as_of=DAY)
def add_drivers(
    panel: "xr.Dataset", table: DriverTable, *, future: Future = "given", as_of: "Day | None" = None
) -> "xr.Dataset":
    """Put drivers into a panel: what was known of them on its day, and nothing later.

    Months before a driver's first value, and dyads of which there is none, are not driven. After the first value every
    month of the panel needs one; only if the future is carried or simulated, months at the end whose value was not
    known yet are carried on from the last one that was.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly.
    table : DriverTable
    future : {"given", "carried", "simulated"}
        What forecasts assume of the months ahead: the values of the file that were known on the day (scheduled facts),
        the last value, or an AR(1) fitted to the record.
    as_of : date or str, optional
        By default the panel's own day, or the end of its last month.

    Returns
    -------
    xarray.Dataset
        The panel, with the variables ``driver_value`` and ``driver_given`` (docs/schema/panel.md).

    Raises
    ------
    DataError
        If a driver has a hole, a value from the future, or too few months.
    SpecError
        If the panel is weekly or has drivers already, or the future is none of the three.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.drivers import add_drivers, calendar_drivers
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), as_of="2023-10-31")
    >>> driven = add_drivers(panel, calendar_drivers(["USA-CHN"]))
    >>> driven["driver"].to_numpy().tolist()[0]
    'us_election_year'
    """
    from forecast.events.table import as_day

    require_future(future)
    clock = Clock.of(panel)
    if clock.weekly:
        raise SpecError("drivers: the panel is weekly, and drivers have a value a month; build a monthly panel")
    if has_drivers(panel):
        raise SpecError("drivers: the panel has some already; give all of them in one table")
    day = last_known(panel) if as_of is None else as_day(as_of, "as_of").date()
    months: list[date] = clock.times.tolist()
    ahead = [add_months(months[-1], step) for step in range(1, LONGEST_HORIZON + 1)]
    dyads = [str(dyad) for dyad in panel["dyad"].to_numpy()]
    values, given = (np.empty((len(table.names), len(dyads), len(own))) for own in (months, ahead))
    for i, name in enumerate(table.names):
        for d, dyad in enumerate(dyads):
            known = table.known(name, dyad, day)
            values[i, d] = _record(table, name, dyad, known, months, day, future)
            given[i, d] = _numbers(known, ahead)
        if np.isfinite(values[i]).sum(axis=-1).max() < FEWEST_MONTHS:
            raise DataError(
                f"{table.source}: {name} has fewer than {FEWEST_MONTHS} months of the panel, {months[0]:%Y-%m} to "
                f"{months[-1]:%Y-%m}, known by {day}; give more of its record"
            )
    return attach(panel, list(table.names), values, given, future)


def _numbers(known: dict[date, Value], months: list[date]) -> Float:
    return np.array([known[month].value if month in known else np.nan for month in months])


def _record(
    table: DriverTable, name: str, dyad: str, known: dict[date, Value], months: list[date], day: date, future: Future
) -> Float:
    """Return the values of the panel's months, NaN before the first."""
    found = _numbers(known, months)
    there = np.flatnonzero(np.isfinite(found))
    if not there.size:
        return found
    if future != "given":
        _reject_early(table, [known[months[place]] for place in there])
    first, last = int(there[0]), int(there[-1])
    hole = np.flatnonzero(np.isnan(found[first : last + 1]))
    if hole.size:
        raise DataError(_missing(table, name, dyad, months[first + int(hole[0])], day))
    if last < len(months) - 1:
        if future == "given":
            raise DataError(
                f"{_missing(table, name, dyad, months[last + 1], day)}; or let the last months be carried on (future "
                "carried or simulated)"
            )
        if len(months) - 1 - last > MOST_CARRIED:
            raise DataError(
                f"{_missing(table, name, dyad, months[last + 1], day)}: {MOST_CARRIED} months at most are carried"
            )
        found[last + 1 :] = found[last]
    return found


def _reject_early(table: DriverTable, values: list[Value]) -> None:
    """Reject a measured value that is said to have been known before its month began: it would tell the future."""
    for one in values:
        if one.known_at < one.month:
            raise DataError(
                f"{table.source}: {one.driver} of {one.month:%Y-%m} is said to be known at {one.known_at}, before that "
                "month began, so that it is a value from the future. Correct known_at; if it is a scheduled fact, use "
                "the future given"
            )


def _missing(table: DriverTable, name: str, dyad: str, month: date, day: date) -> str:
    """Describe a hole, and whether it is only known later."""
    later = [
        one.known_at
        for one in table.values
        if one.driver == name and one.month == month and one.dyad in ("", dyad) and one.known_at > day
    ]
    if later:
        return (
            f"{table.source}: {name} of {month:%Y-%m} ({dyad}) was known only at {min(later)}, after the as-of day "
            f"{day}; give what was known by then, or choose a later day"
        )
    return f"{table.source}: {name} has no value for {month:%Y-%m} ({dyad}), a hole in its record; fill it in"
