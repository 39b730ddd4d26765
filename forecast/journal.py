"""Append-only log under a lock, and checkpoints of long runs.

A line is complete once its line end is on the disk; an incomplete line is set aside and never parsed.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from filelock import lock_descriptor

from forecast.errors import OutputError, SpecError
from forecast.files import (
    NO_LINK,
    OPENING,
    POLL,
    check_target,
    check_writable,
    read_bytes,
    require_ordinary,
    sync_folder,
    unwritable,
    write_text,
)

LARGEST = 500_000_000
"""Bytes that are read."""
TORN = ".torn"
"""Ending of the file next to a journal in which unfinished lines are set aside."""


@dataclass(frozen=True)
class Journal:
    """Contents of a log file."""

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
    destination = target.with_name(target.name + TORN)
    descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_APPEND | OPENING | NO_LINK, 0o666)
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


LARGEST_FILE = 500_000_000
"""Bytes; a million records take less."""

type Rows = tuple[tuple[float, ...], ...]
"""Result for one record: rows of numbers."""


@dataclass
class Kept:
    """Rows of numbers found for records, by the record's key."""

    path: Path | None  # JSON lines: first what they are of, then a line per record. None keeps nothing beyond the run
    identity: str  # Digest of everything the results rest on
    columns: tuple[str, ...]  # Names of the numbers in a row
    found: dict[str, Rows]  # By key, its rows

    @classmethod
    def open(cls, path: Path | None, identity: str, columns: tuple[str, ...]) -> Self:
        """Read the results that are there."""
        if path is None:
            return cls(path, identity, columns, {})
        check_checkpoint(path)
        if not path.exists():
            return cls(path, identity, columns, {})
        of, lines = _stored(path)
        if of != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; name another file or remove it"
            )
        try:
            found = {line["key"]: _rows(line, columns) for line in lines}
        except (ValueError, KeyError, TypeError) as error:
            raise _foreign(path, error) from error
        return cls(path, identity, columns, found)

    def add(self, key: str, rows: Rows) -> None:
        """Keep what was found for one more record; the file is always whole."""
        self.found[key] = rows
        if self.path is None:
            return
        lines: list[dict[str, Any]] = [{"of": self.identity}]
        for one, known in self.found.items():
            values = zip(*known, strict=True)
            lines.append({"key": one, **dict(zip(self.columns, values, strict=True))})
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))


def check_checkpoint(path: Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Make sure that results can be kept in a file before hours are spent on them: a new one, or one of results."""
    check_target(path, inputs)
    check_writable(path.parent)
    if path.exists():
        _stored(path)


def _stored(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Read what the results of a file are of, and a line per record."""
    try:
        text = read_bytes(path, LARGEST_FILE).decode("utf-8")
        first, *lines = [json.loads(line) for line in text.splitlines()]
        if not isinstance(first["of"], str):
            raise ValueError("the first line names no digest of what the results are of")
        return first["of"], lines
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _foreign(path, error) from error


def _foreign(path: Path, error: Exception) -> SpecError:
    return SpecError(f"{path}: is no file of simulations ({error!s:.200}); name another file or remove it")


def _rows(line: dict[str, Any], columns: tuple[str, ...]) -> Rows:
    return tuple(zip(*(line[name] for name in columns), strict=True))
