"""Complete outlook of a dyad from one set of simulations, with the results on the claims of the theory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from forecast import theory
from forecast.arguments import AT_LEAST, DATE, DYAD, FIT, HORIZONS, MAPPING, NUMBER, TEXT, checked, whole
from forecast.dates import LONGEST_HORIZON
from forecast.outlook.assessment import SCHEMA, Assessment, Brief, Claim
from forecast.outlook.datasets import dataset_outlooks
from forecast.outlook.draws import DyadDraws, FitLike, dyad_draws
from forecast.outlook.frameworks import LASTING_YEARS, Frameworks, change, equilibrium, framework, headroom
from forecast.outlook.futures import driver_outlooks, simulate_futures, structural_hazard
from forecast.outlook.kinds import kind_series
from forecast.outlook.level import Contrast, HorizonOutlook, contrast, horizon_outlook, last_break, present, standing
from forecast.outlook.observed import observe
from forecast.outlook.pendulum import band, half_life, pendulum
from forecast.outlook.query import AtLeast, Query, main_horizon, prospect
from forecast.outlook.summary import Estimate, NotDefined, Probability
from forecast.outlook.windows import Recording, ThresholdOutlook, WindowOutlook, window_outlook
from forecast.panel import panel_kind
from forecast.theory import Statement
from forecast.wording import (
    about,
    chance,
    count,
    give_or_take,
    interval_in_words,
    join,
    month,
    number,
    percent,
    period,
    signed,
    whole_percents,
)

if TYPE_CHECKING:
    from forecast.outlook.pendulum import Passage


def printed_percents(outlook: HorizonOutlook) -> dict[str, int]:
    """Return a horizon's chances in whole percents that add up as printed, by name.

    Improvement, stability and deterioration make 100, technical and structural make improvement; so a
    percent may differ by one from the plain rounding of its chance. Print these wherever whole percents are
    shown.
    """
    three = ("improvement", "stability", "deterioration")
    values = [getattr(outlook, name).value for name in three]
    percents = dict(zip(three, whole_percents(values, 100), strict=True))
    parts = whole_percents([outlook.technical.value, outlook.structural.value], percents["improvement"])
    return percents | dict(zip(("technical", "structural"), parts, strict=True))


def printed_chances(outlook: HorizonOutlook) -> dict[str, str]:
    """Return a horizon's chances as they are printed, in percents that add up, by name (see `printed_percents`)."""
    return {name: chance(whole / 100) for name, whole in printed_percents(outlook).items()}


def headline(result: Assessment) -> str:
    """Return the outlook in one sentence: of what is recorded where that is defined, else of the level."""
    question = quoted(result)
    return level_headline(result) if question is None else question.sentence


def quoted(result: Assessment) -> WindowOutlook | ThresholdOutlook | None:
    """Return what the headline quotes, with its rule: the share that was asked for, else the change of the window.

    None if neither is defined: then it quotes the level.
    """
    if isinstance(result.threshold, Mapping):
        return result.threshold[main_horizon(result.threshold)]
    if isinstance(result.recorded, NotDefined):
        return None
    window = result.recorded[main_horizon(result.horizons)]
    return None if isinstance(window.up, NotDefined) else window


def level_sentence(result: Assessment) -> str:
    """Return the present level in one sentence, as what it is: an estimate."""
    level, periods = result.standing.level, "weeks" if result.weekly else "months"
    return (
        f"The level of relations, which leaves out the news of single {periods}, is "
        f"{give_or_take(level.median, level.low, level.high)}."
    )


def level_headline(result: Assessment) -> str:
    """Return the outlook of the level in one sentence."""
    outlook = result.improvement[main_horizon(result.horizons)]
    return change_sentence(
        outlook, result.standing.level, result.label, result.origin,
        improvement=result.smallest_improvement, weekly=result.weekly,
    )  # fmt: skip


def change_sentence(
    outlook: HorizonOutlook, now: Estimate, label: str, origin: date, *, improvement: float, weekly: bool
) -> str:
    """Return how likely the level is to change until a horizon, and where it stands, in one sentence."""
    chances, points = printed_chances(outlook), count(improvement, "point")
    then, today = (period(last, weekly=weekly) for last in (outlook.until, origin))
    return (
        f"The chance that {label} relations are at least {points} better in {then} than in {today} is "
        f"{chances['improvement']}, and that they are at least {points} worse {chances['deterioration']}; they now "
        f"stand at {about(now.median, now.low, now.high)} on a scale of 0 to 100."
    )


def claims(result: Assessment) -> tuple[Claim, ...]:
    """Answer the theory's claims from the numbers of an assessment."""
    answers = (_low, _decline, _eras, _ceiling, _pendulum, _nature, _balance, _improvement, _conclusion)
    return tuple(answer(result) for answer in answers)


def _low(result: Assessment) -> Claim:
    here, unit = result.standing, "weeks" if result.weekly else "months"
    numbers = _medians(level=here.level, percentile=here.percentile) | _values(lowest=here.lowest)
    sentence = (
        f"In {_period(result, result.origin)} the {result.measure} was "
        f"{_interval(here.level)} of 100, higher than in {percent(here.percentile.median / 100)} of the {unit} "
        f"since {month(here.since)}. The chance that none of them was lower is {chance(here.lowest.value)}"
    )
    for year, likely in list(here.lowest_years.items())[:1]:
        sentence += f"; the lowest year was most likely {year} ({chance(likely.value)})"
        numbers |= {"lowest_year": float(year), "lowest_year_chance": likely.value}
    return _claim(
        theory.LOW, result, f"Relations stand at their lowest since {month(here.since)}", f"{sentence}.", numbers
    )


def _decline(result: Assessment) -> Claim:
    title = "Relations have deteriorated since the current framework began"
    change = result.last_break
    if isinstance(change, NotDefined):
        return _not_defined(theory.DECLINE, result, title, change)
    sentence = (
        f"In the {change.months_before} months before {month(change.start)}, when “{change.era}” began, the "
        f"share averaged {_difference(change.drop, 'more', 'less')} than since; the chance of a drop of more than "
        f"{_points(result)} is {chance(change.dropped.value)}."
    )
    numbers = _medians(drop=change.drop) | _values(dropped=change.dropped)
    if isinstance(change.trend, Estimate) and isinstance(change.falling, Probability):
        trend = change.trend
        low, high = signed(trend.low, 1), signed(trend.high, 1)
        sentence += (
            f" Since then it has moved by {signed(trend.median, 1)} points a year (90 % interval {low} to {high}); "
            f"the chance that this trend is downward is {chance(change.falling.value)}."
        )
        numbers |= _medians(trend=trend) | _values(falling=change.falling)
    return _claim(theory.DECLINE, result, title, sentence, numbers)


def _eras(result: Assessment) -> Claim:
    eras = result.frameworks.eras
    resting = [(era, era.equilibrium) for era in eras if isinstance(era.equilibrium, Estimate)]
    values = resting or [(era, era.mean) for era in eras]
    verb = "comes to rest at" if resting else "averages"
    past = [f"{number(value.median, 0)} under “{era.name}”" for era, value in values[:-1]]
    present = f"{_interval(values[-1][1])} under “{values[-1][0].name}”"
    sentence = f"The share {verb} {join([*past, present])}."
    numbers = {era.code: value.median for era, value in values}
    return _claim(theory.ERAS, result, "Strategic frameworks set the level", sentence, numbers)


def _ceiling(result: Assessment) -> Claim:
    longest = result.horizons[-1]
    change = result.frameworks.change.by[longest]
    ceiling, room = _describe_ceiling(result.frameworks)
    lasts = result.frameworks.change.lasts
    soon = (
        f"The chance of a new framework within {longest} months is {chance(change.value)}, that of none within "
        f"{LASTING_YEARS} years {chance(lasts.value)}."
    )
    sentence = " ".join(part for part in (ceiling, soon))
    title = "What the current framework allows, and how long it may last"
    return _claim(theory.CEILING, result, title, sentence, room | _values(new_framework=change, lasts=lasts))


def _describe_ceiling(frameworks: "Frameworks") -> tuple[str, dict[str, float]]:
    headroom, era = frameworks.headroom, frameworks.eras[-1]
    if isinstance(headroom, NotDefined) or isinstance(era.ceiling, NotDefined):
        return "This model has no ceiling.", {}
    learning = headroom.learning
    verdict = "moved" if learning.moved else "did not move"
    sentence = (
        f"The ceiling of “{era.name}” stands {_interval(headroom.room)} points above the present trend; the chance "
        f"that the trend is within 5 points of it is {chance(headroom.near.value)}. The data {verdict} this ceiling "
        f"(its spread is {learning.sd_ratio:.2f} times that of {learning.compared_with})"
        f"{': it is an assumption, not a finding' if frameworks.ceiling_assumed else ''}."
    )
    numbers = _medians(ceiling=era.ceiling, room=headroom.room) | _values(near=headroom.near)
    if isinstance(headroom.reach, Estimate):
        sentence += (
            f" A technical improvement, the cycle at its 95 % quantile while the trend stays, reaches "
            f"{_interval(headroom.reach)} points above the present level."
        )
        numbers |= _medians(reach=headroom.reach)
    return sentence, numbers | {"sd_ratio": learning.sd_ratio}


def _pendulum(result: Assessment) -> Claim:
    half_life, back, zone = result.pendulum.half_life, result.pendulum.back, result.pendulum.zone
    longest = result.horizons[-1]
    parts: list[str] = []
    numbers: dict[str, float] = {}
    if isinstance(half_life, Estimate):
        parts.append(f"The half-life is {_interval(half_life)} months.")
        numbers |= _medians(half_life=half_life)
    if not isinstance(back, NotDefined):
        parts.append(
            f"The chance of reaching the equilibrium of “{back.era}” ({number(back.equilibrium.median, 0)}) "
            f"within {longest} months is {chance(back.passage.by[longest].value)}."
        )
        numbers |= _values(back=back.passage.by[longest])
    parts.append(
        f"The chance of being in the hostile zone, a share below {zone.below:g}, is {chance(zone.now.value)} "
        f"now and {chance(zone.ahead[longest].value)} in {longest} months; from {zone.inside:g} points inside, "
        f"leaving it takes {_passage_in_words(zone.way_out)}."
    )
    numbers |= _values(zone_now=zone.now, zone_ahead=zone.ahead[longest], way_out=zone.way_out.by[longest])
    return _claim(
        theory.PENDULUM, result, "Hard to go back, and as hard to stay in an extreme", " ".join(parts), numbers
    )


def _nature(result: Assessment) -> Claim:
    versus = result.contrast
    if isinstance(versus, NotDefined):
        return _not_defined(theory.NATURE, result, "Not inherently hostile", versus)
    item, verb = versus.equilibrium, "comes to rest at"
    if isinstance(item, NotDefined):
        item, verb = versus.mean, "averages"
    sentence = (
        f"Under “{versus.first_era}” the share of {result.label} {verb} {_interval(item.first)}, that of "
        f"{versus.second_label} under “{versus.second_era}” {_interval(item.second)}; the chance that the "
        f"first is higher is {chance(item.greater.value)}."
    )
    title = f"Not inherently hostile, unlike {versus.second_label} under “{versus.second_era}”"
    numbers = _medians(first=item.first, second=item.second) | _values(greater=item.greater)
    return _claim(theory.NATURE, result, title, sentence, numbers)


def _balance(result: Assessment) -> Claim:
    title, area, longest = "The pendulum settles in a middle ground", result.band, result.horizons[-1]
    if isinstance(area, NotDefined):
        return _not_defined(theory.BALANCE, result, title, area)
    sentence = (
        f"The equilibrium band of the current framework runs from {number(area.low.median, 0)} to "
        f"{number(area.high.median, 0)}. The chance of being inside is {chance(area.inside_now.value)} now and "
        f"{chance(area.inside[longest].value)} in {longest} months; entering it takes {_passage_in_words(area.entry)}."
    )
    numbers = _medians(low=area.low, high=area.high)
    return _claim(
        theory.BALANCE, result, title, sentence, numbers | _values(now=area.inside_now, ahead=area.inside[longest])
    )


def _improvement(result: Assessment) -> Claim:
    outlook = result.improvement[main_horizon(result.horizons)]
    chances = printed_chances(outlook)
    sentence = (
        f"The chance of an improvement of at least {_points(result)} by {_period(result, outlook.until)} is "
        f"{chances['improvement']}: {improvement_in_parts(result, chances['technical'], chances['structural'])}."
    )
    numbers = {name: getattr(outlook, name).value for name in ("improvement", "technical", "structural")}
    return _claim(theory.IMPROVEMENT, result, "Improvement is technical, inside the framework", sentence, numbers)


def improvement_in_parts(result: Assessment, technical: str, structural: str) -> str:
    """Return in words which part of an improvement is technical, and which structural."""
    if result.moving:
        return f"{technical} while the trend stays (technical) and {structural} by a rise of the trend (structural)"
    return f"{technical} inside the current framework (technical) and {structural} with a new one (structural)"


def _conclusion(result: Assessment) -> Claim:
    longest, zone = result.horizons[-1], result.pendulum.zone
    outlook = result.improvement[longest]
    chances = printed_chances(outlook)
    sentence = (
        f"In {longest} months relations are at least {_points(result)} better with a chance of "
        f"{chances['improvement']}, at least {_points(result)} worse with {chances['deterioration']} and in between "
        f"with {chances['stability']}; the chance of being in the hostile zone is "
        f"{chance(zone.now.value)} now and {chance(zone.ahead[longest].value)} then."
    )
    numbers = {name: getattr(outlook, name).value for name in ("improvement", "stability", "deterioration")}
    numbers |= _values(zone_now=zone.now, zone_ahead=zone.ahead[longest])
    return _claim(theory.CONCLUSION, result, "No extreme for long; hope for the more moderate", sentence, numbers)


def _not_defined(statement: Statement, result: Assessment, title: str, absent: NotDefined) -> Claim:
    return _claim(statement, result, title, f"Not defined here: {absent.reason}.", {})


def _claim(statement: Statement, result: Assessment, title: str, sentence: str, numbers: Mapping[str, float]) -> Claim:
    return Claim(statement.code, title, statement.about(result.dyad), sentence, numbers)


def _points(result: Assessment) -> str:
    return count(result.smallest_improvement, "point")


def _period(result: Assessment, last: date) -> str:
    return period(last, weekly=result.weekly)


def _interval(value: Estimate) -> str:
    return interval_in_words(value.median, value.low, value.high)


def _difference(value: Estimate, above: str, below: str) -> str:
    """Format a difference by its size and side: ``12 points more (90 % interval 5 to 20)``."""
    sign, word = (1, above) if value.median >= 0 else (-1, below)
    low, high = sorted((sign * value.low, sign * value.high))
    return interval_in_words(sign * value.median, low, high, unit=f"points {word}")


def _passage_in_words(passage: "Passage") -> str:
    if passage.median is None:
        return f"more than {passage.limit} months in most futures"
    if round(passage.median) < 2:
        return "less than two months in half of the futures"
    return f"up to {number(passage.median, 0)} months in half of the futures"


def _medians(**estimates: Estimate) -> dict[str, float]:
    return {name: value.median for name, value in estimates.items()}


def _values(**chances: Probability) -> dict[str, float]:
    return {name: value.value for name, value in chances.items()}


@checked(
    fit=FIT,
    dyad=DYAD,
    horizons=HORIZONS,
    seed=whole(0),
    since=DATE,
    smallest_improvement=NUMBER,
    contrast_with=DYAD,
    contrast_era=TEXT,
    labels=MAPPING,
    futures_per_draw=whole(1),
    extreme_share=NUMBER,
    band_mass=NUMBER,
    above=NUMBER,
    at=DATE,
    by=DATE,
    at_least=AT_LEAST,
)
def assess(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    since: date | None = None,
    smallest_improvement: float = 5.0,
    contrast_with: str = "USA-RUS",
    contrast_era: str = "confrontation",
    labels: Mapping[str, str] | None = None,
    futures_per_draw: int = 4,
    extreme_share: float = 30.0,
    band_mass: float = 0.5,
    above: float | None = None,
    at: date | None = None,
    by: date | None = None,
    at_least: Sequence[AtLeast] = (),
) -> Assessment:
    """Compute the outlook of a dyad from one set of simulations.

    The futures reach ten years, so that passage times can be estimated; the horizons are read from the same futures.

    Parameters
    ----------
    fit : FitLike
        Posterior, panel and settings.
    dyad : str
        Code.
    horizons : sequence of int
        Months, 1 to 120.
    seed : int
        The same seed gives the same numbers, whatever else is assessed.
    since : datetime.date, optional
        From when the record counts (the dyad's reference date); the panel's start if not given.
    smallest_improvement : float
        Points of share that count as a change.
    contrast_with, contrast_era : str
        Dyad and era to compare with.
    labels : mapping of str to str, optional
        Names of dyads for readers, by code.
    futures_per_draw : int
        Simulations per posterior draw.
    extreme_share : float
        Upper edge of the hostile zone, points of share.
    band_mass : float
        Part of the stationary distribution inside the equilibrium band.
    above : float, optional
        A share, percent: the chance that what is recorded reaches it is in `Assessment.threshold`, by horizon.
    at : datetime.date, optional
        In place of horizons: a day of the month with which the window ahead ends.
    by : datetime.date, optional
        With `above`: the share of the preceding months is to reach it at the end of any month up to this one. These
        are as many months as the horizon nearest to a year.
    at_least : sequence of AtLeast
        Numbers of events of a kind, such as ``AtLeast("violence", 3, 12)``: their chances are in
        `Assessment.at_least`.

    Returns
    -------
    Assessment

    Raises
    ------
    SpecError
        If a setting makes no sense.
    UnknownDyadError
        If the fit does not hold the dyad.

    Examples
    --------
    >>> from forecast.outlook import assess
    >>> print(assess(fit, "USA-CHN", seed=1).headline)  # doctest: +SKIP
    """
    own, kind = dyad_draws(fit, dyad), panel_kind(fit.panel)
    query = Query.of(fit.panel, dyad, horizons, above=above, at=at, by=by, at_least=at_least)
    ordered = query.horizons
    futures = simulate_futures(fit, dyad, LONGEST_HORIZON, seed=seed, futures_per_draw=futures_per_draw)
    hazard = structural_hazard(fit.panel)
    observed = observe(fit, futures, query.reach, seed=seed)
    names = dict(labels or {})
    ahead = prospect(fit, futures, observed, query, names.get(dyad, dyad), smallest_improvement)
    expected = {months: outlook.new_framework for months, outlook in ahead.improvement.items()}
    result = Assessment(
        schema=SCHEMA,
        dyad=dyad,
        label=names.get(dyad, dyad),
        origin=own.clock.last_day(),
        weekly=own.clock.weekly,
        horizons=ordered,
        smallest_improvement=smallest_improvement,
        seed=seed,
        draws=own.size[0] * own.size[1],
        futures=own.size[0] * own.size[1] * futures_per_draw,
        headline="",
        recorded=ahead.recorded,
        threshold=ahead.threshold,
        of_a_kind=ahead.of_a_kind,
        at_least=ahead.at_least,
        improvement=ahead.improvement,
        standing=standing(own, since),
        last_break=last_break(own, smallest_improvement),
        frameworks=Frameworks(
            eras=tuple(framework(own, era, seed=seed, band_mass=band_mass) for era in range(len(own.eras))),
            headroom=headroom(own, seed=seed),
            change=change(hazard, hazard.draws(own.size, seed), expected),
        ),
        pendulum=pendulum(own, futures, ordered, seed=seed, extreme_share=extreme_share),
        contrast=_contrast(fit, own, contrast_with, contrast_era, names),
        band=band(own, futures, ordered, band_mass),
        kinds=kind_series(fit, dyad),
        fan=ahead.fan,
        claims=(),
        measure=kind.measure,
        scale=kind.scale,
        moving=futures.moving,
        record_weight=float(fit.spec.record_weight),
        drivers=driver_outlooks(fit, dyad),
        datasets=dataset_outlooks(fit, dyad, seed=seed),
    )
    return replace(result, headline=headline(result), claims=claims(result))


def brief(
    fit: FitLike,
    dyad: str,
    horizons: Sequence[int] = (3, 6, 12, 24),
    *,
    seed: int = 1,
    smallest_improvement: float = 5.0,
    labels: Mapping[str, str] | None = None,
    at: date | None = None,
) -> Brief:
    """Compute the summary of a dyad for comparison: as `assess` does, from simulations to the headline's horizon."""
    own, label = dyad_draws(fit, dyad), dict(labels or {}).get(dyad, dyad)
    months = main_horizon(Query.of(fit.panel, dyad, horizons, at=at).horizons)
    futures = simulate_futures(fit, dyad, months, seed=seed)
    observed, level = observe(fit, futures, months, seed=seed), present(own)
    window = None
    if not isinstance(observed, NotDefined):
        window = window_outlook(Recording.of(fit, futures, observed, label), months, smallest_improvement)
    if window is None or isinstance(window.up, NotDefined):
        sentence = change_sentence(
            horizon_outlook(futures, months, smallest_improvement), level, label, own.clock.last_day(),
            improvement=smallest_improvement, weekly=own.clock.weekly,
        )  # fmt: skip
    else:
        sentence = window.sentence
    return Brief(
        dyad, label, own.clock.last_day(), sentence, level, equilibrium(own), half_life(own), kind_series(fit, dyad)
    )


def _contrast(fit: FitLike, own: DyadDraws, other: str, era: str, labels: Mapping[str, str]) -> Contrast | NotDefined:
    if other == own.dyad:
        return NotDefined("the dyad is the one that others are compared with")
    if other not in fit.panel["dyad"].to_numpy():
        return NotDefined(f"{labels.get(other, other)} is not part of this fit")
    return contrast(own, dyad_draws(fit, other), era, labels.get(other, other))
