"""The structural ceiling: it bounds the trend, lets the cycle pass, and moves nothing where it is far away."""

import numpy as np
import pytest

from forecast.model import PendulumModel, PendulumSpec, Priors, fit, prior_draws, simulate_panel
from forecast.model.simulate import simulate_trend
from forecast.model.trend import SOFTNESS, bounded, unbounded

from .panels import make_panel, numerical_gradient, python_mode
from .test_family import Compiled, panel_with_gaps

SPEC = PendulumSpec(ceiling="framework")
TRENDS = np.linspace(-6.0, 6.0, 121)


@pytest.mark.parametrize("softness", [0.1, SOFTNESS, 0.5])
def test_a_trend_keeps_to_the_free_one_far_below_and_never_passes_the_ceiling(softness):
    trend = bounded(TRENDS, 1.0, softness)
    assert (trend <= 1.0).all()
    assert (np.diff(trend) >= 0).all()
    far = TRENDS < -4.0
    np.testing.assert_allclose(trend[far], TRENDS[far], atol=softness * np.exp(-5.0 / softness) * 1.01)


def test_without_a_ceiling_a_trend_is_free():
    np.testing.assert_array_equal(bounded(TRENDS, None), TRENDS)
    np.testing.assert_array_equal(unbounded(TRENDS, None), TRENDS)


def test_the_inverse_undoes_the_bend():
    below = TRENDS[TRENDS < 2.5]
    np.testing.assert_allclose(unbounded(bounded(below, 1.0), 1.0), below, atol=1e-5)
    assert np.isfinite(unbounded(np.float32([1.0, 1.5]), 1.0)).all(), "at the ceiling and above, by rounding"


def test_where_headroom_is_large_nothing_moves():
    """At a headroom of 20 log-odds the level is the free trend and the cycle, and the density that without ceiling."""
    panel = panel_with_gaps()
    under, free = Compiled(panel, SPEC), Compiled(panel, PendulumSpec(ceiling="none"))
    point = under.random_point(np.random.default_rng(2))
    point = {
        name: np.log(20.0) + 0.0 * value if name == "log_headroom_population" else value
        for name, value in point.items()
    }
    point = {name: -9.0 + 0.0 * value if name in TINY else value for name, value in point.items()}
    assert set(point) >= TINY
    level = under.values(point)["node_level"]
    np.testing.assert_allclose(under.values(point)["headroom"], 20.0, rtol=0.01)
    own = {name: point[name] for name in free.start}
    np.testing.assert_allclose(level, free.values(own)["node_level"], atol=1e-6)
    moved = own | {"white": own["white"] + 0.1 * np.random.default_rng(3).standard_normal(own["white"].shape)}
    difference = [model.log_density(at | {"white": moved["white"]}) - model.log_density(at) for model, at in
                  ((under, point), (free, own))]  # fmt: skip
    assert difference[0] == pytest.approx(difference[1], abs=1e-6)


TINY = {"headroom_era_sd_log__", "log_headroom_dyad_sd_log__"}


def test_the_gradient_under_a_ceiling_is_that_of_the_density():
    """By finite differences, in every coordinate; the ceiling is tight, so that it bends."""
    panel = panel_with_gaps(dyads=1)
    spec = PendulumSpec(ceiling="framework", priors=Priors(headroom=(-2.0, 0.3)))
    model = PendulumModel(spec).build(panel, part="path")
    log_density, gradient = model.compile_logp(mode=python_mode()), model.compile_dlogp(mode=python_mode())
    rng = np.random.default_rng(6)
    start = {name: value + 0.4 * rng.standard_normal(np.shape(value)) for name, value in model.initial_point().items()}
    flat, found = [], gradient(start)
    for variable in model.value_vars:
        name, value = variable.name, np.asarray(start[variable.name])
        if name == "white":  # those to spare are white noise
            value = value[:40]

        def at(moved, name=name, value=value):
            whole = np.array(start[name], dtype=float)
            whole.reshape(-1)[: value.size] = moved.reshape(-1)
            return float(log_density(start | {name: whole}))

        flat.append((name, numerical_gradient(at, value).reshape(-1)))
    place = {name: np.size(start[name]) for name, _ in flat}
    ends = np.cumsum([0, *place.values()])
    for (name, numerical), begin in zip(flat, ends, strict=False):
        np.testing.assert_allclose(found[begin : begin + numerical.size], numerical, rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_simulated_trend_is_never_above_its_ceiling_and_the_level_may_be():
    panel = make_panel(dyads=3, periods=240, eras=3)
    spec = PendulumSpec(ceiling="framework", priors=Priors(headroom=(-1.0, 0.3)))
    era, passed = panel["era_index"].to_numpy(), 0.0
    for i in range(20):
        one = prior_draws(panel, spec, draws=20, seed=4).isel(draw=i)
        trend = simulate_trend(one, era, spec, np.random.default_rng(i))
        free = simulate_trend(one, era, PendulumSpec(ceiling="none"), np.random.default_rng(i))
        starts = np.diff(era, axis=1, prepend=-1) != 0
        for d, own in enumerate(era):
            ceiling = free[d][starts[d]][own - own[0]] + one["headroom"].to_numpy()[own]
            assert (trend[d] <= ceiling).all()
            assert (trend[d] <= free[d] + 1e-12).all()
            _, level = simulate_panel(panel, one, spec, seed=i)
            passed += (level.to_numpy()[d] > ceiling).mean() / 60
    assert passed > 0.01


@pytest.mark.slow  # it fits three panels
def test_a_pooled_headroom_is_recovered():
    """Eight dyads of four eras, forty years of busy months under a ceiling that binds: the population's headroom.

    Three truths, each within the central 99 % of its posterior, which is narrower than the prior.
    """
    panel = make_panel(8, 480, eras=4, events=15.0, empty=0.0, classes=2, zero_cut=1, seed=2)
    spec = PendulumSpec(trend="walk", ceiling="framework", volume_effect=False, priors=Priors(trend_step=(-1.6, 0.2)))
    for seed, log_headroom in enumerate((-1.0, 0.0, 0.7)):
        truth = prior_draws(panel, spec, draws=1, seed=seed).isel(draw=0)
        eras = np.random.default_rng(seed).standard_normal(truth["headroom"].shape)
        truth = truth.assign(
            headroom_dyad=log_headroom + 0.0 * truth["headroom_dyad"],
            headroom=("era", np.exp(log_headroom + 0.3 * eras)),
        )
        simulated, _ = simulate_panel(panel, truth, spec, seed=seed)
        posterior = fit(simulated, spec, draws=300, tune=300, chains=2, seed=seed).posterior
        mean = posterior["headroom_dyad"].mean("dyad")
        low, high = np.quantile(mean, [0.005, 0.995])
        assert low < log_headroom < high
        assert float(mean.std()) < 0.6 * np.hypot(0.7, 0.3 / np.sqrt(8))
