"""Sparse arrays of event counts by side, the quadrature of their likelihood, and draws of them."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from forecast.base.typing import Float, Index
from forecast.model.observation.base import ModelChoices, ObservationParameters

if TYPE_CHECKING:
    import xarray as xr


ORDER = ("dyad", "time", "direction", "dataset", "class")
"""Dims of the counts, in the order of the arrays."""
CHUNK_ARRAYS = ("chunks", "chunk_months", "chunk_counts")
"""Names of the arrays that the likelihood reads in chunks of months."""
KERNEL_PARAMETERS = ("offset", "concentration", "noise")
"""Names of the parameters, in the order in which the kernels read them."""
NO_SHIFT = np.zeros((0, 0))
"""Empty shift: datasets read the level without an offset."""
SMALLEST_BETA = 1e-12
"""Smallest parameter of a beta distribution, which must be positive."""
CHUNK_MONTHS = 64
"""Most months that the likelihood takes at once: enough for vector instructions, and few enough
that all stays in the first cache."""
DYAD, NODE, FIRST_REPORT, END_REPORT, EVENTS = range(5)
"""Columns of `SparseCounts.cells`."""


def draw_sides(
    total: Index, log_odds: Float, concentration: Float | None, rng: np.random.Generator
) -> Index:
    """Draw hostile and cooperative events, (..., report, 2).

    They are beta-binomial, or binomial without a concentration.
    """
    share = expit(log_odds)
    if concentration is not None:
        cooperative_mass = np.maximum(concentration * share, SMALLEST_BETA)
        hostile_mass = np.maximum(concentration * (1.0 - share), SMALLEST_BETA)
        share = rng.beta(cooperative_mass, hostile_mass)
    cooperative = rng.binomial(total, share)
    return np.stack([total - cooperative, cooperative], axis=-1)


@dataclass(frozen=True)
class SparseCounts:
    """Cooperative and hostile events of the periods that have any.

    A cell is a period of a dyad; a report of it is what one dataset counts in one direction.
    """

    # A row per cell: dyad, node, first report, report behind the last, and number of events
    cells: Index
    # A row per report: cooperative and hostile events, direction and dataset
    reports: Index
    cell_of_node: Index  # Place of a node's events among the cells, -1 where there are none
    directions: int
    datasets: int

    @cached_property
    def chunked(self) -> dict[str, Index]:
        """Cells with the same reports next to each other, in chunks.

        The arrays are those of `forecast.model.kernels.observation.Reports`.
        """
        patterns, pattern_of_cell = self._patterns()
        chunks = []
        counts = [np.zeros((0, 4), dtype=np.int64)]
        cells_before = reports_before = 0
        for pattern, cells in zip(patterns, np.bincount(pattern_of_cell), strict=True):
            reports = pattern[pattern[:, 0] >= 0]
            for first in range(0, cells, CHUNK_MONTHS):
                months = min(CHUNK_MONTHS, cells - first)
                chunks.append((months, len(reports), cells_before + first, reports_before))
            cells_before += int(cells)
            reports_before += len(reports)
            counts.append(reports)
        order = np.argsort(pattern_of_cell, kind="stable")
        arrays = (
            np.array(chunks, dtype=np.int64).reshape(-1, 4),
            self.cells[order][:, [NODE, DYAD]],
            np.concatenate(counts),
        )
        return dict(zip(CHUNK_ARRAYS, arrays, strict=True))

    def _patterns(self) -> tuple[Index, Index]:
        """Return the distinct sets of reports, and which one each cell has.

        The former are (pattern, report, column of `reports`), with -1 behind the last report.
        """
        first_report = self.cells[:, FIRST_REPORT]
        reports_in_cell = self.cells[:, END_REPORT] - first_report
        most = int(reports_in_cell.max(initial=1))
        by_cell = np.full((len(self.cells), most, 4), -1, dtype=np.int64)
        for position in range(most):
            has_report = reports_in_cell > position
            by_cell[has_report, position] = self.reports[first_report[has_report] + position]
        patterns, pattern_of_cell = np.unique(
            by_cell.reshape(-1, 4 * most), axis=0, return_inverse=True
        )
        return patterns.reshape(-1, most, 4), pattern_of_cell

    def events_at_nodes(self) -> Index:
        """Count the events of every node, (node,)."""
        events = np.zeros(self.cell_of_node.size, dtype=np.int64)
        events[self.cells[:, NODE]] = self.cells[:, EVENTS]
        return events


def count_sides(panel: "xr.Dataset") -> Index:
    """Count hostile and cooperative events, (dyad, time, direction, dataset, side)."""
    counts = panel["counts"].transpose(*ORDER).to_numpy()
    cut = int(panel.attrs["zero_cut"])
    return np.stack([counts[..., :cut].sum(-1), counts[..., cut:].sum(-1)], axis=-1)


def count_sparsely(counts: NDArray[Any], node_of: Index) -> SparseCounts:
    """Return counts (dyad, time, direction, dataset, side) as sparse arrays.

    The first side is the hostile one.
    """
    dyad, time, direction, dataset = np.nonzero(counts.any(axis=-1))
    hostile, cooperative = counts[dyad, time, direction, dataset].astype(np.int64).T
    reports = np.column_stack([cooperative, hostile, direction, dataset]).astype(np.int64)
    # Reports are in order of dyad and time, so that those of a cell follow each other.
    begins_cell = (np.diff(dyad, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
    cell_of_report = np.cumsum(begins_cell) - 1
    first = np.flatnonzero(begins_cell)
    end = np.append(first[1:], dyad.size)[: first.size]
    node = node_of[dyad[first], time[first]]
    events = np.bincount(cell_of_report, weights=cooperative + hostile, minlength=first.size)
    cells = np.column_stack([dyad[first], node, first, end, events]).astype(np.int64)
    cell_of_node = np.full(int((node_of >= 0).sum()), -1)
    cell_of_node[node] = np.arange(len(cells))
    directions, datasets = counts.shape[2:4]
    return SparseCounts(cells, reports, cell_of_node, directions, datasets)


def quadrature(spec: ModelChoices) -> tuple[Float, Float]:
    """Return the nodes and weights of the month-specific noise; a single node at 0 without it."""
    return normal_quadrature(spec.nodes if spec.month_noise else 1)


@cache  # every month of an update asks for them
def normal_quadrature(nodes: int) -> tuple[Float, Float]:
    """Return Gauss-Hermite nodes and weights for a standard normal."""
    values, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return values, weights / weights.sum()


def log_likelihood_of_draws(
    counts: SparseCounts,
    node: int,
    level: Float,
    parameters: ObservationParameters,
    rule: tuple[Float, Float],
) -> Float:
    """Return the log-likelihood of one node's counts at levels (draw, particle) of every draw."""
    from forecast.model.kernels.observation import month_log_likelihood

    dyad, _, first, end, _ = counts.cells[counts.cell_of_node[node]]
    offset, concentration, noise = (parameters[name] for name in KERNEL_PARAMETERS)
    reports = np.ascontiguousarray(counts.reports[first:end])
    return month_log_likelihood(
        np.ascontiguousarray(level), offset, concentration, noise, int(dyad), reports, *rule
    )
