"""The test of a scheduled calendar (S12)."""

import numpy as np
import pytest
from model.fits import unobserved
from model.panels import make_panel

from forecast.hypotheses import Rule
from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.hypotheses.claims.calendar import with_calendar, with_effect
from forecast.hypotheses.registry import CLAIMS, answerable
from forecast.model import PendulumSpec
from forecast.numeric import share

from .made import candidates, comparison, model, numbers

claim = CLAIMS["S12"]
NAMES = ["us_election_year", "us_first_year", "party_congress", "summit"]
MODEL = model(PendulumSpec())


@pytest.fixture(scope="module")
def fitted():
    """A posterior of a model with drivers, the effect of the first of them known."""
    driven, choice = with_calendar(candidates(months=180))
    made = unobserved(driven.panel, PendulumSpec(**choice), chains=2, draws=60)
    effect = made.posterior["driver_effect"].copy()
    effect[:, :, 0] = 0.2 + 0.01 * np.random.default_rng(1).standard_normal(effect[:, :, 0].shape)
    return replace_posterior(made, made.posterior.assign(driver_effect=effect))


def replace_posterior(fit, posterior):
    return type(fit)({**dict.fromkeys([]), "/": fit.tree.to_dataset(), "posterior": posterior,
                      "sample_stats": fit.sample_stats, "constant_data": fit.panel})  # fmt: skip


def made(fitted, found):
    return candidates(months=180, fitted={MODEL: fitted}, evidence_of={(MODEL, MODEL): found})


def test_the_answer_is_that_of_the_evidence(fitted):
    for found in (comparison(4.0), comparison(-4.0), comparison(0.3)):
        own = made(fitted, found)
        verdict = claim.test(own)
        assert verdict.answer == Rule().decide(found)
        assert str(verdict.reason).lower().startswith(verdict.answer)


def test_the_effect_of_every_driver_is_stated(fitted):
    verdict = claim.test(made(fitted, comparison(4.0)))
    found = numbers(verdict)
    assert [name.removeprefix("effect_") for name in found if name.startswith("effect_")] == NAMES
    assert found["effect_us_election_year"].value == pytest.approx(share(0.2) - 50, abs=0.1)
    assert found["helps_us_election_year"].value == 1.0
    assert [curve.label for curve in verdict.drawing.series] == NAMES
    assert "us_election_year adds 5.0" in verdict.prose[0]


def test_phases_act_on_the_cycle_and_occasions_on_the_month():
    acts = with_calendar(candidates(months=180))[1]["drivers"]
    assert acts == dict(zip(NAMES, ("cycle", "cycle", "month", "month"), strict=True))
    for choices in ({"trend": "walk", "cycle": "none"}, {"cycle": "band"}, {"trend": "constant"}):
        others = with_calendar(candidates(months=180, spec=PendulumSpec(**choices)))[1]["drivers"]
        assert set(others.values()) == {"month"}


def test_without_facts_or_months_it_is_undecided():
    weekly = claim.test(candidates(frequency="week"))
    assert weekly.answer == "undecided"
    assert "weekly" in str(weekly.reason)
    assert weekly.prose == ()


def test_models_without_drivers_are_fitted_once():
    own = candidates(months=180)
    driven, _ = with_calendar(own)
    assert driven._fits is own._fits
    assert driven.panel.sizes["driver"] == 4
    assert "driver" not in own.panel.dims


def test_it_is_tested_only_if_it_is_asked_for():
    assert "S12" in answerable("panel")
    assert not claim.by_default
    assert [code for code, one in CLAIMS.items() if not one.by_default] == ["S12"]


def test_a_known_effect_is_set_for_power(fitted):
    own = fitted.posterior.isel(chain=0, draw=0)
    effect = with_effect(8.0)(own)["driver_effect"].to_numpy()[:, 0]
    np.testing.assert_allclose(share(effect) - 50, [8.0, -8.0, 8.0, -8.0])


@pytest.mark.slow  # it compiles two models
def test_a_strong_calendar_is_found_and_none_is_not():
    panel = make_panel(dyads=1, periods=240, eras=1, events=6, empty=0.0, classes=2, zero_cut=1, seed=2)
    spec = PendulumSpec(volume_effect=False)
    base = Candidates(None, "USA-CHN", spec, sampler=Sampler(300, 300, 2, patience=1), panel=panel)
    contest = claim.contest(base, ())
    null, _, strong = contest.truths
    from threading import Event

    factors = [contest.test(truth.record(np.random.default_rng(5)), 3, Event())[0][0] for truth in (null, strong)]
    assert factors[1] > np.log(Rule().bayes_factor) > factors[0]
