"""A panel as the plain arrays that the kernels read."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from forecast.clock import periods_a_month
from forecast.panel import validate_panel
from forecast.typing import Float, Index

# Long enough for vector instructions, short enough for the processor's first cache.
BLOCK_ENTRIES = 128
# Calendar years for which a drifting threshold has a place, and how many decades each lies from the middle one.
FIRST_YEAR, YEARS = 1900, 200
DECADES = (np.arange(YEARS) - 80) / 10


@dataclass(frozen=True)
class PanelArrays:
    """Sparse view of a panel: only what was observed, and only the periods the path needs.

    A node is a period of a dyad that has a coordinate of its own: every period with an observation, the first and
    last of every era, and the dyad's first and last. Between nodes, where one equilibrium holds, the linear pendulum
    moves by its exact transition, so that empty periods cost nothing; dynamics without one ask for ``dense`` nodes.
    Nodes run dyad by dyad in time order.

    Attributes
    ----------
    starts : (dyad + 1,)
        Where each dyad's nodes begin.
    node_dyad, node_time, node_era, node_gap : (node,)
        Dyad, period, era, and number of periods since the node before (0 at a dyad's first).
    blocks : (block, 5)
        Dyad, first cell, cell behind the last, first entry, entry behind the last: runs of one dyad's cells that the
        likelihood takes at once.
    cells : (cell, 6)
        Dyad, node, place of its depth, first row, row behind the last and number of events, for every period with
        events. The place is the era, or a year of the dyad where the threshold drifts.
    rows : (row, 5)
        Direction, dataset, first entry, entry behind the last and number of events: one report of a dataset and
        direction in a period.
    entries : (entry, 4)
        Class, count, cell and row, where something was counted.
    depths : int
        Number of places that a depth may have.
    index : (node,) or None
        Index value standardised within its dyad, NaN where missing; None for events.
    periods_a_month : float
        1 in a monthly panel, 4.348 in a weekly one.
    """

    era_index: Index
    era_dyad: Index
    starts: Index
    node_dyad: Index
    node_time: Index
    node_era: Index
    node_gap: Index
    blocks: Index
    cells: Index
    rows: Index
    entries: Index
    classes: int
    zero_cut: int
    directions: int
    datasets: int
    depths: int
    index: Float | None = None
    periods_a_month: float = 1.0

    @property
    def dyads(self) -> int:
        """Number of dyads."""
        return int(self.era_index.shape[0])

    @property
    def periods(self) -> int:
        """Number of months or weeks."""
        return int(self.era_index.shape[1])

    @property
    def nodes(self) -> int:
        """Number of nodes over all dyads."""
        return int(self.node_dyad.size)

    @property
    def eras(self) -> int:
        """Number of eras over all dyads."""
        return int(self.era_dyad.size)

    def events_at_nodes(self) -> Index:
        """Count the events of every node, (node,)."""
        events = np.zeros(self.nodes, dtype=np.int64)
        events[self.cells[:, 1]] = self.cells[:, 5]
        return events


def panel_arrays(panel: xr.Dataset, dense: bool = False, by_year: bool = False) -> PanelArrays:
    """Read the arrays of an event panel or an index panel (schema: docs/schema/panel.md), or refuse it (DataError).

    ``dense`` makes a node of every period; ``by_year`` gives depths a place a year instead of an era.
    """
    validate_panel(panel)
    era_index = panel["era_index"].transpose("dyad", "time").to_numpy().astype(np.int64)
    era_dyad = panel["era_dyad"].to_numpy().astype(np.int64)
    events = "counts" in panel
    values = panel["counts" if events else "index"]
    if events:
        counts = values.transpose("dyad", "time", "direction", "dataset", "class").to_numpy()
        seen = counts.any(axis=(2, 3, 4))
    else:
        raw = standardised_index(panel)
        seen = np.isfinite(raw)
    dyad, time = np.nonzero(_is_node(seen, era_index, dense))
    starts = np.searchsorted(dyad, np.arange(len(era_index) + 1))
    gap = np.diff(time, prepend=0)
    gap[starts[:-1]] = 0
    layout = (era_index, era_dyad, starts, dyad, time, era_index[dyad, time], gap)
    pace = periods_a_month(panel)
    if not events:
        nothing = np.zeros((0, 6), dtype=np.int64)
        return PanelArrays(*layout, nothing, nothing, nothing, nothing, 2, 1, 1, 1, 0, raw[dyad, time], pace)
    node_of = np.full(seen.shape, -1)
    node_of[dyad, time] = np.arange(dyad.size)
    depth_of = year_places(panel) if by_year else era_index
    return PanelArrays(
        *layout,
        *_sparse_counts(counts, node_of, depth_of),
        int(panel.sizes["class"]),
        int(panel.attrs["zero_cut"]),
        int(panel.sizes["direction"]),
        int(panel.sizes["dataset"]),
        YEARS * len(era_index) if by_year else era_dyad.size,
        periods_a_month=pace,
    )


def year_places(panel: xr.Dataset) -> Index:
    """Place of every dyad's period among the years of all dyads, (dyad, time)."""
    year = panel["time"].dt.year.to_numpy() - FIRST_YEAR
    return np.asarray(np.clip(year, 0, YEARS - 1) + YEARS * np.arange(panel.sizes["dyad"])[:, None])


def index_scale(panel: xr.Dataset) -> tuple[Float, Float]:
    """Mean and spread, (dyad,), that a panel's index is standardised with.

    They are those that the panel carries (`index_mean`, `index_spread`), as the panel of an updated fit and a simulated
    one do, or else those of each dyad's own record.
    """
    if "index_mean" in panel:
        return panel["index_mean"].to_numpy(), panel["index_spread"].to_numpy()
    index = panel["index"].astype(np.float64)
    seen = np.isfinite(index)
    mean = index.where(seen).mean("time").fillna(0.0)
    spread = index.where(seen).std("time").fillna(0.0)
    return mean.to_numpy(), spread.where(spread > 0, 1.0).to_numpy()


def on_scale_of(first: xr.Dataset, panel: xr.Dataset) -> xr.Dataset:
    """Give a panel of an index with the mean and the spread of another one; a panel of events as it is."""
    if "index" not in panel:
        return panel
    mean, spread = index_scale(first)
    return panel.assign_coords(index_mean=("dyad", mean), index_spread=("dyad", spread))


def standardised_index(panel: xr.Dataset) -> Float:
    """Index of a panel, (dyad, time), less its mean and divided by its spread; NaN where there is none."""
    raw = panel["index"].transpose("dyad", "time").to_numpy().astype(np.float64)
    mean, spread = index_scale(panel)
    return np.where(np.isfinite(raw), (raw - mean[:, None]) / spread[:, None], np.nan)


def _is_node(seen: NDArray[np.bool_], era_index: Index, dense: bool) -> NDArray[np.bool_]:
    if dense:
        return np.ones_like(seen)
    node = seen.copy()
    node[:, [0, -1]] = True
    new_era = np.diff(era_index, axis=1) != 0
    node[:, 1:] |= new_era
    node[:, :-1] |= new_era
    return node


def _sparse_counts(counts: NDArray[np.integer], node_of: Index, depth_of: Index) -> tuple[Index, Index, Index, Index]:
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
    cells = np.column_stack([d, node_of[d, t], depth_of[d, t], first, behind, events]).astype(np.int64)
    rows = np.column_stack([direction, dataset, bounds[:-1], bounds[1:], reports.sum(1)]).astype(np.int64)
    entries = np.column_stack([event_class, reports[row, event_class], cell_of_row[row], row]).astype(np.int64)
    return _blocks(cells, rows), cells, rows, entries


def _blocks(cells: Index, rows: Index) -> Index:
    """Cut the cells into runs of one dyad with about BLOCK_ENTRIES entries."""
    blocks: list[tuple[int, int, int, int, int]] = []
    start = 0
    for cell in range(1, len(cells) + 1):
        first, behind = rows[cells[start, 3], 2], rows[cells[cell - 1, 4] - 1, 3]
        if cell == len(cells) or cells[cell, 0] != cells[start, 0] or behind - first >= BLOCK_ENTRIES:
            blocks.append((int(cells[start, 0]), start, cell, int(first), int(behind)))
            start = cell
    return np.array(blocks, dtype=np.int64).reshape(-1, 5)
