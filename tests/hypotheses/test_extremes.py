"""The test of nonlinear reversion (S6)."""

import numpy as np
import pytest

from forecast.hypotheses import Rule
from forecast.hypotheses.claims import extremes
from forecast.hypotheses.measures import prior_of
from forecast.hypotheses.registry import CLAIMS
from forecast.outlook.draws import dyad_draws

from .made import candidates, comparison, numbers

LINEAR = "reverting/linear/none/years"
CUBIC, BAND = ((f"reverting/{name}/none/years", LINEAR) for name in ("cubic", "band"))


@pytest.fixture(scope="module")
def made():
    return candidates(evidence_of={CUBIC: comparison(-4.0), BAND: comparison(4.0)}, posterior={"lean": 0.8})


@pytest.fixture(scope="module")
def verdict(made):
    return CLAIMS["S6"].test(made)


def test_nonlinear_reversion_decides_and_the_band_stands_beside(made, verdict):
    assert [ask[:2] for ask in made.asked] == [CUBIC, BAND]
    assert verdict.answer == "rejected"
    assert numbers(verdict)["log_bayes_factor"].value == -4.0
    assert numbers(verdict)["log_bayes_factor_band"].value == 4.0
    assert list(verdict.table["comparison"]) == list(verdict.drawing.series[0].x)


def test_the_side_that_leans_is_the_stronger(verdict):
    found = numbers(verdict)
    assert found["probability_hostile_stronger"].value > 0.99
    # The made growth is 0.4 with a lean of 0.8: 1.4, and exp(0.8) or exp(-0.8) times as much on the sides.
    assert found["strength"].value == pytest.approx(1.4, abs=0.02)
    assert found["strength_hostile"].value == pytest.approx(1 + 0.4 * np.exp(0.8), abs=0.05)
    assert found["strength_friendly"].value == pytest.approx(1 + 0.4 * np.exp(-0.8), abs=0.05)
    assert found["asymmetry"].low > 0
    chances = [found[f"asymmetry_{where}_rope"].value for where in ("below", "in", "above")]
    assert sum(chances) == pytest.approx(1.0)


def test_reversion_without_lean_undoes_as_much_on_either_side(made):
    own = dyad_draws(made.fit(cycle="cubic"), made.dyad).scalars
    own["lean"][:] = 0.0
    assert extremes.undone(own, 1.0, 12) == pytest.approx(extremes.undone(own, -1.0, 12))
    own["stiffening"][:] = 0.0  # and without growth it is the linear one
    assert extremes.undone(own, 1.0, 12) == pytest.approx(own["cycle_sd"] * (1 - own["phi"] ** 12))


def test_growth_that_is_the_priors_is_called_so():
    """The prior of the growth, half-normal, taken for its posterior; the made one is narrow."""
    made = candidates(evidence_of={CUBIC: comparison(0.1), BAND: comparison(0.1)})
    fitted = made.fit(**made.around_trend("cubic"))
    prior = prior_of(made, **made.around_trend("cubic"))
    for name in ("stiffening", "lean"):
        fitted.posterior[name][:] = prior[name].to_numpy()[0, :800].reshape(2, 400)
    verdict = CLAIMS["S6"].test(made)
    assert verdict.answer == Rule().decide(comparison(0.1)) == "undecided"
    assert any("did not move its growth" in words for words in verdict.prose)
    assert any("practically none" in words and "efore the data" in words for words in verdict.prose)
    assert numbers(verdict)["probability_hostile_stronger"].value == pytest.approx(0.5, abs=0.08)
