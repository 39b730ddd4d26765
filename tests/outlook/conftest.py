"""Fits around made-up truths, each made once."""

import pytest

from forecast.outlook import assess
from tests.made import make_fit


@pytest.fixture(scope="session")
def fit():
    return make_fit()


@pytest.fixture(scope="session")
def assessment(fit):
    return assess(fit, "USA-CHN", seed=1)


@pytest.fixture(scope="session")
def alike():
    """A fit whose draws are all the same, so that simulations differ by their shocks alone."""
    return make_fit(spread=0.0)


@pytest.fixture(scope="session")
def make():
    """The function that makes fits."""
    return make_fit
