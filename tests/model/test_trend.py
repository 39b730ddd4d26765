"""The trend: its transitions over gaps are those of the months one by one."""

import numpy as np
import pytest

from forecast.model import PendulumSpec, prior_draws
from forecast.model.arrays import panel_arrays
from forecast.model.process.transition import accumulated_variance
from forecast.model.process.trend import Reverting, era_means, find_trend
from forecast.model.simulation import simulate_trend
from tests.made import make_panel

MONTHS = 40


@pytest.fixture(scope="module")
def arrays():
    """Two dyads of three eras, most months of them silent."""
    return panel_arrays(
        make_panel(dyads=2, periods=MONTHS, eras=3, empty=0.8, seed=5), PendulumSpec()
    )


def motion_of(mean, step, jump, retention):
    """Parameters of a trend as its methods read them."""
    return {"mean": mean, "step": step, "jump": jump, "start": 1.4, "retention": retention}


def months_one_by_one(motion, dyad, era):
    """Mean (time,) and covariance (time, time) of a dyad's trend, by the matrix of a month
    applied over and over."""
    centre, kept = motion["mean"][dyad], motion["retention"]
    mean, covariance = np.zeros(len(era)), np.zeros((len(era), len(era)))
    mean[0], covariance[0, 0] = centre, motion["start"] ** 2
    for t in range(1, len(era)):
        mean[t] = centre + kept * (mean[t - 1] - centre)
        covariance[t, :t] = covariance[:t, t] = kept * covariance[t - 1, :t]
        jump = motion["jump"] if era[t] != era[t - 1] else 0.0
        covariance[t, t] = kept**2 * covariance[t - 1, t - 1] + motion["step"][dyad] ** 2 + jump**2
    return mean, covariance


@pytest.mark.parametrize("retention", [0.9, 0.5 ** (1 / 180), 1.0], ids=["quick", "slow", "walk"])
@pytest.mark.parametrize("jump", [0.0, 0.7])
def test_transitions_over_gaps_are_exact(arrays, retention, jump):
    trend = find_trend("reverting")
    motion = motion_of(np.array([0.4, -0.8]), np.array([0.1, 0.3]), jump, retention)
    drift, carry, scale = trend.transitions(motion, arrays.pairs)
    assert arrays.node_gap.max() > 3
    for dyad in range(2):
        own = slice(arrays.starts[dyad], arrays.starts[dyad + 1])
        months = arrays.node_time[own]
        expected = months_one_by_one(motion, dyad, arrays.era_index[dyad])
        mean, covariance = np.zeros(len(months)), np.zeros((len(months), len(months)))
        for i, (a, b, c) in enumerate(zip(drift[own], carry[own], scale[own], strict=True)):
            if i == 0:
                mean[0], covariance[0, 0] = a, c**2
                continue
            mean[i] = a + b * mean[i - 1]
            covariance[i, :i] = covariance[:i, i] = b * covariance[i - 1, :i]
            covariance[i, i] = b**2 * covariance[i - 1, i - 1] + c**2
        np.testing.assert_allclose(mean, expected[0][months], atol=1e-12)
        np.testing.assert_allclose(covariance, expected[1][np.ix_(months, months)], atol=1e-12)
        of_dyad = {name: value[dyad] if np.ndim(value) else value for name, value in motion.items()}
        begins = np.diff(arrays.era_index[dyad], prepend=arrays.era_index[dyad][:1]) != 0
        np.testing.assert_allclose(trend.covariance(of_dyad, begins), expected[1], atol=1e-12)


class Stepwise(Reverting):
    """A reverting trend that says only where it is expected a period later."""

    name = "stepwise"
    exact_over_periods = False


def test_a_trend_that_knows_a_single_step_is_linearised_period_by_period():
    every = panel_arrays(
        make_panel(dyads=2, periods=MONTHS, eras=3, seed=5), PendulumSpec(), dense=True
    )
    data = every.pairs | {"node_gap": every.node_gap, "node_dyad": every.node_dyad}
    motion = motion_of(np.array([0.4, -0.8]), np.array([0.1, 0.3]), 0.7, 0.9)
    known, linearised = Reverting().transitions(motion, data), Stepwise().transitions(motion, data)
    for one, other in zip(known, linearised, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-12)


@pytest.mark.parametrize("retention", [0.3, 0.97, 0.5 ** (1 / 2400)])
def test_what_gathers_is_the_sum_of_the_even_powers(retention):
    periods = np.array([1, 2, 5, 60])
    expected = [sum(retention ** (2 * k) for k in range(number)) for number in periods]
    np.testing.assert_allclose(accumulated_variance(retention, periods), expected, rtol=1e-9)


def test_a_walk_gathers_a_step_each_month_and_is_the_limit_of_slow_returns():
    periods = np.array([1, 7, 60])
    np.testing.assert_array_equal(accumulated_variance(1.0, periods), periods)
    np.testing.assert_allclose(accumulated_variance(1.0 - 1e-9, periods), periods, rtol=1e-6)


@pytest.mark.parametrize("trend", ["reverting", "walk"])
def test_its_centre_is_that_of_the_priors(trend):
    spec = PendulumSpec(trend=trend)
    centre = spec.trend_model.centre(spec.priors, 2, spec.jumps)
    assert centre["retention"] == pytest.approx(0.5 ** (1 / 180) if trend == "reverting" else 1.0)
    assert centre["step"] == pytest.approx(np.exp(spec.priors.trend_step[0]))


@pytest.mark.parametrize("trend", ["reverting", "walk"])
def test_a_simulated_trend_has_the_moments_of_the_months(trend):
    """4000 paths: variances within five standard errors, sqrt(2 / 4000) of each."""
    panel, spec = make_panel(dyads=1, periods=24, eras=2), PendulumSpec(trend=trend)
    own, era, rng = (
        prior_draws(panel, spec, draws=1, seed=3).isel(draw=0),
        panel["era_index"].to_numpy(),
        None,
    )
    own["trend_step"], own["trend_jump"] = own["trend_step"] * 0 + 0.1, own["trend_jump"] * 0 + 2.0
    if trend == "reverting":
        own["trend_retention"] = own["trend_retention"] * 0 + 0.95
    rng = np.random.default_rng(1)
    paths = simulate_trend(own.expand_dims(draw=4000), era, spec, rng)[:, 0]
    mean, step = (own[name].to_numpy() for name in ("trend_mean", "trend_step"))
    motion = motion_of(mean, step, 2.0, float(own["trend_retention"]))
    mean, covariance = months_one_by_one(motion, 0, era[0])
    spread = np.sqrt(np.diag(covariance))
    assert (np.abs(paths.mean(axis=0) - mean) < 5 * spread / np.sqrt(4000)).all()
    assert (np.abs(paths.var(axis=0) / spread**2 - 1) < 5 * np.sqrt(2 / 4000)).all()


def test_the_mean_over_an_era_is_of_its_own_months():
    trend = np.arange(12.0).reshape(2, 6)
    means = era_means(trend, np.array([3, 3, 4, 4, 4, 6]), np.array([3, 4, 5, 6]))
    np.testing.assert_allclose(means, [[0.5, 3.0, np.nan, 5.0], [6.5, 9.0, np.nan, 11.0]])
