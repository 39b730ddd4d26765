"""Data as read: single events, counts or an index, each with the inputs of panel and report."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from forecast.dates import month_end
from forecast.errors import SpecError
from forecast.events.additions import add_events
from forecast.events.dyads import find_dyad, hierarchy, in_order, read_dyads
from forecast.events.table import REJECT_COLUMNS, Recorded, SourceFile
from forecast.panel import build_counts_panel, build_index_panel, build_panel
from forecast.panel.record import coverage_end
from forecast.wording import Card, Displayed, join_some

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events import CountTable, EventTable

    type Eras = pd.DataFrame | None

Frequency = Literal["month", "week"]
Unit = Literal["event", "row"]


@dataclass(frozen=True)
class Counting:
    """Settings for counting events into a panel; a source ignores those that do not apply."""

    frequency: Frequency = "month"  # Of the panel; counts bring their own
    scale: str = "commitment"  # The ordering of codes into classes; of single events only
    unit: Unit = "event"  # Whether a two-sided event counts once; of single events only


MONTHLY = Counting()


def wanted_together(dyads: Sequence[str], others: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return dyads with those that are fitted together with them: others that are named, else those of `hierarchy`."""
    company = others if others is not None else (code for dyad in dyads for code in hierarchy(dyad))
    return tuple(dict.fromkeys((*dyads, *company)))


class Records(ABC):
    """A source that has been read."""

    dyads: list[str]  # Codes of the dyads it holds
    datasets: frozenset[str]  # Names of the datasets in its panels; an index has none
    table: Recorded  # What was read, with its `files` and `rejects`
    events: "EventTable | None" = None  # Single events, if it has any
    digests: dict[str, str]  # SHA-256 by name of every file that decides what is counted

    def find(self, dyad: str) -> str:
        """Return the code of a dyad, given in either order and any case."""
        return find_dyad(dyad, self.dyads)

    def hierarchy(self, dyad: str, as_of: date, chosen: Sequence[str] | None = None) -> list[str]:
        """Return the dyads to fit together with a dyad: those chosen and itself, by default those of `hierarchy`."""
        if chosen is None:
            known = self.known(as_of)
            return hierarchy(dyad, [code for code in self.dyads if code == dyad or code in known])
        named = {dyad, *(self.find(one) for one in chosen)}
        return [code for code in self.dyads if code in named]

    def known(self, as_of: date) -> list[str]:
        """Return the dyads of which anything was known by a day."""
        return self.dyads

    def digests_of(self, dyads: Sequence[str]) -> dict[str, str]:
        """Return the digests of the files that decide what is counted of some dyads."""
        return self.digests

    def table_of(self, dyads: Sequence[str]) -> Recorded:
        """Return what was read of some dyads, where the source keeps dyads apart; else all of it."""
        return self.table

    @abstractmethod
    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the last day to which the record of a dyad, or of one of its datasets, is complete."""

    @abstractmethod
    def panel(
        self, dyads: Sequence[str] | None, as_of: date, how: Counting = MONTHLY, eras: "Eras" = None
    ) -> "xr.Dataset":
        """Count the records of some dyads, or of all, into a panel of what was known by a day."""


class EventRecords(Records):
    """Single events, from one table or several; `by_dyad` if each dyad has a file of its own, as in a chronology."""

    events: "EventTable"

    def __init__(self, events: "EventTable", digests: dict[str, str], *, by_dyad: bool = False) -> None:
        self.table, self.events, self.digests, self.by_dyad = events, events, digests, by_dyad
        self.dyads, self.datasets = events.dyads, frozenset(events.events["dataset"].unique())

    def hierarchy(self, dyad: str, as_of: date, chosen: Sequence[str] | None = None) -> list[str]:
        """Return the dyads to fit together, as for any source; of a feed's hundreds by default only listed ones."""
        together = super().hierarchy(dyad, as_of, chosen)
        if chosen is not None or not self.events.accounts:
            return together
        return [code for code in together if code == dyad or code in read_dyads().index]

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the end of coverage of the dyad (in a dataset), or the end of the month of its last event."""
        return coverage_end(self.events, dyad, dataset)

    def known(self, as_of: date) -> list[str]:
        """Return the dyads that have events by a day."""
        events = self.events.events
        early = set(events.loc[events["known_at"] <= pd.Timestamp(as_of), "dyad"])
        return [dyad for dyad in self.dyads if dyad in early]

    def digests_of(self, dyads: Sequence[str]) -> dict[str, str]:
        """Return the digests without the files of other dyads."""
        others = self._files_without(dyads)
        return {name: digest for name, digest in self.digests.items() if name not in others}

    def table_of(self, dyads: Sequence[str]) -> "EventTable":
        """Return the table without the files of other dyads, and the rows that were in them."""
        if not self.by_dyad:
            return self.events
        others, table = self._files_without(dyads), self.events
        return replace(
            table,
            events=table.events[table.events["dyad"].isin(dyads)].reset_index(drop=True),
            rejects=table.rejects[~table.rejects["file"].isin(others)].reset_index(drop=True),
            files=tuple(file for file in table.files if file.name not in others),
        )

    def _files_without(self, dyads: Sequence[str]) -> set[str]:
        return {f"{dyad}.csv" for dyad in self.dyads if dyad not in dyads} if self.by_dyad else set()

    def panel(
        self, dyads: Sequence[str] | None, as_of: date, how: Counting = MONTHLY, eras: "Eras" = None
    ) -> "xr.Dataset":
        """Count the events."""
        return build_panel(
            self.events, dyads=dyads, as_of=as_of, frequency=how.frequency, scale=how.scale, unit=how.unit, eras=eras
        )

    def adding(self, paths: Sequence[str], covered_to: str | None) -> "EventRecords":
        """Return the same with the events of small files, or of all CSV files of a folder in the order of names."""
        table = self.events
        for path in map(Path, paths):
            files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
            if not files:
                raise SpecError(f"add: {path} holds no file with the ending .csv; name a file, or another folder")
            for file in files:
                table = add_events(table, file, covered_to=covered_to)
        new = {one.file: one.sha256 for one in table.additions}
        return EventRecords(table, self.digests | new, by_dyad=self.by_dyad)


class CountRecords(Records):
    """Counts by period, direction and class, which bring their own classes and frequency."""

    table: "CountTable"

    def __init__(self, table: "CountTable", digests: dict[str, str]) -> None:
        self.table, self.digests = table, digests
        self.dyads, self.datasets = in_order(table.counts["dyad"].unique()), frozenset(table.counts["dataset"].unique())

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the last day of the dyad's last period."""
        counts = self.table.counts
        last: date = counts.loc[counts["dyad"] == dyad, "known_at"].max().date()
        return last

    def panel(
        self, dyads: Sequence[str] | None, as_of: date, how: Counting = MONTHLY, eras: "Eras" = None
    ) -> "xr.Dataset":
        """Arrange the counts."""
        return build_counts_panel(self.table, dyads=dyads, as_of=as_of, eras=eras)


@dataclass(frozen=True, repr=False)
class IndexTable(Displayed):
    """An index that has been read."""

    values: pd.DataFrame  # `dyad`, `time`, `value`: what `read_index` returns, without missing values
    rejects: pd.DataFrame  # Empty: an index with a row that cannot be read is rejected as a whole
    files: tuple[SourceFile, ...]  # The file read

    def _card(self) -> Card:
        facts = (
            ("dyads", join_some(in_order(self.values["dyad"].unique()))),
            ("values", f"{len(self.values):,}"),
            ("files", join_some([file.name for file in self.files])),
        )
        return Card("Table of an index", facts)


class IndexRecords(Records):
    """An index: one value per dyad and period."""

    table: IndexTable
    datasets = frozenset[str]()

    def __init__(self, values: pd.DataFrame, file: SourceFile, digests: dict[str, str]) -> None:
        self.table, self.digests = IndexTable(values, pd.DataFrame(columns=list(REJECT_COLUMNS)), (file,)), digests
        self.dyads = in_order(values["dyad"].unique())

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the end of the month of the dyad's last value."""
        values = self.table.values
        return month_end(values.loc[values["dyad"] == dyad, "time"].max().date())

    def panel(
        self, dyads: Sequence[str] | None, as_of: date, how: Counting = MONTHLY, eras: "Eras" = None
    ) -> "xr.Dataset":
        """Arrange the values."""
        return build_index_panel(self.table.values, dyads=dyads, as_of=as_of, frequency=how.frequency, eras=eras)
