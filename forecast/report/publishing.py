"""Pages: their content and files, put in place at once with a manifest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from forecast.base.files import write_csv, write_json, write_text
from forecast.base.folders import atomic_folder
from forecast.data.panel.notes import DataNotes
from forecast.report.folder import require_report_folder
from forecast.report.illustration import Illustration
from forecast.report.manifest import EXPORT, MANIFEST, write_manifest, written_files
from forecast.report.rendering import render
from forecast.report.words import STAMP

# Files by which a page is known that every page next to it links to
LINKED = {"skill.json", "tests.json", "track_record.json"}

type Files = dict[str, pd.DataFrame | str | Mapping[str, Any] | Callable[[Path], object]]


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
    files: Files = field(default_factory=dict)
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
        write_manifest(new, Path(out), page.notes)
    return Path(out) / "index.html"


def _links_around(out: Path) -> dict[str, str]:
    """Return links to the index in the folder above and to pages that it lists, by name.

    None without an index.
    """
    if "index.html" not in written_files(out.parent):
        return {}
    folders = sorted({path.parent for path in out.parent.glob(f"*/{MANIFEST}")} - {out})
    names = [folder.name for folder in folders if LINKED & written_files(folder).keys()]
    pages = {name.capitalize(): f"../{quote(name)}/index.html" for name in names}
    return {"All pages": "../index.html"} | pages
