"""Descriptions of a panel and of a table of events, for people."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.wording import Card, Displayed, join_some
from forecast.data.events.coverage import announced, coverage_gaps
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.table import EventTable, event_counts
from forecast.data.panel.kinds import Panel, coordinate_names, panel_kind
from forecast.data.panel.spans import AskedSpan, covered_periods, in_cells, panel_periods


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
        dyads=coordinate_names(panel, "dyad"),
        first=str(days[0]),
        last=str(days[-1]),
        frequency=str(panel.attrs["frequency"]),
        periods=panel.sizes["time"],
        observations=kind.number(panel),
        as_of=str(panel.attrs.get("as_of", "")),
        eras=panel.sizes["era"],
        datasets=coordinate_names(panel, "dataset"),
        classes=coordinate_names(panel, "class_name"),
    )


def summarise(table: EventTable, coverage: pd.DataFrame | str | Path | None = None) -> pd.DataFrame:
    """Summarise the events of each dyad and dataset, and how many months they cover.

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
    months = panel_periods(covered_spans, AskedSpan(), "month")
    additions = () if coverage is not None else table.additions
    gaps = coverage_gaps(additions)
    covered = covered_periods(covered_spans, files, datasets, dyads, months, "month", gaps)
    rows = in_cells(events, datasets, months, "month", directed=False)
    rows = rows[rows["of_period"] >= 0]
    of_dyad = pd.Index(dyads).get_indexer(pd.Index(rows["dyad"]))
    empty = covered.copy()
    empty[rows["of_dataset"], of_dyad, rows["of_period"]] = False
    summary = summary.reset_index()
    rows_of_pairs = summary["dataset"].map(datasets.index), summary["dyad"].map(dyads.index)
    summary["months"] = covered[rows_of_pairs].sum(axis=1)
    summary["empty_months"] = empty[rows_of_pairs].sum(axis=1)
    summary.insert(0, "dyad", summary.pop("dyad"))
    return summary.sort_values("dyad", key=lambda dyad: dyad.map(dyads.index), ignore_index=True)
