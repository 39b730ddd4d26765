r"""The whitened path of second order: from white noise to the path of a pendulum with momentum.

The reference process looks two nodes back,

.. math::  x_0 = c_0 + s_0 \epsilon_0, \qquad x_1 = c_1 + \phi_1 x_0 + s_1 \epsilon_1, \qquad
           x_i = c_i + \phi_i x_{i-1} + \psi_i x_{i-2} + s_i \epsilon_i

for each dyad; the rest is as in :mod:`forecast.model.kernels.path`. With :math:`q_i = s_i^{-2}` its precision,
pseudo-observations included, is the pentadiagonal :math:`A` with

.. math::  a_{i,i} = q_i + \phi_{i+1}^2 q_{i+1} + \psi_{i+2}^2 q_{i+2} + w_i, \quad
           a_{i,i-1} = \phi_{i+1} \psi_{i+1} q_{i+1} - \phi_i q_i, \quad  a_{i,i-2} = -\psi_i q_i

and the right-hand side :math:`r_i = q_i c_i - \phi_{i+1} q_{i+1} c_{i+1} - \psi_{i+2} q_{i+2} c_{i+2} + w_i y_i`. It is
factored by :mod:`forecast.model.kernels.pentadiagonal`. The weights may be negative as long as every pivot is positive;
beyond that the log-determinant is not a number. Where nothing at all is observed over thousands of nodes of
a pendulum that hardly damps, :math:`A` is nearly singular and the path loses digits.
"""

from typing import Any

import numba
import numpy as np
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

from forecast.model.kernels.path import KERNEL_VERSION
from forecast.model.kernels.pentadiagonal import colour, colour_backward
from forecast.model.kernels.whitened import Whitened, WhitenedGradient
from forecast.typing import Float, Index


@numba.njit(cache=True, fastmath=True, error_model="numpy")  # type: ignore[untyped-decorator]
def own_transitions(carry: Float, carry2: Float, scale: Float, starts: Index) -> tuple[Float, Float, Float]:
    """Carries from one and two nodes before and precision of the shocks, followed by two nodes of nothing.

    Nothing is carried from before a dyad's first node, so that all dyads are one chain of which no entry of the
    precision or of its factor reaches across a start.
    """
    nodes = scale.size
    near, far, q = np.zeros(nodes + 2), np.zeros(nodes + 2), np.zeros(nodes + 2)
    for i in range(nodes):
        near[i], far[i], q[i] = carry[i], carry2[i], 1.0 / (scale[i] * scale[i])
    _strike_starts(near, far, starts)
    return near, far, q


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _strike_starts(near: Float, far: Float, starts: Index) -> None:
    for first in starts[:-1]:
        near[first : first + 1] = 0.0
        far[first : first + 2] = 0.0  # a dyad of one node strikes the next one's first, which is struck anyway


@numba.njit(cache=True, fastmath=True, error_model="numpy")  # type: ignore[untyped-decorator]
def path2_forward(
    z: Float, drift: Float, carry: Float, carry2: Float, scale: Float, weight: Float, information: Float, starts: Index
) -> tuple[Float, Float, Float, Float, Float, Float]:
    """Path, log-determinant, and what serves the gradient: `forecast.model.kernels.pentadiagonal.colour`.

    ``starts`` (dyad + 1,) says where each dyad's nodes begin; ``carry`` of a first node and ``carry2`` of the first two
    are ignored.
    """
    nodes = z.size
    near, far, q = own_transitions(carry, carry2, scale, starts)
    told = np.zeros(nodes + 2)
    for i in range(nodes):
        told[i] = q[i] * drift[i]
    diagonal, off, off2, right = np.empty(nodes), np.empty(nodes), np.empty(nodes), np.empty(nodes)
    for i in range(nodes):
        p, f = near[i + 1], far[i + 2]
        diagonal[i] = q[i] + p * p * q[i + 1] + f * f * q[i + 2] + weight[i]
        off[i] = p * far[i + 1] * q[i + 1] - near[i] * q[i]
        off2[i] = -far[i] * q[i]
        right[i] = told[i] - p * told[i + 1] - f * told[i + 2] + information[i]
    result: tuple[Float, Float, Float, Float, Float, Float] = colour(z, diagonal, off, off2, right)
    return result


@numba.njit(cache=True, fastmath=True, error_model="numpy")  # type: ignore[untyped-decorator]
def path2_backward(
    z: Float, drift: Float, carry: Float, carry2: Float, scale: Float,
    x: Float, inverse: Float, solved: Float, beside: Float, beyond: Float,
    g_x: Float, g_log_det: float, starts: Index,
) -> tuple[Float, Float, Float, Float, Float, Float, Float]:  # fmt: skip
    r"""Gradients with respect to z, drift, carry, carry2, scale, weight and information.

    Those of A's diagonal and of r are the ones of weight and information. A transition has put :math:`q t t^\top` into
    A and :math:`q c t` into r, with :math:`t = (1, -\phi, -\psi)` on its three nodes, and collects its own from there.
    """
    nodes = x.size
    near, far, q = own_transitions(carry, carry2, scale, starts)
    g_z, g_weight, g_off, g_off2, g_information = colour_backward(z, x, inverse, solved, beside, beyond, g_x, g_log_det)
    g_drift, g_carry, g_carry2, g_scale = np.empty(nodes), np.empty(nodes), np.empty(nodes), np.empty(nodes)
    for i in range(nodes):
        j, h = max(i - 1, 0), max(i - 2, 0)
        p, f, c = near[i], far[i], drift[i]
        by_near = p * g_weight[j] + f * g_off[j] - g_off[i]
        by_far = f * g_weight[h] - g_off2[i]
        by_drift = g_information[i] - p * g_information[j] - f * g_information[h]
        g_drift[i] = q[i] * by_drift
        g_carry[i] = q[i] * (by_near + p * g_weight[j] - c * g_information[j])
        g_carry2[i] = q[i] * (by_far + f * g_weight[h] + p * g_off[j] - c * g_information[h])
        g_scale[i] = -2.0 * q[i] / scale[i] * (g_weight[i] + p * by_near + f * by_far + c * by_drift)
    _strike_starts(g_carry, g_carry2, starts)
    return g_z, g_drift, g_carry, g_carry2, g_scale, g_weight, g_information


class WhitenedPath2Gradient(WhitenedGradient):
    """Vector-Jacobian product of :class:`WhitenedPath2`."""

    backward = staticmethod(path2_backward)
    gradients = 7


class WhitenedPath2(Whitened):
    """Op ``(z, drift, carry, carry2, scale, weight, information, starts) -> (x, log_det, ...)``."""

    forward = staticmethod(path2_forward)
    gradient = WhitenedPath2Gradient
    read_again = slice(5)
    serving = 4


@numba_dispatch.register_funcify_and_cache_key(WhitenedPath2)  # type: ignore[untyped-decorator]
def _compile_path(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(
        z: Any, drift: Any, carry: Any, carry2: Any, scale: Any, weight: Any, information: Any, starts: Any
    ) -> Any:
        return path2_forward(z, drift, carry, carry2, scale, weight, information, starts)

    return evaluate, KERNEL_VERSION


@numba_dispatch.register_funcify_and_cache_key(WhitenedPath2Gradient)  # type: ignore[untyped-decorator]
def _compile_path_gradient(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(
        z: Any, drift: Any, carry: Any, carry2: Any, scale: Any,
        x: Any, inverse: Any, solved: Any, beside: Any, beyond: Any, g_x: Any, g_log_det: Any, starts: Any,
    ) -> Any:  # fmt: skip
        return path2_backward(
            z, drift, carry, carry2, scale, x, inverse, solved, beside, beyond, g_x, g_log_det.item(), starts
        )

    return evaluate, KERNEL_VERSION
