"""Event data of a dyad in a panel: single events and their cells, coverage, observed shares.

Descriptions of panels.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Clock, month_end, periods_a_month
from forecast.base.digests import digest
from forecast.base.errors import DataError
from forecast.base.typing import Bool, Dyad, Float, Index
from forecast.base.wording import Card, Displayed, join_some
from forecast.data.events.codebook import read_scale, scale_names
from forecast.data.events.coverage import announced, coverage_gaps, on_unstated_days
from forecast.data.events.dyads import additions_of, even_spans, extended_ends, read_coverage
from forecast.data.events.table import EventTable, event_counts, events_per_row
from forecast.data.events.table import as_of as known_by
from forecast.data.panel.kinds import CELLS, Panel, panel_kind
from forecast.data.panel.spans import PLACES, covered_periods, covered_to, in_cells, panel_periods

if TYPE_CHECKING:
    import xarray as xr

VINTAGED = "vintaged"
# events of a year, or of the window of a month's share; with fewer it is thin, and drawn pale: one
# event moves the share by 20 points or more
MIN_EVENTS_NOT_THIN = 5
MIN_RECORD_MONTHS = 36  # covered months of a dyad; in fewer a pendulum of years cannot be seen
WHERE = "Give the events that the fit was made of (--events)"
USUAL_MONTHS = 36
"""Event counts drift with their sources: the usual count is that of the three years before."""
# months before a period; with fewer its usual event count is unknown, and nothing is unusual
MIN_USUAL_MONTHS = 12


def coverage_end(table: EventTable, dyad: str, dataset: str | None = None) -> date:
    """Return the last day of a dyad's coverage or of its files.

    Without either it is the end of its last event's month.

    Added events extend it. Of several datasets it is the day to which all are covered that go on:
    one that ended more than a year before another has stopped, and is ignored. With a dataset it is
    that one's own.
    """
    coverage = read_coverage()
    extended = extended_ends(table.additions)
    events = table.events[table.events["dyad"] == dyad]
    datasets = set(events["dataset"]) if dataset is None else {dataset}
    listed = coverage[(coverage["dyad"] == dyad) & coverage["dataset"].isin(datasets)].set_index(
        "dataset"
    )["last_even"]
    ends = {
        file.dataset: pd.Timestamp(file.last)
        for file in table.covered
        if file.dataset in datasets and file.spans
    }
    even = [
        max(last, extended.get((str(name), dyad), last))
        for name, last in (ends | listed.to_dict()).items()
    ]
    if even:
        going = max(even) - pd.DateOffset(years=1)
        first: date = min(end for end in even if end >= going).date()
        return first
    stated = [
        day.date()
        for (name, code), day in extended.items()
        if code == dyad and dataset in (None, name)
    ]
    return max(stated) if stated else month_end(events["date"].max().date())


def last_known(panel: "xr.Dataset") -> date:
    """Return the day whose knowledge a panel has.

    It is its ``as_of``, or without one the last day of its last period.
    """
    stated = str(panel.attrs.get("as_of") or "")
    return date.fromisoformat(stated[:10]) if stated else Clock.of(panel).last_day()


def vintaged(panel: "xr.Dataset") -> tuple[str, ...]:
    """Return the datasets of a panel that say when each event became known."""
    return tuple(json.loads(str(panel.attrs.get(VINTAGED, "[]"))))


def observed_periods(panel: "xr.Dataset", dyad: str) -> Bool:
    """Return the periods in which a dyad was observed, (time,).

    Some dataset covered the dyad in them, or its index has a value.
    """
    if panel_kind(panel).coded:
        return np.asarray(panel["covered"].sel(dyad=dyad).any("dataset").to_numpy())
    return np.asarray(panel_kind(panel).seen(panel.sel(dyad=[dyad]))[0])


def data_facts(panel: "xr.Dataset") -> dict[str, Any]:
    """Return what the provenance of a fit says of its data.

    It gives their digest, and the files that were added to them.
    """
    added = [addition.account for addition in additions_of(panel.attrs)]
    return {"data_digest": panel.attrs.get("digest", "")} | ({"additions": added} if added else {})


def require_record(panel: "xr.Dataset", dyad: str, as_of: date) -> None:
    """Reject a record that is too short to see a pendulum in."""
    if dyad not in panel["dyad"].to_numpy():
        raise DataError(
            f"as-of: nothing is recorded of {dyad} by {as_of}; choose a later day (`forecast "
            "events check`)"
        )
    months = int(observed_periods(panel, dyad).sum() / periods_a_month(panel))
    if months < MIN_RECORD_MONTHS:
        raise DataError(
            f"as-of: {dyad} has {months} covered months by {as_of}; at least {MIN_RECORD_MONTHS} "
            "are needed to see a pendulum. Choose a later day, or a dyad with a longer record"
        )


def unrecorded_part(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Float:
    """Return which part of each period's days a dataset does not cover, (time,).

    It is zero of whole periods.
    """
    covered = panel["covered"].sel(dyad=dyad).isel(dataset=dataset).to_numpy()
    clock = Clock.of(panel)
    ends = np.array([clock.end_of(start) for start in clock.times.tolist()], dtype="datetime64[D]")
    days = (ends - clock.times).astype(int) + 1
    stated = covered_to(panel, dyad, dataset)
    last_day = last_known(panel) if stated is None else min(last_known(panel), stated)
    missing_days = np.clip((ends - np.datetime64(last_day)).astype(int), 0, days)
    missing_days += _days_in_gaps(panel, dyad, dataset, ends)
    return np.asarray(np.where(covered, np.clip(missing_days / days, 0.0, 1.0), 1.0))


def _days_in_gaps(
    panel: "xr.Dataset", dyad: str, dataset: int, ends: "np.ndarray[Any, Any]"
) -> Index:
    """Return how many days of each period lie in a gap that begins in it, (time,)."""
    key = (str(panel["dataset"].to_numpy()[dataset]), dyad)
    missing_days = np.zeros(len(ends), dtype=np.int64)
    starts = Clock.of(panel).times.astype("datetime64[D]")
    for first, last in coverage_gaps(additions_of(panel.attrs)).get(key, []):
        begins = (starts < np.datetime64(first)) & (np.datetime64(first) <= ends)
        inside = (np.minimum(ends, np.datetime64(last)) - np.datetime64(first)).astype(int) + 1
        missing_days += np.where(begins, inside, 0)
    return missing_days


def partly_known(panel: "xr.Dataset", dyad: str) -> date | None:
    """Return the day to which a panel's last period is known.

    It is returned if some dataset covers that period, and none covers it to its end.
    """
    if not panel_kind(panel).coded or not observed_periods(panel, dyad)[-1]:
        return None
    sets = range(panel.sizes["dataset"])
    if any(unrecorded_part(panel, dyad, dataset)[-1] == 0 for dataset in sets):
        return None
    stated = [
        covered_to(panel, dyad, dataset)
        for dataset in sets
        if panel["covered"].sel(dyad=dyad)[dataset, -1]
    ]
    return min([last_known(panel), *(day for day in stated if day is not None)])


def observed_shares(panel: "xr.Dataset", dyad: str, dataset: int | None = None) -> "xr.Dataset":
    """Return a dyad's observed cooperative `share` (time), 0 to 100, and number of `events`.

    Of one dataset, by its position, or all together; and only periods with events; of an index,
    none.
    """
    import xarray as xr

    if not panel_kind(panel).coded:
        return xr.Dataset(
            {"share": ("time", np.empty(0)), "events": ("time", np.empty(0, dtype=int))}
        )
    some = panel["counts"] if dataset is None else panel["counts"].isel(dataset=[dataset])
    counts = some.sel(dyad=dyad).sum(["dataset", "direction"])
    events = counts.sum("class")
    cooperative = counts.isel({"class": slice(int(panel.attrs["zero_cut"]), None)}).sum("class")
    share = (100 * cooperative / events.where(events > 0)).assign_attrs(units="percent")
    return xr.Dataset({"share": share, "events": events}).isel(time=(events > 0).to_numpy())


@checked
def observed_years(panel: Panel, dyad: Dyad) -> pd.DataFrame:
    """Return a dyad's observed cooperative share by calendar year, and whether the year is thin.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events or counts.
    dyad : str
        Which dyad.

    Returns
    -------
    pandas.DataFrame
        Index `year`, of all with a covered period; columns `events` (all datasets together),
        `share` (0 to 100; NaN without an event) and `thin` (fewer than five events). Of an index it
        is empty.

    Examples
    --------
    >>> from forecast import build_panel, read_chronology
    >>> from forecast.data.panel import observed_years
    >>> years = observed_years(build_panel(read_chronology(dyads=["EGY-ISR"])), "EGY-ISR")
    >>> bool(years.loc[1963, "thin"]), bool(years.loc[1979, "thin"])
    (True, False)
    """
    if not panel_kind(panel).coded:
        columns = {"events": "int64", "share": "float64", "thin": "bool"}
        return pd.DataFrame(
            {name: pd.Series(dtype=kind) for name, kind in columns.items()}
        ).rename_axis("year")
    counts = (
        panel["counts"]
        .sel(dyad=dyad)
        .sum(["dataset", "direction"])
        .transpose("time", "class")
        .to_numpy()
    )
    year = panel["time"].dt.year.to_numpy()
    cooperative = counts[:, int(panel.attrs["zero_cut"]) :].sum(axis=1)
    periods = pd.DataFrame({"year": year, "events": counts.sum(axis=1), "cooperative": cooperative})
    years = periods[observed_periods(panel, dyad)].groupby("year").sum()
    events = years["events"]
    share = 100 * years["cooperative"] / events.where(events > 0)
    return pd.DataFrame({"events": events, "share": share, "thin": events < MIN_EVENTS_NOT_THIN})


def by_class(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> tuple[Index, Bool]:
    """Return the events of each class that a dataset counts of a dyad, (time, class).

    Its coverage, (time,), comes with them.
    """
    dyad_panel = panel.sel(dyad=dyad).isel(dataset=dataset)
    counts = (
        dyad_panel["counts"].sum("direction").transpose("time", "class").to_numpy().astype(np.int64)
    )
    return counts, dyad_panel["covered"].to_numpy()


def goldstein_sums(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Float | None:
    """Return the sums of the Goldstein scores of a dyad's events, (time, class).

    None if the panel holds none.
    """
    if "goldstein" not in panel:
        return None
    sums = panel["goldstein"].sel(dyad=dyad).isel(dataset=dataset).sum("direction")
    return np.asarray(sums.transpose("time", "class").to_numpy())


def counts_once(panel: "xr.Dataset") -> bool:
    """Return whether a panel counts a two-sided event once.

    With directions, or by rows, it counts both sides.
    """
    return panel.attrs.get("unit") == "event" and panel.sizes["direction"] == 1


def counted_events(
    panel: "xr.Dataset", dyad: str, table: EventTable, first: int = 0
) -> pd.DataFrame:
    """Return the events of a dyad that a panel counts from a period on.

    They are as `placed_events` gives them, after a check.
    """
    rows = placed_events(panel, dyad, table)
    rows = rows[rows["of_period"] >= first].reset_index(drop=True)
    index = _names(panel, "dyad").index(dyad)
    counts = _counts(panel)[:, index, first:]
    placed = count_placed(panel, rows)[:, first:]
    if (placed == counts).all():
        return rows
    dataset, period = np.argwhere(placed != counts)[0][:2]
    month = str(panel["time"].to_numpy()[first + period])[:10]
    raise DataError(
        f"events: of {dyad} in the period from {month} the fit counts "
        f"{counts[dataset, period].sum()} in the dataset "
        f"{_names(panel, 'dataset')[dataset]}, and the events are {placed[dataset, period].sum()}, "
        "or of other kinds. "
        f"{WHERE}"
    )


def placed_events(panel: "xr.Dataset", dyad: str, table: EventTable) -> pd.DataFrame:
    """Return the events of a dyad that lie in what a panel covers.

    There is a row for each, in order of time, with its cell.
    """
    scale = str(panel.attrs.get("scale", ""))
    if not panel_kind(panel).coded or scale not in scale_names():
        raise DataError(
            "events: the fit was not made of single coded events, so that none can be left out"
        )
    of_dyad = replace(table, events=table.events[table.events["dyad"] == dyad])
    day = panel.attrs.get("as_of")
    if of_dyad.events.empty:
        raise DataError(f"events: there is none of {dyad}. {WHERE}")
    rows = (known_by(of_dyad, str(day)) if day else of_dyad).events.reset_index(drop=True)
    order = read_scale(scale)
    datasets = _names(panel, "dataset")
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
    """Return a panel that does not count some of a dyad's events: its months stay covered."""
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


def relative_counts(
    total: Index, covered: Bool, a_month: float, *, last: int | None = None
) -> Float:
    """Return the logarithm of one and the events of each period, less its mean.

    The mean is that over the events before; without any it is 0.

    `a_month` are the periods of a month. With `last` only so many periods at the end are returned.
    """
    # Over events, not periods: a typical event falls into a usual month, and the level is its
    # log-odds.
    periods = round(USUAL_MONTHS * a_month)
    fewest = round(MIN_USUAL_MONTHS * a_month)
    seen = np.broadcast_to(covered, total.shape)
    log = np.where(seen, np.log1p(total), 0.0)
    shown = slice(0 if last is None else total.shape[-1] - last, None)
    ends = np.arange(total.shape[-1])[shown]
    starts = np.maximum(ends - periods, 0)

    def before(values: Float) -> Float:
        sums = np.cumsum(np.concatenate([np.zeros_like(values[..., :1]), values], axis=-1), axis=-1)
        return np.asarray(sums[..., ends] - sums[..., starts])

    counted = np.where(seen, total, 0).astype(np.float64)
    number = before(covered.astype(np.float64))
    events = before(counted)
    usual = before(counted * log) / np.maximum(events, 1.0)
    enough = seen[..., shown] & (number >= fewest) & (events > 0)
    return np.asarray(np.where(enough, log[..., shown] - usual, 0.0))


def total_events(panel: "xr.Dataset") -> Index:
    """Count the events that every dataset reports, (dataset, dyad, time)."""
    spare = set(panel["counts"].dims) - {"dataset", "dyad", "time"}
    return np.asarray(panel["counts"].sum(spare).transpose("dataset", "dyad", "time").to_numpy())


def dataset_relative_counts(panel: "xr.Dataset") -> Float:
    """Return the relative event counts of every dataset, (dataset, dyad, time).

    They are 0 where it does not cover a period.
    """
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    return relative_counts(total_events(panel), covered, periods_a_month(panel))


def relative_event_counts(panel: "xr.Dataset") -> Float:
    """Return the relative event count of every period, (dyad, time).

    It is the mean over the datasets that cover the period.
    """
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    return np.asarray(
        dataset_relative_counts(panel).sum(axis=0) / np.maximum(covered.sum(axis=0), 1)
    )


@dataclass(frozen=True, repr=False)
class PanelDescription(Displayed):
    """Contents of a panel."""

    kind: str  # `events` or `index`
    dyads: tuple[str, ...]  # Codes
    first: str  # First days of the first and the last period
    last: str
    frequency: str  # Of the periods
    periods: int  # How many there are
    observations: int  # Events counted, or periods with a value
    as_of: str  # The day whose knowledge counts; empty if none was given
    eras: int  # Eras of all dyads together
    datasets: tuple[str, ...]  # Names; an index has none
    classes: tuple[str, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Contents by name, in words."""
        every = [
            ("dyads", join_some(self.dyads)),
            ("periods", f"{self.periods:,} {self.frequency}s, {self.first} to {self.last}"),
            ("observed", f"{self.observations:,} {'events' if self.classes else 'values'}"),
            ("datasets", join_some(self.datasets)),
            (
                "classes",
                f"{len(self.classes)}, {self.classes[0]} to {self.classes[-1]}"
                if self.classes
                else "",
            ),
            ("eras", str(self.eras)),
            ("as of", self.as_of),
        ]
        return tuple(fact for fact in every if fact[1])

    def _card(self) -> Card:
        return Card(f"Panel of {self.kind}", self.facts)


@checked
def describe_panel(panel: Panel) -> PanelDescription:
    """Describe a panel in a few lines.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events, counts or an index.

    Returns
    -------
    PanelDescription
        Rows, periods and events by dyad; printed as a short text.

    Raises
    ------
    SpecError
        If it is no dataset.

    Examples
    --------
    >>> from forecast import build_panel, describe_panel, read_chronology
    >>> describe_panel(build_panel(read_chronology(dyads=["USA-CHN"]), as_of="2023-10"))
    Panel of events
      dyads     USA-CHN
      periods   889 months, 1949-10-01 to 2023-10-01
      observed  2,055 events
      datasets  chronology
      classes   8, violence to binding commitment
      eras      5
      as of     2023-10-31
    """
    kind = panel_kind(panel)
    days = np.datetime_as_string(panel["time"].to_numpy(), unit="D")
    return PanelDescription(
        kind=kind.name,
        dyads=_names(panel, "dyad"),
        first=str(days[0]),
        last=str(days[-1]),
        frequency=str(panel.attrs["frequency"]),
        periods=panel.sizes["time"],
        observations=kind.number(panel),
        as_of=str(panel.attrs.get("as_of", "")),
        eras=panel.sizes["era"],
        datasets=_names(panel, "dataset"),
        classes=_names(panel, "class_name"),
    )


def _names(panel: "xr.Dataset", coordinate: str) -> tuple[str, ...]:
    return tuple(map(str, panel[coordinate].to_numpy())) if coordinate in panel.coords else ()


def summarise(table: EventTable, coverage: pd.DataFrame | str | Path | None = None) -> pd.DataFrame:
    """Summarise how much there is of each dyad and dataset.

    Also how much of it lies in its coverage.

    `announced` are the rows beyond the complete record, which are shown and not counted.
    """
    events = table.events.assign(events=event_counts(table.events))
    files = () if coverage is not None else table.covered
    covered_spans = even_spans(events, coverage, table.additions, files)
    summary = events.groupby(["dataset", "dyad"]).agg(
        first=("date", "min"), last=("date", "max"), rows=("date", "size"), events=("events", "sum")
    )
    if coverage is None:
        summary["announced"] = announced(table).groupby([events["dataset"], events["dyad"]]).sum()
    summary.insert(2, "start", covered_spans["start"])
    summary.insert(3, "last_even", covered_spans["last"])
    datasets = table.datasets
    dyads = table.dyads
    months = panel_periods(covered_spans, (None, None, None), "month")
    additions = () if coverage is not None else table.additions
    gaps = coverage_gaps(additions)
    covered = covered_periods(covered_spans, files, datasets, dyads, months, "month", gaps)
    rows = in_cells(events, datasets, months, "month", directed=False)
    rows = rows[rows["of_period"] >= 0]
    empty = covered.copy()
    empty[
        rows["of_dataset"], pd.Index(dyads).get_indexer(pd.Index(rows["dyad"])), rows["of_period"]
    ] = False
    summary = summary.reset_index()
    cells = summary["dataset"].map(datasets.index), summary["dyad"].map(dyads.index)
    summary["months"], summary["empty_months"] = (
        covered[cells].sum(axis=1),
        empty[cells].sum(axis=1),
    )
    summary.insert(0, "dyad", summary.pop("dyad"))
    return summary.sort_values("dyad", key=lambda dyad: dyad.map(dyads.index), ignore_index=True)
