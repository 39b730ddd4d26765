r"""Whitening: an exact change of variables from white noise to the path of trend and cycle.

A linear process over the nodes of each dyad, :math:`x_i = c_i + \phi_i x_{i-1} + s_i \epsilon_i`,
seen through pseudo-observations of weight :math:`w_i` and information :math:`w_i y_i` has a
Gaussian posterior with a tridiagonal precision :math:`A = L L^\top`. White noise ``z`` is mapped to
a draw of it, :math:`x = A^{-1} r + L^{-\top} z`, with
:math:`\log |dx / dz| = -\sum_i \log l_i`. This is exact for any pseudo-observations; where they are
close to what the data say, ``z`` is nearly white and nearly independent of the parameters.

Of a trend and a cycle around it the pseudo-observations see the sum. Written one behind the other,
:math:`(s_0, f_0, s_1, f_1, \ldots)`, their precision has five diagonals. It is factored as
:math:`A = M D M^\top`, where :math:`M` has a unit diagonal, with :math:`m_i` and :math:`n_i` on the
first and the second diagonal below it,

.. math::

    n_i = a_{i,i-2} / d_{i-2}, \quad  u_i = a_{i,i-1} - a_{i,i-2} m_{i-1}, \quad
    m_i = u_i / d_{i-1}, \quad d_i = a_{i,i} - m_i u_i - n_i a_{i,i-2}

so that :math:`M^\top x = D^{-1} M^{-1} r + D^{-1/2} z`. Beyond a pivot :math:`d_i` that is not
positive the log-determinant is not a number.

In the code `first_below` is :math:`m`, `second_below` is :math:`n`, `off_one` and `off_two` are the
diagonals of :math:`A` one and two below its main one, and `right` is :math:`r`. ``g_name`` is the
slope of the log-density in ``name``; in sweeps that run backward it is that of the entry at hand.
"""

import numpy as np

from forecast.base.typing import Float, Index
from forecast.model.kernels import kernel

# Pivots of which one logarithm is taken: their product stays far inside the range of floats, and a
# logarithm takes as long as many products
LOG_EVERY = 16


@kernel
def _longest(starts: Index) -> int:
    """Return the most nodes of a dyad; `numpy.diff` would take two seconds to compile."""
    most = 0
    for d in range(starts.size - 1):
        most = max(most, starts[d + 1] - starts[d])
    return most


@kernel
def path_forward(
    z: Float,
    drift: Float,
    retention: Float,
    scale: Float,
    weight: Float,
    information: Float,
    starts: Index,
) -> tuple[Float, Float, Float, Float]:
    """Return path, log-determinant, inverse Cholesky diagonal and the half-solved vector."""
    nodes, dyads = z.size, starts.size - 1
    x, diagonal, inverse, solved = (
        np.empty(nodes),
        np.empty(nodes),
        np.empty(nodes),
        np.empty(nodes),
    )
    longest = _longest(starts)
    q = 1.0 / (scale * scale)
    coupling = retention * q
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
                a += retention[i + 1] * coupling[i + 1]
                r -= coupling[i + 1] * drift[i + 1]
            if step > 0:
                b = -coupling[i] * inverse[i - 1]
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
                u += coupling[i + 1] * inverse[i] * x[i + 1]
            x[i] = u * inverse[i]
    return x, np.asarray(log_det), inverse, solved


@kernel
def path_backward(
    drift: Float,
    retention: Float,
    scale: Float,
    x: Float,
    inverse: Float,
    solved: Float,
    g_x: Float,
    g_log_det: Float,
    starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float]:
    """Gradients with respect to z, drift, retention, scale, weight and information."""
    nodes, by_log_det = x.size, g_log_det.item()
    g_z, g_drift, g_retention, g_scale = (
        np.empty(nodes),
        np.zeros(nodes),
        np.zeros(nodes),
        np.empty(nodes),
    )
    g_weight, g_information = np.empty(nodes), np.empty(nodes)
    g_l, g_b = np.empty(nodes), np.zeros(nodes)
    q = 1.0 / (scale * scale)
    coupling = retention * q
    g_q = np.zeros(nodes)
    dyads = starts.size - 1
    longest = _longest(starts)
    above, below_v, below_l = np.zeros(dyads), np.zeros(dyads), np.zeros(dyads)
    for step in range(longest):  # reverse of the sweep up
        for d in range(dyads):
            i = starts[d] + step
            if i >= starts[d + 1]:
                continue
            g = g_x[i] + above[d]
            g_z[i] = g * inverse[i]
            g_l[i] = -(by_log_det + g * x[i]) * inverse[i]
            if i + 1 < starts[d + 1]:
                g_b[i + 1] = -g_z[i] * x[i + 1]
                above[d] = g_z[i] * coupling[i + 1] * inverse[i]
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
                b = -coupling[i] * inverse[i - 1]
                g_bi = g_b[i] - g_r * solved[i - 1] - g_diagonal * b * inverse[i]
                below_v[d] = -g_r * b
                below_l[d] = -g_bi * b * inverse[i - 1]
                g_off_one = g_bi * inverse[i - 1]
                g_retention[i] -= q[i] * g_off_one
                g_q[i] -= retention[i] * g_off_one
            if i + 1 < starts[d + 1]:
                p, c = retention[i + 1], drift[i + 1]
                g_retention[i + 1] += q[i + 1] * (2.0 * p * g_a - c * g_r)
                g_drift[i + 1] -= g_r * coupling[i + 1]
                g_q[i + 1] += p * (g_a * p - g_r * c)
            g_weight[i] = g_a
            g_information[i] = g_r
    for i in range(nodes):
        g_scale[i] = -2.0 * g_q[i] * q[i] / scale[i]
    return g_z, g_drift, g_retention, g_scale, g_weight, g_information


@kernel
def colour(
    z: Float, diagonal: Float, off_one: Float, off_two: Float, right: Float
) -> tuple[Float, Float, Float, Float, Float, Float]:
    """Draw of white noise, log-determinant, and what `colour_backward` reads again.

    It reads the inverse of the Cholesky diagonal, the half-solved vector, and both diagonals of M.
    """
    number = z.size
    x, inverse, solved = np.empty(number), np.empty(number), np.empty(number)
    # Two zeros at the end serve the sweep up.
    first_below, second_below = np.zeros(number + 2), np.zeros(number + 2)
    m, k, k_before, y, y_before = 0.0, 0.0, 0.0, 0.0, 0.0
    product, log_det = 1.0, 0.0
    for i in range(number):
        u = off_one[i] - off_two[i] * m
        m, n = u * k, off_two[i] * k_before
        pivot = diagonal[i] - u * u * k - n * off_two[i]
        y, y_before = right[i] - m * y - n * y_before, y
        k, k_before = 1.0 / pivot, k
        first_below[i], second_below[i], inverse[i], solved[i] = m, n, np.sqrt(k), y * k
        product *= inverse[i]
        if i % LOG_EVERY == LOG_EVERY - 1 or i == number - 1:
            log_det += np.log(product)
            product = 1.0
    after, later = 0.0, 0.0
    for i in range(number - 1, -1, -1):
        after, later = (
            solved[i]
            + z[i] * inverse[i]
            - first_below[i + 1] * after
            - second_below[i + 2] * later,
            after,
        )
        x[i] = after
    return x, np.asarray(log_det), inverse, solved, first_below, second_below


@kernel
def colour_backward(
    z: Float,
    x: Float,
    inverse: Float,
    solved: Float,
    first_below: Float,
    second_below: Float,
    g_x: Float,
    g_log_det: float,
) -> tuple[Float, Float, Float, Float, Float]:
    """Gradients with respect to z, the three diagonals and the right-hand side.

    These are the two sweeps in reverse.
    """
    number = x.size
    g_z, g_half = np.empty(number), np.empty(number)
    g_diagonal, g_off_one, g_off_two, g_right = (
        np.empty(number),
        np.empty(number),
        np.empty(number),
        np.empty(number),
    )
    g, g_before = 0.0, 0.0
    for i in range(number):  # reverse of the sweep up
        g, g_before = g_x[i] - first_below[i] * g - second_below[i] * g_before, g
        g_z[i] = g * inverse[i]
        g_half[i] = g_z[i] * inverse[i]
    r, r_after, a, a_after, o, o_two, o_two_after = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(number - 1, -1, -1):  # reverse of the sweep down
        j, h = max(i - 1, 0), max(i - 2, 0)  # what a first entry reads there meets a zero
        m, n = first_below[i + 1], second_below[i + 2]
        r, r_after = g_half[i] - m * r - n * r_after, r
        direct = (
            g_half[i] * (solved[i] + 0.5 * z[i] * inverse[i])
            + 0.5 * g_log_det * inverse[i] * inverse[i]
        )
        a, a_after = -direct - m * (o + a * m) - n * (o_two_after + a_after * n), a
        o = -g_half[j] * x[i] - r * solved[j] - o * second_below[i + 1] - 2.0 * a * first_below[i]
        o_two, o_two_after = -g_half[h] * x[i] - r * solved[h] - 2.0 * a * second_below[i], o_two
        g_diagonal[i], g_right[i], g_off_one[i], g_off_two[i] = a, r, o, o_two - o * first_below[j]
    return g_z, g_diagonal, g_off_one, g_off_two, g_right


@kernel
def pair_forward(
    z: Float,
    trend_drift: Float,
    trend_retention: Float,
    trend_scale: Float,
    cycle_drift: Float,
    cycle_retention: Float,
    cycle_scale: Float,
    weight: Float,
    information: Float,
    starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float]:
    """Path (2 node,), log-determinant, and what `pair_backward` reads again.

    The path has trend and cycle of a node next to each other.
    """
    nodes = weight.size
    diagonal, off_one, off_two, right = (
        np.empty(2 * nodes),
        np.zeros(2 * nodes),
        np.empty(2 * nodes),
        np.empty(2 * nodes),
    )
    for i in range(nodes):
        diagonal[2 * i], diagonal[2 * i + 1] = weight[i], weight[i]
        right[2 * i], right[2 * i + 1] = information[i], information[i]
        off_one[2 * i + 1] = weight[i]
    _add_transitions(trend_drift, trend_retention, trend_scale, starts, 0, diagonal, off_two, right)
    _add_transitions(cycle_drift, cycle_retention, cycle_scale, starts, 1, diagonal, off_two, right)
    return colour(z, diagonal, off_one, off_two, right)


@kernel
def _add_transitions(
    drift: Float,
    retention: Float,
    scale: Float,
    starts: Index,
    part: int,
    diagonal: Float,
    off_two: Float,
    right: Float,
) -> None:
    """Add the transitions of a part, 0 the trend and 1 the cycle, to precision and right side."""
    for d in range(starts.size - 1):
        for i in range(starts[d], starts[d + 1]):
            entry, q = 2 * i + part, 1.0 / (scale[i] * scale[i])
            diagonal[entry] += q
            right[entry] += q * drift[i]
            off_two[entry] = 0.0
            if i > starts[d]:
                coupling = retention[i] * q
                off_two[entry] = -coupling
                diagonal[entry - 2] += retention[i] * coupling
                right[entry - 2] -= coupling * drift[i]


@kernel
def pair_backward(
    z: Float,
    trend_drift: Float,
    trend_retention: Float,
    trend_scale: Float,
    cycle_drift: Float,
    cycle_retention: Float,
    cycle_scale: Float,
    x: Float,
    inverse: Float,
    solved: Float,
    first_below: Float,
    second_below: Float,
    g_x: Float,
    g_log_det: Float,
    starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float, Float, Float, Float]:
    """Gradients with respect to all inputs of `pair_forward` but the starts."""
    nodes = trend_scale.size
    g_z, g_diagonal, g_off_one, g_off_two, g_right = colour_backward(
        z, x, inverse, solved, first_below, second_below, g_x, g_log_det.item()
    )
    g_weight, g_information = np.empty(nodes), np.empty(nodes)
    for i in range(nodes):
        g_weight[i] = g_diagonal[2 * i] + g_diagonal[2 * i + 1] + g_off_one[2 * i + 1]
        g_information[i] = g_right[2 * i] + g_right[2 * i + 1]
    g_trend = _collect_transitions(
        trend_drift, trend_retention, trend_scale, starts, 0, g_diagonal, g_off_two, g_right
    )
    g_cycle = _collect_transitions(
        cycle_drift, cycle_retention, cycle_scale, starts, 1, g_diagonal, g_off_two, g_right
    )
    return (
        g_z,
        g_trend[0],
        g_trend[1],
        g_trend[2],
        g_cycle[0],
        g_cycle[1],
        g_cycle[2],
        g_weight,
        g_information,
    )


@kernel
def _collect_transitions(
    drift: Float,
    retention: Float,
    scale: Float,
    starts: Index,
    part: int,
    g_diagonal: Float,
    g_off_two: Float,
    g_right: Float,
) -> tuple[Float, Float, Float]:
    """Gradients of drift, retention and scale of a part, 0 the trend and 1 the cycle."""
    g_drift, g_retention, g_scale = np.empty(drift.size), np.zeros(drift.size), np.empty(drift.size)
    for d in range(starts.size - 1):
        for i in range(starts[d], starts[d + 1]):
            entry, q, c = 2 * i + part, 1.0 / (scale[i] * scale[i]), drift[i]
            by_precision, by_drift = g_diagonal[entry] + c * g_right[entry], g_right[entry]
            if i > starts[d]:
                p = retention[i]
                by_coupling = p * g_diagonal[entry - 2] - g_off_two[entry] - c * g_right[entry - 2]
                by_precision += p * by_coupling
                by_drift -= p * g_right[entry - 2]
                g_retention[i] = q * (by_coupling + p * g_diagonal[entry - 2])
            g_drift[i] = q * by_drift
            g_scale[i] = -2.0 * q / scale[i] * by_precision
    return g_drift, g_retention, g_scale
