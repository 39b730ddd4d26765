"""Machine-checkable coding rules of the chronology (`data/codebook/CODING.md`).

Each rule is a predicate over the rows of one file, true for rows that violate it. The few rows that violate a rule and
cannot be corrected without inventing facts are listed in `data/codebook/exceptions.csv`.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from forecast.errors import DataError
from forecast.events.codebook import read_codes, read_small_csv
from forecast.events.mapping import load_raw
from forecast.events.tables import MAPPING, chronology_files
from forecast.resources import data_folder

if TYPE_CHECKING:
    import pandas as pd

    Rows = pd.DataFrame
    Broken = pd.Series[bool]

COLUMNS = ("date", "precision", "source", "target", "actor", "cameo", "summary", "reference", "verified")
LONGEST_SUMMARY = 160
KEY = ["rule", "dyad", "date", "source", "cameo", "summary"]


def coding_breaches(folder: str | Path | None = None, dyads: Sequence[str] | None = None) -> "pd.DataFrame":
    """Find the rows of a chronology that break a coding rule."""
    import pandas as pd

    found = []
    for dyad, path in chronology_files(folder, dyads).items():
        rows = load_raw(path, MAPPING).rows
        if tuple(rows.columns) != COLUMNS:
            raise DataError(f"{path.name}, line 1: the columns must be {', '.join(COLUMNS)}.")
        rows = rows.assign(dyad=dyad)
        for rule, (expected, breaks) in RULES.items():
            broken = rows[breaks(rows)].reset_index()
            found.append(broken.assign(rule=rule, file=path.name, expected=expected))
    breaches = pd.concat(found, ignore_index=True)[[*KEY, "file", "line", "expected"]]
    known = read_small_csv(data_folder() / "codebook" / "exceptions.csv")
    named = pd.MultiIndex.from_frame(known[KEY])
    breaches.insert(len(KEY) + 2, "known", pd.MultiIndex.from_frame(breaches[KEY]).isin(named))
    return breaches


def _invalid_day(rows: "Rows") -> "Broken":
    import pandas as pd

    iso = rows["date"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").astype(bool)
    return ~iso | pd.to_datetime(rows["date"], format="%Y-%m-%d", errors="coerce").isna()


def _invalid_precision(rows: "Rows") -> "Broken":
    middle = (rows["precision"] == "month") & rows["date"].str.endswith("-15")
    return ~((rows["precision"] == "day") | middle)


def _other_dyad(rows: "Rows") -> "Broken":
    first, second = rows["dyad"].str[:3], rows["dyad"].str[4:]
    forth = (rows["source"] == first) & (rows["target"] == second)
    back = (rows["source"] == second) & (rows["target"] == first)
    return ~(forth | back)


def _unknown_code(rows: "Rows") -> "Broken":
    return ~rows["cameo"].isin(read_codes().index) | (rows["cameo"].str.len() < 3)


def _untidy_text(rows: "Rows") -> "Broken":
    texts = rows[["actor", "summary", "reference"]]
    tidy: Broken = texts.apply(lambda text: text.str.fullmatch(r"\S|\S.*\S").astype(bool)).all(axis=1)
    return ~tidy


def _too_long(rows: "Rows") -> "Broken":
    return rows["summary"].str.len() > LONGEST_SUMMARY


def _passing_address(rows: "Rows") -> "Broken":
    return rows["reference"].map(passing_address) != ""


def _invalid_check(rows: "Rows") -> "Broken":
    return ~rows["verified"].isin(["yes", "memory"])


def _out_of_order(rows: "Rows") -> "Broken":
    return rows["date"] < rows["date"].shift(fill_value="")


def _repeated(rows: "Rows") -> "Broken":
    return rows.duplicated(["date", "source", "cameo", "summary"])


def _visit_without_host(rows: "Rows") -> "Broken":
    return rows["cameo"].isin(["042", "043"]) & ~_answered_act(rows)


def _one_sided_act(rows: "Rows") -> "Broken":
    return rows["cameo"].isin(["041", "044", "046", "057"]) & ~_answered_act(rows)


def _one_sided_joint_act(rows: "Rows") -> "Broken":
    joint = rows["cameo"].str.startswith("06") & rows["summary"].str.contains(r"(?i)\bjoint\b")
    return joint & ~_answered_act(rows)


def _repeated_intent(rows: "Rows") -> "Broken":
    one_row = rows["cameo"].str.startswith("03") | rows["cameo"].isin(["013", "051"])
    return one_row & rows.duplicated(["date", "cameo", "summary"])


def _aid_from_both(rows: "Rows") -> "Broken":
    return rows["cameo"].str.startswith("07") & rows.duplicated(["date", "cameo", "summary"])


def _answered_act(rows: "Rows") -> "Broken":
    """Return whether each row has its counterpart: same day, other direction, same code (042 and 043 each other)."""
    import pandas as pd

    rank = rows.groupby(["date", "source", "cameo"]).cumcount()
    other = rows["cameo"].replace({"042": "043", "043": "042"})
    there = pd.MultiIndex.from_arrays([rows["date"], rows["source"], rows["cameo"], rank])
    sought = pd.MultiIndex.from_arrays([rows["date"], rows["target"], other, rank])
    return pd.Series(sought.isin(there), index=rows.index)


RULES: dict[str, tuple[str, "Callable[[Rows], Broken]"]] = {
    "day": ("a day of the calendar, YYYY-MM-DD", _invalid_day),
    "precision": ("precision `day`, or `month` and then the 15th", _invalid_precision),
    "dyad": ("source and target are the two states of the file", _other_dyad),
    "code": ("a code of the codebook with three or four digits", _unknown_code),
    "text": ("actor, summary and reference, without space around them", _untidy_text),
    "length": (f"a summary of at most {LONGEST_SUMMARY} characters", _too_long),
    "reference": ("a publisher and a subject, or the publisher's own lasting page", _passing_address),
    "verified": ("verified `yes` or `memory`", _invalid_check),
    "order": ("rows sorted by date", _out_of_order),
    "repeated": ("one event gives at most one row per direction", _repeated),
    "visit": ("visitor 042 and host 043 on the same date", _visit_without_host),
    "both directions": ("calls, meetings, rounds and agreements in both directions", _one_sided_act),
    "joint act": ("a joint exercise or undertaking (06x) in both directions", _one_sided_joint_act),
    "intent": ("an intent, praise or optimistic statement as one row", _repeated_intent),
    "aid": ("aid (07x) as one row, of the giver", _aid_from_both),
}
"""By name: what is expected, and the predicate that is true where a row breaks it."""


_ADDRESS = re.compile(r"https?://[^\s;]+")
_PASSING = {
    "test", "testing", "tests", "staging", "stage", "wpstage", "dev", "preview", "prod", "cdn", "mirror", "mirrors",
    "proxy", "localhost", "ciaotest", "dvincitest",
}  # fmt: skip
"""Words in the name of a host that is not the publisher's own for good: a copy for tests, a mirror, a cache."""
_UPLOADS = {
    "docslib", "9dok", "timetoast", "studocu", "scribd", "issuu", "issuhub", "studylib", "docplayer", "lawsdocbox",
    "vdocument", "vdocuments", "cupdf", "dokumen", "pdfcoffee", "slideshare", "coursehero", "freeessay", "essaytgt",
    "flipbuilder", "pastebin",
}  # fmt: skip
"""Names of sites to which anybody uploads what others have written."""


def passing_address(reference: str) -> str:
    """Describe why an address in a reference is not the publisher's own, lasting page; an empty text if it is.

    A reference without an address is fine. A copy of a wire report on a site of good standing cannot be told from its
    address.
    """
    if re.fullmatch(r"(?:www\.)?(?:[\w-]+\.)+[a-z]{2,}/?", reference):
        return "a host without a page"
    reasons = [_passing(address) for address in _ADDRESS.findall(reference)]
    return next(filter(None, reasons), "")


def _passing(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return "not an address"
    host = parts.netloc.lower()
    if re.search(r":\d|^[\d.]+$|@", host):
        return "a host by its number or port"
    if _PASSING & set(re.split(r"[.-]", host)):
        return "a host for tests, a mirror or a cache"
    if _UPLOADS & set(host.split(".")):
        return "a site of uploads"
    if re.search(r"(?:^|&)p=\d", parts.query) or "wp-json" in parts.path:
        return "an address of a draft or a database"
    return "" if parts.path.strip("/") or parts.query else "a host without a page"
