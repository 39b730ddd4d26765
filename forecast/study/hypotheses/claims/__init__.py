"""The claims that pooled tests decide, by code, in the order of the theory: `CLAIMS`."""

import math

from forecast.outlook.theory import NATURE
from forecast.study.hypotheses.claims.dwell import DWELLING
from forecast.study.hypotheses.claims.effects import CALENDAR, VISITING
from forecast.study.hypotheses.claims.eras import CEILING, JUMPING
from forecast.study.hypotheses.claims.reversion import FADING, GROWING, RANGE, RETURNING
from forecast.study.hypotheses.engine import Engine, PooledClaim
from forecast.study.hypotheses.outcome import UNTESTED, Outcome, sentences


def test_contrast(engine: Engine) -> Outcome:
    """Explain why S7, less hostile than US-Soviet relations were, cannot be tested."""
    reason, data_needed = sentences("contrast")
    return Outcome(math.nan, UNTESTED, (reason,), details={"would_decide": data_needed})


CONTRAST = PooledClaim(
    NATURE.code,
    "Is the relation less hostile by nature than another?",
    "the relation is less hostile by nature",
    test_contrast,
)
CLAIMS: dict[str, PooledClaim] = {
    claim.code: claim
    for claim in (
        JUMPING,
        CEILING,
        FADING,
        RETURNING,
        DWELLING,
        GROWING,
        CONTRAST,
        RANGE,
        VISITING,
        CALENDAR,
    )
}
