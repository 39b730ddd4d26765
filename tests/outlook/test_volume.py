"""How many events lie ahead."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from forecast.data.panel.relative_counts import relative_counts
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.recording import MARGIN, recording_level


def panel_of(counts, covered=None, frequency="month"):
    counts = np.asarray(counts)
    covered = np.ones(len(counts), dtype=bool) if covered is None else covered
    dims = ("dataset", "dyad", "time", "direction", "class")
    return xr.Dataset(
        {
            "counts": (dims, counts[None, None, :, None, None]),
            "covered": (dims[:3], covered[None, None]),
        },
        coords={"dyad": ["USA-CHN"], "dataset": ["mine"], "class_name": ("class", ["any"])},
        attrs={"frequency": frequency, "zero_cut": 0, "unit": "row", "scale": "", "digest": ""},
    )


def level_of(panel):
    return recording_level(DatasetRecord.of(panel, "USA-CHN", 0))


def drawn(panel, months=24, simulations=4000, seed=2):
    return level_of(panel).simulate((simulations, months), np.random.default_rng(seed))


def test_a_steady_record_goes_on_as_dense_and_as_clustered():
    counts = np.random.default_rng(1).negative_binomial(4, 0.4, 240)  # mean 6, variance 15
    ahead = drawn(panel_of(counts), months=1)
    assert ahead.mean() == pytest.approx(6, rel=0.15)
    assert 10 < ahead.var() < 25


def test_the_level_is_that_of_the_last_years_and_spreads_with_time():
    counts = np.random.default_rng(1).poisson(np.repeat([2, 12], [180, 60]))
    ahead = drawn(panel_of(counts))
    assert ahead[:, :3].mean() == pytest.approx(12, rel=0.2)
    near, far = (
        np.log1p(ahead[:, months].sum(axis=1)).std() for months in (slice(0, 6), slice(18, 24))
    )
    assert far > 1.3 * near


def test_months_of_one_future_are_alike():
    counts = np.random.default_rng(1).poisson(
        np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.1, 240)) + 1.5)
    )
    ahead = drawn(panel_of(counts))
    assert np.corrcoef(ahead[:, 0], ahead[:, 12])[0, 1] > 0.1


def test_uncovered_months_are_not_silent_ones():
    counts = np.random.default_rng(1).poisson(6, 120)
    gaps = np.arange(120) >= 100
    silent, missing = counts * ~gaps, drawn(panel_of(counts * ~gaps, ~gaps), months=6)
    assert missing.mean() == pytest.approx(6, rel=0.25)
    assert drawn(panel_of(silent), months=6).mean() < 3


def test_silence_is_not_taken_to_last_forever():
    assert drawn(panel_of([1] + [0] * 100)).any()


def test_ten_years_ahead_stay_near_what_was_recorded():
    counts = np.random.default_rng(1).poisson(np.linspace(1, 9, 240))
    ahead = drawn(panel_of(counts), months=120)
    busiest = np.convolve(counts, np.ones(12), "valid").max()
    assert np.quantile(ahead[:, -12:].sum(axis=1), 0.999) < 1.5 * MARGIN * busiest


def test_longer_simulations_only_go_on():
    panel = panel_of(np.random.default_rng(1).poisson(6, 120))
    np.testing.assert_array_equal(drawn(panel, months=6), drawn(panel, months=24)[:, :6])


def test_weeks_drift_as_months_do():
    counts = np.random.default_rng(1).poisson(3, 1000)
    weekly = level_of(panel_of(counts, frequency="week"))
    monthly = level_of(panel_of(counts[-240:]))
    np.testing.assert_allclose(weekly.steps**2 * 365.25 / 12 / 7, monthly.steps**2)


def test_the_filter_finds_the_level_that_a_long_sum_over_paths_finds():
    """Against importance sampling.

    Walks from the prior, weighed by how well they fit a short record.
    """
    counts = np.array([3, 5, 2, 8, 6, 7, 9, 12, 8, 11, 14, 10])
    found = level_of(panel_of(counts))
    rng = np.random.default_rng(4)
    prior = np.exp(-0.5 * (np.log(found.steps / 0.05) / 0.5) ** 2)
    step = rng.choice(found.steps, 60_000, p=prior / prior.sum())
    shape = 2.0 ** rng.integers(0, 6, len(step))
    low, high = found.levels[[0, -1]]
    level, log_weight = rng.uniform(low, high, len(step)), np.zeros(len(step))
    from scipy.stats import nbinom

    for month, count in enumerate(counts):
        level = np.clip(level + step * rng.standard_normal(len(step)) * (month > 0), low, high)
        log_weight += nbinom.logpmf(count, shape, shape / (shape + np.exp(level)))
    weight = np.exp(log_weight - log_weight.max())
    expected = (weight * level).sum() / weight.sum()
    assert (found.weights.sum(axis=(0, 1)) * found.levels).sum() == pytest.approx(
        expected, abs=0.03
    )
    assert (found.weights.sum(axis=(0, 2)) * np.arange(6)).sum() == pytest.approx(
        (weight * np.log2(shape)).sum() / weight.sum(), abs=0.1
    )


def test_the_relative_count_is_what_the_page_on_the_model_says():
    """Its mean is over the events of the 36 months before, and it is 0 before twelve covered
    ones."""
    rng = np.random.default_rng(5)
    total, covered = rng.poisson(3, 80) * rng.integers(0, 2, 80), rng.random(80) < 0.9
    found = relative_counts(total, covered, 1.0)
    for month in range(80):
        before = [one for one in range(max(0, month - 36), month) if covered[one]]
        events = np.array([total[one] for one in before], dtype=int)
        usual = np.repeat(np.log1p(events), events)  # a month counts as often as it has events
        known = covered[month] and len(before) >= 12 and usual.size
        assert found[month] == pytest.approx(
            np.log1p(total[month]) - usual.mean() if known else 0.0
        )
    page = " ".join((Path(__file__).parents[2] / "docs" / "model.md").read_text("utf-8").split())
    assert "the mean of log(1 + n) over the *events* of the 36 months before" in page
    assert "with fewer than twelve covered months before" in page
