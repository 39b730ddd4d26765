"""Tables in memory are read as files are, and ISO dates without a format."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from forecast import (
    add_events,
    build_index_panel,
    read_coverage,
    read_drivers,
    read_eras,
    read_index,
    read_table,
)
from forecast.base.errors import DataError, MappingError
from forecast.data.events import read_chronology, read_counts

COLUMNS = {name: name for name in ("date", "source", "target", "cameo", "goldstein")}
EVENTS = pd.DataFrame(
    {
        "date": ["2020-01-31", "2021-05-04", "2022-02-01"],
        "source": ["USA", "CHN", "USA"],
        "target": ["CHN", "USA", "CHN"],
        "cameo": ["042", "112", "010"],
        "goldstein": [1.9, -2.0, np.nan],
    }
)
INDEX = {
    "dataset": "gpr",
    "columns": {"time": "day", "value": "x"},
    "constants": {"dyad": "USA-CHN"},
}


class Polars:
    """A table that only Arrow can read, as that of polars is."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._table = pa.Table.from_pandas(frame, preserve_index=False)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


FORMS = {
    "pandas": lambda frame: frame,
    "days": lambda frame: frame.assign(
        **{name: pd.to_datetime(frame[name]) for name in frame.columns[:1]}
    ),
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "polars": Polars,
    "xarray": lambda frame: frame.set_index(frame.columns[0]).to_xarray(),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def written(frame: pd.DataFrame, folder: Path) -> Path:
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    return path


def test_events_in_memory_are_those_of_the_file(form, tmp_path):
    mapping = {"dataset": "mine", "columns": COLUMNS}
    expected, found = (
        read_table(written(EVENTS, tmp_path), mapping),
        read_table(form(EVENTS), mapping),
    )
    pd.testing.assert_frame_equal(
        found.events.drop(columns="event_id"), expected.events.drop(columns="event_id")
    )
    assert found.files[0].rows == 3 and found.files[0].name == "mine"


def test_counts_and_index_in_memory_are_those_of_the_file(form, tmp_path):
    counts = pd.DataFrame(
        {"time": ["2020-01-31", "2020-02-29"], "dyad": "USA-CHN", "bad": [1, 2], "good": [3, 0]}
    )
    classes = [
        {"name": name, "side": side, "columns": [name]}
        for name, side in (("bad", "conflict"), ("good", "cooperation"))
    ]
    mapping = {"dataset": "mine", "columns": {"time": "time", "dyad": "dyad"}, "classes": classes}
    pd.testing.assert_frame_equal(
        read_counts(form(counts), mapping).counts,
        read_counts(written(counts, tmp_path), mapping).counts,
    )
    values = pd.DataFrame(
        {"day": ["1998-01-01", "1998-02-01", "1998-03-01"], "x": [1.5, np.nan, 2.0]}
    )
    found = read_index(form(values), INDEX)
    pd.testing.assert_frame_equal(found, read_index(written(values, tmp_path), INDEX))
    assert [f"{day:%Y-%m-%d}" for day in found["time"]] == [
        "1998-01-01",
        "1998-02-01",
        "1998-03-01",
    ]


def test_months_and_days_may_stand_in_one_column(tmp_path):
    values = pd.DataFrame({"day": ["1998-01", "1998-02-28"], "x": [1.0, 2.0]})
    assert read_index(written(values, tmp_path), INDEX)["time"].dt.month.tolist() == [1, 2]


def test_an_index_panel_is_made_of_a_table_with_days_as_text(form):
    days = [f"{year}-01-01" for year in range(2000, 2004)]
    frame = pd.DataFrame({"time": days, "dyad": "USA-CHN", "value": [1.0, 2.0, 3.0, 4.0]})
    assert build_index_panel(form(frame)).index.sel(time="2003-01-01").item() == 4.0


def test_small_tables_in_memory_are_those_of_the_file(form, tmp_path):
    drivers = pd.DataFrame(
        {"known_at": ["2023-03-05", "2023-04-05"], "time": ["2023-01", "2023-02"], "x": [1.5, 2.0]}
    )
    expected, found = read_drivers(written(drivers, tmp_path)), read_drivers(form(drivers))
    pd.testing.assert_frame_equal(found.values, expected.values)
    eras = pd.DataFrame(
        {
            "start": ["1949-10-01"],
            "recognised_at": "1949-10-01",
            "dyad": "USA-CHN",
            "era": "apart",
            "name": "Apart",
        }
    )
    assert read_eras(form(eras))["start"].dt.year.tolist() == [1949]
    cover = pd.DataFrame({"start": ["1949-10-01"], "last_even": "2020-12-31", "dyad": "USA-CHN"})
    assert read_coverage(form(cover))["last_even"].dt.year.tolist() == [2020]
    rows = pd.DataFrame({"date": ["2026-06-20"], "source": "CHN", "target": "USA", "kind": "visit"})
    assert len(add_events(read_chronology(dyads=["USA-CHN"]), form(rows)).additions[0].events) == 1


def test_days_of_a_table_in_memory_are_moments_at_midnight_and_no_others():
    midnight, noon = datetime.datetime(1949, 10, 1), datetime.datetime(1979, 1, 1, 12)
    eras = pd.DataFrame(
        {"dyad": "USA-CHN", "era": ["a", "b"], "start": [midnight, "1979-01-01"], "name": "One"}
    )
    found = read_eras(eras.assign(recognised_at=eras["start"]))
    assert found["start"].tolist() == [pd.Timestamp("1949-10-01"), pd.Timestamp("1979-01-01")]
    message = (
        r"^eras, line 3: recognised_at is '1979-01-01 12:00:00'; expected a day, as YYYY-MM-DD"
    )
    with pytest.raises(DataError, match=message):
        read_eras(eras.assign(recognised_at=[midnight, noon]))


def test_an_empty_path_is_not_the_embedded_table():
    with pytest.raises(DataError, match="cannot be read"):
        read_eras("")


def test_an_error_of_a_table_in_memory_names_it():
    with pytest.raises(DataError, match=r"^drivers: there is no column 'known_at'"):
        read_drivers(pd.DataFrame({"time": ["2023-01"], "x": [1.5]}))


def test_codes_that_became_numbers_are_rejected_in_memory_too():
    mapping = {"dataset": "mine", "columns": COLUMNS}
    with pytest.raises(MappingError, match="lost their leading zeros"):
        read_table(EVENTS.assign(cameo=[42, 112, 10]), mapping)
