"""A table of single events, read by a mapping."""

from typing import TYPE_CHECKING

from forecast.sources.records import EventRecords, Wanted, file_digests

if TYPE_CHECKING:
    from forecast.sources.source import Source

WORDS = "a table of events"


def read(source: "Source", wanted: Wanted) -> EventRecords:
    """Read the table."""
    from forecast.events import read_table

    events = read_table(str(source.path), str(source.mapping))
    return EventRecords(events, file_digests(events, source.path, source.mapping))
