"""The workflow runs what it is said to run, and nothing that can change without being seen."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
SUPPLY: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/supply.yml").read_text())
ALL = {**JOBS, **SUPPLY["jobs"]}
PINNED = {
    "actions/checkout": "11bd71901bbe5b1630ceea73d27597364c9af683",
    "actions/setup-python": "a26af69be951a213d495a4c3e4e4022e16d87065",
}


def commands(job: str) -> str:
    return "\n".join(step["run"] for step in JOBS[job]["steps"] if "run" in step)


def test_it_runs_on_every_push_and_pull_request_and_may_only_read() -> None:
    assert set(WORKFLOW[True]) == {"push", "pull_request"}  # `on` is a truth value in YAML
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True


@pytest.mark.parametrize("name", ALL)
def test_actions_are_pinned_and_credentials_are_not_kept(name: str) -> None:
    used = [step for step in ALL[name]["steps"] if "uses" in step]
    assert dict(step["uses"].split("@") for step in used) == PINNED
    (checkout,) = [step for step in used if step["uses"].startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}
    assert 0 < ALL[name]["timeout-minutes"] <= 120


def test_vulnerabilities_are_looked_for_with_every_change_and_weekly() -> None:
    assert set(SUPPLY[True]) == {"push", "pull_request", "schedule"}
    assert SUPPLY["permissions"] == {"contents": "read"}
    assert SUPPLY["jobs"]["supply"]["steps"][-1]["run"] == "scripts/supply"
    script = (ROOT / "scripts/supply").read_text()
    assert re.search(r"^uvx .*pip-audit@[\d.]+ .*--strict", script, flags=re.MULTILINE)
    assert re.search(r"^uvx .*zizmor@[\d.]+ .*\.github/workflows docs/every-monday\.yml$", script, flags=re.MULTILINE)


def test_linux_runs_all_and_the_others_the_default_tests() -> None:
    assert JOBS["linux"]["runs-on"] == "ubuntu-latest"
    assert commands("linux") == ".ci/run"
    assert set(JOBS["others"]["strategy"]["matrix"]["system"]) == {"macos-latest", "windows-latest"}
    assert commands("others").splitlines()[-1] == "python -m pytest"


@pytest.mark.parametrize("name", JOBS)
def test_the_oldest_and_the_newest_python_are_tried(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    newest = re.search(r"^NAMES=python(3\.\d+):", (ROOT / "scripts/bootstrap").read_text(), flags=re.MULTILINE)
    assert newest is not None
    assert JOBS[name]["strategy"]["matrix"]["python"] == [oldest, newest[1]]
    assert JOBS[name]["strategy"]["fail-fast"] is False


def test_what_is_installed_elsewhere_is_what_the_bootstrap_installs() -> None:
    extras = re.search(r"--editable '\.\[(.*)\]'", (ROOT / "scripts/bootstrap").read_text())
    assert extras is not None
    assert f'".[{extras[1]}]" --group dev' in commands("others")
