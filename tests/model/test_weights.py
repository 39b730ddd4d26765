"""Weights of draws: what they are worth, and draws without weights in their place."""

import numpy as np
import pytest
import xarray as xr
from arviz_stats import ess
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.model.particles import pareto_k_limit, resampled, smoothed

# On a grid, so that adding a whole number to them rounds nothing away.
ON_GRID = st.integers(-5 * 1024, 5 * 1024).map(lambda number: number / 1024)
LOG_WEIGHTS = arrays(float, st.tuples(st.integers(1, 4), st.integers(30, 80)), elements=ON_GRID)


@given(LOG_WEIGHTS, st.integers(0, 2**32))
def test_every_draw_is_kept_as_often_as_it_weighs(log_weight, seed):
    weight = np.exp(log_weight) / np.exp(log_weight).sum(axis=1, keepdims=True)
    places = resampled(weight, np.random.default_rng(seed))
    assert places.shape == weight.shape
    assert (np.diff(places, axis=1) >= 0).all()
    for own, expected in zip(places, weight * weight.shape[1], strict=True):
        assert (np.abs(np.bincount(own, minlength=own.size) - expected) < 1 + 1e-9).all()


@given(LOG_WEIGHTS, st.integers(-800, 800))
def test_only_differences_within_a_chain_count(log_weight, shift):
    found, shifted = (
        smoothed(log_weight),
        smoothed(log_weight + shift * np.arange(1, len(log_weight) + 1)[:, None]),
    )
    np.testing.assert_allclose(found.weight.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.weight, shifted.weight, rtol=1e-6)
    assert 1.0 <= found.effective <= log_weight.size + 1e-6


def test_draws_that_weigh_the_same_have_no_tail():
    even = smoothed(np.full((2, 500), -3.0))
    assert (even.pareto_k, even.effective, even.fault) == (-np.inf, pytest.approx(1000.0), "")
    np.testing.assert_array_equal(
        resampled(even.weight, np.random.default_rng(1)), [np.arange(500)] * 2
    )


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_the_tail_of_pareto_weights_is_found(shape):
    # With 20,000 draws the shape is fitted to 424 of them: standard error (1 + k) / sqrt(424),
    # below 0.1.
    tail = -shape * np.log(np.random.default_rng(3).random((4, 5000)))
    found = smoothed(tail)
    assert found.pareto_k == pytest.approx(shape, abs=0.3)
    assert bool(found.fault) == (shape > 0.7)


@pytest.mark.parametrize(("spread", "draws"), [(0.05, 1300), (0.3, 1300), (0.7, 1500)])
def test_draws_that_weigh_as_many_copies_as_there_are_have_no_tail(spread, draws):
    """A second update weighs ancestors by their copies.

    The largest weights are 2, 3 and few other numbers.

    Copies of several chains are as many, though the logarithms of their weights are rounded in
    different ways.
    """
    rng = np.random.default_rng(1)
    places = resampled(np.exp(spread * rng.standard_normal((4, draws))), rng)
    copies = np.array([np.bincount(place, minlength=draws) for place in places])
    weights = smoothed(np.where(copies > 0, np.log(np.maximum(copies, 1)), -np.inf))
    assert weights.pareto_k == -np.inf
    np.testing.assert_allclose(weights.weight, copies / draws)
    assert not weights.fault


def test_a_lost_draw_weighs_nothing():
    log_weight = np.random.default_rng(1).normal(size=(2, 600))
    log_weight[:, ::3] = -np.inf
    found = smoothed(log_weight)
    assert (found.weight[:, ::3] == 0).all()
    assert np.isfinite(found.weight).all()
    assert not np.isin(
        resampled(found.weight, np.random.default_rng(1)), np.arange(0, 600, 3)
    ).any()


def test_too_few_effective_draws_are_a_fault():
    assert smoothed(np.random.default_rng(1).normal(0.0, 0.1, size=(2, 150))).fault.startswith(
        "the effective number"
    )


def test_the_limit_falls_with_few_draws():
    assert pareto_k_limit(10**6) == 0.7
    assert pareto_k_limit(100) == 0.5


def test_the_effective_sample_size_counts_copies_once():
    """Draws resampled in their order are worth their effective number, as the gate sees it too.

    From 4,000 independent draws the estimate scatters by a fifth, hence its average over a dozen is
    within three times that / sqrt(12).
    """
    ratios = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        value, log_weight = rng.normal(size=(2, 4, 1000))
        weights = smoothed(log_weight)
        kept = np.take_along_axis(value, resampled(weights.weight, rng), 1)
        seen = ess(xr.Dataset({"x": (("chain", "draw"), kept)}), method="mean")["x"]
        ratios.append(float(seen) / weights.effective)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.17)
