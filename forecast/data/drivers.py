"""Drivers of a panel: covariates attached to its months.

Each says what is assumed of the months ahead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import MAX_HORIZON, Clock
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Float
from forecast.base.wording import join
from forecast.data.driver_table import DriverTable
from forecast.data.panel.kinds import Panel
from forecast.data.panel.record import last_known

if TYPE_CHECKING:
    import xarray as xr

FUTURE_WORDS: dict[str, str] = {
    "given": "is as the file has it",
    "carried": "stays at its last value",
    "simulated": "is simulated (AR(1) of its record)",
}
# months of a driver; from fewer its effect cannot be told from month-specific noise
MIN_DRIVER_MONTHS = 24
# Months at the end of the record whose value may not be known yet
MAX_MONTHS_CARRIED = 12
Future = Literal["given", "carried", "simulated"]
"""The months ahead are as the file has them, stay at the last value, or are drawn from an AR(1)."""


@dataclass(frozen=True)
class DriverAhead:
    """Values of one driver of one dyad, observed and ahead, in its own units."""

    name: str
    future: str
    record: Float  # From its first value on; empty for a dyad of which there is none
    given: Float  # Of the months ahead, NaN where the file has none
    mean: float  # Over the record of all dyads: what is assumed where nothing is known

    def paths(self, size: tuple[int, ...], periods: int, rng: np.random.Generator) -> Float:
        """Return values of the months ahead, (*size, period).

        Where no future differs they are (*ones, period).
        """
        alike = (1,) * len(size)
        if not self.record.size or self.future == "carried":
            return np.full((*alike, periods), self.record[-1] if self.record.size else self.mean)
        if self.future == "given":
            given = self.given[:periods]
            values = np.concatenate([given, np.full(periods - len(given), np.nan)])
            return np.where(np.isnan(values), self.mean, values).reshape(*alike, periods)
        carry, mean, spread = autoregression(self.record)
        value = np.full(size, self.record[-1])
        values = np.empty((*size, periods))
        for period in range(periods):
            value = mean + carry * (value - mean) + spread * rng.standard_normal(size)
            values[..., period] = value
        return values


def autoregression(series: Float) -> tuple[float, float, float]:
    """Fit an AR(1) by least squares: what is carried over, the mean, and the spread of shocks."""
    # A series that would explode is taken for a random walk; the uncertainty of the three numbers
    # is left out.
    mean = float(series.mean())
    before = series[:-1] - mean
    after = series[1:] - mean
    power = float((before**2).sum())
    carry = float(np.clip((before * after).sum() / power, -1.0, 1.0)) if power else 0.0
    return carry, mean, float(np.std(after - carry * before)) if len(series) > 1 else 0.0


def attach(
    panel: "xr.Dataset", names: list[str], values: Float, given: Float, future: Future
) -> "xr.Dataset":
    """Return a panel with drivers."""
    mean, spread = (of(values, axis=(1, 2)) for of in (np.nanmean, np.nanstd))
    still = [name for name, deviation in zip(names, spread, strict=True) if not deviation > 0]
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
    present = [str(name) for name in panel["driver"].to_numpy()] if has_drivers(panel) else []
    missing = [name for name in wanted if name not in present]
    if missing:
        raise DataError(
            f"drivers: the panel carries {join(present) or 'none'}, and the spec asks for "
            f"{join(missing)}. Add them with add_drivers(panel, table), or leave them out of the "
            "spec"
        )
    chosen = panel.sel(driver=wanted)
    values = (chosen["driver_value"] - chosen["driver_mean"]) / chosen["driver_spread"]
    return np.nan_to_num(values.transpose("driver", "dyad", "time").to_numpy().astype(np.float64))


def ahead_of(panel: "xr.Dataset", name: str, dyad: str) -> DriverAhead:
    """Return the observed and assumed values of a driver of a dyad."""
    driver = panel.sel(driver=name, dyad=dyad)
    record = driver["driver_value"].to_numpy()
    return DriverAhead(
        name=name,
        future=str(driver["driver_future"].to_numpy()),
        record=record[np.isfinite(record)],
        given=driver["driver_given"].to_numpy(),
        mean=float(driver["driver_mean"]),
    )


def require_given(panel: "xr.Dataset", dyad: str, months: int) -> None:
    """Make sure that drivers whose future is given are given for so many months."""
    if not has_drivers(panel):
        return
    for name in panel["driver"].to_numpy():
        driver = ahead_of(panel, str(name), dyad)
        if driver.future == "given" and driver.record.size:
            given_months = int(np.isfinite(driver.given).cumprod().sum())
            if given_months < months:
                clock = Clock.of(panel)
                raise SpecError(
                    f"drivers: {name} is given up to {clock.name(given_months)}, and "
                    f"{clock.name(months)} is asked about. Give its values up to then, ask for "
                    "shorter horizons, or assume another future (carried or simulated)"
                )


def require_drivers(drivers: Path | str | None, acts: str | None, future: str) -> None:
    """Reject an unknown future, and choices of drivers where there are no drivers."""
    if future not in FUTURE_WORDS:
        raise SpecError(
            f"driver-future: got {future!r:.40}; expected one of {', '.join(FUTURE_WORDS)}"
        )
    if drivers is None and (acts is not None or future != "given"):
        raise SpecError(
            "driver-acts, driver-future: say what drivers do, and there are none; give drivers as "
            "well"
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
    >>> from forecast.data.calendar_drivers import calendar_drivers
    >>> from forecast.data.drivers import add_drivers
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), as_of="2023-10-31")
    >>> driven = add_drivers(panel, calendar_drivers(["USA-CHN"]))
    >>> driven["driver"].to_numpy().tolist()[0]
    'us_election_year'
    """
    if Clock.of(panel).weekly:
        raise SpecError(
            "drivers: the panel is weekly, and drivers have one value per month; build a monthly "
            "panel"
        )
    if has_drivers(panel):
        raise SpecError("drivers: the panel has some already; give all of them in one table")
    day = last_known(panel)
    months = panel["time"].to_index()
    ahead = pd.date_range(months[-1], periods=MAX_HORIZON + 1, freq="MS")[1:]
    dyads = [str(dyad) for dyad in panel["dyad"].to_numpy()]
    values, given = (
        np.empty((len(table.names), len(dyads), len(period))) for period in (months, ahead)
    )
    for i, name in enumerate(table.names):
        for d, dyad in enumerate(dyads):
            revisions = table.known(name, dyad, day)
            values[i, d] = _record(table, name, dyad, revisions.reindex(months), day, future)
            given[i, d] = revisions["value"].reindex(ahead)
        if np.isfinite(values[i]).sum(axis=-1).max() < MIN_DRIVER_MONTHS:
            raise DataError(
                f"{table.source}: {name} has fewer than {MIN_DRIVER_MONTHS} months of the panel, "
                f"{months[0]:%Y-%m} to {months[-1]:%Y-%m}, known by {day}; give more of its record"
            )
    return attach(panel, list(table.names), values, given, future)


def _record(
    table: DriverTable, name: str, dyad: str, revisions: pd.DataFrame, day: date, future: Future
) -> Float:
    """Return the values of the panel's months, NaN before the first."""
    values = revisions["value"].to_numpy(copy=True)
    finite = np.flatnonzero(np.isfinite(values))
    if not finite.size:
        return values
    early = revisions[revisions["known_at"] < revisions.index]
    if future != "given" and len(early):
        raise DataError(
            f"{table.source}: {name} of {early.index[0]:%Y-%m} has known_at "
            f"{early['known_at'].iloc[0]:%Y-%m-%d}, before that month began, so that it is a value "
            "from the future. Correct known_at; if it is a scheduled fact, use the future given"
        )
    gaps = np.flatnonzero(np.isnan(values))
    gaps = gaps[gaps > finite[0]]
    last = int(finite[-1])
    if gaps.size and (
        gaps[0] < last or future == "given" or len(values) - 1 - last > MAX_MONTHS_CARRIED
    ):
        words = _missing(table, name, dyad, revisions.index[gaps[0]], day)
        if gaps[0] > last and future == "given":
            words += "; or let the last months be carried on (future carried or simulated)"
        elif gaps[0] > last:
            words += f": {MAX_MONTHS_CARRIED} months at most are carried"
        raise DataError(words)
    values[last + 1 :] = values[last]
    return values


def _missing(table: DriverTable, name: str, dyad: str, month: pd.Timestamp, day: date) -> str:
    """Describe a missing value, and whether it became known later."""
    rows = table.values[(table.values["driver"] == name) & (table.values["month"] == month)]
    later = rows.loc[rows["dyad"].isin(["", dyad]) & (rows["known_at"].dt.date > day), "known_at"]
    if len(later):
        return (
            f"{table.source}: {name} of {month:%Y-%m} ({dyad}) was known only at "
            f"{later.min():%Y-%m-%d}, after the as-of day {day}; give what was known by then, or "
            "choose a later day"
        )
    return (
        f"{table.source}: {name} has no value for {month:%Y-%m} ({dyad}), a gap in its record; "
        "fill it in"
    )
