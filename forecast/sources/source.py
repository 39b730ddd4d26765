"""Where the data of a run come from, as plans and commands name it."""

import importlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
)
from pydantic import model_validator as validator

from forecast.arguments import DATE, DYAD, DYADS, SOURCE, checked
from forecast.dates import reject_future
from forecast.display import join_some
from forecast.errors import SpecError
from forecast.feeds.settings import FeedSettings
from forecast.forms import faults
from forecast.sources.records import Records, Wanted, add_files
from forecast.wording import join

KINDS = {
    "chronology": "forecast.sources.chronology",
    "events": "forecast.sources.events",
    "counts": "forecast.sources.counts",
    "index": "forecast.sources.index",
    "feed": "forecast.sources.feed",
    "archive": "forecast.sources.archive",
    "several": "forecast.sources.several",
}
"""The module of each kind of source, with a function `read` and its `WORDS`."""
_SELDOM = ("sources", "additions", "covered_to", "paths", "feed", "settings", "datasets")


class Source(BaseModel):
    """Where the data come from.

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
        if self.kind == "archive":
            if not self.path or self.mapping or self.sources or self.paths or self.feed:
                raise ValueError("an archive is given under `path`, its datasets under `datasets`, and nothing else")
            return self
        if self.datasets:
            raise ValueError("`datasets` are of the kind archive; leave them out, or name that kind")
        if self.kind == "feed":
            if self.path or self.mapping or self.sources or not self.paths:
                raise ValueError("a feed is given under `paths`, at least one, and needs no mapping")
            return self
        if self.paths or self.feed or self.settings:
            raise ValueError("`paths`, `feed` and `settings` are of the kind feed; leave them out, or name that kind")
        if self.kind == "several":
            if self.path or self.mapping or len(self.sources) < 2:
                raise ValueError("several sources are given under `sources`, at least two, each with its own path")
            return self
        if self.sources:
            raise ValueError(f"`sources` are the parts of the kind several; leave them out of {self.kind}")
        if self.kind != "chronology" and not (self.path and self.mapping):
            raise ValueError(f"{self.kind} need a path and a mapping; give both")
        if self.kind == "chronology" and self.mapping:
            raise ValueError("a chronology needs no mapping; leave it out, or name another kind")
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
        """What it is, for readers."""
        if self.additions:
            alone = self.model_copy(update={"additions": (), "covered_to": None})
            return f"{alone.words} and what {join(Path(path).name for path in self.additions)} add"
        if self.sources:
            return " and ".join(source.words for source in self.sources)
        if self.paths:
            names = join_some([Path(one).name for one in self.paths])
            return f"{importlib.import_module(KINDS[self.kind]).WORDS} ({names})"
        if self.path is None:
            return "the embedded chronology"
        if self.datasets:
            return (
                f"{join(self.datasets)} of {importlib.import_module(KINDS[self.kind]).WORDS} ({Path(self.path).name})"
            )
        return f"{importlib.import_module(KINDS[self.kind]).WORDS} ({Path(self.path).name})"


@checked(source=SOURCE, dyad=DYAD, as_of=DATE, dyads=DYADS)
def open_source(
    source: Source, dyad: str | None = None, as_of: date | None = None, dyads: Sequence[str] | None = None
) -> Records:
    """Read a source.

    Parameters
    ----------
    source : Source
        What to read.
    dyad : str, optional
        Read no more than this dyad needs, where the source keeps dyads apart.
    as_of : datetime.date, optional
        Read what there was on this day, where the source keeps what it held on earlier days; what became known later
        may be read too, and is left out of panels of the day.
    dyads : sequence of str, optional
        Of a source that can hold hundreds of dyads, read these alone.

    Returns
    -------
    Records
        What it holds.

    Raises
    ------
    UnknownDyadError, DataError, MappingError, SpecError
        If the dyad or a file makes no sense.

    Examples
    --------
    >>> from forecast.sources import Source, open_source
    >>> open_source(Source(), "chn-usa").dyads
    ['USA-CHN']
    """
    if as_of is not None:
        reject_future(as_of, "as-of")
    # What is added may be about any dyad, and is checked against the record of all.
    read = importlib.import_module(KINDS[source.kind]).read
    only = None if dyads is None or source.additions else tuple(dyads)
    records: Records = read(source, Wanted(None if source.additions else dyad, as_of, only))
    return add_files(records, source) if source.additions else records
