"""Editions of the chronology, known by the digests of its files: `data/editions.csv`."""

import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Self

from forecast.base.digests import digest, file_digest
from forecast.base.resources import data_folder
from forecast.data.events.codebook import read_small_csv
from forecast.data.events.table import SourceFile
from forecast.data.events.tables import chronology_files

TABLE = "editions.csv"
COLUMNS = ("edition", "name", "file", "sha256")


class Edition(NamedTuple):
    """An edition of the chronology."""

    number: int
    name: str  # Such as `third`
    digest: str  # SHA-256 of the list of its files with their digests

    @property
    def words(self) -> str:
        """Description for readers of a page."""
        return f"Made from the {self.name} edition of the chronology (SHA-256 {self.digest[:12]})."

    @classmethod
    def of(cls, number: int, name: str, files: Mapping[str, str]) -> Self:
        """Return the edition of some files, SHA-256 by name."""
        lines = [f"{sha256}  {file}\n" for file, sha256 in sorted(files.items())]
        return cls(number, name, digest("".join(lines).encode()))


@functools.cache
def edition_files() -> dict[Edition, dict[str, str]]:
    """Return the files of each edition, SHA-256 by name; the last edition is the embedded one."""
    table = read_small_csv(data_folder() / TABLE, COLUMNS)
    found = {}
    for number, rows in table.groupby("edition", sort=False):
        files = dict(zip(rows["file"], rows["sha256"], strict=True))
        found[Edition.of(int(str(number)), str(rows["name"].iloc[0]), files)] = files
    return found


def current_edition() -> Edition:
    """Return the embedded edition.

    Examples
    --------
    >>> from forecast.data.events.editions import current_edition
    >>> current_edition().name
    'fourth'
    """
    return list(edition_files())[-1]


def edition_of(files: Iterable[SourceFile]) -> Edition | None:
    """Return the edition to which the files of the chronology among some files belong.

    None if to none of them.
    """
    read = {file.name: file.sha256 for file in files}
    for edition, own in reversed(edition_files().items()):
        shared = own.keys() & read.keys()
        if shared and all(own[name] == read[name] for name in shared):
            return edition
    return None


def embedded_digests() -> dict[str, str]:
    """Return the SHA-256 of each file of the embedded chronology as it is."""
    return {path.name: file_digest(path) for path in chronology_files().values()}
