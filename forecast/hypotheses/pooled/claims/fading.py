"""S5a: deviations from the trend fade. A walk with a cycle against walks without one."""

from typing import Any

from forecast.hypotheses.pooled.claims.claim import FACTOR, Claim, factor
from forecast.hypotheses.pooled.engine import Engine
from forecast.hypotheses.pooled.models import BOUND, CYCLE, SOURCE_SD, STEP, WALK, WALK_CYCLE, Model
from forecast.hypotheses.pooled.outcome import Outcome, Picture, Series
from forecast.wording import chance, interval_in_words

NEWS_MONTHS = 2.0
"""A cycle with a shorter half-life is only news."""
BOUNDED = Model("a bounded walk", (STEP, BOUND))
SOURCES = Model("a walk with drifting sources", (STEP, SOURCE_SD))


def test(engine: Engine) -> Outcome:
    """Compare a cycle around a walk with a walk, a bounded walk, and a walk with drifting sources."""
    claim, walk = engine.evidence(WALK_CYCLE), engine.evidence(WALK)
    rivals = {
        WALK.name: walk, BOUNDED.name: engine.evidence(BOUNDED), SOURCES.name: engine.evidence(SOURCES, "sources"),
    }  # fmt: skip

    def deciding(dyads: list[int] | None) -> tuple[float, float]:
        found = [claim.total(dyads) - engine.totals(one, dyads) for one in rivals.values()]
        return float(min(one.min() for one in found)), float(max(one.max() for one in found))

    against = {name: claim.total() - one.total() for name, one in rivals.items()}
    if engine.brief:
        return engine.outcome(deciding, FACTOR, against[WALK.name], (), None, {"against": against})
    low, middle, high = claim.interval(CYCLE)
    news = claim.below(CYCLE, NEWS_MONTHS)
    details: dict[str, Any] = {
        "half_life_months": (low, middle, high), "half_life_months_prior": CYCLE.prior_interval(),
        "probability_news": news, "against": against,
    }  # fmt: skip
    sentences = [
        f"Deviations from the trend halve in {interval_in_words(middle, low, high, 1)} months; the probability that "
        f"they are mere news (half-life below two months) is {chance(news)}.",
        "A cycle around a walk against " + "; ".join(f"{name}: {factor(one)}" for name, one in against.items()) + ".",
    ]
    return engine.outcome(
        deciding, FACTOR, against[WALK.name], sentences, _picture(engine), details,
        sensitivity=_sensitivity(engine),
    )  # fmt: skip


def _picture(engine: Engine) -> Picture:
    grid, chances = engine.evidence(WALK_CYCLE).density(CYCLE)
    prior = CYCLE.density(grid)
    months = tuple(float(one) for one in grid)
    return Picture(
        "How fast deviations from the trend fade", "half-life, months", "probability per log unit", "line",
        (Series("posterior", months, tuple(chances)), Series("prior", months, tuple(prior))),
    )  # fmt: skip


def _sensitivity(engine: Engine) -> dict[str, float]:
    def compared(one: Engine, width: float = 1.0) -> float:
        return one.evidence(WALK_CYCLE).total(width=width) - one.evidence(WALK).total(width=width)

    found = {"priors half as wide": compared(engine, 0.5), "priors twice as wide": compared(engine, 2.0)}
    return found | {name: compared(half) for name, half in engine.halves().items()}


FADING = Claim("S5a", "Do deviations from the trend fade?", "deviations from the trend fade", test)
