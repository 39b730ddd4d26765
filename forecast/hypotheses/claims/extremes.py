"""Claim of nonlinear reversion: it grows more than in proportion to the deviation from the trend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from forecast import theory
from forecast.hypotheses.hypothesis import Change, Contest, Hypothesis, Truth, Words
from forecast.hypotheses.measures import (
    Difference,
    chance,
    difference,
    difference_sentence,
    evidence_bars,
    evidence_sentences,
    evidence_table,
    learning_sentence,
    median_interval,
    number,
    percent,
    prior_of,
    reason_of_evidence,
)
from forecast.hypotheses.verdict import Answer, Found, Rule
from forecast.model.dynamics import cubic_widening, find_cycle
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
# How many times as strong reversion is one spread away as near the trend; points of share.
STRENGTHS = (2.0, 4.0)


@dataclass(frozen=True)
class Extremes:
    """Evidence on nonlinear reversion."""

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


def _decide(found: "Found[Extremes]", rule: Rule) -> Answer:
    return rule.decide(found.comparison())


def _word(found: "Found[Extremes]", rule: Rule, answer: Answer) -> Words:
    hostile, friendly = (median_interval(found[f"strength_{side}"], 1) for side in ("hostile", "friendly"))
    return Words(
        claim="Extremes are costly: reversion grows more than in proportion to the deviation from the trend.",
        null="Reversion is in proportion to the deviation from the trend.",
        reason=reason_of_evidence(found.comparison(), rule),
        prose=(
            *evidence_sentences(found.comparison(), rule),
            *evidence_sentences(found.comparison("band"), rule),
            f"If it grows, reversion is {median_interval(found['strength'], 1)} times as strong one spread away as "
            f"near the trend. {learning_sentence(found.findings.learning, 'its growth')}",
            f"The chance that the hostile side reverts more strongly is "
            f"{percent(found['probability_hostile_stronger'])}, where 50 % is no knowledge: {hostile} times one spread "
            f"away, against {friendly} on the other side; {SIDES} is {median_interval(found['asymmetry'], 1)} points "
            "of share.",
            difference_sentence(found.findings.asymmetry, rule, SIDES),
        ),
    )


def contest_of_extremes(candidates: "Candidates", half_lives: tuple[float, ...] = ()) -> Contest:
    """Contest nonlinear reversion against a linear one."""
    growing, linear = (candidates.around_trend(name) for name in ("cubic", "linear"))
    truths = [Truth.of(candidates, "linear reversion", np.nan, linear)]
    for strength in STRENGTHS:
        name = f"reversion {strength:g} times as strong one spread away"
        truths.append(Truth.of(candidates, name, strength, growing, with_strength(strength)))
    return Contest.by_evidence(candidates, tuple(truths), "times as strong", growing, linear)


def with_strength(strength: float) -> Change:
    """Make cubic reversion so many times as strong one long-run spread away as near the trend.

    The spread itself, how much of the growth is on either side, and the half-life of a linear cycle of the same prior
    stay as they are.
    """

    def wide(inner: float, lean: float) -> float:
        return float(cubic_widening(inner, lean))

    def change(own: xr.Dataset) -> xr.Dataset:
        lean = float(own["lean"])
        inner = brentq(lambda value: value * wide(value, lean) - (strength - 1.0), 0.0, 1e4 * strength**2)
        half_life = own["cycle_half_life"] * wide(float(own["inner_stiffening"]), lean) / wide(inner, lean)
        phi = 0.5 ** (1.0 / half_life)
        return own.assign(
            cycle_half_life=half_life, phi=phi, stiffening=strength - 1.0, inner_stiffening=inner,
            sigma=find_cycle("cubic").shock_of_spread(own["cycle_sd"] / np.sqrt(wide(inner, lean)), phi, {}),
        )  # fmt: skip

    return change


CLAIM = Hypothesis(
    theory.COST,
    title="nonlinear reversion",
    models=("cycle around a trend: cubic", "band", "linear"),
    measure=measure_extremes,
    decide=_decide,
    word=_word,
    how="The cubic cycle decides; the band is there for comparison.",
    contest=contest_of_extremes,
    work=2.0,
)
