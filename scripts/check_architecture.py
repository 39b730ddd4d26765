"""Check the layers: modules import only what they may, and never in a circle.

docs/modules.md lists all modules, and docs/limits.md every limit with its value and reason. Run
from anywhere: ``python scripts/check_architecture.py``; with ``--write`` it writes both pages. It
imports nothing that it checks.
"""

import ast
import itertools
import re
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
INVENTORY = "docs/modules.md"
LIMITS = "docs/limits.md"
LIMIT = re.compile(r"(MIN|MAX)_\w+")
# Other words for a limit, which a reader who looks for MIN_ or MAX_ would not find.
OTHER_WORD = re.compile(
    r"_?(FEWEST|ENOUGH|SHORTEST_(PAST|RECORD)|MOST(?!_LIKELY)|LARGEST|LONGEST|HIGHEST|DEEPEST)(_\w+)?"
)

STOREYS = ("base", "data", "model", "outlook", "study", "desk", "plots", "report", "runs", "cli")
"""Folders of the package from the ground up: a storey imports only from itself and from below."""

SAMPLERS = ("pymc", "pytensor", "nutpie")
READERS = (
    "forecast.data.events.chronology",
    "forecast.data.events.mapping",
    "forecast.data.events.tables",
)
SERVICES = ("forecast.data.feeds", "forecast.data.archive", "forecast.data.fetch")
"""What the core, from events to one page, does without."""

FORBIDDEN = {
    "forecast.data": SAMPLERS,
    "forecast.data.events": (*SERVICES, "forecast.data.panel", "forecast.data.sources"),
    "forecast.data.feeds": (
        "forecast.data.panel",
        "forecast.data.archive",
        "forecast.data.sources",
    ),
    "forecast.data.archive": ("forecast.data.panel", "forecast.data.sources"),
    "forecast.data.fetch": ("forecast.data.panel", "forecast.data.sources"),
    "forecast.data.panel": (*READERS, *SERVICES),
    "forecast.model": (*SERVICES, "forecast.data.sources"),
    "forecast.model.process": (
        *READERS,
        "forecast.data.panel",
        "forecast.data.calendar_drivers",
        "forecast.data.driver_table",
        "forecast.data.drivers",
    ),
    "forecast.outlook": (*SAMPLERS, *SERVICES),
    "forecast.outlook.hazards": ("forecast.model",),
    "forecast.study": SERVICES,
    "forecast.study.evaluation": ("forecast.study.hypotheses",),
    "forecast.study.hypotheses.filter": ("forecast.study.hypotheses.claims",),
    "forecast.desk": (*SAMPLERS, "forecast.model", "forecast.study"),
    "forecast.plots": (*SAMPLERS, "forecast.desk"),
    "forecast.report": SAMPLERS,
    "forecast.cli": (*SAMPLERS, "numpy", "scipy", "numba"),
}
"""What a place must not import beside the storeys above it; imports inside functions count too."""


def main(root: Path = ROOT, *, write: bool = False) -> int:
    """Print what is wrong, one line each, and return how many things that is."""
    if write:
        (root / INVENTORY).write_text(inventory(root), "utf-8")
        (root / LIMITS).write_text(limits_page(root), "utf-8")
    wrong = [
        *page_faults(root),
        *limit_faults(root),
        *layer_faults(root),
        *circle_faults(root),
    ]
    for line in wrong:
        print(line)
    if not wrong:
        print(
            f"The modules keep to ARCHITECTURE.md. {INVENTORY} lists them, {LIMITS} their limits."
        )
    return len(wrong)


def inventory(root: Path) -> str:
    """List every module by folder, with what its docstring begins with."""
    lines = [
        "# Modules",
        "",
        "All modules in short, written by `python scripts/check_architecture.py --write`; their "
        "docstrings say more.",
    ]
    for folder, modules in itertools.groupby(_modules(root), key=lambda path: path.parent):
        lines += ["", f"## {folder.relative_to(root).as_posix()}", ""]
        for path in modules:
            lines.append(f"- `{path.name}` {_in_short(path)}".rstrip())
    return "\n".join(lines) + "\n"


def _in_short(path: Path) -> str:
    """Return the first sentence of a module's docstring.

    It ends at its colon unless little stands before that.
    """
    first = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
    sentence = re.split(r"(?<=\.) (?=[A-Z])", first)[0]
    head = sentence.partition(": ")[0]
    return sentence if head == sentence or len(head.split()) < 3 else f"{head}."


def page_faults(root: Path) -> list[str]:
    """Compare the written pages with the modules as they are."""
    return [
        f"{page} is not what the modules have; run python scripts/check_architecture.py --write"
        for page, text in {INVENTORY: inventory(root), LIMITS: limits_page(root)}.items()
        if not (root / page).exists() or (root / page).read_text("utf-8") != text
    ]


class Constant(NamedTuple):
    """A constant of a module."""

    name: str
    value: str  # As the module writes it
    comment: str  # What stands beside, above or below it: unit and reason
    file: str
    line: int


def limits_page(root: Path) -> str:
    """Return docs/limits.md: every limit of the package by storey, with its value and reason."""
    limits = [constant for constant in _constants(root) if LIMIT.fullmatch(constant.name)]
    limits.sort(key=lambda constant: _place_of_file(constant.file))
    minima = [constant for constant in limits if constant.name.startswith("MIN_")]
    maxima = [constant for constant in limits if constant.name.startswith("MAX_")]
    lines = [
        "# Limits",
        "",
        "Each name has one value. `python scripts/check_architecture.py --write` writes this page",
        "from the comments of the constants.",
        "",
        "## How much is needed",
        "",
        "How many events, months, dyads or simulations something needs.",
        "",
        "| minimum | value | unit, and what happens below it | module |",
        "|---|---|---|---|",
        *map(_row, minima),
        "",
        "## How much is taken",
        "",
        "How many bytes, rows or months something reads, keeps or shows.",
        "",
        "| maximum | value | unit, and why no more | module |",
        "|---|---|---|---|",
        *map(_row, maxima),
    ]
    return "\n".join(lines) + "\n"


def _row(constant: "Constant") -> str:
    value = " ".join(constant.value.split()).replace("|", "\\|")
    comment = constant.comment.replace("|", "\\|")
    return f"| `{constant.name}` | {value} | {comment} | `{constant.file}` |"


def _place_of_file(file: str) -> tuple[int, str]:
    """Return the place of a file in the list of limits: storeys from the ground up."""
    storey = _storey(file.removesuffix(".py").replace("/", "."))
    return len(STOREYS) if storey is None else storey, file


def limit_faults(root: Path) -> list[str]:
    """Find limits that have another word, two values or no reason."""
    faults = []
    seen: dict[str, Constant] = {}
    for constant in _constants(root):
        where = f"{constant.file}:{constant.line}: {constant.name}"
        if OTHER_WORD.fullmatch(constant.name):
            faults.append(f"{where} is a limit; call it MIN_ or MAX_ and what it counts")
        if not LIMIT.fullmatch(constant.name):
            continue
        first = seen.setdefault(constant.name, constant)
        if first is not constant:
            faults.append(f"{where} stands in {first.file} already; import it, or name it apart")
        if not constant.comment:
            faults.append(f"{where} has no comment; write its unit, and what happens beyond it")
    return faults


def _constants(root: Path) -> Iterator[Constant]:
    """Yield the constants at the top of modules, each with its comment."""
    for path in _modules(root):
        source = path.read_text("utf-8")
        lines = source.splitlines()
        body = ast.parse(source).body
        for statement, following in itertools.zip_longest(body, body[1:]):
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    pass
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    pass
                case _:
                    continue
            comment = _comment(lines, statement, following)
            file = path.relative_to(root).as_posix()
            yield Constant(
                name, ast.get_source_segment(source, value) or "", comment, file, statement.lineno
            )


def _comment(lines: list[str], statement: ast.stmt, following: ast.stmt | None) -> str:
    """Return the comment beside a constant, or the string below it, or the comment above it."""
    line = lines[statement.lineno - 1]
    if beside := re.search(r"  # (.*)$", line):
        return beside[1]
    match following:
        case ast.Expr(value=ast.Constant(value=str(below))):
            return " ".join(below.split())
    above = []
    for earlier in reversed(lines[: statement.lineno - 1]):
        if not earlier.startswith("# "):
            break
        above.append(earlier.removeprefix("# "))
    return " ".join(reversed(above))


def layer_faults(root: Path) -> list[str]:
    """Look for imports that a layer must not have."""
    return [
        f"{path.relative_to(root).as_posix()}:{line}: {_name(path, root)} must know nothing of "
        f"{target}"
        for path in _modules(root)
        for target, line in _imports(path, root)
        if not _allowed(_name(path, root), target)
    ]


def circle_faults(root: Path) -> list[str]:
    """Find modules that import each other, however long the way round, if only for types."""
    graph = _import_graph(root)
    faults, seen = [], set[frozenset[str]]()
    for module in graph:
        circle = _shortest_circle(graph, module)
        if circle and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            path, line = graph[module][circle[1]]
            faults.append(f"{path}:{line}: {' -> '.join(circle)} is a circle of imports; break it")
    return faults


def _import_graph(root: Path) -> dict[str, dict[str, tuple[str, int]]]:
    """Return, for every module, the modules it imports.

    Each has the file and line of the import.
    """
    files = {_name(path, root): path for path in _modules(root)}
    exported = {
        name: {target.rpartition(".")[2]: target for target, _ in _imports(path, root)}
        for name, path in files.items()
        if path.name == "__init__.py"
    }

    def home(target: str) -> str:
        """Return the module in which an imported name stands: a package may only pass it on."""
        if target in files:
            return target
        package, _, name = target.rpartition(".")
        passed_on = exported.get(package, {}).get(name, target)
        return home(passed_on) if passed_on != target else package

    graph: dict[str, dict[str, tuple[str, int]]] = {module: {} for module in files}
    for module, path in files.items():
        for target, line in _imports(path, root):
            found = home(target) if _within(target, "forecast") else ""
            if found in files and found != module:
                graph[module].setdefault(found, (path.relative_to(root).as_posix(), line))
    return graph


def _shortest_circle(graph: dict[str, dict[str, tuple[str, int]]], start: str) -> list[str]:
    """Return the shortest way from a module back to itself, or nothing."""
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        module = queue.popleft()
        for target in graph[module]:
            if target == start:
                way = [start, module]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if target not in came_from:
                came_from[target] = module
                queue.append(target)
    return []


def _allowed(module: str, target: str) -> bool:
    """Return whether a module may import another: nothing above its storey, nothing forbidden."""
    storey, other = _storey(module), _storey(target)
    if storey is not None and other is not None and other > storey:
        return False
    if _within(target, "forecast.data.fetch") and not (
        _within(module, "forecast.data.archive") and _within(target, "forecast.data.fetch.manifest")
    ):
        return module == "forecast" or any(
            _within(module, place) for place in ("forecast.data.fetch", "forecast.cli")
        )
    return not any(
        _within(target, forbidden)
        for layer, names in FORBIDDEN.items()
        if _within(module, layer)
        for forbidden in names
    )


def _storey(module: str) -> int | None:
    """Return the number of a module's storey from the ground; None of what stands beside them."""
    package, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    return STOREYS.index(name) if package == "forecast" and name in STOREYS else None


def _imports(path: Path, root: Path) -> list[tuple[str, int]]:
    """Return the modules a file imports, with the line of each; `from a import b` counts as a.b.

    Imports inside functions and under `if TYPE_CHECKING` count too.
    """
    package = (
        _name(path, root) if path.name == "__init__.py" else _name(path, root).rpartition(".")[0]
    )
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = (
                package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            )
            base = ".".join([*above, *([node.module] if node.module else [])])
            found += [(f"{base}.{alias.name}", node.lineno) for alias in node.names]
    return found


def _modules(root: Path) -> list[Path]:
    return sorted((root / "forecast").rglob("*.py"), key=lambda path: (path.parent, path.name))


def _name(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _within(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")


if __name__ == "__main__":
    sys.exit(min(main(write="--write" in sys.argv[1:]), 1))
