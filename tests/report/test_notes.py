"""The caveat on the sampled war years of Russia and Ukraine stands on every page and answer that uses the pair."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import forecast
from forecast import add_events, build_panel, read_chronology, scenario
from forecast.cli import app
from forecast.cli.terminal import show_result
from forecast.data.events import read_coverage
from forecast.data.panel.notes import DataNotes, notes_of_pairs, notes_of_panel
from forecast.desk.questions import Ledger, TrackRecord
from forecast.report.claims_page import claims_page, results_json
from forecast.report.ledger_page import track_record_page
from forecast.report.page import thin_years
from forecast.report.pairs_page import Pair, write_pairs
from forecast.report.scenario_page import scenario_json, scenario_page
from forecast.report.skill.page import skill_page
from tests.evaluation.made import results_of

from .conftest import LABELS, MadeGate, Reader, assessed, render_page, report_json, reported_fit
from .made_claims import results as made_results

PAIR = "RUS-UKR"
SAID = "the violence of the war is a sample"
FOLDER = Path(forecast.__file__).parent


@pytest.fixture(scope="module")
def war():
    """A fit of the pair alone."""
    return reported_fit(dyads=(PAIR,), draws=40, eras={PAIR: (("war", 0),)})


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def test_each_page_is_given_its_notes():
    """Whoever adds a page gives it what readers have to know of its data."""
    without = []
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Page"):
                continue
            given = len(node.args) >= 7 or any(one.arg == "notes" for one in node.keywords)
            if not given:
                without.append(f"{path.name}, line {node.lineno}")
    assert without == []


def test_report_scenario_and_backtest(war):
    made = scenario(war, PAIR, {"nothing": []}, (3,), labels=LABELS)
    results = results_of()
    choices = results.skill.choices | {"dyads": ["USA-CHN", PAIR], "dataset": "chronology"}
    pages = {
        "report": render_page(war, assessed(war, PAIR)),
        "scenario": scenario_page(war, made, MadeGate()).html(),
        "backtest": skill_page(
            replace(results, skill=replace(results.skill, choices=choices))
        ).html(),
    }
    assert {name for name, page in pages.items() if SAID not in Reader(page).text} == set()
    for content in (report_json(war, assessed(war, PAIR)), scenario_json(war, made, MadeGate())):
        assert SAID in content["caveats"][0]


def test_pairs_claims_and_ledger(tmp_path):
    texts = notes_of_pairs([(PAIR, "chronology")]).caveats
    asked = (12, "2026-06-01", "2027-05-31", "2025-06-01", 12, 5.0)
    pair = Pair(
        PAIR, "Russia-Ukraine", "Title", "2026-05-31", True, *asked, 0.2, 0.5, 0.3, caveats=texts
    )
    page = write_pairs([pair], tmp_path / "pairs", {})
    assert f"Russia-Ukraine: From 2022 on {SAID}" in Reader(page.read_text("utf-8")).text
    assert (
        SAID
        in json.loads(page.with_name("pairs.json").read_text("utf-8"))["pairs"][0]["caveats"][0]
    )
    tested = replace(made_results(), data_notes=DataNotes(texts))
    assert SAID in Reader(claims_page(tested).html()).text
    assert SAID in results_json(tested)["caveats"][0]
    ledger = Path(__file__).parents[2] / "reports" / "ledger" / "ledger.jsonl"
    record = TrackRecord.of(Ledger.read(ledger))
    assert f"Russia-Ukraine: From 2022 on {SAID}" in Reader(track_record_page(record).html()).text
    assert any(SAID in text for text in record.to_dict()["caveats"])


def test_questions_in_terminal_and_json(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ("--as-of", "2023-10-31", "--months", 6)
    assert SAID in run("question", "new", PAIR, "--higher", 5, "--id", "war", *asked)
    assert SAID not in run("question", "new", "USA-CHN", "--higher", 5, "--id", "other", *asked)
    assert SAID in run("question", "list") and SAID in run("question", "show", "war")
    listed = {one["id"]: one["caveats"] for one in json.loads(run("question", "list", "--json"))}
    assert SAID in listed["war"][0] and listed["other"] == []
    (entry,) = json.loads(run("question", "resolve", "war", "--json"))
    assert SAID in entry["caveats"][0]
    assert SAID in run("question", "score")


def test_events_that_are_shown():
    assert SAID in run("events", "show", PAIR, "--from", "2023-01", "--to", "2023-01")
    assert SAID not in run("events", "show", "USA-CHN", "--from", "2023-01", "--to", "2023-01")


def test_the_terminal_says_what_the_json_of_a_page_says(tmp_path, capsys):
    page = tmp_path / "index.html"
    (tmp_path / "forecast.json").write_text(json.dumps({"caveats": ["A [b] caveat."]}))
    show_result(page, "forecast.json", lambda: print("The result"), as_json=False)
    assert capsys.readouterr().out.splitlines() == ["The data: A [b] caveat.", "The result"]


def test_several_pairs_are_named_and_one_is_not():
    (alone,) = notes_of_pairs([(PAIR, "chronology"), (PAIR, "gdelt")]).caveats
    assert alone.startswith("From 2022 on")
    several = notes_of_pairs([(PAIR, "chronology"), ("USA-CHN", "chronology")]).caveats
    assert several == (f"Russia-Ukraine: {alone}",)
    assert notes_of_pairs([(PAIR, "gdelt")]) == DataNotes()


def test_a_gap_is_a_note_on_the_data(monkeypatch):
    embedded = read_coverage()
    embedded.loc[embedded["dyad"] == "USA-RUS", "last_even"] = pd.Timestamp("2026-03-28")
    monkeypatch.setattr(
        "forecast.data.events.even_coverage.read_coverage", lambda given=None: embedded
    )
    row = {
        "date": "2026-06-18",
        "source": "RUS",
        "target": "USA",
        "kind": "talks",
        "summary": "Talks",
    }
    table = add_events(read_chronology(dyads=["USA-RUS"]), [row])
    (note,) = notes_of_panel(build_panel(table, dyads=["USA-RUS"])).caveats
    assert "81 days from 2026-03-29 to 2026-06-17" in note
    assert notes_of_panel(build_panel(table, dyads=["USA-RUS"], as_of="2026-03-28")).caveats == ()


def test_thin_years_are_in_the_json(fit, assessment):
    stated = report_json(fit, assessment)["thin_years"]
    assert stated == thin_years(fit.panel, "USA-CHN")
    panel = build_panel(read_chronology(dyads=["EGY-ISR"]))
    assert 1963 in thin_years(panel, "EGY-ISR") and 1979 not in thin_years(panel, "EGY-ISR")
