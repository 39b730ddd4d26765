"""Rolling origins.

The data known on a day, rebuilt from the events, and the data recorded afterwards.

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
from forecast.data.events.dyads import Covered, even_spans, hierarchy, in_order
from forecast.data.events.editions import edition_of
from forecast.data.events.table import CountTable, EventTable
from forecast.data.panel import build_counts_panel, build_panel
from forecast.outlook.benchmarks import MIN_PAST_MONTHS, Past
from forecast.outlook.recorded import MIN_WINDOW_EVENTS, DatasetRecord, WindowCounts, share_before
from forecast.outlook.simulations import BASELINE_MONTHS
from forecast.outlook.summary import NotDefined
from forecast.outlook.tone import SideScores

ERAS = ("given", "none")
TOGETHER = ("default", "alone")
DESCRIPTIONS = ("actor", "summary", "reference", "name", "note")
"""Columns for readers, on which no number rests."""


@dataclass(frozen=True)
class View:
    """The record as it was known on the day before an origin."""

    origin: date  # First day of the first month to be predicted
    # Counted from what was known of all datasets, up to the month before the origin; dyads with a
    # past long enough.
    panel: xr.Dataset = field(repr=False)
    record: "Record" = field(repr=False)  # What it is a view of

    @property
    def dyads(self) -> list[str]:
        """Codes of the dyads that can be predicted."""
        return [str(code) for code in self.panel["dyad"].to_numpy()]

    def part(self, dyads: Sequence[str]) -> xr.Dataset:
        """Return the panel of some dyads alone, counted again."""
        if list(dyads) == self.dyads:
            return self.panel
        return self.record.panel(list(dyads), self.origin - timedelta(days=1))

    def fits(self) -> dict[tuple[str, ...], list[str]]:
        """Return which dyads a model is fitted to together, and which of them that fit predicts."""
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
        """What the events of either side of each dyad score, in the predicted dataset."""
        return {dyad: SideScores.of(self.panel, record) for dyad, record in self.recorded.items()}


@dataclass(frozen=True)
class RecordedWindow:
    """Event data recorded in the months after a forecast date."""

    dyad: str
    origin: date
    horizon: int  # Months
    counts: WindowCounts  # Events of each month
    # Those of the last twelve months before, as known then: the baseline of *up* and *down*
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
        """That of the months before."""
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
    """All that is recorded, with the days on which it became known: the source of every view.

    Examples
    --------
    >>> from forecast import Record, read_chronology
    >>> Record.of(read_chronology(), dyads=["USA-CHN", "USA-RUS"]).dyads
    ('USA-CHN', 'USA-RUS')
    """

    table: EventTable | CountTable = field(repr=False)  # One dataset or several, counted by month
    dyads: tuple[str, ...] = ()  # Which dyads
    # The dataset whose events are predicted: by it a prediction is resolved, and benchmarks see it
    # alone. A model is fitted to all datasets, as they were known on the day
    dataset: str = ""
    # In the form of `forecast.data.events.read_eras`; None for the embedded ones
    eras: pd.DataFrame | None = field(default=None, repr=False)
    # In the form of `forecast.data.events.read_coverage`; None for the embedded one
    coverage: pd.DataFrame | None = field(default=None, repr=False)
    # Which dyads a model is fitted to together, as in a report: the default hierarchy, none, or
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
        """Choose what of a table is predicted.

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
        present = in_order(
            (_rows(of_dataset) if dyads is not None else _counted(of_dataset, coverage))[
                "dyad"
            ].unique()
        )
        chosen = present if dyads is None else [find_dyad(dyad, present) for dyad in dyads]
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
        """The table of the dataset that is predicted, alone."""
        return _of_dataset(self.table, self.dataset)

    def place_in(self, panel: xr.Dataset) -> int:
        """Return the position in a panel of the dataset that is predicted."""
        return [str(name) for name in panel["dataset"].to_numpy()].index(self.dataset)

    def only(self, dyads: Sequence[str]) -> "Record":
        """Return the data of some of the dyads."""
        coverage = (
            None if self.coverage is None else self.coverage[self.coverage["dyad"].isin(dyads)]
        )
        return replace(
            self, table=_only(self.table, "dyad", dyads), dyads=tuple(dyads), coverage=coverage
        )

    def view(self, origin: date) -> View | None:
        """Rebuild what was known on the day before an origin.

        None if no dyad had a past long enough.
        """
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
        """Return the dyads, of those that are present, that a model of a dyad is fitted to."""
        if self.together == "alone":
            return (dyad,)
        if self.together == "default":
            return tuple(hierarchy(dyad, present))
        return tuple(in_order({dyad, *self.together}.intersection(present)))

    @cached_property
    def _counted(self) -> pd.DataFrame:
        """Days of events inside coverage, and when they became known."""
        rows = _counted(self.predicted, self.coverage)
        return rows.loc[rows["dyad"].isin(self.dyads), ["dyad", "date", "known_at"]]

    @cached_property
    def final(self) -> xr.Dataset:
        """The panel of all that is known now of the dataset that is predicted.

        What resolves predictions.
        """
        return replace(self, table=self.predicted).panel(list(self.dyads), None)

    @cached_property
    def resolving(self) -> dict[str, DatasetRecord]:
        """The record of each dyad in that panel."""
        return {dyad: DatasetRecord.of(self.final, dyad, 0) for dyad in self.dyads}

    def last_origin(self, horizon: int) -> date:
        """Return the last origin from which a window of so many months is all recorded.

        It is recorded for at least one dyad.
        """
        last = max(record.covered_to for record in self.resolving.values())
        return add_months(month_start(last), 1 - horizon)

    @property
    def choices(self) -> dict[str, Any]:
        """Settings as plain values: source of the eras, pooled dyads, and datasets.

        `datasets` only if there are several, `vintaged` only if some say when each event became
        known, `edition` only of the chronology.
        """
        given = (
            "own"
            if self.eras is not None and len(self.eras)
            else "given"
            if self.eras is None
            else "none"
        )
        together = self.together if isinstance(self.together, str) else list(self.together)
        vintaged = list(self.table.vintaged) if isinstance(self.table, EventTable) else []
        edition = edition_of(self.table.files)
        more: dict[str, Any] = {
            "datasets": self.datasets if len(self.datasets) > 1 else [],
            "vintaged": vintaged,
            "edition": None if edition is None else edition._asdict(),
        }
        return {
            "eras": given,
            "together": together,
            **{name: values for name, values in more.items() if values},
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that a view can depend on."""
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
        """Return events or counts, eras and coverage as text, in their own order.

        What is for readers is left out.
        """
        eras = read_eras() if self.eras is None else self.eras
        coverage = read_coverage() if self.coverage is None else self.coverage
        kept = [
            frame[frame["dyad"].isin(self.dyads)].drop(
                columns=[name for name in DESCRIPTIONS if name in frame]
            )
            for frame in (_rows(self.table), eras, coverage)
        ]
        return [frame.astype(str).sort_values(list(frame.columns)) for frame in kept]

    def window(self, view: View, dyad: str, horizon: int) -> RecordedWindow | None:
        """Return the event data of a dyad in the months after a forecast date.

        None if they are incomplete.
        """
        then, then_known = self.resolving[dyad], view.recorded[dyad]
        start = then.place(view.origin)
        stop = start + horizon
        if stop > len(then.total) or not then.covered[start:stop].all():
            return None
        counts, past = (
            then.months(slice(start, stop)),
            then_known.months(slice(-BASELINE_MONTHS, None)),
        )
        return RecordedWindow(dyad, view.origin, horizon, counts, past)

    def panel(self, dyads: list[str], day: date | None) -> xr.Dataset:
        """Count what was known of some dyads by a day, or is known now."""
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
    """Return the rows of some dyads or datasets in a table.

    Rejected rows of counts are not sent along.
    """
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


def _counted(table: EventTable | CountTable, coverage: pd.DataFrame | None) -> pd.DataFrame:
    """Return the rows of a table that a panel counts.

    In counts, many rows say that nothing happened.
    """
    rows = _rows(table)
    rows = rows[rows["n"] > 0]
    even = even_spans(rows, coverage, covered=() if coverage is not None else _files(table))
    spans = rows[["dataset", "dyad"]].merge(even, left_on=["dataset", "dyad"], right_index=True)
    inside = (rows["date"] >= spans["start"]) & (rows["date"] <= spans["last"])
    return rows[inside]


def _eras(eras: pd.DataFrame | str) -> pd.DataFrame | None:
    if not isinstance(eras, str):
        return eras
    if eras not in ERAS:
        raise SpecError(f"eras: got {eras!r}; expected one of {', '.join(ERAS)}")
    return None if eras == "given" else read_eras().iloc[:0]
