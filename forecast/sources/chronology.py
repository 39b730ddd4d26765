"""The embedded chronology, or a folder of files like it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forecast.events.table import EventTable
from forecast.sources.records import EventRecords, Wanted, file_digests

if TYPE_CHECKING:
    from forecast.sources.source import Source

WORDS = "a chronology"


class ChronologyRecords(EventRecords):
    """Events of which each dyad has a file of its own."""

    def digests_of(self, dyads: Sequence[str]) -> dict[str, str]:
        """Return the digests without the files of other dyads."""
        others = self._files_without(dyads)
        return {name: digest for name, digest in self.digests.items() if name not in others}

    def table_of(self, dyads: Sequence[str]) -> EventTable:
        """Return the table without the files of other dyads, and the rows that were in them."""
        others, table = self._files_without(dyads), self.events
        return replace(
            table,
            events=table.events[table.events["dyad"].isin(dyads)].reset_index(drop=True),
            rejects=table.rejects[~table.rejects["file"].isin(others)].reset_index(drop=True),
            files=tuple(file for file in table.files if file.name not in others),
        )

    def _files_without(self, dyads: Sequence[str]) -> set[str]:
        return {f"{dyad}.csv" for dyad in self.dyads if dyad not in dyads}


def read(source: "Source", wanted: Wanted) -> ChronologyRecords:
    """Read the files of all dyads, or of one."""
    from forecast.events import find_dyad, read_chronology
    from forecast.events.chronology import chronology_files

    only = None if wanted.dyad is None else [find_dyad(wanted.dyad, chronology_files(source.path))]
    events = read_chronology(source.path, dyads=only)
    return ChronologyRecords(events, file_digests(events))
