"""Mean reversion (S5) and middle ground (S8): half-life, first passages, hostile zone, equilibrium band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from forecast.dates import Clock
from forecast.errors import SpecError
from forecast.numeric import share
from forecast.outlook.draws import NO_CYCLE, DyadDraws
from forecast.outlook.simulations import Simulations, simulate_from
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, on_grid, probability
from forecast.typing import Bool, Float


@dataclass(frozen=True)
class Passage:
    """Distribution of the time until the level first gets somewhere."""

    target: str  # Where, in words
    by: Mapping[int, Probability]  # It has got there within so many months
    beyond: Probability  # It has not got there within `limit` months
    limit: int  # Months simulated
    median: float | None  # Median time in months; None if that is beyond the limit
    times: Float  # Months from now, 0 to the limit
    mass: Float  # Probability of first getting there in that period; with `beyond` it sums to exactly 1


def passage(there: Bool, clock: Clock, horizons: Sequence[int], limit: int, target: str) -> Passage:
    """Summarise when something first happens."""
    reached = np.logical_or.accumulate(there, axis=-1)
    cumulative = np.array([on_grid(here) for here in reached.mean(axis=(0, 1, 2))])
    times = clock.months(there.shape[-1] - 1)
    half = np.flatnonzero(cumulative >= 0.5)
    by = {
        months: probability(
            reached[..., clock.periods(months)], f"the level first reaches {target} within {months} months"
        )
        for months in horizons
    }
    never = probability(~reached[..., -1], f"the level does not reach {target} within {limit} months")
    return Passage(
        target=target,
        by=by,
        beyond=replace(never, value=1 - float(cumulative[-1])),
        limit=limit,
        median=float(times[half[0]]) if half.size else None,
        times=times,
        mass=np.diff(cumulative, prepend=0.0),
    )


def crosses(share: Float, target: Float) -> Bool:
    """Return whether the share is at or across `target` (chain, draw), seen from its present side.

    A level exactly on the target is there at once.
    """
    side = np.sign(target - share[:, :, 0, 0])[..., None, None]
    return np.asarray((share - target[..., None, None]) * side >= 0)


def mean_spell(there: Bool, clock: Clock) -> Float:
    """Mean length in months of the spells for which something lasts, (...); 0 where it never does."""
    begun = (there[..., 1:] & ~there[..., :-1]).sum(axis=-1) + there[..., 0]
    return np.asarray(there.sum(axis=-1) / np.maximum(begun, 1) / clock.per_month)


@dataclass(frozen=True)
class EquilibriumBand:
    """The equilibrium band of the current framework, and when the level enters it."""

    mass: float  # Part of the stationary distribution inside the band, the central one
    low: Estimate  # Its edges, points of share
    high: Estimate
    inside_now: Probability  # The level is inside now
    entry: Passage  # When the level first is inside; time 0 if it is inside now
    inside: Mapping[int, Probability]  # The level is inside so many months from now
    # It is inside in every month of the last six up to then (of all months ahead, if they are fewer).
    throughout: Mapping[int, Probability]


THROUGHOUT_MONTHS = 6


def band_edges(own: DyadDraws, era: int, mass: float) -> tuple[Float | None, Float | None]:
    """Return the edges (chain, draw), points of share, of an era's equilibrium band; None without a cycle."""
    if not 0 < mass < 1:
        raise SpecError(f"band_mass: {mass:g} is not between 0 and 1.")
    deviations = NormalDist().inv_cdf(0.5 + mass / 2)
    return own.rest(era, -deviations), own.rest(era, deviations)


def band(
    own: DyadDraws, simulations: Simulations, horizons: Sequence[int], mass: float = 0.5
) -> EquilibriumBand | NotDefined:
    """Compute the equilibrium band of the current framework, and when simulations enter it.

    The band is the central part of the stationary distribution of the level that the current framework
    implies, draw by draw: trend plus and minus some standard deviations of the cycle.
    """
    low, high = band_edges(own, -1, mass)
    if low is None or high is None:
        return NotDefined(NO_CYCLE)
    inside = (simulations.share >= low[..., None, None]) & (simulations.share <= high[..., None, None])
    words = f"the equilibrium band of “{own.eras[-1].name}”"
    edge = f"edge of the central {mass:.0%} of the level's stationary distribution under “{own.eras[-1].name}”"
    name, at, span = simulations.clock.name, simulations.at, simulations.clock.periods(THROUGHOUT_MONTHS)
    return EquilibriumBand(
        mass=mass,
        low=estimate(low, "points of share", f"lower {edge}"),
        high=estimate(high, "points of share", f"upper {edge}"),
        inside_now=probability(inside[..., 0, 0], f"the share of {name()} is inside {words}"),
        entry=passage(inside, simulations.clock, horizons, simulations.months, words),
        inside={h: probability(inside[..., at(h)], f"the share of {name(h)} is inside {words}") for h in horizons},
        throughout={
            h: probability(
                inside[..., max(1, at(h) - span + 1) : at(h) + 1].all(axis=-1),
                f"the share is inside {words} throughout the {min(h, THROUGHOUT_MONTHS)} months to {name(h)}",
            )
            for h in horizons
        },
    )


@dataclass(frozen=True)
class Return:
    """The way back to where the previous era came to rest."""

    era: str  # Name of the previous era
    equilibrium: Estimate  # Its equilibrium, points of share
    above: Probability  # It lies above the present level, so that the way back is up
    passage: Passage  # When the level first gets there, whatever frameworks come on the way


@dataclass(frozen=True)
class HostileZone:
    """Duration of stays below the extreme share."""

    below: float  # Upper edge of the zone, points of share
    now: Probability  # The level is in the zone now
    recent_months: Estimate  # Months of the last `recent_span` months spent in the zone
    recent_span: int  # Ten years, or the whole record if it is shorter
    spell: Estimate  # Mean length in months of the record's spells in the zone; 0 where a draw's record has none
    ahead: Mapping[int, Probability]  # The level is in the zone so many months from now
    way_out: Passage  # Time to leave the zone under the current framework alone, from `inside` points inside
    inside: float  # Points of share inside the zone from which the way out begins


@dataclass(frozen=True)
class Pendulum:
    """Quantities of claim S5."""

    trend: Estimate  # Mean of the trend over the months of the baseline, points of share
    deviation: Estimate  # Mean of the level over these months less that of the trend, points
    half_life: Estimate | NotDefined  # Months in which half of a deviation from the trend is undone
    short: Probability | NotDefined  # The half-life is below 60 months
    back: Return | NotDefined  # The way back to the previous era's equilibrium
    zone: HostileZone  # Staying in the extreme


SHORT_MONTHS = 60
RECENT_MONTHS = 120
INSIDE = 5.0


def pendulum(
    own: DyadDraws, simulations: Simulations, horizons: Sequence[int], *, seed: int, extreme_share: float = 30.0
) -> Pendulum:
    """Compute the half-life, the return to the previous era's equilibrium, and the time in the hostile zone."""
    if not INSIDE < extreme_share < 100:
        raise SpecError(f"extreme_share: {extreme_share:g} is not between {INSIDE:g} and 100 points of share.")
    zone = _hostile_zone(own, simulations, horizons, seed, extreme_share)
    trend = estimate(
        simulations.trend_before[..., 0], "points of share", "mean of the trend over the baseline's months"
    )
    gap = simulations.before[..., 0] - simulations.trend_before[..., 0]
    deviation = estimate(gap, "points of share", "mean of the level over the baseline's months less that of the trend")
    if own.cycle is None:
        absent = NotDefined(NO_CYCLE)
        return Pendulum(trend, deviation, absent, absent, absent, zone)
    months = own.scalars["cycle_half_life"] / own.clock.per_month
    return Pendulum(
        trend=trend,
        deviation=deviation,
        half_life=half_life(own),
        short=probability(months < SHORT_MONTHS, f"the half-life is below {SHORT_MONTHS} months"),
        back=_return_to_previous(own, simulations, horizons),
        zone=zone,
    )


def half_life(own: DyadDraws) -> Estimate | NotDefined:
    """Return the half-life of the cycle, months."""
    if own.cycle is None:
        return NotDefined(NO_CYCLE)
    months = own.scalars["cycle_half_life"] / own.clock.per_month
    return estimate(months, "months", "time in which half of a deviation from the trend is undone")


def _return_to_previous(own: DyadDraws, simulations: Simulations, horizons: Sequence[int]) -> Return | NotDefined:
    if len(own.eras) < 2:
        return NotDefined("the panel sees only one era of the dyad")
    target = own.rest(-2)
    assert target is not None
    name = own.eras[-2].name
    words = f"the equilibrium of “{name}”"
    return Return(
        era=name,
        equilibrium=estimate(target, "points of share", words),
        above=probability(target > share(own.level_now), f"{words} lies above the share of {own.clock.name()}"),
        passage=passage(crosses(simulations.share, target), simulations.clock, horizons, simulations.months, words),
    )


def _hostile_zone(
    own: DyadDraws, simulations: Simulations, horizons: Sequence[int], seed: int, below: float
) -> HostileZone:
    record, there = own.share < below, simulations.share < below
    recent = record[..., -own.clock.periods(RECENT_MONTHS) :]
    span = round(recent.shape[-1] / own.clock.per_month)
    words, name = f"the hostile zone, a share below {below:g}", simulations.clock.name
    start, (*_, simulations_per_draw, periods) = below - INSIDE, simulations.share.shape
    released = simulate_from(own, start, periods - 1, simulations_per_draw, seed=seed)
    edge = f"a share of {below:g}, from {start:g} under “{own.eras[-1].name}” alone,"
    return HostileZone(
        below=below,
        now=probability(there[..., 0, 0], f"the share of {name()} is in {words}"),
        recent_months=estimate(
            recent.sum(axis=-1) / own.clock.per_month, "months", f"months of the last {span} spent in {words}"
        ),
        recent_span=span,
        spell=estimate(
            mean_spell(record, own.clock),
            "months",
            f"mean length of the record's spells in {words} (0 if it has none)",
        ),
        ahead={
            h: probability(there[..., simulations.at(h)], f"the share of {name(h)} is in {words}") for h in horizons
        },
        way_out=passage(released >= below, simulations.clock, horizons, simulations.months, edge),
        inside=INSIDE,
    )
