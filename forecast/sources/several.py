"""Several sources of events together, each a dataset of its own in the panel."""

from typing import TYPE_CHECKING

from forecast.errors import SpecError, UnknownDyadError
from forecast.sources.records import EventRecords, Wanted

if TYPE_CHECKING:
    from forecast.sources.source import Source

WORDS = "several sources"


def read(source: "Source", wanted: Wanted) -> EventRecords:
    """Read all of them, and put their events together."""
    from forecast.events import combine
    from forecast.sources.source import open_source

    opened, missing = [], None
    for part in source.sources:
        try:
            opened.append((part, open_source(part, wanted.dyad, wanted.as_of, wanted.dyads)))
        except UnknownDyadError as error:
            missing = error
    if not opened and missing:
        raise missing
    tables, digests, seen = [], dict[str, str](), dict[str, str]()
    for part, records in opened:
        if records.events is None:
            raise SpecError(f"source: {part.words} holds no single events; only event tables can be put together")
        for name in records.events.events["dataset"].unique():
            if name in seen:
                raise SpecError(
                    f"dataset: {seen[name]} and {part.words} are both called {name!r}; give one of them another "
                    "`dataset` in its mapping"
                )
            seen[name] = part.words
        tables.append(records.events)
        digests |= records.digests
    return EventRecords(combine(tables), digests)
