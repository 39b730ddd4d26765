"""The formulas of the process.

Forms of the same quantity agree, and slopes are those of the formulas.
"""

import math

import numpy as np
import pytest

from forecast.model.kernels.transitions import Pairs, cycle_forward, trend_forward
from forecast.model.process import transition
from forecast.model.process.cycle import find_cycle
from forecast.model.process.trend import find_trend

HALF_LIVES = (0.7, 6.0, 180.0, 2400.0)
PERIODS = np.array([1, 2, 7, 60, 600])
SAME = {"rtol": 2e-12, "atol": 0.0}
"""What rounding leaves between two forms of a formula."""


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_both_forms_of_a_decay_agree_and_are_powers_of_that_of_a_period(half_life):
    expected = transition.retention_of(half_life, PERIODS)
    logs = transition.log_retention_of(half_life, PERIODS)
    np.testing.assert_allclose(np.exp(logs), expected, **SAME)
    np.testing.assert_allclose(transition.retention_of(half_life) ** PERIODS, expected, **SAME)


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_what_steps_gather_is_the_same_in_closed_form_by_logarithm_and_month_by_month(half_life):
    retention, log_retention = (
        transition.retention_of(half_life),
        transition.log_retention_of(half_life),
    )
    closed = transition.accumulated_variance(retention, PERIODS)
    by_log = [transition.accumulated_variance_by_log(log_retention, float(k)) for k in PERIODS]
    # The closed form subtracts squares from 1, and so loses digits where the retention is near 1.
    lost = 2e-16 / transition.innovation_fraction(retention)
    np.testing.assert_allclose(closed, by_log, rtol=2e-12 + lost)
    monthly, totals = 0.0, []
    for _ in range(PERIODS[-1]):
        monthly = transition.accumulated_variance_next(monthly, retention, 1.0)
        totals.append(monthly)
    np.testing.assert_allclose(np.array(totals)[PERIODS - 1], by_log, **SAME)


@pytest.mark.parametrize("half_life", HALF_LIVES)
def test_slopes_are_those_of_the_formulas(half_life):
    step = 1e-6
    above, below = half_life * (1.0 + step), half_life * (1.0 - step)
    rise = transition.log_retention_of(above, 7.0) - transition.log_retention_of(below, 7.0)
    expected = rise / (above - below)
    assert transition.log_retention_slope(half_life, 7.0) == pytest.approx(expected, rel=1e-8)
    log_retention = transition.log_retention_of(half_life)
    above, below = log_retention * (1.0 + step), log_retention * (1.0 - step)
    rise = transition.accumulated_variance_by_log(
        above, 7.0
    ) - transition.accumulated_variance_by_log(below, 7.0)
    total = transition.accumulated_variance_by_log(log_retention, 7.0)
    retention = math.exp(7.0 * log_retention)
    slope = transition.accumulated_variance_slope(log_retention, 7.0, retention, total)
    assert slope == pytest.approx(rise / (above - below), rel=1e-6)


def test_the_long_run_variance_is_kept_by_the_move_of_a_period():
    retention, variance = transition.retention_of(12.0), 0.3
    shock = variance * transition.innovation_fraction(retention)
    assert transition.long_run_variance(shock, retention) == pytest.approx(variance, rel=1e-14)
    assert retention**2 * variance + shock == pytest.approx(variance, rel=1e-14)


def test_kernels_have_the_moments_of_the_classes():
    pairs = Pairs(
        dyad=np.array([0, 0, 1, 1]),
        gap=np.array([1, 14, 3, 120]),
        new_era=np.array([0, 1, 0, 1]),
        of_node=np.arange(4),
        nodes=np.ones(4, dtype=np.int64),
    )
    mean, step, half_life = np.array([0.4, -0.8]), np.array([0.1, 0.3]), 180.0
    motion = {
        "mean": mean[pairs.dyad],
        "step": step[pairs.dyad],
        "jump": 0.7,
        "retention": transition.retention_of(half_life),
    }
    moments = find_trend("reverting").moments(motion, pairs.gap, pairs.new_era)
    fast = trend_forward(mean, step, 0.7, half_life, 1.4, pairs)
    np.testing.assert_allclose(fast, np.array(moments), **SAME)
    half_lives, sd = np.array([2.0, 9.0]), np.array([0.5, 0.2])
    motion = {"retention": transition.retention_of(half_lives)[pairs.dyad], "sd": sd[pairs.dyad]}
    moments = find_cycle("linear").moments(motion, pairs.gap)
    np.testing.assert_allclose(cycle_forward(half_lives, sd, pairs), np.array(moments), **SAME)
