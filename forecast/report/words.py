"""Wording of a report about an assessment; `forecast.wording` formats its numbers."""

from collections.abc import Mapping
from datetime import date

from forecast import theory, wording
from forecast.outlook import Assessment, Claim, Estimate, Learning, NotDefined
from forecast.wording import DASH, chance, count, join, number, percent, quantity

STAMP = "NOT CONVERGED"
INTERVALS = "50 % and 90 % equal-tailed"
COLUMNS = {
    "deterioration": "Worse",
    "stability": "About the same",
    "technical": "Better, technical",
    "structural": "Better, structural",
}
"""The outcomes at a horizon, from worse to better, as a bar has them."""
ROWS = {
    "deterioration": "Worse",
    "stability": "About the same",
    "improvement": "Better",
    "technical": "of it technical",
    "structural": "of it structural",
    "touched": "Better at some time",
    "new_framework": "New framework",
}
"""The chances at a horizon, as a table has them."""


def interval(value: Estimate, decimals: int = 0) -> str:
    """Format the median with its interval: ``52 [32, 70]``."""
    return wording.interval(value.median, value.low, value.high, decimals)


def or_dash(value: Estimate | NotDefined, decimals: int = 0) -> str:
    """Format an estimate, or a dash where the model does not have it."""
    return DASH if isinstance(value, NotDefined) else interval(value, decimals)


def period(result: Assessment, last: date) -> str:
    """Name the period that ends on a day: ``October 2023``, ``the week to 29 October 2023``."""
    return wording.period(last, weekly=result.weekly)


def unit(result: Assessment) -> str:
    """Return the name of a period."""
    return "week" if result.weekly else "month"


def meaning(result: Assessment) -> str:
    """Explain better and worse in the headline."""
    change = count(result.smallest_improvement, "point")
    return (
        f"“Better” means that the {result.measure} expected in that {unit(result)} is at least "
        f"{change} above that of {period(result, result.origin)}, “worse” at least {change} below, on a "
        f"scale where {result.scale}."
    )


def verdict(learning: Learning) -> str:
    """Describe in a sentence whether the data moved a quantity."""
    spread = f"its spread is {number(learning.sd_ratio, 2)} times that of {learning.compared_with}"
    if not learning.moved:
        return f"The data did not move it: {spread}. It is an assumption, not a finding."
    shift = f"its mean {number(abs(learning.shift), 1)} standard deviations away"
    return f"The data moved it: {spread}, {shift}."


def headroom(result: Assessment) -> str:
    """Describe the room under the current ceiling, and what is known of it."""
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return f"Room under the ceiling is not defined, because {room.reason}."
    return (
        f"The ceiling stands {interval(room.room)} points above the present trend (median, 90 % equal-tailed). "
        f"{verdict(room.learning)}"
    )


def change(result: Assessment, *, alone: bool = False) -> str:
    """Describe the time until a new framework; `alone` if the fit has no other dyads."""
    coming = result.frameworks.change
    by = join(f"{chance(value.value)} within {count(months, 'month')}" for months, value in coming.by.items())
    exposure = round(coming.exposure_years)
    seen = count(exposure, "year") if alone else f"{count(exposure, 'dyad-year')}, all dyads together"
    return (
        f"New frameworks have come {count(coming.breaks, 'time')} in {seen}: "
        f"{interval(coming.per_year, 3)} a year (median, 90 % equal-tailed). If that rate holds, the "
        f"chance of a new one is {by}, and that of none within 20 years {chance(coming.lasts.value)}."
    )


_POINTS, _PERCENT, _CHANCE, _MONTHS, _RATIO, _YEAR = ("points of share", "percent", "chance", "months", "ratio", "year")
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


def label(dyad: str) -> str:
    """Name a dyad for readers; one that the package does not know by its code."""
    from forecast.events import read_dyads

    known = read_dyads()
    return str(known.loc[dyad, "label"]) if dyad in known.index else dyad
