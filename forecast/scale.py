"""From the pendulum's state to what readers see: the soft ceiling, and the share of cooperative actions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.typing import Float


def share(level: NDArray[Any]) -> NDArray[Any]:
    """Return the expected share of cooperative actions, 0 to 100, at `level` (log-odds)."""
    return np.asarray(50 * (1 + np.tanh(level / 2)))  # the logistic function, without overflow


def soft_ceiling(state: NDArray[Any], ceiling: ArrayLike | None, softness: float) -> Float:
    r"""Return the level of a state under a soft ceiling, :math:`C - s \log(1 + e^{(C - x) / s})`.

    Close to the state well below the ceiling, and never above it.

    Parameters
    ----------
    state : array
        Log-odds.
    ceiling : array or None
        Log-odds; it broadcasts against ``state``. Without one the level is the state.
    softness : float
        Width of the bend, log-odds.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.scale import soft_ceiling
    >>> float(soft_ceiling(np.array(0.0), 1.0, 0.25).round(3))
    -0.005
    """
    if ceiling is None:
        return state
    room = (np.asarray(ceiling) - state) / softness
    return np.asarray(np.asarray(ceiling) - softness * np.logaddexp(0.0, room))


def soft_ceiling_slope(state: NDArray[Any], ceiling: ArrayLike, softness: float) -> Float:
    """Return the derivative of the level in the state: 1 far below the ceiling, 0 far above."""
    room = (np.asarray(ceiling) - state) / softness
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(room, -50, 50))))


def soft_ceiling_inverse(level: NDArray[Any], ceiling: ArrayLike | None, softness: float) -> Float:
    """Return the state of a level under a soft ceiling: the inverse of `soft_ceiling`.

    States far above the ceiling look alike as levels of single precision; they come out as the lowest of them.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.scale import soft_ceiling, soft_ceiling_inverse
    >>> float(soft_ceiling_inverse(soft_ceiling(np.array(0.3), 1.0, 0.5), 1.0, 0.5).round(6))
    0.3
    """
    if ceiling is None:
        return level
    room = np.maximum((np.asarray(ceiling) - level) / softness, 1e-6)
    return np.asarray(np.asarray(ceiling) - softness * (room + np.log(-np.expm1(-room))))
