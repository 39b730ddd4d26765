"""Wording of a report about an assessment; `forecast.base.wording` formats its numbers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from forecast.base import wording
from forecast.base.wording import DASH, number
from forecast.data.events.dyads import dyad_labels
from forecast.outlook import Assessment, Estimate, Learning, NotDefined, Probability

STAMP = "NOT CONVERGED"
INTERVALS = "50% and 90% equal-tailed"
ROWS = {
    "deterioration": "Lower",
    "stability": "Similar",
    "improvement": "Higher",
    "technical": "of it technical",
    "structural": "of it structural",
    "new_framework": "New framework",
}
"""The chances at a horizon, as a table has them."""

_SENTENCES = Path(__file__).parent / "templates" / "words.j2"
sentence, sentences = partial(wording.sentence, _SENTENCES), partial(wording.sentences, _SENTENCES)
"""Render the text of a macro of `words.j2`, and its paragraphs."""


def interval(value: Estimate, decimals: int = 0) -> str:
    """Format the median with its interval: ``52 [32, 70]``."""
    return wording.interval(value.median, value.low, value.high, decimals)


def or_dash(value: Estimate | NotDefined | None, decimals: int = 0) -> str:
    """Format an estimate, or a dash where the model does not have it."""
    return interval(value, decimals) if isinstance(value, Estimate) else DASH


def listed[One](values: Mapping[Any, One] | Sequence[One] | NotDefined | None) -> list[One]:
    """Return the values of a mapping, or the items of a sequence; none of what is not defined."""
    if isinstance(values, Mapping):
        return list(values.values())
    return [] if values is None or isinstance(values, NotDefined) else list(values)


def period(result: Assessment, last: date) -> str:
    """Name the period that ends on a day: ``October 2023``, ``the week to 29 October 2023``."""
    return wording.period(last, weekly=result.weekly)


def unit(result: Assessment) -> str:
    """Return the name of a period."""
    return "week" if result.weekly else "month"


def meaning(result: Assessment) -> str:
    """Explain higher and lower, of the level."""
    return sentence("meaning", result=result)


def verdict(learning: Learning) -> str:
    """Describe in a sentence whether the data moved a quantity."""
    return sentence("learning", found=learning)


def largest_error(chances: Iterable[Probability | NotDefined]) -> str:
    """Format the largest Monte Carlo standard error of some chances, in percentage points.

    Empty without any.
    """
    errors = [value.mcse for value in chances if isinstance(value, Probability)]
    return number(100 * max(errors), 1) if errors else ""


def first_words(text: str, most: int) -> str:
    """Return the first words of a text, with an ellipsis if there are more."""
    words = text.split()
    return text if len(words) <= most else f"{' '.join(words[:most])} …"


PARTS = {2: "half", 3: "third", 4: "quarter", 8: "eighth"}
"""Parts of a whole that have a name, by how many of them there are."""


def part_of_weight(forecasters: int) -> str:
    """Return the weight of one of so many forecasters with equal weights."""
    return PARTS.get(forecasters, f"{forecasters}th")


def label(dyad: str) -> str:
    """Name a dyad for readers; one that the package does not know by its code."""
    return dyad_labels().get(dyad, dyad)
