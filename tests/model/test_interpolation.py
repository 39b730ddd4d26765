"""The months between the nodes of one component.

Draws from the exact conditional distribution given the nodes.
"""

import numpy as np
import pytest

from forecast.data.panel import recounted
from forecast.model import PendulumSpec
from forecast.model.arrays import panel_arrays
from forecast.model.process.bridge import bridge
from forecast.model.process.trend import find_trend
from tests.made import make_panel

MONTHS = 18


@pytest.fixture(scope="module")
def arrays():
    """Two dyads of two eras.

    Gaps of several lengths, one up to the last month of an era and one from its first.
    """
    panel = make_panel(dyads=2, periods=MONTHS, eras=2, empty=0.0)
    panel["counts"][:, 0, [1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 16, 17]] = 0
    panel = recounted(panel)
    panel["counts"][:, 1, 1:17] = 0
    panel = recounted(panel)
    return panel_arrays(panel, PendulumSpec())


def draw_parameters(draws, walk, rng):
    """Fraction carried, step, and centre of every draw and dyad, (draw, dyad)."""
    carry = np.ones((draws, 2)) if walk else rng.uniform(0.5, 0.99, (draws, 2))
    return carry, rng.uniform(0.05, 0.5, (draws, 2)), rng.standard_normal((draws, 2))


def complete(nodes, carry, step, centre, arrays, rng):
    """Paths of all dyads, (draw, dyad, time)."""
    paths = []
    for d in range(carry.shape[1]):
        by_name = {"retention": carry, "step": step, "mean": centre}
        motion = {"jump": 0.0} | {name: values[:, d, None] for name, values in by_name.items()}
        own = slice(arrays.starts[d], arrays.starts[d + 1])
        time, gap = arrays.node_time[own], arrays.node_gap[own]
        paths.append(
            bridge(find_trend("reverting"), motion, nodes[:, own], time, gap, arrays.periods, rng)
        )
    return np.stack(paths, axis=1)


def conditional_moments(arrays, dyad, nodes, carry, step, centre):
    """Mean and covariance of the other months given the nodes, by conditioning the joint
    Gaussian of all months."""
    time = np.arange(MONTHS)
    carried = np.where(time[:, None] >= time, carry ** (time[:, None] - time), 0.0)
    covariance = carried @ np.diag(np.r_[1.0, np.full(MONTHS - 1, step**2)]) @ carried.T
    given = arrays.node_time[arrays.node_dyad == dyad]
    free = np.setdiff1d(time, given)
    gain = np.linalg.solve(covariance[np.ix_(given, given)], covariance[np.ix_(given, free)]).T
    return (
        free,
        centre + gain @ (nodes - centre),
        covariance[np.ix_(free, free)] - gain @ covariance[np.ix_(given, free)],
    )


class Dictated:
    """In place of a random generator: gives the innovations it is told, first come first served."""

    def __init__(self, innovations):
        self.left = list(innovations)

    def standard_normal(self, shape):
        draws, number = shape
        taken, self.left = self.left[:number], self.left[number:]
        return np.broadcast_to(taken, (draws, number))


@pytest.mark.parametrize("walk", [False, True], ids=["reverting", "walk"])
def test_mean_and_covariance_are_exact(arrays, walk):
    """Without innovations the bridge is its mean, and with one at a time a column of the
    covariance's root."""
    rng = np.random.default_rng(1)
    carry, step, centre = draw_parameters(3, walk, rng)
    nodes = rng.standard_normal((3, arrays.nodes))
    free_months = 2 * MONTHS - arrays.nodes
    assert free_months > 15

    def bridge(innovations):
        return complete(nodes, carry, step, centre, arrays, Dictated(innovations))

    middle = bridge(np.zeros(free_months))
    root = np.stack([bridge(unit) - middle for unit in np.eye(free_months)], axis=-1)
    for draw, d in np.ndindex(3, 2):
        own = nodes[draw, arrays.node_dyad == d]
        parameters = carry[draw, d], step[draw, d], centre[draw, d]
        free, mean, covariance = conditional_moments(arrays, d, own, *parameters)
        np.testing.assert_allclose(middle[draw, d, free], mean, atol=1e-10)
        columns = root[draw, d, free]
        np.testing.assert_allclose(columns @ columns.T, covariance, atol=1e-10)
        np.testing.assert_allclose(
            middle[draw, d, arrays.node_time[arrays.node_dyad == d]], own, rtol=1e-13
        )


def test_draws_scatter_as_they_should(arrays):
    """With a real generator.

    40000 draws against the exact moments, within five standard errors each. The chance
    that one of the 200 numbers compared lies outside by luck is 200 * 6e-7 = 0.0001.
    """
    draws = 40_000
    rng = np.random.default_rng(2)
    parameters = draw_parameters(1, False, rng)
    nodes = rng.standard_normal((1, arrays.nodes))
    every = [np.repeat(values, draws, axis=0) for values in (nodes, *parameters)]
    paths = complete(*every, arrays, rng)
    for d in range(2):
        own = nodes[0, arrays.node_dyad == d]
        free, mean, covariance = conditional_moments(
            arrays, d, own, *(values[0, d] for values in parameters)
        )
        sample = paths[:, d, free]
        variance = np.diag(covariance)
        assert (np.abs(sample.mean(0) - mean) < 5 * np.sqrt(variance / draws)).all()
        error = np.sqrt((np.outer(variance, variance) + covariance**2) / draws)
        assert (np.abs(np.cov(sample.T) - covariance) < 5 * error).all()


def test_the_last_months_without_events_are_not_forgotten(arrays):
    """The path ends at the panel's last month, which is a node whether or not something was
    seen."""
    assert arrays.node_time[arrays.starts[1] - 1] == MONTHS - 1
    assert arrays.observed.counts.events_at_nodes()[arrays.starts[1] - 1] == 0


def test_a_path_with_a_node_every_month_is_left_as_it_is():
    arrays = panel_arrays(make_panel(periods=6), PendulumSpec(), dense=True)
    nodes = np.random.default_rng(3).standard_normal((2, 6))
    path = complete(
        nodes, np.full((2, 1), 0.9), np.ones((2, 1)), np.zeros((2, 1)), arrays, Dictated([])
    )
    np.testing.assert_array_equal(path[:, 0], nodes)


def test_the_nearly_random_walk_keeps_its_digits():
    """A half-life of a million months: 1 - carry**2 is lost in rounding, the bridge is not."""
    panel = make_panel(periods=MONTHS, eras=1, empty=0.0)
    panel["counts"][:, :, 1:-1] = 0
    panel = recounted(panel)
    arrays = panel_arrays(panel, PendulumSpec())
    nodes, step = np.array([[0.0, 1.0]]), np.full((1, 1), 0.1)
    paths = [
        complete(
            nodes,
            np.full((1, 1), carry),
            step,
            np.zeros((1, 1)),
            arrays,
            Dictated(np.zeros(MONTHS)),
        )
        for carry in (0.5 ** (1 / 1e6), 1.0)
    ]
    np.testing.assert_allclose(*paths, atol=1e-5)
    np.testing.assert_allclose(paths[1][0, 0], np.linspace(0, 1, MONTHS), atol=1e-12)
