"""Forecasts that a person must confirm, questions that are withdrawn, and events that have happened."""

import json
from datetime import date, datetime

import pandas as pd
import pytest

from forecast.base.errors import LedgerError, QuestionError
from forecast.desk.questions import (
    Ledger,
    TrackRecord,
    append_entries,
    asked,
    question_of,
    resolved,
)
from forecast.desk.questions.deciding import decided_on
from forecast.desk.questions.doubts import doubts_of
from forecast.desk.questions.drafts import confirmed, withdrawn
from forecast.report.ledger_page import write_track_record
from tests.questions.made import SHA, came, made
from tests.questions.test_track_record import LATER, told, write

WITHIN = date(2021, 6, 1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


def histories(path):
    return Ledger.read(path).histories.values()


def violence(name, months, at_least=1, **changes):
    """Make a question about a number of events in a window from January 2021 on."""
    last = f"{pd.Period('2020-12') + months}"
    fields = {
        "version": 1,
        "id": name,
        "kind": "count",
        "dyad": "USA-CHN",
        "label": "US-China",
        "dataset": "chronology",
        "asked": "2020-12-31",
        "data": SHA,
        "first": "2021-01-01",
        "last": str(pd.Period(last).end_time.date()),
        "void_after": "2023-12-31",
        "of": "violence",
        "at_least": at_least,
        "base_rate": None,
    }
    return question_of(
        {key: value for key, value in (fields | changes).items() if value is not None}, name
    )


def say(path, question, chance, day="2020-12-31"):
    draft = {
        "entry": "answered",
        "question": question.id,
        "as_of": day,
        "chance": chance,
        "mcse": 0.0,
        "void": 0.0,
        "recorded": 0,
        "by": "the model",
        "data": SHA,
        "model": SHA,
        "seed": 1,
        "futures": 10,
        "converged": True,
    }
    append_entries(
        path, [asked(question), draft], now=datetime.fromisoformat(f"{day}T12:00:00+00:00")
    )


def test_a_forecast_far_from_its_base_rate_is_doubted_until_a_person_confirms_it(path, tmp_path):
    write(
        path,
        told("q", answers=((0.9, "2020-12-31"),)),
        told("near", answers=((0.5, "2020-12-31"),), threshold=70.0),
    )
    (doubt,) = doubts_of(histories(path))
    assert (doubt.question, doubt.kind, doubt.confirmed) == ("q", "base rate", False)
    assert doubt.sentence == "q: 90% against a base rate of 40%"
    record = TrackRecord.of(Ledger.read(path), day=WITHIN)
    page = write_track_record(record, tmp_path / "page").read_text()
    assert "to be confirmed by a person: 90% against a base rate of 40%" in page
    with pytest.raises(QuestionError, match="who confirms q"):
        confirmed([doubt], " ", "because")
    append_entries(
        path, [confirmed([doubt], "A. Name", "talks were announced")], now=datetime(2021, 1, 2, 12)
    )
    (again,) = doubts_of(histories(path))
    assert again.confirmed
    page = write_track_record(
        TrackRecord.of(Ledger.read(path), day=WITHIN), tmp_path / "page"
    ).read_text()
    assert (
        "90% confirmed by A. Name: talks were announced" in page and "to be confirmed" not in page
    )


def test_a_confirmation_does_not_hold_for_another_forecast(path):
    low = made("q", base_rate=0.1)
    say(path, low, 0.3)
    (doubt,) = doubts_of(histories(path))
    append_entries(path, [confirmed([doubt], "A. Name", "so it is")], now=datetime(2021, 1, 2, 12))
    later = {
        "entry": "answered",
        "question": "q",
        "as_of": "2021-01-31",
        "chance": 0.9,
        "by": "the model",
        "data": None,
        "model": None,
        "seed": 0,
        "futures": 0,
    }
    append_entries(path, [later], now=datetime(2021, 2, 1, 12))
    (doubt,) = doubts_of(histories(path))
    assert not doubt.confirmed and doubt.chance == 0.9


def test_forecasts_that_contradict_each_other_are_named(path):
    for name, months, at_least, chance in (
        ("half", 6, 1, 0.6),
        ("year", 12, 1, 0.4),
        ("two", 6, 2, 0.55),
    ):
        say(path, violence(name, months, at_least), chance)
    for name, compare, threshold, chance in (
        ("up", "at least", 60.0, 0.7),
        ("down", "at most", 40.0, 0.5),
    ):
        say(path, made(name, compare=compare, threshold=threshold, base_rate=None), chance)
    found = {(one.question, one.reason) for one in doubts_of(histories(path))}
    assert found == {
        ("half", "against 40% of year, which is true whenever this is"),
        ("two", "against 40% of year, which is true whenever this is"),
        ("down", "and 70% of up: they exclude each other"),
    }


def test_a_forecast_that_differs_from_the_report_of_its_day_is_named(path):
    baseline = {
        "first": "2020-01-01",
        "last": "2020-12-31",
        "happenings": 10,
        "cooperative": 4,
        "points": 5.0,
    }
    say(path, made("q", threshold=None, baseline=baseline, compare="at least", base_rate=None), 0.3)
    window = {
        "first": "2021-01-01",
        "until": "2021-12-31",
        "months": 12,
        "baseline": {"first": "2020-01-01", "last": "2020-12-31"},
        "up": {"value": 0.4},
        "down": {"value": 0.2},
    }
    report = {
        "dyad": "USA-CHN",
        "as_of": "2020-12-31",
        "smallest_improvement": 5.0,
        "recorded": [window],
        "of_a_kind": [],
    }
    (doubt,) = doubts_of(histories(path), [report])
    assert (doubt.kind, doubt.reason) == ("report", "against 40% in the report of that day")
    window["up"]["value"] = 0.3
    assert doubts_of(histories(path), [report]) == ()
    assert doubts_of(histories(path), [report | {"as_of": "2020-11-30"}]) == ()


def test_a_withdrawn_question_is_kept_and_shown_and_not_scored(path, tmp_path):
    write(path, told("slip"), told("other", "yes"))
    with pytest.raises(LedgerError, match="window of slip is over on 2022-02-02"):
        append_entries(path, [withdrawn(made("slip"), "late")], now=datetime(2022, 2, 2, 12))
    early = tmp_path / "early.jsonl"
    write(early, told("slip"))
    with pytest.raises(QuestionError, match="the reason for withdrawing slip"):
        withdrawn(made("slip"), "  ")
    append_entries(
        early, [withdrawn(made("slip"), "5% was meant\nto be 50%")], now=datetime(2021, 3, 1, 12)
    )
    for draft, day in (
        (told("slip")[1][1], datetime(2021, 4, 1, 12)),
        (resolved(came("slip")), datetime(2022, 2, 1)),
    ):
        with pytest.raises(LedgerError, match="slip was withdrawn, in line 3"):
            append_entries(early, [draft], now=day)
    record = TrackRecord.of(Ledger.read(early), day=LATER)
    assert (record.cases, record.waiting, record.open) == ((), (), 0)
    (shown,) = record.withdrawn
    assert (shown.why, shown.on, shown.chance) == ("5% was meant to be 50%", "2021-03-01", 0.3)
    page = write_track_record(record, tmp_path / "page").read_text()
    assert "Withdrawn questions" in page and "5% was meant to be 50%" in page
    assert (
        json.loads((tmp_path / "page/track_record.json").read_text())["withdrawn"][0]["question"]
        == "slip"
    )


def test_forecasts_are_not_scored_once_the_event_has_happened(path):
    answers = [(0.2, "2020-12-31"), (0.4, "2021-03-31"), (1.0, "2021-06-30")]
    write(path, told("q", None, answers))
    outcome = resolved(came("q", "yes")) | {"decided": "2021-05-10"}
    append_entries(path, [outcome], now=datetime(2022, 2, 1, 12))
    (case,) = TrackRecord.of(Ledger.read(path), day=LATER).cases
    assert (case.answers, case.last_answer) == (2, 0.4)
    assert case.scores["brier_last"] == pytest.approx(0.36)
    days = [
        (date(2021, 3, 31) - date(2020, 12, 31)).days,
        (date(2021, 5, 10) - date(2021, 3, 31)).days,
    ]
    mean = (days[0] * 0.64 + days[1] * 0.36) / sum(days)
    assert case.scores["brier_mean"] == pytest.approx(mean, abs=1e-6)


def test_a_number_of_events_is_decided_on_the_day_the_last_was_known():
    columns = ("question", "date", "known_at", "counted")
    rows = pd.DataFrame(
        [
            ("q", "2021-01-05", "2021-01-05", 1),
            ("q", "2021-02-01", "2021-04-01", 2),
            ("q", "2021-03-01", "2021-03-01", 1),
        ],
        columns=columns,
    ).astype({"date": "datetime64[s]", "known_at": "datetime64[s]"})
    days = {number: decided_on(violence("q", 12, number), rows) for number in (1, 2, 3, 5)}
    assert days == {1: date(2021, 1, 5), 2: date(2021, 3, 1), 3: date(2021, 4, 1), 5: None}
    assert decided_on(made("q"), rows) is None  # the end of the window decides a share
