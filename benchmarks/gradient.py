"""What one value and gradient of the compiled model costs.

It is set against bare loops, and measured as the panel grows.
"""

import ctypes
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.loops import lean_loop, loop_arguments, plain_loop
from benchmarks.machine import load, machine, now
from benchmarks.problems import CHRONOLOGY, SPEC, Problem, make_problem
from benchmarks.table import describe
from forecast import PendulumModel
from forecast.base.files import write_json, write_text
from forecast.base.typing import Float

DYADS, MONTHS, DENSITY = (1, 3, 6, 12), (150, 300, 600), 5
TARGET = 3.0
"""How many times a loop that only evaluates the likelihood a gradient may cost."""
REPEATS, SHORTEST = 15, 0.05


def compiled_gradient(problem: Problem) -> Callable[[], Any]:
    """Compile the model as a fit does, and give a call of its value and gradient.

    They are those at the priors' centres.
    """
    import nutpie

    model = PendulumModel(SPEC).build(problem.panel)
    compiled = nutpie.compile_pymc_model(
        model, var_names=[variable.name for variable in model.free_RVs]
    )
    start = model.initial_point()
    point = np.concatenate([np.ravel(start[value.name]) for value in model.value_vars]).astype(
        float
    )
    gradient, value = np.empty_like(point), np.empty(1)
    doubles = ctypes.POINTER(ctypes.c_double)
    function = compiled.compiled_logp_func.ctypes
    arguments = (point.size, *(array.ctypes.data_as(doubles) for array in (point, gradient, value)))
    data = ctypes.c_void_p(compiled.user_data.ctypes.data)

    def call() -> Any:
        failed = function(*arguments, data)
        assert failed == 0, f"the gradient failed with code {failed}"
        return compiled  # keeps what the pointers point to

    return call


def seconds_a_call(call: Callable[[], Any]) -> float:
    """Return the shortest mean processor time of a call over several rounds.

    What disturbs a machine only ever adds.
    """
    call()
    number = 1
    while (spent := _round(call, number)) < SHORTEST:
        number = max(2 * number, math.ceil(number * SHORTEST / max(spent, 1e-9)))
    return min(_round(call, number) for _ in range(REPEATS)) / number


def _round(call: Callable[[], Any], number: int) -> float:
    start = time.process_time()
    for _ in range(number):
        call()
    return time.process_time() - start


def fit_line(size: Float, cost: Float) -> dict[str, float]:
    """Least-squares line of the cost.

    It is intercept, slope, R2 and the largest residual relative to the cost.
    """
    slope, intercept = np.polyfit(size, cost, 1)
    residual = cost - (intercept + slope * size)
    return {
        "intercept": float(intercept),
        "slope": float(slope),
        "r_squared": float(1.0 - (residual**2).sum() / ((cost - cost.mean()) ** 2).sum()),
        "largest_relative_residual": float(np.abs(residual / cost).max()),
    }


def against_loops(problem: Problem) -> dict[str, Any]:
    """Cost in microseconds of both loops and of the gradient."""
    parts = loop_arguments(problem)
    plain, lean = (
        1e6 * seconds_a_call(lambda loop=loop: [loop(*part) for part in parts])
        for loop in (plain_loop, lean_loop)
    )
    cost = 1e6 * seconds_a_call(compiled_gradient(problem))
    return {
        "size": problem.size,
        "density": problem.density,
        "plain_loop_us": plain,
        "lean_loop_us": lean,
        "gradient_us": cost,
        "times_plain_loop": cost / plain,
        "times_lean_loop": cost / lean,
    }


def growth(seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Cost in microseconds over a grid of dyads and months, and its line over dyads x months."""
    points = []
    for dyads in DYADS:
        for months in MONTHS:
            problem = make_problem(f"{dyads}x{months}", DENSITY, seed)
            cost = 1e6 * seconds_a_call(compiled_gradient(problem))
            points.append({"dyads": dyads, "months": months, "gradient_us": cost})
            say(f"  {dyads}x{months}: {cost:.0f} microseconds")
    size = np.array([point["dyads"] * point["months"] for point in points], dtype=float)
    return {
        "points": points,
        "line": fit_line(size, np.array([point["gradient_us"] for point in points])),
    }


def write_gradient(folder: Path, seed: int, say: Callable[[str], None]) -> None:
    """Measure, and write ``gradient.md`` and ``gradient.json``."""
    found: dict[str, Any] = {
        "written": now(),
        "load": load(),
        "machines": [machine()],
        "target_ratio": TARGET,
    }
    problems = (make_problem(CHRONOLOGY, None, seed), make_problem("3x300", DENSITY, seed))
    found["against_loops"] = [against_loops(problem) for problem in problems]
    found["growth"] = growth(seed, say)
    write_json(folder / "gradient.json", found)
    write_text(folder / "gradient.md", _markdown(found))


def _markdown(found: dict[str, Any]) -> str:
    lines = [
        "# Gradients: what one costs",
        "",
        f"Measured {found['written']}; load before {found['load']}.",
    ]
    lines += [*describe(found["machines"]), ""]
    lines += [
        "",
        "## Against bare loops",
        "",
        "One value and gradient of the compiled model, against numba loops that only evaluate the "
        "likelihood of the events once, by the same quadrature: a plain one, and a lean one with "
        "the package's arithmetic. Microseconds, and times the plain and the lean loop. Aimed at: "
        f"at most {TARGET:g} times the loop.",
        "",
        "| panel | plain loop | lean loop | gradient | times plain | times lean |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in found["against_loops"]:
        panel = (
            row["size"]
            if row["density"] is None
            else f"{row['size']}, {row['density']} events per month"
        )
        lines.append(
            f"| {panel} | {row['plain_loop_us']:.0f} | {row['lean_loop_us']:.0f} | "
            f"{row['gradient_us']:.0f} | {row['times_plain_loop']:.2f} | "
            f"{row['times_lean_loop']:.2f} |"
        )
    lines += _growth_lines(found["growth"])
    return "\n".join(lines) + "\n"


def _growth_lines(found: dict[str, Any]) -> list[str]:
    lines = [
        "",
        "## As the panel grows",
        "",
        f"Microseconds per gradient at {DENSITY} events per dyad-month, and the least-squares line "
        "of dyads x months.",
        "",
        "| " + " | ".join(f"{d}x{m}" for d in DYADS for m in MONTHS) + " |",
        "|" + " --- |" * (len(DYADS) * len(MONTHS)),
    ]
    points, line = found["points"], found["line"]
    lines += [
        "| " + " | ".join(f"{point['gradient_us']:.0f}" for point in points) + " |",
        "",
        "| intercept | slope a dyad-month | R2 | largest relative residual |",
        "| --- | --- | --- | --- |",
        f"| {line['intercept']:.1f} | {line['slope']:.4f} | {line['r_squared']:.4f} | "
        f"{100 * line['largest_relative_residual']:.0f} % |",
    ]
    return lines
