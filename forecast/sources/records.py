"""What every source can be asked for once it is read, and what sources of single events have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from forecast.errors import SpecError
from forecast.events.table import Recorded
from forecast.files import digest
from forecast.resources import data_folder

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.events import EventTable
    from forecast.sources.source import Source

Frequency = Literal["month", "week"]
Unit = Literal["happening", "row"]
EVENT_TABLES = ("eras.csv", "coverage.csv", "codebook/cameo.csv", "codebook/classes.csv", "codebook/scales.csv")
"""Of `data/`, the tables that decide how events are counted."""


@dataclass(frozen=True)
class Counting:
    """How records are counted into a panel; a source ignores what it has no choice in."""

    frequency: Frequency = "month"  # Of the panel; counts bring their own
    scale: str = "commitment"  # The ordering of codes into classes; of single events only
    unit: Unit = "happening"  # Whether a joint act counts once; of single events only


@dataclass(frozen=True)
class Wanted:
    """What of a source is needed; a source that cannot tell it apart reads more."""

    dyad: str | None = None  # Nothing but what this dyad needs
    as_of: date | None = None  # What the source held on this day
    dyads: tuple[str, ...] | None = None  # Of a source of hundreds of dyads these alone

    @property
    def each(self) -> list[str] | None:
        """The dyads that are read where dyads are told apart; None for all."""
        if self.dyad is not None:
            return [self.dyad]
        return None if self.dyads is None else list(self.dyads)


def wanted_together(dyads: Sequence[str], others: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return dyads with those that are fitted together with them: others that are named, else those of `hierarchy`."""
    from forecast.events import hierarchy

    company = others if others is not None else (code for dyad in dyads for code in hierarchy(dyad))
    return tuple(dict.fromkeys((*dyads, *company)))


class Records(ABC):
    """A source that has been read.

    Attributes
    ----------
    dyads : list of str
        Codes of the dyads it holds.
    datasets : frozenset of str
        Names of the datasets in its panels; an index has none.
    table : EventTable, CountTable or IndexTable
        What was read, with its `files` and `rejects`.
    events : EventTable or None
        Single events, if it has any.
    digests : dict
        SHA-256 by name of every file that decides what is counted.
    """

    dyads: list[str]
    datasets: frozenset[str]
    table: Recorded
    events: "EventTable | None" = None
    digests: dict[str, str]

    def find(self, dyad: str) -> str:
        """Return the code of a dyad, given in either order and any case."""
        from forecast.events import find_dyad

        return find_dyad(dyad, self.dyads)

    def hierarchy(self, dyad: str, as_of: date, chosen: Sequence[str] | None = None) -> list[str]:
        """Return the dyads to fit together with a dyad: those chosen and itself, by default those of `hierarchy`.

        Raises
        ------
        UnknownDyadError
            If a dyad that is chosen is not there.
        """
        from forecast.events import hierarchy

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
        """Return the coverage end of a dyad: the last day to which its record, or that of a dataset, is complete."""

    @abstractmethod
    def panel(
        self,
        dyads: Sequence[str] | None,
        as_of: date,
        counting: Counting | None = None,
        eras: "pd.DataFrame | None" = None,
    ) -> "xr.Dataset":
        """Count the records of some dyads, or of all, into a panel of what was known by a day."""


class EventRecords(Records):
    """Single events, from one table or several."""

    events: "EventTable"

    def __init__(self, events: "EventTable", digests: dict[str, str]) -> None:
        self.table, self.events, self.digests = events, events, digests
        self.dyads, self.datasets = events.dyads, frozenset(events.events["dataset"].unique())

    def hierarchy(self, dyad: str, as_of: date, chosen: Sequence[str] | None = None) -> list[str]:
        """Return the dyads to fit together, as for any source; of a feed's hundreds by default only listed ones."""
        from forecast.events import read_dyads

        together = super().hierarchy(dyad, as_of, chosen)
        if chosen is not None or not self.events.accounts:
            return together
        return [code for code in together if code == dyad or code in read_dyads().index]

    def last_day(self, dyad: str, dataset: str | None = None) -> date:
        """Return the coverage end of the dyad (in a dataset), or the end of the month of its last event."""
        from forecast.panel.record import coverage_end

        return coverage_end(self.events, dyad, dataset)

    def known(self, as_of: date) -> list[str]:
        """Return the dyads that have events by a day."""
        import pandas as pd

        events = self.events.events
        early = set(events.loc[events["known_at"] <= pd.Timestamp(as_of), "dyad"])
        return [dyad for dyad in self.dyads if dyad in early]

    def panel(
        self,
        dyads: Sequence[str] | None,
        as_of: date,
        counting: Counting | None = None,
        eras: "pd.DataFrame | None" = None,
    ) -> "xr.Dataset":
        """Count the events."""
        from forecast.panel import build_panel

        how = counting or Counting()
        return build_panel(
            self.events, dyads=dyads, as_of=as_of, frequency=how.frequency, scale=how.scale, unit=how.unit, eras=eras
        )


def add_files(records: Records, source: "Source") -> EventRecords:
    """Add the events of small files, or of all CSV files of a folder, to what was read."""
    from forecast.events.additions import add_events

    if not isinstance(records, EventRecords):
        raise SpecError("add: the source holds no single events, to which others could be added; leave it out")
    table = records.events
    for path in _each_file(source.additions):
        table = add_events(table, path, covered_to=source.covered_to)
    new = {one.file: one.sha256 for one in table.additions}
    return type(records)(table, records.digests | new)


def _each_file(paths: Sequence[str]) -> list[Path]:
    """Return the files that are named, a folder's in the order of their names."""
    files: list[Path] = []
    for path in map(Path, paths):
        found = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not found:
            raise SpecError(f"add: {path} holds no file with the ending .csv; name a file, or another folder")
        files += found
    return files


def file_digests(events: "EventTable", *paths: str | None) -> dict[str, str]:
    """Return the SHA-256 of everything that decides how a table of events is counted, by name."""
    return {file.name: file.sha256 for file in events.files} | table_digests(EVENT_TABLES, *paths)


def table_digests(tables: Sequence[str], *paths: str | None) -> dict[str, str]:
    """Return the SHA-256 of tables of `data/` and of the user's own files, by name."""
    folder = data_folder()
    named = [Path(path) for path in paths if path and Path(path).is_file()]
    every = {f"data/{name}": folder / name for name in tables} | {path.name: path for path in named}
    return {name: digest(path.read_bytes()) for name, path in every.items()}
