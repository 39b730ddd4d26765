r"""The whitened path: an exact change of variables from white noise to the pendulum's path.

A linear reference process over the nodes of each dyad,

.. math::  x_0 = c_0 + s_0 \epsilon_0, \qquad x_i = c_i + \phi_i x_{i-1} + s_i \epsilon_i

seen through pseudo-observations of weight :math:`w_i` and information :math:`w_i y_i` has a Gaussian posterior with
a tridiagonal precision :math:`A = L L^\top`. It maps white noise ``z`` to a draw of it,

.. math::  x = A^{-1} r + L^{-\top} z

and returns :math:`\log |dx / dz| = -\sum_i \log l_i` beside it. Whatever the pseudo-observations are, the
change of variables is exact, so that a posterior written in ``z`` is the posterior of the path; where they
are close to what the data say, ``z`` is nearly white and nearly independent of the parameters. One sweep
down and one up: linear in the number of nodes.
"""

import numpy as np

from forecast.model.kernels import kernel
from forecast.typing import Float, Index

# One logarithm for this many pivots: their product stays far inside the floats.
LOG_EVERY = 16


@kernel
def path_forward(
    z: Float, drift: Float, carry: Float, scale: Float, weight: Float, information: Float, starts: Index
) -> tuple[Float, Float, Float, Float]:
    """Path, log-determinant, inverse Cholesky diagonal and half-solved vector (the last two serve the gradient).

    ``starts`` (dyad + 1,) says where each dyad's nodes begin; ``carry`` of a first node is ignored.
    """
    nodes, dyads = z.size, starts.size - 1
    x, diagonal, inverse, solved = np.empty(nodes), np.empty(nodes), np.empty(nodes), np.empty(nodes)
    longest = 0
    for d in range(dyads):
        longest = max(longest, starts[d + 1] - starts[d])
    q = 1.0 / (scale * scale)
    pull = carry * q
    product = np.ones(dyads)
    log_det = 0.0
    # Dyads in the inner loop: their recursions are independent and overlap in the processor.
    for step in range(longest):
        for d in range(dyads):
            i = starts[d] + step
            if i >= starts[d + 1]:
                continue
            a = q[i] + weight[i]
            r = q[i] * drift[i] + information[i]
            if i + 1 < starts[d + 1]:
                a += carry[i + 1] * pull[i + 1]
                r -= pull[i + 1] * drift[i + 1]
            if step > 0:
                b = -pull[i] * inverse[i - 1]
                a -= b * b
                r -= b * solved[i - 1]
            diagonal[i] = np.sqrt(a)
            inverse[i] = 1.0 / diagonal[i]
            solved[i] = r * inverse[i]
            product[d] *= diagonal[i]
        if step % LOG_EVERY == LOG_EVERY - 1 or step == longest - 1:
            for d in range(dyads):
                log_det -= np.log(product[d])
                product[d] = 1.0
    for step in range(longest - 1, -1, -1):
        for d in range(dyads):
            i = starts[d] + step
            if i >= starts[d + 1]:
                continue
            u = solved[i] + z[i]
            if i + 1 < starts[d + 1]:
                u += pull[i + 1] * inverse[i] * x[i + 1]
            x[i] = u * inverse[i]
    return x, np.asarray(log_det), inverse, solved


@kernel
def path_backward(
    drift: Float, carry: Float, scale: Float, x: Float, inverse: Float, solved: Float,
    g_x: Float, g_log_det: float, starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float]:  # fmt: skip
    """Gradients with respect to z, drift, carry, scale, weight and information."""
    nodes = x.size
    g_z, g_drift, g_carry, g_scale = np.empty(nodes), np.zeros(nodes), np.zeros(nodes), np.empty(nodes)
    g_weight, g_information = np.empty(nodes), np.empty(nodes)
    g_l, g_b = np.empty(nodes), np.zeros(nodes)
    q = 1.0 / (scale * scale)
    pull = carry * q
    g_q = np.zeros(nodes)
    dyads = starts.size - 1
    longest = 0
    for d in range(dyads):
        longest = max(longest, starts[d + 1] - starts[d])
    above, below_v, below_l = np.zeros(dyads), np.zeros(dyads), np.zeros(dyads)
    for step in range(longest):  # reverse of the sweep up
        for d in range(dyads):
            i = starts[d] + step
            if i >= starts[d + 1]:
                continue
            g = g_x[i] + above[d]
            g_z[i] = g * inverse[i]
            g_l[i] = -(g_log_det + g * x[i]) * inverse[i]
            if i + 1 < starts[d + 1]:
                g_b[i + 1] = -g_z[i] * x[i + 1]
                above[d] = g_z[i] * pull[i + 1] * inverse[i]
    for step in range(longest - 1, -1, -1):  # reverse of the sweep down
        for d in range(dyads):
            i = starts[d] + step
            if i >= starts[d + 1]:
                continue
            g_v = g_z[i] + below_v[d]
            g_r = g_v * inverse[i]
            g_diagonal = g_l[i] + below_l[d] - g_v * solved[i] * inverse[i]
            g_a = 0.5 * g_diagonal * inverse[i]
            g_q[i] += g_a + g_r * drift[i]
            g_drift[i] += g_r * q[i]
            if step > 0:
                b = -pull[i] * inverse[i - 1]
                g_bi = g_b[i] - g_r * solved[i - 1] - g_diagonal * b * inverse[i]
                below_v[d] = -g_r * b
                below_l[d] = -g_bi * b * inverse[i - 1]
                g_off = g_bi * inverse[i - 1]
                g_carry[i] -= q[i] * g_off
                g_q[i] -= carry[i] * g_off
            if i + 1 < starts[d + 1]:
                p, c = carry[i + 1], drift[i + 1]
                g_carry[i + 1] += q[i + 1] * (2.0 * p * g_a - c * g_r)
                g_drift[i + 1] -= g_r * pull[i + 1]
                g_q[i + 1] += p * (g_a * p - g_r * c)
            g_weight[i] = g_a
            g_information[i] = g_r
    for i in range(nodes):
        g_scale[i] = -2.0 * g_q[i] * q[i] / scale[i]
    return g_z, g_drift, g_carry, g_scale, g_weight, g_information
