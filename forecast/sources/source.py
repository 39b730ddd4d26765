"""Data sources as plans and commands name them, and the reader of each kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
)
from pydantic import model_validator as validator

from forecast.arguments import DATE, DYAD, DYADS, SOURCE, checked, faults
from forecast.dates import reject_future
from forecast.errors import SpecError, UnknownDyadError
from forecast.feeds.feed import FeedSettings
from forecast.files import digest
from forecast.resources import data_folder
from forecast.sources.records import CountRecords, EventRecords, IndexRecords, IndexTable, Records
from forecast.wording import join, join_some

if TYPE_CHECKING:
    from forecast.events import EventTable

KINDS = {
    "chronology": "a chronology",
    "events": "a table of events",
    "counts": "a table of counts",
    "index": "an index",
    "feed": "a machine-coded feed",
    "archive": "an archive",
    "several": "several sources",
}
"""The kinds of source, each with its words; `_READERS` has how each is read."""
_NAMING = {"path", "mapping", "sources", "paths", "feed", "settings", "datasets"}
_FORMS = {
    "chronology": (set[str](), {"path"}, "a chronology needs a `path` at most"),
    "feed": ({"paths"}, {"feed", "settings"}, "a feed is given under `paths`, at least one"),
    "archive": (
        {"path"}, {"datasets", "settings"},
        "an archive is given under `path`, its datasets under `datasets`",
    ),
    "several": (
        {"sources"}, set[str](),
        "several sources are given under `sources`, at least two, each with its own path",
    ),
}  # fmt: skip
_TABLE = ({"path", "mapping"}, set[str](), "{kind} need a path and a mapping; give both")
"""Fields of each kind and of tables: required, optional, and the message otherwise."""
EVENT_TABLES = ("eras.csv", "coverage.csv", "codebook/cameo.csv", "codebook/classes.csv", "codebook/scales.csv")
FEED_TABLES = ("codebook/countries.csv", "codebook/plover.csv")
"""Tables in `data/` that decide how events, and those of feeds, are counted."""
_SELDOM = ("sources", "additions", "covered_to", "paths", "feed", "settings", "datasets")


class Source(BaseModel):
    """Data source.

    Attributes
    ----------
    kind : {"chronology", "events", "counts", "index", "feed", "archive", "several"}
        The embedded chronology or a folder like it; a table of events, of counts or of an index; files of a
        machine-coded feed; datasets of an archive of such; or several sources together.
    path, mapping : str, optional
        The folder or table, and the file that says where the table's fields stand.
    sources : tuple of Source
        The parts of several, and of no other kind.
    additions : tuple of str
        Small files of events, or folders of such, that are added to it (`forecast.add_events`).
    covered_to : str, optional
        Up to which day the record of the dyads added to is complete, in place of their last added day.
    paths : tuple of str
        The files, archives and folders of a feed.
    feed : str, optional
        Which feed it is, in place of what their content says.
    settings : FeedSettings, optional
        What is counted of a feed, or of an archive.
    datasets : tuple of str
        Which datasets of an archive; by default all.

    Examples
    --------
    >>> from forecast.sources import Source
    >>> Source().words
    'the embedded chronology'
    >>> Source(kind="events", path="mine.csv", mapping="mine.yaml").words
    'a table of events (mine.csv)'
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: str = "chronology"
    path: str | None = None
    mapping: str | None = None
    sources: tuple["Source", ...] = ()
    additions: tuple[str, ...] = ()
    covered_to: str | None = None
    paths: tuple[str, ...] = ()
    feed: str | None = None
    settings: FeedSettings | None = None
    datasets: tuple[str, ...] = ()

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise SpecError(f"source: {faults(error)}") from error

    @field_validator("sources", "additions", "paths", "datasets", mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        """Take the list that a file has in place of a tuple."""
        return tuple(given) if isinstance(given, list) else given

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"there is no source {kind!r}; use one of {', '.join(KINDS)}")
        return kind

    @validator(mode="after")
    def _complete(self) -> Self:
        if self.covered_to and not self.additions:
            raise ValueError("covered_to: says how far added events complete the record, but none are added")
        required, optional, words = _FORMS.get(self.kind, _TABLE)
        given = {name for name in _NAMING if getattr(self, name)}
        unknown = given - required - optional
        if unknown or not required <= given or (self.kind == "several" and len(self.sources) < 2):
            leave = f"; leave out {join(sorted(unknown))}, or name another kind" if unknown else ""
            raise ValueError(words.format(kind=self.kind) + leave)
        return self

    @model_serializer(mode="wrap")
    def _without_empty_parts(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what there is none of, so that plans of one source read as they always did."""
        content: dict[str, Any] = handler(self)
        return {name: value for name, value in content.items() if value or name not in _SELDOM}

    @property
    def latest(self) -> "Source":
        """The same, with the latest editions of an archive on whatever day it is read; any other source as it is."""
        if self.kind == "several":
            return self.model_copy(update={"sources": tuple(one.latest for one in self.sources)})
        if self.kind != "archive":
            return self
        settings = (self.settings or FeedSettings()).model_copy(update={"editions": "latest"})
        return self.model_copy(update={"settings": settings})

    @property
    def words(self) -> str:
        """Description for readers."""
        if self.additions:
            alone = self.model_copy(update={"additions": (), "covered_to": None})
            return f"{alone.words} and what {join(Path(path).name for path in self.additions)} add"
        if self.sources:
            return " and ".join(source.words for source in self.sources)
        if self.path is None and not self.paths:
            return "the embedded chronology"
        named = join_some([Path(one).name for one in self.paths or (str(self.path),)])
        of = f"{join(self.datasets)} of " if self.datasets else ""
        return f"{of}{KINDS[self.kind]} ({named})"


@checked(source=SOURCE, dyad=DYAD, as_of=DATE, dyads=DYADS)
def open_source(
    source: Source, dyad: str | None = None, as_of: date | None = None, dyads: Sequence[str] | None = None
) -> Records:
    """Read a source."""
    if as_of is not None:
        reject_future(as_of, "as-of")
    # What is added may be about any dyad, and is checked against the data of all.
    only = None if dyads is None or source.additions else tuple(dyads)
    records = _READERS[source.kind](source, _Wanted(None if source.additions else dyad, as_of, only))
    if not source.additions:
        return records
    if not isinstance(records, EventRecords):
        raise SpecError("add: the source holds no single events, to which others could be added; leave it out")
    return records.adding(source.additions, source.covered_to)


@dataclass(frozen=True)
class _Wanted:
    """The part of a source that is needed; a source that cannot tell it apart reads more."""

    dyad: str | None = None  # This dyad and what it needs
    as_of: date | None = None  # What the source held on this day
    dyads: tuple[str, ...] | None = None  # Of a source of hundreds of dyads these alone


def _read_chronology(source: Source, wanted: _Wanted) -> Records:
    from forecast.events import find_dyad, read_chronology
    from forecast.events.tables import chronology_files

    only = None if wanted.dyad is None else [find_dyad(wanted.dyad, chronology_files(source.path))]
    events = read_chronology(source.path, dyads=only)
    return EventRecords(events, _event_digests(events), by_dyad=True)


def _read_events(source: Source, wanted: _Wanted) -> Records:
    from forecast.events import read_table

    events = read_table(str(source.path), str(source.mapping))
    return EventRecords(events, _event_digests(events, source.path, source.mapping))


def _read_counts(source: Source, wanted: _Wanted) -> Records:
    from forecast.events import read_counts

    table = read_counts(str(source.path), str(source.mapping))
    return CountRecords(table, _digests(["eras.csv"], source.path, source.mapping))


def _read_index(source: Source, wanted: _Wanted) -> Records:
    import pandas as pd

    from forecast.events import SourceFile, read_index
    from forecast.events.table import REJECT_COLUMNS

    path, digests = Path(str(source.path)), _digests(["eras.csv"], source.path, source.mapping)
    values = read_index(path, str(source.mapping))
    file = SourceFile(path.name, digests[path.name], len(values), 0)
    table = IndexTable(values.dropna(subset="value"), pd.DataFrame(columns=list(REJECT_COLUMNS)), (file,))
    return IndexRecords(table, digests)


def _read_feed(source: Source, wanted: _Wanted) -> Records:
    from forecast.feeds import read_feed

    dyads = None if wanted.dyad is None else [wanted.dyad]
    events = read_feed(source.paths, dyads=dyads, feed=source.feed, settings=source.settings)
    return EventRecords(events, _event_digests(events) | _digests(FEED_TABLES))


def _read_archive(source: Source, wanted: _Wanted) -> Records:
    from forecast.archive import read_archive

    events = read_archive(
        Path(str(source.path)), list(source.datasets) or None,
        dyads=wanted.dyads and list(wanted.dyads) if wanted.dyad is None else [wanted.dyad],
        as_of=wanted.as_of, settings=source.settings,
    )  # fmt: skip
    return EventRecords(events, _event_digests(events) | _digests(FEED_TABLES))


def _read_several(source: Source, wanted: _Wanted) -> Records:
    """Read all parts, and put their events together, each a dataset of its own."""
    from forecast.events import combine

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


def _event_digests(events: "EventTable", *paths: str | None) -> dict[str, str]:
    """Return the SHA-256 of everything that decides how a table of events is counted, by name."""
    return {file.name: file.sha256 for file in events.files} | _digests(EVENT_TABLES, *paths)


def _digests(tables: Sequence[str], *paths: str | None) -> dict[str, str]:
    """Return the SHA-256 of tables of `data/` and of the user's own files, by name."""
    folder = data_folder()
    named = [Path(path) for path in paths if path and Path(path).is_file()]
    every = {f"data/{name}": folder / name for name in tables} | {path.name: path for path in named}
    return {name: digest(path.read_bytes()) for name, path in every.items()}


_READERS: dict[str, Callable[[Source, _Wanted], Records]] = {
    "chronology": _read_chronology, "events": _read_events, "counts": _read_counts, "index": _read_index,
    "feed": _read_feed, "archive": _read_archive, "several": _read_several,
}  # fmt: skip
