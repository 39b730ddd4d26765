"""Event table: one tidy form for events from any source, its schema and accounting of rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Day, read_day, reject_future, today
from forecast.base.described import described
from forecast.base.digests import file_digest
from forecast.base.errors import DataError, OutputPathError, SpecError
from forecast.base.files import check_target, write_csv
from forecast.base.wording import Card, Displayed, count, join_some
from forecast.data.events.additions import Addition
from forecast.data.events.codebook import HOST, VISIT, read_codes, state_names
from forecast.data.events.days import Covered
from forecast.data.events.dyads import in_order

if TYPE_CHECKING:
    import pandera.pandas as pa

REJECT_COLUMNS = ("file", "line", "reason", "row")


EVENT_COLUMNS = (
    "date",
    "known_at",
    "source",
    "target",
    "cameo",
    "goldstein",
    "quad",
    "n",
    "actor",
    "summary",
    "reference",
    "dataset",
    "event_id",
    "dyad",
)
FURTHER_COLUMNS = ("source_quad", "events")
"""Columns that only tables of feeds have: the quad class as the feed says (0 if it says none), and
how many events the row is, where `n` counts reports."""
LEFT_TO_USERS = "AA[A-Z]|Q[M-Z][A-Z]|X[A-Z][A-Z]|ZZ[A-Z]"
"""Codes that ISO 3166 leaves to users count as codes of states."""
TEXT_COLUMNS = (
    "source",
    "target",
    "cameo",
    "actor",
    "summary",
    "reference",
    "dataset",
    "event_id",
    "dyad",
)


class SourceFile(NamedTuple):
    """A file that was read: its name, SHA-256, number of rows, and how many were rejected."""

    name: str
    sha256: str
    rows: int
    rejected: int


class FileAccount(NamedTuple):
    """The rows of a file by what became of them; `rows` is the sum of the four after it."""

    name: str
    # A row is a duplicate if it repeats another, or reports an event again that another row has
    rows: int
    kept: int
    rejected: int
    filtered: int
    duplicates: int
    mended: int  # How many of the rows are not UTF-8 and were read nevertheless


class Unread(NamedTuple):
    """A file of which nothing could be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class FeedAccount:
    """Accounting of the rows of a feed's files."""

    feed: str  # Its name, which is that of the dataset
    title: str  # Its name for readers
    settings: str  # What was counted, in words
    files: tuple[FileAccount, ...]
    filtered_by: dict[str, int]  # How many rows were filtered for which reason
    duplicates: pd.DataFrame  # `file`, `line` and `reason` of each duplicate
    # The same of each filtered row; empty unless the settings ask for the list
    filtered: pd.DataFrame
    # Files that could not be read, and why; nothing of them is in the table
    unread: tuple[Unread, ...] = ()
    # Files that were read and whose rows are not of the days in their names
    findings: tuple[str, ...] = ()

    def total(self, what: str) -> int:
        """Return a number of rows over all files, such as that of `kept` rows."""
        return sum(int(getattr(file, what)) for file in self.files)

    @property
    def sentence(self) -> str:
        """Accounting of the rows in words."""
        numbers = {name: f"{self.total(name):,}" for name in FileAccount._fields[1:6]}
        unread = f" Not read: {count(len(self.unread), 'file')}." if self.unread else ""
        other = (
            f" Of other days than their names say: {count(len(self.findings), 'file')}."
            if self.findings
            else ""
        )
        return (
            f"{self.title}: {numbers['rows']} rows, {numbers['kept']} kept, {numbers['rejected']} "
            f"rejected, {numbers['filtered']} filtered, {numbers['duplicates']} "
            f"duplicates.{unread}{other} Settings: {self.settings}."
        )

    def summary(self) -> dict[str, Any]:
        """Return the account for JSON."""
        return {
            "feed": self.feed,
            "settings": self.settings,
            "files": [file._asdict() for file in self.files],
            "filtered_by": self.filtered_by,
            "unread": [file._asdict() for file in self.unread],
            "findings": list(self.findings),
        }


@described("an EventTable, such as read_chronology() returns")
@dataclass(frozen=True, repr=False)
class EventTable(Displayed):
    """Events in the form of the contract (docs/schema/events.md), and what was rejected."""

    # One row per event, columns `EVENT_COLUMNS`, sorted by date and then event_id
    events: pd.DataFrame
    rejects: pd.DataFrame  # One row per rejected row: `file`, `line`, `reason`, `row` (its text)
    files: tuple[SourceFile, ...]  # The files read: name, SHA-256, rows, rejected rows
    late: int = 0  # How many events `as_of` has left out
    additions: tuple[Addition, ...] = ()  # What was added to a dataset by `add_events`, a file each
    accounts: tuple[FeedAccount, ...] = ()  # What became of the rows of feeds, one each
    # The days that the files of a dataset stand for, of datasets of an archive
    covered: tuple[Covered, ...] = ()
    # Datasets in the order in which tables were combined: the level is on the scale of the first.
    # By name without it.
    order: tuple[str, ...] = ()
    # Datasets that say when each event became known. An event of any other counts as known on its
    # date.
    vintaged: tuple[str, ...] = ()

    @property
    def datasets(self) -> list[str]:
        """The datasets that have events, in their order."""
        present = sorted(map(str, self.events["dataset"].unique()))
        return [
            *(name for name in self.order if name in present),
            *(name for name in present if name not in self.order),
        ]

    @property
    def dyads(self) -> list[str]:
        """The dyads that have events, in the order of `dyads.csv`, others after them."""
        return in_order(self.events["dyad"].unique())

    def _card(self) -> Card:
        return _table_card("Table of events", self.events, self)


@described("a table that was read, such as read_chronology() returns")
@runtime_checkable
class Recorded(Protocol):
    """A table as it was read, of whatever kind.

    It has the files behind it and the rows that were rejected.
    """

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The files read, with their digests."""

    @property
    def rejects(self) -> pd.DataFrame:
        """File, line, reason and text of each rejected row."""


@described("a CountTable, such as read_counts() returns")
@dataclass(frozen=True, repr=False)
class CountTable(Displayed):
    """Counts by period, direction and class, as somebody else aggregated them."""

    # `date` (first day of the period), `known_at` (its last day), `source`, `target` (both '' if
    # the table has no directions), `dyad`, `class` (from 0, the most hostile), `n`, `dataset`; of
    # counted feeds also `events`: `n` with each two-sided event once, for panels without
    # directions.
    counts: pd.DataFrame
    classes: tuple[str, ...]  # The names of the classes
    zero_cut: int  # How many of them are conflict
    frequency: Literal["month", "week"]  # The length of the periods
    rejects: pd.DataFrame  # As in an event table
    files: tuple[SourceFile, ...]  # The files read
    accounts: tuple[FeedAccount, ...] = ()  # What became of the rows of a feed that was counted

    def _card(self) -> Card:
        return _table_card(f"Table of counts by {self.frequency}", self.counts, self)


def _table_card(title: str, rows: pd.DataFrame, table: Recorded) -> Card:
    """Describe a table by its rows, in a few lines."""
    days = rows["date"].dt.strftime("%Y-%m-%d")
    facts = [
        ("dyads", join_some(in_order(rows["dyad"].unique()))),
        ("rows", f"{len(rows):,}, {days.min()} to {days.max()}" if len(rows) else "none"),
        ("rejected", f"{len(table.rejects):,} rows" if len(table.rejects) else ""),
        ("datasets", join_some(list(map(str, rows["dataset"].unique())))),
        ("files", join_some([file.name for file in table.files])),
    ]
    return Card(title, tuple(fact for fact in facts if fact[1]))


@checked
def combine(tables: Sequence[EventTable]) -> EventTable:
    """Combine several tables.

    Their datasets keep this order, and the level is on the scale of the first.

    Parameters
    ----------
    tables : sequence of EventTable
        At least one, of different datasets or of different rows of one.

    Returns
    -------
    EventTable
        The rows of all tables, sorted by date; each keeps its dataset.

    Raises
    ------
    DataError
        If there is none, or two events have the same id.

    Examples
    --------
    >>> from forecast.data.events import combine, read_chronology
    >>> both = combine([read_chronology(dyads=["USA-CHN"]), read_chronology(dyads=["USA-RUS"])])
    >>> both.dyads
    ['USA-CHN', 'USA-RUS']
    """
    if not tables:
        raise DataError("There is no event table to combine. Give at least one.")
    events = sort_events(pd.concat([table.events for table in tables], ignore_index=True))
    twice = events.loc[events["event_id"].duplicated(), "event_id"]
    if len(twice):
        files = [
            table.files[0].name
            for table in tables
            if (table.events["event_id"] == twice.iloc[0]).any()
        ]
        raise DataError(
            f"The event id {twice.iloc[0]!r} occurs twice (in {' and in '.join(files)}). "
            "Combine a table only once, or give its events other ids."
        )
    return EventTable(
        events=events,
        rejects=pd.concat([table.rejects for table in tables], ignore_index=True),
        files=tuple(file for table in tables for file in table.files),
        late=sum(table.late for table in tables),
        additions=tuple(part for table in tables for part in table.additions),
        accounts=tuple(part for table in tables for part in table.accounts),
        covered=tuple(part for table in tables for part in table.covered),
        order=tuple(dict.fromkeys(name for table in tables for name in table.datasets)),
        vintaged=tuple(dict.fromkeys(name for table in tables for name in table.vintaged)),
    )


@checked
def as_of(table: EventTable, date: Day) -> EventTable:
    """Keep what was known by a day; `late` of the result says how many events that leaves out."""
    day = as_day(date, "as_of")
    is_known = table.events["known_at"] <= day
    if not is_known.any():
        earliest = table.events["known_at"].min()
        raise SpecError(
            f"as_of {day:%Y-%m-%d} is before the data. Choose {earliest:%Y-%m-%d} or later."
        )
    late = int((~is_known).sum())
    return replace(
        table, events=table.events[is_known].reset_index(drop=True), late=table.late + late
    )


def write_rejects(table: Recorded, path: str | Path) -> None:
    """Write the rejected rows as CSV: file, line, reason, and the row as it was.

    An earlier table of rejected rows is replaced, and no other file.
    """
    check_target(path)
    target = Path(path)
    if target.exists():
        with target.open("rb") as file:
            header = file.readline(1000).decode("utf-8", "replace").rstrip("\r\n")
        read = {source_file.sha256 for source_file in table.files}
        if header != ",".join(table.rejects.columns) or file_digest(target) in read:
            raise OutputPathError(
                f"{path} is there already, is no table of rejected rows and would be destroyed. "
                "Choose another name."
            )
    write_csv(path, table.rejects)


def as_day(date: Day, field: str, *, first: bool = False) -> pd.Timestamp:
    """Return a day up to today as a Timestamp.

    A month means its last day or, with `first`, its first.
    """
    day = read_day(date, field, first=first)
    reject_future(day, field)
    return pd.Timestamp(day)


def sort_events(events: pd.DataFrame) -> pd.DataFrame:
    """Sort by date and event_id; columns of the contract first, then those of feeds, filled."""
    further = [name for name in FURTHER_COLUMNS if name in events]
    sorted_rows = events.sort_values(["date", "event_id"], ignore_index=True)[
        [*EVENT_COLUMNS, *further]
    ]
    if "events" in further:
        sorted_rows["events"] = events_per_row(sorted_rows)
    if "source_quad" in further:
        sorted_rows["source_quad"] = sorted_rows["source_quad"].fillna(0).astype("int8")
    return sorted_rows


def events_per_row(events: pd.DataFrame) -> "pd.Series[int]":
    """Return the number of events of each row: one in a feed, n in any other table."""
    if "events" not in events:
        return events["n"]
    return events["events"].fillna(events["n"]).astype("int64")


def event_counts(events: pd.DataFrame) -> "pd.Series[int]":
    """Return how many events each row counts for, a two-sided event once.

    A row stands for `events_per_row`. Two rows pair if they have one date, opposite directions and
    one joint code, or are a visit and its hosting. Of a pair one row leads and counts: of a visit
    the visitor's, else that of the first state. The other row follows and counts only for events
    that no leading row has.
    """
    visit = events["cameo"].isin([VISIT, HOST])
    visitor = events["source"].where(events["cameo"] == VISIT, events["target"])
    act = events["cameo"].mask(visit, "visit by " + visitor)
    leads = (events["cameo"] == VISIT) | (~visit & (events["source"] == events["dyad"].str[:3]))
    joint = events["cameo"].map(read_codes()["joint"]).astype(bool)
    same_act = [events["dataset"], events["dyad"], events["date"], act]
    stands_for = events_per_row(events)
    leading = stands_for.where(leads, 0).groupby(same_act).transform("sum")
    following_so_far = stands_for.mask(leads, 0).groupby(same_act).cumsum()
    unpaired = np.minimum(stands_for, (following_so_far - leading).clip(lower=0))
    return stands_for.where(leads | ~joint, unpaired)


def event_schema(named: Collection[str] = ()) -> "pa.DataFrameSchema":
    """Return the pandera schema of events: a row that breaks it is rejected.

    The text of each check is the reason by which such a row is rejected. Codes in `named` count as
    states, as those of ISO 3166 do.
    """
    import pandera.pandas as pa

    def column(dtype: object, reason: str, check: object, **options: bool) -> pa.Column:
        return pa.Column(dtype, pa.Check(check, error=reason), **options)  # type: ignore[arg-type]

    def days(reason: str) -> pa.Column:
        span = pd.Timestamp("1700-01-01"), pd.Timestamp("2200-01-01")
        return column("datetime64[s]", reason, lambda day: day.between(*span))

    def text(reason: str, pattern: str) -> pa.Column:
        return column(None, reason, lambda value: value.str.fullmatch(pattern))

    def states(value: "pd.Series[str]") -> "pd.Series[bool]":
        is_state = value.isin(set(state_names().values()) - {""}) | (
            value.isin(named) & value.str.fullmatch("[A-Z]{3}")
        )
        return is_state | value.str.fullmatch(LEFT_TO_USERS).fillna(False).astype(bool)

    def not_later(field: str) -> pa.Check:
        """Reject days to come; where `known_at` is the date, the date alone is named."""

        def holds(rows: pd.DataFrame) -> "pd.Series[bool]":
            later = rows[field] > pd.Timestamp(today())
            return ~(later if field == "date" else later & (rows[field] != rows["date"]))

        return pa.Check(holds, error=f"{field} is later than today")

    codes = read_codes().index
    day = "not a day; write YYYY-MM-DD, or the format that a mapping states"
    state = (
        "not an ISO 3166 alpha-3 code of a state, such as CHN; a mapping can translate it under "
        "`countries`"
    )
    return pa.DataFrameSchema(
        {
            **{name: days(day) for name in ("date", "known_at")},
            **{name: column(None, state, states) for name in ("source", "target")},
            "cameo": column(None, "not a code of the codebook", lambda code: code.isin(codes)),
            "goldstein": column(
                float, "not a number from -10 to 10", lambda value: value.between(-10, 10)
            ),
            "quad": column(None, "not 1, 2, 3 or 4", lambda value: value.isin([1, 2, 3, 4])),
            "n": column(
                None, "not a whole number from 1", lambda n: n.between(1, 2**31 - 1) & (n % 1 == 0)
            ),
            **{name: text("empty", r".+") for name in ("dataset", "event_id")},
        },
        checks=[
            pa.Check(
                lambda rows: rows["source"] != rows["target"],
                error="source and target are the same",
            ),
            pa.Check(
                lambda rows: ~(rows["known_at"] < rows["date"]), error="known_at is before date"
            ),
            *(not_later(field) for field in ("date", "known_at")),
        ],
    )


def broken_rules(events: pd.DataFrame, named: Collection[str] = ()) -> list[tuple[int, str, str]]:
    """Return row, column and reason of each rule of the schema that is broken.

    The column is '' for a rule about two fields. A value that could not be read as the type of its
    column is missing by now: its reason is what was expected there.
    """
    import pandera.pandas as pa

    schema = event_schema(named)
    try:
        schema.validate(events, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return []
    whole_row = cases["schema_context"] == "DataFrameSchema"
    # A rule about two fields says nothing new of a row in which one of them is wrong by itself.
    cases = cases[~(whole_row & cases["index"].isin(cases.loc[~whole_row, "index"]))]
    expected = {name: column.checks[0].error for name, column in schema.columns.items()}
    reasons = cases["check"].mask(cases["check"] == "not_nullable", cases["column"].map(expected))
    columns = cases["column"].mask(whole_row, "")
    return list(dict.fromkeys(zip(cases["index"].astype(int), columns, reasons, strict=True)))
