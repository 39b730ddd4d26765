"""Frameworks: equilibria under their ceilings, and whether the data moved them."""

from datetime import date

import numpy as np
import pytest

from forecast.outlook import Estimate, NotDefined, assess
from forecast.outlook.draws import dyad_draws, stream
from forecast.outlook.level import contrast, headroom
from forecast.outlook.statements import claims


def test_eras_follow_each_other(assessment):
    first, second, last = assessment.frameworks.eras
    assert (first.end, second.start, second.end) == (
        date(2004, 12, 31),
        date(2005, 1, 1),
        date(2017, 6, 30),
    )
    assert last.end is None
    assert first.start < date(2000, 1, 1)  # it began before the panel


def test_every_trend_lies_in_its_band_and_under_its_ceiling(assessment):
    for era in assessment.frameworks.eras:
        assert (era.equilibrium.draws < era.ceiling.draws).all()
        assert (era.band_low.draws < era.equilibrium.draws).all()
        assert (era.equilibrium.draws < era.band_high.draws).all()


@pytest.mark.parametrize(("narrower", "moved"), [(1.0, False), (0.5, True)])
def test_headroom_is_compared_with_its_population(make, narrower, moved):
    made = make(("USA-CHN",), chains=4, draws=500)
    size = made.posterior["headroom_dyad"].shape
    sd, mean = 0.3, 0.1
    rng = np.random.default_rng(3)
    log_headroom = mean + narrower * sd * rng.standard_normal((*size[:2], 3))
    values = {
        "headroom_dyad": made.posterior["headroom_dyad"] * 0 + mean,
        "headroom_era_sd": made.posterior["headroom_era_sd"] * 0 + sd,
        "headroom": made.posterior["headroom"] * 0 + np.exp(log_headroom),
        "ceiling": made.posterior["mu"] + np.exp(log_headroom),
    }
    own = dyad_draws(type(made)(made.posterior.assign(values), made.panel, made.spec), "USA-CHN")
    learning = headroom(own, stream(1, "USA-CHN", "headroom")).learning
    # 2 000 draws on either side: the ratio's standard error is 1/sqrt(2 000), 0.022.
    assert learning.sd_ratio == pytest.approx(narrower, abs=4 * 0.022)
    assert learning.moved is moved
    result = assess(
        type(made)(made.posterior.assign(values), made.panel, made.spec), "USA-CHN", seed=1
    )
    assert result.frameworks.ceiling_assumed is not moved
    said = next(claim for claim in claims(result) if claim.code == "S4").sentence
    assert ("it is an assumption" in said) is not moved
    assert (
        headroom(own, stream(1, "USA-CHN", "headroom")).learning.compared_with
        == "the dyad's own population of frameworks"
    )


def test_room_is_from_the_trend_up_to_the_ceiling(fit, assessment):
    head, era = assessment.frameworks.headroom, assessment.frameworks.eras[-1]
    trend = dyad_draws(fit, "USA-CHN").trend[..., -1]
    np.testing.assert_allclose(
        head.room.draws, era.ceiling.draws - 100 / (1 + np.exp(-trend)), atol=1e-4
    )
    assert head.room.low > 0
    np.testing.assert_array_equal(head.near.draws, head.room.draws <= 5.0)
    np.testing.assert_allclose(
        head.log_odds.draws, fit.posterior["headroom"].sel(era="USA-CHN:competition")
    )


def test_a_technical_improvement_reaches_as_far_as_the_cycle_does(fit, assessment, make):
    """The cycle at its 95% quantile, above the trend where it stands, which may be above the
    ceiling."""
    own, reach = dyad_draws(fit, "USA-CHN"), assessment.frameworks.headroom.reach
    best = own.trend[..., -1] + 1.645 * own.scalars["cycle_sd"]
    np.testing.assert_allclose(
        reach.draws, 100 / (1 + np.exp(-best)) - assessment.standing.level.draws, atol=1e-4
    )
    none = headroom(
        dyad_draws(make(trend="walk", cycle="none"), "USA-CHN"), stream(1, "USA-CHN", "headroom")
    )
    assert isinstance(none.reach, NotDefined)
    assert none.room.low > 0


def test_a_dyad_stands_against_another(fit):
    versus = contrast(
        fit, dyad_draws(fit, "USA-CHN"), "USA-RUS", "confrontation", {"USA-RUS": "US-Russia"}
    )
    assert (versus.first_era, versus.second_era) == ("Competition", "Confrontation")
    for item in (versus.half_life, versus.equilibrium, versus.mean, versus.month_noise):
        first, second = item.first.draws, item.second.draws
        assert item.greater.value == pytest.approx((first > second).mean(), abs=1e-11)
        np.testing.assert_allclose(
            item.contrast.draws, first / second if item.ratio else first - second
        )


def test_a_contrast_needs_the_era_and_the_quantity(fit, make):
    absent = contrast(
        fit, dyad_draws(fit, "USA-CHN"), "USA-RUS", "detente", {"USA-RUS": "US-Russia"}
    )
    assert isinstance(absent, NotDefined)
    assert "confrontation, partnership" in absent.reason
    walk = make(trend="walk", cycle="none")
    versus = contrast(
        walk, dyad_draws(walk, "USA-CHN"), "USA-RUS", "confrontation", {"USA-RUS": "US-Russia"}
    )
    assert isinstance(versus.half_life, NotDefined)
    assert isinstance(versus.equilibrium, NotDefined)
    assert isinstance(versus.mean.first, Estimate)
