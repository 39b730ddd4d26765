"""Append-only logs: files of lines to which processes append one at a time.

A line is complete once its end is on the disk; an incomplete line is set aside and never parsed.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from forecast.base.durable import make_folders, sync_folder
from forecast.base.file_faults import writing
from forecast.base.locks import locked
from forecast.base.reading import OPENING, read_bytes, require_ordinary

# Bytes of a log that are read
MAX_JOURNAL = 500_000_000
TORN = ".torn"
"""Ending of the file next to a journal in which unfinished lines are set aside."""


@dataclass(frozen=True)
class Journal:
    """Contents of a log file."""

    lines: tuple[bytes, ...]  # Whole lines, without their ends
    # What stands after them, usually nothing: a line that was never finished or, from the line on
    # that holds the first zero byte, all that a power cut has left of an append of which the disk
    # had not every page.
    torn: bytes = b""


def read_journal(path: Path) -> Journal:
    """Read a file of lines; while another process writes, wait for it."""
    target = Path(os.path.realpath(path))
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(PermissionError):  # nobody writes where one may not
            stack.enter_context(locked(target.parent))
        return _lines_of(read_bytes(target, MAX_JOURNAL))


def append_lines(path: Path, make: Callable[[Journal], tuple[bytes, ...]]) -> Journal:
    """Append lines to a file, which is made if need be.

    The lock of its folder keeps other writers out.
    """
    with writing(path):
        target = Path(os.path.realpath(path))
        make_folders(target.parent)
        with locked(target.parent, required=True):
            content = read_bytes(target, MAX_JOURNAL) if target.exists() else b""
            before = _lines_of(content)
            lines = make(before)
            if any(b"\n" in line for line in lines):
                raise ValueError("a line holds a line end")
            if lines:
                _append(target, len(content), before.torn, lines)
    return before


def _append(target: Path, size: int, torn: bytes, lines: tuple[bytes, ...]) -> None:
    new = b"".join(line + b"\n" for line in lines)
    if torn and lines[0] == torn:  # only its end was missing
        torn, new = b"", new[len(torn) :]
    if torn:
        _write_at_end(target.with_name(target.name + TORN), torn + b"\n")
        sync_folder(target.parent)  # what is set aside is there before it is cut off
        os.truncate(target, size - len(torn))
    _write_at_end(target, new)
    if not size:
        sync_folder(target.parent)


def _write_at_end(path: Path, new: bytes) -> None:
    """Write at the end of a file, to the disk; where that is full, no half line stays."""
    with open(
        path, "ab", buffering=0, opener=lambda name, flags: os.open(name, flags | OPENING, 0o666)
    ) as file:
        require_ordinary(file.fileno())
        size = file.tell()
        try:
            while new:
                new = new[os.write(file.fileno(), new) :]
            os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise


def _lines_of(content: bytes) -> Journal:
    zero = content.find(b"\0")
    end = content.rfind(b"\n", 0, len(content) if zero < 0 else zero) + 1
    return Journal(tuple(content[:end].split(b"\n")[:-1]), content[end:])
