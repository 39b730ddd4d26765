"""The page of scenarios: stamped, next to the outlook without, harmless, and the same as its JSON and its documents."""

import json
import re
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from forecast.base.errors import OutputPathError
from forecast.base.wording import chance
from forecast.cli import app
from forecast.model import Fit
from forecast.outlook.assumptions import Assumed, assumptions_by_period, read_assumed
from forecast.outlook.scenarios import SCHEMA, scenario
from forecast.outlook.windows import Prospect
from forecast.report.scenario_page import scenario_json, scenario_page, write_scenarios
from tests.commands import faults
from tests.documented import sections, words
from tests.report.conftest import FAILED, LABELS, SCRIPT, MadeGate, Reader, index_of, reported_fit

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "what-if.md"
EXAMPLE = ROOT / "reports" / "scenario-2023"
V1 = ROOT / "tests" / "model" / "data" / "fit_v1.nc"
CONTACT = Assumed(date(2025, 2, 1), "USA", "CHN", of_class="class 4", n=2, summary=SCRIPT)


@pytest.fixture(scope="module")
def fit():
    return reported_fit(dyads=("USA-CHN",), draws=40)


def half_are_void(simulations, observed):
    """Settle a question: yes where the level has risen, and void in every other future."""
    there = np.arange(simulations.level.shape[1])[:, None] % 2 == 0
    there = np.broadcast_to(there, simulations.level.shape[:-1])
    return there & (simulations.level[..., 3] > simulations.level[..., 0]), there


@pytest.fixture(scope="module")
def found(fit):
    scenarios = {
        "two contacts": [CONTACT],
        SCRIPT: [replace(CONTACT, of_class="class 0", n=0)],
        "nothing": [],
    }
    later = reported_fit(dyads=("USA-CHN",), months=306, draws=2).panel
    half = SimpleNamespace(id="half", sentence=SCRIPT)
    question = SimpleNamespace(question=half, ahead=3, settle=half_are_void)
    asked = {"questions": [question], "above": 40.0, "followed": later}
    return scenario(fit, "USA-CHN", scenarios, (3, 12), labels=LABELS, **asked)


@pytest.fixture(scope="module")
def html(fit, found):
    return scenario_page(fit, found, MadeGate()).html(("scenario.json",))


def test_the_page_loads_nothing_and_runs_nothing(html):
    read = Reader(html)
    assert "default-src 'none'" in html and SCRIPT not in html
    assert not read.named("script") and not read.named("iframe")
    assert all(one["src"].startswith("data:") for one in read.named("img"))
    assert "<script" not in html.casefold()


def test_it_says_at_once_what_is_assumed_and_that_it_is(html, found):
    read = Reader(html)
    assert read.text.count("assumed, not predicted") >= 4
    for one in found.scenarios:
        assert re.sub(r"\s+", " ", one.sentence) in read.text
    assert "evidence" in read.text and "not as a cause" in read.text


def test_every_number_stands_with_the_one_without(html, found):
    read = Reader(html)
    for months in (3, 12):
        row = [
            chance(own.recorded[months].up.value)
            for own in (found.unconditional, found.scenarios[0].conditional)
        ]
        assert re.search(rf"Higher, {months} months to \w+ 2025 {row[0]} {row[1]} ", read.text), (
            months
        )
    asked = [own.questions[0] for own in (found.unconditional, found.scenarios[0].conditional)]
    assert re.search(
        rf"half {chance(asked[0].chance.value)} {chance(asked[1].chance.value)} ", read.text
    )
    assert "half: void 50% 50%" in read.text
    threshold = [
        own.threshold[12].chance for own in (found.unconditional, found.scenarios[0].conditional)
    ]
    said = " ".join(chance(one.value) for one in threshold)
    assert re.search(rf"At least 40%, by \w+ 2025 {said} ", read.text)
    for title in ("What followed", "of it structural"):
        assert title in read.text, title


def test_what_has_not_converged_or_may_not_be_used_is_stamped(fit, found):
    assert "NOT CONVERGED" in Reader(scenario_page(fit, found, FAILED).html()).text
    faulty = replace(
        found.scenarios[0], fault="k is high", warnings=("Do not use the numbers: k is high.",)
    )
    page = scenario_page(fit, replace(found, scenarios=(faulty,)), MadeGate()).html()
    assert "Do not use the numbers: k is high." in Reader(page).text
    content = scenario_json(fit, replace(found, scenarios=(faulty,)), FAILED)
    assert (content["converged"], content["scenarios"][0]["usable"]) == (False, False)


def test_the_schema_is_as_documented(fit, found):
    content, documented = scenario_json(fit, found, MadeGate()), sections("scenario-json")
    assert f"Version {SCHEMA}" in words("scenario-json")
    json.dumps(content, allow_nan=False)
    assert documented["The file"] == list(content)
    assert documented["A scenario"] == list(content["scenarios"][0])
    assert (
        documented["With and without"]
        == list(content["unconditional"])
        == [field.name for field in fields(Prospect)]
    )
    assert documented["A question"] == list(content["unconditional"]["questions"][0])
    assert documented["What followed"] == list(content["followed"][0])
    assert content["scenarios"][0]["conditional"].keys() == content["unconditional"].keys()
    assert content["scenarios"][2]["conditional"] == content["unconditional"]
    rows = re.findall(
        r"`(\w+)`", re.search(r"Rows as they were given:(.*)", words("scenario-json"))[1]
    )
    assert rows == list(content["scenarios"][0]["assumed"][0])


def test_a_folder_is_written_whole_and_nothing_else_is_replaced(fit, found, tmp_path):
    page = write_scenarios(fit, found, tmp_path / "new", gate=MadeGate())
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "index.html",
        "manifest.json",
        "scenario.json",
    ]
    write_scenarios(fit, found, tmp_path / "new", gate=MadeGate())
    other = tmp_path / "other"
    other.mkdir()
    (other / "scenario.json").write_text('{"mine": 1}')
    with pytest.raises(OutputPathError, match="not of a report"):
        write_scenarios(fit, found, other, gate=MadeGate())
    assert (other / "scenario.json").read_text() == '{"mine": 1}'


def test_an_index_has_the_level_alone(fit):
    made = index_of(fit)
    found = scenario(made, "USA-CHN", {"nothing": []}, (3,), labels=LABELS)
    assert found.scenarios[0].sentence.startswith(
        "If this is assumed, the median share of the level"
    )
    content = scenario_json(made, found, MadeGate())
    assert content["unconditional"]["recorded"].keys() == {"not_defined"}
    assert "What will be recorded" not in Reader(scenario_page(made, found, MadeGate()).html()).text
    with pytest.raises(Exception, match="index"):
        scenario(made, "USA-CHN", {"one": [CONTACT]}, (3,))


def run(*arguments):
    return CliRunner().invoke(app, ["scenario", *map(str, arguments)])


@pytest.fixture
def meeting(tmp_path):
    path = tmp_path / "meeting.csv"
    path.write_text("date,source,target,kind\n2023-11-15,CHN,USA,visit\n", encoding="utf-8")
    return path


def test_the_command_writes_prints_and_warns(meeting, tmp_path):
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("date,source,target,kind\n", encoding="utf-8")
    out = tmp_path / "out"
    result = run(
        "USA-CHN",
        "--fit",
        V1,
        "--assume",
        meeting,
        "--assume",
        nothing,
        "--horizons",
        "3,6",
        "--out",
        out,
        "--followed",
    )
    assert result.exit_code == 3, result.output  # fifty draws are too few for anything
    assert (
        "assumed, not predicted" in result.stdout and "meeting: If this is assumed" in result.stdout
    )
    content = json.loads((out / "scenario.json").read_text(encoding="utf-8"))
    assert not content["converged"] and [one["name"] for one in content["scenarios"]] == [
        "meeting",
        "nothing",
    ]
    assert content["scenarios"][1]["conditional"] == content["unconditional"]
    assert [one["months"] for one in content["followed"]] == [3, 6]
    assert "NOT CONVERGED" in (out / "index.html").read_text(encoding="utf-8")
    assert meeting.read_text(encoding="utf-8").startswith("date")
    again = run("USA-CHN", "--fit", V1, "--assume", meeting, "--out", out)
    assert again.exit_code == 2 and "--replace" in again.stderr


def test_pages_without_a_name_never_meet(meeting, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run("USA-CHN", "--fit", V1, "--assume", meeting, "--horizons", "3").exit_code == 3
    assert sorted(path.name for path in (tmp_path / "scenario").iterdir()) == [
        "USA-CHN-2023-10-31",
        "USA-CHN-2023-10-31-2",
    ]


@pytest.mark.parametrize(
    ("row", "options", "words"),
    [
        ("2023-10-15,CHN,USA,visit", (), "line 2: 2023-10-15 is not ahead"),
        ("2043-10-15,CHN,USA,visit", (), "too far ahead"),
        ("2023-11-15,CHN,USA,picnic", (), "picnic"),
        ("2023-11-15,CHN,IND,visit", (), "not the two states of USA-CHN"),
        ("2023-11-15,CHN,USA,visit", ("CHN-IND",), "CHN-IND"),
        ("2023-11-15,CHN,USA,visit", ("--improvement", "-1"), "improvement"),
        ("2023-11-15,CHN,USA,visit", ("--horizons", "3", "--at", "2024-01"), "--horizons, --at"),
    ],
)
def test_what_makes_no_sense_is_an_error_and_writes_nothing(tmp_path, row, options, words):
    path, out = tmp_path / "wrong.csv", tmp_path / "out"
    path.write_text(f"date,source,target,kind\n{row}\n", encoding="utf-8")
    dyad = () if "CHN-IND" in options else ("USA-CHN",)
    result = run(*dyad, "--fit", V1, "--assume", path, "--out", out, *options)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not out.exists()


def test_the_page_about_it_can_be_followed(tmp_path, monkeypatch):
    text = DOCS.read_text(encoding="utf-8")
    table, code = (re.search(rf"```{kind}\n(.*?)```", text, re.S)[1] for kind in ("csv", "python"))
    (tmp_path / "whatif.csv").write_text(table, encoding="utf-8")
    fit = Fit.load(V1)
    held = assumptions_by_period(read_assumed(tmp_path / "whatif.csv"), fit.panel, "USA-CHN")
    assert [len(cells) for cells in held.values()] == [1] * 6
    (tmp_path / "report").mkdir()
    fit.save(tmp_path / "report" / "fit.zarr")
    monkeypatch.chdir(tmp_path)
    exec(code.replace("12]", "3]"), {})
    assert not faults(DOCS)


def test_the_example_is_what_the_page_about_it_says():
    content = json.loads((EXAMPLE / "scenario.json").read_text(encoding="utf-8"))
    assert content["converged"] and all(one["usable"] for one in content["scenarios"])
    assert content["origin"] == "2023-10-31"
    names = [one["name"] for one in content["scenarios"]]
    assert sorted(names) == sorted(path.stem for path in EXAMPLE.glob("*.csv"))
    text = DOCS.read_text(encoding="utf-8")
    prospects = [content["unconditional"], *(one["conditional"] for one in content["scenarios"])]
    for followed in content["followed"]:
        months = str(followed["months"])
        cells = [chance(own["recorded"][months]["up"]["value"]) for own in prospects]
        outcome = {"up": "higher", "same": "similar", "down": "lower"}[followed["outcome"]]
        assert re.search(
            rf"\| {months} months to \w+ 202\d \| {r' \| '.join(cells)} \| {outcome} \|", text
        ), months
    for one in content["scenarios"]:
        assert chance(one["plausibility"]["value"]) in text
