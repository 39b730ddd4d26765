"""What draws are worth, held to what ArviZ says of each quantity."""

import numpy as np
import pytest
import xarray as xr
from arviz_stats import ess, rhat
from arviz_stats.base import array_stats

from forecast.model.diagnostics import bulk_ess, mean_error, pareto_smoothed, r_hat, tail_ess


def make_draws(chains, draws, memory):
    """Chains that remember: smooth, rounded, rare events, doubled, apart, and all alike but in one quantity."""
    rng = np.random.default_rng(draws)
    values = rng.standard_normal((chains, draws, 7))
    for t in range(1, draws):
        values[:, t] = memory * values[:, t - 1] + np.sqrt(1 - memory**2) * values[:, t]
    values[..., 1] = values[..., 1].round(1)
    values[..., 2] = values[..., 2] > 1.5
    values[..., 3] = values[:, np.arange(draws) // 2, 3]
    values[0, :, 4] += 1
    values[..., 5] = 3.0
    values[0, -1, 6] = np.nan
    return values


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # ArviZ divides by the spread of what is constant
@pytest.mark.parametrize(("chains", "draws"), [(4, 300), (4, 301), (1, 200), (3, 7), (2, 3)])
@pytest.mark.parametrize("memory", [0.0, 0.9, -0.6])
def test_each_is_that_of_arviz(chains, draws, memory):
    values = make_draws(chains, draws, memory)
    data = xr.Dataset({"x": (("chain", "draw", "quantity"), values)})
    expected = [ess(data, method="bulk"), ess(data, method="tail"), rhat(data)]
    for ours, theirs in zip((bulk_ess, tail_ess, r_hat), expected, strict=True):
        np.testing.assert_allclose(ours(values), theirs["x"], rtol=1e-9)
    errors = [array_stats.mcse(values[..., place], chain_axis=0, draw_axis=1) for place in range(5)]
    np.testing.assert_allclose(mean_error(values)[:5], errors, rtol=1e-9)


@pytest.mark.parametrize("draws", [60, 200, 4800])
@pytest.mark.parametrize("shape", [0.1, 0.5, 1.2])
def test_weights_are_smoothed_as_by_arviz(draws, shape):
    log_weight = np.random.default_rng(draws).exponential(shape, draws)
    smooth, k = pareto_smoothed(log_weight)
    expected, expected_k = array_stats.psislw(-log_weight)
    assert k == pytest.approx(float(expected_k), rel=1e-9)
    np.testing.assert_allclose(smooth - smooth.max(), expected - expected.max(), atol=1e-9)


def test_without_a_tail_nothing_is_smoothed():
    assert pareto_smoothed(np.arange(20.0)) is None  # a fifth of them are too few
    assert pareto_smoothed(np.zeros(400)) is None
    assert pareto_smoothed(np.repeat([0.0, 1.0, 2.0], [400, 300, 20])) is None


def test_many_quantities_are_each_by_itself():
    values = np.random.default_rng(1).standard_normal((4, 60, 150))
    for diagnose in (bulk_ess, tail_ess, r_hat):
        alone = [diagnose(values[..., [place]])[0] for place in (0, 63, 64, 149)]
        np.testing.assert_allclose(diagnose(values)[[0, 63, 64, 149]], alone)
