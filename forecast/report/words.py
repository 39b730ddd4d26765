"""How numbers read in the report: the same number reads the same wherever it stands."""

from collections.abc import Iterable
from datetime import date

from forecast.outlook import Assessment, Estimate, Learning, NotDefined, Probability

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


def percent(whole: int) -> str:
    """Write whole percents, never claiming certainty: ``34 %``, ``<1 %``, ``>99 %``."""
    return {0: "<1 %", 100: ">99 %"}.get(whole, f"{whole} %")


def chance(value: Probability) -> str:
    """Write a probability in whole percents."""
    return percent(round(100 * value.value))


def number(value: float | None, decimals: int = 0) -> str:
    """Write a number, with a true minus and without a negative zero, or a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def interval(value: Estimate, decimals: int = 0) -> str:
    """Write the median with its interval: ``52 [32, 70]``."""
    low, high = number(value.low, decimals), number(value.high, decimals)
    return f"{number(value.median, decimals)} [{low}, {high}]"


def or_dash(value: Estimate | NotDefined, decimals: int = 0) -> str:
    """Write an estimate, or a dash where the model does not have it."""
    return "–" if isinstance(value, NotDefined) else interval(value, decimals)


def day(when: date) -> str:
    """Write a day: ``31 October 2023``."""
    return f"{when.day} {when:%B %Y}"


def period(result: Assessment, last: date) -> str:
    """Name the period that ends on a day: ``October 2023``, ``the week to 29 October 2023``."""
    return f"the week to {day(last)}" if result.weekly else f"{last:%B %Y}"


def unit(result: Assessment) -> str:
    """Say what a period is called."""
    return "week" if result.weekly else "month"


def count(many: float, thing: str) -> str:
    """Write how many of a thing: ``1 row``, ``7,532 rows``."""
    return f"{many:,.0f} {thing}" if many == 1 else f"{many:,.0f} {thing}s"


def series(items: Iterable[str]) -> str:
    """Join items as a sentence does: ``a, b and c``."""
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def meaning(result: Assessment) -> str:
    """Say what better and worse mean in the headline."""
    change = f"{result.smallest_improvement:g} points"
    return (
        f"“Better” means that the share of cooperative actions expected in that {unit(result)} is at least "
        f"{change} above that of {period(result, result.origin)}, “worse” at least {change} below, on a "
        "scale where 0 is all hostile, 50 as many cooperative as hostile actions, and 100 all cooperative."
    )


def moved(learning: Learning) -> str:
    """Say in a table whether the data moved a quantity, and how far."""
    verdict = "yes" if learning.moved else "no"
    return f"{verdict}: spread × {number(learning.sd_ratio, 2)}, shift {number(learning.shift, 1)}"


def verdict(learning: Learning) -> str:
    """Say in a sentence whether the data moved a quantity."""
    spread = f"its spread is {number(learning.sd_ratio, 2)} times that of {learning.compared_with}"
    if not learning.moved:
        return f"The data did not move it: {spread}. What is said of it here is an assumption, not a finding."
    shift = f"its mean {number(abs(learning.shift), 1)} standard deviations away"
    return f"The data moved it: {spread}, {shift}."


def headroom(result: Assessment) -> str:
    """Say how much room there is under the ceiling in force, and what is known of it."""
    room = result.frameworks.headroom
    if isinstance(room, NotDefined):
        return f"Room under the ceiling is not defined, because {room.reason}."
    said = f"The ceiling lies {interval(room.room)} points above the present share (median, 90 % equal-tailed)."
    learning = room.learning
    if isinstance(learning, NotDefined):
        return f"{said} Whether the data speak of it is not known, because {learning.reason}."
    return f"{said} {verdict(learning)}"


def change(result: Assessment) -> str:
    """Say how soon a new framework may come."""
    coming = result.frameworks.change
    by = series(f"{chance(value)} within {count(months, 'month')}" for months, value in coming.by.items())
    return (
        f"New frameworks have come {count(coming.breaks, 'time')} in "
        f"{count(coming.exposure_years, 'dyad-year')}, all dyads together: {interval(coming.per_year, 3)} a year "
        f"(median, 90 % equal-tailed). If that rate holds, the chance of a new one is {by}, and that of none "
        f"within 20 years {chance(coming.lasts)}."
    )
