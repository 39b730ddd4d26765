"""Scores against scoringrules on draws, other ways of computing them, and cases worked out by hand."""

from datetime import date
from itertools import product

import numpy as np
import pytest
import scoringrules
from scipy.stats import betabinom, binom, kstest

from forecast.base.errors import SpecError
from forecast.base.numeric import lead, paired
from forecast.outlook.recorded import WindowCounts
from forecast.study.evaluation.origins import RecordedWindow
from forecast.study.evaluation.scores import (
    Prediction,
    brier_parts,
    brier_score,
    calibration,
    covered,
    crps,
    in_the_middle,
    log_score,
    mixed,
    outcomes,
    pit,
    pit_band,
    predict_free,
    predict_given,
    probability_of_count,
)


def window(total, cooperative, before=(10, 5)):
    counts = WindowCounts(np.array(total), np.array(cooperative))
    return RecordedWindow(
        "USA-CHN", date(2020, 1, 1), len(total), counts, WindowCounts(*np.array(before)[:, None])
    )


def rng(seed=1):
    return np.random.default_rng(seed)


def test_crps_is_that_of_the_draws():
    chances = rng().beta(3, 2, (400, 3))
    seen = window([5, 0, 4], [2, 0, 3])
    found = predict_given(chances, seen, rng(7))
    draws = rng(7).binomial(seen.counts.total, chances).sum(axis=1) / seen.n
    assert crps(found, 5 / 9) == pytest.approx(
        100 * scoringrules.crps_ensemble(5 / 9, draws, estimator="nrg")
    )
    assert crps(found, 5 / 9) == pytest.approx(
        100 * (np.abs(draws - 5 / 9).mean() - np.abs(draws[:, None] - draws).mean() / 2)
    )


def test_crps_of_an_even_bet_by_hand():
    even = Prediction(
        np.array([0.5, 0.0, 0.5]), 0.0, 0.0, None, None
    )  # 0 or 1: |x - y| is 0.5 and |x - x'| is 0.5
    assert crps(even, 0.5) == pytest.approx(100 * (0.5 - 0.25))


def test_the_probability_of_a_count_is_that_of_all_ways_to_reach_it():
    chances, total = np.array([[0.2, 0.5, 0.9]]), np.array([2, 0, 1])
    ways = sum(
        np.prod([binom.pmf(k, n, p) for k, n, p in zip(ks, total, chances[0], strict=True)])
        for ks in product(range(3), range(1), range(2))
        if sum(ks) == 2
    )
    assert probability_of_count(chances, total, 2) == pytest.approx(ways)


@pytest.mark.parametrize("chance", [0.003, 0.4, 0.99])
def test_counts_of_thousands_have_their_binomial_probability(chance):
    """What is left out of the transform of a wide distribution is lost in its rounding."""
    chances, total = np.full((60, 24), chance), np.full(24, 150)
    for count in (0, int(3600 * chance), int(3600 * chance) + 15, 3600):
        expected = binom.pmf(count, 3600, chance)
        assert probability_of_count(chances, total, count) == pytest.approx(
            expected, rel=1e-9, abs=1e-15
        )


def test_the_log_score_of_beta_binomial_chances():
    chances = np.repeat(rng().beta(4, 2, 20000)[:, None], 2, axis=1)
    found = predict_given(chances, window([6, 6], [4, 4]), rng())
    assert log_score(found) == pytest.approx(-betabinom.logpmf(8, 12, 4, 2), abs=0.05)


def test_up_and_down():
    seen = window([10], [6], before=(10, 5))
    assert outcomes(seen.share, seen.before, 5.0) == (True, False)
    # exactly ten points more, whatever the last bit says
    assert outcomes(seen.share, seen.before, 10.0) == (True, False)
    assert outcomes(seen.share, seen.before, 10.1) == (False, False)
    assert window([10], [6], before=(2, 1)).before is None
    assert outcomes(60.0, None, 5.0) == (None, None)
    sure = predict_given(np.full((100, 1), 1 - 1e-9), seen, rng())
    assert (sure.up, sure.down) == (1.0, 0.0)


def test_an_unknown_number_of_events_is_given_that_the_window_is_not_void():
    volume = np.array([[2], [4], [4], [4]])
    found = predict_free(np.full((4, 1), 1 - 1e-9), volume, window([4], [4]), rng())
    assert found.weights[-1] == pytest.approx(1.0)
    assert found.density is None and log_score(found) is None


def test_a_window_after_silence_has_as_many_events_as_it_needs():
    silent = predict_free(
        np.full((4000, 2), 0.5), np.zeros((4000, 2), dtype=int), window([4, 0], [4, 0]), rng()
    )
    assert silent.support[np.flatnonzero(silent.weights)] == pytest.approx(
        [0, 1 / 3, 2 / 3, 1], abs=0.003
    )
    assert silent.weights[0] == pytest.approx(1 / 8, abs=0.02)


def test_kept_values_come_back_as_they_were():
    found = predict_given(rng().random((50, 2)), window([3, 2], [1, 1]), rng())
    again = Prediction.from_dict(found.to_dict())
    assert np.array_equal(found.weights, again.weights) and found.density == again.density


def test_a_mixture_is_scored_as_its_draws_would_be():
    seen = window([8], [3])
    parts = [
        predict_given(rng(i).beta(a, b, (500, 1)), seen, rng(i + 5))
        for i, (a, b) in enumerate(((2, 5), (5, 2)))
    ]
    blend = mixed(parts)
    draws = np.concatenate(
        [np.repeat(part.support, np.rint(500 * part.weights).astype(int)) for part in parts]
    )
    assert crps(blend, 3 / 8) == pytest.approx(
        100 * scoringrules.crps_ensemble(3 / 8, draws, estimator="nrg")
    )
    assert blend.up == pytest.approx((parts[0].up + parts[1].up) / 2)
    assert blend.density == pytest.approx((parts[0].density + parts[1].density) / 2)


def test_intervals_and_pit_are_calibrated_when_the_forecaster_is():
    chance, values, inside = rng(3), [], []
    for _ in range(600):
        p = chance.beta(2, 3)
        k = chance.binomial(9, p)
        found = predict_given(chance.beta(2, 3, (400, 1)), window([9], [k]), chance)
        values.append(pit(found, chance))
        inside.append([covered(found, level) for level in (0.5, 0.8, 0.9)])
    assert kstest(values, "uniform").pvalue > 0.01
    levels = np.array([0.5, 0.8, 0.9])
    assert (
        np.mean(inside, axis=0) > levels + 0.02
    ).all()  # shares of nine events have steps: more than is named
    middle = [in_the_middle(values, level) for level in levels]
    assert middle == pytest.approx(levels, abs=3 * np.sqrt(0.25 / 600))
    band = pit_band(values)
    assert ((band.y >= band.low) & (band.y <= band.high)).all()


def test_a_pit_that_is_not_uniform_leaves_its_band():
    band = pit_band(rng().random(300) ** 2)
    assert ((band.y < band.low) | (band.y > band.high)).any()


def test_the_parts_of_a_brier_score_add_up_to_it():
    said = rng().random(400)
    was = rng(2).random(400) < said**2
    found, score = brier_parts(said, was), np.mean((said - was) ** 2)
    assert brier_score(said, was) == pytest.approx(score)
    whole = found["reliability"] - found["resolution"] + found["uncertainty"] + found["within_bins"]
    assert whole == pytest.approx(score)
    on_bins = brier_parts(np.round(said * 9) / 10 + 0.05, was)
    assert on_bins["within_bins"] == pytest.approx(0, abs=1e-12)
    yes, no = said[was], said[~was]
    assert found["discrimination"] == pytest.approx((yes[:, None] > no).mean())
    assert brier_parts([0.2], [False])["discrimination"] is None
    with pytest.raises(SpecError):
        brier_parts([], [])


def test_calibration_finds_what_is_said_too_boldly():
    said = rng().random(800)
    honest, bold = (
        calibration(said, rng(2).random(800) < said),
        calibration(said, rng(2).random(800) < 0.5 + (said - 0.5) / 3),
    )
    outside = [((c.y < c.low) | (c.y > c.high)).mean() for c in (honest, bold)]
    assert outside[0] < 0.15 < 0.4 < outside[1]


def test_paired_differences_by_hand():
    found = paired([1.0, 3.0, 2.0, 2.0], [2.0, 3.0, 3.0, 4.0], [2001, 2001, 2002, 2003], 12)
    assert (found.n, found.mean, found.blocks) == (4, -1.0, 3)
    assert found.error == pytest.approx(
        np.sqrt(3 / 2 * (1.0**2 + 0.0 + 1.0**2)) / 4
    )  # sums by year less the mean: 1, 0, -1
    assert found.relative == pytest.approx(1 - 8 / 12)
    assert paired([1.0, 2.0], [1.0, 1.0], [2001, 2002], 12).error is None
    assert paired(np.zeros(8), np.ones(8), np.arange(2000, 2008), 24).blocks == 4


@pytest.mark.parametrize(
    ("by_year", "by_dyad", "months"),
    [(0.4, 0.0, 12), (0.0, 0.5, 12), (0.3, 0.3, 12), (0.3, 0.3, 24)],
)
def test_intervals_of_differences_cover_the_truth_whatever_is_shared(by_year, by_dyad, months):
    """Years share news and dyads share mistakes: errors by years alone would miss the second."""
    chance, inside, alone = rng(7), [], []
    year, dyad = np.repeat(np.arange(2015, 2027), 20), np.tile(np.repeat(np.arange(10), 2), 12)
    for _ in range(200):
        shared = (
            by_year * chance.standard_normal(12)[year - 2015]
            + by_dyad * chance.standard_normal(10)[dyad]
        )
        score = shared + chance.standard_normal(240)
        found, years = (paired(score, np.zeros(240), year, months, *more) for more in ((dyad,), ()))
        assert found.error > years.error - 1e-9
        inside.append(lead(found.low, found.high) == "undecided")
        alone.append(lead(years.low, years.high) == "undecided")
    assert 0.83 < np.mean(inside) < 0.97
    assert np.mean(alone) < 0.8 or not by_dyad


def test_one_rule_says_who_is_better():
    assert [lead(*ends) for ends in ((-2.0, -0.1), (0.1, 2.0), (-0.1, 0.1), (None, None))] == [
        "this",
        "other",
        "undecided",
        "unknown",
    ]
    few = paired([1.0, 2.0], [1.0, 1.0], [2001, 2002], 12)
    assert lead(few.low, few.high) == "unknown"
    one = paired(np.arange(8.0), np.zeros(8), np.arange(2000, 2008), 12, ["A"] * 8)
    assert one == paired(np.arange(8.0), np.zeros(8), np.arange(2000, 2008), 12)


def test_errors_of_differences_cover_the_truth():
    """Years share their news: with blocks the interval covers, without them it would not."""
    chance, inside = rng(5), []
    for _ in range(300):
        years = np.repeat(np.arange(25), 8)
        news = chance.standard_normal(25)[years] + chance.standard_normal(200)
        found = paired(news, np.zeros(200), years, 12)
        inside.append(abs(found.mean) < 2 * found.error)
    assert 0.88 < np.mean(inside) < 0.99
