"""GDELT events: version 1.0 with 57 (to March 2013) or 58 columns (later), version 2.0 with 61."""

import re
from datetime import date

from forecast.data.feeds.expressions import acting, day, digits, named_day
from forecast.data.feeds.feed import CAMEO_AGENTS, Feed, FeedLayout, FeedSettings, Named, Side

_ACTOR = (
    "Code",
    "Name",
    "CountryCode",
    "KnownGroupCode",
    "EthnicCode",
    "Religion1Code",
    "Religion2Code",
    "Type1Code",
    "Type2Code",
    "Type3Code",
)
_EVENT = (
    "IsRootEvent",
    "EventCode",
    "EventBaseCode",
    "EventRootCode",
    "QuadClass",
    "GoldsteinScale",
    "NumMentions",
    "NumSources",
    "NumArticles",
    "AvgTone",
)
_PLACE = ("Type", "FullName", "CountryCode", "ADM1Code", "ADM2Code", "Lat", "Long", "FeatureID")


_SHAPED = re.compile(r"\d+\t\d{8}\t")
"""Beginning of a row: an id and a day."""
GAPS = ((date(2025, 6, 14), date(2025, 7, 1), "nothing was published, and it was never filled"),)


def _columns(*, second: bool) -> tuple[str, ...]:
    parts = [part for part in _PLACE if second or part != "ADM2Code"]
    return (
        "GLOBALEVENTID",
        "SQLDATE",
        "MonthYear",
        "Year",
        "FractionDate",
        *(f"Actor1{part}" for part in _ACTOR),
        *(f"Actor2{part}" for part in _ACTOR),
        *_EVENT,
        *(f"{whose}Geo_{part}" for whose in ("Actor1", "Actor2", "Action") for part in parts),
        "DATEADDED",
        "SOURCEURL",
    )


# Before April 2013 its rows have no address, which is the last column.
DAILY = FeedLayout("GDELT 1.0", _columns(second=False), optional=1)
SECOND = FeedLayout("GDELT 2.0", _columns(second=True))


def _recognise(lines: list[str]) -> FeedLayout | None:
    """Recognise export files by their number of fields and the first two; most rows decide."""
    widths = [line.count("\t") + 1 for line in lines if _SHAPED.match(line)]
    shaped = [width for width in widths if width in (*DAILY.widths, *SECOND.widths)]
    if not shaped or 2 * len(shaped) < len(lines):
        return None
    second = sum(width in SECOND.widths for width in shaped)
    return SECOND if 2 * second > len(shaped) else DAILY


def _fields(columns: tuple[str, ...], since: date | None) -> dict[str, str]:
    return {
        "id": f"CASE WHEN {digits('GLOBALEVENTID', 1, 18)} THEN GLOBALEVENTID ELSE '' END",
        "date": day("SQLDATE", "%Y%m%d"),
        "known": f"CASE WHEN {digits('DATEADDED', 8, 8)} OR {digits('DATEADDED', 14, 14)} "
        "THEN CAST(try_strptime(left(DATEADDED, 8), '%Y%m%d') AS DATE) END",
        "source": "Actor1CountryCode",
        "target": "Actor2CountryCode",
        "code": "EventCode",
        "goldstein": "GoldsteinScale",
        "source_quad": "QuadClass",
        "reports": "NumArticles",
        "mentions": "NumMentions",
        "actor": "Actor1Name",
        "summary": "''",
        "reference": "coalesce(SOURCEURL, '')",
    }


def _acts(side: Side, settings: FeedSettings) -> str:
    """Return the SQL condition that an actor is an organ of the state, or its country alone."""
    actor = "Actor1" if side == "source" else "Actor2"
    chosen = acting(settings, CAMEO_AGENTS)
    typed = " OR ".join(f"{actor}Type{number}Code IN ({chosen})" for number in (1, 2, 3))
    return (
        f"({actor}Code = {actor}CountryCode OR {typed})"
        if "government" in settings.sectors
        else f"({typed})"
    )


def _named(name: str) -> Named:
    """Read the name of a file.

    Names are such as 2005.zip, 201303.zip, 20180601.export.CSV, 20180601001500.export.CSV and
    20180601001500.translation.export.CSV.
    """
    digits = re.match(r"\d+", name)
    number = digits[0] if digits else ""
    series = {4: "year", 6: "month", 8: "day", 14: "quarter hour"}.get(len(number))
    if series is None:
        return Named(name)
    first = named_day(f"{number}0101"[:8])
    last = named_day((number + ("1231" if series == "year" else "31"))[:8])
    if first is None or last is None:
        return Named(name)
    if series == "quarter hour" and ".translation." in name.lower():
        series = "quarter hour, translated"
    part = 1 / 96 if len(number) == 14 else 1.0  # a file of 2.0 per quarter hour
    return Named(name, series, (first, last), whole=True, part=part)


GDELT = Feed(
    "gdelt", "GDELT", _recognise, _fields, _acts, _named, mentions=True, by_known=True, gaps=GAPS
)
