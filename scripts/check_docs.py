"""Hold the documentation to the code: names, arguments, defaults and options that it states exist.

Run from anywhere: ``python scripts/check_docs.py``. It prints one line per fault:

- in Python code of the pages, tutorials and gallery: names that are imported from the package, and
  the arguments of calls of public functions;
- in commands of the pages: verbs and options, and options and files named in running text;
- in docstrings of public names: the parameters, their order, and defaults that are stated as
  literals;
- public names without a page of the reference, commands without one, and words of the pages on
  file formats that are not plain English.
"""

import ast
import importlib
import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import typer.main  # noqa: E402
from numpydoc.docscrape import NumpyDocString  # noqa: E402

import forecast  # noqa: E402
from forecast.cli import app  # noqa: E402
from scripts.check_english import text_faults  # noqa: E402
from scripts.docs.api import api_pages  # noqa: E402
from scripts.docs.cli import cli_pages  # noqa: E402
from scripts.docs.formats import format_pages  # noqa: E402
from tests.commands import shown_commands, unknown  # noqa: E402

PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "forecast/*/README.md",
    "tests/nightly/*.md",
    "docs/*.md",
    "docs/feeds/*.md",
    "docs/research/*.md",
)
MADE_FOLDERS = ("docs/generated", "docs/schema")
PROGRAMS = ("docs/tutorials/*.py", "docs/gallery/*.py")
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
ANY_BLOCK = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"`(--[a-z][a-z-]*)")
DEFAULT = re.compile(r"\b[Dd]efault(?:s to| is|:)? (-?\d+(?:\.\d+)?|True|False|None)(?![\w.%]*\w)")
NAMED_FILE = re.compile(r"`((?:forecast|tests|scripts|data|docs|benchmarks)/[\w./-]+)`")
OTHER_PROGRAMS = {"--commit", "--group", "--force-reinstall", "--write", "--check"}
"""Options of git, pip and scripts that pages name."""


def main(root: Path = ROOT) -> int:
    """Print what is wrong, one line each, and return how many things that is."""
    warnings.simplefilter("ignore")
    faults = [*page_faults(root), *docstring_faults(), *reference_faults(), *format_faults()]
    for line in faults:
        print(line)
    if not faults:
        print("Names, arguments, defaults and options of the documentation are those of the code.")
    return len(faults)


def page_faults(root: Path) -> Iterator[str]:
    """Yield what pages and programs of the documentation state that is not so."""
    options = all_options()
    for path in _files(root, PAGES):
        name = path.relative_to(root).as_posix()
        text = path.read_text("utf-8")
        program = "\n".join(PYTHON_BLOCK.findall(text))
        yield from (f"{name}: {fault}" for fault in program_faults(program))
        for words in shown_commands("\n".join(SHELL_BLOCK.findall(text))):
            if wrong := unknown(words):
                yield f"{name}: forecast {' '.join(words)}: there is no {', '.join(wrong)}"
        yield from (
            f"{name}: there is no {file}"
            for file in NAMED_FILE.findall(text)
            if not (root / file).exists() and not file.startswith(MADE_FOLDERS)
        )
        named = set(OPTION.findall(ANY_BLOCK.sub("", text)))
        yield from (
            f"{name}: no command has the option {option}"
            for option in sorted(named - options - OTHER_PROGRAMS)
        )
    for path in _files(root, PROGRAMS):
        name = path.relative_to(root).as_posix()
        yield from (f"{name}: {fault}" for fault in program_faults(path.read_text("utf-8")))


def _files(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted(path for pattern in patterns for path in root.glob(pattern))


def program_faults(program: str) -> Iterator[str]:
    """Yield imports from the package that fail, and calls that its functions do not take."""
    tree = ast.parse(program)
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "forecast":
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                if not hasattr(module, alias.name):
                    yield f"{node.module} has no {alias.name}"
                    continue
                names[alias.asname or alias.name] = getattr(module, alias.name)
        elif isinstance(node, ast.Import) and any(alias.name == "forecast" for alias in node.names):
            names["forecast"] = forecast
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call_faults(node, names)


def _call_faults(call: ast.Call, names: dict[str, object]) -> Iterator[str]:
    """Yield why a call of a name of the package would fail before it began."""
    if not re.fullmatch(r"[\w.]+", ast.unparse(call.func)):  # a method of what another call gives
        return
    name, *attributes = ast.unparse(call.func).split(".")
    value = names.get(name)
    if value is None:
        return
    for part in attributes:
        if not hasattr(value, part):
            yield f"{ast.unparse(call.func)} does not exist"
            return
        value = getattr(value, part)
    unpacked = any(isinstance(argument, ast.Starred) for argument in call.args)
    if unpacked or any(keyword.arg is None for keyword in call.keywords):
        return
    try:
        signature = inspect.signature(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a builtin type, such as an exception, tells nothing
        return
    keywords = {str(keyword.arg): None for keyword in call.keywords}
    try:
        signature.bind(*(None for _ in call.args), **keywords)
    except TypeError as error:
        yield f"{ast.unparse(call)[:60]}: {error}"


def all_options() -> set[str]:
    """Return the options of all commands."""

    def options_of(command: Any) -> set[str]:
        options = {
            option
            for parameter in command.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
        for subcommand in getattr(command, "commands", {}).values():
            options |= options_of(subcommand)
        return options

    return {"--help", "--version"} | options_of(typer.main.get_command(app))


def public_values() -> dict[str, object]:
    """Return every public function and class by its name."""
    values = {name: getattr(forecast, name) for name in forecast.__all__}
    plots = {f"plots.{name}": getattr(forecast.plots, name) for name in forecast.plots.__all__}
    return {name: value for name, value in (values | plots).items() if callable(value)}


def docstring_faults() -> Iterator[str]:
    """Yield parameters without description, and those, and defaults, that are not so."""
    for name, value in public_values().items():
        documented = NumpyDocString(inspect.getdoc(value) or "")["Parameters"]
        if not documented and not inspect.isfunction(value):
            continue  # A class, whose fields have their own descriptions
        parameters = inspect.signature(value).parameters  # type: ignore[arg-type]
        listed = [part.strip(" *") for entry in documented for part in entry.name.split(",")]
        if listed != list(parameters):
            yield f"{name}: documents {', '.join(listed)}, takes {', '.join(parameters)}"
            continue
        for entry in documented:
            words = " ".join([entry.type, *entry.desc])
            default = parameters[entry.name.split(",")[0].strip(" *")].default
            stated = DEFAULT.search(words)
            if stated and ast.literal_eval(stated[1]) != default and default is not None:
                yield f"{name}: documents {entry.name} as {stated[1]} by default, it is {default!r}"


def reference_faults() -> Iterator[str]:
    """Yield public names and commands that the reference does not show."""
    shown = set(re.findall(r":: forecast\.(\S+)$", "\n".join(api_pages().values()), re.MULTILINE))
    for name in sorted(set(public_values()) - shown):
        yield f"{name} has no page of the reference"
    pages = cli_pages()
    for command in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        if f"# forecast {command}\n" not in pages.get(f"cli/{command}.md", ""):
            yield f"forecast {command} has no page of the reference"


def format_faults() -> Iterator[str]:
    """Yield words of the pages on file formats that have a plainer one."""
    for name, page in format_pages().items():
        yield from text_faults(f"docs/schema/{name}", page.replace("`happenings`", ""), 1)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
