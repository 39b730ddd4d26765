"""The numbers behind the claims, by names that a reader understands."""

from collections.abc import Mapping

from forecast import theory
from forecast.outlook import Assessment, Claim
from forecast.wording import chance, percent, quantity

_POINTS, _PERCENT, _CHANCE, _MONTHS, _RATIO, _YEAR = (
    "points of share",
    "percent",
    "chance",
    "months",
    "ratio",
    "year",
)
_NUMBERS: dict[str, dict[str, tuple[str, str]]] = {
    theory.LOW.code: {
        "level": ("share now", _POINTS),
        "percentile": ("earlier periods that lie lower", _PERCENT),
        "lowest": ("now is the lowest", _CHANCE),
        "lowest_year": ("year most likely to have been the lowest", _YEAR),
        "lowest_year_chance": ("that it was", _CHANCE),
    },
    theory.DECLINE.code: {
        "drop": ("mean share before less mean share since", _POINTS),
        "dropped": ("the drop counts as a change", _CHANCE),
        "trend": ("trend since", "points of share a year"),
        "falling": ("the trend is downward", _CHANCE),
    },
    theory.CEILING.code: {
        "ceiling": ("current ceiling", _POINTS),
        "room": ("ceiling less trend now", _POINTS),
        "sd_ratio": ("spread of the headroom with these data over without", _RATIO),
        "near": ("the trend is within 5 points of its ceiling", _CHANCE),
        "reach": ("a technical improvement reaches at most", _POINTS),
        "new_framework": ("a new framework within the longest horizon", _CHANCE),
        "lasts": ("no new framework in 20 years", _CHANCE),
    },
    theory.PENDULUM.code: {
        "half_life": ("half-life", _MONTHS),
        "back": ("the previous equilibrium is reached", _CHANCE),
        "zone_now": ("in the hostile zone now", _CHANCE),
        "zone_ahead": ("in the hostile zone at the longest horizon", _CHANCE),
        "way_out": ("out of the zone by the longest horizon, once inside", _CHANCE),
    },
    theory.NATURE.code: {
        "first": ("this dyad", _POINTS),
        "second": ("the dyad compared with", _POINTS),
        "greater": ("this dyad is the higher", _CHANCE),
    },
    theory.BALANCE.code: {
        "low": ("lower edge of the band", _POINTS),
        "high": ("upper edge of the band", _POINTS),
        "now": ("inside the band now", _CHANCE),
        "ahead": ("inside the band at the longest horizon", _CHANCE),
    },
    theory.IMPROVEMENT.code: {
        "improvement": ("better", _CHANCE),
        "technical": ("better, technical", _CHANCE),
        "structural": ("better, structural", _CHANCE),
    },
    theory.CONCLUSION.code: {
        "improvement": ("better", _CHANCE),
        "stability": ("about the same", _CHANCE),
        "deterioration": ("worse", _CHANCE),
        "zone_now": ("in the hostile zone now", _CHANCE),
        "zone_ahead": ("in the hostile zone then", _CHANCE),
    },
}
_DECIMALS = {_POINTS: 1, _MONTHS: 1, _RATIO: 2, _YEAR: 0}


def claim_numbers(result: Assessment, claim: Claim) -> list[tuple[str, str]]:
    """Format the numbers of a claim with their names and units, and one decimal more than in the sentence."""
    eras = {era.code: f"under “{era.name}”" for era in result.frameworks.eras}
    return [_describe_number(claim.code, key, value, eras) for key, value in claim.numbers.items()]


def _describe_number(code: str, key: str, value: float, eras: Mapping[str, str]) -> tuple[str, str]:
    named = {era: (words, _POINTS) for era, words in eras.items()} if code == theory.ERAS.code else _NUMBERS[code]
    what = named.get(key, (key.replace("_", " "), ""))
    name, of = what
    if of == _CHANCE:
        return f"chance: {name}", chance(value, 1)
    if of == _YEAR:
        return name, f"{value:.0f}"
    if of == _PERCENT:
        return name, percent(value / 100, 1)
    return name, quantity(value, "" if of == _RATIO else of, _DECIMALS.get(of, 2))
