"""The models set against each other: each fitted once, and longer if it has to be."""

from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd
import pytest
from model.panels import make_panel

from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.hypotheses.evidence.ahead import Ahead
from forecast.model import PendulumSpec

from .made import ONE_SCALE, TWO_SCALES


@dataclass
class Settling:
    """Fits that converge with so many draws; all that were asked for."""

    enough: int
    asked: list

    def __call__(self, panel, spec, *, draws, **settings):
        self.asked.append((spec.dynamics, draws))
        evidence = {"log": {"linear": -9.0, "none": -12.0}[spec.dynamics], "error": 0.3}
        return SimpleNamespace(
            spec=spec, panel=panel, provenance={"evidence": evidence}, gate=SimpleNamespace(passed=draws >= self.enough)
        )


@pytest.fixture
def fits(monkeypatch):
    made = Settling(800, [])
    monkeypatch.setattr("forecast.hypotheses.candidates.fit", made)
    return made


def made(**given):
    return Candidates(None, "USA-CHN", panel=make_panel(periods=48), **{"spec": ONE_SCALE} | given)


def test_a_candidate_is_fitted_once(fits):
    candidates = made()
    assert candidates.fit(dynamics="none") is candidates.fit(dynamics="none")
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
        lambda panel, spec, **_: Ahead(pd.DataFrame({"log_density": blocks[spec.dynamics]})),
    )
    found = made().compare({"dynamics": "linear"}, {"dynamics": "none"}, ("a pull", "a walk"))
    assert found.log_bayes_factor == 3.0 and found.error == pytest.approx(0.3 * 2**0.5)
    assert found.ahead_difference == 3.5 and found.weight > 0.9


@pytest.mark.parametrize(("ceiling", "left"), [("era+depth", ("depth",)), ("constant+trend", ("trend",)), ("none", ())])
def test_models_about_the_pull_have_no_bound_on_the_level(ceiling, left):
    assert made(spec=PendulumSpec.one_scale(ceiling=ceiling)).unbounded == {"ceiling": left}


@pytest.mark.parametrize("base", [ONE_SCALE, TWO_SCALES])
def test_a_family_is_the_same_whatever_the_base(base):
    candidates = made(spec=base)
    assert candidates.one_scale == {"structure": "eras", **candidates.unbounded}
    assert candidates.two_scales == {"structure": "walk", **candidates.unbounded}
