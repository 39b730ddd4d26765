"""Manifest of a page's folder: digests by which a foreign or a changed file is known."""

import json
from collections.abc import Iterator
from pathlib import Path

from forecast.base.digests import file_digest
from forecast.base.files import write_json
from forecast.base.reading import read_bytes
from forecast.data.events.editions import Edition
from forecast.data.panel.notes import DataNotes, read_edition
from forecast.model.storage import is_saved_fit
from forecast.report.illustration import GENERATOR

MANIFEST = "manifest.json"
EXPORT = "export"  # Folder of figures and tables in that of a report
MAX_PAGE_JSON = 100_000_000  # Bytes of a page's JSON that are read


def write_manifest(new: Path, out: Path, notes: DataNotes) -> None:
    """List the files of a new folder and those of an earlier page that stay.

    The edition of the data is added.
    """
    replaced = {path.name for path in new.iterdir()}
    staying = {
        name: digest
        for name, digest in written_files(out).items()
        if name.partition("/")[0] not in replaced
    }
    written = {path.relative_to(new).as_posix(): _digest(path) for path in _listed(new)}
    edition = {} if notes.edition is None else {"edition": notes.edition._asdict()}
    files = dict(sorted((staying | written).items()))
    write_json(new / MANIFEST, {"generator": GENERATOR, **edition, "files": files})


def written_files(folder: Path) -> dict[str, str]:
    """Return digests by name of the files that this package wrote to a folder.

    None without a manifest.
    """
    try:
        manifest = json.loads(read_bytes(folder / MANIFEST, MAX_PAGE_JSON))
        return dict(manifest["files"]) if manifest["generator"] == GENERATOR else {}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def edition_of_page(folder: Path) -> Edition | None:
    """Return the edition of the data that the manifest of a page states."""
    try:
        return read_edition(json.loads(read_bytes(folder / MANIFEST, MAX_PAGE_JSON)).get("edition"))
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def is_unchanged(path: Path, written: dict[str, str]) -> bool:
    """Return whether a file or folder is unchanged since this package wrote it."""
    if path.name == MANIFEST:
        return bool(written) and not path.is_symlink()
    if path.name.startswith("fit."):
        return is_saved_fit(path)
    if path.name == EXPORT:
        if path.is_symlink() or not path.is_dir():
            return False
        return all(
            written.get(f"{EXPORT}/{exported.name}") == _digest(exported)
            for exported in path.iterdir()
        )
    return written.get(path.name) == _digest(path)


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
