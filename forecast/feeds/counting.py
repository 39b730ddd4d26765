"""All dyads of states of a feed counted in one pass, in memory that does not grow with the files."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from forecast.arguments import FEED_SETTINGS, FREQUENCY, PATHS, TEXT, checked
from forecast.errors import OutputError, SpecError
from forecast.events.codebook import HOST, VISIT, read_codes, read_scale
from forecast.events.dyads import dyad_code
from forecast.events.table import CountTable
from forecast.feeds.judging import KEPT, TEXTS, Judge
from forecast.feeds.reading import FileRun, account_of, begin, nothing_kept, read_files, rejects_of, source_files
from forecast.feeds.repeats import REPLACED, gone_numbers, take_out_repeats
from forecast.feeds.settings import FeedSettings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

COUNTED = tuple(name for name in KEPT if name not in (*TEXTS, "value", "quad", "given_quad"))
"""Of what is known of an event, what it is counted by."""
MEMORY = "800MB"
"""Of the database; what does not fit goes to a scratch folder."""


@checked(paths=PATHS, feed=TEXT, settings=FEED_SETTINGS, scale=TEXT, frequency=FREQUENCY)
def count_feed(
    paths: "str | Path | Sequence[str | Path]",
    *,
    feed: str | None = None,
    settings: FeedSettings | None = None,
    scale: str = "commitment",
    frequency: Literal["month", "week"] = "month",
) -> CountTable:
    """Count the events of all dyads of states in files of a machine-coded feed, in one pass.

    What is counted is what `read_feed` keeps; a panel of any dyad follows from the counts without reading again, and
    has the numbers of one built from `read_feed`. Single events are not kept, so that memory does not grow with the
    files: what does not fit goes to a scratch folder. Counts of a period are known from its last day, also those of
    events that a feed added later.

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
        For `forecast.panel.build_counts_panel`, with dataset the name of the feed; `accounts` has what became of the
        rows of each file.

    Raises
    ------
    DataError
        If no file can be read, one is named that is not there, of no feed or of another one, or no row is kept.
    SpecError
        If there is no such feed or scale, or a setting does not suit it.
    OutputError
        If memory or disk are full.

    Examples
    --------
    >>> from forecast import build_counts_panel
    >>> from forecast.feeds import count_feed
    >>> table = count_feed("gdelt/")  # doctest: +SKIP
    >>> panel = build_counts_panel(table, dyads=["USA-CHN"])  # doctest: +SKIP
    """
    settings = settings or FeedSettings()
    if settings.list_filtered:
        raise SpecError("list_filtered: counting lists no rows. Leave the setting out, or use read_feed.")
    order = read_scale(scale)
    opened = begin(paths, feed, settings)
    kind, runs = opened.feed, opened.runs
    with (
        _room(),
        tempfile.TemporaryDirectory() as scratch,
        Judge(kind, settings, None, kept=COUNTED, memory=MEMORY, scratch=scratch) as judge,
    ):
        _fill(judge, runs)
        judge.database.execute("SET threads = 2")
        take_out_repeats(judge.database, settings, [run.facts for run in runs])
        repeated = _repeated(judge.database, runs)
        counts = _counts(judge.database, scale, frequency)
        read = opened.read
    account, rejects = account_of(opened, settings, repeated), rejects_of(opened)
    if counts.empty:
        raise nothing_kept(account, rejects)
    return CountTable(
        counts=counts.assign(dataset=kind.name),
        classes=order.classes,
        zero_cut=order.zero_cut,
        frequency=frequency,
        rejects=rejects,
        files=source_files(read),
        accounts=(account,),
    )


def _fill(judge: Judge, runs: list[FileRun]) -> None:
    """Put all events of files that can be read into the table `kept`."""
    run = judge.database.execute
    run(
        "CREATE TEMP TABLE kept (place INTEGER, line BIGINT, id VARCHAR, date DATE, known DATE, source_state VARCHAR, "
        "target_state VARCHAR, cameo VARCHAR, n BIGINT)"
    )
    for events in read_files(runs, judge):
        judge.database.register("events", events)
        run(f"INSERT INTO kept SELECT place, {', '.join(COUNTED)} FROM events")
        judge.database.unregister("events")
    for place, one in enumerate(runs):
        if one.failed:
            run(f"DELETE FROM kept WHERE place = {place}")


def _repeated(database: "duckdb.DuckDBPyConnection", runs: list[FileRun]) -> Counter[int]:
    """Return how many lines of each file are duplicates; those that a newer edition replaces are filtered."""
    repeated: Counter[int] = Counter()
    for place, why, by, number in gone_numbers(database):
        if why == REPLACED:
            runs[place].filter({f"replaced by the newer edition {runs[by].file.name}": number}, {})
        else:
            repeated[place] += number
    return repeated


@contextmanager
def _room() -> Iterator[None]:
    """Answer a full memory or disk in a sentence."""
    import duckdb

    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise OutputError(
            f"There is no room for counting: {str(error).splitlines()[0]:.200}. Free memory, or disk in the scratch "
            f"folder {tempfile.gettempdir()}, or name another one by TMPDIR."
        ) from error


def _counts(database: "duckdb.DuckDBPyConnection", scale: str, frequency: Literal["month", "week"]) -> "pd.DataFrame":
    """Count what is left by dyad, period, direction and class.

    Of a joint act that a day has in both directions, `happenings` counts the other side no second time: it is the
    rule of `forecast.panel.events`, for rows that are a happening each.
    """
    import pyarrow as pa

    codes, class_of = read_codes(), read_scale(scale).class_of
    database.register(
        "classes",
        pa.table({"code": list(codes.index), "joint": list(codes["joint"]), "class": class_of[codes.index].tolist()}),
    )
    pairs = database.execute("SELECT DISTINCT source_state, target_state FROM unique_rows ORDER BY ALL").fetchall()
    names = {"source": pa.array([one for one, _ in pairs], pa.string())}
    names |= {"target": pa.array([other for _, other in pairs], pa.string())}
    names |= {"dyad": pa.array([dyad_code(*pair) for pair in pairs], pa.string())}
    database.register("pairs", pa.table(names))
    length = "INTERVAL 1 MONTH" if frequency == "month" else "INTERVAL 7 DAY"
    counts: pd.DataFrame = database.sql(f"""
        WITH days AS (
            SELECT date, source_state AS source, target_state AS target, cameo, count(*) AS n
            FROM unique_rows GROUP BY ALL),
        acts AS (
            SELECT days.*, dyad, class, joint AND cameo <> '{VISIT}'
                AND (cameo = '{HOST}' OR source <> left(dyad, 3)) AS follows
            FROM days JOIN classes ON code = cameo JOIN pairs USING (source, target)),
        sides AS (
            SELECT acts.*, CASE WHEN follows THEN greatest(acts.n - coalesce(led.n, 0), 0) ELSE acts.n END AS once
            FROM acts LEFT JOIN days led ON acts.follows AND led.date = acts.date
                AND led.source = acts.target AND led.target = acts.source
                AND led.cameo = CASE acts.cameo WHEN '{HOST}' THEN '{VISIT}' ELSE acts.cameo END)
        SELECT CAST(date_trunc('{frequency}', date) AS TIMESTAMP_S) AS date,
            CAST(date_trunc('{frequency}', date) + {length} - INTERVAL 1 DAY AS TIMESTAMP_S) AS known_at,
            source, target, dyad, CAST(class AS BIGINT) AS class, CAST(sum(n) AS BIGINT) AS n,
            CAST(sum(once) AS BIGINT) AS happenings
        FROM sides GROUP BY ALL ORDER BY dyad, date, source, class""").df()
    return counts
