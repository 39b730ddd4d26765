"""War as a state: onset, continuation and end."""

from datetime import date

import numpy as np
import pytest

from forecast.outlook.hazards.curve import HazardCurve
from forecast.outlook.hazards.memories import EventDays
from forecast.outlook.hazards.wars import WarLengths, in_war, published_lengths, war_now, wars_of


@pytest.fixture
def violence():
    days = np.array([0, 10, 20, 40, 500, 900, 905, 930, 960])
    return EventDays(days, np.ones(len(days)))


def test_violent_events_close_to_each_other_are_a_war_and_one_alone_is_none(violence):
    assert [(war.start, war.last) for war in wars_of(violence, 2000)] == [(0, 40), (900, 960)]


def test_a_war_goes_on_until_no_event_has_come_for_long(violence):
    assert war_now(violence, 41).start == 0
    assert war_now(violence, 200) is None
    assert war_now(violence, 15) is None  # two events are not yet a war


def test_the_longer_a_war_has_lasted_the_likelier_it_goes_on():
    lengths = WarLengths.of([20, 40, 90], published_lengths(date(2020, 1, 1)))
    assert lengths.continues(1000, 30) > lengths.continues(30, 30)
    assert lengths.continues(30, 30) > lengths.continues(30, 90)


def test_days_on_which_a_war_may_end_lie_ahead_and_agree_with_the_chance_that_it_goes_on():
    lengths = WarLengths.of([20, 40, 90], published_lengths(date(2020, 1, 1)))
    ends = lengths.ends(60)
    assert np.all(ends > 0)
    assert (ends > 90).mean() == pytest.approx(lengths.continues(60, 90), abs=0.05)


def test_wars_that_end_later_are_not_known():
    assert len(published_lengths(date(1990, 1, 1))) < len(published_lengths(date(2020, 1, 1)))


def test_a_war_has_its_own_rate_between_the_usual_one_and_what_it_has_shown(violence):
    hazard = np.full(6, 0.02)
    curve = HazardCurve(hazard, np.full(3, 2.0), np.full(3, 300.0), hazard, 1.0)
    war, lengths = war_now(violence, 961), WarLengths(4.0, 1.0)
    own = in_war(curve, "violence", violence, war, 961, lengths)
    usual = curve.expected(0, 90) / 90
    assert usual < own.war.rate < 4 / 61
    assert own.at_least(1, 0, 30) > curve.at_least(1, 0, 30)
    assert in_war(curve, "visit", violence, war, 961, lengths) is curve
    assert in_war(curve, "violence", violence, None, 961, lengths) is curve
