"""The level in simulations: mean reversion (S5), equilibrium band (S8), horizons (S9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.base.dates import Clock
from forecast.base.errors import SpecError
from forecast.base.typing import Bool, Float
from forecast.base.wording import chance, whole_percents
from forecast.outlook.draws import NO_CYCLE, QUANTILES, DyadDraws
from forecast.outlook.observed import SimulatedEvents
from forecast.outlook.simulations import Simulations
from forecast.outlook.summary import (
    Estimate,
    NotDefined,
    Probability,
    estimate,
    on_grid,
    probability,
)

PASSAGE_MONTHS = 12
"""Passages are of means over so many months: a single month's level crosses anything near it within
a year or two."""
THROUGHOUT_MONTHS = 6
"""Months in which the level is inside the band without a break, to count as settled."""
SHORT_MONTHS = 60
"""Months: a shorter half-life is called short."""
RECENT_MONTHS = 120
"""Months of the record whose stays in the hostile zone are counted."""
ZONE_DEPTH = 5.0
"""Points of share inside the hostile zone from which the way out is simulated."""


def yearly_means(past: NDArray[Any], ahead: Float, clock: Clock) -> Float:
    """Return means of the share over the twelve months up to the present and each period ahead.

    `past` are the shares up to the present, (chain, draw, period); a short record has fewer than
    twelve months of them. `ahead` are those of simulations, (chain, draw, simulation, period), from
    the present.
    """
    span = clock.periods(PASSAGE_MONTHS)
    recent = past[..., None, -span:]
    before = np.broadcast_to(recent, (*ahead.shape[:-1], recent.shape[-1]))
    path = np.concatenate([before, ahead[..., 1:]], axis=-1, dtype=np.float64)
    sums = np.cumsum(np.concatenate([np.zeros_like(path[..., :1]), path], axis=-1), axis=-1)
    ends = np.arange(recent.shape[-1], path.shape[-1] + 1)
    starts = np.maximum(ends - span, 0)
    return np.asarray((sums[..., ends] - sums[..., starts]) / (ends - starts))


def reaches(share: Float, target: Float) -> Bool:
    """Return whether the share is at or across `target` (chain, draw), seen from its present side.

    A share exactly on the target is there at once.
    """
    side = np.sign(target - share[:, :, 0, 0])[..., None, None]
    return np.asarray((share - target[..., None, None]) * side >= 0)


@dataclass(frozen=True)
class Passage:
    """Distribution of the time until the mean level of twelve months first gets somewhere."""

    target: str  # In words
    by: Mapping[int, Probability]  # Reached within so many months
    beyond: Probability  # Not reached within `limit` months
    limit: int  # Months simulated
    median: float | None  # Median time; None beyond the limit
    times: Float = field(repr=False)  # Months, 0 to the limit
    # Probability of first reaching it then; sums with `beyond` to 1
    mass: Float = field(repr=False)


def passage(
    arrived: Bool, clock: Clock, horizons: Sequence[int], limit: int, target: str
) -> Passage:
    """Summarise when something first happens.

    Parameters
    ----------
    arrived : array of bool, (chain, draw, simulation, period)
        Where it is the case; period 0 is the present.
    clock : Clock
        Periods and months.
    horizons : sequence of int
        Months for which chances are given.
    limit : int
        Months simulated.
    target : str
        What is reached, in words.

    Returns
    -------
    Passage
        Times in months, chances from 0 to 1.
    """
    reached = np.logical_or.accumulate(arrived, axis=-1)
    cumulative = np.array([on_grid(here) for here in reached.mean(axis=(0, 1, 2))])
    times = clock.months(arrived.shape[-1] - 1)
    half = np.flatnonzero(cumulative >= 0.5)
    by = {
        months: probability(
            reached[..., clock.periods(months)],
            f"the mean level of {PASSAGE_MONTHS} months first reaches {target} within {months} "
            "months",
        )
        for months in horizons
    }
    never = probability(
        ~reached[..., -1],
        f"the mean level of {PASSAGE_MONTHS} months does not reach {target} within {limit} months",
    )
    return Passage(
        target=target,
        by=by,
        beyond=replace(never, value=1 - float(cumulative[-1])),
        limit=limit,
        median=float(times[half[0]]) if half.size else None,
        times=times,
        mass=np.diff(cumulative, prepend=0.0),
    )


@dataclass(frozen=True)
class EquilibriumBand:
    """The equilibrium band of the current framework, and when the yearly mean enters it."""

    mass: float  # Central part of the stationary distribution
    low: Estimate  # Lower edge, points
    high: Estimate  # Upper edge
    inside_now: Probability  # The level is inside
    entry: Passage  # Time until the mean level of twelve months first is inside
    inside: Mapping[int, Probability]  # Inside so many months ahead
    throughout: Mapping[int, Probability]  # Inside in every month of the last six up to then


def band(
    draws: DyadDraws, simulations: Simulations, horizons: Sequence[int], mass: float = 0.5
) -> EquilibriumBand | NotDefined:
    """Compute the equilibrium band of the current framework, and when simulations enter it.

    The band is the central part of the stationary distribution of the level that the current
    framework implies, draw by draw: trend plus and minus some standard deviations of the cycle.
    """
    low, high = draws.band(-1, mass)
    if low is None or high is None:
        return NotDefined(NO_CYCLE)
    means = yearly_means(draws.share, simulations.share, simulations.clock)
    inside, entered = (
        (values >= low[..., None, None]) & (values <= high[..., None, None])
        for values in (simulations.share, means)
    )
    words = f"the equilibrium band of “{draws.eras[-1].name}”"
    edge = (
        f"edge of the central {mass:.0%} of the level's stationary distribution under "
        f"“{draws.eras[-1].name}”"
    )
    name = simulations.clock.name
    position = simulations.at
    span = simulations.clock.periods(THROUGHOUT_MONTHS)
    entry = passage(entered, simulations.clock, horizons, simulations.months, words)
    return EquilibriumBand(
        mass=mass,
        low=estimate(low, "points of share", f"lower {edge}"),
        high=estimate(high, "points of share", f"upper {edge}"),
        inside_now=probability(inside[..., 0, 0], f"the share of {name()} is inside {words}"),
        entry=entry,
        inside={
            h: probability(inside[..., position(h)], f"the share of {name(h)} is inside {words}")
            for h in horizons
        },
        throughout={
            h: probability(
                inside[..., max(1, position(h) - span + 1) : position(h) + 1].all(axis=-1),
                f"the share is inside {words} throughout the {min(h, THROUGHOUT_MONTHS)} months to "
                f"{name(h)}",
            )
            for h in horizons
        },
    )


@dataclass(frozen=True)
class Return:
    """The way back to the long-run mean of the previous era."""

    era: str  # Name of the previous era
    equilibrium: Estimate  # Its equilibrium, points of share
    above: Probability  # It lies above the mean level of the last twelve months
    passage: Passage  # Time until the mean level of twelve months first gets there


@dataclass(frozen=True)
class HostileZone:
    """Duration of stays below the extreme share."""

    below: float  # Upper edge, points
    now: Probability  # The level is in the zone
    recent_months: Estimate  # Months of the last `recent_span` in the zone
    recent_span: int  # Ten years, or all data
    spell: Estimate  # Mean length of past spells in the zone, months; 0 without one
    ahead: Mapping[int, Probability]  # The level is in the zone so many months ahead
    # Time until the mean level of twelve months has left the zone by mean reversion of the current
    # era, after twelve months at `inside` points inside
    way_out: Passage
    inside: float  # Points inside the zone where it begins


@dataclass(frozen=True)
class Pendulum:
    """Quantities of claim S5."""

    trend: Estimate  # Mean of the trend over the baseline's months
    deviation: Estimate  # Mean of the level over these months less that of the trend, points
    half_life: Estimate | NotDefined  # Months until half of a deviation is gone
    short: Probability | NotDefined  # It is below 60 months
    back: Return | NotDefined  # Return to the previous era's equilibrium
    zone: HostileZone  # Time in the extreme


def pendulum(
    draws: DyadDraws,
    simulations: Simulations,
    released: Float,
    horizons: Sequence[int],
    extreme_share: float = 30.0,
) -> Pendulum:
    """Compute half-life, return to the previous era's equilibrium, and time in the hostile zone.

    `released` are shares simulated from `INSIDE` points inside that zone (`simulate_from`).
    """
    trend = simulations.trend_before[..., 0]
    fades = half_life(draws)
    back = _return_to_previous(draws, simulations, horizons)
    zone = _hostile_zone(draws, simulations, released, horizons, extreme_share)
    return Pendulum(
        trend=estimate(trend, "points of share", "mean of the trend over the baseline's months"),
        deviation=estimate(
            simulations.before[..., 0] - trend,
            "points of share",
            "mean of the level over the baseline's months less that of the trend",
        ),
        half_life=fades,
        short=NotDefined(NO_CYCLE)
        if draws.half_life is None
        else probability(
            draws.half_life < SHORT_MONTHS, f"the half-life is below {SHORT_MONTHS} months"
        ),
        back=back,
        zone=zone,
    )


def half_life(draws: DyadDraws) -> Estimate | NotDefined:
    """Return the half-life of the cycle, months."""
    words = "time in which half of a deviation from the trend is undone"
    return (
        NotDefined(NO_CYCLE)
        if draws.half_life is None
        else estimate(draws.half_life, "months", words)
    )


def _return_to_previous(
    draws: DyadDraws, simulations: Simulations, horizons: Sequence[int]
) -> Return | NotDefined:
    if draws.cycle is None:
        return NotDefined(NO_CYCLE)
    if len(draws.eras) < 2:
        return NotDefined("the panel sees only one era of the dyad")
    name = draws.eras[-2].name
    target = draws.equilibrium(-2)
    assert target is not None
    means = yearly_means(draws.share, simulations.share, simulations.clock)
    words = f"the equilibrium of “{name}”"
    arrived = reaches(means, target)
    passage_out = passage(arrived, simulations.clock, horizons, simulations.months, words)
    return Return(
        era=name,
        equilibrium=estimate(target, "points of share", words),
        above=probability(
            target > means[:, :, 0, 0],
            f"{words} lies above the mean share of the last {PASSAGE_MONTHS} months",
        ),
        passage=passage_out,
    )


def _hostile_zone(
    draws: DyadDraws,
    simulations: Simulations,
    released: Float,
    horizons: Sequence[int],
    below: float,
) -> HostileZone:
    record = draws.share < below
    inside = simulations.share < below
    recent = record[..., -draws.clock.periods(RECENT_MONTHS) :]
    span = round(recent.shape[-1] / draws.clock.per_month)
    words = f"the hostile zone, a share below {below:g}"
    name = simulations.clock.name
    edge = f"{below:g}, from {below - ZONE_DEPTH:g} under “{draws.eras[-1].name}” alone,"
    begun = (record[..., 1:] & ~record[..., :-1]).sum(axis=-1) + record[..., 0]
    spell = record.sum(axis=-1) / np.maximum(begun, 1) / draws.clock.per_month
    stayed = np.repeat(released[:, :, 0, :1], draws.clock.periods(PASSAGE_MONTHS), axis=-1)
    outside = yearly_means(stayed, released, draws.clock) >= below
    way_out = passage(
        outside, simulations.clock, horizons, simulations.months, f"a share of {edge}"
    )
    return HostileZone(
        below=below,
        now=probability(inside[..., 0, 0], f"the share of {name()} is in {words}"),
        recent_months=estimate(
            recent.sum(axis=-1) / draws.clock.per_month,
            "months",
            f"months of the last {span} spent in {words}",
        ),
        recent_span=span,
        spell=estimate(
            spell, "months", f"mean length of the record's spells in {words} (0 if it has none)"
        ),
        ahead={
            h: probability(inside[..., simulations.at(h)], f"the share of {name(h)} is in {words}")
            for h in horizons
        },
        way_out=way_out,
        inside=ZONE_DEPTH,
    )


@dataclass(frozen=True)
class HorizonOutlook:
    """The outlook at one horizon.

    `improvement + stability + deterioration == 1` and `technical + structural == improvement`,
    exactly.
    """

    months: int  # The horizon h
    until: date  # Last day of the window
    level: Estimate  # Mean expected share over the window
    before: Estimate  # Mean expected share over the baseline's months
    improvement: Probability  # At least the smallest improvement above the baseline
    stability: Probability  # Less than that away
    deterioration: Probability  # At least that much below
    # Improvement without as large a rise of the trend; with a constant trend, without a new
    # framework
    technical: Probability
    structural: Probability  # The rest of improvement
    new_framework: Probability  # A new framework has come


def horizon_outlook(
    simulations: Simulations, months: int, improvement: float = 5.0
) -> HorizonOutlook:
    """Compute the outlook at one horizon.

    Parameters
    ----------
    simulations : Simulations
        At least as long as the horizon.
    months : int
        The horizon.
    improvement : float
        Points of share that count as a change.

    Returns
    -------
    HorizonOutlook
        Chances from 0 to 1, that add up exactly, and levels in points of share.

    Raises
    ------
    SpecError
        If the improvement is not above zero, or the simulations are too short.
    """
    if improvement <= 0:
        raise SpecError(f"improvement: {improvement:g} is not above 0 points of share.")
    clock = simulations.clock
    last = simulations.at(months)
    mean = simulations.share[..., 1 : last + 1].mean(axis=-1)
    change = mean - simulations.before
    better = change >= improvement
    worse = change <= -improvement
    points = f"{improvement:g} points"
    present = "that of the baseline"
    window = f"the mean share over the {clock.span(months)} to {clock.name(months)}"
    higher = probability(better, f"{window} is at least {points} above {present}")
    deterioration = probability(worse, f"{window} is at least {points} below {present}")
    stability = probability(~(better | worse), f"{window} is less than {points} from {present}")
    arrived = simulations.broken[..., last]
    structurally = arrived
    without = "with no new framework by then"
    with_it = "and a new framework has come by then"
    if simulations.moving:
        rise = simulations.trend[..., 1 : last + 1].mean(axis=-1) - simulations.trend_before
        structurally = rise >= improvement
        without, with_it = (
            f"the mean of the trend {has} risen by {points}" for has in ("has not", "has")
        )
    technical = probability(better & ~structurally, f"{higher.definition}, {without}")
    structural = probability(better & structurally, f"{higher.definition}, {with_it}")
    return HorizonOutlook(
        months=months,
        until=clock.last_day(months),
        level=estimate(mean, "points of share", window),
        before=estimate(
            simulations.before, "points of share", "mean share over the months of the baseline"
        ),
        improvement=higher,
        stability=replace(stability, value=1 - higher.value - deterioration.value),
        deterioration=deterioration,
        technical=technical,
        structural=replace(structural, value=higher.value - technical.value),
        new_framework=probability(
            arrived, f"a new strategic framework has come by {clock.name(months)}"
        ),
    )


def printed_percents(outlook: HorizonOutlook) -> dict[str, int]:
    """Return a horizon's chances in whole percents that add up as printed, by name.

    Improvement, stability and deterioration make 100, technical and structural make improvement; so
    a percent may differ by one from the plain rounding of its chance. Print these wherever whole
    percents are shown.
    """
    three = ("improvement", "stability", "deterioration")
    values = [getattr(outlook, name).value for name in three]
    percents = dict(zip(three, whole_percents(values, 100), strict=True))
    parts = whole_percents(
        [outlook.technical.value, outlook.structural.value], percents["improvement"]
    )
    return percents | dict(zip(("technical", "structural"), parts, strict=True))


def printed_chances(outlook: HorizonOutlook) -> dict[str, str]:
    """Return a horizon's chances in percents that add up, by name (see `printed_percents`)."""
    return {name: chance(whole / 100) for name, whole in printed_percents(outlook).items()}


@dataclass(frozen=True)
class Fan:
    """Quantiles of the future, period by period."""

    months: Float = field(repr=False)  # Months ahead, from 0
    quantiles: tuple[float, ...]  # 5, 25, 50, 75 and 95%
    share: Float = field(repr=False)  # Expected share, points
    # Observed share of the period; period 0 is NaN
    observed: Float | NotDefined = field(repr=False)


def fan(simulations: Simulations, months: int, observed: SimulatedEvents | NotDefined) -> Fan:
    """Compute the quantiles of the simulations."""
    stop = simulations.clock.periods(months) + 1
    return Fan(
        months=simulations.clock.months(stop - 1),
        quantiles=QUANTILES,
        share=quantiles_of_valid(simulations.share[..., :stop]),
        observed=observed
        if isinstance(observed, NotDefined)
        else quantiles_of_valid(observed.share[..., :stop]),
    )


def quantiles_of_valid(values: Float) -> Float:
    """Return quantiles (quantile, period) of simulations (..., period) without what is missing.

    NaN where all is.
    """
    periods = [values[..., period].ravel() for period in range(values.shape[-1])]
    seen = [period[~np.isnan(period)] for period in periods]
    missing = np.full(len(QUANTILES), np.nan)
    return np.stack(
        [np.quantile(period, QUANTILES) if period.size else missing for period in seen], axis=1
    )
