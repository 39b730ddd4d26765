"""The claims that pooled tests decide, each in a module of its own, in the order of the theory."""

from forecast.hypotheses.pooled.claims.calendar import CALENDAR
from forecast.hypotheses.pooled.claims.ceiling import CEILING
from forecast.hypotheses.pooled.claims.claim import Claim
from forecast.hypotheses.pooled.claims.contrast import CONTRAST
from forecast.hypotheses.pooled.claims.fading import FADING
from forecast.hypotheses.pooled.claims.growing import GROWING
from forecast.hypotheses.pooled.claims.jumping import JUMPING
from forecast.hypotheses.pooled.claims.returning import RANGE, RETURNING
from forecast.hypotheses.pooled.claims.visits import VISITING

CLAIMS: dict[str, Claim] = {
    one.code: one
    for one in (JUMPING, CEILING, FADING, RETURNING, GROWING, CONTRAST, RANGE, VISITING, CALENDAR)
}  # fmt: skip
"""All claims by code."""
