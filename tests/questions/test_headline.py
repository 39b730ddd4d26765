"""The headline of a week before as a question for two fits."""

from dataclasses import replace

import pytest

from forecast.base.errors import NoHigherShare
from forecast.desk.questions.explain import headline_question
from tests.questions.conftest import fit_as_of

TERMS = {"horizon": 12, "baseline_months": 12, "improvement": 5.0}


def two_months(*, cooperative: bool):
    """Return the fits of a month and the next, after a record that may be all cooperative."""
    fits = []
    for day in ("2023-10-31", "2023-11-30"):
        fit = fit_as_of(day)
        panel = fit.panel.copy(deep=True)
        if cooperative:
            panel["counts"][..., : int(panel.attrs["zero_cut"])] = 0
        fits.append(replace(fit, panel=panel))
    return fits


def test_in_a_new_month_both_answer_the_question_of_the_month_before():
    old, new = two_months(cooperative=False)
    question = headline_question(old, new, "USA-CHN", **TERMS)
    assert question is not None and "1 November 2023 to 31 October 2024" in question.sentence
    assert headline_question(old, old, "USA-CHN", **TERMS) is None


def test_no_share_is_higher_than_one_that_is_nearly_whole():
    old, new = two_months(cooperative=True)
    with pytest.raises(NoHigherShare, match=r"100% of the events of USA-CHN .* 5 points higher"):
        headline_question(old, new, "USA-CHN", **TERMS)
