"""The table of several datasets: what each covers, what it is off, and what it is worth for the present level."""

from collections.abc import Sequence
from typing import Any

from forecast.outlook import Estimate
from forecast.outlook.datasets import DatasetOutlook, datasets_finding
from forecast.report import words
from forecast.wording import DASH, join, month, number

COLUMNS = (
    ("Dataset", False), ("covers", False), ("happenings", True), ("reads higher by, points", True),
    ("of that since its beginning", True), ("a busy month is worth", True), ("level without its last two years", True),
    ("years apart", False),
)  # fmt: skip
"""Heads of the columns, and whether these hold numbers."""


def dataset_cards(found: Sequence[DatasetOutlook]) -> dict[str, Any] | None:
    """Arrange datasets for the page; None if there are not several."""
    if not found:
        return None
    return {
        "finding": datasets_finding(found),
        "columns": COLUMNS,
        "rows": [_row(one) for one in found],
        "with_all": words.interval(found[0].with_all),
    }


def _row(one: DatasetOutlook) -> list[str]:
    name = f"{one.name} (main)" if one.main else one.name
    return [
        name,
        f"{month(one.first, short=True)} to {month(one.last, short=True)}",
        number(one.happenings),
        _shown(one.offset),
        _shown(one.drift),
        _shown(one.concentration),
        words.interval(one.without),
        join([str(year) for year in one.disagrees]) or DASH,
    ]


def _shown(value: Estimate | None) -> str:
    return DASH if value is None else words.interval(value)
