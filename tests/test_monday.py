"""The recipe for every Monday: its commands exist, and a week's work leaves what the page says."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import faults, unknown

from tests.systems import posix

pytestmark = posix

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts/monday.sh"
WORKFLOW = ROOT / "docs/every-monday.yml"
PAGE = ROOT / "docs/every-monday.md"

STUB = f"""#!{sys.executable} -SE
import json, os, pathlib, sys

words = sys.argv[1:]
with open("calls.jsonl", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
named = dict(zip(words, words[1:]))
if words[:2] == [os.environ.get("FAILING"), *words[1:2]]:
    sys.exit(int(os.environ["STATUS"]))
if words[0] in ("report", "compare"):
    out = pathlib.Path(named["--out"])
    out.mkdir(parents=True)
    (out / "index.html").write_text(os.environ.get("DAY", ""))
    (out / "summary.md").write_text("# The summary\\n")
if words[0] == "report" and not os.environ.get("UNCHANGED"):
    (out / "fit.zarr").mkdir()
    (out / "fit.zarr" / "zarr.json").write_text("{{}}")
if words[:2] == ["question", "update"]:
    with open("questions/ledger.jsonl", "a") as ledger:
        ledger.write(words[-1] + "\\n")
"""


def git(*words: str) -> str:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def calls() -> list[list[str]]:
    return list(map(yaml.safe_load, Path("calls.jsonl").read_text().splitlines()))


def monday(day: str, **settings: str) -> subprocess.CompletedProcess[str]:
    Path("calls.jsonl").write_text("")
    environment = {**os.environ, "PATH": f"{Path('bin').resolve()}:{os.environ['PATH']}", "DAY": day, **settings}
    return subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, with a stub in place of the command, which notes how it was called."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Somebody")
        monkeypatch.setenv(f"{name}_EMAIL", "somebody@example.org")
    git("init", "--quiet")
    (tmp_path / ".git/info/exclude").write_text("/bin\n/calls.jsonl\n")
    for folder in ("bin", "added", "questions"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin/forecast").write_text(STUB)
    (tmp_path / "bin/forecast").chmod(0o755)
    (tmp_path / "added/one.csv").write_text("date,source,target,kind,summary\n")
    (tmp_path / "questions/ledger.jsonl").write_text("")
    return tmp_path


def test_the_first_monday_fits_and_commits_all_but_the_fit(repository: Path) -> None:
    done = monday("2026-06-22")
    assert done.returncode == 0, done.stderr
    report, *others = calls()
    assert report == ["report", "--dyad", "USA-CHN", "--out", "reports/2026-06-22", "--export", "--add", "added"]
    assert [words[:2] for words in others] == [["question", verb] for verb in ("update", "resolve", "score")]
    committed = git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert committed == [
        "added/one.csv",
        "questions/ledger.jsonl",
        "reports/2026-06-22/fit.sha256",
        "reports/2026-06-22/index.html",
        "reports/2026-06-22/summary.md",
    ]
    assert git("log", "--format=%s") == "Forecast of 2026-06-22"
    assert (repository / "reports/2026-06-22/fit.zarr").is_dir()
    assert done.stdout.endswith("# The summary\n")


def test_the_next_monday_updates_the_fit_and_compares(repository: Path) -> None:
    monday("2026-06-22")
    done = monday("2026-06-29", REPORT="--horizons 6,12")
    assert done.returncode == 0, done.stderr
    report, compare, *_ = calls()
    assert report[-4:] == ["--fit", "reports/2026-06-22/fit.zarr", "--horizons", "6,12"]
    assert compare[:5] == ["compare", "reports/2026-06-22", "reports/2026-06-29", "--out", "changes/2026-06-29"]
    assert compare[5:] == ["--add", "added"]
    assert "changes/2026-06-29/index.html" in git("ls-tree", "-r", "--name-only", "HEAD")
    assert [path.parent.name for path in repository.glob("reports/*/fit.zarr")] == ["2026-06-29"]


def test_the_options_that_are_used_are_those_of_the_command() -> None:
    monday("2026-06-22")
    used = calls()
    monday("2026-06-29")
    used += calls()
    assert {tuple(words[: 1 + (words[0] == "question")]) for words in used} == {
        ("report",), ("compare",), ("question", "update"), ("question", "resolve"), ("question", "score"),
    }  # fmt: skip
    assert {" ".join(words): unknown(words) for words in used if unknown(words)} == {}


def test_a_fit_that_is_unchanged_is_there_for_the_next_week(repository: Path) -> None:
    monday("2026-06-22")
    assert monday("2026-06-29", UNCHANGED="1").returncode == 0
    assert (repository / "reports/2026-06-29/fit.zarr/zarr.json").is_file()
    monday("2026-07-06")
    assert "reports/2026-06-29/fit.zarr" in calls()[0]


@pytest.mark.parametrize("change", ["altered", "more", "less", "linked", "uncommitted"])
def test_a_fit_that_is_not_the_committed_one_is_not_used(repository: Path, change: str) -> None:
    monday("2026-06-22")
    report = repository / "reports/2026-06-22"
    content = report / "fit.zarr/zarr.json"
    match change:
        case "altered":
            content.write_text("[]")
        case "more":
            (report / "fit.zarr/more").write_text("")
        case "less":
            content.unlink()
        case "linked":
            content.rename(repository / "elsewhere")
            content.symlink_to("../../elsewhere")
        case "uncommitted":  # whoever brings another fit may bring its digests
            content.write_text("[]")
            digest = hashlib.sha256(content.read_bytes()).hexdigest()
            (report / "fit.sha256").write_text(f"{digest}  ./zarr.json\n")
    done = monday("2026-06-29")
    assert done.returncode == 0 and "reports/2026-06-22/fit.zarr is not the one that was committed" in done.stderr
    assert "--fit" not in calls()[0] and "compare" not in [words[0] for words in calls()]


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_report_that_fails_is_not_committed(repository: Path, status: int) -> None:
    monday("2026-06-22")
    (repository / "added/two.csv").write_text("date\n")
    before = git("rev-parse", "HEAD")
    done = monday("2026-06-29", FAILING="report", STATUS=str(status))
    assert done.returncode == status and "nothing was committed" in done.stderr
    assert git("rev-parse", "HEAD") == before and [words[0] for words in calls()] == ["report"]
    assert (repository / "reports/2026-06-22/fit.zarr").is_dir()


def test_a_run_that_stopped_goes_on_where_it_was(repository: Path) -> None:
    monday("2026-06-22")
    assert monday("2026-06-29", FAILING="compare", STATUS="1").returncode == 1
    assert monday("2026-06-29").returncode == 0
    assert [words[0] for words in calls()] == ["compare", "question", "question", "question"]
    assert git("log", "--format=%s").splitlines() == ["Forecast of 2026-06-29", "Forecast of 2026-06-22"]


def test_what_somebody_else_has_staged_is_not_committed(repository: Path) -> None:
    (repository / "draft.txt").write_text("mine")
    git("add", "draft.txt")
    assert monday("2026-06-22").returncode == 0
    assert "draft.txt" not in git("ls-tree", "-r", "--name-only", "HEAD")
    assert git("diff", "--cached", "--name-only") == "draft.txt"


@pytest.mark.parametrize("empty", [True, False])
def test_without_questions_and_additions_there_is_a_report_still(repository: Path, empty: bool) -> None:
    for folder in ("added", "questions"):
        shutil.rmtree(folder)
        if empty:
            Path(folder).mkdir()
    assert monday("2026-06-22").returncode == 0
    assert calls() == [["report", "--dyad", "USA-CHN", "--out", "reports/2026-06-22", "--export"]]
    assert git("log", "--format=%s") == "Forecast of 2026-06-22"


def test_the_script_is_sound() -> None:
    subprocess.run(["bash", "-n", SCRIPT], check=True)
    if shellcheck := shutil.which("shellcheck"):
        subprocess.run([shellcheck, SCRIPT], check=True)


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
    for script in (step["run"] for step in every if "run" in step):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    scripts = [step["run"] for step in steps if "run" in step]
    assert any("./monday.sh" in script for script in scripts)
    # What is kept for the next run is what this one looks for, and where.
    kept = next(step["with"] for step in steps if step.get("with", {}).get("path", "").startswith("reports"))
    assert kept["path"] == "reports/*/fit.zarr"
    assert any("gh run download" in script and f"--name {kept['name']} --dir reports" in script for script in scripts)


def test_what_the_workflow_runs_is_pinned() -> None:
    text = WORKFLOW.read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used and all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in used)
    jobs = yaml.load(text, yaml.BaseLoader)["jobs"]
    assert all(re.fullmatch(r"ubuntu-\d\d\.\d\d", job["runs-on"]) for job in jobs.values())
    (install,) = re.findall(r"pip install .*", text)
    assert "--require-hashes --only-binary :all: -r requirements.txt" in install
    # Where the packages run, no right to write is lying about; where there is one, nothing runs but git.
    checkout = jobs["forecast"]["steps"][0]
    assert checkout["uses"].startswith("actions/checkout@") and checkout["with"] == {"persist-credentials": "false"}
    (push,) = [step["run"] for step in jobs["push"]["steps"] if "run" in step]
    assert [line.split()[0] for line in push.splitlines()] == ["echo", "git", "git", "git"]


def test_a_commit_is_handed_over_with_its_digest(repository: Path) -> None:
    (repository / ".git/info/exclude").write_text("/bin\n/calls.jsonl\n/monday.bundle\n/origin\n/pushing\n")
    monday("2026-06-22")
    git("clone", "--quiet", "--bare", ".", "origin")
    git("clone", "--quiet", "origin", "pushing")
    jobs = yaml.load(WORKFLOW.read_text("utf-8"), yaml.BaseLoader)["jobs"]
    pack = next(step["run"] for step in jobs["forecast"]["steps"] if step.get("id") == "bundle")
    push = next(step["run"] for step in jobs["push"]["steps"] if "run" in step)
    output = repository / "bin/output"
    output.write_text("")
    environment = {**os.environ, "GITHUB_SHA": git("rev-parse", "HEAD"), "GITHUB_OUTPUT": str(output)}

    subprocess.run(["bash", "-ec", pack], env=environment, check=True)
    assert output.read_text() == ""  # nothing is new, and nothing handed over
    monday("2026-06-29")
    subprocess.run(["bash", "-ec", pack], env=environment, check=True)
    shutil.move("monday.bundle", "pushing/monday.bundle")
    sha256 = output.read_text().strip().removeprefix("sha256=")

    for digest, works in (("0" * 64, False), (sha256, True)):
        given = {**os.environ, "SHA256": digest}
        done = subprocess.run(["bash", "-ec", push], env=given, cwd="pushing", check=False, capture_output=True)
        assert (done.returncode == 0) == works, done.stderr
        assert (git("-C", "origin", "rev-parse", "HEAD") == git("rev-parse", "HEAD")) == works


def test_the_commands_of_the_page_are_there() -> None:
    assert faults(PAGE) == []
