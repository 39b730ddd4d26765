"""Hold ARCHITECTURE.md to the code: its inventory is complete, and the layers know only what they may.

Run from anywhere: ``python scripts/check_architecture.py``. It only reads, and imports nothing it checks.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SAMPLERS = ("pymc", "pytensor", "nutpie")
READERS = tuple(f"forecast.events.{name}" for name in ("tables", "raw", "mapping"))
LATER = ("forecast.hypotheses", "forecast.evaluation", "forecast.ledger")

FORBIDDEN = {
    "forecast.events": (
        *SAMPLERS,
        "forecast.panel",
        "forecast.model",
        "forecast.outlook",
        "forecast.report",
        *LATER,
    ),
    "forecast.panel": (*READERS, *SAMPLERS, "forecast.model", "forecast.outlook", "forecast.report", *LATER),
    "forecast.record": (*READERS, *SAMPLERS, "forecast.model", "forecast.outlook", "forecast.report", *LATER),
    "forecast.sources": (*SAMPLERS, "forecast.model", "forecast.outlook", "forecast.report", *LATER),
    "forecast.model": ("forecast.sources", "forecast.outlook", "forecast.report", *LATER),
    "forecast.outlook": (*SAMPLERS, "forecast.report", *LATER),
    "forecast.hypotheses": ("forecast.report",),
    "forecast.evaluation": ("forecast.report",),
    "forecast.report": SAMPLERS,
    "forecast.ledger": (*SAMPLERS, "forecast.model"),
    "forecast.cli": (*SAMPLERS, "numpy", "scipy", "numba"),
}
"""What each place must know nothing of; imports inside functions count too."""

GROUND = tuple(
    f"forecast.{name}"
    for name in (
        "errors", "files", "forms", "resources", "dates", "clock", "scale", "typing", "progress", "parallel", "kept",
        "wording",
    )
)  # fmt: skip
"""What everything stands on: it imports nothing of the package but itself."""


def main(root: Path = ROOT) -> int:
    """Print what is wrong, one line each, and return how many things that is."""
    wrong = [*inventory_faults(root), *layer_faults(root)]
    for line in wrong:
        print(line)
    if not wrong:
        print("ARCHITECTURE.md agrees with the code.")
    return len(wrong)


def inventory_faults(root: Path) -> list[str]:
    """Compare the paths in the first column of ARCHITECTURE.md's tables with the modules there are."""
    listed = re.findall(r"^\| `(forecast/[^`]*\.py)` \|", (root / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)
    there = {path.relative_to(root).as_posix() for path in _modules(root)}
    return [
        *(f"ARCHITECTURE.md: {path} is missing; add a line for it" for path in sorted(there - set(listed))),
        *(f"ARCHITECTURE.md: {path} does not exist; remove its line" for path in sorted(set(listed) - there)),
        *(f"ARCHITECTURE.md: {path} is listed twice" for path in sorted({p for p in listed if listed.count(p) > 1})),
    ]


def layer_faults(root: Path) -> list[str]:
    """Look for imports that a layer must not have."""
    return [
        f"{path.relative_to(root).as_posix()}:{line}: {_name(path, root)} must know nothing of {target}"
        for path in _modules(root)
        for target, line in _imports(path, root)
        if not _allowed(_name(path, root), target)
    ]


def _allowed(module: str, target: str) -> bool:
    if module in GROUND:
        return not _within(target, "forecast") or any(_within(target, place) for place in GROUND)
    if _within(target, "forecast.cli"):
        return _within(module, "forecast.cli") or module == "forecast.__main__"
    return not any(
        _within(target, forbidden)
        for layer, names in FORBIDDEN.items()
        if _within(module, layer)
        for forbidden in names
    )


def _imports(path: Path, root: Path) -> list[tuple[str, int]]:
    """Return the modules a file imports, with the line of each; `from a import b` counts as a.b too."""
    package = _name(path, root) if path.name == "__init__.py" else _name(path, root).rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found += [(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def _modules(root: Path) -> list[Path]:
    return sorted((root / "forecast").rglob("*.py"))


def _name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _within(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


if __name__ == "__main__":
    sys.exit(min(main(), 1))
