"""What a fetch expects, file by file, whatever any list says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Slot:
    """A file that is expected."""

    name: str  # What the manifest knows it by; of one feed no two are the same
    file: str  # Its name in the folder
    path: str  # Where it is, after the address of the server
    first: date  # The days that it is about
    last: date
    due: datetime | None = None  # From when it can be expected, in UTC; None for a file that a list names
    size: int | None = None  # Bytes, where the source says so
    md5: str = ""  # Where the source says so, else ''
    # Whether size and checksum are those of what is sent; else they are compared, and a difference is noted.
    sure: bool = True
    listed: bool | None = None  # Whether a list of the source names it; None if no list was read
    published: str = ""  # The day since when it could be had, where the source says so, else ''
    closed: str = ""  # Why it is not for everybody, else ''


@dataclass(frozen=True)
class Hole:
    """A stretch without files."""

    first: str  # The first and last slot, or day
    last: str
    slots: int  # How many files were expected, or days for sources whose files have no fixed slots


def stretches(expected: Iterable[tuple[str, bool]]) -> list[Hole]:
    """Return the holes in names that are in order of time, each with whether it is missing."""
    holes: list[Hole] = []
    going_on = False
    for name, missing in expected:
        if missing and going_on:
            holes[-1] = Hole(holes[-1].first, name, holes[-1].slots + 1)
        elif missing:
            holes.append(Hole(name, name, 1))
        going_on = missing
    return holes
