"""Files of which the content contradicts the days in their names."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from forecast.feeds.feed import Feed, named_day
from forecast.feeds.lines import FeedFile


class NamedDays(NamedTuple):
    """Days by the name of a file, and whether they are those on which rows became known, not those of the events."""

    first: date
    last: date
    known: bool


def named_days(feed: Feed, file: FeedFile) -> NamedDays | None:
    """Return the days by the name of a file or, where it has none, of its archive; None without any.

    A file of a day holds what a feed added on that day; what a longer one was added to, its name does not say.
    """
    for name in (file.own_name, file.outer_name):
        stands, facts = feed.stands(name), feed.facts(name)
        day = named_day(facts.day) if facts.day else None
        if stands is not None:
            return NamedDays(stands.first, stands.last, feed.by_known and stands.first == stands.last)
        if day is not None:
            return NamedDays(day, day, feed.by_known)
    return None


@dataclass
class DaysOfRows:
    """The days of the rows of a file beside those of its name."""

    name: str  # Of the file
    named: NamedDays | None
    around: tuple[int, int]  # How many days before and after the named ones rows may be
    rows: Counter[date] = field(default_factory=Counter)

    @classmethod
    def of(cls, feed: Feed, file: FeedFile) -> "DaysOfRows":
        """Return those of a file of which no row was read yet."""
        return cls(file.name, named_days(feed, file), feed.around)

    def add(self, day: date | None, known: date | None, number: int) -> None:
        """Add rows of a day, known on a day."""
        if self.named and (own := known if self.named.known else day):
            self.rows[own] += number

    @property
    def finding(self) -> str:
        """In words that most of the rows are of other days than those of the name; '' if they are not."""
        if self.named is None or not self.rows:
            return ""
        (before, after), named = self.around, _span(self.named.first, self.named.last)
        first, last = self.named.first.toordinal() - before, self.named.last.toordinal() + after
        inside = sum(number for day, number in self.rows.items() if first <= day.toordinal() <= last)
        if 2 * inside >= self.rows.total():
            return ""
        what = "added" if self.named.known else "dated"
        margin = f" or up to {before} days before and {after} after" if any(self.around) else ""
        return (
            f"{self.name}: by its name rows are {what} {named}{margin}; {inside:,} of {self.rows.total():,} are, and "
            f"all are of {_span(min(self.rows), max(self.rows))}. Check whether the file has its own name."
        )


def _span(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
