"""The middle ground into which relations settle (S8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from forecast.errors import SpecError
from forecast.outlook.draws import NO_CYCLE, DyadDraws
from forecast.outlook.futures import Futures
from forecast.outlook.passage import Passage, passage
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, probability
from forecast.typing import Float


@dataclass(frozen=True)
class Band:
    """The equilibrium band of the current framework, and when the level enters it.

    Attributes
    ----------
    mass : float
        Part of the stationary distribution inside the band, the central one.
    low, high : Estimate
        Its edges, points of share.
    inside_now : Probability
        The level is inside now.
    entry : Passage
        When the level first is inside; time 0 if it is inside now.
    inside : mapping of int to Probability
        The level is inside so many months from now.
    throughout : mapping of int to Probability
        It is inside in every month of the last six up to then (of all months ahead, if they are fewer).
    """

    mass: float
    low: Estimate
    high: Estimate
    inside_now: Probability
    entry: Passage
    inside: Mapping[int, Probability]
    throughout: Mapping[int, Probability]


THROUGHOUT_MONTHS = 6


def band_edges(own: DyadDraws, era: int, mass: float) -> tuple[Float | None, Float | None]:
    """Return the edges (chain, draw), points of share, of an era's equilibrium band; None without a cycle."""
    if not 0 < mass < 1:
        raise SpecError(f"band_mass: {mass:g} is not between 0 and 1.")
    deviations = NormalDist().inv_cdf(0.5 + mass / 2)
    return own.rest(era, -deviations), own.rest(era, deviations)


def band(own: DyadDraws, futures: Futures, horizons: Sequence[int], mass: float = 0.5) -> Band | NotDefined:
    """Compute the equilibrium band of the current framework, and when the futures enter it.

    The band is the central part of the stationary distribution of the level that the current framework
    implies, draw by draw: trend plus and minus some standard deviations of the cycle.
    """
    low, high = band_edges(own, -1, mass)
    if low is None or high is None:
        return NotDefined(NO_CYCLE)
    inside = (futures.share >= low[..., None, None]) & (futures.share <= high[..., None, None])
    words = f"the equilibrium band of “{own.eras[-1].name}”"
    edge = f"edge of the central {mass:.0%} of the level's stationary distribution under “{own.eras[-1].name}”"
    name, at, span = futures.clock.name, futures.at, futures.clock.periods(THROUGHOUT_MONTHS)
    return Band(
        mass=mass,
        low=estimate(low, "points of share", f"lower {edge}"),
        high=estimate(high, "points of share", f"upper {edge}"),
        inside_now=probability(inside[..., 0, 0], f"the share of {name()} is inside {words}"),
        entry=passage(inside, futures.clock, horizons, futures.months, words),
        inside={h: probability(inside[..., at(h)], f"the share of {name(h)} is inside {words}") for h in horizons},
        throughout={
            h: probability(
                inside[..., max(1, at(h) - span + 1) : at(h) + 1].all(axis=-1),
                f"the share is inside {words} throughout the {min(h, THROUGHOUT_MONTHS)} months to {name(h)}",
            )
            for h in horizons
        },
    )
