"""The pulls: what each does to a displacement, the same for the simulations and the sampler."""

import numpy as np
import pytensor.tensor as pt
import pytest

from forecast.errors import SpecError
from forecast.model.dynamics import find_pull, pulls, register, unregister
from forecast.model.dynamics.band import band_widening
from forecast.model.dynamics.cubic import cubic_widening

NAMES = [pull.name for pull in pulls()]
SHAPE = {"phi": 0.95, "sd": 0.8, "band": 0.7, "stiffening": 0.5, "lean": 0.6, "period": 90.0, "sigma": 0.2}
Y = np.linspace(-3.0, 3.0, 13)


@pytest.mark.parametrize("name", NAMES)
def test_sampler_and_simulations_agree_on_the_next_displacement(name):
    pull = find_pull(name)
    graph = pull.next(pt.as_tensor(Y), pt.as_tensor(Y[::-1]), SHAPE, pt)
    np.testing.assert_allclose(graph.eval(mode="FAST_COMPILE"), pull.next(Y, Y[::-1], SHAPE), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_equilibrium_pull_and_shock(name):
    pull = find_pull(name)
    before, shock = Y - 0.1, np.full_like(Y, 0.3)
    moved = pull.step(Y, before, np.array(0.4), shock, SHAPE)
    np.testing.assert_allclose(moved, 0.4 + pull.next(Y - 0.4, before - 0.4, SHAPE) + 0.06)


def test_a_walk_keeps_all_and_a_linear_pull_its_part():
    assert find_pull("none").next(1.0, 1.0, SHAPE) == 1.0
    assert find_pull("linear").next(2.0, 1.0, SHAPE) == pytest.approx(1.9)


def test_a_band_pulls_fully_far_outside_and_not_inside():
    band = find_pull("band")
    assert band.next(1e-6, 0.0, SHAPE) == pytest.approx(1e-6)
    assert band.next(5.0, 0.0, SHAPE) == pytest.approx(5.0 * SHAPE["phi"])


def test_a_growing_pull_leans_to_the_hostile_side():
    cubic = find_pull("cubic")
    hostile, friendly = (abs(float(cubic.next(np.array(y), 0.0, SHAPE))) for y in (-2.0, 2.0))
    assert hostile < friendly < 2.0 * SHAPE["phi"]


def test_an_oscillator_comes_back_after_a_period_by_what_it_is_damped():
    pull, state = find_pull("oscillator"), [1.0, SHAPE["phi"] * np.cos(2 * np.pi / SHAPE["period"])]
    for _ in range(2, 91):
        state.append(pull.next(state[-1], state[-2], SHAPE))
    assert state[90] == pytest.approx(SHAPE["phi"] ** 90)


def test_shocks_keep_linear_pendulum_and_oscillator_at_their_spread():
    rng = np.random.default_rng(1)
    for name in ("linear", "oscillator"):
        pull = find_pull(name)
        own = SHAPE | {"sigma": pull.shock_of_spread(SHAPE["sd"], SHAPE["phi"], SHAPE)}
        state, before = SHAPE["sd"] * rng.standard_normal((2, 20_000))
        for _ in range(400):
            state, before = pull.step(state, before, np.array(0.0), rng.standard_normal(20_000), own), state
        assert state.std() == pytest.approx(SHAPE["sd"], rel=0.03)


def test_without_a_band_or_a_growth_the_long_run_is_that_of_a_linear_pull():
    assert float(band_widening(1e-3)) == pytest.approx(1.0, abs=1e-5)
    assert float(cubic_widening(0.0, 0.5)) == pytest.approx(1.0, abs=1e-6)


def test_a_pull_that_is_not_known_is_named_with_those_that_are():
    with pytest.raises(SpecError, match=rf"'circular'.*{', '.join(NAMES)}"):
        find_pull("circular")


def test_a_name_is_taken_once_and_the_packages_own_stay():
    with pytest.raises(SpecError, match="'linear' is registered already"):
        register(type(find_pull("linear")))
    unregister("linear")
    assert find_pull("linear") in pulls()
