"""Ranks of truths among draws: what they are, and that a wrong posterior shows in them."""

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import SpecError
from forecast.model import PendulumSpec
from scripts import calibrate as calibration
from scripts.calibrate import AMONG, calibrate, coverage
from tests.made import make_panel

SPEC = PendulumSpec()


class Posterior:
    """A fit whose half-life is drawn from its prior times a factor, whatever the panel."""

    def __init__(self, factor, panel, seed):
        rng = np.random.default_rng(seed)
        prior = SPEC.priors
        spread = np.hypot(prior.cycle_half_life[1], prior.cycle_half_life_dyads)
        half_life = factor * np.exp(
            prior.cycle_half_life[0] + spread * rng.standard_normal((2, 300, 1))
        )
        level = np.zeros((2, 300, 1, panel.sizes["time"]))
        self.posterior = xr.Dataset(
            {
                "cycle_half_life": (("chain", "draw", "dyad"), half_life),
                "level": (("chain", "draw", "dyad", "time"), level),
            },
            {"time": panel["time"].to_numpy()},
        )


@pytest.fixture
def ranked(monkeypatch):
    def run(factor):
        monkeypatch.setattr(
            calibration, "fit", lambda panel, spec, *, seed, **_: Posterior(factor, panel, seed)
        )
        return calibrate(make_panel(periods=30), SPEC, panels=200, seed=3, cores=1)[
            "cycle_half_life"
        ].to_numpy()

    return run


def test_a_posterior_that_is_right_gives_uniform_ranks(ranked):
    """The data say nothing, the posterior is the prior: 90% of 200 truths inside, give or take 4.5 errors of 2%."""
    ranks = ranked(1.0)
    assert ranks.shape == (200, 1)
    assert 0 <= ranks.min() <= ranks.max() <= AMONG
    assert abs(coverage(ranks) - 0.9) < 0.1
    assert abs(ranks.mean() / AMONG - 0.5) < 0.1


def test_a_posterior_that_is_wrong_does_not(ranked):
    assert ranked(5.0).mean() / AMONG < 0.1


def test_what_does_not_vary_has_no_rank(ranked, monkeypatch):
    monkeypatch.setattr(
        calibration, "fit", lambda panel, spec, *, seed, **_: Posterior(1.0, panel, seed)
    )
    assert "level" not in calibrate(make_panel(periods=30), SPEC, panels=2, cores=1)


def test_too_few_draws_to_rank_among_are_refused():
    with pytest.raises(SpecError, match="fewer than the 100"):
        calibrate(make_panel(), SPEC, panels=2, draws=20, chains=2)
