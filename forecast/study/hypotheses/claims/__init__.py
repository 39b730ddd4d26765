"""The claims that pooled tests decide, by code, in the order of the theory."""

import math

from forecast.outlook.theory import NATURE
from forecast.study.hypotheses.claims.dwell import DWELLING
from forecast.study.hypotheses.claims.effects import CALENDAR, VISITING
from forecast.study.hypotheses.claims.eras import CEILING, JUMPING
from forecast.study.hypotheses.claims.reversion import FADING, GROWING, RANGE, RETURNING
from forecast.study.hypotheses.engine import Engine, PooledClaim
from forecast.study.hypotheses.outcome import Outcome, sentences


def test_contrast(engine: Engine) -> Outcome:
    """Explain why the levels of two dyads cannot be compared.

    The claim is S7: less hostile than US-Soviet relations were.
    """
    why, would = sentences("contrast")
    return Outcome(math.nan, "cannot be tested", (why,), details={"would_decide": would})


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
"""All claims by code."""
