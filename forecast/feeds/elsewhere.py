"""The counts of GDELT where its table lives: one Ibis expression for DuckDB, Spark and BigQuery.

What is counted is what `forecast.feeds.counting` counts of files: the same rows, settings, repeats and joint acts.
The rules stand here a second time, in the words of Ibis, because Spark and BigQuery do not read the SQL of DuckDB;
tests hold both to the same table. Ibis is an extra of the package.
"""

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from forecast.arguments import DATE, DYADS, FEED_SETTINGS, TEXT, checked
from forecast.dates import EARLIEST, today
from forecast.errors import SpecError
from forecast.events.codebook import HOST, VISIT, read_codes, read_scale
from forecast.events.counts import class_column, wide_mapping
from forecast.events.dyads import read_dyads
from forecast.extras import require
from forecast.feeds.countries import state_names
from forecast.feeds.feed import CAMEO_AGENTS, acting
from forecast.feeds.judging import MOST_REPORTS, PARENTS
from forecast.feeds.reading import state_pair
from forecast.feeds.settings import FeedSettings

if TYPE_CHECKING:
    import ibis.expr.types as ir

INTEGERS = ("GLOBALEVENTID", "SQLDATE", "DATEADDED", "NumMentions", "NumArticles")
NUMBERS = ("GoldsteinScale",)
TEXTS = ("EventCode", *(f"Actor{side}{part}" for side in (1, 2) for part in
         ("Code", "CountryCode", "Type1Code", "Type2Code", "Type3Code")))  # fmt: skip
COLUMNS = (*INTEGERS, *NUMBERS, *TEXTS)
"""The columns of GDELT that are looked at; a query names no others, since BigQuery charges by column."""
TABLES = {"1.0": ("gdelt-bq", "full"), "2.0": ("gdelt-bq", "gdeltv2")}
PARTITION = "_PARTITIONTIME"
"""When a row was added, to the day: BigQuery charges for the partitions that are looked at."""


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
    schema = dict.fromkeys(INTEGERS, "int64") | dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(TEXTS, "string")
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
    """Return what a text stands for; missing if nothing."""
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
    """Return happenings by day, source, target and code: `n`."""
    import ibis

    key = ["day", "source", "target", "pair", "code"]
    order = [rows.known, rows.day, rows.source, rows.target, rows.code]
    first = rows.mutate(place=ibis.row_number().over(group_by=rows.id, order_by=order))
    unique = first.filter(first.place == 0)
    happenings = unique.group_by(key).agg(n=unique.count())
    return happenings.mutate(n=ibis.literal(1, "int64")) if settings.one_a_day else happenings


def _by_class(days: "ir.Table", scale: str) -> "ir.Table":
    """Return happenings by month, source and target, a column a class; joint acts once."""
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
    sides = sides.mutate(
        once=ibis.greatest(sides.n - other, 0),
        time=sides.day.cast("string").left(len("2018-06")),
    )
    classes = {
        class_column(place): sides.once.sum(where=sides.code.isin(list(own.index))).fill_null(0).cast("int64")
        for place, own in class_of.groupby(class_of)
    }
    return sides.group_by(["time", "source", "target"]).agg(**classes).order_by(["time", "source", "target"])
