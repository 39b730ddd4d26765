"""Kernels as PyTensor operations, for models compiled from their graph."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

from forecast.model.kernels import STAMP
from forecast.model.kernels.observation import observation_value_gradient
from forecast.model.kernels.path import (
    follow_backward,
    follow_forward,
    pair_backward,
    pair_forward,
    path_backward,
    path_forward,
)


class KernelOp(Op):  # type: ignore[misc]
    """An operation that a kernel computes."""

    __props__ = ()
    kernel: ClassVar[Callable[..., Any]]
    dims: ClassVar[tuple[int, ...]]  # Numbers of dims of its outputs

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        outputs = [pt.tensor(dtype="float64", shape=(None,) * dims) for dims in self.dims]
        return Apply(self, [pt.as_tensor(i) for i in inputs], outputs)

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        values = type(self).kernel(*inputs)
        for cell, value in zip(outputs, values if len(outputs) > 1 else (values,), strict=True):
            cell[0] = value


@numba_dispatch.register_funcify_and_cache_key(KernelOp)  # type: ignore[untyped-decorator]
def _compile(op: KernelOp, **_: Any) -> Any:
    kernel = type(op).kernel

    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(*inputs: Any) -> Any:
        return kernel(*inputs)

    return evaluate, f"{type(op).__name__} {STAMP}"


class EventLikelihood(KernelOp):
    """Op of :func:`observation_value_gradient`: the value with its six gradients as further outputs."""

    kernel = staticmethod(observation_value_gradient)
    dims = (0, 1, 3, 2, 1, 1, 2)

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Scale the gradients that were computed with the value."""
        plain = inputs[len(self.dims) - 1 :]
        return [cotangents[0] * g for g in outputs[1:]] + [disconnected_type() for _ in plain]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the value is differentiable."""
        number = len(self.dims) - 1
        return [[i < number] + [False] * number for i in range(len(node.inputs))]


class Whitened(KernelOp):
    """A path of white noise, ``(z, ..., starts) -> (x, log_det, ...)``.

    Only ``x`` and ``log_det`` carry gradients; the other outputs serve them.
    """

    gradient: "ClassVar[type[WhitenedGradient]]"
    read_again: ClassVar[slice]  # Which of the inputs the gradient reads

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Gradients of the path and of the log-determinant."""
        g_x, g_log_det = cotangents[:2]
        if isinstance(g_x.type, DisconnectedType):
            g_x = pt.zeros_like(inputs[0])
        if isinstance(g_log_det.type, DisconnectedType):
            g_log_det = pt.constant(0.0)
        x, _, *serving = outputs
        gradients = self.gradient()(*inputs[self.read_again], x, *serving, g_x, g_log_det, inputs[-1])
        return [*gradients, disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Every input but the starts, the last, reaches the path and the log-determinant."""
        last, serving = len(node.inputs) - 1, len(self.dims) - 2
        return [[i < last, i < last, *[False] * serving] for i in range(last + 1)]


class WhitenedGradient(KernelOp):
    """Vector-Jacobian product of a whitened path; its last inputs are both cotangents and the starts."""

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        super().perform(node, [*inputs[:-2], float(inputs[-2]), inputs[-1]], outputs)


@numba_dispatch.register_funcify_and_cache_key(WhitenedGradient)  # type: ignore[untyped-decorator]
def _compile_gradient(op: WhitenedGradient, **_: Any) -> Any:
    kernel = type(op).kernel

    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(*inputs: Any) -> Any:
        return kernel(*inputs[:-2], inputs[-2].item(), inputs[-1])

    return evaluate, f"{type(op).__name__} {STAMP}"


class WhitenedPathGradient(WhitenedGradient):
    """Vector-Jacobian product of :class:`WhitenedPath`."""

    kernel = staticmethod(path_backward)
    dims = (1,) * 6


class WhitenedPath(Whitened):
    """Op of :func:`path_forward`."""

    kernel = staticmethod(path_forward)
    gradient = WhitenedPathGradient
    read_again = slice(1, 4)
    dims = (1, 0, 1, 1)


class WhitenedPairGradient(WhitenedGradient):
    """Vector-Jacobian product of :class:`WhitenedPair`."""

    kernel = staticmethod(pair_backward)
    dims = (1,) * 9


class WhitenedPair(Whitened):
    """Op of :func:`pair_forward`: trend and cycle of every node in turn, and the log-determinant."""

    kernel = staticmethod(pair_forward)
    gradient = WhitenedPairGradient
    read_again = slice(7)
    dims = (1, 0, 1, 1, 1, 1)


class FollowingGradient(KernelOp):
    """Vector-Jacobian product of `Following`: ``(phi, target, series, g_series) -> (g_phi, g_target)``."""

    kernel = staticmethod(follow_backward)
    dims = (1, 2)


class Following(KernelOp):
    """Op ``(phi, target) -> series``."""

    kernel = staticmethod(follow_forward)
    dims = (2,)

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Gradients with respect to both inputs."""
        gradients: list[Any] = FollowingGradient()(*inputs, outputs[0], cotangents[0])
        return gradients
