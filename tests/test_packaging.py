"""The package gets onto any machine.

The search for a Python, the wheel with its data, the dependencies.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.systems import posix

ROOT = Path(__file__).parents[1]

GOOD = "echo CPython 3 {minor} {path}"
SHIM = "echo 'pyenv: python: command not found' >&2; exit 127"
PYPY = "echo PyPy 3 13 {path}"
NOGIL = "echo CPython-nogil 3 14 {path}"
PYTHON2 = "echo 'SyntaxError: invalid syntax' >&2; exit 1"


def fake(folder: Path, name: str, script: str = GOOD, minor: int = 13) -> Path:
    """Put an executable into `folder` that answers the search's question as `script` says."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + script.format(minor=minor, path=path) + "\n")
    path.chmod(0o755)
    return path


def find(*path: Path, folders: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Let scripts/bootstrap search a PATH of these folders alone."""
    return subprocess.run(
        ["/bin/sh", ROOT / "scripts" / "bootstrap", "--find"],
        env={
            "PATH": os.pathsep.join(map(str, path)),
            "PYTHON_FOLDERS": folders,
            "HOME": "/",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def found(*path: Path, folders: str = "", **environment: str) -> Path:
    result = find(*path, folders=folders, **environment)
    assert result.returncode == 0, result.stderr
    return Path(result.stdout.removesuffix("\n"))


@posix
def test_the_newest_name_is_taken_first(tmp_path: Path) -> None:
    fake(tmp_path, "python3", minor=12)
    newer = fake(tmp_path, "python3.13", minor=13)
    assert found(tmp_path) == newer


@posix
@pytest.mark.parametrize("script", [SHIM, PYPY, NOGIL, PYTHON2, "echo nonsense", ""])
def test_what_does_not_run_or_will_not_do_is_passed_over(tmp_path: Path, script: str) -> None:
    fake(tmp_path / "shims", "python3.13", script)
    fake(tmp_path / "shims", "python3", GOOD, minor=11)
    good = fake(tmp_path / "bin with space", "python3.13")
    assert found(tmp_path / "shims", tmp_path / "bin with space") == good


@posix
def test_other_folders_are_searched_after_path(tmp_path: Path) -> None:
    good = fake(tmp_path / "versions" / "3.12.1" / "bin", "python3.12", minor=12)
    folders = f"{tmp_path}/nowhere:{tmp_path}/versions/*/bin"
    assert found(tmp_path, folders=folders) == good
    first = fake(tmp_path / "on path", "python3", minor=12)
    assert found(tmp_path / "on path", folders=folders) == first


@posix
def test_the_interpreter_asked_for_is_taken_or_refused(tmp_path: Path) -> None:
    fake(tmp_path, "python3.14", minor=14)
    wanted = fake(tmp_path / "mine", "py", minor=12)
    assert found(tmp_path, PYTHON=str(wanted)) == wanted
    old = fake(tmp_path / "mine", "old", minor=11)
    result = find(tmp_path, PYTHON=str(old))
    assert result.returncode == 1
    assert f"PYTHON={old}" in result.stderr


@posix
def test_no_python_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    fake(tmp_path, "python3", minor=11)
    result = find(tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert "No Python 3.12 or newer" in result.stderr
    assert "apt install python3" in result.stderr


@posix
def test_a_real_interpreter_answers_the_question() -> None:
    assert found(PYTHON=sys.executable).exists()


def test_the_script_and_the_metadata_agree_on_the_oldest_python() -> None:
    script = (ROOT / "scripts" / "bootstrap").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    oldest = re.search(r"^OLDEST=(\d+)", script, re.MULTILINE)
    assert oldest is not None
    assert project["requires-python"] == f">=3.{oldest[1]}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without network and unpack it, which is all that installing it does to its
    files.
    """
    built = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(built / "site")
    return built / "site"


def test_the_wheel_carries_the_data_and_finds_them(wheel: Path, tmp_path: Path) -> None:
    out = subprocess.run(
        [
            sys.executable,
            "-c",
            "from forecast.base.resources import data_folder; print(data_folder())",
        ],
        env={"PYTHONPATH": str(wheel)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    folder = Path(out.strip())
    assert folder == wheel / "forecast" / "embedded"
    shipped = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    data = {
        path.relative_to(ROOT / "data") for path in (ROOT / "data").rglob("*") if path.is_file()
    }
    skill = {Path("skill.json")} if (ROOT / "reports" / "skill" / "skill.json").is_file() else set()
    manual = {
        path.relative_to(ROOT)
        for form in ("*.md", "feeds/*.md")
        for path in (ROOT / "docs").glob(form)
    }
    assert shipped == data | skill | manual


def test_the_wheel_carries_the_record_of_skill_if_there_is_one(tmp_path: Path) -> None:
    """Build a package in small, with the settings of this one."""
    for folder in ("forecast", "data", "reports/skill"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "forecast" / "__init__.py").write_text("")
    (tmp_path / "data" / "LICENSE").write_text("")
    for name in ("skill.json", "cases.csv.gz"):
        (tmp_path / "reports" / "skill" / name).write_text("{}")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "built"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (path,) = (tmp_path / "built").glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {
        "forecast/__init__.py",
        "forecast/embedded/LICENSE",
        "forecast/embedded/skill.json",
    }


def test_the_wheel_holds_the_package_alone(wheel: Path) -> None:
    assert {path.name for path in wheel.iterdir() if path.suffix != ".dist-info"} == {"forecast"}
    assert (wheel / "forecast" / "py.typed").is_file()
    own, carried = (
        {
            path.relative_to(folder)
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        for folder in (ROOT / "forecast", wheel / "forecast")
    )
    assert own == {path for path in carried if path.parts[0] != "embedded"}
    (info,) = wheel.glob("*.dist-info")
    assert "forecast = forecast.__main__:main" in (info / "entry_points.txt").read_text("utf-8")


def test_everything_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [
        *project["dependencies"],
        *(line for extra in ("cluster", "fetch", "sql", "benchmarks") for line in extras[extra]),
    ]
    declared = {_normal(re.split(r"[\[><=!~ ;]", line)[0]) for line in lines}
    providers = packages_distributions()
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "forecast").rglob("*.py")
        for name in _imported(path) - sys.stdlib_module_names - {"forecast"}
        if declared.isdisjoint(map(_normal, providers.get(name, _named_after(name, declared))))
    }
    assert undeclared == set()


def _named_after(name: str, declared: set[str]) -> list[str]:
    """Return what provides a module that is not installed, as an extra may not be.

    Ibis comes with ibis-framework.
    """
    return [
        known
        for known in declared
        if known == _normal(name) or known.startswith(f"{_normal(name)}-")
    ]


def _imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    out_of = {
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.split(".")[0] for name in plain | out_of}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
