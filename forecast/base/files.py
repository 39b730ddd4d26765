"""Atomic writes of files: each is whole or absent.

A file is written under a hidden name and renamed to its target, which is atomic.
"""

import errno
import json
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.base.durable import make_folders, sync_folder
from forecast.base.errors import ForecastError, OutputPathError
from forecast.base.escaping import has_controls, json_text, spreadsheet_cell
from forecast.base.file_faults import output_error, unwritable, writing
from forecast.base.unfinished import PARTIAL_LENGTH, partial_folder

if TYPE_CHECKING:
    import pandas as pd

NO_FILES = ("/proc/", "/sys/", "/dev/std", "/dev/fd/")
"""Locations of processes and devices, some of them under names of ordinary files."""

# Bytes, on the file systems in use
MAX_FILE_NAME = 255


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


def write_json(
    path: str | Path, obj: Any, *, by_record: bool = False, durable: bool = False
) -> None:
    """Write `obj` as JSON, indented by two.

    NumPy values are written as numbers and lists, and dates as ISO text.
    """
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
            ",\n".join(_json(row, separators=compact) for row in value)
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
    """Make sure that a folder can be written, or made.

    It is asked before hours of work are spent on what goes there.
    """
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
    """Make sure that a file may be written.

    It must be no input, and what is there already must be an ordinary file.
    """
    target = _target(Path(path))
    for given in [each for each in inputs if each]:
        folder = Path(given)
        files = folder.rglob("*") if folder.is_dir() else [folder]
        if target.exists() and any(file.exists() and target.samefile(file) for file in files):
            raise OutputPathError(
                f"{path} is read by this command and would be destroyed. Choose another name."
            )


def _plain(value: Any) -> Any:
    for method in ("tolist", "isoformat", "__fspath__"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _target(path: Path) -> Path:
    """Return where a file is really written.

    Links are followed, and what cannot be a file is rejected.
    """
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
    # Links are not to be followed.
    if Path(os.path.abspath(path)).as_posix().startswith(NO_FILES):  # noqa: PTH100
        raise OSError(errno.EINVAL, "no place for files")
    resolved = Path(os.path.realpath(path))
    if resolved.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return resolved


def _is_there(path: Path) -> bool:
    """Return whether a path exists; impossible paths raise an error."""
    if len(os.fsencode(path.name)) > MAX_FILE_NAME - PARTIAL_LENGTH and not path.exists():
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True
