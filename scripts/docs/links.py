"""Copies of files of the repository, and links of pages to others, to reports and to files.

Among the copies is the README of every storey of the package, listed below the architecture.
"""

import os
import re
from pathlib import Path

from scripts.check_architecture import STOREYS

from .text import toctree

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")

COPIES = {
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "ARCHITECTURE.md": "architecture",
    "SECURITY.md": "security",
    "benchmarks/README.md": "benchmarks",
    "data/DATASHEET.md": "datasheet",
    "data/codebook/CODING.md": "coding",
    "reports/README.md": "reports",
}
STOREY_PAGES = {
    f"forecast/{storey}/README.md": f"storeys/{storey}"
    for storey in STOREYS
    if (ROOT / "forecast" / storey / "README.md").exists()
}
COPIES |= STOREY_PAGES
"""Pages of the site that are copies of files of the repository, below docs/generated."""


class MissingTarget(Exception):
    """A link that leads to no file of the repository."""


def relink(text: str, source: Path, page: Path) -> str:
    """Return a page's text with its relative links as the site needs them.

    `source` is the file that the text comes from, `page` the file below docs that Sphinx reads.
    Links to pages of reports get the scheme `site:`, which docs/conf.py resolves. Of links to other
    files of the repository the text remains.
    """

    def convert(match: re.Match[str]) -> str:
        picture, words, link = match.groups()
        path, _, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        target = (source.parent / path).resolve()
        generated = target.parent == DOCS / "schema" or target.is_relative_to(DOCS / "generated")
        if not generated and not (target.is_relative_to(ROOT) and target.exists()):
            raise MissingTarget(f"{source.relative_to(ROOT)}: the link to {link} leads nowhere")
        inside = target.relative_to(ROOT).as_posix()
        if inside in COPIES:
            target = DOCS / "generated" / f"{COPIES[inside]}.md"
        elif inside.startswith("reports/") and not picture and target.is_file():
            folder = page.parent.relative_to(DOCS).as_posix()
            return f"[{words}](site:{os.path.relpath(inside, folder).replace(os.sep, '/')})"
        elif not target.is_relative_to(DOCS) and not picture:
            return words
        address = os.path.relpath(target, page.parent).replace(os.sep, "/")
        if anchor:
            address = f"{address}#{anchor}"
        return f"{picture}[{words}]({address})"

    return "".join(
        part if part.startswith("```") else LINK.sub(convert, part)
        for part in re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)
    )


def copied_pages() -> dict[str, str]:
    """Return the copies, with links as the site needs them."""
    pages = {}
    for path, name in COPIES.items():
        text = (ROOT / path).read_text("utf-8")
        pages[f"{name}.md"] = relink(text, ROOT / path, DOCS / "generated" / f"{name}.md")
    if STOREY_PAGES:
        pages["architecture.md"] += "\n".join(["", *toctree(STOREY_PAGES.values())])
    return pages
