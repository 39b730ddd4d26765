"""Covariates from a file, and how they come into a panel."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast import build_panel, read_chronology
from forecast.base.dates import add_months
from forecast.base.errors import DataError, ForecastError, SpecError
from forecast.data.driver_table import DriverTable, read_drivers
from forecast.data.drivers import add_drivers, ahead_of, autoregression, require_given, standardised
from forecast.data.panel import validate_panel

START, MONTHS = date(2019, 1, 1), 36


@pytest.fixture(scope="module")
def panel():
    return build_panel(read_chronology(dyads=["USA-CHN"]), start="2019-01", as_of="2021-12-31")


def lines(known_at="{month}-28", months=MONTHS, skip=()):
    """A row a month, of a value that alternates."""
    rows = ["time,known_at,trade"]
    for step in range(months):
        month = f"{add_months(START, step):%Y-%m}"
        if step not in skip:
            rows.append(f"{month},{known_at.format(month=month)},{step % 5}")
    return rows


def table(tmp_path, rows):
    path = tmp_path / "trade.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return read_drivers(path)


def test_a_driver_comes_into_the_panel_as_it_was_known(tmp_path, panel):
    rows = [*lines(), "2020-03,2021-06-30,9", "2020-04,2022-06-30,99"]
    driven = add_drivers(panel, table(tmp_path, rows), future="carried")
    validate_panel(driven)
    values = driven["driver_value"].to_numpy()[0, 0]
    assert values[14] == 9.0, "a revision by the day counts"
    assert values[15] == 15 % 5, "a later one does not"
    assert driven.attrs["digest"] != panel.attrs["digest"]
    scaled = standardised(driven, ["trade"])[0, 0]
    assert abs(scaled.mean()) < 1e-9
    assert scaled.std() == pytest.approx(1.0)


def test_rows_of_a_dyad_go_before_rows_of_all(tmp_path, panel):
    rows = [
        lines()[0] + ",dyad",
        *(row + "," for row in lines()[1:]),
        "2020-03,2020-03-28,7,CHN-USA",
    ]
    assert (
        add_drivers(panel, table(tmp_path, rows), future="carried")["driver_value"].to_numpy()[
            0, 0, 14
        ]
        == 7.0
    )


def test_months_before_the_first_value_push_nothing(tmp_path, panel):
    driven = add_drivers(panel, table(tmp_path, lines(skip=range(6))), future="carried")
    assert np.isnan(driven["driver_value"].to_numpy()[0, 0, :6]).all()
    assert (standardised(driven, ["trade"])[0, 0, :6] == 0).all()


@pytest.mark.parametrize(
    ("rows", "future", "message"),
    [
        (lines(skip=[10]), "given", r"trade has no value for 2019-11 \(USA-CHN\), a gap"),
        (lines(skip=[35]), "given", "let the last months be carried on"),
        (
            [*lines(skip=[10]), "2019-11,2022-02-01,3"],
            "given",
            "known only at 2022-02-01, after the as-of day 2021",
        ),
        (
            lines("2018-12-31"),
            "carried",
            "before that month began, so that it is a value from the future",
        ),
        (lines(skip=range(13)), "carried", "fewer than 24 months"),
        (lines(months=23), "carried", "12 months at most are carried"),
        (
            [*lines()[:1], *(row[:-1] + "4" for row in lines()[1:])],
            "carried",
            "one value in all months",
        ),
    ],
)
def test_what_cannot_be_a_driver_is_rejected_in_words(tmp_path, panel, rows, future, message):
    with pytest.raises(DataError, match=message):
        add_drivers(panel, table(tmp_path, rows), future=future)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["time,trade", "2019-01,1"], "no column 'known_at'"),
        (["time,known_at", "2019-01,2019-02-01"], "no column of a driver"),
        (["time,known_at,trade", "2019-13,2019-02-01,1"], "line 2: time: '2019-13'"),
        (["time,known_at,trade", "2019-01,soon,1"], "line 2: known_at: 'soon'"),
        (["time,known_at,trade", "2019-01,2019-02-01,much"], "line 2: trade is 'much'"),
        (["time,known_at,trade", "2019-01,2019-02-01,nan"], "line 2: trade is 'nan'"),
        (["time,known_at,trade", f"2019-01,{date.today() + timedelta(days=9)},1"], "in the future"),
        (["time,known_at,trade", "2019-01,2019-02-01"], "line 2: 2 cells, and the header has 3"),
        (
            ["time,known_at,trade", "2019-01,2019-02-01,1", "2019-01,2019-02-01,2"],
            "there twice as known at",
        ),
        (["time,known_at,trade,dyad", "2019-01,2019-02-01,1,US-China"], "dyad is 'US-China'"),
        (["time,known_at,trade,trade", "2019-01,2019-02-01,1,1"], "a column is there twice"),
        (["time,known_at,trade", "2019-01,2019-02-01,"], "holds no value"),
        (["time,known_at," + ",".join(f"d{i}" for i in range(13))], "at most 12"),
    ],
)
def test_a_file_that_makes_no_sense_is_rejected_by_line(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        table(tmp_path, rows)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_rejected_in_words(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "drivers.csv"
    path.write_bytes(b"time,known_at,x\n" + content)
    try:
        assert isinstance(read_drivers(path), DriverTable)
    except ForecastError as error:
        assert "drivers.csv" in str(error)


def test_last_months_not_known_yet_are_carried_on(tmp_path, panel):
    driven = add_drivers(panel, table(tmp_path, lines(skip=[34, 35])), future="simulated")
    values = driven["driver_value"].to_numpy()[0, 0]
    assert values[34] == values[35] == values[33]


def test_values_ahead_are_given_carried_or_simulated(tmp_path, panel):
    read, rng = table(tmp_path, lines("2018-12-31", months=48)), np.random.default_rng(1)
    own = ahead_of(add_drivers(panel, read), "trade", "USA-CHN")
    np.testing.assert_array_equal(
        own.paths((2, 3), 12, rng)[0, 0], [(36 + step) % 5 for step in range(12)]
    )
    assert own.paths((2,), 14, rng)[0, 13] == own.mean, "nothing is known so far ahead"
    measured = table(tmp_path, lines())
    own = ahead_of(add_drivers(panel, measured, future="carried"), "trade", "USA-CHN")
    assert (own.paths((2,), 5, rng) == 35 % 5).all()
    own = ahead_of(add_drivers(panel, measured, future="simulated"), "trade", "USA-CHN")
    carry, mean, spread = autoregression(own.record)
    far = own.paths((20_000,), 40, rng)[:, -1]
    assert far.mean() == pytest.approx(mean, abs=0.05)
    assert far.std() == pytest.approx(spread / np.sqrt(1 - carry**2), rel=0.03)


def test_horizons_beyond_what_is_given_are_rejected(tmp_path, panel):
    driven = add_drivers(panel, table(tmp_path, lines("2018-12-31", months=48)))
    require_given(driven, "USA-CHN", 12)
    with pytest.raises(
        SpecError, match="trade is given up to December 2022, and January 2023 is asked about"
    ):
        require_given(driven, "USA-CHN", 13)


def test_panels_that_cannot_be_driven_are_rejected(tmp_path, panel):
    read = table(tmp_path, lines())
    with pytest.raises(SpecError, match="expected one of given, carried, simulated"):
        add_drivers(panel, read, future="hoped")
    with pytest.raises(SpecError, match="has some already"):
        add_drivers(add_drivers(panel, read, future="carried"), read, future="carried")
    weekly = build_panel(
        read_chronology(dyads=["USA-CHN"]), start="2019-01", end="2019-06", frequency="week"
    )
    with pytest.raises(SpecError, match="weekly"):
        add_drivers(weekly, read)
