"""Sentences on numbers, from the macros of `sentences.j2`."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import wording
from forecast.outlook.draws import Estimate, Passage
from forecast.outlook.recorded import FEWEST, source_words

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.environment import TemplateModule


@cache
def templates() -> "Environment":
    """Return the environment of templates about outlooks."""
    return wording.environment(
        interval=interval, difference=_difference, passage=_passage, FEWEST=FEWEST, source_words=source_words
    )


def sentence(name: str, *parts: Any, **named: Any) -> str:
    """Return a sentence by the name of its macro."""
    return " ".join(str(getattr(_macros(), name)(*parts, **named)).split())


@cache
def _macros() -> "TemplateModule":
    return templates().from_string(Path(__file__).with_name("sentences.j2").read_text("utf-8")).module


def interval(value: Estimate) -> str:
    """Format an estimate with its interval."""
    return wording.interval_in_words(value.median, value.low, value.high)


def _difference(value: Estimate) -> str:
    """Format a difference by its size and side: ``12 points more (90% interval 5 to 20)``."""
    sign, word = (1, "more") if value.median >= 0 else (-1, "less")
    low, high = sorted((sign * value.low, sign * value.high))
    return wording.interval_in_words(sign * value.median, low, high, unit=f"points {word}")


def _passage(passage: Passage) -> str:
    if passage.median is None:
        return f"more than {passage.limit} months in most simulations"
    if round(passage.median) < 2:
        return "less than two months in half of the simulations"
    return f"up to {wording.number(passage.median, 0)} months in half of the simulations"
