"""Drivers: covariates with the date each value became available, from a file or from scheduled events, in a panel.

`read_drivers` reads a user's file, and `calendar_drivers` derives drivers from the scheduled events
of ``data/calendar.csv``. `add_drivers` adds either to a panel, with the values known on the panel's
day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import LONGEST_HORIZON, Clock, add_months, month_start, today
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.resources import data_folder
from forecast.base.typing import Dyad, Float, Frame
from forecast.base.wording import join
from forecast.data.events.codebook import read_days, read_small_csv, require_cells, small_csv
from forecast.data.events.dyads import dyad_code
from forecast.data.panel.kinds import Panel
from forecast.data.panel.record import last_known

if TYPE_CHECKING:
    import xarray as xr

MOST_DRIVERS = 12
LONGEST_NAME = 40
TIME, KNOWN_AT, DYAD = "time", "known_at", "dyad"
_DYAD = "([A-Za-z]{3}[-_][A-Za-z]{3})?"


@described("a DriverTable, such as read_drivers('trade.csv') returns")
@dataclass(frozen=True)
class DriverTable:
    """Values of some drivers."""

    source: str  # What it was read from
    names: tuple[str, ...]  # The drivers, in the order of the columns
    # One row per value: `driver`, `dyad` (empty for a value of all dyads), `month` (its first day),
    # `known_at` and `value`.
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
            what = (
                f"there is no driver {unknown[0]!r:.60}" if unknown else "a driver is there twice"
            )
            raise SpecError(
                f"driver-acts: {what}; the drivers are {join(self.names)}, such as {self.names[0]}=month"
            )
        return found

    def known(self, driver: str, dyad: str, as_of: date) -> pd.DataFrame:
        """Return `known_at` and `value` of a driver by month: the last revision by a day, of the dyad or of all."""
        own = [self._series[key] for key in ((driver, ""), (driver, dyad)) if key in self._series]
        found = pd.concat(own) if own else self.values.iloc[:0]
        found = found[found["known_at"] <= pd.Timestamp(as_of)].sort_values(
            ["month", "dyad", "known_at"]
        )
        return found.drop_duplicates("month", keep="last").set_index("month")[["known_at", "value"]]

    @cached_property
    def _series(self) -> dict[tuple[str, str], pd.DataFrame]:
        return {
            (str(driver), str(dyad)): own
            for (driver, dyad), own in self.values.groupby(["driver", "dyad"])
        }


@checked
def read_drivers(path: str | Path | Frame) -> DriverTable:
    r"""Read covariates from a CSV file or a table in memory (docs/schema/drivers.md).

    Parameters
    ----------
    path : str, pathlib.Path or table
        A file in UTF-8, or a table of pandas, polars, Arrow or xarray, with the columns ``time``
        (the month, YYYY-MM, or a day in it), ``known_at`` (the day since when the value was known,
        YYYY-MM-DD), if need be ``dyad``, and one column a driver. An empty cell holds no value; a
        row with a later ``known_at`` revises an earlier one.

    Returns
    -------
    DriverTable
        Its `values` have one row per value: `driver`, `dyad`, `month` (its first day), `known_at`
        and `value`, as in the file.

    Raises
    ------
    DataError
        If the file cannot be read, a column is missing, or a cell makes no sense; the message names
        its line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from forecast.data.drivers import read_drivers
    >>> path = Path(mkdtemp()) / "trade.csv"
    >>> _ = path.write_text("time,known_at,trade\n2023-01,2023-03-05,58.1\n")
    >>> read_drivers(path).names
    ('trade',)
    """
    table = Path(path) if isinstance(path, str | PathLike) else path
    name = table if isinstance(table, Path) else Path("drivers")
    frame = read_small_csv(table, (TIME, KNOWN_AT), name.name)
    names = tuple(str(column) for column in frame if column not in (TIME, KNOWN_AT, DYAD))
    if not names:
        raise DataError(
            f"{name}: there is no column of a driver other than {join(map(str, frame))}; add one"
        )
    if len(names) > MOST_DRIVERS:
        raise DataError(
            f"{name}: {len(names)} drivers; expected at most {MOST_DRIVERS}: each needs data of its own"
        )
    wrong = [one for one in names if not one or len(one) > LONGEST_NAME or not one.isprintable()]
    if wrong:
        raise DataError(
            f"{name}: {wrong[0]!r:.60} is no name of a driver; expected 1 to {LONGEST_NAME} characters"
        )
    values = _values(frame, names, name)
    empty = [column for column in names if column not in set(values["driver"])]
    if empty:
        raise DataError(f"{name}: the column {empty[0]!r} holds no value; fill it in, or remove it")
    return DriverTable(name.name, names, values, digest(small_csv(table)))


def _values(frame: pd.DataFrame, names: tuple[str, ...], path: Path) -> pd.DataFrame:
    """Return the values of a file in the form of `DriverTable`."""
    known_at = read_days(frame[KNOWN_AT], path)
    in_time = known_at.dt.date <= today()
    require_cells(
        known_at, in_time, "the day since when the value is known, not one in the future", path
    )
    dyads = frame[DYAD] if DYAD in frame else pd.Series("", frame.index, name=DYAD)
    require_cells(
        dyads,
        dyads.str.fullmatch(_DYAD),
        "two ISO 3166 alpha-3 codes such as USA-CHN, or empty",
        path,
    )
    found = []
    for name in names:
        cells = frame.loc[frame[name] != "", name]
        numbers = pd.to_numeric(cells, errors="coerce").astype(float)
        require_cells(cells, numbers.abs() < 1e12, "a number such as 58.1, or an empty cell", path)
        found.append(numbers.rename("value").to_frame().assign(driver=name))
    values = pd.concat(found)
    months = read_days(frame[TIME], path)
    values["month"] = months - pd.to_timedelta(months.dt.day - 1, unit="D")
    values["known_at"] = known_at
    values["dyad"] = dyads.map(
        lambda text: text and dyad_code(*text.upper().replace("_", "-").split("-"))
    )
    twice = values[values.duplicated(["driver", "dyad", "month", "known_at"])]
    if len(twice):
        one = twice.iloc[0]
        raise DataError(
            f"{path}: {one['driver']} of {one['month']:%Y-%m}{' of ' + one['dyad'] if one['dyad'] else ''} is there "
            f"twice as known at {one['known_at']:%Y-%m-%d}; keep one of them, or give the revision its own day"
        )
    return values


CALENDAR = "calendar"
"""Stands for ``data/calendar.csv`` where a file of drivers is asked for."""
SUMMITS = ("g20_summit", "apec_summit", "sco_summit", "brics_summit")
FIRST, LAST = date(1945, 1, 1), date(2040, 12, 1)
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
    """Return the scheduled facts of ``data/calendar.csv``, with days as dates and the states concerned as a tuple."""
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
    >>> from forecast.data.drivers import calendar_drivers
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
    """Return a driver's values: zero in every month from the beginning, and one since it is known."""
    states, columns = dyad.split("-"), facts[["date", "known_at", "kind", "states"]]
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
    known = values[values["month"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST))]
    first = known.groupby(["month", "value"])["known_at"].min().reset_index()
    return first.assign(driver=driver.name, dyad=dyad)


Future = Literal["given", "carried", "simulated"]
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
        if not self.record.size or self.future == "carried":
            return np.full((*alike, periods), self.record[-1] if self.record.size else self.mean)
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
    """Fit an AR(1) by least squares: what is carried over, the mean, and the spread of a month's shock."""
    # A series that would explode is taken for a random walk; the uncertainty of the three numbers
    # is left out.
    mean = float(series.mean())
    before, after = series[:-1] - mean, series[1:] - mean
    power = float((before**2).sum())
    carry = float(np.clip((before * after).sum() / power, -1.0, 1.0)) if power else 0.0
    return carry, mean, float(np.std(after - carry * before)) if len(series) > 1 else 0.0


def attach(
    panel: "xr.Dataset", names: list[str], values: Float, given: Float, future: Future
) -> "xr.Dataset":
    """Return a panel with drivers."""
    mean, spread = (of(values, axis=(1, 2)) for of in (np.nanmean, np.nanstd))
    still = [name for name, one in zip(names, spread, strict=True) if not one > 0]
    if still:
        raise DataError(
            f"drivers: {join(still)} has one value in all months of the panel; leave it out"
        )
    content = "\0".join([str(panel.attrs.get("digest", "")), *names, future]).encode()
    return (
        panel.assign(
            driver_value=(("driver", "dyad", "time"), values),
            driver_given=(("driver", "dyad", "ahead"), given),
        )
        .assign_coords(
            driver=names,
            driver_mean=("driver", mean),
            driver_spread=("driver", spread),
            driver_future=("driver", [future] * len(names)),
        )
        .assign_attrs(digest=digest(content + values.tobytes() + given.tobytes()))
    )


def has_drivers(panel: "xr.Dataset") -> bool:
    """Return whether a panel has drivers."""
    return "driver_value" in panel


def standardised(panel: "xr.Dataset", names: Iterable[str]) -> Float:
    """Return drivers of a panel less their mean, over their spread, (driver, dyad, time).

    Zero without a value.
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


def require_drivers(drivers: Path | str | None, acts: str | None, future: str) -> None:
    """Reject an unknown future, and choices of drivers where there are no drivers."""
    if future not in FUTURE_WORDS:
        raise SpecError(
            f"driver-future: got {future!r:.40}; expected one of {', '.join(FUTURE_WORDS)}"
        )
    if drivers is None and (acts is not None or future != "given"):
        raise SpecError(
            "driver-acts, driver-future: say what drivers do, and there are none; give drivers as well"
        )


@checked
def add_drivers(panel: Panel, table: DriverTable, *, future: Future = "given") -> "xr.Dataset":
    """Put drivers into a panel: what was known of them on its day, and nothing later.

    Months before a driver's first value, and dyads of which there is none, are not driven. After
    the first value every month of the panel needs one; only if the future is carried or simulated,
    months at the end whose value was not known yet are carried on from the last one that was.

    Parameters
    ----------
    panel : xarray.Dataset
        Monthly.
    table : DriverTable
    future : {"given", "carried", "simulated"}
        What forecasts assume of the months ahead: the values of the file that were known on the day
        (scheduled facts), the last value, or an AR(1) fitted to the record.

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
    >>> from forecast.data.drivers import add_drivers, calendar_drivers
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), as_of="2023-10-31")
    >>> driven = add_drivers(panel, calendar_drivers(["USA-CHN"]))
    >>> driven["driver"].to_numpy().tolist()[0]
    'us_election_year'
    """
    if Clock.of(panel).weekly:
        raise SpecError(
            "drivers: the panel is weekly, and drivers have one value per month; build a monthly panel"
        )
    if has_drivers(panel):
        raise SpecError("drivers: the panel has some already; give all of them in one table")
    day = last_known(panel)
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


def _record(
    table: DriverTable, name: str, dyad: str, known: pd.DataFrame, day: date, future: Future
) -> Float:
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
