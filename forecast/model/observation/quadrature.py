"""The integral over a month's noise, by Gauss-Hermite quadrature."""

from typing import TYPE_CHECKING

import numpy as np

from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.spec import PendulumSpec


def quadrature(spec: "PendulumSpec") -> tuple[Float, Float]:
    """Return Gauss-Hermite nodes and weights for a standard normal; a single node at 0 without month noise."""
    if not spec.month_noise:
        return np.zeros(1), np.ones(1)
    nodes, weights = np.polynomial.hermite_e.hermegauss(spec.nodes)
    return nodes, weights / weights.sum()
