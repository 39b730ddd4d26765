"""Wording of a report about an assessment; `forecast.wording` formats its numbers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from forecast import wording
from forecast.events.dyads import dyad_labels
from forecast.outlook import Assessment, Estimate, Learning, NotDefined, Probability
from forecast.wording import DASH, count, number

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


def interval(value: Estimate, decimals: int = 0) -> str:
    """Format the median with its interval: ``52 [32, 70]``."""
    return wording.interval(value.median, value.low, value.high, decimals)


def or_dash(value: Estimate | NotDefined, decimals: int = 0) -> str:
    """Format an estimate, or a dash where the model does not have it."""
    return DASH if isinstance(value, NotDefined) else interval(value, decimals)


def listed[One](found: Mapping[Any, One] | Sequence[One] | NotDefined | None) -> list[One]:
    """Return the values of a mapping, or the items of a sequence; none of what is not defined."""
    if isinstance(found, Mapping):
        return list(found.values())
    return [] if found is None or isinstance(found, NotDefined) else list(found)


def period(result: Assessment, last: date) -> str:
    """Name the period that ends on a day: ``October 2023``, ``the week to 29 October 2023``."""
    return wording.period(last, weekly=result.weekly)


def unit(result: Assessment) -> str:
    """Return the name of a period."""
    return "week" if result.weekly else "month"


def meaning(result: Assessment) -> str:
    """Explain higher and lower, of the level."""
    change = count(result.smallest_improvement, "point")
    return (
        f"“Higher” means that the mean {result.measure} over these months is at least {change} above that of the last "
        f"{count(result.baseline_months, 'month')}, “lower” at least {change} below, on a scale where {result.scale}."
    )


def verdict(learning: Learning) -> str:
    """Describe in a sentence whether the data moved a quantity."""
    spread = f"its spread is {number(learning.sd_ratio, 2)} times that of {learning.compared_with}"
    if not learning.moved:
        return f"The data did not move it: {spread}. It is an assumption, not a finding."
    shift = f"its mean {number(abs(learning.shift), 1)} standard deviations away"
    return f"The data moved it: {spread}, {shift}."


def largest_error(chances: Iterable[Probability]) -> str:
    """Format the largest Monte Carlo standard error of some chances, in percentage points; empty without any."""
    errors = [one.mcse for one in chances]
    return number(100 * max(errors), 1) if errors else ""


def label(dyad: str) -> str:
    """Name a dyad for readers; one that the package does not know by its code."""
    return dyad_labels().get(dyad, dyad)
