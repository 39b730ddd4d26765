"""Reading of ordinary files alone, up to a size: a pipe or a device may never end."""

import errno
import io
import os
import stat
from pathlib import Path

from forecast.base.errors import ForecastError
from forecast.base.file_faults import PASSING, lacking

OPENING: int = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK"))
"""Flags for opening files, where the system has them: binary, not inherited, without waiting for a
pipe."""

NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
"""Flag that does not follow a link; 0 where the system has none."""

EMPTIED = 100_000
"""Bytes of a file that are looked at for anything but zero; forms and manifests begin with a
letter."""


def read_bytes(path: str | Path, most: int) -> bytes:
    """Read a file of at most so many bytes, and only an ordinary one.

    A pipe or device may never end.
    """
    try:
        with open_ordinary(path, most) as file:
            content = file.read(most + 1)
    except OSError as error:
        if (
            error.errno in PASSING
        ):  # readers answer what is wrong with a file, not what the system lacks
            raise ForecastError(lacking(path, error.strerror)) from error
        raise
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than the {most:,} bytes that are read")
    return content


def is_empty(path: Path) -> bool:
    """Return whether a file is missing, or has no content or only zero bytes.

    A power cut can leave it so.
    """
    try:
        with open_ordinary(path) as file:
            return not file.read(EMPTIED).strip(b"\0")
    except OSError:
        return not path.exists()  # if something else is there, whoever reads it says what


def open_ordinary(path: str | Path, most: int | None = None) -> io.BufferedReader:
    """Open a file of at most so many bytes to read it in pieces, and only an ordinary one."""
    file = os.fdopen(os.open(path, os.O_RDONLY | OPENING), "rb")
    try:
        require_ordinary(file.fileno(), most)
    except OSError:
        file.close()
        raise
    return file


def require_ordinary(descriptor: int, most: int | None = None) -> None:
    """Make sure that an open file is an ordinary one.

    If a limit is given, it must also be of at most so many bytes.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
    if most is not None and status.st_size > most:
        raise OSError(
            errno.EFBIG, f"it has {status.st_size:,} bytes, more than the {most:,} that are read"
        )
