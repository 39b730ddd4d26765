"""Normal and Student-t shocks: drawn with unit variance, and weighed by the density that they are drawn from."""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy.stats import norm, t

from forecast.model.shocks import draw_shocks, shock_log_density, student_log_density

VALUES = np.linspace(-6.0, 6.0, 25)


@pytest.mark.parametrize("df", [None, 4.5, 30.0])
def test_shocks_have_unit_variance(df):
    drawn = draw_shocks(np.random.default_rng(1), (400_000,), df)
    assert drawn.var() == pytest.approx(1.0, rel=0.03)
    assert drawn.mean() == pytest.approx(0.0, abs=0.01)


def test_degrees_of_freedom_may_differ_by_row():
    drawn = draw_shocks(np.random.default_rng(1), (2, 100_000), np.array([[3.0], [100.0]]))
    tails = (np.abs(drawn) > 4).mean(axis=1)
    assert tails[0] > 20 * tails[1]


@pytest.mark.parametrize("df", [2.5, 8.0])
def test_densities_are_those_of_student(df):
    np.testing.assert_allclose(student_log_density(VALUES, df, df), t.logpdf(VALUES, df))
    unit = t.logpdf(VALUES, df, scale=np.sqrt((df - 2) / df))
    np.testing.assert_allclose(student_log_density(VALUES, df, df - 2), unit)
    # Up to half the logarithm of two pi each, as of the normal ones.
    expected = unit.sum() + VALUES.size * 0.5 * np.log(2 * np.pi)
    assert shock_log_density(VALUES, df) == pytest.approx(expected)


def test_normal_shocks_are_weighed_up_to_their_constant():
    constant = VALUES.size * 0.5 * np.log(2 * np.pi)
    assert shock_log_density(VALUES, None) == pytest.approx(norm.logpdf(VALUES).sum() + constant)


@pytest.mark.parametrize("df", [None, 5.0])
def test_the_sampler_weighs_them_alike(df):
    graph = shock_log_density(pt.as_tensor(VALUES), None if df is None else pt.as_tensor(df), pt)
    assert float(graph.eval(mode="FAST_COMPILE")) == pytest.approx(float(shock_log_density(VALUES, df)))
