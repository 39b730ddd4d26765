"""Which days the files of a dataset stand for together."""

from collections.abc import Sequence
from datetime import date, timedelta

from forecast.archive.catalogue import Entry
from forecast.archive.standing import Days, as_spans
from forecast.dates import today
from forecast.events.covered import MOST_MISSING

ROUNDING = 1e-6


def covered_days(entries: Sequence[Entry], day: date | None = None) -> list[Days]:
    """Return the days that files stand for, up to a day, by default today, as spans in order of time.

    A day whose files stand for parts of it, such as quarter hours, counts if at most a tenth of it is missing.
    """
    whole, parts = set[date](), dict[tuple[str, date], dict[str, float]]()
    for entry in entries:
        for first, last in entry.spans:
            end = min(last, day or today())
            days = [first + timedelta(days=step) for step in range((end - first).days + 1)]
            if entry.part >= 1:
                whole.update(days)
                continue
            for one in days:
                parts.setdefault((entry.series, one), {})[_slot(entry)] = entry.part
    enough = {one for (_, one), slots in parts.items() if sum(slots.values()) >= 1 - MOST_MISSING - ROUNDING}
    return as_spans(whole | enough)


def _slot(entry: Entry) -> str:
    """Return the time that a file of a part of a day is named after, which two files of one slot share."""
    return entry.said.partition(".")[0]
