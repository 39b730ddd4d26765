"""Nonlinear reversion: a cubic cycle and a band against a linear one, and which side reverts more strongly."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.hypotheses.evidence.measures import (
    Difference,
    chance,
    difference,
    evidence_bars,
    evidence_table,
    number,
    prior_of,
)
from forecast.hypotheses.verdict import Found
from forecast.model.dynamics import find_cycle
from forecast.outlook.draws import dyad_draws
from forecast.outlook.frameworks import Learning, learned
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

CUBIC, BAND, LINEAR = "nonlinear reversion", "reversion outside of a band", "linear reversion"
MONTHS = 12
# A unit of log-odds is 25 points around an even share, and less elsewhere.
POINTS = 25.0
SIDES = f"the difference of the sides in what {MONTHS} months undo"


@dataclass(frozen=True)
class Extremes:
    """What is found of nonlinear reversion beside its numbers."""

    learning: Learning  # Whether the data moved the growth
    asymmetry: Difference  # What is undone on the hostile side less on the friendly one


def measure_extremes(candidates: "Candidates") -> Found[Extremes]:
    """Measure whether reversion grows more than in proportion to the deviation from the trend.

    Whether the hostile side is the stronger one is asked within the cubic cycle, whose prior favours neither: of a
    deviation by one spread to either side reversion alone undoes so much in twelve months, and the difference is put in
    points of share around an even share.
    """
    growing, flat, linear = (candidates.around_trend(name) for name in ("cubic", "band", "linear"))
    cubic = candidates.compare(growing, linear, (CUBIC, LINEAR), scales=("stiffening", "lean"))
    band = candidates.compare(flat, linear, (BAND, LINEAR), scales=("band",), name="band", decides=False)
    own = dyad_draws(candidates.fit(**growing), candidates.dyad)
    growth, lean = own.scalars["stiffening"], own.scalars["lean"]
    before = {str(name): drawn.to_numpy() for name, drawn in prior_of(candidates, **growing).squeeze("dyad").items()}
    times, one_away = "times as strong", "reversion one spread away against that near the trend"
    apart, apart_before = (_apart(drawn, own.clock.periods(MONTHS)) for drawn in (own.scalars, before))
    asymmetry = difference("asymmetry", apart, candidates.rule, SIDES, apart_before)
    comparisons = {cubic.words: cubic, band.words: band}
    return Found(
        findings=Extremes(learned(growth, before["stiffening"], "the prior"), asymmetry),
        comparisons=(cubic, band),
        numbers=(
            number("strength", 1.0 + growth, times, f"{one_away}, were the sides alike"),
            number("strength_hostile", 1.0 + growth * np.exp(lean), times, f"{one_away}, on the hostile side"),
            number("strength_friendly", 1.0 + growth * np.exp(-lean), times, f"{one_away}, on the friendly side"),
            number("lean", lean, "log ratio", "growth of reversion on the hostile side against the middle"),
            chance("probability_hostile_stronger", lean > 0, "the hostile side reverts more strongly"),
            number("asymmetry", apart, "points of share", f"{SIDES}, hostile less friendly"),
            *asymmetry.numbers,
        ),
        table=evidence_table(comparisons),
        drawing=evidence_bars("Evidence for reversion of other forms than linear", comparisons),
    )


def undone(drawn: Mapping[str, Float], spreads: float, periods: int) -> Float:
    """Compute the part of a deviation that nonlinear reversion alone undoes in some periods, in log-odds."""
    motion = {**drawn, "sd": drawn["cycle_sd"]}
    left = start = spreads * drawn["cycle_sd"]
    for _ in range(periods):
        left = find_cycle("cubic").next(left, motion)
    return np.asarray(np.abs(start) - np.abs(left))


def _apart(drawn: Mapping[str, Float], periods: int) -> Float:
    """Hostile less friendly side, in points of share around an even share."""
    return POINTS * (undone(drawn, -1.0, periods) - undone(drawn, 1.0, periods))
