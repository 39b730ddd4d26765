"""Relations revert: half of a deviation from the trend is soon undone."""

from typing import TYPE_CHECKING

from forecast import theory
from forecast.hypotheses.claims.sentences import (
    evidence_sentences,
    learning_sentence,
    median_interval,
    percent,
    reason_of_evidence,
)
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Found, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.reversion import Reversion
    from forecast.hypotheses.power.contests import Contest


def _measure(candidates: "Candidates") -> "Found[Reversion]":
    from forecast.hypotheses.evidence.reversion import measure_reversion

    return measure_reversion(candidates)


def _contest(candidates: "Candidates", half_lives: tuple[float, ...]) -> "Contest":
    from forecast.hypotheses.power.contests import contest_of_reversion

    return contest_of_reversion(candidates, half_lives)


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
            _way_out(found),
        ),
    )


def _reason(found: "Found[Reversion]", rule: Rule, answer: Answer) -> Reason:
    if answer == rule.decide(found.comparison()):
        return reason_of_evidence(found.comparison(), rule)
    return Reason("reversion_too_slow", {"answer": answer, "half_life": rule.half_life})


def _parts(found: "Found[Reversion]", rule: Rule) -> tuple[str, ...]:
    """Describe how much of the level reverts, and whether one component would do."""
    return (
        f"Only the cycle reverts: it is {median_interval(found['cycle_part'])} per cent of the variance of a year's "
        "change, and the rest are steps of the trend.",
        *evidence_sentences(found.comparison("one_component"), rule),
    )


def _way_out(found: "Found[Reversion]") -> str:
    from forecast.hypotheses.evidence.reversion import DWELL_MONTHS, EXTREME, INSIDE

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


CLAIM = Hypothesis(
    theory.PENDULUM,
    title="mean reversion",
    models=("cycle around a trend", "random walk", "one reverting component"),
    measure=_measure,
    decide=_decide,
    word=_word,
    how="Reversion whose half-life is above {half_life} months counts as none, whatever the evidence.",
    contest=_contest,
    cross_checked=True,
    work=4.0,
)
