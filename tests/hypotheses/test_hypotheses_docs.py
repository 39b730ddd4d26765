"""The guide to tests of claims shows what the code has, and what it tells people to write is accepted."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import forecast.study.hypotheses
from forecast.data.sources import Source
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.plan import VERSION, DataDigest, Plan
from tests.documented import sections, words

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "hypotheses.md").read_text("utf-8")


def test_every_field_of_a_plan_is_documented():
    assert f"Version {VERSION}" in words("plan")
    assert sections("plan")["The file"] == list(Plan.model_fields)
    assert sections("plan")["Source"] == list(Source.model_fields)
    assert sections("plan")["Data"] == list(DataDigest.model_fields)


def test_every_claim_is_in_the_guide():
    table = GUIDE[GUIDE.index("| code | question |") : GUIDE.index("## Method")]
    assert re.findall(r"^\| (S\d+[a-c]?) \|", table, re.M) == list(CLAIMS)


def test_every_command_shown_has_the_options_shown():
    from typer.testing import CliRunner

    from forecast.cli import app

    shown = re.findall(r"^    forecast (.*?)(?:\s+#.*)?$", GUIDE, re.M)
    assert shown
    for line in shown:
        words = line.split()
        verb = words[: 2 if words[0] == "plan" else 1]
        help_text = re.sub(
            r"[│\s]+",
            " ",
            CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "200"}).stdout,
        )
        assert set(re.findall(r"--[a-z-]+", line)) <= set(re.findall(r"--[a-z-]+", help_text)), line


def test_every_name_imported_in_the_guide_is_there():
    found = re.findall(r"^\s*from (forecast[\w.]*) import (.+)$", GUIDE, re.M)
    assert found
    for module, names in found:
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name)


def test_public_names_are_there_and_imported_on_first_use():
    for name in forecast.study.hypotheses.__all__:
        assert getattr(forecast.study.hypotheses, name) is not None
    code = (
        "import sys, forecast.study.hypotheses; dir(forecast.study.hypotheses); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"numpy", "pandas", "pymc", "pydantic"}.isdisjoint(loaded)
