"""From the pendulum's state to level and share."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from forecast.scale import ceiling_lift, share, soft_ceiling, soft_ceiling_inverse, soft_ceiling_slope

STATES = np.linspace(-6.0, 6.0, 121)


def test_a_share_is_even_at_zero_and_stays_within_bounds():
    assert share(np.array(0.0)) == 50.0
    assert share(np.array([-1e6, 1e6])).tolist() == [0.0, 100.0]
    assert share(np.array(np.log(3.0))) == pytest.approx(75.0)


@pytest.mark.parametrize("softness", [0.1, 0.5])
def test_the_level_keeps_to_the_state_far_below_the_ceiling_and_never_passes_it(softness):
    level = soft_ceiling(STATES, 1.0, softness)
    assert (level < 1.0 + 1e-12).all()
    assert (level <= STATES + 1e-12).all()
    assert (np.diff(level) >= 0).all()
    np.testing.assert_allclose(
        level[STATES < -4.0], STATES[STATES < -4.0], atol=softness * np.exp(-5.0 / softness) * 1.01
    )


def test_without_a_ceiling_the_level_is_the_state():
    assert soft_ceiling(STATES, None, 0.5) is STATES
    assert soft_ceiling_inverse(STATES, None, 0.5) is STATES


def test_the_inverse_undoes_the_ceiling_where_levels_can_be_told_apart():
    below = STATES[STATES < 3.0]
    np.testing.assert_allclose(soft_ceiling_inverse(soft_ceiling(below, 1.0, 0.5), 1.0, 0.5), below, atol=1e-9)


def test_a_level_at_its_ceiling_has_a_finite_state():
    assert np.isfinite(soft_ceiling_inverse(np.array([1.0, 1.0 + 1e-7]), 1.0, 0.5)).all()


def test_the_slope_is_the_derivative_of_the_level():
    step = 1e-6
    numerical = (soft_ceiling(STATES + step, 0.7, 0.5) - soft_ceiling(STATES - step, 0.7, 0.5)) / (2 * step)
    np.testing.assert_allclose(soft_ceiling_slope(STATES, 0.7, 0.5), numerical, atol=1e-8)


def test_ceilings_broadcast_against_states():
    ceiling = np.array([[0.0], [2.0]])
    assert soft_ceiling(STATES, ceiling, 0.5).shape == (2, STATES.size)


SPREADS, HEADROOMS = (side.ravel() for side in np.meshgrid([0.3, 0.8, 1.2, 2.0], [0.05, 0.3, 1.0, 3.0]))


def test_a_lifted_state_keeps_its_mean_level_under_tight_and_loose_ceilings():
    lift = ceiling_lift(SPREADS, HEADROOMS, 0.5)
    z = np.random.default_rng(1).standard_normal(200_000)
    level = soft_ceiling(0.4 + lift[:, None] + SPREADS[:, None] * z, 0.4 + HEADROOMS[:, None], 0.5)
    error = level.std(axis=1) / np.sqrt(z.size)
    assert (np.abs(level.mean(axis=1) - 0.4) < 4 * error + 0.005).all()
    assert (lift > 0).all()
    tight, loose = lift[HEADROOMS == 0.05], lift[HEADROOMS == 3.0]
    assert (tight > loose).all()


def test_the_lift_of_variables_is_that_of_numbers_and_so_is_its_gradient():
    spread, headroom = pt.dvectors("spread", "headroom")
    lift = ceiling_lift(spread, headroom, 0.5, pt)
    slopes = pytensor.grad(lift.sum(), [spread, headroom])
    value, by_spread, by_headroom = pytensor.function([spread, headroom], [lift, *slopes], mode="FAST_COMPILE")(
        SPREADS, HEADROOMS
    )
    np.testing.assert_allclose(value, ceiling_lift(SPREADS, HEADROOMS, 0.5), rtol=1e-10)
    step = 1e-6

    def numerical(up, down):
        return (ceiling_lift(*up, 0.5) - ceiling_lift(*down, 0.5)) / (2 * step)

    np.testing.assert_allclose(
        by_spread, numerical((SPREADS + step, HEADROOMS), (SPREADS - step, HEADROOMS)), atol=1e-6
    )
    np.testing.assert_allclose(
        by_headroom, numerical((SPREADS, HEADROOMS + step), (SPREADS, HEADROOMS - step)), atol=1e-6, rtol=1e-6
    )
    assert (by_spread > 0).all()
    assert (by_headroom < 0).all()
