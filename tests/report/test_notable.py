"""Which events are named along the pendulum."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from forecast.report.events import MOST, notable_events


@pytest.fixture
def record():
    """A level that rises by 30 points in the middle of 2010 and falls by 40 in 2015."""
    time = pd.date_range("2000-01-01", "2019-12-01", freq="MS")
    middle = np.where(time < "2010-07-01", 40.0, 70.0)
    middle[time >= "2015-03-01"] = 30.0
    return xr.Dataset(
        {"share": (("quantile", "time"), middle[None])}, coords={"quantile": [0.5], "time": time.as_unit("ns")}
    )


def events(*rows):
    frame = pd.DataFrame(rows, columns=["date", "cameo", "actor", "summary"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[s]")
    return frame.assign(event_id=[f"e{place}" for place in range(len(frame))]).sort_values("date", ignore_index=True)


def named(*args, **options):
    return list(notable_events(*args, **options)["summary"])


def test_events_go_with_the_move_they_stand_at(record):
    table = events(
        ("2000-02-01", "042", "President A", "first visit"),
        ("2004-01-01", "042", "President A", "visit without a move"),
        ("2010-07-05", "042", "Premier B", "visit at the rise"),
        ("2010-06-05", "190", "Army", "violence at the rise"),
        ("2015-03-01", "161", "Ministry", "rupture at the fall"),
        ("2015-02-01", "042", "Minister C", "a minister's visit"),
    )
    assert named(table, record) == ["first visit", "visit at the rise", "rupture at the fall"]


def test_a_visit_after_a_long_pause_is_named_whatever_moved(record):
    table = events(
        ("2000-02-01", "042", "King A", "first visit"),
        ("2013-02-01", "042", "King B", "first in a decade"),
        ("2013-06-01", "042", "King B", "again"),
    )
    assert named(table, record) == ["first visit", "first in a decade"]


def test_the_day_of_reference_comes_first(record):
    table = events(("2010-07-05", "042", "Premier B", "visit"), ("2012-05-01", "054", "Government", "recognition"))
    assert named(table, record, date(2012, 5, 1)) == ["recognition"]


def test_they_are_few_and_apart(record):
    table = events(*((f"{2000 + place // 12}-{place % 12 + 1:02}-03", "054", "A", "x") for place in range(230)))
    chosen = notable_events(table, record)
    assert len(chosen) <= MOST
    assert (chosen["year"].diff().dropna() >= 3).all()


def test_without_events_there_are_none(record):
    assert notable_events(events(), record).empty
