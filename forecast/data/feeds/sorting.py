"""Lines of files sorted into kept, rejected and filtered rows, with an account of every line.

A rejected row goes this way: `Rules.statement` words what is wrong with it, `RowSorter.sort`
returns it with file, line and reason, `RowBatch.sort` hands it to `FileRun.reject`, and
`reading.account_for` makes it a row of `table.rejects`.
"""

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

import pyarrow as pa

from forecast.base.errors import DataError
from forecast.base.file_faults import fence
from forecast.data.feeds.detect import finding
from forecast.data.feeds.feed import Feed, FeedLayout, Named
from forecast.data.feeds.lines import Chunk, FeedFile, split_lines
from forecast.data.feeds.rules import Rules, lookup_tables

MAX_REJECTED_TEXTS = 10_000  # rejected rows of a file whose text is kept; of more, line and reason
MAX_TEXT = 2_000  # characters of a rejected row that are kept
BATCH_BYTES = 64_000_000  # of lines that one statement sorts: some 160,000 lines of GDELT
# Lines of several files are sorted together: a line has its number plus this times its file's.
STRIDE = 2**40
# Of rows that are not kept, which are most of a feed, the database carries these columns alone.
ALWAYS_CARRIED = ("line", "date", "known")
KEPT, REJECTED = "kept", "rejected"  # what became of a line, besides why it is filtered


class SortedRows(NamedTuple):
    """What became of some lines."""

    # Events: the columns of the rules, and the number of their file; a line can have several
    kept: pa.Table
    rejected: list[tuple[int, int, str]]  # File, line and reason
    filtered: list[tuple[int, int, str]]  # The same, if the settings ask for the list
    # By file: what became of lines (`KEPT`, `REJECTED`, or why they are filtered), their day, when
    # they became known, and how many
    numbers: list[tuple[int, str, datetime.date | None, datetime.date | None, int]]


class RowSorter:
    """A database in memory that sorts lines by rules.

    What does not fit goes to the folder `scratch`, if given.
    """

    def __init__(self, rules: Rules, *, memory: str = "1GB", scratch: str = "") -> None:
        import duckdb

        self.rules = rules
        self.columns = cache(rules.columns)
        self.database = duckdb.connect(
            ":memory:", config={"memory_limit": memory, "threads": 2, "temp_directory": scratch}
        )
        self.database.execute("SET enable_external_access = false")
        for name, table in lookup_tables().items():
            self.database.register("given", table)
            self.database.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM given")
            self.database.unregister("given")

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def sort(self, lines: pa.Table, layout: FeedLayout, since: date | None) -> SortedRows:
        """Sort lines, a table of `line` and the columns that are looked at, as text."""
        self.database.register("lines", lines)
        statement = self.rules.statement(layout, lines.column_names, since)
        carried = ", ".join(
            name if name in ALWAYS_CARRIED else f"CASE WHEN kept THEN {name} END AS {name}"
            for name in self.rules.kept
        )
        self.database.execute(f"""
            CREATE OR REPLACE TEMP TABLE sorted AS
            SELECT {carried}, reason, filter, kept
            FROM (SELECT *, reason = '' AND filter = 0 AS kept FROM ({statement}))""")
        self.database.unregister("lines")
        return self._sorted_rows()

    def _sorted_rows(self) -> SortedRows:
        """Return the rows of the table `sorted`."""
        run = self.database.execute
        file_and_line = f"line // {STRIDE} AS file, line % {STRIDE} AS line"
        kept = self.database.sql(f"""
            SELECT {file_and_line}, * EXCLUDE (line, reason, filter, kept)
            FROM sorted
            WHERE kept""")
        lines = "sorted"
        if self.rules.feed.pairs:  # a line is kept if any of its pairs of countries is
            lines = """(
                SELECT line,
                    min(date) AS date,
                    min(known) AS known,
                    max(reason) AS reason,
                    max(filter) AS filter,
                    bool_or(kept) AS kept
                FROM sorted
                GROUP BY line)"""
        rejected = run(f"""
            SELECT {file_and_line}, reason
            FROM {lines}
            WHERE NOT kept AND reason <> ''
            ORDER BY ALL""").fetchall()
        filtered = []
        if self.rules.settings.list_filtered:
            filtered = run(f"""
                SELECT {file_and_line}, filter
                FROM {lines}
                WHERE NOT kept AND reason = ''""").fetchall()
        numbers = run(f"""
            SELECT line // {STRIDE},
                CASE WHEN kept THEN 0 WHEN reason <> '' THEN -1 ELSE filter END AS became,
                date,
                known,
                count(*)
            FROM {lines}
            GROUP BY ALL
            ORDER BY ALL""").fetchall()
        words = dict(enumerate([REJECTED, KEPT, *self.rules.filters.values()], start=-1))
        return SortedRows(
            kept.to_arrow_table(),
            rejected,
            [(file, line, words[number]) for file, line, number in filtered],
            [
                (file, words[became], day, known_at, number)
                for file, became, day, known_at, number in numbers
            ],
        )


@dataclass
class FileRun:
    """A file being read: what it is, and what has become of its lines so far."""

    number: int  # Its own among the files
    file: FeedFile
    feed: Feed
    layout: FeedLayout
    sha256: str
    named: Named  # What its name says
    # The day from which it could be known, if its rows do not say themselves
    since: date | None = None
    begun: bool = False
    failed: str = ""  # Why it is left out
    rows: int = 0
    mended: int = 0
    rejected: list[tuple[int, str, str]] = field(default_factory=list)  # Line, reason and text
    filtered: Counter[str] = field(default_factory=Counter)  # Lines by reason
    repeated: int = 0
    # Line and reason of filtered and of repeated rows, if they are listed.
    filtered_lines: list[tuple[int, str]] = field(default_factory=list)
    repeats: list[tuple[int, str]] = field(default_factory=list)
    # Rows by the day by which the feed puts them into files
    days: Counter[date] = field(default_factory=Counter)

    @property
    def finding(self) -> str:
        """In words that most rows are of other days than those of its name; '' if they are not."""
        return finding(self.feed, self.file, self.named, self.days)

    def tally(self, became: str, day: date | None, known_at: date | None, number: int) -> None:
        """Count lines of a day, known on a day: kept, rejected, or filtered for a reason."""
        if became not in (KEPT, REJECTED):
            self.filtered[became] += number
        # A file of a day holds what a feed added on that day; what a longer one was added to, its
        # name does not say.
        days = self.named.days
        by_known = self.feed.by_known and (days is None or days[0] == days[1])
        if became != REJECTED and (counted_day := known_at if by_known else day):
            self.days[counted_day] += number

    def reject(self, line: int, reason: str, row: str) -> None:
        """Keep a rejected row with its text, as long as there are not too many of them."""
        text = row[:MAX_TEXT] if len(self.rejected) < MAX_REJECTED_TEXTS else ""
        self.rejected.append((line, reason, text))


class RowBatch:
    """Chunks of files that one statement sorts together.

    A statement of its own for each chunk would take longer than the lines of a small one.
    """

    def __init__(self, sorter: RowSorter) -> None:
        self.sorter = sorter
        self._clear()

    def _clear(self) -> None:
        self._added: dict[int, tuple[FileRun, list[Chunk]]] = {}  # By the number of the file
        # Lines that one statement can sort: of one layout and one day of publication
        self._lines: dict[tuple[FeedLayout, date | None], list[pa.Table]] = {}
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Return whether there are enough lines, so that more would not make them cheaper."""
        return self._bytes >= BATCH_BYTES

    def add(self, run: FileRun, chunk: Chunk) -> None:
        """Add a chunk of a file."""
        if len(chunk.numbers) and not run.begun:
            run.begun = True
            chunk = chunk.without_first() if run.layout.header else chunk
        run.rows += len(chunk.numbers) + len(chunk.too_long)
        run.mended += chunk.mended
        with fence(run.file.name):
            lines, broken = split_lines(chunk, run.layout, self.sorter.columns(run.layout))
        for line in chunk.too_long:
            run.reject(line, "a line that is longer than any of a feed", "")
        for line, reason in broken.items():
            run.reject(line, reason, chunk.numbered(line))
        if lines.num_rows:
            numbers = pa.array(lines["line"].to_numpy() + run.number * STRIDE)
            lines = lines.set_column(lines.schema.get_field_index("line"), "line", numbers)
            self._lines.setdefault((run.layout, run.since), []).append(lines)
        self._added.setdefault(run.number, (run, []))[1].append(chunk)
        self._bytes += len(chunk.text)

    def sort(self) -> Iterator[pa.Table]:
        """Sort what was added: yield its events, if it has lines, and account for the others."""
        tables = []
        for (layout, since), parts in self._lines.items():
            for rows in self._sort_parts(layout, since, parts):
                tables.append(rows.kept)
                self._account_for(rows)
        self._clear()
        if tables:
            yield pa.concat_tables(tables)

    def _account_for(self, rows: SortedRows) -> None:
        """Add to the account of each file what became of its lines."""
        for file, line, reason in rows.rejected:
            run, chunks = self._added[file]
            run.reject(line, reason, "".join(chunk.numbered(line) for chunk in chunks))
        for file, line, reason in rows.filtered:
            self._added[file][0].filtered_lines.append((line, reason))
        for file, became, day, known_at, number in rows.numbers:
            self._added[file][0].tally(became, day, known_at, number)

    def _sort_parts(
        self, layout: FeedLayout, since: date | None, parts: list[pa.Table]
    ) -> list[SortedRows]:
        """Sort lines of one layout in one statement.

        Only if that fails, the lines of each part alone, so that one bad file fails and not all.
        """
        lines = pa.concat_tables(parts)
        run, _ = self._added[lines["line"][0].as_py() // STRIDE]
        try:
            with fence(run.file.name):
                return [self.sorter.sort(lines, layout, since)]
        except DataError as error:
            if len(parts) > 1:
                return [rows for part in parts for rows in self._sort_parts(layout, since, [part])]
            run.failed = str(error)
            return []
