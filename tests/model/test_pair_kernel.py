"""The whitened path of two parts against dense linear algebra, finite differences and the path
of one part."""

from itertools import pairwise

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forecast.model.kernels.ops import WhitenedPair
from forecast.model.kernels.whitening import pair_backward, pair_forward, path_forward
from tests.made import numerical_gradient, python_mode

from . import test_path_kernel as one_part

PARTS = ("s", "f")
NAMES = (
    "z",
    *(f"{name}_{part}" for part in PARTS for name in ("drift", "carry", "scale")),
    "weight",
    "information",
)


def draw_inputs(sizes, seed):
    """Inputs of the kernel for dyads of these many nodes, and where they start."""
    parts = [one_part.draw_inputs(sizes, seed + place)[0] for place in range(2)]
    starts = one_part.draw_inputs(sizes, seed)[1]
    inputs = {
        f"{name}_{part}": own[name]
        for part, own in zip(PARTS, parts, strict=True)
        for name in ("drift", "carry", "scale")
    }
    inputs["z"] = np.random.default_rng(seed).standard_normal(2 * starts[-1])
    inputs |= {name: parts[0][name] for name in ("weight", "information")}
    return {name: inputs[name] for name in NAMES}, starts


def dense_part(inputs, part, starts):
    """Mean and precision of one part: x = drift + M x + scale e."""
    step = np.eye(starts[-1])
    for first, behind in pairwise(starts):
        for i in range(first + 1, behind):
            step[i, i - 1] = -inputs[f"carry_{part}"][i]
    scale = inputs[f"scale_{part}"]
    step /= scale[:, None]
    return np.linalg.solve(step, inputs[f"drift_{part}"] / scale), step.T @ step


def dense_path(inputs, starts):
    """What the kernel computes, by dense linear algebra."""
    nodes = starts[-1]
    precision, right = np.zeros((2 * nodes, 2 * nodes)), np.repeat(inputs["information"], 2)
    for place, part in enumerate(PARTS):
        mean, own = dense_part(inputs, part, starts)
        precision[place::2, place::2] += own
        right[place::2] += own @ mean
    sees = np.kron(np.diag(inputs["weight"]), np.ones((2, 2)))
    lower = np.linalg.cholesky(precision + sees)
    mode = np.linalg.solve(lower @ lower.T, right)
    return mode + np.linalg.solve(lower.T, inputs["z"]), -np.log(np.diag(lower)).sum()


@given(sizes=one_part.shapes, seed=st.integers(0, 2**31))
@example(sizes=[1], seed=0)
@example(sizes=[3, 1, 1, 2, 3], seed=0)
@settings(max_examples=60)
def test_path_and_determinant_are_those_of_dense_algebra(sizes, seed):
    inputs, starts = draw_inputs(sizes, seed)
    path, log_det, *_ = pair_forward(*inputs.values(), starts)
    expected_path, expected_log_det = dense_path(inputs, starts)
    size = np.abs(expected_path).max()
    np.testing.assert_allclose(path, expected_path, rtol=1e-8, atol=1e-9 * size)
    np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-9, atol=1e-9)


@given(sizes=one_part.shapes, seed=st.integers(0, 2**31))
@example(sizes=[1], seed=0)
@example(sizes=[3, 1, 1, 2, 3], seed=0)
@settings(max_examples=25)
def test_every_gradient_is_that_of_finite_differences(sizes, seed):
    inputs, starts = draw_inputs(sizes, seed)
    rng = np.random.default_rng(seed)
    by_path, by_log_det = rng.standard_normal(2 * starts[-1]), float(rng.standard_normal())

    def value(name, at):
        path, log_det, *_ = pair_forward(*(inputs | {name: at}).values(), starts)
        return by_path @ path + by_log_det * log_det

    path, _, *factor = pair_forward(*inputs.values(), starts)
    processes = (inputs[name] for name in NAMES[:7])
    gradients = pair_backward(*processes, path, *factor, by_path, np.asarray(by_log_det), starts)
    for name, gradient in zip(NAMES, gradients, strict=True):
        step = 1e-5 if name.startswith("scale") else 1e-4
        expected = numerical_gradient(lambda at, name=name: value(name, at), inputs[name], step)
        size = np.abs(expected).max() + 1.0
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6 * size, err_msg=name)


def test_a_part_that_nothing_sees_and_a_rigid_one_leave_the_path_of_one_part():
    inputs, starts = draw_inputs([40, 3, 25], 1)
    inputs |= {"scale_s": np.full(starts[-1], 1e-4), "drift_s": np.zeros(starts[-1])}
    inputs["z"][::2] = 0.0
    alone = [inputs[name] for name in ("drift_f", "carry_f", "scale_f", "weight", "information")]
    expected = path_forward(inputs["z"][1::2], *alone, starts)[0]
    path = pair_forward(*inputs.values(), starts)[0]
    np.testing.assert_allclose(path[1::2], expected, atol=1e-4)
    np.testing.assert_allclose(path[::2], 0.0, atol=1e-4)


@pytest.mark.parametrize("mode", ["numba", "python"])
def test_the_operation_and_its_gradient_agree_with_the_kernel(mode):
    inputs, starts = draw_inputs([5, 3], 4)
    variables = {name: pt.dvector(name) for name in NAMES}
    path, log_det, *_ = WhitenedPair()(*variables.values(), pt.constant(starts))
    value = (path * np.arange(2 * starts[-1])).sum() + 2.0 * log_det
    chosen = "NUMBA" if mode == "numba" else python_mode()
    function = pytensor.function(
        list(variables.values()),
        [value, *pytensor.grad(value, list(variables.values()))],
        mode=chosen,
    )
    found = function(*inputs.values())
    x, determinant, *factor = pair_forward(*inputs.values(), starts)
    weights = np.arange(2.0 * starts[-1])
    np.testing.assert_allclose(found[0], weights @ x + 2.0 * determinant)
    expected = pair_backward(
        *(inputs[name] for name in NAMES[:7]), x, *factor, weights, np.asarray(2.0), starts
    )
    for name, got, want in zip(NAMES, found[1:], expected, strict=True):
        np.testing.assert_allclose(got, want, err_msg=name)
