r"""The whitened path of two parts: from white noise to a trend and a cycle around it.

Both parts are linear processes of first order, each with its own transitions,

.. math::  s_i = c^s_i + \phi^s_i s_{i-1} + \sigma^s_i \epsilon_i, \qquad
           f_i = c^f_i + \phi^f_i f_{i-1} + \sigma^f_i \eta_i

for each dyad, and a pseudo-observation of weight :math:`w_i` sees their sum. Written one behind the other,
:math:`(s_0, f_0, s_1, f_1, \ldots)`, their precision has five diagonals: a transition couples entries that lie two
apart, a pseudo-observation those that lie beside each other. The rest is :mod:`forecast.model.kernels.pentadiagonal`.
"""

import numpy as np

from forecast.model.kernels import kernel
from forecast.model.kernels.pentadiagonal import colour, colour_backward
from forecast.typing import Float, Index


@kernel
def pair_forward(
    z: Float, drift_s: Float, carry_s: Float, scale_s: Float, drift_f: Float, carry_f: Float, scale_f: Float,
    weight: Float, information: Float, starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float]:  # fmt: skip
    """Path (2 node,), trend and cycle of every node in turn, log-determinant, and what serves the gradient.

    ``z`` has shape (2 node,), all others (node,); ``starts`` (dyad + 1,) says where each dyad's nodes begin. Carries of
    first nodes are ignored.
    """
    nodes = weight.size
    diagonal, off, off2, right = np.empty(2 * nodes), np.zeros(2 * nodes), np.empty(2 * nodes), np.empty(2 * nodes)
    for i in range(nodes):
        diagonal[2 * i], diagonal[2 * i + 1] = weight[i], weight[i]
        right[2 * i], right[2 * i + 1] = information[i], information[i]
        off[2 * i + 1] = weight[i]
    _add_transitions(drift_s, carry_s, scale_s, starts, 0, diagonal, off2, right)
    _add_transitions(drift_f, carry_f, scale_f, starts, 1, diagonal, off2, right)
    result: tuple[Float, Float, Float, Float, Float, Float] = colour(z, diagonal, off, off2, right)
    return result


@kernel
def _add_transitions(
    drift: Float, carry: Float, scale: Float, starts: Index, part: int, diagonal: Float, off2: Float, right: Float
) -> None:
    """Add to the precision and the right-hand side what the transitions of a part put there."""
    for d in range(starts.size - 1):
        for i in range(starts[d], starts[d + 1]):
            e, q = 2 * i + part, 1.0 / (scale[i] * scale[i])
            diagonal[e] += q
            right[e] += q * drift[i]
            off2[e] = 0.0
            if i > starts[d]:
                pull = carry[i] * q
                off2[e] = -pull
                diagonal[e - 2] += carry[i] * pull
                right[e - 2] -= pull * drift[i]


@kernel
def pair_backward(
    z: Float, drift_s: Float, carry_s: Float, scale_s: Float, drift_f: Float, carry_f: Float, scale_f: Float,
    x: Float, inverse: Float, solved: Float, beside: Float, beyond: Float,
    g_x: Float, g_log_det: float, starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float, Float, Float, Float]:  # fmt: skip
    """Gradients with respect to all inputs of `pair_forward` but the starts."""
    nodes = scale_s.size
    g_z, g_diagonal, g_off, g_off2, g_right = colour_backward(z, x, inverse, solved, beside, beyond, g_x, g_log_det)
    g_weight, g_information = np.empty(nodes), np.empty(nodes)
    for i in range(nodes):
        g_weight[i] = g_diagonal[2 * i] + g_diagonal[2 * i + 1] + g_off[2 * i + 1]
        g_information[i] = g_right[2 * i] + g_right[2 * i + 1]
    by_s = _collect_transitions(drift_s, carry_s, scale_s, starts, 0, g_diagonal, g_off2, g_right)
    by_f = _collect_transitions(drift_f, carry_f, scale_f, starts, 1, g_diagonal, g_off2, g_right)
    return g_z, by_s[0], by_s[1], by_s[2], by_f[0], by_f[1], by_f[2], g_weight, g_information


@kernel
def _collect_transitions(
    drift: Float, carry: Float, scale: Float, starts: Index, part: int, g_diagonal: Float, g_off2: Float, g_right: Float
) -> tuple[Float, Float, Float]:
    """Gradients of a part's drift, carry and scale."""
    g_drift, g_carry, g_scale = np.empty(drift.size), np.zeros(drift.size), np.empty(drift.size)
    for d in range(starts.size - 1):
        for i in range(starts[d], starts[d + 1]):
            e, q, c = 2 * i + part, 1.0 / (scale[i] * scale[i]), drift[i]
            by_precision, by_drift = g_diagonal[e] + c * g_right[e], g_right[e]
            if i > starts[d]:
                p = carry[i]
                by_pull = p * g_diagonal[e - 2] - g_off2[e] - c * g_right[e - 2]
                by_precision += p * by_pull
                by_drift -= p * g_right[e - 2]
                g_carry[i] = q * (by_pull + p * g_diagonal[e - 2])
            g_drift[i] = q * by_drift
            g_scale[i] = -2.0 * q / scale[i] * by_precision
    return g_drift, g_carry, g_scale
