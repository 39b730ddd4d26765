"""The page on drivers does what it says."""

import doctest
from pathlib import Path

from forecast.data.drivers import FUTURE_WORDS
from forecast.model.driving import ACTS

PAGE = Path(__file__).parents[2] / "docs" / "drivers.md"


def test_the_examples_of_the_page_are_right():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert (failed, tried >= 5) == (0, True)


def test_the_page_has_everything_to_choose_from():
    text = PAGE.read_text("utf-8")
    assert all(f"| `{word}` |" in text for word in (*ACTS, *FUTURE_WORDS))
