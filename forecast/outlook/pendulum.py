"""Hard to go back, hard to stay in an extreme (S5): half-life, way back, hostile zone."""

from collections.abc import Mapping
from dataclasses import dataclass

from forecast.outlook.passage import Passage
from forecast.outlook.summary import Estimate, NotDefined, Probability


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
        Months of the last `recent_years` years spent in the zone.
    recent_years : int
    spell : Estimate
        Mean length in months of the record's spells in the zone; 0 where a draw's record has none.
    ahead : mapping of int to Probability
        The level is in the zone so many months from now.
    way_out : Passage
        Time to leave the zone by the pull of the framework in force alone, from `depth` points inside.
    inside : float
        How far inside the zone that start is, points of share.
    """

    below: float
    now: Probability
    recent_months: Estimate
    recent_years: int
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
        Months in which half of a displacement is undone.
    short : Probability or NotDefined
        The half-life is below 60 months.
    back : Return or NotDefined
    zone : HostileZone
    """

    half_life: Estimate | NotDefined
    short: Probability | NotDefined
    back: Return | NotDefined
    zone: HostileZone
