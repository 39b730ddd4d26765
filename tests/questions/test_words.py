"""Kinds that are words for some codes, in a report as in a question."""

import pytest

from forecast.errors import QuestionError
from forecast.outlook.query import AtLeast
from forecast.panel.record import placed_events
from forecast.questions import answer_question, make_question
from forecast.questions.answer import word_outlook
from tests.questions.conftest import events, panel_as_of, prior_fit

DYAD = "USA-CHN"


@pytest.fixture(scope="module")
def fit():
    return prior_fit(panel_as_of("2023-10-31", start="2000-01-01"))


def test_a_word_has_in_a_report_the_chance_and_the_rule_of_its_question(fit):
    table = events()
    found = word_outlook(fit, DYAD, AtLeast("sanctions", 8), 12, seed=2, table=table)
    question = make_question(fit.panel, DYAD, months=12, at_least="sanctions:8", table=table)
    assert found.chance.value == answer_question(fit, question, seed=2, table=table).chance.value
    assert question.sentence in found.rule and "CAMEO codes that begin with" in found.rule
    rows = placed_events(fit.panel, DYAD, table)
    codes = tuple(question.codes)
    last = rows[(rows["date"] >= "2022-11-01") & rows["cameo"].str.startswith(codes)]
    assert (found.kind, found.baseline.events, found.cooperative) == ("sanction", last["counted"].sum(), False)
    assert found.baseline.cooperative == 0 and 0 < found.base_rate < 1
    assert found.sentence.startswith("The chance that the chronology records at least 8 events of the kind “sanction”")


def test_a_word_needs_the_events(fit):
    with pytest.raises(QuestionError, match="table of events"):
        word_outlook(fit, DYAD, AtLeast("visit"), 6)
