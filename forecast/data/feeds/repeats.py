"""Rows of a feed that repeat others, excluded in SQL, with the reason for each.

The table `kept` holds the events of all files, in the order in which the first of several is the
one to keep; its column `file` is the number of the file. A row is excluded if a newer edition
replaces its file, if it has the id of an earlier row, or, if the settings ask for one event a day,
if it has the day, sides and code of an earlier row.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

EVENT_KEY = "date, source_state, target_state, cameo"
# Why a row is excluded: the column `why` of the table `excluded`. Its column `cause` is a file for
# the first, and the kept row for the others.
REPLACED = 1
SAME_EVENT = 2
SAME_DAY = 3
# A day and a row make one number, by which the first is found: more than there are rows.
MAX_ROWS = 10**12

EXCLUSIONS = f"""
    SELECT excluded.row,
        why,
        CASE why
            WHEN {REPLACED} THEN 'replaced by the newer edition ' || names.name
            WHEN {SAME_EVENT} THEN 'the same event as ' || names.name || ', line ' || kept.line
            ELSE 'the same day, sides and code as ' || names.name || ', line ' || kept.line
        END AS reason
    FROM excluded
    LEFT JOIN kept ON why <> {REPLACED} AND kept.rowid = cause
    JOIN names ON names.file = CASE WHEN why = {REPLACED} THEN cause ELSE kept.file END"""
"""The excluded rows, each with its reason in words; the table `names` has the names of files."""
LINES_WITHOUT_EVENT = f"""
    SELECT file, line, arg_min(excluded.row, why * {MAX_ROWS} + excluded.row) AS row
    FROM excluded
    JOIN kept ON kept.rowid = excluded.row
    ANTI JOIN remaining USING (file, line)
    GROUP BY file, line"""
"""The lines of which no event remains, each with the first of its excluded rows."""


def exclude_repeats(
    database: "duckdb.DuckDBPyConnection", *, one_a_day: bool, age: str = "file"
) -> None:
    """Fill the table `excluded`, and make the view `unique_rows` of all other rows of `kept`.

    A file is replaced on the days that one of the `editions` covers, if that one is newer: has a
    smaller `age`, a column of `kept`.
    """
    run = database.execute
    run("CREATE TEMP TABLE excluded (row BIGINT, why TINYINT, cause BIGINT)")
    run("""
        CREATE TEMP VIEW remaining AS
        SELECT rowid AS row, * FROM kept WHERE rowid NOT IN (SELECT row FROM excluded)""")
    run(f"""
        INSERT INTO excluded
        SELECT kept.rowid, {REPLACED}, arg_min(e.file, (e.age, e.file))
        FROM kept
        JOIN editions e ON kept.{age} > e.age AND kept.date BETWEEN e.first AND e.last
        GROUP BY ALL""")
    run(f"""
        INSERT INTO excluded
        SELECT row, {SAME_EVENT}, first
        FROM remaining
        JOIN (
            SELECT id, min(row) AS first FROM remaining GROUP BY id HAVING count(*) > 1
        ) USING (id)
        WHERE row <> first""")
    # Of the reports of one day the one that was known first stays, with the number of all.
    days_known = "datediff('day', DATE '0001-01-01', known)"
    run(f"""
        CREATE TEMP TABLE merged AS
        SELECT {EVENT_KEY},
            min({days_known} * {MAX_ROWS} + row) % {MAX_ROWS} AS first,
            sum(n)::BIGINT AS reports,
            min(known) AS since
        FROM remaining
        GROUP BY {EVENT_KEY}
        HAVING count(*) > 1 AND {one_a_day}""")
    run(f"""
        INSERT INTO excluded
        SELECT row, {SAME_DAY}, first
        FROM remaining
        JOIN merged USING ({EVENT_KEY})
        WHERE row <> first""")
    run("""
        CREATE TEMP VIEW unique_rows AS
        SELECT remaining.* REPLACE (coalesce(reports, n) AS n, coalesce(since, known) AS known)
        FROM remaining
        LEFT JOIN (SELECT first, reports, since FROM merged) ON row = first""")


def excluded_lines(database: "duckdb.DuckDBPyConnection") -> list[tuple[int, int, int, str]]:
    """Return file, line, why and reason in words of each line of which no event remains."""
    return database.execute(f"""
        SELECT file, line, why, reason
        FROM ({LINES_WITHOUT_EVENT})
        JOIN ({EXCLUSIONS}) USING (row)
        ORDER BY file, line""").fetchall()


def excluded_numbers(database: "duckdb.DuckDBPyConnection") -> list[tuple[int, int, int, int]]:
    """Return of how many lines no event remains, by file, why, and the file that replaces it."""
    return database.execute(f"""
        SELECT file, why, CASE WHEN why = {REPLACED} THEN cause ELSE -1 END AS cause, count(*)
        FROM ({LINES_WITHOUT_EVENT})
        JOIN excluded USING (row)
        GROUP BY ALL
        ORDER BY ALL""").fetchall()
