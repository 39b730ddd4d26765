"""First passages: a distribution with what is beyond, the same as counting by hand."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecast.base.dates import Clock
from forecast.outlook import assess, passage
from forecast.outlook.draws import dyad_draws, stream
from forecast.outlook.pendulum import ZONE_DEPTH, reaches, yearly_means
from forecast.outlook.simulations import simulate, simulate_from
from tests.made import make_fit

CLOCK = Clock(
    np.arange("2000-01", "2001-01", dtype="datetime64[M]").astype("datetime64[D]"), weekly=False
)
HORIZONS = (1, 3, 6)
There = arrays(bool, st.tuples(st.integers(1, 2), st.integers(4, 9), st.integers(1, 3), st.just(7)))


@given(There)
@settings(deadline=None)
def test_mass_and_beyond_make_one(there):
    when = passage(there, CLOCK, HORIZONS, 6, "there")
    assert when.mass.sum() + when.beyond.value == 1
    assert (when.mass >= 0).all()
    chances = [when.by[months].value for months in HORIZONS]
    assert chances == sorted(chances)
    assert when.by[6].value + when.beyond.value == 1
    assert (when.median is None) == (when.by[6].value < 0.5)


@given(There)
@settings(deadline=None)
def test_it_is_the_first_time(there):
    when = passage(there, CLOCK, HORIZONS, 6, "there")
    firsts = [
        next((t for t, here in enumerate(path) if here), None) for path in there.reshape(-1, 7)
    ]
    counted = [firsts.count(t) / len(firsts) for t in range(7)]
    np.testing.assert_allclose(when.mass, counted, atol=1e-11)


def test_a_target_is_crossed_from_where_the_level_stands():
    share = np.array([[[[40.0, 45, 55, 40]], [[60.0, 55, 52, 49]], [[50.0, 60, 60, 60]]]])
    there = reaches(share, np.full((1, 3), 50.0))
    np.testing.assert_array_equal(there[0, :, 0, 1], [False, False, True])
    np.testing.assert_array_equal(there[0, :, 0, 2:], [[True, False], [False, True], [True, True]])
    assert there[0, 2, 0, 0]  # already there


def mean_of_twelve(path, end):
    """Return the mean of the twelve values up to one, or of all there are."""
    return np.mean(path[max(0, end - 11) : end + 1])


def first_time(path, start, reached):
    """Return how many months after the present the mean of twelve months is somewhere, or None."""
    return next(
        (t for t in range(len(path) - start) if reached(mean_of_twelve(path, start + t))), None
    )


def test_means_of_twelve_months_are_those_counted_by_hand():
    rng = np.random.default_rng(1)
    for known in (1, 5, 12, 40):
        past, ahead = rng.uniform(0, 100, (2, 3, known)), rng.uniform(0, 100, (2, 3, 4, 31))
        found = yearly_means(past, ahead, CLOCK)
        for chain, draw, future in np.ndindex(2, 3, 4):
            path = np.r_[past[chain, draw], ahead[chain, draw, future, 1:]]
            counted = [mean_of_twelve(path, known - 1 + t) for t in range(31)]
            np.testing.assert_allclose(found[chain, draw, future], counted)


def test_passages_of_an_assessment_are_of_means_over_twelve_months():
    """A single month's level would be there much sooner: 85% where the year has 15%."""
    fit = make_fit(draws=10, chains=2)
    own, months = dyad_draws(fit, "USA-CHN"), 120
    result = assess(fit, "USA-CHN", horizons=(12, 24), seed=1)
    simulations = simulate(fit, own, months, 1, 4)
    released = simulate_from(own, 30.0 - ZONE_DEPTH, months, 4, stream(1, "USA-CHN", "release"))
    target, (low, high) = own.equilibrium(-2), own.band(-1, 0.5)
    back, entered, left, single = [], [], [], []
    for chain, draw, future in np.ndindex(simulations.share.shape[:3]):
        past, start = own.share[chain, draw].astype(float), own.share.shape[-1] - 1
        path = np.r_[past, simulations.share[chain, draw, future, 1:]]
        goal, side = target[chain, draw], np.sign(target[chain, draw] - mean_of_twelve(path, start))
        back.append(
            first_time(path, start, lambda mean, goal=goal, side=side: (mean - goal) * side >= 0)
        )
        ends = low[chain, draw], high[chain, draw]
        entered.append(first_time(path, start, lambda mean, ends=ends: ends[0] <= mean <= ends[1]))
        out = released[chain, draw, future]
        left.append(first_time(np.r_[np.full(11, out[0]), out], 11, lambda mean: mean >= 30.0))
        now = past[-1]
        single.append(((path[start : start + 25] - goal) * np.sign(goal - now) >= 0).any())
    for found, way in (
        (back, result.pendulum.back.passage),
        (entered, result.band.entry),
        (left, result.pendulum.zone.way_out),
    ):
        for horizon in (12, 24):
            counted = np.mean([time is not None and time <= horizon for time in found])
            np.testing.assert_allclose(way.by[horizon].value, counted, atol=1e-9)
        assert "mean level of 12 months" in way.by[24].definition
    assert result.pendulum.back.passage.by[24].value < np.mean(single)
    claim = next(one for one in result.claims if one.code == "S5")
    assert (
        "The chance that the mean of some twelve months reaches the equilibrium of"
        in claim.sentence
    )
