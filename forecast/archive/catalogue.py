"""The catalogue of an archive: what was imported, a line a batch, which is there as a whole or not at all.

A line says which files it has brought, what became of their rows, and in which segments these are. Segments that no
line names are left over from runs that were killed; they are not read, and the next import clears them.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from forecast.errors import DataError, OutputError
from forecast.files import check_writable, digest, unwritable
from forecast.journal import Journal, append_lines, read_journal
from forecast.partials import lock_folder

SCHEMA = 1
CATALOGUE = "catalogue.jsonl"
ROWS, REJECTED = "rows", "rejected"
"""Folders of the segments: of rows between two states, and of rejected rows."""
CHECK_LENGTH = 16

Key = tuple[str, str]
"""SHA-256 of a file and, of an archive, the name of the member."""


class Counts(NamedTuple):
    """How many rows there are, and what became of them when they were imported."""

    rows: int = 0
    between: int = 0
    rejected: int = 0
    filtered: int = 0


class Segment(NamedTuple):
    """A Parquet file: its path in the archive, and by what it is known to be whole."""

    path: str
    bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Entry:
    """A file that was imported.

    Attributes
    ----------
    file : int
        Its number, by which rows say where they come from.
    dataset : str
        Name of the feed.
    name : str
        How messages call it.
    sha256, member : str
        Of the file as it was given; its member, if it is an archive.
    said : str
        The name that says which days and edition it is of.
    series : str
        Which of the feed's series it belongs to.
    covers : list of [str, str]
        First and last day of each span of days that it stands for.
    part : float
        The part of each day that it stands for.
    edition : str
        Stamp of the edition, '' without one.
    year : int or None
        The year that it is an edition of.
    first, last : str
        First and last day of that year with a row; '' of other files.
    released : str
        The day from which its rows could be known, '' if each row says so itself.
    issued : str
        The day of its edition, '' of other files.
    known : str
        The first day on which any of its rows was known, '' if it has none.
    mended : int
        Rows that are not UTF-8.
    filtered_by : dict
        Rows that are not between two states, by reason.
    months : dict
        `Counts` by month of the event, as lists.
    published : str
        The day on which it was published, as the manifest of its fetch says; '' without one.
    """

    file: int
    dataset: str
    name: str
    sha256: str
    member: str
    said: str
    series: str
    covers: list[list[str]]
    part: float
    edition: str
    year: int | None
    first: str
    last: str
    released: str
    issued: str
    known: str
    mended: int
    filtered_by: dict[str, int]
    months: dict[str, list[int]]
    published: str = ""

    @property
    def key(self) -> Key:
        """What makes it the same file again, whatever its name."""
        return self.sha256, self.member

    @property
    def spans(self) -> list[tuple[date, date]]:
        """The days that it stands for."""
        return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in self.covers]

    @property
    def counts(self) -> Counts:
        """Its rows, over all months."""
        return Counts(*map(sum, zip(*self.months.values(), strict=True))) if self.months else Counts()


@dataclass(frozen=True)
class Batch:
    """What a line of the catalogue says.

    Attributes
    ----------
    at : str
        When it was written, in UTC.
    files : tuple of Entry
    segments : tuple of Segment
    next_file : int
        The number of the first file of the next batch. Rows of files that could not be read to their end may be in a
        segment: their numbers are given to no other file.
    """

    at: str
    files: tuple[Entry, ...]
    segments: tuple[Segment, ...]
    next_file: int


@dataclass(frozen=True)
class Catalogue:
    """All that was imported.

    Attributes
    ----------
    folder : pathlib.Path
    batches : tuple of Batch
        In the order in which they were written.
    torn : bytes
        A line that a killed run has left unfinished.
    size : int
        Bytes of its file.
    """

    folder: Path
    batches: tuple[Batch, ...] = ()
    torn: bytes = field(default=b"", repr=False)
    size: int = 0

    @cached_property
    def entries(self) -> dict[Key, Entry]:
        """The files that are read, by their keys: of one imported again, for a name that says more, the last."""
        return {entry.key: entry for batch in self.batches for entry in batch.files}

    @cached_property
    def next_file(self) -> int:
        """The number of the next file."""
        return self.batches[-1].next_file if self.batches else 0

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets there are."""
        return sorted({entry.dataset for entry in self.entries.values()})

    def batches_of(self, entries: Sequence[Entry]) -> list[Batch]:
        """Return the batches that have brought some files."""
        wanted = {entry.file for entry in entries}
        return [batch for batch in self.batches if any(entry.file in wanted for entry in batch.files)]

    def damaged(self) -> set[Key]:
        """Return the files whose segments are not all there; only names and sizes are looked at."""
        return {
            entry.key
            for batch in self.batches
            if not all(self._is_there(segment) for segment in batch.segments)
            for entry in batch.files
            if self.entries[entry.key] is entry
        }

    def _is_there(self, segment: Segment) -> bool:
        path = self.folder / segment.path
        return path.is_file() and path.stat().st_size == segment.bytes

    def require_whole(self, batches: Sequence[Batch], inside: str = "") -> None:
        """Make sure that segments are as they were written.

        Parameters
        ----------
        batches : sequence of Batch
        inside : str
            Only segments whose path begins so.

        Raises
        ------
        DataError
            If one is missing or has changed; it is named, with the files to import again.
        """
        for batch in batches:
            for segment in batch.segments:
                if segment.path.startswith(inside) and (fault := self._fault(segment)):
                    lost = [entry.name for entry in batch.files if self.entries[entry.key] is entry]
                    shown = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
                    raise DataError(
                        f"{self.folder / segment.path} {fault}. Delete it, and import again the files whose rows are "
                        f"in it: {shown}."
                    )

    def _fault(self, segment: Segment) -> str:
        path = self.folder / segment.path
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return f"cannot be read ({error.strerror or error})"
        return "" if found == segment.sha256 else "is damaged: it is not as it was written"


def read_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue of an archive.

    Raises
    ------
    DataError
        If the folder is no archive, or the catalogue is damaged; the line is named.
    """
    path = folder / CATALOGUE
    try:
        journal = read_journal(path)
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} is no archive: it has no {CATALOGUE}. Import files into it first (`forecast events import`)."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from error
    return _parsed(folder, journal)


def _parsed(folder: Path, journal: Journal) -> Catalogue:
    batches = tuple(_read_line(folder / CATALOGUE, number, line) for number, line in enumerate(journal.lines, 1))
    size = sum(len(line) + 1 for line in journal.lines) + len(journal.torn)
    return Catalogue(folder, batches, journal.torn, size)


@contextmanager
def opened_for_import(folder: Path, before: Catalogue | None = None) -> Iterator[Catalogue]:
    """Keep other imports out of an archive, which is made if need be, and read its catalogue.

    Parameters
    ----------
    folder : pathlib.Path
    before : Catalogue, optional
        As it was read last: returned as it is if nobody has appended to it since.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds something else.
    DataError
        If the catalogue is damaged.
    """
    check_writable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = lock_folder(folder, wait=True)
    except OSError as error:
        raise OutputError(unwritable(folder, error)) from error
    try:
        if before and before.size == _size(folder):
            catalogue = before
        elif (folder / CATALOGUE).exists():
            catalogue = read_catalogue(folder)
        else:
            _require_empty(folder)
            catalogue = Catalogue(folder)
        yield catalogue
    finally:
        if lock is not None:
            os.close(lock)


def append_batch(
    catalogue: Catalogue, files: Sequence[Entry], segments: Sequence[Segment], next_file: int
) -> Catalogue:
    """Append a batch to a catalogue that was opened for import, and return the catalogue with it.

    Raises
    ------
    OutputError
        If it cannot be written; the archive is then as it was.
    """
    number, at = len(catalogue.batches) + 1, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    batch = Batch(at, tuple(files), tuple(segments), next_file)
    content = {
        "n": number,
        "schema": SCHEMA,
        "at": at,
        "files": [asdict(entry) for entry in files],
        "segments": [segment._asdict() for segment in segments],
        "next_file": next_file,
    }
    line = _line(content)
    append_lines(catalogue.folder / CATALOGUE, lambda journal: (line,))
    return Catalogue(catalogue.folder, (*catalogue.batches, batch), size=_size(catalogue.folder))


def clear_leftovers(catalogue: Catalogue) -> None:
    """Remove segments that no line names, and unfinished ones; nobody else may be importing."""
    named = {segment.path for batch in catalogue.batches for segment in batch.segments}
    for part in (ROWS, REJECTED):
        for path in sorted((catalogue.folder / part).rglob("*")):
            if path.is_dir() and path.name.endswith(".partial"):
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix == ".parquet" and path.relative_to(catalogue.folder).as_posix() not in named:
                path.unlink(missing_ok=True)


def _size(folder: Path) -> int:
    path = folder / CATALOGUE
    return path.stat().st_size if path.exists() else 0


def _require_empty(folder: Path) -> None:
    others = [path.name for path in folder.iterdir() if path.name not in (ROWS, REJECTED) and path.name[0] != "."]
    if others:
        raise OutputError(
            f"{folder} is no archive, and holds something else ({min(others)!r:.60}). Choose another folder."
        )


def _line(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    check = digest(text.encode())[:CHECK_LENGTH]
    return f'{text[:-1]},"check":"{check}"}}'.encode()


def _read_line(path: Path, number: int, line: bytes) -> Batch:
    try:
        content = json.loads(line)
        check, schema = content.pop("check"), content["schema"]
        whole = _line(content).endswith(f'"check":"{check}"}}'.encode()) and content["n"] == number
        if schema == SCHEMA and whole:
            return Batch(
                content["at"],
                tuple(Entry(**one) for one in content["files"]),
                tuple(Segment(**one) for one in content["segments"]),
                content["next_file"],
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, number) from error
    if schema != SCHEMA:
        raise DataError(f"{path}, line {number}: schema {schema!r:.20}; this version reads {SCHEMA}. Use a newer one.")
    raise _damaged(path, number)


def _damaged(path: Path, number: int) -> DataError:
    return DataError(
        f"{path}, line {number}: damaged, it is not as it was written. Bring the file back from a copy, or import the "
        "files into a new archive."
    )
