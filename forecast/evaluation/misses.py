"""The worst misses of a backtest, and what happened in the months that were predicted so badly."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.dates import add_months
from forecast.evaluation.skill import CHOSEN_ON, REPORTED_ON, SPLIT
from forecast.events.codebook import read_scale
from forecast.events.table import CountTable, EventTable
from forecast.panel import happenings

if TYPE_CHECKING:
    import pandas as pd

MOST = 8
"""Misses of each period."""
MOST_EVENTS = 3
SCALE = "commitment"
"""Of kinds of events."""
FEWEST_HAPPENINGS = 10
"""In a window with fewer, chance alone moves the share by tens of points."""
RULE = (
    f"The largest CRPS among windows with at least {FEWEST_HAPPENINGS} happenings (of all windows, if there are none); "
    "of windows of one dyad that overlap, only the worst. Named are the events on the side on which the prediction "
    f"was wrong, at most {MOST_EVENTS}: first those of the strongest kind, then those of the largest Goldstein value, "
    "a code once."
)


def worst_misses(
    cases: "pd.DataFrame", reference: "pd.DataFrame", table: EventTable | CountTable
) -> list[dict[str, Any]]:
    """Return the worst predictions of one forecaster, the worst first, for each period."""
    free = cases[~cases["given_n"].astype(bool)]
    counted = free[free["n"] >= FEWEST_HAPPENINGS]
    order = ["crps", "dyad", "origin", "horizon"]
    ranked = (free if counted.empty else counted).sort_values(order, ascending=[False, True, True, True])
    found: dict[str, list[_Case]] = {REPORTED_ON: [], CHOSEN_ON: []}
    for _, case in ranked.iterrows():
        chosen = found[REPORTED_ON if int(case["origin"][:4]) >= SPLIT else CHOSEN_ON]
        if len(chosen) < MOST and not any(_overlap(case, other) for other in chosen):
            chosen.append(case)
    beside = {_key(case): case for _, case in reference[~reference["given_n"].astype(bool)].iterrows()}
    return [_miss(case, period, beside, table) for period, chosen in found.items() for case in chosen]


type _Case = "pd.Series[Any]"


def _window(case: _Case) -> tuple[date, date]:
    """Return the first day of a window, and the first day after it."""
    first = date.fromisoformat(case["origin"])
    return first, add_months(first, int(case["horizon"]))


def _overlap(one: _Case, other: _Case) -> bool:
    (start, stop), (first, last) = _window(one), _window(other)
    return bool(one["dyad"] == other["dyad"]) and start < last and first < stop


def _key(case: _Case) -> tuple[str, str, int]:
    return case["dyad"], case["origin"], int(case["horizon"])


def _miss(
    case: _Case, period: str, reference: Mapping[tuple[str, str, int], _Case], table: EventTable | CountTable
) -> dict[str, Any]:
    other = reference.get(_key(case))
    return {
        "period": period, "dyad": case["dyad"], "origin": case["origin"],
        **{name: int(case[name]) for name in ("horizon", "n", "k")}, "share": float(case["share"]),
        **_predicted(case), "reference": None if other is None else _predicted(other),
        "events": _telling_events(case, table.events) if isinstance(table, EventTable) else [],
    }  # fmt: skip


def _predicted(case: _Case) -> dict[str, float]:
    return {name: float(case[name]) for name in ("mean", "low", "high", "crps")}


def _telling_events(case: _Case, events: "pd.DataFrame") -> list[dict[str, str]]:
    """Return the strongest events of a window on the side on which the prediction was wrong; a joint act once."""
    import pandas as pd

    first, stop = map(pd.Timestamp, _window(case))
    scale, sign = read_scale(SCALE), 1 if case["share"] > case["mean"] else -1
    here = events[(events["dyad"] == case["dyad"]) & (events["date"] >= first) & (events["date"] < stop)]
    here = here[happenings(here) > 0]
    place = here["cameo"].map(scale.class_of)
    strong = here.assign(
        kind=[scale.classes[one] for one in place],
        strength=sign * (place - scale.zero_cut + 0.5),
        value=sign * here["goldstein"],
    )
    ranked = strong[strong["strength"] > 0].sort_values(
        ["strength", "value", "date", "event_id"], ascending=[False, False, True, True]
    )
    chosen = ranked.drop_duplicates("cameo").head(MOST_EVENTS).sort_values("date", kind="stable")
    names = ("source", "target", "actor", "kind", "summary", "reference")
    return [
        {"date": row["date"].date().isoformat(), **{name: str(row[name]) for name in names}}
        for _, row in chosen.iterrows()
    ]
