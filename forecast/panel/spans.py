"""Periods of a panel: their span, their coverage and their eras."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from forecast.errors import DataError, SpecError
from forecast.events.dyads import Covered, read_eras
from forecast.events.table import Day, as_day
from forecast.typing import Bool, Frame

if TYPE_CHECKING:
    import xarray as xr

Frequency = Literal["month", "week"]
END = "end"
"""Attribute of a panel that ends before what is known of it: the first day of its last period."""
COVERED_TO = "covered_to"
"""Attribute of a panel of events or counts: to which day dyads are covered, where that is stated; JSON."""


def floor_period(days: "pd.Series[pd.Timestamp]", frequency: Frequency) -> "pd.Series[pd.Timestamp]":
    """Return the first day of each day's month, or the Monday of its week."""
    back = days.dt.day - 1 if frequency == "month" else days.dt.day_of_week
    return days.dt.normalize() - pd.to_timedelta(back, unit="D")


def last_days(starts: "pd.Series[pd.Timestamp]", frequency: Frequency) -> "pd.Series[pd.Timestamp]":
    """Return the last day of each period, given its first."""
    return starts + (pd.offsets.MonthEnd(0) if frequency == "month" else pd.Timedelta(days=6))


def panel_periods(
    covered_spans: pd.DataFrame, span: tuple[Day | None, Day | None, pd.Timestamp | None], frequency: Frequency
) -> pd.DatetimeIndex:
    """Return the periods of a panel: those asked for, by default all that are covered."""
    start, end, as_of = span
    first = covered_spans["start"].min() if start is None else as_day(start, "start", first=True)
    last = (as_of or covered_spans["last"].max()) if end is None else as_day(end, "end")
    if as_of is not None and last > as_of:
        raise SpecError(
            f"end {last:%Y-%m-%d} comes after as_of {as_of:%Y-%m-%d}. Choose an earlier end, or leave it out."
        )
    if first > last:
        raise SpecError(f"start {first:%Y-%m-%d} comes after the end, {last:%Y-%m-%d}. Choose an earlier start.")
    ends = floor_period(pd.Series([first, last]), frequency)
    return steps(ends[0], ends[1], frequency)


def steps(first: pd.Timestamp, last: pd.Timestamp, frequency: Frequency) -> pd.DatetimeIndex:
    """Return the periods from the one that begins on `first` to the one that holds `last`."""
    step = "MS" if frequency == "month" else "7D"
    return pd.date_range(first, last, freq=step, name="time").as_unit("ns")


def covered_periods(
    covered_spans: pd.DataFrame,
    datasets: Sequence[str],
    dyads: Sequence[str],
    periods: pd.DatetimeIndex,
    frequency: Frequency,
) -> np.ndarray:
    """Return which periods are covered, (dataset, dyad, time)."""
    covered = np.zeros((len(datasets), len(dyads), len(periods)), dtype=bool)
    # The period in which a record begins is covered too, though not from its first day.
    starts = floor_period(covered_spans["start"], frequency)
    place = {dyad: number for number, dyad in enumerate(dyads)}
    for (dataset, dyad), start, last in zip(covered_spans.index, starts, covered_spans["last"], strict=True):
        covered[datasets.index(dataset), place[dyad]] = (periods >= start) & (periods <= last)
    return covered


def missing_periods(
    covered: Sequence[Covered], datasets: Sequence[str], periods: pd.DatetimeIndex, frequency: Frequency
) -> Bool:
    """Return the periods of which too many days have no file, (dataset, time); none where nothing is said of files."""
    missing = np.zeros((len(datasets), len(periods)), dtype=bool)
    for one in covered:
        if one.dataset in datasets and one.spans:
            ends = last_days(periods.to_series(), frequency).to_numpy()
            missing[datasets.index(one.dataset)] = one.missing(periods.to_numpy(), ends)
    return missing


def covered_days(last: "pd.Series[pd.Timestamp]") -> str:
    """Return as JSON to which day each dyad is covered, from last days by (dataset, dyad)."""
    found: dict[str, dict[str, str]] = {}
    ordered = last.sort_index()
    for place, day in zip(ordered.index.to_list(), ordered, strict=True):
        dataset, dyad = map(str, place)
        found.setdefault(dataset, {})[dyad] = f"{day:%Y-%m-%d}"
    return json.dumps(found, ensure_ascii=False)


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
    found: list[tuple[str, int, str, pd.Timestamp]] = []
    for place, dyad in enumerate(dyads):
        own = table[(table["dyad"] == dyad) & (table["since"] <= periods[-1])]
        current = np.maximum(np.searchsorted(own["since"], periods, side="right") - 1, 0)
        # Eras that ended before the panel begins have no period in it and are left out.
        own, current = own.iloc[current.min() :], current - current.min()
        if own.empty:
            own = pd.DataFrame({"era": ["all"], "name": ["The whole record"], "start": [periods[0]]})
        index[place] = len(found) + current
        found += [
            (f"{dyad}:{era}", place, name, start)
            for era, name, start in zip(own["era"], own["name"], own["start"], strict=True)
        ]
    codes, places, names, starts = zip(*found, strict=True)
    coords = {
        "era": list(codes),
        "era_dyad": ("era", np.array(places, dtype=np.int16)),
        "era_name": ("era", list(names)),
        "era_start": ("era", pd.DatetimeIndex(starts).as_unit("ns")),
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
            f"eras: {era.dyad}: {era.era!r} begins on {era.start:%Y-%m-%d}, after the last period of the record "
            f"({periods[-1]:%Y-%m-%d}); correct `start`, leave the era out, or give events up to then"
        )


@dataclass(frozen=True)
class Eras:
    """Eras of a dyad that are not those named for it."""

    table: pd.DataFrame  # In the form of `read_eras`: all other dyads keep their named eras
    words: str  # Where the dyad's eras come from, a sentence


def chosen_eras(choice: str, dyad: str) -> Eras | None:
    """Return the eras that replace those named for a dyad: with `none` a single one, else those of a file."""
    if choice == "given":
        return None
    named = read_eras()
    others = named[named["dyad"] != dyad]
    if choice == "none":
        return Eras(others, f"The whole record of {dyad} counts as one era, by choice.")
    table = read_eras(choice)
    own = table[table["dyad"] == dyad]
    if own.empty:
        raise DataError(f"{choice}: no row has the dyad {dyad}; add its eras, or choose --eras none")
    both = pd.concat([others, own], ignore_index=True)
    return Eras(both, f"The eras of {dyad} are those of {Path(choice).name}.")


def panel_of_dyad(panel: "xr.Dataset", dyad: str) -> "xr.Dataset":
    """Return the part of a panel that is of one dyad, with its own eras alone."""
    place = panel["dyad"].to_numpy().tolist().index(dyad)
    if panel.sizes["dyad"] == 1:
        return panel
    eras = np.flatnonzero(panel["era_dyad"].to_numpy() == place)
    part = panel.isel(dyad=[place], era=eras)
    index, owner = part["era_index"], part["era_dyad"]
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
