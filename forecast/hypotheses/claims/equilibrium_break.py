"""The equilibrium broke about when the current era began, and has been lower since."""

from typing import TYPE_CHECKING

from forecast import theory
from forecast.hypotheses.claims.sentences import (
    difference_sentence,
    evidence_sentences,
    median_interval,
    percent,
    reason_of_evidence,
)
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Comparison, Found, Number, Rule
from forecast.wording import join, month, number, ratio

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.equilibrium_break import EquilibriumBreak, Span
    from forecast.hypotheses.power.contests import Contest


MOST_PLACEBOS = 0.9
"""Share of other dates that a jump must do better than."""


def _measure(candidates: "Candidates") -> "Found[EquilibriumBreak]":
    from forecast.hypotheses.evidence.equilibrium_break import measure_break

    return measure_break(candidates)


def _contest(candidates: "Candidates", half_lives: tuple[float, ...]) -> "Contest":
    from forecast.hypotheses.evidence.equilibrium_break import question
    from forecast.hypotheses.power.contests import contest_of_break, contest_of_jump

    return (
        contest_of_jump(candidates) if question(candidates.panel).claimed is not None else contest_of_break(candidates)
    )


def _decide(found: "Found[EquilibriumBreak]", rule: Rule) -> Answer:
    """All parts of the claim must hold, and one that is rejected is enough against it."""
    parts: set[Answer] = {
        rule.decide(_deciding(found)),
        rule.decide_probability(_fell(found).value),
        _at_the_date(found, rule),
    }
    if "rejected" in parts:
        return "rejected"
    return "supported" if parts == {"supported"} else "undecided"


def _deciding(found: "Found[EquilibriumBreak]") -> Comparison:
    """Return the comparison that decides: a jump of the trend, where an era is claimed to have brought it."""
    return next(one for one in found.comparisons if one.decides)


def _fell(found: "Found[EquilibriumBreak]") -> Number:
    """Return the chance that what is claimed to have fallen did."""
    return found["probability_drop" if _deciding(found).name == "" else "probability_trend_drop"]


def _at_the_date(found: "Found[EquilibriumBreak]", rule: Rule) -> Answer:
    """Decide whether it was then: a jump must do better there than at most other dates.

    A low rank speaks against nothing: where no date has evidence, ranks are chance.
    """
    better = _deciding(found).name == "" or found["placebos_below"].value >= MOST_PLACEBOS
    return "supported" if better else "undecided"


def _word(found: "Found[EquilibriumBreak]", rule: Rule, answer: Answer) -> Words:
    from forecast.hypotheses.evidence.equilibrium_break import DROP

    own = found.findings
    about = f"about {month(own.claimed)}" if own.claimed is not None else "once"
    return Words(
        claim=f"The equilibrium broke {about} and has been lower since, by at least {own.smallest_effect:g} points of "
        "share.",
        null=f"The equilibrium has been the same since {month(own.since)}: what moved was the pendulum around it.",
        reason=_reason(found, rule, answer),
        prose=(
            *_jump(found, rule),
            *evidence_sentences(found.comparison(), rule),
            _known_ahead(own),
            _date(found),
            _size(found),
            difference_sentence(own.drop, rule, DROP),
            *_level(found),
            *_eras(found, rule),
            _agreement(own),
            _limits(own),
        ),
    )


def _jump(found: "Found[EquilibriumBreak]", rule: Rule) -> tuple[str, ...]:
    """Describe whether the trend jumped, where an era is claimed to have brought it."""
    if _deciding(found).name == "":
        return ()
    return (
        *evidence_sentences(_deciding(found), rule),
        f"The trend since lies {median_interval(found['trend_drop'])} points of share below that of the five "
        f"years before; the chance that it fell by at least {found.findings.smallest_effect:g} points is "
        f"{percent(found['probability_trend_drop'])}.",
        f"A jump at this date has more evidence than one at {percent(found['placebos_below'].value)} of other dates.",
        "What follows has one component: a level that reverts to an equilibrium, which is constant within an era.",
    )


def _known_ahead(own: "EquilibriumBreak") -> str:
    begin = "When the future is left out, the model with a break is told that it lies in"
    if own.claimed is None:
        return f"{begin} {month(own.span.when)}, as was found with hindsight."
    return f"{begin} {month(own.claimed)}, as the named eras have it, and only what followed counts."


def _date(found: "Found[EquilibriumBreak]") -> str:
    from forecast.hypotheses.evidence.equilibrium_break import NEAR_MONTHS

    own = found.findings
    said = f"If it broke, then in {_span(own.span, '90 % interval ')}"
    if own.claimed is None:
        return f"{said}; no named era begins in that time with which the date could agree."
    after, before = (percent(found[f"{prior}probability_near_claimed"]) for prior in ("", "prior_"))
    return (
        f"{said}: the interval {'holds' if own.where_claimed else 'does not hold'} {month(own.claimed)}, when the "
        f"current era began. The chance that it lies within {NEAR_MONTHS} months of that is {after}, and was {before} "
        "before the data."
    )


def _size(found: "Found[EquilibriumBreak]") -> str:
    before, after, drop = (median_interval(found[name]) for name in ("equilibrium_before", "equilibrium_after", "drop"))
    return (
        f"The equilibrium before the break less that after it is {drop} points of share, from {before} to {after}; the "
        f"chance that it fell by at least {found.findings.smallest_effect:g} points is "
        f"{percent(found['probability_drop'])}."
    )


def _level(found: "Found[EquilibriumBreak]") -> tuple[str, ...]:
    """Describe what the level did, which can fall without a break."""
    if not found.findings.level:
        return ()
    trend = ""
    if "level_trend" in found:
        trend = f" Its trend since is {median_interval(found['level_trend'], 1)} points a year."
    return (
        f"The level itself fell by {median_interval(found['level_drop'])} points of share ({found.findings.level}), by "
        f"more than the smallest difference of interest with a chance of {percent(found['probability_level_drop'])}."
        f"{trend} A level falls and rises around an equilibrium that stays; the test asks whether more than that has "
        "happened.",
    )


def _eras(found: "Found[EquilibriumBreak]", rule: Rule) -> tuple[str, ...]:
    """Return how many breaks there are by the evidence, and whether they are the named ones."""
    factors = {count: found.comparison(f"{count}_anywhere").log_bayes_factor for count in found.findings.counts}
    said = ", ".join(f"{number(factor, 2)} for {_breaks(count)}" for count, factor in factors.items())
    enough = round(found["breaks_by_evidence"].value)
    return (
        f"Over the whole record, with every way of placing them alike beforehand, the log Bayes factor against none is "
        f"{said}; {_breaks(enough)} {'is' if enough < 2 else 'are'} enough, for no larger number is "
        f"{rule.bayes_factor:g} times as likely.",
        *(_likelier(one) for one in found.comparisons if one.name in ("named", "named_dates")),
    )


def _likelier(one: Comparison) -> str:
    first, second = one.favoured
    return f"The data are {ratio(one.log_bayes_factor)} times as likely under {first} as under {second}."


def _agreement(own: "EquilibriumBreak") -> str:
    named, met = len(own.named), own.met
    if not named:
        return "No eras are named beyond the first, with which breaks could agree."
    if not own.breaks:
        return (
            f"By the evidence there is no break whose date could agree with the {named} turning points at which the "
            "named eras begin."
        )
    within = f": {join(month(day) for day in met)}" if met else ""
    return (
        f"The breaks lie in {'; '.join(_span(span) for span in own.breaks)}, each with its 90 % interval. Of the "
        f"{named} named eras after the first, {len(met)} begin within one{within}."
    )


def _limits(own: "EquilibriumBreak") -> str:
    held = f", with the {own.held} named eras before that taken for granted" if own.held else ""
    return (
        f"The break was looked for since {month(own.since)}{held}; less than {own.apart} {own.unit}s from either end "
        "it could not be seen. It is a break of the equilibrium alone: what kinds of cooperation a framework allows "
        f"is another question ({theory.CEILING.code})."
    )


def _reason(found: "Found[EquilibriumBreak]", rule: Rule, answer: Answer) -> Reason:
    if answer == rule.decide(_deciding(found)):
        return reason_of_evidence(_deciding(found), rule)
    dropped = _fell(found).value
    if answer == "rejected" and rule.decide_probability(dropped) == "rejected":
        return Reason("break_not_a_drop", {"answer": answer, "chance": dropped})
    if _at_the_date(found, rule) == answer:
        return Reason("jump_no_better", {"answer": answer, "below": found["placebos_below"].value})
    return Reason("drop_unclear", {"answer": answer, "chance": dropped})


def _breaks(count: int) -> str:
    return {0: "no break", 1: "one break"}.get(count, f"{count} breaks")


def _span(span: "Span", interval: str = "") -> str:
    return f"{month(span.when)} ({interval}{month(span.first)} to {month(span.last)})"


CLAIM = Hypothesis(
    theory.DECLINE,
    title="a break in the equilibrium",
    models=("cycle and trend: jump of the trend, no jump, placebo dates", "one component: one break, no break"),
    measure=_measure,
    decide=_decide,
    word=_word,
    decides=("probability_trend_drop", "placebos_below"),
    how="A jump of the trend where the current era began is compared with none. That is one of three parts: the "
    "trend must also have fallen by the smallest effect of interest, by the rule's probability, and the claim is "
    "rejected if it did not; and a jump at that date must have more evidence than at nine of ten others, or the answer "
    "is undecided. Where no named era begins in the last thirty years, a break of the equilibrium at an unknown date "
    "decides instead, with the same conditions on its drop.",
    also=(theory.ERAS,),
    contest=_contest,
    work=4.0,
)
