"""Counts of all dyads of a feed: of files, in one pass and bounded memory, or by SQL."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from forecast.base.arguments import checked
from forecast.base.dates import EARLIEST, Day, optional_day, read_day, today
from forecast.base.errors import SpecError
from forecast.base.limits import require
from forecast.base.typing import Dyad
from forecast.data.events.codebook import HOST, VISIT, read_codes, read_scale
from forecast.data.events.counts import class_column, wide_mapping
from forecast.data.events.dyads import read_dyads
from forecast.data.events.table import CountTable
from forecast.data.feeds.expressions import text
from forecast.data.feeds.feed import FeedSettings
from forecast.data.feeds.gdelt import DAILY, GDELT
from forecast.data.feeds.reading import account_for, open_files, sorted_files, state_pair
from forecast.data.feeds.rules import COUNTED, Rules, lookup_tables

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    from sqlglot import exp

MEMORY = "800MB"
"""Memory limit of the database; larger data go to a temporary folder."""
TABLES = {
    "1.0": '"gdelt-bq".full.events_partitioned',
    "2.0": '"gdelt-bq".gdeltv2.events_partitioned',
}
PARTITION = "_PARTITIONTIME"
"""Day on which a row was added: BigQuery charges for the partitions that are read."""


@checked
def count_feed(
    paths: "str | Path | Sequence[str | Path]",
    *,
    feed: str | None = None,
    settings: FeedSettings | None = None,
    scale: str = "commitment",
    frequency: Literal["month", "week"] = "month",
) -> CountTable:
    """Count the events of all dyads of states in files of a machine-coded feed, in one pass.

    What is counted is what `read_feed` keeps; a panel of any dyad follows from the counts without
    reading again, and has the numbers of one built from `read_feed`. Single events are not kept, so
    that memory does not grow with the files: what does not fit goes to a scratch folder. Counts of
    a period are known from its last day, also those of events that a feed added later.

    Parameters
    ----------
    paths : str, pathlib.Path or sequence of them
        Files, zip archives, or folders of such.
    feed : str, optional
        Name of the feed; by default it is found from the content.
    settings : FeedSettings, optional
        What is counted; repeats and filtered rows are counted and cannot be listed.
    scale : str
        The ordering of codes into classes.
    frequency : {"month", "week"}
        Weeks begin on Monday.

    Returns
    -------
    CountTable
        For `forecast.data.panel.build_counts_panel`, with dataset the name of the feed; `accounts`
        has what became of the rows of each file.

    Raises
    ------
    DataError
        If no file can be read, one is named that is not there, of no feed or of another one, or no
        row is kept.
    SpecError
        If there is no such feed or scale, or a setting does not suit it.
    OutputError
        If memory or disk are full.

    Examples
    --------
    >>> from forecast import build_counts_panel
    >>> from forecast.data.feeds import count_feed
    >>> table = count_feed("gdelt/")  # doctest: +SKIP
    >>> panel = build_counts_panel(table, dyads=["USA-CHN"])  # doctest: +SKIP
    """
    settings = settings or FeedSettings()
    if settings.list_filtered:
        raise SpecError(
            "list_filtered: counting lists no rows. Leave the setting out, or use read_feed."
        )
    order = read_scale(scale)
    opened = open_files(paths, feed, settings)
    with sorted_files(
        opened, Rules(opened.feed, settings, kept=tuple(COUNTED)), MEMORY
    ) as database:
        counts = _counts(database, scale, frequency)
    account = account_for(opened, settings, len(counts))
    return CountTable(
        counts.assign(dataset=opened.feed.name), order.classes, order.zero_cut, frequency, **account
    )


def _counts(
    database: "duckdb.DuckDBPyConnection", scale: str, frequency: Literal["month", "week"]
) -> "pd.DataFrame":
    """Count what is left by dyad, period, direction and class."""
    length = "INTERVAL 1 MONTH" if frequency == "month" else "INTERVAL 7 DAY"
    counts: pd.DataFrame = database.sql(f"""
        WITH days AS (
            SELECT date, source_state AS source, target_state AS target, cameo, count(*) AS n
            FROM unique_rows GROUP BY ALL),
        {_sides(scale)}
        SELECT CAST(date_trunc('{frequency}', date) AS TIMESTAMP_S) AS date,
            CAST(date_trunc('{frequency}', date) + {length} - INTERVAL 1 DAY AS TIMESTAMP_S)
                AS known_at,
            source, target, dyad, CAST(class AS BIGINT) AS class, CAST(sum(n) AS BIGINT) AS n,
            CAST(sum(once) AS BIGINT) AS events
        FROM sides GROUP BY ALL ORDER BY dyad, date, source, class""").df()
    return counts


def _sides(scale: str) -> str:
    """Return the SQL of the table `sides`: the rows of `days` with dyad, class and `once`.

    `once` is what `event_counts` returns: how many events a row counts for, a two-sided one once.
    """
    classes = (
        read_codes()[["joint"]]
        .astype(int)
        .join(read_scale(scale).class_of.rename("class"))
        .reset_index()
    )
    # Of most dyads the first state is the first by the alphabet; of these it is the other one.
    turned = ", ".join(
        text("-".join(sorted(dyad.split("-"))))
        for dyad in read_dyads().index
        if dyad[:3] > dyad[4:]
    )
    return f"""
        classes AS ({_values(classes)}),
        named AS (
            SELECT *, CASE
                WHEN least(source, target) || '-' || greatest(source, target) IN ({turned})
                THEN greatest(source, target) || '-' || least(source, target)
                ELSE least(source, target) || '-' || greatest(source, target) END AS dyad
            FROM days),
        acts AS (
            SELECT named.*, class, joint = 1 AND cameo <> '{VISIT}'
                AND (cameo = '{HOST}' OR source <> left(dyad, 3)) AS follows,
                CASE cameo WHEN '{HOST}' THEN '{VISIT}' ELSE cameo END AS lead_code
            FROM named JOIN classes ON code = cameo),
        sides AS (
            SELECT acts.*,
                CASE WHEN follows THEN greatest(acts.n - coalesce(led.n, 0), 0) ELSE acts.n END
                AS once
            FROM acts LEFT JOIN days led ON led.date = acts.date AND led.source = acts.target
                AND led.target = acts.source AND led.cameo = acts.lead_code)"""


def _values(table: "pd.DataFrame") -> str:
    """Return the SQL of a small table."""
    rows = (
        ", ".join(text(cell) if isinstance(cell, str) else str(cell) for cell in row)
        for row in table.itertuples(index=False, name=None)
    )
    return (
        f"SELECT * FROM (VALUES {', '.join(f'({row})' for row in rows)}) AS "
        f"given({', '.join(table.columns)})"
    )


class Public(NamedTuple):
    """SQL for one of GDELT's public tables in BigQuery, and the mapping that reads its result."""

    sql: str
    mapping: dict[str, object]


@checked
def bigquery_sql(
    dyads: Sequence[Dyad],
    first: Day,
    last: Day,
    *,
    version: Literal["1.0", "2.0"] = "2.0",
    settings: FeedSettings | None = None,
    scale: str = "commitment",
) -> Public:
    """Write the SQL that counts dyads in GDELT's public tables in BigQuery; nothing is sent."""
    first_day = read_day(first, "first", first=True)
    last_day = read_day(last, "last")
    if first_day > last_day:
        raise SpecError(f"first {first_day} comes after last {last_day}. Choose an earlier day.")
    # BigQuery charges for columns and for days of adding. Nothing is added before its day; clocks
    # differ by one.
    begin = first_day - datetime.timedelta(days=1)
    added = (
        f"{PARTITION} BETWEEN TIMESTAMPTZ '{begin} 00:00:00+00' AND TIMESTAMPTZ '{last_day} "
        "00:00:00+00'"
    )
    sql = count_sql(
        TABLES[version],
        "bigquery",
        dyads=dyads,
        first=first_day,
        last=last_day,
        settings=settings,
        scale=scale,
        where=added,
    )
    order = read_scale(scale)
    return Public(f"{sql}\n", wide_mapping("gdelt", order.classes, order.zero_cut, "month"))


@checked
def count_sql(
    table: str,
    dialect: str,
    *,
    dyads: Sequence[Dyad] | None = None,
    first: Day | None = None,
    last: Day | None = None,
    settings: FeedSettings | None = None,
    scale: str = "commitment",
    where: str = "true",
) -> str:
    """Return the SQL that counts a table of GDELT events by the rules for files.

    It counts by month, direction and class.

    Parameters
    ----------
    table : str
        Name of the table of GDELT events, as the statement is to spell it.
    dialect : str
        One that sqlglot knows, such as ``duckdb``, ``spark`` or ``bigquery``.
    dyads : sequence of str, optional
        Dyads to count, such as USA-CHN; by default all.
    first, last : str, datetime.date or pandas.Timestamp, optional
        First and last day of the events; by default all up to today.
    settings : FeedSettings, optional
        Rules by which rows count; by default those for files.
    scale : str
        Scale whose classes are counted.
    where : str
        Condition in SQL on the rows of the table.

    Returns
    -------
    str
        A statement that returns one row per dyad, direction, period and class with the number of
        events `n`.

    Examples
    --------
    >>> from forecast import count_sql
    >>> print(count_sql("gdelt.events", "duckdb", dyads=["USA-CHN"]))  # doctest: +SKIP
    """
    first = optional_day(first, "first", first=True)
    last = optional_day(last, "last")
    require("sqlglot", "sql")
    import sqlglot

    settings = settings or FeedSettings()
    pairs = None if dyads is None else [state_pair(dyad) for dyad in dyads]
    rules = Rules(GDELT, settings, pairs, kept=tuple(COUNTED))
    columns = rules.columns(DAILY)
    cells = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '') AS {name}" for name in columns)
    begin, end = (f"DATE '{day}'" for day in (first or EARLIEST, last or today()))
    level = read_scale(scale)
    sums = ", ".join(
        f"sum(CASE WHEN class = {class_} THEN once ELSE 0 END) AS {class_column(class_)}"
        for class_ in range(len(level.classes))
    )
    tables = ", ".join(
        f"{name} AS ({_values(content)})" for name, content in lookup_tables().items()
    )
    sql = f"""
        WITH lines AS (SELECT 0 AS line, {cells} FROM {table} WHERE {where}), {tables},
        judged AS ({rules.statement(DAILY, columns)}),
        placed AS (
            SELECT date, source_state, target_state, cameo, row_number() OVER (
                PARTITION BY id ORDER BY known, date, source_state, target_state, cameo) AS place
            FROM judged WHERE reason = '' AND filter = 0 AND date BETWEEN {begin} AND {end}),
        days AS (
            SELECT date, source_state AS source, target_state AS target, cameo,
                {"1" if settings.one_a_day else "count(*)"} AS n
            FROM placed WHERE place = 1 GROUP BY date, source_state, target_state, cameo),
        {_sides(scale)}
        SELECT left(CAST(date AS VARCHAR), 7) AS time, source, target, {sums} FROM sides
        GROUP BY left(CAST(date AS VARCHAR), 7), source, target ORDER BY time, source, target"""
    return str(sqlglot.parse_one(sql, read="duckdb").transform(_portable).sql(dialect, pretty=True))


def _portable(node: "exp.Expression") -> "exp.Expression":
    """Return a function that DuckDB alone has in the words of any SQL."""
    import sqlglot
    from sqlglot import exp

    if isinstance(node, exp.RegexpFullMatch):
        return exp.RegexpLike(
            this=node.this, expression=exp.Literal.string(f"^({node.expression.this})$")
        )
    if isinstance(node, exp.Anonymous) and node.name == "strlen":
        return exp.Length(this=node.expressions[0])
    if (
        isinstance(node, exp.Cast)
        and isinstance(node.this, exp.Anonymous)
        and node.this.name == "try_strptime"
    ):
        digits = node.this.expressions[0].sql("duckdb")  # as %Y%m%d
        day = f"left({digits}, 4) || '-' || substr({digits}, 5, 2) || '-' || substr({digits}, 7, 2)"
        return sqlglot.parse_one(f"TRY_CAST({day} AS DATE)", read="duckdb")
    return node
