"""Contents of an archive: rows by dataset and month, missing days, editions of files."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Day, month_end
from forecast.base.wording import Card, Displayed, count
from forecast.data.archive.catalogue import Catalogue, Entry, read_catalogue
from forecast.data.archive.database import ArchiveReading
from forecast.data.archive.importing import EVERYTHING
from forecast.data.archive.reading import chosen_datasets, covered_days
from forecast.data.events.days import Covered, Days
from forecast.data.events.dyads import dyad_code
from forecast.data.events.table import as_day
from forecast.data.feeds.detect import FEEDS

OUTCOMES = ("kept", "rejected", "filtered", "duplicates")
"""What becomes of rows; their numbers add up to all rows."""
LAST = "last event"

LINES_BY_MONTH = "SELECT month, became, count(*) FROM lines GROUP BY ALL"
REJECTED_BY_REASON = (
    "SELECT reason, count(*) FROM rejected GROUP BY reason ORDER BY count(*) DESC, reason"
)
EVENTS_BY_STATES = (
    "SELECT source_state, target_state, count(*) FROM unique_rows GROUP BY ALL ORDER BY ALL"
)


class MissingDays(NamedTuple):
    """Days for which no file is there, between others for which one is."""

    first: date
    last: date
    days: int
    note: str  # What is known of it, if anything


class FileEdition(NamedTuple):
    """An edition of a year."""

    file: str
    issued: str  # The day from which it counts
    # What says so: `published`, the manifest of its fetch; `stamp`, its name; or `last event`, the
    # day before
    by: str


class MonthStatus(NamedTuple):
    """A month of a dataset."""

    # Such as `2018-06`; `undated` for rows without a day of which no file says where they belong
    month: str
    days: int  # Its days, and those for which a file is there
    covered: int
    files: int  # Files that stand for a day of it
    editions: tuple[str, ...]  # Stamps of the editions of it, the oldest first
    # Rows of events of the month, and what becomes of them if all between two states are read
    rows: int
    kept: int
    rejected: int
    filtered: int
    duplicates: int


@dataclass(frozen=True, repr=False)
class DatasetStatus(Displayed):
    """A dataset of an archive."""

    dataset: str
    title: str
    files: int
    series: dict[str, int]  # How many files of each series, such as those of a day
    spans: tuple[Days, ...]  # Days for which files are there
    gaps: tuple[MissingDays, ...]
    published: int  # Files of which the manifest of a fetch says when they were published
    editions: tuple[FileEdition, ...]  # In the order in which they were issued
    months: tuple[MonthStatus, ...]
    rejected_by: dict[str, int]  # How many rows for which reason
    filtered_by: dict[str, int]
    dyads: dict[str, int]  # How many events, if all between two states are read; the most first

    def total(self, what: str) -> int:
        """Return a number of rows over all months, such as that of `kept` rows."""
        return sum(int(getattr(month, what)) for month in self.months)

    @property
    def sentence(self) -> str:
        """Summary of the contents in words."""
        span = f"{self.spans[0][0]} to {self.spans[-1][1]}" if self.spans else "no day"
        missing = sum(gap.days for gap in self.gaps)
        gaps = f"{count(len(self.gaps), 'gap')} of {count(missing, 'day')}" if missing else "no gap"
        outcomes = ", ".join(f"{self.total(outcome):,} {outcome}" for outcome in OUTCOMES)
        return (
            f"{self.title}: {count(self.files, 'file')}, {span}, {gaps}; {self.total('rows'):,} "
            f"rows = {outcomes}."
        )

    def summary(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "dataset": self.dataset,
            "files": self.files,
            "series": self.series,
            "coverage": [{"first": f"{first}", "last": f"{last}"} for first, last in self.spans],
            "gaps": [
                gap._asdict() | {"first": f"{gap.first}", "last": f"{gap.last}"}
                for gap in self.gaps
            ],
            "published": self.published,
            "editions": [edition._asdict() for edition in self.editions],
            "rows": self.total("rows"),
            **{outcome: self.total(outcome) for outcome in OUTCOMES},
            "rejected_by": self.rejected_by,
            "filtered_by": self.filtered_by,
            "dyads": self.dyads,
            "months": [month._asdict() for month in self.months],
        }

    def _card(self) -> Card:
        return Card(self.title, (("archive", self.sentence),))


@dataclass(frozen=True, repr=False)
class ArchiveStatus(Displayed):
    """Contents of an archive."""

    archive: Path
    as_of: date | None
    datasets: tuple[DatasetStatus, ...]
    # Whether an import is at work or was killed; the archive has lost nothing by it
    unfinished: bool

    def summary(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "schema": 1,
            "archive": str(self.archive),
            "as_of": "" if self.as_of is None else f"{self.as_of}",
            "datasets": [dataset.summary() for dataset in self.datasets],
        }

    def frame(self) -> pd.DataFrame:
        """Return one row per dataset and month: its name, and the columns of `MonthStatus`."""
        rows = [(dataset.dataset, *month) for dataset in self.datasets for month in dataset.months]
        return pd.DataFrame(rows, columns=["dataset", *MonthStatus._fields])

    def _card(self) -> Card:
        return Card(
            f"Archive {self.archive}",
            tuple((dataset.dataset, dataset.sentence) for dataset in self.datasets),
        )


@checked
def archive_status(
    archive: str | Path, datasets: Sequence[str] | None = None, *, as_of: Day | None = None
) -> ArchiveStatus:
    """Describe the contents of an archive by dataset and month, after verifying all checksums.

    Rows are counted as if all rows between two states were read: rows = kept + rejected + filtered
    + duplicates, of every month. A row is filtered if it is not between two states or a newer
    edition replaces it.

    Parameters
    ----------
    archive : str or pathlib.Path
        Folder of the archive.
    datasets : sequence of str, optional
        By default all that it holds.
    as_of : date or str, optional
        What it held on that day, as `read_archive` reads it.

    Returns
    -------
    ArchiveStatus
        By dataset: coverage, gaps, rows, editions, and events by dyad.

    Raises
    ------
    DataError
        If the archive is damaged; the file is named.
    SpecError
        If there is no such dataset.

    Examples
    --------
    >>> from forecast import archive_status
    >>> archive_status("archive").frame()  # doctest: +SKIP
    """
    catalogue = read_catalogue(Path(archive))
    day = None if as_of is None else as_day(as_of, "as_of").date()
    statuses = tuple(
        _dataset(catalogue, name, day) for name in chosen_datasets(catalogue, datasets)
    )
    return ArchiveStatus(Path(archive), day, statuses, bool(catalogue.pending))


def _dataset(catalogue: Catalogue, name: str, day: date | None) -> DatasetStatus:
    """Describe a dataset of an archive, as it was on a day."""
    feed = FEEDS[name]
    reading = ArchiveReading(catalogue, feed, None, day, EVERYTHING, texts=False)
    entries = reading.entries()
    by_month: dict[str, Counter[str]] = {}
    rejected_by: dict[str, int] = {}
    filtered_by: Counter[str] = Counter()
    dyads: Counter[str] = Counter()
    if entries:
        with reading.database(entries) as database:
            for month, became, number in database.execute(LINES_BY_MONTH).fetchall():
                by_month.setdefault(month, Counter())[became] = number
            filtered_by = reading.filtered_by(entries, database)
            rejected_by = dict(database.execute(REJECTED_BY_REASON).fetchall())
            for source, target, number in database.execute(EVENTS_BY_STATES).fetchall():
                dyads[dyad_code(source, target)] += number
    covered = Covered(name, tuple(covered_days(entries, day)))
    editions = [
        FileEdition(
            listed.name,
            f"{listed.issued}",
            "published" if listed.published else "stamp" if listed.edition else LAST,
        )
        for listed in entries
        if listed.issued
    ]
    return DatasetStatus(
        dataset=name,
        title=feed.title,
        files=len(entries),
        series=dict(sorted(Counter(entry.series for entry in entries).items())),
        spans=covered.spans,
        gaps=tuple(_missing(first, last, feed.gaps) for first, last in covered.gaps),
        published=sum(bool(entry.published) for entry in entries),
        editions=tuple(sorted(editions, key=lambda listed: (listed.issued, listed.file))),
        months=tuple(_months(entries, covered, by_month)),
        rejected_by=rejected_by,
        filtered_by=dict(sorted(filtered_by.items())),
        dyads=dict(dyads.most_common()),
    )


def _missing(first: date, last: date, reasons: Sequence[tuple[date, date, str]]) -> MissingDays:
    notes = [
        f"{begin} to {end}: {why}" for begin, end, why in reasons if begin <= last and first <= end
    ]
    return MissingDays(first, last, (last - first).days + 1, "; ".join(notes))


def _months(
    entries: Sequence[Entry], covered: Covered, became: dict[str, Counter[str]]
) -> list[MonthStatus]:
    """Return the months of the record and those of any other rows, in order of time."""
    counts = defaultdict[str, Counter[str]](Counter)
    standing = defaultdict[str, list[Entry]](list)
    for entry in entries:
        for month, numbers in entry.months.items():
            counts[month].update(numbers._asdict())
        for month in {
            month for first, last in entry.covers for month in _months_between(first, last)
        }:
            standing[month].append(entry)
    days = covered.by_month
    between = _months_between(covered.first, covered.last) if covered.spans else []
    rows_by_month = []
    for month in sorted({*counts, *between}):
        events = became.get(month, Counter())
        counted = counts[month]
        files = standing[month]
        editions = {entry.edition for entry in files if entry.edition}
        filtered = counted["filtered"] + events["filtered"]
        rows = (counted["rows"], events["kept"], counted["rejected"], filtered, events["duplicate"])
        length = 0 if month == "undated" else month_end(date.fromisoformat(f"{month}-01")).day
        rows_by_month.append(
            MonthStatus(month, length, days[month], len(files), tuple(sorted(editions)), *rows)
        )
    return rows_by_month


def _months_between(first: date, last: date) -> list[str]:
    return list(pd.period_range(first, last, freq="M").strftime("%Y-%m"))
