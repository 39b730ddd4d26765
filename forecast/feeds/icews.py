"""ICEWS events from Dataverse (doi:10.7910/DVN/28075): yearly, daily and weekly files of 20 columns."""

import re
from datetime import date

from forecast.feeds.expressions import acting, day, digits, header_names, named_day, text, whole_year
from forecast.feeds.feed import Feed, FeedSettings, FileFacts, Layout, Side, Standing

COLUMNS = (
    "Event ID", "Event Date", "Source Name", "Source Sectors", "Source Country", "Event Text", "CAMEO Code",
    "Intensity", "Target Name", "Target Sectors", "Target Country", "Story ID", "Sentence Number", "Publisher", "City",
    "District", "Province", "Country", "Latitude", "Longitude",
)  # fmt: skip
NEEDED = {
    "Event ID", "Event Date", "Source Name", "Source Sectors", "Source Country", "CAMEO Code", "Target Name",
    "Target Sectors", "Target Country",
}  # fmt: skip
SECTORS = {
    "government": ("Government", "Executive", "Executive Office", "Cabinet"),
    "military": ("Military", "Army", "Navy", "Air Force", "Marines", "Military Intelligence", "Army Special Forces"),
    "legislature": ("Legislative / Parliamentary", "Upper House", "Lower House", "Unicameral"),
    "courts": ("Judicial", "National / Supreme Court"),
    "police": ("Police",),
}
"""The sectors of each organ of a state; any ministry is the government too."""
WEEKLY = date(2020, 5, 1)
"""Since then releases are of a week."""


def _recognise(lines: list[str]) -> Layout | None:
    header = header_names(lines[0] if lines else "", "\t")
    if not set(header) >= NEEDED:
        return None
    return Layout("ICEWS", header, header=True)


def _facts(name: str) -> FileFacts:
    """Read the name: events.2018.20200427084805.tab is an edition, 20181004-icews-events.tab a release."""
    yearly = re.match(r"events\.(\d{4})\.(?:(\d{8,14})\.)?", name, re.IGNORECASE)
    if yearly:
        return FileFacts(year=int(yearly[1]), edition=yearly[2])
    days = re.findall(r"(?<!\d)(\d{8})(?!\d)", name.partition("icews")[0])
    if days:
        return FileFacts(day=days[-1])
    month = re.match(r"(\d{4})(\d{2})-icews", name)
    return FileFacts(day=f"{month[1]}{month[2]}31") if month else FileFacts()


def _known(settings: FeedSettings, facts: FileFacts) -> str:
    """Return the SQL of the day after the one a release is named after, else after the event's."""
    # Files hold events that are dated after their name: these were known on their own day.
    edition = facts.edition[:8] if facts.edition and settings.icews_known == "edition" else None
    named = edition or facts.day
    if not named:
        return "date + 1"
    last = f"{named[:6]}01"
    # The last day of a month that a name gives as its 31st.
    stated = (
        f"least(last_day(CAST(try_strptime('{last}', '%Y%m%d') AS DATE)), "
        f"CAST(try_strptime('{last}', '%Y%m%d') AS DATE) + {int(named[6:8]) - 1})"
    )
    return f"greatest(date, coalesce({stated}{'' if edition else ' + 1'}, date + 1))"


def _fields(columns: tuple[str, ...], settings: FeedSettings, facts: FileFacts) -> dict[str, str]:
    date = day("Event Date", "%Y-%m-%d", "%m/%d/%Y")
    return {
        # An id occurs on several days; with the day it is unique.
        "id": f"CASE WHEN {digits('Event ID', 1, 18)} "
        f"THEN \"Event ID\" || '-' || strftime({date}, '%Y%m%d') ELSE '' END",
        "date": date,
        "known": _known(settings, facts),
        "source": '"Source Country"',
        "target": '"Target Country"',
        "code": '"CAMEO Code"',
        "goldstein": '"Intensity"' if "Intensity" in columns else "''",
        "source_quad": "''",
        "reports": "'1'",
        "mentions": "'1'",
        "actor": '"Source Name"' if "Source Name" in columns else "''",
        "summary": '"Event Text"' if "Event Text" in columns else "''",
        "reference": '"Publisher" || \', story \' || "Story ID"' if {"Publisher", "Story ID"} <= set(columns) else "''",
    }


def _acts(side: Side, settings: FeedSettings) -> str:
    """Return whether an actor has a sector of the state, or none at all and the name of its country."""
    part = "Source" if side == "source" else "Target"
    names = ", ".join(map(text, acting(settings, SECTORS)))
    sectors = f'"{part} Sectors"'
    found = f"list_has_any(string_split({sectors}, ','), [{names}])"
    if "government" not in settings.sectors:
        return f"({found})"
    # Names of ministries have commas and slashes of their own, but all end in the word.
    ministry = f"regexp_matches({sectors}, ' Ministry(,|$)')"
    return f'({found} OR {ministry} OR ({sectors} = \'\' AND "{part} Name" = "{part} Country"))'


def _stands(name: str) -> Standing | None:
    """Return the year of an edition, the day, days or month of a release."""
    # Weekly releases, since May 2020, have a name that does not say: what is in them does.
    facts = _facts(name)
    if facts.year is not None:
        return whole_year("year", str(facts.year), whole=False)
    if facts.day is None:
        return None
    days = [named_day(found) for found in re.findall(r"(?<!\d)(\d{8})(?!\d)", name.partition("icews")[0])]
    month = re.match(r"(\d{6})-icews", name)
    if month:
        days = [named_day(f"{month[1]}01"), named_day(f"{month[1]}31")]
    first, last = days[0], days[-1]
    if first is None or last is None or first > last or (len(days) == 1 and first >= WEEKLY):
        return None
    return Standing("month" if month else "day", first, last)


ICEWS = Feed(
    "icews",
    "ICEWS",
    _recognise,
    _fields,
    _acts,
    _facts,
    missing=("", "NA"),
    newest_first=True,
    stands=_stands,
    # As measured in 167 daily files: the oldest rows are 29 days before the day of the name, the latest one after it.
    around=(29, 1),
)
