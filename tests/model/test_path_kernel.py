"""The whitened path against dense linear algebra, finite differences, and what makes it exact."""

from itertools import pairwise

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag
from scipy.stats import multivariate_normal

from forecast.model.kernels.ops import WhitenedPath
from forecast.model.kernels.whitening import path_backward, path_forward
from tests.made import numerical_gradient, python_mode

NAMES = ("z", "drift", "carry", "scale", "weight", "information")


def draw_inputs(sizes, seed):
    """Inputs of the kernel for dyads of these many nodes, and where they start.

    Some nodes have no weight.
    """
    rng = np.random.default_rng(seed)
    nodes = sum(sizes)
    weight = rng.gamma(1.0, 1.0, nodes) * (rng.random(nodes) < 0.7)
    inputs = {
        "z": rng.standard_normal(nodes),
        "drift": rng.standard_normal(nodes),
        "carry": rng.uniform(0.1, 1.0, nodes),
        "scale": rng.uniform(0.05, 1.5, nodes),
        "weight": weight,
        "information": weight * rng.standard_normal(nodes),
    }
    return inputs, np.concatenate([[0], np.cumsum(sizes)])


def dense_process(inputs, starts):
    """Mean and precision of the linear process over all nodes: x = drift + M x + scale e."""
    blocks = []
    for first, behind in pairwise(starts):
        carry = inputs["carry"][first + 1 : behind]
        step = (np.eye(behind - first) - np.diag(carry, -1)) / inputs["scale"][first:behind, None]
        blocks.append(step)
    step = block_diag(*blocks)
    return np.linalg.solve(step, inputs["drift"] / inputs["scale"]), step.T @ step


def dense_path(inputs, starts):
    """What the kernel computes, by dense linear algebra."""
    mean, precision = dense_process(inputs, starts)
    lower = np.linalg.cholesky(precision + np.diag(inputs["weight"]))
    right = precision @ mean + inputs["information"]
    mode = np.linalg.solve(lower @ lower.T, right)
    return mode + np.linalg.solve(lower.T, inputs["z"]), -np.log(np.diag(lower)).sum()


shapes = st.lists(st.integers(1, 7), min_size=1, max_size=4)


@given(sizes=shapes, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_path_and_determinant_are_those_of_dense_algebra(sizes, seed):
    inputs, starts = draw_inputs(sizes, seed)
    path, log_det, _, _ = path_forward(*inputs.values(), starts)
    expected_path, expected_log_det = dense_path(inputs, starts)
    np.testing.assert_allclose(path, expected_path, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(log_det, expected_log_det, rtol=1e-10, atol=1e-10)


def test_the_determinant_of_a_long_path_keeps_its_digits():
    inputs, starts = draw_inputs([900, 3, 400], 1)
    inputs["scale"] *= 1e-3  # pivots of a thousand: their plain product would overflow
    _, log_det, _, _ = path_forward(*inputs.values(), starts)
    np.testing.assert_allclose(log_det, dense_path(inputs, starts)[1], rtol=1e-12)


@given(sizes=shapes, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_every_gradient_is_that_of_finite_differences(sizes, seed):
    inputs, starts = draw_inputs(sizes, seed)
    rng = np.random.default_rng(seed)
    by_path, by_log_det = rng.standard_normal(starts[-1]), np.asarray(rng.standard_normal())

    def value(name, at):
        path, log_det, _, _ = path_forward(*(inputs | {name: at}).values(), starts)
        return by_path @ path + by_log_det * log_det

    path, _, inverse, solved = path_forward(*inputs.values(), starts)
    gradients = path_backward(
        inputs["drift"],
        inputs["carry"],
        inputs["scale"],
        path,
        inverse,
        solved,
        by_path,
        by_log_det,
        starts,
    )
    for name, gradient in zip(NAMES, gradients, strict=True):
        step = 1e-5 if name == "scale" else 1e-3  # a scale of 0.05 bends within a thousandth
        expected = numerical_gradient(lambda at, name=name: value(name, at), inputs[name], step)
        if name == "carry":
            expected[starts[:-1]] = 0.0  # a first node has nobody to carry from
        size = np.abs(expected).max() + 1.0
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6 * size, err_msg=name)


@pytest.fixture(scope="module")
def functions():
    """The Op and its gradients as PyTensor functions, with and without compilation."""
    variables = [pt.dvector(name) for name in NAMES]
    starts, by_path, by_log_det = (
        pt.lvector("starts"),
        pt.dvector("by_path"),
        pt.dscalar("by_log_det"),
    )
    path, log_det, _, _ = WhitenedPath()(*variables, starts)
    costs = {
        "both": (by_path * path).sum() + by_log_det * log_det,
        "path": (by_path * path).sum(),
        "log_det": by_log_det * log_det,
    }
    outputs = [path, log_det]
    for cost in costs.values():
        outputs += pytensor.grad(cost, variables)
    arguments = [*variables, starts, by_path, by_log_det]
    return [
        pytensor.function(arguments, outputs, mode=mode, on_unused_input="ignore")
        for mode in (python_mode(), "NUMBA")
    ]


def test_the_op_and_its_gradients_are_those_of_the_kernels(functions):
    inputs, starts = draw_inputs([4, 1, 6], 3)
    rng = np.random.default_rng(4)
    by_path, by_log_det = rng.standard_normal(starts[-1]), np.asarray(0.7)
    path, log_det, inverse, solved = path_forward(*inputs.values(), starts)

    def gradients(by_path, by_log_det):
        return path_backward(
            inputs["drift"],
            inputs["carry"],
            inputs["scale"],
            path,
            inverse,
            solved,
            by_path,
            by_log_det,
            starts,
        )

    expected = [
        path,
        log_det,
        *gradients(by_path, by_log_det),
        *gradients(by_path, np.asarray(0.0)),
        *gradients(np.zeros_like(by_path), by_log_det),
    ]
    for function in functions:
        values = function(*inputs.values(), starts, by_path, by_log_det)
        for value, correct in zip(values, expected, strict=True):
            np.testing.assert_allclose(value, correct, rtol=1e-12, atol=1e-13)


def test_with_gaussian_observations_nothing_is_left_to_sample():
    """If the pseudo-observations are the data, prior + likelihood + log-determinant + z'z / 2 is
    one number: that of the evidence. Any z, any path: the posterior in z is standard normal and
    the normalising constant comes out."""
    inputs, starts = draw_inputs([5, 3], 7)
    inputs["weight"] += 0.2
    data = inputs["information"] / inputs["weight"]
    mean, precision = dense_process(inputs, starts)
    spread = 1.0 / np.sqrt(inputs["weight"])
    evidence = multivariate_normal(mean, np.linalg.inv(precision) + np.diag(spread**2)).logpdf(data)
    prior = multivariate_normal(mean, np.linalg.inv(precision))
    rng = np.random.default_rng(8)
    for _ in range(5):
        z = 3 * rng.standard_normal(starts[-1])
        path, log_det, _, _ = path_forward(*(inputs | {"z": z}).values(), starts)
        fit = -0.5 * (((data - path) / spread) ** 2 + np.log(2 * np.pi * spread**2)).sum()
        in_white = prior.logpdf(path) + fit + log_det
        assert in_white + 0.5 * (z @ z + z.size * np.log(2 * np.pi)) == pytest.approx(
            evidence, abs=1e-9
        )


def test_any_pseudo_observations_keep_the_density_of_the_path():
    """Two whitenings of one path.

    The white coordinates differ, the density of the path does not.
    """
    first, starts = draw_inputs([6, 2], 11)
    second = first | {
        "weight": first["weight"] * 3 + 0.1,
        "information": first["information"] - 1.0,
    }
    path, _, _, _ = path_forward(*first.values(), starts)
    log_dets = []
    for inputs in (first, second):
        origin = path_forward(*(inputs | {"z": np.zeros(starts[-1])}).values(), starts)[0]
        columns = [
            path_forward(*(inputs | {"z": unit}).values(), starts)[0] - origin
            for unit in np.eye(starts[-1])
        ]
        sign, log_abs = np.linalg.slogdet(np.column_stack(columns))
        z = np.linalg.solve(np.column_stack(columns), path - origin)
        again, log_det, _, _ = path_forward(*(inputs | {"z": z}).values(), starts)
        np.testing.assert_allclose(again, path, rtol=1e-9)
        assert sign == 1
        assert log_det == pytest.approx(log_abs, abs=1e-9)
        log_dets.append(float(log_det))
    assert log_dets[0] != pytest.approx(log_dets[1], abs=0.1)
