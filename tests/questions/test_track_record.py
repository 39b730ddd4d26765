"""Scores by hand, what is counted and what is not, and the page."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pytest

from forecast.questions import Ledger, TrackRecord, answered, append_entries, asked, resolved
from forecast.questions.export import entry_rows
from forecast.report import write_track_record
from tests.questions.made import came, made, said

NOW = datetime(2021, 4, 1, tzinfo=UTC)
LATER = date(2022, 6, 1)


def write(path, name, outcome=None, answers=((0.3, "2021-03-31"),), now=NOW, **changes):
    drafts = [asked(made(name, **changes))]
    drafts += [answered(said(name, chance, day), model={}, converged=True) for chance, day in answers]
    drafts += [resolved(came(name, outcome))] if outcome else []
    append_entries(path, drafts, now=now)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


def row(record, **where):
    return next(row for row in record.rows if all(row[name] == value for name, value in where.items()))


def test_scores_by_hand(path):
    """An answer of 20 % for 100 days and one of 60 % for 265: yes."""
    write(path, "q", "yes", [(0.2, "2020-12-31"), (0.6, "2021-04-10")])
    found = row(TrackRecord.of(Ledger.read(path), day=LATER), kind="share", horizon="7 to 12 months")
    assert found["brier_first"] == pytest.approx(0.64)
    assert found["brier_last"] == pytest.approx(0.16)
    assert found["brier_mean"] == pytest.approx((100 * 0.64 + 265 * 0.16) / 365, abs=1e-6)
    assert found["brier_base"] == pytest.approx(0.36)
    assert found["brier_difference"] == pytest.approx(0.28)
    assert found["log_score_last"] == pytest.approx(-np.log(0.6), abs=1e-6)
    assert (found["n"], found["n_base"], found["brier_error"]) == (1, 1, None)


def test_a_chance_of_nothing_costs_much_and_not_everything(path):
    write(path, "q", "yes", [(0.0, "2021-03-31")])
    found = TrackRecord.of(Ledger.read(path), day=LATER).rows[0]
    assert found["log_score_first"] == pytest.approx(-np.log(0.001), abs=1e-6)


def test_only_what_is_past_its_date_is_scored_and_voids_are_counted(path):
    write(path, "yes", "yes")
    write(path, "void", "void")
    write(path, "open")
    write(path, "silent", "no", [])
    write(path, "level", kind="level", cooperative=None)
    record = TrackRecord.of(Ledger.read(path), day=LATER)
    found = record.rows[0]
    assert (found["n"], found["void"], found["unanswered"]) == (1, 1, 1)
    assert (record.questions, record.open, record.overdue, record.never) == (5, 1, 1, 1)
    early = TrackRecord.of(Ledger.read(path), day=date(2021, 12, 31))
    assert (early.cases, early.rows, early.overdue) == ((), [], 0)


def test_hindsight_is_kept_apart(path):
    write(path, "then", "yes")
    write(path, "later", "no", now=datetime(2022, 3, 1, tzinfo=UTC))
    rows = TrackRecord.of(Ledger.read(path), day=LATER).rows
    assert [(one["hindsight"], one["n"]) for one in rows if one["kind"] == "all" and one["horizon"] == "all"] == [
        ("as it happened", 1), ("retrospective", 1),
    ]  # fmt: skip


def test_calibration_says_how_many(path):
    for number in range(10):
        write(path, f"q{number}", "yes" if number < 3 else "no", [(0.35, "2021-03-31")])
    (found,) = TrackRecord.of(Ledger.read(path), day=LATER).calibration
    assert (found["n"], found["yes"], found["said"], found["happened"], found["from"]) == (10, 3, 0.35, 0.3, 0.3)


def test_page_json_and_table_agree_and_nothing_is_markup(path, tmp_path):
    evil = "<script>alert(1)</script>"
    for number in range(25):
        outcome = "yes" if number % 3 else "no"
        write(path, f"q{number}", outcome, [(0.05 + number / 30, "2021-03-31")], label=evil, dataset="=cmd|x")
    record = TrackRecord.of(Ledger.read(path), day=LATER)
    page = write_track_record(record, tmp_path / "page")
    text, found = page.read_text(), json.loads((tmp_path / "page" / "track_record.json").read_text())
    assert "<script" not in text and "&lt;script&gt;" in text
    assert f"{found['rows'][0]['brier_first']:.3f}" in text
    assert record.head in text
    assert len((tmp_path / "page" / "questions.csv").read_text().splitlines()) == 26
    write_track_record(record, tmp_path / "page")  # its own files are replaced


def test_a_row_an_entry_is_exported(path):
    write(path, "q", "no")
    rows = entry_rows(Ledger.read(path))
    assert rows["entry"].tolist() == ["asked", "answered", "resolved"]
    assert rows["chance"].tolist()[1] == 0.3
    assert rows["outcome"].tolist()[2] == "no"
    assert (rows["sentence"] == made("q").sentence).all()
