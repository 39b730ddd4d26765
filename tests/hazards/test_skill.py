"""Scores of the sets: a set that did no better than a simple rate says so."""

from datetime import date

import pytest

from forecast import ask
from forecast.data.events.sets import read_sets
from forecast.outlook.hazards.coefficients import read_coefficients
from forecast.outlook.hazards.skill import SetSkill, set_skill


def test_every_set_has_scores_and_coefficients_or_those_of_all_sets():
    assert all(set_skill(name) is not None for name in read_sets())
    assert len(read_coefficients().sets) > 20
    assert set_skill("picnic") is None


@pytest.mark.parametrize(
    ("skill", "words"),
    [
        (SetSkill("a", 0.20, "one-year rate", 0.25, 0.30, 0.31), ""),
        (
            SetSkill("a", 0.26, "one-year rate", 0.25, 0.30, 0.31),
            "one-year rate did at least as well",
        ),
        (SetSkill("a", 0.20, "one-year rate", 0.25, 0.50, 0.31), "not calibrated"),
    ],
)
def test_a_warning_says_what_went_wrong(skill, words):
    assert words in skill.warning
    assert bool(words) == bool(skill.warning)


def test_the_answer_has_the_warning_of_its_set():
    worse = [name for name in read_sets() if set_skill(name).warning]
    found = ask(f"IND-PAK {worse[0]} by 2025-12-31", as_of=date(2025, 6, 30))
    assert set_skill(worse[0]).warning in found.notes
