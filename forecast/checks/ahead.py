"""Months that the model had not seen: where what was recorded lies in what a backtest had predicted (PIT).

Neither a fit nor a reweighting of its draws says this. Leaving a month out leaves its neighbours on both sides, and
that is interpolation, not a forecast; leaving out the whole future asks for a fit an origin, and that is a backtest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.dates import add_months
from forecast.errors import DataError
from forecast.evaluation import Results
from forecast.evaluation.scores import BAND, Band, pit_band
from forecast.evaluation.skill import within
from forecast.outlook import main_horizon
from forecast.typing import Bool, Float
from forecast.wording import count, join, month, percent

if TYPE_CHECKING:
    import pandas as pd

    from forecast.model import Fit

OUTER = 0.1
"""Either tail outside of the central 80 %."""


@dataclass(frozen=True)
class Ahead:
    """Where recorded shares lie in the predicted ones, at one horizon."""

    months: int  # The horizon
    pit: Float  # Places in the prediction, 0 to 1: even if predictions are calibrated. Of windows that do not overlap
    windows: int  # Those that were scored, overlapping ones included
    dyads: tuple[str, ...]  # Of the fit, those that the backtest is of
    first: date  # The first and the last origin
    last: date

    @cached_property
    def band(self) -> Band:
        """Their distribution function less the even one, and its simultaneous 95 % band (ArviZ)."""
        return pit_band(self.pit)

    @property
    def below(self) -> float:
        """Part of the windows whose share is below the predicted median; a half if predictions are calibrated."""
        return float((self.pit < 0.5).mean())

    @property
    def outside(self) -> float:
        """Part of the windows outside of the central 80 %; a fifth if predictions are calibrated."""
        return float(((self.pit < OUTER) | (self.pit > 1 - OUTER)).mean())

    @property
    def inside_band(self) -> bool:
        """Whether the distribution function is inside its band throughout."""
        return self.band.outside == 0

    @property
    def sentence(self) -> str:
        """What it shows, in words."""
        verdict = (
            "not distinguishable from calibrated (inside" if self.inside_band else "clearly not calibrated (outside"
        )
        return (
            f"{count(self.months, 'month')} ahead, {count(len(self.pit), 'window')} that do not overlap, origins from "
            f"{month(self.first)} to {month(self.last)}: {verdict} the {percent(BAND)} band). {percent(self.below)} of "
            f"the recorded shares were below the predicted median (50 % if calibrated), and {percent(self.outside)} "
            "outside of the central 80 % (20 % if calibrated)."
        )


def pit_ahead(fit: "Fit", backtest: str | Path) -> tuple[Ahead, ...]:
    """Read from a backtest where recorded shares lie in the predicted ones, at its shortest horizon and about a year.

    The number of happenings is not given. Of the windows of a dyad those are taken that do not overlap, from the first
    origin on: the band of the PIT takes them for independent.
    """
    results = Results.read(backtest)
    _require_same_model(fit, results, backtest)
    cases = results.shown
    free = cases[(cases["model"] == results.skill.subject) & ~cases["given_n"].astype(bool)]
    own = free[free["dyad"].isin(fit.dyads) & within(free["origin"].str[:4].astype(int), results.skill.period)]
    if not len(own):
        raise DataError(
            f"backtest: {backtest} has no scored window of {join(fit.dyads)}. Run one of them: forecast backtest "
            f"--dyads {','.join(fit.dyads)}"
        )
    horizons = sorted({int(own["horizon"].min()), main_horizon(own["horizon"].unique().tolist())})
    return tuple(_at(own[own["horizon"] == months], months) for months in horizons)


def _require_same_model(fit: "Fit", results: Results, backtest: str | Path) -> None:
    if fit.panel.attrs["frequency"] != "month":
        raise DataError("backtest: it is by month, and the fit by week; give a fit of months")
    if differing := results.skill.other_choices(fit.spec.to_dict()):
        raise DataError(
            f"backtest: {backtest} is of another model than the fit: it differs in {join(differing)}. Run one of the "
            "fit's form (forecast backtest --models), or check a fit of the form that was tested"
        )


def _at(cases: "pd.DataFrame", months: int) -> Ahead:
    origins = [date.fromisoformat(text) for text in cases["origin"]]
    ordered = cases.assign(day=origins).sort_values(["dyad", "day"])
    apart = np.concatenate([_apart(own["day"].tolist(), months) for _, own in ordered.groupby("dyad")])
    taken = ordered[apart]
    return Ahead(
        months=months,
        pit=taken["pit"].to_numpy(dtype=np.float64),
        windows=len(cases),
        dyads=tuple(sorted(taken["dyad"].unique())),
        first=min(taken["day"]),
        last=max(taken["day"]),
    )


def _apart(origins: Sequence[date], months: int) -> Bool:
    """Return which of ordered origins are taken so that windows of so many months do not overlap."""
    free, taken = date.min, []
    for origin in origins:
        taken.append(origin >= free)
        free = add_months(origin, months) if taken[-1] else free
    return np.array(taken, dtype=np.bool_)
