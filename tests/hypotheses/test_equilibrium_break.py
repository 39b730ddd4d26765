"""What the test of a break concludes from records whose evidence is known by formulas."""

import json
from functools import cache

import numpy as np
import pytest

from forecast.hypotheses.evidence import equilibrium_break
from forecast.hypotheses.evidence.equilibrium_break import gained_ahead, question
from forecast.hypotheses.registry import CLAIMS
from forecast.model.breaks.fits import with_breaks

from .known import KnownPath, path_around
from .made import candidates, numbers

MONTHS = 300


@pytest.fixture(scope="module")
def tested():
    """Test a path around equilibria, each once; three eras are named, and the last begins at month 200."""

    @cache
    def test(*equilibria, **given):
        asked = candidates(months=MONTHS, **given)
        path = path_around(*equilibria, periods=MONTHS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(equilibrium_break, "BreakFits", lambda which, most: KnownPath(path, most, which))
            return CLAIMS["S2"].test(asked)

    return test


@pytest.mark.parametrize(
    ("equilibria", "answer", "words"),
    [
        ((0.0, 0.0, -1.2), "supported", "exceeds 3"),
        ((0.0, 0.0, 1.2), "rejected", "no such drop"),
        ((0.8, -0.8), "rejected", "does not hold the time"),
    ],
)
def test_a_break_must_be_a_drop_where_it_is_claimed(tested, equilibria, answer, words):
    verdict = tested(*equilibria)
    assert verdict.answer == answer
    assert words in str(verdict.reason)


def test_without_a_break_none_is_supported(tested):
    verdict = tested(0.0)
    found = numbers(verdict)
    assert verdict.answer != "supported"
    assert found["log_bayes_factor"].value < 0
    assert found["breaks_by_evidence"].value == 0
    assert any("no break whose date could agree" in words for words in verdict.prose)


def test_breaks_are_set_against_the_eras_as_named(tested):
    verdict = tested(0.0, 1.5, -1.5)
    found = numbers(verdict)
    assert found["breaks_by_evidence"].value == 2
    assert found["named_eras_met"].value == 2
    assert found["log_bayes_factor_named"].value > 10
    assert found["log_bayes_factor_named_dates"].value > 0
    assert sum("against" in words for words in verdict.table["comparison"]) == len(verdict.table)


def test_date_size_and_chances_are_stated_with_what_was_known_before(tested):
    verdict = tested(0.0, 0.0, -1.2)
    found = numbers(verdict)
    assert found["break_date"].low <= 2000 + 200 / 12 <= found["break_date"].high
    assert found["probability_near_claimed"].value > 3 * found["prior_probability_near_claimed"].value
    # Shares of 50 and 23 at the two equilibria; each is known to about a fifth of a log-odds.
    assert found["drop"].value == pytest.approx(27, abs=8)
    assert found["probability_drop"].value > 0.95
    assert found["probability_drop"].error < 0.05
    after, before = (next(one for one in verdict.drawing.series if one.role == role) for role in ("posterior", "prior"))
    assert sum(after.y) == pytest.approx(100.0)
    assert sum(before.y) == pytest.approx(100.0)
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_a_record_of_one_era_claims_no_date(tested):
    verdict = tested(0.5, -0.5, eras=1)
    found = numbers(verdict)
    assert "log_bayes_factor_named" not in found
    assert "probability_near_claimed" not in found
    assert verdict.answer == "supported"
    assert any("found with hindsight" in words for words in verdict.prose)


def test_long_records_take_the_eras_before_the_window_for_granted():
    asked = candidates(months=600, eras=6)
    found = question(asked.panel)
    assert found.since == "2020-01-01"
    assert found.held == (100, 200)
    assert found.claimed == 500
    old = question(with_breaks(asked.panel, (100,)))
    assert (old.held, old.claimed) == ((100,), None)


def test_until_the_break_begins_the_two_models_predict_the_same():
    fits = KnownPath(path_around(0.0, -1.0, periods=240), most=2)
    ahead, exact = gained_ahead(fits, (), 150), [0.0]
    # Blocks of 24 months end at 168, 192, 216 and 240.
    for stop in (168, 192, 216, 240):
        own = KnownPath(fits.path[:stop], 2)
        exact.append(own.log_evidence((150,)) - own.log_evidence(()))
    assert ahead == pytest.approx(np.diff(exact), abs=0.3)
    late = gained_ahead(fits, (), 230)
    assert (late.size, late[0]) == (2, 0.0)
