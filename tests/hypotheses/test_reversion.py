"""The test of mean reversion (S5)."""

import numpy as np
import pytest
from model.panels import make_panel

from forecast.hypotheses import Rule
from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.hypotheses.claims import reversion
from forecast.hypotheses.measures import WALK as WALK_CHOICES
from forecast.hypotheses.registry import CLAIMS
from forecast.model import PendulumSpec, prior_draws, simulate_panel

from .made import candidates, comparison, drawn_once, numbers

CYCLE, WALK, ONE = "reverting/linear/none/years", "walk/none/none/years", "constant/linear/none/years"
MODELS = (CYCLE, WALK)
answered = CLAIMS["S5"].test


@pytest.fixture(scope="module", autouse=True)
def priors():
    with pytest.MonkeyPatch.context() as patch:
        yield drawn_once(patch, reversion)


@pytest.fixture(scope="module")
def verdict():
    return answered(candidates())


def test_the_answer_is_that_of_the_evidence_for_a_cycle_without_a_ceiling():
    for found in (comparison(4.0), comparison(-4.0), comparison(0.3)):
        made = candidates(evidence_of={MODELS: found})
        verdict = answered(made)
        assert verdict.answer == Rule().decide(found)
        assert str(verdict.reason).lower().startswith(verdict.answer)
        assert [ask[:2] for ask in made.asked] == [MODELS, (CYCLE, ONE)]
        assert [one.decides for one in verdict.comparisons] == [True, False]


def test_reversion_too_slow_for_the_rule_is_not_supported():
    verdict = answered(candidates(evidence_of={MODELS: comparison(4.0)}, posterior={"cycle_half_life": 200.0}))
    assert verdict.answer == "undecided" and "longer than 60 months" in str(verdict.reason)


def test_the_half_life_stands_beside_its_prior(verdict):
    found = numbers(verdict)
    # The made posterior is centred on 30 months; the model's prior on 4, with hardly any beyond 60 months.
    assert found["half_life"].value == pytest.approx(30, rel=0.05)
    assert found["prior_half_life"].value == pytest.approx(4, rel=0.05)
    assert found["prior_probability_short"].value == pytest.approx(1.0, abs=0.01)
    assert found["half_life_sd_ratio"].value < 0.7
    assert "The data moved it" in verdict.prose[0]
    assert [curve.role for curve in verdict.drawing.series] == ["prior", "posterior"]


def test_half_lives_are_in_months_whatever_the_period(verdict):
    weekly = answered(candidates(frequency="week", posterior={"cycle_half_life": 4.348 * 30}))
    for name in ("half_life", "prior_half_life"):
        assert numbers(weekly)[name].value == pytest.approx(numbers(verdict)[name].value, rel=0.08)


def test_both_models_are_asked_how_long_they_stay_in_the_extreme(verdict):
    found = numbers(verdict)
    for model in ("cycle", "walk"):
        assert 0 < found[f"out_of_extreme_by_24_{model}"].value <= found[f"out_of_extreme_by_60_{model}"].value <= 1


@pytest.fixture(scope="module")
def real():
    """Two models of sixty months, fitted in earnest."""
    panel = make_panel(dyads=1, periods=60, eras=1, events=3, seed=2)
    sampler = Sampler(draws=150, tune=150, chains=2, patience=1)
    return Candidates(None, "USA-CHN", sampler=sampler, panel=panel)


@pytest.mark.slow  # it compiles three models; the rules of both claims are tested above and in test_band
def test_five_years_decide_neither_of_the_claims_about_reversion(real):
    """Events without any order: whatever the level does, sixty months cannot tell slow reversion from none."""
    cycle, band = answered(real), CLAIMS["S8"].test(real)
    assert cycle.answer == "undecided"
    assert 0.7 < numbers(cycle)["half_life_sd_ratio"].value < 1.3
    assert all(
        np.isfinite(one.value) for verdict in (cycle, band) for one in verdict.all_numbers if "_least" not in one.name
    )


TRUTH = {
    "cycle": ({"trend": "constant", "cycle": "linear", "jumps": False}, {"mu": 0.0, "cycle_sd": 1.0, "phi": 0.5**0.1}),
    "walk": (WALK_CHOICES, {"trend_mean": 0.0, "trend_step": 0.2}),
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "answers"), [("cycle", {"supported"}), ("walk", {"rejected", "undecided"})])
def test_long_records_are_told_apart(name, answers):
    """Fifty years at six events a month: a strong pendulum is found, and a random walk is not taken for one."""
    choices, own = TRUTH[name]
    spec = PendulumSpec(**choices)
    panel = make_panel(dyads=1, periods=600, eras=1, events=6, empty=0.1, seed=3)
    truth = prior_draws(panel, spec, draws=1, seed=1).isel(draw=0, drop=True)
    truth = truth.assign({one: truth[one] * 0 + value for one, value in own.items()})
    if name == "cycle":
        truth["sigma"] = truth["cycle_sd"] * np.sqrt(1 - truth["phi"] ** 2)
    simulated, _ = simulate_panel(panel, truth, spec, seed=4)
    verdict = answered(Candidates(None, "USA-CHN", panel=simulated))
    assert verdict.answer in answers
    if name == "cycle":
        # The logarithm is known to about 0.3, and the prior's centre of 4 months draws it down.
        assert 4.0 < numbers(verdict)["half_life"].value < 20.0
