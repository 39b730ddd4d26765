"""Append-only log under a lock, and checkpoints of long runs.

A line is complete once its line end is on the disk; an incomplete line is set aside and never parsed.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from forecast.errors import OutputError, SpecError
from forecast.files import (
    OPENING,
    check_target,
    check_writable,
    locked,
    read_bytes,
    require_ordinary,
    sync_folder,
    unwritable,
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
    target = Path(os.path.realpath(path))
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(PermissionError):  # nobody writes where one may not
            stack.enter_context(locked(target.parent))
        return _split(read_bytes(target, LARGEST))


def append_lines(path: Path, make: Callable[[Journal], tuple[bytes, ...]]) -> Journal:
    """Append lines to a file, which is made if need be; the lock of its folder keeps other writers out."""
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            content = read_bytes(target, LARGEST) if target.exists() else b""
            before = _split(content)
            lines = make(before)
            if any(b"\n" in line for line in lines):
                raise ValueError("a line holds a line end")
            if lines:
                _append(target, len(content), before.torn, lines)
    except OSError as error:
        raise OutputError(unwritable(path, error)) from error
    return before


def _append(target: Path, size: int, torn: bytes, lines: tuple[bytes, ...]) -> None:
    new = b"".join(line + b"\n" for line in lines)
    if torn and lines[0] == torn:  # only its end was missing
        torn, new = b"", new[len(torn) :]
    if torn:
        _write(target.with_name(target.name + TORN), torn + b"\n")
        os.truncate(target, size - len(torn))
    _write(target, new)
    if not size:
        sync_folder(target.parent)


def _write(path: Path, new: bytes) -> None:
    """Write at the end of a file, to the disk; where that is full, no half line stays."""
    with open(path, "ab", buffering=0, opener=lambda name, flags: os.open(name, flags | OPENING, 0o666)) as file:
        require_ordinary(file.fileno())
        size = file.tell()
        try:
            while new:
                new = new[os.write(file.fileno(), new) :]
            os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise


def _split(content: bytes) -> Journal:
    *lines, torn = content.split(b"\n")
    return Journal(tuple(lines), torn)


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
        kept = cls(path, identity, columns, {})
        if path is None or not (stored := check_checkpoint(path)):
            return kept
        first, *lines = stored
        if first["of"] != identity:
            raise SpecError(
                f"{path}: holds simulations of another record, model, seed or version; name another file or remove it"
            )
        try:
            for line in lines:
                kept.found[line["key"]] = tuple(zip(*(line[name] for name in columns), strict=True))
        except (ValueError, KeyError, TypeError) as error:
            raise _foreign(path, error) from error
        return kept

    def add(self, key: str, rows: Rows) -> None:
        """Keep what was found for one more record."""
        self.found[key] = rows
        if self.path is None:
            return
        line = {"key": key, **dict(zip(self.columns, zip(*rows, strict=True), strict=True))}
        first = json.dumps({"of": self.identity}).encode()
        append_lines(self.path, lambda before: (*(() if before.lines else (first,)), json.dumps(line).encode()))


def check_checkpoint(path: Path, inputs: Iterable[str | Path | None] = ()) -> list[dict[str, Any]]:
    """Make sure that results can be kept in a file before hours are spent on them; return what is in it, if it is."""
    check_target(path, inputs)
    check_writable(path.parent)
    if not path.exists():
        return []
    try:
        lines = [json.loads(line) for line in read_journal(path).lines]
        if not isinstance(lines[0]["of"], str):
            raise ValueError("the first line names no digest of what the results are of")
        return lines
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise _foreign(path, error) from error


def _foreign(path: Path, error: Exception) -> SpecError:
    return SpecError(f"{path}: is no file of simulations ({error!s:.200}); name another file or remove it")
