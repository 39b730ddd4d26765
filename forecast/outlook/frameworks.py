"""What each strategic framework allows, and how long the one in force may last (S3, S4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from forecast.outlook.summary import Estimate, NotDefined, Probability


@dataclass(frozen=True)
class Framework:
    """One era of the dyad.

    Attributes
    ----------
    code, name : str
    start : datetime.date
        Its first day, which may be before the panel's.
    end : datetime.date or None
        Day before the next era's first; None for the era in force.
    mean : Estimate
        Mean share over the era so far as the panel sees it, points.
    equilibrium : Estimate or NotDefined
        Share at which it comes to rest, points.
    band_low, band_high : Estimate or NotDefined
        Central half of its stationary distribution, points.
    ceiling : Estimate or NotDefined
        Share it allows at most, points.
    depth : Estimate or NotDefined
        How much harder than on average it makes the deepest kind of cooperation, log-odds.
    deep_share : Estimate or NotDefined
        Per cent of cooperative acts that would be of the deepest kind at the present level.
    """

    code: str
    name: str
    start: date
    end: date | None
    mean: Estimate
    equilibrium: Estimate | NotDefined
    band_low: Estimate | NotDefined
    band_high: Estimate | NotDefined
    ceiling: Estimate | NotDefined
    depth: Estimate | NotDefined
    deep_share: Estimate | NotDefined


@dataclass(frozen=True)
class Headroom:
    """Room left under the ceiling of the framework in force, and whether the data speak of it.

    Attributes
    ----------
    points : Estimate
        Ceiling less the present level, points of share.
    log_odds : Estimate
        Ceiling less equilibrium, log-odds.
    comparison : Estimate
        The same for a framework of which nothing is known: drawn from the dyad's own population of
        frameworks, or from the prior if draws of it were given.
    compared_with : str
        Which of the two, in words.
    sd_ratio : float
        Standard deviation of the logarithm of the headroom, as fraction of that of the comparison. Near 1:
        the data did not move it.
    moved : bool
        The ratio is below 0.9, or the centres differ by more than half a standard deviation.
    """

    points: Estimate
    log_odds: Estimate
    comparison: Estimate
    compared_with: str
    sd_ratio: float
    moved: bool


@dataclass(frozen=True)
class Change:
    """How soon a new framework may come.

    Attributes
    ----------
    per_year : Estimate
        New frameworks expected a year.
    breaks : int
        New frameworks seen in the panel, all dyads together.
    exposure_years : float
        Dyad-years over which they could be seen.
    by : mapping of int to Probability
        A new framework has come within so many months.
    """

    per_year: Estimate
    breaks: int
    exposure_years: float
    by: Mapping[int, Probability]


@dataclass(frozen=True)
class Frameworks:
    """All of a dyad's frameworks.

    Attributes
    ----------
    eras : tuple of Framework
        In time order; the last is in force.
    headroom : Headroom or NotDefined
    change : Change
    """

    eras: tuple[Framework, ...]
    headroom: Headroom | NotDefined
    change: Change
