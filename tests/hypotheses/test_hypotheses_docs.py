"""The guide to tests of claims shows what the code has, and what it tells people to write is accepted."""

import importlib
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

import forecast.hypotheses
from forecast.events.mapping import CountsMapping, load_mapping

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "hypotheses.md").read_text("utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", GUIDE, re.MULTILINE)]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.startswith("dataset:")])
def test_every_mapping_shown_is_accepted(block):
    load_mapping(yaml.safe_load(block.split("forecast test")[0]), CountsMapping)


def test_every_command_shown_has_the_options_shown():
    from typer.testing import CliRunner

    from forecast.cli import app

    shown = re.findall(r"^    forecast (.*?)(?:\s+#.*)?$", GUIDE, re.M)
    assert shown
    for line in shown:
        words = line.split()
        verb = words[: 2 if words[0] == "plan" else 1]
        help_text = re.sub(r"[│\s]+", " ", CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "200"}).stdout)
        assert set(re.findall(r"--[a-z-]+", line)) <= set(re.findall(r"--[a-z-]+", help_text)), line


def test_every_name_imported_in_the_guide_is_there():
    found = re.findall(r"^\s*from (forecast[\w.]*) import (.+)$", GUIDE, re.M)
    assert found
    for module, names in found:
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name)


def test_public_names_are_there_and_imported_on_first_use():
    for name in forecast.hypotheses.__all__:
        assert getattr(forecast.hypotheses, name) is not None
    code = "import sys, forecast.hypotheses; dir(forecast.hypotheses); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "pandas", "pymc", "pydantic"}.isdisjoint(loaded)
