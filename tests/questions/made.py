"""Questions and entries that need no data."""

import json
from datetime import date

import numpy as np

from forecast.desk.questions import Answer, Resolution, question_of
from forecast.desk.questions.entry import hash_of, line_of
from forecast.outlook.summary import probability

SHA = "ab" * 32


def made(name="q", **changes):
    """Make a question about a window of a year."""
    fields = {
        "version": 1,
        "id": name,
        "kind": "share",
        "dyad": "USA-CHN",
        "label": "US-China",
        "dataset": "chronology",
        "asked": "2020-12-31",
        "data": SHA,
        "first": "2021-01-01",
        "last": "2021-12-31",
        "threshold": 50.0,
        "cooperative": "visits",
        "void_after": "2022-12-31",
        "base_rate": 0.4,
    }
    return question_of(
        {key: value for key, value in (fields | changes).items() if value is not None}, name
    )


def said(name="q", chance=0.3, day="2021-03-31", void=0.0):
    """Make an answer."""
    yes = np.zeros((1, 1000, 1), dtype=bool)
    yes[0, : round(1000 * chance)] = True
    never = np.zeros((1, 1000, 1), dtype=bool)
    return Answer(
        name,
        date.fromisoformat(day),
        probability(yes, ""),
        probability(never, ""),
        3,
        SHA,
        "",
        1,
        1000,
    )


def came(name="q", outcome="yes", day="2022-01-31"):
    """Make a resolution."""
    return Resolution(
        name, outcome, "5 of 10 events are cooperative", date.fromisoformat(day), SHA, 10, 5
    )


def append_line(path, **changes):
    """Append a line that follows the last one, like it but for some fields, with the right hash: whatever it says."""
    last = json.loads(path.read_bytes().splitlines()[-1])
    answer = {
        "schema": 1,
        "number": 0,
        "previous": "",
        "written": last["written"],
        "entry": "answered",
        "question": last["question"],
        "retrospective": False,
        "code": "0",
        "as_of": "2021-03-31",
        "chance": 0.99,
        "mcse": None,
        "void": None,
        "recorded": 0,
        "by": "me",
        "data": None,
        "model": None,
        "seed": 1,
        "futures": 10,
        "converged": True,
    }
    plain = answer | changes | {"number": last["number"] + 1, "previous": last["hash"]}
    with path.open("ab") as file:
        file.write(line_of(plain | {"hash": hash_of(plain)}) + b"\n")
