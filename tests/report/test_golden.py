"""Every kind of page on a tiny fit, against a golden file, so that a change of a page is seen."""

from dataclasses import replace
from datetime import date, datetime

import pandas as pd
import pytest

from forecast.data.events import read_chronology
from forecast.data.panel import build_panel
from forecast.desk.questions import Ledger, TrackRecord, answered, append_entries, asked, resolved
from forecast.model import PendulumSpec
from forecast.model.updating import update
from forecast.outlook import attribution, comparison
from forecast.outlook.assumptions import Assumed
from forecast.outlook.scenarios import scenario
from forecast.report.claims_page import claims_page
from forecast.report.explain_page import change_page, explain_page
from forecast.report.first_screen import Earlier, Price
from forecast.report.index_page import write_index
from forecast.report.ledger_page import track_record_page
from forecast.report.material import gather
from forecast.report.page import illustrations, write_report
from forecast.report.page import page as report_page
from forecast.report.pairs_page import Pair, write_pairs
from forecast.report.scenario_page import scenario_page
from forecast.report.skill.dyad import DyadSkill, find_skill
from forecast.report.skill.page import skill_page
from tests.evaluation.made import results_of
from tests.made import unobserved
from tests.questions.made import came, made, said

from .conftest import LABELS, MadeGate, assessed, reported_fit
from .golden import FOLDER, check, without_narrow_figures
from .made_claims import OWN, results

DYAD = "USA-CHN"
MOST_BYTES = 600_000  # of all golden files together: a person reads their differences


@pytest.fixture(autouse=True)
def wide_only(monkeypatch):
    without_narrow_figures(monkeypatch)


def test_the_golden_files_stay_small_enough_to_be_read():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.html")) < MOST_BYTES


def test_report(events, monkeypatch):
    """A report on a day of which there are two earlier ones, with a backtest, a price and a corrected row."""
    fit = reported_fit(draws=40)
    result = assessed(fit)
    skill = find_skill(fit, result, events, made_skill(fit))
    assert isinstance(skill, DyadSkill)
    others = [assessed(fit, dyad) for dyad in fit.dyads if dyad != DYAD]
    gone = {"line": 3, "date": "2024-08-30", "dyad": DYAD, "summary": "Talks"}
    actors = {"source": "USA", "target": "CHN", "cameo": "036", "n": 1}
    additions = ({"file": "week.csv", "events": [gone | actors]},)
    earlier = [
        Earlier(date(2024, 6, 1), 0.44, 44, 0.06),
        Earlier(date(2024, 9, 1), 0.52, 52, 0.07, additions),
    ]
    price = Price("Will a president visit?", 0.34, "A market", "2024-12-10")
    monkeypatch.setattr("forecast.report.material.prices_of", lambda *asked: (price,))
    material = gather(fit, result, events, others, None, skill, earlier)
    page = report_page(material, illustrations(material))
    check("report", page.html(["forecast.json", "levels.csv"]))


def made_skill(fit):
    """Return a backtest of forecasts by such a fit."""
    skill = results_of(0.0, dyads=tuple(fit.dyads), spec=vars(fit.spec)).skill
    choices = skill.choices | {"data_by_dyad": dict.fromkeys(fit.dyads, "")}
    return replace(skill, choices=choices)


def test_claims():
    check("claims", claims_page(results(own=OWN, notes=("Fitted to four dyads.",))).html())


def test_skill():
    check("skill", skill_page(results_of(0.0)).html())


def test_ledger(tmp_path):
    path = tmp_path / "ledger.jsonl"
    entries = [
        *entries_of("open", [(0.3, "2021-01-31")]),
        *entries_of("yes", [(0.2, "2021-01-31"), (0.6, "2021-04-10")], "yes"),
        *entries_of("void", [(0.3, "2021-01-31")], "void"),
    ]
    for day, draft in sorted(entries, key=lambda entry: entry[0]):
        append_entries(path, [draft], now=datetime.fromisoformat(f"{day}T12:00:00+00:00"))
    record = TrackRecord.of(Ledger.read(path), day=date(2022, 6, 1))
    check("ledger", track_record_page(record, "A ledger of three questions.").html())


def entries_of(name, forecasts, outcome=None):
    """Return the entries of a question in a ledger, each with its day."""
    entries = [(forecasts[0][1], asked(made(name)))]
    entries += [
        (day, answered(said(name, chance, day), model={}, converged=True))
        for chance, day in forecasts
    ]
    if outcome:
        entries.append(("2022-02-01", resolved(came(name, outcome))))
    return entries


def test_pairs_and_index(tmp_path, fit, assessment, events, monkeypatch):
    monkeypatch.setattr("forecast.report.illustration._svg", lambda draw, layout: "<svg/>")
    folder = tmp_path / "reports" / "pairs"
    write_report(fit, assessment, events=events, out=folder / DYAD)
    pair = Pair.read(folder / DYAD, f"{DYAD}/index.html")
    other = replace(
        pair, label="US-Russia", title="US-Russia, year", before=0.2, up=0.3, same=0.5, down=0.2
    )
    missing = {"CHN-RUS": "its coverage ends in 2020"}
    page = write_pairs([pair, other], folder, missing, ("2024-12-31", "2025-01-07"))
    check("pairs", page.read_text("utf-8"))
    write_report(fit, assessment, out=tmp_path / "reports" / "alone")
    check("index", write_index(tmp_path / "reports").read_text("utf-8"))


def test_scenario():
    fit = reported_fit(dyads=(DYAD,), draws=40)
    contact = Assumed(date(2025, 2, 1), "USA", "CHN", of_class="class 4", n=2, summary="two visits")
    quiet = replace(contact, of_class="class 0", n=0, summary="no war")
    scenarios = {"two contacts": [contact], "quiet": [quiet]}
    later = reported_fit(dyads=(DYAD,), months=306, draws=2).panel
    found = scenario(fit, DYAD, scenarios, (3, 12), labels=LABELS, above=40.0, followed=later)
    check("scenario", scenario_page(fit, found, MadeGate()).html())


@pytest.fixture(scope="module")
def thin():
    """A thin table of two years, and a fit of it: draws of the prior, moved by what was recorded."""
    chronology = read_chronology(dyads=[DYAD])
    recent = chronology.events["date"].between("2021-11-01", "2024-02-29")
    rows = chronology.events[recent].iloc[::14].reset_index(drop=True)
    table = replace(chronology, events=rows.assign(dataset="thin", known_at=rows["date"]))
    panel = thin_panel(table, "2023-10-31")
    prior = unobserved(panel, PendulumSpec(trend="constant"), chains=4, draws=600)
    return table, update(prior, panel, refit=False)


def few_draws_pass(monkeypatch):
    """Let fits of few draws pass the checks of convergence, so that pages bear no stamp."""
    monkeypatch.setattr("forecast.model.gate.ESS_LIMIT", 50)
    monkeypatch.setattr("forecast.model.gate.R_HAT_LIMIT", 1.3)


def thin_panel(table, day):
    span = {"start": ["2021-11-01"], "last_even": ["2024-02-29"]}
    coverage = pd.DataFrame({"dataset": ["thin"], "dyad": [DYAD], **span})
    return build_panel(table, dyads=[DYAD], as_of=day, coverage=coverage)


def test_explanation(thin, monkeypatch):
    few_draws_pass(monkeypatch)
    table, fit = thin
    found = attribution.attribute(fit, DYAD, table, months=3, horizon=12)
    check("explanation", explain_page(fit, found).html())


def test_change(thin, monkeypatch):
    few_draws_pass(monkeypatch)
    table, fit = thin
    later = update(fit, thin_panel(table, "2023-12-31"), refit=False)
    change = comparison.split_change(fit, later, DYAD)
    check("change", change_page((fit, later), change, None).html())
