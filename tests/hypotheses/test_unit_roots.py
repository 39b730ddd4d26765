"""Unit-root tests of panels: statistics as statsmodels has them, and critical values of the record's own shape."""

import numpy as np
import pandas as pd
import pytest

from forecast.base.errors import DataError
from forecast.study.hypotheses import unit_roots
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.simulate import SimulatedProcess, simulate
from tests.hypotheses.test_pooled import made


def test_the_mean_of_statistics_is_that_of_statsmodels():
    api = pytest.importorskip("statsmodels.api")
    walks = np.random.default_rng(1).standard_normal((3, 120)).cumsum(axis=1)
    expected = []
    for walk in walks:
        table = pd.DataFrame({"level": pd.Series(walk).shift(), "change": pd.Series(walk).diff()})
        for lag in range(1, unit_roots.LAGS + 1):
            table[f"lag {lag}"] = table["change"].shift(lag)
        table = table.dropna()
        design = api.add_constant(table.drop(columns="change"))
        expected.append(api.OLS(table["change"], design).fit().tvalues["level"])
    assert unit_roots.panel_statistics(walks)[0] == pytest.approx(np.mean(expected))


def test_dyads_of_other_lengths_are_read_within_their_quarters():
    walks = np.random.default_rng(2).standard_normal((2, 120)).cumsum(axis=1)
    walks[1, :40] = np.nan
    assert np.isfinite(unit_roots.panel_statistics(walks)).all()


def test_textbook_values_reject_walks_that_are_seen_through_counts():
    record = simulate(made(4, 360, rate=2.0), SimulatedProcess("", 0.1, concentration=6.0), 1)
    for test in unit_roots.unit_root_tests(Engine(record, brief=True), sets=20):
        assert test.critical < test.textbook < -1.0
        if test.name != unit_roots.KSS:  # which takes more quarters to be misled
            assert test.textbook_rejects > 0.8
        assert 0.0 <= test.p_value <= 1.0 and 0.0 <= test.p_value_alike <= 1.0


def test_a_short_record_is_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"0 dyads have 40 quarters.*give longer records"):
        unit_roots.unit_root_tests(Engine(made(3, 60), brief=True))


def test_a_dyad_alone_in_its_time_is_left_out_of_the_averages():
    walks = np.random.default_rng(3).standard_normal((3, 200)).cumsum(axis=1)
    walks[:2, 100:] = np.nan
    walks[2, :100] = np.nan
    ips, cips, kss = unit_roots.panel_statistics(walks)
    assert cips == pytest.approx(unit_roots.panel_statistics(walks[:2, :100])[1])
    assert np.isfinite([ips, kss]).all()
