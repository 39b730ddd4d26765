"""The numbers behind the claims, by names that a reader understands."""

from collections.abc import Mapping

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
_NUMBERS: dict[str, tuple[str, str]] = {
    "S1.level": ("share now", _POINTS),
    "S1.percentile": ("earlier periods that lie lower", _PERCENT),
    "S1.lowest": ("now is the lowest", _CHANCE),
    "S1.lowest_year": ("year most likely to have been the lowest", _YEAR),
    "S1.lowest_year_chance": ("that it was", _CHANCE),
    "S2.drop": ("mean share before less mean share since", _POINTS),
    "S2.dropped": ("the drop counts as a change", _CHANCE),
    "S2.trend": ("trend since", "points of share a year"),
    "S2.falling": ("the trend is downward", _CHANCE),
    "S4.ceiling": ("ceiling in force", _POINTS),
    "S4.room": ("ceiling less share now", _POINTS),
    "S4.sd_ratio": ("spread of the headroom with these data over without", _RATIO),
    "S4.deep_share": ("deepest cooperation among cooperative acts now", _PERCENT),
    "S4.deep_share_freest": ("the same under the freest framework", _PERCENT),
    "S4.new_framework": ("a new framework within the longest horizon", _CHANCE),
    "S4.lasts": ("no new framework in 20 years", _CHANCE),
    "S5.half_life": ("half-life", _MONTHS),
    "S5.back": ("the previous equilibrium is reached", _CHANCE),
    "S5.zone_now": ("in the hostile zone now", _CHANCE),
    "S5.zone_ahead": ("in the hostile zone at the longest horizon", _CHANCE),
    "S5.way_out": ("out of the zone by the longest horizon, once inside", _CHANCE),
    "S7.first": ("this dyad", _POINTS),
    "S7.second": ("the dyad compared with", _POINTS),
    "S7.greater": ("this dyad is the higher", _CHANCE),
    "S8.low": ("lower edge of the band", _POINTS),
    "S8.high": ("upper edge of the band", _POINTS),
    "S8.now": ("inside the band now", _CHANCE),
    "S8.ahead": ("inside the band at the longest horizon", _CHANCE),
    "S9.improvement": ("better", _CHANCE),
    "S9.technical": ("better, framework unchanged", _CHANCE),
    "S9.structural": ("better, with a new framework", _CHANCE),
    "S13.improvement": ("better", _CHANCE),
    "S13.stability": ("about the same", _CHANCE),
    "S13.deterioration": ("worse", _CHANCE),
    "S13.zone_now": ("in the hostile zone now", _CHANCE),
    "S13.zone_ahead": ("in the hostile zone then", _CHANCE),
}
_DECIMALS = {_POINTS: 1, _MONTHS: 1, _RATIO: 2, _YEAR: 0}


def claim_numbers(result: Assessment, claim: Claim) -> list[tuple[str, str]]:
    """Format the numbers of a claim with their names and units, and one decimal more than in the sentence."""
    eras = {era.code: f"under “{era.name}”" for era in result.frameworks.eras}
    return [_describe_number(claim.code, key, value, eras) for key, value in claim.numbers.items()]


def _describe_number(code: str, key: str, value: float, eras: Mapping[str, str]) -> tuple[str, str]:
    what = (eras[key], _POINTS) if code == "S3" else _NUMBERS.get(f"{code}.{key}", (key.replace("_", " "), ""))
    name, of = what
    if of == _CHANCE:
        return f"chance: {name}", chance(value, 1)
    if of == _YEAR:
        return name, f"{value:.0f}"
    if of == _PERCENT:
        return name, percent(value / 100, 1)
    return name, quantity(value, "" if of == _RATIO else of, _DECIMALS.get(of, 2))
