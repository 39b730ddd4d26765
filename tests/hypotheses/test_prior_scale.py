"""Bayes factors under priors of other widths."""

from types import SimpleNamespace

import numpy as np
import pytest
from model.panels import make_panel

from forecast.errors import SpecError
from forecast.hypotheses.prior_scale import prior_sensitivity
from forecast.model import PendulumSpec, prior_draws


def unmoved(choices, **shape):
    """A fit of no data: its posterior is the prior."""
    panel, spec = make_panel(dyads=1, periods=24, **shape), PendulumSpec(**choices)
    return SimpleNamespace(
        panel=panel, spec=spec, posterior=prior_draws(panel, spec, draws=16_000).expand_dims("chain")
    )


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
    table = prior_sensitivity(unmoved(choices), scales, 0.7, 0.1)
    narrow = table[table["factor"] == 0.5]
    assert narrow["prior"].tolist() == list(scales)
    # The own error, without that of the Bayes factor; it counts four draws of a sampler for one, and these are
    # independent.
    own = np.sqrt(narrow["error"] ** 2 - 0.1**2)
    assert (own < 0.12).all()
    assert (np.abs(narrow["log_bayes_factor"] - 0.7) < 3 * own).all()


@pytest.mark.parametrize("datasets", [1, 2])
def test_the_spread_of_kinds_over_eras_is_read_off_their_shifts(datasets):
    """Fits keep no draws of the spread itself."""
    fitted = unmoved({"kind_drift": "eras"}, eras=3 - datasets, datasets=datasets)
    table = prior_sensitivity(fitted, ("kind_eras",), 0.7, 0.1)
    narrow = table[table["factor"] == 0.5].iloc[0]
    own = np.sqrt(narrow["error"] ** 2 - 0.1**2)
    assert own < 0.12 and abs(narrow["log_bayes_factor"] - 0.7) < 3 * own
    fitted.posterior["depth_shift"][:] = 0.01
    fitted.posterior["severity_shift"][:] = 0.01
    small = prior_sensitivity(fitted, ("kind_eras",), 0.0, 0.0).set_index("factor")["log_bayes_factor"]
    assert small[0.5] > 1 and small[2.0] < -1, "shifts that hardly differ speak for a narrow prior"


@pytest.mark.slow
def test_data_that_a_narrow_prior_expects_speak_for_it():
    fitted = unmoved({})
    fitted.posterior["cycle_half_life"][:] = 4.0 + 0.002 * np.random.default_rng(1).standard_normal((1, 16_000, 1))
    table = prior_sensitivity(fitted, ("cycle_half_life",), 0.0, 0.0)
    change = dict(zip(table["factor"], table["log_bayes_factor"], strict=True))
    # At its centre a normal prior is twice as high when half as wide.
    assert change[0.5] == pytest.approx(np.log(2), abs=0.01)
    assert change[2.0] == pytest.approx(-np.log(2), abs=0.01)


def test_a_prior_that_is_not_known_is_refused():
    with pytest.raises(SpecError, match="luck"):
        prior_sensitivity(unmoved({}), ("luck",), 0.0, 0.0)
