"""The parts that verdicts share: numbers from draws, evidence in numbers, words and bars, densities.

A verdict that sets two models against each other takes `evidence_numbers`, `evidence_table`, `evidence_prose` and
`evidence_bars` of its comparisons; any verdict takes `number`, `chance`, `rope_prose` and `densities` of its draws.
Models are named by what follows "under": "a linear pull", "a random walk".
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast import wording
from forecast.hypotheses.verdict import Answer, Drawing, Number, Role, Rule, Series
from forecast.outlook.frameworks import Learning
from forecast.outlook.summary import estimate, probability
from forecast.typing import Float

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.hypotheses.candidates import Candidates, Comparison


PRIORS = {
    "half_life": "the half-life",
    "sd": "the long-run spread",
    "period": "the period",
    "band": "the band's width",
    "stiffening": "the growth of the pull",
    "lean": "the asymmetry of the pull",
    "headroom": "the headroom",
    "headroom_walk": "the headroom",
    "depth_eras": "the size of depths",
}
"""What a prior is about, for `prior_sensitivity`'s names; what is not here reads as it is written."""
TIMES = {0.5: "half as wide", 2.0: "twice as wide"}
GRID = 200
PRIOR_DRAWS = 4000
_BY_CHANCE = 2.0  # standard errors


def number(name: str, draws: NDArray[Any], unit: str = "", words: str = "") -> Number:
    """Summarise draws (chain, draw) by their median, 90 % interval and the median's Monte Carlo error.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.hypotheses.verdict_parts import number
    >>> number("half_life", np.tile(np.arange(101.0), (4, 1)), "months").value
    50.0
    """
    from arviz_stats.base import array_stats

    found = estimate(draws, unit, words)
    steady = draws.min() == draws.max()
    error = 0.0 if steady else float(array_stats.mcse(draws, chain_axis=0, draw_axis=1, method="median"))
    return Number(name, found.median, found.low, found.high, error, unit, words)


def chance(name: str, events: NDArray[Any], words: str) -> Number:
    """Give how likely events (chain, draw) are, with the Monte Carlo error."""
    found = probability(events, words)
    return Number(name, found.value, error=found.mcse, words=words)


def prior_of(candidates: "Candidates", **choices: Any) -> "xr.Dataset":
    """Draw the parameters of a candidate from their prior: dims (chain, draw, ...) as in a posterior."""
    from forecast.model import prior_draws

    drawn = prior_draws(candidates.panel, replace(candidates.spec, **choices), draws=PRIOR_DRAWS, seed=candidates.seed)
    return drawn.expand_dims("chain")


def learning_prose(learning: Learning, what: str) -> str:
    """Say whether the data moved a quantity, such as ``"the half-life"``, and plainly if they did not."""
    spread = f"its spread is {learning.sd_ratio:.2f} times that of {learning.compared_with}"
    shift = f"its mean {abs(learning.shift):.1f} standard deviations away"
    if learning.moved:
        return f"The data moved {what}: {spread}, {shift}."
    return f"The data did not move {what} ({spread}, {shift}): what is said of it is an assumption, not a finding."


def median_interval(value: Number, decimals: int = 0) -> str:
    """Write a median with its interval: ``41 (90 % interval 12 to 118)``."""
    assert value.low is not None and value.high is not None, "a number from draws has an interval"
    return wording.interval_in_words(value.value, value.low, value.high, decimals)


def percent(value: Number) -> str:
    """Write a chance in whole per cents, never claiming certainty.

    Examples
    --------
    >>> from forecast.hypotheses import Number
    >>> from forecast.hypotheses.verdict_parts import percent
    >>> percent(Number("p", 0.9999))
    '>99 %'
    """
    return wording.chance(value.value)


def evidence_numbers(comparison: "Comparison", words: str, suffix: str = "") -> tuple[Number, ...]:
    """Give the evidence of a comparison as numbers of a verdict.

    Parameters
    ----------
    comparison : Comparison
    words : str
        The two models, such as ``"linear pull against random walk"``.
    suffix : str
        Ends the names where a verdict has more than one comparison, such as ``"band"``.

    Returns
    -------
    tuple of Number
        ``log_bayes_factor``, ``ahead_difference``, ``stacking_weight``; and ``log_bayes_factor_least`` and ``_most``
        over the priors' widths, if there are any.
    """
    end = f"_{suffix}" if suffix else ""
    found = [
        Number(f"log_bayes_factor{end}", comparison.log_bayes_factor, error=comparison.error,
               words=f"log Bayes factor, {words}"),
        Number(f"ahead_difference{end}", comparison.ahead_difference, error=comparison.ahead_error,
               words=f"leave-future-out log predictive density, difference, {words}"),
        Number(f"stacking_weight{end}", comparison.weight, words=f"stacking weight of the first, {words}"),
    ]  # fmt: skip
    widened = comparison.sensitivity["log_bayes_factor"].dropna()
    if len(comparison.sensitivity) > 1:
        least, most = float(widened.min()), float(widened.max())
        over = f"over priors half and twice as wide, {words}"
        found += [
            Number(f"log_bayes_factor_least{end}", least, words=f"smallest log Bayes factor {over}"),
            Number(f"log_bayes_factor_most{end}", most, words=f"largest log Bayes factor {over}"),
        ]
    return tuple(found)


def evidence_table(comparisons: "Mapping[str, Comparison]") -> "pd.DataFrame":
    """Lay out comparisons, by the words for their two models, a row each and one more for every prior of other width.

    Columns ``comparison``, ``prior``, ``log_bayes_factor``, ``error``, ``ahead_difference``, ``ahead_error``,
    ``weight``; the last three are missing where only the prior changes.
    """
    import pandas as pd

    ahead = ("ahead_difference", "ahead_error", "weight")
    rows = [
        {
            "comparison": words,
            "prior": _width(row),
            "log_bayes_factor": row["log_bayes_factor"],
            "error": row["error"],
            **{name: np.nan if _other(row) else getattr(found, name) for name in ahead},
        }
        for words, found in comparisons.items()
        for row in found.sensitivity.to_dict("records")
    ]
    return pd.DataFrame(rows)


def evidence_prose(comparison: "Comparison", claim: str, rival: str, rule: Rule) -> tuple[str, ...]:
    """Say what the Bayes factor, the priors' widths and leaving the future out have found, a sentence each.

    Parameters
    ----------
    comparison : Comparison
    claim, rival : str
        The two models, such as ``"a linear pull"`` and ``"a random walk"``.
    rule : Rule
        By which it is told whether a prior's width would change the answer.
    """
    first, second = (claim, rival) if comparison.log_bayes_factor >= 0 else (rival, claim)
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
        f"Fitted to the past alone, {claim} foretold the months that followed {better} than {rival} by {size:.1f} in "
        f"log predictive density (standard error {comparison.ahead_error:.1f}){judged}; the mixture of the two that "
        f"foretells best gives it {wording.chance(comparison.weight)} of the weight{carries}."
    )
    return factor, *_prior_prose(comparison, rule), ahead


def reason(comparison: "Comparison", claim: str, rival: str, rule: Rule) -> str:
    """Say in a sentence why the rule answers a comparison as it does, above all why it does not decide."""
    answer, factor = rule.decide(comparison), f"{rule.bayes_factor:g}"
    past, future = ((claim, rival) if side >= 0 else (rival, claim)
                    for side in (comparison.log_bayes_factor, comparison.ahead_difference))  # fmt: skip
    if answer != "undecided":
        return (
            f"{answer.capitalize()}: the Bayes factor for {past[0]} exceeds {factor} by more than two of its errors, "
            "and leaving the future out does not contradict it."
        )
    parts = (comparison.log_bayes_factor, comparison.error, comparison.ahead_difference, comparison.ahead_error)
    if not np.isfinite(parts).all():
        return f"Undecided, because the evidence for {claim} against {rival} could not be computed in full."
    if rule.decide(replace(comparison, ahead_difference=0.0)) == "undecided":
        return (
            f"Undecided, because the Bayes factor clears neither {factor} for {claim} nor {factor} for {rival} by two "
            "of its errors: the data cannot tell the two apart."
        )
    return (
        f"Undecided, because the record as a whole speaks for {past[0]}, and leaving the future out for {future[0]} "
        f"by more than {rule.ahead_errors:g} of its standard errors."
    )


def evidence_bars(title: str, comparisons: "Mapping[str, Comparison]") -> Drawing:
    """Draw the evidence of comparisons, by the words for their two models, as bars with errors."""
    names, found = tuple(comparisons), tuple(comparisons.values())
    return Drawing(
        "bars", title, "comparison", "log evidence for the first of the two",
        (
            Series("log Bayes factor", names, tuple(one.log_bayes_factor for one in found),
                   error=tuple(one.error for one in found), role="posterior"),
            Series("leave-future-out difference", names, tuple(one.ahead_difference for one in found),
                   error=tuple(one.ahead_error for one in found), role="data"),
        ),
    )  # fmt: skip


def rope_chances(name: str, draws: NDArray[Any], rope: float, words: str) -> tuple[Number, Number, Number]:
    """Give the chances that a difference is below, practically within, and above the rope around zero."""
    return (
        chance(f"{name}_below_rope", draws < -rope, f"{words}: practically negative"),
        chance(f"{name}_in_rope", np.abs(draws) <= rope, f"{words}: practically none"),
        chance(f"{name}_above_rope", draws > rope, f"{words}: practically positive"),
    )


def rope_prose(draws: NDArray[Any], rope: float, rule: Rule, what: str, before: NDArray[Any] | None = None) -> str:
    """Say of a difference, such as ``"the drop"``, whether it is practically none, given draws and a rope.

    With draws from ``before`` the data, it is a finding only if they raised its odds by the rule's Bayes factor.
    """
    below, inside, above = rope_chances("difference", draws, rope, what)
    within = f"within {rope:g} points on either side of zero, where it is practically none"
    begin = what[:1].upper() + what[1:]
    for side, said in (
        (inside, f"For practical purposes {what} is none: it lies {within}, with a chance of {percent(inside)}."),
        (above, f"{begin} is practically above zero with a chance of {percent(above)}."),
        (below, f"{begin} is practically below zero with a chance of {percent(below)}."),
    ):
        if rule.decide_probability(side.value) == "supported":
            return said + _said_before(side, draws, before, rope, rule)
    return (
        f"Whether {what} matters in practice the data could not tell: it lies {within}, with a chance of "
        f"{percent(inside)}, above that with {percent(above)} and below it with {percent(below)}."
    )


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


def _said_before(side: Number, draws: NDArray[Any], before: NDArray[Any] | None, rope: float, rule: Rule) -> str:
    if before is None:
        return ""
    was = next(one for one in rope_chances("difference", before, rope, side.words) if one.name == side.name)
    raised = _odds(side, draws) / _odds(was, before)
    told = ": it is an assumption rather than a finding" if raised < rule.bayes_factor else ""
    return f" Before the data it was {percent(was)}{told}."


def _odds(likely: Number, draws: NDArray[Any]) -> float:
    """Odds of what happens in so many draws; no draw without it is half a draw."""
    half = 0.5 / draws.size
    return (likely.value + half) / (1.0 - likely.value + half)


def _density(values: Float, at: Float) -> Float:
    from arviz_stats.base import array_stats

    if np.ptp(values) == 0:  # no density: all of it in the nearest place
        nearest = np.arange(len(at)) == np.abs(at - values[0]).argmin()
        return np.asarray(nearest / max(at[1] - at[0], np.finfo(float).tiny))
    grid, height, _ = array_stats.kde(values, bw="silverman")
    return np.asarray(np.interp(at, grid, height, left=0.0, right=0.0))


def _other(row: Mapping[Any, Any]) -> bool:
    return bool(row["prior"])


def _width(row: Mapping[Any, Any]) -> str:
    """Say which prior a row of a sensitivity has: ``prior of the half-life twice as wide``."""
    if not _other(row):
        return "as in the plan"
    width = TIMES.get(row["factor"], f"{row['factor']:g} times as wide")
    return f"prior of {PRIORS.get(row['prior'], row['prior'])} {width}"


def _prior_prose(comparison: "Comparison", rule: Rule) -> tuple[str, ...]:
    others = [row for row in comparison.sensitivity.to_dict("records") if _other(row)]
    if not others:
        return ()
    answer = rule.decide(comparison)
    said = "; ".join(
        f"{wording.number(row['log_bayes_factor'], 2)} with the {_width(row)}" for row in others if _known(row)
    )
    unknown = [_width(row) for row in others if not _known(row)]
    missing = f" With the {' and the '.join(unknown)} it could not be computed." if unknown else ""
    if not said:
        return (f"How it hangs on the priors could not be computed.{missing}",)
    changed = {_answer(comparison, row, rule) for row in others if _known(row)} - {answer}
    judged = f"the rule would say {wording.join(sorted(changed), 'or')} then" if changed else "the rule says the same"
    return (f"It hangs on the priors thus: log Bayes factor {said}; {judged}.{missing}",)


def _known(row: Mapping[Any, Any]) -> bool:
    return bool(np.isfinite(row["log_bayes_factor"]))


def _answer(comparison: "Comparison", row: Mapping[Any, Any], rule: Rule) -> Answer:
    return rule.decide(replace(comparison, log_bayes_factor=row["log_bayes_factor"], error=row["error"]))
