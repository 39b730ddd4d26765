"""Mean reversion (S5), middle ground (S8) and strategic frameworks with their ceilings (S3, S4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np

from forecast.dates import Clock
from forecast.errors import SpecError
from forecast.numeric import share
from forecast.outlook.draws import NO_CYCLE, DyadDraws
from forecast.outlook.simulations import Simulations, StructuralHazard, simulate_from, stream
from forecast.outlook.summary import (
    Estimate,
    NotDefined,
    Probability,
    estimate,
    estimate_if_defined,
    on_grid,
    probability,
)
from forecast.typing import Bool, Float

THROUGHOUT_MONTHS = 6
SHORT_MONTHS = 60
RECENT_MONTHS = 120
INSIDE = 5.0
NO_CEILING = "this model has no ceiling (ceiling='none')"
POPULATION = "the dyad's own population of frameworks"
LASTING_YEARS = 20
UNMOVED_RATIO = 0.9
UNMOVED_SHIFT = 0.5
NEAR_POINTS = 5.0
CYCLE_QUANTILE = 1.645


@dataclass(frozen=True)
class Passage:
    """Distribution of the time until the level first gets somewhere."""

    target: str  # In words
    by: Mapping[int, Probability]  # Reached within so many months
    beyond: Probability  # Not reached within `limit` months
    limit: int  # Months simulated
    median: float | None  # Median time; None beyond the limit
    times: Float  # Months, 0 to the limit
    mass: Float  # Probability of first reaching it then; sums with `beyond` to 1


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

    mass: float  # Central part of the stationary distribution
    low: Estimate  # Lower edge, points
    high: Estimate  # Upper edge
    inside_now: Probability  # The level is inside
    entry: Passage  # Time until the level first is inside
    inside: Mapping[int, Probability]  # Inside so many months ahead
    throughout: Mapping[int, Probability]  # Inside in every month of the last six up to then


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
    entry = passage(inside, simulations.clock, horizons, simulations.months, words)
    return EquilibriumBand(
        mass=mass,
        low=estimate(low, "points of share", f"lower {edge}"),
        high=estimate(high, "points of share", f"upper {edge}"),
        inside_now=probability(inside[..., 0, 0], f"the share of {name()} is inside {words}"),
        entry=entry,
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
    above: Probability  # It lies above the present level
    passage: Passage  # Time until the level first gets there


@dataclass(frozen=True)
class HostileZone:
    """Duration of stays below the extreme share."""

    below: float  # Upper edge, points
    now: Probability  # The level is in the zone
    recent_months: Estimate  # Months of the last `recent_span` in the zone
    recent_span: int  # Ten years, or all data
    spell: Estimate  # Mean length of past spells in the zone, months; 0 without one
    ahead: Mapping[int, Probability]  # The level is in the zone so many months ahead
    way_out: Passage  # Time to leave the zone by mean reversion of the current era, from `inside` points inside
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
    own: DyadDraws, simulations: Simulations, horizons: Sequence[int], *, seed: int, extreme_share: float = 30.0
) -> Pendulum:
    """Compute the half-life, the return to the previous era's equilibrium, and the time in the hostile zone."""
    if not INSIDE < extreme_share < 100:
        raise SpecError(f"extreme_share: {extreme_share:g} is not between {INSIDE:g} and 100 points of share.")
    zone = _hostile_zone(own, simulations, horizons, seed, extreme_share)
    back, months, fades = _return_to_previous(own, simulations, horizons), own.half_life, half_life(own)
    trend = simulations.trend_before[..., 0]
    return Pendulum(
        trend=estimate(trend, "points of share", "mean of the trend over the baseline's months"),
        deviation=estimate(
            simulations.before[..., 0] - trend,
            "points of share",
            "mean of the level over the baseline's months less that of the trend",
        ),
        half_life=fades,
        short=NotDefined(NO_CYCLE)
        if months is None
        else probability(months < SHORT_MONTHS, f"the half-life is below {SHORT_MONTHS} months"),
        back=back,
        zone=zone,
    )


def half_life(own: DyadDraws) -> Estimate | NotDefined:
    """Return the half-life of the cycle, months."""
    words = "time in which half of a deviation from the trend is undone"
    return estimate_if_defined(own.half_life, "months", words, NO_CYCLE)


def _return_to_previous(own: DyadDraws, simulations: Simulations, horizons: Sequence[int]) -> Return | NotDefined:
    if own.cycle is None:
        return NotDefined(NO_CYCLE)
    if len(own.eras) < 2:
        return NotDefined("the panel sees only one era of the dyad")
    name, target = own.eras[-2].name, own.rest(-2)
    assert target is not None
    words = f"the equilibrium of “{name}”"
    way = passage(crosses(simulations.share, target), simulations.clock, horizons, simulations.months, words)
    return Return(
        era=name,
        equilibrium=estimate(target, "points of share", words),
        above=probability(target > share(own.level_now), f"{words} lies above the share of {own.clock.name()}"),
        passage=way,
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
    edge, spell = f"{below:g}, from {start:g} under “{own.eras[-1].name}” alone,", mean_spell(record, own.clock)
    way_out = passage(released >= below, simulations.clock, horizons, simulations.months, f"a share of {edge}")
    return HostileZone(
        below=below,
        now=probability(there[..., 0, 0], f"the share of {name()} is in {words}"),
        recent_months=estimate(
            recent.sum(axis=-1) / own.clock.per_month, "months", f"months of the last {span} spent in {words}"
        ),
        recent_span=span,
        spell=estimate(spell, "months", f"mean length of the record's spells in {words} (0 if it has none)"),
        ahead={
            h: probability(there[..., simulations.at(h)], f"the share of {name(h)} is in {words}") for h in horizons
        },
        way_out=way_out,
        inside=INSIDE,
    )


@dataclass(frozen=True)
class Learning:
    """Data information on an era's headroom, compared with its prior without the era's months."""

    comparison: Estimate  # The same quantity, log-odds, of an unknown era
    compared_with: str  # The prior, or the dyad's other frameworks
    # Posterior standard deviation (of the logarithm of headroom) over that of the comparison; near 1 the data are
    # uninformative
    sd_ratio: float
    shift: float  # Posterior mean less that of the comparison, in its standard deviations
    moved: bool  # `sd_ratio` below 0.9 or `shift` beyond 0.5


@dataclass(frozen=True)
class Framework:
    """One era of the dyad."""

    code: str  # As in the table of eras, such as `detente`
    name: str  # Name for readers
    start: date  # First day
    end: date | None  # Last day; None for the current era
    mean: Estimate  # Mean share over the covered era, points
    equilibrium: Estimate | NotDefined  # Mean of the trend, points; of the current era the present trend
    band_low: Estimate | NotDefined  # Lower edge of the equilibrium band
    band_high: Estimate | NotDefined  # Upper edge
    ceiling: Estimate | NotDefined  # Upper bound of the trend, points


@dataclass(frozen=True)
class Headroom:
    """Room under the ceiling of the current framework."""

    room: Estimate  # Ceiling less the present trend, points of share
    log_odds: Estimate  # Ceiling less the trend where the era began, log-odds
    near: Probability  # The trend is within 5 points of the ceiling
    # Most that a technical improvement can reach: the share with the cycle at its 95% quantile, less the present
    # share, points
    reach: Estimate | NotDefined
    learning: Learning  # Information in the data


@dataclass(frozen=True)
class FrameworkChange:
    """Time until a new framework."""

    per_year: Estimate  # New frameworks expected per year
    breaks: int  # New frameworks seen, all dyads
    exposure_years: float  # Dyad-years observed
    by: Mapping[int, Probability]  # A new framework within so many months
    lasts: Probability  # None within 20 years at a constant rate


@dataclass(frozen=True)
class Frameworks:
    """All of a dyad's frameworks."""

    eras: tuple[Framework, ...]  # In order of time; the last is the current era
    headroom: Headroom | NotDefined  # Of the current era
    change: FrameworkChange  # When it may end

    @property
    def ceiling_assumed(self) -> bool:
        """Return whether the current ceiling is an assumption, uninformed by the data."""
        return not isinstance(self.headroom, NotDefined) and not self.headroom.learning.moved


def frameworks(
    own: DyadDraws,
    hazard: StructuralHazard,
    rate: Float,
    by: Mapping[int, Probability],
    *,
    seed: int,
    band_mass: float = 0.5,
) -> Frameworks:
    """Compute what each era of a dyad allows, the room under the current ceiling, and how soon it may end.

    `rate` has the hazard of each draw, `by` the chances of a new framework by horizon.
    """
    room, eras = headroom(own, seed=seed), tuple(_framework(own, era, band_mass) for era in range(len(own.eras)))
    change = FrameworkChange(
        per_year=estimate(12 * rate, "a year", "rate at which new strategic frameworks come to a dyad"),
        breaks=hazard.breaks,
        exposure_years=hazard.exposure / 12,
        by=by,
        lasts=probability(
            np.exp(-12 * LASTING_YEARS * rate),
            f"no new strategic framework comes within {LASTING_YEARS} years",
        ),
    )
    return Frameworks(eras, room, change)


def _framework(own: DyadDraws, era: int, band_mass: float) -> Framework:
    """Compute what one era of the dyad allows."""
    this, following = own.eras[era], own.eras[era + 1 :]
    ceiling, (low, high), rest = own.ceiling(era), band_edges(own, era, band_mass), equilibrium(own, era)

    def points(values: Float | None, what: str, reason: str) -> Estimate | NotDefined:
        return estimate_if_defined(values, "points of share", f"{what} under “{this.name}”", reason)

    return Framework(
        code=this.code,
        name=this.name,
        start=this.start,
        end=following[0].start - timedelta(days=1) if following else None,
        mean=estimate(own.mean(era), "points of share", f"mean share under “{this.name}”"),
        equilibrium=rest,
        band_low=points(low, "lower edge of the equilibrium band", NO_CYCLE),
        band_high=points(high, "upper edge of the equilibrium band", NO_CYCLE),
        ceiling=points(None if ceiling is None else share(ceiling), "highest share possible", NO_CEILING),
    )


def equilibrium(own: DyadDraws, era: int = -1) -> Estimate | NotDefined:
    """Return the long-run mean share of an era, by default of the current one."""
    words = f"share at rest under “{own.eras[era].name}”"
    return estimate_if_defined(own.rest(era), "points of share", words, NO_CYCLE)


def headroom(own: DyadDraws, *, seed: int) -> Headroom | NotDefined:
    """Compute the room under the current ceiling, and whether the data inform it.

    The comparison is with the dyad's own population of frameworks: the posterior of an era without months.
    """
    ceiling = own.ceiling(-1)
    if ceiling is None:
        return NotDefined(NO_CEILING)
    values, trend = own.by_era["headroom"][..., -1], share(own.trend[..., -1].astype(np.float64))
    population = own.scalars["headroom_dyad"] + own.scalars["headroom_era_sd"] * stream(
        seed, own.dyad, "headroom"
    ).standard_normal(own.size)
    spread = float(population.std())
    ratio = float(np.log(values).std()) / spread
    shift = float(np.log(values).mean() - population.mean()) / spread
    room = share(ceiling) - trend
    best = own.rest(-1, CYCLE_QUANTILE)
    return Headroom(
        room=estimate(room, "points of share", "ceiling less the present trend"),
        log_odds=estimate(values, "log-odds", "ceiling less the trend where the era began"),
        near=probability(room <= NEAR_POINTS, f"the trend stands within {NEAR_POINTS:g} points of its ceiling"),
        reach=estimate_if_defined(
            None if best is None else best - share(own.level_now),
            "points of share",
            "the share with the cycle at its 95% quantile and the trend unchanged, less the present share",
            NO_CYCLE,
        ),
        learning=Learning(
            comparison=estimate(np.exp(population), "log-odds", f"the same according to {POPULATION}"),
            compared_with=POPULATION,
            sd_ratio=ratio,
            shift=shift,
            moved=ratio < UNMOVED_RATIO or abs(shift) > UNMOVED_SHIFT,
        ),
    )
