"""The long-run variance of a pendulum whose pull is not linear."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_REACH = 8.0

DISTANCES = _REACH * (_NODES + 1.0) / 2.0
"""Where the potential is read, in spreads of the linear pendulum."""


def long_run_variance(sides: Sequence[Any], backend: Any = np) -> Any:
    r"""Compute the variance of the density :math:`\propto e^{-U}`, with :math:`U` the integral of the pull's shape.

    In the limit of small steps it is that of the pendulum's long run, in units of that of a linear pendulum with the
    same phi and shocks.
    """
    density = sum(_WEIGHTS * backend.exp(side) for side in sides)
    return (density * DISTANCES**2).sum() / density.sum()
