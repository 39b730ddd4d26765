"""Nothing after today, in UTC, comes in by any entrance.

And a day is a real day, by whatever type it is given.
"""

import datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast import (
    Source,
    add_events,
    build_counts_panel,
    build_index_panel,
    build_panel,
    make_question,
    read_chronology,
    read_counts,
    read_coverage,
    read_eras,
    read_index,
    read_sources,
    read_table,
    resolve_question,
)
from forecast.base import dates
from forecast.base.errors import DataError, ForecastError, SpecError
from forecast.cli import app
from forecast.data.events import as_of

TODAY = datetime.date(2026, 10, 1)
FUTURE = "2126-12-31"
STRANGE = [
    pd.NaT,
    np.datetime64("NaT", "ns"),
    datetime.date(9999, 12, 31),
    pd.Timestamp("2023-10-31", tz="Asia/Tokyo"),
    datetime.datetime(2023, 10, 31, tzinfo=datetime.UTC),
    "2023-13-99",
    "2023-02-30",
    "0001-01-01",
    FUTURE,
]


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """The last minute of a day in UTC, at which it is tomorrow already in the east."""
    moment = datetime.datetime(2026, 10, 1, 23, 59, tzinfo=datetime.UTC)
    monkeypatch.setattr(dates, "now", lambda: moment)


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-CHN"])


def coverage(start="1949-10-01", last="2026-06-13"):
    return pd.DataFrame({"dyad": ["USA-CHN"], "start": [start], "last_even": [last]})


def test_today_is_that_of_utc():
    assert dates.today() == TODAY
    dates.reject_future(TODAY, "as-of")
    with pytest.raises(
        SpecError, match=r"as-of: 2026-10-02 is in the future; give a day up to today, 2026-10-01"
    ):
        dates.reject_future(TODAY + datetime.timedelta(days=1), "as-of")


@pytest.mark.parametrize("day", STRANGE, ids=repr)
def test_a_strange_day_is_refused_by_the_name_of_its_argument(table, day):
    for name in ("start", "end", "as_of"):
        with pytest.raises(SpecError, match=f"^{name}"):
            build_panel(table, **{name: day})
    with pytest.raises(SpecError, match=r"^as_of"):
        as_of(table, day)
    with pytest.raises(SpecError, match=r"^covered-to"):
        added = [{"date": "2026-06-20", "source": "USA", "target": "CHN", "code": "036"}]
        add_events(table, added, covered_to=f"USA-CHN:{day}")
    if not isinstance(day, str | np.datetime64):
        with pytest.raises(SpecError, match=r"^as.of"):
            read_sources(Source(), ["USA-CHN"], as_of=day)


@pytest.mark.parametrize(
    "day",
    [
        "2023-10-31",
        datetime.date(2023, 10, 31),
        pd.Timestamp("2023-10-31 12:00"),
        np.datetime64("2023-10-31T12", "ns"),
        "2023-10",
    ],
    ids=repr,
)
def test_a_day_is_the_same_by_whatever_type(table, day):
    assert build_panel(table, as_of=day).attrs["as_of"] == "2023-10-31"


@pytest.mark.parametrize(
    "day", [*STRANGE[2:], "2026-10-02", "2023-02", "", pd.NaT, float("nan")], ids=repr
)
def test_days_of_coverage_and_eras_are_past_days(day):
    for field in ("start", "last"):
        with pytest.raises(DataError, match=r"^coverage, line 2: (start|last_even)"):
            read_coverage(coverage(**{field: day}))
    eras = {
        "dyad": "USA-CHN",
        "era": "one",
        "start": "1949-10-01",
        "recognised_at": "1949-10-01",
        "name": "One",
    }
    for field in ("start", "recognised_at"):
        with pytest.raises(DataError, match=f"^eras, line 2: {field}"):
            read_eras(pd.DataFrame([eras | {field: day}]))


def test_coverage_does_not_end_before_it_begins():
    with pytest.raises(
        DataError, match=r"line 2: last_even is 2019-12-31; expected .* not one before start"
    ):
        read_coverage(coverage("2020-01-01", "2019-12-31"))


def test_coverage_to_come_decides_no_question(table, tmp_path):
    """The fault: with a coverage of a hundred years to come, open questions were decided as no."""
    panel = build_panel(table, as_of="2026-06-13")
    question = make_question(panel, "USA-CHN", months=12, higher=5)
    with pytest.raises(DataError, match="last_even: 2126-12-31 is in the future"):
        build_panel(table, coverage=coverage(last=FUTURE))
    with pytest.raises(SpecError, match="coverage_end: 2126-12-31 is in the future"):
        resolve_question(panel, question, coverage_end=datetime.date(2126, 12, 31))
    with pytest.raises(SpecError, match="today: 2126-12-31 is in the future"):
        resolve_question(panel, question, today=datetime.date(2126, 12, 31))
    path = tmp_path / "coverage.csv"
    coverage(last=FUTURE).to_csv(path, index=False)
    with pytest.raises(
        DataError, match=r"coverage.csv, line 2: last_even: 2126-12-31 is in the future"
    ):
        build_panel(table, coverage=path)


def test_rows_to_come_are_rejects(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text(
        "date,known,from,to,code\n2026-10-01,2026-10-01,USA,CHN,036\n2026-10-02,2026-10-02,USA,CHN,036\n"
        "2026-06-01,2026-10-02,USA,CHN,036\n2023-02-30,2023-03-01,USA,CHN,036\n"
    )
    columns = {
        "date": "date",
        "known_at": "known",
        "source": "from",
        "target": "to",
        "cameo": "code",
    }
    read = read_table(path, {"dataset": "mine", "columns": columns})
    assert read.events["date"].dt.strftime("%Y-%m-%d").tolist() == ["2026-10-01"]
    reasons = " ".join(read.rejects["reason"])
    assert all(
        words in reasons
        for words in ("date is later than today", "known_at is later than today", "not a day")
    )


def test_counts_and_indices_to_come_are_refused(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("month,from,to,bad,good\n2026-10,USA,CHN,1,2\n2026-11,USA,CHN,1,2\n")
    classes = [
        {"name": "bad", "side": "conflict", "columns": ["bad"]},
        {"name": "good", "side": "cooperation", "columns": ["good"]},
    ]
    mapping = {
        "dataset": "mine",
        "columns": {"time": "month", "source": "from", "target": "to"},
        "classes": classes,
    }
    read = read_counts(path, mapping | {"date_format": "%Y-%m", "frequency": "month"})
    assert read.rejects["reason"].tolist() == ["time is later than today"]
    index = {
        "dataset": "mine",
        "columns": {"time": "month", "value": "good"},
        "constants": {"dyad": "USA-CHN"},
    }
    with pytest.raises(DataError, match="line 3: time is later than today"):
        read_index(path, index | {"date_format": "%Y-%m"})


@pytest.mark.parametrize("day", [pd.NaT, pd.Timestamp(FUTURE)], ids=repr)
def test_tables_made_by_hand_are_held_to_the_rule(table, day):
    from dataclasses import replace

    events = table.events.copy()
    events.loc[5, "date"] = day
    with pytest.raises(ForecastError, match=r"^table: date"):
        build_panel(replace(table, events=events))
    frame = pd.DataFrame(
        {"dyad": "USA-CHN", "time": [day, pd.Timestamp("2020-01-01")], "value": [1.0, 2.0]}
    )
    with pytest.raises(ForecastError, match=r"^frame: time"):
        build_index_panel(frame)
    months = pd.to_datetime(["2020-01-01", "2020-02-01"])
    counts = {
        "date": months,
        "known_at": months,
        "source": "",
        "target": "",
        "dyad": "USA-CHN",
        "class": 0,
        "n": 1,
        "dataset": "mine",
    }
    from forecast.data.events.table import CountTable

    made = pd.DataFrame(counts)
    made.loc[0, "date"] = day
    with pytest.raises(ForecastError, match=r"^table: date"):
        build_counts_panel(CountTable(made, ("bad", "good"), 1, "month", pd.DataFrame(), ()))


def test_empty_tables_are_refused(table):
    from dataclasses import replace

    with pytest.raises(DataError, match="no dyad to count"):
        build_panel(replace(table, events=table.events.iloc[:0]))
    with pytest.raises(ForecastError):
        build_panel(replace(table, events=table.events.iloc[:0]), dyads=["USA-CHN"])
    with pytest.raises(ForecastError):
        build_index_panel(pd.DataFrame({"dyad": [], "time": pd.to_datetime([]), "value": []}))
    with pytest.raises(ForecastError):
        build_panel(
            table, coverage=coverage().iloc[:0].assign(dyad=[]), start="1800-01", end="1800-02"
        )


def test_files_to_come_cover_nothing():
    from forecast.data.archive.reading import covered_days

    files = [
        SimpleNamespace(covers=[(day, day)], part=1)
        for day in (TODAY, TODAY + datetime.timedelta(days=1))
    ]
    assert covered_days(files) == [(TODAY, TODAY)]


@pytest.mark.parametrize(
    "words",
    [
        ["report", "USA-CHN", "--as-of", FUTURE],
        ["report", "USA-CHN", "--since", FUTURE],
        ["test", "--as-of", FUTURE],
        ["plan", "new", "--as-of", FUTURE],
        ["events", "show", "USA-CHN", "--to", FUTURE],
        ["events", "show", "USA-CHN", "--from", FUTURE],
        ["question", "new", "USA-CHN", "--as-of", FUTURE, "--months", "12", "--higher", "5"],
        ["backtest", "--from", FUTURE],
        ["backtest", "--to", FUTURE],
        ["events", "sql", "gdelt", "USA-CHN", "--from", "2020-01-01", "--to", FUTURE],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("day", [FUTURE, "2023-02-30"])
def test_every_option_that_names_a_day_of_the_record(tmp_path, monkeypatch, words, day):
    monkeypatch.chdir(tmp_path)
    option = next(word for word, value in pairwise(words) if value.startswith("2126"))
    given = [day if word.startswith("2126") else word for word in words]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2, done.output
    said = " ".join(done.output.split())
    assert option.removeprefix("--") in said and day[:7] in said
    assert "is in the future" in said if day == FUTURE else "not in the calendar" in said
    assert list(Path().iterdir()) == []
