"""Periods of a panel: their span, their coverage and their eras."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from forecast.base.dates import Day
from forecast.base.errors import DataError, SpecError
from forecast.base.typing import Bool, Frame
from forecast.data.events.days import Covered, Days, missing_periods
from forecast.data.events.dyads import read_eras
from forecast.data.events.table import as_day

if TYPE_CHECKING:
    import xarray as xr

Frequency = Literal["month", "week"]
END = "end"
"""Attribute of a panel that ends before what is known of it: the first day of its last period."""
COVERED_TO = "covered_to"
"""Attribute of a panel of events or counts: to which day dyads are covered, where that is stated;
JSON."""


PLACES = ["of_dataset", "of_period", "of_direction", "of_class"]
"""Columns that say in which cell of a dyad's panel a row is counted."""


class AskedSpan(NamedTuple):
    """The periods that a panel is asked for, by any day in them, and the day of knowledge."""

    start: Day | None = None
    end: Day | None = None
    as_of: pd.Timestamp | None = None


def floor_period(
    days: "pd.Series[pd.Timestamp]", frequency: Frequency
) -> "pd.Series[pd.Timestamp]":
    """Return the first day of each day's month, or the Monday of its week."""
    back = days.dt.day - 1 if frequency == "month" else days.dt.day_of_week
    return days.dt.normalize() - pd.to_timedelta(back, unit="D")


def last_days(starts: "pd.Series[pd.Timestamp]", frequency: Frequency) -> "pd.Series[pd.Timestamp]":
    """Return the last day of each period, given its first."""
    return starts + (pd.offsets.MonthEnd(0) if frequency == "month" else pd.Timedelta(days=6))


def panel_periods(
    covered_spans: pd.DataFrame, span: AskedSpan, frequency: Frequency
) -> pd.DatetimeIndex:
    """Return the periods of a panel: those asked for, by default all that are covered."""
    start, end, as_of = span
    first = covered_spans["start"].min() if start is None else as_day(start, "start", first=True)
    last = (as_of or covered_spans["last"].max()) if end is None else as_day(end, "end")
    if as_of is not None and last > as_of:
        raise SpecError(
            f"end {last:%Y-%m-%d} comes after as_of {as_of:%Y-%m-%d}. Choose an earlier end, or "
            "leave it out."
        )
    if first > last:
        raise SpecError(
            f"start {first:%Y-%m-%d} comes after the end, {last:%Y-%m-%d}. Choose an earlier start."
        )
    first_start, last_start = floor_period(pd.Series([first, last]), frequency)
    step = "MS" if frequency == "month" else "7D"
    return pd.date_range(first_start, last_start, freq=step, name="time").as_unit("ns")


def covered_periods(
    covered_spans: pd.DataFrame,
    files: Sequence[Covered],
    datasets: Sequence[str],
    dyads: Sequence[str],
    periods: pd.DatetimeIndex,
    frequency: Frequency,
    gaps: Mapping[tuple[str, str], Sequence[Days]] = MappingProxyType({}),
) -> Bool:
    """Return which periods are covered, (dataset, dyad, time).

    A period is covered if it lies in the span of its dataset and dyad. If the files of a dataset
    are known, nearly all of its days need a file too. A period that begins in one of the `gaps` (by
    dataset and dyad) and lacks too many days is not covered; that of the last day before a gap is
    covered in part, as is that of the last day of a record.
    """
    covered = np.zeros((len(datasets), len(dyads), len(periods)), dtype=bool)
    # The period in which a record begins is covered too, though not from its first day.
    starts = floor_period(covered_spans["start"], frequency)
    row_of = {dyad: number for number, dyad in enumerate(dyads)}
    for (dataset, dyad), start, last in zip(
        covered_spans.index, starts, covered_spans["last"], strict=True
    ):
        covered[datasets.index(dataset), row_of[dyad]] = (periods >= start) & (periods <= last)
    ends = last_days(periods.to_series(), frequency).to_numpy()
    for (dataset, dyad), missing in gaps.items():
        if dataset in datasets and dyad in row_of:
            lacks_days = missing_periods(missing, periods.to_numpy(), ends)
            in_gap = lacks_days & _begins_in(missing, periods)
            covered[datasets.index(dataset), row_of[dyad]] &= ~in_gap
    for file in files:
        if file.dataset in datasets and file.spans:
            covered[datasets.index(file.dataset)] &= ~file.missing(periods.to_numpy(), ends)
    return covered


def _begins_in(spans: Sequence[Days], periods: pd.DatetimeIndex) -> Bool:
    """Return which periods begin on a day of some spans, (period,)."""
    inside = np.zeros(len(periods), dtype=bool)
    for first, last in spans:
        inside |= (periods >= pd.Timestamp(first)) & (periods <= pd.Timestamp(last))
    return inside


def in_cells(
    rows: pd.DataFrame,
    datasets: Sequence[str],
    periods: "pd.Index[Any]",
    frequency: Frequency,
    *,
    directed: bool,
) -> pd.DataFrame:
    """Return rows with the numbers of their dataset, period and direction; -1 outside a panel."""
    starts = pd.Index(floor_period(rows["date"], frequency))
    backward = (rows["source"] != rows["dyad"].str[:3]).to_numpy() & directed
    return rows.assign(
        of_dataset=pd.Index(datasets).get_indexer(pd.Index(rows["dataset"])),
        of_period=periods.get_indexer(starts),
        of_direction=backward.astype(int),
    )


def covered_days(last: "pd.Series[pd.Timestamp]") -> str:
    """Return as JSON to which day each dyad is covered, from last days by (dataset, dyad)."""
    table = last.dt.strftime("%Y-%m-%d").unstack("dataset")
    return json.dumps(
        {name: days.dropna().to_dict() for name, days in table.items()}, ensure_ascii=False
    )


def covered_to(panel: "xr.Dataset", dyad: str, dataset: int) -> date | None:
    """Return the day to which a dataset covers a dyad, None where that is not stated."""
    days = json.loads(str(panel.attrs.get(COVERED_TO) or "{}"))
    day = days.get(str(panel["dataset"].to_numpy()[dataset]), {}).get(dyad)
    return None if day is None else date.fromisoformat(day)


def era_variables(
    dyads: Sequence[str],
    periods: pd.DatetimeIndex,
    frequency: Frequency,
    eras: Frame | str | Path | None,
    as_of: pd.Timestamp | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variable `era_index` and the coordinates of the dim `era`."""
    table = read_eras(eras)
    table = table.assign(since=floor_period(table["start"], frequency)).sort_values("start")
    if as_of is not None:
        table = table[table["recognised_at"] <= as_of]
    index = np.zeros((len(dyads), len(periods)), dtype=np.int16)
    tables: list[pd.DataFrame] = []
    for position, dyad in enumerate(dyads):
        of_dyad = table[(table["dyad"] == dyad) & (table["since"] <= periods[-1])]
        current = np.maximum(np.searchsorted(of_dyad["since"], periods, side="right") - 1, 0)
        # Eras that ended before the panel begins have no period in it and are left out.
        of_dyad = of_dyad.iloc[current.min() :]
        current = current - current.min()
        if of_dyad.empty:
            whole = {"era": ["all"], "name": ["The whole record"]}
            of_dyad = pd.DataFrame(whole | {"start": [periods[0]], "recognised_at": [periods[0]]})
        index[position] = sum(map(len, tables)) + current
        tables.append(of_dyad.assign(code=f"{dyad}:" + of_dyad["era"], place=position))
    every = pd.concat(tables)
    coords = {
        "era": list(every["code"]),
        "era_dyad": ("era", every["place"].to_numpy(np.int16)),
        "era_name": ("era", list(every["name"])),
        "era_start": ("era", pd.DatetimeIndex(every["start"]).as_unit("ns")),
        "era_recognised": ("era", pd.DatetimeIndex(every["recognised_at"]).as_unit("ns")),
    }
    return {"era_index": (("dyad", "time"), index)}, coords


def reject_later_eras(
    eras: Frame | str | Path, dyads: Sequence[str], periods: pd.DatetimeIndex, frequency: Frequency
) -> None:
    """Reject eras that begin after the last period: they would be left out in silence."""
    table = read_eras(eras)
    later = table["dyad"].isin(dyads) & (floor_period(table["start"], frequency) > periods[-1])
    for era in table[later].itertuples():
        raise DataError(
            f"eras: {era.dyad}: {era.era!r} begins on {era.start:%Y-%m-%d}, after the last period "
            f"of the record ({periods[-1]:%Y-%m-%d}); correct `start`, leave the era out, or give "
            "events up to then"
        )


def chosen_eras(choice: str, dyad: str) -> tuple[pd.DataFrame | None, str]:
    """Return all eras with those of a dyad as chosen, and in words where they come from.

    The choice is `none`, for one era of the whole record, or the path of a table. The choice
    `given` returns None and '': the embedded eras stay, and need no saying.
    """
    if choice == "given":
        return None, ""
    named = read_eras()
    others = named[named["dyad"] != dyad]
    if choice == "none":
        return others, f"The whole record of {dyad} counts as one era, by choice."
    table = read_eras(choice)
    of_dyad = table[table["dyad"] == dyad]
    if of_dyad.empty:
        raise DataError(
            f"{choice}: no row has the dyad {dyad}; add its eras, or choose --eras none"
        )
    return pd.concat(
        [others, of_dyad], ignore_index=True
    ), f"The eras of {dyad} are those of {Path(choice).name}."


def panel_of_dyad(panel: "xr.Dataset", dyad: str) -> "xr.Dataset":
    """Return the part of a panel that is of one dyad, with its own eras alone."""
    position = panel["dyad"].to_numpy().tolist().index(dyad)
    if panel.sizes["dyad"] == 1:
        return panel
    eras = np.flatnonzero(panel["era_dyad"].to_numpy() == position)
    part = panel.isel(dyad=[position], era=eras)
    index = part["era_index"]
    owner = part["era_dyad"]
    part = part.assign(era_index=index.copy(data=np.searchsorted(eras, index).astype(index.dtype)))
    return recounted(part.assign_coords(era_dyad=("era", np.zeros(len(eras), dtype=owner.dtype))))


def first_periods(panel: "xr.Dataset", stop: int) -> "xr.Dataset":
    """Return the first periods of a panel alone, which says that it ends there."""
    if stop >= panel.sizes["time"]:
        return panel
    part = panel.isel(time=slice(stop))
    return recounted(part.assign_attrs({END: str(part["time"].to_numpy()[-1])[:10]}))


def recounted(panel: "xr.Dataset") -> "xr.Dataset":
    """Return a panel whose counts were changed, saying how many it holds now."""
    return panel.assign_attrs(counted=int(panel["counts"].sum())) if "counts" in panel else panel
