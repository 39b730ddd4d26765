"""Data of a run.

They are a chronology, an event table, counts, an index, or several of them, read in one way.

Entry points: `open_source` reads the data that a `Source` names, and `read_sources` counts them
into a panel. To add a kind of source, name it in `KINDS` and read it in `_read`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pandas as pd
from pydantic import model_serializer
from pydantic import model_validator as validator

from forecast.base.arguments import checked
from forecast.base.dates import Day, optional_day, reject_future
from forecast.base.described import described
from forecast.base.digests import digest, file_digest
from forecast.base.errors import SpecError, UnknownDyadError
from forecast.base.resources import data_folder
from forecast.base.typing import Dyad
from forecast.base.wording import Card, Displayed, join, join_some
from forecast.data.events import (
    add_events,
    combine,
    read_chronology,
    read_copdab,
    read_counts,
    read_index,
    read_keds,
    read_table,
    schemes,
)
from forecast.data.events.chronology import chronology_files
from forecast.data.events.coverage import parse_statements
from forecast.data.events.dyads import find_dyad
from forecast.data.events.keds import ACTORS
from forecast.data.events.stated_coverage import state_coverage
from forecast.data.events.table import REJECT_COLUMNS, EventTable, SourceFile
from forecast.data.feeds.feed import FeedSettings, Settings
from forecast.data.panel import describe_panel
from forecast.data.panel.spans import Frequency
from forecast.data.records import IndexTable, Records

if TYPE_CHECKING:
    import xarray as xr


_TABLE = (("path", "mapping"), (), "{kind} need a path and a mapping; give both")
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...], str]] = {
    "chronology": ("a chronology", (), ("path",), "a chronology needs a `path` at most"),
    "events": ("a table of events", *_TABLE),
    "counts": ("a table of counts", *_TABLE),
    "index": ("an index", *_TABLE),
    "keds": (
        "a table of KEDS",
        (),
        ("path", "scheme"),
        "a table of KEDS needs a `path` and its `scheme` at most",
    ),
    "copdab": (
        "monthly intensities of COPDAB",
        (),
        ("path",),
        "intensities of COPDAB need a `path` at most",
    ),
    "feed": (
        "a machine-coded feed",
        ("paths",),
        ("feed", "settings"),
        "a feed is given under `paths`, at least one",
    ),
    "archive": (
        "an archive",
        ("path",),
        ("datasets", "settings"),
        "an archive is given under `path`, its datasets under `datasets`",
    ),
    "several": (
        "several sources",
        ("sources",),
        (),
        "several sources are given under `sources`, at least two, each with its own path",
    ),
}
"""The kinds of source: words, fields that it must have and may have, and the message otherwise."""
_NAMING = {"path", "mapping", "sources", "paths", "feed", "settings", "datasets", "scheme"}
EVENT_TABLES = (
    "eras.csv",
    "coverage.csv",
    "codebook/cameo.csv",
    "codebook/classes.csv",
    "codebook/scales.csv",
)
FEED_TABLES = ("codebook/countries.csv", "codebook/plover.csv")
"""Tables in `data/` that decide how events, and those of feeds, are counted."""
CODE_TABLES = (ACTORS, *schemes.TABLES.values())
"""Tables that decide how events of KEDS are counted."""
_SELDOM = ("sources", "additions", "covered_to", "paths", "feed", "settings", "datasets", "scheme")


@described("a Source, such as Source() for the chronology or Source(kind='events', ...)")
class Source(Settings):
    """Data source.

    Attributes
    ----------
    kind : {"chronology", "events", "counts", "index", "keds", "copdab", "feed", "archive", \
            "several"}
        The embedded chronology or a folder like it; a table of events, of counts or of an index; a
        table of KEDS; monthly intensities of COPDAB; files of a machine-coded feed; datasets of an
        archive of such; or several sources together.
    path, mapping : str, optional
        The folder or table, and the file that says where the table's fields stand.
    sources : tuple of Source
        The parts of several, and of no other kind.
    additions : tuple of str
        Small files of events, or folders of such, that are added to it (`forecast.add_events`).
    covered_to : tuple of str
        Up to which day the record of a dyad is complete, in place of its last added day:
        ``USA-CHN:2026-06-21``, or with the first complete day after a gap
        ``USA-RUS:2026-03-29:2026-06-21``.
    paths : tuple of str
        The files, archives and folders of a feed.
    feed : str, optional
        Which feed it is, in place of what their content says.
    settings : FeedSettings, optional
        What is counted of a feed, or of an archive.
    datasets : tuple of str
        Which datasets of an archive; by default all.
    scheme : {"cameo", "weis"}, optional
        The coding scheme of a table of KEDS; by default CAMEO.

    Examples
    --------
    >>> from forecast.data.sources import Source
    >>> Source().words
    'the embedded chronology'
    >>> Source(kind="events", path="mine.csv", mapping="mine.yaml").words
    'a table of events (mine.csv)'
    """

    wrong: ClassVar[str] = "source: {}"

    # `chronology` (embedded, or a folder like it), `events`, `counts`, `index`, `keds`, `copdab`,
    # `feed`, `archive`, or `several`
    kind: str = "chronology"
    path: str | None = None  # Folder or table as given, or null; run the plan from the same folder
    mapping: str | None = None  # Mapping file, or null
    sources: tuple["Source", ...] = ()  # Parts of `several`
    additions: tuple[str, ...] = ()  # Added files or folders
    # Days to which dyads are complete: PAIR:DAY or PAIR:FIRST:LAST
    covered_to: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()  # Files, archives and folders of a `feed`
    feed: str | None = None  # Which feed, if the content does not say
    settings: FeedSettings | None = None  # Settings of a feed that are not defaults
    datasets: tuple[str, ...] = ()  # Datasets of an `archive`, if not all
    scheme: Literal["cameo", "weis"] | None = None  # Coding scheme of a table of KEDS, if not CAMEO

    @validator(mode="after")
    def _complete(self) -> Self:
        if self.covered_to and not self.additions:
            raise ValueError(
                "covered_to: says how far added events complete the record, but none are added"
            )
        parse_statements(self.covered_to)
        if self.kind not in KINDS:
            raise ValueError(f"there is no source {self.kind!r}; use one of {', '.join(KINDS)}")
        _, required, optional, words = KINDS[self.kind]
        given = {name for name in _NAMING if getattr(self, name)}
        unknown = given.difference(required, optional)
        if (
            unknown
            or not given.issuperset(required)
            or (self.kind == "several" and len(self.sources) < 2)
        ):
            leave = f"; leave out {join(sorted(unknown))}, or name another kind" if unknown else ""
            raise ValueError(words.format(kind=self.kind) + leave)
        return self

    @model_serializer(mode="wrap")
    def _without_empty_parts(self, handler: Callable[[Self], dict[str, Any]]) -> dict[str, Any]:
        """Leave out what there is none of, so that plans of one source read as they always did."""
        return {
            name: value for name, value in handler(self).items() if value or name not in _SELDOM
        }

    @property
    def latest(self) -> "Source":
        """The same, with the latest editions of an archive on whatever day it is read.

        Any other source as it is.
        """
        if self.kind == "several":
            return self.model_copy(
                update={"sources": tuple(source.latest for source in self.sources)}
            )
        if self.kind != "archive":
            return self
        settings = (self.settings or FeedSettings()).model_copy(update={"editions": "latest"})
        return self.model_copy(update={"settings": settings})

    @property
    def files(self) -> list[Path]:
        """The files and folders that are named to be read."""
        paths = [
            Path(given)
            for given in (self.path, self.mapping, *self.paths, *self.additions)
            if given
        ]
        return paths + [path for part in self.sources for path in part.files]

    @property
    def words(self) -> str:
        """Description for readers."""
        if self.additions:
            alone = self.model_copy(update={"additions": (), "covered_to": ()})
            return f"{alone.words} and what {join(Path(path).name for path in self.additions)} add"
        if self.sources:
            return " and ".join(source.words for source in self.sources)
        if self.path is None and not self.paths:
            return "the embedded chronology" if self.kind == "chronology" else KINDS[self.kind][0]
        named = join_some([Path(given).name for given in self.paths or (str(self.path),)])
        of = f"{join(self.datasets)} of " if self.datasets else ""
        return f"{of}{KINDS[self.kind][0]} ({named})"


@checked
def open_source(
    source: Source, dyads: Sequence[Dyad] | None = None, as_of: date | None = None
) -> Records:
    """Read what is needed of a source: some dyads, as of a day.

    One that cannot tell these apart reads more.
    """
    if as_of is not None:
        reject_future(as_of, "as-of")
    # What is added may be about any dyad, and is checked against the data of all.
    records = _read(source, None if source.additions else dyads, as_of)
    if not source.additions:
        return records
    if (table := records.events) is None:
        raise SpecError(
            "add: the source holds no single events, to which others could be added; leave it out"
        )
    for path in map(Path, source.additions):
        files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not files:
            raise SpecError(
                f"add: {path} holds no file with the ending .csv; name a file, or another folder"
            )
        for file in files:
            table = add_events(table, file)
    table = state_coverage(table, parse_statements(source.covered_to))
    new = {addition.file: addition.sha256 for addition in table.additions}
    return replace(records, table=table, digests=records.digests | new)


def _read(source: Source, dyads: Sequence[str] | None, as_of: date | None) -> Records:
    path = str(source.path)
    mapping = str(source.mapping)
    only_dyad = list(dyads) if dyads is not None and len(dyads) == 1 else None
    if source.kind == "several":
        return _read_several(source, dyads, as_of)
    if source.kind == "chronology":
        events = read_chronology(
            source.path,
            dyads=only_dyad and [find_dyad(only_dyad[0], chronology_files(source.path))],
        )
        return Records(events, _event_digests(events), by_dyad=True)
    if source.kind == "events":
        events = read_table(path, mapping)
        return Records(events, _event_digests(events, path, mapping))
    if source.kind in ("keds", "copdab") and source.path is None:
        raise SpecError(
            f"source: {source.words} has no path; name the file (--events FILE --format "
            f"{source.kind})"
        )
    if source.kind == "keds":
        events = read_keds(path, source.scheme or "cameo")
        return Records(
            events,
            _event_digests(events)
            | {f"codes/{table.name}": file_digest(table) for table in CODE_TABLES},
        )
    if source.kind == "counts":
        return Records(read_counts(path, mapping), _digests(["eras.csv"], path, mapping))
    if source.kind in ("index", "copdab"):
        values = read_index(path, mapping) if source.kind == "index" else read_copdab(path)
        digests = _digests(["eras.csv"], path, source.mapping)
        file = SourceFile(Path(path).name, digests[Path(path).name], len(values), 0)
        rejects = pd.DataFrame(columns=list(REJECT_COLUMNS))
        return Records(IndexTable(values.dropna(subset="value"), rejects, (file,)), digests)
    if source.kind == "feed":
        from forecast.data.feeds import read_feed

        events = read_feed(
            source.paths, dyads=only_dyad, feed=source.feed, settings=source.settings
        )
    else:
        from forecast.data.archive import read_archive

        events = read_archive(
            path,
            list(source.datasets) or None,
            dyads=dyads and list(dyads),
            as_of=as_of,
            settings=source.settings,
        )
    return Records(events, _event_digests(events) | _digests(FEED_TABLES))


def _read_several(source: Source, dyads: Sequence[str] | None, as_of: date | None) -> Records:
    """Read all parts, and put their events together, each a dataset of its own."""
    opened = []
    missing = None
    for part in source.sources:
        try:
            opened.append((part, open_source(part, dyads, as_of)))
        except UnknownDyadError as error:
            missing = error
    if not opened and missing:
        raise missing
    tables = []
    digests = dict[str, str]()
    seen = dict[str, str]()
    for part, records in opened:
        if records.events is None:
            raise SpecError(
                f"source: {part.words} holds no single events; only event tables can be put "
                "together"
            )
        for name in records.datasets:
            if name in seen:
                raise SpecError(
                    f"dataset: {seen[name]} and {part.words} are both called {name!r}; give one of "
                    "them another `dataset` in its mapping"
                )
            seen[name] = part.words
        tables.append(records.events)
        digests |= records.digests
    return Records(combine(tables), digests)


def _event_digests(events: EventTable, *paths: str | None) -> dict[str, str]:
    """Return the SHA-256 of everything that decides how a table of events is counted, by name."""
    return {file.name: file.sha256 for file in events.files} | _digests(EVENT_TABLES, *paths)


def _digests(tables: Sequence[str], *paths: str | None) -> dict[str, str]:
    """Return the SHA-256 of tables of `data/` and of the user's own files, by name."""
    folder = data_folder()
    named = [Path(path) for path in paths if path and Path(path).is_file()]
    every = {f"data/{name}": folder / name for name in tables} | {path.name: path for path in named}
    return {name: digest(path.read_bytes()) for name, path in every.items()}


@described("Data, such as read_sources(Source()) returns")
@dataclass(frozen=True, repr=False)
class Data(Displayed):
    """The data of a run."""

    source: Source
    dyads: tuple[str, ...]
    as_of: date  # Nothing known later is in the panel
    panel: "xr.Dataset"
    digest: str  # SHA-256 of all that the panel holds
    files: dict[str, str]  # SHA-256 of each file that was read, by name
    events: EventTable | None = None  # Single events, if the source has any

    def _card(self) -> Card:
        facts = describe_panel(self.panel).facts
        dyads = join_some(list(self.dyads))
        return Card(
            f"Data of {dyads} as of {self.as_of}", (*facts, ("files", join_some(list(self.files))))
        )


@checked
def read_sources(
    source: Source,
    dyads: Sequence[Dyad] | None = None,
    *,
    as_of: Day | None = None,
    frequency: Frequency = "month",
) -> Data:
    """Read the data and count them into a panel, with digests of all that they follow from.

    Parameters
    ----------
    source : Source
    dyads : sequence of str, optional
        Each in either order and any case. By default all that the source had anything of by the
        day.
    as_of : str or datetime.date, optional
        By default the last day to which the record of any of the dyads is complete. Of an archive
        the latest editions are read then (`Source.latest`).
    frequency : {"month", "week"}
        As for `build_panel`; counts bring their own.

    Returns
    -------
    Data
        The panel, the events behind it, and digests of the files.

    Raises
    ------
    UnknownDyadError, DataError, MappingError, SpecError
        If a dyad, the file or the day makes no sense.

    Examples
    --------
    >>> from datetime import date
    >>> from forecast.data.sources import Source, read_sources
    >>> data = read_sources(Source(), ["chn-usa"], as_of=date(2023, 10, 31))
    >>> data.dyads, data.panel.sizes["time"], sorted(data.files)[0]
    (('USA-CHN',), 889, 'USA-CHN.csv')
    """
    as_of = optional_day(as_of, "as_of")
    records = open_source(source, dyads, as_of)
    if dyads is not None:
        chosen = list(dict.fromkeys(records.find(dyad) for dyad in dyads))
    else:
        chosen = records.dyads if as_of is None else records.known(as_of)
    day = as_of or max(records.last_day(dyad) for dyad in chosen)
    # Read once more, so that the same can be read again as of that day.
    if as_of is None and source.latest != source:
        source = source.latest
        records = open_source(source, dyads, day)
    panel = records.panel(chosen, day, frequency)
    codes = tuple(str(code) for code in panel["dyad"].to_numpy())
    return Data(
        source, codes, day, panel, panel_digest(panel), records.digests_of(codes), records.events
    )


def panel_digest(panel: "xr.Dataset") -> str:
    """Return the SHA-256 of all that a panel holds, the same on every machine and version."""
    parts = [f"{name}={panel.attrs[name]}".encode() for name in sorted(panel.attrs)]
    for name in sorted(str(name) for name in panel.variables):
        values = panel[name].to_numpy()
        if values.dtype.kind in "OUT":
            content = "\0".join(map(str, values.ravel())).encode()
        else:
            numbers = values.astype("datetime64[s]") if values.dtype.kind == "M" else values
            content = numbers.astype("<f8" if values.dtype.kind == "f" else "<i8").tobytes()
        parts += [f"{name} {panel[name].dims} {values.shape}".encode(), content]
    return digest(b"\0".join(parts))
