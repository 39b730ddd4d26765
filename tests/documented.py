"""Fields that the generated pages on file formats list, by page and section."""

import re
from functools import cache

from scripts.docs.formats import format_pages


@cache
def words(page: str) -> str:
    """Return the text of a page."""
    return format_pages()[f"{page}.md"]


@cache
def sections(page: str) -> dict[str, list[str]]:
    """Return the fields of every section of a page, in their order."""
    return {
        title: [
            name
            for cell in re.findall(r"^\| ([^|]*) \|", body, re.M)
            for name in re.findall(r"`([^`]+)`", cell)
        ]
        for title, body in re.findall(
            r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", words(page), flags=re.M | re.S
        )
    }
