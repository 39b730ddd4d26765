"""There is a middle ground: relations keep near an equilibrium more than chance would have them."""

from typing import TYPE_CHECKING

from forecast import theory
from forecast.hypotheses.claims.sentences import evidence_sentences, median_interval, percent
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Found, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.band import Band


def _measure(candidates: "Candidates") -> "Found[Band]":
    from forecast.hypotheses.evidence.band import measure_band

    return measure_band(candidates)


def _decide(found: "Found[Band]", rule: Rule) -> Answer:
    return rule.decide_probability(found["probability_more_than_walk"].value)


def _word(found: "Found[Band]", rule: Rule, answer: Answer) -> Words:
    from forecast.hypotheses.evidence.band import MASS

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
    measure=_measure,
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
