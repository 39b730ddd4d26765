"""From the pendulum's state to what readers see: the soft ceiling, and the share of cooperative actions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.typing import Float


def share(level: NDArray[Any]) -> NDArray[Any]:
    """Return the expected share of cooperative actions, 0 to 100, at `level` (log-odds)."""
    return np.asarray(50 * (1 + np.tanh(level / 2)))  # the logistic function, without overflow


def under_ceiling(state: Float, ceiling: Float | None, softness: float) -> Float:
    """Return the level: the state pressed softly under the ceiling (all in log-odds).

    ``level = C - s * softplus((C - x) / s)``: close to x well below C, never above C. Without a ceiling the
    level is the state.
    """
    if ceiling is None:
        return state
    return np.asarray(ceiling - softness * np.logaddexp(0, (ceiling - state) / softness))
