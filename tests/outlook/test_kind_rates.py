"""Rates of kinds of events: the law of their numbers, bursts, the other dyads, no trace of later events."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import nbinom

from forecast import build_panel, read_chronology
from forecast.errors import DataError
from forecast.events.codebook import read_scale
from forecast.outlook import AtLeast, assess
from forecast.outlook import kind_counts as scores
from forecast.outlook.conditioning import Assumed
from forecast.outlook.kind_counts import (
    MEMORIES,
    Calibration,
    KindRates,
    calibrated,
    calibration_of,
    dyads_worth,
    far_apart,
    shifted,
    window_base_rate,
)
from forecast.outlook.scenarios import scenario
from tests.model.panels import make_panel
from tests.outlook.conftest import make_fit

DYAD = "USA-CHN"


def panel_of(months, frequency="month"):
    """A panel of two classes whose first counts, by dyad and month, are given."""
    counts = np.asarray(months)
    panel = make_panel(dyads=len(counts), periods=counts.shape[1], classes=2, zero_cut=1, frequency=frequency)
    both = np.stack([counts, np.ones_like(counts)], axis=-1)[None, :, :, None, :]
    return panel.assign(counts=panel["counts"] * 0 + both)


def rates_of(months):
    return KindRates.of(panel_of(months), 0, (0,))


def rate_of(months, periods=12, counts=None):
    return rates_of(months).rate(DYAD, periods, counts)


def chance_of(months, periods=12):
    return rate_of(months, periods).at_least(1)


def test_the_number_is_a_mixture_of_negative_binomials():
    rate = rate_of(np.random.default_rng(1).poisson(0.3, (3, 150)), 7)
    laws = [nbinom(shape, shape / (shape + mean)) for shape, mean in zip(rate.shape, rate.mean, strict=True)]
    assert len(laws) == len(MEMORIES)
    for number in (1, 2, 5, 20):
        assert rate.at_least(number) == pytest.approx(np.mean([law.sf(number - 1) for law in laws]), rel=1e-9)
    for part, found in zip((0.05, 0.5, 0.95), rate.quantiles((0.05, 0.5, 0.95)), strict=True):
        assert 1 - rate.at_least(found + 1) >= part
        assert found == 0 or 1 - rate.at_least(found) < part
    assert rate.at_least(0) == 1.0


def test_a_long_even_record_gives_its_rate_back():
    rates = rates_of(np.tile([0, 1], (4, 180)))
    assert rates.scatter(12) < 0.05
    assert rates.rate(DYAD, 12).mean == pytest.approx([6] * 4, rel=0.05)


def test_windows_that_scatter_more_than_chance_are_found_out():
    """Rates of years with a squared coefficient of variation of 1: some 190 windows, a standard error of about .2."""
    rng = np.random.default_rng(3)
    years = rng.gamma(1.0, 1.0, (12, 40))
    uneven, even = (rng.poisson(0.5 * np.repeat(one, 12, axis=1)) for one in (years, np.ones_like(years)))
    found = [rates_of(one).scatter(12) for one in (uneven, even)]
    assert found[0] == pytest.approx(0.8, abs=0.4)
    assert found[1] < 0.1


def test_a_burst_raises_the_chance_and_the_same_events_long_ago_do_not():
    quiet = np.zeros((4, 240), dtype=int)
    quiet[1:, ::40] = 1
    late, early = quiet.copy(), quiet.copy()
    late[0, -8:], early[0, 130:138] = 2, 2
    burst, past, none = map(chance_of, (late, early, quiet))
    assert burst > 1.5 * past > 1.5 * none


def test_one_dyad_at_war_does_not_make_war_likely_between_others():
    months = np.zeros((12, 240), dtype=int)
    alike = months.copy()
    months[-1, 120:] = 4
    alike[:, 120::3] = 1  # as many events in all
    alike[0] = 0
    assert months[:, 120:].sum() == pytest.approx(alike[:, 120:].sum(), rel=0.1)
    war, spread = map(chance_of, (months, alike))
    assert war < 0.1 < spread


def test_what_dyads_are_worth():
    assert dyads_worth(np.array([[12, 120]] * 6)) == pytest.approx((3.0, 3.0 / (72.5 / 720)))
    worth, periods = dyads_worth(np.array([[0, 120]] * 5 + [[72, 120]]))
    assert 0.1 <= worth < 0.3 and worth / periods == pytest.approx(72.5 / 720)
    assert dyads_worth(np.array([[0, 120]]))[0] == 1.0
    assert np.isfinite([*dyads_worth(np.array([[0, 120]] * 3)), *dyads_worth(np.array([[0, 0]]))]).all()


def test_a_single_code_has_its_part_of_the_class():
    months = np.tile([0, 2, 0, 1], (3, 60))
    some, none = (months[0] == 1).astype(int), np.zeros_like(months[0])
    whole, part, rest, all_of_it = (
        rate_of(months, counts=counts).mean.mean() for counts in (None, some, none, months[0])
    )
    assert rest < part < whole == all_of_it
    assert part == pytest.approx(whole / 3, rel=0.1)


def test_weeks_are_remembered_for_as_many_months():
    month = rate_of(np.tile([1, 0], (3, 120))).mean.mean()
    week = KindRates.of(panel_of(np.tile([1, 0, 0, 0, 0, 0, 0, 0, 1], (3, 116)), "week"), 0, (0,)).rate(DYAD, 52)
    assert week.mean.mean() == pytest.approx(52 * 2 / 9, rel=0.1)
    assert month == pytest.approx(6, rel=0.1)


def bursts(rng, dyads=12, months=900):
    """Months of peace and of war, of an average length of 60 and 15 months, with rates that differ between dyads."""
    war = np.zeros((dyads, months), dtype=bool)
    for month in range(1, months):
        change = rng.random(dyads)
        war[:, month] = np.where(war[:, month - 1], change > 1 / 15, change < 1 / 60)
    return rng.poisson(np.where(war, 0.8, rng.gamma(0.5, 0.02, dyads)[:, None]))


def test_chances_in_simulated_bursts_are_calibrated_and_better_than_base_rates():
    """3 sets of 12 dyads, every year: some 1,100 windows, of which those of one spell are alike.

    The standard error of the difference between mean chance and frequency is 2 points: 5 are allowed. The mean Brier
    score is a fifth below that of base rates, with a standard error of 3 hundredths of it.
    """
    said, rates, was = [], [], []
    for seed in range(3):
        counts = bursts(np.random.default_rng(seed))
        for start in range(480, counts.shape[1] - 12, 12):
            known = rates_of(counts[:, start - 480 : start])
            for place, dyad in enumerate(known.counts):
                said.append(known.rate(dyad, 12).at_least(1))
                rates.append(window_base_rate(counts[place, start - 120 : start], 12))
                was.append(counts[place, start : start + 12].any())
    said, rates, was = (np.array(one, dtype=float) for one in (said, rates, was))
    assert said.mean() == pytest.approx(was.mean(), abs=0.05)
    assert np.mean((said - was) ** 2) < 0.9 * np.mean((rates - was) ** 2)


def test_later_events_and_months_that_are_not_covered_change_nothing():
    table = read_chronology(dyads=["EGY-ISR", "USA-CUB"])
    late = table.events["date"] > "2012-06-30"
    assert late.sum() > 50
    tables = table, replace(table, events=table.events[~late])
    panels = [build_panel(some, dyads=["EGY-ISR", "USA-CUB"], as_of="2012-06-30") for some in tables]
    for kind in range(8):
        one, other = (KindRates.of(panel, 0, (kind,)).rate("EGY-ISR", 12) for panel in panels)
        assert one.mean.tolist() == other.mean.tolist() and one.shape.tolist() == other.shape.tolist()
    months = np.tile([0, 1], (3, 120))
    full = panel_of(np.concatenate([months, np.full((3, 12), 5)], axis=1))
    ended = full.assign(covered=full["covered"] & (full["time"] < full["time"][240]))
    known = KindRates.of(ended, 0, (0,)).rate(DYAD, 12)
    assert known.shape.tolist() == rate_of(months).shape.tolist()


def test_far_from_the_base_rate_is_a_factor_of_two():
    assert far_apart(0.4, 0.2) and far_apart(0.2, 0.4) and far_apart(0.06, 0.0)
    assert not far_apart(0.39, 0.2) and not far_apart(0.04, 0.01)


def test_odds_change_as_those_of_simulations_do():
    assert shifted(0.3, 0.6, 0.6) == pytest.approx(0.3)
    assert shifted(0.5, 0.6, 0.75) == pytest.approx(2 / 3)
    assert (shifted(0.3, 0.6, 1.0), shifted(0.3, 0.6, 0.0), shifted(0.3, 0.0, 0.2)) == (1.0, 0.0, 0.2)
    assert (shifted(0.3, 1.0, 1.0), shifted(1.0, 1.0, 1.0)) == (0.3, 1.0)


def test_a_scenario_moves_the_chance_and_what_is_assumed_is_certain():
    fit = make_fit((DYAD,), draws=100)
    attack = Assumed(date(2025, 2, 1), "USA", "CHN", kind="class 0", n=2)
    found = scenario(fit, DYAD, {"attack": [attack]}, (12,), seed=1, at_least=[AtLeast("class 0", 2, 12)])
    own, without = found.scenarios[0].conditional, found.unconditional
    assert own.at_least[0].chance.value == own.at_least[0].simulated.value == 1.0
    assert own.at_least[0].events.low >= 2
    for name, row in own.of_a_kind.items():
        before, after = without.of_a_kind[name][12], row[12]
        assert np.sign(after.chance.value - before.chance.value) == np.sign(
            after.simulated.value - before.simulated.value
        ), name


def test_the_seed_changes_only_simulations():
    fit = make_fit((DYAD, "USA-RUS"), draws=60)
    one, other, again = (assess(fit, DYAD, (12,), seed=seed).of_a_kind for seed in (1, 2, 1))
    assert one == again
    for name in one:
        assert one[name][12].chance == other[name][12].chance and one[name][12].events == other[name][12].events
    assert any(one[name][12].simulated != other[name][12].simulated for name in one)


ROW = {"kind": "violence", "dyad": "all", "months": "all", "at_least": 1, "period": "2015-"}
GOOD = {"chance": 0.30, "frequency": 0.28, "thirds": [[0.1, 0.12], [0.3, 0.25], [0.5, 0.47]]}


def test_calibrated_is_decided_by_the_mean_and_by_thirds():
    assert calibrated(GOOD)
    assert not calibrated({**GOOD, "frequency": 0.24})
    assert not calibrated({**GOOD, "thirds": [[0.1, 0.12], [0.3, 0.19], [0.5, 0.53]]})


@pytest.fixture
def scored(tmp_path):
    """Write scores, and return their file."""

    def write(rows, **given):
        path = tmp_path / "kinds.json"
        path.write_text(json.dumps({"schema": 1, "dataset": "feed", "scale": "made", "rows": rows, **given}))
        return path

    return write


def test_a_kind_is_published_by_its_committed_scores(scored):
    bad = {**ROW, "kind": "contact", **GOOD, "frequency": 0.1}
    path = scored([{**ROW, **GOOD}, bad, {**bad, "period": "-2014", **GOOD}])
    assert calibration_of("feed", "made", "violence", path) == Calibration(True, "")
    found = calibration_of("feed", "made", "contact", path)
    assert found.passed is False
    assert "forecast 30% on average, happened 10%. Do not rely on them." in found.sentence
    for dataset, kind in (("feed", "arrest"), ("another", "violence")):
        unknown = calibration_of(dataset, "made", kind, path)
        assert unknown.passed is None and "have not been scored" in unknown.sentence


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 9}'])
def test_scores_that_cannot_be_read_are_rejected(tmp_path, text):
    path = tmp_path / "kinds.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"kinds_skill\.py"):
        calibration_of("chronology", "commitment", "violence", path)


def test_without_a_file_nothing_is_said_of_calibration(monkeypatch):
    monkeypatch.setattr(scores, "skill_file", lambda name: None)
    assert calibration_of("chronology", "commitment", "violence").passed is None


def test_the_committed_scores_publish_all_classes_and_warn_of_visits():
    names = read_scale("commitment").classes
    assert [calibration_of("chronology", "commitment", name).passed for name in names] == [True] * 8
    assert calibration_of("chronology", "commitment", "visit").passed is False
    assert calibration_of("chronology", "goldstein", "violence").passed is None
