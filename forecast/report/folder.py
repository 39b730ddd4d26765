"""Folders of pages: nothing is replaced but an earlier page."""

import contextlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from forecast.base.durable import make_folders
from forecast.base.errors import OutputError, OutputPathError
from forecast.base.file_faults import output_error, unwritable
from forecast.base.files import check_writable
from forecast.base.folders import finish_moves
from forecast.base.reading import read_bytes
from forecast.report.manifest import MANIFEST, MAX_PAGE_JSON, is_unchanged, written_files

# Names of the files that accompany each kind of page, as patterns
REPORT = (
    r"forecast\.json|levels\.csv|(dots|share|pendulum)\.svg|summary\.md|rejects\.csv"
    r"|fit\.(zarr|nc)|export"
)
TESTS = r"tests\.json|tests\.csv|S\d+[ab]?\.svg"
SKILL = r"skill\.(json|csv)|cases(_shown)?\.csv"
CHECKS = r"checks\.(json|csv)"
SCENARIO = r"scenario\.json"
EXPLAIN = r"explain\.(json|csv|svg)"
CHANGE = r"change\.(json|csv|svg)"
PAIRS = r"pairs\.json|fit\.(zarr|nc)"
TRACK_RECORD = r"track_record\.json|questions\.csv"


def require_report_folder(
    out: str | Path | None,
    names: str,
    inputs: Iterable[str | Path | None] = (),
    *,
    replace: bool = True,
    parent: Path | None = None,
) -> None:
    """Make sure that a page may be written to a folder.

    If none is named, it is one of its own in `parent`.

    Nothing is replaced but an earlier page.
    """
    check_writable(out or parent or ".")
    if out is None:
        return
    folder = Path(out).resolve()
    if not folder.is_dir():
        return
    try:
        finish_moves(folder)
        replaced = [path for path in folder.iterdir() if _is_replaced(path.name, names)]
        written = written_files(folder)
        foreign = [path for path in replaced if not is_unchanged(path, written)]
        read = _files_read((folder, *replaced), inputs)
    except OSError as error:
        raise output_error(Path(out), error) from error
    if foreign:
        raise OutputPathError(
            f"{foreign[0]} is not of a report and would be replaced: {MANIFEST} does not name it, "
            "or it was changed. Choose another folder, or move it."
        )
    if read:
        raise OutputPathError(
            f"{read[0]} is read by this command and would be replaced. Choose another folder."
        )
    if replaced and not replace:
        other = (
            "Choose another folder, leave out --out for one with the date,"
            if parent
            else "Choose another --out,"
        )
        raise OutputPathError(
            f"{out} holds {_describe_report(folder)} already, which would be replaced. {other} or "
            "say --replace."
        )


def _is_replaced(name: str, names: str) -> bool:
    """Return whether a page of a kind replaces a file of that name."""
    return bool(re.fullmatch(rf"index\.html|{MANIFEST}|{names}", name))


def _files_read(replaced: Iterable[Path], inputs: Iterable[str | Path | None]) -> list[Path]:
    """Return those of the paths that are also read, under whatever name."""
    read = [Path(path).resolve() for path in inputs if path]
    return [
        path for path in replaced if any(other.exists() and path.samefile(other) for other in read)
    ]


def _describe_report(folder: Path) -> str:
    """Describe in words the report in a folder, as far as it can be read."""
    try:
        numbers = json.loads(read_bytes(folder / "forecast.json", MAX_PAGE_JSON))
        return f"a report on {numbers['dyad']:.20} as of {numbers['as_of']:.10}"
    except (OSError, ValueError, TypeError, KeyError):
        return "a report"


@contextlib.contextmanager
def chosen_folder(out: Path | None, parent: Path, dyad: str, as_of: date) -> Iterator[Path]:
    """Return the folder that is named.

    Else make one with the date, numbered if the name is taken.
    """
    if out is not None:
        yield out
        return
    try:
        make_folders(parent)
        folder = _first_free(parent, f"{dyad}-{as_of}")
    except OSError as error:
        raise OutputError(unwritable(parent, error)) from error
    try:
        yield folder
    except BaseException:
        with contextlib.suppress(OSError):  # not empty: then it holds something worth keeping
            folder.rmdir()
        raise


def _first_free(parent: Path, name: str) -> Path:
    """Make the folder of that name, or with the first number that is not taken."""
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("there is always a next number")
