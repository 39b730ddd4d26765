"""Files in the form of each feed, made up: true to the schema, with the quirks of the real ones.

No row of a real feed is here: those have no licence to be passed on.
"""

import io
import zipfile

from forecast.data.feeds.gdelt import DAILY, SECOND
from forecast.data.feeds.phoenix import HISTORICAL, REAL_TIME

GDELT_COLUMNS = {57: DAILY.columns[:57], 58: DAILY.columns, 61: SECOND.columns}
ICEWS_COLUMNS = (
    "Event ID",
    "Event Date",
    "Source Name",
    "Source Sectors",
    "Source Country",
    "Event Text",
    "CAMEO Code",
    "Intensity",
    "Target Name",
    "Target Sectors",
    "Target Country",
    "Story ID",
    "Sentence Number",
    "Publisher",
    "City",
    "District",
    "Province",
    "Country",
    "Latitude",
    "Longitude",
)
POLECAT_COLUMNS = (
    "Event ID",
    "Event Date",
    "Event Type",
    "Event Mode",
    "Event Intensity",
    "Quad Code",
    "Contexts",
    "Actor Name",
    "Actor Country",
    "Actor COW",
    "Primary Actor Sector",
    "Actor Sectors",
    "Actor Title",
    "Actor Name Raw",
    "Wikipedia Actor ID",
    "Recipient Name",
    "Recipient Country",
    "Recipient COW",
    "Primary Recipient Sector",
    "Recipient Sectors",
    "Recipient Title",
    "Recipient Name Raw",
    "Wikipedia Recipient ID",
    "Placename",
    "City",
    "District",
    "Province",
    "Country",
    "Latitude",
    "Longitude",
    "GeoNames ID",
    "Raw Placename",
    "Feature Type",
    "Source",
    "Publication Date",
    "Story People",
    "Story Organizations",
    "Story Locations",
    "Language",
    "Version",
)


def gdelt_row(
    number=1,
    day="20180601",
    source="USA",
    target="CHN",
    code="042",
    *,
    width=58,
    added=None,
    types=("", ""),
    **cells,
):
    """Return a row of GDELT; `types` are the first types of the two actors, `cells` any column."""
    row = dict.fromkeys(GDELT_COLUMNS[width], "")
    for actor, country, kind in (("Actor1", source, types[0]), ("Actor2", target, types[1])):
        row |= {f"{actor}Code": country + kind, f"{actor}Name": country and f"NAME OF {country}"}
        row |= {f"{actor}CountryCode": country, f"{actor}Type1Code": kind}
    added = added or day
    row |= {
        "GLOBALEVENTID": str(number),
        "SQLDATE": day,
        "MonthYear": day[:6],
        "Year": day[:4],
        "FractionDate": "2018.4",
        "IsRootEvent": "1",
        "EventCode": code,
        "EventBaseCode": code[:3],
        "EventRootCode": code[:2],
        "QuadClass": "1",
        "GoldsteinScale": "1.9",
        "NumMentions": "10",
        "NumSources": "1",
        "NumArticles": "5",
        "AvgTone": "-1.52866242038216",
        "Actor1Geo_Type": "0",
        "Actor2Geo_Type": "0",
        "ActionGeo_Type": "0",
        "DATEADDED": added + ("020000" if width == 61 else ""),
    }
    if width > 57:
        row["SOURCEURL"] = 'https://example.org/a-"quoted"-title'
    return "\t".join((row | cells)[name] for name in GDELT_COLUMNS[width])


def icews_row(
    number=1,
    day="2018-06-01",
    source="United States",
    target="China",
    code="042",
    *,
    sectors=("", ""),
    names=None,
    **cells,
):
    """Return a row of ICEWS; without names the actors are their countries."""
    names = names or (source, target)
    row = dict.fromkeys(ICEWS_COLUMNS, "")
    row |= {
        "Event ID": str(number),
        "Event Date": day,
        "Source Name": names[0],
        "Source Sectors": sectors[0],
        "Source Country": source,
        "Event Text": "Make a visit",
        "CAMEO Code": code,
        "Intensity": "1.9",
        "Target Name": names[1],
        "Target Sectors": sectors[1],
        "Target Country": target,
        "Story ID": "47400351",
        "Sentence Number": "2",
        "Publisher": "A Bulletin",
        "Latitude": "21.0245",
        "Longitude": "105.841",
    }
    return "\t".join((row | cells)[name] for name in ICEWS_COLUMNS)


def polecat_row(
    number="2018-1-AGREE",
    day="2018-06-01",
    actors="USA",
    recipients="CHN",
    kind="CONSULT",
    mode="visit",
    **cells,
):
    """Return a row of POLECAT; without recipients the actors are the sides of a two-sided event."""
    row = dict.fromkeys(POLECAT_COLUMNS, "None")
    row |= {
        "Event ID": number,
        "Event Date": day,
        "Event Type": kind,
        "Event Mode": mode,
        "Event Intensity": "4.0",
        "Quad Code": "VERBAL COOPERATION",
        "Contexts": "diplomatic",
        "Actor Name": 'Some "name"',
        "Actor Country": actors,
        "Recipient Country": recipients,
        "Source": "a paper",
        "Publication Date": day,
        "Language": "en",
        "Version": "NGEC_coder-Vers001-Run-001",
    }
    return "\t".join((row | cells)[name] for name in POLECAT_COLUMNS)


def phoenix_row(
    number="1_v0.3.1",
    day="20180601",
    source="USA",
    target="CHN",
    code="042",
    agents=("", "GOV"),
    **cells,
):
    """Return a row of the real-time files of Phoenix."""
    row = dict.fromkeys(REAL_TIME.columns, "")
    row |= {
        "id_version": number,
        "date": day,
        "year": day[:4],
        "month": day[4:6],
        "day": day[6:],
        "quad": "1",
        "source": source + agents[0],
        "source_root": source,
        "source_agent": agents[0],
        "target": target + agents[1],
        "target_root": target,
        "target_agent": agents[1],
        "code": code,
        "root_code": code[:2],
        "goldstein": "1.9",
        "ids": "5b1_1;5b2_1;5b3_2",
        "urls": "https://example.org/a;https://example.org/b",
        "sources": "bbc;xinhua",
    }
    return "\t".join((row | cells)[name] for name in REAL_TIME.columns)


def historical_row(
    number="NYT1",
    day="6/1/1972",
    source="USA",
    target="CHN",
    code="42",
    agents=("", "GOV"),
    **cells,
):
    """Return a row of the historical files of Phoenix, whose codes have lost their zeros."""
    row = dict.fromkeys(HISTORICAL.columns, "")
    row |= {
        "eid": number,
        "story_date": day,
        "year": "1972",
        "source": source,
        "source_root": source,
        "target": target,
        "source_agent": agents[0],
        "target_agent": agents[1],
        "target_root": target,
        "code": code,
        "root_code": code[:-1] if len(code) == 2 else code[:2],
        "quad_class": "1",
        "goldstein": "1.9",
        "joined_issues": '"NAMED_TERROR_GROUP,1;OTHER,2"',
        "placename": '"Beijing, China"',
        "aid": "123",
    }
    return ",".join((row | cells)[name] for name in HISTORICAL.columns)


POLECAT_HEADER = "\t".join(POLECAT_COLUMNS)
HISTORICAL_HEADER = ",".join(HISTORICAL.columns)
ICEWS_HEADER = "\t".join(ICEWS_COLUMNS)


def written(path, rows, header=None, encoding="utf-8"):
    """Write rows to a file, and return its path."""
    path.write_bytes(
        "".join(f"{row}\n" for row in ([header] if header else []) + list(rows)).encode(encoding)
    )
    return path


def zipped(path, files, **options):
    """Write an archive of files, content by name, and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def in_archive(rows, header=None):
    """Return rows as the content of a file."""
    text = io.StringIO()
    for row in ([header] if header else []) + list(rows):
        text.write(f"{row}\n")
    return text.getvalue()
