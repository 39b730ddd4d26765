"""Marginal likelihoods under priors of other widths."""

from types import SimpleNamespace

import numpy as np
import pytest
from model.panels import make_panel

from forecast.hypotheses.prior_scale import prior_sensitivity
from forecast.model import PendulumSpec, prior_draws


def unmoved(choices, **shape):
    """A fit of no data: its posterior is the prior."""
    panel, spec = make_panel(dyads=1, periods=24, **shape), PendulumSpec(**choices)
    return SimpleNamespace(
        panel=panel, spec=spec, posterior=prior_draws(panel, spec, draws=16_000).expand_dims("chain")
    )


def changes(fitted, prior):
    return [row for row in prior_sensitivity(fitted) if row["prior"] == prior]


@pytest.mark.parametrize(
    ("choices", "scales"),
    [
        ({"ceiling": "framework"}, ("cycle_half_life", "cycle_sd", "headroom")),
        pytest.param({"cycle": "cubic"}, ("cycle_half_life", "stiffening", "lean"), marks=pytest.mark.slow),
        pytest.param({"cycle": "band"}, ("cycle_half_life", "band"), marks=pytest.mark.slow),
    ],
)
def test_without_data_no_prior_is_the_better(choices, scales):
    """Every prior predicts no data alike; a formula that is not the model's own would show."""
    narrow = [row for row in prior_sensitivity(unmoved(choices)) if row["factor"] == 0.5]
    assert set(scales) <= {row["prior"] for row in narrow}
    for row in narrow:  # it counts four draws of a sampler for one, and these are independent
        assert row["error"] < 0.12 and abs(row["change"]) < 3 * row["error"], row


def test_priors_that_a_model_does_not_use_have_no_row():
    walk = unmoved({"trend": "walk", "cycle": "none", "ceiling": "none"})
    assert {row["prior"] for row in prior_sensitivity(walk)} == set()


@pytest.mark.parametrize("datasets", [1, 2])
def test_the_spread_of_kinds_over_eras_is_read_off_their_shifts(datasets):
    """Fits keep no draws of the spread itself."""
    fitted = unmoved({"kind_drift": "eras"}, eras=3 - datasets, datasets=datasets)
    narrow, _ = changes(fitted, "kind_eras")
    assert narrow["error"] < 0.12 and abs(narrow["change"]) < 3 * narrow["error"]
    fitted.posterior["depth_shift"][:] = 0.01
    fitted.posterior["severity_shift"][:] = 0.01
    narrow, wide = changes(fitted, "kind_eras")
    assert narrow["change"] > 1 and wide["change"] < -1, "shifts that hardly differ speak for a narrow prior"


@pytest.mark.slow
def test_data_that_a_narrow_prior_expects_speak_for_it():
    fitted = unmoved({})
    fitted.posterior["cycle_half_life"][:] = 4.0 + 0.002 * np.random.default_rng(1).standard_normal((1, 16_000, 1))
    narrow, wide = changes(fitted, "cycle_half_life")
    # At its centre a normal prior is twice as high when half as wide.
    assert narrow["change"] == pytest.approx(np.log(2), abs=0.01)
    assert wide["change"] == pytest.approx(-np.log(2), abs=0.01)
