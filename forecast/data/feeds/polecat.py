"""POLECAT events from Dataverse (doi:10.7910/DVN/AJGVIT): 40 columns, coded by PLOVER.

PLOVER puts both sides of a two-sided event into the actor field, without a recipient: each pair of
countries in it is a dyad. There is no published conversion of its types to CAMEO codes;
`codebook/plover.csv` is this package's choice.
"""

import re
from datetime import date

from forecast.base.resources import data_folder
from forecast.data.events.codebook import read_small_csv
from forecast.data.feeds.expressions import (
    acting,
    header_names,
    named_day,
    quoted,
    text,
    whole_year,
)
from forecast.data.feeds.feed import CAMEO_AGENTS, Feed, FeedLayout, FeedSettings, Named, Side

NEEDED = {
    "Event ID",
    "Event Date",
    "Event Type",
    "Event Mode",
    "Quad Code",
    "Contexts",
    "Actor Name",
    "Actor Country",
    "Primary Actor Sector",
    "Actor Sectors",
    "Recipient Country",
    "Primary Recipient Sector",
    "Recipient Sectors",
    "Source",
    "Publication Date",
}
NAMED_ONLY = {"Headline", "Event Text", "Feed", "Story ID"}
"""Columns that some headers name and no row has."""
INTENSITIES = ("Event Intensity", "Intensity")
"""Names of the column of intensity, which changed between releases."""
QUADS = ("VERBAL COOPERATION", "MATERIAL COOPERATION", "VERBAL CONFLICT", "MATERIAL CONFLICT")
"""Classes of conflict and cooperation, from 1 to 4."""
# Countries of a row; each two of them are a dyad, and rows of more are lists, not acts
MAX_COUNTRIES = 40


def _recognise(lines: list[str]) -> FeedLayout | None:
    names = header_names(lines[0] if lines else "", "\t")
    if not set(names) >= NEEDED:
        return None
    rows = [len(line.split("\t")) for line in lines[1:]]
    shorter = tuple(name for name in names if name not in NAMED_ONLY)
    short = sum(width < len(names) for width in rows)
    return FeedLayout("POLECAT", shorter if 2 * short > len(rows) else names, header=True)


def _countries(whose: str) -> str:
    """Return the SQL of the list of countries in a field, each once."""
    parts = (
        f"list_transform(string_split({quoted(f'{whose} Country')}, ';'), lambda part: trim(part))"
    )
    return f"list_distinct(list_filter({parts}, lambda part: part NOT IN ('', 'None')))"


def _pairs() -> str:
    """Return the SQL of the pairs of countries of a row.

    They are each actor with each recipient or, of a two-sided event, each two actors.
    """
    actors = _countries("Actor")
    recipients = _countries("Recipient")
    pair = "{'source': one, 'target': other}"
    # The list has no order of its own: that of the alphabet is the same in every run.
    joint = (
        f"flatten(list_transform(list_sort({actors}), lambda one: "
        f"list_transform(list_filter(list_sort({actors}), "
        f"lambda two: two > one), lambda other: {pair})))"
    )
    across = (
        f"flatten(list_transform({actors}, lambda one: list_transform({recipients}, lambda other: "
        f"{pair})))"
    )
    several = f"greatest(len({actors}), len({recipients}))"
    alone = f"[{{'source': coalesce({actors}[1], ''), 'target': coalesce({recipients}[1], '')}}]"
    return (
        f"CASE WHEN {several} > {MAX_COUNTRIES} THEN [{{'source': 'more than {MAX_COUNTRIES}', "
        f"'target': ''}}] WHEN len({actors}) > 1 AND len({recipients}) = 0 THEN {joint} WHEN "
        f"len({actors}) > 0 AND len({recipients}) > 0 THEN {across} ELSE {alone} END"
    )


def _code() -> str:
    """Return the SQL of the CAMEO code of type, mode and context.

    An unknown type stays, and is rejected as a code.
    """
    table = read_small_csv(data_folder() / "codebook" / "plover.csv")
    rows = [
        (str(kind), str(mode), str(code))
        for kind, mode, code in table.itertuples(index=False, name=None)
    ]
    mode_column = "replace(lower(\"Event Mode\"), '_', '-')"
    type_column = 'upper("Event Type")'
    by_mode = " ".join(
        f"WHEN {type_column} = {text(kind)} AND {mode_column} = {text(mode)} THEN {text(code)}"
        for kind, mode, code in rows
        if mode
    )
    fighting = (
        f"WHEN {type_column} = 'ASSAULT' AND regexp_matches(\"Contexts\", "
        "'(^|[|;])\\s*military\\s*($|[|;])') THEN '190'"
    )
    by_type = " ".join(
        f"WHEN {type_column} = {text(kind)} THEN {text(code)}"
        for kind, mode, code in rows
        if not mode
    )
    return f'CASE {by_mode} {fighting} {by_type} ELSE "Event Type" || \' \' || "Event Mode" END'


def _day(column: str) -> str:
    """Return the SQL of a day, which may have a time of day after it."""
    return (
        f"CASE WHEN regexp_full_match({quoted(column)}, '\\d{{4}}-\\d{{2}}-\\d{{2}}([ T].*)?') "
        f"THEN CAST(try_strptime(left({quoted(column)}, 10), '%Y-%m-%d') AS DATE) END"
    )


def _fields(columns: tuple[str, ...], since: date | None) -> dict[str, str]:
    intensity = next((name for name in INTENSITIES if name in columns), None)
    quads = " ".join(f"WHEN {text(words)} THEN '{number}'" for number, words in enumerate(QUADS, 1))
    several = f"(len({_countries('Actor')}) > 1 OR len({_countries('Recipient')}) > 1)"
    return {
        "id": f"CASE WHEN \"Event ID\" <> '' AND {several} "
        "THEN \"Event ID\" || ':' || pair.source || '-' || pair.target ELSE \"Event ID\" END",
        "date": _day("Event Date"),
        "known": f"CASE WHEN \"Publication Date\" = '' THEN {_day('Event Date')} "
        f"ELSE {_day('Publication Date')} END",
        "source": "pair.source",
        "target": "pair.target",
        "code": _code(),
        "goldstein": quoted(intensity) if intensity else "''",
        "source_quad": f"CASE upper(\"Quad Code\") {quads} ELSE '' END",
        "reports": "'1'",
        "mentions": "'1'",
        "actor": '"Actor Name"',
        "summary": 'trim("Event Type" || \' \' || "Event Mode")',
        "reference": '"Source"',
    }


def _acts(side: Side, settings: FeedSettings) -> str:
    """Return the SQL condition that an actor has a sector of the state, or none at all.

    The second side of a two-sided event is an actor too: such a row has no recipient.
    """
    chosen = acting(settings, CAMEO_AGENTS)

    def acts(whose: str) -> str:
        primary = f"Primary {whose} Sector"
        all_of = f"{whose} Sectors"
        sectors = f"{quoted(primary)} || ';' || {quoted(all_of)}"
        in_sectors = f"list_has_any(regexp_split_to_array({sectors}, '[;,| ]+'), [{chosen}])"
        bare = f"({quoted(primary)} = '' AND {quoted(all_of)} = '')"
        return (
            f"({in_sectors} OR {bare})" if "government" in settings.sectors else f"({in_sectors})"
        )

    if side == "source":
        return acts("Actor")
    return f"CASE WHEN \"Recipient Country\" = '' THEN {acts('Actor')} ELSE {acts('Recipient')} END"


def _named(name: str) -> Named:
    """Read the name of a yearly file, or of a weekly release.

    A release is such as ngecEvents.20240108101010.Release123.DV.txt.
    """
    week = re.search(r"(?<!\d)(\d{8})\d{6}(?!\d)", name)
    if week and (day := named_day(week[1])):
        return Named(name, "release", (day, day), day=day)
    year = None if week else re.search(r"(?<!\d)((?:19|20)\d{2})(?!\d)", name)
    return Named(name, "year", whole_year(int(year[1]))) if year else Named(name)


POLECAT = Feed(
    "polecat",
    "POLECAT",
    _recognise,
    _fields,
    _acts,
    _named,
    missing=("", "None"),
    encoding="latin-1",
    pairs=_pairs(),
    around=(31, 1),
)
