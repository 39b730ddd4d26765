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
    return np.asarray(ceiling) - softness * np.logaddexp(0.0, room)


def soft_ceiling_slope(state: ArrayLike, ceiling: ArrayLike, softness: float) -> NDArray[np.float64]:
    """Derivative of the level in the state: 1 far below the ceiling, 0 far above."""
    room = (np.asarray(ceiling) - np.asarray(state)) / softness
    return 1.0 / (1.0 + np.exp(-np.clip(room, -50, 50)))


def soft_ceiling_graph(state: Any, ceiling: Any, softness: float) -> Any:
    """The same bound as a PyTensor expression."""
    import pytensor.tensor as pt

    return ceiling - softness * pt.softplus((ceiling - state) / softness)
