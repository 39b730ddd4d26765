"""The panel: events counted by dyad, period, direction and ordinal class, and what was watched at all.

An empty cell of a covered period is a true zero; a period outside coverage is no zero but a hole, and the two
are told apart everywhere. Nothing is lost on the way without trace: the attributes account for every event of
the dyads asked for (`counted`, `paired`, `outside_coverage`, `outside_span`, `late`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from forecast.errors import DataError, SpecError
from forecast.events.chronology import DATASET as CHRONOLOGY
from forecast.events.codebook import read_codes, read_scale
from forecast.events.dyads import find_dyad, read_coverage, read_eras
from forecast.events.table import Day, EventTable, as_day
from forecast.events.table import as_of as known_by
from forecast.files import digest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SCHEMA = 1
Frequency = Literal["month", "week"]
Unit = Literal["happening", "row"]
DIRECTIONS = {False: ("both",), True: ("first", "second")}


@dataclass(frozen=True)
class Classes:
    """The ordinal classes of a panel and the place of the boundary between conflict and cooperation."""

    scale: str
    names: tuple[str, ...]
    zero_cut: int


def build_panel(
    table: EventTable,
    *,
    dyads: Sequence[str] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    frequency: Frequency = "month",
    scale: str = "commitment",
    unit: Unit = "happening",
    directed: bool = False,
    eras: "pd.DataFrame | str | Path | None" = None,
    coverage: "pd.DataFrame | str | Path | None" = None,
) -> "xr.Dataset":
    """Count events into a panel.

    Parameters
    ----------
    table : EventTable
        The events.
    dyads : sequence of str, optional
        Which dyads, in this order; by default all that have events by `as_of`.
    start, end : date or str, optional
        First and last period (any day in it). Default: from the first period of coverage to the one of
        `as_of`, or without it to the last one of coverage, over the dyads.
    as_of : date or str, optional
        Use only what was known by that day: events by `known_at`, eras by `recognised_at`.
    frequency : {"month", "week"}
        Weeks begin on Monday.
    scale : str
        The ordering of codes into classes: ``commitment`` or ``goldstein``.
    unit : {"happening", "row"}
        Whether the two rows of a joint act (visitor and host, both callers, both signatories) count once in
        an undirected panel. In a directed panel each informs its own direction and both stay.
    directed : bool
        Whether to tell the two directions apart.
    eras : pandas.DataFrame or path, optional
        In the form of `read_eras`; the embedded ones by default. A dyad without eras gets one, ``all``.
    coverage : pandas.DataFrame or path, optional
        In the form of `read_coverage`. By default the embedded one for the chronology, and from the first
        event to the last one for other datasets.

    Returns
    -------
    xarray.Dataset
        `counts` (dataset, dyad, time, direction, class), `covered` (dataset, dyad, time), `era_index`
        (dyad, time); schema in docs/schema/panel.md.

    Raises
    ------
    UnknownDyadError
        If a dyad has no events in the table.
    SpecError
        If `as_of` is before the data, a date comes after `as_of`, or `start` after `end`.
    DataError
        If a dyad has no event left to count.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import build_panel
    >>> panel = build_panel(read_chronology(), dyads=["USA-CHN"], as_of="2023-10-31")
    >>> dict(panel.sizes)["class"], str(panel.time.values[-1])[:10]
    (8, '2023-10-01')
    """
    _one_of("frequency", frequency, ("month", "week"))
    _one_of("unit", unit, ("happening", "row"))
    order = read_scale(scale)
    chosen = table.dyads if dyads is None else [find_dyad(dyad, table.dyads) for dyad in dyads]
    table = replace(table, events=table.events[table.events["dyad"].isin(chosen)])
    day = None if as_of is None else as_day(as_of, "as_of")
    if day is not None:
        table = known_by(table, day)
        chosen = [dyad for dyad in chosen if dyads is not None or dyad in table.dyads]
    events = table.events
    rows = events.assign(
        level=events["cameo"].map(order.class_of),
        counted=_happenings(events) if unit == "happening" and not directed else events["n"],
    )
    return _panel(
        rows,
        Classes(scale, order.classes, order.zero_cut),
        dyads=chosen,
        span=(start, end, day),
        frequency=frequency,
        directed=directed,
        eras=eras,
        coverage=coverage,
        attrs={"unit": unit, "late": table.late, "digest": digest(_canonical(events))},
    )


def _panel(
    rows: "pd.DataFrame",
    classes: Classes,
    *,
    dyads: Sequence[str],
    span: "tuple[Day | None, Day | None, pd.Timestamp | None]",
    frequency: Frequency,
    directed: bool,
    eras: "pd.DataFrame | str | Path | None",
    coverage: "pd.DataFrame | str | Path | None",
    attrs: dict[str, str | int],
) -> "xr.Dataset":
    """Assemble a panel from rows: date, dyad, source, dataset, n, `counted` (n less pairs), class `level`."""
    import xarray as xr

    watched = _watched(rows, coverage)
    periods = _periods(watched, span, frequency)
    datasets = sorted(rows["dataset"].unique())
    pair = rows[["dataset", "dyad"]].merge(watched, how="left", left_on=["dataset", "dyad"], right_index=True)
    inside = ((rows["date"] >= pair["start"].array) & (rows["date"] <= pair["last"].array)).to_numpy()
    at = periods.searchsorted(floor_period(rows["date"], frequency))
    in_span = (rows["date"] >= periods[0]).to_numpy() & (at < len(periods))
    kept = inside & in_span
    sizes = len(datasets), len(dyads), len(periods), len(DIRECTIONS[directed]), len(classes.names)
    counts = np.zeros(sizes, dtype=np.int32)
    backward = (rows["source"] != rows["dyad"].str[:3]).to_numpy() & directed
    places = (
        rows["dataset"].map(datasets.index).to_numpy(),
        rows["dyad"].map(list(dyads).index).to_numpy(),
        at,
        backward.astype(int),
        rows["level"].to_numpy(),
    )
    np.add.at(counts, tuple(place[kept] for place in places), rows["counted"].to_numpy()[kept])
    _refuse_empty(counts.sum(axis=(0, 2, 3, 4)), dyads, periods)
    n, counted = rows["n"].to_numpy(), rows["counted"].to_numpy()
    outside = rows.assign(n=np.where(inside, 0, n)).groupby("dyad")["n"].sum()
    variables, coords = _era_variables(dyads, periods, frequency, eras, span[2])
    return xr.Dataset(
        {
            "counts": (("dataset", "dyad", "time", "direction", "class"), counts),
            "covered": (("dataset", "dyad", "time"), _covered(watched, datasets, dyads, periods, frequency)),
            **variables,
        },
        coords={
            "dataset": datasets,
            "dyad": list(dyads),
            "time": periods,
            "direction": list(DIRECTIONS[directed]),
            "class": np.arange(len(classes.names)),
            "class_name": ("class", list(classes.names)),
            **coords,
        },
        attrs={
            "schema": SCHEMA,
            "scale": classes.scale,
            "zero_cut": classes.zero_cut,
            "frequency": frequency,
            "as_of": "" if span[2] is None else f"{span[2]:%Y-%m-%d}",
            "counted": int(counts.sum()),
            "paired": int((n - counted)[kept].sum()),
            "outside_coverage": json.dumps({dyad: int(outside.get(dyad, 0)) for dyad in dyads}),
            "outside_span": int(n[inside & ~in_span].sum()),
            **attrs,
        },
    )


def floor_period(days: "pd.Series[pd.Timestamp]", frequency: Frequency) -> "pd.Series[pd.Timestamp]":
    """Return the first day of each day's month, or the Monday of its week."""
    import pandas as pd

    back = days.dt.day - 1 if frequency == "month" else days.dt.weekday
    return days.dt.normalize() - pd.to_timedelta(back, unit="D")


def _happenings(events: "pd.DataFrame") -> "pd.Series[int]":
    """Return n of each row less what is the other side of a joint happening.

    Two rows pair when they have one date, opposite directions and one joint code, or are a visit and its
    hosting. Of a visit the visitor's row is kept, else that of the first state; pairing is one-to-one.
    """
    visit = events["cameo"].isin(["042", "043"])
    visitor = events["source"].where(events["cameo"] == "042", events["target"])
    act = events["cameo"].mask(visit, "visit by " + visitor)
    leads = (events["cameo"] == "042") | (~visit & (events["source"] == events["dyad"].str[:3]))
    joint = events["cameo"].map(read_codes()["joint"])
    by = [events["dataset"], events["dyad"], events["date"], act]
    led = events["n"].where(leads, 0).groupby(by).transform("sum")
    followed = events["n"].mask(leads, 0).groupby(by).cumsum()
    alone = np.minimum(events["n"], (followed - led).clip(lower=0))
    return events["n"].where(leads | ~joint, alone)


def _watched(rows: "pd.DataFrame", coverage: "pd.DataFrame | str | Path | None") -> "pd.DataFrame":
    """Return the first and last day of even record, `start` and `last`, by (dataset, dyad)."""
    spans = rows.groupby(["dataset", "dyad"])[["date"]].agg(start=("date", "min"), last=("date", "max"))
    if coverage is None:
        given = read_coverage().assign(dataset=CHRONOLOGY)
    else:
        given = read_coverage(coverage) if isinstance(coverage, str | Path) else coverage
    for dataset, dyad in spans.index:
        matching = given[given["dyad"] == dyad]
        if "dataset" in matching:
            matching = matching[matching["dataset"] == dataset]
        if len(matching):
            spans.loc[(dataset, dyad)] = matching.iloc[0][["start", "last_even"]].to_numpy()
    return spans


def _periods(
    watched: "pd.DataFrame",
    span: "tuple[Day | None, Day | None, pd.Timestamp | None]",
    frequency: Frequency,
) -> "pd.DatetimeIndex":
    import pandas as pd

    start, end, as_of = span
    first = watched["start"].min() if start is None else as_day(start, "start")
    last = (as_of or watched["last"].max()) if end is None else as_day(end, "end")
    if as_of is not None and last > as_of:
        raise SpecError(
            f"end {last:%Y-%m-%d} comes after as_of {as_of:%Y-%m-%d}. Choose an earlier end, or leave it out."
        )
    if first > last:
        raise SpecError(
            f"start {first:%Y-%m-%d} comes after the end, {last:%Y-%m-%d}. Choose an earlier start."
        )
    ends = floor_period(pd.Series([first, last]), frequency)
    step = "MS" if frequency == "month" else "7D"
    return pd.date_range(ends[0], ends[1], freq=step, name="time").as_unit("ns")


def _covered(
    watched: "pd.DataFrame",
    datasets: Sequence[str],
    dyads: Sequence[str],
    periods: "pd.DatetimeIndex",
    frequency: Frequency,
) -> np.ndarray:
    covered = np.zeros((len(datasets), len(dyads), len(periods)), dtype=bool)
    # The period in which a record begins is covered too, though not from its first day.
    starts = floor_period(watched["start"], frequency)
    for (dataset, dyad), start, last in zip(watched.index, starts, watched["last"], strict=True):
        covered[datasets.index(dataset), dyads.index(dyad)] = (periods >= start) & (periods <= last)
    return covered


def _era_variables(
    dyads: Sequence[str],
    periods: "pd.DatetimeIndex",
    frequency: Frequency,
    eras: "pd.DataFrame | str | Path | None",
    as_of: "pd.Timestamp | None",
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the variable `era_index` and the coordinates of the dim `era`."""
    import pandas as pd

    table = eras if isinstance(eras, pd.DataFrame) else read_eras(eras)
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


def _refuse_empty(totals: np.ndarray, dyads: Sequence[str], periods: "pd.DatetimeIndex") -> None:
    empty = [dyad for dyad, total in zip(dyads, totals, strict=True) if total == 0]
    if empty or not dyads:
        who = ", ".join(empty) or "any dyad"
        raise DataError(
            f"No event of {who} can be counted from {periods[0]:%Y-%m-%d} to {periods[-1]:%Y-%m-%d}. "
            "Leave the dyad out, or choose a span in which it has coverage."
        )


def _canonical(events: "pd.DataFrame") -> "pd.DataFrame":
    return events.sort_values(["date", "event_id"])


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SpecError(f"{field} is {value!r}. Use one of: {', '.join(allowed)}.")
