"""Effect of drivers on the cycle: in every period a part of the distance to the target remains."""

import numpy as np

from forecast.base.typing import Float
from forecast.model.kernels import kernel


@kernel
def follow_forward(phi: Float, target: Float) -> Float:
    """Series (row, time) of targets (row, time), with `phi` (row,)."""
    series = np.empty_like(target)
    for d in range(target.shape[0]):
        series[d, 0] = target[d, 0]
        for t in range(1, target.shape[1]):
            series[d, t] = phi[d] * series[d, t - 1] + (1.0 - phi[d]) * target[d, t]
    return series


@kernel
def follow_backward(
    phi: Float, target: Float, series: Float, g_series: Float
) -> tuple[Float, Float]:
    """Gradients with respect to phi and the target."""
    g_phi, g_target = np.zeros_like(phi), np.empty_like(target)
    for d in range(target.shape[0]):
        ahead = 0.0
        for t in range(target.shape[1] - 1, 0, -1):
            ahead = g_series[d, t] + phi[d] * ahead
            g_target[d, t] = (1.0 - phi[d]) * ahead
            g_phi[d] += ahead * (series[d, t - 1] - target[d, t])
        g_target[d, 0] = g_series[d, 0] + phi[d] * ahead
    return g_phi, g_target
