"""Evidence from pooled draws: against integrals that are known."""

import numpy as np
import pytest

from forecast.model.breaks import BATCHES, Pool

WIDTHS = np.array([0.5, 1.0, 2.0, 4.0])


def pooled(rng, draws=500, sampled=(0, 1, 3)):
    """Normal densities without their constants: their integrals are in the ratio of their widths."""
    x = np.concatenate([rng.normal(0, WIDTHS[i], draws) for i in sampled])
    under = -0.5 * (x[:, None] / WIDTHS) ** 2
    batch = np.tile(np.arange(draws) * BATCHES // draws, len(sampled))
    return Pool(under[:, list(sampled)], np.repeat(np.arange(len(sampled)), draws), batch), under, x


def test_models_sampled_or_not_have_their_integrals():
    pool, under, _ = pooled(np.random.default_rng(1))
    for i in range(4):
        value, error = pool.log_ratio(under[:, i], under[:, 1])
        assert value == pytest.approx(np.log(WIDTHS[i]), abs=max(4 * error, 1e-12))
        assert error < 0.1


def test_the_error_is_that_of_repetitions():
    found = []
    for seed in range(40):
        pool, under, _ = pooled(np.random.default_rng(seed))
        found.append(pool.log_ratio(under[:, 2], under[:, 0]))
    spread, stated = np.std([value for value, _ in found]), np.mean([error for _, error in found])
    # The spread of 40 values is known to about 11%; a jackknife over ten batches is off by as much again.
    assert stated == pytest.approx(spread, rel=0.4)


def test_the_weighted_pool_is_a_sample_of_any_model():
    pool, under, x = pooled(np.random.default_rng(2), draws=4000)
    weights = pool.weights(under[:, 2])
    assert weights.sum() == pytest.approx(1.0)
    # Some 4,000 effective draws: the standard error of a variance of 4 is about 0.1.
    assert (weights * x**2).sum() == pytest.approx(4.0, abs=0.4)
    assert 1000 < pool.effective(under[:, 2]) <= x.size


def test_what_all_densities_of_a_draw_share_does_not_matter():
    pool, under, x = pooled(np.random.default_rng(3))
    shifted = Pool(pool.log_density + 700 * np.abs(x[:, None]), pool.model, pool.batch)
    first, second = (under[:, i] + 700 * np.abs(x) for i in (2, 0))
    assert shifted.log_ratio(first, second)[0] == pytest.approx(pool.log_ratio(under[:, 2], under[:, 0])[0], abs=1e-6)


def test_one_model_alone_is_importance_sampling():
    rng = np.random.default_rng(4)
    x = rng.standard_normal(2000)
    pool = Pool(-0.5 * x[:, None] ** 2, np.zeros(2000, dtype=int), np.arange(2000) * BATCHES // 2000)
    value, error = pool.log_ratio(-0.5 * (x / 0.5) ** 2, pool.log_density[:, 0])
    assert value == pytest.approx(np.log(0.5), abs=4 * error)
