"""Two datasets of different noise and different spans: what is true of each is found again.

One is sparse and covers all years, as the chronology does; the other counts a hundred times as
much, reads the level lower and drifts, scatters less, and begins late and ends early, as ICEWS did
in 2023.
"""

import numpy as np
import pytest

from forecast.data.panel import recounted
from forecast.model import PendulumSpec, Priors, fit, prior_draws, simulate_panel
from forecast.model.observation.readings import KNOTS, drift_between, knots
from forecast.outlook import dataset_outlooks
from tests.made import make_panel

pytestmark = pytest.mark.slow
MONTHS, FEED = 180, slice(24, 138)
SPARSE, DENSE = 3, 200
OFFSET, STEP = -0.7, 0.2
SCATTER = (5.0, 60.0)


def made():
    """A panel of both, its truth and its true level."""
    spec, rng = PendulumSpec(), np.random.default_rng(8)
    panel = make_panel(periods=MONTHS, datasets=2, eras=1, seed=8)
    counts, covered = panel["counts"].to_numpy(), panel["covered"].to_numpy()
    counts[:] = 0
    counts[0, 0, :, 0, 0] = rng.poisson(SPARSE, MONTHS)
    counts[1, 0, FEED, 0, 0] = rng.poisson(DENSE, FEED.stop - FEED.start)
    covered[1, 0] = False
    covered[1, 0, FEED] = True
    panel = recounted(panel)
    truth = prior_draws(panel, spec, draws=1, seed=3).isel(draw=0)
    knot = knots(panel)[0][FEED]
    drift = np.zeros((1, 2, KNOTS))
    drift[0, 1] = STEP * (np.arange(KNOTS) - np.arange(knot[0], knot[-1] + 2).mean())
    known = {
        "direction_offset": np.array([0.0, OFFSET]),
        "dataset_drift": drift,
        "concentration": np.array(SCATTER),
        "tau": np.array(0.25),
        "trend_step": np.array(0.1),
        "cycle_sd": np.array(0.5),
        "phi": np.array(0.8),
        "sigma": np.array(0.3),
    }
    truth = truth.assign(
        {
            name: (truth[name].dims, values.reshape(truth[name].shape))
            for name, values in known.items()
        }
    )
    return *simulate_panel(panel, truth, spec, seed=4), truth


@pytest.fixture(scope="module")
def found():
    panel, level, truth = made()
    options = {"draws": 500, "tune": 400, "chains": 2, "seed": 1}
    both, alone = fit(panel, **options), fit(recounted(panel.isel(dataset=[0])), **options)
    return panel, level.to_numpy()[0], truth, both, alone


def near(draws, truth, most):
    """Within three posterior standard deviations, one failure in 300 by chance, of draws no
    wider than that."""
    assert abs(draws.mean() - truth) < 3 * draws.std()
    assert draws.std() < most


def test_offset_and_drift_are_found(found):
    """A record of ten years that overlaps a sparse one knows the offset to a fifth of its
    prior's spread or so."""
    panel, _, truth, both, _ = found
    knot, part = knots(panel)
    drift = both.posterior["dataset_drift"].isel(dyad=0, dataset=1).to_numpy()
    fixed = both.posterior["direction_offset"].isel(dyad=0, direction=0, dataset=1).to_numpy()
    true = truth["dataset_drift"].to_numpy()[0, 1]
    ends = [(int(knot[at]), float(part[at])) for at in (FEED.start, FEED.stop - 1)]
    for end in ends:
        near(fixed + drift_between(drift, *end), OFFSET + drift_between(true, *end), 0.4)
    moved = drift_between(drift, *ends[1]) - drift_between(drift, *ends[0])
    near(moved, drift_between(true, *ends[1]) - drift_between(true, *ends[0]), 0.4)
    assert not both.posterior["dataset_drift"].isel(dataset=0).any(), (
        "the level is on the scale of the first"
    )


def test_each_scatters_as_it_does(found):
    """The dense one is far from its prior's centre, 20.

    Months of three events leave the sparse one much of its prior.

    A quick cycle scatters a feed's months as well, so that half of the prior's spread, 1, may stay.
    """
    *_, both, _ = found
    sparse, dense = np.moveaxis(np.log(both.posterior["concentration"].to_numpy()), -1, 0)
    near(sparse, np.log(SCATTER[0]), 0.9 * Priors().concentration[1])
    near(dense, np.log(SCATTER[1]), 0.5)
    assert dense.mean() > np.log(20.0) + dense.std()


def test_the_level_is_known_better_with_both(found):
    _, level, _, both, alone = found
    own = {
        name: one.posterior["level"].isel(dyad=0).to_numpy().reshape(-1, MONTHS)
        for name, one in (("both", both), ("alone", alone))
    }
    low, high = np.quantile(own["both"], (0.05, 0.95), axis=0)
    # Neighbouring months err together: of 180 some thirty are independent, and 90% of these is 78
    # to 100%.
    assert ((low < level) & (level < high)).mean() > 0.75
    error = {
        name: np.sqrt(((draws.mean(axis=0) - level)[FEED] ** 2).mean())
        for name, draws in own.items()
    }
    assert error["both"] < error["alone"]
    assert own["both"][:, FEED].std(axis=0).mean() < 0.8 * own["alone"][:, FEED].std(axis=0).mean()


def test_algebra_says_of_the_present_what_the_fit_does(found):
    """The level that Gaussian algebra has with both is that of the posterior, and the dead feed
    is worth nothing."""
    *_, both, _ = found
    sparse, dense = dataset_outlooks(both, both.dyads[0])
    now = 100 / (1 + np.exp(-both.posterior["level"].isel(dyad=0, time=-1).to_numpy()))
    assert sparse.with_all.median == pytest.approx(np.median(now), abs=5)
    assert sparse.with_all.high - sparse.with_all.low == pytest.approx(
        np.ptp(np.quantile(now, (0.05, 0.95))), rel=0.25
    )
    assert dense.worth == pytest.approx(0.0, abs=1e-6)
    assert sparse.worth > 10
    assert dense.offset.median < -5
