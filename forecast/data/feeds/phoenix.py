"""Phoenix events: historical files of the Cline Center, and real-time files of OEDA."""

import re
from datetime import date

from forecast.data.feeds.expressions import acting, day, header_names, named_day
from forecast.data.feeds.feed import CAMEO_AGENTS, Feed, FeedLayout, FeedSettings, Named, Side

_CODED = (
    "year",
    "month",
    "day",
    "source",
    "source_root",
    "source_agent",
    "source_others",
    "target",
    "target_root",
    "target_agent",
    "target_others",
    "code",
    "root_code",
)
HISTORICAL = FeedLayout(
    "Phoenix, historical",
    (
        "eid",
        "story_date",
        *_CODED,
        "quad_class",
        "goldstein",
        "joined_issues",
        "lat",
        "lon",
        "placename",
        "statename",
        "countryname",
        "aid",
        "process",
    ),
    delimiter=",",
    header=True,
    quoted=True,
)
REAL_TIME = FeedLayout(
    "Phoenix, real-time",
    (
        "id_version",
        "date",
        *_CODED,
        "quad",
        "goldstein",
        "issues",
        "lat",
        "lon",
        "place",
        "state",
        "country",
        "ids",
        "urls",
        "sources",
    ),
)


def _recognise(lines: list[str]) -> FeedLayout | None:
    names = header_names(lines[0].replace('"', "") if lines else "", ",")
    if set(names) >= set(HISTORICAL.columns[:17]):
        return FeedLayout(HISTORICAL.title, names, delimiter=",", header=True, quoted=True)
    rows = [line.split("\t") for line in lines]
    shaped = [
        row
        for row in rows
        if len(row) == 26 and re.fullmatch(r"\d{8}", row[1]) and row[1][:4] == row[2]
    ]
    return REAL_TIME if shaped and 2 * len(shaped) >= len(rows) else None


def _code() -> str:
    """Return the SQL of the code, with its leading zero.

    A code that was stored as a number has lost it; its root says so.
    """
    root = "TRY_CAST(root_code AS INTEGER)"
    leading = "TRY_CAST(left(code, {}) AS INTEGER)"
    return (
        f"CASE WHEN {root} IS NULL OR {leading.format(2)} = {root} THEN code "
        f"WHEN {leading.format(1)} = {root} THEN '0' || code ELSE code || ' of root ' || root_code "
        "END"
    )


def _fields(columns: tuple[str, ...], since: date | None) -> dict[str, str]:
    historical = "story_date" in columns
    date = day("story_date" if historical else "date", "%m/%d/%Y", "%Y-%m-%d", "%Y%m%d")
    number = (
        "'1'"
        if historical
        else "CAST(len(list_filter(string_split(ids, ';'), lambda one: one <> '')) AS VARCHAR)"
    )
    # Ids of real-time files are numbered within a day.
    own_id = (
        "eid"
        if historical
        else "CASE WHEN id_version = '' THEN '' ELSE id_version || '-' || \"date\" END"
    )
    reference = "string_split(urls, ';')[1]"
    if historical:
        reference = "aid" if "aid" in columns else "''"
    return {
        "id": own_id,
        "date": date,
        "known": date,
        "source": "source_root",
        "target": "target_root",
        "code": _code(),
        "goldstein": "goldstein",
        "source_quad": "quad_class" if historical else "quad",
        "reports": number,
        "mentions": number,
        "actor": '"source"',
        "summary": "''",
        "reference": reference,
    }


def _acts(side: Side, settings: FeedSettings) -> str:
    """Return the SQL condition that the agent is an organ of the state, or that there is none."""
    agent = f"{side}_agent"
    is_agent = f"left({agent}, 3) IN ({acting(settings, CAMEO_AGENTS)})"
    return f"({agent} = '' OR {is_agent})" if "government" in settings.sectors else f"({is_agent})"


def _named(name: str) -> Named:
    """Read the name of a real-time file: Phoenix.events.20180601.txt."""
    digits = re.search(r"(?<!\d)(\d{8})(?!\d)", name)
    day = named_day(digits[1]) if digits else None
    return Named(name, "day", (day, day), whole=True) if day else Named(name)


PHOENIX = Feed(
    "phoenix",
    "Phoenix",
    _recognise,
    _fields,
    _acts,
    _named,
    missing=("", "---", "NULL", "NA"),
    mentions=True,
    vintaged=False,
    around=(31, 1),
)
