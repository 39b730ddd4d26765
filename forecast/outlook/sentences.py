"""Sentences on numbers, from the macros of `sentences.j2`, and the environment in which templates of words are read."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast import wording
from forecast.outlook.draws import Estimate, Passage
from forecast.outlook.recorded import FEWEST, source_words

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.environment import TemplateModule

NAMES = (
    "about", "capital", "chance", "count", "give_or_take", "interval_in_words", "join", "month", "number", "percent",
    "period", "signed",
)  # fmt: skip
"""Functions of `forecast.wording` that templates call."""


@cache
def environment() -> "Environment":
    """Return the environment of templates: to show what is not there is an error, and to ask whether it is, is not."""
    from jinja2 import ChainableUndefined, Environment, StrictUndefined

    class Missing(ChainableUndefined, StrictUndefined):
        pass

    found = Environment(undefined=Missing, trim_blocks=True)  # plain text: the page escapes it
    found.filters |= {"interval": interval, "difference": _difference, "passage": _passage}
    found.globals |= {name: getattr(wording, name) for name in NAMES}
    found.globals |= {"FEWEST": FEWEST, "source_words": source_words}
    return found


def sentence(name: str, *parts: Any, **named: Any) -> str:
    """Return a sentence by the name of its macro."""
    return " ".join(str(getattr(_macros(), name)(*parts, **named)).split())


@cache
def _macros() -> "TemplateModule":
    return environment().from_string(Path(__file__).with_name("sentences.j2").read_text("utf-8")).module


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
