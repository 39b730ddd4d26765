"""A panel as the plain arrays that the kernels read."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Float = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class PanelArrays:
    """Sparse view of a panel: only the dyad-months with events appear.

    ``cells`` (cell, 4) holds dyad, period, first row and the row behind the last; ``rows`` (row, 2) direction
    and dataset; ``counts`` (row, class); ``era_index`` (dyad, time); ``era_dyad`` (era,); ``index`` (dyad, time)
    is standardised within its dyad and NaN where missing (None for events).
    """

    cells: Index
    rows: Index
    counts: Index
    era_index: Index
    era_dyad: Index
    zero_cut: int
    directions: int
    datasets: int
    index: Float | None = None
    index_centre: Float | None = None
    index_scale: Float | None = None

    @property
    def dyads(self) -> int:
        """Number of dyads."""
        return int(self.era_index.shape[0])

    @property
    def periods(self) -> int:
        """Number of months or weeks."""
        return int(self.era_index.shape[1])

    @property
    def eras(self) -> int:
        """Number of eras over all dyads."""
        return int(self.era_dyad.size)

    @property
    def classes(self) -> int:
        """Number of ordinal classes."""
        return int(self.counts.shape[1])


def panel_arrays(panel: xr.Dataset) -> PanelArrays:
    """Read the arrays of an event panel or an index panel (schema: docs/schema/panel.md)."""
    era_index = panel["era_index"].transpose("dyad", "time").to_numpy().astype(np.int64)
    era_dyad = panel["era_dyad"].to_numpy().astype(np.int64)
    if "index" in panel:
        raw = panel["index"].transpose("dyad", "time").to_numpy().astype(float)
        centre, scale = np.nanmean(raw, axis=1), np.nanstd(raw, axis=1)
        scale = np.where(scale > 0, scale, 1.0)
        nothing = np.zeros((0, 2), dtype=np.int64)
        return PanelArrays(
            np.zeros((0, 4), dtype=np.int64), nothing, nothing, era_index, era_dyad, 1, 1, 1,
            (raw - centre[:, None]) / scale[:, None], centre, scale,
        )  # fmt: skip
    counts = panel["counts"].transpose("dyad", "time", "direction", "dataset", "class").to_numpy()
    dyad, time, direction, dataset = np.nonzero(counts.sum(-1))
    first = np.flatnonzero(np.r_[True, (np.diff(dyad) != 0) | (np.diff(time) != 0)]) if dyad.size else np.zeros(0, int)
    cells = np.column_stack([dyad[first], time[first], first, np.r_[first[1:], dyad.size]]) if dyad.size else np.zeros((0, 4))
    return PanelArrays(
        cells.astype(np.int64),
        np.column_stack([direction, dataset]).astype(np.int64),
        np.ascontiguousarray(counts[dyad, time, direction, dataset]).astype(np.int64),
        era_index,
        era_dyad,
        int(panel.attrs["zero_cut"]),
        int(panel.sizes["direction"]),
        int(panel.sizes["dataset"]),
    )
