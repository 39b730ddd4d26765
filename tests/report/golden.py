"""Golden pages: the HTML of a page as a person reads it in a difference.

Styles and scripts are left out. Of a figure its letters stay, in the order in which they are drawn.
Digests and versions are replaced, because they change with every change of the code or the data.
"""

import base64
import os
import re
from html import unescape
from importlib.metadata import version
from pathlib import Path

import pytest

from forecast.report.illustration import NARROW, Draw, PageFormat, _svg

FOLDER = Path(__file__).with_name("golden")
RENEW = "GOLDEN"  # environment variable; if set, files are written and not compared
COPY_SCRIPT = re.compile(r"; script-src 'sha256-[^']+'")
STYLE_OR_SCRIPT = re.compile(r"<(style|script)>.*?</\1>\n?", re.DOTALL)
NARROW_SOURCE = re.compile(r"<source [^>]*>\n?")
WIDE_SOURCE = re.compile(r'src="data:image/svg\+xml;base64,([^"]*)"')
LETTERS = re.compile(r"<!-- (.*?) -->", re.DOTALL)
DIGEST = re.compile(r"\b[0-9a-f]{12,64}\b")
BLANK_LINES = re.compile(r"\n\s*\n+")


def without_narrow_figures(patch: pytest.MonkeyPatch) -> None:
    """Draw figures for wide pages only: those for phones have the same letters."""

    def drawn(draw: Draw, layout: PageFormat) -> str:
        return "<svg/>" if layout == NARROW else _svg(draw, layout)

    patch.setattr("forecast.report.illustration._svg", drawn)


def normalised(html: str) -> str:
    """Return a page without what nobody reads, and without what changes with every version."""
    page = STYLE_OR_SCRIPT.sub("", html.replace("\N{NO-BREAK SPACE}", " "))
    page = COPY_SCRIPT.sub("", page)
    page = NARROW_SOURCE.sub("", page)
    page = WIDE_SOURCE.sub(_with_letters, page)
    page = DIGEST.sub("DIGEST", page)
    page = page.replace(version("pendulum-forecast"), "VERSION")
    return BLANK_LINES.sub("\n", page).strip() + "\n"


def _with_letters(source: re.Match[str]) -> str:
    """Return the letters of a figure in place of its paths."""
    svg = base64.b64decode(source[1]).decode()
    letters = [" ".join(unescape(text).split()) for text in LETTERS.findall(svg)]
    return f'letters="{" | ".join(letters)}"'


def check(name: str, html: str) -> None:
    """Compare a page with its golden file, or write the file where it is to be renewed."""
    path = FOLDER / f"{name}.html"
    found = normalised(html)
    if os.environ.get(RENEW):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
        return
    expected = path.read_text("utf-8")
    assert found == expected, f"{path} differs: read the difference; `make golden` renews it"
