r"""A series that follows a target, one a row: :math:`y_0 = x_0`, :math:`y_t = \phi y_{t-1} + (1 - \phi) x_t`."""

from typing import Any

import numba
import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

from forecast.typing import Float

KERNEL_VERSION = "1"  # part of PyTensor's compilation cache key: raise it when a kernel changes


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def follow_forward(phi: Float, target: Float) -> Float:
    """Series (row, time) of targets (row, time), with `phi` (row,)."""
    series = np.empty_like(target)
    for d in range(target.shape[0]):
        series[d, 0] = target[d, 0]
        for t in range(1, target.shape[1]):
            series[d, t] = phi[d] * series[d, t - 1] + (1.0 - phi[d]) * target[d, t]
    return series


@numba.njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator]
def follow_backward(phi: Float, target: Float, series: Float, g_series: Float) -> tuple[Float, Float]:
    """Gradients with respect to phi and the target."""
    g_phi, g_target = np.zeros_like(phi), np.empty_like(target)
    for d in range(target.shape[0]):
        ahead = 0.0
        for t in range(target.shape[1] - 1, 0, -1):
            ahead = g_series[d, t] + phi[d] * ahead
            g_target[d, t] = (1.0 - phi[d]) * ahead
            g_phi[d] += ahead * (series[d, t - 1] - target[d, t])
        g_target[d, 0] = g_series[d, 0] + phi[d] * ahead
    return g_phi, g_target


class FollowingGradient(Op):  # type: ignore[misc]
    """Vector-Jacobian product of `Following`: ``(phi, target, series, g_series) -> (g_phi, g_target)``."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        return Apply(self, [pt.as_tensor(i) for i in inputs], [pt.dvector(), pt.dmatrix()])

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        for cell, value in zip(outputs, follow_backward(*inputs), strict=True):
            cell[0] = value


class Following(Op):  # type: ignore[misc]
    """Op ``(phi, target) -> series``."""

    __props__ = ()

    def make_node(self, phi: Any, target: Any) -> Apply:
        """Build the node."""
        return Apply(self, [pt.as_tensor(phi), pt.as_tensor(target)], [pt.dmatrix()])

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        outputs[0][0] = follow_forward(*inputs)

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Gradients with respect to both inputs."""
        gradients: list[Any] = FollowingGradient()(*inputs, outputs[0], cotangents[0])
        return gradients


@numba_dispatch.register_funcify_and_cache_key(Following)  # type: ignore[untyped-decorator]
def _compile_following(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(phi: Any, target: Any) -> Any:
        return follow_forward(phi, target)

    return evaluate, KERNEL_VERSION


@numba_dispatch.register_funcify_and_cache_key(FollowingGradient)  # type: ignore[untyped-decorator]
def _compile_following_gradient(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(phi: Any, target: Any, series: Any, g_series: Any) -> Any:
        return follow_backward(phi, target, series, g_series)

    return evaluate, KERNEL_VERSION
