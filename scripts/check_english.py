"""Look for words that the docs, the help, the pages and the docstrings do not use.

Plain English instead.

Run from anywhere: ``python scripts/check_english.py``. It imports nothing that it checks, and
prints one line per fault.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PAGES = (
    "*.md",
    "docs/**/*.md",
    "data/*.md",
    "benchmarks/*.md",
    "tests/**/*.md",
    "forecast/**/*.md",
    "forecast/**/*.j2",
    "forecast/**/*.toml",
)
MADE_FROM_CODE = ("generated", "schema")
"""Folders of docs whose pages are made by scripts/docs."""

INSTEAD = {
    r"foret(?:ell|old)\w*": "predict",
    r"\bh(?:ang|ung)s? (?:on|by)\b": "depends on; sensitivity to",
    r"\bbeside\b": "next to; with; compared with",
    r"\bhappenings?\b": "event",
    r"\bjoint acts?\b": "two-sided event",
    r"\b(?:nobody|anybody|whoever|whomever)\b": "no one, anyone, a noun, or the passive",
    r"\bwatched\b": "covered; observed",
    r"\btold apart\b": "distinguished",
    r"\b(?:draws|events|files|points|rows|steps) an? "
    r"(?:chain|day|draw|dyad|month|second|week|year)\b": "per",
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

NOT_IN_NAMES = {
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
    "forecast/outlook/question.py": {"happening"},
    "forecast/outlook/question_types.py": {"happenings"},
    # Not rewritten yet.
    "forecast/model/fitted.py": {"beside"},
    "forecast/model/sampling.py": {"draws a chain"},
}
"""By file, what may stay in it all the same."""

FIRST_VERBS = {
    "Give": "Return",
    "Say": "Describe or Format",
    "Tell": "Return or Check",
    "Know": "Check",
}
"""Verbs that do not begin a docstring, and those that do instead."""


def main(root: Path = ROOT) -> int:
    """Print what is wrong, one line each, and return how many things that is."""
    faults = [*page_faults(root), *module_faults(root)]
    for line in faults:
        print(line)
    if not faults:
        print("Docs, pages, messages and names are in plain English.")
    return len(faults)


def page_faults(root: Path) -> Iterator[str]:
    """Yield words of the pages and templates that have a plainer one."""
    for path in sorted(path for pattern in PAGES for path in root.glob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.parts[-2] not in MADE_FROM_CODE:
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                yield from text_faults(name, line, number)


def module_faults(root: Path) -> Iterator[str]:
    """Yield words of messages, docstrings and identifiers that have a plainer one."""
    for path in sorted(root.glob("forecast/**/*.py")):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from text_faults(name, node.value, node.lineno)
            yield from _identifier_faults(name, node)
            yield from _docstring_faults(name, node)


def text_faults(name: str, text: str, line: int) -> Iterator[str]:
    """Yield the words of a text of a file that have a plainer one."""
    for pattern, instead in INSTEAD.items():
        for match in re.finditer(pattern, text, flags=re.IGNORECASE):
            if match[0].lower() not in ALLOWED.get(name, ()):
                yield f"{name}:{line}: {match[0]!r}, write {instead!r}"


def _identifier_faults(name: str, node: ast.AST) -> Iterator[str]:
    """Yield the identifiers of a node that have a word which no identifier should have."""
    for field in ("name", "id", "arg", "attr"):
        identifier = getattr(node, field, None)
        if not isinstance(identifier, str):
            continue
        words = NOT_IN_NAMES & set(identifier.lower().split("_")) - ALLOWED.get(name, set())
        if words:
            yield f"{name}:{getattr(node, 'lineno', 0)}: {identifier} has {', '.join(words)}"


def _docstring_faults(name: str, node: ast.AST) -> Iterator[str]:
    """Yield the first word of a docstring if it does not say what is done."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        verb = (ast.get_docstring(node) or "").partition(" ")[0]
        if verb in FIRST_VERBS:
            yield f"{name}:{node.lineno}: {verb}, write {FIRST_VERBS[verb]}"


if __name__ == "__main__":
    sys.exit(min(main(), 1))
