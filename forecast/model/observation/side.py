"""Sparse arrays of event counts, and what every likelihood of counts shares: its quadrature, and draws of classes."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.model.observation.base import Own
from forecast.typing import Float, Index

if TYPE_CHECKING:
    import xarray as xr

    from forecast.model.spec import PendulumSpec


def class_probabilities(level: Float, cutpoint: Float) -> Float:
    """Return the ordered-logit probabilities of classes (..., class) at levels (...,); cutpoints (..., cut)."""
    cuts = np.broadcast_to(cutpoint, (*np.shape(level), np.shape(cutpoint)[-1]))
    below = 1.0 / (1.0 + np.exp(np.asarray(level)[..., None] - cuts))
    edge = np.zeros((*below.shape[:-1], 1))
    return np.diff(np.concatenate([edge, below, edge + 1.0], axis=-1), axis=-1)


def draw_classes(total: Index, probability: Float, concentration: Float | None, rng: np.random.Generator) -> Index:
    """Draw the classes of events, (..., report, class): Dirichlet-multinomial, or multinomial without concentration."""
    if concentration is not None:
        mass = rng.gamma(np.maximum(concentration[..., None] * probability, 1e-12))
        probability = mass / np.maximum(mass.sum(-1, keepdims=True), 1e-300)
    return np.asarray(rng.multinomial(total, probability))


# Long enough for vector instructions, short enough for the processor's first cache.
BLOCK_ENTRIES = 128
ORDER = ("dyad", "time", "direction", "dataset", "class")
LAYOUT = ("blocks", "cells", "rows", "entries")


@dataclass(frozen=True)
class Counted:
    """Event counts."""

    # Dyad, first cell, cell behind the last, first entry, entry behind the last: runs of one dyad's cells that the
    # likelihood takes at once.
    blocks: Index
    cells: Index  # Dyad, node, first row, row behind the last and number of events, for every period with events
    # Direction, dataset, first entry, entry behind the last and number of events: one report of a dataset and
    # direction in a period.
    rows: Index
    entries: Index  # Class, count, cell and row, where something was counted
    cell_of_node: Index  # Place of a node's events among the cells, -1 where there are none
    classes: int
    directions: int
    datasets: int

    @property
    def layout(self) -> dict[str, Index]:
        """The arrays that the kernels read, by name and in their order."""
        return {name: getattr(self, name) for name in LAYOUT}

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
    cut, classes = int(panel.attrs["zero_cut"]), int(panel.sizes["class"])
    return np.arange(cut, classes) if name == "depth" else np.arange(cut)[::-1]


def count_sparsely(counts: NDArray[Any], node_of: Index) -> Counted:
    """Return counts (dyad, time, direction, dataset, class) as sparse arrays."""
    dyad, time, direction, dataset = np.nonzero(counts.any(axis=-1))
    reports = counts[dyad, time, direction, dataset].astype(np.int64)
    row, event_class = np.nonzero(reports)
    bounds = np.searchsorted(row, np.arange(dyad.size + 1))
    new = (np.diff(dyad, prepend=-1) != 0) | (np.diff(time, prepend=-1) != 0)
    first, cell_of_row = np.flatnonzero(new), np.cumsum(new) - 1
    behind = np.append(first[1:], dyad.size)[: first.size]
    d, t = dyad[first], time[first]
    events = np.bincount(cell_of_row, weights=reports.sum(1), minlength=first.size)
    cells = np.column_stack([d, node_of[d, t], first, behind, events]).astype(np.int64)
    rows = np.column_stack([direction, dataset, bounds[:-1], bounds[1:], reports.sum(1)]).astype(np.int64)
    entries = np.column_stack([event_class, reports[row, event_class], cell_of_row[row], row]).astype(np.int64)
    cell_of_node = np.full(int((node_of >= 0).sum()), -1)
    cell_of_node[cells[:, 1]] = np.arange(len(cells))
    directions, datasets, classes = counts.shape[2:]
    return Counted(_blocks(cells, rows), cells, rows, entries, cell_of_node, classes, directions, datasets)


def _blocks(cells: Index, rows: Index) -> Index:
    """Cut the cells into runs of one dyad with about BLOCK_ENTRIES entries."""
    blocks: list[tuple[int, int, int, int, int]] = []
    start = 0
    for cell in range(1, len(cells) + 1):
        first, behind = rows[cells[start, 2], 2], rows[cells[cell - 1, 3] - 1, 3]
        if cell == len(cells) or cells[cell, 0] != cells[start, 0] or behind - first >= BLOCK_ENTRIES:
            blocks.append((int(cells[start, 0]), start, cell, int(first), int(behind)))
            start = cell
    return np.array(blocks, dtype=np.int64).reshape(-1, 5)


# The order in which the kernels read the parameters.
KERNEL = ("offset", "cutpoint", "concentration", "noise")
NO_SHIFT = np.zeros((0, 0))  # Empty shift: datasets read the level without an offset


@cache  # every month of an update asks for them
def quadrature(spec: "PendulumSpec") -> tuple[Float, Float]:
    """Return Gauss-Hermite nodes and weights for a standard normal; a single node at 0 without month-specific noise."""
    if not spec.month_noise:
        return np.zeros(1), np.ones(1)
    at, weights = np.polynomial.hermite_e.hermegauss(spec.nodes)
    return at, weights / weights.sum()


def log_likelihood_of_draws(
    counted: Counted, node: int, level: Float, own: Own, rule: tuple[Float, Float], prefix: str = ""
) -> Float:
    """Return the log-likelihood of one node's counts at levels (draw, particle) of every draw."""
    from forecast.model.kernels.observation import event_log_likelihood

    cutpoint, scatter = (own[f"{prefix}{part}"] for part in ("cutpoint", "concentration"))
    cell = counted.cells[counted.cell_of_node[node]]
    return event_log_likelihood(
        np.ascontiguousarray(level), cutpoint, scatter, own["offset"], own["noise"], cell, counted.rows,
        counted.entries, *rule,
    )  # fmt: skip
