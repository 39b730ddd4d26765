r"""Bridge: the periods between nodes, drawn given the nodes.

A component whose moments are exact is a Gaussian bridge between two nodes. With a period's
transition :math:`N(d_1 + \phi_1 y, v_1)`, and :math:`N(d_r + \phi_r y, v_r)` that over the r
periods that remain to the node ahead at :math:`y_b`,

.. math:: y_{s+1} \mid y_s, y_b \sim N\left(v \left(\frac{d_1 + \phi_1 y_s}{v_1} +
          \frac{\phi_r (y_b - d_r)}{v_r} \right), v\right),
          \quad 1 / v = 1 / v_1 + \phi_r^2 / v_r

Empty periods thus carry their full uncertainty although the sampler never saw them.
"""

import numpy as np

from forecast.base.typing import Float, Index
from forecast.model.process.component import Component, Motion


def bridge(
    component: Component,
    p: Motion,
    nodes: Float,
    time: Index,
    gap: Index,
    periods: int,
    rng: np.random.Generator,
) -> Float:
    """Complete the path of one dyad's component, (draw, period), given its nodes, (draw, node).

    `time` are the periods of the nodes and `gap` the periods since the node before. Parameters are
    (draw, 1) or numbers. No era begins between two nodes: its first period is one.
    """
    path = np.empty((nodes.shape[0], periods))
    path[:, time] = nodes
    step = component.moments(p, 1)
    # All gaps are filled together: first the first period of each, then the second, and so on.
    for position in range(1, int(gap.max(initial=0))):
        longer = np.flatnonzero(gap > position)
        end = time[longer]
        remaining = gap[longer] - position
        period = end - remaining
        ahead = component.moments(p, remaining)
        from_before = step.drift + step.retention * path[:, period - 1]
        from_ahead = ahead.retention * (path[:, end] - ahead.drift)
        precision = 1.0 / step.scale**2 + ahead.retention**2 / ahead.scale**2
        mean = (from_before / step.scale**2 + from_ahead / ahead.scale**2) / precision
        path[:, period] = mean + rng.standard_normal(mean.shape) / np.sqrt(precision)
    return path
