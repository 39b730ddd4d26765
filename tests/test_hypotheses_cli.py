"""`forecast test`, `forecast plan` and `forecast power`: what they refuse, print, keep and end with."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from hypotheses.fakes import FakeGate, FakePower, fake_results, make_verdict
from typer.testing import CliRunner

from forecast.cli import app
from forecast.hypotheses import Comparison
from forecast.hypotheses.plan import read_plan

OLD = ("--dyad", "USA-CHN", "--as-of", "1980-12-31")
MAPPING = "dataset: made\ncolumns: {time: month, value: value}\nconstants: {dyad: USA-CHN}\n"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(result):
    return " ".join((result.stdout + result.stderr).split())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def carried_out(monkeypatch):
    """Runs that end at once; the list says what was asked."""
    asked, gates = [], {"linear": FakeGate()}

    def run_tests(plan, *, data, kept, cores, progress):
        asked.append((plan, kept, cores))
        compared = (Comparison("a linear pull", "a random walk", 1.4, 0.2, ahead_difference=-0.3, ahead_error=0.8),)
        power = {"S5": FakePower()}
        verdicts = [make_verdict(code, power=power.get(code), comparisons=compared) for code in plan.claims]
        made = fake_results(tuple(verdicts), data=data, gates=gates, notes=("Left out, for a reason.",))
        return made.__class__(**{**vars(made), "plan": plan})

    monkeypatch.setattr("forecast.hypotheses.run.run_tests", run_tests)
    asked.append(gates)
    return asked


@pytest.fixture
def index(tmp_path):
    months = pd.date_range("2001-01-01", periods=80, freq="MS")
    values = np.random.default_rng(1).normal(size=80)
    pd.DataFrame({"month": months.strftime("%Y-%m"), "value": values}).to_csv(tmp_path / "index.csv", index=False)
    (tmp_path / "index.yaml").write_text(MAPPING)
    return ("--index", "index.csv", "--mapping", "index.yaml")


def only(parent, name):
    """Return a file of the only folder in another."""
    (folder,) = parent.iterdir()
    return folder / name


def test_a_run_is_printed_written_and_exploratory(carried_out, tmp_path):
    result = run("test", *OLD, "--claims", "S5,S6", "--out", "out", "--seed", 4, "--half-life", 12, "--half-life", 24)
    assert result.exit_code == 0, result.stderr
    text = said(result)
    for words in (
        "Of 2 claims tested, 2 undecided",
        "1.40 ± 0.20",
        "found in 46 %",
        "Left out",
        "exploratory",
    ):
        assert words in text
    plan = carried_out[1][0]
    assert (plan.seed, plan.half_lives, plan.claims, plan.simulations) == (4, (12.0, 24.0), ("S5", "S6"), 20)
    before = (tmp_path / "out" / "tests.json").read_bytes()
    again = run("test", *OLD, "--claims", "S5", "--out", "out")
    assert again.exit_code == 2 and "--replace" in again.stderr
    assert (tmp_path / "out" / "tests.json").read_bytes() == before
    assert run("test", *OLD, "--claims", "S5", "--out", "out", "--replace").exit_code == 0
    assert (tmp_path / "out" / "tests.json").read_bytes() != before


def test_pages_without_a_name_never_meet(carried_out, tmp_path):
    for _ in range(2):
        assert run("test", *OLD, "--claims", "S6").exit_code == 0
    first, second = sorted(path.name for path in (tmp_path / "hypotheses").iterdir())
    assert second == f"{first}-2" and first.startswith("USA-CHN-")


def test_json_is_the_file_and_nothing_else(carried_out, tmp_path):
    result = run("test", *OLD, "--claims", "S6", "--no-sensitivity", "--simulations", 0, "--json")
    assert json.loads(result.stdout) == json.loads(only(tmp_path / "hypotheses", "tests.json").read_text())
    assert carried_out[1][0].sensitivity is False and carried_out[1][0].simulations == 0


def test_a_run_that_has_not_converged_is_written_and_ends_with_3(carried_out, tmp_path):
    carried_out[0]["walk"] = FakeGate(tuple(f"number {i}: R-hat 1.2" for i in range(9)))
    result = run("test", *OLD, "--claims", "S6")
    assert result.exit_code == 3
    assert "NOT CONVERGED" in result.stderr and "9 quantities miss the limits" in result.stderr
    assert result.stderr.count("R-hat") == 3
    assert "NOT CONVERGED" in only(tmp_path / "hypotheses", "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--claims", "S55"), "there is no test of S55"),
        (("--claims", ","), "none is given"),
        (("--dyad", "USA-XXX"), "USA-XXX"),
        (("--as-of", "1952-06"), "33 covered months"),
        (("--as-of", "2050-01"), "as-of"),
        (("--frequency", "day"), "expected month or week"),
        (("--mapping", "m.yaml"), "which is missing"),
        (("--index", "i.csv"), "give --mapping as well"),
        (("--index", "i.csv", "--counts", "c.csv", "--mapping", "m.yaml"), "two kinds of source at once"),
        (("--events", "no.csv", "--mapping", "no.yaml"), "no.yaml"),
        (("--half-life", "-3"), "half-life: got -3.0; expected a positive number of months"),
        (("--draws", "-1"), "draws"),
        (("--plan", "no.yaml"), "no.yaml"),
        (("--plan", "no.yaml", "--seed", "2", "--claims", "S5"), "--claims, --seed: the plan says this already"),
    ],
)
def test_nonsense_is_refused_before_any_fit(arguments, words):
    result = run("test", *(() if "--plan" in arguments else ("--dyad", "USA-CHN")), *arguments)
    assert result.exit_code == 2
    assert words in said(result)


def test_an_index_cannot_answer_what_asks_for_events(index):
    result = run("test", "--dyad", "USA-CHN", *index, "--claims", "S5,S10")
    assert result.exit_code == 2
    assert "S10 needs single events" in said(result)


def test_a_plan_is_made_frozen_shown_and_carried_out(carried_out, tmp_path, index):
    made = run("plan", "new", *index, "--claims", "S5", "--simulations", 7, "--out", "p.yaml")
    assert made.exit_code == 0 and "forecast plan freeze p.yaml" in said(made)
    assert "p.yaml is there already" in said(run("plan", "new", "--out", "p.yaml"))
    loose = run("test", "--plan", "p.yaml")
    assert loose.exit_code == 2 and "not frozen" in said(loose)
    assert "not frozen" in said(run("plan", "show", "p.yaml"))
    frozen = run("plan", "freeze", "p.yaml")
    assert frozen.exit_code == 0 and "forecast test --plan p.yaml" in said(frozen)
    assert "already, and unchanged" in said(run("plan", "freeze", "p.yaml"))
    shown = json.loads(run("plan", "show", "p.yaml", "--json").stdout)
    assert shown["digest"] == shown["frozen"]
    result = run("test", "--plan", "p.yaml", "--out", "o", "--cores", 1, "--kept", "kept.jsonl")
    assert result.exit_code == 0 and "planned;" in said(result)
    plan, kept, cores = carried_out[1]
    assert plan == read_plan(tmp_path / "p.yaml") and (str(kept), cores) == ("kept.jsonl", 1)


def test_a_changed_plan_or_changed_data_are_refused_by_name(tmp_path, index):
    run("plan", "new", *index, "--claims", "S5", "--out", "p.yaml")
    run("plan", "freeze", "p.yaml")
    content = yaml.safe_load((tmp_path / "p.yaml").read_text())
    (tmp_path / "edited.yaml").write_text(yaml.safe_dump(content | {"seed": 2}))
    edited = run("test", "--plan", "edited.yaml")
    assert edited.exit_code == 2 and "has changed since it was frozen" in said(edited)
    assert "CHANGED since" in said(run("plan", "show", "edited.yaml"))
    again = run("plan", "freeze", "edited.yaml")
    assert again.exit_code == 0 and "Say so where you publish" in said(again)
    (tmp_path / "index.csv").write_text((tmp_path / "index.csv").read_text().replace("2001-01,", "2001-01,1"))
    changed = run("test", "--plan", "p.yaml")
    assert changed.exit_code == 2 and "index.csv has changed" in said(changed)
    (tmp_path / "edited.yaml").write_text(yaml.safe_dump(content | {"seed": 3}))
    assert "index.csv has changed" in said(run("plan", "freeze", "edited.yaml"))


@pytest.fixture
def simulated(monkeypatch):
    asked = []

    def power(candidates, claim, half_lives, simulations, *, kept, cores, progress):
        asked.append((claim, half_lives, simulations, str(kept)))
        progress("testing simulated records", 1, 2)
        if half_lives == (99.0,):
            raise KeyboardInterrupt
        return FakePower(claim)

    monkeypatch.setattr("forecast.hypotheses.power.power", power)
    monkeypatch.setattr("forecast.hypotheses.run.make_candidates", lambda *_, **__: None)
    return asked


def test_power_is_printed_and_says_where_it_is_kept(simulated):
    result = run("power", *OLD, "--half-life", 24, "--half-life", 48, "--simulations", 3)
    assert result.exit_code == 0, result.stderr
    assert simulated == [("S5", (24.0, 48.0), 3, "power-USA-CHN.jsonl")]
    assert "kept in power-USA-CHN.jsonl" in said(result)
    assert FakePower().words in said(result) and "40 % to 52 %" in result.stdout
    found = json.loads(run("power", *OLD, "--json", "--kept", "mine").stdout)
    assert found["table"][1]["supported"] == 0.46
    assert simulated[1] == ("S5", (6.0, 24.0), 200, "mine")


def test_interrupted_power_says_how_to_go_on(simulated):
    result = run("power", *OLD, "--half-life", 99)
    assert result.exit_code == 130
    assert "the same command continues" in said(result) and "kept in power-USA-CHN.jsonl" in said(result)


def test_power_is_of_one_claim():
    result = run("power", "--claim", "S5,S6")
    assert result.exit_code == 2 and "give one claim" in said(result)
