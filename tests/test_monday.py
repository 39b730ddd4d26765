"""`forecast monday`: weeks of made-up events, with fits that take no sampling."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import typer
import yaml
from commands import faults, shown_commands

from tests.made import leave_out_sampling
from tests.pages import dangling, leave_figures_empty
from tests.records import DATA, PAIRS, run, run_monday, write_record
from tests.systems import posix

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / "docs/every-monday.yml"
PAGE = ROOT / "docs/every-monday.md"
FIRST = date(2024, 1, 8)
KINDS = ("criticism", "threat", "sanction", "talks", "visit", "agreement", "praise", "easing")
SHORT = "CHN-RUS"
WEEK = timedelta(weeks=1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Fits take no sampling, figures are not drawn, and few draws pass."""
    leave_out_sampling(monkeypatch)
    leave_figures_empty(monkeypatch)
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Somebody")
        monkeypatch.setenv(f"{name}_EMAIL", "somebody@example.org")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with records of two pairs to the end of 2023, and of a third that is too short."""
    monkeypatch.chdir(tmp_path)
    rows = [("2023-12-30", "046"), ("2023-12-31", "046"), ("2023-08-01", "111")]
    write_record(*(f"{day},{SHORT[:3]},{SHORT[4:]},{code}" for day, code in rows))
    return tmp_path


def news(monday: date, *, pairs=PAIRS, number=2) -> None:
    """Write what happened in the week before a Monday."""
    rng = np.random.default_rng(monday.toordinal())

    def row(pair: str, event: int) -> str:
        day = monday - timedelta(days=int(rng.integers(1, 8)))
        return f"{day},{pair[:3]},{pair[4:]},{rng.choice(KINDS)},event {event}"

    rows = [row(pair, event) for pair in pairs for event in range(number)]
    Path("added", f"{monday}.csv").write_text(
        "\n".join(["date,source,target,kind,summary", *rows, ""])
    )


def git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def ledger() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("questions/ledger.jsonl").read_text().splitlines()]


def run_mondays(number: int) -> list[date]:
    """Run so many Mondays, with a question a pair on January and one on the half-year."""
    asked = {
        "jan": ("--at-least", "sanction", "--months", "1"),
        "half": ("--above", "50", "--months", "6"),
    }
    for pair in PAIRS:
        for name, words in asked.items():
            own = (pair, "--as-of", "2023-12-31", "--id", f"{name}-{pair[4:].lower()}")
            assert run("question", "new", *DATA, *own, *words).exit_code == 0
    days = [FIRST + week * WEEK for week in range(number)]
    for day in days:
        news(day)
        done = run_monday(day)
        waits = "To confirm: " in done.output  # for a person
        assert done.exit_code == int(waits), (day, done.output, done.exception)
        assert "Failed: " not in done.output and "Rejected row: " not in done.output
    return days


@pytest.mark.parametrize("weeks", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_weeks_of_mondays(folder, weeks):
    rare = (
        "--above",
        "50",
        "--given",
        "above 99.9",
        "--months",
        "6",
        "--as-of",
        "2023-12-31",
        "--id",
        "rare",
    )
    assert run("question", "new", *DATA, "USA-CHN", *rare).exit_code == 0
    days = run_mondays(weeks)
    assert [path.parent.name for path in folder.glob("reports/*/fit.zarr")] == [str(days[-1])]
    assert {path.name for path in folder.glob("changes/*")} == {str(day) for day in days[1:]}
    pairs = json.loads((folder / "reports/pairs.json").read_text())
    assert pairs["days"] == [str(days[-2]), str(days[-1])]
    assert {pair["dyad"] for pair in pairs["pairs"]} == set(PAIRS)
    moves = [abs(pair["up"] - pair["before"]) for pair in pairs["pairs"]]
    assert moves == sorted(moves, reverse=True)
    page = (folder / "reports/index.html").read_text()
    for pair in pairs["pairs"]:
        for link in (pair["link"], pair["change"]):
            assert (folder / "reports" / link).is_file() and f'href="{link}"' in page
    changes = [json.loads(path.read_text()) for path in folder.glob("changes/*/*/change.json")]
    parts = {tuple(step["name"] for step in change["steps"]) for change in changes}
    # Where an update did not hold, the fit made again for the reports serves the comparisons too.
    same = ("time passed", "new events", "late or revised data", "model")
    if weeks == 6:  # on the first Monday of a month both answer last week's headline
        assert parts == {(*same, "baseline"), same}
    assert parts <= {(*same, "baseline"), same}
    entries = ledger()
    answered = [
        entry
        for entry in entries
        if entry["entry"] == "answered" and entry["question"] == "half-chn"
    ]
    assert [entry["as_of"] for entry in answered] == [
        str(day - timedelta(days=1)) for day in days
    ]  # in mid-month too
    resolved = {entry["question"]: entry for entry in entries if entry["entry"] == "resolved"}
    assert {entry["entry"] for entry in entries if entry["question"] == "rare"} == {
        "asked"
    }  # its condition is too rare
    # They are resolved once the record is complete to the end of January.
    assert set(resolved) == ({"jan-chn", "jan-rus"} if weeks == 6 else set())
    events = [
        entry
        for entry in entries
        if entry["entry"] == "answered" and entry["question"].startswith("jan")
    ]
    assert {entry["by"] for entry in events} == {
        "the hazards"
    }  # from the record alone, whatever the fit
    assert {entry["as_of"] for entry in events if entry["question"] == "jan-chn"} >= {
        str(day) for day in days[:4]
    }
    assert all(entry["as_of"] >= "2024-01-31" for entry in resolved.values())
    assert (folder / "questions/record/index.html").is_file()
    assert 'href="../questions/record/index.html"' in page and dangling(folder) == []


@pytest.mark.slow
def test_a_year_of_mondays(folder, monkeypatch):
    leave_out_sampling(
        monkeypatch, 400
    )  # with fewer, one of so many updates leaves too few effective draws
    days = run_mondays(52)
    answered = [
        one for one in ledger() if one["entry"] == "answered" and one["question"] == "half-chn"
    ]
    assert [one["as_of"] for one in answered] == [
        str(day - timedelta(days=1)) for day in days if day < date(2024, 7, 1)
    ]
    assert {one["question"] for one in ledger() if one["entry"] == "resolved"} == {
        f"{name}-{pair[4:].lower()}" for name in ("jan", "half") for pair in PAIRS
    }
    assert [path.parent.name for path in folder.glob("reports/*/fit.zarr")] == [str(days[-1])]


def test_what_succeeds_is_kept_and_a_second_run_does_the_rest(folder, monkeypatch):
    from forecast.base.errors import OutputError
    from forecast.runs.pipeline import PreparedReports

    news(FIRST)
    write, tried = PreparedReports.write, list[str]()

    def broken(self, dyad, out, *arguments, **options):
        tried.append(dyad)
        if len(tried) == 2:
            raise OutputError("the disk is full")
        return write(self, dyad, out, *arguments, **options)

    monkeypatch.setattr(PreparedReports, "write", broken)
    done = run_monday(FIRST)
    assert done.exit_code == 1 and "report on USA-RUS: the disk is full" in done.output
    page = (folder / "reports/index.html").read_text()
    assert f"{FIRST}/USA-CHN/index.html" in page and "USA-RUS: the disk is full" in page
    assert run_monday(FIRST).exit_code == 0
    assert tried == ["USA-CHN", "USA-RUS", "USA-RUS"]
    assert {
        one["dyad"] for one in json.loads((folder / "reports/pairs.json").read_text())["pairs"]
    } == set(PAIRS)


@pytest.mark.parametrize("late", [False, True])
def test_a_comparison_that_failed_is_made_by_a_second_run(folder, monkeypatch, late):
    """The fit that it compares with stays until then.

    Where the pages are there, it clears what is left beside them.
    """
    from forecast.base.errors import OutputError
    from forecast.report.explain_page import write_change

    def full(fits, change, out, **options):
        if late:
            write_change(fits, change, out, **options)
            out.with_name(f".{out.name}.0123abcd.partial").mkdir()
        if late or out.name == PAIRS[1]:
            raise OutputError("the disk is full")
        return write_change(fits, change, out, **options)

    for day in (FIRST, FIRST + WEEK):
        news(day)
        with monkeypatch.context() as patch:
            patch.setattr("forecast.report.explain_page.write_change", full)
            done = run_monday(day)
    assert done.exit_code == 1 and f"comparison of {PAIRS[1]}: the disk is full" in done.output
    Path(f"reports/{FIRST + WEEK}/fit.sha256").unlink()  # as if its disk had been full too
    assert run_monday(FIRST + WEEK).exit_code == 0
    assert {path.name for path in folder.glob(f"changes/{FIRST + WEEK}/*")} == set(PAIRS)
    assert [path.parent.name for path in folder.glob("reports/*/fit.zarr")] == [str(FIRST + WEEK)]
    assert Path(f"reports/{FIRST + WEEK}/fit.sha256").is_file()


def test_a_pair_alone_and_a_fit_that_has_not_converged(folder, monkeypatch):
    news(FIRST)
    assert run_monday(FIRST, "--alone", pairs=PAIRS[:1]).exit_code == 0
    news(FIRST + WEEK)
    with monkeypatch.context() as strict:
        strict.setattr("forecast.model.gate.R_HAT_LIMIT", 0.5)
        done = run_monday(FIRST + WEEK, "--alone", pairs=PAIRS[:1])
    assert done.exit_code == 3 and "NOT CONVERGED" in done.output
    assert {path.parent.name for path in folder.glob("reports/*/fit.zarr")} == {
        str(FIRST),
        str(FIRST + WEEK),
    }
    assert [path.name for path in folder.glob("reports/*/*") if path.is_dir()].count("USA-CHN") == 2
    wrong = run_monday(FIRST + 2 * WEEK, pairs=PAIRS)
    assert wrong.exit_code == 2 and "is a fit of USA-CHN; leave the choice out" in wrong.output


def test_added_events_resolve_nothing_unless_it_is_said_how_far_the_record_goes(folder):
    own = (
        "USA-CHN",
        "--at-least",
        "sanction",
        "--months",
        "1",
        "--as-of",
        "2023-12-31",
        "--id",
        "jan",
    )
    assert run("question", "new", *DATA, *own).exit_code == 0
    news(date(2024, 2, 5))
    added = ("question", "resolve", *DATA, "--add", "added", "--as-of", "2024-02-05")
    assert "coverage of USA-CHN ends with 31 December 2023" in " ".join(run(*added).output.split())
    done = run(*added, "--covered-to", "USA-CHN:2024-02-04")
    assert re.match(r"jan: (YES|NO), \d events? of the set", done.stdout)


def test_reports_on_all_pairs_of_a_fit(folder):
    done = run(
        "report",
        *DATA,
        "--all",
        "--with",
        ",".join((*PAIRS, SHORT)),
        "--horizons",
        "3,6",
        "--out",
        "all",
    )
    assert done.exit_code == 0, done.output
    assert {path.name for path in (folder / "all").iterdir() if path.is_dir()} == {
        *PAIRS,
        "fit.zarr",
    }
    assert f"No report on {SHORT}" in done.output and "at least 36 are needed" in " ".join(
        done.output.split()
    )
    stated = json.loads((folder / "all/pairs.json").read_text())
    assert list(stated["missing"]) == [SHORT] and {one["dyad"] for one in stated["pairs"]} == set(
        PAIRS
    )
    assert dangling(folder) == []
    again = run("report", *DATA, "--all", "--out", "all")
    assert again.exit_code == 2 and "--replace" in again.output
    explained = run(
        "explain", "all/USA-RUS", *DATA, "--months", "1", "--no-refit", "--out", "explain"
    )
    assert explained.exit_code in (0, 1), (
        explained.output
    )  # the fit stands beside the folders of reports


@pytest.fixture
def committed(folder):
    """A first Monday that was committed."""
    git("init", "--quiet")
    news(FIRST)
    done = run_monday(FIRST, "--commit")
    assert done.exit_code == 0, done.output
    return folder


def test_all_but_the_fit_is_committed(committed):
    names = git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert {f"added/{FIRST}.csv", f"reports/{FIRST}/fit.sha256", "reports/index.html"} <= set(names)
    assert not [name for name in names if "fit.zarr" in name]
    assert git("log", "--format=%s") == f"Forecast of {FIRST}"


@pytest.mark.parametrize("change", ["none", "altered", "more", "less", "linked", "uncommitted"])
def test_a_fit_that_is_not_the_committed_one_is_not_used(folder, monkeypatch, change):
    """Only the choice of the fit matters here, so that any file may stand for one."""
    git("init", "--quiet")
    report = folder / f"reports/{FIRST}"
    content = report / "fit.zarr/zarr.json"
    content.parent.mkdir(parents=True)
    content.write_text("{}")

    def state():
        digest = hashlib.sha256(content.read_bytes()).hexdigest()
        (report / "fit.sha256").write_text(f"{digest}  ./zarr.json\n")

    state()
    git("add", f"reports/{FIRST}/fit.sha256")
    git("commit", "--quiet", "--message", "A forecast")
    match change:
        case "altered":
            content.write_text("[]")
        case "more":
            (report / "fit.zarr/more").write_text("")
        case "less":
            content.unlink()
        case "linked":
            content.rename(folder / "elsewhere")
            content.symlink_to("../../../elsewhere")
        case "uncommitted":  # whoever brings another fit may bring its digests
            content.write_text("[]")
            state()
    chosen = []
    loaded = SimpleNamespace(gate=SimpleNamespace(passed=True), dyads=list(PAIRS))
    monkeypatch.setattr("forecast.model.Fit.load", lambda path: loaded)
    monkeypatch.setattr(
        "forecast.runs.monday.prepare_reports",
        lambda settings, **_: chosen.append(settings.fit_path),
    )
    news(FIRST + WEEK)
    done = run_monday(FIRST + WEEK)
    assert isinstance(done.exception, AttributeError)  # nothing was prepared
    assert chosen == [Path(f"reports/{FIRST}/fit.zarr") if change == "none" else None]
    assert (change == "none") != (
        "is not the one that was committed with its report" in done.output
    )


def test_the_workflow_is_one_and_does_what_the_page_says() -> None:
    flow = yaml.load(WORKFLOW.read_text("utf-8"), yaml.BaseLoader)  # `on` is a word here, not true
    (cron,) = [one["cron"] for one in flow["on"]["schedule"]]
    assert re.fullmatch(r"\d{1,2} \d{1,2} \* \* 1", cron)
    assert flow["permissions"] == {}
    jobs = flow["jobs"]
    assert jobs["forecast"]["permissions"] == {"contents": "read", "actions": "read"}
    assert jobs["push"]["permissions"] == {"contents": "write"}
    steps = jobs["forecast"]["steps"]
    every = [step for job in jobs.values() for step in job["steps"]]
    assert all(("uses" in step) != ("run" in step) for step in every)
    scripts = [step["run"] for step in steps if "run" in step]
    assert faults(WORKFLOW) == [] and [
        words[0] for words in shown_commands(WORKFLOW.read_text("utf-8"))
    ] == ["monday"]
    # What is kept for the next run is what this one looks for, and where.
    kept = next(
        step["with"] for step in steps if step.get("with", {}).get("path", "").startswith("reports")
    )
    assert kept["path"] == "reports/*/fit.zarr"
    assert any(
        "gh run download" in script and f"--name {kept['name']} --dir reports" in script
        for script in scripts
    )


def test_what_the_workflow_runs_is_pinned() -> None:
    text = WORKFLOW.read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used and all(
        re.fullmatch(
            r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+( # zizmor: ignore\[artipacked\])?", one
        )
        for one in used
    )
    jobs = yaml.load(text, yaml.BaseLoader)["jobs"]
    assert all(re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"]) for job in jobs.values())
    (install,) = re.findall(r"pip install .*", text)
    assert "--require-hashes --only-binary :all: -r requirements.txt" in install
    # Where the packages run, no right to write is lying about; where there is one, nothing runs but
    # git.
    checkout = jobs["forecast"]["steps"][0]
    assert checkout["uses"].startswith("actions/checkout@") and checkout["with"] == {
        "persist-credentials": "false"
    }
    (push,) = [step["run"] for step in jobs["push"]["steps"] if "run" in step]
    assert [line.split()[0] for line in push.splitlines()] == ["echo", "git", "git", "git"]


@posix
def test_a_commit_is_handed_over_with_its_digest(folder: Path) -> None:
    git("init", "--quiet")
    (folder / ".git/info/exclude").write_text("/output\n/monday.bundle\n/origin\n/pushing\n")
    git("commit", "--quiet", "--allow-empty", "--message", "One")
    git("clone", "--quiet", "--bare", ".", "origin")
    git("clone", "--quiet", "origin", "pushing")
    jobs = yaml.load(WORKFLOW.read_text("utf-8"), yaml.BaseLoader)["jobs"]
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    pack = next(step["run"] for step in jobs["forecast"]["steps"] if step.get("id") == "bundle")
    push = next(step["run"] for step in jobs["push"]["steps"] if "run" in step)
    output = folder / "output"
    output.write_text("")
    environment = {
        **os.environ,
        "GITHUB_SHA": git("rev-parse", "HEAD"),
        "GITHUB_OUTPUT": str(output),
    }

    subprocess.run(["bash", "-ec", pack], env=environment, check=True)
    assert output.read_text() == ""  # nothing is new, and nothing handed over
    git("commit", "--quiet", "--allow-empty", "--message", "Two")
    subprocess.run(["bash", "-ec", pack], env=environment, check=True)
    shutil.move("monday.bundle", "pushing/monday.bundle")
    sha256 = output.read_text().strip().removeprefix("sha256=")

    for digest, works in (("0" * 64, False), (sha256, True)):
        given = {**os.environ, "SHA256": digest}
        done = subprocess.run(
            ["bash", "-ec", push], env=given, cwd="pushing", check=False, capture_output=True
        )
        assert (done.returncode == 0) == works, done.stderr
        assert (git("-C", "origin", "rev-parse", "HEAD") == git("rev-parse", "HEAD")) == works


def test_the_commands_of_the_page_are_there() -> None:
    assert faults(PAGE) == []


@pytest.mark.parametrize(
    ("fault", "code", "line"),
    [
        ({}, None, None),
        ({"doubts": [SimpleNamespace(sentence="q: 20% against 8%")]}, 1, "To confirm: q: 20%"),
        ({"rejected": ("week.csv, line 2: kind",)}, 1, "1 row not counted. Correct it in its file"),
        ({"gaps": ("USA-RUS has a gap",)}, None, "Gap: USA-RUS has a gap"),
    ],
)
def test_the_exit_code_says_whether_a_person_has_to_mend_something(fault, code, line, capsys):
    from forecast.cli.monday import _print_week

    doubts = fault.get("doubts", [])
    sound = {"pairs": [], "rejected": (), "gaps": (), "page": "page", "converged": True}
    questions = SimpleNamespace(lines=[], doubts=doubts)
    tasks = SimpleNamespace(failures={}, undone=[])
    week = SimpleNamespace(**sound | fault, questions=questions, tasks=tasks)
    if code is None:
        _print_week(week)
    else:
        with pytest.raises(typer.Exit) as stopped:
            _print_week(week)
        assert stopped.value.exit_code == code
    assert line is None or line in capsys.readouterr().out
