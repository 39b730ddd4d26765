"""Event tables of any file, read through a mapping."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import today
from forecast.base.digests import digest
from forecast.base.errors import DataError, MappingError
from forecast.base.file_faults import fence
from forecast.base.typing import Frame
from forecast.data.events.codebook import read_codes
from forecast.data.events.dyads import dyad_code
from forecast.data.events.mapping import (
    ADVICE,
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
from forecast.data.events.table import TEXT_COLUMNS, EventTable, broken_rules, sort_events

type Rows = pd.DataFrame
type Broken = pd.Series[bool]


# Share of rows whose codes only another scheme has; from it on a table is not read by its own
MAX_SHARE_OF_ANOTHER_SCHEME = 0.01
UNCHECKED = "unchecked: "
"""Prefix of the reference of an event that was coded from general knowledge and not looked up."""


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
    events = events.drop(index=list(repeats))
    reasons = reasons | repeats | raw.faults
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
    """Return all rows with the columns of the contract, and by line what is wrong with some.

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
        scheme = read_scheme(mapping.scheme)
        written = _codes(fields["cameo"], raw, mapping)
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
    # Of rows that are known to be good, only the rule on the future can be broken.
    if known_good and latest <= pd.Timestamp(today()):
        return events, {}
    return events, _reasons(events, fields, mapping)


def _known_on_its_day(fields: pd.DataFrame, mapping: TableMapping) -> Broken:
    """Return which rows state no day of becoming known: they are known on the event's day."""
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
    codes = scheme.codes.index
    zeros = text.str.startswith("0")
    _reject_other_schemes(text, scheme, raw.name)
    if mapping.leading_zeros == "lost":
        if zeros.any():
            raise MappingError(
                f"{raw.name}: the mapping says that codes have lost their leading zeros, but "
                f"{int(zeros.sum()):,} begin with one (line {text.index[zeros][0]}: "
                f"{text[zeros].iloc[0]!r}). Leave `leading_zeros` out."
            )
        short = text.str.len() == 2
        if mapping.scheme == CAMEO:
            short |= (text.str.len() == 3) & (text >= "205")
        return text.mask(short, "0" + text)
    if mapping.leading_zeros == "kept":
        return text
    # Where codes begin with a zero none has lost it: an unknown one is rejected with its row.
    lost = ("0" + text).isin(codes) & (not zeros.any())
    numeric = mapping.columns.get("cameo") in raw.numeric
    if lost.any() or numeric:
        surest = lost & ~text.isin(codes) if (lost & ~text.isin(codes)).any() else lost
        example = f" (line {text.index[surest][0]}: {text[surest].iloc[0]!r})" if lost.any() else ""
        raise MappingError(
            f"{raw.name}: the {scheme.title} codes have lost their leading zeros{example}. Store "
            "them as text, or set `leading_zeros: lost` in the mapping to have '61' read as '061' "
            "and '10' as '010' (or `kept`, if '10' is the root code 10)."
        )
    return text


def _reject_other_schemes(text: "pd.Series[str]", scheme: Scheme, name: str) -> None:
    """Reject a table of which many codes are of another scheme than its own.

    Codes of both would be misread.
    """
    # Where no code begins with a zero, 212 may be CAMEO's 0212.
    lost = ("0" + text).isin(scheme.codes.index) & (not text.str.startswith("0").any())
    unknown = ~text.isin(scheme.codes.index) & ~lost
    for other in SCHEMES:
        foreign = unknown & text.isin(read_scheme(other).codes.index)
        if foreign.mean() >= MAX_SHARE_OF_ANOTHER_SCHEME:
            roots = (
                ", such as those of roots 21 and 22"
                if text[foreign].str.startswith(WEIS_ROOTS).any()
                else ""
            )
            raise MappingError(
                f"{name}: {int(foreign.sum()):,} of {len(text):,} codes are of {TITLES[other]} and "
                f"not of {scheme.title}{roots} (line {text.index[foreign][0]}: "
                f"{text[foreign].iloc[0]!r}). If the table is coded by {TITLES[other]}, set "
                f"`scheme: {other}` in the mapping (`--scheme {other}`); if it has codes of both, "
                "split it."
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
            column = ""
            reason = "neither a code nor its goldstein or quad is given"
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
    """Return, by line, which earlier row a row repeats, in words.

    Rows repeat each other if they agree in the columns `one_event` or, without these, in their
    event id. Ids that the file itself gives twice raise DataError, unless the mapping rejects them.
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
            f"{file}: lines {firsts[event_id]} and {repeated[0]} have the same event id "
            f"{event_id!r} ({len(repeated)} such rows). Give each event its own id, or set "
            "`duplicate_ids: reject` in the mapping to keep the first of each."
        )
    what = "event id" if given else "row"
    return {line: f"same {what} as line {firsts[events.at[line, 'event_id']]}" for line in repeated}


def shown_reference(reference: str) -> str:
    """Return the reference of an event that was not looked up: where to look, and no citation."""
    return f"{UNCHECKED}{reference}".strip()


def is_unchecked(reference: str) -> bool:
    """Return whether a displayed reference belongs to an event that was not looked up."""
    return reference.startswith(UNCHECKED.strip())
