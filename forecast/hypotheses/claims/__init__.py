"""The claims that pooled tests decide, by code, in the order of the theory."""

from forecast.hypotheses.claims.ceiling import CEILING
from forecast.hypotheses.claims.claim import Claim
from forecast.hypotheses.claims.contrast import CONTRAST
from forecast.hypotheses.claims.effects import CALENDAR, VISITING
from forecast.hypotheses.claims.jumping import JUMPING
from forecast.hypotheses.claims.reversion import FADING, GROWING, RANGE, RETURNING

CLAIMS: dict[str, Claim] = {
    one.code: one
    for one in (JUMPING, CEILING, FADING, RETURNING, GROWING, CONTRAST, RANGE, VISITING, CALENDAR)
}  # fmt: skip
"""All claims by code."""
