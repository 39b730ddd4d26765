"""The test of mean reversion (S5)."""

import numpy as np
import pytest
import xarray as xr
from model.panels import make_panel

from forecast.hypotheses import Rule
from forecast.hypotheses.candidates import Candidates, Sampler
from forecast.hypotheses.evidence import reversion
from forecast.hypotheses.registry import CLAIMS
from forecast.model import PendulumSpec, simulate_panel

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
    return Candidates(None, "USA-CHN", PendulumSpec.one_scale(ceiling="none"), sampler=sampler, panel=panel)


@pytest.mark.slow  # it compiles three models; the rules of both claims are tested above and in test_band
def test_five_years_decide_neither_of_the_claims_about_a_pull(real):
    """Events without any order: whatever the level does, sixty months cannot tell a slow pull from none."""
    pull, band = answered(real), CLAIMS["S8"].test(real)
    assert pull.answer == "undecided"
    assert 0.7 < numbers(pull)["half_life_sd_ratio"].value < 1.3
    assert numbers(pull)["log_bayes_factor"] == numbers(band)["log_bayes_factor"]
    assert all(
        np.isfinite(one.value) for verdict in (pull, band) for one in verdict.all_numbers if "_least" not in one.name
    )


TRUTH = {
    "linear": {"half_life": 10.0, "phi": 0.5**0.1, "sd": 1.2, "sigma": 1.2 * np.sqrt(1 - 0.5**0.2), "mu": 0.0},
    "none": {"sigma": 0.2},
}


@pytest.mark.slow
@pytest.mark.parametrize(("dynamics", "answers"), [("linear", {"supported"}), ("none", {"rejected", "undecided"})])
def test_long_records_are_told_apart(dynamics, answers):
    """Fifty years at six events a month: a strong pendulum is found, and a random walk is not taken for one."""
    spec = PendulumSpec.one_scale(dynamics=dynamics, ceiling="none")
    panel = make_panel(dyads=1, periods=600, eras=1, events=6, empty=0.1, seed=3)
    cuts = np.linspace(-3, 3, 7)[None]
    shared = {
        "tau": (("dyad",), [0.3]),
        "cutpoint": (("dataset", "cut"), cuts),
        "concentration": (("dataset",), [20.0]),
        "direction_offset": (("dyad", "direction", "dataset"), np.zeros((1, 1, 1))),
    }
    own = {
        name: (("era",) if name == "mu" else ("dyad",), [value]) for name, value in TRUTH[dynamics].items()
    }  # fmt: skip
    simulated, _ = simulate_panel(panel, xr.Dataset(shared | own), spec, seed=4)
    verdict = answered(Candidates(None, "USA-CHN", PendulumSpec.one_scale(ceiling="none"), panel=simulated))
    assert verdict.answer in answers
    if dynamics == "linear":
        # The logarithm is known to about 0.3, and the prior's centre of 24 months draws it up.
        assert 5.0 < numbers(verdict)["half_life"].value < 20.0
