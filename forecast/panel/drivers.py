"""Drivers that a panel carries: covariates by dyad and month, and what is assumed of the months ahead.

Values are kept in their own units. The model reads them standardised, less their mean over the record and divided by
their standard deviation, so that one prior suits all, and a driver at its mean pushes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from forecast.clock import Clock
from forecast.errors import DataError, SpecError
from forecast.typing import Float
from forecast.wording import join

if TYPE_CHECKING:
    import xarray as xr

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
    """How one driver of one dyad may go on, in its own units.

    Attributes
    ----------
    name : str
    future : {"given", "carried", "simulated"}
    record : array (month,)
        From its first value on; empty for a dyad of which there is none.
    given : array (ahead,)
        Of the months ahead, NaN where the file has none.
    mean : float
        Over the record of all dyads: what is assumed where nothing is known.
    """

    name: str
    future: str
    record: Float
    given: Float
    mean: float

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
    """Whether a panel carries any."""
    return "driver_value" in panel


def standardised(panel: "xr.Dataset", names: Iterable[str]) -> Float:
    """Return drivers of a panel by their names, standardised, (driver, dyad, time); zero where there is no value."""
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
    """Return how a driver of a dyad may go on."""
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
