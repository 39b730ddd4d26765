"""Descriptions of a panel and summaries of an event table."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.arguments import PANEL, checked
from forecast.events.dyads import even_spans
from forecast.events.table import EventTable
from forecast.panel.events import event_counts
from forecast.panel.kinds import panel_kind
from forecast.panel.spans import floor_period, missing_periods, steps
from forecast.wording import Card, Displayed, join_some

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


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
            ("classes", f"{len(self.classes)}, {self.classes[0]} to {self.classes[-1]}" if self.classes else ""),
            ("eras", str(self.eras)),
            ("as of", self.as_of),
        ]
        return tuple(fact for fact in every if fact[1])

    def _card(self) -> Card:
        return Card(f"Panel of {self.kind}", self.facts)


@checked(panel=PANEL)
def describe_panel(panel: "xr.Dataset") -> PanelDescription:
    """Describe a panel in a few lines.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events, counts or an index.

    Returns
    -------
    PanelDescription
        Shown as a few lines in a terminal or notebook.

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
      observed  2,063 events
      datasets  chronology
      classes   8, violence to binding commitment
      eras      5
      as of     2023-10-31
    """
    kind, days = panel_kind(panel), np.datetime_as_string(panel["time"].to_numpy(), unit="D")
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


def summarise(table: EventTable, coverage: "pd.DataFrame | str | Path | None" = None) -> "pd.DataFrame":
    """Summarise how much there is of each dyad and dataset, and how much of it lies in its coverage."""
    import pandas as pd

    events = table.events.assign(happenings=event_counts(table.events))
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
