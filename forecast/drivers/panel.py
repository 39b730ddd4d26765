"""Drivers in a panel: covariates by dyad and month as known on a day, and their assumed future values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from forecast.arguments import DAY, PANEL, TEXT, a, checked
from forecast.clock import Clock
from forecast.dates import LONGEST_HORIZON
from forecast.drivers.table import DriverTable
from forecast.errors import DataError, SpecError
from forecast.panel.record import last_known
from forecast.typing import Float
from forecast.wording import join

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events.table import Day

Future = Literal["given", "carried", "simulated"]
FUTURES: tuple[Future, ...] = ("given", "carried", "simulated")
"""The months ahead are as the file has them, stay at the last value, or are drawn from an AR(1)."""
FUTURE_WORDS: dict[str, str] = {
    "given": "is as the file has it",
    "carried": "stays at its last value",
    "simulated": "is simulated (AR(1) of its record)",
}


@dataclass(frozen=True)
class Ahead:
    """Values of one driver of one dyad, observed and ahead, in its own units."""

    name: str
    future: str
    record: Float  # From its first value on; empty for a dyad of which there is none
    given: Float  # Of the months ahead, NaN where the file has none
    mean: float  # Over the record of all dyads: what is assumed where nothing is known

    def paths(self, size: tuple[int, ...], periods: int, rng: np.random.Generator) -> Float:
        """Return values of the months ahead, (*size, period), or (*ones, period) where no future differs."""
        alike = (1,) * len(size)
        if not self.record.size:
            return np.full((*alike, periods), self.mean)
        if self.future == "carried":
            return np.full((*alike, periods), self.record[-1])
        if self.future == "given":
            known = self.given[:periods]
            values = np.concatenate([known, np.full(periods - len(known), np.nan)])
            return np.where(np.isnan(values), self.mean, values).reshape(*alike, periods)
        carry, mean, spread = autoregression(self.record)
        value, values = np.full(size, self.record[-1]), np.empty((*size, periods))
        for period in range(periods):
            value = mean + carry * (value - mean) + spread * rng.standard_normal(size)
            values[..., period] = value
        return values


def autoregression(series: Float) -> tuple[float, float, float]:
    """Fit an AR(1) by least squares: what is carried over, the mean, and the spread of a month's shock.

    A series that would explode is taken for a random walk, and its uncertainty in these three numbers is left out.
    """
    mean = float(series.mean())
    before, after = series[:-1] - mean, series[1:] - mean
    power = float((before**2).sum())
    carry = float(np.clip((before * after).sum() / power, -1.0, 1.0)) if power else 0.0
    return carry, mean, float(np.std(after - carry * before)) if len(series) > 1 else 0.0


def require_future(future: str) -> None:
    """Make sure that what is assumed of the months ahead is one of `FUTURES`."""
    if future not in FUTURES:
        raise SpecError(f"driver future: got {future!r:.60}; expected one of {', '.join(FUTURES)}")


def attach(panel: "xr.Dataset", names: list[str], values: Float, given: Float, future: Future) -> "xr.Dataset":
    """Return a panel with drivers."""
    from forecast.files import digest

    mean, spread = (of(values, axis=(1, 2)) for of in (np.nanmean, np.nanstd))
    still = [name for name, one in zip(names, spread, strict=True) if not one > 0]
    if still:
        raise DataError(f"drivers: {join(still)} has one value in all months of the panel; leave it out")
    content = "\0".join([str(panel.attrs.get("digest", "")), *names, future]).encode()
    return panel.assign(
        driver_value=(("driver", "dyad", "time"), values), driver_given=(("driver", "dyad", "ahead"), given)
    ).assign_coords(
        driver=names, driver_mean=("driver", mean), driver_spread=("driver", spread),
        driver_future=("driver", [future] * len(names)),
    ).assign_attrs(digest=digest(content + values.tobytes() + given.tobytes()))  # fmt: skip


def has_drivers(panel: "xr.Dataset") -> bool:
    """Return whether a panel has drivers."""
    return "driver_value" in panel


def standardised(panel: "xr.Dataset", names: Iterable[str]) -> Float:
    """Return drivers of a panel by their names, standardised, (driver, dyad, time); zero where there is no value.

    They are less their mean and divided by their standard deviation, so that one prior suits all.
    """
    wanted = list(names)
    there = [str(name) for name in panel["driver"].to_numpy()] if has_drivers(panel) else []
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataError(
            f"drivers: the panel carries {join(there) or 'none'}, and the spec asks for {join(missing)}. Add them with "
            "add_drivers(panel, table), or leave them out of the spec"
        )
    own = panel.sel(driver=wanted)
    values = (own["driver_value"] - own["driver_mean"]) / own["driver_spread"]
    return np.nan_to_num(values.transpose("driver", "dyad", "time").to_numpy().astype(np.float64))


def ahead_of(panel: "xr.Dataset", name: str, dyad: str) -> Ahead:
    """Return the observed and assumed values of a driver of a dyad."""
    own = panel.sel(driver=name, dyad=dyad)
    record = own["driver_value"].to_numpy()
    return Ahead(
        name=name,
        future=str(own["driver_future"].to_numpy()),
        record=record[np.isfinite(record)],
        given=own["driver_given"].to_numpy(),
        mean=float(own["driver_mean"]),
    )


def require_given(panel: "xr.Dataset", dyad: str, months: int) -> None:
    """Make sure that drivers whose future is given are given for so many months."""
    if not has_drivers(panel):
        return
    for name in panel["driver"].to_numpy():
        own = ahead_of(panel, str(name), dyad)
        if own.future == "given" and own.record.size:
            known = int(np.isfinite(own.given).cumprod().sum())
            if known < months:
                clock = Clock.of(panel)
                raise SpecError(
                    f"drivers: {name} is given up to {clock.name(known)}, and {clock.name(months)} is asked about. "
                    "Give its values up to then, ask for shorter horizons, or assume another future (carried or "
                    "simulated)"
                )


FEWEST_MONTHS = 24
"""Fewest months from which an effect can be distinguished from month-specific noise."""
MOST_CARRIED = 12
"""Months at the end of the record whose value may not be known yet."""
TABLE = a("DriverTable", "a DriverTable, such as read_drivers('trade.csv') returns")


def require_drivers(drivers: Path | str | None, acts: str | None, future: str) -> None:
    """Reject choices of drivers where there are no drivers."""
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
        If a driver has a gap, a value from the future, or too few months.
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
    if Clock.of(panel).weekly:
        raise SpecError("drivers: the panel is weekly, and drivers have one value per month; build a monthly panel")
    if has_drivers(panel):
        raise SpecError("drivers: the panel has some already; give all of them in one table")
    day = last_known(panel) if as_of is None else as_day(as_of, "as_of").date()
    months = panel["time"].to_index()
    ahead = pd.date_range(months[-1], periods=LONGEST_HORIZON + 1, freq="MS")[1:]
    dyads = [str(dyad) for dyad in panel["dyad"].to_numpy()]
    values, given = (np.empty((len(table.names), len(dyads), len(own))) for own in (months, ahead))
    for i, name in enumerate(table.names):
        for d, dyad in enumerate(dyads):
            known = table.known(name, dyad, day)
            values[i, d] = _record(table, name, dyad, known.reindex(months), day, future)
            given[i, d] = known["value"].reindex(ahead)
        if np.isfinite(values[i]).sum(axis=-1).max() < FEWEST_MONTHS:
            raise DataError(
                f"{table.source}: {name} has fewer than {FEWEST_MONTHS} months of the panel, {months[0]:%Y-%m} to "
                f"{months[-1]:%Y-%m}, known by {day}; give more of its record"
            )
    return attach(panel, list(table.names), values, given, future)


def _record(table: DriverTable, name: str, dyad: str, known: pd.DataFrame, day: date, future: Future) -> Float:
    """Return the values of the panel's months, NaN before the first."""
    found = known["value"].to_numpy(copy=True)
    there = np.flatnonzero(np.isfinite(found))
    if not there.size:
        return found
    early = known[known["known_at"] < known.index]
    if future != "given" and len(early):
        raise DataError(
            f"{table.source}: {name} of {early.index[0]:%Y-%m} has known_at {early['known_at'].iloc[0]:%Y-%m-%d}, "
            "before that month began, so that it is a value from the future. Correct known_at; if it is a scheduled "
            "fact, use the future given"
        )
    gaps = np.flatnonzero(np.isnan(found))
    gaps, last = gaps[gaps > there[0]], int(there[-1])
    if gaps.size and (gaps[0] < last or future == "given" or len(found) - 1 - last > MOST_CARRIED):
        words = _missing(table, name, dyad, known.index[gaps[0]], day)
        if gaps[0] > last and future == "given":
            words += "; or let the last months be carried on (future carried or simulated)"
        elif gaps[0] > last:
            words += f": {MOST_CARRIED} months at most are carried"
        raise DataError(words)
    found[last + 1 :] = found[last]
    return found


def _missing(table: DriverTable, name: str, dyad: str, month: pd.Timestamp, day: date) -> str:
    """Describe a missing value, and whether it became known later."""
    own = table.values[(table.values["driver"] == name) & (table.values["month"] == month)]
    later = own.loc[own["dyad"].isin(["", dyad]) & (own["known_at"].dt.date > day), "known_at"]
    if len(later):
        return (
            f"{table.source}: {name} of {month:%Y-%m} ({dyad}) was known only at {later.min():%Y-%m-%d}, after the "
            f"as-of day {day}; give what was known by then, or choose a later day"
        )
    return f"{table.source}: {name} has no value for {month:%Y-%m} ({dyad}), a gap in its record; fill it in"
