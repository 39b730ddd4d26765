"""Conversion of the level (log-odds) to the share of cooperative events."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def share(level: NDArray[Any]) -> NDArray[Any]:
    """Return the expected share of cooperative actions, 0 to 100, at `level` (log-odds)."""
    return np.asarray(50 * (1 + np.tanh(level / 2)))  # the logistic function, without overflow
