"""The decision rule, and what a verdict may hold."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import SpecError
from forecast.hypotheses import Comparison, Drawing, Number, Rule, Series, Verdict
from forecast.hypotheses.verdict import Reason

finite = st.floats(-50, 50)
errors = st.floats(0, 5)


def comparison(log_bayes_factor, error=0.0, ahead_difference=0.0, ahead_error=0.0):
    return Comparison("a pull", "a walk", log_bayes_factor, error, ahead_difference, ahead_error)


def drawing():
    return Drawing("line", "title", "month", "share", (Series("one", ("2020-01-01",), (1.0,), places="dates"),))


def verdict(**changes):
    given = {
        "code": "S5",
        "claim": "It is pulled back.",
        "null": "It is not.",
        "answer": "undecided",
        "numbers": (Number("half_life", 20.0, 5.0, 80.0, 0.4, "months", "half-life"),),
        "table": pd.DataFrame({"month": pd.to_datetime(["2020-01-01", None]), "value": [np.inf, 1.5]}),
        "drawing": drawing(),
        "prose": ("A sentence.",),
    }
    return Verdict(**(given | changes))


def mirrored(answer):
    return {"supported": "rejected", "rejected": "supported"}.get(answer, answer)


@given(finite, errors, finite, errors)
def test_the_rule_treats_claim_and_rival_alike(factor, error, ahead, ahead_error):
    rule = Rule()
    there = rule.decide(comparison(factor, error, ahead, ahead_error))
    back = rule.decide(comparison(-factor, error, -ahead, ahead_error))
    assert back == mirrored(there)


@given(finite, errors, finite, errors)
def test_a_claim_is_supported_only_by_both_routes(factor, error, ahead, ahead_error):
    rule = Rule(bayes_factor=10.0, ahead_errors=2.0)
    if rule.decide(comparison(factor, error, ahead, ahead_error)) == "supported":
        assert np.exp(factor - 2 * error) > 10.0
        assert ahead >= -2.0 * ahead_error


@pytest.mark.parametrize(
    ("one", "answer"),
    [
        (comparison(np.log(3) + 0.5, 0.2), "supported"),
        (comparison(np.log(3) + 0.5, 0.3), "undecided"),  # within two Monte Carlo errors of the bound
        (comparison(5.0, 0.1, ahead_difference=-1.1, ahead_error=1.0), "undecided"),  # the future contradicts
        (comparison(5.0, 0.1, ahead_difference=-0.9, ahead_error=1.0), "supported"),
        (comparison(-5.0, 0.1, ahead_difference=0.9, ahead_error=1.0), "rejected"),
        (comparison(-5.0, 0.1, ahead_difference=1.1, ahead_error=1.0), "undecided"),
        (comparison(np.nan), "undecided"),
        (comparison(5.0, np.nan), "undecided"),
        (comparison(5.0, ahead_difference=np.nan), "undecided"),
    ],
)
def test_the_rule_at_its_bounds(one, answer):
    assert Rule().decide(one) == answer


def test_a_probability_decides_a_claim_without_rival():
    answers = [Rule(probability=0.9).decide_probability(p) for p in (0.05, 0.5, 0.95, np.nan)]
    assert answers == ["rejected", "undecided", "supported", "undecided"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("bayes_factor", 1.0), ("ahead_errors", -1.0), ("probability", 0.5), ("rope", -1.0), ("half_life", np.nan)],
)
def test_a_rule_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(SpecError, match=field):
        Rule(**{field: value})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: verdict(answer="proven"), "proven"),
        (lambda: verdict(numbers=(Number("a", 1.0), Number("a", 2.0))), "twice"),
        (lambda: verdict(numbers=(Number("log_bayes_factor", 1.0),), comparisons=(comparison(1.0),)), "twice"),
        (lambda: Number("Half life", 1.0), "snake_case"),
        (lambda: Number("chance", 1.1, kind="probability"), "from 0 to 1"),
        (lambda: Number("chance", 0.1, kind="guess"), "guess"),
        (lambda: Series("one", (1.0, 2.0), (1.0,)), "lengths"),
        (lambda: Series("one", (1.0,), (1.0,), low=()), "lengths"),
        (lambda: Series("one", (1.0,), (1.0,), role="hero"), "hero"),
        (lambda: Series("one", (1.0,), (1.0,), places="stars"), "stars"),
        (lambda: Series("one", ("2020",), (1.0,)), "expected numbers"),
        (lambda: Series("one", ("2020-13-01",), (1.0,), places="dates"), "expected dates"),
        (lambda: Series("one", (2020.0,), (1.0,), places="names"), "expected names"),
        (lambda: Drawing("pie", "", "", "", drawing().series), "pie"),
        (lambda: Drawing("line", "empty", "", "", ()), "empty"),
    ],
)
def test_a_malformed_verdict_is_refused(make, words):
    with pytest.raises(SpecError, match=words):
        make()


def test_a_verdict_is_plain_json():
    plain = verdict(numbers=(Number("half_life", np.float64("nan"), high=np.inf),)).to_dict()
    text = json.dumps(plain, allow_nan=False)
    assert json.loads(text) == plain
    assert plain["numbers"][0]["value"] is None and plain["numbers"][0]["high"] is None
    assert plain["table"] == [{"month": "2020-01-01", "value": None}, {"month": None, "value": 1.5}]
    assert plain["drawing"]["series"][0]["x"] == ["2020-01-01"]


def test_a_reason_is_data_and_reads_as_a_sentence():
    why = Reason("evidence_unclear", {"answer": "undecided", "claim": "a pull", "rival": "a walk", "factor": 3.0})
    found = verdict(reason=why).to_dict()["reason"]
    assert found["code"] == "evidence_unclear" and found["values"]["factor"] == 3.0
    assert found["words"].startswith("Undecided, because the Bayes factor clears neither 3 for a pull nor 3 for a walk")


@pytest.mark.parametrize(
    ("code", "values", "words"),
    [
        ("no_such_reason", {}, "no_such_reason"),
        ("response_above", {"answer": "supported", "rope": 2.5}, "chance"),
        ("too_few_visits", {"visits": 3, "needed": 10}, "answer"),
    ],
)
def test_a_reason_that_cannot_be_worded_is_rejected(code, values, words):
    with pytest.raises(SpecError, match=words):
        Reason(code, values)
