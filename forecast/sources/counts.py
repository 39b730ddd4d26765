"""Counts by period, direction and class that somebody else made, read by a mapping."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from forecast.sources.records import Counting, Records, Wanted, table_digests

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.events import CountTable
    from forecast.sources.source import Source

WORDS = "a table of counts"


class CountRecords(Records):
    """Counts, which bring their own classes and frequency."""

    table: "CountTable"

    def __init__(self, table: "CountTable", digests: dict[str, str]) -> None:
        from forecast.events.dyads import in_order

        self.table, self.digests = table, digests
        self.dyads, self.datasets = in_order(table.counts["dyad"].unique()), frozenset(table.counts["dataset"].unique())

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the last day of the dyad's last period."""
        counts = self.table.counts
        last: date = counts.loc[counts["dyad"] == dyad, "known_at"].max().date()
        return last

    def panel(
        self,
        dyads: Sequence[str] | None,
        as_of: date,
        counting: Counting | None = None,
        eras: "pd.DataFrame | None" = None,
    ) -> "xr.Dataset":
        """Arrange the counts."""
        from forecast.panel import build_counts_panel

        return build_counts_panel(self.table, dyads=dyads, as_of=as_of, eras=eras)


def read(source: "Source", wanted: Wanted) -> CountRecords:
    """Read the table."""
    from forecast.events import read_counts

    table = read_counts(str(source.path), str(source.mapping))
    return CountRecords(table, table_digests(["eras.csv"], source.path, source.mapping))
