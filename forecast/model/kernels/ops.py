"""Kernels as PyTensor operations, for models compiled from their graph."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

from forecast.model.kernels import STAMP, driving, whitening
from forecast.model.kernels.observation import sides_value_gradient


class KernelOp(Op):  # type: ignore[misc]
    """An operation that a kernel computes."""

    __props__ = ("kernel", "dims")

    def __init__(self, kernel: Callable[..., Any], dims: tuple[int, ...]) -> None:
        self.kernel = kernel
        self.dims = dims  # Number of dims of each output

    def make_node(self, *inputs: Any) -> Apply:
        outputs = [pt.tensor(dtype="float64", shape=(None,) * dims) for dims in self.dims]
        return Apply(self, [pt.as_tensor(i) for i in inputs], outputs)

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        values = self.kernel(*inputs)
        for cell, value in zip(outputs, values if len(outputs) > 1 else (values,), strict=True):
            cell[0] = value


@numba_dispatch.register_funcify_and_cache_key(KernelOp)  # type: ignore[untyped-decorator]
def _compile(op: KernelOp, **_: Any) -> Any:
    kernel = op.kernel

    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(*inputs: Any) -> Any:
        return kernel(*inputs)

    return evaluate, f"{kernel.__name__} {STAMP}"


class SidesLikelihood(KernelOp):
    """Op of :func:`sides_value_gradient`: the value with its five gradients as further outputs."""

    def __init__(self) -> None:
        super().__init__(sides_value_gradient, (0, 1, 3, 1, 1, 2))

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Scale the gradients that were computed with the value."""
        number = len(self.dims) - 1
        gradients = [cotangents[0] * gradient for gradient in outputs[1:]]
        return [*gradients, *(disconnected_type() for _ in inputs[number:])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the value is differentiable."""
        number = len(self.dims) - 1
        return [[i < number] + [False] * number for i in range(len(node.inputs))]


class WhitenedPath(KernelOp):
    """Op of :func:`path_forward`, ``(z, ..., starts) -> (x, log_det, ...)``.

    The first two carry gradients.
    """

    forward: ClassVar[tuple[Callable[..., Any], tuple[int, ...]]] = (
        whitening.path_forward,
        (1, 0, 1, 1),
    )
    gradient: ClassVar[KernelOp] = KernelOp(whitening.path_backward, (1,) * 6)
    inputs_of_gradient: ClassVar[slice] = slice(1, 4)  # Drift, retention and scale

    def __init__(self) -> None:
        super().__init__(*self.forward)

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        g_x, g_log_det = cotangents[:2]
        if isinstance(g_x.type, DisconnectedType):
            g_x = pt.zeros_like(inputs[0])
        if isinstance(g_log_det.type, DisconnectedType):
            g_log_det = pt.constant(0.0)
        x, _, *intermediates = outputs
        gradients = self.gradient(
            *inputs[self.inputs_of_gradient], x, *intermediates, g_x, g_log_det, inputs[-1]
        )
        return [*gradients, disconnected_type()]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Every input but the starts, the last, reaches the path and the log-determinant."""
        starts = len(node.inputs) - 1
        intermediates = [False] * (len(self.dims) - 2)
        return [[i < starts, i < starts, *intermediates] for i in range(starts + 1)]


class WhitenedPair(WhitenedPath):
    """Op of :func:`pair_forward`: trend and cycle of every node in turn, and log-determinant."""

    forward = whitening.pair_forward, (1, 0, 1, 1, 1, 1)
    gradient = KernelOp(whitening.pair_backward, (1,) * 9)
    inputs_of_gradient = slice(7)


class Following(KernelOp):
    """Op of :func:`follow_forward`, ``(phi, target) -> series``."""

    def __init__(self) -> None:
        super().__init__(driving.follow_forward, (2,))

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        gradients: list[Any] = KernelOp(driving.follow_backward, (1, 2))(
            *inputs, outputs[0], cotangents[0]
        )
        return gradients
