"""Scores by hand, what is counted and what is not, and the page."""

import json
from datetime import date, datetime

import numpy as np
import pytest

from forecast.desk.questions import Ledger, TrackRecord, answered, append_entries, asked, resolved
from forecast.desk.questions.rows import entry_rows
from forecast.report.ledger_page import write_track_record
from tests.questions.made import append_line, came, made, said

OVER = "2022-02-01"
LATER = date(2022, 6, 1)


def told(name, outcome=None, answers=((0.3, "2020-12-31"),), written=None, **changes):
    """Return what is written of a question, with the day: by default each answer on the day that it is as of."""
    drafts = [(written or "2020-12-31", asked(made(name, **changes)))]
    drafts += [
        (written or day, answered(said(name, chance, day), model={}, converged=True))
        for chance, day in answers
    ]
    return drafts + (
        [(max(written or OVER, OVER), resolved(came(name, outcome)))] if outcome else []
    )


def write(path, *questions):
    """Write a ledger of some questions in the order of the days."""
    for day, draft in sorted(
        (one for drafts in questions for one in drafts), key=lambda one: one[0]
    ):
        append_entries(path, [draft], now=datetime.fromisoformat(f"{day}T12:00:00+00:00"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


def row(record, **where):
    return next(
        row for row in record.rows if all(row[name] == value for name, value in where.items())
    )


def test_scores_by_hand(path):
    """An answer of 20% for 100 days and one of 60% for 265: yes."""
    write(path, told("q", "yes", [(0.2, "2020-12-31"), (0.6, "2021-04-10")]))
    found = row(
        TrackRecord.of(Ledger.read(path), day=LATER), kind="share", horizon="7 to 12 months"
    )
    assert found["brier_first"] == pytest.approx(0.64)
    assert found["brier_last"] == pytest.approx(0.16)
    assert found["brier_mean"] == pytest.approx((100 * 0.64 + 265 * 0.16) / 365, abs=1e-6)
    assert found["brier_base"] == pytest.approx(0.36)
    assert found["brier_difference"] == pytest.approx(0.28)
    assert found["log_score_last"] == pytest.approx(-np.log(0.6), abs=1e-6)
    assert (found["n"], found["n_base"], found["brier_error"]) == (1, 1, None)


def test_a_chance_of_nothing_costs_much_and_not_everything(path):
    write(path, told("q", "yes", [(0.0, "2020-12-31")]))
    found = TrackRecord.of(Ledger.read(path), day=LATER).rows[0]
    assert found["log_score_first"] == pytest.approx(-np.log(0.001), abs=1e-6)


def test_only_what_is_past_its_date_is_scored_and_voids_are_counted(path):
    write(
        path,
        told("yes", "yes"),
        told("void", "void"),
        told("open"),
        told("silent", "no", []),
        told("level", kind="level", cooperative=None),
    )
    record = TrackRecord.of(Ledger.read(path), day=LATER)
    found = record.rows[0]
    assert (found["n"], found["void"], found["unanswered"]) == (1, 1, 1)
    assert (record.questions, record.open, record.overdue, record.never) == (5, 1, 1, 1)
    early = TrackRecord.of(Ledger.read(path), day=date(2021, 12, 31))
    assert (early.cases, early.rows, early.overdue) == ((), [], 0)


def test_hindsight_is_kept_apart(path):
    write(path, told("then", "yes"), told("later", "no", written="2022-03-01"))
    rows = TrackRecord.of(Ledger.read(path), day=LATER).rows
    assert [
        (one["hindsight"], one["n"])
        for one in rows
        if one["kind"] == "all" and one["horizon"] == "all"
    ] == [
        ("as it happened", 1),
        ("retrospective", 1),
    ]


def test_what_is_written_while_the_window_runs_is_late_and_kept_apart(path):
    write(path, told("then", "yes"), told("late", "yes", written="2021-11-30"))
    record = TrackRecord.of(Ledger.read(path), day=LATER)
    assert [(case.question, case.hindsight) for case in record.cases] == [
        ("then", "as it happened"),
        ("late", "late"),
    ]
    assert [
        row["n"] for row in record.rows if row["kind"] == "all" and row["horizon"] == "all"
    ] == [1, 1]


def test_an_answer_counts_from_the_day_it_was_written(path):
    """As of the end of March, written on 10 April: the first answer of 20% stood 100 days, and stays the first."""
    drafts = told("q", "yes", [(0.2, "2020-12-31"), (0.6, "2021-03-31")])
    write(
        path,
        [
            ("2021-04-10", draft) if place == 2 else (day, draft)
            for place, (day, draft) in enumerate(drafts)
        ],
    )
    (case,) = TrackRecord.of(Ledger.read(path), day=LATER).cases
    assert (case.first, case.last_answer) == (0.2, 0.6)
    assert case.mean == pytest.approx((100 * 0.2 + 265 * 0.6) / 365, abs=1e-6)


def test_an_answer_with_hindsight_neither_counts_with_one_in_time_nor_moves_its_question(path):
    drafts = told("q", "yes", [(0.2, "2020-12-31"), (0.99, "2021-03-31")])
    write(
        path,
        [
            ("2022-01-15", draft) if place == 2 else (day, draft)
            for place, (day, draft) in enumerate(drafts)
        ],
    )
    (case,) = TrackRecord.of(Ledger.read(path), day=LATER).cases
    assert (case.hindsight, case.answers, case.first, case.last_answer) == (
        "as it happened",
        1,
        0.2,
        0.2,
    )


def test_lines_that_are_left_out_are_told_on_the_page_and_in_the_json(path, tmp_path):
    write(path, told("q", "yes"))
    append_line(path, as_of="2023-13-99", question="<b>", entry="answered")
    record = TrackRecord.of(Ledger.read(path), day=LATER)
    assert (record.entries, record.rows[0]["n"], len(record.faults)) == (4, 1, 1)
    text = write_track_record(record, tmp_path / "page").read_text()
    assert "line 4: field `as_of`: " in text
    assert (
        "line 4: field `as_of`: "
        in json.loads((tmp_path / "page" / "track_record.json").read_text())["faults"][0]
    )


def test_calibration_says_how_many(path):
    write(
        path, *(told(f"q{n}", "yes" if n < 3 else "no", [(0.35, "2020-12-31")]) for n in range(10))
    )
    (found,) = TrackRecord.of(Ledger.read(path), day=LATER).calibration
    assert (found["n"], found["yes"], found["said"], found["happened"], found["from"]) == (
        10,
        3,
        0.35,
        0.3,
        0.3,
    )


def test_page_json_and_table_agree_and_nothing_is_markup(path, tmp_path):
    evil = "<script>alert(1)</script>"
    write(
        path,
        *(
            told(
                f"q{n}",
                "yes" if n % 3 else "no",
                [(0.05 + n / 30, "2020-12-31")],
                label=evil,
                dataset="=cmd|x",
            )
            for n in range(25)
        ),
    )
    record = TrackRecord.of(Ledger.read(path), day=LATER)
    page = write_track_record(record, tmp_path / "page")
    text, found = (
        page.read_text(),
        json.loads((tmp_path / "page" / "track_record.json").read_text()),
    )
    assert "<script" not in text and "&lt;script&gt;" in text
    assert f"{found['rows'][0]['brier_first']:.3f}" in text
    assert record.head in text
    assert len((tmp_path / "page" / "questions.csv").read_text().splitlines()) == 26
    write_track_record(record, tmp_path / "page")  # its own files are replaced


def test_a_row_an_entry_is_exported(path):
    write(path, told("q", "no"))
    rows = entry_rows(Ledger.read(path))
    assert rows["entry"].tolist() == ["asked", "answered", "resolved"]
    assert rows["chance"].tolist()[1] == 0.3
    assert rows["outcome"].tolist()[2] == "no"
    assert (rows["sentence"] == made("q").sentence).all()


def test_open_questions_are_listed_with_their_forecast_and_due_day(path, tmp_path):
    write(
        path, told("waits", None, [(0.3, "2020-12-31"), (0.45, "2021-03-31")]), told("over", "yes")
    )
    record = TrackRecord.of(Ledger.read(path), day=date(2021, 4, 1))
    (found,) = [one for one in record.waiting if one.question == "waits"]
    assert (found.chance, found.as_of, found.due) == (
        0.45,
        "2021-03-31",
        made("waits").last.isoformat(),
    )
    page = write_track_record(record, tmp_path / "record").read_text("utf-8")
    assert "Open questions" in page and found.sentence in page.replace("\N{NO-BREAK SPACE}", " ")
    only = tmp_path / "only.jsonl"
    write(only, told("waits"))
    page = write_track_record(
        TrackRecord.of(Ledger.read(only), day=date(2021, 4, 1)), tmp_path / "only"
    ).read_text()
    assert "<h1>1 open question on 1 pair of states; the first is due on" in page.replace(
        "\N{NO-BREAK SPACE}", " "
    )
