"""Scenarios: what is assumed holds, the numbers are those of the simulations that hold it, and
nothing is silent."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import binom

from forecast.base.errors import SpecError
from forecast.outlook import assess, conditioning, observe, simulate_ahead
from forecast.outlook.assumed_events import draw_at_least
from forecast.outlook.assumptions import Assumed
from forecast.outlook.conditioning import condition
from forecast.outlook.observed import Cell
from forecast.outlook.recorded import main_record
from forecast.outlook.scenarios import STAMP, scenario

CONTACT, CUT = 4, 4
VISIT = Assumed(date(2025, 1, 15), "CHN", "USA", of_class="class 4", n=2)
ATTACK = Assumed(date(2025, 3, 1), "USA", "CHN", of_class="class 0", n=2)


@pytest.fixture(scope="module")
def large(make):
    """A fit with draws enough for the limits of weights."""
    return make(("USA-CHN",), chains=4, draws=150, ceiling="none")


@pytest.fixture(autouse=True)
def few_particles(monkeypatch):
    monkeypatch.setattr(conditioning, "PARTICLES", 8)


@pytest.fixture(scope="module")
def simulations(large):
    return simulate_ahead(large, "USA-CHN", 24, seed=1)


@pytest.fixture(scope="module")
def observed(large, simulations):
    return observe(large, simulations, 24, main_record(large.panel, "USA-CHN"), seed=1, kinds=True)


def test_nothing_assumed_is_the_outlook(fit):
    asked = {"above": 40.0}
    found = scenario(fit, "USA-CHN", {"nothing": []}, (6, 24), seed=3, **asked)
    outlook = assess(fit, "USA-CHN", (6, 24), seed=3, **asked)
    (own,) = found.scenarios
    assert own.conditional is found.unconditional
    assert own.conditional.improvement == outlook.improvement
    for (
        months,
        window,
    ) in own.conditional.recorded.items():  # of the model alone, without the benchmarks of the pool
        pooled = outlook.recorded[months]
        assert window.model is None and (window.events, window.void) == (pooled.events, pooled.void)
        assert {name: getattr(window, name) for name in ("up", "same", "down")} == pooled.model
        assert (
            window.up != pooled.up
            and own.conditional.threshold[months].chance != outlook.threshold[months].chance
        )
    np.testing.assert_array_equal(own.conditional.fan.share, outlook.fan.share)
    np.testing.assert_array_equal(own.conditional.fan.observed, outlook.fan.observed)
    assert (own.plausibility.value, own.method, own.fault, own.warnings) == (1.0, "none", "", ())
    assert found.stamp == STAMP == "assumed, not predicted"


def test_neither_order_nor_company_changes_a_scenario(large):
    both = [VISIT, ATTACK]
    one = scenario(large, "USA-CHN", {"a": both, "b": both[:1]}, (3, 12), seed=2)
    other = scenario(large, "USA-CHN", {"b": both[:1], "a": both[::-1]}, (3, 12), seed=2)
    for mine, theirs in zip(one.scenarios, other.scenarios[::-1], strict=True):
        assert mine.conditional.recorded == theirs.conditional.recorded
        assert mine.conditional.improvement == theirs.conditional.improvement
        assert mine.plausibility == theirs.plausibility


@pytest.mark.parametrize("method", ["weights", "filter"])
def test_the_conditional_record_holds_what_is_assumed(
    large, simulations, observed, monkeypatch, method
):
    if method == "filter":
        monkeypatch.setattr(conditioning, "MIN_FRACTION_CONDITIONED", 1.0)
    held = {
        1: (Cell(CONTACT, 0.5, 2), Cell(CONTACT, 0.5, 0)),
        3: (Cell(0, 1.0, 1), Cell(7, 1.0, 0)),
    }
    found = condition(large, simulations, observed, held, seed=1)
    kinds = found.observed.kinds
    assert found.method == method
    assert (
        (kinds[..., 1, CONTACT] >= 2).all()
        and (kinds[..., 3, 0] >= 1).all()
        and not kinds[..., 3, 7].any()
    )
    np.testing.assert_array_equal(kinds.sum(-1), found.observed.total)
    np.testing.assert_array_equal(kinds[..., CUT:].sum(-1), found.observed.cooperative)
    assert found.simulations.level.shape == found.observed.total.shape


@pytest.mark.parametrize("kept", [0.0, 1.0], ids=["weights", "filter"])
def test_conditional_numbers_are_those_of_the_simulations_that_hold_it(
    large, simulations, observed, monkeypatch, kept
):
    """Against the plainest way there is: keep the simulations whose record holds it."""
    monkeypatch.setattr(conditioning, "MIN_FRACTION_CONDITIONED", kept)
    held = {2: (Cell(CONTACT, 1.0, 2), Cell(0, 1.0, 0))}
    found = condition(large, simulations, observed, held, seed=1)
    chosen = (observed.kinds[..., 2, CONTACT] >= 2) & (observed.kinds[..., 2, 0] == 0)
    assert found.method == ("filter" if kept else "weights")
    assert abs(found.likelihood.mean() - chosen.mean()) < 5 * chosen.std() / np.sqrt(chosen.size)
    pairs = [
        (observed.total, found.observed.total),
        (observed.cooperative, found.observed.cooperative),
    ]
    pairs.append((simulations.level[..., :25], found.simulations.level))
    for plain, ours in pairs:
        for period in (1, 2, 3, 12):
            expected = plain[..., period][chosen]
            error = expected.std() * np.sqrt(1 / chosen.sum() + 4 / chosen.size)
            assert abs(ours[..., period].mean() - expected.mean()) < 5 * error, period


def test_with_and_without_average_to_the_outlook(large, simulations, observed):
    """The law of total probability: what is assumed, and that it is not so."""
    held = {1: (Cell(CONTACT, 0.3, 1),)}
    none = {1: (Cell(CONTACT, 0.3, 0),)}
    there, gone = (condition(large, simulations, observed, one, seed=1) for one in (held, none))
    chances = [one.likelihood.mean() for one in (there, gone)]
    assert abs(sum(chances) - 1) < 0.01
    windows = [one.observed.cooperative[..., 1:4].sum(-1).mean() for one in (there, gone)]
    plain = observed.cooperative[..., 1:4].sum(-1)
    mixed = np.average(windows, weights=chances)
    assert windows[0] > plain.mean() > windows[1]
    assert abs(mixed - plain.mean()) < 5 * plain.std() / np.sqrt(plain.size)


def test_numbers_at_least_so_many_are_truncated_binomial():
    rng = np.random.default_rng(1)
    total, chance = np.full(40_000, 9), np.full(40_000, 0.3)
    numbers, likelihood = draw_at_least(total, chance, 3, rng)
    np.testing.assert_allclose(likelihood, binom.sf(2, 9, 0.3))
    shares = np.bincount(numbers, minlength=10) / numbers.size
    expected = np.where(np.arange(10) >= 3, binom.pmf(np.arange(10), 9, 0.3), 0) / binom.sf(
        2, 9, 0.3
    )
    np.testing.assert_allclose(shares, expected, atol=0.01)
    none, likelihood = draw_at_least(total, chance, 0, rng)
    assert not none.any()
    np.testing.assert_allclose(likelihood, 0.7**9)
    few, likelihood = draw_at_least(np.array([0, 2]), np.array([0.5, 0.5]), 3, rng)
    assert (few <= [0, 2]).all() and not likelihood.any()


def test_what_is_rare_is_filtered_and_said(large):
    found = scenario(large, "USA-CHN", {"rare": [replace(VISIT, n=6)]}, (3, 12), seed=1)
    (own,) = found.scenarios
    assert own.method == "filter" and 0 < own.plausibility.value < 0.05
    assert any("rare" in warning for warning in own.warnings)
    assert own.conditional.recorded[3].up.value > found.unconditional.recorded[3].up.value
    assert own.effective < found.simulation["simulations"]


def test_weights_that_degenerate_say_so(fit):
    crisis = [replace(ATTACK, n=8, date=date(2025, month, 1)) for month in (1, 2, 3)]
    found = scenario(fit, "USA-CHN", {"crisis": crisis}, (3,), seed=1)
    (own,) = found.scenarios
    assert own.fault and any(
        own.fault in warning and "Do not use" in warning for warning in own.warnings
    )


def test_what_no_future_holds_is_an_error(fit):
    with pytest.raises(SpecError, match="no simulation satisfies"):
        scenario(fit, "USA-CHN", {"never": [replace(VISIT, n=900)]}, (3,), seed=1)


def test_a_scenario_beyond_the_horizons_reaches_them(fit):
    later = Assumed(date(2026, 12, 1), "USA", "CHN", of_class="class 4", n=2)
    found = scenario(fit, "USA-CHN", {"later": [later]}, (3,), seed=1)
    assert list(found.scenarios[0].conditional.improvement) == [3]


def test_a_window_holds_what_followed(fit, make):
    later = make(months=312)  # a year more of the same record
    found = scenario(fit, "USA-CHN", {"nothing": []}, (6, 12, 24), seed=1, followed=later.panel)
    counts = (
        later.panel["counts"].sel(dyad="USA-CHN").isel(dataset=0, direction=0).to_numpy()[300:306]
    )
    assert sorted(found.followed) == [6, 12]
    assert found.followed[6].events == counts.sum()
    assert found.followed[6].cooperative == counts[:, CUT:].sum()
    assert found.followed[6].outcome in {"up", "same", "down"}
    elsewhere = fit.panel.assign_coords(dataset=["another"])
    with pytest.raises(SpecError, match="followed"):
        scenario(fit, "USA-CHN", {"nothing": []}, (6,), followed=elsewhere)


@pytest.mark.parametrize(
    ("assumed", "words"),
    [
        ({}, "0 scenarios"),
        ({"": []}, "name"),
        ({"a": [1]}, "no Assumed"),
        ({"a": 1}, "no Assumed"),
        (["a/x.csv", "b/x.csv"], "different names"),
        (3, "scenarios by name"),
    ],
)
def test_scenarios_that_are_none_are_rejected(fit, assumed, words):
    with pytest.raises(SpecError, match=words):
        scenario(fit, "USA-CHN", assumed)


def test_it_shows_itself(fit):
    found = scenario(fit, "USA-CHN", {"nothing": []}, (3,))
    assert "assumed, not predicted" in repr(found)
