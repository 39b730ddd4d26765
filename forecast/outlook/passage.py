"""When does the level first get there? First-passage times, with the part beyond the simulated future."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.clock import Clock
from forecast.outlook.summary import Probability, on_grid, probability
from forecast.typing import Bool, Float


@dataclass(frozen=True)
class Passage:
    """Distribution of the time until the level first gets somewhere.

    Attributes
    ----------
    target : str
        Where, in words.
    by : mapping of int to Probability
        It has got there within so many months.
    beyond : Probability
        It has not got there within `limit` months.
    limit : int
        Months simulated.
    median : float or None
        Median time in months; None if that is beyond the limit.
    times : array (period,)
        Months from now, 0 to the limit.
    mass : array (period,)
        Probability of first getting there in that period; with `beyond` it sums to exactly 1.
    """

    target: str
    by: Mapping[int, Probability]
    beyond: Probability
    limit: int
    median: float | None
    times: Float
    mass: Float


def passage(there: Bool, clock: Clock, horizons: Sequence[int], limit: int, target: str) -> Passage:
    """Summarise when something first happens.

    Parameters
    ----------
    there : array of bool (chain, draw, future, period)
        Whether the level is there, period 0 being the present.
    clock : Clock
    horizons : sequence of int
        Months for which to state the probability, none beyond `limit`.
    limit : int
        Months simulated.
    target : str
        Where the level gets, in words.
    """
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
    """Whether the share is at or across `target` (chain, draw), seen from the side where it now stands.

    Whoever stands exactly on the target is there at once.
    """
    side = np.sign(target - share[:, :, 0, 0])[..., None, None]
    return np.asarray((share - target[..., None, None]) * side >= 0)


def mean_spell(there: Bool, clock: Clock) -> Float:
    """Mean length in months of the spells for which something lasts, (...); 0 where it never does."""
    begun = (there[..., 1:] & ~there[..., :-1]).sum(axis=-1) + there[..., 0]
    return np.asarray(there.sum(axis=-1) / np.maximum(begun, 1) / clock.per_month)
