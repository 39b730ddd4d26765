"""Where the level stands in its own record (S1), what the last break brought (S2), and the record itself."""

from dataclasses import dataclass
from datetime import date

from forecast.outlook.summary import Estimate, NotDefined, Probability


@dataclass(frozen=True)
class Standing:
    """The present level against the dyad's own record.

    Attributes
    ----------
    since : datetime.date
        From when the record counts: the date asked for, or the panel's start if that is later.
    level : Estimate
        Share of the current period, points.
    percentile : Estimate
        Per cent of the record's earlier periods that lie below the current one.
    lowest : Probability
        The current period is the lowest of the record.
    lowest_years : mapping of int to Probability
        The five years most likely to have the lowest mean, the likeliest first.
    """

    since: date
    level: Estimate
    percentile: Estimate
    lowest: Probability
    lowest_years: dict[int, Probability]


@dataclass(frozen=True)
class Break:
    """What the era in force brought.

    Attributes
    ----------
    era : str
        Its name.
    start : datetime.date
    months_before : int
        Months before its start that it is compared with, at most 60.
    drop : Estimate
        Mean share of those months less the mean share of the era so far, points.
    dropped : Probability
        The drop is larger than 5 points.
    equilibrium_drop : Estimate or NotDefined
        Equilibrium of the era before less that of the era in force, points.
    trend : Estimate or NotDefined
        Least-squares slope of the share in the era so far, points a year.
    falling : Probability or NotDefined
        The trend is below zero.
    """

    era: str
    start: date
    months_before: int
    drop: Estimate
    dropped: Probability
    equilibrium_drop: Estimate | NotDefined
    trend: Estimate | NotDefined
    falling: Probability | NotDefined
