"""A pull back: the half-life with the data and without, and a linear pull against a random walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.hypotheses.evidence.measures import chance, densities, evidence_table, number, prior_of
from forecast.hypotheses.verdict import Comparison, Found, Number
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import Learning, learned
from forecast.outlook.futures import release
from forecast.outlook.passage import Passage, passage

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates

PULL, WALK = "a linear pull", "a random walk"
SWING, ONE_PULL = "a swing around a structure that moves", "one linear pull on the whole level"
CHANGE_MONTHS = 12
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
    """Measure whether the level is pulled back, against a random walk.

    With two time scales what is pulled back is the swing around a structure that moves; the rivals are the structure
    alone, a random walk, and one pull on the whole level towards the equilibrium of its era.

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
    linear, none = rivals(candidates)
    words = SWING if candidates.spec.two_scales else PULL
    comparison = candidates.compare(linear, none, (words, WALK), scales=("half_life", "sd"))
    pull, walk = (dyad_draws(candidates.fit(**choices), candidates.dyad) for choices in (linear, none))
    after = pull.scalars["half_life"] / pull.clock.per_month
    before = prior_of(candidates, **linear)["half_life"].isel(dyad=0).to_numpy() / pull.clock.per_month
    within = f"the half-life is below {limit:g} months"
    learning = learned(np.log(after), np.log(before), "the prior", np.exp, "months")
    ways = {"pull": _way_out(pull, candidates.seed), "walk": _way_out(walk, candidates.seed)}
    comparisons = (comparison, *_against_one_pull(candidates, linear))
    return Found(
        findings=Reversion(learning),
        comparisons=comparisons,
        numbers=(
            number("half_life", after, "months", "time in which half of a displacement is undone"),
            number("prior_half_life", before, "months", "the same before the data"),
            Number("half_life_sd_ratio", learning.sd_ratio, words="spread of its logarithm, posterior over prior",
                   kind="value"),
            chance("probability_short", after < limit, within),
            chance("prior_probability_short", before < limit, f"{within}, before the data"),
            *_swing_part(pull),
            *_dwell_numbers(words, ways),
        ),
        table=evidence_table({one.words: one for one in comparisons}),
        drawing=densities(
            "Half-life before and after the data", "half-life, months",
            {"prior": ("prior", before), "posterior": ("posterior", after)},
        ),
    )  # fmt: skip


def rivals(candidates: "Candidates") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the choices of the pull and of the random walk that it is set against.

    A walk has one scale: a swing without a pull would be a second walk, which no data can tell from the first.
    """
    return {"dynamics": "linear", **candidates.unbounded}, {"dynamics": "none", **candidates.one_scale}


def _against_one_pull(candidates: "Candidates", swing: dict[str, Any]) -> tuple[Comparison, ...]:
    """Compare two time scales with one pull, where the base has them."""
    if not candidates.spec.two_scales:
        return ()
    one = {"dynamics": "linear", **candidates.one_scale}
    return (candidates.compare(swing, one, (SWING, ONE_PULL), name="one_pull", decides=False),)


def _swing_part(own: DyadDraws) -> tuple[Number, ...]:
    """Compute how much of what a year changes is the swing's, where there is a structure besides."""
    if own.structure is None:
        return ()
    periods = own.clock.periods(CHANGE_MONTHS)
    swing = 2.0 * own.scalars["sd"] ** 2 * (1.0 - own.scalars["phi"] ** periods)
    part = 100.0 * swing / (swing + periods * own.scalars["structure_step"] ** 2)
    words = f"of the variance of the level's change over {CHANGE_MONTHS} months is the swing's, which the pull undoes"
    return (number("swing_part", part, "per cent", words),)


def _way_out(own: DyadDraws, seed: int) -> Passage:
    """Time to leave the hostile zone under the framework in force alone."""
    limit = max(DWELL_MONTHS)
    share = release(own, EXTREME - INSIDE, own.clock.periods(limit), 1, seed=seed)
    return passage(share >= EXTREME, own.clock, DWELL_MONTHS, limit, f"a share of {EXTREME:g}")


def _dwell_numbers(words: str, ways: Mapping[str, Passage]) -> tuple[Number, ...]:
    return tuple(
        Number(f"out_of_extreme_by_{months}_{name}", way.by[months].value, error=way.by[months].mcse,
               words=f"{model} has left the hostile zone within {months} months", kind="probability")
        for model, (name, way) in zip((words, WALK), ways.items(), strict=True)
        for months in DWELL_MONTHS
    )  # fmt: skip
