"""A question: what its file may hold, its sentence, what is fixed in it."""

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from forecast.base.errors import QuestionError, UnknownDyadError
from forecast.desk.questions import make_question, question_of, read_question, write_question
from forecast.desk.questions.event_question import as_events
from tests.questions.conftest import panel_as_of
from tests.questions.made import made

ASKED = {
    "higher": {"higher": 5},
    "lower": {"lower": 5.0},
    "above": {"above": 50, "last": date(2025, 3, 1)},
    "below": {"below": 30.5, "months": 6},
    "by": {"above": 50, "when": "by", "span": 6},
    "throughout": {"lower": 2, "when": "throughout"},
    "level": {"level": 40},
}


def ask(name):
    return make_question(panel_as_of("2023-10-31"), "USA-CHN", **ASKED[name])


@pytest.mark.parametrize("name", ASKED)
def test_a_written_question_is_read_as_it_was(name, tmp_path):
    question = ask(name)
    write_question(tmp_path / "q.yaml", question)
    again = read_question(tmp_path / "q.yaml")
    assert again == question
    assert again.digest == question.digest


def test_the_sentence_fixes_number_and_window_of_the_baseline():
    assert ask("higher").sentence == (
        "At least 32.66% of the US-China events that the chronology records from 1 November 2023 to 31 October "
        "2024 are cooperative, 5 points more than the 27.66% (39 of 141) from 1 November 2022 to 31 October 2023."
    )
    assert "SHA-256" in ask("higher").rule
    assert "fewer than 3 events" in ask("higher").rule


def test_a_count_of_an_earlier_ledger_is_answered_and_resolved_as_a_question_about_events():
    one = made("old", kind="count", of="violence", at_least=2, threshold=None, cooperative=None)
    events = as_events(one)
    assert {"18", "190", "20"} <= set(events.codes)
    assert (events.id, events.at_least, events.asked) == ("old", 2, one.asked)
    assert "at least 2 US-China events “violence”" in events.sentence


def test_a_count_of_a_class_that_no_scale_has_says_what_to_do():
    one = made("old", kind="count", of="wishes", at_least=2, threshold=None, cooperative=None)
    with pytest.raises(QuestionError, match="by their codes"):
        as_events(one)


def test_a_level_is_marked_as_never_resolvable():
    assert not ask("level").resolvable
    assert "never resolvable" in ask("level").sentence


def test_a_rolling_window_keeps_the_months_before():
    question = ask("by")
    assert len(question.before) == 5
    total = (
        panel_as_of("2023-10-31")["counts"]
        .sum(("dataset", "dyad", "direction", "class"))
        .to_numpy()
    )
    assert [n for n, _ in question.before] == total[-5:].tolist()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sentence": "It will rain."}, "sentence"),
        ({"extra": 1}, "extra"),
        ({"version": 2}, "version"),
        ({"dyad": "USA"}, "dyad"),
        ({"first": "2023-11-02"}, "first"),
        ({"last": "2023-10-31"}, "last"),
        ({"asked": "2023-11-01"}, "first"),
        ({"threshold": 40.0}, "threshold"),
        ({"kind": "count"}, "of"),
        (
            {
                "baseline": {
                    "first": "2022-11-01",
                    "last": "2023-10-31",
                    "happenings": 3,
                    "cooperative": 4,
                    "points": 5,
                }
            },
            "base",
        ),
        (
            {
                "baseline": {
                    "first": "2022-11-01",
                    "last": "2023-10-31",
                    "happenings": 4,
                    "cooperative": 4,
                    "points": 5,
                }
            },
            "deci",
        ),
        ({"void_after": "2024-01-01"}, "void_after"),
        ({"id": "No Name"}, "id"),
        ({"base_rate": float("nan")}, "base_rate"),
    ],
)
def test_what_makes_no_sense_is_rejected_by_field(change, named):
    values = {key: value for key, value in ask("higher").plain.items() if key != "sentence"}
    with pytest.raises(QuestionError, match=named):
        question_of(values | change, "mine.yaml")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "nothing is asked"),
        ({"higher": 5, "lower": 5}, "higher, lower"),
        ({"above": 50, "when": "sometimes"}, "sometimes"),
        ({"above": 50, "span": 3}, "span"),
        ({"above": 101}, "threshold"),
        ({"above": 0.6}, "above: got 0.6; expected per cent, 0 to 100. For 60% write 60"),
        (
            {"below": 0.3, "when": "by"},
            "below: got 0.3; expected per cent, 0 to 100. For 30% write 30",
        ),
        ({"level": 0.4}, "level: got 0.4"),
        ({"higher": 90}, "decided already"),
        ({"above": 50, "months": 121}, "121"),
        ({"above": 50, "last": date(2023, 10, 31)}, "later month"),
        ({"above": 50, "months": 3, "last": date(2024, 1, 31)}, "two ends"),
    ],
)
def test_nonsense_is_not_asked(asked_in_2023, given, named):
    with pytest.raises(QuestionError, match=named):
        make_question(asked_in_2023, "USA-CHN", **given)


def test_an_unknown_dyad_is_named(asked_in_2023):
    with pytest.raises(UnknownDyadError, match="USA-RUS"):
        make_question(asked_in_2023, "USA-RUS", higher=5)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        ["kind", "dyad", "first", "baseline", "before", "threshold", "sentence", "codes", "x"]
    ),
    VALUES,
)
def test_no_value_breaks_the_reader(field, value):
    values = ask_once().plain | {field: value}
    try:
        question_of(values, "mine.yaml")
    except QuestionError as error:
        assert "mine.yaml" in str(error)


def test_a_file_that_is_no_question_is_named(tmp_path):
    (tmp_path / "q.yaml").write_text(yaml.safe_dump([1, 2]))
    with pytest.raises(QuestionError, match=r"q\.yaml"):
        read_question(tmp_path / "q.yaml")
    with pytest.raises(QuestionError, match="cannot be read"):
        read_question(tmp_path / "none.yaml")


_ONE = []


def ask_once():
    _ONE[:] = _ONE or [ask("higher")]
    return _ONE[0]
