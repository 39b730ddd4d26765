"""The measured cells as a table for readers and as JSON for programs."""

import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.engines import ENGINES, OURS, PLAIN
from benchmarks.machine import now
from benchmarks.measures import CONVERGED
from benchmarks.problems import shape_of
from forecast.base.files import write_json, write_text

TARGET, TARGET_AT = 50.0, ("3x300", 5)
"""How many times the plain model's effective draws per second ours are held to, and at what size
and density."""
NUMBERS = (
    "ess_per_second",
    "ess_per_second_after_warmup",
    "ess_min",
    "r_hat_max",
    "divergences",
    "steps_per_draw",
    "compile_seconds",
    "sampling_seconds",
    "warmup_seconds",
    "peak_memory_mb",
    "tune",
    "draws_kept",
)
HEADINGS = (
    "engine",
    "ESS/s",
    "ESS/s after warm-up",
    "smallest ESS",
    "largest R-hat",
    "divergent",
    "steps per draw",
    "compiling, s",
    "sampling, s",
    "warm-up + draws",
    "",
)


def write_results(cells: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write ``fits.md`` and ``fits.json``."""
    problems = [_problem(group) for group in _by_problem(cells)]
    machines = distinct(cell["machine"] for cell in cells if "machine" in cell)
    days = sorted(cell["at"] for cell in cells)
    found = {
        "written": now(),
        "measured": [days[0], days[-1]],
        "machines": machines,
        "seeds": distinct(cell["seed"] for cell in cells),
        "highest_load_before_a_cell": max(
            (cell["load"] for cell in cells if cell.get("load")), default=None
        ),
        "converged_below_r_hat": CONVERGED,
        "problems": problems,
    }
    write_json(folder / "fits.json", found)
    write_text(folder / "fits.md", _markdown(found))


def distinct(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order they come."""
    kept: list[Any] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return kept


def _by_problem(cells: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Cells of each problem, small problems first.

    Those of the scaling page, with fixed draws, are left out.
    """

    def scale(cell: dict[str, Any]) -> tuple[int, ...]:
        return (*shape_of(cell["size"]), cell["density"] or 0)

    ordered = sorted((cell for cell in cells if cell["draws"] is None), key=scale)
    return [list(group) for _, group in groupby(ordered, key=scale)]


def _problem(cells: list[dict[str, Any]]) -> dict[str, Any]:
    engines = {name: _engine([c for c in cells if c["engine"] == name]) for name in ENGINES}
    engines = {name: found for name, found in engines.items() if found}
    return {
        "size": cells[0]["size"],
        "density": cells[0]["density"],
        "limit_seconds": distinct(cell["limit"] for cell in cells),
        "engines": engines,
        "ratio": _ratio(cells),
    }


def _engine(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Median and range over repetitions of every number of one engine."""
    measured = [cell for cell in cells if cell["status"] == "measured"]
    if not measured:
        return {"status": cells[0]["status"], "reason": cells[0].get("reason")} if cells else {}
    found: dict[str, Any] = {"status": "measured", "repetitions": len(measured)}
    for name in NUMBERS:
        values = [cell[name] for cell in measured if cell.get(name) is not None]
        found[name] = summary(values) if values else None
    found["worst"] = distinct(cell["ess_min_of"] for cell in measured)
    found["converged"] = None if found["r_hat_max"] is None else found["r_hat_max"][2] <= CONVERGED
    return found


def _ratio(cells: list[dict[str, Any]]) -> list[float] | None:
    """Our effective draws per second over the plain model's: median and range.

    They are compared repetition by repetition.
    """
    ratios = []
    for repetition in distinct(cell["repetition"] for cell in cells):
        same = {
            c["engine"]: c.get("ess_per_second") or 0.0
            for c in cells
            if c["repetition"] == repetition
        }
        if same.get(OURS) and same.get(PLAIN):
            ratios.append(same[OURS] / same[PLAIN])
    return summary(ratios) if ratios else None


def _markdown(found: dict[str, Any]) -> str:
    lines = ["# Fits: how fast, and compared with what", "", *_header(found)]
    for problem in found["problems"]:
        events = (
            "the embedded chronology"
            if problem["density"] is None
            else f"{problem['density']} events per month"
        )
        limits = " or ".join(f"{limit:g}" for limit in problem["limit_seconds"])
        lines += [
            "",
            f"## {problem['size']}, {events}",
            "",
            f"At most about {limits} s of sampling a cell.",
            "",
        ]
        lines += _table(problem["engines"])
        if problem["ratio"]:
            lines += ["", _ratio_line(problem)]
    return "\n".join(lines) + "\n"


def _header(found: dict[str, Any]) -> list[str]:
    first, last = found["measured"]
    lines = [
        f"Measured {first} to {last}; highest load before a cell "
        f"{found['highest_load_before_a_cell']}."
    ]
    lines += describe(found["machines"])
    return [
        *lines,
        "",
        "Four chains. Median [smallest to largest] over repetitions. ESS: smallest bulk effective "
        "sample size over all scalar parameters and each dyad's level of the last month, by second "
        "of sampling with its warm-up. Compiling: longest, then shortest. How to read it: "
        "benchmarks/README.md.",
    ]


def describe(machines: Sequence[dict[str, Any]]) -> list[str]:
    """Describe on what machine and with which packages, a paragraph a machine."""
    lines = []
    for at in machines:
        packages = ", ".join(f"{name} {found}" for name, found in at["packages"].items())
        lines += [
            "",
            f"{at['cpu']}, {at['cores']} cores, {at['memory_gb']} GB, {at['system']}, Python "
            f"{at['python']}; {packages}.",
        ]
    return lines


def _table(engines: dict[str, Any]) -> list[str]:
    rows = [HEADINGS, ("---",) * len(HEADINGS)]
    for name, found in engines.items():
        if found["status"] != "measured":
            reason = (found["reason"] or "").splitlines()[-1:] or [""]
            rows.append((name, *("",) * (len(HEADINGS) - 2), f"{found['status']}: {reason[0]}"))
            continue
        length = f"{found['tune'][0]:g} + {found['draws_kept'][0]:g}"
        notes = ["**not converged**"] if found["converged"] is False else []
        compiling = found["compile_seconds"]
        rows.append(
            (
                name,
                spread(found["ess_per_second"]),
                spread(found["ess_per_second_after_warmup"]),
                spread(found["ess_min"]),
                _number(found["r_hat_max"], 2, 3),
                _number(found["divergences"], 2),
                _number(found["steps_per_draw"], 0),
                f"{compiling[2]:.3g}, {compiling[1]:.3g}",
                spread(found["sampling_seconds"]),
                length,
                "; ".join(notes),
            )
        )
    return ["| " + " | ".join(row) + " |" for row in rows]


def _ratio_line(problem: dict[str, Any]) -> str:
    target = (
        f" (aimed at: {TARGET:g})" if (problem["size"], problem["density"]) == TARGET_AT else ""
    )
    sound = "" if problem["engines"][PLAIN]["converged"] else ", which has not converged"
    return (
        f"`{OURS}` gives **{spread(problem['ratio'])}** times the ESS/s of "
        f"`{PLAIN}`{target}{sound}."
    )


def spread(values: Sequence[float] | None) -> str:
    """Write a summary down."""
    if values is None:
        return ""
    median, low, high = (f"{value:.3g}" for value in values)
    return median if low == high else f"{median} [{low} to {high}]"


def summary(values: Sequence[float]) -> list[float]:
    """Median, smallest and largest."""
    return [statistics.median(values), min(values), max(values)]


def _number(values: Sequence[float] | None, place: int, digits: int = 0) -> str:
    """One of median, smallest and largest."""
    return "" if values is None else f"{values[place]:.{digits}f}"
