"""Writing files so that a reader never sees half of one.

A file is written beside its target under a hidden name and then renamed onto it, which the operating system
does at once or not at all. A folder of files (a report) is prepared the same way. Whoever is killed in the
middle leaves what was there before.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import ForecastError, OutputError

if TYPE_CHECKING:
    import pandas as pd

ENTRANCES = ("forecast.json", "tests.json", "index.html")
"""What readers open first is put in place last, so that it never speaks of files that are not there yet."""


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` (UTF-8, line ends as given), making its folder if need be.

    Raises
    ------
    OutputError
        If `path` cannot be written.

    Examples
    --------
    >>> from forecast.files import write_text
    >>> write_text("note.txt", "one line")  # doctest: +SKIP
    """
    path = Path(path)
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8", newline="")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def write_json(path: str | Path, obj: Any) -> None:
    """Write `obj` as JSON, indented by two, keys in the order given.

    NumPy scalars and arrays become numbers and lists, dates become ISO text.

    Raises
    ------
    ForecastError
        If a number is NaN or infinite (JSON has neither: write None), or a value has no JSON form.
    OutputError
        If `path` cannot be written.
    """
    try:
        text = json.dumps(obj, indent=2, allow_nan=False, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise ForecastError(f"{path}: no JSON form ({error}). Use None for a missing number.") from error
    write_text(path, text + "\n")


def write_csv(path: str | Path, frame: "pd.DataFrame") -> None:
    """Write the columns of `frame` as CSV with a header and without its index.

    Raises
    ------
    OutputError
        If `path` cannot be written.
    """
    write_text(path, _csv(frame))


def check_writable(folder: str | Path) -> None:
    """Make sure that a folder can be written, or made, before hours of work are spent on what goes there.

    Raises
    ------
    OutputError
        If not.

    Examples
    --------
    >>> from forecast.files import check_writable
    >>> check_writable(".")
    """
    folder = Path(folder)
    nearest = folder.resolve()
    try:
        while not nearest.exists():
            nearest = nearest.parent
        # Asking for permission (os.access) is no proof: root may do all, yet not on a read-only disk. So try.
        probe = _partial(nearest / "probe")
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise _unwritable(folder, error) from error


@contextlib.contextmanager
def atomic_folder(folder: str | Path) -> Iterator[Path]:
    """Fill a folder all at once, when everything that goes into it is ready.

    Yields an empty folder of a hidden name, whose content is put in place when the block ends well. Files
    that are in `folder` already and not written anew stay. On an error or interrupt nothing has changed.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where the content is to be in the end; made if need be.

    Yields
    ------
    pathlib.Path
        The folder to write to.

    Raises
    ------
    OutputError
        If `folder` cannot be written; checked before the block runs.

    Examples
    --------
    >>> from forecast.files import atomic_folder, write_text
    >>> with atomic_folder("report") as new:  # doctest: +SKIP
    ...     write_text(new / "index.html", "<p>")
    """
    folder = Path(folder).resolve()
    check_writable(folder)
    # Inside a folder that exists: it may be a disk of its own, to which nothing is renamed from outside.
    partial = _partial(folder / "new" if folder.exists() else folder)
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield partial
        try:
            _move_content(partial, folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def digest(content: "bytes | pd.DataFrame") -> str:
    """Return the SHA-256 of bytes, or of a table's CSV form, in hexadecimal.

    Examples
    --------
    >>> from forecast.files import digest
    >>> digest(b"")[:8]
    'e3b0c442'
    """
    data = content if isinstance(content, bytes) else _csv(content).encode()
    return hashlib.sha256(data).hexdigest()


def _move_content(source: Path, target: Path) -> None:
    if not target.exists():
        source.rename(target)
        return
    for path in sorted(source.iterdir(), key=lambda path: (path.name in ENTRANCES, path.name)):
        place = target / path.name
        if place.is_dir() and not place.is_symlink():
            # A folder cannot be renamed onto a full one: the old one goes into the partial one and its end.
            place.rename(_partial(path))
        path.replace(place)


def _csv(frame: "pd.DataFrame") -> str:
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def _plain(value: Any) -> Any:
    for method in ("tolist", "isoformat", "__fspath__"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _unwritable(path: Path, error: OSError) -> OutputError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return OutputError(f"{path} cannot be written: {reason}. Choose another place, or make it writable.")
