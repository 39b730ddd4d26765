"""Scripts import what exists, for they run rarely, and the checks among them find what is wrong."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scripts import check_docs, check_english, check_workflows

SCRIPTS = sorted((Path(__file__).resolve().parent.parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_imports_what_exists(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    assert module.__doc__


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("from forecast import read_newspapers", "forecast has no read_newspapers"),
        ("from forecast import fit\nfit(panel, colour=1)", "unexpected keyword argument 'colour'"),
        ("from forecast import Fit\nFit.fetch('fit.zarr')", "Fit.fetch does not exist"),
        ("import forecast\nforecast.assess()", "missing a required argument: 'fit'"),
    ],
)
def test_a_program_that_the_package_does_not_take_is_a_fault(program: str, fault: str) -> None:
    (found,) = check_docs.program_faults(program)
    assert fault in found


def test_a_stated_default_that_is_another_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def horizon(months: int = 12) -> None:
        """Set the horizon.

        Parameters
        ----------
        months : int
            By default 6.
        """

    monkeypatch.setattr(check_docs, "public_values", lambda: {"horizon": horizon})
    assert list(check_docs.docstring_faults()) == [
        "horizon: documents months as 6 by default, it is 12"
    ]


def test_a_word_that_has_a_plainer_one_is_a_fault() -> None:
    (found,) = check_english.text_faults("docs/start.md", "It was foretold.", 3)
    assert found == "docs/start.md:3: 'foretold', write 'predict'"


def test_an_action_that_can_change_unseen_is_a_fault() -> None:
    job = {"timeout-minutes": 5, "steps": [{"uses": "actions/checkout@v4"}]}
    faults = list(check_workflows.step_faults({"tests": {"jobs": {"linux": job}}}))
    assert ["is not pinned" in fault for fault in faults] == [True, False]
    assert "must not keep credentials" in faults[1]
