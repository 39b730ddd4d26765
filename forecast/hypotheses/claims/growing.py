"""S6: reversion of the trend grows with its distance from the mean, against reversion in proportion to it."""

from typing import Any

from forecast.hypotheses.claims.claim import Claim, factor, learned, listed
from forecast.hypotheses.engine import Engine, Reading
from forecast.hypotheses.models import CYCLE, CYCLE_SD, GROWING_CYCLE, GROWTH, RETURN_CYCLE, Model
from forecast.hypotheses.outcome import Outcome
from forecast.theory import COST
from forecast.wording import interval_in_words


def test(engine: Engine) -> Outcome:
    """Compare growing reversion with a linear one, the cycle's parameters held at their mode."""
    claim, linear = (engine.evidence(model) for model in _models(engine))

    deciding = engine.against(claim, [linear])
    by_spread = dict(zip(engine.mean_sds, (engine.totals(claim) - engine.totals(linear)).tolist(), strict=True))
    low, middle, high = claim.interval(GROWTH)
    found = engine.total(claim) - engine.total(linear)
    details: dict[str, Any] = {
        "growth": (low, middle, high), "growth_prior": GROWTH.prior_interval(), "by_spread_of_means": by_spread,
    }  # fmt: skip
    sentences = [
        f"Reversion that grows with the distance against reversion in proportion to it: {factor(found)}; by the spread "
        f"of long-run means: {listed(by_spread.items())}. The least and the largest decide.",
        f"At a distance of one log-odds it would be {interval_in_words(1 + middle, 1 + low, 1 + high, 1)} times "
        "as strong, for its distance, as near the mean.",
    ]
    picture = learned(
        "By how much stronger reversion is one log-odds from the mean", "additional strength, as a multiple", claim,
        GROWTH,
    )  # fmt: skip
    return engine.outcome(deciding, found, sentences, picture, details)


def _models(engine: Engine) -> tuple[Model, Model]:
    """Return growing and linear reversion with the cycle's parameters held at their mode."""
    held = engine.centre(RETURN_CYCLE).at(CYCLE, CYCLE_SD)
    return GROWING_CYCLE.holding(held), RETURN_CYCLE.holding(held)


def _ahead(engine: Engine) -> tuple[list[Reading], Reading]:
    claim, linear = (engine.reading(model) for model in _models(engine))
    return [claim], linear


GROWING = Claim(
    COST.code, "Does reversion grow with the distance?", "reversion grows with the distance from the mean", test,
    ahead=_ahead,
)  # fmt: skip
