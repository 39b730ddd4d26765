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
from forecast.events.codebook import read_codes, read_scale
from forecast.events.dyads import find_dyad, in_order, read_coverage, read_eras
from forecast.events.table import CountTable, Day, EventTable, as_day
from forecast.events.table import as_of as known_by
from forecast.files import digest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SCHEMA = 1
Frequency = Literal["month", "week"]
Unit = Literal["happening", "row"]
DIRECTIONS = {False: ("both",), True: ("first", "second")}

# The schema: dims and kind of dtype (i integer, b bool, f float, U or O text, M time) of what a panel holds.
VARIABLES = {
    "era_index": (("dyad", "time"), "i"),
    "era_dyad": (("era",), "i"),
    "era_start": (("era",), "M"),
    "time": (("time",), "M"),
}
EVENT_VARIABLES = {
    "counts": (("dataset", "dyad", "time", "direction", "class"), "i"),
    "covered": (("dataset", "dyad", "time"), "b"),
    "class": (("class",), "i"),
}
INDEX_VARIABLES = {"index": (("dyad", "time"), "f")}
INDEX_SCALE = {"index_mean": (("dyad",), "f"), "index_spread": (("dyad",), "f")}
"""Both or neither: what the index is standardised with in place of its own record's mean and spread."""
ATTRIBUTES = {"schema", "frequency", "as_of", "late", "digest"}
EVENT_ATTRIBUTES = {"scale", "unit", "zero_cut", "counted", "paired", "outside_coverage", "outside_span"}


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
    chosen = _chosen(dyads, table.dyads)
    table = replace(table, events=table.events[table.events["dyad"].isin(chosen)])
    day = None if as_of is None else as_day(as_of, "as_of")
    if day is not None:
        table = known_by(table, day)
        chosen = [dyad for dyad in chosen if dyads is not None or dyad in table.dyads]
    events = table.events
    rows = events.assign(
        level=events["cameo"].map(order.class_of),
        counted=happenings(events) if unit == "happening" and not directed else events["n"],
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


def build_counts_panel(
    table: CountTable,
    *,
    dyads: Sequence[str] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    directed: bool = False,
    eras: "pd.DataFrame | str | Path | None" = None,
    coverage: "pd.DataFrame | str | Path | None" = None,
) -> "xr.Dataset":
    """Make a panel of counts that somebody else aggregated.

    A period's counts are known from its last day. Nothing pairs: the table does not tell which rows are one
    happening. By default a dyad is covered from its first period to its last.

    Parameters
    ----------
    table : CountTable
        The counts; they bring their own classes and frequency.
    dyads, start, end, as_of, directed, eras, coverage
        As for `build_panel`.

    Returns
    -------
    xarray.Dataset
        As of `build_panel`, with `scale` the name of the dataset.

    Raises
    ------
    UnknownDyadError, SpecError, DataError
        As `build_panel`; also SpecError if directions are asked for that the table does not tell.

    Examples
    --------
    >>> from forecast.events import read_counts
    >>> from forecast.panel import build_counts_panel
    >>> build_counts_panel(read_counts("verbal.csv", "verbal.yaml"), directed=True)  # doctest: +SKIP
    """
    chosen = _chosen(dyads, in_order(table.counts["dyad"].unique()))
    rows = table.counts[table.counts["dyad"].isin(chosen)]
    if directed and (rows["source"] == "").any():
        raise SpecError("directed: the counts do not tell directions. Leave it out.")
    day = None if as_of is None else as_day(as_of, "as_of")
    known = rows if day is None else rows[rows["known_at"] <= day]
    if known.empty:
        raise SpecError(f"as_of {day:%Y-%m-%d} is before the data. Choose {rows['known_at'].min():%Y-%m-%d}.")
    dataset = str(rows["dataset"].iloc[0])
    return _panel(
        known.assign(counted=known["n"]),
        Classes(dataset, table.classes, table.zero_cut),
        dyads=chosen,
        span=(start, end, day),
        frequency=table.frequency,
        directed=directed,
        eras=eras,
        coverage=coverage,
        attrs={
            "unit": "row",
            "late": int(rows["n"].sum() - known["n"].sum()),
            "digest": digest(known.sort_values(["date", "dyad", "source", "level"])),
        },
    )


def build_index_panel(
    frame: "pd.DataFrame",
    *,
    dyads: Sequence[str] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    as_of: Day | None = None,
    frequency: Frequency = "month",
    eras: "pd.DataFrame | str | Path | None" = None,
) -> "xr.Dataset":
    """Make a panel of an index, for the observation model `index`.

    A period's value is taken to be known when the period is over; give an older edition of the index where
    later revisions matter.

    Parameters
    ----------
    frame : pandas.DataFrame
        `dyad`, `time` (any day of the period), `value`: what `read_index` returns.
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
    >>> from forecast.panel import build_index_panel
    >>> months = pd.date_range("2020-01-01", periods=24, freq="MS")
    >>> frame = pd.DataFrame({"dyad": "USA-CHN", "time": months, "value": range(24)})
    >>> build_index_panel(frame).index.sizes["time"]
    24
    """
    import xarray as xr

    _one_of("frequency", frequency, ("month", "week"))
    chosen = _chosen(dyads, in_order(frame["dyad"].unique()))
    rows = frame[frame["dyad"].isin(chosen) & frame["value"].notna()]
    rows = rows.assign(time=floor_period(rows["time"], frequency))
    day = None if as_of is None else as_day(as_of, "as_of")
    known = rows if day is None else rows[_last_days(rows["time"], frequency) <= day]
    if known.empty:
        raise SpecError("as_of is before the data: no period of the index was over. Choose a later day.")
    twice = known[known.duplicated(["dyad", "time"])]
    if len(twice):
        raise DataError(f"The index has two values for {twice['dyad'].iloc[0]}, {twice['time'].iloc[0]:%Y-%m-%d}.")
    watched = known.groupby("dyad")[["time"]].agg(start=("time", "min"), last=("time", "max"))
    periods = _periods(watched, (start, end, day), frequency)
    values = known.pivot(index="dyad", columns="time", values="value").reindex(index=chosen, columns=periods)
    _refuse_empty(values.notna().sum(axis=1).to_numpy(), chosen, periods)
    variables, coords = _era_variables(chosen, periods, frequency, eras, day)
    return xr.Dataset(
        {"index": (("dyad", "time"), values.to_numpy(dtype=float)), **variables},
        coords={"dyad": chosen, "time": periods, **coords},
        attrs={
            "schema": SCHEMA,
            "frequency": frequency,
            "as_of": "" if day is None else f"{day:%Y-%m-%d}",
            "late": len(rows) - len(known),
            "digest": digest(known.sort_values(["dyad", "time"])),
        },
    )


def happenings(events: "pd.DataFrame") -> "pd.Series[int]":
    """Count each row as a happening: its n, less what is the other side of a joint act.

    Two rows pair when they have one date, opposite directions and one joint code, or are a visit and its
    hosting. Of a visit the visitor's row is kept, else that of the first state; pairing is one-to-one.

    Parameters
    ----------
    events : pandas.DataFrame
        Events of an event table.

    Returns
    -------
    pandas.Series
        What each row counts for: 0 if it only tells the other side of another row.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import happenings
    >>> events = read_chronology(dyads=["USA-CHN"]).events
    >>> summit = events[(events["date"] == "2023-11-15") & events["cameo"].isin(["042", "043"])]
    >>> len(summit), int(happenings(summit).sum())
    (2, 1)
    """
    visit = events["cameo"].isin(["042", "043"])
    visitor = events["source"].where(events["cameo"] == "042", events["target"])
    act = events["cameo"].mask(visit, "visit by " + visitor)
    leads = (events["cameo"] == "042") | (~visit & (events["source"] == events["dyad"].str[:3]))
    joint = events["cameo"].map(read_codes()["joint"]).astype(bool)
    by = [events["dataset"], events["dyad"], events["date"], act]
    led = events["n"].where(leads, 0).groupby(by).transform("sum")
    followed = events["n"].mask(leads, 0).groupby(by).cumsum()
    alone = np.minimum(events["n"], (followed - led).clip(lower=0))
    return events["n"].where(leads | ~joint, alone)


def summarise(table: EventTable, coverage: "pd.DataFrame | str | Path | None" = None) -> "pd.DataFrame":
    """Say how much there is of each dyad and dataset, and how much of it the coverage calls even.

    Parameters
    ----------
    table : EventTable
        The events.
    coverage : pandas.DataFrame or path, optional
        As for `build_panel`.

    Returns
    -------
    pandas.DataFrame
        `dyad`, `dataset`, `first`, `last` (days of the first and last event), `start`, `last_even` (of
        coverage), `rows`, `happenings` (joint acts once), `months` (covered), `empty_months` (of these,
        without an event).

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import summarise
    >>> int(summarise(read_chronology(dyads=["USA-IRN"])).loc[0, "rows"])
    637
    """
    import pandas as pd

    events = table.events.assign(happenings=happenings(table.events))
    events["month"] = floor_period(events["date"], "month")
    watched = _watched(events, coverage)
    by = events.groupby(["dataset", "dyad"])
    summary = by.agg(
        first=("date", "min"), last=("date", "max"), rows=("date", "size"), happenings=("happenings", "sum")
    )
    summary.insert(2, "start", watched["start"])
    summary.insert(3, "last_even", watched["last"])
    starts = floor_period(summary["start"], "month")
    with_events = by["month"].unique()
    covered = [_steps(*span, "month") for span in zip(starts, summary["last_even"], strict=True)]
    summary["months"] = [len(months) for months in covered]
    summary["empty_months"] = [
        len(months.difference(pd.DatetimeIndex(seen))) for months, seen in zip(covered, with_events, strict=True)
    ]
    summary = summary.reset_index()
    summary.insert(0, "dyad", summary.pop("dyad"))
    order = {dyad: place for place, dyad in enumerate(table.dyads)}
    return summary.sort_values("dyad", key=lambda dyad: dyad.map(order), ignore_index=True)


def validate_panel(panel: "xr.Dataset") -> None:
    """Make sure that a panel, from wherever, keeps the schema (docs/schema/panel.md).

    Raises
    ------
    DataError
        If not; the message names every part at fault.

    Examples
    --------
    >>> from forecast.events import read_chronology
    >>> from forecast.panel import build_panel, validate_panel
    >>> validate_panel(build_panel(read_chronology()))
    """
    problems = _shape_problems(panel) or _content_problems(panel)
    if problems:
        raise DataError(f"Not a panel of schema {SCHEMA}: {'; '.join(problems)}. See docs/schema/panel.md.")


def _shape_problems(panel: "xr.Dataset") -> list[str]:
    """Return what is missing or of the wrong form; only a panel without such can be looked into."""
    events = "index" not in panel
    variables = VARIABLES | (EVENT_VARIABLES if events else INDEX_VARIABLES)
    if INDEX_SCALE.keys() & set(panel.coords):
        variables |= INDEX_SCALE
    problems = [
        f"{name} is {_form(panel[name])}, not {kind} ({', '.join(dims)})" if name in panel else f"no {name}"
        for name, (dims, kind) in variables.items()
        if name not in panel or panel[name].dims != dims or panel[name].dtype.kind != kind
    ]
    attributes = ATTRIBUTES | (EVENT_ATTRIBUTES if events else set())
    problems += [f"no attribute {name}" for name in sorted(attributes - panel.attrs.keys())]
    if panel.attrs.get("schema", SCHEMA) != SCHEMA:
        problems.append(f"schema {panel.attrs['schema']}, which this version does not know")
    return problems


def _content_problems(panel: "xr.Dataset") -> list[str]:
    steps = np.diff(panel["time"].values).astype("timedelta64[D]").astype(int)
    regular = {"month": (28, 31), "week": (7, 7)}.get(panel.attrs["frequency"], (1, 0))
    own_era = panel["era_dyad"].values[np.clip(panel["era_index"].values, 0, panel.sizes["era"] - 1)]
    checks = {
        f"time does not go by {panel.attrs['frequency']}": ((steps < regular[0]) | (steps > regular[1])).any(),
        "a dyad is there twice": len(set(panel["dyad"].values)) < panel.sizes["dyad"],
        "an era_index outside the eras": panel["era_index"].values.max() >= panel.sizes["era"],
        "an era_index of another dyad": (own_era != np.arange(panel.sizes["dyad"])[:, None]).any(),
        "an era_index that goes back in time": (np.diff(panel["era_index"].values, axis=1) < 0).any(),
    }
    if "index_spread" in panel:
        checks["an index_spread that is not above zero"] = not (panel["index_spread"].values > 0).all()
    if "counts" in panel:
        counts = panel["counts"].values
        checks |= {
            "a negative count": (counts < 0).any(),
            "a count outside coverage": (counts.sum(axis=(3, 4))[~panel["covered"].values] > 0).any(),
            "zero_cut is not between two classes": not 0 < panel.attrs["zero_cut"] < panel.sizes["class"],
            "directions other than both, or first and second": tuple(panel["direction"].values)
            not in DIRECTIONS.values(),
        }
    return [problem for problem, found in checks.items() if found]


def _form(variable: "xr.DataArray") -> str:
    return f"{variable.dtype.kind} ({', '.join(str(dim) for dim in variable.dims)})"


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

    back = days.dt.day - 1 if frequency == "month" else days.dt.day_of_week
    return days.dt.normalize() - pd.to_timedelta(back, unit="D")


def _chosen(dyads: Sequence[str] | None, present: list[str]) -> list[str]:
    chosen = present if dyads is None else [find_dyad(dyad, present) for dyad in dyads]
    if not chosen:
        raise DataError("There is no dyad to count. Give a table with events, and at least one of its dyads.")
    return list(dict.fromkeys(chosen))


def _last_days(starts: "pd.Series[pd.Timestamp]", frequency: Frequency) -> "pd.Series[pd.Timestamp]":
    import pandas as pd

    return starts + (pd.offsets.MonthEnd(0) if frequency == "month" else pd.Timedelta(days=6))


def _watched(rows: "pd.DataFrame", coverage: "pd.DataFrame | str | Path | None") -> "pd.DataFrame":
    """Return the first and last day of even record, `start` and `last`, by (dataset, dyad)."""
    spans = rows.groupby(["dataset", "dyad"])[["date"]].agg(start=("date", "min"), last=("date", "max"))
    given = read_coverage(coverage) if coverage is None or isinstance(coverage, str | Path) else coverage
    for dataset, dyad in spans.index:
        matching = given[given["dyad"] == dyad]
        if "dataset" in given:
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
    first = watched["start"].min() if start is None else as_day(start, "start", first=True)
    last = (as_of or watched["last"].max()) if end is None else as_day(end, "end")
    if as_of is not None and last > as_of:
        raise SpecError(
            f"end {last:%Y-%m-%d} comes after as_of {as_of:%Y-%m-%d}. Choose an earlier end, or leave it out."
        )
    if first > last:
        raise SpecError(f"start {first:%Y-%m-%d} comes after the end, {last:%Y-%m-%d}. Choose an earlier start.")
    ends = floor_period(pd.Series([first, last]), frequency)
    return _steps(ends[0], ends[1], frequency)


def _steps(first: "pd.Timestamp", last: "pd.Timestamp", frequency: Frequency) -> "pd.DatetimeIndex":
    """Return the periods from the one that begins on `first` to the one that holds `last`."""
    import pandas as pd

    step = "MS" if frequency == "month" else "7D"
    return pd.date_range(first, last, freq=step, name="time").as_unit("ns")


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
    if empty:
        span = f"from {periods[0]:%Y-%m-%d} to {periods[-1]:%Y-%m-%d}"
        raise DataError(
            f"Nothing of {', '.join(empty)} can be counted {span}. "
            "Leave the dyad out, or choose a span in which it has coverage."
        )


def _canonical(events: "pd.DataFrame") -> "pd.DataFrame":
    return events.sort_values(["date", "event_id"])


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SpecError(f"{field} is {value!r}. Use one of: {', '.join(allowed)}.")
