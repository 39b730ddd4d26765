"""Events of KEDS and its successor TABARI, and monthly intensities of COPDAB, without a mapping.

The code of an actor begins with that of its state: three letters of ISO 3166, or what `actors.csv`
lists in their place. What follows is a role. It acts for the state, unless it is in `NO_STATE`.
"""

import functools
import gzip
import io
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.digests import digest
from forecast.base.errors import DataError
from forecast.base.escaping import printable
from forecast.base.file_faults import fence
from forecast.base.reading import read_bytes
from forecast.data.events.codebook import read_small_csv, state_names
from forecast.data.events.dyads import dyad_code
from forecast.data.events.mapping import (
    CODED,
    MAX_TABLE_FILE,
    PrescribedForm,
    RawTable,
    TableMapping,
    raw_csv,
)
from forecast.data.events.schemes import CAMEO
from forecast.data.events.table import EventTable
from forecast.data.events.tables import conform

ACTORS = Path(__file__).with_name("actors.csv")
"""Actor codes by scheme that are not ISO 3166: WEIS files have KEDS' older codes, CAMEO files
mostly those of ISO."""
COPDAB = "copdab"
NO_STATE = {
    "REB": "rebels",
    "OPP": "opposition",
    "INS": "insurgents",
    "SEP": "separatists",
    "REF": "refugees",
    "CVL": "civilians",
    "UIS": "unidentified actor",
    "PKK": "rebels",
    "KLA": "rebels",
    "TAL": "movement",
    "KUR": "ethnic group",
    "SER": "ethnic group",
    "CRO": "ethnic group",
    "ALB": "ethnic group",
    "MOS": "ethnic group",
}
"""Roles that do not act for the state before them, in words."""
TEXT_COLUMNS = ("date", "source", "target", "code", "label", "quote")
"""Fields of KEDS' own text form, separated by tabs; the last two may be absent."""
MIN_KEDS_FIELDS = 4  # fields of a line; no event is without date, source, target and code
DATE_FORMATS = {r"\d{6}": "%y%m%d", r"\d{8}": "%Y%m%d", r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d"}
"""Formats of dates, by what they look like."""
COPDAB_COLUMN = re.compile(r"([a-z]+)2([a-z]+)")  # us2ussr: what the US does to the USSR


ISO_LENGTH = 3
"""Letters of a state in ISO 3166 and in most codes of WEIS."""
SHORT_LENGTH = 2
"""Letters of the shortest codes of WEIS: UK and US."""
ROLE_LENGTH = 3
"""Letters of a role, such as GOV."""


@dataclass(frozen=True)
class Actor:
    """The state of an actor."""

    state: str  # ISO 3166 alpha-3 code; empty if it is none
    why: str = ""  # Why it is none


@functools.cache
def read_actors(scheme: str) -> dict[str, tuple[str, str]]:
    """Read the actor codes of a scheme: by code, the state and what it is in words."""
    table = read_small_csv(ACTORS, ("scheme", "code", "state", "what"))
    rows = table[table["scheme"] == scheme]
    return dict(zip(rows["code"], zip(rows["state"], rows["what"], strict=True), strict=True))


@functools.cache
def find_actor(code: str, scheme: str) -> Actor:
    """Return the state of an actor code, which begins with that of the state."""
    head, state, what = _find_state(code, scheme)
    if not state:
        return Actor("", what or "not in the table of states")
    role = code[len(head) :][:ROLE_LENGTH]
    return Actor("", f"{NO_STATE[role]}, no state") if role in NO_STATE else Actor(state)


def _find_state(code: str, scheme: str) -> tuple[str, str, str]:
    """Return the beginning of an actor code that names a state, that state, and it in words.

    The state is '' if the code names none.
    """
    listed = read_actors(scheme)
    for length in range(len(code), ISO_LENGTH - 1, -1):
        if code[:length] in listed:
            return code[:length], *listed[code[:length]]
    iso = code[:ISO_LENGTH]
    if len(iso) == ISO_LENGTH and (state := state_names().get(iso.casefold())):
        return iso, state, ""
    # Last, because the first two letters of UKR are the code of the United Kingdom.
    short = code[:SHORT_LENGTH]
    return short, *listed.get(short, ("", ""))


@checked
def read_keds(
    path: str | Path, scheme: Literal["cameo", "weis"] = "cameo", *, dataset: str = "keds"
) -> EventTable:
    """Read events that KEDS or TABARI coded, from their own text form or from CSV.

    The text form has date, source, target and code, separated by tabs, and may have a label and a
    quote. CSV has the columns ``date``, ``source``, ``target`` and ``code``, and may have ``desc``.
    Either may be compressed with gzip.

    Parameters
    ----------
    path : str or pathlib.Path
    scheme : {"cameo", "weis"}
        By which scheme the events are coded.
    dataset : str
        A name for the dataset.

    Returns
    -------
    EventTable
        Events between states; ``rejects`` has all other rows with their reasons. Rows of one day,
        source, target and code are one event. A code of WEIS stays in ``summary``; it is counted as
        the CAMEO code nearest in meaning, with Goldstein's weight for WEIS. Comments (root 02)
        count on neither side.

    Raises
    ------
    DataError, MappingError
        If the file cannot be read, is of another scheme, or no row is usable.

    Examples
    --------
    >>> from forecast.data.events import read_keds
    >>> read_keds("GULF99.TXT", scheme="weis").rejects["reason"].value_counts()  # doctest: +SKIP
    """
    path = Path(path)
    name = printable(path.name)
    content = _unpacked(path)
    with fence(name, "Give the text form of KEDS, or CSV with date, source, target and code."):
        raw = _read_lines(name, content)
        codes = (
            raw.rows["code"]
            .str.strip()
            .str.replace("]", "")
            .str.replace("O", "0")
            .str.replace("l", "1")
        )
        raw = replace(
            raw, rows=raw.rows.assign(code=codes), sha256=digest(read_bytes(path, MAX_TABLE_FILE))
        )
        return conform(
            raw,
            _mapping(raw, scheme, dataset),
            rejected=_no_states(raw.rows, scheme),
            one_event=(
                "date",
                "source",
                "target",
                "cameo",
                *([] if scheme == CAMEO else ["summary"]),
            ),
        )


def _unpacked(path: Path) -> bytes:
    """Return the content of a file, unpacked if it is compressed with gzip."""
    with fence(printable(str(path))):
        content = read_bytes(path, MAX_TABLE_FILE)
        if not content.startswith(b"\x1f\x8b"):
            return content
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(MAX_TABLE_FILE + 1)
    if len(unpacked) > MAX_TABLE_FILE:
        raise DataError(
            f"{printable(path.name)}: more than {MAX_TABLE_FILE:,} bytes when unpacked. Split it."
        )
    return unpacked


def _read_lines(name: str, content: bytes) -> RawTable:
    """Return the rows of either form as text, by line."""
    # either form is ASCII but for quotes, whose letters do not matter
    text = content.decode("latin-1")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if "\t" in first and not first.casefold().startswith("date"):
        return _text_form(name, text)
    delimiter = "tab" if "\t" in first else ","
    form = PrescribedForm(
        dataset=name, columns=dict(CODED), delimiter=delimiter, encoding="latin-1"
    )
    raw = raw_csv(name, content, form)
    raw = replace(raw, rows=raw.rows.rename(columns=lambda column: column.strip().casefold()))
    if lacking := [column for column in TEXT_COLUMNS[:MIN_KEDS_FIELDS] if column not in raw.rows]:
        raise DataError(
            f"{name}: there is no column {lacking[0]!r}; expected date, source, target and code, "
            "or lines of four fields that are separated by tabs"
        )
    return raw


def _text_form(name: str, text: str) -> RawTable:
    """Return the rows of KEDS' text form; what has fewer than four fields is broken."""
    split = {
        line: [cell.strip() for cell in row.split("\t", len(TEXT_COLUMNS) - 1)]
        for line, row in enumerate(text.splitlines(), start=1)
        if row.strip()
    }
    broken = {line: cells for line, cells in split.items() if len(cells) < MIN_KEDS_FIELDS}
    whole = {line: cells for line, cells in split.items() if line not in broken}
    filled = [[*cells, *[""] * (len(TEXT_COLUMNS) - len(cells))] for cells in whole.values()]
    index = pd.Index(list(whole), dtype="int64", name="line")
    return RawTable(
        name,
        "",
        pd.DataFrame(filled, columns=list(TEXT_COLUMNS), index=index, dtype=object),
        broken,
    )


def _mapping(raw: RawTable, scheme: Literal["cameo", "weis"], dataset: str) -> TableMapping:
    """Return the mapping of the rows of a file."""
    days = raw.rows["date"]
    first = next((day for day in days if any(re.fullmatch(form, day) for form in DATE_FORMATS)), "")
    written = next(
        (form for pattern, form in DATE_FORMATS.items() if re.fullmatch(pattern, first)), None
    )
    columns: dict[str, int | str] = {
        "date": "date",
        "source": "source",
        "target": "target",
        "cameo": "code",
    }
    if scheme == CAMEO:
        labels = [name for name in ("label", "desc") if name in raw.rows]
        columns |= dict(zip(("summary",), labels, strict=False))
    actors = {
        code: find_actor(code, scheme).state for code in {*raw.rows["source"], *raw.rows["target"]}
    }
    return TableMapping(
        dataset=dataset, columns=columns, scheme=scheme, countries=actors, date_format=written
    )


def _no_states(rows: pd.DataFrame, scheme: str) -> dict[int, str]:
    """Return, by line, why a row is not about two states."""
    reasons: dict[int, str] = {}
    for line, source, target in zip(rows.index, rows["source"], rows["target"], strict=True):
        actors = {code.strip(): find_actor(code.strip(), scheme) for code in (source, target)}
        if why := [
            f"{code or 'an empty actor'}: {actor.why}"
            for code, actor in actors.items()
            if actor.why
        ]:
            reasons[line] = "; ".join(why)
        elif len({actor.state for actor in actors.values()}) == 1:
            reasons[line] = "source and target are of one state"
    return reasons


@checked
def read_copdab(path: str | Path) -> pd.DataFrame:
    """Read monthly intensities of COPDAB by direction.

    The R package sTSD has them in this form (``exCopdab``).

    Parameters
    ----------
    path : str or pathlib.Path
        CSV with a column ``ym`` (4801 is January 1948) and a column per direction, such as
        ``us2ussr``.

    Returns
    -------
    pandas.DataFrame
        ``dyad``, ``time`` and ``value``, as `read_index` returns: the mean of both directions. A
        zero means that the month has no events in a direction; it is missing, and so is a month
        without a value in both.

    Raises
    ------
    DataError
        If the file cannot be read, a month or value is none, or a state is unknown.

    Examples
    --------
    >>> from forecast.data.events import read_copdab
    >>> read_copdab("exCopdab.csv")["dyad"].unique()  # doctest: +SKIP
    """
    table = read_small_csv(Path(path), ("ym",), "COPDAB")
    directions = {
        name: match for name in map(str, table) if (match := COPDAB_COLUMN.fullmatch(name))
    }
    if not directions:
        raise DataError(f"{path}: no column is of a direction; expected names such as us2ussr")
    time = pd.Series(
        [_month(text, line, path) for line, text in table["ym"].items()], index=table.index
    )
    values: dict[str, list[pd.Series[float]]] = {}
    for name, match in directions.items():
        states = [_copdab_state(word, name, path) for word in match.groups()]
        numbers = pd.to_numeric(table[name], errors="coerce")
        if (wrong := table.index[numbers.isna()]).size:
            raise DataError(
                f"{path}, line {wrong[0]}: {name} is {table.at[wrong[0], name]!r:.40}; expected a "
                "number"
            )
        values.setdefault(dyad_code(*states), []).append(numbers.where(numbers != 0.0))
    frames = [
        pd.DataFrame({"dyad": dyad, "time": time, "value": pd.concat(sides, axis=1).mean(axis=1)})
        for dyad, sides in values.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _month(text: str, line: object, path: str | Path) -> pd.Timestamp:
    """Return the first day of a month such as 4801, or 4801.0."""
    match = re.fullmatch(r"(\d{2})(0[1-9]|1[0-2])(?:\.0)?", text)
    if match is None:
        raise DataError(
            f"{path}, line {line}: ym is {text!r:.40}; expected year and month, such as 4801"
        )
    return pd.Timestamp(year=1900 + int(match[1]), month=int(match[2]), day=1)


def _copdab_state(word: str, column: str, path: str | Path) -> str:
    state, _ = read_actors(COPDAB).get(word, (state_names().get(word, ""), ""))
    if not state:
        raise DataError(
            f"{path}: in the column {column} {word!r} is no state; expected such as us, ussr or usa"
        )
    return state
