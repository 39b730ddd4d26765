"""The datasheet's numbers are the data's."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from scipy.stats import beta

ROOT = Path(__file__).resolve().parents[2]
SHEET = (ROOT / "data" / "DATASHEET.md").read_text("utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_datasheet", ROOT / "scripts" / "make_datasheet.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_agree_with_the_data(script):
    assert script.with_numbers(SHEET, script.read_rows()) == SHEET, "run python scripts/make_datasheet.py"


def test_every_table_is_there():
    assert re.findall(r"<!-- numbers: (\w+) -->\n[|\d]", SHEET) == [
        "dyads",
        "kinds",
        "spans",
        "references",
        "rules",
    ]


def test_the_figure_is_there_and_can_be_drawn(script):
    assert "(datasheet.svg)" in SHEET
    assert (ROOT / "data" / "datasheet.svg").stat().st_size > 10_000
    rows = script.read_rows()
    assert len(script.draw(rows).axes) == rows["dyad"].nunique() + 2


def test_the_intervals_of_the_samples_are_jeffreys():
    rows = re.findall(r"^\|.*\| (\d) \| (\d+) \| (\d+) to (\d+)% \|$", SHEET, re.MULTILINE)
    assert len(rows) == 6
    for wrong, decided, *stated in (map(int, row) for row in rows):
        bounds = beta.ppf([0.05, 0.95], wrong + 0.5, decided - wrong + 0.5)
        assert 100 * bounds == pytest.approx(stated, abs=0.55)
