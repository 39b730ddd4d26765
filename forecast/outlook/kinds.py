"""Depth of cooperation and severity of conflict: expected values within a side by month.

Models of side and kind also have a component for the kinds within each side. It is reported as a share:
the expected share of cooperative events in the deeper half of their kinds, and of hostile events in the more severe
half.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.model.observation.sides import ordered_kinds, stronger_log_odds
from forecast.numeric import share
from forecast.outlook.draws import FitLike, position
from forecast.outlook.recorded import DatasetRecord
from forecast.outlook.summary import Estimate, NotDefined, estimate, estimate_if_defined, quantiles_over_draws
from forecast.panel import panel_kind
from forecast.typing import Float, Index
from forecast.wording import interval_in_words, join, period

SIDES = {"depth": "cooperative", "severity": "hostile"}
"""The side that each is about."""
TITLES = {"depth": "depth of cooperation", "severity": "severity of conflict"}
QUANTILES = (0.05, 0.5, 0.95)
YEARS_BACK = 10
_DECIMALS = 3  # of a series, as in levels.csv


@dataclass(frozen=True)
class KindSeries:
    """Share of a side's events in the stronger half of its kinds."""

    side: str  # `cooperative` or `hostile`
    kinds: tuple[str, ...]  # Names of the stronger kinds: the upper half or, of an odd number, the smaller part
    dataset: str  # Main dataset
    now: Estimate  # Per cent expected in the last covered period
    change: Estimate | NotDefined  # The same less that of ten years before, points
    last: date  # Last day of the last covered period
    time: NDArray[np.datetime64]  # First days of the periods
    quantiles: tuple[float, ...]  # 5, 50 and 95%
    share: Float  # Per cent expected; NaN where not covered
    years: Index  # Years with events of the side
    events: Index  # Their number
    stronger: Index  # Those of the stronger kinds


def kind_series(fit: FitLike, record: DatasetRecord | NotDefined) -> dict[str, KindSeries] | NotDefined:
    """Compute depth of cooperation and severity of conflict of a dyad over the whole panel, from its main record."""
    names = [name for name in SIDES if f"{name}_slope" in fit.posterior]
    if isinstance(record, NotDefined) or not names:
        return NotDefined("the model does not read kinds within a side (observation='sides' does)")
    covered = np.flatnonzero(panel_kind(fit.panel).observed_periods(fit.panel, record.dyad))
    if not covered.size:
        return NotDefined("no period of the dyad is covered")
    return {name: _series(fit, name, record, covered) for name in names}


def _series(fit: FitLike, name: str, record: DatasetRecord, covered: Index) -> KindSeries:
    panel, clock, at = fit.panel, record.clock, (position(fit.panel, record.dyad), record.number)
    ordered = ordered_kinds(name, panel)
    stronger = ordered[-(len(ordered) // 2) :]
    draws = stronger_log_odds(name, len(stronger), panel, fit.posterior, at, fit.spec.kind_drift)
    kinds, place = tuple(record.names[one] for one in stronger), int(covered[-1])
    what = f"per cent of {SIDES[name]} events that are {join(kinds, 'or')}"
    counted, last = _recorded(record, ordered, stronger), clock.end_of(clock.times[place].item())
    now, before = share(draws[..., place]), place - clock.periods(12 * YEARS_BACK)
    quantiles = np.full((len(QUANTILES), len(clock.times)), np.nan)
    # The share of a quantile is the quantile of the share, and far fewer numbers are to be transformed.
    quantiles[:, covered] = share(quantiles_over_draws(draws[..., covered], QUANTILES)).round(_DECIMALS)
    return KindSeries(
        side=SIDES[name],
        kinds=kinds,
        dataset=record.dataset,
        now=estimate(now, "per cent", f"{what}, expected in {period(last, weekly=clock.weekly)}"),
        change=estimate_if_defined(
            now - share(draws[..., before]) if before in covered else None,
            "points",
            f"{what}: now less {YEARS_BACK} years before",
            f"the period {YEARS_BACK} years before is not covered",
        ),
        last=last,
        time=clock.times,
        quantiles=QUANTILES,
        share=quantiles,
        **counted,
    )


def _recorded(record: DatasetRecord, ordered: Index, stronger: Index) -> dict[str, Index]:
    """Count the events of a side, and those of its stronger kinds, year by year."""
    years, firsts = np.unique(record.clock.years, return_index=True)
    by_year = np.add.reduceat(record.counts, firsts, axis=0)
    events, strong = (by_year[:, classes].sum(axis=1) for classes in (ordered, stronger))
    there = events > 0
    return {"years": years[there], "events": events[there], "stronger": strong[there]}


def kinds_sentence(kinds: Mapping[str, KindSeries], *, weekly: bool = False) -> str:
    """Return depth and severity in one sentence, each with what has become of it in ten years."""
    first, *others = kinds.values()
    sentence = (
        f"In {period(first.last, weekly=weekly)} {_expected(first)} of {first.side} events are expected to be "
        f"{join(first.kinds, 'or')}{_trend(first)}"
    )
    for one in others:
        sentence += f"; of {one.side} ones {_expected(one)} {join(one.kinds, 'or')}{_trend(one)}"
    return f"{sentence}."


def _expected(one: KindSeries) -> str:
    return interval_in_words(one.now.median, one.now.low, one.now.high, unit="%")


def _trend(one: KindSeries) -> str:
    if isinstance(one.change, NotDefined):
        return ""
    more, fewer = one.change.low > 0, one.change.high < 0
    how = "clearly more" if more else "clearly fewer" if fewer else "not clearly more or fewer"
    return f", {how} than ten years before"
