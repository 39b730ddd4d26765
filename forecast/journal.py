"""Files of lines that are only ever appended to: safe against two writers, and against a kill at any byte.

A writer holds a lock on the file, and a line counts once its line end is on the disk. Whoever is killed before leaves
the beginning of a line, which the next writer finds: it is set aside beside the file, and never mistaken for a line.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor

from forecast.errors import OutputError
from forecast.files import NO_LINK, OPENING, require_ordinary, sync_folder, unwritable
from forecast.partials import POLL

LARGEST = 500_000_000
"""Bytes that are read."""
TORN = ".torn"
"""Ending of the file beside a journal in which unfinished lines are set aside."""


@dataclass(frozen=True)
class Journal:
    """What a file of lines holds."""

    lines: tuple[bytes, ...]  # Whole lines, without their ends
    torn: bytes = b""  # What stands after the last line end: a line that was never finished; usually nothing


def read_journal(path: Path) -> Journal:
    """Read a file of lines; while another process writes, wait for it."""
    descriptor = os.open(path, os.O_RDONLY | OPENING)
    try:
        require_ordinary(descriptor)
        with contextlib.suppress(OSError):  # a disk where what is only read cannot be locked
            lock_descriptor(descriptor, poll_interval=POLL)
        return _split(_content(descriptor))
    finally:
        os.close(descriptor)


def append_lines(path: Path, make: Callable[[Journal], tuple[bytes, ...]]) -> Journal:
    """Append lines to a file, which is made if need be."""
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target) as descriptor:
            content = _content(descriptor)
            before = _split(content)
            lines = make(before)
            if any(b"\n" in line for line in lines):
                raise ValueError("a line holds a line end")
            _write(descriptor, target, len(content), before.torn, lines)
    except OSError as error:
        raise OutputError(unwritable(path, error)) from error
    return before


def _write(descriptor: int, target: Path, size: int, torn: bytes, lines: tuple[bytes, ...]) -> None:
    new = b"".join(line + b"\n" for line in lines)
    if torn and lines and lines[0] == torn:  # only its end was missing
        torn, new = b"", new[len(lines[0]) :]
    if torn and new:
        _set_aside(target, torn)
        size -= len(torn)
        os.ftruncate(descriptor, size)
    try:
        os.lseek(descriptor, size, os.SEEK_SET)
        written = 0
        while written < len(new):
            written += os.write(descriptor, new[written:])
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):  # a disk that is full: no half line stays
            os.ftruncate(descriptor, size)
        raise


def _set_aside(target: Path, torn: bytes) -> None:
    beside = target.with_name(target.name + TORN)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_APPEND | OPENING | NO_LINK, 0o666)
    try:
        require_ordinary(descriptor)
        os.write(descriptor, torn + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[int]:
    """Open a file and lock it; again, if it was exchanged for another before it was locked."""
    while True:
        there = target.exists()
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | OPENING | NO_LINK, 0o666)
        try:
            require_ordinary(descriptor)
            lock_descriptor(descriptor, poll_interval=POLL)
            if _is_at(descriptor, target):
                if not there:
                    sync_folder(target.parent)
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_at(descriptor: int, target: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), target.stat())
    except FileNotFoundError:
        return False


def _content(descriptor: int) -> bytes:
    require_ordinary(descriptor, LARGEST)
    left, parts = os.lseek(descriptor, 0, os.SEEK_END), list[bytes]()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while part := os.read(descriptor, left):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _split(content: bytes) -> Journal:
    *lines, torn = content.split(b"\n")
    return Journal(tuple(lines), torn)
