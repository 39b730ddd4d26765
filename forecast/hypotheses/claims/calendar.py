"""A scheduled calendar of elections, congresses and summits says something of how relations go."""

from typing import TYPE_CHECKING

from forecast import theory
from forecast.hypotheses.claims.sentences import evidence_sentences, median_interval, percent, reason_of_evidence
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Found, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.calendar import Calendar
    from forecast.hypotheses.power.contests import Contest


def _measure(candidates: "Candidates") -> "Found[Calendar]":
    from forecast.hypotheses.evidence.calendar import measure_calendar

    return measure_calendar(candidates)


def _contest(candidates: "Candidates", half_lives: tuple[float, ...]) -> "Contest":
    from forecast.hypotheses.power.contests import contest_of_calendar

    return contest_of_calendar(candidates)


def _decide(found: "Found[Calendar]", rule: Rule) -> Answer:
    return rule.decide(found.comparison()) if found.comparisons else "undecided"


def _word(found: "Found[Calendar]", rule: Rule, answer: Answer) -> Words:
    return Words(
        claim="Scheduled occasions, reasons to ease or not to, say something of how relations go.",
        null="What is scheduled says nothing of it: the record goes on as the model without a calendar has it.",
        reason=_reason(found, rule, answer),
        prose=_prose(found, rule) if found.comparisons else (),
    )


def _prose(found: "Found[Calendar]", rule: Rule) -> tuple[str, ...]:
    return (*_effects(found), *evidence_sentences(found.comparison(), rule), _caution())


def _reason(found: "Found[Calendar]", rule: Rule, answer: Answer) -> Reason:
    if not found.comparisons:
        return Reason("not_defined", {"answer": answer, "why": found.findings.missing})
    return reason_of_evidence(found.comparison(), rule)


def _effects(found: "Found[Calendar]") -> tuple[str, ...]:
    return tuple(
        f"A standard deviation of {name} adds {median_interval(found[f'effect_{name}'], 1)} points from an even share; "
        f"the chance that it helps is {percent(found[f'helps_{name}'])}."
        for name in found.findings.drivers
    )


def _caution() -> str:
    return (
        "Facts are used as they were known on their day, and effects are shrunk to none together. That a calendar says "
        "nothing would not mean that the two sides have no reasons: only that these dates do not show them."
    )


CLAIM = Hypothesis(
    theory.REASONS,
    title="a scheduled calendar",
    models=("drivers of the calendar", "no drivers"),
    measure=_measure,
    decide=_decide,
    word=_word,
    how="It is tested only if it is asked for.",
    contest=_contest,
    by_default=False,
    work=3.0,
)
