"""What is assumed: small tables are read or rejected with their line, and arranged by period
whatever their order."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.base.errors import DataError, ForecastError, SpecError
from forecast.data.events import read_chronology
from forecast.outlook.assumptions import Assumed, assumptions_by_period, read_assumed
from forecast.outlook.observed import Cell

# The panel of the made fit ends with December 2024.
MEETING = (
    Assumed(date(2025, 1, 15), "CHN", "USA", code="042"),
    Assumed(date(2025, 1, 15), "USA", "CHN", code="043"),
)
HEADER = "date,source,target,code,kind,n,part,until,summary\n"


def written(folder, text, name="whatif.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read(tmp_path):
    rows = (
        HEADER
        + '2025-01-15,chn,USA,042,,,,,"A visit, with ""words"""\n\n'
        + "2025-02,USA,CHN,,sanction,0,.5,2025-04,\n"
    )
    first, second = read_assumed(written(tmp_path, rows))
    assert first == Assumed(
        date(2025, 1, 15),
        "CHN",
        "USA",
        "042",
        summary='A visit, with "words"',
        origin="whatif.csv, line 2",
    )
    assert (second.kind, second.n, second.part, second.until) == (
        "sanction",
        0,
        0.5,
        date(2025, 4, 30),
    )
    assert read_assumed(written(tmp_path, HEADER, "nothing.csv")) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,source,target\n", "code"),
        ("date,source,target,code,colour\n", "colour"),
        (HEADER + "soon,CHN,USA,042,,,,,\n", "line 2.*date"),
        (HEADER + "2025-01-15,CHN,USA,042,,many,,,\n", "line 2.*n, part"),
        (HEADER + "2025-01-15,CHN,USA,042,,,half,,\n", "line 2.*n, part"),
        (HEADER + "2025-01-15,CHN,USA\n", "line 2"),
        ("", "whatif.csv"),
    ],
)
def test_a_table_that_makes_no_sense_is_rejected(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read_assumed(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"missing\.csv"):
        read_assumed(tmp_path / "missing.csv")


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_no_text_is_more_than_rejected(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes((HEADER + text).encode("utf-8", "replace"))
    try:
        rows = read_assumed(path)
    except ForecastError as error:
        assert "any.csv" in str(error)
    else:
        assert all(isinstance(row, Assumed) for row in rows)


def test_the_two_sides_of_a_visit_are_one_event(fit):
    assert assumptions_by_period(MEETING, fit.panel, "USA-CHN") == {1: (Cell(4, 1.0, 1),)}
    apart = (MEETING[0], replace(MEETING[1], date=date(2025, 1, 20)))
    assert assumptions_by_period(apart, fit.panel, "USA-CHN") == {1: (Cell(4, 1.0, 2),)}


def test_the_order_of_rows_changes_nothing(fit):
    rows = (
        *MEETING,
        Assumed(date(2025, 3, 2), "USA", "CHN", kind="sanction", n=2),
        Assumed(date(2025, 2, 1), "USA", "CHN", of_class="class 0", n=0, until=date(2025, 6, 30)),
    )
    expected = assumptions_by_period(rows, fit.panel, "USA-CHN")
    assert list(expected) == [1, 2, 3, 4, 5, 6]
    assert expected[3] == (Cell(0, 1.0, 0), Cell(1, 1.0, 2))
    assert assumptions_by_period(rows[::-1], fit.panel, "USA-CHN") == expected


def test_a_code_stands_for_its_part_of_the_last_ten_years(fit):
    events = read_chronology(dyads=["USA-CHN"]).events
    ((cell,),) = assumptions_by_period(MEETING, fit.panel, "USA-CHN", events).values()
    assert 0.1 < cell.part < 0.5
    later = events.assign(known_at=pd.Timestamp("2030-01-01"))
    ((unknown,),) = assumptions_by_period(MEETING, fit.panel, "USA-CHN", later).values()
    assert unknown.part == 0.5  # nothing of it was known
    given = [replace(row, part=0.08) for row in MEETING]
    ((cell,),) = assumptions_by_period(given, fit.panel, "USA-CHN", events).values()
    assert cell.part == 0.08


def test_a_class_with_a_part_of_it_means_the_rest(fit):
    rows = [
        replace(MEETING[0], part=0.25),
        Assumed(date(2025, 1, 3), "USA", "CHN", of_class="class 4", n=3),
    ]
    assert assumptions_by_period(rows, fit.panel, "USA-CHN") == {
        1: (Cell(4, 0.25, 1, "042"), Cell(4, 0.75, 3))
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date": date(2024, 12, 31)}, "not ahead.*2024-12-31"),
        ({"date": date(2035, 1, 1)}, "too far ahead"),
        ({"source": "JPN"}, "not the two states of USA-CHN"),
        ({"source": "USA"}, "not the two states of USA-CHN"),
        ({"code": "999"}, "999"),
        ({"code": "42"}, "042"),
        ({"code": ""}, "neither code nor kind"),
        ({"kind": "visit"}, "code or kind"),
        ({"code": "", "kind": "tea party"}, "tea party"),
        ({"n": -1}, "n is -1"),
        ({"n": 10**6}, "n is 1000000"),
        ({"part": 0.0}, "part is 0"),
        ({"part": 1.5}, "part is 1.5"),
        ({"part": float("nan")}, "part is nan"),
        ({"until": date(2025, 2, 1)}, "until"),
        ({"n": 0, "until": date(2024, 2, 1)}, "until"),
    ],
)
def test_a_row_that_makes_no_sense_is_rejected_with_its_place(fit, changes, words):
    with pytest.raises(SpecError, match=f"whatif.csv, line 7.*{words}"):
        assumptions_by_period(
            [replace(MEETING[0], origin="whatif.csv, line 7", **changes)], fit.panel, "USA-CHN"
        )


def test_contradictions_are_rejected(fit):
    with pytest.raises(SpecError, match="and none"):
        assumptions_by_period([*MEETING, replace(MEETING[0], n=0)], fit.panel, "USA-CHN")
    parts = [replace(MEETING[0], part=0.6), replace(MEETING[0], code="040", part=0.6)]
    with pytest.raises(SpecError, match="add up"):
        assumptions_by_period(parts, fit.panel, "USA-CHN")


def test_weeks_are_counted_from_the_present(make):
    fit = make(("USA-CHN",), frequency="week")
    last = fit.panel["time"].to_numpy()[-1].astype("datetime64[D]").item()
    days = [pd.Timestamp(last) + pd.Timedelta(days=days) for days in (7, 13, 14)]
    held = assumptions_by_period(
        [replace(MEETING[0], date=day.date()) for day in days], fit.panel, "USA-CHN"
    )
    assert [(period, cells[0].least) for period, cells in held.items()] == [(1, 2), (2, 1)]
