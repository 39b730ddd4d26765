"""What is measured in one go, and the file that keeps it.

An interrupted run goes on where it stopped.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.problems import CHRONOLOGY, shape_of
from forecast.base.errors import SpecError
from forecast.base.files import write_json


@dataclass(frozen=True)
class Cell:
    """One engine on one problem, once.

    ``draws`` is a fixed number of kept draws per chain, None for what fits.
    """

    engine: str
    size: str
    density: int | None
    repetition: int
    draws: int | None = None

    @property
    def kind(self) -> str:
        """What all repetitions share, as the stem of file names."""
        parts = [self.engine, self.size, self.density, self.draws and f"{self.draws}draws"]
        return "_".join(str(part) for part in parts if part is not None)

    def seed(self, seed: int) -> int:
        """Return the sampler's seed: repetitions differ, engines do not."""
        return int(np.random.SeedSequence([seed, self.repetition]).generate_state(1)[0] >> 1)


def cells_of(
    engines: Sequence[str], sizes: Sequence[str], densities: Sequence[int], repetitions: int
) -> list[Cell]:
    """All cells, problem by problem.

    Within a problem the engines take turns, so that all meet the same machine.

    Raises
    ------
    SpecError
        If a size is not of the form ``3x300``.
    """
    problems = [
        (size, density)
        for size in sizes
        if shape_of(size)
        for density in ([None] if size == CHRONOLOGY else densities)
    ]
    return [
        Cell(engine, size, density, repetition)
        for size, density in problems
        for repetition in range(repetitions)
        for engine in engines
    ]


@dataclass(frozen=True)
class Store:
    """A folder of measured cells.

    Attributes
    ----------
    folder : pathlib.Path
    limit : float
        Seconds of sampling that a cell may take.
    seed : int
        Of the simulated panels and, with the repetition, of the samplers; one folder, one seed.
    """

    folder: Path
    limit: float
    seed: int

    def path(self, cell: Cell) -> Path:
        """Where the cell is kept."""
        return self.folder / f"{cell.kind}_{cell.repetition}.json"

    def read(self, cell: Cell) -> dict[str, Any] | None:
        """Return what was measured, or None where there is something to measure.

        That is so if a cell failed, or stopped short of its full length at a lower limit than
        today's.

        Raises
        ------
        SpecError
            If the cell was measured with another seed.
        """
        path = self.path(cell)
        if not path.exists():
            return None
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if kept["seed"] != self.seed:
            raise SpecError(
                f"{path}: measured with --seed {kept['seed']}; give the same, or another folder "
                "(--cells)"
            )
        short = kept["status"] == "over the limit" or (
            kept["status"] == "measured" and not kept["full_length"]
        )
        return (
            None if kept["status"] == "failed" or (short and kept["limit"] < self.limit) else kept
        )

    def write(self, cell: Cell, found: dict[str, Any]) -> dict[str, Any]:
        """Keep what was measured, with the settings, and give both."""
        kept = asdict(cell) | {"limit": self.limit, "seed": self.seed} | found
        write_json(self.path(cell), kept)
        return kept

    def read_all(self) -> list[dict[str, Any]]:
        """Return all that is in the folder, whatever its limit."""
        return [json.loads(path.read_text("utf-8")) for path in sorted(self.folder.glob("*.json"))]
