"""Construction of a panel from coded events, from counts or from an index."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.base.arguments import checked
from forecast.base.dates import Day, read_day, reject_future
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Bool, Dyad, Float, Frame
from forecast.data.events.additions import ATTRIBUTE, Addition, counted_additions
from forecast.data.events.codebook import Scale, as_frame, read_days, read_scale
from forecast.data.events.coverage import coverage_gaps, on_unstated_days, with_own_rows
from forecast.data.events.days import Covered
from forecast.data.events.dyads import find_dyad, in_order
from forecast.data.events.editions import edition_of
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.table import CountTable, EventTable, as_day, event_counts, events_per_row
from forecast.data.events.table import as_of as known_by
from forecast.data.panel.kinds import CELLS, DIRECTIONS, SCHEMA
from forecast.data.panel.notes import EDITION
from forecast.data.panel.record import VINTAGED
from forecast.data.panel.spans import (
    COVERED_TO,
    END,
    Frequency,
    covered_days,
    covered_periods,
    era_variables,
    floor_period,
    in_cells,
    last_days,
    panel_periods,
    reject_later_eras,
)

if TYPE_CHECKING:
    import xarray as xr

Unit = Literal["event", "row"]


Span = tuple[Day | None, Day | None, pd.Timestamp | None]
"""First and last period asked for, and the day of knowledge."""


@checked
def build_panel(
    table: EventTable,
    *,
    dyads: Sequence[Dyad] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    frequency: Frequency = "month",
    scale: str = "commitment",
    unit: Unit = "event",
    directed: bool = False,
    eras: Frame | str | Path | None = None,
    coverage: Frame | str | Path | None = None,
) -> "xr.Dataset":
    """Count events into a panel.

    Parameters
    ----------
    table : EventTable
        The events.
    dyads : sequence of str, optional
        Which dyads, in this order; by default all that have events by `as_of`.
    start, end : date or str, optional
        First and last period (any day in it). Default: from the first period of coverage to the one
        of `as_of`, or without it to the last one of coverage, over the dyads.
    as_of : date or str, optional
        Use only what was known by that day: events by `known_at`, eras by `recognised_at`.
    frequency : {"month", "week"}
        Weeks begin on Monday.
    scale : str
        The ordering of codes into classes: ``commitment`` or ``goldstein``.
    unit : {"event", "row"}
        Whether the two rows of a two-sided event (visitor and host, both callers, both signatories)
        count once in an undirected panel. In a directed panel each informs its own direction and
        both stay.
    directed : bool
        Whether to tell the two directions apart.
    eras : table or path, optional
        In the form of `read_eras`; the embedded ones by default. A dyad without eras gets one,
        ``all``.
    coverage : table or path, optional
        In the form of `read_coverage`. By default the embedded one for the chronology, the days of
        its files for a dataset of an archive (a period of which more than a tenth is missing is not
        covered), and from the first event to the last one for other datasets, extended by what was
        added with `add_events`.

    Returns
    -------
    xarray.Dataset
        `counts` and the sums of their Goldstein scores, `goldstein` (dataset, dyad, time,
        direction, class), `covered` (dataset, dyad, time), `era_index` (dyad, time); schema in
        docs/schema/panel.md.

    Raises
    ------
    UnknownDyadError
        If a dyad has no events in the table.
    SpecError
        If `as_of` is before the data, a date comes after `as_of`, or `start` after `end`.
    DataError
        If a dyad has no event left to count.

    Examples
    --------
    >>> from forecast.data.events import read_chronology
    >>> from forecast.data.panel import build_panel
    >>> panel = build_panel(read_chronology(), dyads=["USA-CHN"], as_of="2023-10-31")
    >>> dict(panel.sizes)["class"], str(panel.time.values[-1])[:10]
    (8, '2023-10-01')
    """
    order = read_scale(scale)
    _reject_future_rows(table.events["date"], "table: date")
    chosen = _chosen(dyads, table.dyads)
    table = replace(table, events=table.events[table.events["dyad"].isin(chosen)])
    day = None if as_of is None else as_day(as_of, "as_of")
    if day is not None:
        table = known_by(table, day)
        chosen = [dyad for dyad in chosen if dyads is not None or dyad in table.dyads]
    events = table.events
    joint_once = unit == "event" and not directed
    # A coverage that is given stays as it is: added files do not extend it.
    additions = (
        [replace(addition, extensions=()) for addition in table.additions]
        if coverage is not None
        else table.additions
    )
    edition = edition_of(table.files)
    vintaged = [name for name in table.datasets if name in table.vintaged]
    rows = events.assign(
        **{"class": events["cameo"].map(order.class_of)},
        counted=event_counts(events) if joint_once else events_per_row(events),
        n=events_per_row(events),
    )
    return _panel(
        rows,
        order,
        dyads=chosen,
        span=(start, end, day),
        frequency=frequency,
        directed=directed,
        eras=eras,
        coverage=coverage,
        attrs={
            "unit": unit,
            "late": table.late,
            "digest": digest(events.sort_values(["date", "event_id"])),
            **({VINTAGED: json.dumps(vintaged)} if vintaged else {}),
            **({EDITION: json.dumps(edition._asdict())} if edition else {}),
        },
        additions=additions,
        covered=() if coverage is not None else table.covered,
        datasets=table.datasets,
    )


@checked
def build_counts_panel(
    table: CountTable,
    *,
    dyads: Sequence[Dyad] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    directed: bool = False,
    eras: Frame | str | Path | None = None,
    coverage: Frame | str | Path | None = None,
) -> "xr.Dataset":
    """Make a panel of counts that somebody else aggregated.

    A period's counts are known from its last day. Nothing pairs, for a table does not tell which
    rows are one event; but that of `count_feed` does, and a panel without directions counts its
    two-sided events once. By default a dyad is covered from its first period to its last.

    Parameters
    ----------
    table : CountTable
        The counts; they bring their own classes and frequency.
    dyads, start, end, as_of, directed, eras, coverage
        As for `build_panel`.

    Returns
    -------
    xarray.Dataset
        As of `build_panel`, with `scale` the name of the dataset.

    Raises
    ------
    UnknownDyadError, SpecError, DataError
        As `build_panel`; also SpecError if directions are asked for that the table does not tell.

    Examples
    --------
    >>> from forecast.data.events import read_counts
    >>> from forecast.data.panel import build_counts_panel
    >>> counts = read_counts("verbal.csv", "verbal.yaml")  # doctest: +SKIP
    >>> build_counts_panel(counts, directed=True)  # doctest: +SKIP
    """
    _reject_future_rows(table.counts["date"], "table: date")
    chosen = _chosen(dyads, in_order(table.counts["dyad"].unique()))
    rows = table.counts[table.counts["dyad"].isin(chosen)]
    if directed and (rows["source"] == "").any():
        raise SpecError("directed: the counts do not tell directions. Leave it out.")
    day = None if as_of is None else as_day(as_of, "as_of")
    known_rows = rows if day is None else rows[rows["known_at"] <= day]
    if known_rows.empty:
        raise SpecError(
            f"as_of {day:%Y-%m-%d} is before the data. Choose {rows['known_at'].min():%Y-%m-%d}."
        )
    dataset = str(rows["dataset"].iloc[0])
    pairs = "events" in known_rows and not directed
    return _panel(
        known_rows.assign(counted=known_rows["events" if pairs else "n"]),
        Scale(dataset, table.classes, table.zero_cut),
        dyads=chosen,
        span=(start, end, day),
        frequency=table.frequency,
        directed=directed,
        eras=eras,
        coverage=coverage,
        attrs={
            "unit": "event" if pairs else "row",
            "late": int(rows["n"].sum() - known_rows["n"].sum()),
            # Under the column's first name, so that plans frozen and fits saved with it keep
            # theirs.
            "digest": digest(
                known_rows.rename(columns={"class": "level"}).sort_values(
                    ["date", "dyad", "source", "level"]
                )
            ),
        },
    )


@checked
def build_index_panel(
    frame: Frame,
    *,
    dyads: Sequence[Dyad] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    frequency: Frequency = "month",
    eras: Frame | str | Path | None = None,
) -> "xr.Dataset":
    """Make a panel of an index, for the observation model `index`.

    A period's value is taken to be known when the period is over; give an older edition of the
    index where later revisions matter.

    Parameters
    ----------
    frame : table
        Of pandas, polars, Arrow or xarray: `dyad`, `time` (any day of the period), `value`, as
        `read_index` returns.
    dyads, start, end, as_of, frequency, eras
        As for `build_panel`.

    Returns
    -------
    xarray.Dataset
        `index` (dyad, time), NaN where missing, and the eras as in any panel; no counts.

    Raises
    ------
    UnknownDyadError
        If a dyad is not in the frame.
    SpecError
        If `as_of` is before the data, a date comes after `as_of`, or `start` after `end`.
    DataError
        If a period has two values, or a dyad has none left.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast.data.panel import build_index_panel
    >>> months = pd.date_range("2020-01-01", periods=24, freq="MS")
    >>> frame = pd.DataFrame({"dyad": "USA-CHN", "time": months, "value": range(24)})
    >>> build_index_panel(frame).index.sizes["time"]
    24
    """
    import xarray as xr

    frame = as_frame(frame)
    if "time" in frame and pd.api.types.is_string_dtype(frame["time"]):
        frame = frame.assign(time=read_days(frame["time"], "frame"))
    _check_index(frame)
    _reject_future_rows(frame["time"], "frame: time")
    chosen = _chosen(dyads, in_order(frame["dyad"].unique()))
    rows = frame[frame["dyad"].isin(chosen) & frame["value"].notna()]
    rows = rows.assign(time=floor_period(rows["time"], frequency))
    day = None if as_of is None else as_day(as_of, "as_of")
    known_rows = rows if day is None else rows[last_days(rows["time"], frequency) <= day]
    if known_rows.empty:
        raise SpecError(
            "as_of is before the data: no period of the index was over. Choose a later day."
        )
    twice = known_rows[known_rows.duplicated(["dyad", "time"])]
    if len(twice):
        raise DataError(
            f"The index has two values for {twice['dyad'].iloc[0]}, "
            f"{twice['time'].iloc[0]:%Y-%m-%d}."
        )
    covered_spans = known_rows.groupby("dyad")[["time"]].agg(
        start=("time", "min"), last=("time", "max")
    )
    periods = panel_periods(covered_spans, (start, end, day), frequency)
    values = known_rows.pivot(index="dyad", columns="time", values="value").reindex(
        index=chosen, columns=periods
    )
    _reject_empty(values.notna().sum(axis=1).to_numpy(), chosen, periods)
    variables, coords = era_variables(chosen, periods, frequency, eras, day)
    return xr.Dataset(
        {
            "index": (
                ("dyad", "time"),
                values.to_numpy(dtype=float),
                {"units": "points of the index"},
            ),
            **variables,
        },
        coords={"dyad": chosen, "time": periods, **coords},
        attrs={
            "schema": SCHEMA,
            "frequency": frequency,
            "as_of": "" if day is None else f"{day:%Y-%m-%d}",
            **({} if end is None else {END: f"{periods[-1]:%Y-%m-%d}"}),
            "late": len(rows) - len(known_rows),
            "digest": digest(known_rows.sort_values(["dyad", "time"])),
        },
    )


def _panel(
    rows: pd.DataFrame,
    scale: Scale,
    *,
    dyads: Sequence[str],
    span: Span,
    frequency: Frequency,
    directed: bool,
    eras: Frame | str | Path | None,
    coverage: Frame | str | Path | None,
    attrs: dict[str, str | int],
    additions: Sequence[Addition] = (),
    covered: Sequence[Covered] = (),
    datasets: Sequence[str] = (),
) -> "xr.Dataset":
    """Assemble a panel from rows.

    They have date, dyad, source, dataset, n, `counted` (n less pairs) and `class`.
    """
    import xarray as xr

    _, end, as_of = span
    covered_spans = even_spans(rows, coverage, additions, covered)
    periods = panel_periods(covered_spans, span, frequency)
    datasets = list(datasets) or sorted(rows["dataset"].unique())
    gaps = coverage_gaps(additions)
    is_covered = covered_periods(covered_spans, covered, datasets, dyads, periods, frequency, gaps)

    rows = in_cells(rows, datasets, periods, frequency, directed=directed)
    rows = rows.assign(of_dyad=pd.Index(dyads).get_indexer(pd.Index(rows["dyad"])))
    in_span = rows["of_period"] >= 0
    in_coverage = _in_coverage(rows, covered_spans, is_covered, additions)
    counted_rows = rows[in_coverage & in_span]

    directions = DIRECTIONS[directed]
    shape = len(datasets), len(dyads), len(periods), len(directions), len(scale.classes)
    counts, goldstein = _count_cells(counted_rows, shape)
    _reject_empty(counts.sum(axis=(0, 2, 3, 4)), dyads, periods)
    if eras is not None and end is None and as_of is None:
        reject_later_eras(eras, dyads, periods, frequency)
    variables, coords = era_variables(dyads, periods, frequency, eras, as_of)
    if goldstein is not None:
        variables["goldstein"] = (CELLS, goldstein, {"units": "points of the Goldstein scale"})
    if additions:
        until = f"{as_of or covered_spans['last'].max():%Y-%m-%d}"
        attrs = attrs | _attribute_of_additions(additions, counted_rows, dyads, until)
    outside = rows["n"].mask(in_coverage, 0).groupby(rows["dyad"]).sum()
    return xr.Dataset(
        {
            "counts": (CELLS, counts, {"units": f"{attrs['unit']}s"}),
            "covered": (CELLS[:3], is_covered),
            **variables,
        },
        coords={
            "dataset": datasets,
            "dyad": list(dyads),
            "time": periods,
            "direction": list(directions),
            "class": np.arange(len(scale.classes)),
            "class_name": ("class", list(scale.classes)),
            **coords,
        },
        attrs={
            "schema": SCHEMA,
            "scale": scale.name,
            "zero_cut": scale.zero_cut,
            "frequency": frequency,
            "as_of": "" if as_of is None else f"{as_of:%Y-%m-%d}",
            **({} if end is None else {END: f"{periods[-1]:%Y-%m-%d}"}),
            "counted": int(counts.sum()),
            "paired": int((counted_rows["n"] - counted_rows["counted"]).sum()),
            "outside_coverage": json.dumps({dyad: int(outside.get(dyad, 0)) for dyad in dyads}),
            "outside_span": int(rows.loc[in_coverage & ~in_span, "n"].sum()),
            COVERED_TO: covered_days(covered_spans.loc[covered_spans["stated"], "last"]),
            **attrs,
        },
    )


def _in_coverage(
    rows: pd.DataFrame,
    covered_spans: pd.DataFrame,
    is_covered: Bool,
    additions: Sequence[Addition],
) -> "pd.Series[bool]":
    """Return which rows lie in the coverage of their dyad and dataset.

    The day lies in the span of coverage, the period is covered where the panel has it, and no
    addition covers the day without somebody stating that it is complete.
    """
    spans = rows[["dataset", "dyad"]].join(covered_spans, on=["dataset", "dyad"])
    in_days = rows["date"].between(spans["start"], spans["last"])
    outside_span = rows["of_period"] < 0
    in_period = is_covered[rows["of_dataset"], rows["of_dyad"], rows["of_period"]] | outside_span
    if not additions:
        return in_days & in_period
    return in_days & in_period & ~on_unstated_days(rows, additions)


def _count_cells(
    rows: pd.DataFrame, shape: tuple[int, ...]
) -> tuple["NDArray[np.integer[Any]]", Float | None]:
    """Count rows in the cells of a panel, and sum their Goldstein scores if they have any."""
    cells = tuple(
        rows[["of_dataset", "of_dyad", "of_period", "of_direction", "class"]].to_numpy().T
    )
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, cells, rows["counted"].to_numpy())
    goldstein = None
    if "goldstein" in rows:
        goldstein = np.zeros(shape)
        np.add.at(goldstein, cells, (rows["counted"] * rows["goldstein"]).to_numpy())
    fits_in_32_bits = counts.max(initial=0) <= np.iinfo(np.int32).max
    # Half the memory, and nearly always enough.
    return counts.astype(np.int32) if fits_in_32_bits else counts, goldstein


def _attribute_of_additions(
    additions: Sequence[Addition], counted_rows: pd.DataFrame, dyads: Sequence[str], until: str
) -> dict[str, str | int]:
    """Return the attribute that says which added events a panel counts; empty without any."""
    with_rows = with_own_rows(additions, counted_rows)
    counted = counted_additions(with_rows, counted_rows["event_id"], dyads, until)
    return {ATTRIBUTE: counted} if counted else {}


def _check_index(frame: pd.DataFrame) -> None:
    """Reject a table that is no index, naming the column at fault."""
    columns: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "dyad": (
            "codes such as USA-CHN",
            lambda cells: all(isinstance(code, str) for code in cells),
        ),
        "time": ("days, such as pd.to_datetime() returns", pd.api.types.is_datetime64_any_dtype),
        "value": ("numbers", pd.api.types.is_numeric_dtype),
    }
    for name, (words, fits) in columns.items():
        if name not in frame:
            raise DataError(
                f"frame: there is no column {name!r}; expected the columns {', '.join(columns)}"
            )
        if not fits(frame[name]):
            raise DataError(f"frame: column {name!r} holds {frame[name].dtype}; expected {words}")


def _reject_future_rows(days: "pd.Series[pd.Timestamp]", field: str) -> None:
    """Reject a table with a row that has no day, or one to come.

    Readers do, but a table can be made by hand.
    """
    if len(days):
        for day in (days.min(skipna=False), days.max()):
            reject_future(read_day(day, field), field)


def _chosen(dyads: Sequence[str] | None, present: list[str]) -> list[str]:
    chosen = present if dyads is None else [find_dyad(dyad, present) for dyad in dyads]
    if not chosen:
        raise DataError(
            "There is no dyad to count. Give a table with events, and at least one of its dyads."
        )
    return list(dict.fromkeys(chosen))


def _reject_empty(totals: np.ndarray, dyads: Sequence[str], periods: pd.DatetimeIndex) -> None:
    empty = [dyad for dyad, total in zip(dyads, totals, strict=True) if total == 0]
    if empty:
        span = f"from {periods[0]:%Y-%m-%d} to {periods[-1]:%Y-%m-%d}"
        raise DataError(
            f"Nothing of {', '.join(empty)} can be counted {span}. "
            "Leave the dyad out, or choose a span in which it has coverage."
        )
