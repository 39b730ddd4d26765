"""From the pendulum's state to what readers see: the soft ceiling, and the share of cooperative actions."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.typing import Float

LIFT_NODES, LIFT_STEPS = 15, 5


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


def ceiling_lift(spread: Any, headroom: Any, softness: float, backend: Any = np) -> Any:
    r"""Compute how far the state's centre lies above the mean of the level that a soft ceiling leaves of it.

    With :math:`C` a headroom above the mean :math:`m`, it is the :math:`\delta` for which a normal state around
    :math:`m + \delta` has a level of mean :math:`m` (`soft_ceiling`). There is one for every positive headroom: the
    tighter the ceiling, the higher the state is held.

    The mean is a Gauss-Hermite sum, and :math:`\delta` is found by Newton's method on its logarithm, which is concave.
    Up to a spread of 2.5 times the softness and for headrooms above a tenth of it, :math:`\delta` is right to 0.001 of
    the softness, and up to 4 times to 0.01.

    Parameters
    ----------
    spread : array or variable
        Of the state in the long run, log-odds.
    headroom : array or variable
        Positive; of the shape of `spread`.
    softness : float
        Width of the bend, log-odds.
    backend : module
        numpy or pytensor.tensor.

    Returns
    -------
    array or variable
        Positive, log-odds.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.scale import ceiling_lift
    >>> ceiling_lift(np.array([0.8, 0.8]), np.array([1.0, 4.0]), 0.5).round(2)
    array([0.18, 0.  ])
    """
    z, weight = np.polynomial.hermite_e.hermegauss(LIFT_NODES)
    weight = weight / weight.sum()
    room, scatter = headroom / softness, (spread / softness)[..., None] * z
    lift = 0.0 * room
    for _ in range(LIFT_STEPS):
        x = (room - lift)[..., None] - scatter
        below = (weight * (backend.maximum(x, 0.0) + backend.log1p(backend.exp(-backend.abs(x))))).sum(axis=-1)
        slope = (weight * 0.5 * (1.0 + backend.tanh(x / 2.0))).sum(axis=-1)
        lift = lift + below / slope * backend.log(below / room)
    return softness * lift
