"""Claim of mean reversion: deviations from the trend have a short half-life."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast import theory
from forecast.clock import Clock
from forecast.hypotheses.hypothesis import Change, Contest, Hypothesis, Truth, Words
from forecast.hypotheses.measures import (
    WALK,
    chance,
    densities,
    evidence_sentences,
    evidence_table,
    learning_sentence,
    median_interval,
    number,
    percent,
    prior_of,
    reason_of_evidence,
)
from forecast.hypotheses.verdict import Answer, Found, Number, Reason, Rule
from forecast.model.dynamics import find_cycle
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
    """Evidence on mean reversion."""

    learning: Learning  # Whether the data moved the half-life


def measure_reversion(candidates: "Candidates") -> Found[Reversion]:
    """Measure whether deviations from a trend revert, against a random walk.

    The second alternative is one reverting component: the whole level reverts to the long-run mean of its era.
    """
    from forecast.model.break_fits import ONE_COMPONENT

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


def _decide(found: "Found[Reversion]", rule: Rule) -> Answer:
    answer = rule.decide(found.comparison())
    slow = rule.decide_probability(found["probability_short"].value) == "rejected"
    return "undecided" if answer == "supported" and slow else answer


def _word(found: "Found[Reversion]", rule: Rule, answer: Answer) -> Words:
    half_life, before = median_interval(found["half_life"]), median_interval(found["prior_half_life"])
    short, short_before = percent(found["probability_short"]), percent(found["prior_probability_short"])
    return Words(
        claim=f"Relations revert: half of a deviation from the trend is undone within {rule.half_life:g} months.",
        null="The level is a random walk: nothing reverts, and a deviation stays.",
        reason=_reason(found, rule, answer),
        prose=(
            f"If there is mean reversion, its half-life is {half_life} months with the data and {before} without them. "
            f"{learning_sentence(found.findings.learning, 'it')}",
            f"The chance that it is below {rule.half_life:g} months is {short}, and was {short_before} before the "
            "data.",
            *evidence_sentences(found.comparison(), rule),
            *_parts(found, rule),
            _way_out_words(found),
        ),
    )


def _reason(found: "Found[Reversion]", rule: Rule, answer: Answer) -> Reason:
    if answer == rule.decide(found.comparison()):
        return reason_of_evidence(found.comparison(), rule)
    return Reason("reversion_too_slow", {"answer": answer, "half_life": rule.half_life})


def _parts(found: "Found[Reversion]", rule: Rule) -> tuple[str, ...]:
    """Describe the reverting part of the level, and whether one component would suffice."""
    return (
        f"Only the cycle reverts: it is {median_interval(found['cycle_part'])} per cent of the variance of a year's "
        "change, and the rest are steps of the trend.",
        *evidence_sentences(found.comparison("one_component"), rule),
    )


def _way_out_words(found: "Found[Reversion]") -> str:
    cycle, walk = found.comparison().claim, found.comparison().rival
    chances = [
        f"within {months} months with a chance of {percent(found[f'out_of_extreme_by_{months}_cycle'])} under {cycle} "
        f"and {percent(found[f'out_of_extreme_by_{months}_walk'])} under {walk}"
        for months in DWELL_MONTHS
    ]
    return (
        f"Let go at a share of {EXTREME - INSIDE:g} under the current framework, the level is out of the hostile zone "
        f"(a share below {EXTREME:g}) {', and '.join(chances)}."
    )


def contest_of_reversion(candidates: "Candidates", half_lives: tuple[float, ...]) -> Contest:
    """Contest a cycle around a trend, at half-lives in months, against a random walk."""
    cycle, walk = rivals(candidates)
    per_month = Clock.of(candidates.panel).per_month
    truths = [Truth.of(candidates, "a random walk", np.nan, walk)]
    for months in half_lives:
        name = f"a half-life of {months:g} months"
        truths.append(Truth.of(candidates, name, months, cycle, with_half_life(months * per_month)))
    return Contest.by_evidence(candidates, tuple(truths), "months", cycle, walk)


def with_half_life(periods: float) -> Change:
    """Return the change to a linear cycle of another half-life and the same long-run spread."""
    phi = 0.5 ** (1.0 / periods)

    def change(own: xr.Dataset) -> xr.Dataset:
        alike = xr.ones_like(own["cycle_sd"])
        sigma = find_cycle("linear").shock_of_spread(own["cycle_sd"], phi, {})
        return own.assign(cycle_half_life=periods * alike, phi=phi * alike, sigma=sigma)

    return change


CLAIM = Hypothesis(
    theory.PENDULUM,
    title="mean reversion",
    models=("cycle around a trend", "random walk", "one reverting component"),
    measure=measure_reversion,
    decide=_decide,
    word=_word,
    how="Reversion whose half-life is above {half_life} months counts as none, whatever the evidence.",
    contest=contest_of_reversion,
    cross_checked=True,
    work=4.0,
)
