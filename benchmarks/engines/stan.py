"""The same model in Stan, through pystan."""

import importlib.util
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines.layout import layout
from benchmarks.engines.stan_program import program, program_data
from benchmarks.problems import Problem
from benchmarks.runs import CHAINS, Run, Unavailable, as_dataset, cores, free_names, reported

SERVICES_FLAGS = (
    "-O3", "-std=c++17", "-fPIC", "-w", "-DBOOST_DISABLE_ASSERTS", "-DBOOST_PHOENIX_NO_VARIADIC_EXPRESSION",
    "-DSTAN_THREADS", "-D_REENTRANT", "-D_GLIBCXX_USE_CXX11_ABI=0",
)  # fmt: skip


def build(problem: Problem, seed: int = 1) -> Any:
    """Compile the program, or raise Unavailable where pystan or a C++ compiler is missing."""
    if importlib.util.find_spec("stan") is None:
        raise Unavailable("pystan is not installed")
    if shutil.which("g++") is None:
        raise Unavailable("pystan needs the compiler g++")
    _mend_services()
    import stan

    data = layout(problem.panel, problem.spec)
    return stan.build(program(data.dyads > 1), data=program_data(data, problem.spec), random_seed=seed)


def _mend_services() -> None:
    """Link models with sampling services compiled for this Python.

    The wheel of httpstan 4.17 for Python 3.13 carries those of Python 3.10, and each model then fails to load. Their
    source is in the wheel: it is compiled once, into httpstan's own cache folder.
    """
    import httpstan.cache
    import setuptools

    package = Path(httpstan.cache.__file__).parent
    tag = sysconfig.get_config_var("SOABI")
    services = Path(httpstan.cache.cache_directory()) / f"stan_services.{tag}.o"
    if not services.exists():
        services.parent.mkdir(parents=True, exist_ok=True)
        partial = services.with_suffix(f".{os.getpid()}.partial")
        include = (package, package / "include", sysconfig.get_path("include"))
        source = package / "stan_services.cpp"
        subprocess.run(
            ["g++", *SERVICES_FLAGS, *(f"-I{folder}" for folder in include), "-c", source, "-o", partial],
            check=True,
        )
        partial.replace(services)

    class Extension(setuptools.Extension):  # type: ignore[misc]
        """An extension linked with the services above."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"extra_objects": [str(services)]})

    setuptools.Extension = Extension


def prepare(problem: Problem) -> Callable[[int, int, int], Run]:
    """Compile the program; a compiled program is kept by httpstan and found again in later runs."""
    build(problem)

    def run(tune: int, draws: int, seed: int) -> Run:
        posterior = build(problem, seed)
        fit = posterior.sample(num_chains=CHAINS, num_warmup=tune, num_samples=draws, save_warmup=True)
        dims = dict(zip(posterior.param_names, posterior.dims, strict=True))

        def drawn(name: str) -> NDArray[np.float64]:
            """Values (chain, draw, ...), the warm-up first."""
            values = fit[name].reshape(*dims.get(name, ()), tune + draws, CHAINS)
            return np.moveaxis(values, (-1, -2), (0, 1))

        free = {name: drawn(name)[:, tune:] for name in free_names(problem)}
        warmup, sampling = (seconds_of(fit.stan_outputs, phase) / cores() for phase in ("Warm-up", "Sampling"))
        return Run(
            posterior=reported(as_dataset(free), drawn("state")[:, tune:], problem),
            sampling=warmup + sampling,
            warmup=warmup,
            steps=float(drawn("n_leapfrog__")[:, tune:].mean()),
            divergences=int(drawn("divergent__")[:, tune:].sum()),
        )

    return run


def seconds_of(outputs: Sequence[bytes], phase: str) -> float:
    """Sum what the chains' own clocks say of a phase; to carry the draws to Python is not Stan's time."""
    told = [re.findall(rf"([\d.e+-]+) seconds \({phase}\)", output.decode()) for output in outputs]
    return sum(float(chain[0]) for chain in told)
