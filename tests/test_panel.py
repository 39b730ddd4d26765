"""The panel: its schema, and what must hold of any events whatever."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.data.events import EventTable, read_chronology, read_counts
from forecast.data.events.codebook import read_codes, read_scale
from forecast.data.events.dyads import dyad_code
from forecast.data.panel import (
    build_counts_panel,
    build_index_panel,
    build_panel,
    describe_panel,
    event_counts,
    observed_shares,
    observed_years,
    panel_kind,
    summarise,
    validate_panel,
)
from forecast.data.panel.single_events import counted_events

COVERAGE = pd.DataFrame(
    {
        "dyad": ["USA-CHN", "USA-RUS"],
        "start": pd.to_datetime(["2020-01-10", "2020-03-01"]),
        "last_even": pd.to_datetime(["2020-10-31", "2020-12-15"]),
    }
)
EXAMPLES = 10
"""Tables of a property; others are drawn in every run."""
MOST = 2**31 - 1
"""As an event's n, or a cell of counts."""
NO_EVENTS = ("date", "source", "target", "cameo", "n", "known_at")


def table_of(*rows, dataset="test"):
    """Return an event table from tuples: date, source, target, code, perhaps n and known_at."""
    frame = pd.DataFrame([dict(zip(NO_EVENTS, row, strict=False)) for row in rows])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[s]")
    if "known_at" not in frame:
        frame["known_at"] = frame["date"]
    frame["known_at"] = (
        pd.to_datetime(frame["known_at"]).astype("datetime64[s]").fillna(frame["date"])
    )
    frame["n"] = frame["n"].fillna(1).astype(int) if "n" in frame else 1
    pairs = zip(frame["source"], frame["target"], strict=True)
    frame = frame.assign(
        dyad=[dyad_code(*pair) for pair in pairs],
        goldstein=0.0,
        quad=1,
        actor="",
        summary="",
        reference="",
        dataset=dataset,
        event_id=[f"e{place:04}" for place in range(len(frame))],
    )
    return EventTable(frame, pd.DataFrame(), ())


days = st.dates(pd.Timestamp("2019-11-01").date(), pd.Timestamp("2021-02-28").date())
codes = st.sampled_from(["042", "043", "046", "057", "041", "111", "163", "0841", "010"])
states = st.sampled_from([("USA", "CHN"), ("CHN", "USA"), ("USA", "RUS"), ("RUS", "USA")])


@st.composite
def tables(draw):
    """Draw tables that always hold something countable of both dyads."""
    rows = draw(
        st.lists(st.tuples(days, states, codes, st.integers(1, 3), st.integers(0, 40)), max_size=25)
    )
    fixed = [
        ("2020-05-15", "USA", "CHN", "010", 1, "2020-05-15"),
        ("2020-05-15", "USA", "RUS", "010", 1, "2020-05-15"),
    ]
    drawn = [
        (day, *pair, code, n, pd.Timestamp(day) + pd.Timedelta(days=lag))
        for day, pair, code, n, lag in rows
    ]
    return table_of(*fixed, *drawn)


spans = st.sampled_from(
    [(None, None), ("2020-03", "2020-09"), ("2020-05-15", None), ("2019-01", "2021-06")]
)


def accounted(panel):
    outside = sum(json.loads(panel.attrs["outside_coverage"]).values())
    return panel.attrs["counted"] + panel.attrs["paired"] + outside + panel.attrs["outside_span"]


@settings(max_examples=EXAMPLES)
@given(
    tables(),
    spans,
    st.sampled_from(["month", "week"]),
    st.sampled_from(["event", "row"]),
    st.booleans(),
    st.sampled_from([None, "2020-06-20", "2021-12-31"]),
)
def test_every_event_is_accounted_for(table, span, frequency, unit, directed, as_of):
    end = None if as_of == "2020-06-20" else span[1]
    panel = build_panel(
        table,
        start=span[0],
        end=end,
        frequency=frequency,
        unit=unit,
        directed=directed,
        as_of=as_of,
        coverage=COVERAGE,
    )
    validate_panel(panel)
    events = table.events
    late = events["known_at"] > pd.Timestamp(as_of or "2099-01-01")
    assert panel.attrs["late"] == late.sum()
    assert accounted(panel) == events.loc[~late, "n"].sum()
    assert panel.attrs["counted"] == panel["counts"].sum()
    if directed or unit == "row":
        assert panel.attrs["paired"] == 0


@settings(max_examples=EXAMPLES)
@given(tables(), st.sampled_from(["month", "week"]))
def test_directions_add_up_to_the_rows_of_the_dyad(table, frequency):
    directed = build_panel(table, directed=True, frequency=frequency, coverage=COVERAGE)
    rows = build_panel(table, unit="row", frequency=frequency, coverage=COVERAGE)
    np.testing.assert_array_equal(
        directed["counts"].sum("direction"), rows["counts"].sum("direction")
    )


@settings(max_examples=EXAMPLES)
@given(tables())
def test_an_event_counts_at_most_once_and_at_least_half(table):
    both = build_panel(table, coverage=COVERAGE)["counts"]
    rows = build_panel(table, unit="row", coverage=COVERAGE)["counts"]
    assert (both <= rows).all()
    assert (2 * both.sum("class") >= rows.sum("class")).all()


@settings(max_examples=EXAMPLES)
@given(tables(), st.dates(pd.Timestamp("2020-05-15").date(), pd.Timestamp("2020-12-01").date()))
def test_an_as_of_panel_is_the_panel_of_what_was_known(table, as_of):
    panel = build_panel(table, as_of=as_of, coverage=COVERAGE)
    known = table.events[table.events["known_at"] <= pd.Timestamp(as_of)]
    later = build_panel(EventTable(known, table.rejects, ()), end=as_of, coverage=COVERAGE)
    xr.testing.assert_identical(panel["counts"], later["counts"])
    assert panel["time"].values[-1] <= np.datetime64(as_of)


@settings(max_examples=EXAMPLES)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(table, random):
    order = list(range(len(table.events)))
    random.shuffle(order)
    mixed = EventTable(table.events.iloc[order], table.rejects, ())
    xr.testing.assert_identical(build_panel(table), build_panel(mixed))


@settings(max_examples=EXAMPLES)
@given(tables())
def test_weeks_hold_what_their_days_hold(table):
    panel = build_panel(table, frequency="week", unit="row", coverage=COVERAGE)
    assert (pd.DatetimeIndex(panel["time"]).day_of_week == 0).all()
    events = table.events
    within = events["date"].between("2020-03-02", "2020-10-25")
    expected = events[within].groupby("dyad")["n"].sum()
    counted = (
        panel["counts"]
        .sel(time=slice("2020-03-02", "2020-10-19"))
        .sum(["dataset", "time", "direction", "class"])
    )
    for dyad in panel["dyad"].values:
        assert counted.sel(dyad=dyad) == expected.get(dyad, 0)


def test_a_visit_is_one_event_of_its_visitor():
    table = table_of(
        ("2020-05-01", "CHN", "USA", "042"),
        ("2020-05-01", "USA", "CHN", "043"),
        ("2020-05-01", "USA", "CHN", "042"),
        ("2020-05-01", "CHN", "USA", "043"),
    )
    assert event_counts(table.events).tolist() == [1, 0, 1, 0]
    goldstein = build_panel(table, scale="goldstein")["counts"].sum(
        ["dataset", "dyad", "time", "direction"]
    )
    assert goldstein.values.tolist() == [0, 0, 0, 0, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("USA", "CHN", "057"), ("CHN", "USA", "057"), ("CHN", "USA", "057")], 2),  # one-to-one
        ([("USA", "CHN", "041"), ("USA", "CHN", "041")], 2),  # the same direction
        ([("USA", "CHN", "041"), ("CHN", "USA", "046")], 2),  # not the same act
        ([("USA", "CHN", "111"), ("CHN", "USA", "111")], 2),  # not joint
        ([("USA", "CHN", "0841"), ("CHN", "USA", "0841")], 2),  # each frees its own
        ([("USA", "CHN", "042"), ("CHN", "USA", "042")], 2),  # two visitors without hosts
        ([("CHN", "USA", "062")], 1),  # only one side told
        ([("USA", "CHN", "046"), ("CHN", "USA", "046"), ("USA", "RUS", "046")], 2),  # two dyads
    ],
)
def test_what_pairs_and_what_does_not(rows, expected):
    table = table_of(*(("2020-05-01", *row) for row in rows))
    assert event_counts(table.events).sum() == expected


def test_rows_of_different_days_or_datasets_do_not_pair():
    days_apart = table_of(("2020-05-01", "USA", "CHN", "046"), ("2020-05-02", "CHN", "USA", "046"))
    assert event_counts(days_apart.events).sum() == 2
    one, other = (
        table_of(("2020-05-01", "USA", "CHN", "046")),
        table_of(("2020-05-01", "CHN", "USA", "046")),
    )
    both = pd.concat([one.events, other.events.assign(dataset="other", event_id="o")])
    assert event_counts(both).sum() == 2


def test_events_outside_coverage_are_told_and_not_counted():
    table = table_of(
        ("2020-01-09", "USA", "CHN", "111"),  # a day too early, in a covered month
        ("2020-01-10", "USA", "CHN", "111"),
        ("2020-11-01", "USA", "CHN", "111"),  # a day too late
    )
    panel = build_panel(table, coverage=COVERAGE)
    assert json.loads(panel.attrs["outside_coverage"]) == {"USA-CHN": 2}
    assert panel.attrs["counted"] == 1
    covered = panel["covered"].sel(dyad="USA-CHN", dataset="test")
    assert (str(panel["time"].values[0])[:7], str(panel["time"].values[-1])[:7]) == (
        "2020-01",
        "2020-10",
    )
    assert covered.all()


def test_a_dataset_without_coverage_is_covered_from_its_first_to_its_last_event():
    table = table_of(("2020-02-20", "USA", "CHN", "111"), ("2020-06-01", "CHN", "USA", "010"))
    panel = build_panel(table, start="2020-01", end="2020-08")
    months = panel["time"].values[panel["covered"].values[0, 0]]
    assert (str(months[0])[:7], str(months[-1])[:7], len(months)) == ("2020-02", "2020-06", 5)


def test_two_datasets_keep_apart():
    one, other = (
        table_of(("2020-05-01", "USA", "CHN", "010")),
        table_of(("2020-06-01", "USA", "CHN", "111")),
    )
    events = pd.concat(
        [one.events, other.events.assign(dataset="other", event_id="o")], ignore_index=True
    )
    panel = build_panel(EventTable(events, one.rejects, ()))
    assert panel["dataset"].values.tolist() == ["other", "test"]
    assert panel["counts"].sum(["dyad", "time", "direction", "class"]).values.tolist() == [1, 1]
    assert panel["covered"].sum("time").values.tolist() == [[1], [1]]


def test_directions_go_by_the_order_of_the_dyad():
    panel = build_panel(
        table_of(("2020-05-01", "CHN", "USA", "111"), ("2020-05-01", "USA", "CHN", "163")),
        directed=True,
    )
    by_direction = panel["counts"].sum(["dataset", "dyad", "time"])
    commitment = read_scale("commitment").class_of
    assert by_direction.sel(direction="second").values[commitment["111"]] == 1
    assert by_direction.sel(direction="first").values[commitment["163"]] == 1


def test_eras_go_dyad_by_dyad_in_time_order():
    panel = build_panel(read_chronology())
    assert (np.diff(panel["era_dyad"]) >= 0).all()
    for place, dyad in enumerate(panel["dyad"].values):
        own = panel["era"].values[panel["era_dyad"].values == place]
        assert all(era.startswith(f"{dyad}:") for era in own)
        assert set(panel["era_index"].sel(dyad=dyad).values) == set(
            np.flatnonzero(panel["era_dyad"] == place)
        )
    at = panel["era"].values[panel["era_index"].sel(dyad="USA-CHN", time="1971-07-01")]
    before = panel["era"].values[panel["era_index"].sel(dyad="USA-CHN", time="1971-06-01")]
    assert (at, before) == ("USA-CHN:rapprochement", "USA-CHN:containment")
    assert panel["era_index"].sel(dyad="USA-CHN").values[0] == 0


@pytest.mark.parametrize(
    ("as_of", "last"),
    [
        ("2017-12-17", "counter_terrorism"),  # not recognised yet
        ("2017-12-31", "counter_terrorism"),  # recognised, but it has not begun
        ("2018-01-01", "strategic_competition"),
    ],
)
def test_an_era_is_used_only_once_it_is_recognised_and_has_begun(as_of, last):
    panel = build_panel(read_chronology(dyads=["USA-CHN"]), as_of=as_of)
    assert panel["era"].values[-1] == f"USA-CHN:{last}"


def test_an_era_recognised_late_reaches_back_to_its_start():
    panel = build_panel(read_chronology(dyads=["USA-RUS"]), as_of="1980-01-04")
    at = panel["era_index"].sel(dyad="USA-RUS", time="1979-12-01")
    assert panel["era"].values[at] == "USA-RUS:renewed_confrontation"


def test_eras_that_ended_before_the_panel_are_left_out():
    panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="1995-01")
    assert panel["era"].values[0] == "USA-CHN:post_cold_war"
    assert panel["era_index"].values.min() == 0


def test_a_dyad_without_eras_has_one():
    panel = build_panel(table_of(("2020-05-01", "DEU", "FRA", "111")))
    assert panel["era"].values.tolist() == ["DEU-FRA:all"]


def test_the_default_panel_of_the_chronology():
    table = read_chronology()
    panel = build_panel(table)
    assert (str(panel["time"].values[0])[:10], str(panel["time"].values[-1])[:10]) == (
        "1945-09-01",
        "2026-06-01",
    )
    outside = json.loads(panel.attrs["outside_coverage"])
    assert panel.attrs["counted"] + panel.attrs["paired"] == len(table.events) - sum(
        outside.values()
    )
    assert (outside["USA-CHN"], outside["KOR-PRK"], outside["IND-PAK"]) == (21, 46, 0)
    months = panel["covered"].sum("time")
    assert (months.drop_sel(dyad="RUS-UKR").values > 650).all()
    assert int(months.sel(dyad="RUS-UKR").item()) == 416  # Ukraine is independent since August 1991


def test_the_schema_is_locked(tmp_path):
    panel = build_panel(
        read_chronology(dyads=["USA-CHN", "USA-RUS"]), as_of="2023-10-31", directed=True
    )
    assert {name: (array.dims, str(array.dtype)) for name, array in panel.data_vars.items()} == {
        "counts": (("dataset", "dyad", "time", "direction", "class"), "int32"),
        "goldstein": (("dataset", "dyad", "time", "direction", "class"), "float64"),
        "covered": (("dataset", "dyad", "time"), "bool"),
        "era_index": (("dyad", "time"), "int16"),
    }
    assert {name: coord.dims for name, coord in panel.coords.items()} == {
        "dataset": ("dataset",),
        "dyad": ("dyad",),
        "time": ("time",),
        "direction": ("direction",),
        "class": ("class",),
        "class_name": ("class",),
        "era": ("era",),
        "era_dyad": ("era",),
        "era_name": ("era",),
        "era_start": ("era",),
        "era_recognised": ("era",),
    }
    assert {name: type(value) for name, value in panel.attrs.items()} == {
        "schema": int,
        "scale": str,
        "zero_cut": int,
        "frequency": str,
        "as_of": str,
        "counted": int,
        "paired": int,
        "outside_coverage": str,
        "outside_span": int,
        "covered_to": str,
        "unit": str,
        "late": int,
        "digest": str,
        "edition": str,
    }
    assert (panel.attrs["schema"], panel.attrs["as_of"], panel.attrs["zero_cut"]) == (
        1,
        "2023-10-31",
        4,
    )
    assert panel["time"].dtype == panel["era_start"].dtype == "datetime64[ns]"
    assert panel["direction"].values.tolist() == ["first", "second"]


def test_a_panel_outlives_being_saved(tmp_path):
    panel = build_panel(read_chronology(dyads=["USA-CHN"]))
    panel.to_netcdf(tmp_path / "panel.nc")
    with xr.open_dataset(tmp_path / "panel.nc") as loaded:
        validate_panel(loaded)
        xr.testing.assert_equal(loaded.load(), panel)
        assert loaded["counts"].attrs["units"] == panel["counts"].attrs["units"] == "events"


def test_counts_are_of_events_or_of_rows_and_shares_percentages():
    panel = build_panel(read_chronology(dyads=["USA-CHN"]), unit="row", directed=True)
    assert panel["counts"].attrs["units"] == "rows"
    assert observed_shares(panel, "USA-CHN")["share"].attrs["units"] == "percent"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"dyads": ["USA-VNM"]}, UnknownDyadError, "Known: USA-CHN"),
        ({"dyads": []}, DataError, "There is no dyad"),
        (
            {"as_of": "1945-01-01"},
            SpecError,
            r"as_of 1945-01-01 is before the data. Choose 1949-10-24 or later",
        ),
        ({"as_of": "soon"}, SpecError, "as_of: 'soon' is not a date"),
        (
            {"as_of": "2020-01-01", "end": "2020-06"},
            SpecError,
            "end 2020-06-30 comes after as_of 2020-01-01",
        ),
        ({"start": "2020-01", "end": "2019-01"}, SpecError, "start 2020-01-01 comes after the end"),
        (
            {"start": "2020-01", "as_of": "2019-01-01"},
            SpecError,
            "start 2020-01-01 comes after the end",
        ),
        ({"start": "1949-10", "end": "1949-10-10"}, None, None),
        (
            {"start": "1950-04", "end": "1950-04"},
            DataError,
            "Nothing of USA-CHN can be counted from 1950-04-01",
        ),
        ({"frequency": "day"}, SpecError, "frequency: got 'day' .*; expected one of month, week"),
        ({"unit": "report"}, SpecError, "unit: got 'report' .*; expected one of event, row"),
        ({"scale": "warmth"}, SpecError, "scale: there is no scale 'warmth'"),
    ],
)
def test_nonsense_is_refused(arguments, error, message):
    table = read_chronology(dyads=["USA-CHN"])
    if error is None:
        assert build_panel(table, **arguments).sizes["time"] == 1
        return
    with pytest.raises(error, match=message):
        build_panel(table, **arguments)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda p: p.drop_vars("covered"), "no covered"),
        (lambda p: p.drop_vars(["counts"]), "no counts"),
        (lambda p: p.assign(counts=p["counts"].astype(float)), r"counts is f \(.*not i"),
        (
            lambda p: p.assign(covered=p["covered"].transpose("time", "dyad", "dataset")),
            "covered is b",
        ),
        (lambda p: p.assign_attrs(schema=2), "schema 2, which this version does not know"),
        (lambda p: p.drop_attrs(), "no attribute as_of; no attribute"),
        (lambda p: p.assign(counts=p["counts"] - 1), "a negative count"),
        (lambda p: p.assign(covered=p["covered"] & False), "a count outside coverage"),
        (lambda p: p.isel(time=[0, 2, 3]), "time does not go by month"),
        (lambda p: p.assign(era_index=p["era_index"] * 0), "an era_index of another dyad"),
        (lambda p: p.isel(dyad=[0, 0]), "a dyad is there twice"),
        (lambda p: p.assign(era_index=p["era_index"] + 99), "an era_index outside the eras"),
        (
            lambda p: p.assign(era_index=p["era_index"].copy(data=p["era_index"].values[:, ::-1])),
            "goes back in time",
        ),
        (lambda p: p.assign_attrs(zero_cut=8), "zero_cut is not between two classes"),
        (lambda p: p.assign_coords(direction=["there"]), "directions other than both"),
    ],
)
def test_a_broken_panel_is_refused(break_it, message):
    panel = build_panel(read_chronology(dyads=["USA-CHN", "USA-RUS"]))
    with pytest.raises(DataError, match=message):
        validate_panel(break_it(panel))


COUNTS = {
    "dataset": "verbal",
    "columns": {"time": "month", "direction": "who"},
    "classes": [
        {"name": "conflict", "side": "conflict", "columns": ["bad"]},
        {"name": "cooperation", "side": "cooperation", "columns": ["good"]},
    ],
}


@pytest.fixture
def verbal(tmp_path):
    path = tmp_path / "verbal.csv"
    rows = [
        "month,who,bad,good",
        "2001-01,CHN>USA,1,2",
        "2001-01,USA>CHN,0,5",
        "2001-03,CHN>USA,3,0",
    ]
    path.write_text("\n".join(rows))
    return read_counts(path, COUNTS)


def test_a_panel_of_counts_keeps_the_schema(verbal):
    panel = build_counts_panel(verbal, directed=True)
    validate_panel(panel)
    assert (panel.attrs["zero_cut"], panel.attrs["scale"], panel.attrs["unit"]) == (
        1,
        "verbal",
        "row",
    )
    assert panel["class_name"].values.tolist() == ["conflict", "cooperation"]
    january = panel["counts"].sel(time="2001-01-01", dataset="verbal", dyad="USA-CHN")
    assert january.values.tolist() == [[0, 5], [1, 2]]
    assert panel["covered"].values.all()
    assert build_counts_panel(verbal).attrs["counted"] == panel.attrs["counted"] == 11


def test_counts_beyond_32_bits_are_summed_in_64():
    here, there = (
        ("2020-05-15", "USA", "CHN", "010", MOST),
        ("2020-06-15", "USA", "CHN", "010", MOST),
    )
    for rows in ([here] * 3, [here, there, ("2020-07-15", "CHN", "USA", "020", MOST)]):
        panel = build_panel(table_of(*rows), coverage=COVERAGE)
        assert panel.attrs["counted"] == int(panel["counts"].sum()) == 3 * MOST
        assert panel_kind(panel).number(panel) == describe_panel(panel).observations == 3 * MOST
        assert panel_kind(panel).events(panel, "USA-CHN").sum() == 3 * MOST
    outside = table_of(here, *[("2019-11-15", *here[1:])] * 3)
    assert (
        json.loads(build_panel(outside, coverage=COVERAGE).attrs["outside_coverage"])["USA-CHN"]
        == 3 * MOST
    )


def test_pairing_and_summary_count_beyond_32_bits():
    led, followed = (
        ("2020-05-15", "USA", "CHN", "046", MOST),
        ("2020-05-15", "CHN", "USA", "046", MOST),
    )
    table = table_of(led, led, followed, followed, followed)
    assert event_counts(table.events).tolist() == [MOST, MOST, 0, 0, MOST]
    assert summarise(table, COVERAGE).loc[0, "events"] == 3 * MOST
    assert build_panel(table, coverage=COVERAGE).attrs["paired"] == 2 * MOST


def test_tables_of_counts_sum_beyond_32_bits(tmp_path):
    path = tmp_path / "busy.csv"
    path.write_text(
        "month,who,bad,good\n" + "".join(f"2001-0{n},USA>CHN,{MOST},{MOST}\n" for n in (1, 2, 3))
    )
    panel = build_counts_panel(read_counts(path, COUNTS))
    assert panel.attrs["counted"] == panel_kind(panel).number(panel) == 6 * MOST


def test_counts_are_known_when_their_month_is_over(verbal):
    panel = build_counts_panel(verbal, as_of="2001-03-30")
    assert (panel.attrs["counted"], panel.attrs["late"]) == (8, 3)
    with pytest.raises(SpecError, match=r"before the data. Choose 2001-01-31"):
        build_counts_panel(verbal, as_of="2001-01-30")


def test_directions_that_are_not_told_are_refused(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("month,pair,bad,good\n2001-01,CHN-USA,1,2\n")
    table = read_counts(path, COUNTS | {"columns": {"time": "month", "dyad": "pair"}})
    assert build_counts_panel(table).attrs["counted"] == 3
    with pytest.raises(SpecError, match="do not tell directions"):
        build_counts_panel(table, directed=True)


def index_frame(*values, dyad="USA-CHN"):
    months = pd.date_range("2020-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"dyad": dyad, "time": months, "value": values})


def test_a_scale_that_an_index_brings_is_whole_and_above_zero():
    panel = build_index_panel(index_frame(1.0, None, 3.0))
    scaled = panel.assign_coords(index_mean=("dyad", [2.0]), index_spread=("dyad", [0.5]))
    validate_panel(scaled)
    with pytest.raises(DataError, match="no index_spread"):
        validate_panel(scaled.drop_vars("index_spread"))
    with pytest.raises(DataError, match="an index_spread that is not above zero"):
        validate_panel(scaled.assign_coords(index_spread=("dyad", [0.0])))


def test_a_panel_of_an_index_keeps_its_holes_and_the_eras():
    panel = build_index_panel(index_frame(1.0, None, 3.0))
    validate_panel(panel)
    assert "counts" not in panel
    np.testing.assert_array_equal(panel["index"], [[1.0, np.nan, 3.0]])
    assert panel["era"].values[panel["era_index"].values[0, 0]] == "USA-CHN:strategic_competition"


def test_a_value_of_an_index_is_known_when_its_month_is_over():
    panel = build_index_panel(index_frame(1.0, 2.0, 3.0), as_of="2020-03-30")
    np.testing.assert_array_equal(panel["index"], [[1.0, 2.0, np.nan]])
    assert panel.attrs["late"] == 1
    with pytest.raises(SpecError, match="before the data"):
        build_index_panel(index_frame(1.0), as_of="2020-01-30")


def test_two_values_of_a_period_are_refused():
    with pytest.raises(DataError, match="two values for USA-CHN, 2020-01-01"):
        build_index_panel(pd.concat([index_frame(1.0), index_frame(2.0)]))


def test_a_summary_tells_rows_from_events_and_empty_months():
    table = table_of(
        ("2020-02-20", "USA", "CHN", "046"),
        ("2020-02-20", "CHN", "USA", "046"),
        ("2020-06-01", "CHN", "USA", "010"),
    )
    row = summarise(table).iloc[0]
    assert (row["rows"], row["events"], row["months"], row["empty_months"]) == (3, 2, 5, 3)


def test_all_codes_have_a_class_to_be_counted_in():
    codes = [code for code in read_codes().index if len(code) > 2]
    panel = build_panel(table_of(*(("2020-05-01", "USA", "CHN", code) for code in codes)))
    assert panel.attrs["counted"] == len(codes)


def test_events_after_the_coverage_of_their_dyad_are_none_of_the_panel():
    table, coverage = (
        read_chronology(dyads=["USA-CHN", "USA-RUS"]),
        COVERAGE.replace({"last_even": {pd.Timestamp("2020-12-15"): pd.Timestamp("2020-06-30")}}),
    )
    panel = build_panel(table, as_of="2020-10-31", coverage=coverage)
    for dyad in coverage["dyad"]:
        events = counted_events(panel, dyad, table, panel.sizes["time"] - 6)
        counted = panel["counts"].sel(dyad=dyad).isel(time=slice(-6, None))
        assert 0 < int(events["counted"].sum()) == int(counted.sum())
    assert (events["date"] <= "2020-06-30").all()


def test_years_of_few_events_are_thin():
    panel = build_panel(read_chronology(dyads=["EGY-ISR"]))
    years = observed_years(panel, "EGY-ISR")
    shares = observed_shares(panel, "EGY-ISR")
    assert years["events"].sum() == int(shares["events"].sum())
    assert (years["thin"] == (years["events"] < 5)).all() and years["thin"].any()
    for year in (1962, 1979):
        own = shares.sel(time=str(year))
        cooperative = float((own["share"] * own["events"]).sum() / own["events"].sum())
        assert years.loc[year, "share"] == pytest.approx(cooperative)
    quiet = years[years["events"] == 0]
    assert quiet["share"].isna().all() and quiet["thin"].all()
