"""What the evidence of all claims is made of: numbers from draws, differences, tables of comparisons, curves."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.hypotheses.verdict import Comparison, Drawing, Number, Role, Rule, Series
from forecast.outlook.summary import estimate, probability
from forecast.typing import Float

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from forecast.hypotheses.candidates import Candidates

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
"""What a prior is about, for `prior_sensitivity`'s names; what is not here reads as it is written."""
WIDTHS = {0.5: "half as wide", 2.0: "twice as wide"}
GRID = 200
PRIOR_DRAWS = 4000


@dataclass(frozen=True)
class Difference:
    """Whether a difference matters in practice."""

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
    """Return how likely events (chain, draw) are, with the Monte Carlo error."""
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
