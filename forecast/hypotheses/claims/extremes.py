"""Extremes are costly: reversion grows more than in proportion to the deviation from the trend."""

from typing import TYPE_CHECKING

from forecast import theory
from forecast.hypotheses.claims.sentences import (
    difference_sentence,
    evidence_sentences,
    learning_sentence,
    median_interval,
    percent,
    reason_of_evidence,
)
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.verdict import Answer, Found, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.extremes import Extremes
    from forecast.hypotheses.power.contests import Contest


def _measure(candidates: "Candidates") -> "Found[Extremes]":
    from forecast.hypotheses.evidence.extremes import measure_extremes

    return measure_extremes(candidates)


def _contest(candidates: "Candidates", half_lives: tuple[float, ...]) -> "Contest":
    from forecast.hypotheses.power.contests import contest_of_extremes

    return contest_of_extremes(candidates)


def _decide(found: "Found[Extremes]", rule: Rule) -> Answer:
    return rule.decide(found.comparison())


def _word(found: "Found[Extremes]", rule: Rule, answer: Answer) -> Words:
    from forecast.hypotheses.evidence.extremes import SIDES

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


CLAIM = Hypothesis(
    theory.COST,
    title="nonlinear reversion",
    models=("cycle around a trend: cubic", "band", "linear"),
    measure=_measure,
    decide=_decide,
    word=_word,
    how="The cubic cycle decides; the band is there for comparison.",
    contest=_contest,
    work=2.0,
)
