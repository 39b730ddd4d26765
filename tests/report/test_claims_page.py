"""The page of pooled tests: what it answers and how surely, in words, safe, whole, and stamped for what it is."""

import csv
import json
import re
from dataclasses import replace
from itertools import pairwise, product
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.report.claims_page import (
    answers_in_short,
    claims_page,
    draw_picture,
    found_words,
    results_json,
    write_tests,
)
from forecast.study.hypotheses.outcome import Rerun, sentences
from forecast.study.hypotheses.power_tables import power_words
from tests.documented import sections, words

from .conftest import SCRIPT, Reader
from .made_claims import (
    BARS,
    MISSING,
    OWN,
    PROFILE,
    RATES,
    VERDICTS,
    VISITS,
    results,
    untested,
    verdict,
)

ANSWERS = ("supported", "rejected", "undecided", "cannot be tested")
FOLDED = re.compile(r"<details>.*?</details>", flags=re.DOTALL)


@pytest.fixture(scope="module")
def html():
    return claims_page(results(notes=("S12 was left out.",), own=OWN)).html()


@pytest.fixture(scope="module")
def read(html):
    return Reader(html)


def test_the_title_answers_first_whether_there_is_a_pendulum():
    assert answers_in_short(results()) == (
        "Is there a pendulum? The trend returns, a range holds (narrowly), events stay alike."
    )
    undecided = [
        verdict("S5b", answer="undecided", value=1.0) if one.code == "S5b" else one
        for one in VERDICTS
    ]
    assert answers_in_short(results(undecided)) == (
        "Is there a pendulum? Return undecided, a range holds (narrowly), events stay alike."
    )
    assert (
        answers_in_short(results([VERDICTS[1], untested()]))
        == "Other claims: 1 rejected and 1 cannot be tested."
    )


def test_the_title_never_has_more_than_fifteen_words():
    for answers in product(ANSWERS, repeat=4):
        tested = [
            verdict(code, answer=one)
            for code, one in zip(("S2", "S5a", "S5b", "S8"), answers, strict=True)
        ]
        said = answers_in_short(results(tested))
        assert len(said.split()) <= 15
        assert said.startswith("Is there a pendulum? ") and said.endswith(".")


@pytest.mark.parametrize(
    "weak",
    [
        {"without_state": ("USA", 4.5)},
        {"least": 3.4, "most": 12.1},
        {"without_dyad": ("USA-RUS", 1.0)},
        {"priors": {"with priors twice as wide": Rerun(9.0, 3.4, 9.9, "supported")}},
        {"parts": {"in the second half": Rerun(9.0, 1.4, 9.9, "undecided")}},
    ],
)
def test_a_claim_that_some_choice_nearly_undoes_is_narrowly_supported(weak):
    found = results([verdict(**weak)])
    assert answers_in_short(found) == "Is there a pendulum? The trend returns (narrowly)."
    assert "supported, narrowly" in Reader(claims_page(found, {}).html()).text
    assert results_json(found)["claims"][0]["narrow"] is True
    assert "narrowly" not in answers_in_short(results([verdict(answer="undecided", **weak)]))


def test_the_page_loads_nothing_and_runs_nothing(html, read):
    assert "<script" not in html.lower() and not read.named("link") and not read.named("iframe")
    loaded = [attributes.get("src") or attributes.get("srcset") for _, attributes in read.tags]
    assert all(address.startswith("data:image/svg+xml;base64,") for address in loaded if address)


def test_every_claim_is_a_question_with_its_answer_power_finding_and_picture(read):
    order = ["S5a", "S5b", "S8", "S2", "S4", "S10", "S7"]  # the pendulum first
    verdicts = {one.code: one for one in VERDICTS}
    starts = [read.text.index(f"{code}. {verdicts[code].question}") for code in order]
    assert starts == sorted(starts)
    for code, (start, end) in zip(
        order, pairwise([*starts, read.text.index("What is doubted")]), strict=True
    ):
        section, one = read.text[start:end], verdicts[code]
        narrowly = ", narrowly" if code == "S8" else ""
        assert f"{one.outcome.answer}{narrowly} {found_words(one)}" in section
        assert one.outcome.sentences[0] in section
        assert ("Figure " in section) == (one.outcome.picture is not None)


def test_power_and_false_alarms_are_said_in_one_line():
    assert power_words(RATES) == (
        "found in 92 of 100 simulated records (return in 10 years); in 41 of 100 (return in 20 years); "
        "false alarms 1 of 100"
    )
    two = (*RATES, replace(RATES[-1], truth="two-year cycle", supported=7))
    assert power_words(two).endswith("false alarms 8 of 200 (at most 7 of 100: two-year cycle)")
    assert power_words(()) == "power and false alarms were not simulated for these data"


def test_evidence_is_read_with_the_rule():
    low = "\N{MINUS SIGN}2.3"
    power = f"F{power_words(RATES)[1:]}."
    assert found_words(verdict()) == (
        f"{power} Log Bayes factor 10.8 ± 0.10 by integration, >1,000 to 1 for it; "
        f"supported if it exceeds 2.3, rejected if it is below {low}."
    )
    assert "4.5 to 1 against it" in found_words(verdict(value=-1.5))
    assert found_words(verdict(least=0.4, most=12.5)) == (
        f"{power} Log Bayes factor 0.4 to 12.5 over alternatives and spreads of long-run means, ± 0.10 by integration; "
        f"supported if all exceed 2.3, rejected if all are below {low}."
    )
    assert found_words(untested()) == "No Bayes factor could be computed."


def test_a_verdict_without_power_says_so():
    assert found_words(verdict(rates=())).startswith(
        "Power and false alarms were not simulated for these data. Log"
    )


def test_what_goes_beyond_the_finding_is_folded(html):
    shown, folded = Reader(FOLDED.sub("", html)).text, Reader(html).text
    for hidden in (
        "Dyads in order of what they add",
        "Least favourable omissions",
        "Other choices",
        "Version of the",
    ):
        assert hidden in folded and hidden not in shown
    assert "Half of a displacement is undone in 8 years." in shown
    long = FOLDED.sub(
        "", claims_page(results([verdict(sentences=("One.", "Two.", "Three."))]), {}).html()
    )
    assert "Two." in long and "Three." not in long


def test_dyads_are_in_order_and_the_least_favourable_omissions_are_named():
    text = Reader(claims_page(results([verdict()]), {}).html()).text
    places = [
        text.index(said)
        for said in (
            "US-Russia +2.6",
            "US-China +0.4",
            "China-India \N{MINUS SIGN}0.7",
            "Egypt-Israel –",
        )
    ]
    assert places == sorted(places)
    assert "is 8.2 without US-Russia and 7.1 without all dyads of US" in text
    assert "With priors half as wide 8.9 to 12.0 supported" in text
    assert "In the first half of the record – cannot be tested" in text
    assert "Months 13 to 24 +0.21 0.10" in text


def test_the_verdict_says_under_which_choices_an_answer_does_not_hold():
    fails = {"in the second half": Rerun(9.0, 1.4, 9.9, "undecided")}
    some = verdict(parts=fails, without_dyad=("USA-CHN", 2.1), without_state=("USA", -0.4))
    said = (
        "Not in the second half (LBF 1.4); without US-China (LBF 2.1); "
        "without all dyads of US (LBF \N{MINUS SIGN}0.4)"
    )
    assert (
        said in found_words(some)
        and said in Reader(FOLDED.sub("", claims_page(results([some]), {}).html())).text
    )
    assert "without USA-CHN (LBF 2.1)" in " ".join(results([some]).lines())
    rejected = verdict(
        answer="rejected",
        value=-9.0,
        least=-9.0,
        most=-3.0,
        without_dyad=("USA-CHN", -1.0),
        without_state=("USA", -4.0),
        parts={},
        priors={"with priors twice as wide": Rerun(-5.0, -6.0, -2.0, "undecided")},
    )
    assert results_json(results([rejected]))["claims"][0]["exceptions"] == {
        "with priors twice as wide": -2.0,
        "without USA-CHN": -1.0,
    }
    assert "Not " not in found_words(verdict(answer="undecided", parts=fails))


def test_the_choice_of_dyads_is_shown_with_answers_without_those_that_turned_back(read):
    section = read.text[
        read.text.index("How dyads were chosen") : read.text.index("What is doubted")
    ]
    assert "China-India 59; US-China 42; US-Russia 35; Egypt-Israel 22" in section
    assert "S5b Does the trend return? 10.8" in section and "6.0 to 8.0" in section
    assert "Without the dyads that turned back most" in section
    assert "How dyads were chosen" not in claims_page(results([VERDICTS[0]]), {}).html()


def test_a_claim_that_is_not_decided_says_which_data_would_decide(read):
    assert "cannot be tested No Bayes factor could be computed." in read.text
    assert "What would decide. One feed that codes both relations." in read.text


def test_prior_and_posterior_are_both_shown():
    details = {"half_life_years": (4.4, 8.3, 16.0), "half_life_years_prior": (3.2, 10.0, 31.0)}
    text = Reader(FOLDED.sub("", claims_page(results([verdict(details=details)]), {}).html())).text
    assert "Half-life years 10.0 [3.20, 31.0] 8.30 [4.40, 16.0]" in text


def test_a_dyad_that_is_named_has_its_own_section(read):
    assert "US-China within the hierarchy" in read.text
    assert "Half-life of deviations months 4.0 [0.8, 20.0] 2.9 [1.2, 6.0]" in read.text
    assert "S5a Do deviations fade? +2.2 S5b Does the trend return? \N{MINUS SIGN}0.3" in read.text
    assert "within the hierarchy" not in Reader(claims_page(results(), {}).html()).text


@pytest.mark.parametrize("stamp", ["exploratory", "frozen on data already seen", "confirmatory"])
def test_the_stamp_opens_the_page_and_stands_among_the_doubts(stamp):
    text = Reader(claims_page(results(stamp=stamp), {}).html()).text
    assert text.count(f"{stamp.capitalize()}.") == 1 and f"Stamp: {stamp}." in text
    for doubt in sentences("doubts"):
        assert doubt in text


def test_hostile_words_are_shown_and_do_nothing():
    hostile = verdict(
        question=SCRIPT,
        sentences=(SCRIPT,),
        details={"note": SCRIPT, "would_decide": SCRIPT},
        dyads={SCRIPT: 1.0},
        without_dyad=(SCRIPT, 1.0),
        parts={SCRIPT: Rerun(1.0, 1.0, 1.0, "undecided")},
        picture=replace(
            BARS,
            title=SCRIPT,
            series=(replace(BARS.series[0], label=SCRIPT, x=(SCRIPT,), y=(1.0,)),),
        ),
    )
    html = claims_page(results([hostile], notes=(SCRIPT,))).html()
    assert "<script" not in html.lower()
    assert Reader(html).text.count(SCRIPT) >= 7


def test_no_raw_name_is_shown(read):
    assert not re.search(r"\b[a-z]+_[a-z]+\b", read.text)


def test_links_within_the_page_lead_somewhere(read):
    targets = {attributes["id"] for _, attributes in read.tags if "id" in attributes}
    assert {link["href"][1:] for link in read.named("a") if link["href"].startswith("#")} <= targets


@pytest.mark.parametrize(
    "picture",
    [PROFILE, BARS, VISITS, replace(PROFILE, kind="intervals"), replace(PROFILE, kind="bars")],
)
def test_every_kind_of_picture_is_drawn_twice_and_told_in_words(picture):
    figure = draw_picture(picture)
    for svg in (figure.wide, figure.narrow):
        ElementTree.fromstring(svg)
    assert figure.caption.startswith(picture.title)
    assert re.search(r"\d", figure.alt) and len(figure.alt.split()) < 100
    assert ("90% intervals" in figure.caption) == (picture is VISITS)


def test_a_picture_without_a_single_number_is_drawn():
    for kind in ("line", "bars", "intervals"):
        empty = replace(PROFILE, kind=kind, series=(replace(PROFILE.series[0], y=(MISSING,) * 3),))
        ElementTree.fromstring(draw_picture(empty).wide)


def test_the_json_says_what_the_page_says(read):
    content = results_json(results(own=OWN))
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["headline"] in read.text
    assert [row["answer"] for row in content["claims"]] == [one.outcome.answer for one in VERDICTS]
    assert content["claims"][-1]["log_bayes_factor"] is None


def test_the_schema_is_as_documented():
    content, documented = results_json(results(own=OWN)), sections("tests-json")
    assert f"Version {content['schema']}" in words("tests-json")
    claim = content["claims"][0]
    for name, found in {
        "The file": content,
        "A claim": claim,
        "A rate": claim["rates"][0],
        "A picture": claim["picture"],
        "Null sets": claim["nulls"][0],
        "A dyad": content["own"],
        "tests.csv": results().to_frame(),
    }.items():
        assert documented[name] == list(found)


def test_the_table_has_the_numbers_of_every_claim_and_of_the_dyad():
    table = results(own=OWN).to_frame()
    evidence = table[
        (table["group"] == "evidence") & (table["name"] == "log_bayes_factor")
    ].set_index("code")["value"]
    assert evidence["S5a"] == 66.0 and set(evidence.index) == {one.code for one in VERDICTS}
    assert len(table[(table["code"] == "S5b") & (table["group"] == "dyad adds")]) == 4
    assert list(table.loc[table["group"] == "own dyad", ["value", "low", "high"]].iloc[0]) == [
        2.9,
        1.2,
        6.0,
    ]


def test_the_folder_has_page_numbers_and_one_figure_per_claim(tmp_path):
    page = write_tests(results(), tmp_path / "out")
    names = {path.name for path in page.parent.iterdir()}
    assert names == {
        "index.html",
        "manifest.json",
        "tests.json",
        "tests.csv",
        "S2.svg",
        "S5a.svg",
        "S5b.svg",
        "S8.svg",
        "S10.svg",
    }
    text = page.read_text("utf-8")
    assert all(f'href="{name}"' in text for name in names - {"index.html", "manifest.json"})
    rows = list(csv.DictReader((page.parent / "tests.csv").read_text("utf-8").splitlines()))
    assert next(row["value"] for row in rows if row["code"] == "S7") == ""
    write_tests(results(), tmp_path / "out")


def test_the_command_writes_the_page_and_replaces_one_only_if_asked(tmp_path, monkeypatch):
    asked = {}

    def pooled(panel, **options):
        asked.update(options)
        return results()

    monkeypatch.setattr("forecast.study.hypotheses.run.pooled_tests", pooled)
    command = ["test", "--with", "USA-CHN,USA-IRN", "chn-usa", "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(app, [*command, "--json"])
    assert first.exit_code == 0, first.output
    assert (tmp_path / "out" / "index.html").is_file() and str(tmp_path / "out") in first.stderr
    assert asked["dyad"] == "USA-CHN" and asked["events"] is not None
    asked.clear()
    second = CliRunner().invoke(app, command)
    assert second.exit_code == 2 and "--replace" in second.output and not asked
    assert CliRunner().invoke(app, [*command, "--replace"]).exit_code == 0
