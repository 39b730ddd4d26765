"""The likelihood under every draw is that of the sampler, one draw after the other."""

import numpy as np
import pytest
from scipy.stats import t as student

from forecast.model import PendulumSpec
from forecast.model.kernels.observation import sides_value_gradient
from forecast.model.observation.sparse_counts import KERNEL_PARAMETERS, NO_SHIFT, quadrature
from forecast.model.particles import Draws, Observed
from tests.made import make_panel, unobserved


@pytest.mark.parametrize(
    ("choices", "shape"),
    [
        ({}, {"events": 4.0}),
        ({"overdispersion": False, "ceiling": "framework"}, {"directions": 2}),
        (
            {"month_noise": False, "trend": "walk", "cycle": "none"},
            {"events": 120.0, "classes": 4, "zero_cut": 2},
        ),
        ({"pooling": False, "trend": "constant"}, {"events": 60.0}),
    ],
)
def test_it_is_the_likelihood_of_the_sampler(choices, shape):
    panel, spec = make_panel(2, 10, seed=3, **shape), PendulumSpec(**choices)
    fit = unobserved(panel, spec, draws=20)
    draws = Draws.of(fit.posterior, spec)
    observed = Observed.of(panel, draws)
    arrays, points = observed.arrays, quadrature(spec)
    state = np.random.default_rng(1).normal(size=(20, arrays.nodes, 2))
    levels = np.empty(state.shape[:2])
    total = np.zeros(20)
    for node, (dyad, time) in enumerate(zip(arrays.node_dyad, arrays.node_time, strict=True)):
        levels[:, node] = state[:, node].sum(axis=-1)
        if observed.node[dyad, time] >= 0:
            total += observed.log_likelihood(int(dyad), int(time), state[:, [node]])[:, 0]
    busy = draws.observed["volume_effect"][:, arrays.node_dyad] * arrays.observed.relative_count
    layout = arrays.observed.counts.chunked.values()
    for i in range(20):
        own = [np.ascontiguousarray(draws.observed[name][i]) for name in KERNEL_PARAMETERS]
        expected = sides_value_gradient(levels[i] + busy[i], *own, NO_SHIFT, *layout, *points)[0]
        np.testing.assert_allclose(total[i], expected, rtol=1e-9)


def test_an_index_is_seen_with_student_error_on_the_scale_of_the_fit():
    panel, spec = make_panel(2, 6, index=True, seed=1), PendulumSpec(observation="index")
    draws = Draws.of(unobserved(panel, spec, draws=5).posterior, spec)
    scale = {
        "index_mean": ("dyad", np.array([1.0, 2.0])),
        "index_spread": ("dyad", np.array([0.5, 4.0])),
    }
    observed = Observed.of(panel.assign_coords(scale), draws)
    level = np.linspace(-1, 1, 15).reshape(5, 3)
    state = np.stack([level, np.zeros_like(level)], axis=-1)
    seen = (panel["index"].to_numpy()[1, 0] - 2.0) / 4.0
    expected = student.logpdf(
        seen, draws.observed["df"][:, None], level, draws.observed["error"][:, None]
    )
    np.testing.assert_allclose(observed.log_likelihood(1, 0, state), expected)
    assert ((observed.node >= 0) == np.isfinite(panel["index"].to_numpy())).all()


def test_what_a_draw_makes_all_but_impossible_stays_a_number():
    panel, spec = make_panel(1, 4, events=200.0), PendulumSpec(overdispersion=False)
    draws = Draws.of(unobserved(panel, spec, draws=3).posterior, spec)
    far = np.stack([np.array([[-300.0, 0.0, 300.0]] * 3), np.zeros((3, 3))], axis=-1)
    assert np.isfinite(Observed.of(panel, draws).log_likelihood(0, 0, far)).all()
