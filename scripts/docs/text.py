"""Markdown from plain text: escaped words, tables and lists."""

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")


def plain(text: str) -> str:
    """Escape plain text, so that Markdown shows it as it is.

    What stands between backquotes stays code.
    """
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else SPECIAL.sub(r"\\\1", part) for part in parts)


def code(text: str) -> str:
    """Format text as code in a cell."""
    return f"`{text}`" if text else ""


def cell(text: str) -> str:
    """Put Markdown on one line that a table can have."""
    return " ".join(text.split()).replace("|", r"\|")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table and an empty one."""
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def toctree(names: Iterable[str], *, depth: int = 1, hidden: bool = False) -> list[str]:
    """Return the lines of a tree of pages and an empty one."""
    return [
        "```{toctree}",
        f":maxdepth: {depth}",
        *([":hidden:"] if hidden else []),
        "",
        *names,
        "```",
        "",
    ]
