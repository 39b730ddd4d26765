"""Panel of an index, whose values somebody else computed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.base.arguments import checked
from forecast.base.dates import Day
from forecast.base.digests import digest
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Dyad, Frame
from forecast.data.events.codebook import as_frame, read_days
from forecast.data.events.dyads import in_order
from forecast.data.events.table import as_day
from forecast.data.panel.checks import chosen_dyads, reject_empty, reject_future_rows
from forecast.data.panel.kinds import SCHEMA
from forecast.data.panel.spans import (
    END,
    AskedSpan,
    Frequency,
    era_variables,
    floor_period,
    last_days,
    panel_periods,
)

if TYPE_CHECKING:
    import xarray as xr


@checked
def build_index_panel(
    frame: Frame,
    *,
    dyads: Sequence[Dyad] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    frequency: Frequency = "month",
    eras: Frame | str | Path | None = None,
) -> "xr.Dataset":
    """Make a panel of an index, for the observation model `index`.

    A period's value is taken to be known when the period is over; give an older edition of the
    index where later revisions matter.

    Parameters
    ----------
    frame : table
        Of pandas, polars, Arrow or xarray: `dyad`, `time` (any day of the period), `value`, as
        `read_index` returns.
    dyads, start, end, as_of, frequency, eras
        As for `build_panel`.

    Returns
    -------
    xarray.Dataset
        `index` (dyad, time), NaN where missing, and the eras as in any panel; no counts.

    Raises
    ------
    UnknownDyadError
        If a dyad is not in the frame.
    SpecError
        If `as_of` is before the data, a date comes after `as_of`, or `start` after `end`.
    DataError
        If a period has two values, or a dyad has none left.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecast.data.panel import build_index_panel
    >>> months = pd.date_range("2020-01-01", periods=24, freq="MS")
    >>> frame = pd.DataFrame({"dyad": "USA-CHN", "time": months, "value": range(24)})
    >>> build_index_panel(frame).index.sizes["time"]
    24
    """
    import xarray as xr

    table = _read_frame(frame)
    chosen = chosen_dyads(dyads, in_order(table["dyad"].unique()))
    rows = table[table["dyad"].isin(chosen) & table["value"].notna()]
    rows = rows.assign(time=floor_period(rows["time"], frequency))
    day = None if as_of is None else as_day(as_of, "as_of")
    known_rows = rows if day is None else rows[last_days(rows["time"], frequency) <= day]
    if known_rows.empty:
        raise SpecError(
            "as_of is before the data: no period of the index was over. Choose a later day."
        )
    _reject_two_values(known_rows)
    covered_spans = known_rows.groupby("dyad")[["time"]].agg(
        start=("time", "min"), last=("time", "max")
    )
    periods = panel_periods(covered_spans, AskedSpan(start, end, day), frequency)
    values = known_rows.pivot(index="dyad", columns="time", values="value").reindex(
        index=chosen, columns=periods
    )
    reject_empty(values.notna().sum(axis=1).to_numpy(), chosen, periods)
    variables, coords = era_variables(chosen, periods, frequency, eras, day)
    return xr.Dataset(
        {
            "index": (
                ("dyad", "time"),
                values.to_numpy(dtype=float),
                {"units": "points of the index"},
            ),
            **variables,
        },
        coords={"dyad": chosen, "time": periods, **coords},
        attrs={
            "schema": SCHEMA,
            "frequency": frequency,
            "as_of": "" if day is None else f"{day:%Y-%m-%d}",
            **({} if end is None else {END: f"{periods[-1]:%Y-%m-%d}"}),
            "late": len(rows) - len(known_rows),
            "digest": digest(known_rows.sort_values(["dyad", "time"])),
        },
    )


def _read_frame(frame: Frame) -> pd.DataFrame:
    """Return the table of an index, its columns and days checked."""
    table = as_frame(frame)
    if "time" in table and pd.api.types.is_string_dtype(table["time"]):
        table = table.assign(time=read_days(table["time"], "frame"))
    _check_columns(table)
    reject_future_rows(table["time"], "frame: time")
    return table


def _check_columns(frame: pd.DataFrame) -> None:
    """Reject a table that is no index, naming the column at fault."""
    columns: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "dyad": (
            "codes such as USA-CHN",
            lambda cells: all(isinstance(code, str) for code in cells),
        ),
        "time": ("days, such as pd.to_datetime() returns", pd.api.types.is_datetime64_any_dtype),
        "value": ("numbers", pd.api.types.is_numeric_dtype),
    }
    for name, (words, fits) in columns.items():
        if name not in frame:
            raise DataError(
                f"frame: there is no column {name!r}; expected the columns {', '.join(columns)}"
            )
        if not fits(frame[name]):
            raise DataError(f"frame: column {name!r} holds {frame[name].dtype}; expected {words}")


def _reject_two_values(rows: pd.DataFrame) -> None:
    """Reject an index with two values for a period of a dyad."""
    twice = rows[rows.duplicated(["dyad", "time"])]
    if len(twice):
        raise DataError(
            f"The index has two values for {twice['dyad'].iloc[0]}, "
            f"{twice['time'].iloc[0]:%Y-%m-%d}."
        )
