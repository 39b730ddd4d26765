"""Tone: sums of Goldstein scores in a panel, and the distribution of a window's mean score."""

import numpy as np
import pandas as pd
import pytest

from forecast import build_panel, read_chronology
from forecast.data.panel import event_counts
from forecast.data.panel.shares import goldstein_sums
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import (
    PRIOR_EVENTS,
    SCATTER,
    SideScores,
    fixed_tone,
    kind_scores,
    percent_to_tone,
    tone_to_percent,
)


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-CHN", "KOR-PRK"])


@pytest.fixture(scope="module")
def panel(table):
    return build_panel(table, as_of="2023-12-31")


def scores_of(panel, dyad="USA-CHN"):
    return SideScores.of(panel, DatasetRecord.of(panel, dyad, 0))


def test_a_panel_holds_the_scores_of_what_it_counts(panel, table):
    events = table.events.assign(counted=event_counts(table.events))
    own = events[(events["dyad"] == "USA-CHN") & (events["date"].dt.strftime("%Y-%m") == "2023-02")]
    month = pd.Index(panel["time"].to_index()).get_loc("2023-02-01")
    assert goldstein_sums(panel, "USA-CHN")[month].sum() == pytest.approx(
        (own["counted"] * own["goldstein"]).sum()
    )
    assert panel["counts"].sel(dyad="USA-CHN").isel(time=month).sum() == own["counted"].sum()


def test_a_window_has_the_remembered_means_and_scatters_around_them(panel):
    scores = scores_of(panel)
    total, cooperative = np.full((20_000, 12), 8), np.full((20_000, 12), 5)
    tone = scores.simulate(total, cooperative, np.random.default_rng(1)).sum(axis=1) / 96
    parts = np.array([3 / 8, 5 / 8])
    assert tone.mean() == pytest.approx(parts @ scores.means.mean(axis=1), abs=0.03)
    memory = np.var(parts @ scores.means)
    single = (parts * scores.spread**2).sum() / 96
    assert tone.var() == pytest.approx((parts**2).sum() * SCATTER**2 + memory + single, rel=0.05)


def test_no_events_of_a_side_are_no_scores_and_none_leave_the_scale(panel):
    scores = scores_of(panel, "KOR-PRK")
    total, none = np.full((1000, 3), 1), np.zeros((1000, 3), dtype=int)
    sums = scores.simulate(total, none, np.random.default_rng(1))
    assert sums.min() >= -10 and sums.mean() < -4
    assert not scores.simulate(none, none, np.random.default_rng(1)).any()


def test_a_dyad_with_few_events_is_like_the_others(table):
    early = build_panel(table, as_of="1955-12-31")
    scores = scores_of(early)
    recent = early.sel(dyad="USA-CHN").isel(dataset=0, time=slice(-12, None))
    hostile = slice(0, int(early.attrs["zero_cut"]))
    number, total = (
        recent[name].isel({"class": hostile}).sum().item() for name in ("counts", "goldstein")
    )
    every = early.isel(dataset=0, **{"class": hostile})
    pooled = (every["goldstein"].sum() / every["counts"].sum()).item()
    assert scores.means[0, 0] == pytest.approx(
        (total + PRIOR_EVENTS * pooled) / (number + PRIOR_EVENTS)
    )


def test_counts_have_no_tone(panel):
    assert isinstance(scores_of(panel.drop_vars("goldstein")), NotDefined)


def test_the_scale_of_scores_is_that_of_goldstein():
    assert [tone_to_percent(tone) for tone in (-10, 0, 10)] == [0, 50, 100]
    assert percent_to_tone(tone_to_percent(3.7)) == pytest.approx(3.7)


def test_kinds_add_up_to_the_tone_and_to_its_change(panel):
    record = DatasetRecord.of(panel, "USA-CHN", 0)
    kinds = kind_scores(record, 12)
    now, before = (
        fixed_tone(record, record.baseline(12), 12, 0.5).value,
        record.months(slice(-24, -12)),
    )
    assert sum(one.part for one in kinds) == pytest.approx(now, abs=0.01)
    change = now - before.goldstein.sum() / before.total.sum()
    assert sum(one.change for one in kinds) == pytest.approx(change, abs=0.01)
    violence = kinds[0]
    assert (violence.kind == "violence" and violence.score is None) or violence.score < -8
    assert sum(one.events for one in kinds) == record.months(slice(-12, None)).total.sum()


def test_kinds_have_no_change_where_the_record_begins(table):
    record = DatasetRecord.of(
        build_panel(table, dyads=["USA-CHN"], start="2022-10", as_of="2023-12-31"), "USA-CHN", 0
    )
    assert {one.change for one in kind_scores(record, 12)} == {None}
