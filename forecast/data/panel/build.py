"""Panels of coded events, and of counts that somebody else aggregated."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from forecast.base.arguments import checked
from forecast.base.dates import Day
from forecast.base.digests import digest
from forecast.base.errors import SpecError
from forecast.base.typing import Dyad, Frame
from forecast.data.events.codebook import Scale, read_scale
from forecast.data.events.dyads import in_order
from forecast.data.events.editions import edition_of
from forecast.data.events.table import CountTable, EventTable, as_day, event_counts, events_per_row
from forecast.data.events.table import as_of as known_by
from forecast.data.panel.checks import chosen_dyads, reject_future_rows
from forecast.data.panel.counting import PanelChoices, count_rows
from forecast.data.panel.notes import EDITION
from forecast.data.panel.record import VINTAGED
from forecast.data.panel.spans import AskedSpan, Frequency

if TYPE_CHECKING:
    import xarray as xr

Unit = Literal["event", "row"]


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
    reject_future_rows(table.events["date"], "table: date")
    chosen = chosen_dyads(dyads, table.dyads)
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
    span = AskedSpan(start, end, day)
    return count_rows(
        rows,
        order,
        PanelChoices(chosen, span, frequency, directed, eras, coverage),
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

    A period's counts are known from its last day. Two-sided events count twice, because a table
    does not say which rows are one event; only that of `count_feed` does, and without directions
    they count once. By default a dyad is covered from its first period to its last.

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
    reject_future_rows(table.counts["date"], "table: date")
    chosen = chosen_dyads(dyads, in_order(table.counts["dyad"].unique()))
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
    return count_rows(
        known_rows.assign(counted=known_rows["events" if pairs else "n"]),
        Scale(dataset, table.classes, table.zero_cut),
        PanelChoices(chosen, AskedSpan(start, end, day), table.frequency, directed, eras, coverage),
        attrs={
            "unit": "event" if pairs else "row",
            "late": int(rows["n"].sum() - known_rows["n"].sum()),
            # With the column's former name, so that frozen plans and saved fits keep their digest.
            "digest": digest(
                known_rows.rename(columns={"class": "level"}).sort_values(
                    ["date", "dyad", "source", "level"]
                )
            ),
        },
    )
