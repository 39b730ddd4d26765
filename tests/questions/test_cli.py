"""`forecast question`: a question from being asked to its score, and what is rejected."""

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.desk.questions import answered, append_entries, asked, make_question
from tests.questions.conftest import fit_as_of, panel_as_of
from tests.questions.made import append_line
from tests.questions.made import said as an_answer

ASK = ("--as-of", "2023-10-31", "--months", "6")


def run(*arguments):
    return CliRunner().invoke(app, ["question", *map(str, arguments)])


def said(result):
    return " ".join((result.stdout + result.stderr).split())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def fit(monkeypatch):
    """A saved fit as of the end of 2023-10; it converged."""
    made = fit_as_of("2023-10-31")
    loaded = SimpleNamespace(
        posterior=made.posterior,
        panel=made.panel,
        spec=made.spec,
        dyads=["USA-CHN"],
        gate=SimpleNamespace(passed=True),
    )
    monkeypatch.setattr("forecast.model.Fit.load", lambda path: loaded)
    return loaded


def test_a_question_from_asking_to_its_score(fit):
    assert run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK).exit_code == 0
    assert run("new", "USA-CHN", "--at-least", "sanctions:3", *ASK).exit_code == 0
    done = run("update", "--fit", "fit.zarr")
    assert done.exit_code == 0
    assert done.stdout.count("% as of 2023-10-31") == 2
    again = run("update", "--fit", "fit.zarr")
    assert "nothing new since the last answer" in said(again)
    assert "No question was answered" in said(again)
    assert "up: " in run("resolve").stdout
    listed = json.loads(run("list", "--json").stdout)
    assert [(one["id"], one["answers"], one["outcome"] in ("yes", "no")) for one in listed] == [
        ("up", 1, True),
        ("usa-chn-sanction-3-2023-11-01-to-2024-04-30", 1, True),
    ]
    shown = run("show", "up").stdout
    assert "from 1 November 2023 to 30 April 2024" in shown and "with hindsight" in shown
    scored = run("score", "--out", "page")
    assert "2 questions: 2 resolved." in said(scored)
    assert "Track record" in Path("page/index.html").read_text()
    assert run("export", "--out", "all.csv").exit_code == 0
    with Path("all.csv").open() as file:
        entries = [row["entry"] for row in csv.DictReader(file)]
    assert entries == ["asked"] * 2 + ["answered"] * 2 + ["resolved"] * 2
    assert run("export", "--out", "all.json").exit_code == 0
    assert len(json.loads(Path("all.json").read_text())["entries"]) == 6


def test_a_fit_that_has_not_converged_is_marked(fit):
    fit.gate.passed = False
    run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK)
    done = run("update", "--fit", "fit.zarr")
    assert done.exit_code == 3
    assert "NOT CONVERGED" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("new", "USA-CHN"), "nothing is asked"),
        (("new", "USA-XXX", "--higher", 5), "USA-XXX"),
        (("new", "USA-CHN", "--at-least", "wishes"), "there is no such set"),
        (("new", "USA-CHN", "--at-least", "violence:1:12"), "--months or --until"),
        (("new", "USA-CHN", "--above", 50, "--as-of", "2093-01-01"), "in the future"),
        (("new", "--file", "none.yaml"), "none.yaml"),
        (("update", "--fit", "x.zarr"), "ledger.jsonl: the ledger cannot be read"),
        (("export", "--out", "x.txt"), "cannot be read"),
    ],
)
def test_bad_input_ends_with_2_and_its_name(arguments, named):
    done = run(*arguments)
    assert done.exit_code == 2
    assert named in said(done)


def test_a_question_of_another_dataset_is_named(fit, tmp_path):
    run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK)
    text = (tmp_path / "questions" / "up.yaml").read_text()
    lines = (
        text.replace("dataset: chronology", "dataset: mine")
        .replace("id: up", "id: mine")
        .splitlines()
    )
    start = next(place for place, line in enumerate(lines) if line.startswith("sentence:"))
    (tmp_path / "mine.yaml").write_text("\n".join(lines[:start]) + "\n")
    assert run("new", "--file", "mine.yaml").exit_code == 0
    done = run("update", "mine", "--fit", "fit.zarr")
    assert done.exit_code == 2
    assert "asks about the dataset 'mine'" in said(done)
    every = run("update", "--fit", "fit.zarr")  # of all that are open, the others are answered
    assert every.exit_code == 0
    assert "up: " in every.stdout and "mine: asks about" in said(every)


def test_an_edited_file_and_an_edited_ledger_are_told(tmp_path):
    run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK)
    file, ledger = tmp_path / "questions" / "up.yaml", tmp_path / "questions" / "ledger.jsonl"
    file.write_text(file.read_text().replace("fewest: 3", "fewest: 4"))
    assert "stands in the ledger" in said(run("show", "up"))
    before = ledger.read_text().replace('"fewest":3', '"fewest":4')
    ledger.write_text(before)
    for command in (
        ("list",),
        ("show", "up"),
        ("resolve",),
        ("score",),
        ("new", "USA-CHN", "--lower", 5, "--id", "down", *ASK),
    ):
        done = run(*command)
        assert done.exit_code == 2
        assert "line 1" in said(done)
    assert ledger.read_text() == before
    assert not (tmp_path / "questions" / "down.yaml").exists()


def test_a_torn_line_is_said(tmp_path):
    run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK)
    ledger = tmp_path / "questions" / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes() + b'{"schema":1,"num')
    assert "line 2: it was never finished" in said(run("list"))
    done = run("new", "USA-CHN", "--lower", 5, "--id", "down", *ASK)
    assert "is set aside in ledger.jsonl.torn" in said(done)
    assert (tmp_path / "questions" / "ledger.jsonl.torn").read_bytes() == b'{"schema":1,"num\n'


def test_a_name_is_given_once():
    assert run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK).exit_code == 0
    assert "asked already" in said(run("new", "USA-CHN", "--higher", 5, "--id", "up", *ASK))
    assert "holds another question" in said(run("new", "USA-CHN", "--lower", 5, "--id", "up", *ASK))


@pytest.fixture
def begun(tmp_path):
    """A ledger with a question of 2023 that was asked and answered as of later days, as it happened."""
    question = make_question(panel_as_of("2023-10-31"), "USA-CHN", months=12, higher=5, id="up")
    path = tmp_path / "questions" / "ledger.jsonl"
    append_entries(path, [asked(question)], now=datetime(2023, 11, 1, tzinfo=UTC))
    answer = answered(an_answer("up", 0.2, "2023-11-30"), model={}, converged=True)
    append_entries(path, [answer], now=datetime(2023, 12, 1, tzinfo=UTC))
    return path


def test_an_answer_from_a_fit_of_an_earlier_day_is_not_appended(fit, begun):
    """`update` made such answers, and they replaced the first one."""
    before = begun.read_bytes()
    done = run("update", "up", "--fit", "fit.zarr")  # as of 2023-10-31
    assert done.exit_code == 2
    assert "2023-10-31 is before 2023-11-30, the day of the answer to up in line 2" in said(done)
    every = run("update", "--fit", "fit.zarr")
    assert every.exit_code == 0
    assert "in line 2; answer as of 2023-11-30 or a later day" in said(every)
    assert begun.read_bytes() == before


def test_a_bad_line_is_told_by_every_command_and_the_rest_is_read(begun):
    append_line(begun, as_of="2023-13-99")
    for command in (
        ("list",),
        ("show", "up"),
        ("resolve",),
        ("score",),
        ("export", "--out", "all.csv"),
    ):
        done = run(*command)
        assert done.exit_code == 0, said(done)
        assert "line 3: field `as_of`: '2023-13-99' is no day" in said(done)
    assert "1 question: 1 resolved." in said(run("score"))
    shown = run("show", "up").stdout
    assert "20% as of 2023-11-30" in shown and "99%" not in shown


def test_a_late_answer_is_marked(begun):
    late = answered(an_answer("up", 0.3, "2023-12-31"), model={}, converged=True)
    append_entries(begun, [late], now=datetime(2024, 6, 1, tzinfo=UTC))
    lines = run("show", "up").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines if line.startswith("the model")] == [
        "the model",
        "the model, late (written on 2024-06-01)",
    ]
    assert run("export", "--out", "all.csv").exit_code == 0
    with Path("all.csv").open() as file:
        assert [row["timing"] for row in csv.DictReader(file)] == [
            "as it happened",
            "as it happened",
            "late",
        ]


def test_asking_mends_what_an_earlier_run_left(begun):
    assert not (begun.parent / "up.yaml").exists()
    assert "up.yaml: missing, and written again from the ledger" in said(
        run("new", "USA-CHN", "--lower", 5, "--id", "down", *ASK)
    )
    assert (begun.parent / "up.yaml").exists() and (begun.parent / "down.yaml").exists()


def test_on_the_last_day_of_a_window_nothing_is_resolved(begun, monkeypatch):
    """The data are said to reach the end of a day that is not over."""
    monkeypatch.setattr(
        "forecast.cli.question.answering.dates", SimpleNamespace(today=lambda: date(2024, 10, 31))
    )
    done = run("resolve")
    assert done.exit_code == 0
    assert "up: its window ends on 2024-10-31; resolve it after that day" in said(done)
    assert "No question was resolved" in said(done)
