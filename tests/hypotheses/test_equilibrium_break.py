"""What the test of a break concludes from records whose evidence is known by formulas."""

import json
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from model.fits import unobserved

import forecast.model.breaks  # noqa: F401  (its annotations name the class that is replaced below)
from forecast.hypotheses.claims import equilibrium_break, jump
from forecast.hypotheses.claims.equilibrium_break import gained_ahead, question
from forecast.hypotheses.claims.jump import JUMP, NAME, NO_JUMP, Jump, measure_jump, trend_fall
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.verdict import Number
from forecast.model import PendulumSpec
from forecast.model.break_fits import with_breaks
from forecast.model.evidence import Evidence
from forecast.numeric import share
from forecast.outlook.draws import dyad_draws

from .known import KnownPath, path_around
from .made import candidates, comparison, numbers

MONTHS = 300


@pytest.fixture(scope="module")
def tested():
    """Test a path around equilibria, each once; three eras are named, and the last begins at month 200."""

    @cache
    def test(*equilibria, jumped=(5.0, 0.99, 0.95), **given):
        asked = candidates(months=MONTHS, **given)
        path = path_around(*equilibria, periods=MONTHS)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(equilibrium_break, "measure_jump", lambda *_: jump_of(*jumped))
            patch.setattr("forecast.model.break_fits.BreakFits", lambda which, most: KnownPath(path, most, which))
            return CLAIMS["S2"].test(asked)

    return test


def jump_of(log_bayes_factor, fell, below):
    """What is found of a jump, as a test wants it."""
    found = comparison(log_bayes_factor, claim=JUMP, rival=NO_JUMP, name=NAME)
    numbers = (
        Number("trend_drop", 12.0, 5.0, 20.0),
        Number("probability_trend_drop", fell, kind="probability"),
        Number("placebos_below", below, kind="value"),
    )
    return Jump(found, numbers)


@pytest.mark.parametrize(
    ("jumped", "answer", "words"),
    [
        ((5.0, 0.99, 0.95), "supported", "exceeds 3"),
        ((5.0, 0.01, 0.95), "rejected", "no such drop"),
        ((5.0, 0.50, 0.95), "undecided", "does not say that it is such a drop"),
        ((5.0, 0.99, 0.30), "undecided", "30 %"),  # ranks are chance where no date has evidence
        ((5.0, 0.99, 0.70), "undecided", "70 %"),
        ((0.2, 0.99, 0.95), "undecided", "cannot tell"),
        ((-5.0, 0.99, 0.95), "rejected", NO_JUMP),
    ],
)
def test_a_jump_must_be_a_drop_and_no_matter_of_any_date(tested, jumped, answer, words):
    verdict = tested(0.0, jumped=jumped)
    assert verdict.answer == answer
    assert words in str(verdict.reason)


@pytest.mark.slow
def test_without_a_named_era_a_break_of_the_equilibrium_must_be_a_drop(tested):
    up, down = tested(-0.6, 0.6, eras=1), tested(0.6, -0.6, eras=1)
    assert (up.answer, down.answer) == ("rejected", "supported")
    assert "no such drop" in str(up.reason)


def test_the_date_is_set_against_dates_far_from_all_that_are_named(monkeypatch):
    base = PendulumSpec(kind_drift="eras", ceiling="framework", jumps=False)
    asked, real, tried = candidates(months=MONTHS, spec=base), 200, []
    fitted = unobserved(asked.panel, PendulumSpec(), chains=2, draws=20)

    def evidence(panel, spec, **_):
        firsts = {int(place) + 1 for place in np.flatnonzero(np.diff(panel["era_index"].to_numpy()[0]))}
        (last,) = firsts - {100}  # the earlier named era, which stays
        tried.append(last)
        assert spec == PendulumSpec(kind_drift="none", ceiling="none")  # nothing but the jump has eras
        return SimpleNamespace(evidence=Evidence(-float(abs(last - real - 40)), 0.1))

    blocks = SimpleNamespace(table=pd.DataFrame({"log_density": [0.0, 1.0]}))
    monkeypatch.setattr("forecast.model.quick.quick_fit", evidence)
    monkeypatch.setattr(type(asked), "evidence", lambda own, **_: Evidence(float(own.panel.sizes["era"]), 0.1))
    monkeypatch.setattr(type(asked), "ahead", lambda own, **_: blocks)
    monkeypatch.setattr(type(asked), "fit", lambda own, **_: fitted)
    found = measure_jump(asked, question(asked.panel).named)
    assert found.comparison.log_bayes_factor == 1.0  # one era more than without
    dates = set(tried) - {real}
    assert len(dates) == jump.PLACEBOS
    assert all(abs(date - one) >= 24 for date in dates for one in (100, real, 0, MONTHS))
    # The evidence peaks at 240: dates between 200 and 280 have more of it than the claimed one.
    assert found.numbers[-1].value == pytest.approx(np.mean([abs(date - 240) > 40 for date in dates]))
    own = dyad_draws(fitted, "USA-CHN")
    points = share(own.trend.astype(float))
    np.testing.assert_allclose(trend_fall(own), points[..., 140:200].mean(axis=-1) - points[..., 200:].mean(axis=-1))


def test_without_a_break_the_evidence_asks_for_none(tested):
    verdict = tested(0.0)
    found = numbers(verdict)
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
    assert found.since == "1965-01-01"
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
