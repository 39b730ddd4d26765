"""The relation of today rests at a less hostile level than another one did."""

from typing import TYPE_CHECKING

from forecast import theory
from forecast.hypotheses.claims.sentences import (
    difference_sentence,
    median_interval,
    percent,
)
from forecast.hypotheses.hypothesis import Hypothesis, Words
from forecast.hypotheses.reason import Reason
from forecast.hypotheses.verdict import Answer, Found, Rule

if TYPE_CHECKING:
    from forecast.hypotheses.candidates import Candidates
    from forecast.hypotheses.evidence.contrast import ContrastOfDyads


def _measure(candidates: "Candidates") -> "Found[ContrastOfDyads]":
    from forecast.hypotheses.evidence.contrast import measure_contrast

    return measure_contrast(candidates)


def _decide(found: "Found[ContrastOfDyads]", rule: Rule) -> Answer:
    gap = found.findings.gap
    return "undecided" if gap is None else rule.decide_probability(gap.above.value)


def _word(found: "Found[ContrastOfDyads]", rule: Rule, answer: Answer) -> Words:
    ours, rival, gap = found.findings.ours, found.findings.rival, found.findings.gap
    if gap is None:
        reason = Reason("not_defined", {"answer": answer, "why": found.findings.undefined})
    else:
        values = {"answer": answer, "rope": rule.rope, "chance": gap.above.value}
        reason = Reason("equilibrium_higher", values)
    return Words(
        claim=f"{ours} rests at a less hostile level than {rival or 'any other relation'}.",
        null="It rests no higher: what differs is where the pendulum stands.",
        reason=reason,
        prose=() if gap is None else (*_rest(found, rule), *_stays(found), *_cautions(found)),
    )


def _rest(found: "Found[ContrastOfDyads]", rule: Rule) -> tuple[str, ...]:
    from forecast.hypotheses.evidence.contrast import GAP

    here, there, apart = (median_interval(found[f"equilibrium{end}"]) for end in ("", "_rival", "_apart"))
    said = f"{found.findings.ours} rests at {here} points of share, {found.findings.rival} at {there}: a difference of"
    assert found.findings.gap is not None, "there is a contrast"
    return f"{said} {apart}.", difference_sentence(found.findings.gap, rule, GAP)


def _stays(found: "Found[ContrastOfDyads]") -> tuple[str, ...]:
    from forecast.hypotheses.evidence.contrast import DWELL_MONTHS
    from forecast.hypotheses.evidence.reversion import EXTREME

    def both(name: str) -> str:
        return f"{median_interval(found[name])}, against {median_interval(found[f'{name}_rival'])}"

    return (
        f"It has spent {both('hostile')} per cent of its months in the hostile zone (a share below {EXTREME:g}), in "
        f"stays of {both('spell')} months.",
        f"With the trend of its era it would be there {both('tendency')} per cent of the time in the long run, and out "
        f"of it again after {both('dwell')} months on average (no more than {DWELL_MONTHS} are counted).",
        f"The half-life is {both('half_life')} months; that of {found.findings.rival} is the shorter with a chance of "
        f"{percent(found['probability_longer'])}.",
    )


def _cautions(found: "Found[ContrastOfDyads]") -> tuple[str, ...]:
    return (
        "One hierarchy draws the dyads together: what the record of one does not say of its equilibrium is taken "
        "from the others, which makes contrasts smaller than each record alone would have them.",
        "A share is one of recorded acts. Where the record of one dyad has its negotiating rounds in full and that "
        "of another its quarrels, a contrast of dyads is one of records too, and the data cannot tell which.",
    )


CLAIM = Hypothesis(
    theory.NATURE,
    title="a contrast of dyads",
    models=("hierarchy of all dyads",),
    measure=_measure,
    decide=_decide,
    word=_word,
    needs="dyads",
    by_evidence=False,
    decides=("equilibrium_difference_above_rope",),
    how="Decided by the equilibrium of the current era less that of the relation it is compared with.",
    without_power="Power was not simulated, for the test has no rival model to simulate records from: it contrasts "
    "dyads within one fit of all, and each simulated record would need such a fit.",
    work=2.0,
)
