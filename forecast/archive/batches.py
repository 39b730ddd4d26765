"""Archive storage: a folder per batch of imported files, renamed into place as a whole; checksums and repair."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from forecast.arguments import checked
from forecast.errors import DataError, OutputError
from forecast.escaping import printable
from forecast.events.dyads import Days
from forecast.files import (
    check_writable,
    digest,
    fence,
    file_digest,
    locked,
    partial_folder,
    read_bytes,
    sync_folder,
    unwritable,
    write_bytes,
)
from forecast.wording import Card, Displayed, count, join_some

BATCHES, ASIDE = "batches", "set-aside"
"""Folders of an archive: its batches, and what a repair could not recognise."""
DESCRIPTIONS = ("batch.json", "copy.json")
"""A batch is described twice, so that a damaged description can be restored."""
ROWS, REJECTED = "rows", "rejected"
"""Beginnings of the names of segments: rows between two states, and rejected rows."""
LARGEST = 1_000_000_000
"""Bytes of a description that are read."""

Key = tuple[str, str]
"""SHA-256 of a file and, of an archive, the name of the member."""


class Counts(NamedTuple):
    """Numbers of rows: all, between two states, rejected, filtered."""

    rows: int = 0
    between: int = 0
    rejected: int = 0
    filtered: int = 0


class Segment(NamedTuple):
    """A Parquet file of a batch, with its size and checksum."""

    name: str
    bytes: int
    sha256: str
    rows: int


class Entry(BaseModel):
    """An imported file; docs/schema/archive.md describes the fields."""

    model_config = ConfigDict(frozen=True)

    file: int
    dataset: str
    name: str
    sha256: str
    member: str
    said: str
    series: str
    covers: tuple[Days, ...]
    part: float
    edition: str
    year: int | None
    first: date | None
    last: date | None
    released: date | None
    issued: date | None
    known: date | None
    mended: int
    filtered_by: dict[str, int]
    months: dict[str, Counts]
    published: date | None

    @property
    def key(self) -> Key:
        """Identity of the file, whatever its name."""
        return self.sha256, self.member

    @property
    def counts(self) -> Counts:
        """Its rows, over all months."""
        return Counts(*map(sum, zip(*self.months.values(), strict=True))) if self.months else Counts()

    @property
    def since(self) -> date | None:
        """The day from which any of it was known."""
        return self.issued or self.released or self.known


class Batch(BaseModel):
    """Files that were committed together, with their segments.

    `next_file` is the number of the first file of the next batch: rows of a file that could not be read to its end may
    be in a segment, so no other file gets its number.
    """

    model_config = ConfigDict(frozen=True)

    form: Literal[1] = 1
    number: int
    at: str
    next_file: int
    files: tuple[Entry, ...]
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Catalogue:
    """All batches of an archive in their order."""

    folder: Path
    batches: tuple[Batch, ...] = ()
    unfinished: bool = False  # Whether an import is at work or was killed

    @cached_property
    def entries(self) -> dict[Key, Entry]:
        """The files to be read, by key: of a file that was imported again, the last entry."""
        return {entry.key: entry for batch in self.batches for entry in batch.files}

    @property
    def next_file(self) -> int:
        """Number of the next file."""
        return self.batches[-1].next_file if self.batches else 0

    @property
    def next_batch(self) -> int:
        """Number of the next batch."""
        return self.batches[-1].number + 1 if self.batches else 1

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return sorted({entry.dataset for entry in self.entries.values()})

    def path(self, batch: Batch, segment: Segment) -> Path:
        """Return the path of a segment."""
        return _place(self.folder, batch.number) / segment.name

    def current(self, batch: Batch) -> list[Entry]:
        """Return the files of a batch that no later entry replaces."""
        return [entry for entry in batch.files if self.entries[entry.key] is entry]

    def damaged(self, *, contents: bool = False) -> list[Entry]:
        """Return the files with a missing segment or one of another size; with `contents` also of another checksum."""

        def is_whole(path: Path, segment: Segment) -> bool:
            there = path.is_file() and path.stat().st_size == segment.bytes
            return there and not (contents and _fault(path, segment))

        return [
            entry
            for batch in self.batches
            if not all(is_whole(self.path(batch, segment), segment) for segment in batch.segments)
            for entry in self.current(batch)
        ]

    def segments(self, entries: Sequence[Entry], beginning: str) -> list[Path]:
        """Return the segments with rows of some files whose names begin so, after verifying their checksums."""
        wanted, found = {entry.file for entry in entries}, []
        for batch in self.batches:
            if any(entry.file in wanted for entry in batch.files):
                for segment in batch.segments:
                    if segment.name.startswith(beginning):
                        path = self.path(batch, segment)
                        if fault := _fault(path, segment):
                            raise DataError(
                                f"{path} {fault}. Delete it, and import again the files whose rows are in it: "
                                f"{join_some([entry.name for entry in self.current(batch)])}."
                            )
                        found.append(path)
        return found


def _fault(path: Path, segment: Segment) -> str:
    """Describe the fault of a segment; '' if it is unchanged."""
    try:
        found = file_digest(path)
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    return "" if found == segment.sha256 else "is damaged: its checksum differs"


def _place(folder: Path, number: int) -> Path:
    return folder / BATCHES / f"{number:06}"


class _Found(NamedTuple):
    """The folder of a batch as it is found."""

    place: Path
    batch: Batch | None  # None if it has no sound description
    unsound: list[str]  # Names of descriptions that are missing or damaged
    strays: list[Path]  # Files that the description does not name

    @property
    def wrong(self) -> list[Path]:
        """What a repair moves away, where it is there."""
        return [self.place] if self.batch is None else [*self.strays, *(self.place / name for name in self.unsound)]


def read_catalogue(folder: Path, before: Catalogue | None = None) -> Catalogue:
    """Read the descriptions of all batches of an archive, except those that were read before."""
    if not (folder / BATCHES).exists():
        raise DataError(
            f"{folder} is no archive: it has no folder {BATCHES}. Import files into it (`forecast events import`)."
        )
    known = {_place(folder, batch.number): batch for batch in before.batches} if before else {}
    with fence(printable(str(folder))):
        places, unfinished = _places(folder)
        found = [_Found(place, known[place], [], []) if place in known else _found(place) for place in places]
    if wrong := [path.relative_to(folder).as_posix() for one in found for path in one.wrong]:
        raise DataError(
            f"{folder}: not as an import left it: {join_some(wrong)}. Nothing was changed. Run `forecast events repair "
            f"--archive {folder}`."
        )
    return Catalogue(folder, tuple(one.batch for one in found if one.batch), unfinished)


def _places(folder: Path) -> tuple[list[Path], bool]:
    """Return what should be folders of batches, in order, and whether there is an unfinished one."""
    _require_no_link(folder / BATCHES)
    inside = sorted((folder / BATCHES).iterdir())
    shown = [path for path in inside if not path.name.startswith(".")]
    return shown, any(path.suffix == ".partial" for path in inside)


def _found(place: Path) -> _Found:
    _require_no_link(place)
    if not place.is_dir():
        return _Found(place, None, [], [])
    inside = [path for path in sorted(place.iterdir()) if not path.name.startswith(".")]
    for path in inside:
        _require_no_link(path)
    copies = {name: _description(place / name) for name in DESCRIPTIONS}
    sound = {content: _batch(place, content) for content in dict.fromkeys(copies.values()) if content}
    own = [(batch, content) for content, batch in sound.items() if f"{batch.number:06}" == place.name]
    if not own:
        return _Found(place, None, [], [])
    batch, content = own[0]
    named = {*DESCRIPTIONS, *(segment.name for segment in batch.segments)}
    unsound = [name for name, copy in copies.items() if copy != content]
    return _Found(place, batch, unsound, [path for path in inside if path.name not in named])


def _description(path: Path) -> bytes | None:
    """Read a description of a batch, whose first line is the checksum of the others; None if it is not sound."""
    try:
        sha256, _, content = read_bytes(path, LARGEST).partition(b"\n")
    except OSError:
        return None
    return content if sha256 == digest(content).encode() else None


def _batch(place: Path, content: bytes) -> Batch:
    try:
        return Batch.model_validate_json(content)
    except ValidationError as error:
        raise DataError(f"{place} has a form that this version does not read. Use a newer version.") from error


def _describe(batch: Batch, place: Path, names: Sequence[str]) -> None:
    content = batch.model_dump_json().encode()
    for name in names:
        write_bytes(place / name, digest(content).encode() + b"\n" + content, durable=True)


def _require_no_link(path: Path) -> None:
    if path.is_symlink() or path.is_junction():
        raise DataError(
            f"{path} is a link, and archives are neither read nor written through links. Nothing was changed. Put the "
            "folder or file itself in its place, or name the real folder with --archive."
        )


@contextmanager
def opened_for_import(folder: Path, before: Catalogue | None = None) -> Iterator[tuple[Catalogue, Path]]:
    """Keep other imports out of an archive, create it if need be; yield its catalogue and a folder for a new batch."""
    with _alone(folder), ExitStack() as stack:
        if not os.path.lexists(folder / BATCHES):
            others = [path.name for path in folder.iterdir() if not path.name.startswith(".") and path.name != ASIDE]
            if others:
                raise OutputError(
                    f"{folder} is no archive, and holds something else ({min(others)!r:.60}). Choose another folder."
                )
        _require_no_link(folder / BATCHES)
        try:
            (folder / BATCHES).mkdir(exist_ok=True)
            catalogue = read_catalogue(folder, before)
            scratch = stack.enter_context(partial_folder(_place(folder, catalogue.next_batch)))
        except OSError as error:
            raise OutputError(unwritable(folder, error)) from error
        yield catalogue, scratch / "new"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    check_writable(folder)
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder))
        except OSError as error:
            raise OutputError(unwritable(folder, error)) from error
        yield


def write_batch(
    catalogue: Catalogue, scratch: Path, files: Sequence[Entry], segments: Sequence[Segment], next_file: int
) -> Catalogue:
    """Describe a batch whose segments are in a folder, and rename the folder; return the catalogue with the batch."""
    number, at = catalogue.next_batch, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    batch = Batch(number=number, at=at, next_file=next_file, files=tuple(files), segments=tuple(segments))
    _describe(batch, scratch, DESCRIPTIONS)
    place = _place(catalogue.folder, number)
    try:
        scratch.rename(place)
        sync_folder(place.parent)
    except OSError as error:
        raise OutputError(unwritable(place, error)) from error
    return replace(catalogue, batches=(*catalogue.batches, batch))


@dataclass(frozen=True, repr=False)
class Repaired(Displayed):
    """The result of a repair."""

    archive: Path
    restored: tuple[str, ...]  # Names of the files of batches with a restored description
    set_aside: tuple[str, ...]  # Paths, in the folder `set-aside`, of what was damaged or not recognised
    # Names of the files to import again, because segments with their rows are missing or damaged.
    damaged: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The result in words."""
        if not (self.restored or self.set_aside or self.damaged):
            return "There was nothing to repair."
        words = [f"The descriptions of {count(len(self.restored), 'file')} were restored."]
        if self.set_aside:
            words.append(f"Damaged or unknown, and moved to {self.archive / ASIDE}: {join_some(self.set_aside)}.")
        if self.damaged:
            words.append(f"Import again, because their rows are lost or damaged: {join_some(self.damaged)}.")
        return " ".join(words)

    def summary(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {"schema": 1} | vars(self) | {"archive": str(self.archive)}

    def _card(self) -> Card:
        return Card(f"Repair of {self.archive}", (("files", self.sentence),))


@checked
def repair_archive(archive: str | Path) -> Repaired:
    """Restore damaged descriptions of batches from their copies, and remove nothing.

    Files that no description names are moved into the folder ``set-aside`` of the archive, as are damaged descriptions
    and batches of which both descriptions are damaged: import their files again.

    Parameters
    ----------
    archive : str or pathlib.Path
        Folder of the archive.

    Raises
    ------
    DataError
        If the folder is no archive, or a part of it is a link.
    OutputError
        If it cannot be written.

    Examples
    --------
    >>> from forecast import repair_archive
    >>> repair_archive("archive").sentence  # doctest: +SKIP
    'The descriptions of 167 files were restored.'
    """
    folder = Path(archive)
    if not (folder / BATCHES).exists():
        raise DataError(f"{folder} is no archive: it has no folder {BATCHES}. Check the path.")
    with _alone(folder):
        restored, aside = list[str](), list[str]()
        for one in [_found(place) for place in _places(folder)[0]]:
            aside += [_set_aside(folder, path) for path in one.wrong if path.exists()]
            if one.batch and one.unsound:
                _describe(one.batch, one.place, one.unsound)
                restored += [entry.name for entry in one.batch.files]
        damaged = {entry.name for entry in read_catalogue(folder).damaged(contents=True)}
    return Repaired(folder, tuple(sorted(restored)), tuple(aside), tuple(sorted(damaged)))


def _set_aside(folder: Path, path: Path) -> str:
    """Move a file or folder of an archive into its folder for what is not recognised, under a free name."""
    place = own = folder / ASIDE / path.relative_to(folder)
    for above in [*reversed(place.relative_to(folder).parents)][1:]:
        _require_no_link(folder / above)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        number = 1
        while os.path.lexists(place):
            number += 1
            place = own.with_name(f"{own.name}.{number}")
        path.rename(place)
    except OSError as error:
        raise OutputError(unwritable(place, error)) from error
    return place.relative_to(folder / ASIDE).as_posix()
