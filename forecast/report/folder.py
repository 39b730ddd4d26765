"""Pages and their folders: rendering, contents, manifest, reading.

Only permitted contents are written, the manifest lists written files, and saved reports are read.
"""

import base64
import contextlib
import functools
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from forecast.base import wording
from forecast.base.dates import months_between
from forecast.base.digests import file_digest
from forecast.base.durable import make_folders
from forecast.base.errors import DataError, OutputError, OutputPathError
from forecast.base.escaping import latex, markdown, printable
from forecast.base.file_faults import output_error, unwritable
from forecast.base.files import check_writable, write_csv, write_json, write_text
from forecast.base.folders import atomic_folder, finish_moves
from forecast.base.reading import read_bytes
from forecast.base.wording import day
from forecast.data.events.editions import Edition
from forecast.data.panel.notes import DataNotes, read_edition
from forecast.model.storage import is_saved_fit
from forecast.outlook.query import main_horizon
from forecast.report.events import cited, unchecked_note, who
from forecast.report.illustration import GENERATOR, Draw, Illustration, illustrate
from forecast.report.words import STAMP, interval, label

if TYPE_CHECKING:
    from jinja2 import Environment

    from forecast.model import Fit

MANIFEST = "manifest.json"
"""Names and digests of the files of a page, by which a file of somebody else is known."""
SAVED_FIT = "fit.zarr"
EXPORT = "export"
"""Folder of figures and tables in that of a report."""
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
"""Names of the files that accompany each kind of page."""
# Bytes of a page's JSON that are read
MAX_PAGE_JSON = 100_000_000

type Files = dict[str, pd.DataFrame | str | Mapping[str, Any] | Callable[[Path], object]]
MEASURED = {"skill.json", "tests.json", "track_record.json"}
"""Files of the pages that every page next to them links to."""
FITS = (SAVED_FIT, "fit.nc")


@dataclass(frozen=True)
class Page:
    """A page before it is HTML."""

    template: str
    content: Mapping[str, Any]
    # By name, in their order on the page
    figures: Mapping[str, Illustration] = field(default_factory=dict)
    converged: bool = True
    reasons: Sequence[str] = ()  # Why the fit has not converged
    # By name, the file of the page: a table, a text, values for JSON, or what writes it to a path;
    # "." is the folder.
    files: "Files" = field(default_factory=dict)
    notes: DataNotes = field(default_factory=DataNotes)  # What readers have to know of the data

    def write(self, folder: Path) -> None:
        """Write the files."""
        for name, content in self.files.items():
            if isinstance(content, pd.DataFrame):
                write_csv(folder / name, content)
            elif isinstance(content, str):
                write_text(folder / name, content)
            elif isinstance(content, Mapping):
                write_json(folder / name, content)
            else:
                content(folder / name)

    def html(self, files: Sequence[str] = (), links: Mapping[str, str] | None = None) -> str:
        """Return the page, which loads nothing, with other files and links by name.

        The files are those of its folder, and the links lead to other pages.
        """
        frame = {
            "stamp": "" if self.converged else STAMP,
            "reasons": tuple(self.reasons),
            "figures": self.figures,
            "numbers": {name: number for number, name in enumerate(self.figures, 1)},
            "files": list(files),
            "links": dict(links or {}),
            "notes": self.notes,
        }
        return render(self.template, frame | dict(self.content))


def render(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template, which may call common words and the functions in its `helpers`.

    All texts are escaped.
    """
    text = printable(environment(escaped=True).get_template(template).render(content), keep="\n")
    return text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def callable_by_name(*functions: Callable[..., object]) -> dict[str, Callable[..., object]]:
    """Return the functions that a template may call as `helpers`, by name."""
    return {function.__name__: function for function in functions}


def fill(template: str, content: Mapping[str, Any]) -> str:
    """Fill in a template of a text that is not HTML."""
    return environment(escaped=False).get_template(template).render(content) + "\n"


def phrases(template: str, content: Mapping[str, Any]) -> Callable[[str], str]:
    """Return the plain texts of the macros of a template, by name."""
    module = environment(escaped=False).get_template(template).make_module(dict(content))
    return lambda name: re.sub(r"[ \n]+", " ", getattr(module, name)()).strip()


def worded(template: str, name: str, draw: Draw, facts: Mapping[str, Any]) -> Illustration:
    """Draw a figure with the alternative text and the caption that a template has for it."""
    said = phrases(template, facts)
    return illustrate(draw, alt=said(f"{name}_alt"), caption=said(f"{name}_caption"))


@functools.cache
def environment(*, escaped: bool) -> "Environment":
    """Return the environment of the templates of pages, or of other texts.

    The values of other texts are not escaped.
    """
    from jinja2 import PackageLoader, StrictUndefined

    from forecast.report.provenance import setting_rows, vintage

    names: dict[str, Any] = {
        "address": _address,
        "cited": cited,
        "copy_digest": _copy_digest(),
        "copy_script": _copy_script(),
        "day": _day,
        "fitted_together": wording.fitted_together,
        "interval": interval,
        "label": label,
        "latex": latex,
        "markdown": markdown,
        "months_between": months_between,
        "period": wording.period,
        "printable": printable,
        "setting_rows": setting_rows,
        "unchecked_note": unchecked_note,
        "vintage": vintage,
        "who": who,
    }
    pages, templates = PackageLoader("forecast.report"), wording.environment()
    templates.globals |= names
    templates.filters |= names
    return templates.overlay(
        loader=pages, autoescape=escaped, undefined=StrictUndefined, lstrip_blocks=True
    )


@functools.cache
def _copy_script() -> Markup:
    """Return the script that copies sentences and figures, the only one that a page may run."""
    return Markup(Path(__file__).with_name("templates").joinpath("copy.js").read_text("utf-8"))


def _copy_digest() -> str:
    """Return the digest by which a page permits that script and no other."""
    return base64.b64encode(hashlib.sha256(_copy_script().encode()).digest()).decode()


def _day(when: date | str) -> str:
    return day(date.fromisoformat(when) if isinstance(when, str) else when)


def _address(svg: str) -> str:
    """Return an SVG as an address that holds it.

    An image runs no scripts and clashes with no other's ids.
    """
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def publish(
    out: str | Path,
    permitted: str,
    make: Callable[[], Page],
    *,
    inputs: Iterable[str | Path | None] = (),
    subfolders: Sequence[str] = (),
    names: Sequence[str] | None = None,
    links: Mapping[str, str] | None = None,
) -> Path:
    """Put a page and its files in place at once, with their manifest.

    The page lists them, or `names` instead.

    Its links to other pages are those given or those to the pages around it.
    """
    require_report_folder(out, permitted, inputs)
    with atomic_folder(out, subfolders=subfolders) as new:
        page = make()
        page.write(new)
        written = sorted(path.name for path in new.iterdir() if path.name != EXPORT)
        around = _links_around(Path(out).resolve()) if links is None else links
        write_text(new / "index.html", page.html(written if names is None else names, around))
        _write_manifest(new, Path(out), page.notes)
    return Path(out) / "index.html"


def _links_around(out: Path) -> dict[str, str]:
    """Return links to the index in the folder above and to pages that it lists, by name.

    None without an index.
    """
    if "index.html" not in _manifest(out.parent):
        return {}
    folders = sorted({path.parent for path in out.parent.glob(f"*/{MANIFEST}")} - {out})
    names = [folder.name for folder in folders if MEASURED & _manifest(folder).keys()]
    return {"All pages": "../index.html"} | {
        name.capitalize(): f"../{quote(name)}/index.html" for name in names
    }


def write_index(folder: str | Path) -> Path:
    """Write the page that lists the pages in the folders of a folder, forecasts first."""
    manifests = {path.parent: _manifest(path.parent) for path in Path(folder).glob(f"*/{MANIFEST}")}
    # the latest first
    forecasts = sorted(
        (page_folder for page_folder in manifests if "forecast.json" in manifests[page_folder]),
        reverse=True,
    )
    places = [*forecasts, *sorted(manifests.keys() - set(forecasts))]
    pages = [
        _listed_page(page_folder)
        for page_folder in places
        if "index.html" in manifests[page_folder]
    ]
    editions = {page_folder: edition_of_page(page_folder) for page_folder in places}
    notes = DataNotes(edition=max(filter(None, editions.values()), default=None))
    return publish(folder, "", lambda: Page("index.html.j2", {"pages": pages}, notes=notes))


def _listed_page(folder: Path) -> tuple[str, str, str, str]:
    """Return what a page's HTML states: address, title, kind, day, and what it says."""
    html = read_bytes(folder / "index.html", MAX_PAGE_JSON).decode()
    title, kind, says = (
        Markup(match[1] if (match := re.search(part, html, re.DOTALL)) else "").striptags()
        for part in (
            "<title>(.*?)</title>",
            '<p class="kicker">(.*?)</p>',
            '<meta name="description" content="(.*?)"',
        )
    )
    return f"{quote(folder.name)}/index.html", title, kind, says.removeprefix(title).strip()


def _write_manifest(new: Path, out: Path, notes: DataNotes) -> None:
    """List the files of a new folder and those of an earlier page that stay.

    The edition of the data is added.
    """
    written = {path.name for path in new.iterdir()}
    stay = {
        name: sha for name, sha in _manifest(out).items() if name.partition("/")[0] not in written
    }
    files = stay | {path.relative_to(new).as_posix(): _digest(path) for path in _listed(new)}
    edition = {} if notes.edition is None else {"edition": notes.edition._asdict()}
    write_json(
        new / MANIFEST, {"generator": GENERATOR, **edition, "files": dict(sorted(files.items()))}
    )


def _manifest(folder: Path) -> dict[str, str]:
    """Return digests by name of the files that this package wrote to a folder.

    None without a manifest.
    """
    try:
        stated = json.loads(read_bytes(folder / MANIFEST, MAX_PAGE_JSON))
        return dict(stated["files"]) if stated["generator"] == GENERATOR else {}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def edition_of_page(folder: Path) -> Edition | None:
    """Return the edition of the data that the manifest of a page states."""
    try:
        return read_edition(json.loads(read_bytes(folder / MANIFEST, MAX_PAGE_JSON)).get("edition"))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _listed(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of its export; a saved fit says itself what it is."""
    for path in folder.iterdir():
        if path.name == EXPORT and path.is_dir() and not path.is_symlink():
            yield from path.iterdir()
        elif path.name != MANIFEST and not path.name.startswith("fit."):
            yield path


def _digest(path: Path) -> str:
    """Return the digest of an ordinary file; '' of anything else, which no manifest has."""
    if path.is_symlink() or not path.is_file():
        return ""
    return file_digest(path)


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
        replaced = [
            path
            for path in folder.iterdir()
            if re.fullmatch(rf"index\.html|{MANIFEST}|{names}", path.name)
        ]
        given, manifest = [Path(path).resolve() for path in inputs if path], _manifest(folder)
        foreign = [path for path in replaced if not _is_ours(path, manifest)]
        read = [
            path
            for path in (folder, *replaced)
            if any(each.exists() and path.samefile(each) for each in given)
        ]
    except OSError as error:
        raise output_error(Path(out), error) from error
    if foreign:
        raise OutputPathError(
            f"{foreign[0]} is not of a report and would be replaced: {MANIFEST} does not name it, "
            "or it was changed. "
            "Choose another folder, or move it."
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


def _is_ours(path: Path, manifest: dict[str, str]) -> bool:
    """Return whether a file or folder is unchanged since this package wrote it."""
    if path.name == MANIFEST:
        return bool(manifest) and not path.is_symlink()
    if path.name.startswith("fit."):
        return is_saved_fit(path)
    if path.name == EXPORT:
        if path.is_symlink() or not path.is_dir():
            return False
        return all(
            manifest.get(f"{EXPORT}/{each.name}") == _digest(each) for each in path.iterdir()
        )
    return manifest.get(path.name) == _digest(path)


def _describe_report(folder: Path) -> str:
    """Describe in words the report in a folder, as far as it can be read."""
    try:
        stated = json.loads(read_bytes(folder / "forecast.json", MAX_PAGE_JSON))
        return f"a report on {stated['dyad']:.20} as of {stated['as_of']:.10}"
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
    for number in itertools.count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError("there is always a next number")


@dataclass(frozen=True)
class SavedReport:
    """A report that was written earlier."""

    fit: "Fit"  # Saved in its folder
    dyad: str
    terms: dict[str, Any]  # What its headline asks: `horizon`, `baseline_months` and `improvement`
    seed: int  # Of its simulations


def read_report(folder: str | Path) -> SavedReport:
    """Read the folder of a report, with its fit.

    The fit stands there or, of reports on several dyads, next to it.
    """
    from forecast.model.fitted import Fit

    folder = Path(folder)
    numbers = read_numbers(folder)
    places = [near / name for near in (folder, folder.parent) for name in FITS]
    saved = next((path for path in places if path.exists()), None)
    if saved is None:
        raise DataError(
            f"{folder}: there is no {' or '.join(FITS)}; make the report with --save-fit, its "
            "default"
        )
    try:
        dyad, seed = str(numbers["dyad"]), int(numbers["provenance"]["simulation"]["seed"])
        terms = {
            "horizon": main_horizon([int(horizon["months"]) for horizon in numbers["horizons"]]),
            "baseline_months": int(numbers["baseline_months"]),
            "improvement": float(numbers["smallest_improvement"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{folder / 'forecast.json'}: it is not that of a report ({error}); make the report "
            "again"
        ) from error
    return SavedReport(Fit.load(saved), dyad, terms, seed)


def reports_in(folder: str | Path) -> list[dict[str, Any]]:
    """Return the `forecast.json` of every report in a folder, and in its subfolders.

    Subfolders of one or two levels are read.
    """
    patterns = ("forecast.json", "*/forecast.json", "*/*/forecast.json")
    places = sorted({path.parent for pattern in patterns for path in Path(folder).glob(pattern)})
    return [read_numbers(page_folder) for page_folder in places]


def read_numbers(folder: Path) -> dict[str, Any]:
    """Read forecast.json in the folder of a report."""
    path = folder / "forecast.json"
    if not path.is_file():
        raise DataError(
            f"{path.parent}: there is no {path.name}; give the folder of a report (forecast "
            "report --out ...)"
        )
    try:
        numbers = json.loads(read_bytes(path, MAX_PAGE_JSON))
    except ValueError as error:
        raise DataError(f"{path}: it is no JSON ({error}); make the report again") from error
    if not isinstance(numbers, dict):
        raise DataError(f"{path}: it is not that of a report; make the report again")
    return numbers
