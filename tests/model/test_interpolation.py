"""The months between the nodes: draws from the exact conditional distribution given the nodes."""

import numpy as np
import pytest

from forecast.model import PendulumSpec, complete_path
from forecast.model.arrays import panel_arrays
from forecast.panel import recounted

from .panels import make_panel
from .reference import process_moments

MONTHS = 18


@pytest.fixture(scope="module")
def arrays():
    """Two dyads of two eras; gaps of several lengths, one up to the last month of an era and one from its first."""
    panel = make_panel(dyads=2, periods=MONTHS, eras=2, empty=0.0)
    panel["counts"][:, 0, [1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 16, 17]] = 0
    panel = recounted(panel)
    panel["counts"][:, 1, 1:17] = 0
    panel = recounted(panel)
    return panel_arrays(panel, PendulumSpec.one_scale())


def draw_parameters(arrays, draws, walk, rng):
    phi = np.ones((draws, 2)) if walk else rng.uniform(0.5, 0.99, (draws, 2))
    mu = None if walk else rng.standard_normal((draws, arrays.eras))
    return phi, rng.uniform(0.05, 0.5, (draws, 2)), mu


def conditional_moments(arrays, dyad, nodes, phi, sigma, mu):
    """Mean and covariance of the other months given the nodes, by conditioning the joint Gaussian of all months."""
    centre = np.zeros(MONTHS) if mu is None else mu[arrays.era_index[dyad]]
    mean, covariance = process_moments(phi, sigma, 1.0, centre)
    given = arrays.node_time[arrays.node_dyad == dyad]
    free = np.setdiff1d(np.arange(MONTHS), given)
    gain = np.linalg.solve(covariance[np.ix_(given, given)], covariance[np.ix_(given, free)]).T
    return (
        free,
        mean[free] + gain @ (nodes - mean[given]),
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


@pytest.mark.parametrize("walk", [False, True], ids=["linear", "random walk"])
def test_mean_and_covariance_are_exact(arrays, walk):
    """Without innovations the bridge is its mean, and with one at a time a column of the covariance's root."""
    rng = np.random.default_rng(1)
    phi, sigma, mu = draw_parameters(arrays, 3, walk, rng)
    nodes = rng.standard_normal((3, arrays.nodes))
    free_months = 2 * MONTHS - arrays.nodes
    assert free_months > 15

    def bridge(innovations):
        return complete_path(nodes, phi, sigma, mu, arrays, Dictated(innovations))

    middle = bridge(np.zeros(free_months))
    root = np.stack([bridge(unit) - middle for unit in np.eye(free_months)], axis=-1)
    for draw, d in np.ndindex(3, 2):
        own = nodes[draw, arrays.node_dyad == d]
        equilibria = None if mu is None else mu[draw]
        free, mean, covariance = conditional_moments(arrays, d, own, phi[draw, d], sigma[draw, d], equilibria)
        np.testing.assert_allclose(middle[draw, d, free], mean, atol=1e-10)
        columns = root[draw, d, free]
        np.testing.assert_allclose(columns @ columns.T, covariance, atol=1e-10)
        np.testing.assert_array_equal(middle[draw, d, arrays.node_time[arrays.node_dyad == d]], own)


def test_draws_scatter_as_they_should(arrays):
    """With a real generator: 40000 draws against the exact moments, within five standard errors each. The chance
    that one of the 200 numbers compared lies outside by luck is 200 * 6e-7 = 0.0001.
    """
    draws = 40_000
    rng = np.random.default_rng(2)
    phi, sigma, mu = draw_parameters(arrays, 1, False, rng)
    nodes = rng.standard_normal((1, arrays.nodes))
    every = [np.repeat(values, draws, axis=0) for values in (nodes, phi, sigma, mu)]
    paths = complete_path(*every, arrays, rng)
    for d in range(2):
        own = nodes[0, arrays.node_dyad == d]
        free, mean, covariance = conditional_moments(arrays, d, own, phi[0, d], sigma[0, d], mu[0])
        sample = paths[:, d, free]
        variance = np.diag(covariance)
        assert (np.abs(sample.mean(0) - mean) < 5 * np.sqrt(variance / draws)).all()
        error = np.sqrt((np.outer(variance, variance) + covariance**2) / draws)
        assert (np.abs(np.cov(sample.T) - covariance) < 5 * error).all()


def test_the_last_months_without_events_are_not_forgotten(arrays):
    """The path ends at the panel's last month, which is a node whether or not something was seen."""
    assert arrays.node_time[arrays.starts[1] - 1] == MONTHS - 1
    assert arrays.observed.events_at_nodes()[arrays.starts[1] - 1] == 0


def test_a_path_with_a_node_every_month_is_left_as_it_is():
    arrays = panel_arrays(make_panel(periods=6), PendulumSpec.one_scale(), dense=True)
    nodes = np.random.default_rng(3).standard_normal((2, 6))
    path = complete_path(nodes, np.full((2, 1), 0.9), np.ones((2, 1)), np.zeros((2, 2)), arrays, Dictated([]))
    np.testing.assert_array_equal(path[:, 0], nodes)


def test_the_nearly_random_walk_keeps_its_digits():
    """A half-life of a million months: 1 - phi**2 is lost in rounding, the bridge is not."""
    panel = make_panel(periods=MONTHS, eras=1, empty=0.0)
    panel["counts"][:, :, 1:-1] = 0
    panel = recounted(panel)
    arrays = panel_arrays(panel, PendulumSpec.one_scale())
    nodes, sigma = np.array([[0.0, 1.0]]), np.full((1, 1), 0.1)
    paths = [
        complete_path(nodes, np.full((1, 1), phi), sigma, np.zeros((1, 1)), arrays, Dictated(np.zeros(MONTHS)))
        for phi in (0.5 ** (1 / 1e6), 1.0)
    ]
    np.testing.assert_allclose(*paths, atol=1e-5)
    np.testing.assert_allclose(paths[1][0, 0], np.linspace(0, 1, MONTHS), atol=1e-12)
