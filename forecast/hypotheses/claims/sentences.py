"""Findings that several claims share, in sentences."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from forecast import wording
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Comparison, Number, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.evidence.measures import Difference
    from forecast.outlook.frameworks import Learning

_BY_CHANCE = 2.0  # standard errors


def percent(chance: Number | float) -> str:
    """Format a chance in whole percents, never claiming certainty."""
    return wording.chance(chance.value if isinstance(chance, Number) else chance)


def median_interval(value: Number, decimals: int = 0) -> str:
    """Format a median with its interval: ``41 (90 % interval 12 to 118)``."""
    assert value.low is not None and value.high is not None, "a number from draws has an interval"
    return wording.interval_in_words(value.value, value.low, value.high, decimals)


def learning_sentence(learning: "Learning", what: str) -> str:
    """Describe whether the data moved a quantity, such as ``"the half-life"``."""
    spread = f"its spread is {learning.sd_ratio:.2f} times that of {learning.compared_with}"
    shift = f"its mean {abs(learning.shift):.1f} standard deviations away"
    if learning.moved:
        return f"The data moved {what}: {spread}, {shift}."
    return f"The data did not move {what} ({spread}, {shift}): what is said of it is an assumption, not a finding."


def difference_sentence(found: "Difference", rule: Rule, what: str) -> str:
    """Describe whether a difference, such as ``"the drop"``, matters in practice.

    Where there is a prior, it is a finding only if the data raised its odds by the rule's Bayes factor.
    """
    within = f"within {found.rope:g} points on either side of zero, where it is practically none"
    begin = what[:1].upper() + what[1:]
    said = {
        "inside": f"For practical purposes {what} is none: it lies {within}, with a chance of {percent(found.inside)}.",
        "above": f"{begin} is practically above zero with a chance of {percent(found.above)}.",
        "below": f"{begin} is practically below zero with a chance of {percent(found.below)}.",
        None: f"The data could not tell whether {what} matters in practice: it lies {within}, with a chance of "
        f"{percent(found.inside)}, above that with {percent(found.above)} and below it with {percent(found.below)}.",
    }[found.side]
    if found.before is None or found.raised is None:
        return said
    judged = ": it is an assumption rather than a finding" if found.raised < rule.bayes_factor else ""
    return f"{said} Before the data it was {percent(found.before)}{judged}."


def evidence_sentences(comparison: Comparison, rule: Rule) -> tuple[str, ...]:
    """Describe what the Bayes factor, the priors' widths and leaving the future out have found, a sentence each."""
    claim, rival = comparison.claim, comparison.rival
    first, second = comparison.favoured
    factor = (
        f"The data are {wording.ratio(comparison.log_bayes_factor)} times as likely under {first} as under {second} "
        f"(log Bayes factor {wording.number(comparison.log_bayes_factor, 2)} for {claim}, Monte Carlo error "
        f"{comparison.error:.2f})."
    )
    better = "better" if comparison.ahead_difference >= 0 else "worse"
    size = abs(comparison.ahead_difference)
    judged, carries = "", ""
    if size <= _BY_CHANCE * comparison.ahead_error:
        judged, carries = ", which chance may explain", ", which says little where they are so close"
    ahead = (
        f"Fitted to the past alone, {claim} predicted the months that followed {better} than {rival} by {size:.1f} in "
        f"log predictive density (standard error {comparison.ahead_error:.1f}){judged}; the mixture of the two that "
        f"predicts best gives it {percent(comparison.weight)} of the weight{carries}."
    )
    return factor, *_prior_sentences(comparison, rule), ahead


def reason_of_evidence(comparison: Comparison, rule: Rule) -> Reason:
    """Return why the rule answers a comparison as it does, in particular why it does not decide."""
    answer, claim, rival = rule.decide(comparison), comparison.claim, comparison.rival
    model, factor = comparison.favoured[0], rule.bayes_factor
    if answer != "undecided":
        return Reason("evidence_decides", {"answer": answer, "model": model, "factor": factor})
    parts = (comparison.log_bayes_factor, comparison.error, comparison.ahead_difference, comparison.ahead_error)
    if not all(map(math.isfinite, parts)):
        return Reason("evidence_incomplete", {"answer": answer, "claim": claim, "rival": rival})
    if rule.decide_factor(comparison.log_bayes_factor, comparison.error) == "undecided":
        return Reason("evidence_unclear", {"answer": answer, "claim": claim, "rival": rival, "factor": factor})
    ahead = claim if comparison.ahead_difference >= 0 else rival
    return Reason(
        "evidence_contradicted", {"answer": answer, "model": model, "ahead": ahead, "errors": rule.ahead_errors}
    )


def _prior_sentences(comparison: Comparison, rule: Rule) -> tuple[str, ...]:
    from forecast.hypotheses.evidence.measures import prior_words

    rows = [] if comparison.priors is None else comparison.priors.to_dict("records")
    others = [row for row in rows if row["prior"]]
    if not others:
        return ()
    known = [row for row in others if math.isfinite(row["log_bayes_factor"])]
    unknown = [prior_words(row["prior"], row["factor"]) for row in others if row not in known]
    missing = f" With the {' and the '.join(unknown)} it could not be computed." if unknown else ""
    if not known:
        return (f"How sensitive it is to the priors could not be computed.{missing}",)
    said = "; ".join(
        f"{wording.number(row['log_bayes_factor'], 2)} with the {prior_words(row['prior'], row['factor'])}"
        for row in known
    )
    changed = {_answer_with(comparison, row, rule) for row in known} - {rule.decide(comparison)}
    judged = f"the rule would say {wording.join(sorted(changed), 'or')} then" if changed else "the rule says the same"
    return (f"Sensitivity to priors: log Bayes factor {said}; {judged}.{missing}",)


def _answer_with(comparison: Comparison, row: Mapping[Any, Any], rule: Rule) -> Answer:
    return rule.decide(replace(comparison, log_bayes_factor=row["log_bayes_factor"], error=row["error"]))
