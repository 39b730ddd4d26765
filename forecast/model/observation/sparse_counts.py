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
CHUNKED = ("chunks", "chunk_months", "chunk_counts")
"""Names of the arrays that the likelihood reads in chunks of months."""
KERNEL = ("offset", "concentration", "noise")
"""Names of the parameters, in the order in which the kernels read them."""
NO_SHIFT = np.zeros((0, 0))
"""Empty shift: datasets read the level without an offset."""
LEAST_MASS = 1e-12
"""Of a side in a beta distribution, which needs more than zero."""
CHUNK_MONTHS = 64
"""Most months that the likelihood takes at once: vector instructions are in use, and all is in the
first cache."""


def draw_sides(
    total: Index, log_odds: Float, concentration: Float | None, rng: np.random.Generator
) -> Index:
    """Draw hostile and cooperative events, (..., report, 2).

    They are beta-binomial, or binomial without a concentration.
    """
    share = expit(log_odds)
    if concentration is not None:
        good, bad = (np.maximum(concentration * part, LEAST_MASS) for part in (share, 1.0 - share))
        share = rng.beta(good, bad)
    cooperative = rng.binomial(total, share)
    return np.stack([total - cooperative, cooperative], axis=-1)


@dataclass(frozen=True)
class SparseCounts:
    """Cooperative and hostile events."""

    # Dyad, node, first report, report behind the last and number of events, for every period with
    # events.
    cells: Index
    # Cooperative and hostile events, direction and dataset: what one dataset and direction counts
    # in a period.
    reports: Index
    cell_of_node: Index  # Place of a node's events among the cells, -1 where there are none
    directions: int
    datasets: int

    @cached_property
    def chunked(self) -> dict[str, Index]:
        """The arrays of `forecast.model.kernels.observation.Reports`."""
        first_report = self.cells[:, 2]
        each = self.cells[:, 3] - self.cells[:, 2]
        most = int(each.max(initial=1))
        by_cell = np.full((len(self.cells), most, 4), -1, dtype=np.int64)
        for position in range(most):
            long_enough = each > position
            by_cell[long_enough, position] = self.reports[first_report[long_enough] + position]
        kinds, kind_of_cell = np.unique(by_cell.reshape(-1, 4 * most), axis=0, return_inverse=True)
        order = np.argsort(kind_of_cell, kind="stable")
        chunks, counts = [], [np.zeros((0, 4), dtype=np.int64)]
        months_before, reports_before = 0, 0
        for kind, cells in zip(kinds.reshape(-1, most, 4), np.bincount(kind_of_cell), strict=True):
            of_month = kind[kind[:, 0] >= 0]
            for done in range(0, cells, CHUNK_MONTHS):
                chunks.append(
                    (
                        min(CHUNK_MONTHS, cells - done),
                        len(of_month),
                        months_before + done,
                        reports_before,
                    )
                )
            months_before += int(cells)
            reports_before += len(of_month)
            counts.append(of_month)
        arrays = (
            np.array(chunks, dtype=np.int64).reshape(-1, 4),
            self.cells[order][:, [1, 0]],
            np.concatenate(counts),
        )
        return dict(zip(CHUNKED, arrays, strict=True))

    def events_at_nodes(self) -> Index:
        """Count the events of every node, (node,)."""
        events = np.zeros(self.cell_of_node.size, dtype=np.int64)
        events[self.cells[:, 1]] = self.cells[:, 4]
        return events


def count_sides(panel: "xr.Dataset") -> Index:
    """Count hostile and cooperative events, (dyad, time, direction, dataset, side)."""
    counts = panel["counts"].transpose(*ORDER).to_numpy()
    cut = int(panel.attrs["zero_cut"])
    return np.stack([counts[..., :cut].sum(-1), counts[..., cut:].sum(-1)], axis=-1)


def ordered_kinds(name: str, panel: "xr.Dataset") -> Index:
    """Return the classes of a side, from the mildest kind to the strongest."""
    cut = int(panel.attrs["zero_cut"])
    classes = int(panel.sizes["class"])
    return np.arange(cut, classes) if name == "depth" else np.arange(cut)[::-1]


def count_sparsely(counts: NDArray[Any], node_of: Index) -> SparseCounts:
    """Return counts (dyad, time, direction, dataset, side) as sparse arrays.

    The first side is the hostile one.
    """
    dyad, time, direction, dataset = np.nonzero(counts.any(axis=-1))
    hostile, cooperative = counts[dyad, time, direction, dataset].astype(np.int64).T
    new = (np.diff(dyad, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
    first, cell_of_report = np.flatnonzero(new), np.cumsum(new) - 1
    behind = np.append(first[1:], dyad.size)[: first.size]
    node = node_of[dyad[first], time[first]]
    events = np.bincount(cell_of_report, weights=cooperative + hostile, minlength=first.size)
    cells = np.column_stack([dyad[first], node, first, behind, events]).astype(np.int64)
    reports = np.column_stack([cooperative, hostile, direction, dataset]).astype(np.int64)
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

    dyad, _, first, behind, _ = counts.cells[counts.cell_of_node[node]]
    offset, concentration, noise = (parameters[name] for name in KERNEL)
    reports = np.ascontiguousarray(counts.reports[first:behind])
    return month_log_likelihood(
        np.ascontiguousarray(level), offset, concentration, noise, int(dyad), reports, *rule
    )
