"""What would be observed: volumes, holes, and the spread that overdispersion gives."""

import numpy as np
import pytest

from forecast.outlook import NotDefined, observe, simulate_futures
from forecast.outlook.observed import recent_volumes


def refit(made, *, counts=None, covered=None, **posterior):
    panel = made.panel
    if counts is not None:
        panel = panel.assign(counts=panel["counts"] * 0 + counts)
    if covered is not None:
        panel = panel.assign(covered=covered)
    values = {name: made.posterior[name] * 0 + value for name, value in posterior.items()}
    return type(made)(made.posterior.assign(values), panel, made.spec)


def test_volumes_are_those_of_the_last_covered_months(fit):
    covered = fit.panel["covered"].copy()
    covered[..., -5:] = False
    made = refit(fit, covered=covered)
    expected = fit.panel["counts"].sel(dyad="USA-CHN", dataset="chronology").sum("class").to_numpy()[-29:-5]
    np.testing.assert_array_equal(recent_volumes(made, "USA-CHN"), expected)


def test_periods_without_events_have_no_share(fit):
    counts = fit.panel["counts"].copy()
    counts[..., -12:, :, :] = 0
    made = type(fit)(fit.posterior, fit.panel.assign(counts=counts), fit.spec)
    futures = simulate_futures(made, "USA-CHN", 24, seed=1)
    seen = observe(made, futures, 24, seed=1)
    assert seen.shape == futures.share.shape
    assert np.isnan(seen[..., 0]).all()
    assert np.isnan(seen[..., 1:]).mean() == pytest.approx(0.5, abs=0.05)
    assert np.nanmin(seen) >= 0
    assert np.nanmax(seen) <= 100


@pytest.mark.parametrize("directed", [False, True])
def test_the_spread_is_beta_binomial(make, directed):
    made = make(("USA-CHN",), spread=0.0, directed=directed)
    made = refit(made, counts=1, tau=0.0, sigma=0.0, phi=1.0)  # eight events a month in each direction
    futures = simulate_futures(made, "USA-CHN", 24, seed=1, futures_per_draw=10, hazard=0.0)
    seen = observe(made, futures, 24, seed=1)[..., 1:].ravel() / 100
    chance, n, concentration, directions = futures.share[0, 0, 0, 0] / 100, 8, 6.0, 1 + directed
    variance = chance * (1 - chance) / n * (1 + (n - 1) / (concentration + 1)) / directions
    assert abs(seen.mean() - chance) < 4 * np.sqrt(variance / seen.size)
    # A bounded share has kurtosis below 3: the variance's relative standard error is under sqrt(2/n).
    assert abs(seen.var() / variance - 1) < 4 * np.sqrt(2 / seen.size)


def test_without_overdispersion_or_noise_it_is_binomial(make):
    made = make(("USA-CHN",), spread=0.0)
    made = refit(made, counts=1, sigma=0.0, phi=1.0)
    made = type(made)(made.posterior.drop_vars(["tau", "concentration"]), made.panel, made.spec)
    futures = simulate_futures(made, "USA-CHN", 24, seed=1, futures_per_draw=10, hazard=0.0)
    seen = observe(made, futures, 24, seed=1)[..., 1:].ravel() / 100
    chance = futures.share[0, 0, 0, 0] / 100
    assert abs(seen.var() / (chance * (1 - chance) / 8) - 1) < 4 * np.sqrt(2 / seen.size)


def test_nothing_counted_is_nothing_observed(fit):
    futures = simulate_futures(fit, "USA-CHN", 3, seed=1)
    assert isinstance(observe(refit(fit, counts=0), futures, 3, seed=1), NotDefined)
    index = fit.panel.drop_vars(["counts", "covered"]).assign(index=0.0 * fit.panel["era_index"])
    assert isinstance(observe(type(fit)(fit.posterior, index, fit.spec), futures, 3, seed=1), NotDefined)
