"""How likely a count is, with the number of the kind summed out, is how often it is drawn."""

import numpy as np
import pytest

from forecast.outlook.observed import MIX_MONTHS, mix_weights
from forecast.outlook.recorded import WindowCounts
from forecast.panel.record import placed_events
from forecast.questions.record import (
    ALL,
    NONE,
    CountedKind,
    chance_of_count,
    code_shares,
    coupled,
    record_of,
    record_without,
    side_shares,
)
from tests.questions.conftest import events, panel_as_of

DYAD, SIZE = "USA-CHN", 40_000
EVENTS = 60, 25
"""Hostile and cooperative ones of the months ahead."""


def kind_of(*codes):
    return CountedKind.of_codes("commitment", "some", codes)


def record_with(kind):
    return record_of(panel_as_of("2023-10-31"), DYAD, 0, kind, events())


def months(hostile, cooperative):
    """Two months of a single future, the events in the first."""
    return WindowCounts(np.array([[hostile + cooperative, 0]]), np.array([[cooperative, 0]]))


def drawn(record, kind):
    """Numbers of a kind, drawn as simulations draw them: a mix of either side, then a share of each class."""
    rng, cut = np.random.default_rng(1), record.zero_cut
    counts, found = record.counts[record.covered], np.zeros(SIZE, dtype=int)
    shares = dict(zip(kind.places, code_shares(record, kind), strict=True))
    for number, side in zip(EVENTS, (range(cut), range(cut, counts.shape[1])), strict=True):
        kinds = rng.multinomial(number, rng.dirichlet(mix_weights(counts[:, side], MIX_MONTHS), SIZE))
        for place in set(kind.places) & set(side):
            share = 1.0 if shares[place] == ALL else rng.beta(*shares[place], size=SIZE)
            found += rng.binomial(kinds[:, place - side.start], share)
    return found


@pytest.mark.parametrize(
    "codes",
    [
        ("18", "19", "20"),  # a class
        ("163",),  # a part of one
        ("163", "112", "150"),  # parts of several of a side
        ("163", "042", "05"),  # of both sides
    ],
)
def test_it_is_how_often_as_many_are_drawn(codes):
    kind = kind_of(*codes)
    record = record_with(kind)
    numbers, shares = drawn(record, kind), side_shares(record, kind)
    for need in np.unique(np.quantile(numbers, [0.1, 0.5, 0.9, 0.99]).astype(int)) + 1:
        found = chance_of_count(int(need), months(*EVENTS), shares).item()
        assert found == pytest.approx((numbers >= need).mean(), abs=0.012)


def test_what_is_there_already_and_what_cannot_come_are_certain():
    shares = side_shares(record_with(kind_of("163")), kind_of("163"))
    assert chance_of_count(0, months(3, 1), shares).item() == 1.0
    assert chance_of_count(4, months(3, 1), shares).item() == 0.0  # three are hostile
    assert chance_of_count(5, months(3, 1), shares).item() == 0.0
    assert chance_of_count(3, months(3, 1), (ALL, NONE)).item() == 1.0
    assert chance_of_count(3, months(3, 1), (NONE, ALL)).item() == 0.0
    assert chance_of_count(4, months(3, 1), (ALL, ALL)).item() == 1.0


def test_an_event_that_is_left_out_of_the_record_is_out_of_the_mix():
    kind = kind_of("163")
    record, rows = record_with(kind), panel_rows("163")
    without = record_without(record, rows, kind)
    assert record.total.sum() - without.total.sum() == rows["counted"].sum() == 1
    assert record.kind.sum() - without.kind.sum() == 1
    more, less = (chance_of_count(1, months(*EVENTS), side_shares(one, kind)).item() for one in (record, without))
    assert more > less
    other = record_without(record, panel_rows("112"), kind)
    assert chance_of_count(1, months(*EVENTS), side_shares(other, kind)).item() > more
    assert other.kind.sum() == record.kind.sum()


def panel_rows(code):
    """The last event that the panel counts of a code."""
    rows = placed_events(panel_as_of("2023-10-31"), DYAD, events())
    return rows[rows["cameo"].str.startswith(code) & (rows["counted"] == 1)].tail(1)


def test_what_was_drawn_stays_as_far_as_it_is_likely_and_is_the_other_chance_on_average():
    rng = np.random.default_rng(2)
    before, after = rng.random((2, 200_000))
    hit = rng.random(before.shape) < before
    found = coupled(hit, before, after)
    assert found.mean() == pytest.approx(after.mean(), abs=0.005)
    assert (found >= 0).all() and (found <= 1).all()
    np.testing.assert_array_equal(coupled(hit, before, before), hit)
