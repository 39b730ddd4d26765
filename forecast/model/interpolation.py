"""The periods between the nodes: exact draws of the path given its nodes."""

import numpy as np

from forecast.model.arrays import PanelArrays
from forecast.model.trend import gathered
from forecast.typing import Float, Index


def complete_dyad(
    d: int,
    nodes: Float,
    carry: Float,
    step: Float,
    centre: Float | float,
    arrays: PanelArrays,
    rng: np.random.Generator,
) -> Float:
    r"""Complete the path of one dyad's component, given its nodes.

    Between two nodes a linear process of first order is a Gaussian bridge: with :math:`y` its distance from the centre,
    :math:`\phi` the fraction carried over a period, :math:`\sigma` the step, and :math:`r` periods left to the node
    ahead at :math:`y_b`,

    .. math:: y_{s+1} \mid y_s, y_b \sim N(v (\phi y_s / \sigma^2 + \phi^r y_b / V_r), v), \quad
              1 / v = 1 / \sigma^2 + \phi^{2r} / V_r

    with :math:`V_r` the variance gathered over r periods. Empty periods thus carry their full uncertainty although
    the sampler never saw them.
    """
    own = slice(arrays.starts[d], arrays.starts[d + 1])
    ends, gaps = arrays.node_time[own], arrays.node_gap[own]
    path = np.empty((nodes.shape[0], arrays.periods))
    middle = np.reshape(centre, (-1, 1))
    path[:, ends] = nodes[:, own] - middle
    kept, variance = carry[:, None], step[:, None] ** 2
    for stage in range(1, int(gaps.max(initial=0))):
        open_gaps = np.flatnonzero(gaps > stage)
        time = ends[open_gaps] - gaps[open_gaps] + stage
        left = gaps[open_gaps] - stage
        carried = kept**left
        ahead = variance * _gathered(kept, left)
        precision = 1.0 / variance + carried**2 / ahead
        mean = (kept * path[:, time - 1] / variance + carried * path[:, ends[open_gaps]] / ahead) / precision
        path[:, time] = mean + rng.standard_normal(mean.shape) / np.sqrt(precision)
    return np.asarray(path + middle)


def _gathered(carry: Float, periods: Index) -> Float:
    """Variance of so many shocks of unit variance, for carries of which some may be 1."""
    one = carry >= 1.0
    return np.where(one, periods, gathered(np.where(one, 0.5, carry), periods))
