"""Each way to fit, under one form.

Here ``prepare(problem)`` compiles and gives ``run(tune, draws, seed) -> Run``.
"""

from collections.abc import Callable
from importlib import import_module

from benchmarks.problems import Problem
from benchmarks.runs import Run

OURS, PLAIN = "ours", "pymc-plain"
MODULES = {OURS: "ours", PLAIN: "pymc_plain"}
ENGINES = tuple(MODULES)
FULL_LENGTH = {OURS: (300, 1000), PLAIN: (500, 1000)}
"""Warm-up and kept draws of a chain where time allows: what `forecast.fit` does by itself, and a
usual choice."""


def prepare(engine: str, problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile an engine for a problem."""
    ready: Callable[[int, int, int], Run] = import_module(
        f"benchmarks.engines.{MODULES[engine]}"
    ).prepare(problem)
    return ready
