"""Strategic frameworks: their ceilings, and the expected duration of the current one (S3, S4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from forecast.numeric import share
from forecast.outlook.draws import NO_CYCLE, DyadDraws
from forecast.outlook.pendulum import band_edges
from forecast.outlook.simulations import StructuralHazard, stream
from forecast.outlook.summary import Estimate, NotDefined, Probability, estimate, probability
from forecast.typing import Float

NO_CEILING = "this model has no ceiling (ceiling='none')"
POPULATION = "the dyad's own population of frameworks"
LASTING_YEARS = 20
UNMOVED_RATIO = 0.9
UNMOVED_SHIFT = 0.5
NEAR_POINTS = 5.0
CYCLE_QUANTILE = 1.645


@dataclass(frozen=True)
class Learning:
    """Data information on an era's headroom, compared with its prior without the era's months."""

    comparison: Estimate  # The same quantity, log-odds, of an era of which nothing is known
    compared_with: str  # Where that comes from: the prior, or the dyad's own population of frameworks
    # Posterior standard deviation (of the headroom: of its logarithm) as a fraction of the comparison's. Near 1 the
    # data did not narrow it.
    sd_ratio: float
    shift: float  # Posterior mean less that of the comparison, in standard deviations of the comparison
    moved: bool  # `sd_ratio` is below 0.9 or `shift` beyond 0.5 either way


@dataclass(frozen=True)
class Framework:
    """One era of the dyad."""

    code: str  # As in the table of eras
    name: str
    start: date  # Its first day, which may be before the panel's
    end: date | None  # Day before the next era's first; None for the current era
    mean: Estimate  # Mean share over the era so far as the panel sees it, points
    equilibrium: Estimate | NotDefined  # Share at which it comes to rest, points
    band_low: Estimate | NotDefined  # Edges of its equilibrium band, points
    band_high: Estimate | NotDefined
    ceiling: Estimate | NotDefined  # Share it allows at most, points


@dataclass(frozen=True)
class Headroom:
    """Room under the ceiling of the current framework."""

    room: Estimate  # Ceiling less the present trend, points of share
    log_odds: Estimate  # Ceiling less the trend where the era began, log-odds
    near: Probability  # The trend stands within 5 points of the ceiling
    # How much a technical improvement can reach at most: points of share that the cycle at its 95% quantile would
    # stand above the present level while the trend stays.
    reach: Estimate | NotDefined
    learning: Learning  # Whether the data inform it


@dataclass(frozen=True)
class FrameworkChange:
    """Time until a new framework."""

    per_year: Estimate  # New frameworks expected a year
    breaks: int  # New frameworks seen in the panel, all dyads together
    exposure_years: float  # Dyad-years over which they could be seen
    by: Mapping[int, Probability]  # A new framework has come within so many months
    lasts: Probability  # None has come within 20 years, if the rate stays what it was


@dataclass(frozen=True)
class Frameworks:
    """All of a dyad's frameworks."""

    eras: tuple[Framework, ...]  # In time order; the last is in force
    headroom: Headroom | NotDefined  # Of the one in force
    change: FrameworkChange  # How soon it may end

    @property
    def ceiling_assumed(self) -> bool:
        """Return whether the current ceiling is an assumption, uninformed by the data."""
        return not isinstance(self.headroom, NotDefined) and not self.headroom.learning.moved


def framework(own: DyadDraws, era: int, *, seed: int, band_mass: float = 0.5) -> Framework:
    """Compute what one era of the dyad allows."""
    this, following = own.eras[era], own.eras[era + 1 :]
    ceiling = own.ceiling(era)
    low, high = band_edges(own, era, band_mass)

    def points(values: Float | None, what: str, otherwise: str) -> Estimate | NotDefined:
        if values is None:
            return NotDefined(otherwise)
        return estimate(values, "points of share", f"{what} under “{this.name}”")

    return Framework(
        code=this.code,
        name=this.name,
        start=this.start,
        end=following[0].start - timedelta(days=1) if following else None,
        mean=estimate(own.mean(era), "points of share", f"mean share under “{this.name}”"),
        equilibrium=equilibrium(own, era),
        band_low=points(low, "lower edge of the equilibrium band", NO_CYCLE),
        band_high=points(high, "upper edge of the equilibrium band", NO_CYCLE),
        ceiling=points(None if ceiling is None else share(ceiling), "highest share possible", NO_CEILING),
    )


def equilibrium(own: DyadDraws, era: int = -1) -> Estimate | NotDefined:
    """Return the long-run mean share of an era, by default of the current one."""
    rest = own.rest(era)
    if rest is None:
        return NotDefined(NO_CYCLE)
    return estimate(rest, "points of share", f"share at rest under “{own.eras[era].name}”")


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
    room = share(ceiling) - trend
    best = own.rest(-1, CYCLE_QUANTILE)
    return Headroom(
        room=estimate(room, "points of share", "ceiling less the present trend"),
        log_odds=estimate(values, "log-odds", "ceiling less the trend where the era began"),
        near=probability(room <= NEAR_POINTS, f"the trend stands within {NEAR_POINTS:g} points of its ceiling"),
        reach=NotDefined(NO_CYCLE)
        if best is None
        else estimate(
            best - share(own.level_now),
            "points of share",
            "the share with the cycle at its 95% quantile and the trend unchanged, less the present share",
        ),
        learning=learned(np.log(values), population, POPULATION, np.exp),
    )


def learned(
    values: Float,
    comparison: Float,
    compared_with: str,
    to_unit: Callable[[Float], Float] = np.asarray,
    unit: str = "log-odds",
) -> Learning:
    """Check whether the data moved a quantity, by its spread and its mean."""
    spread = float(comparison.std())
    ratio = float(values.std()) / spread
    shift = float(values.mean() - comparison.mean()) / spread
    return Learning(
        comparison=estimate(to_unit(comparison), unit, f"the same according to {compared_with}"),
        compared_with=compared_with,
        sd_ratio=ratio,
        shift=shift,
        moved=ratio < UNMOVED_RATIO or abs(shift) > UNMOVED_SHIFT,
    )


def change(hazard: StructuralHazard, rate: Float, by: Mapping[int, Probability]) -> FrameworkChange:
    """Compute how soon a new framework may come."""
    return FrameworkChange(
        per_year=estimate(12 * rate, "a year", "rate at which new strategic frameworks come to a dyad"),
        breaks=hazard.breaks,
        exposure_years=hazard.exposure / 12,
        by=by,
        lasts=probability(
            np.exp(-12 * LASTING_YEARS * rate),
            f"no new strategic framework comes within {LASTING_YEARS} years",
        ),
    )
