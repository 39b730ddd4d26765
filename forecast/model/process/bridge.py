r"""Bridge: the periods between nodes, drawn given the nodes.

A component whose moments are exact is a Gaussian bridge between two nodes. With a period's transition
:math:`N(d_1 + \phi_1 y, v_1)`, and :math:`N(d_r + \phi_r y, v_r)` that over the r periods left to the node ahead at
:math:`y_b`,

.. math:: y_{s+1} \mid y_s, y_b \sim N\left(v \left(\frac{d_1 + \phi_1 y_s}{v_1} + \frac{\phi_r (y_b - d_r)}{v_r}
          \right), v\right), \quad 1 / v = 1 / v_1 + \phi_r^2 / v_r

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
    for stage in range(1, int(gap.max(initial=0))):
        opened = np.flatnonzero(gap > stage)
        now, remaining = time[opened] - gap[opened] + stage, gap[opened] - stage
        once, ahead = component.moments(p, 1), component.moments(p, remaining)
        expected = once.drift + once.carry * path[:, now - 1]
        precision = 1.0 / once.scale**2 + ahead.carry**2 / ahead.scale**2
        pulled = ahead.carry * (path[:, time[opened]] - ahead.drift) / ahead.scale**2
        mean = (expected / once.scale**2 + pulled) / precision
        path[:, now] = mean + rng.standard_normal(mean.shape) / np.sqrt(precision)
    return path
