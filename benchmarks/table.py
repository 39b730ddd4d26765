"""The measured cells as a table for readers and as JSON for programs."""

import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.engines import ENGINES, NUMPYRO, SIMPLER, TWO_SCALES, ours_beside, spec_of
from benchmarks.machine import now
from benchmarks.measures import CONVERGED
from benchmarks.problems import model_name, shape_of
from forecast.files import write_json, write_text

TARGETS = (("pymc-centred-nutpie", 100.0), ("NumPyro's best", 8.0), ("pymc-default-nutpie", 50.0))
"""What our effective draws a second are held to at 3x300, 5 events a month, as ratios."""
NUMBERS = (
    "ess_per_second", "ess_per_second_after_warmup", "ess_min", "r_hat_max", "divergences", "steps_per_draw",
    "compile_seconds", "sampling_seconds", "warmup_seconds", "peak_memory_mb", "tune", "draws_kept",
)  # fmt: skip
HEADINGS = (
    "engine", "ESS/s", "ESS/s after warm-up", "smallest ESS", "largest R-hat", "divergent", "steps a draw",
    "compiling, s", "sampling, s", "warm-up + draws", "",
)  # fmt: skip


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
        "highest_load_before_a_cell": max((cell["load"] for cell in cells if cell.get("load")), default=None),
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
    """Cells of each problem, small problems first; those of the scaling page, with fixed draws, are left out."""

    def scale(cell: dict[str, Any]) -> tuple[int, ...]:
        return (*shape_of(cell["size"]), cell["density"] or 0, cell["engine"] in TWO_SCALES)

    ordered = sorted((cell for cell in cells if cell["draws"] is None), key=scale)
    return [list(group) for _, group in groupby(ordered, key=scale)]


def _problem(cells: list[dict[str, Any]]) -> dict[str, Any]:
    engines = {name: _engine([c for c in cells if c["engine"] == name]) for name in ENGINES}
    engines = {name: found for name, found in engines.items() if found}
    return {
        "size": cells[0]["size"],
        "density": cells[0]["density"],
        "model": model_name(spec_of(cells[0]["engine"])),
        "limit_seconds": distinct(cell["limit"] for cell in cells),
        "engines": engines,
        "ratios": _ratios(cells, engines),
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


def _ratios(cells: list[dict[str, Any]], engines: dict[str, Any]) -> dict[str, Any]:
    """Our effective draws a second over others', repetition by repetition: median and range."""
    ratios = {}
    for name in engines:
        if name != ours_beside(name) and name not in SIMPLER:
            ratios[name] = _paired(cells, (name,))
    if set(NUMPYRO) & set(engines):
        ratios["NumPyro's best"] = _paired(cells, NUMPYRO)
    return {name: ratio for name, ratio in ratios.items() if ratio}


def _paired(cells: list[dict[str, Any]], others: Sequence[str]) -> list[float] | None:
    ratios = []
    for repetition in distinct(cell["repetition"] for cell in cells):
        same = {c["engine"]: c.get("ess_per_second") or 0.0 for c in cells if c["repetition"] == repetition}
        ours, best = same.get(ours_beside(others[0]), 0.0), max(same.get(name, 0.0) for name in others)
        if ours and best:
            ratios.append(ours / best)
    return summary(ratios) if ratios else None


def _markdown(found: dict[str, Any]) -> str:
    lines = ["# Fits: how fast, and beside what", "", *_header(found)]
    for problem in found["problems"]:
        events = "the embedded chronology" if problem["density"] is None else f"{problem['density']} events a month"
        limits = " or ".join(f"{limit:g}" for limit in problem["limit_seconds"])
        lines += [
            "",
            f"## {problem['size']}, {events}, {problem['model']}",
            "",
            f"At most about {limits} s of sampling a cell.",
            "",
        ]
        lines += _table(problem["engines"])
        if problem["ratios"]:
            lines += ["", *_ratio_lines(problem)]
    return "\n".join(lines) + "\n"


def _header(found: dict[str, Any]) -> list[str]:
    first, last = found["measured"]
    lines = [f"Measured {first} to {last}; highest load before a cell {found['highest_load_before_a_cell']}."]
    lines += describe(found["machines"])
    return [
        *lines,
        "",
        "Four chains. Median [smallest to largest] over repetitions. ESS: smallest bulk effective sample size over all "
        "scalar parameters and each dyad's level of the last month, by second of sampling with its warm-up. Compiling: "
        "longest, then shortest. How to read it: benchmarks/README.md.",
    ]


def describe(machines: Sequence[dict[str, Any]]) -> list[str]:
    """Describe on what machine and with which packages, a paragraph a machine."""
    lines = []
    for at in machines:
        packages = ", ".join(f"{name} {found}" for name, found in at["packages"].items())
        lines += [
            "",
            f"{at['cpu']}, {at['cores']} cores, {at['memory_gb']} GB, {at['system']}, Python {at['python']}; "
            f"{packages}.",
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
        notes += ["simpler model, for orientation"] if name in SIMPLER else []
        notes += ["no draws: one maximum-likelihood fit a dyad"] if found["ess_min"] is None else []
        compiling = found["compile_seconds"]
        rows.append((
            name, spread(found["ess_per_second"]), spread(found["ess_per_second_after_warmup"]),
            spread(found["ess_min"]), _number(found["r_hat_max"], 2, 3), _number(found["divergences"], 2),
            _number(found["steps_per_draw"], 0), f"{compiling[2]:.3g}, {compiling[1]:.3g}",
            spread(found["sampling_seconds"]), length if found["ess_min"] is not None else "", "; ".join(notes),
        ))  # fmt: skip
    return ["| " + " | ".join(row) + " |" for row in rows]


def _ratio_lines(problem: dict[str, Any]) -> list[str]:
    held = dict(TARGETS) if (problem["size"], problem["density"]) == ("3x300", 5) else {}
    lines = [f"`{ours_beside(next(iter(problem['engines'])))}` gives so many times the ESS/s of"]
    for name, ratio in problem["ratios"].items():
        target = f" (aimed at: {held[name]:g})" if name in held else ""
        sound = problem["engines"].get(name, {}).get("converged") is not False
        lines.append(f"- {name}: **{spread(ratio)}**{target}{'' if sound else ', which has not converged'}")
    return [lines[0], "", *lines[1:]]


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
