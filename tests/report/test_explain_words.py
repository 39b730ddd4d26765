"""A title states the chances that the sentence below it states."""

import re
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecast.outlook.snapshot import Number
from forecast.report.explain_page import sentence

# The two larger remainders are rounded up, so that the three add up to 100: 39.6 is printed as 39.
ROUNDED_DOWN = {"up": 0.396, "same": 0.197, "down": 0.407}
"""Chances of a headline of which the first is printed lower than it rounds alone."""
AS_ROUNDED = {"up": 0.342, "same": 0.401, "down": 0.257}


def numbers(chances):
    return {name: Number(value, 0.002, np.full((1, 4), value)) for name, value in chances.items()}


def chances_of(text):
    return re.findall(r"\d+(?=%)", text)


@pytest.fixture
def explained():
    level = {"level": Number(31.0, 0.2, np.full((1, 4), 31.0))}
    return SimpleNamespace(
        dyad="USA-CHN",
        events=pd.DataFrame({"counted": [True, True]}),
        first=date(2023, 1, 1),
        last=date(2023, 10, 31),
        before=level,
        now=level,
        horizon=12,
        posed=None,
        answer=None,
        published=SimpleNamespace(before=numbers(ROUNDED_DOWN), now=numbers(AS_ROUNDED)),
    )


def test_title_and_finding_of_an_explanation_state_the_same_chances(explained):
    assert chances_of(sentence("title", explained)) == ["39", "34"]
    assert chances_of(sentence("finding", explained)) == ["39", "34"]


def test_title_and_first_sentence_of_a_change_state_the_same_chances():
    change = SimpleNamespace(
        dyad="USA-CHN",
        outcome="up",
        asked=SimpleNamespace(horizon=12, smallest_improvement=5),
        days=(date(2023, 9, 30), date(2023, 10, 31)),
        before=numbers(ROUNDED_DOWN),
        now=numbers(AS_ROUNDED),
    )
    assert chances_of(sentence("change_title", change)) == ["39", "34"]
    assert chances_of(sentence("change_first", change)) == ["39", "34"]
