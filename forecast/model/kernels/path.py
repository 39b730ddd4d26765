r"""The whitened path: an exact change of variables from white noise to the pendulum's path.

A linear reference process, one for each dyad,

.. math::  x_0 \sim N(c_0, s_0^2), \qquad x_t = c_t + \phi x_{t-1} + \sigma \epsilon_t

seen through pseudo-observations of weight :math:`w_t` and information :math:`w_t y_t` has a Gaussian posterior with a
tridiagonal precision :math:`A = L L^\top`. The Op maps white noise ``z`` to a draw of it,

.. math::  x = A^{-1} r + L^{-\top} z

and returns :math:`\log |dx / dz| = -\sum_t \log l_t` beside it. Whatever the pseudo-observations are, the
change of variables is exact, so that a posterior written in ``z`` is the posterior of the path; where they
are close to what the data say, ``z`` is nearly white and nearly independent of the parameters. One sweep
down and one up: linear in the number of periods.
"""

from typing import Any

import numba
import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

Array = NDArray[np.float64]
KERNEL_VERSION = "1"  # part of PyTensor's compilation cache key: raise it when a kernel changes


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def path_forward(
    z: Array, drift: Array, phi: Array, sigma: Array, start_sd: Array, weight: Array, information: Array
) -> tuple[Array, Array, Array, Array]:
    """Path, log-determinant, Cholesky diagonal ``l`` and half-solved vector ``v`` (the last two serve the gradient)."""
    dyads, periods = z.shape
    x = np.empty((dyads, periods))
    diagonal = np.empty((dyads, periods))
    solved = np.empty((dyads, periods))
    log_det = 0.0
    for d in range(dyads):
        q = 1.0 / (sigma[d] * sigma[d])
        p = phi[d]
        off = -p * q
        inner = q * (1.0 + p * p)
        previous_l, previous_v = 1.0, 0.0
        for t in range(periods):
            first, last = t == 0, t == periods - 1
            start = 1.0 / (start_sd[d] * start_sd[d])
            own = start if first else q
            a = (own + p * p * q if first else inner) if not last else own
            r = own * drift[d, t] + information[d, t]
            if not last:
                r += off * drift[d, t + 1]
            b = 0.0 if first else off / previous_l
            l_t = np.sqrt(a + weight[d, t] - b * b)
            v_t = (r - b * previous_v) / l_t
            diagonal[d, t] = l_t
            solved[d, t] = v_t
            log_det -= np.log(l_t)
            previous_l, previous_v = l_t, v_t
        following = 0.0
        for t in range(periods - 1, -1, -1):
            l_t = diagonal[d, t]
            following = (solved[d, t] + z[d, t] - off / l_t * following) / l_t
            x[d, t] = following
    return x, np.asarray(log_det), diagonal, solved


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def path_backward(
    drift: Array,
    phi: Array,
    sigma: Array,
    start_sd: Array,
    x: Array,
    diagonal: Array,
    solved: Array,
    g_x: Array,
    g_log_det: float,
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Gradients with respect to z, drift, phi, sigma, start_sd, weight and information."""
    dyads, periods = x.shape
    g_z = np.empty((dyads, periods))
    g_drift = np.zeros((dyads, periods))
    g_phi = np.zeros(dyads)
    g_sigma = np.zeros(dyads)
    g_start = np.zeros(dyads)
    g_weight = np.empty((dyads, periods))
    g_information = np.empty((dyads, periods))
    g_l = np.empty(periods)
    g_b = np.empty(periods)
    for d in range(dyads):
        q = 1.0 / (sigma[d] * sigma[d])
        p = phi[d]
        off = -p * q
        start = 1.0 / (start_sd[d] * start_sd[d])
        carry = 0.0
        g_b[0] = 0.0
        for t in range(periods):  # reverse of the sweep up
            inverse = 1.0 / diagonal[d, t]
            g = g_x[d, t] + carry
            g_u = g * inverse
            g_l[t] = -(g_log_det + g * x[d, t]) * inverse
            if t < periods - 1:
                g_b[t + 1] = -g_u * x[d, t + 1]
                carry = -g_u * off * inverse
            g_z[d, t] = g_u
        g_q, g_p, g_off, carry_v, carry_l = 0.0, 0.0, 0.0, 0.0, 0.0
        for t in range(periods - 1, -1, -1):  # reverse of the sweep down
            first, last = t == 0, t == periods - 1
            inverse = 1.0 / diagonal[d, t]
            g_v = g_z[d, t] + carry_v
            g_r = g_v * inverse
            g_lt = g_l[t] + carry_l - g_v * solved[d, t] * inverse
            g_a = 0.5 * g_lt * inverse
            if first:
                g_start[d] = g_a + g_r * drift[d, t]
                g_drift[d, t] += g_r * start
                if not last:
                    g_q += g_a * p * p
                    g_p += g_a * 2.0 * p * q
            else:
                before = 1.0 / diagonal[d, t - 1]
                b = off * before
                g_bt = g_b[t] - g_r * solved[d, t - 1] - g_lt * b * inverse
                carry_v = -g_r * b
                g_off += g_bt * before
                carry_l = -g_bt * b * before
                g_q += g_a + g_r * drift[d, t]
                g_drift[d, t] += g_r * q
                if not last:
                    g_q += g_a * p * p
                    g_p += g_a * 2.0 * p * q
            if not last:
                g_off += g_r * drift[d, t + 1]
                g_drift[d, t + 1] += g_r * off
            g_weight[d, t] = g_a
            g_information[d, t] = g_r
        g_q -= g_off * p
        g_phi[d] = g_p - g_off * q
        g_sigma[d] = -2.0 * g_q * q / sigma[d]
        g_start[d] *= -2.0 * start / start_sd[d]
    return g_z, g_drift, g_phi, g_sigma, g_start, g_weight, g_information


class WhitenedPath(Op):  # type: ignore[misc]
    """Op ``(z, drift, phi, sigma, start_sd, weight, information) -> (x, log_det, diagonal, solved)``.

    ``z``, ``drift``, ``weight``, ``information`` and ``x`` have shape (dyad, time); ``phi``, ``sigma`` and
    ``start_sd`` (dyad,). Only ``x`` and ``log_det`` carry gradients; the other outputs serve them.
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        outputs = [pt.dmatrix(), pt.dscalar(), pt.dmatrix(), pt.dmatrix()]
        return Apply(self, [pt.as_tensor(i) for i in inputs], outputs)

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        for cell, value in zip(outputs, path_forward(*inputs), strict=True):
            cell[0] = value

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Gradients of the path and of the log-determinant."""
        g_x, g_log_det = cotangents[:2]
        if isinstance(g_x.type, DisconnectedType):
            g_x = pt.zeros_like(inputs[0])
        if isinstance(g_log_det.type, DisconnectedType):
            g_log_det = pt.constant(0.0)
        x, _, diagonal, solved = outputs
        result: list[Any] = WhitenedPathGradient()(*inputs[1:5], x, diagonal, solved, g_x, g_log_det)
        return result

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Every input reaches the path and the log-determinant."""
        return [[True, True, False, False]] * 7


class WhitenedPathGradient(Op):  # type: ignore[misc]
    """Vector-Jacobian product of :class:`WhitenedPath`."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        matrix, vector = pt.dmatrix, pt.dvector
        outputs = [matrix(), matrix(), vector(), vector(), vector(), matrix(), matrix()]
        return Apply(self, [pt.as_tensor(i) for i in inputs], outputs)

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        for cell, value in zip(outputs, path_backward(*inputs[:-1], float(inputs[-1])), strict=True):
            cell[0] = value


@numba_dispatch.register_funcify_and_cache_key(WhitenedPath)  # type: ignore[untyped-decorator]
def _compile_path(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(z: Any, drift: Any, phi: Any, sigma: Any, start_sd: Any, weight: Any, information: Any) -> Any:
        return path_forward(z, drift, phi, sigma, start_sd, weight, information)

    return evaluate, KERNEL_VERSION


@numba_dispatch.register_funcify_and_cache_key(WhitenedPathGradient)  # type: ignore[untyped-decorator]
def _compile_path_gradient(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(
        drift: Any, phi: Any, sigma: Any, start_sd: Any,
        x: Any, diagonal: Any, solved: Any, g_x: Any, g_log_det: Any,
    ) -> Any:  # fmt: skip
        return path_backward(
            drift, phi, sigma, start_sd, x, diagonal, solved, g_x, g_log_det.item()
        )

    return evaluate, KERNEL_VERSION
