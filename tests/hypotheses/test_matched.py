"""What followed chosen months: against records where it is known what followed."""

import numpy as np
import pytest
from scipy.stats import kstest

from forecast.hypotheses.claims.visits import AFTER, BEFORE, NEIGHBOURS, Matching


def record(rng, *, rate=0.1, periods=700, effect=0.0, by_level=True):
    """A level that swings within eras, and chosen months, the likelier the better the last year was.

    An effect of one makes the twelve months after a chosen one better by a log-odds of 1.
    """
    phi, equilibria = 0.5 ** (1 / 36), np.repeat(rng.normal(0.0, 0.5, 4), periods // 4)
    level, events = equilibria[0], rng.poisson(2.6, periods)
    cooperative, boost, chosen = np.zeros(periods, dtype=int), np.zeros(periods + 13), []
    for t in range(periods):
        level = equilibria[t] + phi * (level - equilibria[t]) + 0.8 * np.sqrt(1 - phi**2) * rng.standard_normal()
        odds = level + boost[t] + 0.6 * rng.standard_normal()
        cooperative[t] = rng.binomial(events[t], 1 / (1 + np.exp(-odds)))
        seen = slice(max(t - 13, 0), max(t - 1, 0))
        share = (cooperative[seen].sum() + 1) / (events[seen].sum() + 2) if by_level else 0.5
        if rng.random() < 2 * rate * share:
            chosen.append(t)
            boost[t + 1 : t + 13] = effect
    return Matching(cooperative, events), np.array(chosen)


def placebo_p(matching, chosen, number=99):
    mean, moved = matching.follow(chosen)["year"].mean, matching.placebos(chosen, number)["year"]
    far = np.abs(moved - moved.mean()) >= abs(mean - moved.mean())
    return mean, (1 + far.sum()) / (1 + far.size)


def test_a_strong_response_is_found_in_its_months_and_not_after():
    rng = np.random.default_rng(1)
    events = np.full(600, 4)
    chosen = np.arange(60, 580, 40)
    cooperative = rng.binomial(4, 0.5, 600)
    for t in chosen:
        cooperative[t + 1 : t + 7] = 4
    found = Matching(cooperative, events).follow(chosen)
    # 13 pairs, four events a month: standard errors from 8 points (one month) to 3.
    assert {name: one.mean for name, one in found.items()} == pytest.approx(
        {"1": 50, "3": 50, "6": 50, "12": 0, "year": 25}, abs=16
    )
    assert all(one.periods.size == chosen.size for one in found.values())


def test_neither_the_month_itself_nor_its_eve_is_read():
    rng, chosen = np.random.default_rng(2), np.array([100, 160, 220, 280, 330])
    good, events = rng.binomial(3, 0.5, 400), np.full(400, 3)
    changed = good.copy()
    changed[chosen], changed[chosen - 1] = 0, 3
    before, after = BEFORE["half a year"], AFTER["year"]
    for first, last in (tuple(-month for month in reversed(before)), after):
        one, other = (Matching(counts, events)._share(first, last)[0][chosen] for counts in (good, changed))
        assert one == pytest.approx(other)


def test_matched_months_have_no_chosen_one_near_and_as_much_ahead():
    matching, chosen = record(np.random.default_rng(3))
    own, matched = matching.matches(chosen, ahead=12)
    assert matched.shape == (own.size, NEIGHBOURS)
    assert np.abs(matched[..., None] - chosen).min() > 2
    assert max(own.max(), matched.max()) + 12 < matching.events.size
    assert matched.min() >= chosen.min()


def test_what_cannot_be_matched_is_empty():
    matching = Matching(np.ones(40, dtype=int), np.ones(40, dtype=int))
    found = matching.follow(np.arange(0, 40, 3))
    assert all(one.periods.size == 0 and np.isnan(one.mean) for one in found.values())
    assert matching.matches(np.arange(0, 40, 3))[1].shape == (0, NEIGHBOURS)


def test_windows_of_weeks_cover_the_months():
    weekly = Matching(np.ones(200, dtype=int), np.ones(200, dtype=int), per_month=365.25 / 12 / 7)
    assert weekly.after["1"] == (1, 4)
    assert weekly.after["year"] == (1, 52)
    assert set(weekly.after) == set(AFTER)


def test_a_response_stands_out_among_moved_dates_and_none_does_not():
    matching, chosen = record(np.random.default_rng(5), rate=0.03, effect=1.5)
    mean, p = placebo_p(matching, chosen)
    # A log-odds of 1.5 is up to 32 points of share, less where the level is far from even.
    assert 8 < mean < 35
    assert p < 0.05


@pytest.mark.slow
def test_placebo_p_values_are_uniform_where_nothing_follows():
    """Chosen months follow good years, which nothing but the matching undoes; 200 records."""
    values = [placebo_p(*record(np.random.default_rng(seed), rate=0.1))[1] for seed in range(200)]
    # p-values of 99 moves are multiples of 0.01; a uniform distribution fails with a chance of 1 in 1,000.
    assert kstest(values, "uniform").pvalue > 0.001
    assert np.mean(np.array(values) < 0.1) < 0.17
