"""A fence around one file: a fault of the file becomes an error that names it; every other fault goes up unchanged.

What stops a program for other reasons (no memory, a full disk, too many open files, a lost connection, an interrupt)
says nothing about the file at hand, and the next file would only meet it again.
"""

import csv
import errno
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from forecast.errors import DataError, ForecastError

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error)
UNFORESEEN = (LookupError, TypeError, AttributeError, AssertionError)
"""A reader of this program did not foresee what is in the file."""
UNREADABLE = (ValueError, ArithmeticError, csv.Error)
OF_A_PATH = frozenset(
    {
        errno.EACCES, errno.EFBIG, errno.EILSEQ, errno.EINVAL, errno.EIO, errno.EISDIR, errno.ELOOP,
        errno.ENAMETOOLONG, errno.ENODEV, errno.ENOENT, errno.ENOTDIR, errno.ENXIO, errno.EOVERFLOW, errno.EPERM,
    }
)  # fmt: skip
"""Errors of the system that are about one path; those about disk, memory, handles and connections are not here."""
LONGEST = 200


@contextmanager
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
    """Return what is wrong with the file and what to do; '' if the error is not of the file."""
    text = (str(error).splitlines() or [""])[0][:LONGEST] or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return f"cannot be read: {error.strerror}. Check the path." if error.errno in OF_A_PATH else ""
    if isinstance(error, DAMAGED):
        return f"is damaged ({text}). Fetch it again."
    if isinstance(error, UNFORESEEN):
        kind = type(error).__name__
        return f"cannot be read: this program did not foresee what is in it ({kind}: {text}). Report it with the file."
    if isinstance(error, (OSError, *UNREADABLE, *_of_libraries())):
        return f"cannot be read: {text.rstrip('.')}. {advice}"
    return ""


def _of_libraries() -> tuple[type[Exception], ...]:
    """Return the errors by which libraries say that they cannot use a text or table, not that they lack something."""
    import duckdb
    import pyarrow as pa

    return (duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError, pa.ArrowCapacityError)
