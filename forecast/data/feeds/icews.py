"""ICEWS events from Dataverse (doi:10.7910/DVN/28075): yearly, daily and weekly files."""

import re
from datetime import date

from forecast.data.feeds.expressions import acting, day, digits, header_names, named_day, whole_year
from forecast.data.feeds.feed import Feed, FeedLayout, FeedSettings, Named, Side

NEEDED = {
    "Event ID",
    "Event Date",
    "Source Name",
    "Source Sectors",
    "Source Country",
    "CAMEO Code",
    "Target Name",
    "Target Sectors",
    "Target Country",
}
SECTORS = {
    "government": ("Government", "Executive", "Executive Office", "Cabinet"),
    "military": (
        "Military",
        "Army",
        "Navy",
        "Air Force",
        "Marines",
        "Military Intelligence",
        "Army Special Forces",
    ),
    "legislature": ("Legislative / Parliamentary", "Upper House", "Lower House", "Unicameral"),
    "courts": ("Judicial", "National / Supreme Court"),
    "police": ("Police",),
}
"""The sectors of each organ of a state; any ministry is the government too."""
WEEKLY = date(2020, 5, 1)
"""Since then releases are of a week."""


def _recognise(lines: list[str]) -> FeedLayout | None:
    header = header_names(lines[0] if lines else "", "\t")
    if not set(header) >= NEEDED:
        return None
    return FeedLayout("ICEWS", header, header=True)


def _named(name: str) -> Named:
    """Read the name of a file.

    events.2018.20200427084805.tab is an edition, and 20181004-icews-events.tab a release.
    """
    yearly = re.match(r"events\.(\d{4})\.(?:(\d{8,14})\.)?", name, re.IGNORECASE)
    if yearly:
        year = int(yearly[1])
        edition = yearly[2] or ""
        stamped = named_day(edition[:8]) if edition else None
        return Named(name, "year", whole_year(year), year=year, edition=edition, stamped=stamped)
    month = re.match(r"(\d{6})-icews", name)
    written = re.findall(r"(?<!\d)(\d{8})(?!\d)", name.partition("icews")[0])
    days = [named_day(text) for text in ([f"{month[1]}01", f"{month[1]}31"] if month else written)]
    first, last = (days[0], days[-1]) if days else (None, None)
    if last is None:
        return Named(name)
    # Weekly releases, since May 2020, have a name that does not say: what is in them does.
    if first is None or first > last or (len(days) == 1 and first >= WEEKLY):
        return Named(name, "release", (last, last), day=last)
    return Named(name, "month" if month else "day", (first, last), whole=True, day=last)


def _fields(columns: tuple[str, ...], since: date | None) -> dict[str, str]:
    date = day("Event Date", "%Y-%m-%d", "%m/%d/%Y")
    return {
        # An id occurs on several days; with the day it is unique.
        "id": f"CASE WHEN {digits('Event ID', 1, 18)} "
        f"THEN \"Event ID\" || '-' || strftime({date}, '%Y%m%d') ELSE '' END",
        "date": date,
        # Rows that are dated after their file's name were known on their own day.
        "known": "date + 1" if since is None else f"greatest(date, DATE '{since}')",
        "source": '"Source Country"',
        "target": '"Target Country"',
        "code": '"CAMEO Code"',
        "goldstein": '"Intensity"' if "Intensity" in columns else "''",
        "source_quad": "''",
        "reports": "'1'",
        "mentions": "'1'",
        "actor": '"Source Name"',
        "summary": '"Event Text"' if "Event Text" in columns else "''",
        "reference": '"Publisher" || \', story \' || "Story ID"'
        if {"Publisher", "Story ID"} <= set(columns)
        else "''",
    }


def _acts(side: Side, settings: FeedSettings) -> str:
    """Return the SQL condition that an actor has a sector of the state.

    An actor without any sector that is named as its country is the government too.
    """
    part = "Source" if side == "source" else "Target"
    sectors = f'"{part} Sectors"'
    in_sectors = f"list_has_any(string_split({sectors}, ','), [{acting(settings, SECTORS)}])"
    if "government" not in settings.sectors:
        return f"({in_sectors})"
    # Names of ministries have commas and slashes of their own, but all end in the word.
    ministry = f"regexp_matches({sectors}, ' Ministry(,|$)')"
    return (
        f'({in_sectors} OR {ministry} OR ({sectors} = \'\' AND "{part} Name" = "{part} Country"))'
    )


ICEWS = Feed(
    "icews",
    "ICEWS",
    _recognise,
    _fields,
    _acts,
    _named,
    missing=("", "NA"),
    newest_first=True,
    # As measured in 167 daily files: the oldest rows are 29 days before the day of the name, the
    # latest one after it.
    around=(29, 1),
)
