"""The likelihood under every draw is that of the sampler, one draw after the other."""

import numpy as np
import pytest
from forecast.model.observation.events import KERNEL
from forecast.model.observation.quadrature import quadrature
from scipy.stats import t as student

from forecast.model import PendulumSpec
from forecast.model.kernels.observation import observation_value_gradient
from forecast.model.likelihood import Draws, Observed

from .fits import unobserved
from .panels import make_panel


@pytest.mark.parametrize(
    ("choices", "shape"),
    [
        ({}, {"events": 4.0}),
        ({"overdispersion": False, "ceiling": "constant+depth"}, {"directions": 2, "datasets": 2}),
        ({"month_noise": False, "ceiling": "none", "dynamics": "none"}, {"events": 120.0, "classes": 4, "zero_cut": 2}),
        ({"pooling": False}, {"events": 60.0, "datasets": 2}),
    ],
)
def test_it_is_the_likelihood_of_the_sampler(choices, shape):
    panel, spec = make_panel(2, 10, seed=3, **shape), PendulumSpec.one_scale(**choices)
    fit = unobserved(panel, spec, draws=20)
    draws = Draws.of(fit.posterior, spec)
    observed = Observed.of(panel, draws)
    arrays, (nodes, weights) = observed.arrays, quadrature(spec)
    state = np.random.default_rng(1).normal(size=(20, arrays.nodes))
    levels = state.copy()
    total = np.zeros(20)
    for node, (dyad, time) in enumerate(zip(arrays.node_dyad, arrays.node_time, strict=True)):
        levels[:, node] = draws.level(state[:, [node]], int(arrays.era_index[dyad, time]))[:, 0]
        if observed.node[dyad, time] >= 0:
            total += observed.log_likelihood(int(dyad), int(time), state[:, [node]])[:, 0]
    for i in range(20):
        expected = observation_value_gradient(
            levels[i], *(draws.observed[name][i] for name in KERNEL), *arrays.observed.layout.values(), nodes, weights,
        )[0]  # fmt: skip
        np.testing.assert_allclose(total[i], expected, rtol=1e-9)


def test_an_index_is_seen_with_student_error_on_the_scale_of_the_fit():
    panel, spec = make_panel(2, 6, index=True, seed=1), PendulumSpec.one_scale(observation="index", ceiling="none")
    draws = Draws.of(unobserved(panel, spec, draws=5).posterior, spec)
    scale = {"index_mean": ("dyad", np.array([1.0, 2.0])), "index_spread": ("dyad", np.array([0.5, 4.0]))}
    observed = Observed.of(panel.assign_coords(scale), draws)
    state = np.linspace(-1, 1, 15).reshape(5, 3)
    seen = (panel["index"].to_numpy()[1, 0] - 2.0) / 4.0
    expected = student.logpdf(seen, draws.observed["df"][:, None], state, draws.observed["error"][:, None])
    np.testing.assert_allclose(observed.log_likelihood(1, 0, state), expected)
    assert ((observed.node >= 0) == np.isfinite(panel["index"].to_numpy())).all()


def test_a_level_gives_its_state_back():
    spec = PendulumSpec.one_scale()
    draws = Draws.of(unobserved(make_panel(1, 6), spec, draws=50).posterior, spec)
    era = np.array([0, 0, 1, 1])
    state = np.random.default_rng(2).normal(0.0, 1.0, (50, 4))
    level = draws.level(state, era).astype(np.float32)
    below = state < draws.ceiling[:, era] + 1.0
    np.testing.assert_allclose(draws.state(level.astype(float), era)[below], state[below], atol=1e-4)
    assert np.isfinite(draws.state(draws.ceiling[:, era], era)).all()


def test_what_a_draw_makes_all_but_impossible_stays_a_number():
    panel, spec = make_panel(1, 4, events=200.0), PendulumSpec.one_scale(overdispersion=False)
    draws = Draws.of(unobserved(panel, spec, draws=3).posterior, spec)
    far = np.array([[-300.0, 0.0, 300.0]] * 3)
    assert np.isfinite(Observed.of(panel, draws).log_likelihood(0, 0, far)).all()
