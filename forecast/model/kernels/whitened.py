"""What the whitened paths have in common as PyTensor operations: how they are evaluated and differentiated."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op


class WhitenedGradient(Op):  # type: ignore[misc]
    """Vector-Jacobian product of a whitened path: what the forward sweep read and left, and two cotangents.

    Attributes
    ----------
    backward : callable
        The kernel; its last two inputs are the cotangent of the log-determinant and the starts.
    gradients : int
        How many vectors it returns.
    """

    __props__ = ()
    backward: ClassVar[Callable[..., Any]]
    gradients: ClassVar[int]

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        return Apply(self, [pt.as_tensor(i) for i in inputs], [pt.dvector() for _ in range(self.gradients)])

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        *known, g_log_det, starts = inputs
        values = type(self).backward(*known, float(g_log_det), starts)
        for cell, value in zip(outputs, values, strict=True):
            cell[0] = value


class Whitened(Op):  # type: ignore[misc]
    """A path of white noise, ``(z, ..., starts) -> (x, log_det, ...)``.

    Only ``x`` and ``log_det`` carry gradients; the other outputs serve them.

    Attributes
    ----------
    forward : callable
        The kernel.
    gradient : type of WhitenedGradient
    read_again : slice
        Which of the inputs the gradient reads.
    serving : int
        How many outputs serve it.
    """

    __props__ = ()
    forward: ClassVar[Callable[..., Any]]
    gradient: ClassVar[type[WhitenedGradient]]
    read_again: ClassVar[slice]
    serving: ClassVar[int]

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        outputs = [pt.dvector(), pt.dscalar(), *(pt.dvector() for _ in range(self.serving))]
        return Apply(self, [pt.as_tensor(i) for i in inputs], outputs)

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        for cell, value in zip(outputs, type(self).forward(*inputs), strict=True):
            cell[0] = value

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
        last = len(node.inputs) - 1
        return [[i < last, i < last, *[False] * self.serving] for i in range(last + 1)]
