"""`forecast test`, `forecast plan` and `forecast power`.

What they reject, print, write and end with.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from forecast.base.errors import SpecError
from forecast.cli import app
from forecast.study.hypotheses import read_plan
from forecast.study.hypotheses.outcome import LIMIT, Outcome
from forecast.study.hypotheses.power import SETS
from forecast.study.hypotheses.power_tables import Rate
from forecast.study.hypotheses.results import PooledResults, PooledVerdict

DATA = ("--with", "USA-CHN,USA-RUS", "--as-of", "1980-12-31")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def said(result):
    return " ".join((result.stdout + result.stderr).split())


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tested(monkeypatch):
    """Tests that end at once, and what was asked of them."""
    asked = []

    def pooled_tests(panel, *, claims, dyad=None, seed=1, cores=1, **_):
        asked.append((tuple(panel["dyad"].to_numpy()), tuple(claims), dyad, seed, cores))
        outcome = Outcome(1.4, "undecided", ("It is [near] the limit.",), least=1.2, most=1.4)
        verdict = PooledVerdict(
            "S5b", "Does the trend return?", "it returns", outcome, 0.1, (), 2.3
        )
        return PooledResults(
            ("USA-CHN", "USA-RUS"), "1946-01", "1980-12", 900, (verdict,), ("Left out.",)
        )

    for module in ("run", "plan_execution"):
        monkeypatch.setattr(f"forecast.study.hypotheses.{module}.pooled_tests", pooled_tests)
    return asked


def test_results_are_printed_in_a_few_lines_or_as_json(tested):
    result = run("test", *DATA, "--claims", "S5b, s2", "USA-CHN", "--seed", 4, "--cores", 1)
    assert result.exit_code == 0, result.stderr
    assert tested == [(("USA-CHN", "USA-RUS"), ("S5b", "s2"), "USA-CHN", 4, 1)]
    assert (
        "exploratory" in said(result)
        and "It is [near] the limit." in said(result)
        and "Left out." in said(result)
    )
    assert len(result.stdout.splitlines()) <= 20
    found = json.loads(run("test", *DATA, "--json").stdout)
    assert found["stamp"] == "exploratory" and found["claims"][0]["code"] == "S5b"


def test_power_of_the_own_shape_is_asked_for_by_its_number_of_sets(monkeypatch):
    numbers = []

    def pooled_tests(panel, *, power, **_):
        numbers.append(power)
        raise SpecError("enough")

    monkeypatch.setattr("forecast.study.hypotheses.run.pooled_tests", pooled_tests)
    for options in ((), ("--power", 3)):
        assert run("test", *DATA, "--claims", "S5b", *options).exit_code == 2
    assert numbers == [None, 3]


def test_of_many_claims_the_answers_are_printed_in_twenty_lines(tested, monkeypatch):
    lines = [
        "What was tested.",
        *(line for at in range(12) for line in (f"S{at} Supported", "    Because.", "    So.")),
    ]
    monkeypatch.setattr(PooledResults, "lines", lambda self: lines)
    shown = run("test", *DATA).stdout.splitlines()
    assert (
        len(shown) <= 20
        and {f"S{at} Supported" for at in range(12)} <= set(shown)
        and "--out" in shown[-1]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--claims", "S55"), "S55 cannot be tested"),
        (("--with", "USA-XXX,USA-CHN"), "USA-XXX"),
        (("--with", "USA-CHN"), "2 dyads"),
        (("--as-of", "2050-01"), "as-of"),
        (("--mapping", "m.yaml"), "which is missing"),
        (("--events", "no.csv", "--mapping", "no.yaml"), "no.yaml"),
        (("--seed", "-1"), "seed"),
        (("--plan", "no.yaml"), "no.yaml"),
        (
            ("--plan", "no.yaml", "--seed", "2", "--claims", "S5"),
            "--claims, --seed: the plan says this already",
        ),
    ],
)
def test_nonsense_is_rejected_before_any_work(arguments, words):
    result = run("test", *arguments)
    assert result.exit_code == 2
    assert words in said(result)


def test_a_plan_is_made_frozen_shown_and_carried_out(tested, tmp_path):
    made = run(
        "plan",
        "new",
        *DATA,
        "--claims",
        "S5b",
        "--unseen",
        "--predicted",
        "S5b=3",
        "--out",
        "p.yaml",
    )
    assert made.exit_code == 0 and "forecast plan freeze p.yaml" in said(made)
    assert "p.yaml exists" in said(run("plan", "new", "--out", "p.yaml"))
    loose = run("test", "--plan", "p.yaml")
    assert loose.exit_code == 2 and "not frozen" in said(loose)
    assert "not frozen" in said(run("plan", "show", "p.yaml"))
    frozen = run("plan", "freeze", "p.yaml")
    assert (
        frozen.exit_code == 0
        and "forecast test --plan p.yaml" in said(frozen)
        and "confirmatory" in said(frozen)
    )
    assert "already, and unchanged" in said(run("plan", "freeze", "p.yaml"))
    logged = run("plan", "deviate", "p.yaml", "read on another machine")
    assert logged.exit_code == 0 and "deviation 1" in said(logged)
    shown = json.loads(run("plan", "show", "p.yaml", "--json").stdout)
    assert shown["digest"] == shown["frozen"] and shown["predicted"] == {"S5b": 3.0}
    assert "read on another machine" in said(run("plan", "show", "p.yaml"))
    result = run("test", "--plan", "p.yaml", "--cores", 1)
    assert result.exit_code == 0, result.stderr
    for words in (
        "confirmatory",
        "Predicted for S5b: 3.0.",
        "read on another machine",
        "had not been seen",
    ):
        assert words in said(result)
    plan = read_plan(tmp_path / "p.yaml")
    assert tested == [(plan.dyads, ("S5b",), None, 1, 1)]


def test_a_changed_plan_or_changed_data_are_rejected_by_name(tmp_path):
    run("plan", "new", *DATA, "--claims", "S5b", "--out", "p.yaml")
    run("plan", "freeze", "p.yaml")
    content = yaml.safe_load((tmp_path / "p.yaml").read_text())
    (tmp_path / "edited.yaml").write_text(yaml.safe_dump(content | {"seed": 2}))
    edited = run("test", "--plan", "edited.yaml")
    assert edited.exit_code == 2 and "has changed since it was frozen" in said(edited)
    assert "CHANGED since" in said(run("plan", "show", "edited.yaml"))
    assert "has changed since" in said(run("plan", "deviate", "edited.yaml", "nothing"))
    again = run("plan", "freeze", "edited.yaml")
    assert again.exit_code == 0 and "Say so where you publish" in said(again)
    content["data"]["files"]["USA-CHN.csv"] = "0" * 64
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(content | {"frozen": None}))
    assert "USA-CHN.csv has changed" in said(run("plan", "freeze", "other.yaml"))


def test_a_plan_is_frozen_before_its_data_are_there(tmp_path):
    run("plan", "new", *DATA, "--claims", "S5b", "--unseen", "--out", "p.yaml")
    content = yaml.safe_load((tmp_path / "p.yaml").read_text())
    feed = {"kind": "feed", "paths": ["to come"], "feed": "icews"}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content | {"data": None, "source": feed}))
    assert "frozen on" in said(run("plan", "freeze", "p.yaml"))
    assert "to come" in said(run("test", "--plan", "p.yaml"))


@pytest.fixture
def simulated(monkeypatch):
    asked = []

    def simulate_power(
        panel, *, events, claims, sets, more_dyads, more_events, checkpoint, cores, seed, progress
    ):
        asked.append((claims, sets, checkpoint and str(checkpoint), seed))
        size = {"dyads": 3 * more_dyads, "events": more_events}
        return {
            "S5b": (
                Rate("no return", False, sets, 1, 2, -3.0, 0.5, **size),
                Rate("a return in 10 years", True, sets, 4, 0),
            )
        }

    monkeypatch.setattr("forecast.study.hypotheses.power.simulate_power", simulate_power)
    return asked


def test_power_is_printed_or_json(simulated):
    result = run("power", *DATA, "--claims", "S5b", "--sets", 5, "--checkpoint", "kept.jsonl")
    assert result.exit_code == 0, result.stderr
    assert simulated == [(("S5b",), 5, "kept.jsonl", 1)]
    assert "a return in 10 years" in said(result)
    assert f"{SETS}" in run("power", "--help").output
    found = json.loads(run("power", *DATA, "--more-dyads", 2, "--more-events", 4, "--json").stdout)
    assert found["S5b"][0] == {
        "truth": "no return",
        "true": False,
        "sets": SETS,
        "supported": 1,
        "rejected": 2,
        "least": -3.0,
        "most": 0.5,
        "dyads": 6,
        "events": 4,
        "limit": LIMIT,
        "months": 0,
    }


@pytest.mark.parametrize(
    "options", [("--sets", "0"), ("--claims", "S99"), ("--checkpoint", "power.csv")]
)
def test_power_rejects_nonsense(options, tmp_path):
    (tmp_path / "power.csv").write_text("years of work")
    result = run("power", *DATA, *options)
    assert result.exit_code == 2
    assert (tmp_path / "power.csv").read_text() == "years of work"


KEDS = "date,source,target,code\n" + "".join(
    f"{1990 + month // 12}-{month % 12 + 1:02d}-15,TUR,{other},{'042' if month % 3 else '112'}\n"
    for month in range(130)
    for other in ("GRC", "SYR", "USA")
)


def test_a_plan_for_a_table_to_come_is_carried_out_by_one_command(tested, tmp_path):
    (tmp_path / "keds.csv").write_text(KEDS)
    given = ("--format", "keds", "--scheme", "cameo")
    rule = (
        "--choose",
        "events=100,months=96",
        "--without",
        "USA-TUR",
        "--unseen",
        "--as-of",
        "2000-12-31",
    )
    said_too = ("--predicted", "S5a=2", "--reason", "S5a=It is short.", "--remark", "Once only.")
    made = run("plan", "new", *given, *rule, "--claims", "S5a", *said_too, "--out", "p.yaml")
    assert made.exit_code == 0, made.stderr
    assert "dyads to be chosen (all with at least 100 events" in said(made)
    assert run("plan", "freeze", "p.yaml").exit_code == 0
    result = run(
        "test", "--plan", "p.yaml", "--events", "keds.csv", *given, "--cores", 1, "--out", "page"
    )
    assert result.exit_code == 0, result.stderr
    assert tested == [(("GRC-TUR", "SYR-TUR"), ("S5a",), None, 1, 1)]
    page = (tmp_path / "page/index.html").read_text()
    assert "It is short." in page and "keds.csv" in page and "confirmatory" in page


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--choose", "events=1,months=1", "--format", "keds"), "give --unseen and --as-of"),
        (
            ("--choose", "events=1,months=1", "--unseen", "--as-of", "2000-01-01"),
            "say what the data will be",
        ),
        (
            (
                "--choose",
                "events=few,months=1",
                "--unseen",
                "--as-of",
                "2000-01-01",
                "--format",
                "keds",
            ),
            "is no rule",
        ),
        (
            ("--choose", "events=3", "--unseen", "--as-of", "2000-01-01", "--format", "keds"),
            "is no rule",
        ),
        (
            (
                "--choose",
                "events=1,months=1",
                "--unseen",
                "--as-of",
                "2000-01-01",
                "--format",
                "keds",
                "--events",
                "a",
            ),
            "made without data",
        ),
        (("--without", "USA-CHN"), "--choose leaves out, which is missing"),
        (("--reason", "S5b"), "no value; write NAME=VALUE"),
    ],
)
def test_a_plan_for_data_to_come_rejects_nonsense(arguments, words):
    result = run("plan", "new", "--claims", "S5a", *arguments)
    assert result.exit_code == 2 and words in said(result)


def test_the_file_for_a_plan_is_of_its_kind_and_scheme(tmp_path):
    (tmp_path / "keds.csv").write_text(KEDS)
    run(
        "plan",
        "new",
        "--format",
        "keds",
        "--choose",
        "events=100,months=96",
        "--unseen",
        "--as-of",
        "2000-12-31",
        "--claims",
        "S5a",
        "--out",
        "p.yaml",
    )
    run("plan", "freeze", "p.yaml")
    for options in (("--format", "keds", "--scheme", "weis"), ("--format", "copdab")):
        result = run("test", "--plan", "p.yaml", "--events", "keds.csv", *options)
        assert result.exit_code == 2 and "give --events FILE --format keds" in said(result)
    assert "name the file" in said(run("test", "--plan", "p.yaml"))


def test_no_plan_is_frozen_that_cannot_run():
    run(
        "plan",
        "new",
        "--with",
        "USA-CHN,USA-RUS",
        "--as-of",
        "1960-12-31",
        "--claims",
        "S5b",
        "--out",
        "p.yaml",
    )
    result = run("plan", "freeze", "p.yaml")
    assert result.exit_code == 2 and "fewer than 240 months" in said(result)
    assert "not frozen" in said(run("plan", "show", "p.yaml"))


OUTSIDERS = Path(
    os.environ.get("OUTSIDERS", Path(__file__).resolve().parents[2] / "shared" / "outsiders")
)
TURKEY = OUTSIDERS / "turkey.cameo.csv.gz"


@pytest.mark.slow
@pytest.mark.skipif(not TURKEY.exists(), reason=f"{TURKEY.name} is not at hand")
def test_a_plan_is_carried_out_on_a_real_record_under_another_name(tmp_path):
    shutil.copy(TURKEY, tmp_path / "mystery.csv.gz")
    rule = ("--choose", "events=300,months=96", "--unseen", "--as-of", "2006-07-31")
    run("plan", "new", "--format", "keds", *rule, "--claims", "S5a,S5b,S8", "--out", "p.yaml")
    run("plan", "freeze", "p.yaml")
    result = run(
        "test",
        "--plan",
        "p.yaml",
        "--events",
        "mystery.csv.gz",
        "--format",
        "keds",
        "--out",
        "page",
    )
    assert result.exit_code == 0, result.stderr
    found = json.loads((tmp_path / "page/tests.json").read_text())
    (fading,) = found["claims"]
    assert fading["code"] == "S5a" and len(found["dyads"]) == 9 and "TUR-USA" in found["dyads"]
    low, median, high = fading["details"]["half_life_months"]
    assert low < median < high and 1.0 < median < 12.0
    assert sum("was left out" in note for note in found["notes"]) == 2
    assert (tmp_path / "page/index.html").exists()
