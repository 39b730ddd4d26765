"""Months and periods: one length of a week for the whole package."""

import numpy as np
import pytest
import xarray as xr

from forecast.dates import DAYS_A_YEAR, Clock, periods_a_month
from forecast.errors import DataError
from forecast.model.arrays import panel_arrays
from tests.model.panels import make_panel


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
    assert panel_arrays(panel).periods_a_month == periods_a_month(panel) == 1.0
