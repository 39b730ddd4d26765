"""Answers to the theory's statements: one typed function each, from the numbers of an assessment.

A statement is a row of `theory.csv`. Its answer is a title, a sentence and the numbers in it. The
sentence is worded here and not in a template, so that a type checker sees every field it reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forecast.base import wording
from forecast.base.wording import chance, count, interval_in_words, join, month, number, signed
from forecast.outlook import theory
from forecast.outlook.assessment import AnsweredClaim, Assessment
from forecast.outlook.level import LASTING_YEARS, Contrast, DyadQuantity, Framework, Headroom
from forecast.outlook.pendulum import Passage, printed_chances
from forecast.outlook.query import main_horizon
from forecast.outlook.summary import Estimate, NotDefined, Probability

POINTS = "points of share"
"""Unit of a share and of a difference between shares."""
CHANCE = "chance"
"""Unit of a probability."""
MIN_PASSAGE_MONTHS = 2
"""Months: a shorter median passage is worded as less than so many."""
_DECIMALS = {POINTS: 1, "months": 1}
"""Decimals of the numbers of an answer, by unit; 2 for other units."""


@dataclass(frozen=True)
class Quantity:
    """One number of an answer."""

    name: str  # Key in `AnsweredClaim.numbers`
    value: float | None  # Median of an estimate; None if it is not defined
    words: str  # What it is
    unit: str  # `chance`, `percent`, `year`, `ratio`, or a unit in words


@dataclass(frozen=True)
class StatementAnswer:
    """Answer to one statement of the theory."""

    title: str  # In short
    sentence: str
    quantities: tuple[Quantity, ...]  # Numbers of the sentence, unrounded


type Answering = Callable[[Assessment], StatementAnswer]
"""Function that answers one statement."""


def quantity(
    name: str, value: Estimate | Probability | NotDefined | float | None, words: str, unit: str
) -> Quantity:
    """Return a number of an answer: an estimate by its median."""
    if isinstance(value, Estimate):
        return Quantity(name, value.median, words, unit)
    if isinstance(value, Probability):
        return Quantity(name, value.value, words, unit)
    if isinstance(value, NotDefined) or value is None:
        return Quantity(name, None, words, unit)
    return Quantity(name, float(value), words, unit)


def not_defined(title: str, missing: NotDefined) -> StatementAnswer:
    """Return the answer to a statement about something that this model or dyad does not have."""
    return StatementAnswer(title, f"Not defined here: {missing.reason}.", ())


def interval(value: Estimate) -> str:
    """Word an estimate with its interval."""
    return interval_in_words(value.median, value.low, value.high)


def difference(value: Estimate) -> str:
    """Word a difference by its size and side, with its interval."""
    sign, side = (1, "more") if value.median >= 0 else (-1, "less")
    low, high = sorted((sign * value.low, sign * value.high))
    return interval_in_words(sign * value.median, low, high, unit=f"points {side}")


def time_until(passage: Passage) -> str:
    """Word the median time until something first happens."""
    if passage.median is None:
        return f"more than {passage.limit} months in most simulations"
    if round(passage.median) < MIN_PASSAGE_MONTHS:
        return "less than two months in half of the simulations"
    return f"up to {number(passage.median, 0)} months in half of the simulations"


def lowest_on_record(result: Assessment) -> StatementAnswer:
    """Answer S1: whether relations stand at their lowest."""
    standing = result.standing
    period = "weeks" if result.weekly else "months"
    lower = wording.percent(standing.percentile.median / 100)
    sentence = (
        f"In {_now(result)} the {result.measure} was {interval(standing.level)} of 100, "
        f"higher than in {lower} of the {period} since {month(standing.since)}. "
        f"The chance that none of them was lower is {chance(standing.lowest.value)}"
    )
    year, likely = next(iter(standing.lowest_years.items()), (None, None))
    if likely is not None:
        sentence += f"; the lowest year was most likely {year} ({chance(likely.value)})"
    return StatementAnswer(
        f"Relations stand at their lowest since {month(standing.since)}",
        f"{sentence}.",
        (
            quantity("level", standing.level, "share now", POINTS),
            quantity(
                "percentile", standing.percentile, "earlier periods that lie lower", "percent"
            ),
            quantity("lowest", standing.lowest, "now is the lowest", CHANCE),
            quantity("lowest_year", year, "year most likely to have been the lowest", "year"),
            quantity("lowest_year_chance", likely, "that it was", CHANCE),
        ),
    )


def decline_under_current_era(result: Assessment) -> StatementAnswer:
    """Answer S2: whether relations have deteriorated since the current era began."""
    title = "Relations have deteriorated since the current framework began"
    last = result.last_break
    if isinstance(last, NotDefined):
        return not_defined(title, last)
    sentence = (
        f"In the {last.months_before} months before {month(last.start)}, when “{last.era}” began, "
        f"the share averaged {difference(last.drop)} than since; "
        f"the chance of a drop of more than {_smallest_change(result)} is "
        f"{chance(last.dropped.value)}."
    )
    if isinstance(last.trend, Estimate) and isinstance(last.falling, Probability):
        low = signed(last.trend.low, 1)
        high = signed(last.trend.high, 1)
        sentence += (
            f" Since then it has moved by {signed(last.trend.median, 1)} points per year (90% "
            f"interval {low} to {high}); the chance that this trend is downward is "
            f"{chance(last.falling.value)}."
        )
    return StatementAnswer(
        title,
        sentence,
        (
            quantity("drop", last.drop, "mean share before less mean share since", POINTS),
            quantity("dropped", last.dropped, "the drop counts as a change", CHANCE),
            quantity("trend", last.trend, "trend since", f"{POINTS} a year"),
            quantity("falling", last.falling, "the trend is downward", CHANCE),
        ),
    )


def levels_by_era(result: Assessment) -> StatementAnswer:
    """Answer S3: the level that each era sets, its long-run mean or else its average."""
    eras = result.frameworks.eras
    levels = [(era, era.equilibrium) for era in eras if isinstance(era.equilibrium, Estimate)]
    opening = "The long-run mean of the share is" if levels else "The share averages"
    levels = levels or [(era, era.mean) for era in eras]
    *past, (current, level) = levels
    words = [f"{number(value.median, 0)} under “{era.name}”" for era, value in past]
    words.append(f"{interval(level)} under “{current.name}”")
    return StatementAnswer(
        "Strategic frameworks set the level",
        f"{opening} {join(words)}.",
        tuple(quantity(era.code, value, _under(era), POINTS) for era, value in levels),
    )


def ceiling_of_current_era(result: Assessment) -> StatementAnswer:
    """Answer S4: what the current era allows, and how long it may last."""
    frameworks = result.frameworks
    era = frameworks.eras[-1]
    headroom = frameworks.headroom
    change = frameworks.change
    longest = result.horizons[-1]
    coming = (
        f"The chance of a new framework within {longest} months is "
        f"{chance(change.by[longest].value)}, that of none within {LASTING_YEARS} years "
        f"{chance(change.lasts.value)}."
    )
    room = near = reach = ratio = None
    if isinstance(headroom, NotDefined):
        sentence = f"This model has no ceiling. {coming}"
    else:
        room = headroom.room
        near = headroom.near
        reach = headroom.reach
        ratio = headroom.learning.sd_ratio
        sentence = f"{_headroom_words(era, headroom, frameworks.ceiling_assumed)} {coming}"
    return StatementAnswer(
        "What the current framework allows, and how long it may last",
        sentence,
        (
            quantity("ceiling", era.ceiling, "current ceiling", POINTS),
            quantity("room", room, "ceiling less trend now", POINTS),
            quantity("near", near, "the trend is within 5 points of its ceiling", CHANCE),
            quantity("reach", reach, "a technical improvement reaches at most", POINTS),
            quantity(
                "sd_ratio", ratio, "spread of the headroom with these data over without", "ratio"
            ),
            quantity(
                "new_framework",
                change.by[longest],
                "a new framework within the longest horizon",
                CHANCE,
            ),
            quantity("lasts", change.lasts, f"no new framework in {LASTING_YEARS} years", CHANCE),
        ),
    )


def _headroom_words(era: Framework, headroom: Headroom, assumed: bool) -> str:
    """Word the room under a ceiling, and whether the data inform it."""
    learning = headroom.learning
    sentence = (
        f"The ceiling of “{era.name}” stands {interval(headroom.room)} points above the present "
        "trend; the chance that the trend is within 5 points of it is "
        f"{chance(headroom.near.value)}. The data {'moved' if learning.moved else 'did not move'} "
        f"this ceiling (its spread is {learning.sd_ratio:.2f} times that of "
        f"{learning.compared_with}){': it is an assumption, not a finding' if assumed else ''}."
    )
    if isinstance(headroom.reach, Estimate):
        sentence += (
            " A technical improvement, the cycle at its 95% quantile while the trend stays, "
            f"reaches {interval(headroom.reach)} points above the present level."
        )
    return sentence


def way_back(result: Assessment) -> StatementAnswer:
    """Answer S5: how hard it is to go back, and to stay in an extreme."""
    longest = result.horizons[-1]
    pendulum = result.pendulum
    back = pendulum.back
    zone = pendulum.zone
    sentences = []
    if isinstance(pendulum.half_life, Estimate):
        sentences.append(f"The half-life is {interval(pendulum.half_life)} months.")
    returned = None
    if not isinstance(back, NotDefined):
        returned = back.passage.by[longest]
        sentences.append(
            "The chance that the mean of some twelve months reaches the equilibrium of "
            f"“{back.era}” ({number(back.equilibrium.median, 0)}) within {longest} months is "
            f"{chance(returned.value)}."
        )
    sentences.append(
        f"The chance of being in the hostile zone, a share below {zone.below:g}, is "
        f"{chance(zone.now.value)} now and {chance(zone.ahead[longest].value)} in {longest} "
        f"months; after a year {zone.inside:g} points inside, for the mean of twelve months to "
        f"leave it takes {time_until(zone.way_out)}."
    )
    return StatementAnswer(
        "Hard to go back, and as hard to stay in an extreme",
        " ".join(sentences),
        (
            quantity("half_life", pendulum.half_life, "half-life", "months"),
            quantity(
                "back",
                returned,
                "the mean of twelve months reaches the previous equilibrium",
                CHANCE,
            ),
            quantity("zone_now", zone.now, "in the hostile zone now", CHANCE),
            quantity(
                "zone_ahead",
                zone.ahead[longest],
                "in the hostile zone at the longest horizon",
                CHANCE,
            ),
            quantity(
                "way_out",
                zone.way_out.by[longest],
                "mean of twelve months out of the zone by the longest horizon",
                CHANCE,
            ),
        ),
    )


def contrast_with_other(result: Assessment) -> StatementAnswer:
    """Answer S7: whether the dyad is less hostile than another one in a named era."""
    title = "Not inherently hostile"
    contrast = result.contrast
    if isinstance(contrast, NotDefined):
        return not_defined(title, contrast)
    verb, shares = _contrasted(contrast)
    return StatementAnswer(
        f"{title}, unlike {contrast.second_label} under “{contrast.second_era}”",
        f"Under “{contrast.first_era}” the share of {result.label} {verb} "
        f"{interval(shares.first)}, that of {contrast.second_label} under “{contrast.second_era}” "
        f"{interval(shares.second)}; the chance that the first is higher is "
        f"{chance(shares.greater.value)}.",
        (
            quantity("first", shares.first, "this dyad", POINTS),
            quantity("second", shares.second, "the dyad compared with", POINTS),
            quantity("greater", shares.greater, "this dyad is the higher", CHANCE),
        ),
    )


def _contrasted(contrast: Contrast) -> tuple[str, DyadQuantity]:
    """Return the shares that are compared, long-run means or else averages, and their verb."""
    if isinstance(contrast.equilibrium, NotDefined):
        return "averages", contrast.mean
    return "has a long-run mean of", contrast.equilibrium


def middle_ground(result: Assessment) -> StatementAnswer:
    """Answer S8: whether relations settle in a middle ground."""
    title = "The pendulum settles in a middle ground"
    band = result.band
    longest = result.horizons[-1]
    if isinstance(band, NotDefined):
        return not_defined(title, band)
    return StatementAnswer(
        title,
        "The equilibrium band of the current framework runs from "
        f"{number(band.low.median, 0)} to {number(band.high.median, 0)}. "
        f"The chance of being inside is {chance(band.inside_now.value)} now and "
        f"{chance(band.inside[longest].value)} in {longest} months; for the mean of twelve months "
        f"to enter it takes {time_until(band.entry)}.",
        (
            quantity("low", band.low, "lower edge of the band", POINTS),
            quantity("high", band.high, "upper edge of the band", POINTS),
            quantity("now", band.inside_now, "inside the band now", CHANCE),
            quantity(
                "ahead", band.inside[longest], "inside the band at the longest horizon", CHANCE
            ),
        ),
    )


def technical_improvement(result: Assessment) -> StatementAnswer:
    """Answer S9: how much of an improvement is technical, inside the current era."""
    level = result.improvement[main_horizon(result.horizons)]
    percents = printed_chances(level)
    until = wording.period(level.until, weekly=result.weekly)
    inside = "inside the current framework"
    beyond = "with a new one"
    if result.moving:
        inside = "while the trend stays"
        beyond = "by a rise of the trend"
    return StatementAnswer(
        "Improvement is technical, inside the framework",
        "By the model alone, the chance that the underlying level improves by at least "
        f"{_smallest_change(result)} by {until} is {percents['improvement']}: "
        f"{percents['technical']} {inside} (technical) and "
        f"{percents['structural']} {beyond} (structural).",
        (
            quantity("improvement", level.improvement, "higher", CHANCE),
            quantity("technical", level.technical, "higher, technical", CHANCE),
            quantity("structural", level.structural, "higher, structural", CHANCE),
        ),
    )


def no_extreme_for_long(result: Assessment) -> StatementAnswer:
    """Answer S13: whether no extreme lasts."""
    longest = result.horizons[-1]
    zone = result.pendulum.zone
    level = result.improvement[longest]
    points = _smallest_change(result)
    percents = printed_chances(level)
    return StatementAnswer(
        "No extreme for long; hope for the more moderate",
        f"By the model alone, the underlying level of the next {longest} months is at least "
        f"{points} higher with a chance of {percents['improvement']}, at least {points} lower "
        f"with {percents['deterioration']} and in between with {percents['stability']}; the "
        f"chance of being in the hostile zone is {chance(zone.now.value)} now and "
        f"{chance(zone.ahead[longest].value)} then.",
        (
            quantity("improvement", level.improvement, "higher", CHANCE),
            quantity("stability", level.stability, "similar", CHANCE),
            quantity("deterioration", level.deterioration, "lower", CHANCE),
            quantity("zone_now", zone.now, "in the hostile zone now", CHANCE),
            quantity("zone_ahead", zone.ahead[longest], "in the hostile zone then", CHANCE),
        ),
    )


ANSWERED: Sequence[tuple[theory.TheoryStatement, Answering]] = (
    (theory.LOW, lowest_on_record),
    (theory.DECLINE, decline_under_current_era),
    (theory.ERAS, levels_by_era),
    (theory.CEILING, ceiling_of_current_era),
    (theory.PENDULUM, way_back),
    (theory.NATURE, contrast_with_other),
    (theory.BALANCE, middle_ground),
    (theory.IMPROVEMENT, technical_improvement),
    (theory.CONCLUSION, no_extreme_for_long),
)
"""Statements that an assessment answers, in the order of the essay."""


def claims(result: Assessment) -> tuple[AnsweredClaim, ...]:
    """Answer the theory's statements from the numbers of an assessment."""
    answered = []
    for statement, answering in ANSWERED:
        answer = answering(result)
        numbers = {each.name: each.value for each in answer.quantities if each.value is not None}
        answered.append(
            AnsweredClaim(
                statement.code,
                answer.title,
                statement.about(result.dyad),
                answer.sentence,
                numbers,
            )
        )
    return tuple(answered)


def numbers_in_words(result: Assessment, claim: AnsweredClaim) -> list[tuple[str, str]]:
    """Format the numbers of a claim, with one decimal more than in its sentence.

    Parameters
    ----------
    result : Assessment
        That the claim is of.
    claim : Claim

    Returns
    -------
    list of tuple of str
        Name and formatted value, with its unit, of every number of the claim.
    """
    answering = {statement.code: function for statement, function in ANSWERED}[claim.code]
    described = {each.name: each for each in answering(result).quantities}
    return [_described(described[name], value) for name, value in claim.numbers.items()]


def _described(quantity: Quantity, value: float) -> tuple[str, str]:
    """Return the name of a number and its value with its unit."""
    if quantity.unit == CHANCE:
        return f"chance: {quantity.words}", chance(value, 1)
    if quantity.unit == "year":
        return quantity.words, f"{value:.0f}"
    if quantity.unit == "percent":
        return quantity.words, wording.percent(value / 100, 1)
    unit = "" if quantity.unit == "ratio" else quantity.unit
    return quantity.words, wording.quantity(value, unit, _DECIMALS.get(quantity.unit, 2))


def _now(result: Assessment) -> str:
    """Name the current period."""
    return wording.period(result.origin, weekly=result.weekly)


def _smallest_change(result: Assessment) -> str:
    """Word the smallest improvement that counts."""
    return count(result.smallest_improvement, "point")


def _under(era: Framework) -> str:
    """Word an era in the name of a number."""
    return f"under “{era.name}”"
