"""The table of drivers: what each adds, and what is assumed of it."""

from collections.abc import Sequence
from typing import Any

from forecast.drivers.panel import FUTURE_WORDS
from forecast.outlook.drivers import DriverOutlook
from forecast.report import words
from forecast.wording import chance, number

COLUMNS = (
    ("Driver", False), ("acts on", False), ("adds, points", True), ("chance that it helps", True), ("now", True),
    ("ahead it", False),
)  # fmt: skip
"""Heads of the columns, and whether these hold numbers."""
_ACTS = {"month": "the month alone", "cycle": "the cycle", "trend": "the trend"}


def driver_cards(drivers: Sequence[DriverOutlook]) -> dict[str, Any] | None:
    """Arrange drivers for the page: `columns` and `rows`; None if there are none."""
    rows = [
        [
            one.name,
            _ACTS[one.acts],
            words.interval(one.points, 1),
            chance(one.positive.value),
            number(one.now),
            FUTURE_WORDS[one.future],
        ]
        for one in drivers
    ]
    return {"columns": COLUMNS, "rows": rows} if rows else None
