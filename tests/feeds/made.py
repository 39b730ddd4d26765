"""Files in the form of each feed, made up: true to the schema, with the quirks of the real ones.

No row of a real feed is here: those have no licence to be passed on.
"""

import io
import zipfile

from forecast.feeds.gdelt import BACKFILE, DAILY, SECOND
from forecast.feeds.icews import COLUMNS as ICEWS_COLUMNS

GDELT_LAYOUTS = {57: BACKFILE, 58: DAILY, 61: SECOND}


def gdelt_row(
    number=1, day="20180601", source="USA", target="CHN", code="042", *, width=58, added=None, types=("", ""), **cells
):
    """Return a row of GDELT; `types` are the first types of the two actors, `cells` any column."""
    row = dict.fromkeys(GDELT_LAYOUTS[width].columns, "")
    for actor, country, kind in (("Actor1", source, types[0]), ("Actor2", target, types[1])):
        row |= {f"{actor}Code": country + kind, f"{actor}Name": country and f"NAME OF {country}"}
        row |= {f"{actor}CountryCode": country, f"{actor}Type1Code": kind}
    added = added or day
    row |= {
        "GLOBALEVENTID": str(number), "SQLDATE": day, "MonthYear": day[:6], "Year": day[:4], "FractionDate": "2018.4",
        "IsRootEvent": "1", "EventCode": code, "EventBaseCode": code[:3], "EventRootCode": code[:2], "QuadClass": "1",
        "GoldsteinScale": "1.9", "NumMentions": "10", "NumSources": "1", "NumArticles": "5",
        "AvgTone": "-1.52866242038216", "Actor1Geo_Type": "0", "Actor2Geo_Type": "0", "ActionGeo_Type": "0",
        "DATEADDED": added + ("020000" if width == 61 else ""),
    }  # fmt: skip
    if width > 57:
        row["SOURCEURL"] = 'https://example.org/a-"quoted"-title'
    return "\t".join((row | cells)[name] for name in GDELT_LAYOUTS[width].columns)


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
        "Event ID": str(number), "Event Date": day, "Source Name": names[0], "Source Sectors": sectors[0],
        "Source Country": source, "Event Text": "Make a visit", "CAMEO Code": code, "Intensity": "1.9",
        "Target Name": names[1], "Target Sectors": sectors[1], "Target Country": target, "Story ID": "47400351",
        "Sentence Number": "2", "Publisher": "A Bulletin", "Latitude": "21.0245", "Longitude": "105.841",
    }  # fmt: skip
    return "\t".join((row | cells)[name] for name in ICEWS_COLUMNS)


ICEWS_HEADER = "\t".join(ICEWS_COLUMNS)


def written(path, rows, header=None, encoding="utf-8"):
    """Write rows to a file, and return its path."""
    path.write_bytes("".join(f"{row}\n" for row in ([header] if header else []) + list(rows)).encode(encoding))
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
