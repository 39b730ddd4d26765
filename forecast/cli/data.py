"""Options that name the data of a command, and the data that they name."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import forecast
from forecast.base.errors import DataError, SpecError
from forecast.cli.terminal import say

if TYPE_CHECKING:
    from datetime import date

    from forecast.data.events import EventTable
    from forecast.data.records import Records

CHRONOLOGY = "chronology"  # As a table of events: the embedded chronology


@dataclass(kw_only=True)
class DataOptions:
    """Source of the data."""

    datasets: str | None = None
    archive: Path | None = None
    events: list[Path] | None = None
    mapping: list[Path] | None = None
    counts: Path | None = None
    index: Path | None = None
    format: Literal["keds", "copdab"] | None = None
    scheme: Literal["cameo", "weis"] | None = None
    feed: str | None = None
    feed_setting: list[str] | None = None

    @cached_property
    def source(self) -> "forecast.Source | None":
        """The source of the data; None if no option names one."""
        from forecast.data.feeds import parse_settings

        mappings, settings = (
            self.mapping or [],
            parse_settings(self.feed_setting) if self.feed_setting else None,
        )
        tables = {"events": self.events, "counts": self.counts, "index": self.index}
        named = [name for name, given in tables.items() if given]
        if self.format or self.scheme:
            return self._formatted(bool(mappings or self.feed or settings or named != ["events"]))
        if self.datasets or self.archive:
            if named or mappings or self.feed:
                raise SpecError(
                    "--data: names the data, as --events, --counts and --index do; give one of them"
                )
            return _named_data(self.datasets, self.archive, settings)
        if len(named) > 1:
            raise SpecError(
                f"--{', --'.join(named)}: two kinds of source at once; give one of them"
            )
        if (self.feed or settings) and not self.events:
            raise SpecError("--feed: says how to read --events, which is missing; give both")
        if self.events:
            return _of_files(self.events, mappings, self.feed, settings)
        if named:
            _require_mappings(named[0], 1, mappings)
            return forecast.Source(
                kind=named[0], path=str(tables[named[0]]), mapping=str(mappings[0])
            )
        if mappings:
            raise SpecError(
                "--mapping: says how to read --events, --counts or --index, which is missing; "
                "give both"
            )
        return None

    def _formatted(self, more: bool) -> "forecast.Source":
        """Return the source of the file that --format describes."""
        if self.format is None:
            raise SpecError(
                "--scheme: says how --format keds is coded, which is missing; give both"
            )
        if self.scheme and self.format != "keds":
            raise SpecError(f"--scheme: --format {self.format} has none; leave it out")
        if more or self.datasets or self.archive or len(self.events or ()) != 1:
            raise SpecError(
                "--format: describes one file of --events, and nothing else; give --events FILE "
                "alone"
            )
        path = str(self.events[0]) if self.events else None
        return forecast.Source(kind=self.format, path=path, scheme=self.scheme)

    @property
    def paths(self) -> list[Path]:
        """The files that are read."""
        return self.source.files if self.source else []


@dataclass(kw_only=True)
class AddedDataOptions(DataOptions):
    """Source of the data, and events that are added to them."""

    add: list[Path] | None = None
    covered_to: list[str] | None = None

    @property
    def given(self) -> "forecast.Source | None":
        """The source of the data with the events that are added to it."""
        if not self.add:
            if self.covered_to:
                raise SpecError(
                    "--covered-to: says how far added events complete the record; give --add as "
                    "well"
                )
            return self.source
        from forecast.data.events.coverage import parse_statements

        stated = tuple(map(str, parse_statements(self.covered_to)))
        added = {"additions": tuple(map(str, self.add)), "covered_to": stated}
        return (self.source or forecast.Source()).model_copy(update=added)


def _of_files(
    paths: list[Path],
    mappings: list[Path],
    feed: str | None,
    settings: "forecast.FeedSettings | None",
) -> "forecast.Source":
    """Return the source of chronologies, tables and files of feeds, which stand last.

    With --feed all are files of it; else those that look like one, unless every table has its
    mapping.
    """
    from forecast.data.feeds import detect_feed
    from forecast.data.feeds.detect import find_feed

    if feed and mappings:
        raise SpecError("--feed, --mapping: a feed needs no mapping; leave out one of them")
    named = find_feed(feed).name if feed else None
    files = [path for path in paths if str(path) != CHRONOLOGY and not path.is_dir()]
    mapped = bool(mappings) and len(files) == len(mappings)
    feeds, others, tables = dict[str, list[str]](), list[Path](), list[Path]()
    for path in paths:
        looked_at = not mapped and path.exists() and not _is_chronology(path)
        if str(path) != CHRONOLOGY and (
            name := named or (detect_feed(path) if looked_at else None)
        ):
            feeds.setdefault(name, []).append(str(path))
            continue
        others.append(path)
        if path in files and (mappings or looked_at):
            tables.append(path)
    if settings and not feeds:
        raise SpecError(
            "--feed-setting: no file of a feed is given; leave it out, or name files of a feed"
        )
    _require_mappings("events", len(tables), mappings)
    of_table = dict(zip(tables, mappings, strict=True))
    sources = [
        forecast.Source(kind="events", path=str(path), mapping=str(of_table[path]))
        if path in of_table
        else forecast.Source(path=None if str(path) == CHRONOLOGY else str(path))
        for path in others
    ]
    sources += [
        forecast.Source(kind="feed", paths=tuple(files), feed=name, settings=settings)
        for name, files in feeds.items()
    ]
    return _together(sources)


def _require_mappings(kind: str, tables: int, mappings: list[Path]) -> None:
    if len(mappings) != tables:
        raise SpecError(
            f"--{kind}: a mapping must say where the table's fields stand; give --mapping as well, "
            f"one a table (tables: {tables}, mappings: {len(mappings)})"
        )


def _together(sources: "list[forecast.Source]") -> "forecast.Source":
    return (
        sources[0] if len(sources) == 1 else forecast.Source(kind="several", sources=tuple(sources))
    )


def named_datasets(data: str | None) -> list[str]:
    """Return the names in --data, each once, in their order."""
    names = list(
        dict.fromkeys(word.strip().lower() for word in (data or "").split(",") if word.strip())
    )
    if data and not names:
        raise SpecError(
            "--data: no dataset is named; name some, such as chronology,gdelt, or leave it out"
        )
    return names


def _named_data(
    data: str | None, archive: Path | None, settings: "forecast.FeedSettings | None"
) -> "forecast.Source":
    """Return the source of datasets that are named; without names, all that an archive holds."""
    names = named_datasets(data)
    of_archive = [name for name in names if name != CHRONOLOGY]
    if of_archive and archive is None:
        raise SpecError(
            f"--data: {of_archive[0]!r:.60} is a dataset of an archive; give --archive as well"
        )
    if archive is not None and names and not of_archive:
        raise SpecError(
            "--archive: none of its datasets is named; name one in --data, or leave --archive out"
        )
    if settings and archive is None:
        raise SpecError(
            "--feed-setting: the chronology is no feed; leave it out, or name a dataset of an "
            "archive"
        )
    sources = [forecast.Source()] if CHRONOLOGY in names else []
    if archive is not None:
        kept = forecast.Source(
            kind="archive", path=str(archive), datasets=tuple(of_archive), settings=settings
        )
        sources = [kept, *sources] if names and names[0] != CHRONOLOGY else [*sources, kept]
    return _together(sources)


def _is_chronology(path: Path) -> bool:
    """Return whether a path is, by its name, a chronology: the embedded one, a file or a folder."""
    name = re.compile(r"[A-Z]{3}-[A-Z]{3}\.csv", re.IGNORECASE)
    files = path.iterdir() if path.is_dir() else [path]
    return str(path) == CHRONOLOGY or any(name.fullmatch(file.name) for file in files)


def open_data(
    given: "forecast.Source | None", dyad: str | None = None, as_of: "date | None" = None
) -> "Records":
    """Open a source, by default the chronology, as it was on a day.

    No more than one dyad needs, if it is given.
    """
    from forecast.data.events.coverage import gap_warnings
    from forecast.data.sources import open_source

    records = open_source(given or forecast.Source(), None if dyad is None else [dyad], as_of)
    for warning in () if records.events is None else gap_warnings(records.events.additions):
        say(warning)
    return records


def event_table(
    given: "forecast.Source | None", dyad: str | None = None, as_of: "date | None" = None
) -> "EventTable":
    """Return the single events of a source as known on a day, of all dyads or of one."""
    events = open_data(given, dyad, as_of).events
    if events is None:
        raise DataError(
            "--events: the source holds no single events; give a table of events or a chronology"
        )
    return events
