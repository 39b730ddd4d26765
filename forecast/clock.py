"""Months and periods: horizons are always in months, panels may be weekly."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.dates import add_months, month_end
from forecast.errors import DataError
from forecast.typing import Float
from forecast.wording import count, period

if TYPE_CHECKING:
    import xarray as xr

DAYS_A_YEAR = 365.25
WEEKS_A_MONTH = DAYS_A_YEAR / 12 / 7
"""4.348: a horizon of h months is the nearest whole number of weeks to 4.348 h in a weekly panel."""
PERIODS_A_MONTH = {"month": 1.0, "week": WEEKS_A_MONTH}


def periods_a_month(panel: "xr.Dataset") -> float:
    """Return the number of periods in a month: 1 for a monthly panel, 4.348 for a weekly one."""
    frequency = panel.attrs.get("frequency", "month")
    if frequency not in PERIODS_A_MONTH:
        raise DataError(f"panel: frequency is {frequency!r}, expected 'month' or 'week'. Build it with build_panel.")
    return PERIODS_A_MONTH[frequency]


@dataclass(frozen=True)
class Clock:
    """The periods of a panel; the last one is the present, period 0 of every future."""

    times: NDArray[np.datetime64]  # First day of each period
    weekly: bool  # Weeks from Monday; otherwise calendar months

    @classmethod
    def of(cls, panel: "xr.Dataset") -> "Clock":
        """Read the clock of a panel."""
        return cls(panel["time"].to_numpy().astype("datetime64[D]"), periods_a_month(panel) > 1.0)

    @property
    def per_month(self) -> float:
        """Periods in a month."""
        return PERIODS_A_MONTH[self.unit]

    @property
    def unit(self) -> str:
        """Name of a period."""
        return "week" if self.weekly else "month"

    def periods(self, months: float) -> int:
        """Return the number of whole periods nearest to `months`, at least one."""
        return max(1, round(months * self.per_month))

    def months(self, periods: int) -> Float:
        """Return the months from now at periods 0, 1, ..., `periods`."""
        return np.arange(periods + 1) / self.per_month

    def last_day(self, months: int = 0) -> date:
        """Return the last day of the period `months` from now."""
        start: date = self.times[-1].item()
        if not self.weekly:
            return self.end_of(add_months(start, months))
        return self.end_of(start + timedelta(weeks=self.periods(months) if months else 0))

    def end_of(self, start: date) -> date:
        """Return the last day of the period that begins on a day."""
        return start + timedelta(days=6) if self.weekly else month_end(start)

    def name(self, months: int = 0) -> str:
        """Return the period `months` from now in words: ``October 2024``, ``the week to 6 October 2024``."""
        last = self.last_day(months)
        return period(last, weekly=self.weekly)

    def span(self, months: int) -> str:
        """Return the length of so many months in words: ``12 months``, ``52 weeks``, ``month``."""
        return count(self.periods(months), self.unit).removeprefix("1 ")

    def since(self, day: date) -> int:
        """Return the position of the first period that begins on `day` or whose period holds it."""
        return max(0, int(np.searchsorted(self.times, np.datetime64(day, "D"), side="right")) - 1)
