"""Event tables of an archive as known on a day.

Also its contents by month, and an accounting of every row.

Duplicates, replacements by newer editions and the counted rows are determined when the archive is
read, from the rows and the catalogue. The order of imports therefore does not matter.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from forecast.base.arguments import checked
from forecast.base.dates import Day, today
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Dyad
from forecast.base.wording import join
from forecast.data.archive.catalogue import (
    REJECTED,
    ROWS,
    Batch,
    Catalogue,
    Entry,
    read_catalogue,
    summed,
)
from forecast.data.archive.segments import REJECTED_COLUMNS, ROW_COLUMNS
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
from forecast.data.feeds.expressions import text
from forecast.data.feeds.feed import SECTORS, Feed, FeedSettings
from forecast.data.feeds.reading import in_contract, no_event, require_suitable, state_pair
from forecast.data.feeds.repeats import EXCLUSIONS, REPLACED, exclude_repeats
from forecast.data.feeds.rules import EVENT_COLUMNS, filters_of_settings

if TYPE_CHECKING:
    import duckdb


ROUNDING = 1e-6
"""Tolerance of a sum of parts of a day, which are fractions."""
MEMORY = "1GB"
"""Limit of the database, far above what a year of the largest feed needs."""
THREADS = 2
"""Of the database; more do not read faster from one disk."""
EVENT = ", ".join(name for name in EVENT_COLUMNS if name != "line")
DESCRIPTIONS = ("actor", "summary", "reference")
EARLY = "DATE '0001-01-01'"
"""Stands for a day that is not known, before all others."""
ORDER = (
    f"age, coalesce(released, {EARLY}) DESC, coalesce(named, {EARLY}) DESC, "
    "known, name, sha256, line, id"
)
"""Order of rows that repeat each other, those of the newest edition first; the first one stays."""


LINES = f"""
    CREATE TEMP TABLE lines AS
    SELECT name,
        line,
        strftime(min(date), '%Y-%m') AS month,
        CASE
            WHEN bool_or(filtered = '' AND repeats = '') THEN 'kept'
            WHEN max(repeats) <> '' THEN 'duplicate'
            ELSE 'filtered'
        END AS became,
        max(repeats) AS repeats,
        max(filtered) AS filtered
    FROM (
        SELECT file, name, line, date, filtered, '' AS repeats
        FROM wanted
        WHERE filtered <> ''
        UNION ALL
        SELECT kept.file,
            name,
            line,
            date,
            CASE why WHEN {REPLACED} THEN reason ELSE '' END,
            CASE WHEN why <> {REPLACED} THEN reason ELSE '' END
        FROM kept
        LEFT JOIN ({EXCLUSIONS}) ON row = kept.rowid
    )
    GROUP BY file, name, line"""
"""What became of each line: it can hold several events, and is kept if one of them is."""


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
        table = reading.table()
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


@dataclass(frozen=True)
class ArchiveReading:
    """A dataset of an archive about to be read."""

    catalogue: Catalogue
    feed: Feed
    pairs: list[str] | None  # Pairs of states in the order of the alphabet; None for all
    day: date | None  # The as-of day
    settings: FeedSettings
    texts: bool = True  # Whether actor, summary and reference are read as well

    def entries(self) -> list[Entry]:
        """Return the files of which anything was known on the day."""
        entries = [
            entry for entry in self.catalogue.entries.values() if entry.dataset == self.feed.name
        ]
        if self.day is None:
            return entries
        by_issue = self.settings.editions == "issued"
        since = {
            listed.file: (listed.issued if by_issue else None) or listed.released or listed.known
            for listed in entries
        }
        return [listed for listed in entries if (since[listed.file] or self.day) <= self.day]

    def table(self) -> EventTable | str:
        """Read the events; without any, return why there is none."""
        require_suitable(self.feed, self.settings)
        entries = self.entries()
        if not entries:
            return self._unknown()
        with self.database(entries) as database:
            events = database.sql(f"SELECT {EVENT} FROM unique_rows ORDER BY id").df()
            account = self._account(entries, database)
            rejects = database.sql(
                "SELECT file, line, reason, row FROM rejected ORDER BY file, sha256, line"
            ).df()
        if events.empty:
            reasons = "".join(
                f" {number:,} rows: {reason}." for reason, number in account.filtered_by.items()
            )
            return account.sentence + reasons
        covered = Covered(self.feed.name, tuple(covered_days(entries, self.day)))
        return EventTable(
            events=sort_events(in_contract(events, self.feed)),
            rejects=rejects,
            files=(self.source_file(entries),),
            accounts=(account,),
            covered=(covered,) if covered.spans else (),
            vintaged=(self.feed.name,) if self.settings.editions == "issued" else (),
        )

    def source_file(self, entries: list[Entry]) -> SourceFile:
        """Return all files together as one, with a digest that any change of them changes."""
        keys = sorted((*entry.key, entry.said, *entry.also) for entry in entries)
        rows, _, rejected, _ = summed(entry.counts for entry in entries)
        return SourceFile(
            self.title(entries), digest("\n".join(map(" ".join, keys)).encode()), rows, rejected
        )

    def title(self, entries: list[Entry]) -> str:
        """Return the common name of the files."""
        return f"archive/{self.feed.name} ({len(entries):,} files)"

    def _unknown(self) -> str:
        entries = [
            entry for entry in self.catalogue.entries.values() if entry.dataset == self.feed.name
        ]
        first = min(
            filter(None, (entry.issued or entry.released or entry.known for entry in entries))
        )
        editions = any(entry.issued for entry in entries) and self.settings.editions == "issued"
        said = (
            f"{self.feed.title}: nothing of the archive was there on {self.day}, the first is of "
            f"{first}."
        )
        later = (
            " To use editions that were issued later, set editions=latest (`forecast help "
            "archive`)."
        )
        return said + later if editions else said

    @contextmanager
    def database(self, entries: list[Entry]) -> "Iterator[duckdb.DuckDBPyConnection]":
        """Open a database of the events of the pairs asked for.

        They are `unique_rows`, and `lines` says what became of each line.
        """
        import duckdb

        wanted = {entry.file for entry in entries}
        batches = [
            batch
            for batch in self.catalogue.batches
            if any(entry.file in wanted for entry in batch.files)
        ]
        limits: dict[str, Any] = {"memory_limit": MEMORY, "threads": THREADS}
        with (
            TemporaryDirectory(prefix="forecast-archive-") as spill,
            duckdb.connect(config=limits | {"temp_directory": spill}) as database,
        ):
            run = database.execute
            try:
                _add_files(database, self.feed, entries)
                database.register("no_rows", ROW_COLUMNS.empty_table())
                database.register("no_rejected", REJECTED_COLUMNS.empty_table())
                run(
                    "CREATE TEMP VIEW rejected AS SELECT f.name AS file, f.sha256, r.* EXCLUDE "
                    "(file) "
                    f"FROM {self._segments(batches, REJECTED)} r JOIN files f USING (file)"
                )
                run(f"CREATE TEMP TABLE wanted AS {self._wanted(self._segments(batches, ROWS))}")
                run(
                    "CREATE TEMP TABLE kept AS SELECT * FROM wanted WHERE filtered = '' ORDER BY "
                    f"{ORDER}"
                )
                exclude_repeats(database, one_a_day=self.settings.one_a_day, age="age")
                run(LINES)
            except duckdb.Error as error:
                raise DataError(
                    f"{self.catalogue.folder}: {self.feed.title} cannot be read ({error!s:.300})."
                ) from error
            yield database

    def _segments(self, batches: list[Batch], part: str) -> str:
        """Return the SQL of all rows of a part of the dataset, after verifying checksums."""
        inside = f"{part}/dataset={self.feed.name}/"
        self.catalogue.require_whole(batches, inside)
        segments = [
            segment.path
            for batch in batches
            for segment in batch.segments
            if segment.path.startswith(inside)
        ]
        paths = ", ".join(text(str(self.catalogue.folder / path)) for path in segments)
        return f"read_parquet([{paths}], hive_partitioning = false)" if paths else f"no_{part}"

    def _wanted(self, rows: str) -> str:
        """Return the SQL of all rows of the pairs.

        With the day on which each became known and why it is filtered.
        """
        edition = "WHEN f.edition_day IS NOT NULL THEN greatest(r.date, f.edition_day)"
        known_at = (
            f"CASE {edition if self.settings.icews_known == 'edition' else ''} "
            "WHEN f.released IS NOT NULL THEN greatest(r.date, f.released) ELSE r.known END"
        )
        wanted = (
            "true"
            if self.pairs is None
            else f"r.pair IN ({', '.join(map(text, self.pairs)) or 'NULL'})"
        )
        descriptions = ", ".join(
            f"r.{name}" if self.texts else f"'' AS {name}" for name in DESCRIPTIONS
        )
        return f"""
            SELECT *, {self._filtered()} AS filtered
            FROM (
                SELECT file,
                    r.line,
                    r.id,
                    r.date,
                    {known_at} AS known,
                    r.source AS source_state,
                    r.target AS target_state,
                    r.cameo,
                    r.n,
                    r.goldstein AS value,
                    r.quad,
                    r.source_quad AS given_quad,
                    r.mentions,
                    r.source_organs,
                    r.target_organs,
                    {descriptions},
                    f.* EXCLUDE (file, first, last)
                FROM {rows} r
                JOIN files f USING (file)
                WHERE {wanted}
            )"""

    def _filtered(self) -> str:
        """Return the SQL of the first reason why a row is not counted, '' if it is."""
        cases = (
            {} if self.day is None else {f"known > DATE '{self.day}'": "known after the as-of day"}
        )
        bits = sum(
            1 << SECTORS.index(sector) for sector in SECTORS if sector in self.settings.sectors
        )
        acts = f"((source_organs & {bits}) <> 0 AND (target_organs & {bits}) <> 0)"
        cases |= filters_of_settings(
            self.settings, "true" if self.settings.sectors == "all" else acts, "mentions"
        )
        return (
            f"CASE {' '.join(f'WHEN {case} THEN {text(words)}' for case, words in cases.items())} "
            "ELSE '' END"
        )

    def filtered_by(
        self, entries: list[Entry], database: "duckdb.DuckDBPyConnection"
    ) -> Counter[str]:
        """Return the numbers of filtered rows by reason."""
        filtered: Counter[str] = Counter()
        for entry in entries:
            filtered.update(entry.filtered_by)
        others = summed(entry.counts for entry in entries).between - _number(database, "lines")
        filtered.update({"of another dyad": others} if others else {})
        why = (
            "SELECT filtered, count(*) FROM lines WHERE became = 'filtered' GROUP BY filtered "
            "ORDER BY filtered"
        )
        filtered.update(dict(database.execute(why).fetchall()))
        return filtered

    def _account(self, entries: list[Entry], database: "duckdb.DuckDBPyConnection") -> FeedAccount:
        """Account for every row of the files."""
        listed = (
            "SELECT name AS file, line, {0} AS reason FROM lines WHERE became = '{1}' ORDER BY "
            "file, line"
        )
        counts = summed(entry.counts for entry in entries)
        filtered = self.filtered_by(entries, database)
        kept, repeats = (
            _number(database, f"lines WHERE became = '{what}'") for what in ("kept", "duplicate")
        )
        file = FileAccount(
            self.title(entries),
            counts.rows,
            kept,
            counts.rejected,
            sum(filtered.values()),
            repeats,
            sum(entry.mended for entry in entries),
        )
        return FeedAccount(
            self.feed.name,
            self.feed.title,
            self.settings.words,
            (file,),
            dict(filtered),
            duplicates=database.sql(listed.format("repeats", "duplicate")).df(),
            filtered=database.sql(
                listed.format("filtered", "filtered" if self.settings.list_filtered else "")
            ).df(),
        )


def _number(database: "duckdb.DuckDBPyConnection", rows: str) -> int:
    [(number,)] = database.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(number)


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
            for named_day in days:  # two files named after one time are one part
                parts.setdefault((entry.series, named_day), {})[entry.said.partition(".")[0]] = (
                    entry.part
                )
    enough = {
        named_day
        for (_, named_day), slots in parts.items()
        if sum(slots.values()) >= 1 - MAX_SHARE_MISSING - ROUNDING
    }
    return as_spans(whole | enough)


def _add_files(database: "duckdb.DuckDBPyConnection", feed: Feed, entries: list[Entry]) -> None:
    """Add what the catalogue says of files as the table `files`."""
    rows = [
        {
            "file": entry.file,
            "name": entry.name,
            "sha256": f"{entry.sha256} {entry.member}",
            "edition": entry.edition,
            "edition_day": entry.issued if entry.edition or entry.published else None,
            "year": entry.year,
            "first": entry.first,
            "last": entry.last,
            "released": entry.released,
            "named": feed.named(entry.said).day,
        }
        for entry in entries
    ]
    types = dict.fromkeys(("file", "year"), pa.int32()) | dict.fromkeys(
        ("name", "sha256", "edition"), pa.string()
    )
    types |= dict.fromkeys(("edition_day", "first", "last", "released", "named"), pa.date32())
    database.register("given", pa.Table.from_pylist(rows, pa.schema(types)))
    age = "dense_rank() OVER (ORDER BY year IS NULL, edition DESC)"
    database.execute(f"CREATE TEMP TABLE files AS SELECT *, {age} AS age FROM given")
    database.execute("CREATE TEMP VIEW names AS SELECT file, name FROM files")
    database.execute(
        "CREATE TEMP VIEW editions AS SELECT file, first, last, age FROM files WHERE year > 0"
    )
    database.unregister("given")
