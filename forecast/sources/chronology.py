"""The embedded chronology, or a folder of files like it."""

from typing import TYPE_CHECKING

from forecast.sources.records import EventRecords, file_digests

if TYPE_CHECKING:
    from forecast.sources.source import Source

WORDS = "a chronology"


def read(source: "Source", dyad: str | None = None) -> EventRecords:
    """Read the files of all dyads, or of one."""
    from forecast.events import find_dyad, read_chronology
    from forecast.events.chronology import chronology_files

    only = None if dyad is None else [find_dyad(dyad, chronology_files(source.path))]
    events = read_chronology(source.path, dyads=only)
    return EventRecords(events, file_digests(events))
