"""What a record is worth: how far it is even, what was watched, and whether it is long enough."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.errors import DataError
from forecast.events import read_chronology
from forecast.panel import build_index_panel, build_panel
from forecast.panel.record import SHORTEST_RECORD, coverage_end, observed_shares, require_record, watched


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-CHN"])


@pytest.mark.parametrize(("frequency", "short", "enough"), [("month", 8, 9), ("week", 8, 9)])
def test_a_record_of_three_years_is_enough_and_a_shorter_one_is_refused(table, frequency, short, enough):
    # The record begins in October 1949, so that September 1952 is its 36th month.
    for month, fits in ((short, False), (enough, True)):
        day = date(1952, month, 30)
        panel = build_panel(table, dyads=["USA-CHN"], as_of=day, frequency=frequency)
        if fits:
            require_record(panel, "USA-CHN", day)
        else:
            with pytest.raises(DataError, match=rf"USA-CHN has 3\d covered months .* at least {SHORTEST_RECORD}"):
                require_record(panel, "USA-CHN", day)


def test_a_dyad_that_is_not_there_is_refused(table):
    panel = build_panel(table, dyads=["USA-CHN"], as_of="2023-10")
    with pytest.raises(DataError, match="USA-RUS"):
        require_record(panel, "USA-RUS", date(2023, 10, 31))


def test_of_an_index_the_periods_with_a_value_were_watched():
    times = pd.date_range("2020-01-01", periods=40, freq="MS")
    frame = pd.DataFrame({"dyad": "USA-CHN", "time": times, "value": np.arange(40.0)}).drop(index=[3, 7])
    panel = build_index_panel(frame)
    assert np.flatnonzero(~watched(panel, "USA-CHN")).tolist() == [3, 7]
    require_record(panel, "USA-CHN", date(2023, 4, 30))
    assert observed_shares(panel, "USA-CHN").sizes["time"] == 0


def test_without_coverage_the_record_is_even_to_the_month_of_its_last_event(table):
    last = table.events["date"].max().date()
    other = replace(table, events=table.events.assign(dataset="another"))
    assert coverage_end(table, "USA-CHN") == date(2026, 6, 13)
    assert coverage_end(other, "USA-CHN") >= last
    assert (coverage_end(other, "USA-CHN") + pd.Timedelta(days=1)).day == 1
