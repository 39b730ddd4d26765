"""Imports that were killed and catalogues that were lost: nothing is deleted that no import of this archive wrote."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forecast.archive.catalogue import (
    CATALOGUE,
    FILES,
    PARTS,
    Catalogue,
    NewerError,
    add_batch,
    create,
    holds_segments,
    load,
    read_catalogue,
    segments_on_disk,
    some,
    transaction,
    unknown_segments,
)
from forecast.archive.segments import read_batch
from forecast.arguments import PATH, checked
from forecast.display import Card, Displayed
from forecast.errors import DataError, OutputError
from forecast.files import check_writable, unwritable
from forecast.partials import clear_leftovers, locked
from forecast.wording import count

OWN = tuple(f"{part}/" for part in PARTS)
ASIDE = "set-aside"
"""Folder of an archive for files that a repair could not recognise."""


@contextmanager
def opened_for_import(folder: Path, before: Catalogue | None = None) -> Iterator[Catalogue]:
    """Keep other imports out of an archive, create it if need be, and read its catalogue."""
    with _alone(folder):
        if not os.path.lexists(folder / CATALOGUE):
            _require_fresh(folder)
            create(folder)
        yield _without_pending(_unchanged(folder, before) or read_catalogue(folder))


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


def _require_fresh(folder: Path) -> None:
    segments_on_disk(folder)  # no part is a link
    if holds_segments(folder):
        load(folder)  # says that the catalogue is missing
    others = [path.name for path in folder.iterdir() if path.name not in PARTS and not path.name.startswith(".")]
    if others:
        raise OutputError(
            f"{folder} is no archive, and holds something else ({min(others)!r:.60}). Choose another folder."
        )


def _unchanged(folder: Path, before: Catalogue | None) -> Catalogue | None:
    """Return the catalogue of an earlier batch of this run with what is pending now; None if it is not the last."""
    if before is None:
        return None
    with transaction(folder) as database:
        (number,) = database.execute("SELECT max(number) FROM batch").fetchone()
        pending = frozenset(path for (path,) in database.execute("SELECT path FROM pending"))
    same = number == (before.batches[-1].number if before.batches else None)
    return replace(before, pending=pending) if same else None


def _without_pending(catalogue: Catalogue) -> Catalogue:
    """Adopt the batches that a killed import had written to their end, and remove what else it has left."""
    if not catalogue.pending:
        return catalogue
    catalogue = _adopt(catalogue, catalogue.pending)
    segments_on_disk(catalogue.folder)  # no part is a link
    inside = [path for path in catalogue.pending if path.startswith(OWN) and ".." not in Path(path).parts]
    for path in inside:
        clear_leftovers(catalogue.folder / path)
        (catalogue.folder / path).unlink(missing_ok=True)
    with transaction(catalogue.folder) as database:
        database.execute("DELETE FROM pending")
    return replace(catalogue, pending=frozenset())


def _adopt(catalogue: Catalogue, paths: Iterable[str]) -> Catalogue:
    """Commit the batches that segments of imported files name, except those whose numbers belong to others."""
    found = [read_batch(catalogue.folder, path) for path in paths if path.startswith(f"{FILES}/")]
    for batch in sorted(filter(None, found), key=lambda batch: (batch.number, batch.at)):
        numbers = {entry.file for one in catalogue.batches for entry in one.files}
        free = batch.number not in {one.number for one in catalogue.batches}
        if free and numbers.isdisjoint(entry.file for entry in batch.files):
            catalogue = add_batch(catalogue, batch)
    return catalogue


@dataclass(frozen=True, repr=False)
class Repaired(Displayed):
    """The result of a repair.

    Attributes
    ----------
    archive : pathlib.Path
    adopted : tuple of str
        Names of the files that the catalogue names again.
    set_aside : tuple of str
        Paths, in the folder ``set-aside``, of what could not be recognised.
    damaged : tuple of str
        Names of the files to import again, because segments with their rows are missing or damaged.
    """

    archive: Path
    adopted: tuple[str, ...]
    set_aside: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The result in words."""
        if not (self.adopted or self.set_aside or self.damaged):
            return "There was nothing to repair."
        words = [f"The catalogue names {count(len(self.adopted), 'file')} again."]
        if self.set_aside:
            words.append(f"Not recognised, and moved to {self.archive / ASIDE}: {some(self.set_aside)}.")
        if self.damaged:
            words.append(f"Import again, because their rows are lost or damaged: {some(self.damaged)}.")
        return " ".join(words)

    def summary(self) -> dict[str, Any]:
        """Return the result for JSON."""
        return {
            "schema": 1,
            "archive": str(self.archive),
            "adopted": list(self.adopted),
            "set_aside": list(self.set_aside),
            "damaged": list(self.damaged),
        }

    def _card(self) -> Card:
        return Card(f"Repair of {self.archive}", (("files", self.sentence),))


@checked(archive=PATH)
def repair_archive(archive: str | Path) -> Repaired:
    """Make the catalogue of an archive name its segments again, and remove nothing.

    The segments say which files were imported in which batch. Whatever they do not name is moved into the folder
    ``set-aside`` of the archive, as is a catalogue that cannot be read.

    Parameters
    ----------
    archive : str or pathlib.Path
        Folder of the archive.

    Returns
    -------
    Repaired

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
    'The catalogue names 167 files again.'
    """
    folder = Path(archive)
    if not folder.is_dir() or not (os.path.lexists(folder / CATALOGUE) or holds_segments(folder)):
        raise DataError(f"{folder} is no archive: it has neither {CATALOGUE} nor segments. Check the path.")
    with _alone(folder):
        found = segments_on_disk(folder)
        aside = list[str]()
        try:
            catalogue = load(folder)
        except NewerError:
            raise
        except DataError:
            aside += _set_aside(folder, [f"{CATALOGUE}{ending}" for ending in ("-wal", "-shm", "")])
            create(folder)
            catalogue = load(folder)
        known = set(catalogue.entries)
        catalogue = _without_pending(_adopt(catalogue, found - catalogue.paths))
        aside += _set_aside(folder, unknown_segments(catalogue, found))
        adopted = sorted(entry.name for key, entry in catalogue.entries.items() if key not in known)
        damaged = {
            entry.name
            for batch in catalogue.batches
            if any(map(catalogue.fault, batch.segments))
            for entry in catalogue.current(batch)
        }
    return Repaired(folder, tuple(adopted), tuple(aside), tuple(sorted(damaged)))


def _set_aside(folder: Path, paths: Iterable[str]) -> list[str]:
    """Move files of an archive into its folder for what is not recognised, each under a free name."""
    moved = []
    for path in paths:
        if not os.path.lexists(folder / path):
            continue
        place = folder / ASIDE / path
        for above in [*reversed(place.relative_to(folder).parents)][1:]:
            if (folder / above).is_symlink() or (folder / above).is_junction():
                raise DataError(f"{folder / above} is a link. Put a folder in its place, and repeat the repair.")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            number = 1
            while os.path.lexists(place):
                number += 1
                place = folder / ASIDE / f"{path}.{number}"
            (folder / path).rename(place)
        except OSError as error:
            raise OutputError(unwritable(place, error)) from error
        moved.append(place.relative_to(folder / ASIDE).as_posix())
    return moved
