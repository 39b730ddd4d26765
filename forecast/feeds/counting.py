"""Counts of all dyads of a feed in one pass: from files in bounded memory, or from GDELT tables through Ibis."""

import datetime
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from forecast.arguments import DATE, DYADS, FEED_SETTINGS, FREQUENCY, PATHS, TEXT, checked, require
from forecast.dates import EARLIEST, today
from forecast.errors import OutputError, SpecError
from forecast.events.codebook import HOST, VISIT, read_codes, read_scale
from forecast.events.counts import class_column, wide_mapping
from forecast.events.dyads import dyad_code, read_dyads
from forecast.events.table import CountTable
from forecast.feeds.feed import CAMEO_AGENTS, FeedSettings, acting, state_names
from forecast.feeds.judging import KEPT, MOST_REPORTS, PARENTS, REPLACED, TEXTS, Judge, gone_numbers, take_out_repeats
from forecast.feeds.reading import (
    FileRun,
    account_of,
    begin,
    nothing_kept,
    read_files,
    rejects_of,
    source_files,
    state_pair,
)

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pandas as pd

COUNTED = tuple(name for name in KEPT if name not in (*TEXTS, "value", "quad", "given_quad"))
"""Fields of an event by which it is counted."""
MEMORY = "800MB"
"""Memory limit of the database; larger data go to a temporary folder."""


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
    """Return the number of duplicate lines of each file; those that a newer edition replaces are filtered."""
    repeated: Counter[int] = Counter()
    for place, why, by, number in gone_numbers(database):
        if why == REPLACED:
            runs[place].filtered[f"replaced by the newer edition {runs[by].file.name}"] += number
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

    `events` counts a two-sided event of a day once, as `forecast.panel.events` does of rows that are one event each.
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
            CAST(sum(once) AS BIGINT) AS events
        FROM sides GROUP BY ALL ORDER BY dyad, date, source, class""").df()
    return counts


INTEGERS = ("GLOBALEVENTID", "SQLDATE", "DATEADDED", "NumMentions", "NumArticles")
NUMBERS = ("GoldsteinScale",)
CELLS = ("EventCode", *(f"Actor{side}{part}" for side in (1, 2) for part in
         ("Code", "CountryCode", "Type1Code", "Type2Code", "Type3Code")))  # fmt: skip
COLUMNS = (*INTEGERS, *NUMBERS, *CELLS)
"""The columns of GDELT that are looked at; a query names no others, since BigQuery charges by column."""
TABLES = {"1.0": ("gdelt-bq", "full"), "2.0": ("gdelt-bq", "gdeltv2")}
PARTITION = "_PARTITIONTIME"
"""Day on which a row was added: BigQuery charges for the partitions that are read."""


class Public(NamedTuple):
    """SQL for one of GDELT's public tables in BigQuery, and the mapping by which its result is read."""

    sql: str
    mapping: dict[str, object]


@checked(dyads=DYADS, first=DATE, last=DATE, version=TEXT, settings=FEED_SETTINGS, scale=TEXT)
def bigquery_sql(
    dyads: Sequence[str],
    first: datetime.date,
    last: datetime.date,
    *,
    version: Literal["1.0", "2.0"] = "2.0",
    settings: FeedSettings | None = None,
    scale: str = "commitment",
) -> Public:
    """Write the SQL that counts dyads in GDELT's public tables in BigQuery. Nothing is sent anywhere."""
    require("ibis", "ibis")
    import ibis

    if version not in TABLES:
        raise SpecError(f"version: there is no GDELT {version!r:.20}. Use one of {', '.join(TABLES)}.")
    if first > last:
        raise SpecError(f"first {first} comes after last {last}. Choose an earlier day.")
    catalog, database = TABLES[version]
    schema = dict.fromkeys(INTEGERS, "int64") | dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(CELLS, "string")
    table = ibis.table(
        schema | {PARTITION: "timestamp('UTC')"}, name="events_partitioned", catalog=catalog, database=database
    )
    # Nothing is added before its day; clocks of sources differ by one.
    day = datetime.timedelta(days=1)
    added = table[PARTITION].between(*(ibis.timestamp(f"{at:%Y-%m-%d}T00:00:00Z") for at in (first - day, last)))
    counted = count_table(table.filter(added), dyads=dyads, first=first, last=last, settings=settings, scale=scale)
    order = read_scale(scale)
    return Public(
        f"{ibis.to_sql(counted, dialect='bigquery')}\n", wide_mapping("gdelt", order.classes, order.zero_cut, "month")
    )


def count_table(
    events: "ir.Table",
    *,
    dyads: Sequence[str] | None = None,
    first: datetime.date | None = None,
    last: datetime.date | None = None,
    settings: FeedSettings | None = None,
    scale: str = "commitment",
) -> "ir.Table":
    """Return the expression that counts a table of GDELT events by month, direction and class."""
    settings = settings or FeedSettings()
    rows = _judged(events, settings)
    if first is not None:
        rows = rows.filter(rows.day >= first)
    if last is not None:
        rows = rows.filter(rows.day <= last)
    if dyads is not None:
        pairs = ["-".join(sorted(state_pair(dyad).split("-"))) for dyad in dyads]
        rows = rows.filter(rows.pair.isin(pairs))
    return _by_class(_once_a_day(rows, settings), scale)


def _judged(events: "ir.Table", settings: FeedSettings) -> "ir.Table":
    """Return the rows between two states that are counted: id, day, known, source, target, pair, code."""
    import ibis

    cells = {name: events[name].cast("string").fill_null("").strip() for name in COLUMNS}
    rows = events.select(**{name.lower(): cell for name, cell in cells.items()})
    codes = {code: code for code in read_codes().index}
    codes |= {code: parent for code, parent in PARENTS.items() if code not in codes}
    states = {code: state for code, state in state_names().items() if len(code) == len("USA") and state}
    rows = rows.mutate(
        day=_day(rows.sqldate),
        known=_day(rows.dateadded.left(8)),
        code=_mapped(rows.eventcode, codes),
        source=_mapped(rows.actor1countrycode.lower(), states),
        target=_mapped(rows.actor2countrycode.lower(), states),
        goldstein=rows.goldsteinscale.try_cast("float64"),
        reports=rows.numarticles.try_cast("int64"),
    )
    latest = ibis.date(f"{today():%Y-%m-%d}")
    right = [
        rows.globaleventid.re_search("^[0-9]{1,18}$"),
        rows.sqldate.re_search("^[0-9]{8}$"),
        rows.dateadded.re_search("^[0-9]{8}([0-9]{6})?$"),
        rows.day.between(ibis.date(f"{EARLIEST:%Y-%m-%d}"), latest),
        rows.known.delta(rows.day, unit="day") >= -1,
        rows.known <= latest,
        (rows.goldsteinscale == "") | rows.goldstein.between(-10, 10),
        rows.numarticles.re_search("^[0-9]{1,10}$") & (rows.reports <= MOST_REPORTS),
        rows.code.notnull(),
        rows.source != rows.target,
    ]
    if settings.sectors != "all":
        right += [_acts(rows, side, settings) for side in (1, 2)]
    if not settings.statements:
        right.append(~rows.code.left(2).isin(["01", "02"]))
    if settings.minimum_mentions > 1:
        right.append(rows.nummentions.try_cast("int64") >= settings.minimum_mentions)
    rows = rows.filter(right)
    pair = ibis.least(rows.source, rows.target) + "-" + ibis.greatest(rows.source, rows.target)
    return rows.select("day", "known", "source", "target", "code", id=rows.globaleventid, pair=pair)


def _day(text: "ir.StringValue") -> "ir.DateValue":
    """Return yyyymmdd as a day, missing if it is none."""
    return (text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 2)).try_cast("date")


def _mapped(value: "ir.StringValue", to: dict[str, str]) -> "ir.StringValue":
    """Return the value of a text; missing if it has none."""
    import ibis

    same = [text for text, meaning in to.items() if text in (meaning, meaning.lower())]
    others = [(text, meaning) for text, meaning in to.items() if text not in same]
    itself = value.upper() if any(text != text.upper() for text in same) else value
    return ibis.cases((value.isin(same), itself), *((value == text, meaning) for text, meaning in others))


def _acts(rows: "ir.Table", side: int, settings: FeedSettings) -> "ir.BooleanValue":
    """Return whether an actor is an organ of its state, or named by its country alone."""
    chosen = acting(settings, CAMEO_AGENTS)
    organs = [rows[f"actor{side}type{place}code"].isin(chosen) for place in (1, 2, 3)]
    typed = organs[0] | organs[1] | organs[2]
    if "government" not in settings.sectors:
        return typed
    return typed | (rows[f"actor{side}code"] == rows[f"actor{side}countrycode"])


def _once_a_day(rows: "ir.Table", settings: FeedSettings) -> "ir.Table":
    """Return events by day, source, target and code: `n`."""
    import ibis

    key = ["day", "source", "target", "pair", "code"]
    order = [rows.known, rows.day, rows.source, rows.target, rows.code]
    first = rows.mutate(place=ibis.row_number().over(group_by=rows.id, order_by=order))
    unique = first.filter(first.place == 0)
    counted = unique.group_by(key).agg(n=unique.count())
    return counted.mutate(n=ibis.literal(1, "int64")) if settings.one_a_day else counted


def _by_class(days: "ir.Table", scale: str) -> "ir.Table":
    """Return events by month, source and target, one column per class; two-sided events once."""
    import ibis

    codes, class_of = read_codes(), read_scale(scale).class_of
    joint = list(codes.index[codes["joint"]])
    # Of most dyads the first state is the first by the alphabet; of these it is the other one.
    turned = ["-".join(sorted(dyad.split("-"))) for dyad in read_dyads().index if dyad[:3] > dyad[4:]]
    led = days.select(
        led_day=days.day, led_source=days.source, led_target=days.target, led_code=days.code, led_n=days.n
    )  # fmt: skip
    is_first = ibis.ifelse(days.pair.isin(turned), days.source > days.target, days.source < days.target)
    days = days.mutate(
        follows=days.code.isin(joint) & (days.code != VISIT) & ((days.code == HOST) | ~is_first),
        lead=ibis.ifelse(days.code == HOST, VISIT, days.code),
    )
    sides = days.left_join(
        led,
        [
            days.day == led.led_day, days.source == led.led_target, days.target == led.led_source,
            days.lead == led.led_code,
        ],
    )  # fmt: skip
    other = ibis.ifelse(sides.follows, sides.led_n.fill_null(0), 0)
    sides = sides.mutate(once=ibis.greatest(sides.n - other, 0), time=sides.day.cast("string").left(len("2018-06")))
    classes = {
        class_column(place): sides.once.sum(where=sides.code.isin(list(own.index))).fill_null(0).cast("int64")
        for place, own in class_of.groupby(class_of)
    }
    return sides.group_by(["time", "source", "target"]).agg(**classes).order_by(["time", "source", "target"])
