"""The unit-root tests: each names its null, and rejects it where it is false and only there."""

import sys

import numpy as np
import pandas as pd
import pytest
from model.panels import make_panel

from forecast.errors import DataError, ForecastError
from forecast.events import read_chronology
from forecast.hypotheses.unit_roots import observed_series, unit_roots
from forecast.panel import build_index_panel, build_panel

WALKS = ("Augmented Dickey-Fuller", "Phillips-Perron", "Variance ratio over 12 periods")


def months(values):
    return pd.Series(values, index=pd.date_range("1950-01-01", periods=len(values), freq="MS"))


def rejections(make, seeds=40):
    """Count how often each test rejects its null over simulated series."""
    found = {}
    for seed in range(seeds):
        for test in unit_roots(months(make(np.random.default_rng(seed)))):
            found.setdefault(test.name, []).append(test.says.startswith("rejects"))
    return {name: np.mean(said) for name, said in found.items()}


def test_a_random_walk_is_taken_for_one():
    share = rejections(lambda rng: rng.normal(size=300).cumsum())
    assert all(share[name] <= 0.2 for name in WALKS), share  # 5 % are due
    assert share["KPSS"] >= 0.8, share


def test_white_noise_is_not_taken_for_a_random_walk():
    share = rejections(lambda rng: rng.normal(size=300))
    assert all(share[name] >= 0.95 for name in WALKS), share
    assert share["KPSS"] <= 0.2, share


def test_each_null_is_what_the_test_takes_for_granted():
    tests = {test.name: test for test in unit_roots(months(np.random.default_rng(1).normal(size=300)))}
    assert set(tests) == {*WALKS, "KPSS"}
    assert all("random walk" in tests[name].null for name in WALKS)
    assert "stationary" in tests["KPSS"].null and "random walk" not in tests["KPSS"].null
    for test in tests.values():
        assert (test.p_value < 0.05) == test.says.startswith("rejects its null")
        assert np.isfinite(test.statistic) and test.lags >= 0


def test_noise_of_the_month_makes_a_walk_look_like_a_pendulum():
    # The caution that the package prints beside these tests, in numbers.
    share = rejections(lambda rng: 0.2 * rng.normal(size=300).cumsum() + rng.normal(size=300))
    assert share["Phillips-Perron"] >= 0.5, share


def test_gaps_are_left_out_and_stated():
    values = np.random.default_rng(2).normal(size=200)
    values[[0, 50, 51, 199]] = np.nan
    gapped, whole = unit_roots(months(values)), unit_roots(months(values[np.isfinite(values)]))
    assert [test.statistic for test in gapped] == [test.statistic for test in whole]
    assert all("2 of 198 periods" in test.says for test in gapped)
    assert not any("left out" in test.says for test in whole)


@pytest.mark.parametrize(
    ("values", "words"), [(np.arange(35.0), "35 periods"), (np.full(60, 50.0), "never moves"), ([], "0 periods")]
)
def test_what_cannot_be_tested_is_refused(values, words):
    with pytest.raises(DataError, match=words):
        unit_roots(months(values))


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch", None)
    with pytest.raises(ForecastError, match=r"pendulum-forecast\[hypotheses\]"):
        unit_roots(months(np.random.default_rng(1).normal(size=100)))


def test_the_series_is_the_share_of_cooperative_events():
    panel = build_panel(read_chronology(), dyads=["USA-CHN"], as_of="2023-10-31")
    series = observed_series(panel, "USA-CHN")
    counts = panel["counts"].sel(dyad="USA-CHN").sum(["dataset", "direction"])
    total = counts.sum("class").to_numpy()
    assert len(series) == panel.sizes["time"]
    assert (series.isna().to_numpy() == (total == 0)).all()
    month = int(np.flatnonzero(total)[-1])
    cooperative = int(counts.isel({"time": month, "class": slice(panel.attrs["zero_cut"], None)}).sum())
    assert series.iloc[month] == pytest.approx(100 * cooperative / total[month])


def test_of_several_datasets_the_first_is_the_series():
    first, both = make_panel(periods=60), make_panel(periods=60, datasets=2)
    both["counts"][:1] = first["counts"].to_numpy()
    pd.testing.assert_series_equal(observed_series(both, "USA-CHN"), observed_series(first, "USA-CHN"))
    both["counts"][0] = 0
    assert observed_series(both, "USA-CHN").isna().all()


def test_of_an_index_it_is_the_index():
    times = pd.date_range("2020-01-01", periods=40, freq="MS")
    frame = pd.DataFrame({"dyad": "USA-CHN", "time": times, "value": np.arange(40.0)})
    series = observed_series(build_index_panel(frame.drop(index=3)), "USA-CHN")
    assert series.iloc[[0, 39]].tolist() == [0.0, 39.0] and np.isnan(series.iloc[3])
