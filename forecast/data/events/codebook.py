"""Codebook: scale value and ordinal class of each CAMEO code; and reading of small tables.

The code table and the scales are data (`data/codebook`), so that another scale needs a column and
no code. Codes are always text: '010' (make a statement) is not '10' (demand).
"""

import csv
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from forecast.base.dates import read_day, reject_future
from forecast.base.errors import DataError, SpecError
from forecast.base.reading import read_bytes
from forecast.base.resources import data_folder
from forecast.base.typing import Frame
from forecast.base.wording import join

# Bytes of a small table
MAX_SMALL_CSV = 50_000_000
SEPARATORS = (";", "\t", "|", ",")
"""Characters that separate the columns of tables."""
VISITS = VISIT, HOST = "042", "043"
"""The two rows of a visit, one event under either code."""


@dataclass(frozen=True)
class Scale:
    """An ordering of all codes into classes, from the most hostile to the most cooperative."""

    name: str
    classes: tuple[str, ...]
    zero_cut: int  # Number of conflict classes: the boundary between conflict and cooperation
    # The class of each code; none where classes were counted by somebody else.
    class_of: "pd.Series[int]" = field(
        default_factory=lambda: pd.Series(dtype=int), repr=False, compare=False
    )


@functools.cache
def read_codes() -> pd.DataFrame:
    """Read the code table."""
    codes = read_small_csv(data_folder() / "codebook" / "cameo.csv").set_index("code")
    return codes.assign(
        goldstein=codes["goldstein"].astype(float),
        quad=codes["quad"].astype(int),
        joint=codes["joint"] == "yes",
    )


@functools.cache
def state_names() -> dict[str, str]:
    """Return the state of every name and code in lower case; '' for what is known to be none."""
    # Those of ISO 3166, today's and former ones, and those of `codebook/countries.csv`: names that
    # feeds use, CAMEO codes that differ from ISO, former codes, and regions and organisations,
    # which are no states. A name goes where its code goes, so that no spelling is another state.
    import pycountry

    table = read_small_csv(data_folder() / "codebook" / "countries.csv")
    listed = {
        written.casefold(): state
        for written, state in zip(table["written"], table["state"], strict=True)
    }
    names: dict[str, str] = {}
    for country in [*pycountry.historic_countries, *pycountry.countries]:
        code = country.alpha_3
        state = listed.get(code.casefold(), code)
        for kind in ("alpha_3", "name", "common_name", "official_name"):
            if written := getattr(country, kind, ""):
                names[written.casefold()] = state
    return names | listed


@functools.cache
def read_scale(name: str) -> Scale:
    """Read one of the ordinal scales."""
    folder = data_folder() / "codebook"
    scales = read_small_csv(folder / "scales.csv")
    rows = scales[scales["scale"] == name]
    if rows.empty:
        raise SpecError(
            f"scale: there is no scale {name!r}. Use one of: {', '.join(scale_names())}."
        )
    classes = read_small_csv(folder / "classes.csv").set_index("code")
    return Scale(
        name,
        tuple(rows["name"]),
        int((rows["side"] == "conflict").sum()),
        classes[name].astype(int),
    )


def scale_names() -> list[str]:
    """Return the names of the ordinal scales."""
    return list(read_small_csv(data_folder() / "codebook" / "scales.csv")["scale"].unique())


def csv_lines(text: str, name: str, advice: str, **form: Any) -> dict[int, list[str]]:
    """Return the cells of CSV by the line on which each row begins.

    A line without any is left out.
    """
    reader = csv.reader(io.StringIO(text, newline=""), **form)
    rows = dict[int, list[str]]()
    line = 1
    try:
        for row in reader:
            if row:
                rows[line] = row
            line = reader.line_num + 1
    except csv.Error as cause:
        raise DataError(f"{name}, line {line}: not CSV ({cause}). {advice}") from cause
    return rows


def other_separator(cells: Sequence[str], expected: str) -> str | None:
    """Return what separates the columns of a row of one cell, with `tab` in words.

    None if it is what was expected.
    """
    if len(cells) != 1:
        return None
    for separator in SEPARATORS:
        if separator != expected and separator in cells[0]:
            return "tab" if separator == "\t" else separator
    return None


def as_frame(table: Frame) -> pd.DataFrame:
    """Return a table of pandas, polars, Arrow or xarray as one of pandas."""
    if isinstance(table, pd.DataFrame):
        return table
    of_xarray = getattr(table, "to_dataframe", None)
    frame: pd.DataFrame = (
        pa.table(table).to_pandas() if of_xarray is None else of_xarray().reset_index()
    )
    return frame


def small_csv(table: Path | Frame) -> bytes:
    """Return the content of a CSV file, or of a table in memory as one."""
    return (
        read_bytes(table, MAX_SMALL_CSV)
        if isinstance(table, Path)
        else as_frame(table).to_csv(index=False).encode()
    )


def read_small_csv(
    table: Path | Frame, required: Sequence[str] = (), name: str = "table"
) -> pd.DataFrame:
    """Read a small table by line, every cell as text without space around it.

    Errors call one in memory by `name`.
    """
    path = table if isinstance(table, Path) else name
    try:
        text = small_csv(table).decode("utf-8-sig")
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise DataError(
            f"{path}: the table cannot be read ({reason}). Give a CSV file in UTF-8."
        ) from cause
    lines = csv_lines(text, str(path), "Save it as CSV in UTF-8.")
    rows = {
        line: [cell.strip() for cell in row]
        for line, row in lines.items()
        if any(map(str.strip, row))
    }
    header = rows.pop(min(rows), []) if rows else []
    if separator := other_separator(header, ","):
        raise DataError(
            f"{path}: its columns seem to be separated by {separator!r}, and ',' is expected. Save "
            "it with columns separated by ','."
        )
    if missing := [column for column in required if column not in header]:
        raise DataError(
            f"{path}: there is no column {missing[0]!r}; expected {', '.join(required)}"
        )
    if len(set(header)) < len(header):
        raise DataError(f"{path}: a column is there twice; expected {join(header)} once each")
    for line, row in rows.items():
        if len(row) != len(header):
            raise DataError(
                f"{path}, line {line}: {len(row)} cells, and the header has {len(header)}; fill in "
                "all"
            )
    index = pd.Index(list(rows), dtype="int64", name="line")
    return pd.DataFrame(list(rows.values()), index=index, columns=header, dtype=str)


def require_cells(
    cells: "pd.Series[Any]", right: "pd.Series[bool]", expected: str, name: str | Path
) -> None:
    """Reject a column of a table, indexed by its lines, with a cell that is not right."""
    for line, cell in cells[~right.astype(bool)].items():
        shown = f"{cell:%Y-%m-%d}" if isinstance(cell, date) else f"{cell!r:.60}"
        raise DataError(f"{name}, line {line}: {cells.name} is {shown}; expected {expected}")


def read_days(cells: "pd.Series[Any]", name: str | Path) -> "pd.Series[pd.Timestamp]":
    """Read a column of days, text or dates, indexed by the lines of its table."""
    days = dict[Any, date]()
    for line, given in cells.items():
        if given not in days:
            try:
                days[given] = read_day(
                    given if isinstance(given, str | date) else str(given), str(cells.name)
                )
            except SpecError as cause:
                raise DataError(f"{name}, line {line}: {cause}") from cause
    return cells.map(days).astype("datetime64[s]")


def past_days(cells: "pd.Series[Any]", name: str) -> "pd.Series[pd.Timestamp]":
    """Read a column of whole days, none of them in the future; a moment at midnight is its day."""
    cells = cells.str.removesuffix(" 00:00:00")
    require_cells(cells, cells.str.fullmatch(r"\d{4}-\d{2}-\d{2}"), "a day, as YYYY-MM-DD", name)
    days = read_days(cells, name)
    for line, day in days.drop_duplicates().items():
        try:
            reject_future(day.date(), str(cells.name))
        except SpecError as error:
            raise DataError(f"{name}, line {line}: {error}") from error
    return days


def read_dated_table(
    given: str | Path | Frame | None, what: str, columns: tuple[str, ...], days: tuple[str, ...]
) -> tuple[str, pd.DataFrame]:
    """Return a table with columns of whole days, by line, and the name by which errors call it.

    It is the one of `data/` that is called `what`, unless a user gives another.
    """
    given = data_folder() / f"{what}.csv" if given is None else given
    table = Path(given) if isinstance(given, str | Path) else given
    name = table.name if isinstance(table, Path) else what
    frame = read_small_csv(table, columns, what)
    return name, frame.assign(**{column: past_days(frame[column], name) for column in days})


@functools.cache
def read_kinds() -> dict[str, str]:
    """Read the words for kinds of events."""
    table = read_small_csv(data_folder() / "codebook" / "kinds.csv")
    return dict(zip(table["kind"], table["code"], strict=True))


def code_of_kind(kind: str) -> str:
    """Return the CAMEO code that a word for a kind of events stands for.

    The word may be in any case and with any spaces.
    """
    words = read_kinds()
    wanted = " ".join(kind.casefold().split())
    for word in (wanted, wanted.removesuffix("s")):
        if word in words:
            return words[word]
    raise DataError(f"kind {kind!r:.60}: there is no such kind; the kinds are {join(words)}")
