"""A claim is one record: added from outside, it is parsed, planned, tested, shown and stored like any other."""

import pandas as pd
import pytest

from forecast import theory
from forecast.hypotheses import CLAIMS, Drawing, Found, Hypothesis, Number, Series
from forecast.hypotheses.hypothesis import Words
from forecast.hypotheses.registry import parse_claims
from forecast.hypotheses.verdict import Reason
from forecast.report import results_json
from forecast.report.tests_page import results_page

from .fakes import fake_results
from .made import candidates


def measure(candidates):
    months = float(candidates.panel.sizes["time"])
    drawing = Drawing("bars", "Length of the record", "record", "months", (
        Series("months", (candidates.dyad,), (months,), places="names"),
    ))  # fmt: skip
    number = Number("months", months, words="months of the record", kind="count")
    return Found(None, (), (number,), pd.DataFrame({"months": [months]}), drawing)


def decide(found, rule):
    return "supported" if found["months"].value > rule.half_life else "undecided"


def word(found, rule, answer):
    reason = Reason("not_defined", {"answer": answer, "why": "the record is as long as it is"})
    return Words("The record is long.", "It is short.", reason, ("It has its months.",))


@pytest.fixture
def claim(monkeypatch):
    toy = Hypothesis(
        theory.LOW, title="a long record", models=("long", "short"), measure=measure, decide=decide, word=word,
        by_evidence=False, decides=("months",), without_power="There is nothing to simulate.",
    )  # fmt: skip
    monkeypatch.setitem(CLAIMS, toy.code, toy)
    return toy


def test_a_claim_from_outside_is_tested_and_shown(claim):
    assert claim.code in parse_claims(claim.code)
    verdict = CLAIMS[claim.code].test(candidates(months=120))
    assert verdict.answer == "supported"
    assert CLAIMS[claim.code].test(candidates(months=48)).answer == "undecided"
    results = fake_results((verdict,))
    page = results_page(results).html()
    for words in ("A long record", "The record is long.", "Supported, because the record is as long as it is."):
        assert words in page
    (stored,) = results_json(results)["verdicts"]
    assert stored["statement"] == theory.LOW.us_china
    assert [number["value"] for number in stored["numbers"]] == [120.0]
