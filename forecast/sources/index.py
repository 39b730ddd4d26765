"""An index of relations, read by a mapping."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.dates import month_end
from forecast.files import digest
from forecast.sources.records import Counting, Records, table_digests

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.sources.source import Source

WORDS = "an index"


class IndexRecords(Records):
    """An index: one value a dyad and period."""

    def __init__(self, table: "pd.DataFrame", path: Path, digests: dict[str, str]) -> None:
        import pandas as pd

        from forecast.events import SourceFile
        from forecast.events.dyads import in_order

        self.table, self.digests = table.dropna(subset="value"), digests
        self.dyads = in_order(self.table["dyad"].unique())
        self.files = (SourceFile(path.name, digest(path.read_bytes()), len(table), 0),)
        self.rejects = pd.DataFrame({"file": [], "line": [], "reason": []})

    def last_day(self, dyad: str) -> date:
        """Return the end of the month of the dyad's last value."""
        return month_end(self.table.loc[self.table["dyad"] == dyad, "time"].max().date())

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
        return build_index_panel(self.table, dyads=dyads, as_of=as_of, frequency=how.frequency, eras=eras)


def read(source: "Source", dyad: str | None = None) -> IndexRecords:
    """Read the table."""
    from forecast.events import read_index

    table = read_index(str(source.path), str(source.mapping))
    return IndexRecords(table, Path(str(source.path)), table_digests(["eras.csv"], source.path, source.mapping))
