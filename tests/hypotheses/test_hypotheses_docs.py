"""The pages on tests and plans hold what the code has, and what they tell people to write is accepted."""

import importlib
import re
import subprocess
import sys
import textwrap
from dataclasses import fields as dataclass_fields
from pathlib import Path

import pytest
import yaml

import forecast.hypotheses
from forecast.events.mapping import CountsMapping, IndexMapping, load_mapping
from forecast.hypotheses.plan import VERSION, DataDigest, Plan
from forecast.hypotheses.registry import CLAIMS, OFFERS, WITH
from forecast.hypotheses.verdict import Rule
from forecast.sources import Source

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "hypotheses.md").read_text("utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", GUIDE, re.MULTILINE)]


def fields(section):
    text = (DOCS / "schema" / "plan.md").read_text("utf-8")
    body = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    return re.findall(r"^\| `(\w+)` \|", body, re.M)


def test_every_field_of_a_plan_is_documented():
    assert f"Version {VERSION}" in (DOCS / "schema" / "plan.md").read_text("utf-8")
    assert fields("The file") == list(Plan.model_fields)
    assert fields("Source") == list(Source.model_fields)
    assert fields("Data") == list(DataDigest.model_fields)
    assert fields("Rule") == [field.name for field in dataclass_fields(Rule)]


def test_the_rule_is_documented_with_its_defaults():
    text = (DOCS / "schema" / "plan.md").read_text("utf-8")
    for field in dataclass_fields(Rule):
        assert re.search(rf"^\| `{field.name}` \| number \| {field.default:g} \|", text, re.M)


def test_every_claim_is_in_the_guide_with_what_it_needs():
    table = GUIDE[GUIDE.index("| code |") : GUIDE.index("## Plan first")]
    rows = dict(re.findall(r"^\| (S\d+) \|.*\| ([^|]+) \|$", table, re.M))
    assert rows == {code: OFFERS[entry.needs] for code, entry in CLAIMS.items()}
    for code, answered_with in WITH.items():
        assert f"(with {code})" in re.search(rf"^\| {answered_with} \|.*", GUIDE, re.M)[0]


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.startswith("dataset:")])
def test_every_mapping_shown_is_accepted(block):
    mapping = yaml.safe_load(block.split("forecast test")[0])
    load_mapping(mapping, CountsMapping if "classes" in mapping else IndexMapping)


def test_every_command_shown_has_the_options_shown():
    from typer.testing import CliRunner

    from forecast.cli import app

    for line in re.findall(r"^    forecast (.*?)(?:\s+#.*)?$", GUIDE, re.M):
        words = line.split()
        verb = words[: 2 if words[0] == "plan" else 1]
        shown = re.sub(r"[│\s]+", " ", CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "200"}).stdout)
        assert set(re.findall(r"--[a-z-]+", line)) <= set(re.findall(r"--[a-z-]+", shown)), line


def test_every_name_imported_in_the_guide_is_there():
    for module, names in re.findall(r"^\s*from (forecast[\w.]*) import (.+)$", GUIDE, re.M):
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name)


def test_public_names_are_there_and_imported_on_first_use():
    for name in forecast.hypotheses.__all__:
        assert getattr(forecast.hypotheses, name) is not None
    code = "import sys, forecast.hypotheses; dir(forecast.hypotheses); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "pandas", "pymc", "pydantic"}.isdisjoint(loaded)
