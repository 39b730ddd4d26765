"""The cooperative share of a window of months: when it is void, and when it counts as changed.

What is forecast, what is scored and by which rule it is resolved all go by these few lines.
"""

from typing import overload

import numpy as np

from forecast.typing import Bool, Float, Index

FEWEST = 3
"""Happenings: the share of a window with fewer is decided by one event, and the window is void."""
ROUNDING = 1e-6
"""Points: a share on a boundary counts as on it, whatever the last bit of a division says."""


def share_before(cooperative: int, happenings: int) -> float | None:
    """Return the share of a window that is over, 0 to 100; None if it is void."""
    return None if happenings < FEWEST else 100 * cooperative / happenings


def shares_of(total: Index, cooperative: Index) -> Float:
    """Return the shares of many windows, per cent; those of windows that hold nothing are zero, and void."""
    return np.asarray(100 * cooperative / np.maximum(total, 1))


def followed_by(past: Index, ahead: Index) -> Index:
    """Return the periods that are over, (period,), and after them those ahead, (..., period), of every future."""
    return np.concatenate([np.broadcast_to(past, (*ahead.shape[:-1], len(past))), ahead], axis=-1)


@overload
def reached(share: Float, threshold: float) -> Bool: ...
@overload
def reached(share: float, threshold: float) -> bool: ...
def reached(share: Float | float, threshold: float) -> Bool | bool:
    """Return whether shares are at least a threshold."""
    return share >= threshold - ROUNDING


@overload
def moved(share: Float, before: float, improvement: float) -> tuple[Bool, Bool]: ...
@overload
def moved(share: float, before: float, improvement: float) -> tuple[bool, bool]: ...
def moved(share: Float | float, before: float, improvement: float) -> tuple[Bool | bool, Bool | bool]:
    """Return whether shares lie above, and whether below, a baseline by at least the smallest improvement."""
    change, slack = share - before, min(ROUNDING, improvement / 2)  # no share is on both sides, however small that is
    return change >= improvement - slack, change <= slack - improvement
