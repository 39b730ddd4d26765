"""Conversion of levels to shares, and paired differences of scores with their uncertainty."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def share(level: NDArray[Any]) -> NDArray[Any]:
    """Return the expected share of cooperative actions, 0 to 100, at `level` (log-odds)."""
    return np.asarray(50 * (1 + np.tanh(level / 2)))  # the logistic function, without overflow


FEWEST_BLOCKS = 3
"""With fewer, the spread between blocks says nothing about the error of a mean."""


@dataclass(frozen=True)
class Difference:
    """A mean difference in scores over cases that both predicted."""

    n: int  # Cases
    mean: float  # Below zero if the first is better
    error: float | None  # Standard error, from blocks of years; None with fewer than three blocks
    blocks: int
    relative: float  # Skill: one less the ratio of the mean scores; above zero if the first is better


def paired(one: ArrayLike, other: ArrayLike, years: ArrayLike, horizon: int) -> Difference:
    """Compare two series of scores of the same cases.

    Cases of neighbouring origins overlap and share their news, so that they count as one block: of a year, or of as
    many years as the horizon has. The error is that of the mean over blocks of unequal size (cluster-robust).
    """
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    difference = first - second
    block = np.asarray(years, dtype=np.int64) // max(-(-horizon // 12), 1)
    mean = float(difference.mean())
    labels, place = np.unique(block, return_inverse=True)
    number = len(labels)
    error = None
    if number >= FEWEST_BLOCKS:
        sums = np.bincount(place, difference - mean)
        error = float(np.sqrt(number / (number - 1) * (sums**2).sum()) / difference.size)
    relative = float(1 - first.mean() / second.mean()) if second.mean() else 0.0
    return Difference(difference.size, mean, error, number, relative)


INTERVAL = 0.9
"""Mass of the intervals of differences."""


def difference_interval(difference: float, error: float | None, blocks: int) -> tuple[float, float] | None:
    """Return the 90 % interval of a mean difference: Student-t, with one degree of freedom less than blocks.

    None without an error. Cameron, Gelbach and Miller (2008), Bootstrap-based improvements for inference with clustered
    errors, doi:10.1162/rest.90.3.414, on why not normal.
    """
    if error is None:
        return None
    from scipy.special import stdtrit

    reach = float(stdtrit(blocks - 1, (1 + INTERVAL) / 2)) * error
    return difference - reach, difference + reach
