"""Data sources as plans and commands name them, the reader of each kind, and their panel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
)
from pydantic import model_validator as validator

from forecast.arguments import DATE, DYAD, DYADS, FREQUENCY, SOURCE, TEXT, UNIT, checked, faults
from forecast.dates import reject_future
from forecast.errors import SpecError, UnknownDyadError
from forecast.events import SourceFile, combine, find_dyad, read_chronology, read_counts, read_index, read_table
from forecast.events.tables import chronology_files
from forecast.feeds.feed import FeedSettings
from forecast.files import digest
from forecast.panel import describe_panel
from forecast.resources import data_folder
from forecast.sources.records import Counting, CountRecords, EventRecords, Frequency, IndexRecords, Records, Unit
from forecast.wording import Card, Displayed, join, join_some

if TYPE_CHECKING:
    import xarray as xr

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
"""The kinds of source, each with its words."""
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
    records = _read(source, None if source.additions else dyad, as_of, only)
    if not source.additions:
        return records
    if not isinstance(records, EventRecords):
        raise SpecError("add: the source holds no single events, to which others could be added; leave it out")
    return records.adding(source.additions, source.covered_to)


def _read(source: Source, dyad: str | None, as_of: date | None, dyads: Sequence[str] | None) -> Records:
    """Read what is needed of a source: a dyad, some dyads, as of a day; one that cannot tell it apart reads more."""
    path, mapping = str(source.path), str(source.mapping)
    if source.kind == "several":
        return _read_several(source, dyad, as_of, dyads)
    if source.kind == "chronology":
        only = None if dyad is None else [find_dyad(dyad, chronology_files(source.path))]
        events = read_chronology(source.path, dyads=only)
        return EventRecords(events, _event_digests(events), by_dyad=True)
    if source.kind == "events":
        events = read_table(path, mapping)
        return EventRecords(events, _event_digests(events, path, mapping))
    if source.kind == "counts":
        return CountRecords(read_counts(path, mapping), _digests(["eras.csv"], path, mapping))
    if source.kind == "index":
        values, digests = read_index(path, mapping), _digests(["eras.csv"], path, mapping)
        name = Path(path).name
        file = SourceFile(name, digests[name], len(values), 0)
        return IndexRecords(values.dropna(subset="value"), file, digests)
    if source.kind == "feed":
        from forecast.feeds import read_feed

        own = None if dyad is None else [dyad]
        events = read_feed(source.paths, dyads=own, feed=source.feed, settings=source.settings)
    else:
        from forecast.archive import read_archive

        wanted = dyads if dyad is None else [dyad]
        events = read_archive(
            path, list(source.datasets) or None, dyads=wanted and list(wanted), as_of=as_of, settings=source.settings
        )
    return EventRecords(events, _event_digests(events) | _digests(FEED_TABLES))


def _read_several(source: Source, dyad: str | None, as_of: date | None, dyads: Sequence[str] | None) -> Records:
    """Read all parts, and put their events together, each a dataset of its own."""
    opened, missing = [], None
    for part in source.sources:
        try:
            opened.append((part, open_source(part, dyad, as_of, dyads)))
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


@dataclass(frozen=True, repr=False)
class Data(Displayed):
    """The data of a run."""

    source: Source
    dyads: tuple[str, ...]
    as_of: date  # Nothing known later is in the panel
    panel: "xr.Dataset"
    digest: str  # SHA-256 of all that the panel holds
    files: dict[str, str]  # SHA-256 of each file that was read, by name
    events: "EventTable | None" = None  # Single events, if the source has any

    def _card(self) -> Card:
        facts = describe_panel(self.panel).facts
        dyads = join_some(list(self.dyads))
        return Card(f"Data of {dyads} as of {self.as_of}", (*facts, ("files", join_some(list(self.files)))))


@checked(source=SOURCE, dyads=DYADS, as_of=DATE, frequency=FREQUENCY, scale=TEXT, unit=UNIT)
def gather(
    source: Source,
    dyads: Sequence[str] | None = None,
    *,
    as_of: date | None = None,
    frequency: Frequency = "month",
    scale: str = "commitment",
    unit: Unit = "event",
) -> Data:
    """Read the data and count them into a panel, with digests of all that they follow from.

    Parameters
    ----------
    source : Source
    dyads : sequence of str, optional
        Each in either order and any case. By default all that the source had anything of by the day.
    as_of : datetime.date, optional
        By default the last day to which the record of any of the dyads is complete. Of an archive the latest editions
        are read then (`Source.latest`).
    frequency, scale, unit
        As for `build_panel`; counts bring their own, and an index only uses the frequency.

    Raises
    ------
    UnknownDyadError, DataError, MappingError, SpecError
        If a dyad, the file or the day makes no sense.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.sources import Source, gather
    >>> data = gather(Source(), ["chn-usa"], as_of=date(2023, 10, 31))
    >>> data.dyads, data.panel.sizes["time"], sorted(data.files)[0]
    (('USA-CHN',), 889, 'USA-CHN.csv')
    """
    only = dyads[0] if dyads is not None and len(dyads) == 1 else None
    records = open_source(source, only, as_of, dyads)
    if dyads is None:
        known = records.dyads if as_of is None else records.known(as_of)
        chosen = [code for code in records.dyads if code in known]
    else:
        chosen = list(dict.fromkeys(records.find(dyad) for dyad in dyads))
    day = as_of or max(records.last_day(dyad) for dyad in chosen)
    if as_of is None and source.latest != source:  # read once more as it can be read again on that day
        source = source.latest
        records = open_source(source, only, day, dyads)
    panel = records.panel(chosen, day, Counting(frequency, scale, unit))
    codes = tuple(str(code) for code in panel["dyad"].to_numpy())
    return Data(source, codes, day, panel, panel_digest(panel), records.digests_of(codes), records.events)


def panel_digest(panel: "xr.Dataset") -> str:
    """Return the SHA-256 of all that a panel holds, the same on every machine and version."""
    parts = [f"{name}={panel.attrs[name]}".encode() for name in sorted(panel.attrs)]
    for name in sorted(str(name) for name in panel.variables):
        values = panel[name].to_numpy()
        parts.append(f"{name} {panel[name].dims} {values.shape}".encode())
        parts.append(_bytes(values))
    return digest(b"\0".join(parts))


def _bytes(values: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> bytes:
    if values.dtype.kind in "OUT":
        return "\0".join(map(str, values.ravel())).encode()
    if values.dtype.kind == "M":
        values = values.astype("datetime64[s]").astype(np.int64)
    return values.astype("<f8" if values.dtype.kind == "f" else "<i8").tobytes()
