"""Days that files stand for: one file, by its name or its rows, and all files of a dataset together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from forecast.archive.catalogue import Entry
from forecast.dates import today
from forecast.events.coverage import MOST_MISSING
from forecast.feeds.feed import Feed, FileFacts, Standing, named_day
from forecast.feeds.lines import FeedFile

Days = tuple[date, date]
ROUNDING = 1e-6
BUSY = 0.25
"""Of the rows of the busiest day of a release: a day with so many is one that it stands for, not an old report."""
STRAY = 0.05
"""Of the rows of the busiest day of a longer file: days with fewer at its ends are strays."""
BEFORE, AFTER = timedelta(days=10), timedelta(days=1)
"""How far from the day of its name the days of a release can be."""


@dataclass(frozen=True)
class Named:
    """The facts in the name of a file: of the member, or of its zip archive if that says more."""

    name: str
    facts: FileFacts
    stands: Standing | None

    @classmethod
    def of(cls, feed: Feed, file: FeedFile) -> "Named":
        """Read the name of a file or, where it says nothing, that of its archive."""
        own = cls(file.own_name, feed.facts(file.own_name), feed.stands(file.own_name))
        outer = cls(file.outer_name, feed.facts(file.outer_name), feed.stands(file.outer_name))
        return outer if outer.says and not own.says else own

    @property
    def says(self) -> bool:
        """Whether the name says anything."""
        return self.stands is not None or self.facts != FileFacts()


def days_of(named: Named, rows: Mapping[date, int]) -> list[Days]:
    """Return the days that a file with so many rows of each day stands for, as spans in order of time."""
    stands, own = named.stands, named_day(named.facts.day) if named.facts.day else None
    chosen = set(_each(stands.first, stands.last)) if stands and stands.whole else set[date]()
    if own is not None:
        near = {day: number for day, number in rows.items() if own - BEFORE <= day <= own + AFTER}
        chosen |= {day for day, number in near.items() if number >= BUSY * max(near.values())}
    elif not chosen:
        inside = {day: n for day, n in rows.items() if stands is None or stands.first <= day <= stands.last}
        busy = [day for day, number in inside.items() if number >= STRAY * max(inside.values())]
        chosen = set(_each(min(busy), max(busy))) if busy else chosen
    return as_spans(chosen)


def as_spans(days: Iterable[date]) -> list[Days]:
    """Return days as spans in order of time."""
    spans: list[Days] = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def _each(first: date, last: date) -> list[date]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


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
