"""S5a: deviations from the trend fade. A walk with a cycle against walks without one."""

from typing import Any

from forecast.hypotheses.claims.claim import Claim, learned, versus
from forecast.hypotheses.engine import Engine
from forecast.hypotheses.models import BOUND, CYCLE, SOURCE_SD, STEP, WALK, WALK_CYCLE, Model
from forecast.hypotheses.outcome import Outcome
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

    deciding = engine.against(claim, rivals.values())
    against = {name: engine.total(claim) - engine.total(one) for name, one in rivals.items()}
    if engine.brief:
        return engine.outcome(deciding, against[WALK.name], (), None, {"against": against})
    low, middle, high = claim.interval(CYCLE)
    news = claim.below(CYCLE, NEWS_MONTHS)
    details: dict[str, Any] = {
        "half_life_months": (low, middle, high), "half_life_months_prior": CYCLE.prior_interval(),
        "probability_news": news, "against": against,
    }  # fmt: skip
    sentences = [
        f"Deviations from the trend halve in {interval_in_words(middle, low, high, 1)} months; the probability that "
        f"they are mere news (half-life below two months) is {chance(news)}.",
        f"A cycle around a walk against {versus(against)}.",
    ]
    picture = learned("How fast deviations from the trend fade", "half-life, months", claim, CYCLE)
    return engine.outcome(deciding, against[WALK.name], sentences, picture, details)


FADING = Claim(
    "S5a", "Do deviations from the trend fade?", "deviations from the trend fade", test,
    ahead=lambda engine: ([engine.reading(WALK_CYCLE)], engine.reading(WALK)),
)  # fmt: skip
