"""Coding rules of the chronology (`data/codebook/CODING.md`), as predicates over rows of a file.

A predicate is true for rows that violate its rule. The few rows that violate one and cannot be
corrected without inventing facts are listed in `data/codebook/exceptions.csv`.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from forecast.base.dates import today
from forecast.base.errors import DataError
from forecast.base.resources import data_folder
from forecast.data.events.chronology import COLUMNS, MAPPING, chronology_files
from forecast.data.events.codebook import read_codes, read_small_csv
from forecast.data.events.mapping import load_raw
from forecast.data.events.tables import Broken, Rows

# Characters of one line of a page
MAX_CODED_SUMMARY = 160
KEY = ["rule", "dyad", "date", "source", "cameo", "summary"]
"""What identifies an exception to a rule."""


_DENIAL = (
    r"(?i)\b(?:den(?:y|ies|ied)|rejects?|dismiss(?:es)?)\b.*"
    r"\b(?:charges?|accusations?|allegations?|claims?)\b"
)
"""A summary that says that a charge is denied."""
_NUMBERED_ROUND = (
    r"(?i)\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
    r"|\w+teenth|\w+tieth|\d+(?:st|nd|rd|th)"
    r"|new|another|next|last|latest|final)\b.*\brounds?\b"
)
"""A summary that numbers a round of talks; of other visits some mention "a round of talks"."""
_COOPERATES_DIPLOMATICALLY = (
    r"(?i)ratif|approv|acced|accession|\bjoins?\b|\benters?\b|\bin(?:to)? force"
    r"|instrument|signs the law|extended"
    r"|parliament|senate|duma|\bdiet\b|congress"
    r"|embass|consul|liaison|legation|mission|ambassador|envoy|credential|representative"
    r"|charg\w+ d'affaires"
)
"""A summary of what `050` is for: ratification or accession, and missions and their heads."""
_PASSING = {
    r"[^/]*[\[\]]": "not an address",
    r"[^/?#]*(:\d|@)|[\d.]+([/?#]|$)": "a host by its number or port",
    # A copy for tests, a mirror or a cache.
    r"([^/?#]*[.-])?(test|testing|tests|staging|stage|wpstage|dev|preview|prod|cdn|"
    r"mirror|mirrors|proxy|localhost|"
    r"ciaotest|dvincitest)([.\-/?#]|$)": "a host for tests, a mirror or a cache",
    # Sites to which anyone uploads what others have written.
    r"([^/?#]*\.)?(docslib|9dok|timetoast|studocu|scribd|issuu|issuhub|studylib|docplayer|"
    r"lawsdocbox|vdocuments?|cupdf|dokumen|pdfcoffee|slideshare|coursehero|freeessay|essaytgt|"
    r"flipbuilder|pastebin)([./?#]|$)": "a site of uploads",
    r".*[?&]p=\d|.*/wp-json": "an address of a draft or a database",
    r"[^/?#]*/*\??(#.*)?$": "a host without a page",
}
"""Reason by pattern of what is after `https://` in an address that is not the publisher's own for
good."""


def coding_breaches(folder: str | Path | None = None) -> pd.DataFrame:
    """Find the rows of a chronology that break a coding rule."""
    broken_by_rule = []
    for dyad, path in chronology_files(folder).items():
        rows = load_raw(path, MAPPING).rows
        if tuple(rows.columns) != COLUMNS:
            raise DataError(f"{path.name}, line 1: the columns must be {', '.join(COLUMNS)}.")
        rows = rows.assign(dyad=dyad)
        for rule, (expected, breaks) in RULES.items():
            broken = rows[breaks(rows)].reset_index()
            broken_by_rule.append(broken.assign(rule=rule, file=path.name, expected=expected))
    breaches = pd.concat(broken_by_rule, ignore_index=True)[[*KEY, "file", "line", "expected"]]
    exceptions = read_small_csv(data_folder() / "codebook" / "exceptions.csv")
    named = pd.MultiIndex.from_frame(exceptions[KEY])
    breaches.insert(len(KEY) + 2, "known", pd.MultiIndex.from_frame(breaches[KEY]).isin(named))
    return breaches


def _answered(rows: Rows) -> Broken:
    """Return which rows have a counterpart: same day, other direction, same code (042 and 043)."""
    rank = rows.groupby(["date", "source", "cameo"]).cumcount()
    other = rows["cameo"].replace({"042": "043", "043": "042"})
    answers = pd.MultiIndex.from_arrays([rows["date"], rows["source"], rows["cameo"], rank])
    sought = pd.MultiIndex.from_arrays([rows["date"], rows["target"], other, rank])
    return pd.Series(sought.isin(answers), index=rows.index)


def _untidy_text(rows: Rows) -> Broken:
    texts = rows[["actor", "summary", "reference"]]
    tidy: Broken = texts.apply(lambda text: text.str.fullmatch(r"\S|\S.*\S").astype(bool)).all(
        axis=1
    )
    return ~tidy


def _days_since_the_event(rows: Rows) -> Broken:
    """Return whether `known_at` is a day from the date of the event to today.

    Texts of ISO days sort as days do.
    """
    days = pd.to_datetime(rows["known_at"], format="%Y-%m-%d", errors="coerce")
    written = rows["known_at"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").astype(bool)
    later = rows["known_at"] >= rows["date"]
    return written & days.notna() & later & (days <= pd.Timestamp(today()))


def _denial_as_cooperation(rows: Rows) -> Broken:
    """Return the rows that code a denied charge as cooperation (roots 01 to 08).

    Every row with `016` is among them.
    """
    cooperative = rows["cameo"].str[:2] < "09"
    says_so = rows["summary"].str.contains(_DENIAL).astype(bool)
    return (rows["cameo"] == "016") | (cooperative & says_so)


def _no_ratification_or_mission(rows: Rows) -> Broken:
    """Return the rows of `050` whose summary names no ratification, accession or mission."""
    fits = rows["summary"].str.contains(_COOPERATES_DIPLOMATICALLY).astype(bool)
    return (rows["cameo"] == "050") & ~fits


def _round_as_visit(rows: Rows) -> Broken:
    """Return the visits whose summary numbers a round of talks."""
    return rows["cameo"].isin(["042", "043"]) & rows["summary"].str.contains(
        _NUMBERED_ROUND
    ).astype(bool)


def _twice(rows: Rows, pattern: str) -> Broken:
    """Return the rows of some codes that report, from either side, what an earlier one reports."""
    return rows["cameo"].str.match(pattern).astype(bool) & rows.duplicated(
        ["date", "cameo", "summary"]
    )


RULES: dict[str, tuple[str, Callable[[Rows], Broken]]] = {
    "day": (
        "a day of the calendar, YYYY-MM-DD",
        lambda rows: (
            ~rows["date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").astype(bool)
            | pd.to_datetime(rows["date"], format="%Y-%m-%d", errors="coerce").isna()
        ),
    ),
    "precision": (
        "precision `day`, or `month` and then the 15th",
        lambda rows: (
            (rows["precision"] != "day")
            & ~((rows["precision"] == "month") & rows["date"].str.endswith("-15"))
        ),
    ),
    "dyad": (
        "source and target are the two states of the file",
        lambda rows: (
            (rows["dyad"] != rows["source"] + "-" + rows["target"])
            & (rows["dyad"] != rows["target"] + "-" + rows["source"])
        ),
    ),
    "code": (
        "a code of the codebook with three or four digits",
        lambda rows: ~rows["cameo"].isin(read_codes().index) | (rows["cameo"].str.len() < 3),
    ),
    "text": ("actor, summary and reference, without space around them", _untidy_text),
    "length": (
        f"a summary of at most {MAX_CODED_SUMMARY} characters",
        lambda rows: rows["summary"].str.len() > MAX_CODED_SUMMARY,
    ),
    "reference": (
        "a publisher and a subject, or the publisher's own lasting page",
        lambda rows: rows["reference"].map(passing_address) != "",
    ),
    "verified": (
        "verified `yes` or `memory`",
        lambda rows: ~rows["verified"].isin(["yes", "memory"]),
    ),
    "known_at": (
        "`known_at` empty, or a day from the date of the event to today, YYYY-MM-DD",
        lambda rows: (rows["known_at"] != "") & ~_days_since_the_event(rows),
    ),
    "order": ("rows sorted by date", lambda rows: rows["date"] < rows["date"].shift(fill_value="")),
    "repeated": (
        "one event gives at most one row per direction",
        lambda rows: rows.duplicated(["date", "source", "cameo", "summary"]),
    ),
    "visit": (
        "visitor 042 and host 043 on the same date",
        lambda rows: rows["cameo"].isin(["042", "043"]) & ~_answered(rows),
    ),
    "both directions": (
        "calls, meetings, rounds and agreements in both directions",
        lambda rows: rows["cameo"].isin(["041", "044", "046", "057"]) & ~_answered(rows),
    ),
    "two-sided event": (
        "a joint exercise or undertaking (06x) in both directions",
        lambda rows: (
            rows["cameo"].str.startswith("06")
            & rows["summary"].str.contains(r"(?i)\bjoint\b")
            & ~_answered(rows)
        ),
    ),
    "denial": (
        "a denied charge as `120` or another `12x`; `016` is not used",
        _denial_as_cooperation,
    ),
    "round": ("a round of talks as 046 in both directions, wherever it is held", _round_as_visit),
    "diplomatic cooperation": (
        "`050` only for a ratification or accession, a mission, or an ambassador, which the "
        "summary names",
        _no_ratification_or_mission,
    ),
    "clash": (
        "a clash of both sides (19x) as one row, its source the side that opened fire",
        lambda rows: _twice(rows, "19"),
    ),
    "intent": (
        "an intent, praise or optimistic statement as one row",
        lambda rows: _twice(rows, "03|013$|051$"),
    ),
    "aid": ("aid (07x) as one row, of the giver", lambda rows: _twice(rows, "07")),
}
"""By name: what is expected, and the predicate that is true where a row breaks it."""


def passing_address(reference: str) -> str:
    """Describe why an address in a reference is not the publisher's own, lasting page.

    It is '' if it is, or if there is none.
    """
    if re.fullmatch(r"(?:www\.)?(?:[\w-]+\.)+[a-z]{2,}/?", reference):
        return "a host without a page"
    addresses = re.findall(r"https?://([^\s;]+)", reference)
    faults = (
        why
        for address in addresses
        for pattern, why in _PASSING.items()
        if re.match(pattern, address, re.IGNORECASE)
    )
    return next(faults, "")
