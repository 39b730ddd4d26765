"""Records of one source: the table that was read, its dyads, coverage and panel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.base.dates import month_end
from forecast.base.wording import Card, Displayed, join_some
from forecast.data.events.coverage import unstated_days
from forecast.data.events.dyads import choose_dyad, hierarchy, in_order, read_dyads
from forecast.data.events.table import CountTable, EventTable, Recorded, SourceFile
from forecast.data.panel import (
    build_counts_panel,
    build_index_panel,
    build_panel,
    coverage_end,
)
from forecast.data.panel.spans import Frequency

if TYPE_CHECKING:
    import xarray as xr


def wanted_together(dyads: Sequence[str], others: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return dyads with those to be fitted together with them: those named, else all."""
    # one that `dyads.csv` does not list among them
    held = list(dict.fromkeys((*read_dyads().index, *dyads)))
    company = (
        others if others is not None else (code for dyad in dyads for code in hierarchy(dyad, held))
    )
    return tuple(dict.fromkeys((*dyads, *company)))


@dataclass(frozen=True, repr=False)
class IndexTable(Displayed):
    """An index that has been read."""

    # `dyad`, `time`, `value`: what `read_index` returns, without missing values
    values: pd.DataFrame
    rejects: pd.DataFrame  # Empty: an index with a row that cannot be read is rejected as a whole
    files: tuple[SourceFile, ...]  # The file read

    def _card(self) -> Card:
        facts = (
            ("dyads", join_some(in_order(self.values["dyad"].unique()))),
            ("values", f"{len(self.values):,}"),
            ("files", join_some([file.name for file in self.files])),
        )
        return Card("Table of an index", facts)


@dataclass(frozen=True)
class Records:
    """A source that has been read: single events, counts or an index."""

    table: EventTable | CountTable | IndexTable  # What was read, with its `files` and `rejects`
    digests: dict[str, str]  # SHA-256 by name of every file that decides what is counted
    by_dyad: bool = False  # Whether each dyad has a file of its own, as in a chronology

    @property
    def events(self) -> EventTable | None:
        """Single events, if it has any."""
        return self.table if isinstance(self.table, EventTable) else None

    @cached_property
    def dyads(self) -> list[str]:
        """Codes of the dyads it holds."""
        return in_order(self._rows["dyad"].unique())

    @cached_property
    def datasets(self) -> frozenset[str]:
        """Names of the datasets in its panels; an index has none."""
        return (
            frozenset()
            if isinstance(self.table, IndexTable)
            else frozenset(self._rows["dataset"].unique())
        )

    @property
    def _rows(self) -> pd.DataFrame:
        match self.table:
            case EventTable(events=rows) | CountTable(counts=rows) | IndexTable(values=rows):
                return rows

    def find(self, dyad: str | None) -> str:
        """Return the code of a dyad, given in either order and any case.

        None stands for the only one.
        """
        return choose_dyad(dyad, self.dyads)

    def hierarchy(self, dyad: str, as_of: date, chosen: Sequence[str] | None = None) -> list[str]:
        """Return the dyads to fit together with a dyad.

        They are those chosen and itself, by default those of `hierarchy`.

        Of a feed's hundreds by default only listed ones.
        """
        if chosen is not None:
            named = {dyad, *(self.find(name) for name in chosen)}
            return [code for code in self.dyads if code in named]
        dyads_known = set(self.known(as_of))
        if self.events is not None and self.events.accounts:
            dyads_known &= set(read_dyads().index)
        return hierarchy(dyad, [code for code in self.dyads if code == dyad or code in dyads_known])

    def known(self, as_of: date) -> list[str]:
        """Return the dyads of which anything was known by a day; of counts and an index all."""
        if self.events is None:
            return self.dyads
        early = set(self._rows.loc[self._rows["known_at"] <= pd.Timestamp(as_of), "dyad"])
        return [dyad for dyad in self.dyads if dyad in early]

    def digests_of(self, dyads: Sequence[str]) -> dict[str, str]:
        """Return the digests without the files of other dyads, where each has its own."""
        others = self._files_without(dyads)
        return {name: digest for name, digest in self.digests.items() if name not in others}

    def table_of(self, dyads: Sequence[str]) -> Recorded:
        """Return a table without files of other dyads and their rows, where each has its own."""
        table = self.table
        others = self._files_without(dyads)
        if not isinstance(table, EventTable) or not self.by_dyad:
            return table
        return replace(
            table,
            events=table.events[table.events["dyad"].isin(dyads)].reset_index(drop=True),
            rejects=table.rejects[~table.rejects["file"].isin(others)].reset_index(drop=True),
            files=tuple(file for file in table.files if file.name not in others),
        )

    def _files_without(self, dyads: Sequence[str]) -> set[str]:
        return (
            {f"{dyad}.csv" for dyad in self.dyads if dyad not in dyads} if self.by_dyad else set()
        )

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the last day to which the record of a dyad, or of a dataset of it, is complete."""
        if self.events is not None:
            return coverage_end(self.events, dyad, dataset)
        rows = self._rows[self._rows["dyad"] == dyad]
        last: date = (
            (rows["time"] if isinstance(self.table, IndexTable) else rows["known_at"]).max().date()
        )
        return month_end(last) if isinstance(self.table, IndexTable) else last

    def last_stated_day(self, dyad: str, dataset: str) -> date:
        """Return the last day before the first that an added file covers unstated.

        No statement says that such a day is complete.
        """
        added = () if self.events is None else self.events.additions
        unstated = [first - timedelta(days=1) for first, _ in unstated_days(added, dataset, dyad)]
        return min([self.last_day(dyad, dataset), *unstated])

    def panel(
        self,
        dyads: Sequence[str] | None,
        as_of: date,
        frequency: Frequency = "month",
        eras: pd.DataFrame | None = None,
    ) -> "xr.Dataset":
        """Count some dyads, or all, into a panel of what was known by a day.

        Counts bring their own frequency.
        """
        chosen: dict[str, Any] = {"dyads": dyads, "as_of": as_of, "eras": eras}
        if isinstance(self.table, EventTable):
            return build_panel(self.table, frequency=frequency, **chosen)
        if isinstance(self.table, CountTable):
            return build_counts_panel(self.table, **chosen)
        return build_index_panel(self.table.values, frequency=frequency, **chosen)
