"""Simulation-based calibration.

Truths drawn from the prior rank uniformly among the draws of their posteriors.

References
----------
Talts et al. (2018), Validating Bayesian inference algorithms with simulation-based calibration,
https://doi.org/10.48550/arXiv.1804.06788
"""

import numpy as np
import pytest
from arviz_stats import mcse
from scipy.stats import binomtest, chisquare

from forecast.model import PendulumSpec, fit
from scripts.calibrate import AMONG, calibrate
from tests.made import make_panel

from .by_pymc import sample_by_pymc

pytestmark = pytest.mark.slow

FORMS = {
    "default": (200, {}, {}),
    "walk": (
        60,
        {"trend": "walk", "cycle": "none"},
        {"datasets": 2, "directions": 2, "events": 1.5},
    ),
    "no return, unpooled": (60, {"trend": "walk", "pooling": False}, {}),
    "pendulum": (60, {"trend": "constant"}, {}),
    "ceiling": (60, {"ceiling": "framework"}, {}),
    "band": (40, {"cycle": "band", "trend": "constant"}, {}),
    "cubic": (40, {"cycle": "cubic", "trend": "constant"}, {}),
    "index": (40, {"observation": "index", "ceiling": "framework"}, {"index": True}),
}


@pytest.fixture(scope="module", params=FORMS)
def ranks(request):
    """Rank of every true number among draws of its posterior: name -> (panel, number)."""
    panels, choices, shape = FORMS[request.param]
    panel = make_panel(dyads=2, periods=150, **{"events": 3.0, "empty": 0.1, "seed": 5} | shape)
    found = calibrate(panel, PendulumSpec(**choices), panels=panels, seed=11)
    return {name: values.to_numpy() for name, values in found.items()}


def test_intervals_cover_as_they_should(ranks):
    """90% intervals: each number against Binomial(panels, 0.9), one panel one trial.

    Some sixty numbers are looked at in each form; a bound of 1e-5 for each lets one run in 500 fail
    by chance (the seeds are fixed, so it does not come and go). With 200 panels it means 90% plus
    or minus 9.
    """
    for name, rows in ranks.items():
        inside = (rows >= 0.05 * AMONG) & (rows <= 0.95 * AMONG)
        for number, hits in enumerate(inside.sum(0)):
            test = binomtest(int(hits), len(rows), 0.9 + 1 / (AMONG + 1))
            assert test.pvalue > 1e-5, f"{name} {number}: {hits} of {len(rows)}"


def test_groups_cover_as_they_should(ranks):
    """The mean coverage over the numbers of a group, such as a dozen months of two dyads.

    Numbers of one panel are not independent, panels are, so the tolerance is four standard errors
    over panels.
    """
    for name, rows in ranks.items():
        by_panel = ((rows >= 0.05 * AMONG) & (rows <= 0.95 * AMONG)).mean(1)
        error = max(by_panel.std() / np.sqrt(len(rows)), 0.3 / np.sqrt(len(rows) * rows.shape[1]))
        assert abs(by_panel.mean() - 0.91) < 4 * error, f"{name}: {by_panel.mean():.3f}"


def test_ranks_are_uniform(ranks):
    """Chi-square over five equal bins; the same bound as above for the same reason."""
    edges = np.linspace(-0.5, AMONG + 0.5, 6)
    for name, rows in ranks.items():
        for number, column in enumerate(rows.T):
            counts = np.histogram(column, edges)[0]
            assert chisquare(counts).pvalue > 1e-5, f"{name} {number}: {counts}"


def test_both_samplers_find_the_same_posterior():
    """nutpie and PyMC's own sampler on one panel.

    Means within five Monte Carlo standard errors of each other.

    Some forty means are compared; one in 1.7 million lies outside by chance.
    """
    panel = make_panel(dyads=2, periods=80, events=3.0, empty=0.1, seed=5)
    settings = {"draws": 1000, "tune": 600, "chains": 2, "seed": 1}
    one, other = fit(panel, **settings).posterior, sample_by_pymc(panel, **settings)
    for name in (
        "cycle_half_life",
        "cycle_sd",
        "trend_half_life",
        "trend_step",
        "tau",
        "mu",
        "concentration",
    ):
        gap = np.abs(
            one[name].mean(("chain", "draw")) - other[name].mean(("chain", "draw"))
        ).to_numpy()
        error = np.hypot(*(mcse(posterior[[name]])[name].to_numpy() for posterior in (one, other)))
        assert (gap <= 5 * np.nan_to_num(error)).all(), name
