"""Feed registry, and detection of a file's feed, and of rows that contradict its name."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from forecast.base.errors import DataError, SpecError
from forecast.base.escaping import printable
from forecast.base.file_faults import fence
from forecast.base.wording import join
from forecast.data.events.table import Unread
from forecast.data.feeds.feed import Feed, FeedLayout, Named
from forecast.data.feeds.gdelt import GDELT
from forecast.data.feeds.icews import ICEWS
from forecast.data.feeds.lines import FeedFile, find_files, paths_in
from forecast.data.feeds.phoenix import PHOENIX
from forecast.data.feeds.polecat import POLECAT

FEEDS = {feed.name: feed for feed in (GDELT, ICEWS, POLECAT, PHOENIX)}


MENTIONS = 16  # columns of GDELT's files of mentions, which are no events
GKG = 27  # columns of GDELT's knowledge graph, which has no events


def find_feed(name: str) -> Feed:
    """Return a feed by its name, in any case."""
    feed = FEEDS.get(name.strip().lower())
    if feed is None:
        raise SpecError(f"feed: there is no feed {name!r:.60}. Use one of {join(FEEDS, 'or')}.")
    return feed


def read_name(feed: Feed, file: FeedFile) -> Named:
    """Read the name of a file: of the member or, where it says nothing, of its zip archive."""
    inner = feed.named(file.own_name)
    outer = feed.named(file.outer_name)
    return outer if outer.says and not inner.says else inner


def finding(feed: Feed, file: FeedFile, named: Named, rows: Counter[date]) -> str:
    """Describe a file of which most rows are of other days than its name says; '' if they fit."""
    if named.days is None or not rows:
        return ""
    first, last = (day.toordinal() for day in named.days)
    before, after = feed.around
    inside = sum(
        number for day, number in rows.items() if first - before <= day.toordinal() <= last + after
    )
    if 2 * inside >= rows.total():
        return ""
    what = "added" if feed.by_known and first == last else "dated"
    margin = f" or up to {before} days before and {after} after" if before or after else ""
    return (
        f"{file.name}: by its name rows are {what} {_span(*named.days)}{margin}; {inside:,} of "
        f"{rows.total():,} are, and all are of {_span(min(rows), max(rows))}. Check whether the "
        "file has its own name."
    )


def _span(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


class Detected(NamedTuple):
    """The feed and the layout of a file."""

    feed: Feed
    layout: FeedLayout


def detect_file(file: FeedFile) -> Detected | None:
    """Return which feed a file is of; None if it is of none that there is."""
    with fence(file.name):
        lines = [line for line in file.head() if line.strip()]
        for feed in FEEDS.values():
            if layout := feed.recognise(lines):
                return Detected(feed, layout)
    return None


def detect_files(path: Path, unread: list[Unread]) -> Iterator[tuple[FeedFile, Detected | None]]:
    """Yield the files of a path and what they are.

    Those that cannot be read are put into `unread`.
    """
    for file_path in paths_in(path):
        try:
            files = find_files([file_path])
        except DataError as error:
            unread.append(Unread(printable(file_path.name), str(error)))
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
            f"{file.name}: this looks like {detected.layout.title}, not like {wanted.title}: use "
            f"--feed {detected.feed.name}, or leave --feed out."
        )
    titles = join([feed.title for feed in FEEDS.values()], "or")
    return DataError(
        f"{file.name}: this does not look like {wanted.title if wanted else titles}{_hint(file)}. "
        "For any other table give a mapping (`forecast help events`)."
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
