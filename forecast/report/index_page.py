"""Page that lists the pages in the folders of a folder."""

import re
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from forecast.base.reading import read_bytes
from forecast.data.panel.notes import DataNotes
from forecast.report.manifest import MANIFEST, MAX_PAGE_JSON, edition_of_page, written_files
from forecast.report.publishing import Page, publish


def write_index(folder: str | Path) -> Path:
    """Write the page that lists the pages in the folders of a folder, forecasts first."""
    folders = [path.parent for path in Path(folder).glob(f"*/{MANIFEST}")]
    files = {page_folder: written_files(page_folder) for page_folder in folders}
    forecasts = {page_folder for page_folder in files if "forecast.json" in files[page_folder]}
    latest_first = sorted(forecasts, reverse=True)
    ordered = [*latest_first, *sorted(files.keys() - forecasts)]
    pages = [
        _listed_page(page_folder) for page_folder in ordered if "index.html" in files[page_folder]
    ]
    editions = map(edition_of_page, ordered)
    notes = DataNotes(edition=max(filter(None, editions), default=None))
    return publish(folder, "", lambda: Page("index.html.j2", {"pages": pages}, notes=notes))


def _listed_page(folder: Path) -> tuple[str, str, str, str]:
    """Return what a page's HTML states: address, title, kind, day, and what it says."""
    html = read_bytes(folder / "index.html", MAX_PAGE_JSON).decode()
    title = _text_of("<title>(.*?)</title>", html)
    kind = _text_of('<p class="kicker">(.*?)</p>', html)
    description = _text_of('<meta name="description" content="(.*?)"', html)
    address = f"{quote(folder.name)}/index.html"
    return address, title, kind, description.removeprefix(title).strip()


def _text_of(pattern: str, html: str) -> str:
    """Return the text, without tags, of a part of a page; empty if the page has none."""
    match = re.search(pattern, html, re.DOTALL)
    return Markup(match[1]).striptags() if match else ""
