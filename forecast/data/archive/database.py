"""Database of a dataset of an archive: rows known on a day, and what became of each.

Duplicates, replacements by newer editions and the counted rows are determined when the archive is
read, from the rows and the catalogue. The order of imports therefore does not matter.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from forecast.base.errors import DataError
from forecast.data.archive.catalogue import REJECTED, ROWS, Batch, Catalogue, Entry, summed
from forecast.data.archive.segments import REJECTED_COLUMNS, ROW_COLUMNS
from forecast.data.feeds.expressions import text
from forecast.data.feeds.feed import SECTORS, Feed, FeedSettings
from forecast.data.feeds.repeats import EXCLUSIONS, REPLACED, exclude_repeats
from forecast.data.feeds.rules import filters_of_settings

if TYPE_CHECKING:
    import duckdb

MEMORY = "1GB"
"""Limit of the database, far above what a year of the largest feed needs."""
THREADS = 2
"""Of the database; more do not read faster from one disk."""
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
            entry.file: (entry.issued if by_issue else None) or entry.released or entry.known
            for entry in entries
        }
        return [entry for entry in entries if (since[entry.file] or self.day) <= self.day]

    @contextmanager
    def database(self, entries: list[Entry]) -> "Iterator[duckdb.DuckDBPyConnection]":
        """Open a database of the events of the pairs asked for.

        Its view `unique_rows` has the events; its table `lines` says what became of each line.
        """
        import duckdb

        limits: dict[str, Any] = {"memory_limit": MEMORY, "threads": THREADS}
        with (
            TemporaryDirectory(prefix="forecast-archive-") as spill,
            duckdb.connect(config=limits | {"temp_directory": spill}) as database,
        ):
            try:
                self._fill(database, entries)
            except duckdb.Error as error:
                raise DataError(
                    f"{self.catalogue.folder}: {self.feed.title} cannot be read ({error!s:.300})."
                ) from error
            yield database

    def _fill(self, database: "duckdb.DuckDBPyConnection", entries: list[Entry]) -> None:
        """Make the tables of a database from the segments in which some files are."""
        numbers = {entry.file for entry in entries}
        batches = [
            batch
            for batch in self.catalogue.batches
            if any(entry.file in numbers for entry in batch.files)
        ]
        run = database.execute
        _add_files(database, self.feed, entries)
        database.register("no_rows", ROW_COLUMNS.empty_table())
        database.register("no_rejected", REJECTED_COLUMNS.empty_table())
        run(
            "CREATE TEMP VIEW rejected AS SELECT f.name AS file, f.sha256, r.* EXCLUDE (file) "
            f"FROM {self._segments(batches, REJECTED)} r JOIN files f USING (file)"
        )
        run(f"CREATE TEMP TABLE wanted AS {self._wanted(self._segments(batches, ROWS))}")
        run(f"CREATE TEMP TABLE kept AS SELECT * FROM wanted WHERE filtered = '' ORDER BY {ORDER}")
        exclude_repeats(database, one_a_day=self.settings.one_a_day, age="age")
        run(LINES)

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
        """Return the SQL of all rows of the pairs: when each was known, and why it is filtered."""
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
        others = summed(entry.counts for entry in entries).between - count_of(database, "lines")
        filtered.update({"of another dyad": others} if others else {})
        numbers = (
            "SELECT filtered, count(*) FROM lines WHERE became = 'filtered' GROUP BY filtered "
            "ORDER BY filtered"
        )
        filtered.update(dict(database.execute(numbers).fetchall()))
        return filtered


def count_of(database: "duckdb.DuckDBPyConnection", rows: str) -> int:
    """Return the number of rows of a table, or of those of it that a condition chooses."""
    [(number,)] = database.execute(f"SELECT count(*) FROM {rows}").fetchall()
    return int(number)


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
