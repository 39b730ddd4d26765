"""Reference of the Python API.

A page per public name, from its docstring, and an index by topic.
"""

import inspect

import forecast

TOPICS = {
    "errors": "Errors",
    "events": "Events",
    "feeds": "Machine-coded feeds",
    "fetch": "Fetching feeds",
    "archive": "Archives of feeds",
    "sources": "Data of a run",
    "drivers": "Drivers",
    "driver_table": "Drivers",
    "calendar_drivers": "Drivers",
    "panel": "Panels",
    "model": "Model and fit",
    "outlook": "Outlook",
    "questions": "Questions",
    "evaluation": "Backtests",
    "checks": "Checks",
    "hypotheses": "Tests of claims",
    "runs": "Reports",
    "report": "Reports",
    "plots": "Plots",
}
"""Title of each folder or module of the package, in the order of the index.

The first of them on the way to a name's module says its topic.
"""
type Public = tuple[str, str, object]
"""A public name, its page and its value."""


def api_pages() -> dict[str, str]:
    """Return the index and the page of every public name, as reStructuredText for autodoc."""
    topics: dict[str, list[Public]] = {title: [] for title in TOPICS.values()}
    shown = {}
    for name in [name for name in forecast.__all__ if name != "__version__"]:
        value = getattr(forecast, name)
        if inspect.ismodule(value):
            continue
        title = _topic(value.__module__)
        page = f"{name.lower()}-class" if inspect.isclass(value) else name.lower()
        topics[title].append((name, page, value))
        shown[f"api/{page}.rst"] = _page(f"forecast.{name}", value)
    for name in forecast.plots.__all__:
        value = getattr(forecast.plots, name)
        topics["Plots"].append((f"plots.{name}", name, value))
        shown[f"api/{name}.rst"] = _page(f"forecast.plots.{name}", value)
    return {"api/index.rst": _index(topics), **shown}


def _topic(module: str) -> str:
    """Return the title under which a name of a module is listed."""
    for part in module.split("."):
        if part in TOPICS:
            return TOPICS[part]
    raise ValueError(f"{module} has no topic; add a part of its name to TOPICS in {__name__}")


def _index(topics: dict[str, list[Public]]) -> str:
    lines = [
        "API",
        "===",
        "",
        "Public names of the package by topic. Import them from ``forecast``, such as ``from "
        "forecast import fit``; ",
        "each is imported on first use. Names that are not listed here may change without notice.",
        "",
    ]
    for title, names in topics.items():
        lines += [title, "-" * len(title), "", ".. list-table::", "   :widths: 35 65", ""]
        for name, page, value in names:
            first = (inspect.getdoc(value) or "").partition("\n\n")[0]
            lines += [f"   * - :doc:`{name} <{page}>`", f"     - {' '.join(first.split())}"]
        lines += [
            "",
            ".. toctree::",
            "   :hidden:",
            "",
            *(f"   {page}" for _, page, _ in names),
            "",
        ]
    return "\n".join(lines)


def _page(name: str, value: object) -> str:
    title = name.rpartition(".")[2]
    kind = "autofunction"
    options: list[str] = []
    if inspect.isclass(value):
        kind = "autoexception" if issubclass(value, Exception) else "autoclass"
        options = ["   :members:"]
    return "\n".join([title, "=" * len(title), "", f".. {kind}:: {name}", *options, ""])
