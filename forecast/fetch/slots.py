"""What a fetch expects, file by file, whatever any list says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Slot:
    """A file that is expected.

    Attributes
    ----------
    name : str
        What the manifest knows it by; of one feed no two are the same.
    file : str
        Its name in the folder.
    path : str
        Where it is, after the address of the server.
    first, last : datetime.date
        The days that it is about.
    due : datetime.datetime or None
        From when it can be expected, in UTC; None for a file that a list names.
    size : int or None
        Bytes, where the source says so.
    md5 : str
        Where the source says so, else ''.
    sure : bool
        Whether size and checksum are those of what is sent; else they are compared, and a difference is noted.
    listed : bool or None
        Whether a list of the source names it; None if no list was read.
    published : str
        The day since when it could be had, where the source says so, else ''.
    closed : str
        Why it is not for everybody, else ''.
    """

    name: str
    file: str
    path: str
    first: date
    last: date
    due: datetime | None = None
    size: int | None = None
    md5: str = ""
    sure: bool = True
    listed: bool | None = None
    published: str = ""
    closed: str = ""


@dataclass(frozen=True)
class Hole:
    """A stretch without files.

    Attributes
    ----------
    first, last : str
        The first and last slot, or day.
    slots : int
        How many files were expected, or days for sources whose files have no fixed slots.
    """

    first: str
    last: str
    slots: int


def stretches(expected: Iterable[tuple[str, bool]]) -> list[Hole]:
    """Return the holes in names that are in order of time, each with whether it is missing.

    Examples
    --------
    >>> from forecast.fetch.slots import stretches
    >>> stretches([("a", True), ("b", True), ("c", False), ("d", True)])
    [Hole(first='a', last='b', slots=2), Hole(first='d', last='d', slots=1)]
    """
    holes: list[Hole] = []
    going_on = False
    for name, missing in expected:
        if missing and going_on:
            holes[-1] = Hole(holes[-1].first, name, holes[-1].slots + 1)
        elif missing:
            holes.append(Hole(name, name, 1))
        going_on = missing
    return holes
