"""What is the fault of one file, and what goes up because it is not."""

import csv
import errno
import os
import zipfile
import zlib

import duckdb
import pyarrow as pa
import pytest

from forecast.base.errors import DataError, OutputError, SpecError
from forecast.base.file_faults import fence


def fail(error):
    with fence("a.tab", "Correct it."):
        raise error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no number\nat all"), "a.tab cannot be read: no number. Correct it."),
        (
            UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
            "a.tab cannot be read: .*invalid start byte",
        ),
        (pa.ArrowInvalid("other length"), "a.tab cannot be read: other length"),
        (duckdb.ConversionException("no day"), "a.tab cannot be read: no day"),
        (OverflowError("too large"), "a.tab cannot be read: too large"),
        (csv.Error("line contains NUL"), "a.tab cannot be read: line contains NUL"),
        (zipfile.BadZipFile("Bad CRC-32"), r"a.tab is damaged \(Bad CRC-32\). Fetch it again."),
        (zlib.error("invalid block"), "a.tab is damaged"),
        (EOFError(), r"a.tab is damaged \(EOFError\)"),
        (
            IndexError("list index out of range"),
            "did not foresee .*IndexError: list index out of range.*Report it",
        ),
        (TypeError("no text"), "did not foresee .*TypeError"),
        (
            OSError(errno.EACCES, "Permission denied"),
            "a.tab cannot be read: Permission denied. Check the path.",
        ),
        (OSError("corrupt page"), "a.tab cannot be read: corrupt page. Correct it."),
    ],
    ids=repr,
)
def test_a_fault_of_the_file_names_it_and_the_cause(error, words):
    with pytest.raises(DataError, match=words) as found:
        fail(error)
    assert found.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        pa.ArrowMemoryError("malloc of size 8 failed"),
        KeyboardInterrupt(),
        SystemExit(1),
        *(
            OSError(code, os.strerror(code))
            for code in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENOMEM)
        ),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        TimeoutError(errno.ETIMEDOUT, "timed out"),
        duckdb.OutOfMemoryException("no memory"),
        duckdb.IOException("no space on the scratch disk"),
        RuntimeError("can't start new thread"),
        NameError("a slip of this program"),
        OutputError("the archive cannot be written"),
        SpecError("a setting"),
        DataError("b.tab: has its own words"),
    ],
    ids=repr,
)
def test_what_is_not_of_the_file_goes_up_as_it_is(error):
    with pytest.raises(type(error)) as found:
        fail(error)
    assert found.value is error
