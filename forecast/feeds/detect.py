"""Which feed a file is of, by its content: names are changed, content is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from forecast.errors import DataError
from forecast.escaping import printable
from forecast.events.account import Unread
from forecast.feeds.feed import Feed, Layout
from forecast.feeds.lines import FeedFile, find_files, paths_in
from forecast.feeds.registry import FEEDS
from forecast.fence import fence
from forecast.wording import join

MENTIONS, GKG = 16, 27
"""Columns of the two GDELT files that are no files of events."""


class Detected(NamedTuple):
    """A feed, and the layouts that rows of a file may have."""

    feed: Feed
    layouts: tuple[Layout, ...]

    @property
    def words(self) -> str:
        """What a file looks like."""
        return self.layouts[-1].title


def detect_file(file: FeedFile) -> Detected | None:
    """Return which feed a file is of; None if it is of none that there is."""
    with fence(file.name):
        lines = [line for line in file.head() if line.strip()]
        for feed in FEEDS.values():
            layouts = feed.recognise(lines)
            if layouts:
                return Detected(feed, layouts)
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

    Raises
    ------
    DataError
        If it cannot be read.

    Examples
    --------
    >>> from forecast.feeds import detect_feed
    >>> detect_feed("20180601.export.CSV.zip")  # doctest: +SKIP
    'gdelt'
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
            f"{file.name}: this looks like {detected.words}, not like {wanted.title}: use --feed {detected.feed.name}, "
            "or leave --feed out."
        )
    known = join([feed.title for feed in FEEDS.values()], "or")
    return DataError(
        f"{file.name}: this does not look like {wanted.title if wanted else known}{_hint(file)}. For any other table "
        "give a mapping (docs/events.md)."
    )


def _hint(file: FeedFile) -> str:
    """Describe what a file looks like that is near to a feed."""
    first = (file.head() or [""])[0]
    width = len(first.split("\t"))
    if width == MENTIONS and first.split("\t")[0].isdigit():
        return ", but like mentions of GDELT 2.0, which are no events: use its export files"
    if width == GKG:
        return ", but like the knowledge graph of GDELT, which has no events: use its export files"
    return f" (its first line has {width} fields separated by tabs)"
