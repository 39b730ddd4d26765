"""Hard to go back, hard to stay in an extreme (S5): half-life, way back, hostile zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forecast.errors import SpecError
from forecast.outlook.draws import NO_CYCLE, DyadDraws
from forecast.outlook.futures import Futures, simulate_from
from forecast.outlook.passage import Passage, crosses, mean_spell, passage
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, probability
from forecast.scale import share


@dataclass(frozen=True)
class Return:
    """The way back to where the previous era came to rest.

    Attributes
    ----------
    era : str
        Name of the previous era.
    equilibrium : Estimate
        Its equilibrium, points of share.
    above : Probability
        It lies above the present level, so that the way back is up.
    passage : Passage
        When the level first gets there, whatever frameworks come on the way.
    """

    era: str
    equilibrium: Estimate
    above: Probability
    passage: Passage


@dataclass(frozen=True)
class HostileZone:
    """How long relations stay below the extreme share.

    Attributes
    ----------
    below : float
        Upper edge of the zone, points of share.
    now : Probability
        The level is in the zone now.
    recent_months : Estimate
        Months of the last `recent_span` months spent in the zone.
    recent_span : int
        Ten years, or the whole record if it is shorter.
    spell : Estimate
        Mean length in months of the record's spells in the zone; 0 where a draw's record has none.
    ahead : mapping of int to Probability
        The level is in the zone so many months from now.
    way_out : Passage
        Time to leave the zone under the current framework alone, from `inside` points inside.
    inside : float
        Points of share inside the zone from which the way out begins.
    """

    below: float
    now: Probability
    recent_months: Estimate
    recent_span: int
    spell: Estimate
    ahead: Mapping[int, Probability]
    way_out: Passage
    inside: float


@dataclass(frozen=True)
class Pendulum:
    """What S5 claims, as numbers.

    Attributes
    ----------
    half_life : Estimate or NotDefined
        Months in which half of a deviation from the trend is undone.
    short : Probability or NotDefined
        The half-life is below 60 months.
    back : Return or NotDefined
        The way back to the previous era's equilibrium.
    zone : HostileZone
        Staying in the extreme.
    """

    half_life: Estimate | NotDefined
    short: Probability | NotDefined
    back: Return | NotDefined
    zone: HostileZone


SHORT_MONTHS = 60
RECENT_MONTHS = 120
INSIDE = 5.0


def pendulum(
    own: DyadDraws, futures: Futures, horizons: Sequence[int], *, seed: int, extreme_share: float = 30.0
) -> Pendulum:
    """Compute the half-life, the return to the previous era's equilibrium, and the time in the hostile zone."""
    if not INSIDE < extreme_share < 100:
        raise SpecError(f"extreme_share: {extreme_share:g} is not between {INSIDE:g} and 100 points of share.")
    zone = _hostile_zone(own, futures, horizons, seed, extreme_share)
    if own.cycle is None:
        absent = NotDefined(NO_CYCLE)
        return Pendulum(absent, absent, absent, zone)
    months = own.scalars["cycle_half_life"] / own.clock.per_month
    return Pendulum(
        half_life=half_life(own),
        short=probability(months < SHORT_MONTHS, f"the half-life is below {SHORT_MONTHS} months"),
        back=_return_to_previous(own, futures, horizons),
        zone=zone,
    )


def half_life(own: DyadDraws) -> Estimate | NotDefined:
    """Return the half-life of the cycle, months."""
    if own.cycle is None:
        return NotDefined(NO_CYCLE)
    months = own.scalars["cycle_half_life"] / own.clock.per_month
    return estimate(months, "months", "time in which half of a deviation from the trend is undone")


def _return_to_previous(own: DyadDraws, futures: Futures, horizons: Sequence[int]) -> Return | NotDefined:
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
        passage=passage(crosses(futures.share, target), futures.clock, horizons, futures.months, words),
    )


def _hostile_zone(own: DyadDraws, futures: Futures, horizons: Sequence[int], seed: int, below: float) -> HostileZone:
    record, there = own.share < below, futures.share < below
    recent = record[..., -own.clock.periods(RECENT_MONTHS) :]
    span = round(recent.shape[-1] / own.clock.per_month)
    words, name = f"the hostile zone, a share below {below:g}", futures.clock.name
    start, (*_, futures_per_draw, periods) = below - INSIDE, futures.share.shape
    released = simulate_from(own, start, periods - 1, futures_per_draw, seed=seed)
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
        ahead={h: probability(there[..., futures.at(h)], f"the share of {name(h)} is in {words}") for h in horizons},
        way_out=passage(released >= below, futures.clock, horizons, futures.months, edge),
        inside=INSIDE,
    )
