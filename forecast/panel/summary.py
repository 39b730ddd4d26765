"""How much there is of each dyad and dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

from forecast.events.dyads import even_spans
from forecast.events.table import EventTable
from forecast.panel.pairing import happenings
from forecast.panel.spans import floor_period, missing_periods, steps

if TYPE_CHECKING:
    import pandas as pd


def summarise(table: EventTable, coverage: "pd.DataFrame | str | Path | None" = None) -> "pd.DataFrame":
    """Summarise how much there is of each dyad and dataset, and how much of it lies in its coverage.

    Parameters
    ----------
    table : EventTable
        The events.
    coverage : pandas.DataFrame or path, optional
        As for `build_panel`.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `dataset`, `first`, `last` (days of the first and last event), `start`, `last_even` (of
        coverage), `rows`, `happenings` (joint acts once), `months` (covered), `empty_months` (of these,
        without an event).

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import summarise
    >>> int(summarise(read_chronology(dyads=["USA-IRN"])).loc[0, "rows"])
    962
    """
    import pandas as pd

    events = table.events.assign(happenings=happenings(table.events))
    events["month"] = floor_period(events["date"], "month")
    files = () if coverage is not None else table.covered
    watched = even_spans(events, coverage, table.additions, files)
    by = events.groupby(["dataset", "dyad"])
    summary = by.agg(
        first=("date", "min"), last=("date", "max"), rows=("date", "size"), happenings=("happenings", "sum")
    )
    summary.insert(2, "start", watched["start"])
    summary.insert(3, "last_even", watched["last"])
    starts = floor_period(summary["start"], "month")
    with_events = by["month"].unique()
    covered = []
    for dataset, start, last in zip(
        summary.index.get_level_values("dataset"), starts, summary["last_even"], strict=True
    ):
        months = steps(start, last, "month")
        covered.append(pd.DatetimeIndex(months[~missing_periods(files, [dataset], months, "month")[0]]))
    summary["months"] = [len(months) for months in covered]
    summary["empty_months"] = [
        len(months.difference(pd.DatetimeIndex(seen))) for months, seen in zip(covered, with_events, strict=True)
    ]
    summary = summary.reset_index()
    summary.insert(0, "dyad", summary.pop("dyad"))
    order = {dyad: place for place, dyad in enumerate(table.dyads)}
    return summary.sort_values("dyad", key=lambda dyad: dyad.map(order), ignore_index=True)
