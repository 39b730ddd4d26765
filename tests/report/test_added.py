"""What was added to the record, on the page and in its numbers."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from forecast.data.events.additions import (
    AddedEvent,
    Addition,
    Extension,
    additions_of,
    counted_additions,
)
from forecast.report.events import arrange

from .conftest import SCRIPT, Reader, render_page, report_json

EVENT = AddedEvent(3, "new", "2024-09-01", "USA-CHN", "CHN", "USA", "042", 1, SCRIPT)
ADDITION = Addition(
    file="week<b>.csv",
    sha256="f" * 64,
    dataset="chronology",
    rows=4,
    repeated=1,
    rejected=2,
    events=(EVENT,),
    extensions=(Extension("USA-CHN", "2024-08-12", "2024-09-01"),),
)
REASONS = ["kind 'war': there is no such kind", SCRIPT, "is there already, in line 3"]


@pytest.fixture(scope="module")
def added_to(fit, events):
    """The fit, and the table, of a record to which something was added."""
    panel = fit.panel.assign_attrs(
        additions=counted_additions([ADDITION], ["new"], ["USA-CHN"], "2024-12-31")
    )
    left_out = pd.DataFrame(
        {"file": ADDITION.file, "line": [2, 4, 5], "reason": REASONS, "row": ""}
    )
    rejects = pd.concat([events.rejects, left_out], ignore_index=True)
    return type(fit)(fit.posterior, panel, fit.spec), replace(
        events, rejects=rejects, additions=(ADDITION,)
    )


def test_what_a_panel_holds_comes_back(added_to):
    assert additions_of(added_to[0].panel.attrs) == (ADDITION,)


def test_only_what_is_counted_is_shown():
    other = replace(EVENT, event_id="late", line=4)
    text = counted_additions(
        [replace(ADDITION, events=(EVENT, other))], ["new"], ["IND-PAK"], "2024-12-31"
    )
    (kept,) = additions_of({"additions": text})
    assert (kept.events, kept.extensions) == ((EVENT,), ())
    assert counted_additions([ADDITION], [], ["USA-CHN"], "2024-08-12") == ""


def test_the_page_names_every_file_line_and_reason(added_to, assessment):
    fit, events = added_to
    html = render_page(fit, assessment, events=events)
    text = Reader(html).text
    assert "The record has 1 event added to the chronology from week<b>.csv" in text
    for words in ("week<b>.csv, line 3", "ffffffffffff", "before: 12 August 2024", *REASONS):
        assert words in text
    assert SCRIPT not in html and "week<b>" not in html


def test_the_page_says_from_which_day_on_a_statement_covers():
    extension = Extension("USA-CHN", "2024-08-12", "2024-10-31", "2024-10-01", stated=True)
    added = counted_additions(
        [replace(ADDITION, extensions=(extension,))], ["new"], ["USA-CHN"], "2024-12-31"
    )
    (words,) = arrange({"additions": added, "scale": "commitment"}, None)["coverage"]
    assert (
        "USA-CHN from 1 October 2024 to 31 October 2024 (before: 12 August 2024, as stated)"
        in words
    )


def test_the_numbers_have_it_all(added_to, assessment, fit, events):
    stated = report_json(added_to[0], assessment, events=added_to[1])["provenance"]["additions"]
    assert json.loads(json.dumps(stated))[0]["events"][0] == {
        "line": 3,
        "event_id": "new",
        "date": "2024-09-01",
        "dyad": "USA-CHN",
        "source": "CHN",
        "target": "USA",
        "cameo": "042",
        "n": 1,
        "summary": SCRIPT,
    }
    assert stated[0]["sha256"] == ADDITION.sha256 and stated[0]["repeated"] == 1
    assert report_json(fit, assessment, events=events)["provenance"]["additions"] == []


def test_without_additions_the_page_says_nothing_of_them(fit, assessment, events):
    assert arrange(fit.panel.attrs, events) is None
    assert 'id="added"' not in render_page(fit, assessment, events=events)
