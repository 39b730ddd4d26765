"""Days, months, horizons and the periods of a panel.

They are read from text, and counted by the calendar.
"""

import calendar
import datetime
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, overload

from forecast.base.described import Described
from forecast.base.errors import DataError, SpecError
from forecast.base.wording import count, period

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from forecast.base.typing import Float

# Months; beyond ten years the model has nothing to say that its equilibrium does not
MAX_HORIZON = 120

EARLIEST = datetime.date(1700, 1, 1)
"""No record goes further back."""


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
DAYS_A_YEAR = 365.25
"""Days, averaged over leap years."""
WEEKS_A_MONTH = DAYS_A_YEAR / 12 / 7
"""4.348: a horizon of h months is the nearest whole number of weeks to 4.348 h in a weekly
panel."""
PERIODS_A_MONTH = {"month": 1.0, "week": WEEKS_A_MONTH}
"""Periods of a panel in a month, by its frequency."""


def _is_day(value: Any) -> bool:
    return isinstance(value, str | datetime.date) or type(value).__name__ == "datetime64"


type Day = Annotated[
    str | datetime.date, Described("a day such as '2023-10-31' or a date", accepts=_is_day)
]
"""A day as a user gives it: text such as 2023-10-31, or 2023-10 for a month; a date; a Timestamp of
pandas."""


def parse_date(text: str, field: str) -> datetime.date:
    """Read a day, or a month meaning its last day."""
    stripped = text.strip()
    try:
        if _DAY.fullmatch(stripped):
            return datetime.date.fromisoformat(stripped)
        if _MONTH.fullmatch(stripped):
            return month_end(datetime.date.fromisoformat(f"{stripped}-01"))
    except ValueError as error:
        raise SpecError(f"{field}: {text!r} is not in the calendar ({error}).") from error
    raise SpecError(
        f"{field}: {text!r} is not a date. Write YYYY-MM-DD, or YYYY-MM for its last day."
    )


def read_day(
    given: "str | datetime.date | np.datetime64", field: str, *, first: bool = False
) -> datetime.date:
    """Read a day from text, a date, or a moment without a time zone.

    `first` is whether a month means its first day.
    """
    if isinstance(given, str):
        day = parse_date(given, field)
        return month_start(day) if first and _MONTH.fullmatch(given.strip()) else day
    day = given if isinstance(given, datetime.date) else given.astype("datetime64[D]").item()
    if not isinstance(day, datetime.date) or day != day:
        raise SpecError(f"{field}: {given} is not a day. Give one such as 2023-10-31.")
    if not isinstance(day, datetime.datetime):
        return day
    if day.tzinfo is not None:
        raise SpecError(
            f"{field}: {given} has a time zone, and a day has none. Give {day:%Y-%m-%d}."
        )
    return day.date()


@overload
def optional_day(given: Day, field: str, *, first: bool = False) -> datetime.date: ...
@overload
def optional_day(given: Day | None, field: str, *, first: bool = False) -> datetime.date | None: ...
def optional_day(given: Day | None, field: str, *, first: bool = False) -> datetime.date | None:
    """Read a day as `read_day` does; None stays."""
    return None if given is None else read_day(given, field, first=first)


def now() -> datetime.datetime:
    """Return the moment, in UTC.

    What today is follows from it everywhere, also in tests that set it.
    """
    return datetime.datetime.now(datetime.UTC)


def today() -> datetime.date:
    """Return the day in UTC, the same all over the world: what comes after it is in the future."""
    return now().date()


def reject_future(day: datetime.date, field: str) -> None:
    """Reject a day of which nothing can be known yet, or of which no record is.

    `field` is what the error calls it.
    """
    if day > today():
        raise SpecError(f"{field}: {day} is in the future; give a day up to today, {today()} (UTC)")
    if day < EARLIEST:
        raise SpecError(
            f"{field}: {day} is before all records; give a day from {EARLIEST} to today"
        )


def month_start(date: datetime.date) -> datetime.date:
    """Return the first day of the month of `date`."""
    return datetime.date(date.year, date.month, 1)


def month_end(date: datetime.date) -> datetime.date:
    """Return the last day of the month of `date`."""
    return datetime.date(date.year, date.month, calendar.monthrange(date.year, date.month)[1])


def add_months(date: datetime.date, months: int) -> datetime.date:
    """Return the same day `months` later, or the month's last day where there is no such day."""
    year, month0 = divmod(date.year * 12 + date.month - 1 + months, 12)
    if not datetime.MINYEAR <= year <= datetime.MAXYEAR:
        raise SpecError(
            f"{months} months from {date} is outside the calendar (years 1 to 9999). Use fewer."
        )
    month = month0 + 1
    return datetime.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def months_between(first: datetime.date, last: datetime.date) -> int:
    """Return the number of calendar months from `first` to `last`.

    Days do not count, earlier is negative.
    """
    return (last.year - first.year) * 12 + last.month - first.month


def months_ahead(origin: datetime.date, day: datetime.date, field: str) -> int:
    """Return the months from the last day of the present period to the end of a later month."""
    months = round(12 * (month_end(day) - origin).days / 365.25)
    if months < 1:
        raise SpecError(
            f"{field}: {day:%Y-%m} is not after {origin:%Y-%m}, the month of the outlook; give a "
            "later one"
        )
    if months > MAX_HORIZON:
        raise SpecError(
            f"{field}: {day:%Y-%m} is {months} months ahead; expected at most {MAX_HORIZON}, "
            "up to "
            f"{add_months(origin, MAX_HORIZON):%Y-%m}"
        )
    return months


def parse_horizons(text: str) -> tuple[int, ...]:
    """Read horizons in months, separated by commas, and put them in order."""
    fix = "Write whole months separated by commas, such as 3,6,12,24."
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", word):
            raise SpecError(
                f"horizons: {word!r:.40} in {text!r:.80} is not a whole number of months. {fix}"
            )
    horizons = sorted(int(word) for word in words)
    for horizon in horizons:
        if not 1 <= horizon <= MAX_HORIZON:
            raise SpecError(f"horizons: {horizon} is not between 1 and {MAX_HORIZON} months. {fix}")
        if horizons.count(horizon) > 1:
            raise SpecError(f"horizons: {horizon} is given more than once in {text!r:.80}. {fix}")
    return tuple(horizons)


def periods_a_month(panel: "xr.Dataset") -> float:
    """Return the number of periods in a month: 1 for a monthly panel, 4.348 for a weekly one."""
    frequency = panel.attrs.get("frequency", "month")
    if frequency not in PERIODS_A_MONTH:
        raise DataError(
            f"panel: frequency is {frequency!r}, expected 'month' or 'week'. Build it with "
            "build_panel."
        )
    return PERIODS_A_MONTH[frequency]


@dataclass(frozen=True)
class Clock:
    """The periods of a panel; the last one is the present, period 0 of every future."""

    times: "NDArray[np.datetime64]"  # First day of each period
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
    def years(self) -> "NDArray[np.int64]":
        """Calendar year of each period."""
        return self.times.astype("datetime64[Y]").astype(int) + 1970

    @property
    def unit(self) -> str:
        """Name of a period."""
        return "week" if self.weekly else "month"

    def periods(self, months: float) -> int:
        """Return the number of whole periods nearest to `months`, at least one."""
        return max(1, round(months * self.per_month))

    def months(self, periods: int) -> "Float":
        """Return the months from now at periods 0, 1, ..., `periods`."""
        import numpy as np

        return np.arange(periods + 1) / self.per_month

    def last_day(self, months: int = 0) -> datetime.date:
        """Return the last day of the period `months` from now."""
        start: datetime.date = self.times[-1].item()
        if not self.weekly:
            return self.end_of(add_months(start, months))
        return self.end_of(start + datetime.timedelta(weeks=self.periods(months) if months else 0))

    def end_of(self, start: datetime.date) -> datetime.date:
        """Return the last day of the period that begins on a day."""
        return start + datetime.timedelta(days=6) if self.weekly else month_end(start)

    def name(self, months: int = 0) -> str:
        """Return the period `months` from now in words.

        Such as ``October 2024`` or ``the week to 6 October 2024``.
        """
        return period(self.last_day(months), weekly=self.weekly)

    def span(self, months: int) -> str:
        """Return the length of so many months in words: ``12 months``, ``52 weeks``, ``month``."""
        return count(self.periods(months), self.unit).removeprefix("1 ")

    def since(self, day: datetime.date) -> int:
        """Return the position of the first period that begins on `day` or whose period holds it."""
        import numpy as np

        return max(0, int(np.searchsorted(self.times, np.datetime64(day, "D"), side="right")) - 1)
