"""Which events to name along the pendulum: few, and by a rule that a caption can state."""

import re
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.clock import DAYS_A_YEAR
from forecast.report.style import year_of
from forecast.typing import Bool, Float, Index

if TYPE_CHECKING:
    import xarray as xr

MOST = 9
_WINDOW_YEARS = 1
_APART_YEARS = 3
_PAUSE_YEARS = 10
_VISIT, _RECOGNITION, _RUPTURE, _VIOLENCE = "042", "054", "161", ("18", "19", "20")
_HEADS = re.compile(
    r"(?:President|Premier|Prime Minister|Chairman Mao|General Secretary|Emperor|King|Queen|Shah|"
    r"Supreme Leader|Paramount Leader)\b"
)

RULE = (
    f"At most {MOST} events, at least {_APART_YEARS} years apart. First come those of the day from which the record is "
    f"compared, and visits by a head of state or government after {_PAUSE_YEARS} years without one; then, of such "
    "visits, recognitions, ruptures and acts of violence, those around which the level moved most in the direction of "
    "the event, the year after compared with the year before. They show when the level moved, not why."
)


def notable_events(events: pd.DataFrame, record: "xr.Dataset", reference: date | None = None) -> pd.DataFrame:
    """Choose events to name along a dyad's level."""
    if events.empty:
        return events.assign(year=[], place=[])
    middle = record["share"].sel(quantile=0.5).to_numpy().astype(np.float64)
    times = record["time"].to_numpy().astype("datetime64[D]")
    days = events["date"].to_numpy().astype("datetime64[D]")
    rows = events.assign(
        year=[year_of(day.date()) for day in events["date"]],
        place=np.searchsorted(times, days, side="right") - 1,
        sign=_signs(events),
        first=_visits_after_pause(events) + 2 * (events["date"] == pd.Timestamp(reference or date.max)),
    )
    rows = rows[(rows["sign"] != 0) & (rows["place"] >= 0)]
    rows["move"] = rows["sign"] * _level_changes(middle, times)[rows["place"]]
    ranked = rows[(rows["first"] > 0) | (rows["move"] > 0)].sort_values(
        ["first", "move", "event_id"], ascending=[False, False, True]
    )
    chosen: list[int] = []
    years = ranked["year"].to_numpy()
    for at, year in enumerate(years):
        if len(chosen) < MOST and (abs(year - years[chosen]) >= _APART_YEARS).all():
            chosen.append(at)
    return ranked.iloc[chosen].sort_values("date")


def _head_visits(events: pd.DataFrame) -> Bool:
    """Return which events are visits by heads of state or government, in the row of the visitor."""
    heads = np.array([bool(_HEADS.match(str(actor))) for actor in events["actor"]], dtype=bool)
    return heads & (events["cameo"] == _VISIT).to_numpy()


def _visits_after_pause(events: pd.DataFrame) -> Bool:
    """Return which visits of heads follow ten years without one, or are the first."""
    visits = _head_visits(events)
    days = events["date"].to_numpy().astype("datetime64[D]")[visits]  # in time order, as the table is
    longest = np.timedelta64(round(DAYS_A_YEAR * _PAUSE_YEARS), "D")
    first = np.zeros(len(events), dtype=bool)
    first[visits] = np.concatenate([[True], np.diff(days) >= longest])[: len(days)]
    return first


def _signs(events: pd.DataFrame) -> Index:
    """Return 1 for openings, -1 for ruptures and violence, 0 for all that is not named."""
    codes = events["cameo"].astype(str)
    good = _head_visits(events) | (codes == _RECOGNITION).to_numpy()
    bad = (codes == _RUPTURE).to_numpy() | codes.str.startswith(_VIOLENCE).to_numpy()
    return good.astype(np.int64) - bad.astype(np.int64)


def _level_changes(middle: Float, times: NDArray[np.datetime64]) -> Float:
    """Return the mean of the year from each period on less that of the year before; 0 without one."""
    span = max(1, round(_WINDOW_YEARS * DAYS_A_YEAR / max(1.0, float(np.diff(times).astype(float).mean()))))
    sums = np.concatenate([[0.0], middle.cumsum()])
    at = np.arange(len(middle))
    after, before = np.minimum(at + span, len(middle)), np.maximum(at - span, 0)
    forward = (sums[after] - sums[at]) / (after - at)
    backward = np.divide(sums[at] - sums[before], at - before, out=forward.copy(), where=at > before)
    return np.asarray(forward - backward)
