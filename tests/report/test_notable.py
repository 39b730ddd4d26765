"""Which events are named along the pendulum."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.report.events import MAX_EVENTS_NAMED, notable_events


@pytest.fixture
def record():
    """A level from 2000 to 2019."""
    time = pd.date_range("2000-01-01", "2019-12-01", freq="MS").as_unit("ns")
    return xr.Dataset(
        {"share": (("quantile", "time"), np.full((1, len(time)), 40.0))}, coords={"time": time}
    )


def events(*rows):
    frame = pd.DataFrame(rows, columns=["date", "cameo", "actor", "goldstein", "summary"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[s]")
    return frame.assign(event_id=[f"e{place}" for place in range(len(frame))]).sort_values(
        "date", ignore_index=True
    )


def quiet_years():
    """One statement in every second month."""
    return [
        (f"{year}-{month:02}-15", "010", "Ministry", 0.0, "x")
        for year in range(2000, 2020)
        for month in range(1, 12, 2)
    ]


def named(*args, **options):
    return list(notable_events(*args, **options)["summary"])


def test_the_most_extreme_event_of_the_busiest_months_is_named(record):
    crisis = [(f"2010-06-{day:02}", "111", "Ministry", -2.0, "a protest") for day in range(5, 15)]
    opening = [(f"2015-03-{day:02}", "046", "Ministry", 7.0, "talks") for day in range(5, 10)]
    table = events(
        *quiet_years(),
        *crisis,
        *opening,
        ("2010-06-04", "190", "Army", -10.0, "troops fire"),
        ("2015-03-09", "057", "Government", 8.0, "a treaty"),
        ("2008-01-15", "190", "Army", -10.0, "a shot in a quiet month"),
    )
    found = named(table, record)
    assert {"troops fire", "a treaty"} <= set(found) and not {"a protest", "talks"} & set(found)


def test_a_visit_after_a_long_pause_is_named_however_quiet_its_month(record):
    table = events(
        ("2000-02-01", "042", "King A", 1.9, "first visit"),
        ("2013-02-01", "042", "King B", 1.9, "first in a decade"),
        ("2013-06-01", "042", "King B", 1.9, "again"),
        ("2013-06-02", "042", "Minister C", 1.9, "a minister's visit"),
    )
    found = named(table, record)
    assert found[:2] == ["first visit", "first in a decade"] and "again" not in found


def test_the_day_of_reference_comes_first(record):
    table = events(
        ("2010-07-05", "042", "Premier B", 1.9, "visit"),
        ("2012-05-01", "054", "Government", 3.8, "recognition"),
    )
    assert named(table, record, date(2012, 5, 1)) == ["recognition"]


def test_they_are_few_and_apart(record):
    table = events(
        *(
            (f"{2000 + place // 12}-{place % 12 + 1:02}-03", "054", "A", 3.8, "x")
            for place in range(230)
        )
    )
    chosen = notable_events(table, record)
    assert len(chosen) <= MAX_EVENTS_NAMED
    assert (chosen["year"].diff().dropna() >= 3).all()


def test_without_events_there_are_none(record):
    assert notable_events(events(), record).empty
