"""Words that the docs, the help, the pages and the docstrings no longer use: plain current English instead."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "data/*.md",
        "benchmarks/*.md",
        "forecast/**/*.j2",
        "forecast/**/*.toml",
    )
    for path in ROOT.glob(pattern)
    if path.parts[-2] not in ("generated", "schema")  # made from the code, by scripts/docs
)
MODULES = sorted(ROOT.glob("forecast/**/*.py"))

BANNED = {
    r"foret(?:ell|old)\w*": "predict",
    r"\bh(?:ang|ung)s? (?:on|by)\b": "depends on; sensitivity to",
    r"\bbeside\b": "next to; with; compared with",
    r"\bhappenings?\b": "event",
    r"\bjoint acts?\b": "two-sided event",
    r"\b(?:nobody|anybody|whoever|whomever)\b": "no one, anyone, a noun, or the passive",
    r"\bwatched\b": "covered; observed",
    r"\btold apart\b": "distinguished",
    r"\b(?:draws|events|files|points|rows|steps) an? (?:chain|day|draw|dyad|month|second|week|year)\b": "per",
    r"\btold by\b": "source",
    r"\btold of\b": "source; recorded",
    r"\banew\b": "again",
    r"\bclearly\b": "excludes zero; better or worse by the rule",
    r"\bthus:": "as follows",
    r"\beven (?:record|part of the record)\b": "coverage",
    r"\bhow far \w+(?: \w+)? (?:is|are) even\b": "coverage end",
    r"\bbusyness\b": "relative event count",
    r"\bswings?\b": "cycle; move",
    r"\bpull(?:s|ed)?(?: back)?\b": "reversion; move",
    r"\bin life\b": "real-time",
    r"\b(?:whence|thence|wherein|thereof|hitherto|henceforth|betwixt|ere|lest)\b": "a current word",
}
"""What is not to be written, and what is written instead."""
PRIVATE = {
    "beside",
    "busyness",
    "happening",
    "happenings",
    "nobody",
    "pull",
    "pulls",
    "swing",
    "swings",
    "told",
    "watched",
}
"""Words that no identifier has among its parts."""
ALLOWED = {
    # Stored questions, ledgers and random streams keep what they were written with.
    "CHANGELOG.md": {"happenings", "watched"},
    "forecast/study/evaluation/tasks.py": {"happenings"},
    "forecast/desk/questions/entry.py": {"happenings"},
    "forecast/outlook/question.py": {"happening", "happenings"},
    # Not rewritten yet.
    "forecast/model/fitted.py": {"beside"},
    "forecast/model/kernels/density.py": {"beside"},
    "forecast/model/kernels/path.py": {"beside"},
    "forecast/model/sampling.py": {"draws a chain"},
    "forecast/model/updating.py": {"beside"},
}
"""By file, what may stay in it all the same."""
HEADS = {"Give": "Return", "Say": "Describe or Format", "Tell": "Return or Check", "Know": "Check"}
"""Verbs that do not begin a docstring, and those that do instead."""


def strings(path):
    """Return the texts of a module, docstrings and messages alike, with their lines."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        (node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def allowed(path):
    return ALLOWED.get(path.relative_to(ROOT).as_posix(), set())


def faults(path, text, line):
    return [
        f"{path.relative_to(ROOT)}:{line}: {found[0]!r}, write {better!r}"
        for pattern, better in BANNED.items()
        for found in re.finditer(pattern, text, flags=re.I)
        if found[0].lower() not in allowed(path)
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_are_in_plain_english(path):
    found = []
    for line, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        found += faults(path, text, line)
    assert not found, "\n".join(found)


def test_messages_and_docstrings_are_in_plain_english():
    found = []
    for path in MODULES:
        for text, line in strings(path):
            found += faults(path, text, line)
    assert not found, "\n".join(found)


def identifiers(path):
    """Return the names that a module defines or uses."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for name in ("name", "id", "arg", "attr"):
            if isinstance(value := getattr(node, name, None), str):
                yield value, getattr(node, "lineno", 0)


def test_identifiers_have_no_private_words():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in MODULES
        for name, line in identifiers(path)
        if PRIVATE & set(name.lower().split("_")) - allowed(path)
    ]
    assert not found, "\n".join(found)


def test_docstrings_begin_with_a_verb_that_says_what_is_done():
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            head = (ast.get_docstring(node) or "").partition(" ")[0]
            if head in HEADS:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {head}, write {HEADS[head]}")
    assert not found, "\n".join(found)
