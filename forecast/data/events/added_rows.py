"""Rows of added events: a small CSV or rows in memory, read and checked by line."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.base.errors import DataError
from forecast.base.typing import Frame
from forecast.base.wording import join
from forecast.data.events.codebook import as_frame, code_of_kind, read_codes
from forecast.data.events.mapping import (
    CODED,
    PrescribedForm,
    RawTable,
    TableMapping,
    load_raw,
    raw_frame,
)
from forecast.data.events.tables import in_types, typed_rows

# Every added row is kept in the fit and shown on the page; a larger table is a source of its own
MAX_ADDED_ROWS = 10_000
REQUIRED = ("date", "source", "target")
FIELDS = ("date", "known_at", "source", "target", "n", "actor", "summary", "reference")
CODES = ("code", "cameo", "kind")
"""Columns one of which says what a row is."""
IGNORED = ("precision", "verified", "compiled")
"""Columns of the chronology's own files that say nothing here, and the day on which an editor wrote
a row."""


def load_rows(rows: str | Path | Frame | Sequence[Mapping[str, Any]]) -> RawTable:
    """Read the rows as text, and make sure that their columns are known."""
    if isinstance(rows, str | Path):
        raw = load_raw(rows, PrescribedForm(dataset="added", columns=dict(CODED)))
    else:
        frame = pd.DataFrame(list(rows)) if isinstance(rows, Sequence) else as_frame(rows)
        raw = raw_frame(frame, "rows")
    _check_columns(raw)
    if len(raw.rows) > MAX_ADDED_ROWS:
        raise DataError(
            f"{raw.name}: {len(raw.rows):,} rows; at most {MAX_ADDED_ROWS:,} can be added. "
            "Describe the table by a mapping and read it as a source of its own "
            "(`forecast help events`)."
        )
    return raw


def _check_columns(raw: RawTable) -> None:
    """Reject a table with a column that is unknown, or without one that is required."""
    names = [str(name) for name in raw.rows.columns]
    expected = (
        f"Its first line names the columns, separated by commas: {join(REQUIRED)}, code or kind, "
        "summary"
    )
    for name in names:
        if name not in (*FIELDS, *CODES, *IGNORED):
            raise DataError(
                f"{raw.name}: there is no column {name!r:.60} of added events. {expected}."
            )
    missing = [name for name in REQUIRED if name not in names]
    if not set(CODES) & set(names):
        missing.append("code")
    if missing:
        raise DataError(f"{raw.name}: the column {missing[0]!r} is missing. {expected}.")


def read_rows(raw: RawTable, dataset: str) -> tuple[pd.DataFrame, dict[int, str]]:
    """Return the rows that can be read, as the event table has them, and why others cannot.

    Both are by line.
    """
    text = {name: raw.rows[name].str.strip() for name in raw.rows.columns}
    codes, reasons = _codes_of_rows(text, raw.rows.index)
    fields = {name: text[name] for name in FIELDS if name in text}
    for side in ("source", "target"):
        fields[side] = text[side].str.upper()
    fields["cameo"] = pd.Series(codes, dtype=object)
    rows = pd.DataFrame(fields, index=raw.rows.index).loc[list(codes)]
    reasons |= raw.faults
    if rows.empty:
        raise raw.nothing_usable(reasons)
    mapping = TableMapping(
        dataset=dataset,
        columns={name: name for name in rows.columns},
        missing=("",),
        known_at_empty="date",
    )
    events, wrong = typed_rows(replace(raw, rows=rows, broken={}), mapping)
    return in_types(events.drop(index=list(wrong))), reasons | wrong


def _codes_of_rows(
    text: Mapping[str, "pd.Series[str]"], lines: pd.Index
) -> tuple[dict[int, str], dict[int, str]]:
    """Return the codes of rows that have one, and why others have none, both by line."""
    empty = pd.Series("", index=lines, dtype=object)
    columns = [text.get(name, empty) for name in CODES]
    codes = dict[int, str]()
    reasons = dict[int, str]()
    for line, *words in zip(lines, *columns, strict=True):
        try:
            codes[line] = code_of_row(*words)
        except DataError as error:
            reasons[line] = str(error)
    return codes, reasons


def code_of_row(code: str, cameo: str, kind: str) -> str:
    """Return the code of a row that a person has written.

    `code` and `cameo` are two names of one column.
    """
    # A spreadsheet takes '042' for 42 and '010' for 10, another code: two digits are never read as
    # a code.
    words = [word for word in (code, cameo, kind) if word]
    if len(words) != 1:
        raise DataError(f"{'no' if not words else 'more than one'} code or kind; give one of them")
    if kind:
        return code_of_kind(kind)
    codes = read_codes().index
    if len(words[0]) > 2 and words[0] in codes:
        return words[0]
    with_a_zero = f"0{words[0]}", f"{words[0]}0"
    meant = [code for code in with_a_zero if len(code) > 2 and code in codes]
    hint = f"; {join(meant, 'or')} is meant? A spreadsheet drops leading zeros" if meant else ""
    raise DataError(
        f"code {words[0]!r:.20}: not a code of three or four digits of the codebook{hint}"
    )
