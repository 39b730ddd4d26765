"""How a number of a verdict reads: what it is, and its value with interval, error and unit."""

import math
from datetime import date
from typing import TYPE_CHECKING

from forecast.wording import chance, month, number, quantity

if TYPE_CHECKING:
    from forecast.hypotheses.verdict import Number


def describe(one: "Number") -> str:
    """Describe what a number is; of a probability, that it is one."""
    words = one.words or one.name.replace("_", " ")
    return f"chance: {words}" if one.kind == "probability" else words


def stated(one: "Number") -> str:
    """Format a number with its interval, Monte Carlo error and unit: ``41.3 [12.0, 118] ± 0.90 months``."""
    if math.isnan(one.value):
        return "not defined"
    return {"probability": _probability, "date": _date, "count": _count}.get(one.kind, _quantity)(one)


def _probability(one: "Number") -> str:
    error = f" ± {number(100 * one.error, 1)}" if one.error is not None else ""
    return f"{chance(one.value)}{error}"


def _date(one: "Number") -> str:
    ends = "" if one.low is None or one.high is None else f" [{_month(one.low)}, {_month(one.high)}]"
    return f"{_month(one.value)}{ends}"


def _count(one: "Number") -> str:
    return quantity(one.value, one.unit, 0)


def _quantity(one: "Number") -> str:
    ends = "" if one.low is None else f" [{number(one.low)},\N{NO-BREAK SPACE}{number(one.high)}]"
    error = "" if one.error is None else f" ± {number(one.error)}"
    return f"{number(one.value)}{ends}{error} {one.unit}".rstrip()


def _month(year: float) -> str:
    """Name the month that begins at a year with decimals."""
    years, months = divmod(round(12 * year), 12)
    return month(date(years, months + 1, 1))
