"""Single events in a panel: two-sided events counted once, the cell of each, and removal of events."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecast.errors import DataError
from forecast.events.codebook import HOST, VISIT, read_codes, read_scale, scale_names
from forecast.events.table import EventTable, events_per_row
from forecast.events.table import as_of as known_by
from forecast.files import digest
from forecast.panel.kinds import panel_kind
from forecast.panel.spans import covered_to, floor_period
from forecast.typing import Index

if TYPE_CHECKING:
    import xarray as xr


def counts_once(panel: "xr.Dataset") -> bool:
    """Return whether a panel counts a two-sided event once: with directions, or by rows, it counts both sides."""
    return panel.attrs.get("unit") == "event" and panel.sizes["direction"] == 1


def event_counts(events: pd.DataFrame) -> "pd.Series[int]":
    """Count what each row stands for (its n; a row of a feed one), less what is the other side of a two-sided event.

    Two rows pair when they have one date, opposite directions and one joint code, or are a visit and its
    hosting. Of a visit the visitor's row is kept, else that of the first state; pairing is one-to-one.
    """
    visit = events["cameo"].isin([VISIT, HOST])
    visitor = events["source"].where(events["cameo"] == VISIT, events["target"])
    act = events["cameo"].mask(visit, "visit by " + visitor)
    leads = (events["cameo"] == VISIT) | (~visit & (events["source"] == events["dyad"].str[:3]))
    joint = events["cameo"].map(read_codes()["joint"]).astype(bool)
    by = [events["dataset"], events["dyad"], events["date"], act]
    each = events_per_row(events)
    led = each.where(leads, 0).groupby(by).transform("sum")
    followed = each.mask(leads, 0).groupby(by).cumsum()
    alone = np.minimum(each, (followed - led).clip(lower=0))
    return each.where(leads | ~joint, alone)


PLACES = ["of_dataset", "of_period", "of_direction", "of_class"]
"""Columns that say in which cell of the panel a row is counted."""
WHERE = "Give the events that the fit was made of (--events)"


def counted_events(panel: "xr.Dataset", dyad: str, table: EventTable, first: int = 0) -> pd.DataFrame:
    """Return the events of a dyad that a panel counts from a period on, as `placed_events` does, after a check."""
    rows = placed_events(panel, dyad, table)
    rows = rows[rows["of_period"] >= first].reset_index(drop=True)
    _require_same(panel, dyad, rows, first)
    return rows


def placed_events(panel: "xr.Dataset", dyad: str, table: EventTable) -> pd.DataFrame:
    """Return the events of a dyad that lie in what a panel covers, a row each, in order of time, with its cell."""
    scale = str(panel.attrs.get("scale", ""))
    if not panel_kind(panel).coded or scale not in scale_names():
        raise DataError("events: the fit was not made of single coded events, so that none can be left out")

    rows = _known(panel, dyad, table)
    order, directed = read_scale(scale), panel.sizes["direction"] > 1
    datasets = [str(name) for name in panel["dataset"].to_numpy()]
    backward = (rows["source"] != dyad[:3]).to_numpy() & directed
    starts = floor_period(rows["date"], panel.attrs["frequency"])
    classes = rows["cameo"].map(order.class_of)
    rows = rows.assign(
        counted=event_counts(rows) if counts_once(panel) else events_per_row(rows),
        of_dataset=rows["dataset"].map({name: place for place, name in enumerate(datasets)}),
        of_period=panel["time"].to_index().get_indexer(pd.Index(starts)),
        of_direction=backward.astype(int),
        of_class=classes,
        **{"class": [order.classes[place] for place in classes]},
    )
    rows = rows[rows["of_dataset"].notna() & (rows["of_period"] >= 0) & (rows["counted"] > 0)]
    rows = rows.astype({"of_dataset": int})
    covered = panel["covered"].sel(dyad=dyad).transpose("dataset", "time").to_numpy()
    rows = rows[covered[rows["of_dataset"], rows["of_period"]]]
    for place in range(len(datasets)):
        if last := covered_to(panel, dyad, place):
            rows = rows[(rows["of_dataset"] != place) | (rows["date"] <= pd.Timestamp(last))]
    return rows.sort_values("date", kind="stable").reset_index(drop=True)


def count_placed(panel: "xr.Dataset", rows: pd.DataFrame) -> Index:
    """Count rows of `placed_events` in the cells of a panel, (dataset, time, direction, class)."""
    found = np.zeros([panel.sizes[name] for name in ("dataset", "time", "direction", "class")], dtype=np.int64)
    np.add.at(found, tuple(rows[PLACES].to_numpy().T), rows["counted"].to_numpy())
    return found


def _known(panel: "xr.Dataset", dyad: str, table: EventTable) -> pd.DataFrame:
    """Return the dyad's rows that were known on the panel's day."""
    own = replace(table, events=table.events[table.events["dyad"] == dyad])
    if own.events.empty:
        raise DataError(f"events: there is none of {dyad}. {WHERE}")
    day = panel.attrs.get("as_of")
    return (known_by(own, str(day)) if day else own).events.reset_index(drop=True)


def _require_same(panel: "xr.Dataset", dyad: str, rows: pd.DataFrame, first: int) -> None:
    """Reject events that are not those which the panel counts."""
    place = panel["dyad"].to_numpy().tolist().index(dyad)
    counts, found = _counts(panel)[:, place, first:], count_placed(panel, rows)[:, first:]
    if (found == counts).all():
        return
    dataset, period = np.argwhere(found != counts)[0][:2]
    month = str(panel["time"].to_numpy()[first + period])[:10]
    raise DataError(
        f"events: of {dyad} in the period from {month} the fit counts {counts[dataset, period].sum()} in the dataset "
        f"{panel['dataset'].to_numpy()[dataset]!s}, and the events are {found[dataset, period].sum()}, or of other "
        f"kinds. {WHERE}"
    )


def panel_without(panel: "xr.Dataset", dyad: str, rows: pd.DataFrame) -> "xr.Dataset":
    """Return a panel that does not count some of a dyad's events: its months stay covered."""
    dims, place = panel["counts"].dims, panel["dyad"].to_numpy().tolist().index(dyad)
    counts = _counts(panel).copy()
    counts[:, place] -= count_placed(panel, rows).astype(counts.dtype)
    ordered = panel["counts"].transpose(*CELLS)
    attributes = panel.attrs | {"counted": int(counts.sum()), "digest": digest(counts.tobytes())}
    return panel.assign(counts=ordered.copy(data=counts).transpose(*dims)).assign_attrs(attributes)


CELLS = ("dataset", "dyad", "time", "direction", "class")


def _counts(panel: "xr.Dataset") -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    return np.asarray(panel["counts"].transpose(*CELLS).to_numpy())
