"""The test of a ceiling set by the framework (S4, S9)."""

import numpy as np
import pytest

from forecast.hypotheses.evidence import ceiling
from forecast.hypotheses.registry import CLAIMS

from .made import candidates, comparison, drawn_once, numbers

NONE, TREND = ("linear/depth", "linear/"), ("linear/depth", "linear/trend")
CONSTANT, UNBOUND = ("linear/era+depth", "linear/constant+depth"), ("linear/era+depth", "linear/depth")


@pytest.fixture(scope="module", autouse=True)
def priors():
    with pytest.MonkeyPatch.context() as patch:
        yield drawn_once(patch, ceiling)


def verdict_of(none=3.0, trend=3.0, bound=0.0, **given):
    evidence = {NONE: none, TREND: trend, CONSTANT: bound, UNBOUND: bound}
    made = candidates(evidence_of={key: comparison(log) for key, log in evidence.items()}, **given)
    return CLAIMS["S4"].test(made)


@pytest.fixture(scope="module")
def verdict():
    return verdict_of()


@pytest.mark.parametrize(
    ("none", "trend", "answer", "rival"),
    [
        (5.0, 3.0, "supported", "a trend in depth"),
        (5.0, 0.0, "undecided", "a trend in depth"),
        (0.0, 5.0, "undecided", "one depth for all time"),
        (5.0, -5.0, "rejected", "a trend in depth"),
        (-5.0, -9.0, "rejected", "a trend in depth"),
    ],
)
def test_depth_by_era_must_be_preferred_to_both_rivals(none, trend, answer, rival):
    verdict = verdict_of(none, trend)
    assert verdict.answer == answer
    assert str(verdict.reason).lower().startswith(answer)
    assert rival in str(verdict.reason) or "a depth by era exceeds" in str(verdict.reason)
    assert ("undecided" if answer == "supported" else answer) in verdict.prose[-1]


def test_a_bound_on_the_level_decides_nothing():
    assert [verdict_of(bound=log).answer for log in (-9.0, 9.0)] == ["supported", "supported"]


def test_every_comparison_is_in_numbers_table_and_drawing(verdict):
    found = numbers(verdict)
    assert {f"log_bayes_factor_{end}" for end in ("depth_none", "depth_trend", "bound_constant", "bound_none")} <= set(
        found
    )
    assert len(set(verdict.table["comparison"])) == len(verdict.drawing.series[0].x) == 4


def test_the_last_era_is_set_against_those_before():
    made = candidates()
    depth = made.fit(ceiling=("depth",)).posterior["depth"]
    depth[..., :] = np.array([0.0, 0.4, 1.2])
    verdict = CLAIMS["S4"].test(made)
    found = numbers(verdict)
    assert found["depth_difference"].value == pytest.approx(1.0)
    assert found["probability_deeper_harder"].value == 1.0
    assert found["deep_share_drop"].low > 0
    deep = [found[f"deep_share_{place}"].value for place in (1, 2, 3)]
    assert deep == sorted(deep, reverse=True)
    assert any("Competition" in words and ">99 %" in words for words in verdict.prose)


def test_the_bound_in_force_stands_beside_its_prior(verdict):
    found = numbers(verdict)
    assert found["prior_bound"].low < found["bound"].value
    assert found["headroom_sd_ratio"].value > 0
    assert any("its distance from the equilibrium" in words for words in verdict.prose)


def test_rises_are_set_against_how_much_lies_within_one_framework(verdict):
    found = numbers(verdict)
    # Two breaks in 300 months: 24 of the 276 spans cross each.
    assert found["spans_within"].value == pytest.approx(100 * (276 - 48) / 276)
    assert 0 <= found["rises_within"].low <= found["rises_within"].high <= 100


def test_a_record_of_one_era_has_nothing_to_compare():
    made = candidates()
    one = made.fit(ceiling=("depth",))
    one.panel["era_index"][:] = 2
    verdict = CLAIMS["S4"].test(made)
    assert "depth_difference" not in numbers(verdict)
    assert any("within one era" in words for words in verdict.prose)
