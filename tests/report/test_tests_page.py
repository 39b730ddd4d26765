"""The page of tests and what stands beside it: safe, whole, in words, and stamped for what it is."""

import csv
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypotheses.fakes import CHECK, DRAWINGS, SCRIPT, FakeGate, FakePower, fake_results, make_verdict

from forecast.hypotheses import Comparison, Drawing, Number, Rule, Series
from forecast.hypotheses.measures import chance, evidence_bars, evidence_table, number
from forecast.hypotheses.plan import read_plan
from forecast.hypotheses.registry import CLAIMS
from forecast.hypotheses.verdict import Reason, describe, stated
from forecast.report import results_json, results_table, write_tests
from forecast.report import tests_page as say
from forecast.report.tests_page import COLUMNS, SCHEMA, results_figures, results_page
from forecast.report.verdict_figure import illustrate
from forecast.sources import Source

from .conftest import Reader, keys_documented

DOCUMENT = Path(__file__).parents[2] / "docs" / "schema" / "tests-json.md"
MODELS = "a linear pull against a random walk"
FAILED = {"linear pull": FakeGate(("half-life: R-hat 1.2, limit 1.01",)), "walk": FakeGate()}


def compared(log=2.4, error=0.1, ahead=-0.3, ahead_error=0.8, models=("a linear pull", "a random walk"), **which):
    widths = pd.DataFrame(
        {
            "prior": ["", "cycle_half_life", "cycle_half_life"],
            "factor": [1.0, 0.5, 2.0],
            "log_bayes_factor": [log, log + 0.4, log - 0.6],
            "error": [error, error, error],
        }
    )
    return Comparison(*models, log, error, ahead, ahead_error, 0.4, widths, **which)


def real_verdict(code="S5", comparison=None, **changes):
    """A verdict made of the parts that those of the package are made of."""
    found = comparison or compared()
    rng = np.random.default_rng(1)
    given = {
        "numbers": (
            number("half_life", rng.lognormal(3.7, 0.5, (4, 200)), "months", "time in which half is undone"),
            chance("probability_short", rng.uniform(size=(4, 200)) < 0.7, "the half-life is below 60 months"),
        ),
        "comparisons": (found, compared(-0.2, models=("a band", "a linear pull"), name="band", decides=False)),
        "table": evidence_table({MODELS: found}),
        "drawing": evidence_bars("Evidence", {MODELS: found}),
    }
    return make_verdict(code, **(given | changes))


@pytest.fixture(scope="module")
def results():
    return fake_results(
        (
            make_verdict("S2", "rejected"),
            real_verdict(answer="supported", power=FakePower(), checks=(CHECK,)),
            make_verdict("S6", claim=f"Hostile {SCRIPT}.", prose=(SCRIPT,)),
        ),
        notes=("A note.",),
    )


@pytest.fixture(scope="module")
def html(results):
    return results_page(results).html()


@pytest.fixture(scope="module")
def read(html):
    return Reader(html)


def test_the_page_loads_nothing_and_runs_nothing(html, read):
    assert "<script" not in html.lower() and not read.named("link") and not read.named("iframe")
    loaded = [attributes.get("src") or attributes.get("srcset") for _, attributes in read.tags]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in loaded if address)
    assert "url(" not in html and "@import" not in html
    assert SCRIPT in read.text


def test_it_opens_with_what_it_is_and_what_was_answered(read):
    assert read.text.index("Exploratory.") < read.text.index("Is there a pendulum in US-China relations?")
    assert "Of 3 claims tested, 1 supported, 1 rejected and 1 undecided." in read.text
    assert "A note." in read.text


def test_every_claim_has_its_parts_in_order(results, read):
    starts = [read.text.index(f"{verdict.code}. ") for verdict in results.verdicts] + [
        read.text.index("Sensitivity to data and priors")
    ]
    for verdict, (start, end) in zip(results.verdicts, pairwise(starts), strict=True):
        section = read.text[start:end]
        parts = (
            verdict.answer, verdict.claim, "Null", verdict.null, "Rule", "The whole record: Bayes factors",
            "The months ahead", "The posterior", *verdict.prose, "In full", "Power and false alarms",
        )  # fmt: skip
        for part in parts:  # each after the one before
            assert part in section, part
            section = section[section.index(part) + len(part) :]


def test_the_reason_of_an_answer_stands_at_the_top():
    reason = Reason("not_defined", {"answer": "undecided", "why": "it is unknown"})
    verdict = make_verdict("S5", prose=("The half-life is 41.", "The end."), reason=reason)
    text = Reader(results_page(fake_results((verdict,)), {}).html()).text
    assert (
        text.index("Undecided, because") < text.index("Evidence by three routes") < text.index("The half-life is 41.")
    )
    assert text.count("Undecided, because") == 1


def test_the_finding_is_in_sight_and_the_rest_is_folded(html, results):
    """What is outside of `<details>`: every answer with its claim and figure, and none of the tables of evidence."""
    shown = Reader(re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)).text
    folded = Reader(html).text
    for verdict in results.verdicts:
        assert verdict.claim in shown
    for hidden in ("Evidence by three routes", "Power and false alarms", "SHA-256", "Smallest bulk ESS"):
        assert hidden in folded and hidden not in shown
    assert len(shown) < len(folded) / 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source(), "the embedded chronology"),
        (Source(kind="archive", path="kept", datasets=("gdelt",)), "gdelt of an archive (kept)"),
        (
            Source(kind="several", sources=(Source(), Source(kind="feed", paths=("icews/",)))),
            "the embedded chronology and a machine-coded feed (icews)",
        ),
    ],
)
def test_the_data_are_named_whatever_their_source(results, source, words):
    """A run of a feed, or of several sources, is written as one of the chronology is."""
    named = replace(results, plan=results.plan.model_copy(update={"source": source}))
    assert f"Data {words}" in Reader(results_page(named, {}).html()).text


def test_what_each_dataset_counts_is_said(results):
    panel = results.data.panel
    other = (3 * panel).assign_coords(dataset=["gdelt"])["counts"]
    both = panel.reindex(dataset=["chronology", "gdelt"], fill_value=0)
    both["counts"].loc[{"dataset": "gdelt"}] = other.isel(dataset=0)
    counted = int(panel["counts"].sum())
    several = replace(results, data=replace(results.data, panel=both))
    assert f"{counted:,} of chronology and {3 * counted:,} of gdelt" in Reader(results_page(several, {}).html()).text


def test_power_stands_beside_every_answer(results, read):
    assert read.text.count("Power and false alarms") == len(results.verdicts)
    assert FakePower().words in read.text
    assert "half-life 24 months: found in 46 %; random walk: false alarm in 4 %" in read.text
    why = replace(results, without_power={"S6": "The power of this test is not known, for a reason."})
    assert "not known, for a reason" in Reader(results_page(why, {}).html()).text


def test_the_textbook_tests_are_printed_with_their_nulls_and_a_caution(read):
    assert f"{CHECK.name} {CHECK.null}" in read.text
    assert "0.026" in read.text and "cross-check and not as evidence" in read.text


def test_no_raw_name_is_shown(read):
    assert not re.search(r"\b[a-z]+_[a-z]+\b", read.text), "a raw variable name"


def test_links_within_the_page_lead_somewhere(read):
    targets = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    assert {link["href"][1:] for link in read.named("a") if link["href"].startswith("#")} <= targets


def test_a_planned_run_says_by_which_plan():
    results = fake_results(planned=True)
    text = Reader(results_page(results, {}).html()).text
    assert "Planned." in text and "Exploratory" not in text
    assert f"Frozen on 2 January 2026, digest {results.plan.digest[:12]}" in text


def test_a_run_that_has_not_converged_is_stamped_everywhere():
    results = fake_results((make_verdict("S5"),), gates=FAILED)
    html = results_page(results).html()
    read = Reader(html)
    assert read.text.strip().startswith("NOT CONVERGED: US-China")
    assert "This run cannot tell: its sampler has not converged." in read.text
    assert "linear pull: half-life: R-hat 1.2, limit 1.01" in read.text
    assert '@top-center { content: "NOT CONVERGED' in html
    assert all(image["alt"].startswith("NOT CONVERGED") for image in read.named("img"))
    assert all(
        "NOT CONVERGED" in one.wide and "NOT CONVERGED" in one.narrow for one in results_figures(results).values()
    )
    assert results_json(results)["converged"] is False
    assert "NOT CONVERGED" not in results_page(fake_results(), {}).html()


def test_a_run_without_sensitivity_or_tables_says_so():
    bare = make_verdict("S7", numbers=(), table=pd.DataFrame(), prose=())
    text = Reader(results_page(replace(fake_results((bare,)), sensitivity=None, gates={}), {}).html()).text
    assert "the plan leaves them out" in text and "no model was fitted" in text
    assert "The claim tested, a contrast of dyads, is undecided." in text


def test_the_sensitivity_tells_numbers_and_notes_apart():
    table = pd.DataFrame(
        {
            "change": ["none", "one era", "power-scaling: the half-life"],
            "half_life": [41.3, 38.0, np.nan],
            "low": [12.0, 11.0, np.nan],
            "high": [118.0, np.inf, np.nan],
            "probability_short": [0.71, 0.8, np.nan],
            "answer": ["undecided", "", ""],
            "note": ["", "", "the prior moves it"],
        }
    )
    found, notes = say.sensitivity_grid(table, Rule())
    assert [name for name, _ in found.columns][1:5] == [
        "Half-life, months", "90 % interval, from", "To", "Chance of below 60 months"
    ]  # fmt: skip
    assert [row[0] for row in found.rows] == ["none", "one era"]
    assert notes == [("power-scaling: the half-life", "the prior moves it")]
    text = Reader(results_page(replace(fake_results(), sensitivity=table), {}).html()).text
    assert "Prior or data?" in text and "the prior moves it" in text


@pytest.mark.parametrize("kind", DRAWINGS.values())
def test_every_kind_of_drawing_is_drawn_twice_and_told_in_words(kind):
    figure = illustrate(kind())
    for svg in (figure.wide, figure.narrow):
        ElementTree.fromstring(svg)
    assert len(figure.alt) > 60 and re.search(r"\d", figure.alt)
    assert figure.caption.startswith(kind().title)


def test_a_drawing_survives_hostile_words_gaps_and_single_points():
    dull = Drawing("line", SCRIPT, SCRIPT, SCRIPT, (Series(SCRIPT, (1.0,), (float("nan"),)),))
    other = Drawing(
        "bars",
        "t",
        "x",
        "y",
        (Series("a", (SCRIPT,), (0.0,), places="names"), Series("b", ("c",), (float("nan"),), places="names")),
    )
    flat = Drawing("densities", "t", "x", "y", tuple(Series(str(i), (1.0, 1.0), (1.0, 1.0)) for i in range(9)))
    for drawing in (dull, other, flat):
        figure = illustrate(drawing)
        for svg in (figure.wide, figure.narrow):
            ElementTree.fromstring(svg)


def test_the_evidence_is_read_as_the_rule_reads_it():
    rule = Rule()
    first, beside = real_verdict().comparisons
    assert first.decides and not beside.decides and first.words == MODELS
    said, reads = say.factor_words(first, rule)
    assert reads == "Speaks for a linear pull"
    assert "2.40 ± 0.10" in said and "11 to 1 for a linear pull" in said and "1.80 to 2.80 with priors" in said
    # By more than two of its errors: 2.4 - 2 * 0.7 = 1.0 < log 3.
    unsure = compared(error=0.7)
    assert say.factor_words(unsure, rule)[1] == "Speaks for neither"
    against = compared(-2.4, ahead=-3.0)
    assert say.factor_words(against, rule)[1] == "Speaks for a random walk"
    assert say.ahead_words(against, rule)[1] == "Leans to a random walk"
    assert "11 to 1 for a random walk" in say.factor_words(against, rule)[0]
    assert say.ahead_words(first, rule)[1] == "Leans to neither"
    lost = compared(float("nan"), float("nan"), float("nan"), float("nan"))
    assert say.factor_words(lost, rule) == ("could not be computed", "")
    assert say.ahead_words(lost, rule)[0] == "was not computed"


def test_what_decides_is_the_comparison_of_the_claim():
    assert say.deciding(real_verdict()) == ["log Bayes factor 2.40 ± 0.10, ahead −0.30 (s.e. 0.80)"]
    unforeseen = make_verdict("S8")
    assert say.deciding(unforeseen) == [f"{describe(one)}: {stated(one)}" for one in unforeseen.numbers[:2]]


def test_a_claim_without_rival_models_is_decided_by_its_probability():
    (name,) = CLAIMS["S8"].decides
    verdict = make_verdict("S8", numbers=(Number(name, 0.97, error=0.002, words="it is greater", kind="probability"),))
    assert "from a probability of 95 % on, rejected at 5 % or less" in say.rule_words(verdict, Rule())
    assert "Bayes factor for the claim's model exceeds 3" in say.rule_words(real_verdict(), Rule())
    assert say.deciding(verdict) == ["chance: it is greater: 97 % ± 0.2"]


@pytest.mark.parametrize(
    ("one", "written"),
    [
        (Number("half_life", 41.3, 12.0, 118.0, 0.9, "months"), "41.3 [12.0, 118] ± 0.90 months"),
        (Number("share", 0.999, error=0.0, words="chance", kind="probability"), ">99 % ± 0.0"),
        (Number("ratio", 0.5, words="spread after over before", kind="value"), "0.50"),
        (
            Number("break_date", 2018 + 4 / 12, 2001.0, 2019 + 11 / 12, unit="year", kind="date"),
            "May 2018 [January 2001, December 2019]",
        ),
        (Number("prior_near", 0.42, kind="probability"), "42 %"),
        (Number("drop_in_rope", 0.129, kind="probability"), "13 %"),
        (Number("breaks", 2.0, unit="breaks", kind="count"), "2 breaks"),
        (Number("gone", float("nan"), unit="months"), "not defined"),
        (Number("far", -1234.5, unit="days"), "−1,234 days"),
    ],
)
def test_a_number_says_its_interval_error_and_unit(one, written):
    assert stated(one).replace("\N{NO-BREAK SPACE}", " ") == written


def test_a_table_has_one_number_of_decimals_a_column():
    frame = pd.DataFrame(
        {
            "log_evidence": [-2503.42, -2504.8],
            "p_value": [0.0262, np.nan],
            "high": [np.inf, 12.0],
            "n": [1200, 2],
            "b": [True, None],
        }
    )
    table = say.frame_grid(frame)
    assert [name for name, _ in table.columns] == ["Log evidence", "P-value", "To", "N", "B"]
    assert table.plain == [["−2,503.4", "0.026", "∞", "1,200", "yes"], ["−2,504.8", "–", "12", "2", "–"]]


def test_the_schema_is_as_documented(results):
    content, documented = results_json(results), keys_documented(DOCUMENT)
    assert f"Version {SCHEMA}" in DOCUMENT.read_text(encoding="utf-8")
    assert documented["The file"] == list(content)
    verdict = content["verdicts"][1]
    assert documented["A verdict"] == list(verdict)
    assert documented["A number"] == list(verdict["numbers"][0])
    assert documented["A comparison"] == list(verdict["comparisons"][0])
    assert documented["A drawing"] == list(verdict["drawing"])
    assert documented["A series"] == list(verdict["drawing"]["series"][0])
    assert documented["A check"] == list(verdict["checks"][0])
    assert set(documented["Power"]) <= set(verdict["power"])
    assert documented["tests.csv"] == list(COLUMNS)


def test_the_json_says_what_the_page_says(results, read):
    content = results_json(results)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["headline"] in read.text
    assert [verdict["answer"] for verdict in content["verdicts"]] == [one.answer for one in results.verdicts]
    assert content["stamp"] == "exploratory" and content["plan"]["frozen"] is None


def test_the_table_holds_every_number(results):
    table = results_table(results)
    assert tuple(table.columns) == COLUMNS
    assert len(table) == sum(len(verdict.all_numbers) for verdict in results.verdicts)


def test_the_folder_holds_page_numbers_plan_and_figures(results, tmp_path):
    page = write_tests(results, tmp_path / "out")
    names = {path.name for path in page.parent.iterdir()}
    assert names == {
        "index.html",
        "manifest.json",
        "tests.json",
        "tests.csv",
        "plan.yaml",
        "S2.svg",
        "S5.svg",
        "S6.svg",
    }
    text = page.read_text("utf-8")
    assert all(f'href="{name}"' in text for name in names - {"index.html", "manifest.json"})
    assert read_plan(page.parent / "plan.yaml", frozen=False) == results.plan
    rows = list(csv.DictReader((page.parent / "tests.csv").read_text("utf-8").splitlines()))
    assert [row["value"] for row in rows if row["name"] == "not_defined"] == ["", ""]
