"""Writing files so that a reader never sees half of one.

A file is written beside its target under a hidden name and then renamed onto it, which the operating system
does at once or not at all. Whoever is killed in the middle leaves what was
there before. Folders of files (a report) are for `forecast.folders`.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import ForecastError, OutputError, OutputPathError
from forecast.escaping import has_controls, json_text, printable, spreadsheet_cell
from forecast.partials import PARTIAL_LENGTH, partial_folder

if TYPE_CHECKING:
    import pandas as pd

NO_FILES = ("/proc/", "/sys/", "/dev/std", "/dev/fd/")
"""Where the system shows processes and devices, some of them under names of ordinary files."""
OPENING: int = sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK"))
"""How files are opened, as far as the system has it: their bytes, not by children, without waiting for a pipe."""
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
LONGEST_NAME = 255
"""Bytes, on the file systems in use."""


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` (UTF-8, line ends as given), making its folder if need be."""
    write_bytes(path, text.encode())


def write_bytes(path: str | Path, content: bytes, *, durable: bool = False) -> None:
    """Write bytes to `path`, making its folder if need be."""
    target = _target(Path(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial_folder(target) as partial:
            with (partial / "new").open("wb") as file:
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            (partial / "new").replace(target)
        if durable:
            sync_folder(target.parent)
    except OSError as error:
        raise OutputError(unwritable(Path(path), error)) from error


def write_json(path: str | Path, obj: Any, *, by_record: bool = False) -> None:
    """Write `obj` as JSON, indented by two, keys in the order given.

    NumPy scalars and arrays become numbers and lists, dates become ISO text.
    """
    try:
        text = _json_by_record(obj) if by_record else _json(obj, indent=2)
    except (TypeError, ValueError) as error:
        raise ForecastError(f"{path}: no JSON form ({error}). Use None for a missing number.") from error
    write_text(path, json_text(text) + "\n")


def _json(obj: Any, **layout: Any) -> str:
    return json.dumps(obj, allow_nan=False, ensure_ascii=False, default=_plain, **layout)


def _json_by_record(obj: Mapping[str, Any]) -> str:
    compact = (",", ":")
    parts = []
    for name, value in obj.items():
        lines = ",\n".join(_json(one, separators=compact) for one in value) if isinstance(value, list) else ""
        parts.append(f"{_json(name)}: " + (f"[\n{lines}\n]" if lines else _json(value, separators=compact)))
    return "{\n" + ",\n".join(parts) + "\n}"


def write_csv(path: str | Path, frame: "pd.DataFrame") -> None:
    """Write the columns of `frame` as CSV with a header and without its index.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    texts = frame.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    shown = frame.assign(**{name: frame[name].map(_cell) for name in texts})
    write_text(path, _csv(shown))


def check_writable(folder: str | Path) -> None:
    """Make sure that a folder can be written, or made, before hours of work are spent on what goes there."""
    folder = Path(folder)
    try:
        nearest = _resolved(folder)
        while not _is_there(nearest):
            nearest = nearest.parent
        # Asking for permission (os.access) is no proof: root may do all, yet not on a read-only disk. So try.
        with partial_folder(nearest / "probe"):
            pass
    except OSError as error:
        raise OutputPathError(unwritable(folder, error)) from error


def check_target(path: str | Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Make sure that a file may be written: it is no input, and what is there already is an ordinary file."""
    target = _target(Path(path))
    for given in [each for each in inputs if each]:
        folder = Path(given)
        files = folder.rglob("*") if folder.is_dir() else [folder]
        if target.exists() and any(file.exists() and target.samefile(file) for file in files):
            raise OutputPathError(f"{path} is read by this command and would be destroyed. Choose another name.")


def read_bytes(path: str | Path, most: int) -> bytes:
    """Read a file of at most so many bytes, and only an ordinary one: a pipe or device may never end."""
    with open_ordinary(path, most) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than the {most:,} bytes that are read")
    return content


def open_ordinary(path: str | Path, most: int) -> io.BufferedReader:
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
        raise OSError(errno.EFBIG, f"it has {status.st_size:,} bytes, more than the {most:,} that are read")


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with contextlib.suppress(OSError):  # file systems that cannot
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def digest(content: "bytes | pd.DataFrame") -> str:
    """Return the SHA-256 of bytes, or of a table's CSV form, in hexadecimal."""
    data = content if isinstance(content, bytes) else _csv(content).encode()
    return hashlib.sha256(data).hexdigest()


def _csv(frame: "pd.DataFrame") -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _cell(value: Any) -> Any:
    return spreadsheet_cell(value) if isinstance(value, str) else value


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
    """Whether something is there; what cannot be there is an error."""
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
    return f"{printable(str(path))} cannot be written: {reason}. Choose another place, or make it writable."
