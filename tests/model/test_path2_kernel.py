"""The whitened path of second order against dense linear algebra, finite differences and the path of first order."""

from itertools import pairwise

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecast.model.kernels.path import path_forward
from forecast.model.kernels.path2 import WhitenedPath2, path2_backward, path2_forward

from . import test_path_kernel as first_order
from .panels import numerical_gradient, python_mode

NAMES = ("z", "drift", "carry", "carry2", "scale", "weight", "information")
FACTOR_OF = ("z", "drift", "carry", "carry2", "scale")


def draw_inputs(sizes, seed):
    """Inputs of the kernel for dyads of these many nodes, and where they start; nodes without weight get a bit less
    than none, of which the precision stays positive.
    """
    inputs, starts = first_order.draw_inputs(sizes, seed)
    inputs["carry2"] = np.random.default_rng(seed + 1).uniform(-0.95, 0.4, starts[-1])
    softest = np.linalg.eigvalsh(dense_process(inputs, starts)[1])[0]
    inputs["weight"] = np.where(inputs["weight"] == 0.0, -0.3 * softest, inputs["weight"])
    return {name: inputs[name] for name in NAMES}, starts


def swinging_inputs(sizes, seed, half_life=60.0, swing=90.0):
    """Inputs of a pendulum that swings: complex roots, `half_life` and `swing` in periods."""
    inputs, starts = draw_inputs(sizes, seed)
    keep = 0.5 ** (1.0 / half_life)
    inputs["carry"][:] = 2.0 * keep * np.cos(2.0 * np.pi / swing)
    inputs["carry2"][:] = -(keep**2)
    inputs["drift"] *= 0.01
    inputs["scale"][:] = 0.1
    inputs["weight"] = np.maximum(inputs["weight"], 0.0)
    return inputs, starts


def dense_process(inputs, starts):
    """Mean and precision of the linear process over all nodes: x = drift + M x + scale e."""
    step = np.eye(starts[-1])
    for first, behind in pairwise(starts):
        for i in range(first + 1, behind):
            step[i, i - 1] = -inputs["carry"][i]
        for i in range(first + 2, behind):
            step[i, i - 2] = -inputs["carry2"][i]
    step /= inputs["scale"][:, None]
    return np.linalg.solve(step, inputs["drift"] / inputs["scale"]), step.T @ step


def dense_path(inputs, starts):
    """What the kernel computes, by dense linear algebra."""
    mean, precision = dense_process(inputs, starts)
    lower = np.linalg.cholesky(precision + np.diag(inputs["weight"]))
    right = precision @ mean + inputs["information"]
    mode = np.linalg.solve(lower @ lower.T, right)
    return mode + np.linalg.solve(lower.T, inputs["z"]), -np.log(np.diag(lower)).sum()


def kernel_gradients(inputs, starts, by_path, by_log_det):
    """Gradients of by_path @ path + by_log_det * log_det, by the kernel."""
    path, _, *factor = path2_forward(*inputs.values(), starts)
    return path2_backward(*(inputs[name] for name in FACTOR_OF), path, *factor, by_path, by_log_det, starts)


@given(sizes=first_order.shapes, seed=st.integers(0, 2**32 - 1))
@example(sizes=[1], seed=0)
@example(sizes=[2], seed=0)
@example(sizes=[3, 1, 1, 2, 3], seed=0)
@settings(max_examples=60, deadline=None)
def test_path_and_determinant_are_those_of_dense_algebra(sizes, seed):
    inputs, starts = draw_inputs(sizes, seed)
    path, log_det, *_ = path2_forward(*inputs.values(), starts)
    expected_path, expected_log_det = dense_path(inputs, starts)
    size = np.abs(expected_path).max()
    np.testing.assert_allclose(path, expected_path, rtol=1e-8, atol=1e-9 * size)
    np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-9, atol=1e-9)


def test_a_long_swing_keeps_its_digits():
    inputs, starts = swinging_inputs([500, 3, 200], 1)
    path, log_det, *_ = path2_forward(*inputs.values(), starts)
    expected_path, expected_log_det = dense_path(inputs, starts)
    np.testing.assert_allclose(path, expected_path, atol=1e-9)
    np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-12)


def test_the_determinant_of_a_long_path_keeps_its_digits():
    inputs, starts = swinging_inputs([500, 3, 200], 1)
    inputs["scale"] *= 1e-3  # pivots of 1e8: their plain product would overflow
    log_det = path2_forward(*inputs.values(), starts)[1]
    np.testing.assert_allclose(log_det, dense_path(inputs, starts)[1], rtol=1e-12)


@given(sizes=first_order.shapes, seed=st.integers(0, 2**32 - 1))
@example(sizes=[1], seed=0)
@example(sizes=[2], seed=0)
@example(sizes=[3, 1, 1, 2, 3], seed=0)
@settings(max_examples=25, deadline=None)
def test_every_gradient_is_that_of_finite_differences(sizes, seed):
    inputs, starts = draw_inputs(sizes, seed)
    rng = np.random.default_rng(seed)
    by_path, by_log_det = rng.standard_normal(starts[-1]), float(rng.standard_normal())

    def value(name, at):
        path, log_det, *_ = path2_forward(*(inputs | {name: at}).values(), starts)
        return by_path @ path + by_log_det * log_det

    for name, gradient in zip(NAMES, kernel_gradients(inputs, starts, by_path, by_log_det), strict=True):
        # A scale of 0.05 bends within a thousandth, and so may a pivot that a negative weight has made small.
        step = {"scale": 1e-5, "weight": 1e-4}.get(name, 1e-3)
        expected = numerical_gradient(lambda at, name=name: value(name, at), inputs[name], step)
        size = np.abs(expected).max() + 1.0
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6 * size, err_msg=name)


def test_what_a_start_would_be_carried_from_is_ignored():
    inputs, starts = draw_inputs([4, 1, 2, 5], 5)
    changed = {name: value.copy() for name, value in inputs.items()}
    for first, behind in pairwise(starts):
        changed["carry"][first] = 7.0
        changed["carry2"][first : min(first + 2, behind)] = -3.0
    by_path = np.random.default_rng(6).standard_normal(starts[-1])
    for one, other in zip(
        [*path2_forward(*inputs.values(), starts)[:2], *kernel_gradients(inputs, starts, by_path, 0.4)],
        [*path2_forward(*changed.values(), starts)[:2], *kernel_gradients(changed, starts, by_path, 0.4)],
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_dyads_do_not_touch_each_other():
    """Each dyad's path alone is what it is among others, whatever the others are."""
    inputs, starts = draw_inputs([4, 1, 2, 5], 15)
    together, log_det, *_ = path2_forward(*inputs.values(), starts)
    alone = [
        path2_forward(*(value[first:behind] for value in inputs.values()), np.array([0, behind - first]))
        for first, behind in pairwise(starts)
    ]
    np.testing.assert_allclose(together, np.concatenate([path for path, *_ in alone]), rtol=1e-13)
    assert sum(one for _, one, *_ in alone) == pytest.approx(log_det, rel=1e-13)


@given(sizes=first_order.shapes, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_without_a_second_carry_it_is_the_path_of_first_order(sizes, seed):
    inputs, starts = first_order.draw_inputs(sizes, seed)
    path, log_det, *_ = path_forward(*inputs.values(), starts)
    inputs["carry2"] = np.zeros(starts[-1])
    path2, log_det2, *_ = path2_forward(*(inputs[name] for name in NAMES), starts)
    np.testing.assert_allclose(path2, path, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(log_det2, log_det, rtol=1e-10, atol=1e-10)


def test_a_draw_has_the_moments_of_the_posterior_and_the_determinant_is_its_own():
    """The path is linear in z: its value at none is the mean, and the columns of the identity give the covariance."""
    inputs, starts = swinging_inputs([9, 1, 6, 2], 21)
    mean, prior = dense_process(inputs, starts)
    precision = prior + np.diag(inputs["weight"])
    origin = path2_forward(*(inputs | {"z": np.zeros(starts[-1])}).values(), starts)[0]
    np.testing.assert_allclose(precision @ origin, prior @ mean + inputs["information"], atol=1e-9)
    columns = [path2_forward(*(inputs | {"z": unit}).values(), starts)[0] - origin for unit in np.eye(starts[-1])]
    spread = np.column_stack(columns)
    np.testing.assert_allclose(spread @ spread.T, np.linalg.inv(precision), atol=1e-10)
    sign, log_abs = np.linalg.slogdet(spread)
    assert sign == 1
    assert path2_forward(*inputs.values(), starts)[1] == pytest.approx(log_abs, abs=1e-10)


def test_a_precision_that_is_not_positive_definite_is_not_a_number():
    inputs, starts = draw_inputs([5, 4], 31)
    inputs["weight"][6] = -2.0 * np.linalg.norm(dense_process(inputs, starts)[1], 2)
    assert np.isnan(path2_forward(*inputs.values(), starts)[1])


@pytest.fixture(scope="module")
def functions():
    """The Op and its gradients as PyTensor functions, with and without compilation."""
    variables = [pt.dvector(name) for name in NAMES]
    starts, by_path, by_log_det = pt.lvector("starts"), pt.dvector("by_path"), pt.dscalar("by_log_det")
    path, log_det, *_ = WhitenedPath2()(*variables, starts)
    outputs = [path, log_det]
    for cost in ((by_path * path).sum() + by_log_det * log_det, (by_path * path).sum(), by_log_det * log_det):
        outputs += pytensor.grad(cost, variables)
    arguments = [*variables, starts, by_path, by_log_det]
    return [
        pytensor.function(arguments, outputs, mode=mode, on_unused_input="ignore") for mode in (python_mode(), "NUMBA")
    ]


def test_the_op_and_its_gradients_are_those_of_the_kernels(functions):
    inputs, starts = draw_inputs([4, 1, 6, 2], 3)
    by_path, by_log_det = np.random.default_rng(4).standard_normal(starts[-1]), 0.7
    expected = [
        *path2_forward(*inputs.values(), starts)[:2],
        *kernel_gradients(inputs, starts, by_path, by_log_det),
        *kernel_gradients(inputs, starts, by_path, 0.0),
        *kernel_gradients(inputs, starts, np.zeros_like(by_path), by_log_det),
    ]
    for function in functions:
        values = function(*inputs.values(), starts, by_path, by_log_det)
        for value, correct in zip(values, expected, strict=True):
            np.testing.assert_allclose(value, correct, rtol=1e-12, atol=1e-13)
