"""The models set against each other: each fitted once, and longer if it has to be."""

from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd
import pytest
from model.panels import make_panel

from forecast.hypotheses.ahead import Ahead
from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.hypotheses.measures import WALK
from forecast.model import PendulumSpec, Priors


@dataclass
class Settling:
    """Fits that converge with so many draws; all that were asked for."""

    enough: int
    asked: list

    def __call__(self, panel, spec, *, draws, **settings):
        self.asked.append((spec.cycle, draws))
        evidence = {"log": {"linear": -9.0, "none": -12.0}[spec.cycle], "error": 0.3}
        return SimpleNamespace(
            spec=spec, panel=panel, provenance={"evidence": evidence}, gate=SimpleNamespace(passed=draws >= self.enough)
        )


@pytest.fixture
def fits(monkeypatch):
    made = Settling(800, [])
    monkeypatch.setattr("forecast.hypotheses.candidates.fit", made)
    return made


def made(**given):
    return Candidates(None, "USA-CHN", panel=make_panel(periods=48), **given)


def test_a_candidate_is_fitted_once(fits):
    candidates = made()
    assert candidates.fit(**WALK) is candidates.fit(**WALK)
    candidates.fit()
    assert fits.asked == [("none", 800), ("linear", 800)]


@pytest.mark.parametrize(("patience", "asked"), [(2, [800, 1600]), (1, [800])])
def test_a_fit_that_has_not_converged_is_made_once_more_and_kept(fits, patience, asked):
    fits.enough = 10_000
    candidates = made(sampler=Sampler(patience=patience))
    candidates.fit()
    candidates.fit()
    assert [draws for _, draws in fits.asked] == asked


def test_a_comparison_speaks_for_the_first(fits, monkeypatch):
    blocks = {"linear": [-3.0, -2.0, -4.0], "none": [-4.0, -4.0, -4.5]}
    monkeypatch.setattr(
        "forecast.hypotheses.candidates.leave_future_out",
        lambda panel, spec, **_: Ahead(pd.DataFrame({"log_density": blocks[spec.cycle]})),
    )
    found = made().compare({"cycle": "linear"}, WALK, ("a cycle", "a walk"))
    assert found.log_bayes_factor == 3.0 and found.error == pytest.approx(0.3 * 2**0.5)
    assert found.ahead_difference == 3.5 and found.weight > 0.9


@pytest.mark.parametrize(
    ("base", "trend"),
    [({}, "reverting"), ({"trend": "walk", "ceiling": "framework"}, "walk"), ({"trend": "constant"}, "reverting")],
)
def test_a_cycle_is_around_a_trend_that_moves_without_a_ceiling(base, trend):
    candidates = made(spec=PendulumSpec(**base))
    assert candidates.around_trend("band") == {"trend": trend, "cycle": "band", "ceiling": "none"}


def test_a_candidate_leaves_out_the_priors_that_it_does_not_use(fits):
    priors = Priors(cycle_sd=(-1.0, 0.2), trend_step=(-3.0, 0.3))
    candidates = made(spec=PendulumSpec(priors=priors))
    assert candidates.fit(**WALK).spec.priors == Priors(trend_step=(-3.0, 0.3))
    assert candidates.fit().spec.priors == priors
