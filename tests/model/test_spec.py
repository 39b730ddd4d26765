"""Choices that make no sense are errors that name the field and the remedy."""

import numpy as np
import pytest

from forecast.base.errors import SpecError
from forecast.model import PendulumSpec, Priors
from forecast.model.process.priors import all_priors


@pytest.mark.parametrize(
    ("choices", "field", "remedies"),
    [
        (
            {"cycle": "none"},
            "cycle: 'none' with trend='reverting'",
            ("trend='constant', cycle='linear'", "trend='walk', cycle='none'"),
        ),
        (
            {"trend": "constant", "cycle": "none"},
            "cycle: 'none' with trend='constant'",
            ("use trend='walk' or a cycle",),
        ),
        (
            {"trend": "constant", "ceiling": "framework"},
            "ceiling: 'framework'",
            ("trend='reverting' or 'walk'", "ceiling='none'"),
        ),
        ({"trend": "river"}, "trend: got 'river'", ("expected one of reverting, walk, constant",)),
        (
            {"cycle": "circular"},
            "cycle: got 'circular'",
            ("expected one of linear, band, cubic", "none"),
        ),
        ({"ceiling": "glass"}, "ceiling: got 'glass'", ("expected one of none, framework",)),
        ({"observation": "tea leaves"}, "tea leaves", ("sides, index",)),
        ({"nodes": 0}, "nodes: got 0", ("1 to 64",)),
    ],
)
def test_choices_that_make_no_sense_name_field_and_remedy(choices, field, remedies):
    with pytest.raises(SpecError) as raised:
        PendulumSpec(**choices)
    for words in (field, *remedies):
        assert words in str(raised.value)


@pytest.mark.parametrize("trend", ["reverting", "walk", "constant"])
@pytest.mark.parametrize("cycle", ["linear", "band", "cubic", "none"])
@pytest.mark.parametrize("ceiling", ["none", "framework"])
def test_all_else_is_a_member_of_the_family_and_survives_plain_values(trend, cycle, ceiling):
    if (cycle == "none" and trend != "walk") or (ceiling == "framework" and trend == "constant"):
        pytest.skip("rejected above")
    spec = PendulumSpec(trend=trend, cycle=cycle, ceiling=ceiling)
    assert PendulumSpec.from_dict(spec.to_dict()) == spec
    assert spec.components == (trend != "constant") + (cycle != "none")


@pytest.mark.parametrize(
    ("choices", "prior", "why"),
    [
        ({"trend": "walk"}, {"trend_half_life": (4.0, 0.5)}, "trend='walk' does not return"),
        ({"trend": "walk"}, {"trend_mean_dyads": 0.4}, "no long-run mean"),
        (
            {"trend": "constant"},
            {"trend_half_life": (4.0, 0.5)},
            "trend='constant' does not return",
        ),
        ({"trend": "constant"}, {"trend_step": (-2.0, 0.3)}, "trend='constant' has no path"),
        ({"trend": "constant"}, {"trend_start": 1.0}, "trend='constant' has no path"),
        ({"jumps": False}, {"trend_jump": 0.2}, "jumps=False"),
        ({"trend": "walk", "cycle": "none"}, {"cycle_half_life": (2.0, 0.5)}, "cycle='none'"),
        ({"trend": "walk", "cycle": "none"}, {"cycle_sd_dyads": 0.2}, "cycle='none'"),
        ({"ceiling": "none"}, {"headroom": (0.5, 0.5)}, "ceiling='none' has no headroom"),
        ({}, {"driver_effects": 0.3}, "there are no drivers"),
        ({}, {"band": (0.1, 0.2)}, "it belongs to cycle='band'"),
        ({"cycle": "band"}, {"lean": 0.2}, "it belongs to cycle='cubic'"),
        ({"month_noise": False}, {"noise": (-1.0, 0.3)}, "month_noise=False"),
        ({"volume_effect": False}, {"volume_effect": (-0.2, 0.3)}, "volume_effect=False"),
        ({"overdispersion": False}, {"concentration": (1.0, 0.3)}, "overdispersion=False"),
        ({"observation": "index"}, {"concentration": (0.0, 0.3)}, "this is an index"),
    ],
)
def test_a_prior_that_the_spec_does_not_use_is_named(choices, prior, why):
    (name,) = prior
    with pytest.raises(SpecError, match=f"priors: {name} was changed, but ") as raised:
        PendulumSpec(**choices, priors=Priors(**prior))
    assert why in str(raised.value) and "leave it out, or change the spec" in str(raised.value)


def test_what_a_spec_uses_may_be_changed():
    priors = Priors(trend_half_life=(4.0, 0.5), headroom=(0.5, 0.5), band=(0.1, 0.2))
    assert PendulumSpec(ceiling="framework", cycle="band", priors=priors).priors == priors


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("half_life", "cycle_half_life"),
        ("trend_halflife", "trend_half_life"),
        ("cycle_spread", "cycle_sd"),
    ],
)
def test_an_unknown_prior_is_answered_with_one_like_it(old, new):
    with pytest.raises(SpecError, match=rf"priors: unknown {old}; did you mean .*\b{new}\b"):
        Priors(**{old: (3.0, 0.5)})


@pytest.mark.parametrize(
    ("name", "months", "longest"),
    [("cycle_half_life", 24.0, "240"), ("trend_half_life", 180.0, "2400")],
)
def test_months_where_their_logarithm_is_meant_are_refused(name, months, longest):
    with pytest.raises(
        SpecError, match=f"priors: {name} .*are more than {longest}.*np.log\\({months:g}\\)"
    ):
        Priors(**{name: (months, 0.5)})
    assert getattr(Priors(**{name: (float(np.log(months)), 0.5)}), name)[0] == pytest.approx(
        np.log(months)
    )


def test_a_trend_may_return_in_a_century_and_a_cycle_may_not():
    century = (float(np.log(1200.0)), 0.5)
    assert Priors(trend_half_life=century).trend_half_life == century
    with pytest.raises(SpecError, match="cycle_half_life"):
        Priors(cycle_half_life=century)


def test_fields_of_no_spec_are_refused_with_those_that_there_are():
    with pytest.raises(
        SpecError, match=r"unknown field dynamics, structure; known are .*cycle.*trend"
    ):
        PendulumSpec.from_dict({"dynamics": "linear", "structure": "walk"})
    assert "cycle_half_life" in all_priors()
