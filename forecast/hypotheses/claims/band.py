"""Claim of a middle ground: relations stay near an equilibrium more often than expected by chance."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast import theory
from forecast.hypotheses.claims.reversion import RANDOM_WALK, REVERTING
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.measures import (
    WALK,
    chance,
    densities,
    evidence_sentences,
    evidence_table,
    median_interval,
    number,
    percent,
)
from forecast.hypotheses.verdict import Answer, Found, Number, Reason, Rule
from forecast.outlook.draws import DyadDraws, dyad_draws
from forecast.outlook.futures import stream, trend_step
from forecast.outlook.pendulum import band_edges, mean_spell
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates


# The band is the central half of where a pendulum is in the long run.
MASS = 0.5


@dataclass(frozen=True)
class Stay:
    """Distances of paths from their own means, by draw (chain, draw)."""

    near: Float  # Per cent of the periods that are near
    away: Float  # Mean length of the spells that are not, months


@dataclass(frozen=True)
class Band:
    """Evidence on a middle ground."""

    era: str  # Name of the current era


def measure_band(candidates: "Candidates") -> Found[Band]:
    """Measure whether the level keeps to a middle ground more than a random walk fitted to the same record would.

    A band fitted to a record has that record inside, so the time inside the equilibrium band is stated but decides
    nothing. Record and rivals are measured by one rule instead that any path can be held to: in how many of its months
    it is near its own mean of the era, by no more than half the band's width. Random walks with the same length and
    eras are drawn from the walk's posterior, from where the record began, and the probability that the record spent
    more time near than they decides the claim [1]_. The walk's steps are learnt from the same record, so that the
    test is a cautious one. Whether the whole record tells the models apart is the question of the test of reversion;
    that evidence is here for comparison. A middle ground that stays is one of an era's, so that both models have one
    component, whatever the base.

    References
    ----------
    .. [1] Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized discrepancies,
       Statistica Sinica 6, 733-760.
    """
    from forecast.model.break_fits import ONE_COMPONENT

    comparison = candidates.compare(ONE_COMPONENT, WALK, (REVERTING, RANDOM_WALK), decides=False)
    reverting, walk = (dyad_draws(candidates.fit(**choices), candidates.dyad) for choices in (ONE_COMPONENT, WALK))
    stays = _stays(reverting, walk, candidates.seed)
    near = [
        number(f"near_{name}", stay.near, "per cent", f"months near its own mean of the era, {path}")
        for (name, path), stay in stays.items()
    ]
    away = [
        number(f"away_{name}", stay.away, "months", f"mean stay away from there, {path}")
        for (name, path), stay in stays.items()
    ]
    record, walks, cycles = stays.values()
    more = chance(
        "probability_more_than_walk", record.near > walks.near, "the record is near its mean more than a random walk is"
    )
    return Found(
        findings=Band(reverting.eras[-1].name),
        comparisons=(comparison,),
        numbers=(*_band(reverting), more, *near, *away),
        table=evidence_table({comparison.words: comparison}),
        drawing=densities(
            "Time near the middle of each era", "per cent of the months",
            {
                "record": ("posterior", record.near), RANDOM_WALK: ("null", walks.near),
                REVERTING: ("other", cycles.near),
            },
        ),
    )  # fmt: skip


def live_again(own: DyadDraws, seed: int) -> Float:
    """Simulate the record again, with other shocks, from the same start and in the same eras.

    A constant trend is that of the draws; one that moves is simulated. Neither has a ceiling.
    """
    rng, levels = stream(seed, own.dyad, "live again"), own.level.astype(np.float64)
    trends = own.trend.astype(np.float64)
    cycle, begins = levels[..., 0] - trends[..., 0], {era.first for era in own.eras}
    for period in range(1, levels.shape[-1]):
        if own.moves:
            arrived = np.full(own.size, period in begins)
            trends[..., period] = trend_step(own, trends[..., period - 1], arrived, own.scalars, rng)
        if own.cycle is not None:
            cycle = own.cycle.step(cycle, rng.standard_normal(own.size), own.motion)
        levels[..., period] = trends[..., period] + cycle
    return levels


def _stays(reverting: DyadDraws, walk: DyadDraws, seed: int) -> dict[tuple[str, str], Stay]:
    """Measure the record, and what either model would do in its place, by name and words."""
    half = NormalDist().inv_cdf(0.5 + MASS / 2) * reverting.scalars["cycle_sd"]

    def stay(level: NDArray[Any]) -> Stay:
        eras = [level[..., era.first : era.stop] for era in reverting.eras]
        off = np.concatenate([here - here.mean(axis=-1, keepdims=True) for here in eras], axis=-1)
        near = np.abs(off) <= half[..., None]
        return Stay(100 * near.mean(axis=-1), mean_spell(~near, reverting.clock))

    return {
        ("record", "the record"): stay(reverting.level),
        ("walk", "a random walk fitted to it"): stay(live_again(walk, seed)),
        ("reverting", "one reverting component fitted to it"): stay(live_again(reverting, seed)),
    }


def _band(own: DyadDraws) -> tuple[Number, ...]:
    """Measure the band of the current era, and how much of the record lay inside the band of its time."""
    edges = [_edges(own, place) for place in range(len(own.eras))]
    parts = []
    for (low, high), era in zip(edges, own.eras, strict=True):
        here = own.share[..., era.first : era.stop]
        parts.append((low[..., None] <= here) & (here <= high[..., None]))
    inside = np.concatenate(parts, axis=-1)
    last = own.eras[-1].name
    return (
        *(
            number(f"band_{side}", edge, "points of share", f"{side} edge of the equilibrium band under “{last}”")
            for side, edge in zip(("low", "high"), edges[-1], strict=True)
        ),
        number("inside", 100 * inside.mean(axis=-1), "per cent", "months of the record inside the band of their era"),
        chance("probability_inside_now", inside[..., -1], f"the share of {own.clock.name()} is inside the band"),
    )


def _edges(own: DyadDraws, place: int) -> tuple[Float, Float]:
    low, high = band_edges(own, place, MASS)
    assert low is not None and high is not None, "a pendulum has a band"
    return low, high


def _decide(found: "Found[Band]", rule: Rule) -> Answer:
    return rule.decide_probability(found["probability_more_than_walk"].value)


def _word(found: "Found[Band]", rule: Rule, answer: Answer) -> Words:
    numbers = {one.name: median_interval(one) for one in found.numbers if one.low is not None}
    return Words(
        claim="There is a middle ground: relations keep near an equilibrium more than chance would have them.",
        null="There is none: relations stay or leave as a random walk does.",
        reason=_reason(found, rule, answer),
        prose=(
            f"The equilibrium band of “{found.findings.era}” runs from a share of {numbers['band_low']} to "
            f"{numbers['band_high']}. The level is inside it now with a chance of "
            f"{percent(found['probability_inside_now'])}, and was inside the band of the time in {numbers['inside']} "
            f"per cent of the months, where {100 * MASS:.0f} is what a pendulum does by definition.",
            "Measured alike, within half that band's width of its own mean of an era: the record spent "
            f"{numbers['near_record']} per cent of its months there, random walks fitted to it {numbers['near_walk']} "
            f"and reverting components {numbers['near_reverting']}.",
            f"Once away, the record came back after {numbers['away_record']} months on average, random walks after "
            f"{numbers['away_walk']} and reverting components after {numbers['away_reverting']}.",
            *evidence_sentences(found.comparison(), rule),
        ),
    )


def _reason(found: "Found[Band]", rule: Rule, answer: Answer) -> Reason:
    values = {"answer": answer, "chance": found["probability_more_than_walk"].value}
    if answer != "undecided":
        return Reason("nearer_than_walks", values)
    return Reason("walks_do_as_much", {**values, "low": 1 - rule.probability, "high": rule.probability})


CLAIM = Hypothesis(
    theory.BALANCE,
    title="a middle ground",
    models=("one reverting component", "random walk"),
    measure=measure_band,
    decide=_decide,
    word=_word,
    by_evidence=False,
    decides=("probability_more_than_walk",),
    how="Decided by how much more of its time the record is near its own mean than random walks fitted to it.",
    without_power="Power was not simulated, for the test has no rival model to simulate records from and tell them by: "
    "it is decided by a probability under the fits to this record. Its random walks are fitted to the same record, "
    "which makes it cautious.",
    work=0.5,
)
