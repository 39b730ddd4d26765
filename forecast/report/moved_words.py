"""How contributions read: numbers with signs, tables of parts, names of probabilities."""

from collections.abc import Iterable, Mapping
from typing import Any

from forecast.outlook.attribution import Alone, Part
from forecast.outlook.look import LEVEL, Number, Numbers
from forecast.wording import DASH, chance, number, signed

ADDED = {LEVEL: "level, points", "up": "higher, %", "down": "lower, %", "yes": "yes, %", "ahead": "of it ahead, %"}
"""Heads of columns of what was added, for the numbers that tables have."""


def scaled(name: str, one: Number) -> tuple[float, float]:
    """Return a number and its error as readers see them: points of share, or per cent."""
    by = 1.0 if name == LEVEL else 100.0
    return by * one.value, by * one.mcse


def added(name: str, numbers: Numbers) -> str:
    """Format what was added to a number, with a sign."""
    return signed(scaled(name, numbers[name])[0], 1) if name in numbers else DASH


def shown(numbers: Numbers) -> list[str]:
    """Return which of some numbers tables have."""
    return [name for name in ADDED if name in numbers]


def added_cells(numbers: Numbers) -> list[str]:
    """Return the cells of what was added to the numbers that tables have."""
    return [added(name, numbers) for name in shown(numbers)]


def heads(first: Iterable[tuple[str, bool]], numbers: Numbers) -> list[tuple[str, bool]]:
    """Return the columns of a table of what was added to some numbers, after some of its own."""
    return [*first, *((ADDED[name], True) for name in shown(numbers))]


def part_rows(parts: Iterable[tuple[str, Part]], total: Numbers) -> list[list[str]]:
    """Return rows of named parts, and of the sum."""
    rows = [[name, f"{part.happenings}", *added_cells(part.added)] for name, part in parts]
    return [*rows, ["all together", "", *added_cells(total)]]


def how_words(alone: Alone) -> str:
    """Return how a contribution alone was computed, where a reader has to know."""
    return "" if alone.how == "weights" else alone.how


def said(name: str, numbers: Mapping[str, Number]) -> str:
    """Format a number: a share, or a chance."""
    one = numbers[name]
    return number(one.value, 0) if name == LEVEL else chance(one.value)


def grid(columns: list[tuple[str, bool]], rows: list[list[str]]) -> dict[str, Any]:
    """Return a table as templates take it."""
    return {"columns": columns, "rows": rows}
