"""Event tables of an archive as known on a day, with an accounting of every row."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Day, today
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Dyad
from forecast.base.wording import join
from forecast.data.archive.catalogue import Catalogue, Entry, read_catalogue, summed
from forecast.data.archive.database import ArchiveReading, count_of
from forecast.data.events import combine
from forecast.data.events.days import MAX_SHARE_MISSING, Covered, Days, as_spans, each_day
from forecast.data.events.table import (
    EventTable,
    FeedAccount,
    FileAccount,
    SourceFile,
    as_day,
    sort_events,
)
from forecast.data.feeds.detect import FEEDS
from forecast.data.feeds.feed import Feed, FeedSettings
from forecast.data.feeds.reading import in_contract, no_event, require_suitable, state_pair
from forecast.data.feeds.rules import EVENT_COLUMNS

if TYPE_CHECKING:
    import duckdb

ROUNDING = 1e-6
"""Tolerance of a sum of parts of a day, which are fractions."""
EVENT = ", ".join(name for name in EVENT_COLUMNS if name != "line")


@checked
def read_archive(
    archive: str | Path,
    datasets: Sequence[str] | None = None,
    *,
    dyads: Sequence[Dyad] | None = None,
    as_of: Day | None = None,
    settings: FeedSettings | None = None,
) -> EventTable:
    """Read events from an archive.

    Parameters
    ----------
    archive : str or pathlib.Path
        Folder of the archive.
    datasets : sequence of str, optional
        Such as ``["gdelt"]``; by default all that the archive holds.
    dyads : sequence of str, optional
        Dyads to read; all by default. Rows of others are not loaded.
    as_of : date or str, optional
        Read what was known on that day and nothing later: rows by the day on which they became
        known, editions by the day on which they were issued.
    settings : FeedSettings, optional
        What is counted, as of a feed's files.

    Returns
    -------
    EventTable
        With the days that the files stand for in `covered`. Of each dataset there is one account,
        in which rows = kept + rejected + filtered + duplicates.

    Raises
    ------
    DataError
        If the archive is damaged, or no event is left.
    SpecError
        If there is no such dataset, or nothing of it was known on the day.
    UnknownDyadError
        If a dyad is not two states.

    Examples
    --------
    >>> from forecast import read_archive
    >>> read_archive("archive", ["icews"], dyads=["USA-CHN"], as_of="2018-12-31")  # doctest: +SKIP
    """
    catalogue = read_catalogue(Path(archive))
    settings = settings or FeedSettings()
    day = None if as_of is None else as_day(as_of, "as_of").date()
    pairs = (
        None if dyads is None else ["-".join(sorted(state_pair(dyad).split("-"))) for dyad in dyads]
    )
    tables = []
    reasons = list[str]()
    for name in chosen_datasets(catalogue, datasets):
        reading = ArchiveReading(catalogue, FEEDS[name], pairs, day, settings)
        table = _table(reading)
        if isinstance(table, EventTable):
            tables.append(table)
        else:
            reasons.append(table)
    if not tables:
        raise DataError(f"{no_event(dyads)} {' '.join(reasons)} Ask for other dyads or settings.")
    return combine(tables)


def chosen_datasets(catalogue: Catalogue, datasets: Sequence[str] | None) -> list[str]:
    """Return the datasets that are asked for, by default all there are."""
    present = catalogue.datasets
    if not present:
        raise DataError(
            f"{catalogue.folder} is empty: import files into it first (`forecast events import`)."
        )
    if datasets is None:
        return present
    named = [name.strip().lower() for name in datasets]
    for name in named:
        if name not in present:
            raise SpecError(
                f"datasets: there is no {name!r:.60} in {catalogue.folder}; it holds "
                f"{join(present)}"
            )
    return list(dict.fromkeys(named))


def _table(reading: ArchiveReading) -> EventTable | str:
    """Read the events; without any, return why there is none."""
    require_suitable(reading.feed, reading.settings)
    entries = reading.entries()
    if not entries:
        return _unknown(reading)
    with reading.database(entries) as database:
        events = database.sql(f"SELECT {EVENT} FROM unique_rows ORDER BY id").df()
        account = _account(reading, entries, database)
        rejects = database.sql(
            "SELECT file, line, reason, row FROM rejected ORDER BY file, sha256, line"
        ).df()
    if events.empty:
        reasons = "".join(
            f" {number:,} rows: {reason}." for reason, number in account.filtered_by.items()
        )
        return account.sentence + reasons
    covered = Covered(reading.feed.name, tuple(covered_days(entries, reading.day)))
    return EventTable(
        events=sort_events(in_contract(events, reading.feed)),
        rejects=rejects,
        files=(_source_file(reading, entries),),
        accounts=(account,),
        covered=(covered,) if covered.spans else (),
        vintaged=(reading.feed.name,) if reading.settings.editions == "issued" else (),
    )


def _source_file(reading: ArchiveReading, entries: list[Entry]) -> SourceFile:
    """Return all files together as one, with a digest that any change of them changes."""
    keys = sorted((*entry.key, entry.said, *entry.also) for entry in entries)
    rows, _, rejected, _ = summed(entry.counts for entry in entries)
    return SourceFile(
        _title(reading.feed, entries),
        digest("\n".join(map(" ".join, keys)).encode()),
        rows,
        rejected,
    )


def _title(feed: Feed, entries: list[Entry]) -> str:
    """Return the common name of the files."""
    return f"archive/{feed.name} ({len(entries):,} files)"


def _unknown(reading: ArchiveReading) -> str:
    """Return in words that nothing of the dataset was known on the day, and when the first was."""
    entries = [
        entry for entry in reading.catalogue.entries.values() if entry.dataset == reading.feed.name
    ]
    first = min(filter(None, (entry.issued or entry.released or entry.known for entry in entries)))
    editions = any(entry.issued for entry in entries) and reading.settings.editions == "issued"
    sentence = (
        f"{reading.feed.title}: nothing of the archive was there on {reading.day}, the first is of "
        f"{first}."
    )
    later = (
        " To use editions that were issued later, set editions=latest (`forecast help archive`)."
    )
    return sentence + later if editions else sentence


def _account(
    reading: ArchiveReading, entries: list[Entry], database: "duckdb.DuckDBPyConnection"
) -> FeedAccount:
    """Account for every row of the files."""
    counts = summed(entry.counts for entry in entries)
    filtered = reading.filtered_by(entries, database)
    file = FileAccount(
        _title(reading.feed, entries),
        counts.rows,
        count_of(database, "lines WHERE became = 'kept'"),
        counts.rejected,
        sum(filtered.values()),
        count_of(database, "lines WHERE became = 'duplicate'"),
        sum(entry.mended for entry in entries),
    )
    return FeedAccount(
        reading.feed.name,
        reading.feed.title,
        reading.settings.words,
        (file,),
        dict(filtered),
        duplicates=_lines_that(database, "duplicate", reason="repeats"),
        # Without a list of filtered lines the table has its columns and no row.
        filtered=_lines_that(
            database, "filtered" if reading.settings.list_filtered else "", reason="filtered"
        ),
    )


def _lines_that(database: "duckdb.DuckDBPyConnection", became: str, *, reason: str) -> pd.DataFrame:
    """Return file, line and reason of the lines of which something became."""
    table: pd.DataFrame = database.sql(
        f"SELECT name AS file, line, {reason} AS reason FROM lines WHERE became = '{became}' "
        "ORDER BY file, line"
    ).df()
    return table


def covered_days(entries: Sequence[Entry], day: date | None = None) -> list[Days]:
    """Return the spans of days that files stand for, up to a day, by default today."""
    # A day whose files stand for parts of it, such as quarter hours, counts if at most a tenth of
    # it is missing.
    whole = set[date]()
    parts = dict[tuple[str, date], dict[str, float]]()
    for entry in entries:
        for first, last in entry.covers:
            end = min(last, day or today())
            days = each_day(first, end)
            if entry.part >= 1:
                whole.update(days)
                continue
            time_in_name = entry.said.partition(".")[0]
            for named_day in days:
                # Two files named after one time are one part.
                parts.setdefault((entry.series, named_day), {})[time_in_name] = entry.part
    enough = {
        named_day
        for (_, named_day), slots in parts.items()
        if sum(slots.values()) >= 1 - MAX_SHARE_MISSING - ROUNDING
    }
    return as_spans(whole | enough)
