"""The single events behind a panel's counts, each with its cell; and a panel without some."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.base.digests import digest
from forecast.base.errors import DataError
from forecast.base.typing import Index
from forecast.data.events.additions import additions_of
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.events.coverage import on_unstated_days
from forecast.data.events.table import EventTable, event_counts, events_per_row
from forecast.data.events.table import as_of as known_by
from forecast.data.panel.kinds import CELLS, coordinate_names, panel_kind
from forecast.data.panel.spans import PLACES, covered_to, in_cells

if TYPE_CHECKING:
    import xarray as xr

ADVICE = "Give the events that the fit was made of (--events)"


def counts_once(panel: "xr.Dataset") -> bool:
    """Return whether a panel counts a two-sided event once, and not once for each side."""
    return panel.attrs.get("unit") == "event" and panel.sizes["direction"] == 1


def counted_events(
    panel: "xr.Dataset", dyad: str, table: EventTable, first: int = 0
) -> pd.DataFrame:
    """Return the events of a dyad that a panel counts from a period on, as `placed_events` does.

    Raises `DataError` if the table's events are not those that the panel has counted.
    """
    rows = placed_events(panel, dyad, table)
    rows = rows[rows["of_period"] >= first].reset_index(drop=True)
    index = coordinate_names(panel, "dyad").index(dyad)
    counts = _counts(panel)[:, index, first:]
    placed = count_placed(panel, rows)[:, first:]
    if (placed == counts).all():
        return rows
    dataset, period = np.argwhere(placed != counts)[0][:2]
    name = coordinate_names(panel, "dataset")[dataset]
    first_day = str(panel["time"].to_numpy()[first + period])[:10]
    raise DataError(
        f"events: of {dyad} in the period from {first_day} the fit counts "
        f"{counts[dataset, period].sum()} in the dataset {name}, and the events are "
        f"{placed[dataset, period].sum()}, or of other kinds. {ADVICE}"
    )


def placed_events(panel: "xr.Dataset", dyad: str, table: EventTable) -> pd.DataFrame:
    """Return a dyad's events in the coverage of a panel, in order of time, with their cells."""
    scale = str(panel.attrs.get("scale", ""))
    if not panel_kind(panel).coded or scale not in scale_names():
        raise DataError(
            "events: the fit was not made of single coded events, so that none can be left out"
        )
    of_dyad = replace(table, events=table.events[table.events["dyad"] == dyad])
    day = panel.attrs.get("as_of")
    if of_dyad.events.empty:
        raise DataError(f"events: there is none of {dyad}. {ADVICE}")
    rows = (known_by(of_dyad, str(day)) if day else of_dyad).events.reset_index(drop=True)
    order = read_scale(scale)
    datasets = coordinate_names(panel, "dataset")
    classes = rows["cameo"].map(order.class_of)
    rows = rows.assign(
        counted=event_counts(rows) if counts_once(panel) else events_per_row(rows),
        of_class=classes,
        **{"class": [order.classes[index] for index in classes]},
    )
    directed = panel.sizes["direction"] > 1
    rows = in_cells(
        rows, datasets, panel.indexes["time"], panel.attrs["frequency"], directed=directed
    )
    rows = rows[(rows["of_dataset"] >= 0) & (rows["of_period"] >= 0) & (rows["counted"] > 0)]
    covered = panel["covered"].sel(dyad=dyad).transpose("dataset", "time").to_numpy()
    rows = rows[covered[rows["of_dataset"], rows["of_period"]]]
    rows = rows[~on_unstated_days(rows, additions_of(panel.attrs))]
    for index in range(len(datasets)):
        if last := covered_to(panel, dyad, index):
            rows = rows[(rows["of_dataset"] != index) | (rows["date"] <= pd.Timestamp(last))]
    return rows.sort_values("date", kind="stable").reset_index(drop=True)


def count_placed(panel: "xr.Dataset", rows: pd.DataFrame) -> Index:
    """Count rows of `placed_events` in the cells of a panel, (dataset, time, direction, class)."""
    counts = np.zeros(
        [panel.sizes[name] for name in ("dataset", "time", "direction", "class")], dtype=np.int64
    )
    np.add.at(counts, tuple(rows[PLACES].to_numpy().T), rows["counted"].to_numpy())
    return counts


def panel_without(panel: "xr.Dataset", dyad: str, rows: pd.DataFrame) -> "xr.Dataset":
    """Return a panel that does not count some of a dyad's events; their months stay covered."""
    dims = panel["counts"].dims
    index = panel["dyad"].to_numpy().tolist().index(dyad)
    counts = _counts(panel).copy()
    counts[:, index] -= count_placed(panel, rows).astype(counts.dtype)
    ordered = panel["counts"].transpose(*CELLS)
    attributes = panel.attrs | {"counted": int(counts.sum()), "digest": digest(counts.tobytes())}
    remaining = panel.drop_vars("goldstein", errors="ignore").assign(
        counts=ordered.copy(data=counts).transpose(*dims)
    )
    return remaining.assign_attrs(attributes)


def _counts(panel: "xr.Dataset") -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.asarray(panel["counts"].transpose(*CELLS).to_numpy())
