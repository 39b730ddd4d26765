"""The panel of a later day: built as the earlier one was, or rejected in words."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import DataError, SpecError
from forecast.data.events import add_events, read_chronology
from forecast.data.panel import build_panel, panel_kind
from forecast.data.panel.record import last_known
from forecast.model.later_panel import later_panel, unforeseen
from tests.made import make_panel

CHOICES = [
    {},
    {"frequency": "week", "directed": True, "scale": "goldstein", "start": "2019-01"},
    {"unit": "row", "start": "2015-03"},
]


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-CHN", "USA-RUS"])


@pytest.fixture(scope="module")
def panel(table):
    return build_panel(table, as_of="2023-06-30")


@pytest.mark.parametrize("choices", CHOICES)
def test_it_is_built_as_the_earlier_one_was(table, choices):
    earlier = build_panel(table, as_of="2023-06-15", **choices)
    later = later_panel(earlier, table, "2023-08-31")
    xr.testing.assert_identical(later, build_panel(table, as_of="2023-08-31", **choices))
    assert unforeseen(earlier, later) == ""
    news = panel_kind(earlier).news(earlier, later)
    assert news[:, earlier.sizes["time"] :].any()
    assert not news[:, : earlier.sizes["time"] - 2].any()


def test_only_dyads_of_the_fit_are_counted(panel):
    later = later_panel(panel, read_chronology(), "2023-08-31")
    assert later["dyad"].to_numpy().tolist() == ["USA-CHN", "USA-RUS"]


def test_without_a_day_all_that_the_table_holds_counts(table, panel):
    later = later_panel(panel, table)
    assert later.attrs["as_of"] == ""
    assert later.sizes["time"] > panel.sizes["time"]


def test_what_was_added_to_the_earlier_panel_is_not_forgotten(table):
    week = [
        {
            "date": "2023-06-20",
            "source": "CHN",
            "target": "USA",
            "kind": "visit",
            "summary": "A minister comes",
        }
    ]
    added = add_events(table, week)
    panel = build_panel(added, as_of="2023-06-30")
    later = later_panel(panel, added, "2023-07-31")
    assert later.attrs["additions"] == panel.attrs["additions"]
    with pytest.raises(
        DataError, match="1 event of rows added to chronology, which are not given now"
    ):
        later_panel(panel, table, "2023-07-31")


def test_a_later_panel_is_taken_as_it_is(panel, table):
    later = build_panel(table, as_of="2023-09-30")
    assert later_panel(panel, later) is later
    with pytest.raises(SpecError, match="as_of: a panel has its own day"):
        later_panel(panel, later, "2023-10-31")


def test_the_day_of_a_panel_is_its_own_or_its_last(panel):
    assert str(last_known(panel)) == "2023-06-30"
    assert str(last_known(make_panel(periods=14))) == "2001-02-28"
    assert str(last_known(make_panel(periods=2, frequency="week"))) == "2000-01-16"


def test_an_earlier_day_is_refused(panel, table):
    with pytest.raises(
        SpecError, match=r"as_of: 2023-05-31 is before 2023-06-30.*Choose a later day"
    ):
        later_panel(panel, table, "2023-05-31")
    with pytest.raises(SpecError, match="cannot forget"):
        later_panel(panel, build_panel(table, as_of="2023-06-10"))


def test_the_new_events_alone_are_refused(panel, table):
    new = replace(table, events=table.events[table.events["date"] > "2023-06-30"])
    with pytest.raises(DataError, match=r"USA-CHN.*Give all events up to the new day"):
        later_panel(panel, new, "2023-08-31")


def test_another_coverage_is_refused(table):
    from forecast.data.events import read_coverage

    coverage = read_coverage().assign(start=np.datetime64("1945-01-01", "s"))
    earlier = build_panel(table, as_of="2023-06-30", coverage=coverage)
    with pytest.raises(DataError, match="covered"):
        later_panel(earlier, table, "2023-08-31")


def test_other_eras_are_refused(panel, table):
    earlier = panel.assign_coords(
        era=[str(era).replace("detente", "thaw_of_1969") for era in panel["era"].to_numpy()]
    )
    with pytest.raises(DataError, match=r"era 'USA-RUS:thaw_of_1969', which is missing.*eras="):
        unforeseen(earlier, later_panel(earlier, table, "2023-08-31"))


def test_a_new_era_is_seen(table):
    earlier, later = (build_panel(table, as_of=day) for day in ("2021-12-31", "2022-03-31"))
    assert unforeseen(earlier, later) == "there is a new era, USA-RUS:war"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dyads": 1}, "dyad 'USA-RUS', which is missing"),
        ({"frequency": "week"}, "frequency is 'week'"),
        ({"zero_cut": 3}, "zero_cut is 3"),
        ({"classes": 6, "zero_cut": 4}, "class 'class 6', which is missing"),
        ({"directions": 2}, "direction 'both', which is missing"),
        ({"periods": 20}, "all periods"),
        ({"index": True}, "do not continue each other"),
    ],
)
def test_what_does_not_continue_the_panel_is_refused(change, words):
    earlier = make_panel(2, 22)
    with pytest.raises(DataError, match=words):
        unforeseen(earlier, make_panel(**{"dyads": 2, "periods": 24} | change))


def test_another_order_is_refused():
    panel = make_panel(2, 22, datasets=2)
    turned = panel.isel(dataset=[1, 0])
    with pytest.raises(DataError, match="datasets are in another order"):
        unforeseen(panel, turned)


def test_what_is_no_table_is_refused(panel):
    with pytest.raises(DataError, match="got DataFrame"):
        later_panel(panel, read_chronology().events)
    with pytest.raises(DataError, match="not made from coded events"):
        later_panel(make_panel(periods=30), read_chronology(), "2023-08-31")
    with pytest.raises(DataError, match="not made from coded events"):
        later_panel(make_panel(periods=30, index=True), read_chronology(), "2023-08-31")
    with pytest.raises(DataError, match="Not a panel"):
        later_panel(panel, panel.drop_vars("era_index"))


@pytest.mark.parametrize("index", [False, True])
def test_changes_are_found_wherever_they_are(index):
    panel, later = (
        make_panel(2, 10, index=index, empty=0.0),
        make_panel(2, 12, index=index, empty=0.0),
    )
    name = "index" if index else "counts"
    earlier = later.isel(time=slice(10)).copy(deep=True)
    assert not panel_kind(earlier).news(earlier, later)[:, :10].any()
    if index:
        earlier[name][1, 4] = np.nan
        earlier[name][0, 7] += 1.0
    else:
        earlier[name][0, 1, 4] = 0
        earlier[name][0, 0, 7, 0, 2] += 1
    assert set(
        map(tuple, np.argwhere(panel_kind(earlier).news(earlier, later)[:, :10]).tolist())
    ) == {(1, 4), (0, 7)}
    assert panel.sizes["time"] == 10
