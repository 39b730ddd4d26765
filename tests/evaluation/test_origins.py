"""What is known at an origin, and what resolves it; nothing of the future gets in."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast import read_chronology, read_eras
from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.outlook import SimulatedEvents
from forecast.outlook.benchmarks import pool_simulations
from forecast.outlook.recorded import main_record
from forecast.study.evaluation import BENCHMARKS, ForecastRequest, Record, Variant, origins_between
from tests.evaluation.made import counts_of, record_of

ORIGIN = date(2012, 1, 1)
DYADS = ["USA-CHN", "CHN-JPN"]


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=DYADS)


def planted(table):
    """Add a future in which all is hostile, a past that is only told later, and revisions of known days."""
    events = table.events
    future = events[events["date"] >= "2012-01-01"].assign(
        cameo="190", event_id=lambda e: "future " + e["event_id"]
    )
    past = events[(events["date"] >= "2009-01-01") & (events["date"] < "2012-01-01")]
    told_later = past.assign(
        cameo="190", known_at=pd.Timestamp("2012-01-01"), event_id="late " + past["event_id"]
    )
    more = pd.concat([events, future, told_later], ignore_index=True).sort_values(
        ["date", "event_id"]
    )
    return replace(table, events=more.reset_index(drop=True))


def planted_eras():
    eras = read_eras()
    hindsight = pd.DataFrame(
        {
            "dyad": DYADS,
            "era": "hindsight",
            "start": pd.Timestamp("2008-01-01"),
            "recognised_at": pd.Timestamp("2012-01-01"),
            "name": "Seen later",
            "reference": "",
        }
    )
    return pd.concat([eras, hindsight], ignore_index=True)


def answers(record, forecaster):
    return forecaster.answer(record.view(ORIGIN), ForecastRequest((3, 12), draws=200)).chances


@pytest.mark.parametrize("code", BENCHMARKS)
def test_the_future_moves_no_benchmark(table, code):
    honest = answers(Record.of(table), BENCHMARKS[code])
    leaked = answers(Record.of(planted(table), eras=planted_eras()), BENCHMARKS[code])
    for dyad in DYADS:
        for horizon in (3, 12):
            assert np.array_equal(honest[dyad][horizon], leaked[dyad][horizon])


def test_the_future_moves_no_simulation_of_the_pool(table):
    """The published share rests on the model's simulations, and on the panel of the day."""
    rng = np.random.default_rng(1)
    total = rng.poisson(4.0, (2, 100, 4, 13))
    cooperative = rng.binomial(total, 0.5)
    known = [
        record.view(ORIGIN).panel
        for record in (Record.of(table), Record.of(planted(table), eras=planted_eras()))
    ]
    late = Record.of(planted(table)).view(date(2013, 1, 1)).panel
    one, other, moved = (
        pool_simulations(
            SimulatedEvents(main_record(panel, "USA-CHN"), total, cooperative), (12,), seed=1
        )[12].cooperative
        for panel in (*known, late)
    )
    assert np.array_equal(one, other) and not np.array_equal(one, moved)


def test_the_future_is_not_in_what_a_model_is_fitted_to(table):
    honest, leaked = Record.of(table), Record.of(planted(table), eras=planted_eras())
    for dyads in (DYADS, ["USA-CHN"]):
        one, other = (record.view(ORIGIN).part(dyads) for record in (honest, leaked))
        for name in ("counts", "covered", "era_index", "time"):
            assert np.array_equal(one[name], other[name])


@pytest.mark.slow
def test_the_future_does_not_move_the_model(table):
    member = Variant("quick", "few draws", sampler={"draws": 30, "tune": 60, "chains": 2})
    record, leaked = (
        Record.of(table, dyads=["USA-CHN"]),
        Record.of(planted(table), dyads=["USA-CHN"], eras=planted_eras()),
    )
    one, other = answers(record, member), answers(leaked, member)
    months = np.full(12, 4)
    assert np.array_equal(*(said["USA-CHN"][12].given(months) for said in (one, other)))


def test_the_canary_would_sing(table):
    """What was planted does move a forecast that may know of it: otherwise the tests above could not fail."""
    late = date(2013, 1, 1)
    honest, leaked = Record.of(table), Record.of(planted(table), eras=planted_eras())
    assert (
        leaked.view(late).past("USA-CHN").total.sum()
        > honest.view(late).past("USA-CHN").total.sum()
    )
    assert "USA-CHN:hindsight" in leaked.view(late).panel["era"].to_numpy()
    assert "USA-CHN:hindsight" not in leaked.view(ORIGIN).panel["era"].to_numpy()


def test_a_view_ends_with_the_month_before_its_origin(table):
    panel = Record.of(table).view(ORIGIN).panel
    assert str(panel["time"].to_numpy()[-1])[:7] == "2011-12"
    assert panel.attrs["as_of"] == "2011-12-31"


def test_windows_hold_what_was_recorded_and_the_baseline_that_was_known():
    shares = np.r_[np.zeros(240), np.ones(120)]
    record = record_of(counts_of(shares, volume=5))
    origin = date(2010, 1, 1)
    window = record.window(record.view(origin), "USA-CHN", 6)
    final, _ = (
        record.final["counts"]
        .sel(dyad="USA-CHN")
        .sum(("dataset", "direction", "class"))
        .to_numpy(),
        None,
    )
    assert window.n == window.k == final[240:246].sum()
    past = window.past
    assert (past.total.sum(), past.cooperative.sum(), window.before) == (
        final[228:240].sum(),
        0,
        0.0,
    )


def test_windows_that_are_not_over_are_none():
    record = record_of(counts_of(np.full(240, 0.5)))
    origin = date(2009, 10, 1)
    assert record.window(record.view(origin), "USA-CHN", 3) is not None
    assert record.window(record.view(origin), "USA-CHN", 4) is None


def test_windows_of_fewer_than_three_events_are_void():
    counts = counts_of(np.full(240, 0.5), volume=3)
    counts.loc[counts["date"] >= "2009-10-01", "n"] = 0
    counts.loc[(counts["date"] == "2009-10-01") & (counts["class"] == 1), "n"] = 2
    record = record_of(counts)
    window = record.window(record.view(date(2009, 10, 1)), "USA-CHN", 3)
    assert (window.n, window.void) == (2, True)


def test_a_young_record_is_left_out():
    old, young = counts_of(np.full(240, 0.5)), counts_of(np.full(240, 0.5), dyad="USA-RUS", seed=2)
    record = record_of(old, young[young["date"] >= "2003-01-01"])
    assert record.view(date(2005, 1, 1)).dyads == ["USA-CHN"]
    assert record.view(date(2009, 1, 1)).dyads == ["USA-CHN", "USA-RUS"]
    assert record.view(date(1991, 1, 1)) is None


def test_origins():
    assert origins_between(date(2024, 11, 5), date(2025, 6, 30), 3) == (
        date(2024, 11, 1),
        date(2025, 2, 1),
        date(2025, 5, 1),
    )
    with pytest.raises(SpecError, match="swap them"):
        origins_between(date(2025, 1, 1), date(2024, 1, 1), 3)
    with pytest.raises(SpecError, match="every: got 0"):
        origins_between(date(2024, 1, 1), date(2025, 1, 1), 0)


def test_a_model_is_fitted_to_the_dyads_that_a_report_is_fitted_to():
    dyads = ["USA-CHN", "CHN-JPN", "IND-PAK"]
    counts = [counts_of(np.full(240, 0.5), dyad=dyad) for dyad in dyads]
    table = record_of(*counts).table

    def fits(together):
        return Record.of(table, together=together).view(date(2005, 1, 1)).fits()

    assert fits("default") == {tuple(dyads): dyads}
    assert fits("alone") == {(dyad,): [dyad] for dyad in dyads}
    assert fits(["CHN-JPN", "pak-ind"]) == {
        tuple(dyads): ["USA-CHN"],
        ("CHN-JPN", "IND-PAK"): ["CHN-JPN", "IND-PAK"],
    }
    with pytest.raises(SpecError, match="expected default, alone, or a list of dyads"):
        fits("all")


def test_a_part_of_a_view_is_counted_anew(table):
    part = Record.of(table).view(ORIGIN).part(["CHN-JPN"])
    alone = Record.of(table, dyads=["CHN-JPN"]).view(ORIGIN).panel
    assert part.identical(alone)


def test_bad_records(table):
    with pytest.raises(UnknownDyadError, match="USA-FRA"):
        Record.of(table, dyads=["USA-FRA"])
    with pytest.raises(SpecError, match="given, none"):
        Record.of(table, eras="mine")
    twice = replace(
        table,
        events=table.events.assign(dataset=lambda e: e["dataset"].where(e["date"] < "2000", "b")),
    )
    with pytest.raises(DataError, match="resolved by one"):
        Record.of(twice)
    with pytest.raises(SpecError, match="an index records no events"):
        Record.of(pd.DataFrame())


def test_the_digest_is_of_all_that_counts(table):
    record = Record.of(table)
    assert record.digest == Record.of(table).digest
    assert record.digest != Record.of(planted(table)).digest
    assert record.digest != Record.of(table, eras=planted_eras()).digest
    assert record.digest != Record.of(table, dyads=["USA-CHN"]).digest
    assert record.digest != Record.of(table, together="alone").digest
    better = replace(table, events=table.events.assign(reference="a page that lasts"))
    assert record.digest == Record.of(better).digest
    assert Record.of(table).digest != Record.of(table, eras="none").digest
