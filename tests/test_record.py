"""What a record is worth: how far it is even, what was covered, and whether it is long enough."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.base.errors import DataError
from forecast.data.events import read_chronology
from forecast.data.events.days import Covered
from forecast.data.panel import build_index_panel, build_panel
from forecast.data.panel.record import (
    MIN_RECORD_MONTHS,
    coverage_end,
    observed_periods,
    partly_known,
    require_record,
    unrecorded_part,
)
from forecast.data.panel.shares import observed_shares
from forecast.data.panel.single_events import counted_events
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.recording import recording_level


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-CHN"])


@pytest.mark.parametrize(("frequency", "short", "enough"), [("month", 8, 9), ("week", 8, 9)])
def test_a_record_of_three_years_is_enough_and_a_shorter_one_is_refused(
    table, frequency, short, enough
):
    # The record begins in October 1949, so that September 1952 is its 36th month.
    for month, fits in ((short, False), (enough, True)):
        day = date(1952, month, 30)
        panel = build_panel(table, dyads=["USA-CHN"], as_of=day, frequency=frequency)
        if fits:
            require_record(panel, "USA-CHN", day)
        else:
            with pytest.raises(
                DataError, match=rf"USA-CHN has 3\d covered months .* at least {MIN_RECORD_MONTHS}"
            ):
                require_record(panel, "USA-CHN", day)


def test_a_dyad_that_is_not_there_is_refused(table):
    panel = build_panel(table, dyads=["USA-CHN"], as_of="2023-10")
    with pytest.raises(DataError, match="USA-RUS"):
        require_record(panel, "USA-RUS", date(2023, 10, 31))


def test_of_an_index_the_periods_with_a_value_were_covered():
    times = pd.date_range("2020-01-01", periods=40, freq="MS")
    frame = pd.DataFrame({"dyad": "USA-CHN", "time": times, "value": np.arange(40.0)}).drop(
        index=[3, 7]
    )
    panel = build_index_panel(frame)
    assert np.flatnonzero(~observed_periods(panel, "USA-CHN")).tolist() == [3, 7]
    require_record(panel, "USA-CHN", date(2023, 4, 30))
    assert observed_shares(panel, "USA-CHN").sizes["time"] == 0


def test_without_coverage_the_record_is_even_to_the_month_of_its_last_event(table):
    last = table.events["date"].max().date()
    other = replace(table, events=table.events.assign(dataset="another"))
    assert coverage_end(table, "USA-CHN") == date(2026, 6, 13)
    assert coverage_end(other, "USA-CHN") >= last
    assert (coverage_end(other, "USA-CHN") + pd.Timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("last", "end"),
    [("2026-03-31", "2026-03-31"), ("2027-01-31", "2026-06-13"), ("2013-06-30", "2026-06-13")],
)
def test_a_dataset_that_has_stopped_does_not_end_the_record(table, last, end):
    """One that ends a few months earlier does: to that day all are complete."""
    feed = table.events[table.events["dyad"] == "USA-CHN"].assign(dataset="feed")
    covered = Covered("feed", ((date(2010, 1, 1), date.fromisoformat(last)),))
    both = replace(table, events=pd.concat([table.events, feed]), covered=(covered,))
    assert coverage_end(both, "USA-CHN") == date.fromisoformat(end)
    assert coverage_end(both, "USA-CHN", "feed") == date.fromisoformat(last)
    assert coverage_end(both, "USA-CHN", "chronology") == date(2026, 6, 13)


@pytest.mark.parametrize(
    ("day", "known"),
    [("2026-05-31", None), ("2026-06-10", date(2026, 6, 10)), ("2026-06-30", date(2026, 6, 13))],
)
def test_a_month_is_whole_if_it_is_covered_and_known_to_its_end(table, day, known):
    """The record of the two is complete to 13 June 2026."""
    panel = build_panel(table, as_of=day)
    assert observed_periods(panel, "USA-CHN")[-1]
    assert partly_known(panel, "USA-CHN") == known
    whole = unrecorded_part(panel, "USA-CHN") == 0
    assert whole[:-1].all() and whole[-1] == (known is None)


def test_a_panel_that_does_not_state_its_coverage_is_known_to_its_day(table):
    other = replace(table, events=table.events.assign(dataset="another"))
    assert unrecorded_part(build_panel(other, as_of="2023-10-31"), "USA-CHN")[-1] == 0
    earlier = (
        build_panel(table, as_of="2026-06-13")
        .drop_attrs()
        .assign_attrs(frequency="month", as_of="2026-06-13")
    )
    assert (unrecorded_part(earlier, "USA-CHN")[-2:] == 0).tolist() == [True, False]


def test_a_part_of_a_month_says_nothing_of_how_many_events_a_month_has(table):
    panel = build_panel(table, as_of="2023-10-15")
    gap = panel.copy()
    gap["covered"] = panel["covered"] & (panel["time"] < panel["time"][-1])
    levels = [
        recording_level(DatasetRecord.of(one, "USA-CHN", 0))
        for one in (panel, gap, build_panel(table, as_of="2023-10-31"))
    ]
    np.testing.assert_array_equal(levels[0].weights, levels[1].weights)
    assert (levels[0].weights != levels[2].weights).any()


def test_events_after_the_end_of_coverage_are_not_counted_though_their_month_is(table):
    panel = build_panel(table, as_of="2026-06-30")
    row = table.events.iloc[[-1]].assign(
        date=pd.Timestamp("2026-06-20"), known_at=pd.Timestamp("2026-06-20"), n=1
    )
    later = replace(
        table, events=pd.concat([table.events, row.assign(event_id="later")], ignore_index=True)
    )
    again = build_panel(later, as_of="2026-06-30")
    assert (again["counts"] == panel["counts"]).all()
    events = counted_events(again, "USA-CHN", later, again.sizes["time"] - 1)
    assert events["counted"].sum() == int(again["counts"].isel(time=-1).sum())
    assert events["date"].max() <= pd.Timestamp("2026-06-13")
