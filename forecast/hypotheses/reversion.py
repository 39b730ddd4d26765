"""Is there a pull back (S5)? The half-life with the data and without, and a linear pull against a random walk."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from forecast import wording
from forecast.hypotheses.verdict import Answer, Number, Rule, Verdict
from forecast.hypotheses.verdict_parts import (
    chance,
    densities,
    evidence_numbers,
    evidence_prose,
    evidence_table,
    learning_prose,
    median_interval,
    number,
    percent,
    prior_of,
    reason,
)
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.frameworks import learned
from forecast.outlook.futures import release
from forecast.outlook.passage import Passage, passage

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates, Comparison

PULL, WALK = "a linear pull", "a random walk"
MODELS = f"{PULL} against {WALK}"
# The hostile zone, and where in it the pendulum is let go: points of share.
EXTREME, INSIDE = 30.0, 5.0
DWELL_MONTHS = (24, 60)


def test_reversion(candidates: "Candidates") -> Verdict:
    """Test whether the level is pulled back to an equilibrium, against a random walk.

    Decided by the evidence for a linear pull against none. A pull that the half-life's posterior places beyond
    ``candidates.rule.half_life`` months with the probability of the rule counts as none, and is not supported whatever
    the evidence.

    Parameters
    ----------
    candidates : Candidates

    Returns
    -------
    Verdict
        Of S5, with the half-life beside its prior, the chance that it is short, and how soon either model leaves
        the hostile zone.

    Examples
    --------
    >>> from forecast.hypotheses.reversion import test_reversion
    >>> test_reversion(candidates).answer  # doctest: +SKIP
    'undecided'
    """
    rule = candidates.rule
    linear, none = ({"dynamics": name, **candidates.unbounded} for name in ("linear", "none"))
    comparison = candidates.compare(linear, none, scales=("half_life", "sd"))
    pull, walk = (dyad_draws(candidates.fit(**choices), candidates.dyad) for choices in (linear, none))
    after = pull.scalars["half_life"] / pull.clock.per_month
    before = prior_of(candidates, **linear)["half_life"].isel(dyad=0).to_numpy() / pull.clock.per_month
    half_life = number("half_life", after, "months", "time in which half of a displacement is undone")
    prior_half_life = number("prior_half_life", before, "months", "the same before the data")
    within = f"the half-life is below {rule.half_life:g} months"
    short = chance("probability_short", after < rule.half_life, within)
    prior_short = chance("prior_probability_short", before < rule.half_life, f"{within}, before the data")
    learning = learned(np.log(after), np.log(before), "the prior", np.exp, "months")
    ratio = Number("half_life_sd_ratio", learning.sd_ratio, words="spread of its logarithm, posterior over prior")
    ways = {PULL: _way_out(pull, candidates.seed), WALK: _way_out(walk, candidates.seed)}
    answer = _answer(comparison, short, rule)
    return Verdict(
        code="S5",
        claim=f"Relations are pulled back: half of a displacement is undone within {rule.half_life:g} months.",
        null="The level is a random walk: nothing pulls it back, and a displacement stays.",
        answer=answer,
        numbers=(
            half_life, prior_half_life, ratio, short, prior_short,
            *evidence_numbers(comparison, MODELS), *_dwell_numbers(ways),
        ),
        table=evidence_table({MODELS: comparison}),
        drawing=densities(
            "Half-life before and after the data", "half-life, months",
            {"prior": ("prior", before), "posterior": ("posterior", after)},
        ),
        prose=(
            f"If there is a pull, its half-life is {median_interval(half_life)} months with the data and "
            f"{median_interval(prior_half_life)} without them. {learning_prose(learning, 'it')}",
            f"The chance that it is below {rule.half_life:g} months is {percent(short)}, and was "
            f"{percent(prior_short)} before the data.",
            *evidence_prose(comparison, PULL, WALK, rule),
            _dwell_prose(ways),
            _reason(answer, comparison, rule),
        ),
    )  # fmt: skip


def _answer(comparison: "Comparison", short: Number, rule: Rule) -> Answer:
    answer = rule.decide(comparison)
    slow = rule.decide_probability(short.value) == "refused"
    return "undecided" if answer == "supported" and slow else answer


def _reason(answer: Answer, comparison: "Comparison", rule: Rule) -> str:
    if answer == rule.decide(comparison):
        return reason(comparison, PULL, WALK, rule)
    return (
        f"Undecided, because the pull that the evidence speaks for needs longer than {rule.half_life:g} months, and "
        "counts as none by the rule."
    )


def _way_out(own: DyadDraws, seed: int) -> Passage:
    """Time to leave the hostile zone under the framework in force alone."""
    limit = max(DWELL_MONTHS)
    share = release(own, EXTREME - INSIDE, own.clock.periods(limit), 1, seed=seed)
    return passage(share >= EXTREME, own.clock, DWELL_MONTHS, limit, f"a share of {EXTREME:g}")


def _dwell_numbers(ways: Mapping[str, Passage]) -> tuple[Number, ...]:
    return tuple(
        Number(f"out_of_extreme_by_{months}_{name}", way.by[months].value, error=way.by[months].mcse,
               words=f"chance that {model} has left the hostile zone within {months} months")
        for name, (model, way) in zip(("pull", "walk"), ways.items(), strict=True)
        for months in DWELL_MONTHS
    )  # fmt: skip


def _dwell_prose(ways: Mapping[str, Passage]) -> str:
    chances = [
        f"within {months} months with a chance of "
        + " and ".join(f"{wording.chance(way.by[months].value)} under {model}" for model, way in ways.items())
        for months in DWELL_MONTHS
    ]
    return (
        f"Let go at a share of {EXTREME - INSIDE:g} under the framework in force, the level is out of the hostile zone "
        f"(a share below {EXTREME:g}) {', and '.join(chances)}."
    )
