"""Worst predictions of a backtest, with the events that speak against them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from forecast.base.dates import add_months
from forecast.data.events.codebook import read_scale
from forecast.data.events.table import CountTable, EventTable, event_counts
from forecast.study.evaluation.skill import CHOSEN_ON, REPORTED_ON, SPLIT

MAX_MISSES_OF_A_PERIOD = 8  # misses that a page shows
MAX_EVENTS_OF_A_MISS = 3  # events that are named
# events of a window; with fewer, chance alone moves the share by tens of points
MIN_EVENTS_OF_A_MISS = 10
SCALE = "commitment"  # by which kinds of events are ordered
# Which predictions and events are shown, in words for readers.
RULE = (
    f"The largest CRPS among windows with at least {MIN_EVENTS_OF_A_MISS} events (of all windows, "
    "if there are none); of windows of one dyad that overlap, only the worst. Named are the events "
    "on the side on which the prediction was wrong, at most "
    f"{MAX_EVENTS_OF_A_MISS}: first those of the strongest kind, then those of the largest "
    "Goldstein value, a code once."
)


def worst_misses(
    cases: pd.DataFrame, reference: pd.DataFrame, table: EventTable | CountTable
) -> list[dict[str, Any]]:
    """Return the worst real-time predictions of one forecaster by period, the worst first.

    `RULE` says which are chosen; ``reference`` are the predictions of the reference.
    """
    keys = ["dyad", "origin", "horizon"]
    free, of_reference = (frame[~frame["given_n"].astype(bool)] for frame in (cases, reference))
    with_events = free[free["n"] >= MIN_EVENTS_OF_A_MISS]
    ranked = (free if with_events.empty else with_events).sort_values(
        ["crps", *keys], ascending=[False, True, True, True]
    )
    chosen: dict[str, list[dict[Any, Any]]] = {REPORTED_ON: [], CHOSEN_ON: []}
    for case in ranked.to_dict("records"):
        period = REPORTED_ON if int(case["origin"][:4]) >= SPLIT else CHOSEN_ON
        overlaps = any(_overlap(case, worse) for worse in chosen[period])
        if len(chosen[period]) < MAX_MISSES_OF_A_PERIOD and not overlaps:
            chosen[period].append(case)
    reference_by_window = {
        tuple(case[key] for key in keys): case for case in of_reference.to_dict("records")
    }
    numbers = ("mean", "low", "high", "crps")

    def predicted(case: Mapping[Any, Any] | None) -> dict[str, float] | None:
        return None if case is None else {name: float(case[name]) for name in numbers}

    return [
        {
            "period": period,
            "dyad": case["dyad"],
            "origin": case["origin"],
            **{name: int(case[name]) for name in ("horizon", "n", "k")},
            "share": float(case["share"]),
            **(predicted(case) or {}),
            "reference": predicted(reference_by_window.get(tuple(case[key] for key in keys))),
            "events": _telling_events(case, table.events) if isinstance(table, EventTable) else [],
        }
        for period, cases_of_period in chosen.items()
        for case in cases_of_period
    ]


def _window(case: Mapping[Any, Any]) -> tuple[date, date]:
    """Return the first day of a window, and the first day after it."""
    first = date.fromisoformat(case["origin"])
    return first, add_months(first, int(case["horizon"]))


def _overlap(case: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Check whether two windows of one dyad overlap."""
    (start, stop), (other_start, other_stop) = _window(case), _window(other)
    return case["dyad"] == other["dyad"] and start < other_stop and other_start < stop


def _telling_events(case: Mapping[Any, Any], events: pd.DataFrame) -> list[dict[str, str]]:
    """Return the strongest events of a window on the side on which the prediction was wrong.

    A two-sided event is listed once.
    """
    first, stop = map(pd.Timestamp, _window(case))
    scale, sign = read_scale(SCALE), 1 if case["share"] > case["mean"] else -1
    of_window = events[
        (events["dyad"] == case["dyad"]) & (events["date"] >= first) & (events["date"] < stop)
    ]
    of_window = of_window[event_counts(of_window) > 0]
    classes = of_window["cameo"].map(scale.class_of)
    strong = of_window.assign(
        kind=[scale.classes[class_of_event] for class_of_event in classes],
        strength=sign * (classes - scale.zero_cut + 0.5),
        value=sign * of_window["goldstein"],
    )
    ranked = strong[strong["strength"] > 0].sort_values(
        ["strength", "value", "date", "event_id"], ascending=[False, False, True, True]
    )
    chosen = (
        ranked.drop_duplicates("cameo")
        .head(MAX_EVENTS_OF_A_MISS)
        .sort_values("date", kind="stable")
    )
    names = ("source", "target", "actor", "kind", "summary", "reference")
    return [
        {"date": row["date"].date().isoformat(), **{name: str(row[name]) for name in names}}
        for _, row in chosen.iterrows()
    ]
