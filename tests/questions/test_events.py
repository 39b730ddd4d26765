"""Questions about events of a set: asked, answered without a fit, resolved, and on the command line."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from forecast import (
    AskedEvents,
    answer_events,
    find_set,
    make_event_question,
    read_chronology,
    read_question,
    resolve_events,
)
from forecast.base.errors import ForecastError, QuestionError
from forecast.cli import app
from forecast.desk.questions import EventQuestion, write_question

DAY = date(2024, 3, 31)


@pytest.fixture(scope="module")
def table():
    return read_chronology(dyads=["USA-IRN"])


def made(table, name="strike", **asked):
    events = AskedEvents(find_set(name), **{"last": date(2024, 6, 30)} | asked)
    return make_event_question(table, "USA-IRN", events, as_of=DAY)


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def said(result):
    return " ".join((result.stdout + result.stderr).split())


def test_a_question_keeps_its_codes_and_comes_back_from_its_file(table, tmp_path):
    question = made(table, by="USA", at_least=2)
    write_question(tmp_path / "own.yaml", question)
    again = read_question(tmp_path / "own.yaml")
    assert isinstance(again, EventQuestion)
    assert again.digest == question.digest
    assert again.codes == ("190", "194", "195")


def test_it_is_answered_from_the_record_and_the_answer_moves_with_the_day(table):
    question = made(table, last=date(2024, 5, 31), at_least=3)
    first, later = (
        answer_events(table, question, as_of=date(2024, *day)) for day in ((3, 31), (4, 30))
    )
    assert later.recorded >= first.recorded == 0
    assert first.chance != later.chance


def test_it_resolves_by_its_rows(table):
    assert resolve_events(table, made(table), date(2025, 1, 1)).outcome == "yes"
    quiet = made(table, quiet=60, last=date(2024, 12, 31))
    assert resolve_events(table, quiet, date(2025, 6, 1)).outcome == "yes"
    never = made(table, "recognition")
    assert resolve_events(table, never, date(2025, 1, 1)).outcome == "no"


def test_it_stays_open_until_coverage_reaches_its_end(table):
    strike = AskedEvents(find_set("strike"), date(2026, 10, 31))
    question = make_event_question(table, "USA-IRN", strike)
    assert resolve_events(table, question, date(2026, 11, 15)).outcome == "open"


def test_an_answer_that_is_known_is_no_question(table):
    with pytest.raises(QuestionError, match="already has"):
        made(table, first=date(2024, 1, 1))


def test_who_acts_is_one_of_the_pair(table):
    with pytest.raises(QuestionError, match="no state of USA-IRN"):
        made(table, by="CHN")


def test_the_life_of_a_question_on_the_command_line(tmp_path):
    folder = ("--folder", tmp_path / "questions")
    asked = run(
        "question",
        "new",
        "USA-IRN",
        "--at-least",
        "strike",
        "--from",
        "2024-04-01",
        "--until",
        "2024-06-30",
        "--as-of",
        "2024-03-31",
        "--id",
        "own",
        *folder,
    )
    assert asked.exit_code == 0, said(asked)
    assert run("question", "update", "--as-of", "2024-04-30", *folder).exit_code == 0
    assert "YES" in said(run("question", "resolve", *folder))
    entries = (tmp_path / "questions" / "ledger.jsonl").read_text("utf-8").splitlines()
    answer = json.loads(entries[1])
    assert (answer["by"], answer["futures"], answer["model"]) == ("the hazards", 0, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--codes", "1999"), "near are"),
        (("--at-least", "strike", "--codes", "190"), "two sets at once"),
        (("--at-least", "strike:many"), "SET:NUMBER"),
        (("--at-least", "violence:1", "--until", "2024-03-01"), "later day"),
        (("--at-least", "strike", "--until", "2024-03-01"), "later day"),
        (("--at-least", "strike", "--from", "2024-07-01", "--until", "2024-06-01"), "swap them"),
        (("--at-least", "strike", "--until", "2093-01-01"), "earlier day"),
        (("--at-least", "strike", "--until", "tomorrow"), "until"),
        (("--at-least", "strike", "--from", "2020-01-01", "--until", "2024-06-01"), "ask for more"),
        (("--at-least", "strike:0", "--until", "2024-06-01"), "expected 1 to"),
        (("--at-least", "strike", "--quiet", "90", "--until", "2024-06-01"), "do not fit"),
        (("--at-least", "strike", "--by", "CHN", "--until", "2024-06-01"), "no state of USA-IRN"),
        (("--at-least", "strike", "--months", "3", "--until", "2024-06-01"), "two ends"),
        (("--quiet", "30"), "name them"),
        (("--at-least", "picnic", "--months", "3"), "no such set"),
    ],
)
def test_bad_input_is_an_error_with_a_remedy_and_nothing_is_written(tmp_path, options, words):
    result = run(
        "question",
        "new",
        "USA-IRN",
        *options,
        "--as-of",
        "2024-03-31",
        "--folder",
        tmp_path / "questions",
    )
    assert result.exit_code == 2
    assert words in said(result)
    assert not (tmp_path / "questions").exists()


def test_ask_prints_the_answer_and_json(tmp_path):
    shown = said(run("ask", "USA-IRN strike by 2024-06-30", "--as-of", "2024-03-31"))
    parts = (
        "At least 1 US-Iran event",
        "of ten years",
        "since the last event",
        "What would change it most",
        "Rule:",
    )
    for part in parts:
        assert part in shown
    assert "read both together" in shown
    found = json.loads(
        run("ask", "USA-IRN strike by 2024-06-30", "--as-of", "2024-03-31", "--json").stdout
    )
    assert 0 < found["chance"] < 1


def test_months_count_from_the_first_day_and_need_no_fit(tmp_path):
    folder = ("--folder", tmp_path / "questions")
    asked = run(
        "question",
        "new",
        "USA-IRN",
        "--at-least",
        "violence",
        "--months",
        "6",
        "--as-of",
        "2024-03-31",
        "--id",
        "own",
        *folder,
    )
    assert asked.exit_code == 0, said(asked)
    assert "from 1 April 2024 to 30 September 2024" in said(asked)
    updated = run("question", "update", "--as-of", "2024-03-31", *folder)
    assert updated.exit_code == 0, said(updated)
    assert "% as of 2024-03-31" in said(updated)


def test_events_are_parts_of_joint_and_conditional_questions(tmp_path):
    folder = ("--as-of", "2024-03-31", "--folder", tmp_path / "questions")
    joint = run(
        "question",
        "new",
        "USA-IRN",
        "--at-least",
        "strike",
        "--until",
        "2024-09-30",
        "--and",
        "at-least talks from 2024-05-01 until 2024-09-30",
        "--id",
        "both",
        *folder,
    )
    assert joint.exit_code == 0, said(joint)
    given = run(
        "question",
        "new",
        "USA-IRN",
        "--at-least",
        "strike",
        "--until",
        "2024-09-30",
        "--given",
        "higher 5 months 6",
        "--id",
        "given",
        *folder,
    )
    assert given.exit_code == 0, said(given)
    both = read_question(tmp_path / "questions" / "both.yaml")
    assert [part.first for part in both.parts] == [date(2024, 4, 1), date(2024, 5, 1)]
    needs = run("question", "update", "--folder", tmp_path / "questions")
    assert needs.exit_code == 2
    assert "needs a fit" in said(needs) or "--fit" in said(needs)
    assert "resolve" not in said(run("question", "resolve", "--folder", tmp_path / "questions"))


def test_no_covered_day_is_an_error(table):
    early = AskedEvents(find_set("strike"), date(1940, 12, 31))
    with pytest.raises(ForecastError, match="before the data"):
        make_event_question(table, "USA-IRN", early, as_of=date(1940, 1, 1))
