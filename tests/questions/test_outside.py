"""Outside questions: prices, outcomes and pools in the ledger, their scores, and question sets."""

import json
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from forecast.base import dates
from forecast.base.errors import LedgerError, QuestionError
from forecast.cli import app
from forecast.desk.questions import Ledger, TrackRecord, append_entries, asked, question_of
from forecast.desk.questions.drafts import outcome_of, own_number, priced
from forecast.desk.questions.exchange import (
    HUB_COLUMNS,
    forecast_set,
    hub_samples,
    read_number_cdf,
    read_question_set,
)
from forecast.desk.questions.folder import ATTRIBUTES
from forecast.desk.questions.outside import (
    MIN_RESOLVED_QUESTIONS,
    OWN_WEIGHT,
    Case,
    outside_scores,
    pool_weight,
    pooled_chance,
)
from forecast.outlook import assess
from forecast.report.ledger_page import write_track_record
from tests.questions.conftest import fit_as_of

TODAY = dates.today()


def outside(name="iran", **given):
    fields = {
        "text": "Will there be a strike?",
        "asked": TODAY,
        "closes": TODAY + timedelta(days=30),
    } | given
    return question_of({"version": 1, "kind": "outside", "id": name, **fields}, "question")


def run(*arguments):
    return CliRunner().invoke(app, ["question", *map(str, arguments)])


def said(result):
    return " ".join((result.stdout + result.stderr).split())


def test_the_pool_lies_between_and_near_the_price():
    assert 0.34 < pooled_chance(0.34, 0.6) < 0.4
    assert pooled_chance(0.34, 0.34) == pytest.approx(0.34)
    assert pooled_chance(0.34, 0.6, 1.0) == pytest.approx(0.6)


def test_the_weight_is_learned_only_from_enough_questions_and_moves_towards_the_better_forecaster():
    few = [Case("strike", 0.5, 0.9, True)] * (MIN_RESOLVED_QUESTIONS - 1)
    assert (pool_weight(few).value, pool_weight(few).learned) == (OWN_WEIGHT, False)
    better, worse = (pool_weight([Case("strike", 0.5, 0.9, yes)] * 200) for yes in (True, False))
    assert better.value > OWN_WEIGHT > worse.value


def test_the_weight_of_a_class_lies_between_its_own_and_the_common_one():
    good, bad = [Case("visit", 0.5, 0.9, True)] * 100, [Case("strike", 0.5, 0.9, False)] * 100
    few = [Case("truce", 0.5, 0.9, True)] * 2
    weight = pool_weight([*good, *bad, *few])
    assert weight.of("visit") > weight.of("truce") > weight.of("strike")
    assert weight.of("truce") == pytest.approx(weight.value, abs=0.02)
    assert weight.of("no such class") == weight.value
    assert "visit" in weight.sentence


def test_a_ledger_holds_price_number_and_outcome_and_scores_them_apart(tmp_path):
    path, question = tmp_path / "ledger.jsonl", outside()
    append_entries(
        path,
        [
            asked(question),
            priced(question, "market", 0.34, TODAY),
            own_number(question, 0.6, TODAY),
        ],
    )
    append_entries(path, [outcome_of(question, "no", "market", TODAY)])
    ledger = Ledger.read(path)
    scores = outside_scores(ledger.histories.values())
    own, price, pool = (
        next(row for row in scores.rows if row["who"] == who) for who in ("own", "price", "pool")
    )
    assert (own["brier"], price["brier"]) == (pytest.approx(0.36), pytest.approx(0.34**2))
    assert price["brier"] < pool["brier"] < own["brier"]
    assert TrackRecord.of(ledger).questions == 0


@pytest.mark.parametrize("price", [-0.1, 1.2])
def test_a_price_is_a_probability(price):
    with pytest.raises(QuestionError, match="not between 0 and 1"):
        priced(outside(), "market", price, TODAY)


def test_an_outcome_from_before_the_question_is_rejected_and_nothing_is_written(tmp_path):
    path, question = tmp_path / "ledger.jsonl", outside()
    append_entries(path, [asked(question)])
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="none"):
        append_entries(path, [outcome_of(question, "yes", "market", TODAY - timedelta(days=1))])
    assert path.read_bytes() == before


def test_a_question_that_has_closed_and_text_with_controls_are_rejected():
    with pytest.raises(QuestionError, match="closes"):
        outside(closes=TODAY)
    with pytest.raises(QuestionError, match="control"):
        outside(text="Will\x1b[31m it?")
    with pytest.raises(QuestionError, match="url"):
        outside(url="javascript:alert(1)")


def test_only_outside_questions_have_prices(tmp_path):
    from forecast import read_chronology
    from tests.questions.test_events import made

    question = made(read_chronology(dyads=["USA-IRN"]))
    path = tmp_path / "ledger.jsonl"
    append_entries(path, [asked(question)])
    with pytest.raises(LedgerError, match="no outside question"):
        append_entries(path, [priced(question, "market", 0.5, date(2024, 4, 1))])


def test_the_life_of_an_outside_question_on_the_command_line(tmp_path):
    folder = ("--folder", tmp_path / "questions")
    closes = TODAY + timedelta(days=60)
    new = run(
        "new",
        "USA-IRN",
        "--text",
        "Will the US strike Iran?",
        "--url",
        "https://example.org/1",
        "--closes",
        closes,
        "--at-least",
        "strike",
        "--by",
        "usa",
        "--id",
        "own",
        *folder,
    )
    assert new.exit_code == 0, said(new)
    assert run("update", "own", *folder).exit_code == 0
    shown = said(run("price", "own", "market", "0.34", *folder))
    assert "pool" in shown
    assert "fixed" in shown
    assert run("resolve", "own", "--outcome", "no", "--source", "market", *folder).exit_code == 0
    assert "Asked elsewhere, 1 resolved question" in said(run("score", *folder))
    assert run("say", "own", "0.3", *folder).exit_code == 2


def test_a_question_set_is_read_and_forecasts_are_written(tmp_path):
    later = (TODAY + timedelta(days=90)).isoformat()
    questions = [
        {
            "id": "0xAB",
            "source": "polymarket",
            "question": "Will <b>it</b>\x00 happen?",
            "url": "https://example.org",
            "resolution_dates": [later],
            "freeze_datetime_value": "0.27",
        },
        {
            "id": "closed",
            "source": "infer",
            "question": "Over?",
            "resolution_dates": ["2020-01-01"],
        },
        {"id": ["a", "b"], "source": "infer", "question": "Both?", "resolution_dates": [later]},
    ]
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"question_set": "x", "questions": questions}), "utf-8")
    (found,) = read_question_set(path, TODAY)
    assert (found.question.id, found.price, found.source) == ("polymarket-0xab", 0.27, "polymarket")
    assert "\x00" not in found.question.text
    folder = tmp_path / "questions"
    assert "1 question entered" in said(run("import", path, "--folder", folder))
    assert "0 questions entered" in said(run("import", path, "--folder", folder))
    run("say", "polymarket-0xab", "0.3", "--folder", folder)
    written = forecast_set(Ledger.read(folder / "ledger.jsonl").histories.values(), TODAY, "x")
    assert written["forecasts"][0] | {"reasoning": ""} == {
        "id": "0xAB",
        "source": "polymarket",
        "forecast": 0.3,
        "resolution_date": later,
        "reasoning": "",
    }


def written_set(path, *ids):
    """Write a question set with questions of some ids."""
    closes = str(TODAY + timedelta(days=30))
    questions = [
        {"id": each, "source": "metaculus", "question": f"{each}?", "resolution_dates": [closes]}
        for each in ids
    ]
    path.write_text(json.dumps({"questions": questions}), "utf-8")
    return path


def test_a_ledger_that_an_import_begins_is_kept_from_changes_by_git(tmp_path):
    folder = tmp_path / "questions"
    done = run("import", written_set(tmp_path / "set.json", "one"), "--folder", folder)
    assert done.exit_code == 0
    assert (folder / ".gitattributes").read_text("utf-8") == ATTRIBUTES


def test_ids_without_latin_letters_or_digits_get_names_of_their_own(tmp_path):
    found = read_question_set(written_set(tmp_path / "set.json", "選挙", "戦争", "a-1"), TODAY)
    first, second, latin = (listed.question.id for listed in found)
    assert first != second
    assert first.startswith("metaculus-") and second.startswith("metaculus-")
    assert latin == "metaculus-a-1"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"questions": [{"question": 3}]}', '{"questions": "all"}']
)
def test_a_file_that_is_no_question_set_is_rejected(tmp_path, content):
    path = tmp_path / "set.json"
    path.write_text(content, "utf-8")
    with pytest.raises(QuestionError, match=r"set\.json"):
        read_question_set(path, TODAY)


def test_samples_of_shares_have_the_form_of_a_hub_and_the_numbers_of_a_report():
    fit = fit_as_of("2023-10-31")
    rows = hub_samples(fit, horizons=(3, 12), samples=150)
    assert tuple(rows.columns) == HUB_COLUMNS
    assert rows.groupby("horizon").size().to_dict() == {3: 150, 12: 150}
    assert set(rows["output_type"]) == {"sample"}
    assert not rows.duplicated(["dyad", "horizon", "output_type_id"]).any()
    assert rows["value"].between(0, 100).all()
    share = assess(fit, "USA-CHN", (3, 12)).recorded[12].share
    error = 4 * (share.high - share.low) / 3.3 / 150**0.5
    assert rows.loc[rows["horizon"] == 12, "value"].mean() == pytest.approx(share.mean, abs=error)


def test_more_samples_than_there_are_simulations_are_an_error():
    with pytest.raises(QuestionError, match="fewer samples"):
        hub_samples(fit_as_of("2023-10-31"), horizons=(3,), samples=10**6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "expected JSON"),
        ("[]", "two lists of the same length"),
        ('{"values": [0, 1], "cdf": [0.5]}', "two lists of the same length"),
        ('{"values": [0, 0], "cdf": [0.5, 0.6]}', "place 2: 0; expected rising"),
        ('{"values": [0, 1], "cdf": [0.5, 0.4]}', "place 2: 0.4; expected probabilities"),
        ('{"values": [0], "cdf": [NaN]}', "place 1"),
        ('{"values": [0], "cdf": [1.2]}', "place 1: 1.2"),
    ],
)
def test_a_distribution_that_is_none_is_rejected_by_field_and_place(tmp_path, content, words):
    path = tmp_path / "cdf.json"
    path.write_text(content, "utf-8")
    with pytest.raises(QuestionError, match=words):
        read_number_cdf(path)


def test_a_distribution_gives_the_probability_of_any_number(tmp_path):
    path = tmp_path / "cdf.json"
    path.write_text('{"values": [0, 1, 4], "cdf": [0.5, 0.75, 1.0]}', "utf-8")
    found = read_number_cdf(path)
    assert [found.at_least(number) for number in (0, 1, 2, 4, 5)] == [1.0, 0.5, 0.25, 0.25, 0.0]


def test_the_page_scores_own_number_price_and_pool_apart(tmp_path):
    path, questions = tmp_path / "ledger.jsonl", [outside(f"q{place}") for place in range(4)]
    append_entries(path, [asked(one) for one in questions])
    for place, one in enumerate(questions):
        own, price = 0.2 + 0.1 * place, 0.5 - 0.1 * place
        append_entries(path, [own_number(one, own, TODAY), priced(one, "market", price, TODAY)])
        append_entries(path, [outcome_of(one, "yes" if place % 2 else "no", "market", TODAY)])
    record = TrackRecord.of(Ledger.read(path))
    page = write_track_record(record, tmp_path / "record").read_text("utf-8")
    assert "Asked elsewhere" in page
    assert "Weight of the own number in the pool" in page
    assert "to tell such a difference" in page
    stated = json.loads((tmp_path / "record" / "track_record.json").read_text("utf-8"))["outside"]
    assert {row["who"] for row in stated["rows"]} == {"own", "price", "pool"}
    assert stated["questions"] == 4


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("new", "--text", "Will it?", "--closes", "2020-01-01"), "is not after"),
        (("new", "--text", "Will it?", "--closes", "soon"), "closes"),
        (("new", "--text", "Will it?"), "--closes"),
        (("new", "--text", "Will it\x07?", "--closes", "2093-01-01"), "control characters"),
        (("new", "--text", "x" * 1_001, "--closes", "2093-01-01"), "text"),
        (("new", "--text", "Will it?", "--url", "javascript:1", "--closes", "2093-01-01"), "url"),
    ],
)
def test_a_bad_outside_question_is_an_error_and_nothing_is_written(tmp_path, command, words):
    result = run(*command, "--folder", tmp_path / "questions")
    assert result.exit_code == 2
    assert words in said(result)
    assert not (tmp_path / "questions").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("price", "own", "market", "1.2"), "not between 0 and 1"),
        (("price", "own", "market", "-0.1"), ""),
        (("price", "own", "market", "0.3", "--on", "2000-01-01"), "is before"),
        (("price", "own", "market", "0.3", "--on", "2093-01-01"), "future"),
        (("say", "own", "nan"), "not between 0 and 1"),
        (("say", "own"), "CHANCE, --cdf"),
        (("resolve", "own", "--outcome", "perhaps", "--source", "market"), "yes, no or void"),
        (("resolve", "own", "--outcome", "yes", "--source", "market", "--on", "2000-01-01"), ""),
        (("resolve", "own", "--outcome", "yes"), "--source"),
    ],
)
def test_bad_prices_and_outcomes_are_errors_and_nothing_is_appended(tmp_path, command, words):
    folder = ("--folder", tmp_path / "questions")
    closes = (TODAY + timedelta(days=60)).isoformat()
    run("new", "--text", "Will it?", "--closes", closes, "--id", "own", *folder)
    before = (tmp_path / "questions" / "ledger.jsonl").read_bytes()
    result = run(*command, *folder)
    assert result.exit_code == 2, said(result)
    assert words in said(result)
    assert (tmp_path / "questions" / "ledger.jsonl").read_bytes() == before
