"""Files of a machine-coded feed, which need no mapping."""

from typing import TYPE_CHECKING

from forecast.sources.records import EventRecords, Wanted, file_digests, table_digests

if TYPE_CHECKING:
    from forecast.sources.source import Source

WORDS = "a machine-coded feed"
TABLES = ("codebook/countries.csv", "codebook/plover.csv")


def read(source: "Source", wanted: Wanted) -> EventRecords:
    """Read the files; of one dyad alone if it is named."""
    from forecast.feeds import read_feed

    dyads = None if wanted.dyad is None else [wanted.dyad]
    events = read_feed(source.paths, dyads=dyads, feed=source.feed, settings=source.settings)
    return EventRecords(events, file_digests(events) | table_digests(TABLES))
