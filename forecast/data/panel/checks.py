"""Checks of what a panel is made from: its dyads, its days, and something to count."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.base.dates import read_day, reject_future
from forecast.base.errors import DataError
from forecast.data.events.dyads import find_dyad


def chosen_dyads(dyads: Sequence[str] | None, present: list[str]) -> list[str]:
    """Return the dyads of a panel: those asked for, each once, by default all that are there."""
    chosen = present if dyads is None else [find_dyad(dyad, present) for dyad in dyads]
    if not chosen:
        raise DataError(
            "There is no dyad to count. Give a table with events, and at least one of its dyads."
        )
    return list(dict.fromkeys(chosen))


def reject_future_rows(days: "pd.Series[pd.Timestamp]", field: str) -> None:
    """Reject a table made by hand with a row that has no day or one to come; readers have none."""
    if len(days):
        for day in (days.min(skipna=False), days.max()):
            reject_future(read_day(day, field), field)


def reject_empty(totals: np.ndarray, dyads: Sequence[str], periods: pd.DatetimeIndex) -> None:
    """Reject a panel that counts nothing of a dyad."""
    empty = [dyad for dyad, total in zip(dyads, totals, strict=True) if total == 0]
    if empty:
        span = f"from {periods[0]:%Y-%m-%d} to {periods[-1]:%Y-%m-%d}"
        raise DataError(
            f"Nothing of {', '.join(empty)} can be counted {span}. "
            "Leave the dyad out, or choose a span in which it has coverage."
        )
