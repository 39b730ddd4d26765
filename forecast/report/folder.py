"""The folder of a report: what may stand in it, what is left alone, and a saved report read again."""

import contextlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import DataError, OutputError, OutputPathError
from forecast.files import check_writable, read_bytes, unwritable
from forecast.folders import finish_moves
from forecast.model.stored import is_saved_fit
from forecast.outlook.query import main_horizon

if TYPE_CHECKING:
    from forecast.model import Fit

GENERATOR = "pendulum-forecast"
"""What the pages name as their maker."""
SAVED_FIT = "fit.zarr"
EXPORT = "export"
"""The folder of figures and tables in a report's."""
REPORT = r"index\.html|forecast\.json|levels\.csv|pendulum\.svg|summary\.md|rejects\.csv|fit\.(zarr|nc)|export"
TESTS = r"index\.html|tests\.json|tests\.csv|plan\.yaml|S\d+\.svg"
SKILL = r"index\.html|skill\.(json|csv)|cases(_shown)?\.csv"
CHECKS = r"index\.html|checks\.(json|csv)"
SCENARIO = r"index\.html|scenario\.json"
MOVED = r"index\.html|moved\.(json|csv|svg)"
CHANGE = r"index\.html|change\.(json|csv|svg)"
TRACK_RECORD = r"index\.html|track_record\.json|questions\.csv"
"""Names of the files of a report, of tests, of a backtest, of checks, scenarios, what moved it, of a change, and of a
track record."""
LONGEST = 100_000_000


def require_report_folder(
    out: str | Path, names: str, inputs: Iterable[str | Path | None] = (), *, replace: bool = True, dated: bool = False
) -> None:
    """Make sure that a report may be written to a folder: nothing in it is replaced but an earlier report."""
    check_writable(out)
    folder = Path(out).resolve()
    if not folder.is_dir():
        return
    try:
        finish_moves(folder)
        replaced = [path for path in folder.iterdir() if re.fullmatch(names, path.name)]
        given = [Path(path).resolve() for path in inputs if path]
        foreign = [path for path in replaced if not _is_ours(path)]
        read = [path for path in (folder, *replaced) if any(_holds(path, each) for each in given)]
    except OSError as error:
        raise OutputPathError(unwritable(Path(out), error)) from error
    if foreign:
        raise OutputPathError(
            f"{foreign[0]} is not of a report and would be replaced. Choose another folder, or move it."
        )
    if read:
        raise OutputPathError(f"{read[0]} is read by this command and would be replaced. Choose another folder.")
    if replaced and not replace:
        other = "Choose another folder, leave out --out for one with the date," if dated else "Choose another --out,"
        raise OutputPathError(
            f"{out} holds {_what_stands_in(folder)} already, which would be replaced. {other} or say --replace."
        )


def _what_stands_in(folder: Path) -> str:
    """Describe in words the report in a folder, as far as it can be read."""
    try:
        stated = json.loads(read_bytes(folder / "forecast.json", LONGEST))
        return f"a report on {stated['dyad']:.20} as of {stated['as_of']:.10}"
    except (OSError, ValueError, TypeError, KeyError):
        return "a report"


def require_place(
    out: Path | None, parent: Path, names: str, inputs: Iterable[str | Path | None] = (), *, replace: bool = False
) -> None:
    """Make sure that a report may be written to the folder that is named, or to one of its own in another.

    Parameters and errors are those of `require_report_folder` and `chosen_folder`.
    """
    if out is None:
        check_writable(parent)
    else:
        require_report_folder(out, names, inputs, replace=replace, dated=True)


def chosen_folder(out: Path | None, parent: Path, dyad: str, as_of: date) -> contextlib.AbstractContextManager[Path]:
    """Return the folder that is named; without a name one with the date, as `dated_folder` makes it."""
    return contextlib.nullcontext(out) if out is not None else dated_folder(parent, dyad, as_of)


@contextlib.contextmanager
def dated_folder(parent: Path, dyad: str, as_of: date) -> Iterator[Path]:
    """Make a folder for a report of a day, numbered if the name is taken, by this process alone."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
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
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("there is always a next number")


def _holds(path: Path, given: Path) -> bool:
    """Whether a path is a given one, by whatever name."""
    return given.exists() and path.samefile(given)


def _is_ours(path: Path) -> bool:
    """Whether a file or folder was written by this package."""
    if path.name.startswith("fit."):
        return is_saved_fit(path)
    try:
        if path.name == EXPORT:
            return _is_export(path)
        return not path.is_symlink() and _RECOGNISED[path.suffix](path, read_bytes(path, LONGEST))
    except (OSError, ValueError):
        return False


def _is_page(path: Path, content: bytes) -> bool:
    # Pages of earlier versions do not name their maker, but stand beside numbers that do.
    return f'<meta name="generator" content="{GENERATOR}">'.encode() in content or _stands_beside_numbers(path)


def _stands_beside_numbers(path: Path) -> bool:
    return any(_is_ours(path.with_name(name)) for name in ("forecast.json", "tests.json"))


_NUMBERS = (
    {"schema", "converged", "stamp", "dyad", "as_of", "headline"},
    {"schema", "choices", "account", "rows"},
    {"schema", "finding", "checks"},
    {"schema", "unconditional", "scenarios"},
    {"schema", "finding", "by_kind", "events"},
    {"schema", "sentences", "steps", "asked"},
    {"schema", "head", "cases", "rows"},
)
"""Names in the numbers of a report or of tests, of a backtest, of checks, scenarios, what moved it, of a change, and of
a track record."""


def _is_numbers(path: Path, content: bytes) -> bool:
    values = json.loads(content)
    return isinstance(values, dict) and any(named <= values.keys() for named in _NUMBERS)


_TABLES = (
    b"dyad,period,",
    b"file,line,reason,row",
    b"code,name,",
    b"model,benchmark,",
    b"check,what,",
    b"event,date,source,",
    b"part,level_added,",
    b"question,kind,dyad,months,",
)
"""How the tables begin."""


def _is_table(path: Path, content: bytes) -> bool:
    return content.startswith(_TABLES)


def _is_figure(path: Path, content: bytes) -> bool:
    return b"<dc:title>Matplotlib" in content[:2000]


_EXPORTED = re.compile(r"figure-\w+\.(svg|png|pdf)|table-\w+\.(csv|tex)|captions\.txt")


def _is_export(path: Path) -> bool:
    # Somebody's own file among them would be lost with the folder.
    names = [each.name for each in path.iterdir() if each.is_file() and not each.is_symlink()]
    return (
        not path.is_symlink()
        and len(names) == len(list(path.iterdir()))
        and all(map(_EXPORTED.fullmatch, names))
        and _is_figure(path, read_bytes(path / "figure-pendulum.svg", LONGEST))
    )


def _is_summary(path: Path, content: bytes) -> bool:
    return content.startswith(b"# ") and f"Made with {GENERATOR}".encode() in content


def _is_plan(path: Path, content: bytes) -> bool:
    # A plan that stands alone may be somebody's only one.
    return _stands_beside_numbers(path)


_RECOGNISED: dict[str, Callable[[Path, bytes], bool]] = {
    ".html": _is_page,
    ".json": _is_numbers,
    ".csv": _is_table,
    ".svg": _is_figure,
    ".yaml": _is_plan,
    ".md": _is_summary,
}
"""By ending, how a file of a report is told from somebody else's of the same name."""


FITS = (SAVED_FIT, "fit.nc")


@dataclass(frozen=True)
class SavedReport:
    """A report that was written earlier."""

    fit: "Fit"  # Saved in its folder
    dyad: str
    horizon: int  # The one that its headline quotes
    smallest_improvement: float
    seed: int  # Of its simulations


def read_report(folder: str | Path) -> SavedReport:
    """Read the folder of a report."""
    from forecast.model.fitted import Fit

    folder = Path(folder)
    numbers = _read_numbers(folder / "forecast.json")
    saved = next((folder / name for name in FITS if (folder / name).exists()), None)
    if saved is None:
        raise DataError(f"{folder}: there is no {' or '.join(FITS)}; make the report with --save-fit, its default")
    try:
        dyad, improvement = str(numbers["dyad"]), float(numbers["smallest_improvement"])
        horizon = main_horizon([int(one["months"]) for one in numbers["horizons"]])
        seed = int(numbers["provenance"]["simulation"]["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder / 'forecast.json'}: it is not that of a report ({error}); make the report again"
        ) from error
    return SavedReport(Fit.load(saved), dyad, horizon, improvement, seed)


def _read_numbers(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            f"{path.parent}: there is no {path.name}; give the folder of a report (forecast report --out ...)"
        )
    try:
        found = json.loads(read_bytes(path, LONGEST))
    except ValueError as error:
        raise DataError(f"{path}: it is no JSON ({error}); make the report again") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: it is not that of a report; make the report again")
    return found
