"""Archive catalogue: one SQLite file of imported files and of segments with their row counts."""

import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from forecast.base.digests import digest, file_digest
from forecast.base.durable import sync_folder
from forecast.base.errors import DataError, ForecastError, OutputError
from forecast.base.file_faults import lacking, unwritable
from forecast.base.unfinished import partial_folder
from forecast.base.wording import join_some

SCHEMA = 2
APPLICATION = 0x70656E64
"""Application id of the SQLite file: "pend"."""
CATALOGUE = "catalogue.sqlite"
ROWS, REJECTED, FILES = PARTS = "rows", "rejected", "files"
"""Folders of the segments: rows between two states, rejected rows, and the imported files of each
batch."""
SEGMENT = re.compile(
    rf"(?:{'|'.join(PARTS)})/(?:dataset=[a-z0-9_]+/)?(?:month=[0-9a-z-]+/)?[0-9a-f]+\.parquet"
)
"""Path of a segment in its archive: what else the catalogue calls pending is none, and is left
alone."""
PATIENCE = 30
"""Seconds that SQLite waits for another process."""
PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
}
"""Errors of SQLite that say nothing of what is in the file."""
TABLES = """
CREATE TABLE batch (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, next_file INTEGER NOT NULL, sha256 TEXT NOT NULL
) STRICT;
CREATE TABLE file (
    file INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batch, entry TEXT NOT NULL
) STRICT;
CREATE TABLE segment (
    path TEXT PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batch, bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL, rows INTEGER NOT NULL
) STRICT;
CREATE TABLE pending (path TEXT PRIMARY KEY) STRICT;
"""

Key = tuple[str, str]
"""SHA-256 of a file and, of an archive, the name of the member."""


class NewerError(DataError):
    """The catalogue was written by a newer version, which can read it."""


class Counts(NamedTuple):
    """Numbers of rows: all, between two states, rejected, filtered."""

    rows: int = 0
    between: int = 0
    rejected: int = 0
    filtered: int = 0


def summed(counts: Iterable[Counts]) -> Counts:
    """Add numbers of rows."""
    return Counts(*map(sum, zip(Counts(), *counts, strict=True)))


class Segment(NamedTuple):
    """A Parquet file of the archive, with its size and checksum."""

    path: str
    bytes: int
    sha256: str
    rows: int


class Entry(BaseModel):
    """An imported file; docs/schema/archive.md describes the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: int  # Its number
    dataset: str  # Name of the feed
    name: str  # Name in messages: `archive.zip/member`
    sha256: str  # Of the file as it was given
    member: str  # Of a zip archive the member, else empty
    said: str  # Name that gives days and edition
    # `year`, `month`, `day`, `quarter hour`, `quarter hour, translated`, `release`, or `file` if
    # its name says nothing
    series: str
    covers: tuple[tuple[date, date], ...]  # First and last day of each span
    part: float  # Fraction of its day
    edition: str  # Stamp of the edition, or empty
    year: int | None  # Year of the edition, or null
    first: date | None  # Of an edition the first day with a row
    last: date | None  # The last one
    # From when its rows could be known, where they do not say (ICEWS): `published`, else the day
    # after its name
    released: date | None
    # Of an edition `published`, else its stamp, else the day after its last event
    issued: date | None
    known: date | None  # First day on which any of its rows was known
    mended: int  # Rows that are not UTF-8
    filtered_by: dict[str, int]  # Rows not between two states, by reason
    # By month: rows, those between two states, rejected, filtered; rows without a day are in the
    # file's first month
    months: dict[str, Counts]
    published: date | None = None  # Day of publication by `fetch.json`, or null
    # Other names of the same content that give days; left out if there is none. `said` is the one
    # in whose days the most rows are; days of others are in `covers` where rows are, and the
    # earliest release of all of them counts
    also: tuple[str, ...] = ()

    @model_serializer(mode="wrap")
    def _plain(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return its fields.

        An entry with one name has no field `also`: its checksum is that of entries from before.
        """
        fields: dict[str, Any] = plain(self)
        if not self.also:
            del fields["also"]
        return fields

    @property
    def key(self) -> Key:
        """Identity of the file, whatever its name."""
        return self.sha256, self.member

    @property
    def counts(self) -> Counts:
        """Its rows, over all months."""
        return summed(self.months.values())


@dataclass(frozen=True)
class Batch:
    """Files that were committed together, with their segments.

    `next_file` is the number of the first file of the next batch: rows of a file that could not be
    read to its end may be in a segment, so no other file gets its number.
    """

    number: int
    at: str
    next_file: int
    files: tuple[Entry, ...]
    segments: tuple[Segment, ...]

    @property
    def sha256(self) -> str:
        """Checksum of everything that the catalogue says of the batch."""
        stated = json.dumps([self.number, self.at, self.next_file, self.segments])
        return digest(
            "\n".join([stated, *(entry.model_dump_json() for entry in self.files)]).encode()
        )


@dataclass(frozen=True)
class Catalogue:
    """All batches of an archive in their order, and the segments of an unfinished import."""

    folder: Path
    batches: tuple[Batch, ...] = ()
    pending: frozenset[str] = frozenset()

    @cached_property
    def entries(self) -> dict[Key, Entry]:
        """The files to be read, by key: of a file that was imported again, the last entry."""
        return {entry.key: entry for batch in self.batches for entry in batch.files}

    @cached_property
    def paths(self) -> frozenset[str]:
        """Paths of all segments."""
        return frozenset(segment.path for batch in self.batches for segment in batch.segments)

    @property
    def next_file(self) -> int:
        """Number of the next file."""
        return self.batches[-1].next_file if self.batches else 0

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return sorted({entry.dataset for entry in self.entries.values()})

    def current(self, batch: Batch) -> list[Entry]:
        """Return the files of a batch that no later entry replaces."""
        return [entry for entry in batch.files if self.entries[entry.key] is entry]

    def damaged(self) -> set[Key]:
        """Return the files with a segment that is missing or of another size; none is read."""

        def is_there(segment: Segment) -> bool:
            path = self.folder / segment.path
            return path.is_file() and path.stat().st_size == segment.bytes

        broken = [batch for batch in self.batches if not all(map(is_there, batch.segments))]
        return {entry.key for batch in broken for entry in self.current(batch)}

    def require_whole(self, batches: Sequence[Batch], inside: str = "") -> None:
        """Compare segments whose path begins with `inside` with their checksums."""
        for batch in batches:
            for segment in batch.segments:
                if segment.path.startswith(inside) and (fault := self.fault(segment)):
                    raise DataError(
                        f"{self.folder / segment.path} {fault}. Delete it, and import again the "
                        "files whose rows are in it: "
                        f"{join_some([entry.name for entry in self.current(batch)])}."
                    )

    def fault(self, segment: Segment) -> str:
        """Describe the fault of a segment; '' if it is unchanged."""
        try:
            actual = file_digest(self.folder / segment.path)
        except OSError as error:
            return f"cannot be read ({error.strerror or error})"
        return "" if actual == segment.sha256 else "is damaged: its checksum differs"


def repair_hint(folder: Path) -> str:
    """Return the remedy for a catalogue and segments that do not agree."""
    return f"Nothing was changed. Run `forecast events repair --archive {folder}`."


def read_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue of an archive, and make sure that it names every segment in the folder."""
    # before the catalogue is read: it names a segment before that is written
    on_disk = segments_on_disk(folder)
    catalogue = load(folder)
    unknown = [path for path in unknown_segments(catalogue, on_disk) if (folder / path).exists()]
    if unknown:
        raise DataError(
            f"{folder}: {CATALOGUE} does not name {len(unknown):,} of its segments "
            f"({join_some(unknown)}). It may be an older copy, or the segments may be from "
            f"elsewhere. {repair_hint(folder)}"
        )
    return catalogue


def unknown_segments(catalogue: Catalogue, on_disk: Iterable[str]) -> list[str]:
    """Return segments that the catalogue names nowhere, not even in an unfinished import."""
    return sorted(set(on_disk) - catalogue.paths - catalogue.pending)


def segments_on_disk(folder: Path) -> set[str]:
    """Return the paths of the Parquet files in an archive."""
    for name in (CATALOGUE, f"{CATALOGUE}-wal", f"{CATALOGUE}-shm", *PARTS):
        _require_own(folder / name, stat.S_ISDIR if name in PARTS else stat.S_ISREG)
    paths = set[str]()
    for part in PARTS:
        for inside, folders, names in os.walk(folder / part):
            for name in (*folders, *names):
                path = Path(inside, name)
                if path.is_symlink() or path.is_junction():
                    raise _link(path)
                inside_it = path.relative_to(folder)
                hidden = any(part.startswith(".") for part in inside_it.parts)
                if name in names and path.suffix == ".parquet" and not hidden:
                    paths.add(inside_it.as_posix())
    return paths


def _require_own(path: Path, is_right: Callable[[int], bool]) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror or error}. Check the path."
        ) from error
    if stat.S_ISLNK(mode) or path.is_junction():
        raise _link(path)
    if not is_right(mode):
        raise DataError(
            f"{path} is not what an archive has there (`forecast help archive`). Move it away."
        )


def _link(path: Path) -> DataError:
    return DataError(
        f"{path} is a link, and archives are neither read nor written through links. Nothing was "
        "changed. Put the folder or file itself in its place, or name the real folder with "
        "--archive."
    )


def load(folder: Path) -> Catalogue:
    """Read the catalogue without a look at the segments."""
    if not (folder / CATALOGUE).exists():
        if holds_segments(folder):
            raise DataError(
                f"{folder}: {CATALOGUE} is missing, and segments are there. {repair_hint(folder)}"
            )
        raise DataError(
            f"{folder} is no archive: it has no {CATALOGUE}. Import files into it first (`forecast "
            "events import`)."
        )
    try:
        with connected(folder) as database:
            _require_schema(folder, database)
            return _loaded(folder, database)
    except DataError:
        raise
    except (sqlite3.Error, ValueError, TypeError, KeyError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING:
            raise ForecastError(lacking(folder / CATALOGUE, str(error))) from error
        raise DataError(
            f"{folder / CATALOGUE} is damaged ({error!s:.200}). {repair_hint(folder)}"
        ) from error


def holds_segments(folder: Path) -> bool:
    """Return whether any of the segment folders contains something."""
    return any(path.is_dir() and any(path.iterdir()) for path in (folder / part for part in PARTS))


def _require_schema(folder: Path, database: sqlite3.Connection) -> None:
    (application,), (schema,) = (
        database.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    if application != APPLICATION:
        raise DataError(
            f"{folder / CATALOGUE} is no catalogue of an archive. {repair_hint(folder)}"
        )
    if schema > SCHEMA:
        raise NewerError(
            f"{folder / CATALOGUE} has schema {schema}; this version reads {SCHEMA}. Use a newer "
            "version."
        )
    if schema < SCHEMA:
        raise DataError(
            f"{folder / CATALOGUE} has schema {schema}, and this version reads {SCHEMA}. "
            f"{repair_hint(folder)}"
        )
    (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
    (page,) = database.execute("PRAGMA page_size").fetchone()
    if (folder / CATALOGUE).stat().st_size % page:
        state = "it has been cut"
    if state != "ok":
        raise sqlite3.DatabaseError(" ".join(state.split()))


def _loaded(folder: Path, database: sqlite3.Connection) -> Catalogue:
    database.execute("BEGIN")  # one state of all tables
    files: dict[int, list[Entry]] = {}
    for batch, entry in database.execute("SELECT batch, entry FROM file ORDER BY file"):
        files.setdefault(batch, []).append(Entry.model_validate_json(entry))
    segments: dict[int, list[Segment]] = {}
    for batch, *values in database.execute(
        "SELECT batch, path, bytes, sha256, rows FROM segment ORDER BY rowid"
    ):
        segments.setdefault(batch, []).append(Segment(*values))
    batches = []
    for number, written_at, next_file, sha256 in database.execute(
        "SELECT * FROM batch ORDER BY number"
    ):
        batch = Batch(
            number,
            written_at,
            next_file,
            tuple(files.pop(number, ())),
            tuple(segments.pop(number, ())),
        )
        if batch.sha256 != sha256:
            raise ValueError(f"the checksum of batch {number} differs")
        batches.append(batch)
    if files or segments:
        raise ValueError("a batch is missing")
    pending = frozenset(path for (path,) in database.execute("SELECT path FROM pending"))
    return Catalogue(folder, tuple(batches), pending)


@contextmanager
def connected(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the database; one in a read-only folder, to which no process writes, as it is."""
    path = folder / CATALOGUE
    has_log = path.with_name(f"{CATALOGUE}-wal").exists()
    immutable = not os.access(folder, os.W_OK) and not has_log
    address = f"{path.absolute().as_uri()}?mode={'ro&immutable=1' if immutable else 'rw'}"
    with closing(
        sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
    ) as database:
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA synchronous = FULL")
        yield database


def create(folder: Path) -> None:
    """Put an empty catalogue into a folder that has none."""
    try:
        with partial_folder(folder / CATALOGUE) as partial:
            with closing(sqlite3.connect(partial / "new", isolation_level=None)) as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(
                    f"BEGIN; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = "
                    f"{SCHEMA}; COMMIT;"
                )
            (partial / "new").rename(folder / CATALOGUE)
            sync_folder(folder)
    except (OSError, sqlite3.Error) as error:
        raise OutputError(unwritable(folder, OSError(str(error)))) from error


@contextmanager
def transaction(folder: Path) -> Iterator[sqlite3.Connection]:
    """Change the catalogue entirely or not at all."""
    try:
        with connected(folder) as database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise OutputError(unwritable(folder / CATALOGUE, OSError(str(error)))) from error


def add_pending(folder: Path, paths: Iterable[str]) -> None:
    """Record which segments are about to be written: after a killed run only these are removed."""
    insert = (
        "INSERT OR IGNORE INTO pending SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM segment WHERE "
        "path = ?1)"
    )
    with transaction(folder) as database:
        database.executemany(insert, [(path,) for path in paths])


def add_batch(catalogue: Catalogue, batch: Batch) -> Catalogue:
    """Commit a batch whose segments are on the disk, and return the catalogue with it."""
    paths = [(segment.path,) for segment in batch.segments]
    with transaction(catalogue.folder) as database:
        database.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?)",
            (batch.number, batch.at, batch.next_file, batch.sha256),
        )
        database.executemany(
            "INSERT INTO file VALUES (?, ?, ?)",
            [(entry.file, batch.number, entry.model_dump_json()) for entry in batch.files],
        )
        database.executemany(
            "INSERT INTO segment (path, bytes, sha256, rows, batch) VALUES (?, ?, ?, ?, ?)",
            [(*segment, batch.number) for segment in batch.segments],
        )
        database.executemany("DELETE FROM pending WHERE path = ?", paths)
    pending = catalogue.pending - {path for (path,) in paths}
    return replace(catalogue, batches=(*catalogue.batches, batch), pending=pending)
