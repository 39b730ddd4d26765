"""Counted events as sparse arrays, the layout that the kernels of the likelihood read."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.typing import Index

# Long enough for vector instructions, short enough for the processor's first cache.
BLOCK_ENTRIES = 128
ORDER = ("dyad", "time", "direction", "dataset", "class")


@dataclass(frozen=True)
class Counted:
    """What was counted."""

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
        return {name: getattr(self, name) for name in ("blocks", "cells", "rows", "entries")}

    def events_at_nodes(self) -> Index:
        """Count the events of every node, (node,)."""
        events = np.zeros(self.cell_of_node.size, dtype=np.int64)
        events[self.cells[:, 1]] = self.cells[:, 4]
        return events


def count_sparsely(counts: NDArray[Any], node_of: Index) -> Counted:
    """Return counts (dyad, time, direction, dataset, class) as sparse arrays."""
    blocks, cells, rows, entries = _sparse_counts(counts, node_of)
    cell_of_node = np.full(int((node_of >= 0).sum()), -1)
    cell_of_node[cells[:, 1]] = np.arange(len(cells))
    directions, datasets, classes = counts.shape[2:]
    return Counted(
        blocks, cells, rows, entries, cell_of_node, classes=classes, directions=directions, datasets=datasets
    )


def _sparse_counts(counts: NDArray[Any], node_of: Index) -> tuple[Index, Index, Index, Index]:
    """Blocks, cells, rows and entries of counts (dyad, time, direction, dataset, class)."""
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
    return _blocks(cells, rows), cells, rows, entries


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
