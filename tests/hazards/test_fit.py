"""Fit of the hazards: recovery, pooling, and the derivatives."""

import numpy as np
import pytest

from forecast.outlook.hazards.fit import posterior_mode


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(2)
    design = np.column_stack([random.normal(size=(20_000, 2)), np.ones(20_000)])
    truth = np.array([0.5, -0.3, -2.0])
    happened = random.random(20_000) < -np.expm1(-np.exp(design @ truth))
    return design, happened, truth


def test_the_mode_recovers_coefficients_within_three_errors(data):
    design, happened, truth = data
    none, one = np.zeros(len(design)), np.ones(len(design))
    mode, curvature = posterior_mode(design, happened, none, one, np.full(3, 1e-6), np.zeros(3))
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    assert np.all(np.abs(mode - truth) < 3 * errors)


def test_a_strong_prior_holds_the_coefficients(data):
    design, happened, _ = data
    prior = np.array([0.0, 0.0, -1.0])
    none, one = np.zeros(len(design)), np.ones(len(design))
    mode, _ = posterior_mode(design, happened, none, one, np.full(3, 1e9), prior)
    assert mode == pytest.approx(prior, abs=1e-3)


def test_the_slope_at_the_mode_is_zero(data):
    design, happened, _ = data
    none, one = np.zeros(len(design)), np.ones(len(design))
    precision, prior = np.full(3, 2.0), np.zeros(3)
    mode, _ = posterior_mode(design, happened, none, one, precision, prior)

    def log_posterior(values):
        expected = np.exp(design @ values)
        return (
            np.where(happened, np.log(-np.expm1(-expected)), -expected).sum()
            - (precision * values**2).sum() / 2
        )

    for step in 1e-5 * np.eye(3):
        assert (log_posterior(mode + step) - log_posterior(mode - step)) / 2e-5 == pytest.approx(
            0, abs=0.2
        )
