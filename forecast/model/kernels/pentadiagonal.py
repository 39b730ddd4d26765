r"""White noise to a Gaussian vector whose precision has five diagonals, and the gradients of that.

The precision :math:`A` has the diagonals :math:`a_{i,i}`, :math:`a_{i,i-1}` and :math:`a_{i,i-2}`; what is computed is
:math:`x = A^{-1} r + L^{-\top} z`, :math:`A = L L^\top`. It is factored as :math:`A = M D M^\top`, :math:`M` of unit
diagonal and :math:`m_i`, :math:`n_i` beside it,

.. math::  n_i = a_{i,i-2} / d_{i-2}, \quad  u_i = a_{i,i-1} - a_{i,i-2} m_{i-1}, \quad  m_i = u_i / d_{i-1}, \quad
           d_i = a_{i,i} - m_i u_i - n_i a_{i,i-2}

which keeps the roots out of the recursion, so that :math:`M^\top x = D^{-1} M^{-1} r + D^{-1/2} z` and
:math:`\log |dx / dz| = -\tfrac12 \sum_i \log d_i`. Beyond a pivot :math:`d_i` that is not positive the log-determinant
is not a number. One sweep down and one up.
"""

import numpy as np

from forecast.model.kernels import kernel
from forecast.model.kernels.path import LOG_EVERY
from forecast.typing import Float


@kernel
def colour(
    z: Float, diagonal: Float, off: Float, off2: Float, right: Float
) -> tuple[Float, Float, Float, Float, Float, Float]:
    """Vector, log-determinant, and what serves the gradient; all arrays (entry,).

    That is the inverse Cholesky diagonal, the half-solved vector :math:`D^{-1} M^{-1} r`, and the two diagonals of
    :math:`M`, each followed by two zeros.
    """
    number = z.size
    x, inverse, solved = np.empty(number), np.empty(number), np.empty(number)
    beside, beyond = np.zeros(number + 2), np.zeros(number + 2)
    m, k, k_before, y, y_before = 0.0, 0.0, 0.0, 0.0, 0.0
    product, log_det = 1.0, 0.0
    for i in range(number):
        u = off[i] - off2[i] * m
        m, n = u * k, off2[i] * k_before
        pivot = diagonal[i] - u * u * k - n * off2[i]
        y, y_before = right[i] - m * y - n * y_before, y
        k, k_before = 1.0 / pivot, k
        beside[i], beyond[i], inverse[i], solved[i] = m, n, np.sqrt(k), y * k
        product *= inverse[i]
        if i % LOG_EVERY == LOG_EVERY - 1 or i == number - 1:
            log_det += np.log(product)
            product = 1.0
    after, later = 0.0, 0.0
    for i in range(number - 1, -1, -1):
        after, later = solved[i] + z[i] * inverse[i] - beside[i + 1] * after - beyond[i + 2] * later, after
        x[i] = after
    return x, np.asarray(log_det), inverse, solved, beside, beyond


@kernel
def colour_backward(
    z: Float, x: Float, inverse: Float, solved: Float, beside: Float, beyond: Float, g_x: Float, g_log_det: float
) -> tuple[Float, Float, Float, Float, Float]:
    """Gradients with respect to z, the three diagonals and the right-hand side: the two sweeps in reverse."""
    number = x.size
    g_z, g_half = np.empty(number), np.empty(number)
    g_diagonal, g_off, g_off2, g_right = np.empty(number), np.empty(number), np.empty(number), np.empty(number)
    g, g_before = 0.0, 0.0
    for i in range(number):  # reverse of the sweep up
        g, g_before = g_x[i] - beside[i] * g - beyond[i] * g_before, g
        g_z[i] = g * inverse[i]
        g_half[i] = g_z[i] * inverse[i]
    r, r_after, a, a_after, o, o2, o2_after = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(number - 1, -1, -1):  # reverse of the sweep down
        j, h = max(i - 1, 0), max(i - 2, 0)  # what a first entry reads there meets a zero
        m, n = beside[i + 1], beyond[i + 2]
        r, r_after = g_half[i] - m * r - n * r_after, r
        own = g_half[i] * (solved[i] + 0.5 * z[i] * inverse[i]) + 0.5 * g_log_det * inverse[i] * inverse[i]
        a, a_after = -own - m * (o + a * m) - n * (o2_after + a_after * n), a
        o = -g_half[j] * x[i] - r * solved[j] - o * beyond[i + 1] - 2.0 * a * beside[i]
        o2, o2_after = -g_half[h] * x[i] - r * solved[h] - 2.0 * a * beyond[i], o2
        g_diagonal[i], g_right[i], g_off[i], g_off2[i] = a, r, o, o2 - o * beside[j]
    return g_z, g_diagonal, g_off, g_off2, g_right
