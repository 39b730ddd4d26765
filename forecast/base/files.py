"""Atomic writes, reading of regular files only, locked temporary folders, errors that name the file.

A file is written under a hidden name and renamed to its target, which is atomic. What is durable is
on the disk before its name is, and that name before anything is acknowledged: a power cut takes
none of it away.
"""

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout, lock_descriptor

from forecast.base.errors import DataError, ForecastError, OutputError, OutputPathError
from forecast.base.escaping import has_controls, json_text, printable, spreadsheet_cell

if TYPE_CHECKING:
    import pandas as pd

LOCK = ".lock"
"""Name of the lock file in a folder, on systems where the folder itself cannot be locked."""
FOLDERS_OPEN = hasattr(os, "O_DIRECTORY")
"""True if a folder can be opened, and so locked, like a file; on Windows it cannot."""
PARTIAL_LENGTH = len("..12345678.partial")
"""By how many characters a hidden name is longer than that of its target."""
_PARTIAL = re.compile(r"\.([^/\\]+)\.[0-9a-f]{8}\.partial")
"""Name of a partial folder."""
POLL = 0.01
"""Seconds between two attempts to get a lock."""
_own: set[Path] = set()
swapping = threading.Lock()
"""Held while finished work is put in place: what is being swapped is not abandoned."""


@contextlib.contextmanager
def partial_folder(target: Path) -> Iterator[Path]:
    """Make a hidden folder next to a target, and remove it in the end, whatever happens."""
    # It is locked as long as this process lives. Those next to it that no process locks were left
    # by runs that have been killed; they are removed first.
    clear_leftovers(target.parent)
    folder, release = _claim(target)
    try:
        yield folder
    finally:
        reason = _remove(folder, release)
    if os.path.lexists(folder):  # it would become part of a folder around it
        if reason is None:
            folder.rmdir()  # which says why it stays
        else:
            raise OSError(reason.errno, reason.strerror, str(folder)) from reason


def abandon(patience: float) -> None:
    """Remove all unfinished work of this process, which is about to end, after a swap that is going on."""
    if swapping.acquire(timeout=patience):  # and never released
        for folder in tuple(_own):
            shutil.rmtree(folder, ignore_errors=True)


def clear_leftovers(folder: Path) -> None:
    """Remove the partial folders in a folder that were left by runs that have been killed."""
    with contextlib.suppress(OSError):
        for path in [path for path in folder.iterdir() if _PARTIAL.fullmatch(path.name)]:
            with contextlib.suppress(OSError):
                if (release := lock_folder(path)) is not None:
                    _remove(path, release)


def lock_folder(folder: Path, *, wait: bool = False) -> Callable[[], None] | None:
    """Lock a folder until the process ends or calls what is returned.

    None if another run has it.
    """
    # On a disk without locks nothing is kept out, and None is returned as well.
    if not FOLDERS_OPEN:
        lock = FileLock(folder / LOCK, thread_local=False, poll_interval=POLL)
        try:
            lock.acquire(blocking=wait)
        except Timeout:
            return None
        return lock.release
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        held = lock_descriptor(descriptor, blocking=wait, poll_interval=POLL)
    except OSError:
        held = False
    except BaseException:  # an interrupt while it waits
        os.close(descriptor)
        raise
    if held:
        return lambda: os.close(descriptor)
    os.close(descriptor)
    return None


@contextlib.contextmanager
def locked(folder: Path, *, required: bool = False) -> Iterator[None]:
    """Wait for the lock of a folder and hold it.

    On a disk without locks, continue unless it is `required`.
    """
    release = lock_folder(folder, wait=True)
    if required and release is None:
        raise OSError(
            errno.ENOLCK,
            "this disk has no locks to keep other writers out; use a folder on another disk",
        )
    try:
        yield
    finally:
        if release is not None:
            release()


def _claim(target: Path) -> tuple[Path, Callable[[], None] | None]:
    while True:
        folder = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
        _own.add(folder)  # before it is there: an interrupt may come at any moment
        folder.mkdir()
        try:
            release = lock_folder(folder, wait=True)
        except FileNotFoundError:  # another run took it for a leftover before it was locked
            continue
        except BaseException:
            _remove(folder, None)
            raise
        if folder.exists():
            return folder, release
        if release is not None:
            release()


def _remove(folder: Path, release: Callable[[], None] | None) -> OSError | None:
    """Remove a folder before its lock is released, and return the first reason why something of it stays."""
    reasons: list[BaseException] = []
    try:
        with contextlib.suppress(OSError):
            folder.rmdir()  # an empty one goes even where no more files can be opened
        shutil.rmtree(folder, onexc=lambda _, __, error: reasons.append(error))
        _own.discard(folder)  # if this is interrupted, `abandon` does the rest
    finally:
        if release is not None:
            release()
    if not FOLDERS_OPEN:
        shutil.rmtree(folder, ignore_errors=True)
    return next((reason for reason in reasons if isinstance(reason, OSError)), None)


NO_FILES = ("/proc/", "/sys/", "/dev/std", "/dev/fd/")
"""Locations of processes and devices, some of them under names of ordinary files."""
OPENING: int = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK"))
"""Flags for opening files, where the system has them: binary, not inherited, without waiting for a
pipe."""
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
LONGEST_NAME = 255
"""Bytes, on the file systems in use."""


def write_text(path: str | Path, text: str, *, durable: bool = False) -> None:
    """Write `text` to `path` (UTF-8, line ends as given), making its folder if need be."""
    write_bytes(path, text.encode(), durable=durable)


def write_bytes(path: str | Path, content: bytes, *, durable: bool = False) -> None:
    """Write bytes to `path`, making its folder if need be.

    If `durable`, a power cut takes neither away.
    """
    target = _target(Path(path))
    with writing(Path(path)):
        make_folders(target.parent, durable=durable)
        with partial_folder(target) as partial:
            with (partial / "new").open("wb") as file:
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            (partial / "new").replace(target)
        if durable:
            sync_folder(target.parent)


def make_folders(folder: Path, *, durable: bool = True) -> None:
    """Make a folder with all above it.

    If `durable`, wait from above until the disk has the name of each.

    A file is only as safe as the names of the folders above it: a folder whose name is not on the
    disk is gone after a power cut, with all files that were written to it.
    """
    if durable and not folder.is_dir():
        make_folders(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)
    if durable and folder != folder.parent:
        sync_folder(folder.parent)


def write_json(
    path: str | Path, obj: Any, *, by_record: bool = False, durable: bool = False
) -> None:
    """Write `obj` as JSON, indented by two: NumPy values as numbers and lists, dates as ISO text."""
    try:
        text = _json_by_record(obj) if by_record else _json(obj, indent=2)
    except (TypeError, ValueError) as error:
        raise ForecastError(
            f"{path}: no JSON form ({error}). Use None for a missing number."
        ) from error
    write_text(path, json_text(text) + "\n", durable=durable)


def _json(obj: Any, **layout: Any) -> str:
    return json.dumps(obj, allow_nan=False, ensure_ascii=False, default=_plain, **layout)


def _json_by_record(obj: Mapping[str, Any]) -> str:
    compact = (",", ":")
    parts = []
    for name, value in obj.items():
        lines = (
            ",\n".join(_json(one, separators=compact) for one in value)
            if isinstance(value, list)
            else ""
        )
        parts.append(
            f"{_json(name)}: " + (f"[\n{lines}\n]" if lines else _json(value, separators=compact))
        )
    return "{\n" + ",\n".join(parts) + "\n}"


def write_csv(path: str | Path, frame: "pd.DataFrame") -> None:
    """Write the columns of `frame` as CSV with a header and without its index."""
    write_text(path, csv_text(frame))


def csv_text(frame: "pd.DataFrame") -> str:
    """Return the CSV of a table.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    texts = frame.select_dtypes(exclude=["number", "bool", "datetime"])
    shown = texts.map(lambda cell: spreadsheet_cell(cell) if isinstance(cell, str) else cell)
    return frame.assign(**{str(name): shown[name] for name in shown}).to_csv(
        index=False, lineterminator="\n"
    )


def check_writable(folder: str | Path) -> None:
    """Make sure that a folder can be written, or made, before hours of work are spent on what goes there."""
    folder = Path(folder)
    try:
        nearest = _resolved(folder)
        while not _is_there(nearest):
            nearest = nearest.parent
        # Asking for permission (os.access) is no proof: root may do all, yet not on a read-only
        # disk. So try.
        with partial_folder(nearest / "probe"):
            pass
    except OSError as error:
        raise output_error(folder, error) from error


def check_target(path: str | Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Make sure that a file may be written: it is no input, and what is there already is an ordinary file."""
    target = _target(Path(path))
    for given in [each for each in inputs if each]:
        folder = Path(given)
        files = folder.rglob("*") if folder.is_dir() else [folder]
        if target.exists() and any(file.exists() and target.samefile(file) for file in files):
            raise OutputPathError(
                f"{path} is read by this command and would be destroyed. Choose another name."
            )


def read_bytes(path: str | Path, most: int) -> bytes:
    """Read a file of at most so many bytes, and only an ordinary one: a pipe or device may never end."""
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


EMPTIED = 100_000
"""Bytes of a file that are looked at for anything but zero; forms and manifests begin with a
letter."""


def is_empty(path: Path) -> bool:
    """Return whether a file is missing, or has no content or only zero bytes, as a power cut can leave it."""
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
    """Make sure that an open file is an ordinary one and, if a limit is given, of at most so many bytes."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no ordinary file")
    if most is not None and status.st_size > most:
        raise OSError(
            errno.EFBIG, f"it has {status.st_size:,} bytes, more than the {most:,} that are read"
        )


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except (
            PermissionError
        ):  # a folder that one may enter and not list, such as one above one's own
            return
        try:
            with contextlib.suppress(OSError):  # file systems that cannot
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_file(path: Path) -> None:
    """Wait until the disk has the content of a file."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until the disk has all files in a folder and in those in it, with their names."""
    for inside, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(inside, name)
            if path.is_file() and not path.is_symlink():
                sync_file(path)
        sync_folder(Path(inside))


def digest(content: "bytes | pd.DataFrame") -> str:
    """Return the SHA-256 of bytes, or of a table's CSV form, in hexadecimal."""
    data = (
        content
        if isinstance(content, bytes)
        else content.to_csv(index=False, lineterminator="\n").encode()
    )
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path, kind: str = "sha256") -> str:
    """Return a digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def _plain(value: Any) -> Any:
    for method in ("tolist", "isoformat", "__fspath__"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _target(path: Path) -> Path:
    """Return where a file is really written: links are followed, and what cannot be a file is rejected."""
    try:
        target = _resolved(path)
        status = os.lstat(target) if _is_there(target) else None
    except OSError as error:
        raise OutputPathError(unwritable(path, error)) from error
    if status and not stat.S_ISREG(status.st_mode):
        raise OutputPathError(f"{path} is no ordinary file and is left alone. Choose another name.")
    return target


def _resolved(path: Path) -> Path:
    if has_controls(str(path)):
        raise OSError(errno.EINVAL, "its name has a control character, or a byte that is no text")
    if Path(os.path.abspath(path)).as_posix().startswith(NO_FILES):  # noqa: PTH100 - links are not to be followed
        raise OSError(errno.EINVAL, "no place for files")
    resolved = Path(os.path.realpath(path))
    if resolved.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return resolved


def _is_there(path: Path) -> bool:
    """Return whether a path exists; impossible paths raise an error."""
    if len(os.fsencode(path.name)) > LONGEST_NAME - PARTIAL_LENGTH and not path.exists():
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def unwritable(path: Path, error: OSError) -> str:
    """Describe in a sentence that a place cannot be written, and why."""
    reason = error.strerror or str(error)
    return f"{shown_path(path)} cannot be written: {reason}. Choose another place, or make it writable."


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
    """Return the error of a place that cannot be written: the place is at fault, or the system lacks something."""
    return (OutputError if error.errno in PASSING else OutputPathError)(unwritable(path, error))


def lacking(path: str | Path, reason: str | None) -> str:
    """Describe in a sentence that the system lacks something for a file."""
    return f"{shown_path(path)}: {reason}. Free what the system lacks, and try again"


def shown_path(path: str | Path) -> str:
    """Return a path for a message; one in unfinished work is shown as that of the finished one."""
    return printable(re.sub(rf"{_PARTIAL.pattern}[/\\][^/\\]+", r"\1", str(path)))


DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error)
UNFORESEEN = (LookupError, TypeError, AttributeError, AssertionError)
"""A reader of this program did not foresee what is in the file."""
UNREADABLE = (ValueError, ArithmeticError, csv.Error)
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
LONGEST_REASON = 200


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
    text = (str(error).splitlines() or [""])[0][:LONGEST_REASON] or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return (
            f"cannot be read: {error.strerror}. Check the path." if error.errno in OF_A_PATH else ""
        )
    if isinstance(error, DAMAGED):
        return f"is damaged ({text}). Fetch it again."
    if isinstance(error, UNFORESEEN):
        kind = type(error).__name__
        return f"cannot be read: this program did not foresee what is in it ({kind}: {text}). Report it with the file."
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
