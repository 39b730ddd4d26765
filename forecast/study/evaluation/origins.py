"""Rolling origins: the data known on a day, and the data recorded afterwards.

A `Record` holds all events with the days on which they became known. `Record.view` rebuilds what
was known at a forecast date, and `Record.window` returns what was recorded in the months after.

A forecast date is the first day of a month; the data are those known by the day before: events by
`known_at`, eras by `recognised_at`. The panel is counted from these alone and never sliced from a
finished panel, which would contain later revisions and eras recognised in hindsight.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Self

import pandas as pd
import xarray as xr

from forecast.base.arguments import checked
from forecast.base.dates import Day, add_months, month_start, months_between, read_day
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.data.events import find_dyad, read_coverage, read_eras
from forecast.data.events.days import Covered
from forecast.data.events.dyads import hierarchy, in_order
from forecast.data.events.editions import edition_of
from forecast.data.events.even_coverage import even_spans
from forecast.data.events.table import CountTable, EventTable
from forecast.data.panel import build_counts_panel, build_panel
from forecast.outlook.benchmarks import MIN_PAST_MONTHS, Past
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, DatasetRecord, WindowCounts, share_before
from forecast.outlook.simulations import BASELINE_MONTHS
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import SideScores

ERAS = ("given", "none")
TOGETHER = ("default", "alone")
# Columns for readers, which change no number.
DESCRIPTIONS = ("actor", "summary", "reference", "name", "note")


@dataclass(frozen=True)
class View:
    """The data as they were known on the day before an origin."""

    origin: date  # First day of the first month to be predicted
    # Counts of all datasets as known then, up to the month before the origin, of the dyads that
    # have a past long enough
    panel: xr.Dataset = field(repr=False)
    record: "Record" = field(repr=False)  # The whole data

    @property
    def dyads(self) -> list[str]:
        """Codes of the dyads that can be predicted."""
        return [str(code) for code in self.panel["dyad"].to_numpy()]

    def part(self, dyads: Sequence[str]) -> xr.Dataset:
        """Return a panel of some dyads alone, counted again."""
        if list(dyads) == self.dyads:
            return self.panel
        return self.record.panel(list(dyads), self.origin - timedelta(days=1))

    def fits(self) -> dict[tuple[str, ...], list[str]]:
        """Return the dyads that each fit predicts, by the dyads to which it is fitted together."""
        by_group: dict[tuple[str, ...], list[str]] = {}
        for dyad in self.dyads:
            by_group.setdefault(self.record.fitted_with(dyad, self.dyads), []).append(dyad)
        return by_group

    def past(self, dyad: str) -> Past:
        """Return the counts of a dyad in the predicted dataset."""
        return Past.of(self.recorded[dyad])

    @cached_property
    def recorded(self) -> dict[str, DatasetRecord]:
        """The record of each dyad in the predicted dataset."""
        position = self.record.place_in(self.panel)
        return {dyad: DatasetRecord.of(self.panel, dyad, position) for dyad in self.dyads}

    @cached_property
    def scores(self) -> dict[str, SideScores | NotDefined]:
        """Goldstein scores of the events of either side, by dyad, in the predicted dataset."""
        return {dyad: SideScores.of(self.panel, record) for dyad, record in self.recorded.items()}


@dataclass(frozen=True)
class RecordedWindow:
    """Event data recorded in the months after a forecast date."""

    dyad: str
    origin: date
    horizon: int  # Months
    counts: WindowCounts  # Events of each month
    # Events of the last twelve months before, as known then: the baseline of *up* and *down*
    past: WindowCounts

    @property
    def n(self) -> int:
        """Events of the window."""
        return int(self.counts.total.sum())

    @property
    def k(self) -> int:
        """Cooperative events of the window."""
        return int(self.counts.cooperative.sum())

    @property
    def share(self) -> float:
        """Share of the window, 0 to 100."""
        return 100 * self.k / self.n

    @property
    def void(self) -> bool:
        """Return whether there are too few events for a meaningful share."""
        return self.n < MIN_WINDOW_EVENTS

    @property
    def before(self) -> float | None:
        """Share of the months before, 0 to 100; None if there were too few events."""
        return share_before(int(self.past.cooperative.sum()), int(self.past.total.sum()))

    @property
    def tone(self) -> float | None:
        """Mean Goldstein score of its events; None without scores or with too few events."""
        return _tone(self.counts)

    @property
    def tone_before(self) -> float | None:
        """Mean Goldstein score of the months before."""
        return _tone(self.past)


def _tone(counts: WindowCounts) -> float | None:
    """Return the mean Goldstein score of the events of some months."""
    events = int(counts.total.sum())
    return (
        None
        if counts.goldstein is None or events < MIN_WINDOW_EVENTS
        else float(counts.goldstein.sum()) / events
    )


@described("a Record, such as Record.of(read_chronology()) returns")
@dataclass(frozen=True)
class Record:
    """Events of dyads, with the days on which they became known: the source of every view.

    Examples
    --------
    >>> from forecast import Record, read_chronology
    >>> Record.of(read_chronology(), dyads=["USA-CHN", "USA-RUS"]).dyads
    ('USA-CHN', 'USA-RUS')
    """

    table: EventTable | CountTable = field(repr=False)  # One dataset or several, counted by month
    dyads: tuple[str, ...] = ()
    # Dataset whose events are predicted. It resolves predictions, and benchmarks read no other one.
    # A model is fitted to all datasets, as they were known on the day
    dataset: str = ""
    # In the form of `forecast.data.events.read_eras`; None for the embedded ones
    eras: pd.DataFrame | None = field(default=None, repr=False)
    # In the form of `forecast.data.events.read_coverage`; None for the embedded one
    coverage: pd.DataFrame | None = field(default=None, repr=False)
    # Dyads to which a model is fitted together: as in a report ("default"), none ("alone"), or
    # these
    together: str | tuple[str, ...] = "default"

    def __post_init__(self) -> None:
        if not (self.dyads and self.dataset):
            raise SpecError(
                "Record: neither dyads nor a dataset; expected Record.of(table), which chooses them"
            )

    @classmethod
    def of(
        cls,
        table: object,
        *,
        dyads: Sequence[str] | None = None,
        dataset: str | None = None,
        eras: pd.DataFrame | str = "given",
        coverage: pd.DataFrame | None = None,
        together: str | Sequence[str] = "default",
    ) -> Self:
        """Make a record of a table: choose dyads and the dataset that is predicted.

        Parameters
        ----------
        table : EventTable or CountTable
        dyads : sequence of str, optional
            By default all of which anything can be counted.
        dataset : str, optional
            Which dataset is predicted; needed if there are several.
        eras : {"given", "none"} or pandas.DataFrame
            The embedded ones as far as recognised on the day; one era for the whole record; or
            other ones.
        coverage : pandas.DataFrame, optional
            In the form of `forecast.data.events.read_coverage`.
        together : {"default", "alone"} or sequence of str
            Which dyads a model is fitted to together: as a report does by default, none, or these.

        Raises
        ------
        UnknownDyadError
            If a dyad has no events.
        DataError
            If there are several datasets, and none is chosen: whose record would be predicted?
        SpecError
            If the counts are not by month, there is no such dataset, or `eras` or `together` is
            none of the choices.

        Examples
        --------
        >>> from forecast import read_chronology
        >>> from forecast.study.evaluation import Record
        >>> Record.of(read_chronology(), dyads=["chn-usa"]).dyads
        ('USA-CHN',)
        """
        if not isinstance(table, EventTable | CountTable):
            raise SpecError(
                "backtest: an index records no events; give a table of events or of counts"
            )
        if isinstance(table, CountTable) and table.frequency != "month":
            raise SpecError(f"backtest: the counts are by {table.frequency}; give counts by month")
        dataset = _chosen_dataset(table, dataset)
        of_dataset = _of_dataset(table, dataset)
        if dyads is None:
            present = in_order(_counted_rows(of_dataset, coverage)["dyad"].unique())
            chosen = present
        else:
            present = in_order(_rows(of_dataset)["dyad"].unique())
            chosen = [find_dyad(dyad, present) for dyad in dyads]
        if not isinstance(together, str):
            together = tuple(in_order({find_dyad(dyad, present) for dyad in together}))
        elif together not in TOGETHER:
            raise SpecError(
                f"together: got {together!r}; expected {', '.join(TOGETHER)}, or a list of dyads"
            )
        return cls(table, tuple(in_order(set(chosen))), dataset, _eras(eras), coverage, together)

    @cached_property
    def datasets(self) -> list[str]:
        """Names of all datasets."""
        return _datasets(self.table)

    @cached_property
    def predicted(self) -> EventTable | CountTable:
        """The rows of the dataset that is predicted."""
        return _of_dataset(self.table, self.dataset)

    def place_in(self, panel: xr.Dataset) -> int:
        """Return the position in a panel of the dataset that is predicted."""
        return [str(name) for name in panel["dataset"].to_numpy()].index(self.dataset)

    def only(self, dyads: Sequence[str]) -> "Record":
        """Return the record of some of the dyads."""
        coverage = (
            None if self.coverage is None else self.coverage[self.coverage["dyad"].isin(dyads)]
        )
        return replace(
            self, table=_only(self.table, "dyad", dyads), dyads=tuple(dyads), coverage=coverage
        )

    def view(self, origin: date) -> View | None:
        """Rebuild the data known on the day before an origin; None without a long enough past."""
        dyads = self.predictable(origin)
        return View(origin, self.panel(dyads, origin - timedelta(days=1)), self) if dyads else None

    def predictable(self, origin: date) -> list[str]:
        """Return the dyads that have a past long enough at an origin."""
        rows = self._counted[self._counted["known_at"] <= pd.Timestamp(origin - timedelta(days=1))]
        first = rows.groupby("dyad")["date"].min().dt.date
        with_events = [dyad for dyad in self.dyads if dyad in first.index]
        return [
            dyad for dyad in with_events if months_between(first[dyad], origin) >= MIN_PAST_MONTHS
        ]

    def fitted_with(self, dyad: str, present: Sequence[str]) -> tuple[str, ...]:
        """Return the dyads, among those present, to which the model of a dyad is fitted."""
        if self.together == "alone":
            return (dyad,)
        if self.together == "default":
            return tuple(hierarchy(dyad, present))
        return tuple(in_order({dyad, *self.together}.intersection(present)))

    @cached_property
    def _counted(self) -> pd.DataFrame:
        """Days of the events that count, and the days on which they became known."""
        rows = _counted_rows(self.predicted, self.coverage)
        return rows.loc[rows["dyad"].isin(self.dyads), ["dyad", "date", "known_at"]]

    @cached_property
    def final(self) -> xr.Dataset:
        """The panel of the predicted dataset as known now, which resolves predictions."""
        return replace(self, table=self.predicted).panel(list(self.dyads), None)

    @cached_property
    def resolving(self) -> dict[str, DatasetRecord]:
        """The data of each dyad in that panel."""
        return {dyad: DatasetRecord.of(self.final, dyad, 0) for dyad in self.dyads}

    def last_origin(self, horizon: int) -> date:
        """Return the last origin whose window of so many months is recorded for some dyad."""
        last = max(record.covered_to for record in self.resolving.values())
        return add_months(month_start(last), 1 - horizon)

    @property
    def choices(self) -> dict[str, Any]:
        """Settings as plain values for JSON.

        `datasets` is there if there are several, `vintaged` if some datasets have the day on which
        each event became known, and `edition` for the chronology.
        """
        eras = "given"
        if self.eras is not None:
            eras = "own" if len(self.eras) else "none"
        together = self.together if isinstance(self.together, str) else list(self.together)
        vintaged = list(self.table.vintaged) if isinstance(self.table, EventTable) else []
        edition = edition_of(self.table.files)
        optional: dict[str, Any] = {
            "datasets": self.datasets if len(self.datasets) > 1 else [],
            "vintaged": vintaged,
            "edition": None if edition is None else edition._asdict(),
        }
        return {
            "eras": eras,
            "together": together,
            **{name: values for name, values in optional.items() if values},
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything on which a view can depend."""
        parts = [digest(frame) for frame in self._tables()]
        several = [self.dataset] if len(self.datasets) > 1 else []
        choices = [*self.dyads, str(self.together), *map(str, _files(self.table)), *several]
        return digest(" ".join([*parts, *choices]).encode())

    @cached_property
    def digests(self) -> dict[str, str]:
        """SHA-256 of the events, eras and coverage of each dyad."""
        tables = [(frame.iloc[:0], dict(list(frame.groupby("dyad")))) for frame in self._tables()]
        digest_by_dyad = {}
        for dyad in self.dyads:
            parts = [digest(by_dyad.get(dyad, nothing)) for nothing, by_dyad in tables]
            parts += map(str, _files(self.table))
            digest_by_dyad[dyad] = digest(" ".join(parts).encode())
        return digest_by_dyad

    def _tables(self) -> list[pd.DataFrame]:
        """Return events, eras and coverage as sorted text, without columns for readers."""
        eras = read_eras() if self.eras is None else self.eras
        coverage = read_coverage() if self.coverage is None else self.coverage
        frames = [
            frame[frame["dyad"].isin(self.dyads)].drop(
                columns=[name for name in DESCRIPTIONS if name in frame]
            )
            for frame in (_rows(self.table), eras, coverage)
        ]
        return [frame.astype(str).sort_values(list(frame.columns)) for frame in frames]

    def window(self, view: View, dyad: str, horizon: int) -> RecordedWindow | None:
        """Return the events of a dyad in the months after a forecast date; None if incomplete."""
        final, known_then = self.resolving[dyad], view.recorded[dyad]
        start = final.place(view.origin)
        stop = start + horizon
        if stop > len(final.total) or not final.covered[start:stop].all():
            return None
        counts = final.months(slice(start, stop))
        past = known_then.months(slice(-BASELINE_MONTHS, None))
        return RecordedWindow(dyad, view.origin, horizon, counts, past)

    def panel(self, dyads: list[str], day: date | None) -> xr.Dataset:
        """Count the events of some dyads as known by a day, or now if the day is None."""
        options: dict[str, Any] = {
            "dyads": dyads,
            "as_of": day,
            "eras": self.eras,
            "coverage": self.coverage,
        }
        if isinstance(self.table, CountTable):
            return build_counts_panel(self.table, **options)
        return build_panel(self.table, **options)


@checked
def origins_between(first: Day, last: Day, every: int) -> tuple[date, ...]:
    """Return the first days of months from one to another, every so many months.

    Parameters
    ----------
    first, last : str or datetime.date
        First and last origin; of a day, its month counts.
    every : int
        Months from one origin to the next.

    Returns
    -------
    tuple of datetime.date
        First days of months, in order.

    Raises
    ------
    SpecError
        If there is none.

    Examples
    --------
    >>> from forecast.study.evaluation import origins_between
    >>> [str(origin) for origin in origins_between("2005-01", "2005-12", 6)]
    ['2005-01-01', '2005-07-01']
    """
    first = read_day(first, "first", first=True)
    last = read_day(last, "last", first=True)
    if every < 1:
        raise SpecError(f"every: got {every} months; expected at least 1")
    first, last = month_start(first), month_start(last)
    if last < first:
        raise SpecError(
            f"from: {first:%Y-%m} is after to, {last:%Y-%m}, so that there is no origin; swap them"
        )
    return tuple(
        add_months(first, step) for step in range(0, months_between(first, last) + 1, every)
    )


def _rows(table: EventTable | CountTable) -> pd.DataFrame:
    return table.counts if isinstance(table, CountTable) else table.events


def _datasets(table: EventTable | CountTable) -> list[str]:
    return sorted(map(str, _rows(table)["dataset"].unique()))


def _chosen_dataset(table: EventTable | CountTable, wanted: str | None) -> str:
    """Return the dataset that is predicted."""
    present = _datasets(table)
    if wanted is None and len(present) != 1:
        raise DataError(
            f"backtest: the table holds the datasets {', '.join(present)}, and a prediction is "
            "resolved by one; choose it (--dataset NAME, or Record.of(..., dataset=NAME))"
        )
    if wanted is not None and wanted not in present:
        raise SpecError(f"dataset: there is no {wanted!r:.60}; the data hold {', '.join(present)}")
    return present[0] if wanted is None else wanted


def _only(
    table: EventTable | CountTable, column: str, values: Sequence[str]
) -> EventTable | CountTable:
    """Return the rows of some dyads or datasets in a table, without rejected rows of counts."""
    rows = _rows(table)
    selected = rows[rows[column].isin(values)]
    if isinstance(table, CountTable):
        return replace(table, counts=selected, rejects=table.rejects.iloc[:0])
    covered = tuple(
        coverage for coverage in table.covered if column != "dataset" or coverage.dataset in values
    )
    return replace(table, events=selected, covered=covered)


def _of_dataset(table: EventTable | CountTable, dataset: str) -> EventTable | CountTable:
    """Return the rows of a dataset in a table; the table itself if it has no others."""
    return table if _datasets(table) == [dataset] else _only(table, "dataset", [dataset])


def _files(table: EventTable | CountTable) -> tuple[Covered, ...]:
    """Return the days that a table's files stand for, where that is known."""
    return table.covered if isinstance(table, EventTable) else ()


def _counted_rows(table: EventTable | CountTable, coverage: pd.DataFrame | None) -> pd.DataFrame:
    """Return the rows of a table that a panel counts: within coverage, and with events."""
    rows = _rows(table)
    rows = rows[rows["n"] > 0]
    even = even_spans(rows, coverage, covered=() if coverage is not None else _files(table))
    spans = rows[["dataset", "dyad"]].merge(even, left_on=["dataset", "dyad"], right_index=True)
    inside = (rows["date"] >= spans["start"]) & (rows["date"] <= spans["last"])
    return rows[inside]


def _eras(eras: pd.DataFrame | str) -> pd.DataFrame | None:
    """Return a table of eras; None for the embedded ones."""
    if not isinstance(eras, str):
        return eras
    if eras not in ERAS:
        raise SpecError(f"eras: got {eras!r}; expected one of {', '.join(ERAS)}")
    return None if eras == "given" else read_eras().iloc[:0]
