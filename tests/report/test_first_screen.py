"""The first screen of a report: what readers ask first, with one number everywhere, and what can be copied."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from forecast.base.wording import day as day_in_words
from forecast.desk.questions import make_question
from forecast.outlook import NotDefined, assess
from forecast.outlook.signposts import MAX_SIGNPOST_CHANCE, MIN_SIGNPOST_CHANCE, signposts_of
from forecast.outlook.windows import DOTS, printed_changes
from forecast.plots.dots import dot_counts
from forecast.report import first_screen
from forecast.report.first_screen import (
    Earlier,
    answers_of,
    corrected_rows,
    earlier_reports,
    history,
    prices_of,
)
from forecast.report.page import write_report
from forecast.report.skill.dyad import find_skill

from .conftest import Reader, assessed, made_events, render_page, report_json, reported_fit


@pytest.fixture(scope="module")
def fit():
    return reported_fit(draws=40)


@pytest.fixture(scope="module")
def assessment(fit):
    return assessed(fit)


def answers(fit, result, **given):
    known = made_events().events
    return answers_of(
        result,
        find_skill(fit, result),
        SimpleNamespace(edition=None),
        {"data": {"digest": "ab" * 32}},
        as_of=result.origin,
        events=known,
        **given,
    )


def test_dots_are_the_published_chances(assessment):
    window = assessment.recorded[12]
    counts, printed = dot_counts(window), printed_changes(window)
    assert len(window.dots) == DOTS == sum(counts.values())
    assert window.dots == tuple(sorted(window.dots))
    assert all(abs(2 * counts[name] - printed[name]) <= 2 for name in counts)
    assert min(abs(dot - window.share.median) for dot in window.dots) < 3


def test_every_chance_on_the_first_screen_is_the_titles(fit, assessment):
    html = render_page(fit, assessment)
    opening = Reader(html[: html.index("<main")]).text
    up = printed_changes(assessment.recorded[12])["up"]
    found = answers(fit, assessment)
    assert found.now == up and f"Instead of {up}%" in opening
    assert found.cite.startswith(assessment.title) and "data abababababab" in found.cite
    assert found.likely in opening


def test_kinds_are_named_that_move_the_chance_most(assessment):
    every = assessment.recorded[12].up.value
    assert assessment.signposts and len(assessment.signposts) <= 3
    moves = [abs(one.change) for one in assessment.signposts]
    assert moves == sorted(moves, reverse=True) and min(moves) >= 1
    for one in assessment.signposts:
        assert (
            MIN_SIGNPOST_CHANCE <= one.chance.value <= MAX_SIGNPOST_CHANCE and one.least > one.usual
        )
        assert one.change == pytest.approx(100 * (one.higher.value - every), abs=0.01)
        assert one.cooperative is (
            one.change > 0
        )  # good news raises the chance, bad news lowers it


def test_what_to_watch_is_the_same_each_time_and_not_defined_without_a_baseline(fit, assessment):
    again = assess(fit, "USA-CHN", seed=assessment.seed).signposts
    assert [(one.kind, one.least, one.change) for one in again] == [
        (one.kind, one.least, one.change) for one in assessment.signposts
    ]
    published = SimpleNamespace()
    assert isinstance(signposts_of(published, 12, NotDefined("none"), 5.0, seed=1), NotDefined)


def test_earlier_reports_of_the_same_window_are_its_history(fit, assessment, tmp_path):
    out = tmp_path / "reports" / "2025-02-03" / "USA-CHN"
    numbers = json.loads(json.dumps(report_json(fit, assessment), default=str))
    for days, change in (
        (28, {}),
        (14, {}),
        (7, {"baseline_months": 24}),
        (3, {"converged": False}),
    ):
        folder = tmp_path / "reports" / f"before-{days}" / "USA-CHN"
        folder.mkdir(parents=True)
        day = assessment.origin - timedelta(days=days)
        (folder / "forecast.json").write_text(json.dumps(numbers | {"as_of": str(day)} | change))
    found = earlier_reports(out, assessment, assessment.origin)
    assert [(assessment.origin - one.as_of).days for one in found] == [28, 14]
    assert {one.printed for one in found} == {printed_changes(assessment.recorded[12])["up"]}
    page = write_report(fit, assessment, out=out, events=made_events())
    assert (
        "Published chance of a higher share of the same window"
        in Reader(page.read_text("utf-8")).text
    )


def test_a_history_is_drawn_from_three_days_on(assessment):
    earlier = [
        Earlier(assessment.origin - timedelta(days=days), 0.1, 10, None) for days in (20, 10)
    ]
    assert history(assessment, earlier[:1], assessment.origin) is None
    assert "10%" in history(assessment, earlier, assessment.origin).alt


def test_a_change_is_split_between_model_and_benchmarks(fit, assessment):
    window = assessment.recorded[12]
    up, by_model = window.up.value, window.simulated_by_model.value
    day = assessment.origin - timedelta(days=30)
    before = Earlier(day, up - 0.05, 0, by_model - 0.02)
    why = answers(fit, assessment, earlier=[before]).why
    assert re.match(
        r"\+5\.0 points since .*: \+2\.0 through the model, \+3\.0 through the benchmarks;", why
    )


def test_prices_of_open_questions_about_the_pair_are_shown(fit, assessment, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from forecast.cli import app

    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    asked = run.invoke(
        app,
        [
            "question",
            "new",
            "USA-CHN",
            "--text",
            "Will Xi visit in 2027?",
            "--closes",
            "2031-05-31",
            "--at-least",
            "visit",
            "--until",
            "2031-05-31",
            "--id",
            "xi",
        ],
    )
    assert asked.exit_code == 0, asked.output
    priced = run.invoke(app, ["question", "price", "xi", "A market", "0.34"])
    assert priced.exit_code == 0, priced.output
    ledger = tmp_path / "questions" / "ledger.jsonl"
    day = date.today() + timedelta(days=1)
    (price,) = prices_of(ledger, "USA-CHN", day)
    assert (price.text, price.price, price.source) == ("Will Xi visit in 2027?", 0.34, "A market")
    assert prices_of(ledger, "USA-RUS", day) == () and prices_of(None, "USA-CHN", day) == ()
    assert prices_of(ledger, "USA-CHN", date(2020, 1, 1)) == ()  # not known then
    words_of_day = day_in_words(date.fromisoformat(price.as_of))
    assert answers(fit, assessment, prices=[price]).prices == (
        f"“Will Xi visit in 2027?” 34% (A market, {words_of_day}).",
    )


def test_a_title_about_something_else_has_no_first_screen(fit):
    asked = assessed(fit, above=60.0)
    assert answers(fit, asked) is None
    assert 'class="first"' not in render_page(fit, asked)


def test_skill_is_one_plain_sentence(fit, assessment):
    found = find_skill(fit, assessment)
    if isinstance(found, NotDefined):
        pytest.skip(found.reason)
    assert re.fullmatch(
        r"[^;.]+ the best simple benchmark; nearer than [^;.]+ in \d+ of \d+ pairs\.", found.plain
    )


def test_buttons_name_what_is_there(fit, assessment):
    html = render_page(fit, assessment)
    read = Reader(html)
    ids = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    buttons = read.named("button")
    assert {one["data-copy"] for one in buttons} == {"png", "svg", "sentence"}
    assert all(one["data-of"] in ids and "hidden" in one for one in buttons)


def test_quantiles_of_a_void_window_are_no_dots():
    from forecast.outlook.windows import share_dots

    assert share_dots(np.array([])) == ()


def test_a_stranger_file_is_no_history(assessment, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "forecast.json").write_text("[]")
    assert earlier_reports(tmp_path / "new", assessment, assessment.origin) == ()
    assert (
        first_screen.earlier_reports(
            tmp_path / "new", replace(assessment, recorded=NotDefined("none")), assessment.origin
        )
        == ()
    )


def added(line, day, summary="Talks", dyad="USA-CHN"):
    """Return an added row as the provenance of a report states it."""
    actors = {"source": "USA", "target": "CHN", "cameo": "036", "n": 1}
    return {"line": line, "date": day, "dyad": dyad, "summary": summary} | actors


def file_of(*rows):
    return {"file": "week.csv", "events": list(rows)}


def test_rows_that_say_something_else_than_in_the_last_report_are_named(fit, assessment):
    other_pair = added(4, "2024-12-03", dyad="USA-RUS")
    before = [file_of(added(2, "2024-12-01"), added(3, "2024-12-02"), other_pair)]
    now = [file_of(added(2, "2024-12-02"), added(3, "2024-12-05"))]
    changed = corrected_rows(before, now, "USA-CHN")
    assert changed == ["week.csv, line 2 (1 December 2024, Talks)"]  # the other row has only moved
    assert corrected_rows(before, before, "USA-CHN") == []
    last = Earlier(assessment.origin - timedelta(days=7), 0.3, 30, None, tuple(before))
    html = render_page(fit, assessment)
    assert "Corrected or withdrawn" not in html
    found = answers(fit, assessment, earlier=[last], rejected=["week.csv, line 9: no day"])
    assert found.corrected.startswith(
        "Corrected or withdrawn since 24 December 2024: week.csv, line 2"
    )
    assert found.rejected == "Rejected and not counted: week.csv, line 9: no day."


def test_the_history_has_the_forecasts_of_a_question_about_the_same_window(
    fit, assessment, tmp_path, monkeypatch
):
    panel = fit.panel.assign_attrs(digest="ab" * 32)
    question = make_question(panel, "USA-CHN", higher=5, months=12)
    days = ("2024-12-10", "2024-12-20", "2025-01-05")
    told = [SimpleNamespace(chance=0.3, as_of=day) for day in days]
    histories = [SimpleNamespace(question=question, answers=told)]
    monkeypatch.setattr(first_screen, "_histories", lambda ledger: histories)
    found = earlier_reports(tmp_path / "new", assessment, assessment.origin, tmp_path)
    assert [(one.as_of.day, one.printed) for one in found] == [(10, 30), (20, 30)]
    on_the_tenth = earlier_reports(tmp_path / "new", assessment, date(2024, 12, 15), tmp_path)
    assert [one.as_of.day for one in on_the_tenth] == [10]  # not what is of a later day
    lower = make_question(panel, "USA-CHN", lower=5, months=12)
    other = make_question(panel, "USA-CHN", higher=10, months=12)
    shorter = make_question(panel, "USA-CHN", higher=5, months=6)
    for wrong in (lower, other, shorter):
        histories[0] = SimpleNamespace(question=wrong, answers=told)
        assert earlier_reports(tmp_path / "new", assessment, assessment.origin, tmp_path) == ()
