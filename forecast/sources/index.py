"""An index of relations, read by a mapping."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.dates import month_end
from forecast.display import Card, Displayed, join_some
from forecast.sources.records import Counting, Records, Wanted, table_digests

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.events import SourceFile
    from forecast.sources.source import Source

WORDS = "an index"


@dataclass(frozen=True, repr=False)
class IndexTable(Displayed):
    """An index that has been read."""

    values: "pd.DataFrame"  # `dyad`, `time`, `value`: what `read_index` returns, without missing values
    rejects: "pd.DataFrame"  # Empty: an index with a row that cannot be read is rejected as a whole
    files: "tuple[SourceFile, ...]"  # The file read

    def _card(self) -> Card:
        from forecast.events.dyads import in_order

        facts = (
            ("dyads", join_some(in_order(self.values["dyad"].unique()))),
            ("values", f"{len(self.values):,}"),
            ("files", join_some([file.name for file in self.files])),
        )
        return Card("Table of an index", facts)


class IndexRecords(Records):
    """An index: one value a dyad and period."""

    table: IndexTable
    datasets = frozenset[str]()

    def __init__(self, table: IndexTable, digests: dict[str, str]) -> None:
        from forecast.events.dyads import in_order

        self.table, self.digests = table, digests
        self.dyads = in_order(table.values["dyad"].unique())

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the end of the month of the dyad's last value."""
        values = self.table.values
        return month_end(values.loc[values["dyad"] == dyad, "time"].max().date())

    def panel(
        self,
        dyads: Sequence[str] | None,
        as_of: date,
        counting: Counting | None = None,
        eras: "pd.DataFrame | None" = None,
    ) -> "xr.Dataset":
        """Arrange the values."""
        from forecast.panel import build_index_panel

        how = counting or Counting()
        return build_index_panel(self.table.values, dyads=dyads, as_of=as_of, frequency=how.frequency, eras=eras)


def read(source: "Source", wanted: Wanted) -> IndexRecords:
    """Read the table."""
    import pandas as pd

    from forecast.events import SourceFile, read_index
    from forecast.events.raw import REJECT_COLUMNS

    path, digests = Path(str(source.path)), table_digests(["eras.csv"], source.path, source.mapping)
    values = read_index(path, str(source.mapping))
    file = SourceFile(path.name, digests[path.name], len(values), 0)
    table = IndexTable(values.dropna(subset="value"), pd.DataFrame(columns=list(REJECT_COLUMNS)), (file,))
    return IndexRecords(table, digests)
