"""Rows that repeat others: the same event again, an older edition, one happening reported again.

Everything happens in a table `kept` of a database, so that it may be larger than memory: `gone` says which of its rows
are taken out, and the view `unique_rows` is what is left.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from forecast.feeds.feed import FileFacts
from forecast.feeds.settings import FeedSettings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

Place = tuple[int, int, str]
"""Position of the file, line, reason."""
HAPPENING = ("date", "source_state", "target_state", "cameo")
REPLACED, SAME_EVENT, SAME_HAPPENING = 1, 2, 3
"""Why a row is gone, in `gone`."""
WORDS = {
    REPLACED: "'replaced by the newer edition ' || by_name",
    SAME_EVENT: "'the same event as ' || by_name || ', line ' || by_line",
    SAME_HAPPENING: "'the same day, sides and code as ' || by_name || ', line ' || by_line",
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
    key = ", ".join(HAPPENING)
    # The report that was known first stays.
    earliest = f"min(datediff('day', DATE '0001-01-01', known) * {ROWS_OF_A_DAY} + row) % {ROWS_OF_A_DAY}"
    run(
        f"""CREATE TEMP TABLE together AS
        SELECT {key}, {earliest} AS first, sum(n)::BIGINT AS reports, min(known) AS since
        FROM left_over GROUP BY {key} HAVING count(*) > 1 AND {settings.one_a_day}"""
    )
    run(
        f"INSERT INTO gone SELECT row, {SAME_HAPPENING}, first FROM left_over JOIN together USING ({key}) "
        "WHERE row <> first"
    )
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
