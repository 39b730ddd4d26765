"""Deviations fade (S5a); the trend reverts to a mean (S5b), by more than in proportion (S6), and keeps to a range (S8).

S5a sets a walk with a cycle against walks without one. S5b and S8 must hold at every spread of the dyads' long-run
means. Reversion is set against walks, drifting sources and a walk between bounds; a range, by reversion or by bounds,
against walks and drifting sources. S6 sets reversion that grows with the distance from the mean against one in
proportion to it.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from forecast.hypotheses import models
from forecast.hypotheses.engine import Claim, Engine, Reading, by_dyad, learned
from forecast.hypotheses.models import CYCLE, GROWTH, RETURN, RETURN_CYCLE, STEP, WALK, WALK_CYCLE, YEARS, Model
from forecast.hypotheses.outcome import LIMIT, Outcome, Picture, Series
from forecast.theory import COST

NEWS_MONTHS = 2.0
"""A cycle with a shorter half-life is only news."""
BOUNDED = Model("a bounded walk", (STEP, models.BOUND))
SOURCES = Model("a walk with drifting sources", (STEP, models.SOURCE_SD))
EXTREME, MIDDLE = 2.0, 1.0
"""Long-run standard deviations of the trend from its mean: an extreme, and the edge of the middle ground."""


def test_fading(engine: Engine) -> Outcome:
    """Compare a cycle around a walk with a walk, a bounded walk, and a walk with drifting sources."""
    claim, walk = engine.evidence(WALK_CYCLE), engine.evidence(WALK)
    rivals = {
        WALK.name: walk, BOUNDED.name: engine.evidence(BOUNDED), SOURCES.name: engine.evidence(SOURCES, "sources"),
    }  # fmt: skip
    deciding = engine.against(claim, rivals.values())
    against = {name: engine.total(claim) - engine.total(one) for name, one in rivals.items()}
    if engine.brief:
        return engine.outcome("fading", deciding, against[WALK.name], None, {"against": against})
    details: dict[str, Any] = {
        "half_life_months": claim.interval(CYCLE), "half_life_months_prior": CYCLE.prior_interval(),
        "probability_news": claim.below(CYCLE, NEWS_MONTHS), "against": against,
    }  # fmt: skip
    picture = learned("How fast deviations from the trend fade", "half-life, months", claim, CYCLE)
    return engine.outcome("fading", deciding, against[WALK.name], picture, details)


def test_return(engine: Engine) -> Outcome:
    """Compare a reverting trend with a walk, drifting sources and a walk between bounds, all with a cycle."""
    claim, walk = engine.evidence(RETURN_CYCLE), engine.evidence(WALK_CYCLE)
    rivals = {
        "a walk": walk, "drifting sources": engine.evidence(models.SOURCES_CYCLE, "sources"),
        "a walk between bounds": engine.evidence(models.BOUNDED_CYCLE),
    }  # fmt: skip
    deciding = engine.against(claim, rivals.values())
    base = engine.total(walk)
    by_spread = engine.totals(claim) - base
    against = {name: engine.total(claim) - engine.total(one) for name, one in rivals.items()}
    profile = (claim.profile(RETURN) - base).tolist()
    details: dict[str, Any] = {
        "half_life_years": tuple(months / 12.0 for months in claim.interval(RETURN)),
        "half_life_years_prior": tuple(months / 12.0 for months in RETURN.prior_interval()),
        "by_half_life_years": dict(zip(YEARS, profile, strict=True)),
        "by_spread_of_means": dict(zip(engine.mean_sds, by_spread.tolist(), strict=True)),
        "against": against,
        "against_least": {
            name: float((engine.totals(claim) - engine.totals(one)).min()) for name, one in rivals.items()
        },
    }  # fmt: skip
    picture = Picture(
        "Evidence of reversion against a walk, by its half-life", "half-life of the trend's return, years",
        "log Bayes factor", "line", (Series("reversion against a walk", YEARS, tuple(profile)),), (-LIMIT, LIMIT),
    )  # fmt: skip
    return engine.outcome("return", deciding, against["a walk"], picture, details)


def test_range(engine: Engine) -> Outcome:
    """Compare a trend that keeps to a range, by reversion or by bounds, with a walk and drifting sources."""
    reverting, bounds = engine.evidence(RETURN_CYCLE), engine.evidence(models.BOUNDED_CYCLE)
    walk, sources = engine.evidence(WALK_CYCLE), engine.evidence(models.SOURCES_CYCLE, "sources")

    def deciding(dyads: list[int] | None) -> tuple[float, float]:
        own = np.logaddexp(engine.totals(reverting, dyads), engine.totals(bounds, dyads)) - math.log(2.0)
        found = np.array([own - engine.totals(one, dyads) for one in (walk, sources)])
        return float(found.min()), float(found.max())

    both = float(np.logaddexp(engine.total(reverting), engine.total(bounds))) - math.log(2.0)
    mode = engine.centre(RETURN_CYCLE).at(RETURN, STEP)
    band = math.exp(mode[STEP]) / math.sqrt(1.0 - (0.5 ** (1.0 / math.exp(mode[RETURN]))) ** 2)
    details: dict[str, Any] = {
        "against": {"a walk": both - engine.total(walk), "drifting sources": both - engine.total(sources)},
        "reversion_against_bounds": engine.total(reverting) - engine.total(bounds),
        "long_run_sd": band, "passage_years": passage_years(engine), "bound": bounds.interval(models.BOUND),
    }  # fmt: skip
    found = engine.outcome("range", deciding, details["against"]["a walk"], None, details)
    return replace(found, picture=by_dyad("What each dyad adds to the evidence of a range", found.dyads))


def passage_years(engine: Engine) -> float:
    """Return the mean years from an extreme to the middle ground, for a reverting trend at its mode."""
    months = math.exp(engine.centre(RETURN_CYCLE).at(RETURN)[RETURN])
    found, _ = quad(lambda y: norm.cdf(-y) / norm.pdf(y), MIDDLE, EXTREME)
    return float(found * months / math.log(2.0) / 12.0)


def test_growing(engine: Engine) -> Outcome:
    """Compare growing reversion with a linear one, the cycle's parameters held at their mode."""
    claim, linear = (engine.evidence(model) for model in _growing_models(engine))
    deciding = engine.against(claim, [linear])
    by_spread = dict(zip(engine.mean_sds, (engine.totals(claim) - engine.totals(linear)).tolist(), strict=True))
    found = engine.total(claim) - engine.total(linear)
    details: dict[str, Any] = {
        "growth": claim.interval(GROWTH), "growth_prior": GROWTH.prior_interval(), "by_spread_of_means": by_spread,
    }  # fmt: skip
    picture = learned(
        "By how much stronger reversion is one log-odds from the mean", "additional strength, as a multiple", claim,
        GROWTH,
    )  # fmt: skip
    return engine.outcome("growing", deciding, found, picture, details)


def _growing_models(engine: Engine) -> tuple[Model, Model]:
    """Return growing and linear reversion with the cycle's parameters held at their mode."""
    held = engine.centre(RETURN_CYCLE).at(CYCLE, models.CYCLE_SD)
    return models.GROWING_CYCLE.holding(held), RETURN_CYCLE.holding(held)


def _growing_ahead(engine: Engine) -> tuple[list[Reading], Reading]:
    claim, linear = (engine.reading(model) for model in _growing_models(engine))
    return [claim], linear


FADING = Claim(
    "S5a", "Do deviations from the trend fade?", "deviations from the trend fade", test_fading,
    ahead=lambda engine: ([engine.reading(WALK_CYCLE)], engine.reading(WALK)),
)  # fmt: skip
RETURNING = Claim(
    "S5b", "Does the trend revert to a long-run mean?", "the trend reverts to a long-run mean", test_return,
    ahead=lambda engine: ([engine.reading(RETURN_CYCLE)], engine.reading(WALK_CYCLE)),
)  # fmt: skip
RANGE = Claim(
    "S8", "Does the trend keep to a range around a mean?", "the trend keeps to a range", test_range,
    ahead=lambda engine: (
        [engine.reading(RETURN_CYCLE), engine.reading(models.BOUNDED_CYCLE)], engine.reading(WALK_CYCLE)
    ),
)  # fmt: skip
GROWING = Claim(
    COST.code, "Does reversion grow with the distance?", "reversion grows with the distance from the mean",
    test_growing, ahead=_growing_ahead,
)  # fmt: skip
