"""The datasheet's numbers are the data's."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

ROOT = Path(__file__).resolve().parents[2]
SHEET = (ROOT / "data" / "DATASHEET.md").read_text("utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_datasheet", ROOT / "scripts" / "make_datasheet.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_agree_with_the_data(script):
    assert script.with_numbers(SHEET, script.read_rows()) == SHEET, (
        "run python scripts/make_datasheet.py"
    )


def test_every_table_is_there():
    assert re.findall(r"<!-- numbers: (\w+) -->\n[|\d]", SHEET) == [
        "dyads",
        "kinds",
        "spans",
        "thin",
        "references",
        "checked",
        "coders",
        "coders_by_dyad",
        "rules",
        "changes",
    ]


def test_the_agreement_of_the_coders_is_that_of_their_table(script):
    coders = script.read_coders()
    assert len(coders) == 450 and (coders.groupby("dyad").size() == 30).all()
    assert (
        (coders["side_first"] == coders["side_second"]) == (coders["side_agrees"] == "yes")
    ).all()
    found = script.by_coders(None).splitlines()[2]
    assert re.findall(r"[.]\d\d(?= \()", found) == [".79", ".90", ".88", ".93", ".98", ".96", ".97"]
    ukraine = next(line for line in script.coders_by_dyad(None).splitlines() if "RUS-UKR" in line)
    assert "28 of 30" in ukraine and "\N{MINUS SIGN}6.7" in ukraine


def test_kappa_is_that_of_cohen(script):
    first, second = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 0])
    assert script.kappa(first, second) == pytest.approx((4 / 6 - 0.5) / 0.5)
    assert script.kappa(first, first) == 1 == script.kappa(first * 0, first * 0)


def test_the_sheet_says_what_the_agreement_does_not_test():
    words = " ".join(SHEET.split())
    assert "These numbers are an upper bound." in words
    assert "finding events, selecting them and splitting them were not" in words
    assert "Egypt-Israel against COPDAB is low for four reasons" in words


def test_changes_are_counted_by_dyad_and_rule(script, tmp_path, monkeypatch):
    (tmp_path / "changes").mkdir()
    columns = "date,source,target,summary,was,now,change,why\n"
    rows = (
        '2001-01-01,USA,CHN,A denial,016,120,recoded,"Rule 1: a denial"\n'
        "2001-01-02,USA,CHN,A visit,042,,removed,odd\n"
    )
    (tmp_path / "changes" / "USA-CHN.csv").write_text(columns + rows)
    monkeypatch.setattr(script, "DATA", tmp_path)
    lines = script.by_change(pd.DataFrame({"dyad": ["USA-CHN"]})).splitlines()
    assert (
        lines[2] == "| [USA-CHN](changes/USA-CHN.csv) | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1 | 2 |"
    )
    assert lines[3].startswith("| all | 1 |")


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
