"""Errors of files in the user's words.

They name the path, what the system or a reader says, and the remedy.
"""

import contextlib
import csv
import errno
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from forecast.base.errors import DataError, ForecastError, OutputError, OutputPathError
from forecast.base.escaping import printable
from forecast.base.unfinished import PARTIAL

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error)
"""What readers of archives raise for content that is cut or changed."""

UNFORESEEN = (LookupError, TypeError, AttributeError, AssertionError)
"""A reader of this program did not foresee what is in the file."""

UNREADABLE = (ValueError, ArithmeticError, csv.Error)
"""What readers raise for content that they cannot use."""

OF_A_PATH = frozenset(
    {
        errno.EACCES,
        errno.EFBIG,
        errno.EILSEQ,
        errno.EINVAL,
        errno.EIO,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENODEV,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENXIO,
        errno.EOVERFLOW,
        errno.EPERM,
    }
)
"""Errors of the system that are about one path; those about disk, memory, handles and connections
are not here."""

PASSING = frozenset(
    {
        errno.EAGAIN,
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOLCK,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
"""Errors of the system that say nothing of what is at a path: it may be there and whole."""

# Characters of what a library says; some put the whole content into their message
MAX_REASON = 200


def unwritable(path: Path, error: OSError) -> str:
    """Describe in a sentence that a place cannot be written, and why."""
    reason = error.strerror or str(error)
    return (
        f"{shown_path(path)} cannot be written: {reason}. Choose another place, or make it "
        "writable."
    )


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the system into that of a place that cannot be written."""
    try:
        yield
    except ForecastError:
        raise
    except OSError as error:
        raise OutputError(unwritable(path, error)) from error


def output_error(path: Path, error: OSError) -> OutputError:
    """Return the error of a place that cannot be written.

    The place is at fault, or the system lacks something.
    """
    return (OutputError if error.errno in PASSING else OutputPathError)(unwritable(path, error))


def lacking(path: str | Path, reason: str | None) -> str:
    """Describe in a sentence that the system lacks something for a file."""
    return f"{shown_path(path)}: {reason}. Free what the system lacks, and try again"


def shown_path(path: str | Path) -> str:
    """Return a path for a message; one in unfinished work is shown as that of the finished one."""
    return printable(re.sub(rf"{PARTIAL.pattern}[/\\][^/\\]+", r"\1", str(path)))


@contextlib.contextmanager
def fence(name: str, advice: str = "Check the file.") -> Iterator[None]:
    """Turn a fault of a file into a DataError that names the file and the cause."""
    try:
        yield
    except ForecastError:
        raise
    except Exception as error:
        words = _words(error, advice)
        if not words:
            raise
        raise DataError(f"{name} {words}") from error


def _words(error: Exception, advice: str) -> str:
    """Describe a file error and its remedy; '' if the error does not concern the file."""
    text = (str(error).splitlines() or [""])[0][:MAX_REASON] or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return (
            f"cannot be read: {error.strerror}. Check the path." if error.errno in OF_A_PATH else ""
        )
    if isinstance(error, DAMAGED):
        return f"is damaged ({text}). Fetch it again."
    if isinstance(error, UNFORESEEN):
        kind = type(error).__name__
        return (
            f"cannot be read: this program did not foresee what is in it ({kind}: {text}). Report "
            "it with the file."
        )
    import duckdb
    import pyarrow as pa

    # By these libraries say that they cannot use a text or table, not that they lack something.
    libraries = (
        duckdb.DataError,
        duckdb.ProgrammingError,
        duckdb.NotSupportedError,
        pa.ArrowCapacityError,
    )
    if isinstance(error, (OSError, *UNREADABLE, *libraries)):
        return f"cannot be read: {text.rstrip('.')}. {advice}"
    return ""
