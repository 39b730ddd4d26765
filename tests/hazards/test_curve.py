"""Curve of a set: probabilities that agree with each other."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.outlook.hazards.curve import HazardCurve, WarRates, spell_chance, summed

WAR = WarRates(14.0, 100.0, np.array([20.0, 60.0, 200.0, 900.0]), 0.01)


@pytest.fixture(params=[(0.15, None), (1.0, None), (6.0, None), (1.0, WAR)])
def curve(request):
    hazard = np.array([0.05, 0.03, 0.02, 0.02, 0.01, 0.01])
    held, exposure = np.array([3.0, 8.0, 20.0]), np.array([240.0, 1000.0, 3000.0])
    shape, war = request.param
    return HazardCurve(hazard, held, exposure, 1.5 * hazard, shape, war)


def test_no_longer_window_is_less_likely(curve):
    chances = [curve.at_least(1, 0, days) for days in range(1, 400)]
    assert np.all(np.diff(chances) >= 0)


@pytest.mark.parametrize("number", [2, 5])
def test_the_same_holds_for_more_events_and_more_are_less_likely(curve, number):
    chances = np.array([curve.at_least(number, 0, days) for days in range(1, 400)])
    assert np.all(np.diff(chances) >= -1e-12)
    assert all(
        curve.at_least(number, 0, days) <= curve.at_least(number - 1, 0, days)
        for days in (7, 90, 365)
    )


def test_a_later_window_is_no_likelier_than_one_that_contains_it(curve):
    for first, end in ((10, 30), (30, 90), (180, 365)):
        assert curve.at_least(1, first, end) <= curve.at_least(1, 0, end)


def test_numbers_of_events_add_up_to_the_expected_number(curve):
    by_number = [curve.at_least(number, 0, 90) for number in range(1, 400)]
    assert sum(by_number) == pytest.approx(curve.expected(0, 90), rel=0.02)


def test_quiet_days_in_a_window_of_their_length_are_the_chance_of_none(curve):
    assert curve.quiet(14, 0, 14) == 1 - curve.at_least(1, 0, 14)
    assert curve.quiet(14, 3, 17) == 1 - curve.at_least(1, 3, 17)
    assert curve.quiet(14, 0, 15) >= curve.quiet(14, 0, 14) - 0.01


def test_quiet_days_are_likelier_the_longer_the_window_and_the_fewer(curve):
    chances = [curve.quiet(14, 0, days) for days in (14, 30, 90)]
    assert chances == sorted(chances)
    assert curve.quiet(7, 0, 30) >= curve.quiet(14, 0, 30)


def test_a_war_that_ends_soon_makes_quiet_days_likelier(curve):
    soon, late = (replace(WAR, ends=np.array(ends)) for ends in ([10.0, 20.0], [900.0]))
    assert replace(curve, war=soon).quiet(30, 0, 90) > replace(curve, war=late).quiet(30, 0, 90)
    assert replace(curve, war=soon).at_least(1, 0, 90) < replace(curve, war=late).at_least(1, 0, 90)


def test_higher_rates_make_events_likelier_and_quiet_days_less_so(curve):
    assert curve.scaled(2.0).at_least(1, 0, 30) > curve.at_least(1, 0, 30)
    assert curve.scaled(2.0).quiet(14, 0, 30) < curve.quiet(14, 0, 30)


def test_the_chance_of_a_spell_is_that_of_simulated_days():
    chance = np.full((1, 40), 0.2)
    days = np.random.default_rng(1).random((20_000, 40)) < 0.2
    runs = np.zeros(len(days), dtype=int)
    longest = runs.copy()
    for one in days.T:
        runs = np.where(one, 0, runs + 1)
        longest = np.maximum(longest, runs)
    assert spell_chance(chance, 10, 0)[0] == pytest.approx((longest >= 10).mean(), abs=0.01)


def test_a_rate_goes_on_after_the_last_lead():
    assert summed(np.ones(6), np.array([1000.0]))[0] == 1000
