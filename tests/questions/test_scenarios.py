"""Questions under a scenario: without one the answer of the ledger, and what is assumed of codes counts as it is."""

import json
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from forecast import AskedEvents, find_set
from forecast.base.dates import add_months
from forecast.base.errors import DataError, QuestionError, SpecError
from forecast.cli import app
from forecast.desk.questions import (
    answer_question,
    apply_question,
    make_event_question,
    make_question,
)
from forecast.desk.questions.form import write_question
from forecast.outlook.assumptions import Assumed
from forecast.outlook.scenarios import scenario
from tests.questions.conftest import events, fit_as_of, panel_as_of

DAY = "2023-10-31"
V1 = Path(__file__).parents[1] / "model" / "data" / "fit_v1.nc"
VISIT = Assumed(date(2023, 11, 15), "CHN", "USA", kind="visit")
SANCTIONS = Assumed(date(2023, 12, 1), "USA", "CHN", kind="sanction", n=2)
NONE = Assumed(date(2023, 11, 1), "USA", "CHN", kind="sanction", n=0, until=date(2024, 1, 31))


def ask(**given):
    return make_question(panel_as_of(DAY), "USA-CHN", **given)


def sanctions(months=12):
    last = add_months(date(2023, 11, 1), months) - timedelta(days=1)
    asked = AskedEvents(find_set("sanction"), last, at_least=2)
    return make_event_question(events(), "USA-CHN", asked, as_of=date(2023, 10, 31))


@pytest.fixture(scope="module")
def questions():
    return [
        ask(higher=5, months=12),
        ask(below=40, months=3),
        ask(above=50, when="by", months=24),
        ask(level=35, months=12),
        ask(level=35, months=30),  # beyond all horizons
    ]


@pytest.fixture(scope="module")
def found(questions):
    fit = fit_as_of(DAY)
    assumed = {"nothing": [], "a visit": [VISIT], "sanctions": [SANCTIONS], "no sanctions": [NONE]}
    put = [apply_question(fit, one, table=events()) for one in questions]
    return scenario(fit, "USA-CHN", assumed, (3, 12), events=events(), questions=put)


def chances(prospect):
    return [one.chance.value for one in prospect.questions]


def test_without_a_condition_it_is_the_answer_of_the_ledger(found, questions):
    """Of a share, before the model is pooled with benchmarks."""
    fit = fit_as_of(DAY)
    answers = [answer_question(fit, one, table=events()) for one in questions]
    alone = [apply_question(fit, one, table=events()).simulate(fit) for one in questions]
    for own in (found.unconditional, found.scenarios[0].conditional):
        simulated = chances(own)
        assert simulated == pytest.approx(
            [yes.sum() / there.sum() for yes, there in alone], abs=1e-11
        )
        same = [
            one.chance.value == chance for one, chance in zip(answers, chances(own), strict=True)
        ]
        assert same == [False] * 3 + [True] * 2
        assert [one.void.value for one in own.questions] == [one.void.value for one in answers]
        assert [one.sentence for one in own.questions] == [one.sentence for one in questions]


def test_events_in_a_scenario_are_an_error_that_says_what_to_do():
    fit = fit_as_of(DAY)
    put = apply_question(fit, sanctions(), table=events())
    with pytest.raises(QuestionError, match=r"`forecast ask`.*--add and --expect"):
        scenario(fit, "USA-CHN", {"a visit": [VISIT]}, events=events(), questions=[put])


def test_a_question_asked_twice_is_an_error():
    put = apply_question(fit_as_of(DAY), ask(higher=5))
    with pytest.raises(SpecError, match="each of them once"):
        scenario(fit_as_of(DAY), "USA-CHN", {"nothing": []}, questions=[put, put])


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a scenario."""
    monkeypatch.chdir(tmp_path)
    Path("meeting.csv").write_text(
        "date,source,target,kind\n2023-11-15,CHN,USA,visit\n", encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def ledger(folder):
    """The folder with questions in a ledger."""
    for name, *words in (("up", "--higher", 5), ("over", "--above", 50)):
        assert (
            run(
                "question", "new", "USA-CHN", *words, "--id", name, "--as-of", DAY, "--months", 12
            ).exit_code
            == 0
        )
    return folder


def test_the_command_asks_by_name_and_by_file(ledger):
    result = run(
        "scenario",
        "USA-CHN",
        "--fit",
        V1,
        "--assume",
        "meeting.csv",
        "--question",
        "up",
        "--question",
        "questions/over.yaml",
        "--out",
        "out",
    )
    assert result.exit_code == 3, result.output  # fifty draws are too few for anything
    assert "The model alone gives “up” a chance of" in " ".join(result.stdout.split())
    stated = json.loads(Path("out/scenario.json").read_text(encoding="utf-8"))
    ((up, over),) = [one["conditional"]["questions"] for one in stated["scenarios"]]
    assert [up["id"], over["id"]] == ["up", "over"]
    answered = json.loads(run("question", "update", "--fit", V1, "--json").stdout)
    said = {one["id"]: one["chance"]["value"] for one in stated["unconditional"]["questions"]}
    ledger = {one["question"]: one["chance"] for one in answered}
    assert ledger.keys() == said.keys() and ledger["up"] != said["up"]  # pooled with benchmarks
    assert (
        len(Path("questions/ledger.jsonl").read_text().splitlines()) == 4
    )  # two asked, two answered
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert (
        "Questions that were asked before" in page
        and "The model alone gives “up” a chance of" in page
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"dyad": "CHN-RUS", "label": "China-Russia"},
            "it is about CHN-RUS, and the scenario about USA-CHN",
        ),
        ({"dataset": "mine"}, "asks about the dataset 'mine'"),
        (
            {"asked": date(2020, 12, 31), "first": date(2021, 1, 1), "last": date(2022, 12, 31)},
            "its window is over",
        ),
        ({"asked": date(2023, 12, 31), "first": date(2024, 1, 1)}, "it was asked on 2023-12-31"),
    ],
)
def test_a_question_that_the_fit_cannot_answer_is_an_error(folder, changes, words):
    question = ask(above=50, months=12).model_copy(update=changes)
    if changes.keys() & {"dyad", "dataset", "last", "asked"}:
        question = question.model_validate(question.model_dump() | {"sentence": ""})
    write_question(folder / "other.yaml", question)
    result = run(
        "scenario",
        "USA-CHN",
        "--fit",
        V1,
        "--assume",
        "meeting.csv",
        "--question",
        "other.yaml",
        "--out",
        "out",
    )
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert not Path("out").exists()


def test_a_name_that_was_not_asked_is_an_error_with_those_that_were(ledger):
    result = run(
        "scenario", "USA-CHN", "--fit", V1, "--assume", "meeting.csv", "--question", "down"
    )
    assert result.exit_code == 2
    assert "'down'" in result.stderr and "up and over" in " ".join(result.stderr.split())


@pytest.fixture
def other_edition():
    """A fit that counts more than the events hold, in a month of the window."""
    fit = fit_as_of("2024-04-30")
    counts = fit.panel["counts"].copy()
    counts[..., -1, :, :] += 1
    panel = fit.panel.assign(counts=counts).assign_attrs(counted=int(counts.sum()))
    return SimpleNamespace(posterior=fit.posterior, panel=panel, spec=fit.spec, dyads=["USA-CHN"])


def test_codes_need_the_events_of_the_fit(other_edition):
    question = sanctions()
    with pytest.raises(QuestionError, match="give the events"):
        apply_question(fit_as_of("2024-04-30"), question)
    with pytest.raises(DataError, match="the fit counts"):
        apply_question(other_edition, question, table=events())


def test_a_fit_of_another_edition_counts_no_codes_of_this_one(folder, monkeypatch, other_edition):
    monkeypatch.setattr("forecast.model.fitted.Fit.load", lambda path: other_edition)
    Path("later.csv").write_text("date,source,target,kind\n", encoding="utf-8")
    write_question(folder / "mine.yaml", sanctions())
    result = run(
        "scenario", "USA-CHN", "--fit", V1, "--assume", "later.csv", "--question", "mine.yaml"
    )
    assert result.exit_code == 2
    assert "the fit is not of the chronology as it comes with the package" in " ".join(
        result.stderr.split()
    )
