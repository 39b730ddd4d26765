"""Time spent in extremes: spells are counted right, slopes recovered, and walks alike are no evidence."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.study.hypotheses.claims import CLAIMS, dwell
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.levels import filter_states, regress_realised_changes
from forecast.study.hypotheses.matched_walks import simulate_walks
from forecast.study.hypotheses.record import turned_back
from forecast.study.hypotheses.simulate import SimulatedProcess, simulate
from tests.hypotheses.test_pooled import made


def record_of(shares, events=10):
    """Return a record of two dyads whose half-years have given shares, all months alike."""
    record = made(2, dwell.PERIOD_MONTHS * len(shares))
    monthly = np.repeat(np.asarray(shares), dwell.PERIOD_MONTHS)
    number = np.full(record.events.shape, events)
    cooperative = np.tile(np.round(monthly * events).astype(int), (2, 1))
    return replace(record, events=number, cooperative=cooperative)


def test_spells_are_counted_by_the_time_spent():
    # the lowest quarter is 0.0 to 0.2, the highest 0.9 and 1.0
    shares = [0.5, 0.0, 0.1, 0.5, 0.6, 1.0, 0.5, 0.4, 0.9, 0.2, 0.5, 0.6]
    at_risk, left = dwell.count_spells(record_of(shares))[0]
    # spells: 0.0 and 0.1, then 1.0, then 0.9 and, on the other side, 0.2
    assert at_risk[:3].tolist() == [4, 1, 0]
    assert left[:3].tolist() == [3, 1, 0]


def test_a_half_year_with_few_events_ends_what_is_known_of_a_spell():
    shares = [0.5, 0.0, 0.1, 0.5, 0.6, 1.0, 0.5, 0.4, 0.9, 0.2, 0.5, 0.6]
    record = record_of(shares)
    months = slice(2 * dwell.PERIOD_MONTHS, 3 * dwell.PERIOD_MONTHS)
    events = record.events.copy()
    events[:, months] = 0
    few = replace(record, events=events, cooperative=np.minimum(record.cooperative, events))
    at_risk, _ = dwell.count_spells(few)[0]
    assert at_risk[1] == 0


def test_the_slope_of_the_hazard_is_recovered():
    rng = np.random.default_rng(1)
    time = np.log(np.arange(1, dwell.MAX_HALF_YEARS_SPENT + 1))
    hazard = 1.0 / (1.0 + np.exp(0.2 + 0.6 * time))
    at_risk = np.full(dwell.MAX_HALF_YEARS_SPENT, 4000)
    tables = np.array([[at_risk, rng.binomial(at_risk, hazard)] for _ in range(3)])
    assert dwell.hazard_slopes(tables) == pytest.approx([-0.6] * 3, abs=0.08)


def test_a_slope_like_that_of_walks_is_no_evidence_and_a_steeper_one_is():
    walks = np.random.default_rng(2).normal(-0.5, 0.13, 200)

    def factor(excess):
        return dwell.log_bayes_factor(np.concatenate([[walks.mean() + excess], walks]))

    assert -2.3 < factor(0.0) < 0.0 < factor(0.4)
    assert factor(0.6) > 2.3
    assert factor(-0.3) < factor(0.0)


def test_walks_alike_turn_back_as_far_as_the_record():
    process = SimulatedProcess("", 0.2, cycle=(4.0, 0.6), trend_half_life=60.0)
    record = simulate(made(4, 480, rate=4.0), process, 3)
    engine = Engine(record, brief=True)
    alike = np.array([turned_back(walk) for walk in simulate_walks(engine, 20)])
    plain = np.array([turned_back(walk) for walk in simulate_walks(engine, 20, matched=False)])
    recorded = turned_back(record)
    assert np.abs(alike - recorded).mean() < 0.5 * np.abs(plain - recorded).mean()


def test_walks_do_not_support_the_claim():
    record = simulate(made(4, 480, rate=4.0), SimulatedProcess("", 0.1, cycle=(4.0, 0.8)), 4)
    outcome = CLAIMS["S5c"].test(Engine(record, brief=True))
    assert outcome.answer != "supported" and outcome.least == outcome.most


def test_a_part_of_the_record_without_a_dyad_can_be_tested():
    record = simulate(made(3, 480, rate=4.0), SimulatedProcess("", 0.1, cycle=(4.0, 0.8)), 4)
    month = np.arange(480)
    late = np.stack([month < 0, month < 0, month < 300])
    part = record.without_months(late).between(0, 240)
    outcome = CLAIMS["S5c"].test(Engine(part, brief=True))
    assert np.isfinite(outcome.least)


def test_filtered_levels_follow_the_record():
    process = SimulatedProcess("", 0.15, concentration=20.0, cycle=(4.0, 0.6))
    record = simulate(made(3, 360, rate=6.0), process, 1)
    mode = {
        "trend_step": 0.15,
        "cycle_sd": 0.6,
        "cycle_half_life": 4.0,
        "trend_half_life": 120.0,
        "concentration": 20.0,
    }
    states = filter_states([record, record], mode)
    assert np.array_equal(states[0], states[1], equal_nan=True)
    level = states[0][..., :3].sum(axis=-1)
    for dyad in range(3):
        seen = record.events[dyad] > 0
        share = record.cooperative[dyad, seen] / record.events[dyad, seen]
        assert np.corrcoef(level[dyad, seen], share)[0, 1] > 0.6


def test_changes_of_a_reverting_trend_are_predicted_as_large_as_they_are():
    process = SimulatedProcess("", 0.25, concentration=20.0, cycle=(3.0, 0.5), trend_half_life=36.0)
    record = simulate(made(6, 600, rate=8.0), process, 5)
    engine = Engine(record, brief=True)
    slope = regress_realised_changes(engine, simulate_walks(engine, 10))
    low, high = slope.interval
    assert low < slope.slope < high and 0.5 < slope.slope < 1.5
    assert slope.walks[0] <= slope.walks[1] <= slope.walks[2]
