"""S5b and S8: the trend reverts to a long-run mean, and it keeps to a range.

Both must hold at every spread of the dyads' long-run means. Reversion is set against walks, drifting sources and a walk
between bounds; a range, by reversion or by bounds, against walks and drifting sources.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from forecast.hypotheses.claims.claim import Claim, by_dyad, factor, listed, versus
from forecast.hypotheses.engine import Engine
from forecast.hypotheses.models import (
    BOUND,
    BOUNDED_CYCLE,
    RETURN,
    RETURN_CYCLE,
    SOURCES_CYCLE,
    STEP,
    WALK_CYCLE,
    YEARS,
)
from forecast.hypotheses.outcome import LIMIT, Outcome, Picture, Series
from forecast.wording import interval_in_words, number

SHOWN_YEARS = (4.0, 8.0, 16.0, 32.0, 64.0)
EXTREME, MIDDLE = 2.0, 1.0
"""Long-run standard deviations of the trend from its mean: an extreme, and the edge of the middle ground."""


def test_return(engine: Engine) -> Outcome:
    """Compare a reverting trend with a walk, drifting sources and a walk between bounds, all with a cycle."""
    claim, walk = engine.evidence(RETURN_CYCLE), engine.evidence(WALK_CYCLE)
    rivals = {
        "a walk": walk, "drifting sources": engine.evidence(SOURCES_CYCLE, "sources"),
        "a walk between bounds": engine.evidence(BOUNDED_CYCLE),
    }  # fmt: skip

    deciding = engine.against(claim, rivals.values())
    base = engine.total(walk)
    by_spread = engine.totals(claim) - base
    low, middle, high = (months / 12.0 for months in claim.interval(RETURN))
    against = {name: engine.total(claim) - engine.total(one) for name, one in rivals.items()}
    profile = (claim.profile(RETURN) - base).tolist()
    details: dict[str, Any] = {
        "half_life_years": (low, middle, high),
        "half_life_years_prior": tuple(months / 12.0 for months in RETURN.prior_interval()),
        "by_half_life_years": dict(zip(YEARS, profile, strict=True)),
        "by_spread_of_means": dict(zip(engine.mean_sds, by_spread.tolist(), strict=True)),
        "against": against,
        "against_least": {
            name: float((engine.totals(claim) - engine.totals(one)).min()) for name, one in rivals.items()
        },
    }  # fmt: skip
    years, spreads = details["by_half_life_years"], details["by_spread_of_means"]
    sentences = [
        f"A reverting trend, with a half-life of {interval_in_words(middle, low, high, 1)} years, against "
        f"{versus(against)}.",
        f"Against a walk by the spread of dyads' long-run means in log-odds: {listed(spreads.items())}; the least over "
        "rivals and spreads decides.",
        f"Against a walk by half-life in years: {listed((year, years[year]) for year in SHOWN_YEARS)}.",
    ]
    return engine.outcome(deciding, against["a walk"], sentences, _profile(profile), details)


def test_range(engine: Engine) -> Outcome:
    """Compare a trend that keeps to a range, by reversion or by bounds, with a walk and drifting sources."""
    reverting, bounds = engine.evidence(RETURN_CYCLE), engine.evidence(BOUNDED_CYCLE)
    walk, sources = engine.evidence(WALK_CYCLE), engine.evidence(SOURCES_CYCLE, "sources")

    def deciding(dyads: list[int] | None) -> tuple[float, float]:
        own = np.logaddexp(engine.totals(reverting, dyads), engine.totals(bounds, dyads)) - math.log(2.0)
        found = np.array([own - engine.totals(one, dyads) for one in (walk, sources)])
        return float(found.min()), float(found.max())

    both = float(np.logaddexp(engine.total(reverting), engine.total(bounds))) - math.log(2.0)
    band, passage, reach = _band(engine), passage_years(engine), bounds.interval(BOUND)
    details: dict[str, Any] = {
        "against": {"a walk": both - engine.total(walk), "drifting sources": both - engine.total(sources)},
        "reversion_against_bounds": engine.total(reverting) - engine.total(bounds),
        "long_run_sd": band, "passage_years": passage, "bound": reach,
    }  # fmt: skip
    sentences = [
        "Trends keep to a range around a long-run mean: by reversion or by bounds, each as likely before the data, "
        f"against {versus(details['against'])}.",
        f"With reversion the trend's long-run standard deviation is {number(band, 2)} log-odds. From two of them away "
        f"it takes {number(passage, 1)} years on average to come within one (at the mode of the parameters).",
        f"With bounds they are {interval_in_words(reach[1], reach[0], reach[2], 1)} log-odds from the mean. "
        f"Reversion against bounds: {factor(details['reversion_against_bounds'])}.",
    ]
    found = engine.outcome(deciding, details["against"]["a walk"], sentences, None, details)
    return replace(found, picture=by_dyad("What each dyad adds to the evidence of a range", found.dyads))


def passage_years(engine: Engine) -> float:
    """Return the mean years from an extreme to the middle ground, for a reverting trend at its mode."""
    months = math.exp(engine.centre(RETURN_CYCLE).at(RETURN)[RETURN])
    found, _ = quad(lambda y: norm.cdf(-y) / norm.pdf(y), MIDDLE, EXTREME)
    return float(found * months / math.log(2.0) / 12.0)


def _band(engine: Engine) -> float:
    """Return the long-run standard deviation of a reverting trend around its mean at the mode."""
    at = engine.centre(RETURN_CYCLE).at(RETURN, STEP)
    keep = 0.5 ** (1.0 / math.exp(at[RETURN]))
    return math.exp(at[STEP]) / math.sqrt(1.0 - keep**2)


def _profile(profile: list[float]) -> Picture:
    return Picture(
        "Evidence of reversion against a walk, by its half-life", "half-life of the trend's return, years",
        "log Bayes factor", "line", (Series("reversion against a walk", YEARS, tuple(profile)),), (-LIMIT, LIMIT),
    )  # fmt: skip


RETURNING = Claim(
    "S5b", "Does the trend revert to a long-run mean?", "the trend reverts to a long-run mean", test_return,
    ahead=lambda engine: ([engine.reading(RETURN_CYCLE)], engine.reading(WALK_CYCLE)),
)  # fmt: skip
RANGE = Claim(
    "S8", "Does the trend keep to a range around a mean?", "the trend keeps to a range", test_range,
    ahead=lambda engine: (
        [engine.reading(RETURN_CYCLE), engine.reading(BOUNDED_CYCLE)], engine.reading(WALK_CYCLE)
    ),
)  # fmt: skip
