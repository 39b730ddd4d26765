"""Building blocks of the evidence: summaries of draws, differences, comparison tables and curves."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast import wording
from forecast.hypotheses.verdict import Answer, Comparison, Drawing, Number, Reason, Role, Rule, Series
from forecast.outlook.summary import estimate, probability
from forecast.typing import Float

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.hypotheses.candidates import Candidates
    from forecast.outlook.frameworks import Learning

WALK: dict[str, Any] = {"trend": "walk", "cycle": "none", "ceiling": "none"}
"""A random walk alone: one component, without reversion."""
PRIORS = {
    "cycle_half_life": "the half-life",
    "cycle_sd": "the spread of the cycle",
    "band": "the band's width",
    "stiffening": "the growth of the reversion",
    "lean": "the asymmetry of the reversion",
    "headroom": "the headroom",
    "kind_eras": "the spread of kinds over eras",
    "driver_effects": "the size of effects of drivers",
}
"""Descriptions of priors for the names of `prior_sensitivity`; others are shown under their own names."""
WIDTHS = {0.5: "half as wide", 2.0: "twice as wide"}
GRID = 200
PRIOR_DRAWS = 4000


@dataclass(frozen=True)
class Difference:
    """Practical relevance of a difference."""

    below: Number  # Chances that it is practically negative, none and positive
    inside: Number
    above: Number
    rope: float  # Up to where it is practically none, on either side of zero
    # Where it is by the rule's probability; None if the data cannot tell.
    side: Literal["below", "inside", "above"] | None
    before: float | None = None  # The chance of that before the data, where there is a prior to compare with
    raised: float | None = None  # By how many times the data raised the odds of that

    @property
    def numbers(self) -> tuple[Number, Number, Number]:
        """The three chances."""
        return self.below, self.inside, self.above


def number(name: str, draws: NDArray[Any], unit: str = "", words: str = "") -> Number:
    """Summarise draws (chain, draw) by their median, 90 % interval and the median's Monte Carlo error."""
    from arviz_stats.base import array_stats

    found = estimate(draws, unit, words)
    steady = draws.min() == draws.max()
    error = 0.0 if steady else float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="median"))
    return Number(name, found.median, found.low, found.high, error, unit, words)


def chance(name: str, events: NDArray[Any], words: str) -> Number:
    """Return the probability of events (chain, draw), with its Monte Carlo error."""
    found = probability(events, words)
    return Number(name, found.value, error=found.mcse, words=words, kind="probability")


def prior_of(candidates: "Candidates", **choices: Any) -> "xr.Dataset":
    """Draw the parameters of a candidate from their prior: dims (chain, draw, ...) as in a posterior."""
    from forecast.model import prior_draws

    spec = candidates.spec.with_choices(**choices)
    drawn = prior_draws(candidates.panel, spec, draws=PRIOR_DRAWS, seed=candidates.seed)
    return drawn.expand_dims("chain")


def difference(
    name: str, draws: NDArray[Any], rule: Rule, words: str, before: NDArray[Any] | None = None
) -> Difference:
    """Compute the chances that a difference is below, within and above the rope around zero."""
    chances = _three_chances(name, draws, rule.rope, words)
    found = Difference(chances["below"], chances["inside"], chances["above"], rule.rope, None)
    for side in ("inside", "above", "below"):
        if rule.decide_probability(chances[side].value) != "supported":
            continue
        if before is None:
            return replace(found, side=side)
        was = _three_chances(name, before, rule.rope, words)[side].value
        raised = _odds(chances[side].value, draws.size) / _odds(was, before.size)
        return replace(found, side=side, before=was, raised=raised)
    return found


def evidence_table(comparisons: Mapping[str, Comparison]) -> "pd.DataFrame":
    """Lay out comparisons, by the words for their two models, a row each and one more for every prior of other width.

    Columns ``comparison``, ``prior``, ``log_bayes_factor``, ``error``, ``ahead_difference``, ``ahead_error``,
    ``weight``; the last three are missing where only the prior changes.
    """
    import pandas as pd

    return pd.DataFrame([row for words, found in comparisons.items() for row in _rows(words, found)])


def evidence_bars(title: str, comparisons: Mapping[str, Comparison]) -> Drawing:
    """Draw the log Bayes factors and the leave-future-out differences of comparisons, by the words for their models."""
    names, found = tuple(comparisons), tuple(comparisons.values())
    return Drawing(
        "bars", title, "comparison", "log evidence for the first of the two",
        (
            Series("log Bayes factor", names, tuple(one.log_bayes_factor for one in found),
                   error=tuple(one.error for one in found), role="posterior", places="names"),
            Series("leave-future-out difference", names, tuple(one.ahead_difference for one in found),
                   error=tuple(one.ahead_error for one in found), role="data", places="names"),
        ),
    )  # fmt: skip


def prior_words(prior: str, factor: float) -> str:
    """Describe the prior of a Bayes factor: ``prior of the half-life twice as wide``, ``as in the plan``."""
    if not prior:
        return "as in the plan"
    return f"prior of {PRIORS.get(prior, prior)} {WIDTHS.get(factor, f'{factor:g} times as wide')}"


def densities(title: str, x_label: str, curves: Mapping[str, tuple[Role, NDArray[Any]]]) -> Drawing:
    """Draw densities of sets of draws above one axis, by label; the axis holds the central 98 % of every set.

    Draws that are not finite are left out.
    """
    sets = {label: np.ravel(draws)[np.isfinite(np.ravel(draws))] for label, (_, draws) in curves.items()}
    ends = np.array([np.quantile(values, (0.01, 0.99)) for values in sets.values()])
    at = np.linspace(ends[:, 0].min(), ends[:, 1].max(), GRID)
    series = tuple(
        Series(label, tuple(at.tolist()), tuple(_density(values, at).tolist()), role=curves[label][0])
        for label, values in sets.items()
    )
    return Drawing("densities", title, x_label, "density", series)


def _three_chances(name: str, draws: NDArray[Any], rope: float, words: str) -> dict[str, Number]:
    return {
        "below": chance(f"{name}_below_rope", draws < -rope, f"{words}: practically negative"),
        "inside": chance(f"{name}_in_rope", np.abs(draws) <= rope, f"{words}: practically none"),
        "above": chance(f"{name}_above_rope", draws > rope, f"{words}: practically positive"),
    }


def _odds(probability: float, draws: int) -> float:
    """Odds of what happens in so many draws; no draw without it is half a draw."""
    half = 0.5 / draws
    return (probability + half) / (1.0 - probability + half)


def _rows(words: str, found: Comparison) -> list[dict[str, Any]]:
    plain: dict[Hashable, Any] = {
        "prior": "",
        "factor": 1.0,
        "log_bayes_factor": found.log_bayes_factor,
        "error": found.error,
    }
    rows = [plain] if found.priors is None else found.priors.to_dict("records")
    ahead = ("ahead_difference", "ahead_error", "weight")
    return [
        {
            "comparison": words,
            "prior": prior_words(row["prior"], row["factor"]),
            "log_bayes_factor": row["log_bayes_factor"],
            "error": row["error"],
            **{name: np.nan if row["prior"] else getattr(found, name) for name in ahead},
        }
        for row in rows
    ]


def _density(values: Float, at: Float) -> Float:
    from arviz_stats.base import array_stats

    if np.ptp(values) == 0:  # no density: all of it in the nearest place
        nearest = np.arange(len(at)) == np.abs(at - values[0]).argmin()
        return np.asarray(nearest / max(at[1] - at[0], np.finfo(float).tiny))
    grid, height, _ = array_stats.kde(values, bw="silverman")
    return np.asarray(np.interp(at, grid, height, left=0.0, right=0.0))


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
    from forecast.hypotheses.measures import prior_words

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
