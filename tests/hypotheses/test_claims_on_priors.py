"""Claims on fits of the real model: what each sets against what, and that it runs through."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from model.fits import unobserved

from forecast.hypotheses.prior_scale import prior_sensitivity
from forecast.hypotheses.registry import CLAIMS

from .made import MadeCandidates, comparison, model, numbers
from .made import candidates as made_candidates


@dataclass
class PriorCandidates(MadeCandidates):
    """Candidates whose fits are draws from their priors, of any spec."""

    made: dict = field(default_factory=dict)
    widened: list = field(default_factory=list)

    def fit(self, **choices):
        spec = self.spec.with_choices(**choices)
        if spec not in self.made:
            self.made[spec] = unobserved(self.panel, spec, chains=2, draws=100)
        return self.made[spec]

    def compare(self, claim, rival, words, scales=(), *, name="", decides=True):
        ours, theirs = (self.spec.with_choices(**choices) for choices in (claim, rival))
        self.asked.append((ours, theirs))
        self.widened.append(scales)
        return replace(comparison(), claim=words[0], rival=words[1], name=name, decides=decides)


def asked_of(code):
    candidates = PriorCandidates(None, "USA-CHN", panel=made_candidates(months=120).panel)
    verdict = CLAIMS[code].test(candidates)
    form = [tuple(map(model, pair)) for pair in candidates.asked]
    return verdict, form


@pytest.fixture(scope="module")
def tested():
    return {code: asked_of(code) for code in ("S4", "S5", "S6", "S8")}


CYCLE, WALK, ONE = "reverting/linear/none/years", "walk/none/none/years", "constant/linear/none/years"


def test_a_cycle_around_a_trend_is_set_against_a_walk_and_one_component(tested):
    verdict, asked = tested["S5"]
    assert asked == [(CYCLE, WALK), (CYCLE, ONE)]
    assert verdict.answer == "supported"  # the made evidence is for the first of every two
    assert [one.decides for one in verdict.comparisons] == [True, False]
    found = numbers(verdict)
    assert 0 < found["cycle_part"].low < found["cycle_part"].high < 100
    assert found["half_life"].value == pytest.approx(found["prior_half_life"].value, rel=0.3)  # nothing was observed
    assert 0 < found["out_of_extreme_by_24_cycle"].value <= found["out_of_extreme_by_60_cycle"].value <= 1
    assert any("Only the cycle reverts" in words for words in verdict.prose)


def test_cycles_around_the_same_trend_are_set_against_each_other(tested):
    _, asked = tested["S6"]
    assert asked == [(f"reverting/{name}/none/years", CYCLE) for name in ("cubic", "band")]


def test_a_middle_ground_is_asked_of_one_component(tested):
    verdict, asked = tested["S8"]
    assert asked == [(ONE, WALK)]
    assert 0 < numbers(verdict)["near_record"].value < 100


def test_kinds_by_era_are_set_against_drift_and_none_and_a_ceiling_against_none(tested):
    verdict, asked = tested["S4"]
    eras = "reverting/linear/framework/eras"
    kinds = [(eras, f"reverting/linear/framework/{form}") for form in ("none", "years")]
    assert asked == [*kinds, ("reverting/linear/framework/years", CYCLE)]
    found = numbers(verdict)
    assert all(0 < found[f"deep_share_{place}"].low < found[f"deep_share_{place}"].high < 100 for place in (1, 2, 3))
    # Nothing was observed: an era is as likely to be deeper as to be less deep, and no drift has a direction.
    assert found["probability_deeper_harder"].value == pytest.approx(0.5, abs=0.15)
    assert found["depth_drift"].low < 0 < found["depth_drift"].high
    assert any("kinds drift in time" in words for words in verdict.prose)


def test_deeper_eras_have_more_of_the_deepest_kind():
    candidates = PriorCandidates(None, "USA-CHN", panel=made_candidates(months=120).panel)
    shift = candidates.fit(kind_drift="eras").posterior["depth_shift"]
    shift[...] = np.array([1.0, 0.0, -1.0])
    found = numbers(CLAIMS["S4"].test(candidates))
    assert found["deep_share_1"].value > found["deep_share_2"].value > found["deep_share_3"].value
    assert found["depth_difference"].value == pytest.approx(1.5)
    # The prior that the evidence is tried with is one that such a fit can be read under.
    widths = prior_sensitivity(candidates.fit(kind_drift="eras"), candidates.widened[0], 0.0, 0.1)
    assert widths["prior"].tolist() == ["", "kind_eras", "kind_eras"]
