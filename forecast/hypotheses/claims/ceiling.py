"""A framework sets a ceiling: each allows a depth of cooperation of its own."""

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
from forecast.hypotheses.verdict import Answer, Comparison, Found, Rule, least_favourable
from forecast.wording import month

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.ceiling import Ceiling
    from forecast.hypotheses.power.contests import Contest


def _measure(candidates: "Candidates") -> "Found[Ceiling]":
    from forecast.hypotheses.evidence.ceiling import measure_ceiling

    return measure_ceiling(candidates)


def _contest(candidates: "Candidates", half_lives: tuple[float, ...]) -> "Contest":
    from forecast.hypotheses.power.contests import contest_of_ceiling

    return contest_of_ceiling(candidates)


def _decide(found: "Found[Ceiling]", rule: Rule) -> Answer:
    """Kinds by era must be preferred to every rival."""
    return least_favourable(rule.decide(one) for one in found.comparisons if one.decides)


def _worst(found: "Found[Ceiling]", rule: Rule, answer: Answer) -> Comparison:
    """Return the comparison that the answer is due to."""
    due = [one for one in found.comparisons if one.decides and rule.decide(one) == answer]
    return min(due, key=lambda one: one.log_bayes_factor)


def _word(found: "Found[Ceiling]", rule: Rule, answer: Answer) -> Words:
    return Words(
        claim="A framework sets a ceiling: each allows a depth of cooperation of its own.",
        null="What cooperation is possible does not depend on the framework: it is always the same, or drifts in time.",
        reason=reason_of_evidence(_worst(found, rule, answer), rule),
        prose=(
            *(sentence for one in found.comparisons for sentence in evidence_sentences(one, rule)),
            "The ceiling on the trend decides nothing here, because a low trend leaves the same mark on a record.",
            *_depths(found, rule),
            "If kinds drift in time, deep cooperation becomes harder by "
            f"{median_interval(found['depth_drift'], 2)} log-odds a decade.",
            f"The ceiling under “{found.findings.eras[-1]}” stands at a share of {median_interval(found['ceiling'])}, "
            f"{median_interval(found['headroom'], 1)} log-odds above the trend where that era began; without the data "
            f"{median_interval(found['prior_headroom'], 1)}. "
            f"{learning_sentence(found.findings.learning, 'its distance from the trend')}",
            _rises(found),
            _within_frameworks(found, answer),
        ),
    )


def _depths(found: "Found[Ceiling]", rule: Rule) -> tuple[str, ...]:
    from forecast.hypotheses.evidence.ceiling import DEEPEST

    *earlier, last = found.findings.eras
    if found.findings.drop is None:
        return (f"The record lies within one era, “{last}”, which leaves no depths to compare.",)
    since = month(found.findings.since)
    listed = "; ".join(
        f"{median_interval(found[f'deep_share_{place}'], 1)} under “{era}”"
        for place, era in enumerate(found.findings.eras, 1)
    )
    return (
        f"Of a hundred cooperative acts at the present level so many are {DEEPEST}: {listed}.",
        f"Under “{last}” (since {since}) the step to the deepest kind of cooperation is "
        f"{median_interval(found['depth_difference'], 2)} log-odds higher than in the mean of the {len(earlier)} eras "
        f"before, and higher at all with a chance of {percent(found['probability_deeper_harder'])}; at the present "
        f"level {median_interval(found['deep_share_drop'], 1)} fewer of a hundred cooperative acts are of that kind.",
        difference_sentence(
            found.findings.drop, rule, f"the drop in the deepest kind of cooperation since {since}"
        ),
    )  # fmt: skip


def _rises(found: "Found[Ceiling]") -> str:
    from forecast.hypotheses.evidence.ceiling import RISE_MONTHS

    spans = (
        f"spans of {RISE_MONTHS} months in which the share rose by at least {found.findings.smallest_effect:g} points"
    )
    if "rises_within" not in found:
        return f"S{spans[1:]} are too rare to say in which frameworks they fell."
    return (
        f"Of the {spans}, {median_interval(found['rises_within'])} per cent lie within one framework; of all spans "
        f"{found['spans_within'].value:.0f} per cent do."
    )


def _within_frameworks(found: "Found[Ceiling]", answer: Answer) -> str:
    said = f"{theory.IMPROVEMENT.code}, that relations improve within the framework, presupposes such a ceiling"
    if answer != "supported":
        return f"{said} and is {answer} with it."
    return (
        f"{said}, and has it; but the record's breaks ({len(found.findings.eras) - 1}) are too few to tell whether "
        f"improvement needs one, so that {theory.IMPROVEMENT.code} itself is undecided."
    )


CLAIM = Hypothesis(
    theory.CEILING,
    title="a ceiling set by the framework",
    models=("kinds: by era, drift in time, constant", "trend: ceiling by framework, none"),
    measure=_measure,
    decide=_decide,
    word=_word,
    needs="classes",
    how="Kinds by era are compared with constant kinds and with kinds that drift in time, and the less favourable "
    "answer counts. The ceiling on the trend decides nothing.",
    also=(theory.IMPROVEMENT,),
    contest=_contest,
    work=3.0,
)
