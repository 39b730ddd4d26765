"""Mean reversion: the half-life with the data and without, and a cycle around a trend against a random walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.hypotheses.candidates import WALK
from forecast.hypotheses.evidence.measures import chance, densities, evidence_table, number, prior_of
from forecast.hypotheses.verdict import Found, Number
from forecast.model.break_fits import ONE_COMPONENT
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import Learning, learned
from forecast.outlook.futures import simulate_from
from forecast.outlook.pendulum import Passage, passage

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

CYCLE, RANDOM_WALK = "a cycle around a trend that moves", "a random walk"
REVERTING = "one reverting component"
CHANGE_MONTHS = 12
# The hostile zone, and where in it the pendulum is let go: points of share.
EXTREME, INSIDE = 30.0, 5.0
DWELL_MONTHS = (24, 60)


@dataclass(frozen=True)
class Reversion:
    """What is found of mean reversion beside its numbers."""

    learning: Learning  # Whether the data moved the half-life


def measure_reversion(candidates: "Candidates") -> Found[Reversion]:
    """Measure whether deviations from a trend revert, against a random walk.

    The second rival is one reverting component: the whole level reverts to the long-run mean of its era.
    """
    limit = candidates.rule.half_life
    linear, none = rivals(candidates)
    comparison = candidates.compare(linear, none, (CYCLE, RANDOM_WALK), scales=("cycle_half_life", "cycle_sd"))
    reverting = candidates.compare(linear, ONE_COMPONENT, (CYCLE, REVERTING), name="one_component", decides=False)
    cycle, walk = (dyad_draws(candidates.fit(**choices), candidates.dyad) for choices in (linear, none))
    after = cycle.scalars["cycle_half_life"] / cycle.clock.per_month
    before = prior_of(candidates, **linear)["cycle_half_life"].isel(dyad=0).to_numpy() / cycle.clock.per_month
    within = f"the half-life is below {limit:g} months"
    learning = learned(np.log(after), np.log(before), "the prior", np.exp, "months")
    ways = {"cycle": _way_out(cycle, candidates.seed), "walk": _way_out(walk, candidates.seed)}
    comparisons = (comparison, reverting)
    return Found(
        findings=Reversion(learning),
        comparisons=comparisons,
        numbers=(
            number("half_life", after, "months", "time in which half of a deviation from the trend is undone"),
            number("prior_half_life", before, "months", "the same before the data"),
            Number("half_life_sd_ratio", learning.sd_ratio, words="spread of its logarithm, posterior over prior",
                   kind="value"),
            chance("probability_short", after < limit, within),
            chance("prior_probability_short", before < limit, f"{within}, before the data"),
            _cycle_part(cycle),
            *_dwell_numbers(ways),
        ),
        table=evidence_table({one.words: one for one in comparisons}),
        drawing=densities(
            "Half-life before and after the data", "half-life, months",
            {"prior": ("prior", before), "posterior": ("posterior", after)},
        ),
    )  # fmt: skip


def rivals(candidates: "Candidates") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the choices of the cycle around a trend, and of the random walk that it is compared with."""
    return candidates.around_trend(), WALK


def _cycle_part(own: DyadDraws) -> Number:
    """Compute how much of what a year changes is the cycle's; the rest are steps of the trend."""
    periods = own.clock.periods(CHANGE_MONTHS)
    cycle = 2.0 * own.scalars["cycle_sd"] ** 2 * (1.0 - own.scalars["phi"] ** periods)
    part = 100.0 * cycle / (cycle + periods * own.scalars["trend_step"] ** 2)
    words = f"of the variance of the level's change over {CHANGE_MONTHS} months is the cycle's, which reverts"
    return number("cycle_part", part, "per cent", words)


def _way_out(own: DyadDraws, seed: int) -> Passage:
    """Time to leave the hostile zone under the current framework alone."""
    limit = max(DWELL_MONTHS)
    share = simulate_from(own, EXTREME - INSIDE, own.clock.periods(limit), 1, seed=seed)
    return passage(share >= EXTREME, own.clock, DWELL_MONTHS, limit, f"a share of {EXTREME:g}")


def _dwell_numbers(ways: Mapping[str, Passage]) -> tuple[Number, ...]:
    return tuple(
        Number(f"out_of_extreme_by_{months}_{name}", way.by[months].value, error=way.by[months].mcse,
               words=f"{model} has left the hostile zone within {months} months", kind="probability")
        for model, (name, way) in zip((CYCLE, RANDOM_WALK), ways.items(), strict=True)
        for months in DWELL_MONTHS
    )  # fmt: skip
