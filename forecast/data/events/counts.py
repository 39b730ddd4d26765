"""Count tables without single events: counts by period, direction and class, and indices."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import today
from forecast.base.errors import DataError, OutputPathError
from forecast.base.file_faults import fence
from forecast.base.files import check_target, write_csv, write_text
from forecast.base.typing import Frame
from forecast.data.events.dyads import dyad_code
from forecast.data.events.mapping import (
    ADVICE,
    CountsMapping,
    IndexMapping,
    RawTable,
    load_mapping,
    load_raw,
    read_times,
)
from forecast.data.events.table import CountTable

_TIMES = {"month": "%Y-%m", "week": "%Y-%m-%d"}
# Largest count in one cell of the table, as for the `n` of an event
MAX_COUNT = 2**31 - 1


@checked
def read_counts(
    path: str | Path | Frame, mapping: CountsMapping | dict[str, Any] | str | Path
) -> CountTable:
    """Read counts that are aggregated already.

    There is one row per period and direction, and one or more columns per class.

    Parameters
    ----------
    path : str, pathlib.Path or table
        A CSV or Parquet file, or a table of pandas, polars, Arrow or xarray.
    mapping : CountsMapping, dict, str or pathlib.Path
        A YAML or JSON file or its content; docs/events.md explains every field.

    Returns
    -------
    CountTable
        One row per dyad, direction, period and class with the number of events `n`.

    Raises
    ------
    MappingError
        If the mapping is malformed or names a column that is not there.
    DataError
        If the file cannot be read or no row is usable.

    Examples
    --------
    >>> from forecast.data.events import read_counts
    >>> read_counts("verbal.csv", "verbal.yaml")  # doctest: +SKIP
    """
    mapping = load_mapping(mapping, CountsMapping)
    raw = load_raw(path, mapping)
    if raw.rows.empty:
        raise raw.nothing_usable(raw.faults)
    with fence(raw.name, ADVICE):
        rows = _read_periods_and_states(raw, mapping)
        cells = _sum_cells(raw, mapping)
        reasons = _reject_reasons(raw, mapping, rows, cells)
        good = rows.index.difference(list(reasons))
        if good.empty:
            raise raw.nothing_usable(reasons)
        whole = rows.loc[good].join(cells.loc[good].astype("int64"))
        counts = whole.melt(list(rows.columns), var_name="class", value_name="n")
        return CountTable(
            counts=counts.astype({"class": "int64"}).assign(dataset=mapping.dataset),
            classes=tuple(counted.name for counted in mapping.classes),
            zero_cut=sum(counted.side == "conflict" for counted in mapping.classes),
            frequency=mapping.frequency,
            rejects=raw.rejects(reasons),
            files=(raw.source_file(reasons),),
        )


def wide_counts(table: CountTable, *, directed: bool = False) -> pd.DataFrame:
    """Return counts as `read_counts` reads them: one row per period and direction."""
    counts = table.counts
    values = "n" if directed or "events" not in counts else "events"
    time = counts["date"].dt.strftime(_TIMES[table.frequency])
    wide = counts.assign(time=time).pivot_table(
        index=["time", "source", "target"],
        columns="class",
        values=values,
        aggfunc="sum",
        fill_value=0,
    )
    wide = wide.reindex(columns=range(len(table.classes)), fill_value=0)
    return wide.set_axis(
        [class_column(class_) for class_ in range(len(table.classes))], axis=1
    ).reset_index()


def class_column(number: int) -> str:
    """Return the name of the column of a class in `wide_counts`, counted from the most hostile."""
    return f"class_{number}"


def wide_mapping(
    dataset: str, classes: Sequence[str], zero_cut: int, frequency: Literal["month", "week"]
) -> dict[str, Any]:
    """Return the mapping by which `read_counts` reads what `wide_counts` returns."""
    return {
        "dataset": dataset,
        "columns": {name: name for name in ("time", "source", "target")},
        "date_format": _TIMES[frequency],
        "frequency": frequency,
        "missing": [""],
        "classes": [
            {
                "name": name,
                "side": "conflict" if number < zero_cut else "cooperation",
                "columns": [class_column(number)],
            }
            for number, name in enumerate(classes)
        ],
    }


@checked
def write_counts(table: CountTable, path: str | Path, *, directed: bool = False) -> Path:
    """Write counts as CSV, with the mapping by which `read_counts` and reports read it."""
    path = Path(path)
    mapping = path.with_suffix(".yaml")
    if mapping == path:
        raise OutputPathError(
            f"{path}: the mapping would have the same name. Choose one that ends in .csv."
        )
    for target in (path, mapping):
        check_target(target)
    write_csv(path, wide_counts(table, directed=directed))
    dataset = str(table.counts["dataset"].iloc[0])
    write_mapping(mapping, wide_mapping(dataset, table.classes, table.zero_cut, table.frequency))
    return mapping


def write_mapping(path: str | Path, mapping: dict[str, Any]) -> None:
    """Write a mapping as YAML."""
    import yaml

    write_text(path, yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True, width=110))


@checked
def read_index(
    path: str | Path | Frame, mapping: IndexMapping | dict[str, Any] | str | Path
) -> pd.DataFrame:
    """Read an index of relations, such as a published monthly scale.

    Parameters
    ----------
    path : str, pathlib.Path or table
        A CSV or Parquet file, or a table of pandas, polars, Arrow or xarray.
    mapping : IndexMapping, dict, str or pathlib.Path
        A YAML or JSON file or its content; docs/events.md explains every field.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `time` (datetime64), `value` (float, NaN where missing); for
        `forecast.data.panel.build_index_panel`.

    Raises
    ------
    MappingError
        If the mapping is malformed or names a column that is not there.
    DataError
        If the file cannot be read, holds no value, a period twice, or something that is no time or
        number.

    Examples
    --------
    >>> from forecast.data.events import read_index
    >>> columns = {"time": "month", "value": "GPR"}
    >>> mapping = {"dataset": "gpr", "columns": columns, "constants": {"dyad": "USA-CHN"}}
    >>> read_index("gpr.csv", mapping)  # doctest: +SKIP
    """
    mapping = load_mapping(mapping, IndexMapping)
    raw = load_raw(path, mapping)
    with fence(raw.name, ADVICE):
        text = pd.DataFrame({field: raw.field(field, mapping) for field in mapping.fields})
        time = read_times(text["time"], mapping.date_format, months=True)
        value = pd.to_numeric(text["value"], errors="coerce").astype(float)
        named = text["dyad"].str.fullmatch(r"[A-Z]{3}-[A-Z]{3}").astype(bool)
        dyad = text["dyad"].map(lambda code: dyad_code(code[:3], code[4:]))
        frame = pd.DataFrame({"dyad": dyad, "time": time, "value": value})
        problems = {
            f"time is not {_form_of(mapping)}": time.isna(),
            "time is later than today": time > pd.Timestamp(today()),
            "value is not a number": value.isna() & (text["value"] != ""),
            "dyad is not like USA-CHN": ~named,
            "the same dyad and time as before": frame.duplicated(["dyad", "time"]),
        }
        for problem, where in problems.items():
            if where.any():
                line = where.index[where][0]
                raise DataError(
                    f"{raw.name}, line {line}: {problem} ({', '.join(text.loc[line])!r:.80})."
                )
        if raw.broken or value.isna().all():
            what = f"line {min(raw.broken)} is broken" if raw.broken else "there is no value"
            raise DataError(f"{raw.name}: {what}. {ADVICE}")
        return frame.sort_values(["dyad", "time"], ignore_index=True)


def _read_periods_and_states(raw: RawTable, mapping: CountsMapping) -> pd.DataFrame:
    fields = {field: raw.field(field, mapping) for field in mapping.fields}
    if mapping.has("direction"):
        halves = fields["direction"].str.partition(mapping.separator)
        fields |= {"source": halves[0].str.strip(), "target": halves[2].str.strip()}
    directed = not mapping.has("dyad")
    if not directed:
        halves = fields["dyad"].str.partition("-")
        fields |= {"source": halves[0], "target": halves[2]}
    states = [
        fields[side].map(lambda name: mapping.countries.get(name, name))
        for side in ("source", "target")
    ]
    start = read_times(fields["time"], mapping.date_format, months=True)
    length = pd.offsets.MonthEnd(0) if mapping.frequency == "month" else pd.Timedelta(days=6)
    return pd.DataFrame(
        {
            "date": start.dt.as_unit("s"),
            "known_at": (start + length).dt.as_unit("s"),
            "source": states[0] if directed else "",
            "target": states[1] if directed else "",
            "dyad": [dyad_code(*pair) for pair in zip(*states, strict=True)],
        },
        index=raw.rows.index,
    )


def _sum_cells(raw: RawTable, mapping: CountsMapping) -> pd.DataFrame:
    """Return the counts of each class, from 0; NaN where one cannot be read."""
    sums = {}
    for number, counted_class in enumerate(mapping.classes):
        texts = pd.DataFrame(
            {column: raw.column(counted_class.name, column) for column in counted_class.columns}
        )
        counts = texts.apply(pd.to_numeric, errors="coerce").astype(float)
        sums[number] = counts.sum(axis=1, skipna=False)
    return pd.DataFrame(sums)


def _form_of(mapping: CountsMapping | IndexMapping) -> str:
    """Return how a time is to be written."""
    return "in the date_format" + (
        "" if mapping.date_format else ", by default YYYY-MM or YYYY-MM-DD"
    )


def _reject_reasons(
    raw: RawTable, mapping: CountsMapping, rows: pd.DataFrame, cells: pd.DataFrame
) -> dict[int, str]:
    state = r"[A-Z]{3}-[A-Z]{3}"
    problems = {
        f"time is not {_form_of(mapping)}": rows["date"].isna(),
        "time is later than today": rows["date"] > pd.Timestamp(today()),
        "the states are not two ISO 3166 alpha-3 codes": ~rows["dyad"]
        .str.fullmatch(state)
        .astype(bool)
        | (rows["dyad"].str[:3] == rows["dyad"].str[4:]),
        "a count is not a whole number from 0": ~(
            (cells >= 0) & (cells <= MAX_COUNT) & (cells % 1 == 0)
        ).all(axis=1),
        "the same period and direction as an earlier line": rows.duplicated(
            ["date", "dyad", "source"]
        ),
    }
    reasons = raw.faults
    for problem, where in problems.items():
        for line in where.index[where]:
            reasons.setdefault(int(line), problem)
    return reasons
