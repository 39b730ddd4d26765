"""Event data of a dyad in a panel: coverage, observed shares, event counts; and descriptions of panels and tables."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arguments import PANEL, checked
from forecast.clock import Clock, periods_a_month
from forecast.dates import month_end
from forecast.errors import DataError
from forecast.events.dyads import additions_of, even_spans, extended_ends, read_coverage
from forecast.events.table import EventTable
from forecast.panel.events import event_counts
from forecast.panel.kinds import panel_kind
from forecast.panel.spans import covered_to, floor_period, missing_periods, steps
from forecast.typing import Bool, Float, Index
from forecast.wording import Card, Displayed, join_some

if TYPE_CHECKING:
    import xarray as xr

    from forecast.events.table import EventTable

VINTAGED = "vintaged"
SHORTEST_RECORD = 36
"""Months: a pendulum of years cannot be seen in less."""


def coverage_end(table: "EventTable", dyad: str, dataset: str | None = None) -> date:
    """Return the last day of a dyad's coverage or of its files or, without either, the end of its last event's month.

    Added events extend it. Of several datasets it is the day to which all are covered that go on: one that ended more
    than a year before another has stopped, and is ignored. With a dataset it is that one's own.
    """
    coverage, extended = read_coverage(), extended_ends(table.additions)
    events = table.events[table.events["dyad"] == dyad]
    datasets = set(events["dataset"]) if dataset is None else {dataset}
    known = coverage[(coverage["dyad"] == dyad) & coverage["dataset"].isin(datasets)].set_index("dataset")["last_even"]
    ends = {one.dataset: pd.Timestamp(one.last) for one in table.covered if one.dataset in datasets and one.spans}
    even = [max(last, extended.get((str(name), dyad), last)) for name, last in (ends | known.to_dict()).items()]
    if even:
        going = max(even) - pd.DateOffset(years=1)
        first: date = min(end for end in even if end >= going).date()
        return first
    stated = [day.date() for (name, code), day in extended.items() if code == dyad and dataset in (None, name)]
    return max(stated) if stated else month_end(events["date"].max().date())


def last_known(panel: "xr.Dataset") -> date:
    """Return the day whose knowledge a panel has: its ``as_of``, or without one the last day of its last period."""
    stated = str(panel.attrs.get("as_of") or "")
    return date.fromisoformat(stated[:10]) if stated else Clock.of(panel).last_day()


def vintaged_datasets(table: "EventTable") -> dict[str, str]:
    """Return the attribute of a panel that names its datasets that say when each event became known; none, if none."""
    named = [name for name in table.datasets if name in table.vintaged]
    return {VINTAGED: json.dumps(named)} if named else {}


def vintaged(panel: "xr.Dataset") -> tuple[str, ...]:
    """Return the datasets of a panel that say when each event became known."""
    return tuple(json.loads(str(panel.attrs.get(VINTAGED, "[]"))))


def observed_periods(panel: "xr.Dataset", dyad: str) -> Bool:
    """Return the periods in which some dataset covered the dyad, or in which its index has a value, (time,)."""
    return panel_kind(panel).observed_periods(panel, dyad)


def data_facts(panel: "xr.Dataset") -> dict[str, Any]:
    """Return what the provenance of a fit says of its data: their digest, and the files that were added to them."""
    added = [one.account for one in additions_of(panel.attrs)]
    return {"data_digest": panel.attrs.get("digest", "")} | ({"additions": added} if added else {})


def require_record(panel: "xr.Dataset", dyad: str, as_of: date) -> None:
    """Reject a record that is too short to see a pendulum in."""
    if dyad not in panel["dyad"].to_numpy():
        raise DataError(
            f"as-of: nothing is recorded of {dyad} by {as_of}; choose a later day (`forecast events check`)"
        )
    months = int(observed_periods(panel, dyad).sum() / periods_a_month(panel))
    if months < SHORTEST_RECORD:
        raise DataError(
            f"as-of: {dyad} has {months} covered months by {as_of}; at least {SHORTEST_RECORD} are needed to see a "
            "pendulum. Choose a later day, or a dyad with a longer record"
        )


def whole_periods(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Bool:
    """Return which periods a dataset covers to their end, (time,): the others are known in part, or not at all.

    A month of which half is known says as much of its share as any, with fewer events, but not how many events
    there are in a month.
    """
    covered = panel["covered"].sel(dyad=dyad).isel(dataset=dataset).to_numpy()
    return np.asarray(covered & (_ends(panel) <= np.datetime64(_known_to(panel, dyad, dataset))))


def unrecorded_part(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> Float:
    """Return which part of each period's days a dataset does not cover, (time,): zero of whole periods."""
    covered, ends = panel["covered"].sel(dyad=dyad).isel(dataset=dataset).to_numpy(), _ends(panel)
    days = (ends - Clock.of(panel).times).astype(int) + 1
    left = (ends - np.datetime64(_known_to(panel, dyad, dataset))).astype(int)
    return np.asarray(np.where(covered, np.clip(left / days, 0.0, 1.0), 1.0))


def _known_to(panel: "xr.Dataset", dyad: str, dataset: int) -> date:
    """Return the day to which a panel knows the record of a dyad in a dataset."""
    stated = covered_to(panel, dyad, dataset)
    return last_known(panel) if stated is None else min(last_known(panel), stated)


def _ends(panel: "xr.Dataset") -> NDArray[np.datetime64]:
    """Return the last day of each period, (time,)."""
    clock = Clock.of(panel)
    return np.array([clock.end_of(start) for start in clock.times.tolist()], dtype="datetime64[D]")


def partly_known(panel: "xr.Dataset", dyad: str) -> date | None:
    """Return the day to which a panel's last period is known, if some dataset covers it, and none to its end."""
    if not panel_kind(panel).coded or not observed_periods(panel, dyad)[-1]:
        return None
    sets = range(panel.sizes["dataset"])
    if any(whole_periods(panel, dyad, place)[-1] for place in sets):
        return None
    stated = [covered_to(panel, dyad, place) for place in sets if panel["covered"].sel(dyad=dyad)[place, -1]]
    return min([last_known(panel), *(one for one in stated if one is not None)])


def observed_shares(panel: "xr.Dataset", dyad: str, dataset: int | None = None) -> "xr.Dataset":
    """Return a dyad's observed cooperative `share` (time), 0 to 100, and number of `events`.

    Of one dataset, by its position, or all together; and only periods with events; of an index, none.
    """
    some = panel if dataset is None or "dataset" not in panel.dims else panel.isel(dataset=[dataset])
    return panel_kind(panel).shares(some, dyad)


def sides(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> tuple[Index, Index, Bool]:
    """Return the counts of a dyad in a dataset: events, cooperative ones, and coverage, each (time,)."""
    counts, covered = by_class(panel, dyad, dataset)
    return counts.sum(axis=1), counts[:, int(panel.attrs["zero_cut"]) :].sum(axis=1), covered


def by_class(panel: "xr.Dataset", dyad: str, dataset: int = 0) -> tuple[Index, Bool]:
    """Return the events of each class that a dataset counts of a dyad, (time, class), and its coverage, (time,)."""
    own = panel.sel(dyad=dyad).isel(dataset=dataset)
    counts = own["counts"].sum("direction").transpose("time", "class").to_numpy().astype(np.int64)
    return counts, own["covered"].to_numpy()


USUAL_MONTHS = 36
"""Event counts drift with their sources: the usual count is that of the three years before."""
FEWEST_MONTHS = 12
"""With fewer months before, nothing is unusual."""


def relative_counts(total: Index, covered: Bool, periods: int, fewest: int) -> Float:
    """Return the logarithm of one and the events of each period, less its mean over the events before.

    The mean is over events and not over periods: a typical event falls into a usual month, and the level is its
    log-odds.
    """
    seen = np.broadcast_to(covered, total.shape)
    log = np.where(seen, np.log1p(total), 0.0)
    ends = np.arange(total.shape[-1])
    starts = np.maximum(ends - periods, 0)

    def before(values: Float) -> Float:
        sums = np.cumsum(np.concatenate([np.zeros_like(values[..., :1]), values], axis=-1), axis=-1)
        return np.asarray(sums[..., ends] - sums[..., starts])

    known = np.where(seen, total, 0).astype(np.float64)
    number, events = before(seen.astype(np.float64)), before(known)
    usual = before(known * log) / np.maximum(events, 1.0)
    return np.asarray(np.where(seen & (number >= fewest) & (events > 0), log - usual, 0.0))


def usual_periods(periods: float) -> tuple[int, int]:
    """Return over how many periods the usual is taken, and the fewest; `periods` are those of a month."""
    return round(USUAL_MONTHS * periods), round(FEWEST_MONTHS * periods)


def relative_event_counts(panel: "xr.Dataset") -> Float:
    """Return the relative event count of every period, (dyad, time): the mean over the datasets that cover it."""
    covered = panel["covered"].transpose("dataset", "dyad", "time").to_numpy()
    spare = set(panel["counts"].dims) - {"dataset", "dyad", "time"}
    total = panel["counts"].sum(spare).transpose("dataset", "dyad", "time").to_numpy()
    found = relative_counts(total, covered, *usual_periods(periods_a_month(panel)))
    return np.asarray(np.where(covered, found, 0.0).sum(axis=0) / np.maximum(covered.sum(axis=0), 1))


@dataclass(frozen=True, repr=False)
class PanelDescription(Displayed):
    """Contents of a panel."""

    kind: str  # `events` or `index`
    dyads: tuple[str, ...]  # Codes
    first: str  # First days of the first and the last period
    last: str
    frequency: str  # Of the periods
    periods: int  # How many there are
    observations: int  # Events counted, or periods with a value
    as_of: str  # The day whose knowledge counts; empty if none was given
    eras: int  # Eras of all dyads together
    datasets: tuple[str, ...]  # Names; an index has none
    classes: tuple[str, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Contents by name, in words."""
        every = [
            ("dyads", join_some(self.dyads)),
            ("periods", f"{self.periods:,} {self.frequency}s, {self.first} to {self.last}"),
            ("observed", f"{self.observations:,} {'events' if self.classes else 'values'}"),
            ("datasets", join_some(self.datasets)),
            ("classes", f"{len(self.classes)}, {self.classes[0]} to {self.classes[-1]}" if self.classes else ""),
            ("eras", str(self.eras)),
            ("as of", self.as_of),
        ]
        return tuple(fact for fact in every if fact[1])

    def _card(self) -> Card:
        return Card(f"Panel of {self.kind}", self.facts)


@checked(panel=PANEL)
def describe_panel(panel: "xr.Dataset") -> PanelDescription:
    """Describe a panel in a few lines.

    Parameters
    ----------
    panel : xarray.Dataset
        Of events, counts or an index.

    Raises
    ------
    SpecError
        If it is no dataset.

    Examples
    --------
    >>> from forecast import build_panel, describe_panel, read_chronology
    >>> describe_panel(build_panel(read_chronology(dyads=["USA-CHN"]), as_of="2023-10"))
    Panel of events
      dyads     USA-CHN
      periods   889 months, 1949-10-01 to 2023-10-01
      observed  2,063 events
      datasets  chronology
      classes   8, violence to binding commitment
      eras      5
      as of     2023-10-31
    """
    kind, days = panel_kind(panel), np.datetime_as_string(panel["time"].to_numpy(), unit="D")
    return PanelDescription(
        kind=kind.name,
        dyads=_names(panel, "dyad"),
        first=str(days[0]),
        last=str(days[-1]),
        frequency=str(panel.attrs["frequency"]),
        periods=panel.sizes["time"],
        observations=kind.number(panel),
        as_of=str(panel.attrs.get("as_of", "")),
        eras=panel.sizes["era"],
        datasets=_names(panel, "dataset"),
        classes=_names(panel, "class_name"),
    )


def _names(panel: "xr.Dataset", coordinate: str) -> tuple[str, ...]:
    return tuple(map(str, panel[coordinate].to_numpy())) if coordinate in panel.coords else ()


def summarise(table: EventTable, coverage: pd.DataFrame | str | Path | None = None) -> pd.DataFrame:
    """Summarise how much there is of each dyad and dataset, and how much of it lies in its coverage."""
    events = table.events.assign(events=event_counts(table.events))
    events["month"] = floor_period(events["date"], "month")
    files = () if coverage is not None else table.covered
    covered_spans = even_spans(events, coverage, table.additions, files)
    by = events.groupby(["dataset", "dyad"])
    summary = by.agg(first=("date", "min"), last=("date", "max"), rows=("date", "size"), events=("events", "sum"))
    summary.insert(2, "start", covered_spans["start"])
    summary.insert(3, "last_even", covered_spans["last"])
    covered = []
    for dataset, start, last in zip(
        summary.index.get_level_values("dataset"), floor_period(summary["start"], "month"), summary["last_even"],
        strict=True,
    ):  # fmt: skip
        months = steps(start, last, "month")
        covered.append(pd.DatetimeIndex(months[~missing_periods(files, [dataset], months, "month")[0]]))
    summary["months"] = list(map(len, covered))
    pairs = zip(covered, by["month"].unique(), strict=True)
    summary["empty_months"] = [len(months.difference(pd.DatetimeIndex(seen))) for months, seen in pairs]
    summary = summary.reset_index()
    summary.insert(0, "dyad", summary.pop("dyad"))
    order = {dyad: place for place, dyad in enumerate(table.dyads)}
    return summary.sort_values("dyad", key=lambda dyad: dyad.map(order), ignore_index=True)
