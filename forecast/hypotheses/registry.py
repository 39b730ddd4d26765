"""Registry of testable claims."""

from collections.abc import Iterable

from forecast.errors import SpecError
from forecast.hypotheses.claims import band, calendar, ceiling, contrast, equilibrium_break, extremes, reversion, visits
from forecast.hypotheses.hypothesis import AnyHypothesis

_IN_ORDER: tuple[AnyHypothesis, ...] = (
    equilibrium_break.CLAIM,
    ceiling.CLAIM,
    reversion.CLAIM,
    extremes.CLAIM,
    contrast.CLAIM,
    band.CLAIM,
    visits.CLAIM,
    calendar.CLAIM,
)
CLAIMS = {claim.code: claim for claim in _IN_ORDER}
"""By code, in the order of the theory."""

WITH = {statement.code: claim.code for claim in _IN_ORDER for statement in claim.also}
"""The claims that are answered with another."""

OFFERS = {
    "panel": "any panel",
    "classes": "events counted by class, at least two of them cooperative",
    "events": "single events",
    "dyads": "events of several dyads",
}
"""Capabilities of data that a test may require, in increasing order; each includes the previous ones."""


def parse_claims(text: str) -> tuple[str, ...]:
    """Read codes of claims, separated by commas, and put them in the order of the theory."""
    codes = [code for word in text.split(",") if (code := word.strip().upper())]
    unknown = [code for code in codes if code not in CLAIMS and code not in WITH]
    if unknown or not codes:
        what = f"there is no test of {', '.join(unknown)}" if unknown else "none is given"
        raise SpecError(f"claims: {what}. Choose among {', '.join(CLAIMS)}, separated by commas, such as S5,S6")
    asked = {WITH.get(code, code) for code in codes}
    return tuple(code for code in CLAIMS if code in asked)


def answerable(offers: str) -> tuple[str, ...]:
    """Return the claims that data can answer, by the most they offer."""
    ranks = list(OFFERS)
    return tuple(code for code, claim in CLAIMS.items() if ranks.index(claim.needs) <= ranks.index(offers))


def need_other_dyads(claims: Iterable[str]) -> bool:
    """Check whether any of the claims asks for events of other dyads."""
    return any(CLAIMS[code].needs == "dyads" for code in claims)
