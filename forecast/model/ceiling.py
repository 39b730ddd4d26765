"""The structural ceiling on the level: a soft bound that the pendulum may press against but not pass."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def soft_ceiling(state: ArrayLike, ceiling: ArrayLike, softness: float) -> NDArray[np.float64]:
    r"""Level of a state under a ceiling, ``C - s softplus((C - x) / s)``, in log-odds; arrays broadcast.

    Examples
    --------
    >>> float(soft_ceiling(0.0, 1.0, 0.25).round(3))
    -0.005
    """
    room = (np.asarray(ceiling) - np.asarray(state)) / softness
    level: NDArray[np.float64] = np.asarray(ceiling) - softness * np.logaddexp(0.0, room)
    return level


def soft_ceiling_slope(state: ArrayLike, ceiling: ArrayLike, softness: float) -> NDArray[np.float64]:
    """Give the derivative of the level in the state: 1 far below the ceiling, 0 far above."""
    room = (np.asarray(ceiling) - np.asarray(state)) / softness
    slope: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(room, -50, 50)))
    return slope


def soft_ceiling_graph(state: Any, ceiling: Any, softness: float) -> Any:
    """Express the same bound in PyTensor; one exponential and one logarithm an element."""
    import pytensor.tensor as pt

    return ceiling - softness * pt.log(1.0 + pt.exp((ceiling - state) / softness))
