"""A file that arrives in pieces: hidden beside its place until it is whole, and kept when a run ends before that.

`forecast.partials` is for work that is worth nothing unless it is finished; here the beginning is worth keeping.
"""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from forecast.files import NO_LINK, OPENING, require_ordinary, write_text

ENDING = ".unfinished"
MARK = ".mark"
MORE_OF_A_NAME = len("." + ENDING + MARK)
"""By how many characters the longest hidden name is longer than that of the file."""
LONGEST_MARK = 1_000


class Unfinished:
    """A file that is not whole yet."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}{ENDING}")
        self._mark = self.path.with_name(self.path.name + MARK)

    @property
    def size(self) -> int:
        """Bytes that are there; 0 if it has not been started."""
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0

    @property
    def mark(self) -> str:
        """What the beginning was taken from, as given to `start`; '' if that is not known."""
        try:
            return self._mark.read_text("utf-8")[:LONGEST_MARK]
        except (OSError, ValueError):
            return ""

    def start(self, mark: str = "") -> None:
        """Start at the first byte, with a mark of what it is taken from."""
        self.discard()
        if mark:
            write_text(self._mark, mark[:LONGEST_MARK])

    @contextmanager
    def appending(self) -> Iterator[BinaryIO]:
        """Open it to append to it."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | OPENING | NO_LINK
        with os.fdopen(os.open(self.path, flags, 0o666), "ab") as stream:
            require_ordinary(stream.fileno())
            yield stream

    def digests(self, *names: str) -> tuple[str, ...]:
        """Return digests of what is there, such as ``md5``, in hexadecimal."""
        return digests(self.path, *names)

    def finish(self) -> None:
        """Put it in its place: from now on it is whole."""
        if os.path.lexists(self.target):
            raise FileExistsError(errno.EEXIST, "a file of this name is there already", str(self.target))
        self.path.rename(self.target)
        self.discard()

    def discard(self) -> None:
        """Remove it."""
        for path in (self.path, self._mark):
            path.unlink(missing_ok=True)


def digests(path: Path, *names: str) -> tuple[str, ...]:
    """Return digests of a file, such as ``md5``, read once."""
    # Checksums of publishers are compared, nothing rests on them being hard to forge.
    sums = [hashlib.new(name, usedforsecurity=False) for name in names]
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            for one in sums:
                one.update(block)
    return tuple(one.hexdigest() for one in sums)
