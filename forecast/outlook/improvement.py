"""Whether relations improve, worsen or stay, and inside the framework or by a new one (S9).

There are two readings of "improve by h months". `improvement` asks where the share stands *in the
month* T + h: at least so many points above the present month. `touched` asks whether it stood that high *in
at least one month* up to T + h, even if it has fallen back since; it can only grow with h and is never below
`improvement`.
"""

from dataclasses import dataclass, replace
from datetime import date

from forecast.errors import SpecError
from forecast.outlook.futures import Futures
from forecast.outlook.summary import Estimate, Probability, estimate, probability


@dataclass(frozen=True)
class HorizonOutlook:
    """The outlook at one horizon.

    `improvement + stability + deterioration == 1` and `technical + structural == improvement`, exactly.

    Attributes
    ----------
    months : int
        The horizon h.
    until : datetime.date
        Last day of the period it falls in.
    level : Estimate
        Share in that period, points.
    improvement, stability, deterioration : Probability
        Share at least the smallest improvement higher, within it, or at least that much lower than now.
    technical, structural : Probability
        Improvement with no new framework by then, and with one; or, where the trend moves, without and with a
        rise of the trend by at least as much.
    new_framework : Probability
        A new framework has come by then.
    touched : Probability
        The improvement was reached in at least one period up to then.
    """

    months: int
    until: date
    level: Estimate
    improvement: Probability
    stability: Probability
    deterioration: Probability
    technical: Probability
    structural: Probability
    new_framework: Probability
    touched: Probability


def horizon_outlook(futures: Futures, months: int, smallest_improvement: float = 5.0) -> HorizonOutlook:
    """Compute the outlook at one horizon.

    Parameters
    ----------
    futures : Futures
    months : int
        The horizon.
    smallest_improvement : float
        Points of share that count as a change.

    Raises
    ------
    SpecError
        If the futures do not reach the horizon, or the smallest improvement is not above zero.
    """
    if smallest_improvement <= 0:
        raise SpecError(f"smallest_improvement: {smallest_improvement:g} is not above 0 points of share.")
    at, name = futures.at(months), futures.clock.name
    change = futures.share - futures.share[..., :1]
    better, worse = change[..., at] >= smallest_improvement, change[..., at] <= -smallest_improvement
    broken = futures.broken[..., at]
    points, present = f"{smallest_improvement:g} points", f"that of {name()}"
    then = f"the share in {name(months)} is"
    improvement = probability(better, f"{then} at least {points} above {present}")
    deterioration = probability(worse, f"{then} at least {points} below {present}")
    stability = probability(~(better | worse), f"{then} less than {points} from {present}")
    structurally = futures.structural(at, smallest_improvement)
    without, with_it = ("with no new framework by then", "and a new framework has come by then")
    if futures.moving:
        without, with_it = (f"the trend {has} risen by {points}" for has in ("has not", "has"))
    technical = probability(better & ~structurally, f"{improvement.definition}, {without}")
    structural = probability(better & structurally, f"{improvement.definition}, {with_it}")
    return HorizonOutlook(
        months=months,
        until=futures.clock.last_day(months),
        level=estimate(futures.share[..., at], "points of share", f"share in {name(months)}"),
        improvement=improvement,
        stability=replace(stability, value=1 - improvement.value - deterioration.value),
        deterioration=deterioration,
        technical=technical,
        structural=replace(structural, value=improvement.value - technical.value),
        new_framework=probability(broken, f"a new strategic framework has come by {name(months)}"),
        touched=probability(
            (change[..., 1 : at + 1] >= smallest_improvement).any(axis=-1),
            f"the share is at least {points} above {present} in some {futures.clock.unit} to {name(months)}",
        ),
    )
