"""The retrospective ledger that comes with the package, and the script that makes such a one."""

import json
import runpy
from datetime import date
from pathlib import Path

import pytest

from forecast.base.errors import DataError
from forecast.desk.questions import Ledger, TrackRecord

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "reports" / "retrospective"


@pytest.fixture(scope="module")
def build():
    return runpy.run_path(str(ROOT / "scripts" / "retrospective_ledger.py"))["build"]


def test_the_ledger_that_comes_along_is_whole_and_marked():
    found = Ledger.read(LEDGER / "ledger.jsonl")
    assert not found.faults
    assert all(entry.retrospective for entry in found.entries)
    assert found.head in (LEDGER / "index.html").read_text()
    assert found.head in (LEDGER / "track_record.json").read_text()


def test_its_track_record_is_the_one_that_comes_along():
    found = TrackRecord.of(Ledger.read(LEDGER / "ledger.jsonl"))
    kept = json.loads((LEDGER / "track_record.json").read_text())
    made = json.loads(json.dumps(found.to_dict()))
    assert kept.pop("about") == ""
    assert made == kept
    assert made["withdrawn"] == [], "in this ledger nothing is withdrawn"
    assert made["outside"]["questions"] == 0, "and nothing asked elsewhere"
    assert (found.questions, found.faults) == (2624, ())


def test_a_ledger_that_is_there_is_not_written_to(build, tmp_path):
    (tmp_path / "ledger.jsonl").write_text("")
    with pytest.raises(DataError, match="there already"):
        build(ROOT / "reports" / "skill", tmp_path)


def essentials(history):
    """What was asked, said and decided, whenever it was written down and however its sentence writes a percentage."""
    asked, said = history.question.model_dump(exclude={"sentence"}), history.last_answer
    return (
        asked,
        said and (said.as_of, said.chance, said.by, said.model, said.seed, said.simulations),
        history.outcome,
    )


@pytest.mark.slow
def test_it_is_made_of_the_backtest_that_comes_along(build, tmp_path):
    """Of the last origins alone, every question is the same, and so is what was said and decided."""
    build(ROOT / "reports" / "skill", tmp_path, date(2025, 1, 1))
    made = Ledger.read(tmp_path / "ledger.jsonl").histories
    kept = Ledger.read(LEDGER / "ledger.jsonl").histories
    assert made
    for name, one in made.items():
        assert essentials(one) == essentials(kept[name])
