"""The cycles: what each does to a deviation, the same for the simulations and the sampler."""

import numpy as np
import pytensor.tensor as pt
import pytest

from forecast.base.errors import SpecError
from forecast.model import PendulumSpec, prior_draws
from forecast.model.process.cycle import (
    band_widening,
    cubic_widening,
    cycles,
    find_cycle,
    register_cycle,
    unregister_cycle,
)
from tests.made import make_panel

NAMES = [cycle.name for cycle in cycles()]
SHAPE = {"retention": 0.95, "sd": 0.8, "band": 0.7, "stiffening": 0.5, "lean": 0.6, "sigma": 0.2}
Y = np.linspace(-3.0, 3.0, 13)


@pytest.mark.parametrize("name", NAMES)
def test_sampler_and_simulations_agree_on_the_next_deviation(name):
    cycle = find_cycle(name)
    graph = cycle.next(pt.as_tensor(Y), SHAPE, pt)
    np.testing.assert_allclose(
        graph.eval(mode="FAST_COMPILE"), cycle.next(Y, SHAPE), rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_what_is_kept_and_a_shock(name):
    cycle, shock = find_cycle(name), np.random.default_rng(1).standard_normal(Y.shape)
    stepped = cycle.step(Y, SHAPE, np.random.default_rng(1))
    np.testing.assert_allclose(stepped, cycle.next(Y, SHAPE) + 0.2 * shock)


@pytest.mark.parametrize("name", NAMES)
def test_every_cycle_reverts_and_passes_the_trend_never(name):
    kept = find_cycle(name).next(Y, SHAPE)
    assert (np.sign(kept) == np.sign(Y)).all()
    assert (np.abs(kept) <= np.abs(Y)).all()


def test_a_linear_cycle_keeps_its_part():
    assert find_cycle("linear").next(2.0, SHAPE) == pytest.approx(1.9)


def test_a_band_pulls_fully_far_outside_and_not_inside():
    band = find_cycle("band")
    assert band.next(1e-6, SHAPE) == pytest.approx(1e-6)
    assert band.next(5.0, SHAPE) == pytest.approx(5.0 * SHAPE["retention"])


def test_a_growing_pull_leans_to_the_hostile_side():
    cubic = find_cycle("cubic")
    hostile, friendly = (abs(float(cubic.next(np.array(y), SHAPE))) for y in (-2.0, 2.0))
    assert hostile < friendly < 2.0 * SHAPE["retention"]


def test_shocks_keep_a_linear_cycle_at_its_spread():
    rng, cycle = np.random.default_rng(1), find_cycle("linear")
    draw = prior_draws(make_panel(periods=12), PendulumSpec(), draws=1, seed=1).isel(draw=0, dyad=0)
    own = {name: draw[variable].item() for name, variable in cycle.reads.items()}
    deviation = cycle.draw_start(own, (20_000,), rng)
    for _ in range(400):
        deviation = cycle.step(deviation, own, rng)
    assert deviation.std() == pytest.approx(own["sd"], rel=0.03)


def test_without_a_band_or_a_growth_the_long_run_is_that_of_a_linear_cycle():
    assert float(band_widening(1e-3)) == pytest.approx(1.0, abs=1e-5)
    assert float(cubic_widening(0.0, 0.5)) == pytest.approx(1.0, abs=1e-6)


def test_a_cycle_that_is_not_known_is_named_with_those_that_are():
    with pytest.raises(SpecError, match=rf"'circular'.*{', '.join(NAMES)}"):
        find_cycle("circular")


def test_a_name_is_taken_once_and_the_packages_own_stay():
    with pytest.raises(SpecError, match="'linear' is registered already"):
        register_cycle(type(find_cycle("linear")))
    unregister_cycle("linear")
    assert find_cycle("linear") in cycles()
