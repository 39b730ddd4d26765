"""Event tables read through a mapping, and the embedded chronology, one CSV per dyad."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.arguments import DYADS, MAPPING_OR_PATH, PATH, checked
from forecast.errors import DataError, MappingError
from forecast.events.codebook import read_codes
from forecast.events.dyads import dyad_code, find_dyad, in_order
from forecast.events.mapping import ADVICE, RawTable, TableMapping, load_mapping, load_raw
from forecast.events.table import TEXT_COLUMNS, EventTable, broken_rules, combine, sort_events
from forecast.files import fence
from forecast.resources import data_folder

if TYPE_CHECKING:
    import pandas as pd


@checked(path=PATH, mapping=MAPPING_OR_PATH)
def read_table(path: str | Path, mapping: TableMapping | dict[str, Any] | str | Path) -> EventTable:
    """Read events from a CSV or Parquet file that a mapping describes.

    Parameters
    ----------
    path : str or pathlib.Path
        The table.
    mapping : TableMapping, dict, str or pathlib.Path
        A YAML or JSON file or its content; docs/events.md explains every field.

    Returns
    -------
    EventTable

    Raises
    ------
    MappingError
        If the mapping is malformed or names a column that is not there.
    DataError
        If the file cannot be read, event ids occur twice, or no row is usable.

    Examples
    --------
    >>> from forecast.events import read_table
    >>> columns = {"date": "day", "source": "from", "target": "to", "cameo": "code"}
    >>> read_table("mine.csv", {"dataset": "mine", "columns": columns})  # doctest: +SKIP
    """
    mapping = load_mapping(mapping, TableMapping)
    raw = load_raw(path, mapping)
    with fence(raw.name, ADVICE):
        return conform(raw, mapping)


def conform(
    raw: RawTable, mapping: TableMapping, only_dyad: str | None = None, unchecked: "pd.Series[bool] | None" = None
) -> EventTable:
    """Convert rows of text to an event table.

    With `only_dyad`, rows of other dyads are rejected. The references of `unchecked` rows (by line) say so.
    """
    if raw.rows.empty:
        raise raw.nothing_usable({line: reason for line, (reason, _) in raw.broken.items()})
    events, reasons = typed_rows(raw, mapping)
    if unchecked is not None:
        events.loc[unchecked, "reference"] = events.loc[unchecked, "reference"].map(shown_reference)
    if only_dyad:
        for line in events.index[events["dyad"] != only_dyad].difference(list(reasons)):
            reasons[line] = f"not of the dyad {only_dyad}"
    reasons |= {line: reason for line, (reason, _) in raw.broken.items()}
    events = events.drop(index=list(reasons.keys() & set(events.index)))
    reasons |= _duplicates(events, raw.name, mapping)
    events = events.drop(index=list(reasons.keys() & set(events.index)))
    if events.empty:
        raise raw.nothing_usable(reasons)
    return EventTable(
        events=sort_events(in_types(events)),
        rejects=raw.rejects(reasons),
        files=(raw.source_file(reasons),),
        vintaged=(mapping.dataset,) if mapping.has("known_at") else (),
    )


def typed_rows(raw: RawTable, mapping: TableMapping) -> "tuple[pd.DataFrame, dict[int, str]]":
    """Return all rows with the columns of the contract, index `line`, and by line what is wrong with some of them."""
    import pandas as pd

    fields = pd.DataFrame({field: raw.field(field, mapping) for field in mapping.fields})
    events = _typed(fields, raw, mapping)
    return events, _reasons(events, fields, mapping)


def in_types(events: "pd.DataFrame") -> "pd.DataFrame":
    """Return events of which nothing is wrong in the types of the contract."""
    return events.astype({"quad": "int8", "n": "int64", **dict.fromkeys(TEXT_COLUMNS, "str")})


def _typed(fields: "pd.DataFrame", raw: RawTable, mapping: TableMapping) -> "pd.DataFrame":
    """Return the columns of the contract; what cannot be read becomes missing, for the schema to find."""
    import pandas as pd

    def days(field: str, date_format: str) -> "pd.Series[pd.Timestamp]":
        read = pd.to_datetime(fields[field], format=date_format, errors="coerce")
        return read.dt.normalize().dt.as_unit("s")

    def number(field: str, default: "pd.Series[float] | float") -> "pd.Series[float]":
        read = pd.to_numeric(fields[field], errors="coerce").astype(float)
        return read.where(fields[field] != "", default)

    events = fields[["actor", "summary", "reference", "event_id"]].copy()
    events["date"] = days("date", mapping.date_format)
    events["known_at"] = events["date"]
    if mapping.has("known_at"):
        events["known_at"] = days("known_at", mapping.known_at_format or mapping.date_format)
    for side in ("source", "target"):
        events[side] = fields[side].map(lambda name: mapping.countries.get(name, name))
    events["cameo"] = _codes(fields["cameo"], raw, mapping)
    codes = read_codes()
    events["goldstein"] = number("goldstein", events["cameo"].map(codes["goldstein"]).fillna(0.0))
    events["quad"] = number("quad", events["cameo"].map(codes["quad"]).fillna(1).astype(float))
    events["n"] = number("n", 1.0)
    events["dataset"] = mapping.dataset
    if "event_id" not in mapping.columns:
        events["event_id"] = _content_ids(fields, mapping.dataset)
    pairs = events[["source", "target"]].drop_duplicates()
    names = {pair: dyad_code(*pair) for pair in pairs.itertuples(index=False, name=None)}
    events["dyad"] = [names[pair] for pair in zip(events["source"], events["target"], strict=True)]
    return events


def _codes(text: "pd.Series[str]", raw: RawTable, mapping: TableMapping) -> "pd.Series[str]":
    """Return the CAMEO codes, mended if the mapping says that their leading zeros are lost.

    Event codes have three or four digits. Two digits have therefore lost a zero, and of those with three the
    ones from 211 on (root 20 ends at 204): no code can be meant in two ways. Undeclared, though, a '10' is
    the root DEMAND; so a file that shows signs of lost zeros is rejected rather than misread in part.
    """
    if mapping.leading_zeros == "lost":
        short = (text.str.len() == 2) | ((text.str.len() == 3) & (text >= "205"))
        return text.mask(short, "0" + text)
    known = read_codes().index
    lost = ~text.isin(known) & ("0" + text).isin(known)
    place = mapping.columns.get("cameo")
    if lost.any() or place in raw.numeric:
        example = f" (line {text.index[lost][0]}: {text[lost].iloc[0]!r})" if lost.any() else ""
        raise MappingError(
            f"{raw.name}: the CAMEO codes have lost their leading zeros{example}. Store them as text, or set "
            "`leading_zeros: lost` in the mapping to have '61' read as '061' and '10' as '010'."
        )
    return text


def _content_ids(fields: "pd.DataFrame", dataset: str) -> list[str]:
    """Return an id made from a row's content, the same in every run and on every machine."""
    rows = fields.drop(columns="event_id").itertuples(index=False, name=None)
    return [hashlib.sha256("\x1f".join((dataset, *row)).encode()).hexdigest()[:16] for row in rows]


def _reasons(events: "pd.DataFrame", fields: "pd.DataFrame", mapping: TableMapping) -> dict[int, str]:
    """Return, by line, what is wrong with each row that breaks the schema."""
    reasons: dict[int, list[str]] = {}
    for line, column, reason in broken_rules(events).itertuples(index=False, name=None):
        if column in fields and not mapping.has(column):
            continue  # it follows from another field, which is at fault
        if column in fields and fields.at[line, column] == "":
            reason = "missing"
        subject = f"{column} {fields.at[line, column]!r}: " if column in fields else ""
        reasons.setdefault(int(line), []).append(subject + reason)
    return {line: "; ".join(several) for line, several in reasons.items()}


def _duplicates(events: "pd.DataFrame", file: str, mapping: TableMapping) -> dict[int, str]:
    """Return, by line, the rows that repeat an earlier one; repeated ids given by the file are rejected."""
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


DATASET = "chronology"

# Only the empty cell is missing here: 'NA' could be somebody's summary.
_CHRONOLOGY_FIELDS = ("date", "source", "target", "actor", "cameo", "summary", "reference")
MAPPING = TableMapping(dataset=DATASET, columns={field: field for field in _CHRONOLOGY_FIELDS}, missing=("",))


@checked(folder=PATH, dyads=DYADS)
def read_chronology(folder: str | Path | None = None, dyads: Sequence[str] | None = None) -> EventTable:
    """Read the hand-coded chronology.

    An event of the chronology is taken to be known on its day. The `reference` of a row that was not looked up
    (`verified` other than ``yes``) begins with ``unchecked:``; it says where to look, and is no citation.

    Parameters
    ----------
    folder : str or pathlib.Path, optional
        A folder of files ``AAA-BBB.csv`` in the form of the embedded ones (docs/events.md), or one such file; the
        embedded ones without it.
    dyads : sequence of str, optional
        Which dyads to read; all by default.

    Returns
    -------
    EventTable

    Raises
    ------
    UnknownDyadError
        If a dyad has no file.
    DataError
        If there is no file, or one has no usable row.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> table = read_chronology(dyads=["CHN-USA"])
    >>> table.dyads, table.events["cameo"].iloc[0]
    (['USA-CHN'], '173')
    """
    paths = chronology_files(folder, dyads)
    return combine([_read_dyad(dyad, path) for dyad, path in paths.items()])


def _read_dyad(dyad: str, path: Path) -> EventTable:
    raw = load_raw(path, MAPPING)
    unchecked = raw.rows["verified"].str.strip() != "yes" if "verified" in raw.rows else None
    return conform(raw, MAPPING, only_dyad=dyad, unchecked=unchecked)


def chronology_files(folder: str | Path | None = None, dyads: Sequence[str] | None = None) -> dict[str, Path]:
    """Return the files of a chronology by dyad: those asked for, else all in the order of `dyads.csv`."""
    folder = Path(folder) if folder else data_folder() / "chronology"
    # A file is read itself: on its disk another may be called the same but for its case.
    paths = {path.stem: path for path in folder.glob("*.csv")} if not folder.is_file() else _one_file(folder)
    if not paths:
        raise DataError(f"{folder} holds no chronology: it needs files such as USA-CHN.csv.")
    order = in_order(paths)
    chosen = order if dyads is None else [find_dyad(dyad, order) for dyad in dyads]
    return {dyad: paths[dyad] for dyad in chosen}


def _one_file(path: Path) -> dict[str, Path]:
    states = path.stem.upper().split("-")
    if path.suffix != ".csv" or [len(state) for state in states] != [3, 3]:
        raise DataError(
            f"{path} is not named like a chronology file (USA-CHN.csv). Rename it, or describe it with a mapping."
        )
    return {dyad_code(*states): path}
