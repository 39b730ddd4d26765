r"""The month's events given the level: ordinal, overdispersed, with the news of the month integrated out.

For a dyad-month with level :math:`\ell`, every feed :math:`q` and direction :math:`s` reports counts
:math:`y_{sq}` that are Dirichlet-multinomial around the class probabilities of an ordered logit at
:math:`m + o_{sq}`, where :math:`m = \ell + \tau e` and :math:`e \sim N(0, 1)` is shared by all reports of the
month. The kernel returns the logarithm of

.. math:: \int \prod_{sq} \mathrm{DM}(y_{sq} \mid a_q \, p_q(\ell + \tau e + o_{sq})) \, N(e \mid 0, 1) \, de

by Gauss-Hermite quadrature, with its gradient. The exponentials separate,
:math:`\exp(\ell + \tau e - c) = \exp(\ell) \exp(\tau e) \exp(-c)`, and a product of :math:`(a + i)` needs one
logarithm, so that a month costs a handful of divisions a node. Months without events cost nothing.
"""

import math
from typing import Any

import numba
import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

from forecast.model.kernels.path import KERNEL_VERSION

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Above this many events of one class in a month the rising factorial is taken from log-gamma, below by its product.
PRODUCT_LIMIT = 16
# A month with more events than this keeps logarithms at every node, for the plain product could leave the floats.
PLAIN_LIMIT = 40


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def digamma(x: float) -> float:
    """Digamma of a positive number: recurrence up to 6, then the asymptotic series (error below 1e-12)."""
    shift = 0.0
    while x < 6.0:
        shift -= 1.0 / x
        x += 1.0
    r = 1.0 / (x * x)
    series = r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def rising_factorial(mass: float, count: int, step: float) -> tuple[float, float]:
    """Logarithm of ``mass (mass + step) ... (mass + (count - 1) step)`` and its derivative; step is 0 or 1."""
    if step == 0.0:
        return count * math.log(mass), count / mass
    return math.lgamma(mass + count) - math.lgamma(mass), digamma(mass + count) - digamma(mass)


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def rising_table(concentration: Array, counts: Index) -> tuple[Array, Array]:
    """Logarithms of the rising factorials of every concentration up to the busiest report, with their slopes."""
    busiest = 0
    for row in range(counts.shape[0]):
        n = 0
        for j in range(counts.shape[1]):
            n += counts[row, j]
        busiest = max(busiest, n)
    value = np.zeros((concentration.size, busiest + 1))
    slope = np.zeros((concentration.size, busiest + 1))
    for q in range(concentration.size):
        if concentration[q] > 0.0:
            for n in range(busiest):
                value[q, n + 1] = value[q, n] + math.log(concentration[q] + n)
                slope[q, n + 1] = slope[q, n] + 1.0 / (concentration[q] + n)
    return value, slope


@numba.njit(cache=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def add_class(
    count: int, here: int, j: int, a: float, step: float, upper: float, lower: float, strength: Array,
    plain: Array, logs: Array, by_level: Array, by_a: Array, by_cut: Array,
) -> None:  # fmt: skip
    """Multiply one class of one report into every node: likelihood (plain or logs) and its slopes.

    ``upper`` and ``lower`` are the exponentials of the class's cutpoints (the top class has no upper, class 0
    a lower of 0); ``strength`` is exp(m) at the nodes.
    """
    top = by_cut.shape[1]
    width = 1.0 / (upper - lower) if j < top else 1.0
    for k in range(strength.size):
        m = strength[k]
        if j < top:
            inverse = 1.0 / ((upper + m) * (lower + m))
            below_upper = upper * (lower + m) * inverse
            below_lower = lower * (upper + m) * inverse
            mass = a * (upper - lower) * m * inverse
        else:
            inverse = 1.0 / (lower + m)
            below_upper, below_lower = 1.0, lower * inverse
            mass = a * m * inverse
        relative = 1.0  # the slope of the logarithm in log(mass): 1 for a single event
        if count == 1:
            plain[k] *= mass
        elif count <= PRODUCT_LIMIT:
            factor, by_mass = mass, 1.0
            for i in range(1, count):
                by_mass = by_mass * (mass + i * step) + factor
                factor *= mass + i * step
            plain[k] *= factor
            relative = mass * by_mass / factor
        else:
            logarithm, by_mass = rising_factorial(mass, count, step)
            logs[k] += logarithm
            relative = mass * by_mass
        by_a[here, k] += relative
        if j < top:
            by_level[here, k] += relative * (below_upper + below_lower - 1.0)
            by_cut[here, j, k] += relative * width * below_upper * (lower + m)
            if j > 0:
                by_cut[here, j - 1, k] -= relative * width * below_lower * (upper + m)
        else:
            by_level[here, k] += relative * below_lower
            by_cut[here, j - 1, k] -= relative * below_lower


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def observation_value_gradient(
    level: Array,
    offset: Array,
    cutpoint: Array,
    depth: Array,
    concentration: Array,
    noise: Array,
    cells: Index,
    rows: Index,
    counts: Index,
    era_index: Index,
    nodes: Array,
    weights: Array,
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Log-likelihood and its gradients with respect to the first six arguments.

    ``cells`` (cell, 4): dyad, period, first row, row behind the last; ``rows`` (row, 2): direction, dataset;
    ``counts`` (row, class). ``depth`` (dataset, era) shifts the last cutpoint. ``concentration`` of 0 stands for no overdispersion (a plain multinomial).
    """
    dyads, periods = level.shape
    top = counts.shape[1] - 1
    points = nodes.size
    g_level = np.zeros((dyads, periods))
    g_offset = np.zeros_like(offset)
    g_cutpoint = np.zeros_like(cutpoint)
    g_depth = np.zeros_like(depth)
    g_concentration = np.zeros_like(concentration)
    g_noise = np.zeros_like(noise)
    exp_cut = np.exp(cutpoint)
    exp_depth = np.exp(depth)
    stretch = np.empty((dyads, points))
    for d in range(dyads):
        for k in range(points):
            stretch[d, k] = np.exp(noise[d] * nodes[k])

    log_rising, log_rising_slope = rising_table(concentration, counts)
    most = 1
    for c in range(cells.shape[0]):
        most = max(most, cells[c, 3] - cells[c, 2])
    plain, logs, strength, slope = np.empty(points), np.empty(points), np.empty(points), np.empty(points)
    by_level = np.empty((most, points))
    by_a = np.empty((most, points))
    by_cut = np.zeros((most, top, points))
    touched = np.zeros((most, top), dtype=np.bool_)
    total = 0.0
    for c in range(cells.shape[0]):
        d, t, first_row, last_row = cells[c, 0], cells[c, 1], cells[c, 2], cells[c, 3]
        era = era_index[d, t]
        n_month = 0
        for k in range(points):
            plain[k] = weights[k]
            logs[k] = 0.0
            slope[k] = 0.0
        for row in range(first_row, last_row):
            here, s, q = row - first_row, rows[row, 0], rows[row, 1]
            multinomial = concentration[q] == 0.0
            a, step = (1.0, 0.0) if multinomial else (concentration[q], 1.0)
            scale = math.exp(level[d, t] + offset[d, s, q])
            for k in range(points):
                strength[k] = scale * stretch[d, k]
                by_level[here, k] = 0.0
                by_a[here, k] = 0.0
            n = 0
            for j in range(top + 1):
                count = counts[row, j]
                if count == 0:
                    continue
                n += count
                upper = exp_cut[q, j] if j < top else 0.0
                lower = exp_cut[q, j - 1] if j > 0 else 0.0
                if j == top - 1:
                    upper *= exp_depth[q, era]
                if j == top:
                    lower *= exp_depth[q, era]
                if j < top:
                    touched[here, j] = True
                if j > 0:
                    touched[here, j - 1] = True
                add_class(
                    count, here, j, a, step, upper, lower, strength,
                    plain, logs, by_level, by_a, by_cut,
                )  # fmt: skip
                n_month += count
                if n_month > PLAIN_LIMIT:
                    for k in range(points):
                        logs[k] += math.log(plain[k])
                        plain[k] = 1.0
            if not multinomial:
                total -= log_rising[q, n]
                g_concentration[q] -= log_rising_slope[q, n]
        if n_month > PRODUCT_LIMIT:
            highest = logs.max()
            total += highest
            for k in range(points):
                plain[k] *= math.exp(logs[k] - highest)
        likelihood = plain.sum()
        total += math.log(likelihood)
        share = 1.0 / likelihood
        for k in range(points):
            plain[k] *= share
        for row in range(first_row, last_row):
            here, s, q = row - first_row, rows[row, 0], rows[row, 1]
            mean_level, mean_a = 0.0, 0.0
            for k in range(points):
                mean_level += plain[k] * by_level[here, k]
                mean_a += plain[k] * by_a[here, k]
                slope[k] += by_level[here, k]
            g_offset[d, s, q] += mean_level
            g_level[d, t] += mean_level
            if concentration[q] > 0.0:
                g_concentration[q] += mean_a / concentration[q]
            for j in range(top):
                if not touched[here, j]:
                    continue
                touched[here, j] = False
                mean_cut = 0.0
                for k in range(points):
                    mean_cut += plain[k] * by_cut[here, j, k]
                    by_cut[here, j, k] = 0.0
                g_cutpoint[q, j] += mean_cut
                if j == top - 1:
                    g_depth[q, era] += mean_cut
        mean_noise = 0.0
        for k in range(points):
            mean_noise += plain[k] * slope[k] * nodes[k]
        g_noise[d] += mean_noise
    return np.asarray(total), g_level, g_offset, g_cutpoint, g_depth, g_concentration, g_noise


class EventLikelihood(Op):  # type: ignore[misc]
    """Op of :func:`observation_value_gradient`: the value with its six gradients as further outputs."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        """Build the node."""
        tensors = [pt.as_tensor(i) for i in inputs]
        gradients = [pt.dmatrix(), pt.dtensor3(), pt.dmatrix(), pt.dmatrix(), pt.dvector(), pt.dvector()]
        return Apply(self, tensors, [pt.dscalar(), *gradients])

    def perform(self, node: Apply, inputs: list[Any], outputs: list[Any]) -> None:
        """Evaluate outside numba mode."""
        for cell, value in zip(outputs, observation_value_gradient(*inputs), strict=True):
            cell[0] = value

    def pullback(self, inputs: list[Any], outputs: list[Any], cotangents: list[Any]) -> list[Any]:
        """Scale the gradients that were computed with the value."""
        return [cotangents[0] * g for g in outputs[1:]] + [disconnected_type() for _ in inputs[6:]]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Only the value is differentiable."""
        return [[i < 6] + [False] * 6 for i in range(len(node.inputs))]


@numba_dispatch.register_funcify_and_cache_key(EventLikelihood)  # type: ignore[untyped-decorator]
def _compile(op: Op, **_: Any) -> Any:
    @numba_dispatch.numba_njit  # type: ignore[untyped-decorator]
    def evaluate(
        level: Any, offset: Any, cutpoint: Any, depth: Any, concentration: Any, noise: Any,
        cells: Any, rows: Any, counts: Any, era_index: Any, nodes: Any, weights: Any,
    ) -> Any:  # fmt: skip
        return observation_value_gradient(
            level, offset, cutpoint, depth, concentration, noise,
            cells, rows, counts, era_index, nodes, weights,
        )  # fmt: skip

    return evaluate, KERNEL_VERSION
