"""Days and months as users write them, and the arithmetic of months."""

import datetime

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from forecast.base import dates
from forecast.base.dates import DAYS_A_YEAR, Clock, periods_a_month
from forecast.base.errors import DataError, SpecError
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from tests.made import make_panel

DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))


@given(day=DAYS)
def test_a_day_and_its_month_are_read(day: datetime.date) -> None:
    assert dates.parse_date(f" {day.isoformat()} ", "--as-of") == day
    assert dates.parse_date(day.isoformat()[:7], "--as-of") == dates.month_end(day)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2023",
        "2023-13",
        "2023-02-29",
        "20231031",
        "2023-W05-1",
        "31.10.2023",
        "2023-1-1",
        "yesterday",
    ],
)
def test_anything_else_is_refused_by_the_name_of_its_field(text: str) -> None:
    with pytest.raises(SpecError, match="--as-of"):
        dates.parse_date(text, "--as-of")


@given(day=DAYS)
def test_a_month_is_from_its_first_to_its_last_day(day: datetime.date) -> None:
    one = datetime.timedelta(days=1)
    assert dates.month_start(day) <= day <= dates.month_end(day)
    assert dates.month_start(dates.month_end(day)) == dates.month_start(day)
    assert (dates.month_start(day) - one).month != day.month != (dates.month_end(day) + one).month


@given(day=DAYS, months=st.integers(-600, 600))
def test_months_added_are_months_between(day: datetime.date, months: int) -> None:
    later = dates.add_months(day, months)
    assert dates.months_between(day, later) == months
    assert later.day == min(day.day, dates.month_end(later).day)


def test_months_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(SpecError, match="calendar"):
        dates.add_months(datetime.date(9999, 12, 31), 1)


@given(horizons=st.sets(st.integers(1, dates.MAX_HORIZON), min_size=1))
def test_horizons_come_in_order(horizons: set[int]) -> None:
    assert dates.parse_horizons(" , ".join(map(str, horizons))) == tuple(sorted(horizons))


@pytest.mark.parametrize(
    "text", ["", "3,,6", "0", "-3", "3,3", "3,03", "121", "2.5", "3;6", "six", "²"]
)
def test_senseless_horizons_are_refused(text: str) -> None:
    with pytest.raises(SpecError, match="horizons"):
        dates.parse_horizons(text)


def calendar(frequency: str, first: str, number: int) -> xr.Dataset:
    step = np.arange(number)
    start = np.datetime64(first, "M" if frequency == "month" else "D")
    times = (start + step * (1 if frequency == "month" else 7)).astype("datetime64[ns]")
    return xr.Dataset(coords={"time": times}, attrs={"frequency": frequency})


def test_a_year_of_weeks_has_as_many_days_as_a_year() -> None:
    weeks = Clock.of(calendar("week", "2024-01-01", 4))
    assert 12 * weeks.per_month * 7 == pytest.approx(DAYS_A_YEAR)
    assert weeks.periods(12) == 52
    assert weeks.periods(120) == 522


def test_months_are_periods_of_a_monthly_panel() -> None:
    months = Clock.of(calendar("month", "2024-01", 3))
    assert (months.per_month, months.periods(7), months.unit) == (1.0, 7, "month")
    assert months.last_day(2).isoformat() == "2024-05-31"


def test_a_week_ends_on_sunday() -> None:
    weeks = Clock.of(calendar("week", "2024-01-01", 2))
    assert weeks.last_day().isoformat() == "2024-01-14"
    assert weeks.name() == "the week to 14 January 2024"


def test_another_frequency_is_rejected() -> None:
    with pytest.raises(DataError, match=r"'day'.*'month' or 'week'"):
        periods_a_month(xr.Dataset(attrs={"frequency": "day"}))


def test_the_model_counts_by_the_same_clock() -> None:
    panel = make_panel(dyads=1, periods=30)
    assert panel_arrays(panel, PendulumSpec()).periods_a_month == periods_a_month(panel) == 1.0
