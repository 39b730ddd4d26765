"""Claims on a base of two time scales: what each sets against what, and that it runs through."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from model.fits import unobserved

from forecast.hypotheses.evidence.prior_scale import prior_sensitivity
from forecast.hypotheses.registry import CLAIMS

from .made import TWO_SCALES as BASE
from .made import MadeCandidates, comparison, numbers
from .made import candidates as made_candidates


@dataclass
class PriorCandidates(MadeCandidates):
    """Candidates whose fits are draws from their priors, of any spec."""

    made: dict = field(default_factory=dict)
    widened: list = field(default_factory=list)

    def fit(self, **choices):
        spec = replace(self.spec, **choices)
        if spec not in self.made:
            self.made[spec] = unobserved(self.panel, spec, chains=2, draws=100)
        return self.made[spec]

    def compare(self, claim, rival, words, scales=(), *, name="", decides=True):
        ours, theirs = (replace(self.spec, **choices) for choices in (claim, rival))
        self.asked.append((ours, theirs))
        self.widened.append(scales)
        return replace(comparison(), claim=words[0], rival=words[1], name=name, decides=decides)


def asked_of(code):
    plain = made_candidates(months=120, spec=BASE)
    candidates = PriorCandidates(None, "USA-CHN", panel=plain.panel, spec=BASE)
    verdict = CLAIMS[code].test(candidates)
    form = [tuple((one.structure, one.dynamics, one.ceiling) for one in pair) for pair in candidates.asked]
    return verdict, form


@pytest.fixture(scope="module")
def tested():
    return {code: asked_of(code) for code in ("S4", "S5", "S6", "S8")}


SWING, WALK, PULL = (("walk", "linear", ("trend",)), ("eras", "none", ("trend",)), ("eras", "linear", ("trend",)))


def test_a_swing_around_a_structure_is_set_against_a_walk_and_one_pull(tested):
    verdict, asked = tested["S5"]
    assert asked == [(SWING, WALK), (SWING, PULL)]
    assert verdict.answer == "supported"  # the made evidence is for the first of every two
    assert [one.decides for one in verdict.comparisons] == [True, False]
    found = numbers(verdict)
    assert 0 < found["swing_part"].low < found["swing_part"].high < 100
    assert found["half_life"].value == pytest.approx(found["prior_half_life"].value, rel=0.3)  # nothing was observed
    assert 0 < found["out_of_extreme_by_24_pull"].value <= found["out_of_extreme_by_60_pull"].value <= 1
    assert any("the swing alone" in words for words in verdict.prose)


def test_the_pulls_of_the_swing_are_set_against_each_other(tested):
    _, asked = tested["S6"]
    assert [(ours[:2], theirs[:2]) for ours, theirs in asked] == [
        (("walk", "cubic"), ("walk", "linear")),
        (("walk", "band"), ("walk", "linear")),
    ]


def test_a_middle_ground_is_asked_of_one_scale(tested):
    verdict, asked = tested["S8"]
    assert asked == [(PULL, WALK)]
    assert 0 < numbers(verdict)["near_record"].value < 100


def test_kinds_by_era_are_set_against_drift_and_none_and_bounds_are_of_one_scale(tested):
    verdict, asked = tested["S4"]
    kinds = [(ours[2], theirs[2]) for ours, theirs in asked if ours[0] == "walk"]
    assert kinds == [(("depth",), ()), (("depth",), ("trend",))]
    bounds = [(ours, theirs) for ours, theirs in asked if ours[0] == "eras"]
    assert [theirs[2] for _, theirs in bounds] == [("constant", "trend"), ("trend",)]
    assert len(kinds) + len(bounds) == len(asked)
    found = numbers(verdict)
    assert all(0 < found[f"deep_share_{place}"].low < found[f"deep_share_{place}"].high < 100 for place in (1, 2, 3))
    # Nothing was observed: an era is as likely to be deeper as to be less deep, and no drift has a direction.
    assert found["probability_deeper_harder"].value == pytest.approx(0.5, abs=0.15)
    assert found["depth_drift"].low < 0 < found["depth_drift"].high
    assert any("drift of the record" in words for words in verdict.prose)


def test_deeper_eras_have_more_of_the_deepest_kind():
    plain = made_candidates(months=120, spec=BASE)
    candidates = PriorCandidates(None, "USA-CHN", panel=plain.panel, spec=BASE)
    shift = candidates.fit(ceiling=("depth",)).posterior["depth_shift"]
    shift[...] = np.array([1.0, 0.0, -1.0])
    found = numbers(CLAIMS["S4"].test(candidates))
    assert found["deep_share_1"].value > found["deep_share_2"].value > found["deep_share_3"].value
    assert found["depth_difference"].value == pytest.approx(1.5)
    # The prior that the evidence is tried with is one that such a fit can be read under.
    widths = prior_sensitivity(candidates.fit(ceiling=("depth",)), candidates.widened[0], 0.0, 0.1)
    assert widths["prior"].tolist() == ["", "kind_eras", "kind_eras"]
