"""A panel is validated wherever it is given.

One that was cut or changed by hand says what is no longer so.
"""

import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecast import (
    PendulumModel,
    PendulumSpec,
    add_drivers,
    answer_question,
    assess,
    attribute,
    attribute_question,
    build_index_panel,
    build_panel,
    describe_panel,
    fit,
    make_question,
    read_chronology,
    resolve_question,
    simulate_ahead,
    split_change,
    update,
)
from forecast.base.errors import DataError, ForecastError
from forecast.data.calendar_drivers import calendar_drivers
from forecast.data.panel import first_periods, panel_of_dyad, recounted, validate_panel
from forecast.model import prior_draws, simulate_panel
from forecast.study.checks import check_fit
from tests.made import make_panel


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-CHN", "USA-RUS"])


@pytest.fixture(scope="module")
def panel(table):
    return build_panel(table)


@pytest.fixture(scope="module")
def cut(panel):
    """The fault: of these 100 months a question took its baseline, 19.7% where it is 27.7%."""
    return panel.isel(time=slice(0, 100))


GIVEN = {
    "fit": lambda panel, given: fit(panel, draws=4, tune=1, chains=1),
    "build": lambda panel, given: PendulumModel().build(panel),
    "build by a spec": lambda panel, given: PendulumModel(PendulumSpec()).build(panel),
    "prior_draws": lambda panel, given: prior_draws(panel, PendulumSpec()),
    "simulate_panel": lambda panel, given: simulate_panel(panel, None, PendulumSpec()),
    "describe_panel": lambda panel, given: describe_panel(panel),
    "add_drivers": lambda panel, given: add_drivers(panel, calendar_drivers(["USA-CHN"])),
    "make_question": lambda panel, given: make_question(panel, "USA-CHN", months=12, higher=5),
    "resolve_question": lambda panel, given: resolve_question(panel, given.question),
    "answer_question": lambda panel, given: answer_question(given.fitted(panel), given.question),
    "attribute_question": lambda panel, given: attribute_question(
        given.fitted(panel), given.question, given.table
    ),
    "assess": lambda panel, given: assess(given.fitted(panel), "USA-CHN"),
    "simulate_ahead": lambda panel, given: simulate_ahead(given.fitted(panel), "USA-CHN", 12),
    "attribute": lambda panel, given: attribute(given.fitted(panel), "USA-CHN", given.table),
    "split_change": lambda panel, given: split_change(
        given.fitted(given.panel), given.fitted(panel), "USA-CHN"
    ),
    "check_fit": lambda panel, given: check_fit(given.fitted(panel)),
    "update": lambda panel, given: update(given.fitted(given.panel), panel),
    "update of it": lambda panel, given: update(given.fitted(panel), given.panel),
}
"""Every public function that a panel is given to, by itself or in a fit or data."""


@pytest.mark.parametrize("name", GIVEN)
def test_a_cut_panel_is_refused_wherever_it_is_given(panel, cut, table, name):
    question = make_question(panel, "USA-CHN", months=12, higher=5)
    given = SimpleNamespace(
        panel=panel,
        table=table,
        question=question,
        fitted=lambda panel: SimpleNamespace(posterior=None, spec=None, panel=panel),
    )
    with pytest.raises(DataError, match=r"Not a panel of schema 1: .*Build it again"):
        GIVEN[name](cut, given)


def test_it_takes_milliseconds(panel):
    start = time.perf_counter()
    for _ in range(10):
        validate_panel(panel)
    assert time.perf_counter() - start < 10 * 0.05


CUTS = {
    "first months": (lambda p: p.isel(time=slice(0, 100)), "last period ends on .*counted is"),
    "last months": (lambda p: p.isel(time=slice(100, None)), "counted is"),
    "all but one": (lambda p: p.isel(time=slice(0, -1)), "last period ends on"),
    "no months": (lambda p: p.isel(time=slice(0, 0)), "no time"),
    "no dyads": (lambda p: p.isel(dyad=[]), "no dyad"),
    "no datasets": (lambda p: p.isel(dataset=[]), "no dataset"),
    "one of the dyads": (lambda p: p.isel(dyad=[0]), "counted is|outside|another dyad"),
    "some classes": (lambda p: p.isel({"class": slice(2, None)}), "classes other than"),
    "backward": (lambda p: p.isel(time=slice(None, None, -1)), "time does not go by month"),
    "a month twice": (lambda p: p.isel(time=[0, 1, 1, 2]), "time does not go by month"),
    "without a month": (lambda p: p.isel(time=[0, 1, 3]), "time does not go by month"),
    "in the middle of months": (
        lambda p: p.assign_coords(time=p["time"] + np.timedelta64(9, "D")),
        "not the first day of a month",
    ),
    "a month that is none": (
        lambda p: p.assign_coords(time=[np.datetime64("NaT", "ns"), *p["time"].values[1:]]),
        "no day",
    ),
    "in a hundred years": (
        lambda p: p.assign_coords(
            time=pd.date_range("2100-01-01", periods=p.sizes["time"], freq="MS").as_unit("ns")
        ),
        "a time in the future",
    ),
    "a dataset twice": (lambda p: recounted(p.isel(dataset=[0, 0])), "a dataset is there twice"),
    "an era before the first": (
        lambda p: p.assign(era_index=p["era_index"] - 99),
        "outside the eras",
    ),
    "other counts": (lambda p: p.assign(counts=p["counts"] * 2), "counted is"),
    "another frequency": (
        lambda p: p.assign_attrs(frequency="year"),
        "frequency is 'year', not month or week",
    ),
    "as of no day": (
        lambda p: p.assign_attrs(as_of="2023-02-30"),
        "as_of: '2023-02-30' is not in the calendar",
    ),
    "as of the future": (
        lambda p: p.assign_attrs(as_of="2126-12-31"),
        "as_of is 2126-12-31, in the future",
    ),
    "as of the past": (
        lambda p: p.assign_attrs(as_of="2001-01-31"),
        "as_of is 2001-01-31, before its last period",
    ),
    "covered to the future": (
        lambda p: p.assign_attrs(covered_to='{"chronology": {"USA-CHN": "2126-12-31"}}'),
        "covered_to of USA-CHN in chronology is 2126-12-31, in the future",
    ),
    "covered to no day": (
        lambda p: p.assign_attrs(covered_to='{"chronology": {"USA-CHN": "soon"}}'),
        "USA-CHN .*not a date",
    ),
    "covered, unreadably": (lambda p: p.assign_attrs(covered_to="{"), "days cannot be read"),
    "another end": (lambda p: p.assign_attrs(end="2001-01-01"), "it ends with 2001-01-01"),
}


@pytest.mark.parametrize("name", CUTS)
def test_what_a_panel_says_of_itself_agrees_with_what_it_holds(panel, name):
    change, message = CUTS[name]
    with pytest.raises(DataError, match=message):
        validate_panel(change(panel))


def test_an_index_is_as_of_its_last_period():
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    frame = pd.DataFrame({"dyad": "USA-CHN", "time": months, "value": np.arange(24.0)})
    panel = build_index_panel(frame, as_of="2021-12-31")
    with pytest.raises(
        DataError, match="it is as of 2021-12-31, and its last period ends on 2020-12-31"
    ):
        validate_panel(panel.isel(time=slice(0, 12)))
    with pytest.raises(DataError, match="an infinite index"):
        validate_panel(panel.assign(index=panel["index"] * np.inf))


@pytest.mark.parametrize("frequency", ["month", "week"])
@pytest.mark.parametrize(
    "choices",
    [{}, {"as_of": "2023-10-15"}, {"end": "2019-05"}, {"as_of": "2023-10-15", "end": "2019-05"}],
    ids=str,
)
def test_what_is_cut_as_it_should_be_is_a_panel(table, frequency, choices):
    panel = build_panel(table, frequency=frequency, **choices)
    for part in (
        panel,
        panel_of_dyad(panel, "USA-RUS"),
        first_periods(panel, 100),
        first_periods(panel, 10**6),
    ):
        validate_panel(part)
    assert first_periods(panel, 100).sizes["time"] == 100
    assert panel_of_dyad(panel, "USA-RUS").attrs["counted"] < panel.attrs["counted"]


def test_one_month_and_a_panel_without_an_event_are_answered_in_words():
    one = make_panel(periods=1, eras=1)
    with pytest.raises(ForecastError, match="fewer than 12 months before are covered"):
        make_question(one, "USA-CHN", months=12, higher=5)
    empty = make_panel()
    empty = recounted(empty.assign(counts=empty["counts"] * 0))
    for model in (
        lambda: PendulumModel().build(empty),
        lambda: fit(empty, draws=4, tune=1, chains=1),
    ):
        with pytest.raises(DataError, match="holds no observation"):
            model()
