"""Event tables read through a mapping.

The embedded chronology, one CSV per dyad, and its coding rules.

Each rule (`data/codebook/CODING.md`) is a predicate over the rows of one file, true for rows that
violate it. The few rows that violate a rule and cannot be corrected without inventing facts are
listed in `data/codebook/exceptions.csv`.
"""

import functools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import today
from forecast.base.digests import digest
from forecast.base.errors import DataError, MappingError
from forecast.base.file_faults import fence
from forecast.base.resources import data_folder
from forecast.base.typing import Dyad, Frame
from forecast.data.events.codebook import read_codes, read_small_csv
from forecast.data.events.dyads import dyad_code, find_dyad, in_order
from forecast.data.events.mapping import (
    ADVICE,
    PrescribedForm,
    RawTable,
    TableMapping,
    load_mapping,
    load_raw,
    read_times,
)
from forecast.data.events.schemes import (
    CAMEO,
    SCHEMES,
    TITLES,
    WEIS_ROOTS,
    Scheme,
    nearest_roots,
    read_scheme,
)
from forecast.data.events.table import TEXT_COLUMNS, EventTable, broken_rules, combine, sort_events

type Rows = pd.DataFrame
type Broken = pd.Series[bool]


@checked
def read_table(
    path: str | Path | Frame, mapping: TableMapping | dict[str, Any] | str | Path
) -> EventTable:
    """Read events from a CSV or Parquet file, or a table in memory, that a mapping describes.

    Parameters
    ----------
    path : str, pathlib.Path or table
        The file, or a table of pandas, polars, Arrow or xarray.
    mapping : TableMapping, dict, str or pathlib.Path
        A YAML or JSON file or its content; docs/events.md explains every field.

    Returns
    -------
    EventTable
        One row per event, sorted by date; `rejects` has the rows that cannot be used, with file,
        line and reason.

    Raises
    ------
    MappingError
        If the mapping is malformed or names a column that is not there.
    DataError
        If the file cannot be read, event ids occur twice, or no row is usable.

    Examples
    --------
    >>> from forecast.data.events import read_table
    >>> columns = {"date": "day", "source": "from", "target": "to", "cameo": "code"}
    >>> read_table("mine.csv", {"dataset": "mine", "columns": columns})  # doctest: +SKIP
    """
    mapping = load_mapping(mapping, TableMapping)
    raw = load_raw(path, mapping)
    with fence(raw.name, ADVICE):
        return conform(raw, mapping)


def conform(
    raw: RawTable,
    mapping: TableMapping,
    only_dyad: str | None = None,
    unchecked: "pd.Series[bool] | None" = None,
    *,
    rejected: Mapping[int, str] | None = None,
    one_event: Sequence[str] = (),
    known_good: bool = False,
) -> EventTable:
    """Convert text to an event table.

    Only rows of `only_dyad` are kept, if it is given. References of `unchecked` rows (by line) say
    so. Rows that were `rejected` before have their reason by line. Rows that agree in the columns
    `one_event` are one event. Rows that are `known_good` are not compared with the schema again.
    """
    if raw.rows.empty:
        raise raw.nothing_usable(raw.faults)
    events, reasons = typed_rows(raw, mapping, known_good=known_good)
    reasons |= rejected or {}
    if unchecked is not None:
        events.loc[unchecked, "reference"] = events.loc[unchecked, "reference"].map(shown_reference)
    if only_dyad:
        reasons = (
            dict.fromkeys(events.index[events["dyad"] != only_dyad], f"not of the dyad {only_dyad}")
            | reasons
        )
    events = events.drop(index=list(reasons))
    repeats = _duplicates(events, raw.name, mapping, one_event)
    events, reasons = events.drop(index=list(repeats)), reasons | repeats | raw.faults
    if events.empty:
        raise raw.nothing_usable(reasons)
    return EventTable(
        events=sort_events(in_types(events)),
        rejects=raw.rejects(reasons),
        files=(raw.source_file(reasons),),
        vintaged=(mapping.dataset,)
        if mapping.has("known_at") and mapping.known_at_empty == "missing"
        else (),
    )


def typed_rows(
    raw: RawTable, mapping: TableMapping, *, known_good: bool = False
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Return all rows with the columns of the contract, index `line`, and by line what is wrong with some of them.

    What cannot be read becomes missing, for the schema to find.
    """
    fields = pd.DataFrame({field: raw.field(field, mapping) for field in mapping.fields})

    def days(field: str, date_format: str | None) -> "pd.Series[pd.Timestamp]":
        return read_times(fields[field], date_format).dt.normalize().dt.as_unit("s")

    def number(field: str, default: "pd.Series[float] | float") -> "pd.Series[float]":
        read = pd.to_numeric(fields[field], errors="coerce").astype(float)
        return read.where(fields[field] != "", default)

    events = fields[["actor", "summary", "reference", "event_id"]].copy()
    events["date"] = days("date", mapping.date_format)
    events["known_at"] = events["date"]
    if mapping.has("known_at"):
        known_at = days("known_at", mapping.known_at_format or mapping.date_format)
        events["known_at"] = known_at.mask(_known_on_its_day(fields, mapping), events["date"])
    for side in ("source", "target"):
        events[side] = fields[side].map(lambda name: mapping.countries.get(name, name))
    codes = read_codes()
    if mapping.has("cameo"):
        scheme, written = read_scheme(mapping.scheme), _codes(fields["cameo"], raw, mapping)
        events["cameo"], weights = scheme.as_cameo(written), written.map(scheme.codes["goldstein"])
        if mapping.scheme != CAMEO and not mapping.has("summary"):
            events["summary"] = written.map(scheme.words)
    else:
        events["cameo"] = nearest_roots(number("goldstein", math.nan), number("quad", math.nan))
        weights = events["cameo"].map(codes["goldstein"])
    events["goldstein"] = number("goldstein", weights.fillna(0.0))
    events["quad"] = number("quad", events["cameo"].map(codes["quad"]).fillna(1).astype(float))
    events["n"] = number("n", 1.0)
    events["dataset"] = mapping.dataset
    if "event_id" not in mapping.columns:
        # Made from the content of a row: the same in every run and on every machine.
        rows = fields.drop(columns="event_id").itertuples(index=False, name=None)
        events["event_id"] = [
            digest("\x1f".join((mapping.dataset, *row)).encode())[:16] for row in rows
        ]
    pairs = events[["source", "target"]].drop_duplicates()
    names = {pair: dyad_code(*pair) for pair in pairs.itertuples(index=False, name=None)}
    events["dyad"] = [names[pair] for pair in zip(events["source"], events["target"], strict=True)]
    latest = events[["date", "known_at"]].max().max()
    if known_good and latest <= pd.Timestamp(
        today()
    ):  # no rule but that on the future can be broken
        return events, {}
    return events, _reasons(events, fields, mapping)


def _known_on_its_day(fields: pd.DataFrame, mapping: TableMapping) -> Broken:
    """Return which rows state no day of becoming known, and are taken to be known on the day of the event."""
    return (fields["known_at"] == "") & (mapping.known_at_empty == "date")


def in_types(events: pd.DataFrame) -> pd.DataFrame:
    """Return events of which nothing is wrong in the types of the contract."""
    return events.astype({"quad": "int8", "n": "int64", **dict.fromkeys(TEXT_COLUMNS, "str")})


def _codes(text: "pd.Series[str]", raw: RawTable, mapping: TableMapping) -> "pd.Series[str]":
    """Return the codes, mended if the mapping says that their leading zeros are lost."""
    # Event codes of CAMEO have three or four digits. Two digits have therefore lost a zero, and of
    # those with three the ones from 211 on (root 20 ends at 204): no code can be meant in two ways.
    # Undeclared, though, a '10' is the root DEMAND; so a file that shows signs of lost zeros is
    # rejected rather than misread in part. One sign is a code of two digits where no code begins
    # with a zero.
    scheme = read_scheme(mapping.scheme)
    known = scheme.codes.index
    zeros = text.str.startswith("0")
    _reject_other_schemes(text, scheme, raw.name)
    if mapping.leading_zeros == "lost":
        if zeros.any():
            raise MappingError(
                f"{raw.name}: the mapping says that codes have lost their leading zeros, but {int(zeros.sum()):,} "
                f"begin with one (line {text.index[zeros][0]}: {text[zeros].iloc[0]!r}). Leave `leading_zeros` out."
            )
        short = text.str.len() == 2
        if mapping.scheme == CAMEO:
            short |= (text.str.len() == 3) & (text >= "205")
        return text.mask(short, "0" + text)
    if mapping.leading_zeros == "kept":
        return text
    # Where codes begin with a zero none has lost it: an unknown one is rejected with its row.
    lost = ("0" + text).isin(known) & (not zeros.any())
    numeric = mapping.columns.get("cameo") in raw.numeric
    if lost.any() or numeric:
        surest = lost & ~text.isin(known) if (lost & ~text.isin(known)).any() else lost
        example = f" (line {text.index[surest][0]}: {text[surest].iloc[0]!r})" if lost.any() else ""
        raise MappingError(
            f"{raw.name}: the {scheme.title} codes have lost their leading zeros{example}. Store them as text, or set "
            "`leading_zeros: lost` in the mapping to have '61' read as '061' and '10' as '010' (or `kept`, if '10' is "
            "the root code 10)."
        )
    return text


# share of rows whose codes only another scheme has, from which a table is not read by its own
MOST_OF_ANOTHER = 0.01


def _reject_other_schemes(text: "pd.Series[str]", scheme: Scheme, name: str) -> None:
    """Reject a table of which many codes are of another scheme than its own: codes of both would be misread."""
    # Where no code begins with a zero, 212 may be CAMEO's 0212.
    lost = ("0" + text).isin(scheme.codes.index) & (not text.str.startswith("0").any())
    unknown = ~text.isin(scheme.codes.index) & ~lost
    for other in SCHEMES:
        foreign = unknown & text.isin(read_scheme(other).codes.index)
        if foreign.mean() >= MOST_OF_ANOTHER:
            roots = (
                ", such as those of roots 21 and 22"
                if text[foreign].str.startswith(WEIS_ROOTS).any()
                else ""
            )
            raise MappingError(
                f"{name}: {int(foreign.sum()):,} of {len(text):,} codes are of {TITLES[other]} and not of "
                f"{scheme.title}{roots} (line {text.index[foreign][0]}: {text[foreign].iloc[0]!r}). If the table is "
                f"coded by {TITLES[other]}, set `scheme: {other}` in the mapping (`--scheme {other}`); if it has codes "
                "of both, split it."
            )


def _reasons(events: pd.DataFrame, fields: pd.DataFrame, mapping: TableMapping) -> dict[int, str]:
    """Return, by line, what is wrong with each row that breaks the schema."""
    reasons: dict[int, list[str]] = {}
    on_its_day = _known_on_its_day(fields, mapping)
    scheme = read_scheme(mapping.scheme)
    for line, column, reason in broken_rules(events, set(mapping.countries.values())):
        if column == "cameo" and not mapping.has("cameo"):
            if any(fields.at[line, field] for field in ("goldstein", "quad")):
                continue  # the field that is there is at fault
            column, reason = "", "neither a code nor its goldstein or quad is given"
        if column in fields and not mapping.has(column):
            continue  # it follows from another field, which is at fault
        if column == "known_at" and on_its_day[line]:
            continue  # it is the date, which is at fault
        if column in fields and fields.at[line, column] == "":
            reason = "missing"
        elif column == "cameo":
            reason = scheme.fault(str(fields.at[line, column]))
        subject = f"{column} {fields.at[line, column]!r}: " if column in fields else ""
        reasons.setdefault(line, []).append(subject + reason)
    return {line: "; ".join(several) for line, several in reasons.items()}


def _duplicates(
    events: pd.DataFrame, file: str, mapping: TableMapping, one_event: Sequence[str] = ()
) -> dict[int, str]:
    """Return, by line, the rows that repeat an earlier one.

    Repeated ids given by the file are rejected.

    Rows that agree in the columns `one_event` repeat each other.
    """
    if one_event and len(events):
        keys = events[list(one_event)].astype(str).agg("|".join, axis=1)
        first_lines = keys.drop_duplicates()
        lines = dict(zip(first_lines, first_lines.index, strict=True))
        again = keys.index[keys.duplicated()]
        return {line: f"same day, states and code as line {lines[keys[line]]}" for line in again}
    repeated = events.index[events["event_id"].duplicated()]
    firsts = {event_id: line for line, event_id in reversed(list(events["event_id"].items()))}
    given = "event_id" in mapping.columns
    if given and len(repeated) and mapping.duplicate_ids == "refuse":
        event_id = events.at[repeated[0], "event_id"]
        raise DataError(
            f"{file}: lines {firsts[event_id]} and {repeated[0]} have the same event id {event_id!r} "
            f"({len(repeated)} such rows). Give each event its own id, or set `duplicate_ids: reject` in the "
            "mapping to keep the first of each."
        )
    what = "event id" if given else "row"
    return {line: f"same {what} as line {firsts[events.at[line, 'event_id']]}" for line in repeated}


UNCHECKED = "unchecked: "
"""Prefix of the reference of an event that was coded from general knowledge and not looked up."""


def shown_reference(reference: str) -> str:
    """Return the reference of an event that was not looked up: where to look, and no citation."""
    return f"{UNCHECKED}{reference}".strip()


def is_unchecked(reference: str) -> bool:
    """Return whether a displayed reference belongs to an event that was not looked up."""
    return reference.startswith(UNCHECKED.strip())


COLUMNS = (
    "date",
    "precision",
    "source",
    "target",
    "actor",
    "cameo",
    "summary",
    "reference",
    "verified",
    "known_at",
)
"""Columns of the files of the chronology; all but `precision` and `verified` are fields of
events."""
MAPPING = PrescribedForm(
    dataset="chronology",
    columns={name: name for name in COLUMNS if name not in ("precision", "verified")},
    missing=("",),  # only the empty cell: 'NA' could be somebody's summary
    known_at_empty="date",
)


@checked
def read_chronology(
    folder: str | Path | None = None, dyads: Sequence[Dyad] | None = None
) -> EventTable:
    """Read the hand-coded chronology.

    An event of the chronology is taken to be known on its day, a secret one from its `known_at`.
    The `reference` of a row that was not looked up (`verified` other than ``yes``) begins with
    ``unchecked:``; it says where to look, and is no citation.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        A folder of files ``AAA-BBB.csv`` in the form of the embedded ones (docs/events.md), or one
        such file; the embedded ones without it.
    dyads : sequence of str, optional
        Which dyads to read; all by default.

    Returns
    -------
    EventTable
        One row per event and direction, sorted by date; dates are days, `goldstein` -10 to 10.

    Raises
    ------
    UnknownDyadError
        If a dyad has no file.
    DataError
        If there is no file, or one has no usable row.

    Examples
    --------
    >>> from forecast.data.events import read_chronology
    >>> table = read_chronology(dyads=["CHN-USA"])
    >>> table.dyads, table.events["cameo"].iloc[0]
    (['USA-CHN'], '173')
    """
    files = chronology_files(folder, dyads)
    return combine([_read_dyad(dyad, path) for dyad, path in files.items()])


def _read_dyad(dyad: str, path: Path) -> EventTable:
    raw = load_raw(path, MAPPING)
    mapping = MAPPING
    if "known_at" not in raw.rows:  # a file of one's own need not have the column
        columns = {name: place for name, place in MAPPING.columns.items() if name != "known_at"}
        mapping = MAPPING.model_copy(update={"columns": columns})
    unchecked = raw.rows["verified"].str.strip() != "yes" if "verified" in raw.rows else None
    known_good = raw.sha256 in edition_digests()
    return conform(raw, mapping, only_dyad=dyad, unchecked=unchecked, known_good=known_good)


@functools.cache
def edition_digests() -> frozenset[str]:
    """Return the SHA-256 of each file of each edition: they were checked when the edition was made."""
    table = read_small_csv(data_folder() / "editions.csv", ("file", "sha256"))
    return frozenset(table["sha256"])


def chronology_files(
    folder: str | Path | None = None, dyads: Sequence[str] | None = None
) -> dict[str, Path]:
    """Return the files of a chronology by dyad: those asked for, else all in the order of `dyads.csv`."""
    folder = Path(folder) if folder else data_folder() / "chronology"
    paths = {path.stem: path for path in folder.glob("*.csv")}
    if (
        folder.is_file()
    ):  # it is read itself: on its disk another may be called the same but for its case
        states = folder.stem.upper().split("-")
        if folder.suffix != ".csv" or [len(state) for state in states] != [3, 3]:
            raise DataError(
                f"{folder} is not named like a chronology file (USA-CHN.csv). Rename it, or describe it with a mapping."
            )
        paths = {dyad_code(*states): folder}
    if not paths:
        raise DataError(f"{folder} holds no chronology: it needs files such as USA-CHN.csv.")
    order = in_order(paths)
    chosen = order if dyads is None else [find_dyad(dyad, order) for dyad in dyads]
    return {dyad: paths[dyad] for dyad in chosen}


LONGEST_SUMMARY = 160
KEY = ["rule", "dyad", "date", "source", "cameo", "summary"]


def coding_breaches(folder: str | Path | None = None) -> pd.DataFrame:
    """Find the rows of a chronology that break a coding rule."""
    found = []
    for dyad, path in chronology_files(folder).items():
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


def _answered(rows: Rows) -> Broken:
    """Return whether each row has its counterpart: same day, other direction, same code (042 and 043 each other)."""
    rank = rows.groupby(["date", "source", "cameo"]).cumcount()
    other = rows["cameo"].replace({"042": "043", "043": "042"})
    there = pd.MultiIndex.from_arrays([rows["date"], rows["source"], rows["cameo"], rank])
    sought = pd.MultiIndex.from_arrays([rows["date"], rows["target"], other, rank])
    return pd.Series(sought.isin(there), index=rows.index)


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


_DENIAL = (
    r"(?i)\b(?:den(?:y|ies|ied)|rejects?|dismiss(?:es)?)\b.*"
    r"\b(?:charges?|accusations?|allegations?|claims?)\b"
)
"""A summary that says that a charge is denied."""


def _denial_as_cooperation(rows: Rows) -> Broken:
    """Return the rows that code a denied charge as cooperation (roots 01 to 08), and every row with `016`."""
    cooperative = rows["cameo"].str[:2] < "09"
    says_so = rows["summary"].str.contains(_DENIAL).astype(bool)
    return (rows["cameo"] == "016") | (cooperative & says_so)


_NUMBERED_ROUND = (
    r"(?i)\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\w+teenth|\w+tieth|\d+(?:st|nd|rd|th)"
    r"|new|another|next|last|latest|final)\b.*\brounds?\b"
)
"""A summary that numbers a round of talks; of other visits some mention "a round of talks"."""
_COOPERATES_DIPLOMATICALLY = (
    r"(?i)ratif|approv|acced|accession|\bjoins?\b|\benters?\b|\bin(?:to)? force|instrument|signs the law|extended"
    r"|parliament|senate|duma|\bdiet\b|congress"
    r"|embass|consul|liaison|legation|mission|ambassador|envoy|credential|representative|charg\w+ d'affaires"
)
"""A summary of what `050` is for: ratification or accession, and missions and their heads."""


def _no_ratification_or_mission(rows: Rows) -> Broken:
    """Return the rows of `050` whose summary tells of neither ratification or accession nor a mission or its head."""
    fits = rows["summary"].str.contains(_COOPERATES_DIPLOMATICALLY).astype(bool)
    return (rows["cameo"] == "050") & ~fits


def _round_as_visit(rows: Rows) -> Broken:
    """Return the visits whose summary numbers a round of talks."""
    return rows["cameo"].isin(["042", "043"]) & rows["summary"].str.contains(
        _NUMBERED_ROUND
    ).astype(bool)


def _twice(rows: Rows, pattern: str) -> Broken:
    """Return the rows of some codes that tell again, from whichever side, what an earlier one tells."""
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
        f"a summary of at most {LONGEST_SUMMARY} characters",
        lambda rows: rows["summary"].str.len() > LONGEST_SUMMARY,
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
        "`050` only for a ratification or accession, a mission, or an ambassador, which the summary names",
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


_PASSING = {
    r"[^/]*[\[\]]": "not an address",
    r"[^/?#]*(:\d|@)|[\d.]+([/?#]|$)": "a host by its number or port",
    # A copy for tests, a mirror or a cache.
    r"([^/?#]*[.-])?(test|testing|tests|staging|stage|wpstage|dev|preview|prod|cdn|mirror|mirrors|proxy|localhost|"
    r"ciaotest|dvincitest)([.\-/?#]|$)": "a host for tests, a mirror or a cache",
    # Sites to which anyone uploads what others have written.
    r"([^/?#]*\.)?(docslib|9dok|timetoast|studocu|scribd|issuu|issuhub|studylib|docplayer|lawsdocbox|vdocuments?|cupdf|"
    r"dokumen|pdfcoffee|slideshare|coursehero|freeessay|essaytgt|flipbuilder|pastebin)([./?#]|$)": "a site of uploads",
    r".*[?&]p=\d|.*/wp-json": "an address of a draft or a database",
    r"[^/?#]*/*\??(#.*)?$": "a host without a page",
}
"""Reason by pattern of what is after `https://` in an address that is not the publisher's own for
good."""


def passing_address(reference: str) -> str:
    """Describe why an address in a reference is not the publisher's own, lasting page; '' if it is or there is none."""
    if re.fullmatch(r"(?:www\.)?(?:[\w-]+\.)+[a-z]{2,}/?", reference):
        return "a host without a page"
    addresses = re.findall(r"https?://([^\s;]+)", reference)
    faults = (
        why
        for one in addresses
        for pattern, why in _PASSING.items()
        if re.match(pattern, one, re.IGNORECASE)
    )
    return next(faults, "")
