"""The periods between the nodes: exact draws of the path given its nodes."""

import numpy as np
from numpy.typing import NDArray

from forecast.model.arrays import PanelArrays
from forecast.typing import Float


def complete_path(
    node_state: Float,
    phi: Float,
    sigma: Float,
    mu: Float | None,
    arrays: PanelArrays,
    rng: np.random.Generator,
) -> Float:
    r"""State of every period, given the state at the nodes.

    Between two nodes the linear pendulum is a Gaussian bridge: with displacement :math:`y` from the equilibrium, and
    :math:`r` periods left to the node ahead at :math:`y_b`,

    .. math:: y_{s+1} \mid y_s, y_b \sim N(v (\phi y_s / \sigma^2 + \phi^r y_b / V_r), v), \quad
              1 / v = 1 / \sigma^2 + \phi^{2r} / V_r

    with :math:`V_r` the variance gathered over r periods. Empty periods thus carry their full uncertainty although
    the sampler never saw them.

    Parameters
    ----------
    node_state : (draw, node)
    phi, sigma : (draw, dyad)
    mu : (draw, era), or None for a random walk
    arrays : PanelArrays
    rng : numpy.random.Generator

    Returns
    -------
    array (draw, dyad, time)
        In log-odds.
    """
    paths = [complete_dyad(d, node_state, phi, sigma, mu, arrays, rng) for d in range(arrays.dyads)]
    return np.stack(paths, axis=1)


def complete_dyad(
    d: int,
    node_state: Float,
    phi: Float,
    sigma: Float,
    mu: Float | None,
    arrays: PanelArrays,
    rng: np.random.Generator,
) -> Float:
    """State (draw, time) of every period of one dyad, as :func:`complete_path`."""
    own = slice(arrays.starts[d], arrays.starts[d + 1])
    ends, gaps = arrays.node_time[own], arrays.node_gap[own]
    state = np.empty((node_state.shape[0], arrays.periods))
    state[:, ends] = node_state[:, own]
    centre = np.zeros((1, ends.size)) if mu is None else mu[:, arrays.node_era[own]]
    displaced_ends = state[:, ends] - centre
    carry, step_variance = phi[:, d, None], sigma[:, d, None] ** 2
    for step in range(1, int(gaps.max(initial=0))):
        open_gaps = np.flatnonzero(gaps > step)
        middle = centre[:, open_gaps]
        time = ends[open_gaps] - gaps[open_gaps] + step
        left = gaps[open_gaps] - step
        carried = carry**left
        gathered = step_variance * _gathered(carry, left)
        precision = 1.0 / step_variance + carried**2 / gathered
        before = state[:, time - 1] - middle
        mean = (carry * before / step_variance + carried * displaced_ends[:, open_gaps] / gathered) / precision
        state[:, time] = middle + mean + rng.standard_normal(mean.shape) / np.sqrt(precision)
    return state


def _gathered(phi: Float, periods: NDArray[np.integer]) -> Float:
    """Variance of ``periods`` shocks of unit variance, each carried on to the end: a sum of powers of phi squared."""
    square = phi**2
    return np.where(square < 1.0, (1.0 - square**periods) / np.maximum(1.0 - square, 1e-300), periods)
