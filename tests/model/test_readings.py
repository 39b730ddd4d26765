"""What several datasets have of their own, also where one of them has nothing of a dyad."""

import numpy as np
import pytest

from forecast.model import PendulumModel, PendulumSpec, prior_draws, simulate_panel
from forecast.model.arrays import panel_arrays
from forecast.model.observation.kinds import stronger_log_odds
from forecast.model.observation.readings import FIRST_YEAR, KNOT_YEARS, drift_between, knots

from .fits import unobserved
from .panels import consistent, make_panel


@pytest.fixture(scope="module")
def panel():
    """Two dyads over ten years from 2000 on; the second dataset has the first dyad alone, from 2004 to 2006."""
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
    np.testing.assert_allclose(drift[:, 1, 1].mean(axis=-1), 0.0, atol=1e-12)  # of no record: over all knots


def test_kinds_are_centred_over_the_spans_of_the_record(panel):
    for kinds in panel_arrays(panel, PendulumSpec()).aside.kinds:
        weights = kinds.record.reshape(2, 2, 20)[1]  # of the other dataset
        np.testing.assert_allclose(weights.sum(axis=1), 1.0)
        assert np.flatnonzero(weights[0]).tolist() == [11, 12], "2000 to 2009"
        assert (weights[1] > 0).all(), "of no record: over all spans"


def test_dyads_differ_in_a_dataset_that_holds_them(panel):
    """Of a single one only priors would tell its shift from the thresholds of the dataset."""
    model = PendulumModel(PendulumSpec()).build(panel, part="aside")
    names = {variable.name for variable in model.free_RVs}
    assert {"depth_dyad", "severity_dyad"} <= names
    assert not {"depth_1_dyad", "severity_1_dyad"} & names


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


@pytest.mark.parametrize("kind_drift", ["years", "eras"])
def test_the_part_of_a_dyad_has_the_kinds_of_every_dataset(kind_drift):
    panel = make_panel(dyads=2, periods=40, datasets=2, seed=8)
    whole = unobserved(panel, PendulumSpec(kind_drift=kind_drift), draws=20)
    one = whole.of_dyad(whole.dyads[1])
    for dataset in (0, 1):
        expected = stronger_log_odds("depth", 1, whole.panel, whole.posterior, (1, dataset), kind_drift)
        found = stronger_log_odds("depth", 1, one.panel, one.posterior, (0, dataset), kind_drift)
        np.testing.assert_array_equal(found, expected)
