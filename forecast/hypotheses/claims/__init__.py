"""The claims that pooled tests decide, each in a module of its own, in the order of the theory."""

from forecast.hypotheses.claims.calendar import CALENDAR
from forecast.hypotheses.claims.ceiling import CEILING
from forecast.hypotheses.claims.claim import Claim
from forecast.hypotheses.claims.contrast import CONTRAST
from forecast.hypotheses.claims.fading import FADING
from forecast.hypotheses.claims.growing import GROWING
from forecast.hypotheses.claims.jumping import JUMPING
from forecast.hypotheses.claims.returning import RANGE, RETURNING
from forecast.hypotheses.claims.visits import VISITING

CLAIMS: dict[str, Claim] = {
    one.code: one
    for one in (JUMPING, CEILING, FADING, RETURNING, GROWING, CONTRAST, RANGE, VISITING, CALENDAR)
}  # fmt: skip
"""All claims by code."""
