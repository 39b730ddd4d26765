"""Hold the workflows to the project: what they run, what they may do, and which versions they use.

Run from anywhere: ``python scripts/check_workflows.py``. It prints one line per fault.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = ".github/workflows"
LONGEST_JOB = 350
"""Minutes; without a limit a job that hangs runs for six hours."""

PINNED = {
    "actions/checkout": "11bd71901bbe5b1630ceea73d27597364c9af683",
    "actions/setup-python": "a26af69be951a213d495a4c3e4e4022e16d87065",
}
"""Commit of every action that a workflow may use: a tag can be moved, a commit cannot."""
PINNED_FOR_RELEASES = PINNED | {
    "actions/upload-artifact": "ea165f8d65b6e75b540449e92b4886f43607fa02",
    "actions/download-artifact": "d3f86a106a0bac45b974a628896c90dbdf5c8093",
    "actions/attest-build-provenance": "977bb373ede98d70efdf65b84cb5f73e068dcc2a",
    "actions/attest-sbom": "bd218ad0dbcb3e146bd073d1d9c6d78e08aa8a0b",
    "pypa/gh-action-pypi-publish": "ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e",
}
type Workflow = dict[Any, Any]


def main(root: Path = ROOT) -> int:
    """Print what is wrong, one line each, and return how many things that is."""
    workflows = {
        path.stem: yaml.safe_load(path.read_text("utf-8"))
        for path in sorted((root / WORKFLOWS).glob("*.yml"))
    }
    faults = [
        *permission_faults(workflows),
        *step_faults(workflows),
        *python_faults(workflows["tests"], root),
        *supply_faults(root),
        *release_faults(workflows["release"]),
        *version_faults(root),
    ]
    for line in faults:
        print(line)
    if not faults:
        print("The workflows keep to their rules, and versions agree.")
    return len(faults)


def permission_faults(workflows: dict[str, Workflow]) -> Iterator[str]:
    """Yield workflows and jobs that may do more than read; a release may attest and publish."""
    for name, workflow in workflows.items():
        if workflow.get("permissions") != {"contents": "read"}:
            yield f"{name}.yml: permissions must be contents: read"
        for job, content in workflow["jobs"].items():
            if "permissions" in content and (name, job) != ("release", "publish"):
                yield f"{name}.yml, {job}: a job has no permissions of its own"


def step_faults(workflows: dict[str, Workflow]) -> Iterator[str]:
    """Yield actions that can change unseen, kept credentials, and jobs that may run for ever."""
    for name, workflow in workflows.items():
        allowed = PINNED_FOR_RELEASES if name == "release" else PINNED
        for job, content in workflow["jobs"].items():
            if not 0 < content.get("timeout-minutes", 0) <= LONGEST_JOB:
                yield f"{name}.yml, {job}: timeout-minutes must be at most {LONGEST_JOB}"
            for step in content["steps"]:
                action, _, commit = step.get("uses", "").partition("@")
                if action and allowed.get(action) != commit:
                    yield f"{name}.yml, {job}: {step['uses']} is not pinned in this script"
                if action == "actions/checkout" and step.get("with") != {
                    "persist-credentials": False
                }:
                    yield f"{name}.yml, {job}: checkout must not keep credentials"


def python_faults(tests: Workflow, root: Path) -> Iterator[str]:
    """Yield Pythons and extras of the tests that are not those of the package."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    bootstrap = (root / "scripts/bootstrap").read_text("utf-8")
    oldest = project["requires-python"].removeprefix(">=")
    newest = _only(r"^NAMES=python(3\.\d+):", bootstrap)
    extras = _only(r"--editable '\.\[(.*)\]'", bootstrap)
    for job, content in tests["jobs"].items():
        if content["strategy"]["matrix"]["python"] != [oldest, newest]:
            yield f"tests.yml, {job}: Python must be {oldest} and {newest}"
    commands = {job: _commands(content) for job, content in tests["jobs"].items()}
    if commands["linux"] != ".ci/run":
        yield "tests.yml, linux: must run .ci/run"
    if not commands["others"].endswith("python -m pytest"):
        yield "tests.yml, others: must end with python -m pytest"
    if f'".[{extras}]" --group dev' not in commands["others"]:
        yield f"tests.yml, others: must install [{extras}], as scripts/bootstrap does"


def supply_faults(root: Path) -> Iterator[str]:
    """Yield what scripts/supply should look for and does not."""
    script = (root / "scripts/supply").read_text("utf-8")
    for tool, words in {"pip-audit": "--strict", "zizmor": WORKFLOWS}.items():
        if not re.search(rf"^uvx .*{tool}@[\d.]+ .*{re.escape(words)}", script, re.MULTILINE):
            yield f"scripts/supply: must run {tool} of a fixed version with {words}"


def release_faults(release: Workflow) -> Iterator[str]:
    """Yield ways in which a release could be published by code of ours, or with a password."""
    build, publish = release["jobs"]["build"], release["jobs"]["publish"]
    if release[True] != {"push": {"tags": ["v*"]}}:  # `on` is a truth value in YAML
        yield "release.yml: only a tag is released"
    if 'scripts/release "$GITHUB_REF_NAME"' not in _commands(build).splitlines():
        yield "release.yml, build: must run scripts/release with the tag"
    if publish["permissions"] != {"attestations": "write", "id-token": "write"}:
        yield "release.yml, publish: may attest and ask for a token, and nothing else"
    if (publish["needs"], publish["environment"]) != ("build", "pypi"):
        yield "release.yml, publish: must wait for build and for the environment pypi"
    if _commands(publish) or "secrets." in str(release):
        yield "release.yml, publish: must run no command and know no secret"
    if not publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@"):
        yield "release.yml, publish: must end with pypa/gh-action-pypi-publish"


def version_faults(root: Path) -> Iterator[str]:
    """Yield files that state another version than pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    version = project["version"]
    lock = tomllib.loads((root / "uv.lock").read_text("utf-8"))["package"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text("utf-8"))
    title = _only(r"^## (.*)$", (root / "CHANGELOG.md").read_text("utf-8"))
    stated = {
        "uv.lock": {package["name"]: package.get("version") for package in lock}[project["name"]],
        "CITATION.cff": citation["version"],
    }
    for name, other in stated.items():
        if other != version:
            yield f"{name}: the version is {other}, and {version} in pyproject.toml"
    if not re.fullmatch(rf"\[Unreleased\] - {version}|\[{version}\] - \d{{4}}-\d\d-\d\d", title):
        yield f"CHANGELOG.md: begins with {title}, and the version is {version}"


def _commands(job: Workflow) -> str:
    return "\n".join(step["run"].strip() for step in job["steps"] if "run" in step)


def _only(pattern: str, text: str) -> str:
    """Return the group of a pattern, which must be in the text."""
    match = re.search(pattern, text, flags=re.MULTILINE)
    if match is None:
        raise SystemExit(f"nothing is like {pattern}")
    return match[1]


if __name__ == "__main__":
    sys.exit(min(main(), 1))
