"""The middle ground into which the pendulum settles (S8)."""

from collections.abc import Mapping
from dataclasses import dataclass

from forecast.outlook.passage import Passage
from forecast.outlook.summary import Estimate, Probability


@dataclass(frozen=True)
class Band:
    """The equilibrium band of the framework in force, and the way into it.

    Attributes
    ----------
    mass : float
        Part of the stationary distribution inside the band, the central one.
    low, high : Estimate
        Its edges, points of share.
    inside_now : Probability
    entry : Passage
        When the level first is inside; time 0 if it is inside now.
    inside : mapping of int to Probability
        The level is inside so many months from now.
    throughout : mapping of int to Probability
        It is inside in every month of the last six up to then.
    """

    mass: float
    low: Estimate
    high: Estimate
    inside_now: Probability
    entry: Passage
    inside: Mapping[int, Probability]
    throughout: Mapping[int, Probability]
