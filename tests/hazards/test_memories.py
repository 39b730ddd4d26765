"""Memories of event days: weights by age, and no look ahead."""

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from forecast.data.events import read_chronology
from forecast.data.events.sets import read_sets
from forecast.outlook.hazards.memories import (
    LEADS,
    MEMORIES,
    Covariates,
    EventDays,
    PairRecord,
    day_number,
)

AT = np.array([-5, 0, 4, 10, 300])


@pytest.fixture(scope="module")
def pair():
    return PairRecord.of("USA-IRN", date(1953, 5, 1), read_chronology(dyads=["USA-IRN"]).events)


def test_each_memory_weights_events_by_their_age():
    events = EventDays(np.array([-20, 0, 3, 3]), np.array([1.0, 2.0, 1.0, 1.0]))
    pairs = list(zip(*events, strict=True))
    expected = [
        [
            sum(number * np.exp(-(at - day) / length) for day, number in pairs if day < at)
            for at in AT
        ]
        for length in MEMORIES
    ]
    assert events.remembered(AT) == pytest.approx(np.array(expected))


def test_the_day_itself_is_ahead():
    events = EventDays(np.array([0]), np.array([1.0]))
    assert events.wait(np.array([-3, 0, 1])).tolist() == [3, 0, np.inf]
    assert events.silence(np.array([1]))[0] == 1


def test_nothing_that_comes_later_changes_a_covariate(pair):
    at = np.array([day_number(date(2019, 6, 1))])
    earlier = pair.events[pair.events["date"] < "2019-06-01"]
    known = PairRecord.of("USA-IRN", date(1953, 5, 1), earlier)
    strike = read_sets()["strike"]
    for first, end in pairwise(LEADS):
        all_of_it, before = (
            Covariates.of(one, one.of_set(strike), at, 1e-3).at_lead(first, end)
            for one in (pair, known)
        )
        assert all_of_it == pytest.approx(before)


def test_a_summit_counts_from_the_day_it_is_announced():
    china = PairRecord.of("USA-CHN", date(1949, 10, 1), read_chronology(dyads=["USA-CHN"]).events)
    day, known = max(china.meetings)
    own = china.of_set(read_sets()["meeting"])
    counts = [
        Covariates.of(china, own, np.array([at]), 1e-3).at_lead(0, day - known + 2)[0, -2]
        for at in (known - 1, known)
    ]
    assert counts[1] > counts[0]
