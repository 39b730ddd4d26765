"""Counts and indices that others aggregated."""

from datetime import date, timedelta

import pytest

from forecast.base.errors import DataError, MappingError
from forecast.data.events import read_counts, read_index

CLASSES = [
    {"name": "conflict", "side": "conflict", "columns": ["bad", "worse"]},
    {"name": "cooperation", "side": "cooperation", "columns": ["good"]},
]
COUNTS = {"dataset": "mine", "columns": {"time": "month", "direction": "who"}, "classes": CLASSES}
INDEX = {
    "dataset": "mine",
    "columns": {"time": "month", "value": "x"},
    "constants": {"dyad": "CHN-USA"},
}


@pytest.fixture
def write(tmp_path):
    def to_file(text):
        path = tmp_path / "mine.csv"
        path.write_text(text)
        return path

    return to_file


def counts(write, rows, **changes):
    return read_counts(write("month,who,bad,worse,good\n" + rows), COUNTS | changes)


def test_columns_of_a_class_are_added(write):
    table = counts(write, "2020-02,CHN>USA,1,2,4\n")
    assert table.counts[["class", "n"]].to_numpy().tolist() == [[0, 3], [1, 4]]
    assert (table.classes, table.zero_cut) == (("conflict", "cooperation"), 1)
    assert set(table.counts["dyad"]) == {"USA-CHN"}
    assert set(table.counts["source"]) == {"CHN"}


def test_a_periods_counts_are_known_on_its_last_day(write):
    month = counts(write, "2020-02,CHN>USA,1,2,4\n").counts.iloc[0]
    week = counts(
        write, "2020-02-03,CHN>USA,1,2,4\n", date_format="%Y-%m-%d", frequency="week"
    ).counts.iloc[0]
    assert (str(month["known_at"].date()), str(week["known_at"].date())) == (
        "2020-02-29",
        "2020-02-09",
    )


def test_the_states_may_be_two_columns_or_a_dyad(write):
    path = write("month,from,to,bad,worse,good\n2020-02,China,USA,1,2,4\n")
    columns = {"time": "month", "source": "from", "target": "to"}
    table = read_counts(path, COUNTS | {"columns": columns, "countries": {"China": "CHN"}})
    assert set(table.counts["source"]) == {"CHN"}
    path = write("month,pair,bad,worse,good\n2020-02,CHN-USA,1,2,4\n")
    table = read_counts(path, COUNTS | {"columns": {"time": "month", "dyad": "pair"}})
    assert set(table.counts["source"]) == {""}
    assert set(table.counts["dyad"]) == {"USA-CHN"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2020-13,CHN>USA,1,2,4", "time is not in the date_format"),
        ("2020-03,CHN-USA,1,2,4", "the states are not two ISO"),
        ("2020-03,USA>USA,1,2,4", "the states are not two ISO"),
        ("2020-03,CHN>USA,1,-2,4", "a count is not a whole number"),
        ("2020-03,CHN>USA,1,2,2147483648", "a count is not a whole number"),
        (
            "2020-03,CHN>USA,2147483647,1,4",
            "a count is not a whole number",
        ),  # columns of one class, added
        ("2020-03,CHN>USA,1,2,NA", "a count is not a whole number"),
        ("2020-03,CHN>USA,1,2.5,4", "a count is not a whole number"),
        ("2020-02,CHN>USA,1,2,4", "the same period and direction"),
        ("2020-03,CHN>USA,1,2", "4 fields where 5 are expected"),
    ],
)
def test_a_rejected_row_says_why(write, row, reason):
    rejects = counts(write, f"2020-02,CHN>USA,1,2,4\n{row}\n").rejects
    assert rejects["line"].item() == 3
    assert reason in rejects["reason"].item()


def test_a_file_without_a_usable_row_is_an_error(write):
    with pytest.raises(DataError, match="none of 1 rows is usable"):
        counts(write, "2020-02,CHN>USA,1,2,many\n")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2020-02,USA\n", "The first, line 2: 2 fields where 4 are expected"),
        ("", "has a header and no rows"),
    ],
)
def test_a_file_without_a_whole_row_is_an_error(write, rows, message):
    states = {"time": "month", "source": "from", "target": "to"}
    classes = [
        {"name": name, "side": name, "columns": ["n"]} for name in ("conflict", "cooperation")
    ]
    with pytest.raises(DataError, match=f"^mine.csv.* {message}"):
        read_counts(
            write("month,from,to,n\n" + rows),
            {"dataset": "mine", "columns": states, "classes": classes},
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": {"time": "month"}}, "the states are to be given as"),
        (
            {"columns": {"time": "month", "direction": "who", "dyad": "who"}},
            "the states are to be given as",
        ),
        ({"classes": CLASSES[:1]}, "at least one of each"),
        ({"classes": CLASSES[::-1]}, "first those of conflict"),
        ({"classes": [{"name": "x", "side": "conflict"}]}, "classes.0.columns"),
        ({"columns": {"direction": "who"}}, "time is missing"),
    ],
)
def test_a_malformed_mapping_names_the_field(write, changes, message):
    with pytest.raises(MappingError, match=message):
        counts(write, "2020-02,CHN>USA,1,2,4\n", **changes)


def test_an_index_keeps_its_holes(write):
    frame = read_index(write("month,x\n2020-02,1.5\n2020-01,\n"), INDEX)
    assert list(frame.columns) == ["dyad", "time", "value"]
    assert frame["value"].isna().tolist() == [True, False]
    assert set(frame["dyad"]) == {"USA-CHN"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("2020-01,high\n", "line 2: value is not a number"),
        ("January,1\n", "line 2: time is not in the date_format"),
        ("2020-01,1\n2020-01,2\n", "line 3: the same dyad and time"),
        ("2020-01,\n", "there is no value"),
        ("2020-01,1\n2020-02\n", "line 3 is broken"),
    ],
)
def test_a_malformed_index_is_refused(write, rows, message):
    with pytest.raises(DataError, match=message):
        read_index(write("month,x\n" + rows), INDEX)


def test_an_index_needs_a_dyad(write):
    with pytest.raises(DataError, match="dyad is not like USA-CHN"):
        read_index(write("month,x\n2020-01,1\n"), INDEX | {"constants": {"dyad": "China"}})


@pytest.mark.parametrize("days", [1, 40, 60_000])
def test_a_day_to_come_is_none_of_counts_or_index(write, days):
    today, later = date.today(), date.today() + timedelta(days=days)
    daily = {"date_format": "%Y-%m-%d"}
    table = counts(
        write, f"{today},CHN>USA,1,2,4\n{later},CHN>USA,1,2,4\n", **daily, frequency="week"
    )
    assert set(table.rejects["reason"]) == {"time is later than today"}
    assert (table.files[0].rows, table.counts["n"].sum()) == (2, 7)
    with pytest.raises(DataError, match="line 3: time is later than today"):
        read_index(write(f"month,x\n{today},1.0\n{later},2.0\n"), INDEX | daily)
