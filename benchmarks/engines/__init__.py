"""Each way to fit, under one form: ``prepare(problem)`` compiles and gives ``run(tune, draws, seed) -> Run``."""

from collections.abc import Callable
from importlib import import_module

from benchmarks.problems import Problem
from benchmarks.runs import Run, Unavailable
from forecast import PendulumSpec

WAYS: dict[str, tuple[str, str, dict[str, object]]] = {
    "ours": ("ours", "prepare", {}),
    "pymc-centred-nutpie": ("pymc_centred", "prepare_nutpie", {}),
    "pymc-centred-pymc": ("pymc_centred", "prepare_pymc", {}),
    "numpyro-centred": ("numpyro_dense", "prepare", {"centred": True}),
    "numpyro-noncentred": ("numpyro_dense", "prepare", {"centred": False}),
    "stan": ("stan", "prepare", {}),
    "statespace-pymc-extras": ("statespace", "prepare_pymc_extras", {}),
    "statespace-statsmodels": ("statespace", "prepare_statsmodels", {}),
    "ours-default": ("ours", "prepare", {}),
    "pymc-default-nutpie": ("pymc_two_scales", "prepare", {}),
}
"""Module, function and options of every engine."""

ENGINES = tuple(WAYS)
OURS, OURS_DEFAULT = "ours", "ours-default"
TWO_SCALES = (OURS_DEFAULT, "pymc-default-nutpie")
"""Engines that fit the default model; the others fit the one of one scale, on which they were first compared."""
NUMPYRO = ("numpyro-centred", "numpyro-noncentred")
SIMPLER = ("statespace-pymc-extras", "statespace-statsmodels")
FULL_LENGTH = {"ours": (400, 1200), "rivals": (500, 1000)}
"""Warm-up and kept draws of a chain where time allows: what `forecast.fit` does by itself, and a usual choice."""


def prepare(engine: str, problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile an engine for a problem.

    Raises
    ------
    Unavailable
        If the engine cannot run here; the message says why.
    """
    module, function, options = WAYS[engine]
    try:
        home = import_module(f"benchmarks.engines.{module}")
        ready: Callable[[int, int, int], Run] = getattr(home, function)(problem, **options)
    except ModuleNotFoundError as error:
        raise Unavailable(f"{error.name} is not installed; run `make bench`") from error
    return ready


def full_length(engine: str) -> tuple[int, int]:
    """Return the warm-up and the kept draws of a chain where time allows."""
    return FULL_LENGTH["ours" if engine == ours_beside(engine) else "rivals"]


def ours_beside(engine: str) -> str:
    """Return the name under which the package fits the model that an engine fits."""
    return OURS_DEFAULT if engine in TWO_SCALES else OURS


def spec_of(engine: str) -> PendulumSpec:
    """Return the model that an engine fits."""
    return PendulumSpec() if engine in TWO_SCALES else PendulumSpec.one_scale()
