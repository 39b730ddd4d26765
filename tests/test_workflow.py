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
RELEASE: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
ALL = {**JOBS, **SUPPLY["jobs"], **RELEASE["jobs"]}
PINNED = {
    "actions/checkout": "11bd71901bbe5b1630ceea73d27597364c9af683",
    "actions/setup-python": "a26af69be951a213d495a4c3e4e4022e16d87065",
}
FOR_RELEASES = {
    "actions/upload-artifact": "ea165f8d65b6e75b540449e92b4886f43607fa02",
    "actions/download-artifact": "d3f86a106a0bac45b974a628896c90dbdf5c8093",
    "actions/attest-build-provenance": "977bb373ede98d70efdf65b84cb5f73e068dcc2a",
    "actions/attest-sbom": "bd218ad0dbcb3e146bd073d1d9c6d78e08aa8a0b",
    "pypa/gh-action-pypi-publish": "ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e",
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
    allowed = PINNED | FOR_RELEASES if name in RELEASE["jobs"] else PINNED
    assert dict(step["uses"].split("@") for step in used).items() <= allowed.items()
    for step in used:
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"] == {"persist-credentials": False}
    assert 0 < ALL[name]["timeout-minutes"] <= 120


def test_vulnerabilities_are_looked_for_with_every_change_and_weekly() -> None:
    assert set(SUPPLY[True]) == {"push", "pull_request", "schedule"}
    assert SUPPLY["permissions"] == {"contents": "read"}
    assert SUPPLY["jobs"]["supply"]["steps"][-1]["run"] == "scripts/supply"
    script = (ROOT / "scripts/supply").read_text()
    assert re.search(r"^uvx .*pip-audit@[\d.]+ .*--strict", script, flags=re.MULTILINE)
    assert re.search(
        r"^uvx .*zizmor@[\d.]+ .*\.github/workflows docs/every-monday\.yml$",
        script,
        flags=re.MULTILINE,
    )


def test_linux_runs_all_and_the_others_the_default_tests() -> None:
    assert JOBS["linux"]["runs-on"] == "ubuntu-latest"
    assert commands("linux") == ".ci/run"
    assert set(JOBS["others"]["strategy"]["matrix"]["system"]) == {"macos-latest", "windows-latest"}
    assert commands("others").splitlines()[-1] == "python -m pytest"


@pytest.mark.parametrize("name", JOBS)
def test_the_oldest_and_the_newest_python_are_tried(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    newest = re.search(
        r"^NAMES=python(3\.\d+):", (ROOT / "scripts/bootstrap").read_text(), flags=re.MULTILINE
    )
    assert newest is not None
    assert JOBS[name]["strategy"]["matrix"]["python"] == [oldest, newest[1]]
    assert JOBS[name]["strategy"]["fail-fast"] is False


def test_what_is_installed_elsewhere_is_what_the_bootstrap_installs() -> None:
    extras = re.search(r"--editable '\.\[(.*)\]'", (ROOT / "scripts/bootstrap").read_text())
    assert extras is not None
    assert f'".[{extras[1]}]" --group dev' in commands("others")


def test_a_tag_is_released_without_a_password_by_the_job_that_runs_no_code_of_ours() -> None:
    assert RELEASE[True] == {"push": {"tags": ["v*"]}}
    assert RELEASE["permissions"] == {"contents": "read"}
    build, publish = RELEASE["jobs"]["build"], RELEASE["jobs"]["publish"]
    assert "permissions" not in build
    assert 'scripts/release "$GITHUB_REF_NAME"' in [step.get("run") for step in build["steps"]]
    assert publish["permissions"] == {"attestations": "write", "id-token": "write"}
    assert (publish["needs"], publish["environment"]) == ("build", "pypi")
    assert not any("run" in step for step in publish["steps"])
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")


def test_the_version_is_the_same_wherever_it_is_stated() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    locked = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    assert locked["pendulum-forecast"]["version"] == version
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    first = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert first is not None
    assert re.fullmatch(rf"\[Unreleased\] - {version}|\[{version}\] - \d{{4}}-\d\d-\d\d", first[1])
