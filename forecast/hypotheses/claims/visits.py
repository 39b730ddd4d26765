"""Relations are better after high-level visits than after months that looked alike before them."""

from typing import TYPE_CHECKING

from forecast import theory, wording
from forecast.hypotheses.claims.sentences import (
    difference_sentence,
    median_interval,
)
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Found, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.visits import Visits


def _measure(candidates: "Candidates") -> "Found[Visits]":
    from forecast.hypotheses.evidence.visits import measure_visits

    return measure_visits(candidates)


def _decide(found: "Found[Visits]", rule: Rule) -> Answer:
    response = found.findings.response
    return "undecided" if response is None else rule.decide_probability(response.above.value)


def _word(found: "Found[Visits]", rule: Rule, answer: Answer) -> Words:
    return Words(
        claim="Relations are better after high-level visits than after months that looked alike before them.",
        null="After a high-level visit relations go on as after any month that looked alike.",
        reason=_reason(found, rule, answer),
        prose=(*_design(found), *_response(found, rule), _level(found), _caution()) if found.findings.enough else (),
    )


def _reason(found: "Found[Visits]", rule: Rule, answer: Answer) -> Reason:
    from forecast.hypotheses.evidence.visits import LEAST_VISITS

    response = found.findings.response
    if response is None:
        pairs = found["visits_followed"].value
        return Reason("too_few_visits", {"answer": answer, "visits": pairs, "needed": LEAST_VISITS})
    return Reason("response_above", {"answer": answer, "rope": rule.rope, "chance": response.above.value})


def _design(found: "Found[Visits]") -> tuple[str, ...]:
    from forecast.hypotheses.evidence.matched import NEAR_MONTHS

    unit, graded = found.findings.unit, found.findings.graded
    again, after_matched = (
        wording.percent(found[name].value / 100) for name in ("visited_again", "visited_after_matched")
    )
    which = "by a leader, a minister or their like" if graded else "of any rank, for the data give no titles"
    return (
        f"There are {found['visits'].value:.0f} {unit} with a visit {which}; {found['visits_followed'].value:.0f} have "
        f"a year of events after them and are set against {found['matched'].value:.0f} different {unit} that had the "
        "same cooperative share, the same change of it and the same share over five years beforehand, and no visit "
        f"within {NEAR_MONTHS} months. The visits themselves are left out of all counts.",
        f"Within a year {again} of the visits were followed by another, and {after_matched} of the matched {unit} by "
        "one: the more alike the two, the less can be seen of what one visit does.",
    )


def _response(found: "Found[Visits]", rule: Rule) -> tuple[str, ...]:
    from forecast.hypotheses.evidence.visits import DECIDES, WORDS

    own, p_value = found.findings, found["p_value"].value
    windows = "; ".join(
        f"{WORDS[name]} {median_interval(found[f'response_{name}'], 1)}" for name in own.windows if name != DECIDES
    )
    assert own.response is not None, "there are visits enough"
    return (
        f"{WORDS[DECIDES].capitalize()}, the cooperative share is {median_interval(found[f'response_{DECIDES}'], 1)} "
        f"points above that after matched months: the response. By window: {windows}.",
        difference_sentence(own.response, rule, "the response"),
        "With the visits moved to other dates a response as far from none comes up with a chance of "
        f"{wording.percent(p_value)} (placebo p-value {p_value:.2f}); one of less than "
        f"{wording.number(own.reach, 0)} points would not stand out at {100 * rule.probability:g} %.",
    )


def _level(found: "Found[Visits]") -> str:
    from forecast.hypotheses.evidence.visits import DECIDES

    return (
        f"By a fit that saw no visits, the level rose by {median_interval(found[f'level_{DECIDES}'], 1)} points more "
        "from two months before a visit to the year after it than around matched months. The fit smooths: it carries a "
        "part of any response back to before the visit, so that this number is too small, and its interval knows "
        "nothing of moved dates."
    )


def _caution() -> str:
    return (
        "A response is no proof that visits help: they are agreed when those who agree them see improvement coming, "
        "which no coded event may show beforehand. It would make visits a sign, and not yet a cause."
    )


CLAIM = Hypothesis(
    theory.VISITS,
    title="a response to visits",
    models=("months after visits", "matched months"),
    measure=_measure,
    decide=_decide,
    word=_word,
    needs="events",
    by_evidence=False,
    decides=("response_above_rope",),
    how="Decided by the response over the twelve months after, whose error is learnt from visits moved in time.",
    without_power="Power was not simulated, for the test has no rival model to simulate records from: it compares "
    "months after visits with other months of this record, and there is no model of when visits take place. Its "
    "placebo dates stand in for false alarms.",
    work=0.5,
)
