"""The test of a ceiling set by the framework (S4, S9)."""

import numpy as np
import pytest

from forecast.hypotheses.claims import ceiling
from forecast.hypotheses.registry import CLAIMS

from .made import candidates, comparison, drawn_once, numbers

TREND = "reverting/linear"
NONE, YEARS = ((f"{TREND}/framework/eras", f"{TREND}/framework/{rival}") for rival in ("none", "years"))
CEILING = (f"{TREND}/framework/years", f"{TREND}/none/years")


@pytest.fixture(scope="module", autouse=True)
def priors():
    with pytest.MonkeyPatch.context() as patch:
        yield drawn_once(patch, ceiling)


def verdict_of(none=3.0, years=3.0, ceiling=0.0, **given):
    evidence = {NONE: none, YEARS: years, CEILING: ceiling}
    made = candidates(evidence_of={key: comparison(log) for key, log in evidence.items()}, **given)
    return CLAIMS["S4"].test(made)


@pytest.fixture(scope="module")
def verdict():
    return verdict_of()


@pytest.mark.parametrize(
    ("none", "years", "answer", "rival"),
    [
        (5.0, 3.0, "supported", "kinds that drift in time"),
        (5.0, 0.0, "undecided", "kinds that drift in time"),
        (0.0, 5.0, "undecided", "the same kinds for all time"),
        (5.0, -5.0, "rejected", "kinds that drift in time"),
        (-5.0, -9.0, "rejected", "kinds that drift in time"),
    ],
)
def test_kinds_by_era_must_be_preferred_to_both_rivals(none, years, answer, rival):
    verdict = verdict_of(none, years)
    assert verdict.answer == answer
    assert str(verdict.reason).lower().startswith(answer)
    assert rival in str(verdict.reason) or "kinds by era exceeds" in str(verdict.reason)
    assert ("undecided" if answer == "supported" else answer) in verdict.prose[-1]


def test_a_ceiling_on_the_trend_decides_nothing():
    assert [verdict_of(ceiling=log).answer for log in (-9.0, 9.0)] == ["supported", "supported"]


def test_every_comparison_is_in_numbers_table_and_drawing(verdict):
    found = numbers(verdict)
    assert {f"log_bayes_factor_{end}" for end in ("kinds_none", "kinds_years", "ceiling")} <= set(found)
    assert len(set(verdict.table["comparison"])) == len(verdict.drawing.series[0].x) == 3


def test_the_last_era_is_set_against_those_before():
    made = candidates()
    shift = made.fit(kind_drift="eras").posterior["depth_shift"]
    shift[..., :3] = -np.array([0.0, 0.4, 1.2])
    verdict = CLAIMS["S4"].test(made)
    found = numbers(verdict)
    assert found["depth_difference"].value == pytest.approx(1.0)
    assert found["probability_deeper_harder"].value == 1.0
    assert found["deep_share_drop"].low > 0
    deep = [found[f"deep_share_{place}"].value for place in (1, 2, 3)]
    assert deep == sorted(deep, reverse=True)
    assert any("Competition" in words and ">99 %" in words for words in verdict.prose)


def test_the_current_ceiling_stands_beside_its_prior(verdict):
    found = numbers(verdict)
    assert 0 < found["ceiling"].low < found["ceiling"].high < 100
    # The made headroom is about 1.1, with a spread of 0.3 of its logarithm; the prior's is 2.7, with one of 0.64.
    assert found["headroom"].value == pytest.approx(1.1, rel=0.1)
    assert found["prior_headroom"].value == pytest.approx(2.7, rel=0.1)
    assert found["headroom_sd_ratio"].value == pytest.approx(0.47, abs=0.1)
    assert any("its distance from the trend" in words for words in verdict.prose)


def test_rises_are_set_against_how_much_lies_within_one_framework(verdict):
    found = numbers(verdict)
    # Two breaks in 300 months: 24 of the 276 spans cross each.
    assert found["spans_within"].value == pytest.approx(100 * (276 - 48) / 276)
    assert 0 <= found["rises_within"].low <= found["rises_within"].high <= 100


def test_a_record_of_one_era_has_nothing_to_compare():
    made = candidates()
    one = made.fit(kind_drift="eras")
    one.panel["era_index"][:] = 2
    verdict = CLAIMS["S4"].test(made)
    assert "depth_difference" not in numbers(verdict)
    assert any("within one era" in words for words in verdict.prose)
