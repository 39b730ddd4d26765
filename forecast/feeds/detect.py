"""Feed registry, detection of a file's feed by its content, and files whose rows contradict their names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from forecast.errors import DataError, SpecError
from forecast.escaping import printable
from forecast.events.table import Unread
from forecast.feeds.expressions import named_day
from forecast.feeds.feed import Feed, FileFacts, Layout, Standing
from forecast.feeds.gdelt import GDELT
from forecast.feeds.icews import ICEWS
from forecast.feeds.lines import FeedFile, find_files, paths_in
from forecast.feeds.phoenix import PHOENIX
from forecast.feeds.polecat import POLECAT
from forecast.files import fence
from forecast.wording import join

FEEDS = {feed.name: feed for feed in (GDELT, ICEWS, POLECAT, PHOENIX)}


def find_feed(name: str) -> Feed:
    """Return a feed by its name, in any case."""
    feed = FEEDS.get(name.strip().lower())
    if feed is None:
        raise SpecError(f"feed: there is no feed {name!r:.60}. Use one of {join(FEEDS, 'or')}.")
    return feed


@dataclass(frozen=True)
class Named:
    """The facts in the name of a file: of the member, or of its zip archive if that says more."""

    name: str
    facts: FileFacts
    stands: Standing | None

    @classmethod
    def read(cls, feed: Feed, name: str) -> "Named":
        """Read a name."""
        return cls(name, feed.facts(name), feed.stands(name))

    @classmethod
    def of(cls, feed: Feed, file: FeedFile) -> "Named":
        """Read the name of a file or, where it says nothing, that of its archive."""
        own, outer = cls.read(feed, file.own_name), cls.read(feed, file.outer_name)
        return outer if outer.says and not own.says else own

    @property
    def says(self) -> bool:
        """Return whether the name is informative."""
        return self.stands is not None or self.facts != FileFacts()

    @property
    def day(self) -> date | None:
        """The day in the name."""
        return named_day(self.facts.day) if self.facts.day else None

    def says_more(self, before: "Named") -> bool:
        """Return whether it is more informative than another name; of two informative ones, always the same one."""
        differs = (self.facts, self.stands) != (before.facts, before.stands)
        return differs and (self.says, self.name) > (before.says, before.name)


@dataclass
class DaysOfRows:
    """The days of the rows of a file and those of its name."""

    name: str  # Of the file
    named: tuple[date, date] | None  # First and last day by the name
    known: bool  # Whether these are days on which rows became known, not those of the events
    around: tuple[int, int]  # How many days before and after the named ones rows may be
    rows: Counter[date] = field(default_factory=Counter)

    @classmethod
    def of(cls, feed: Feed, file: FeedFile) -> "DaysOfRows":
        """Return those of a file of which no row was read yet."""
        named = Named.of(feed, file)
        days = None if named.day is None else (named.day, named.day)
        if named.stands is not None:
            days = named.stands.first, named.stands.last
        # A file of a day holds what a feed added on that day; what a longer one was added to, its name does not say.
        return cls(file.name, days, feed.by_known and days is not None and days[0] == days[1], feed.around)

    def add(self, day: date | None, known: date | None, number: int) -> None:
        """Add rows of a day, known on a day."""
        if self.named and (own := known if self.known else day):
            self.rows[own] += number

    @property
    def finding(self) -> str:
        """In words that most of the rows are of other days than those of the name; '' if they are not."""
        if self.named is None or not self.rows:
            return ""
        (before, after), named = self.around, _span(*self.named)
        first, last = self.named[0].toordinal() - before, self.named[1].toordinal() + after
        inside = sum(number for day, number in self.rows.items() if first <= day.toordinal() <= last)
        if 2 * inside >= self.rows.total():
            return ""
        what = "added" if self.known else "dated"
        margin = f" or up to {before} days before and {after} after" if any(self.around) else ""
        return (
            f"{self.name}: by its name rows are {what} {named}{margin}; {inside:,} of {self.rows.total():,} are, and "
            f"all are of {_span(min(self.rows), max(self.rows))}. Check whether the file has its own name."
        )


def _span(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


MENTIONS, GKG = 16, 27
"""Columns of the two GDELT files that are no files of events."""


class Detected(NamedTuple):
    """The feed and the layout of a file."""

    feed: Feed
    layout: Layout


def detect_file(file: FeedFile) -> Detected | None:
    """Return which feed a file is of; None if it is of none that there is."""
    with fence(file.name):
        lines = [line for line in file.head() if line.strip()]
        for feed in FEEDS.values():
            if layout := feed.recognise(lines):
                return Detected(feed, layout)
    return None


def detect_files(path: Path, unread: list[Unread]) -> Iterator[tuple[FeedFile, Detected | None]]:
    """Yield the files of a path and what they are; those that cannot be read are put into `unread`."""
    for one in paths_in(path):
        try:
            files = find_files([one])
        except DataError as error:
            unread.append(Unread(printable(one.name), str(error)))
            continue
        for file in files:
            try:
                yield file, detect_file(file)
            except DataError as error:
                unread.append(Unread(file.name, str(error)))


def detect_feed(path: str | Path) -> str | None:
    """Return the name of the feed that a file, zip archive or folder is of; None if it is of none.

    Of an archive or folder, the first file that is recognised decides.
    """
    unread: list[Unread] = []
    for _, detected in detect_files(Path(path), unread):
        if detected:
            return detected.feed.name
    if unread:
        raise DataError(unread[0].reason)
    return None


def unknown_file(file: FeedFile, wanted: Feed | None = None) -> DataError:
    """Return the error for a file that is of no feed, or of another than the one asked for."""
    detected = detect_file(file)
    if detected and wanted and detected.feed is not wanted:
        return DataError(
            f"{file.name}: this looks like {detected.layout.title}, not like {wanted.title}: use --feed "
            f"{detected.feed.name}, or leave --feed out."
        )
    known = join([feed.title for feed in FEEDS.values()], "or")
    return DataError(
        f"{file.name}: this does not look like {wanted.title if wanted else known}{_hint(file)}. For any other table "
        "give a mapping (`forecast help events`)."
    )


def _hint(file: FeedFile) -> str:
    """Describe the layout of a file that resembles a feed."""
    first = (file.head() or [""])[0]
    width = len(first.split("\t"))
    if width == MENTIONS and first.split("\t")[0].isdigit():
        return ", but like mentions of GDELT 2.0, which are no events: use its export files"
    if width == GKG:
        return ", but like the knowledge graph of GDELT, which has no events: use its export files"
    return f" (its first line has {width} fields separated by tabs)"
