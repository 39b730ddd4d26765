"""What several datasets have of their own, also where one of them has nothing of a dyad."""

import numpy as np
import pytest

from forecast.model import PendulumSpec, prior_draws, simulate_panel
from forecast.model.arrays import panel_arrays
from forecast.model.observation.readings import FIRST_YEAR, KNOT_YEARS, drift_between, knots
from tests.made import consistent, make_panel


@pytest.fixture(scope="module")
def panel():
    """Two dyads over ten years from 2000 on.

    The second dataset has the first dyad alone, from 2004 to 2006.
    """
    made = make_panel(dyads=2, periods=120, datasets=2, events=6.0)
    seen = np.zeros((2, 120), dtype=bool)
    seen[0, 48:84] = True
    made["counts"].to_numpy()[1] *= seen[..., None, None]
    made["covered"].to_numpy()[1] = seen
    return consistent(made)


def test_a_drift_is_centred_over_the_record(panel):
    spec = PendulumSpec()
    drift = prior_draws(panel, spec, draws=20)["dataset_drift"].to_numpy()
    assert not drift[:, :, 0].any(), "the level is on the scale of the first"
    first, behind = panel_arrays(panel, spec).observed.readings.spans[1]
    assert [FIRST_YEAR + KNOT_YEARS * knot for knot in (first, behind - 1)] == [2000, 2010]
    np.testing.assert_allclose(drift[:, 0, 1, first:behind].mean(axis=-1), 0.0, atol=1e-12)
    np.testing.assert_allclose(
        drift[:, 1, 1].mean(axis=-1), 0.0, atol=1e-12
    )  # of no record: over all knots


def test_drifts_run_straight_from_knot_to_knot(panel):
    knot, part = knots(panel)
    years = FIRST_YEAR + KNOT_YEARS * np.arange(21)
    at = FIRST_YEAR + KNOT_YEARS * (knot + part)
    assert at[0] == 2000.0
    assert at[-1] == pytest.approx(2009 + 11 / 12, abs=0.01)
    values = np.random.default_rng(1).standard_normal(21)
    np.testing.assert_allclose(drift_between(values, knot, part), np.interp(at, years, values))


def test_a_dataset_says_nothing_where_it_covers_nothing(panel):
    spec = PendulumSpec()
    truth = prior_draws(panel, spec, draws=1).isel(draw=0)
    simulated = simulate_panel(panel, truth, spec)[0]
    assert not simulated["counts"].to_numpy()[1, 1].any()
    arrays = panel_arrays(simulated, spec)
    alone = arrays.observed.readings.events[arrays.node_dyad == 1]
    assert not alone[:, 1].any()
    assert np.isfinite(arrays.observed.readings.relative_count).all()
