"""Eras as the record alone shows them: the named eras of a dyad replaced by inferred ones, or by none."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from forecast.events import read_eras
from forecast.model.breaks.fits import ONE_COMPONENT, DyadRecord
from forecast.model.breaks.search import BreakCount, count_breaks
from forecast.model.choices import spec_for
from forecast.progress import Progress, silent
from forecast.wording import month

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True)
class Eras:
    """Eras of a dyad that are not those named for it."""

    table: "pd.DataFrame"  # In the form of `read_eras`: all other dyads keep their named eras
    words: str  # Where the dyad's eras come from, in sentences


def no_eras(dyad: str) -> Eras:
    """Return one era for the whole record of a dyad."""
    return Eras(_others(dyad), f"The whole record of {dyad} counts as one era, by choice.")


def inferred_eras(
    panel: "xr.Dataset",
    dyad: str,
    *,
    seed: int = 1,
    cores: int | None = None,
    most: int = 3,
    progress: Progress | None = None,
) -> Eras:
    """Infer the eras of a dyad from breaks of its equilibrium, as many as the evidence supports."""
    spec = spec_for(panel, **ONE_COMPONENT)
    found = count_breaks(DyadRecord(panel, spec, seed, cores, progress or silent), most)
    return Eras(_with_breaks(panel, dyad, found), _words(found, dyad))


def _with_breaks(panel: "xr.Dataset", dyad: str, found: BreakCount) -> "pd.DataFrame":
    import pandas as pd

    others = _others(dyad)
    if not found.number:
        return others
    starts = [str(panel["time"].to_numpy()[0])[:10], *(one.date for one in found.breaks)]
    months = [_month(day) for day in starts]
    names = [f"Before {months[1]}", *(f"Since {month}" for month in months[1:])]
    own = pd.DataFrame({
        "dyad": dyad, "era": [f"inferred_{i}" for i in range(len(starts))], "start": pd.to_datetime(starts),
        # Known as soon as it begins: nothing is read of what came after the panel's own day.
        "recognised_at": pd.to_datetime(starts), "name": names,
    })  # fmt: skip
    return pd.concat([others, own], ignore_index=True)


def _others(dyad: str) -> "pd.DataFrame":
    eras = read_eras()
    return eras[eras["dyad"] != dyad]


def _words(found: BreakCount, dyad: str) -> str:
    rows = found.table.to_dict("records")[1:]
    best = max(rows, key=lambda row: row["log_bayes_factor"], default=None)
    start = f"The eras of {dyad} are inferred from its record"
    if not found.number:
        likeliest = "" if best is None else (
            f" (the likeliest number, {best['breaks']}, is {np.exp(max(best['log_bayes_factor'], 0.0)):.1f} times as "
            "likely as none)"
        )  # fmt: skip
        return f"{start}: no break of the equilibrium is favoured by its evidence{likeliest}, so that it is one era."
    breaks = "; ".join(
        f"{_month(one.date)} (90 % interval {_month(one.interval()[0])} to {_month(one.interval()[1])})"
        for one in found.breaks
    )
    factor = rows[found.number - 1]["log_bayes_factor"]
    return (
        f"{start}: the equilibrium broke {found.number} time{'s' if found.number > 1 else ''}, at the median of the "
        f"posterior of its date in {breaks}; log Bayes factor against no break {factor:.1f}. What follows takes these "
        "dates as known, and its intervals are too narrow for that."
    )


def _month(day: str) -> str:
    return month(date.fromisoformat(day))
