"""Reference of the Python API: a page per public name, from its docstring, and an index by topic."""

import importlib.util
import inspect

import forecast

TOPICS = {
    "forecast": "The package",
    "errors": "Errors",
    "events": "Events",
    "feeds": "Machine-coded feeds",
    "fetch": "Fetching feeds",
    "archive": "Archives of feeds",
    "sources": "Data of a run",
    "drivers": "Drivers",
    "panel": "Panels",
    "model": "Model and fit",
    "outlook": "Outlook",
    "questions": "Questions",
    "evaluation": "Backtests",
    "checks": "Checks",
    "hypotheses": "Tests of claims",
    "pipeline": "Reports",
    "report": "Reports",
    "plots": "Plots",
}
"""Title of each folder or module of the package, in the order of the index."""


def api_pages() -> dict[str, str]:
    """Return the index and the page of every public name, as reStructuredText for autodoc."""
    topics: dict[str, list[tuple[str, str]]] = {title: [] for title in TOPICS.values()}
    shown = {}
    for name in [one for one in forecast.__all__ if one != "__version__"]:
        value = getattr(forecast, name)
        if inspect.ismodule(value):
            continue
        home = value.__module__.split(".")[1]
        title = TOPICS.get(home, home)
        page = f"{name.lower()}-class" if inspect.isclass(value) else name.lower()
        topics.setdefault(title, []).append((f"forecast.{name}", page))
        shown[f"api/{page}.rst"] = _page(f"forecast.{name}", value)
    for name in _names_of("forecast.plots"):
        value = getattr(importlib.import_module("forecast.plots"), name)
        topics["Plots"].append((f"forecast.plots.{name}", name))
        shown[f"api/{name}.rst"] = _page(f"forecast.plots.{name}", value)
    return {"api/index.rst": _index(topics), **shown}


def _names_of(module: str) -> list[str]:
    """Return the public names of a module; none if the package does not have it."""
    if importlib.util.find_spec(module) is None:
        return []
    return list(importlib.import_module(module).__all__)


def _index(topics: dict[str, list[tuple[str, str]]]) -> str:
    lines = [
        "API", "===", "",
        "Public names of the package by topic. Import them from ``forecast``, such as ``from forecast import fit``; ",
        "each is imported on first use. Names that are not listed here may change without notice.", "",
    ]  # fmt: skip
    for title, names in topics.items():
        if not names:
            continue
        lines += [title, "-" * len(title), "", ".. list-table::", "   :widths: 35 65", ""]
        for name, page in names:
            value = getattr(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2])
            first = (inspect.getdoc(value) or "").partition("\n\n")[0]
            lines += [f"   * - :doc:`{name.removeprefix('forecast.')} <{page}>`", f"     - {' '.join(first.split())}"]
        lines += ["", ".. toctree::", "   :hidden:", "", *(f"   {page}" for _, page in names), ""]
    return "\n".join(lines)


def _page(name: str, value: object) -> str:
    title = name.rpartition(".")[2]
    kind = "autofunction"
    options: list[str] = []
    if inspect.isclass(value):
        kind = "autoexception" if issubclass(value, Exception) else "autoclass"
        options = ["   :members:"]
    return "\n".join([title, "=" * len(title), "", f".. {kind}:: {name}", *options, ""])
