"""Mappings from foreign tables to the fields of the event table, and rows as text by line.

Values stay text until the fields are known: a reader that guesses types turns the code '010' into
10.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import pandas as pd
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecast.base.digests import digest
from forecast.base.errors import DataError, MappingError
from forecast.base.escaping import printable
from forecast.base.file_faults import fence
from forecast.base.forms import faults, read_form
from forecast.base.reading import read_bytes
from forecast.base.typing import Frame
from forecast.data.events.codebook import as_frame, csv_lines, other_separator
from forecast.data.events.table import REJECT_COLUMNS, SourceFile

# Columns of a table: the widest of the field have some hundred, and each column takes memory and
# time of its own
MAX_COLUMNS = 10_000
Place = Annotated[int, Field(ge=1)] | Annotated[str, Field(min_length=1)]
"""A column by its name, or by its position counted from 1."""


_OTHER_DIGITS = re.compile(r"(?![0-9])\d")
"""Digits of other scripts, such as full-width ones, which some formats of dates would read and
others not."""


# Bytes; read as text they take some ten times as much memory
MAX_TABLE_FILE = 500_000_000
# Characters of one cell; a forgotten quotation mark makes a cell of the rest of a file
MAX_FIELD = 10_000_000
FREE_ROWS = 100_000
"""Rows that any Parquet file may have. Of a larger one each takes a byte at least: repeated, they
may take none."""
ADVICE = "Correct the file, or the mapping that describes it."


class FileForm(BaseModel):
    """File format and columns of the fields; the same for every kind of table."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fields: ClassVar[tuple[str, ...]]
    required: ClassVar[tuple[str, ...]]
    # A mapping of the user's describes the file, and can be corrected in its place
    by_user: ClassVar[bool] = True

    dataset: str = Field(min_length=1)  # Its name
    columns: dict[str, Place]  # Column of each field: its name, or position from 1
    constants: dict[str, str | int | float] = {}  # A value for all rows, instead of a column
    format: Literal["csv", "parquet"] | None = None  # By default by the file's ending
    delimiter: str = Field(default=",", min_length=1, max_length=1)  # One character, or `tab`
    quoted: bool = True  # False if a quotation mark is an ordinary letter
    header: bool = True  # The first line names the columns
    encoding: str = "utf-8"  # Of a CSV
    missing: tuple[str, ...] = ("", "NULL", "NA")  # What marks a missing value
    # Of `date` or `time`; by default ISO, such as 2023-10-31, of `time` also 2023-10
    date_format: str | None = None

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab(cls, value: Any) -> Any:
        if value in ('"', "\n", "\r", "\0"):
            raise ValueError("a quotation mark or line end cannot separate fields")
        return "\t" if value in ("tab", "\\t") else value

    @field_validator("date_format", "known_at_format", check_fields=False)
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is None or value == "ISO8601":
            return value
        plain = value.replace("%%", "")
        # beside a day Python does not see the year of a whole date
        years = "YyG" if "%d" in plain else "YyGFcxD"
        if not re.search(f"%[{years}]", plain):
            raise ValueError(f"{value!r:.60} has no year; write a format such as '%Y-%m-%d'")
        try:
            pd.to_datetime(pd.Series(["no date"]), format=value, errors="coerce")
        except (ValueError, TypeError, re.error) as error:
            raise ValueError(
                f"{value!r:.60} is no format of dates ({error!s:.100}); write one such as "
                "'%Y-%m-%d'"
            ) from error
        return value

    @model_validator(mode="after")
    def _known_and_complete(self) -> Self:
        for where, names in (("columns", self.columns), ("constants", self.constants)):
            for name in names:
                if name not in self.fields:
                    raise ValueError(
                        f"{where}: {name!r} is no field; fields are {', '.join(self.fields)}"
                    )
        for name in self.required:
            if not self.has(name):
                raise ValueError(f"{name} is missing: give it under `columns` or `constants`")
        both = sorted(self.columns.keys() & self.constants.keys())
        if both:
            raise ValueError(f"{both[0]} stands under `columns` and under `constants`: remove one")
        return self

    def has(self, field: str) -> bool:
        """Return whether the mapping contains `field`."""
        return field in self.columns or field in self.constants


class TableMapping(FileForm):
    """A table of single events, or of rows that stand for `n` of the same kind."""

    fields = (
        "date",
        "known_at",
        "source",
        "target",
        "cameo",
        "goldstein",
        "quad",
        "n",
        "actor",
        "summary",
        "reference",
        "event_id",
    )
    required = ("date", "source", "target")

    scheme: Literal["cameo", "weis"] = "cameo"  # Coding scheme of the codes in the field `cameo`
    known_at_format: str | None = None  # By default as `date_format`
    # What an empty `known_at` means: `missing`, so that the row is rejected, or `date`, the day of
    # the event
    known_at_empty: Literal["missing", "date"] = "missing"
    # ISO 3166 alpha-3 codes by country name; codes of states need no entry, nor those that ISO
    # leaves to users (`XKX`); `EUR: EUR` accepts a code that is no state's
    countries: dict[str, str] = {}
    # `lost` if '061' became '61'; `kept` if '10' is the root code 10; by default by the file
    leading_zeros: Literal["kept", "lost"] | None = None
    # `reject`: of rows with the same id keep the first and reject the others
    duplicate_ids: Literal["refuse", "reject"] = "refuse"

    @model_validator(mode="after")
    def _coded(self) -> Self:
        if not (self.has("cameo") or self.has("goldstein") or self.has("quad")):
            raise ValueError(
                "cameo is missing: give it, or else `goldstein` or `quad`, under `columns` or "
                "`constants`"
            )
        if self.scheme != "cameo" and self.has("quad"):
            raise ValueError(f"quad: it follows from the codes of {self.scheme}; leave it out")
        return self


class PrescribedForm(TableMapping):
    """The form that this program prescribes for a file, which has no mapping."""

    by_user = False


CODED = {name: name for name in (*TableMapping.required, "cameo")}
"""Columns of a table of coded events whose columns are called as the fields."""


class CountedClass(BaseModel):
    """One ordinal class of a table of counts: the sum of one or more columns."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)  # For readers
    side: Literal["conflict", "cooperation"]
    columns: tuple[Place, ...] = Field(min_length=1)  # Summed


class CountsMapping(FileForm):
    """A table of counts.

    It has one row per period and direction (or dyad), and one or more columns per class.
    """

    fields = ("time", "source", "target", "direction", "dyad")
    required = ("time",)

    frequency: Literal["month", "week"] = "month"
    # Between the two states of the field `direction`: USA>CHN
    separator: str = Field(default=">", min_length=1)
    countries: dict[str, str] = {}  # As in a table of events
    classes: tuple[CountedClass, ...]  # From the most hostile to the most cooperative

    @model_validator(mode="after")
    def _states_and_sides(self) -> Self:
        ways = [{"source", "target"}, {"direction"}, {"dyad"}]
        if {field for field in self.fields if field != "time" and self.has(field)} not in ways:
            raise ValueError(
                "the states are to be given as source and target, or direction, or dyad"
            )
        sides = [counted.side for counted in self.classes]
        if sides != sorted(sides) or len(set(sides)) < 2:
            raise ValueError(
                "classes: first those of conflict, then those of cooperation, at least one of each"
            )
        return self


class IndexMapping(FileForm):
    """A table of an index: one row per period, with its value."""

    fields = ("time", "value", "dyad")
    required = ("time", "value", "dyad")


def load_mapping[Model: FileForm](
    mapping: Model | dict[str, Any] | str | Path, kind: type[Model]
) -> Model:
    """Read a mapping and check it."""
    if isinstance(mapping, kind):
        return mapping
    if isinstance(mapping, str | Path):
        name = str(mapping)
        content = read_form(Path(mapping), "mapping", MappingError)
    else:
        name = "mapping"
        content = mapping
    if not isinstance(content, dict):
        raise MappingError(
            f"{name}: expected fields and values (`dataset: mine`), found {content!r:.60}."
        )
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise MappingError(f"{name}: {faults(error)}. See `forecast help events`.") from error


@dataclass(frozen=True)
class RawTable:
    """The rows of one file as text."""

    name: str
    sha256: str
    rows: pd.DataFrame
    """Text, index `line` (of a Parquet file: the number of the row, from 1)."""
    broken: dict[int, list[str]]
    """Rows that do not have the header's number of fields: line to fields."""
    numeric: frozenset[str] = frozenset()
    """Columns that the file itself stores as numbers."""

    @property
    def faults(self) -> dict[int, str]:
        """What is wrong with each of the broken rows, by line."""
        width = self.rows.shape[1]
        return {
            line: f"{len(fields)} fields where {width} are expected"
            for line, fields in self.broken.items()
        }

    def column(self, field: str, column: Place) -> "pd.Series[str]":
        """Return the column that the mapping names for a field, by its name or position from 1."""
        names = list(self.rows.columns)
        if isinstance(column, int):
            if column > len(names):
                raise MappingError(
                    f"{self.name}: the mapping puts {field} in column {column}, but there are "
                    f"{len(names)}."
                )
            return self.rows.iloc[:, column - 1]
        if column not in names:
            listing = ", ".join(str(name) for name in names)
            raise MappingError(
                f"{self.name}: the mapping puts {field} in column {column!r}, which is not there. "
                f"Columns: {listing}."
            )
        return self.rows[column]

    def field(self, field: str, form: FileForm) -> "pd.Series[str]":
        """Return a field of the mapping as text, '' where it is missing or not mapped at all."""
        if field in form.columns:
            text = self.column(field, form.columns[field]).str.strip()
            return text.mask(text.isin(form.missing), "")
        return pd.Series(str(form.constants.get(field, "")), index=self.rows.index, dtype=object)

    def rejects(self, reasons: dict[int, str]) -> pd.DataFrame:
        """Return the rows named in `reasons` (by line) in the form of the rejects file."""
        rows = []
        for line in sorted(reasons):
            text = io.StringIO()
            csv.writer(text, lineterminator="").writerow(
                self.broken.get(line) or self.rows.loc[line]
            )
            rows.append((self.name, line, reasons[line], text.getvalue()))
        return pd.DataFrame(rows, columns=list(REJECT_COLUMNS))

    def source_file(self, reasons: dict[int, str]) -> SourceFile:
        """Return the name, digest and row counts of this file."""
        return SourceFile(self.name, self.sha256, len(self.rows) + len(self.broken), len(reasons))

    def nothing_usable(self, reasons: dict[int, str]) -> DataError:
        """Return the error for a file in which every row has a reason to be rejected."""
        if not reasons:
            return DataError(f"{self.name} has a header and no rows. It needs at least one.")
        line = min(reasons)
        return DataError(
            f"{self.name}: none of {len(reasons)} rows is usable. The first, line {line}: "
            f"{reasons[line]}. {ADVICE}"
        )


def load_raw(path: str | Path | Frame, form: FileForm) -> RawTable:
    """Read a CSV or Parquet file, or a table in memory, as text."""
    if not isinstance(path, str | PathLike):
        return raw_frame(as_frame(path), form.dataset, form.date_format)
    path = Path(path)
    name = printable(path.name)
    with fence(printable(str(path))):
        content = read_bytes(path, MAX_TABLE_FILE)
    is_parquet = form.format == "parquet" or (
        form.format is None and path.suffix in (".parquet", ".pq")
    )
    with fence(name, ADVICE):
        return (_read_parquet if is_parquet else raw_csv)(name, content, form)


def raw_frame(
    frame: pd.DataFrame, name: str, date_format: str | None = None, sha256: str | None = None
) -> RawTable:
    """Return a table in memory as text.

    Its digest is that of its CSV form, its lines are counted from 1.
    """
    _require_few(name, len(frame.columns))
    _check_header(name, [str(column) for column in frame.columns])
    texts = {
        str(column): _as_text(frame[column], date_format or "%Y-%m-%d") for column in frame.columns
    }
    numeric = frozenset(
        str(column) for column in frame.columns if pd.api.types.is_numeric_dtype(frame[column])
    )
    rows = pd.DataFrame(texts, dtype=object)
    rows.index = pd.RangeIndex(1, len(rows) + 1, name="line")
    return RawTable(name, sha256 or digest(rows), rows, {}, numeric)


def read_times(
    texts: "pd.Series[str]", date_format: str | None, *, months: bool = False
) -> "pd.Series[pd.Timestamp]":
    """Read days or, by a day or the first of them, months; what is not of the format is missing."""
    texts = texts.mask(texts.map(lambda text: bool(_OTHER_DIGITS.search(text))), "")
    formats = [date_format] if date_format else ["%Y-%m-%d", "%Y-%m"][: 1 + months]
    first, *others = (pd.to_datetime(texts, format=format_, errors="coerce") for format_ in formats)
    return first.fillna(others[0]) if others else first


def raw_csv(name: str, content: bytes, form: FileForm) -> RawTable:
    """Return the content of a CSV file as text."""
    encoding = (
        "utf-8-sig"
        if form.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        else form.encoding
    )
    try:
        text = content.decode(encoding)
    except (ValueError, LookupError) as error:
        remedy = (
            "Set `encoding` in the mapping." if form.by_user else f"Save it as {form.encoding}."
        )
        raise DataError(f"{name} is not {form.encoding} ({error}). {remedy}") from error
    csv.field_size_limit(MAX_FIELD)
    rows = csv_lines(
        text,
        name,
        "Check `delimiter` and `quoted`." if form.by_user else "Correct the file.",
        delimiter=form.delimiter,
        quoting=csv.QUOTE_MINIMAL if form.quoted else csv.QUOTE_NONE,
    )
    if not rows:
        raise DataError(f"{name} is empty. It needs at least one row.")
    first = min(rows)
    _require_few(name, len(rows[first]))
    _require_separated(name, rows[first], form)
    header = (
        rows.pop(first)
        if form.header
        else [f"column {column + 1}" for column in range(len(rows[first]))]
    )
    _check_header(name, header)
    broken = {line: fields for line, fields in rows.items() if len(fields) != len(header)}
    lines = pd.Index([line for line in rows if line not in broken], dtype="int64", name="line")
    whole = pd.DataFrame([rows[line] for line in lines], columns=header, index=lines, dtype=object)
    return RawTable(name, digest(content), whole, broken)


def _require_separated(name: str, cells: Sequence[str], form: FileForm) -> None:
    """Reject a file that is separated otherwise than its form says.

    Its first row is one cell that holds another separator.
    """
    separator = other_separator(cells, form.delimiter)
    if separator is None:
        return
    remedy = (
        f"the mapping says {form.delimiter!r}. Write `delimiter: {separator!r}` in the mapping."
        if form.by_user
        else f"{form.delimiter!r} is expected. "
        f"Save it with columns separated by {form.delimiter!r}."
    )
    raise DataError(f"{name}: its columns seem to be separated by {separator!r}, and {remedy}")


def _read_parquet(name: str, content: bytes, form: FileForm) -> RawTable:
    with fence(name, "If it is not a Parquet file, set `format` in the mapping."):
        metadata = pq.read_metadata(io.BytesIO(content))
        _require_few(name, metadata.num_columns)
        number = metadata.num_rows
        if number > max(FREE_ROWS, len(content)):
            raise DataError(
                f"{name} has {number:,} rows in {len(content):,} bytes, and no more than one a "
                "byte are read. Leave out rows that say nothing, or write it as CSV."
            )
        table = pd.read_parquet(io.BytesIO(content))
    return raw_frame(table, name, form.date_format, digest(content))


def _as_text(column: "pd.Series[Any]", date_format: str) -> "pd.Series[str]":
    missing = column.isna()
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.dt.strftime(date_format)
    elif pd.api.types.is_float_dtype(column):
        column = column.map("{:.15g}".format)
    elif pd.api.types.is_object_dtype(column):
        column = column.map(
            lambda cell: cell.strftime(date_format) if isinstance(cell, date) else cell,
            na_action="ignore",
        )
    text: pd.Series[str] = column.astype(str).astype(object).mask(missing, "")
    return text


def _check_header(name: str, header: Collection[str]) -> None:
    _require_few(name, len(header))
    twice = [column for column, number in Counter(header).items() if number > 1]
    if twice:
        raise DataError(f"{name}: two columns are called {twice[0]!r:.100}. Rename one.")


def _require_few(name: str, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise DataError(
            f"{name} has {columns:,} columns, more than the {MAX_COLUMNS:,} that are read. Check "
            "`delimiter`, or leave out columns that the mapping does not name."
        )
