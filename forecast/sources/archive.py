"""Datasets of an archive of machine-coded feeds, as they were known on a day."""

from pathlib import Path
from typing import TYPE_CHECKING

from forecast.sources.feed import TABLES
from forecast.sources.records import EventRecords, Wanted, file_digests, table_digests

if TYPE_CHECKING:
    from forecast.sources.source import Source

WORDS = "an archive"


def read(source: "Source", wanted: Wanted) -> EventRecords:
    """Read the datasets; of the dyads that are wanted alone."""
    from forecast.archive import read_archive

    events = read_archive(
        Path(str(source.path)), list(source.datasets) or None, dyads=wanted.each, as_of=wanted.as_of,
        settings=source.settings,
    )  # fmt: skip
    return EventRecords(events, file_digests(events) | table_digests(TABLES))
