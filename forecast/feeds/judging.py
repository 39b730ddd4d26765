"""Selection and deduplication of feed rows in SQL, with the reason for each exclusion."""

import datetime
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.dates import EARLIEST, today
from forecast.feeds.feed import FIELDS, SECTORS, Feed, FeedSettings, FileFacts, Layout, Side, only_digits, quoted, text

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

MEMORY = "1GB"
MOST_REPORTS = 2**31 - 1
REPORT_DIGITS = 10
STRIDE = 2**40
"""Offset between the line numbers of chunks that are processed together: a chunk adds its place times this."""
PARENTS = {"1214": "121", "1834": "183", "1951": "195", "1952": "195", "155": "150", "176": "170"}
"""Codes that GDELT uses beyond the codebook, read as what they are a kind of."""
KEPT = (
    "line", "id", "date", "known", "source_state", "target_state", "cameo", "value", "quad", "given_quad", "n", "actor",
    "summary", "reference",
)  # fmt: skip
TEXTS = ("actor", "summary", "reference")
"""Fields that readers see and that do not affect the count."""
ACTING = ("source_organs", "target_organs", "mentions")
"""With `KEPT`, what later choices of settings need: of each side the organs that act, one bit a sector of `SECTORS`."""


@dataclass(frozen=True)
class Judged:
    """Accounting of some lines."""

    kept: "pa.Table"  # Events, columns `KEPT`, and `ACTING` if asked for; a line can have several
    rejected: dict[int, str]  # Reason by line
    filtered: list[tuple[int, str, int]]  # Place of the chunk, reason, and how many lines
    filtered_lines: dict[int, str]  # Reason by line, if the settings ask for the list


class Judge:
    """A database in memory with the tables of countries and codes, and the statement for a feed.

    Of events that are kept there are the columns `kept`, with `organs` those of `ACTING` as well. What does not fit
    into memory goes to the folder `scratch`, if there is one.
    """

    def __init__(
        self,
        feed: Feed,
        settings: FeedSettings,
        dyads: Sequence[str] | None,
        *,
        organs: bool = False,
        kept: Sequence[str] = KEPT,
        memory: str = MEMORY,
        scratch: str = "",
    ) -> None:
        import duckdb

        self.feed, self.settings, self.organs, self.kept = feed, settings, organs, kept
        self._columns: dict[tuple[Layout, FileFacts], tuple[str, ...]] = {}
        self.database = duckdb.connect(
            ":memory:", config={"memory_limit": memory, "threads": 2, "temp_directory": scratch}
        )
        self.database.execute("SET enable_external_access = false")
        _add_tables(self.database, dyads)

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def columns(self, layout: Layout, facts: FileFacts) -> tuple[str, ...]:
        """Return which columns of a layout are looked at."""
        if (layout, facts) not in self._columns:
            statement = self._statement(layout, facts, ())
            looked_at = (name for name in layout.columns if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", statement))
            self._columns[layout, facts] = tuple(looked_at)
        return self._columns[layout, facts]

    def judge(
        self,
        lines: "pa.Table",
        layout: Layout,
        facts: FileFacts,
        *,
        padded: bool = True,
        digits: Set[str] = frozenset(),
    ) -> Judged:
        """Judge lines, a table of `line` and the columns that are looked at, as text.

        Half of the time is saved if it is known that no field has blanks at an end (`padded`), and which columns
        have digits and nothing else.
        """
        run = self.database.execute
        self.database.register("lines", lines)
        # Most rows of a feed are filtered: of these nothing but the days is carried along.
        names = (*self.kept, *(ACTING if self.organs else ()))
        kept = ", ".join(
            name if name in ("line", "date", "known") else f"CASE WHEN kept THEN {name} END AS {name}" for name in names
        )
        statement = self._statement(layout, facts, lines.column_names, padded=padded, digits=digits)
        judged = f"SELECT *, reason = '' AND filter = 0 AS kept FROM ({statement})"
        run(f"CREATE OR REPLACE TEMP TABLE judged AS SELECT {kept}, reason, filter, kept FROM ({judged})")
        self.database.unregister("lines")
        events = self.database.sql(f"SELECT {', '.join(names)} FROM judged WHERE kept ORDER BY line, id")
        others = "(SELECT line, reason, filter FROM judged WHERE NOT kept)"
        if self.feed.pairs:
            others = (
                "(SELECT line, max(reason) AS reason, max(filter) AS filter FROM judged GROUP BY line "
                "HAVING NOT bool_or(kept))"
            )
        rejected = run(f"SELECT line, reason FROM {others} WHERE reason <> '' ORDER BY line").fetchall()
        filtered = run(
            f"SELECT line // {STRIDE}, filter, count(*) FROM {others} WHERE reason = '' GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        listed = f"SELECT line, filter FROM {others} WHERE reason = '' ORDER BY line"
        lines_filtered = run(listed).fetchall() if self.settings.list_filtered else []
        words = list(_filters(self.settings).values())
        return Judged(
            events.to_arrow_table(),
            dict(rejected),
            [(place, words[at - 1], number) for place, at, number in filtered],
            {line: words[at - 1] for line, at in lines_filtered},
        )

    def days(self) -> "list[tuple[int, datetime.date | None, datetime.date | None, int]]":
        """Count the rows judged last that were not rejected by chunk, day of the event and day of becoming known."""
        return self.database.execute(
            f"SELECT line // {STRIDE}, date, known, count(*) FROM judged WHERE reason = '' GROUP BY ALL"
        ).fetchall()

    def tally(self) -> "list[tuple[int, datetime.date | None, datetime.date | None, str, int]]":
        """Count the lines judged last by chunk, day of the event, day of becoming known, and what became of them."""
        return self.database.execute(
            f"""
            SELECT line // {STRIDE}, date, known, became, count(*) FROM (
                SELECT line, min(date) AS date, min(known) AS known,
                    CASE WHEN bool_or(kept) THEN 'kept'
                    WHEN max(reason) <> '' THEN 'rejected' ELSE 'filtered' END AS became
                FROM judged GROUP BY line)
            GROUP BY ALL ORDER BY ALL"""
        ).fetchall()

    def _statement(
        self,
        layout: Layout,
        facts: FileFacts,
        present: Sequence[str],
        *,
        padded: bool = True,
        digits: Set[str] = frozenset(),
    ) -> str:
        """Return the statement; columns of the layout that are not present are not looked at."""
        fields = self.feed.fields(layout.columns, self.settings, facts)
        missing = ", ".join(map(text, self.feed.missing))
        cell = "CASE WHEN {0} IN (" + missing + ") THEN '' ELSE {0} END" if self.feed.missing != ("",) else "{0}"
        cells = ", ".join(
            f"{cell.format(f'trim({quoted(name)})' if padded else quoted(name))} AS {quoted(name)}"
            for name in present
            if name != "line"
        )
        rows = f"SELECT line, {cells} FROM lines"
        if self.feed.pairs:
            rows = f"SELECT *, unnest({self.feed.pairs}) AS pair FROM ({rows})"
        said = ", ".join(f"{"''" if name in self._unasked() else fields[name]} AS {name}" for name in FIELDS)
        said += f", {self._acts(fields)} AS acts"
        said += self._organs("source") + self._organs("target") if self.organs else ""
        said = f"SELECT line, {said} FROM ({rows})"
        for name in digits:
            said = said.replace(only_digits(name), "true")
        located = f"""
            SELECT said.*, code.code AS cameo, code.quad, s.state AS source_state, t.state AS target_state,
                coalesce(TRY_CAST(said.goldstein AS DOUBLE), code.goldstein) AS value,
                coalesce(TRY_CAST(source_quad AS TINYINT), 0) AS given_quad,
                greatest(TRY_CAST(reports AS BIGINT), 1) AS n
            FROM ({said}) said
            LEFT JOIN codes code ON code.written = said.code
            LEFT JOIN states s ON s.written = lower(said.source)
            LEFT JOIN states t ON t.written = lower(said.target)"""
        places = " ".join(f"WHEN {case} THEN {place}" for place, case in enumerate(_filters(self.settings), 1))
        reasons = _reasons(whole=fields["reports"] in digits)
        return f"SELECT *, {reasons} AS reason, CASE {places} ELSE 0 END AS filter FROM ({located})"

    def _unasked(self) -> set[str]:
        """Return the fields that are never read."""
        unasked = {name for name in TEXTS if name not in self.kept}
        if "given_quad" not in self.kept:
            unasked.add("source_quad")
        if not self.organs and self.settings.minimum_mentions == 1:
            unasked.add("mentions")
        return unasked

    def _acts(self, fields: Mapping[str, str]) -> str:
        """Return the SQL condition that both actors act for their states; of rows without two it is not asked."""
        if self.settings.sectors == "all":
            return "true"
        source, target = (self.feed.acts(side, self.settings) for side in ("source", "target"))
        two = f"{fields['source']} <> '' AND {fields['target']} <> '' AND {fields['source']} <> {fields['target']}"
        return f"CASE WHEN {two} THEN ({source}) AND ({target}) END"

    def _organs(self, side: Side) -> str:
        """Return the SQL of the organs of a state that an actor is, as a sum of bits."""
        bits = [
            f"CASE WHEN {self.feed.acts(side, FeedSettings(sectors=(sector,)))} THEN {1 << place} ELSE 0 END"
            for place, sector in enumerate(SECTORS)
        ]
        return f", CAST({' + '.join(bits)} AS UTINYINT) AS {side}_organs"


def _add_tables(database: "duckdb.DuckDBPyConnection", dyads: Sequence[str] | None) -> None:
    import pyarrow as pa

    from forecast.events.codebook import read_codes
    from forecast.feeds.feed import state_names

    known, names = read_codes(), state_names()
    written = {code: code for code in known.index} | {
        code: to for code, to in PARENTS.items() if code not in known.index
    }
    codes = known.loc[list(written.values())]
    tables: dict[str, dict[str, list[Any]]] = {
        "codes": {
            "written": list(written),
            "code": list(written.values()),
            "quad": codes["quad"].tolist(),
            "goldstein": codes["goldstein"].tolist(),
        },
        "states": {"written": list(names), "state": list(names.values())},
    }
    for name, columns in tables.items():
        database.register("given", pa.table(columns))
        database.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM given")
        database.unregister("given")
    pairs = ["-".join(sorted(dyad.split("-"))) for dyad in dyads or ()]
    among = "least(one, other) || '-' || greatest(one, other)"
    wanted = "true" if dyads is None else f"({among}) IN ({', '.join(map(text, pairs)) or 'NULL'})"
    database.execute(f"CREATE TEMP MACRO wanted(one, other) AS {wanted}")


def _reasons(*, whole: bool) -> str:
    """Return the SQL of all that is wrong with a row, '' if nothing is; `whole` says that reports are digits."""
    latest = f"DATE '{today():%Y-%m-%d}'"
    faults = {
        "id = ''": "'no event id, or none that is one'",
        "date IS NULL": "'date: not a day'",
        f"date < DATE '{EARLIEST}'": "'date: before 1700'",
        f"date > {latest}": "'date is later than today'",
        "known IS NULL AND date IS NOT NULL": "'day of publication: not a day'",
        # Clocks of sources differ by a day; a report long before its event is an error.
        "known < date - 1": "'published before its date'",
        f"known > {latest}": "'published later than today'",
        "cameo IS NULL": "'code ' || left(code, 20) || ': not a code of the codebook'",
        "source <> '' AND source_state IS NULL": "'source ' || left(source, 40) || ': no country of that name or code'",
        "target <> '' AND target_state IS NULL": "'target ' || left(target, 40) || ': no country of that name or code'",
        "goldstein <> '' AND coalesce(NOT TRY_CAST(goldstein AS DOUBLE) BETWEEN -10 AND 10, true)":
            "'intensity ' || left(goldstein, 20) || ': not a number from -10 to 10'",
        f"NOT ({'true' if whole else only_digits('reports')} AND strlen(reports) <= {REPORT_DIGITS} "
        f"AND TRY_CAST(reports AS BIGINT) <= {MOST_REPORTS})":
            "'reports ' || left(reports, 20) || ': not a whole number'",
    }  # fmt: skip
    cases = ", ".join(f"CASE WHEN {fault} THEN {words} END" for fault, words in faults.items())
    # Hardly a row has a fault: only of those that have one is it looked up which.
    return f"CASE WHEN {' OR '.join(f'({fault})' for fault in faults)} THEN concat_ws('; ', {cases}) ELSE '' END"


def _filters(settings: FeedSettings) -> dict[str, str]:
    """Return why a row is not counted, by the SQL of the condition; of several the first holds."""
    cases = {
        "source = '' OR target = ''": "no country on one side",
        "source_state = '' OR target_state = ''": "a region or organisation, no state, on one side",
        "source_state = target_state": "the same state on both sides",
        "NOT wanted(source_state, target_state)": "of another dyad",
        "NOT coalesce(acts, false)": "an actor that does not act for its state (sectors)",
    }
    if not settings.statements:
        cases["left(cameo, 2) IN ('01', '02')"] = "a statement or appeal (statements)"
    if settings.minimum_mentions > 1:
        few = f"coalesce(TRY_CAST(mentions AS BIGINT), 0) < {settings.minimum_mentions}"
        cases[few] = "fewer mentions than asked for (minimum_mentions)"
    return cases


Place = tuple[int, int, str]
"""Position of the file, line, reason."""
EVENT_KEY = ("date", "source_state", "target_state", "cameo")
REPLACED, SAME_EVENT, SAME_DAY = 1, 2, 3
"""Reasons for excluding a row, in `gone`."""
WORDS = {
    REPLACED: "'replaced by the newer edition ' || by_name",
    SAME_EVENT: "'the same event as ' || by_name || ', line ' || by_line",
    SAME_DAY: "'the same day, sides and code as ' || by_name || ', line ' || by_line",
}
ROWS_OF_A_DAY = 10**12
"""More than there are rows: a day and a row make one number, by which the first is found."""


class Unique(NamedTuple):
    """Events without repetitions; and the lines that were taken out, each with its reason.

    A line of which one event is left is in neither list.
    """

    events: "pd.DataFrame"
    superseded: list[Place]
    repeats: list[Place]


def without_repeats(
    rows: "pa.Table", names: Sequence[str], settings: FeedSettings, facts: Sequence[FileFacts]
) -> Unique:
    """Take out what repeats other rows, in the order of the rows: the first of each stays."""
    import duckdb

    with duckdb.connect(":memory:") as database:
        database.register("given", rows)
        database.execute("CREATE TABLE kept AS SELECT * FROM given; SET enable_external_access = false")
        take_out_repeats(database, settings, facts)
        unique = database.sql("SELECT * EXCLUDE row FROM unique_rows ORDER BY row").df()
        gone = gone_lines(database, names)
    return Unique(
        unique,
        [(place, line, reason) for place, line, why, reason in gone if why == REPLACED],
        [(place, line, reason) for place, line, why, reason in gone if why != REPLACED],
    )


def take_out_repeats(database: "duckdb.DuckDBPyConnection", settings: FeedSettings, facts: Sequence[FileFacts]) -> None:
    """Fill `gone` with the rows of `kept` that repeat others, and make the view `unique_rows` of all others."""
    run = database.execute
    # By row of `kept`: why it is gone, and for what: a file that replaces it, or a row that it repeats.
    run("CREATE TEMP TABLE gone (row BIGINT, why TINYINT, cause BIGINT)")
    run("CREATE TEMP VIEW left_over AS SELECT rowid AS row, * FROM kept WHERE rowid NOT IN (SELECT row FROM gone)")
    for place, fact in enumerate(facts):
        if fact.year is not None:
            run(
                f"""INSERT INTO gone SELECT row, {REPLACED}, {place} FROM left_over,
                (SELECT min(date) AS first, max(date) AS last FROM kept
                    WHERE place = {place} AND year(date) = {fact.year})
                WHERE place > {place} AND date BETWEEN first AND last"""
            )
    run(
        f"""INSERT INTO gone SELECT row, {SAME_EVENT}, first FROM left_over
        JOIN (SELECT id, min(row) AS first FROM left_over GROUP BY id HAVING count(*) > 1) USING (id)
        WHERE row <> first"""
    )
    key = ", ".join(EVENT_KEY)
    # The report that was known first stays.
    earliest = f"min(datediff('day', DATE '0001-01-01', known) * {ROWS_OF_A_DAY} + row) % {ROWS_OF_A_DAY}"
    run(
        f"""CREATE TEMP TABLE together AS
        SELECT {key}, {earliest} AS first, sum(n)::BIGINT AS reports, min(known) AS since
        FROM left_over GROUP BY {key} HAVING count(*) > 1 AND {settings.one_a_day}"""
    )
    run(f"INSERT INTO gone SELECT row, {SAME_DAY}, first FROM left_over JOIN together USING ({key}) WHERE row <> first")
    run(
        """CREATE TEMP VIEW unique_rows AS
        SELECT left_over.* REPLACE (coalesce(reports, n) AS n, coalesce(since, known) AS known)
        FROM left_over LEFT JOIN (SELECT first, reports, since FROM together) ON row = first"""
    )


def _gone(database: "duckdb.DuckDBPyConnection") -> str:
    """Return the SQL of the lines of which nothing is left, each once: place, line, why and for what."""
    order = f"(why * {ROWS_OF_A_DAY} + gone.row)"
    return f"""
        SELECT place, line, arg_min(why, {order}) AS why, arg_min(cause, {order}) AS cause
        FROM gone JOIN kept ON kept.rowid = gone.row ANTI JOIN left_over USING (place, line)
        GROUP BY place, line"""


def gone_lines(database: "duckdb.DuckDBPyConnection", names: Sequence[str]) -> list[tuple[int, int, int, str]]:
    """Return place, line, why and reason in words of each line of which nothing is left."""
    import pyarrow as pa

    database.register("file_names", pa.table({"number": list(range(len(names))), "by_name": list(names)}))
    words = " ".join(f"WHEN {why} THEN {said}" for why, said in WORDS.items())
    return database.execute(
        f"""SELECT place, line, why, CASE why {words} END FROM (
            SELECT gone.*, other.line AS by_line, by_name
            FROM ({_gone(database)}) gone
            LEFT JOIN kept other ON why <> {REPLACED} AND other.rowid = cause
            JOIN file_names ON number = CASE WHEN why = {REPLACED} THEN cause ELSE other.place END)
        ORDER BY place, line"""
    ).fetchall()


def gone_numbers(database: "duckdb.DuckDBPyConnection") -> list[tuple[int, int, int, int]]:
    """Return how many lines of a file nothing is left of: place, why, the file that replaces them, number."""
    return database.execute(
        f"SELECT place, why, CASE WHEN why = {REPLACED} THEN cause ELSE -1 END AS cause, count(*) "
        f"FROM ({_gone(database)}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
