"""A pull back: the half-life with the data and without, and a linear pull against a random walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.hypotheses.evidence.measures import chance, densities, evidence_table, number, prior_of
from forecast.hypotheses.verdict import Found, Number
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import Learning, learned
from forecast.outlook.futures import release
from forecast.outlook.passage import Passage, passage

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

PULL, WALK = "a linear pull", "a random walk"
# The hostile zone, and where in it the pendulum is let go: points of share.
EXTREME, INSIDE = 30.0, 5.0
DWELL_MONTHS = (24, 60)


@dataclass(frozen=True)
class Reversion:
    """What is found of a pull beside its numbers.

    Attributes
    ----------
    learning : Learning
        Whether the data moved the half-life.
    """

    learning: Learning


def measure_reversion(candidates: "Candidates") -> Found[Reversion]:
    """Measure whether the level is pulled back to an equilibrium, against a random walk.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Found
        The half-life with its prior, the chance that it is short, and how soon either model leaves the hostile zone.

    Examples
    --------
    >>> from forecast.hypotheses.evidence.reversion import measure_reversion
    >>> measure_reversion(candidates)["half_life"].value  # doctest: +SKIP
    41.3
    """
    limit = candidates.rule.half_life
    linear, none = ({"dynamics": name, **candidates.unbounded} for name in ("linear", "none"))
    comparison = candidates.compare(linear, none, (PULL, WALK), scales=("half_life", "sd"))
    pull, walk = (dyad_draws(candidates.fit(**choices), candidates.dyad) for choices in (linear, none))
    after = pull.scalars["half_life"] / pull.clock.per_month
    before = prior_of(candidates, **linear)["half_life"].isel(dyad=0).to_numpy() / pull.clock.per_month
    within = f"the half-life is below {limit:g} months"
    learning = learned(np.log(after), np.log(before), "the prior", np.exp, "months")
    ways = {"pull": _way_out(pull, candidates.seed), "walk": _way_out(walk, candidates.seed)}
    return Found(
        findings=Reversion(learning),
        comparisons=(comparison,),
        numbers=(
            number("half_life", after, "months", "time in which half of a displacement is undone"),
            number("prior_half_life", before, "months", "the same before the data"),
            Number("half_life_sd_ratio", learning.sd_ratio, words="spread of its logarithm, posterior over prior",
                   kind="value"),
            chance("probability_short", after < limit, within),
            chance("prior_probability_short", before < limit, f"{within}, before the data"),
            *_dwell_numbers(ways),
        ),
        table=evidence_table({comparison.words: comparison}),
        drawing=densities(
            "Half-life before and after the data", "half-life, months",
            {"prior": ("prior", before), "posterior": ("posterior", after)},
        ),
    )  # fmt: skip


def _way_out(own: DyadDraws, seed: int) -> Passage:
    """Time to leave the hostile zone under the framework in force alone."""
    limit = max(DWELL_MONTHS)
    share = release(own, EXTREME - INSIDE, own.clock.periods(limit), 1, seed=seed)
    return passage(share >= EXTREME, own.clock, DWELL_MONTHS, limit, f"a share of {EXTREME:g}")


def _dwell_numbers(ways: Mapping[str, Passage]) -> tuple[Number, ...]:
    return tuple(
        Number(f"out_of_extreme_by_{months}_{name}", way.by[months].value, error=way.by[months].mcse,
               words=f"{model} has left the hostile zone within {months} months", kind="probability")
        for model, (name, way) in zip((PULL, WALK), ways.items(), strict=True)
        for months in DWELL_MONTHS
    )  # fmt: skip
