"""How far a panel knows a dyad: the end of its coverage, its gaps, and what is recorded in part."""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.base.dates import Clock, month_end, periods_a_month
from forecast.base.errors import DataError
from forecast.base.typing import Bool, Float, Index
from forecast.data.events.additions import additions_of, extended_ends
from forecast.data.events.coverage import coverage_gaps
from forecast.data.events.even_coverage import read_coverage
from forecast.data.events.table import EventTable
from forecast.data.panel.kinds import panel_kind
from forecast.data.panel.spans import covered_to

if TYPE_CHECKING:
    import xarray as xr

# Attribute of a panel that names the datasets which say when each event became known; JSON
VINTAGED = "vintaged"
MIN_RECORD_MONTHS = 36  # covered months of a dyad; in fewer a pendulum of years cannot be seen


def coverage_end(table: EventTable, dyad: str, dataset: str | None = None) -> date:
    """Return the last day of a dyad's coverage, with `dataset` that of one dataset alone.

    It is the last day that `coverage.csv` or the files of a dataset state, extended by added
    events; if nothing states one, the end of the month of the last event. Of several datasets it is
    the earliest of their last days, but one that ended more than a year before another has stopped
    and is ignored.
    """
    coverage = read_coverage()
    extended = extended_ends(table.additions)
    events = table.events[table.events["dyad"] == dyad]
    datasets = set(events["dataset"]) if dataset is None else {dataset}
    of_dyad = coverage[(coverage["dyad"] == dyad) & coverage["dataset"].isin(datasets)]
    by_table = of_dyad.set_index("dataset")["last_even"].to_dict()
    by_files = {
        file.dataset: pd.Timestamp(file.last)
        for file in table.covered
        if file.dataset in datasets and file.spans
    }
    ends = [
        max(last, extended.get((str(name), dyad), last))
        for name, last in (by_files | by_table).items()
    ]
    if ends:
        a_year_before = max(ends) - pd.DateOffset(years=1)
        earliest: date = min(end for end in ends if end >= a_year_before).date()
        return earliest
    stated = [
        day.date()
        for (name, code), day in extended.items()
        if code == dyad and dataset in (None, name)
    ]
    return max(stated) if stated else month_end(events["date"].max().date())


def last_known(panel: "xr.Dataset") -> date:
    """Return the day up to which a panel knows events: its ``as_of``, or else its last day."""
    stated = str(panel.attrs.get("as_of") or "")
    return date.fromisoformat(stated[:10]) if stated else Clock.of(panel).last_day()


def vintaged(panel: "xr.Dataset") -> tuple[str, ...]:
    """Return the datasets of a panel that say when each event became known."""
    return tuple(json.loads(str(panel.attrs.get(VINTAGED, "[]"))))


def observed_periods(panel: "xr.Dataset", dyad: str) -> Bool:
    """Return the periods in which a dyad was observed, (time,).

    Some dataset covered the dyad in them, or its index has a value.
    """
    if panel_kind(panel).coded:
        return np.asarray(panel["covered"].sel(dyad=dyad).any("dataset").to_numpy())
    return np.asarray(panel_kind(panel).seen(panel.sel(dyad=[dyad]))[0])


def data_facts(panel: "xr.Dataset") -> dict[str, Any]:
    """Return the digest of a panel's data and the files added to them, for the provenance."""
    added = [addition.account for addition in additions_of(panel.attrs)]
    return {"data_digest": panel.attrs.get("digest", "")} | ({"additions": added} if added else {})


def require_record(panel: "xr.Dataset", dyad: str, as_of: date) -> None:
    """Reject a record that is too short to see a pendulum in."""
    if dyad not in panel["dyad"].to_numpy():
        raise DataError(
            f"as-of: nothing is recorded of {dyad} by {as_of}; choose a later day (`forecast "
            "events check`)"
        )
    months = int(observed_periods(panel, dyad).sum() / periods_a_month(panel))
    if months < MIN_RECORD_MONTHS:
        raise DataError(
            f"as-of: {dyad} has {months} covered months by {as_of}; at least {MIN_RECORD_MONTHS} "
            "are needed to see a pendulum. Choose a later day, or a dyad with a longer record"
        )


def unrecorded_part(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Float:
    """Return which part of each period's days a dataset does not cover, (time,): 0 if none."""
    covered = panel["covered"].sel(dyad=dyad).isel(dataset=dataset).to_numpy()
    clock = Clock.of(panel)
    ends = np.array([clock.end_of(start) for start in clock.times.tolist()], dtype="datetime64[D]")
    days = (ends - clock.times).astype(int) + 1
    stated = covered_to(panel, dyad, dataset)
    last_day = last_known(panel) if stated is None else min(last_known(panel), stated)
    missing_days = np.clip((ends - np.datetime64(last_day)).astype(int), 0, days)
    missing_days += _days_in_gaps(panel, dyad, dataset, ends)
    return np.asarray(np.where(covered, np.clip(missing_days / days, 0.0, 1.0), 1.0))


def _days_in_gaps(
    panel: "xr.Dataset", dyad: str, dataset: int, ends: "np.ndarray[Any, Any]"
) -> Index:
    """Return how many days of each period lie in a gap that begins in it, (time,)."""
    key = (str(panel["dataset"].to_numpy()[dataset]), dyad)
    missing_days = np.zeros(len(ends), dtype=np.int64)
    starts = Clock.of(panel).times.astype("datetime64[D]")
    for first, last in coverage_gaps(additions_of(panel.attrs)).get(key, []):
        begins = (starts < np.datetime64(first)) & (np.datetime64(first) <= ends)
        inside = (np.minimum(ends, np.datetime64(last)) - np.datetime64(first)).astype(int) + 1
        missing_days += np.where(begins, inside, 0)
    return missing_days


def partly_known(panel: "xr.Dataset", dyad: str) -> date | None:
    """Return the day to which a panel's last period is known, if it is known only in part.

    That is so where some dataset covers that period, and none covers it to its end.
    """
    if not panel_kind(panel).coded or not observed_periods(panel, dyad)[-1]:
        return None
    sets = range(panel.sizes["dataset"])
    if any(unrecorded_part(panel, dyad, dataset)[-1] == 0 for dataset in sets):
        return None
    stated = [
        covered_to(panel, dyad, dataset)
        for dataset in sets
        if panel["covered"].sel(dyad=dyad)[dataset, -1]
    ]
    return min([last_known(panel), *(day for day in stated if day is not None)])
