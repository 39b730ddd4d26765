"""Months and periods: horizons are always in months, panels may be weekly."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.dates import add_months, month_end
from forecast.errors import DataError

WEEKS_A_MONTH = 365.25 / 12 / 7
"""4.348: a horizon of h months is the nearest whole number of weeks to 4.348 h in a weekly panel."""


@dataclass(frozen=True)
class Clock:
    """The periods of a panel; the last one is the present, period 0 of every future.

    Attributes
    ----------
    times : array of datetime64[D]
        First day of each period.
    weekly : bool
        Weeks from Monday; otherwise calendar months.
    """

    times: NDArray[np.datetime64]
    weekly: bool

    @property
    def per_month(self) -> float:
        """Periods in a month."""
        return WEEKS_A_MONTH if self.weekly else 1.0

    @property
    def unit(self) -> str:
        """What a period is called."""
        return "week" if self.weekly else "month"

    def periods(self, months: float) -> int:
        """Return how many whole periods come nearest to `months`, at least one."""
        return max(1, round(months * self.per_month))

    def months(self, periods: int) -> NDArray[np.float64]:
        """Return the months from now at periods 0, 1, ..., `periods`."""
        return np.arange(periods + 1) / self.per_month

    def last_day(self, months: int = 0) -> date:
        """Return the last day of the period `months` from now."""
        start: date = self.times[-1].item()
        if not self.weekly:
            return month_end(add_months(start, months))
        return start + timedelta(days=6 + 7 * (self.periods(months) if months else 0))

    def name(self, months: int = 0) -> str:
        """Return the period `months` from now in words: ``October 2024``, ``the week to 6 October 2024``."""
        last = self.last_day(months)
        return f"the week to {last.day} {last:%B %Y}" if self.weekly else f"{last:%B %Y}"

    def since(self, day: date) -> int:
        """Return the position of the first period that begins on `day` or whose period holds it."""
        return max(0, int(np.searchsorted(self.times, np.datetime64(day, "D"), side="right")) - 1)


def clock(panel: xr.Dataset) -> Clock:
    """Read the clock off a panel.

    Raises
    ------
    DataError
        If the panel's frequency is neither month nor week.
    """
    frequency = panel.attrs.get("frequency", "month")
    if frequency not in {"month", "week"}:
        raise DataError(f"panel: frequency is {frequency!r}, expected 'month' or 'week'. Build it with build_panel.")
    return Clock(panel["time"].to_numpy().astype("datetime64[D]"), frequency == "week")
