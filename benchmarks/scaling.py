"""How the cost of a whole fit grows, one thing varied at a time.

The things are dyads, months, density and draws.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cells import Cell, Store
from benchmarks.conduct import measure_cells
from benchmarks.engines import OURS
from benchmarks.machine import now
from benchmarks.table import distinct
from forecast.base.files import write_csv, write_json, write_text

BASE = {"dyads": 3, "months": 300, "density": 5, "draws": 1000}
VARIED = {
    "dyads": (1, 3, 6, 12),
    "months": (100, 300, 900),
    "density": (1, 5, 50),
    "draws": (500, 1000, 2000),
}
WORDS = {
    "dyads": "dyads",
    "months": "months",
    "density": "events per dyad-month",
    "draws": "draws per chain",
}
SHOWN = {"sampling_seconds": "sampling, seconds", "ess_per_second": "smallest ESS per second"}
COLUMNS = (
    "varied",
    *BASE,
    "status",
    "sampling_seconds",
    "compile_seconds",
    "ess_min",
    "ess_per_second",
    "r_hat_max",
    "steps_per_draw",
    "peak_memory_mb",
)
COLOUR = "#1f5a8a"


@dataclass(frozen=True)
class Point:
    """One fit of a curve."""

    varied: str
    dyads: int
    months: int
    density: int
    draws: int

    @property
    def cell(self) -> Cell:
        """The cell that measures it; curves share the one where they meet."""
        return Cell(OURS, f"{self.dyads}x{self.months}", self.density, 0, self.draws)


def points() -> Iterator[Point]:
    """All points."""
    for varied, values in VARIED.items():
        for value in values:
            yield Point(varied, **BASE | {varied: value})


def write_scaling(folder: Path, store: Store, say: Callable[[str], None]) -> None:
    """Measure what is not measured yet, and write the results.

    They are ``scaling.json``, ``scaling.csv`` and ``scaling.svg``.
    """
    wanted = list(points())
    measure_cells(distinct(point.cell for point in wanted), store, say)
    rows, machines = [], []
    for point in wanted:
        kept = store.read(point.cell) or {"status": "failed"}
        machines.append(kept.get("machine"))
        at = {"varied": point.varied} | {name: getattr(point, name) for name in BASE}
        rows.append(
            {name: (at | kept).get(name) if name not in at else at[name] for name in COLUMNS}
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    powers = {varied: exponent(table, varied) for varied in VARIED}
    found = {
        "written": now(),
        "machines": [at for at in distinct(machines) if at],
        "seed": store.seed,
        "base": BASE,
        "sampling_seconds_grow_as_power": powers,
        "points": rows,
    }
    write_json(folder / "scaling.json", found)
    write_csv(folder / "scaling.csv", table)
    write_text(folder / "scaling.svg", figure(table))


def exponent(table: pd.DataFrame, varied: str) -> float | None:
    """Power of what is varied with which the sampling time grows.

    It is found by least squares on logarithms.
    """
    rows = table[table["varied"] == varied].dropna(subset=["sampling_seconds"])
    if len(rows) < 2:
        return None
    return float(
        np.polyfit(
            np.log(rows[varied].astype(float)), np.log(rows["sampling_seconds"].astype(float)), 1
        )[0]
    )


def figure(table: pd.DataFrame) -> str:
    """Draw the curves as SVG.

    There is a column for what is varied, a row for what is shown, and all axes are logarithmic.
    """
    import io

    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "scaling", "svg.fonttype": "none", "font.size": 9}):
        drawing = Figure(figsize=(11.0, 5.2), layout="constrained")
        axes = drawing.subplots(len(SHOWN), len(VARIED), sharey="row", sharex="col")
        for column, varied in enumerate(VARIED):
            for row, (shown, words) in enumerate(SHOWN.items()):
                at = axes[row, column]
                curve = table[table["varied"] == varied].dropna(subset=[shown])
                at.plot(curve[varied], curve[shown].astype(float), "o-", color=COLOUR)
                _axes(at, VARIED[varied])
                if column == 0:
                    at.set_ylabel(words)
                if row == len(SHOWN) - 1:
                    at.set_xlabel(WORDS[varied])
        text = io.StringIO()
        drawing.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _axes(at: Any, values: tuple[int, ...]) -> None:
    from matplotlib.ticker import LogLocator

    at.set_xscale("log")
    at.set_yscale("log")
    at.set_xticks(values, [str(value) for value in values])
    at.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    at.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    at.minorticks_off()
    at.grid(alpha=0.25)
    at.spines[["top", "right"]].set_visible(False)
