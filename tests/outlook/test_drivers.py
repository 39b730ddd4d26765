"""Drivers in simulations: these are those of a model without drivers, and what the drivers add."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from model.test_driving import ACTS, SPEC, driven_panel

from forecast.base.errors import SpecError
from forecast.data.drivers import standardised
from forecast.model.driving import push
from forecast.model.fitted import Fit
from forecast.model.posterior import flat
from forecast.outlook import assess, simulate_ahead
from forecast.outlook.draws import dyad_draws, stream
from forecast.outlook.drivers import driver_outlooks, split_driver_effects
from forecast.outlook.observed import observe
from forecast.outlook.recorded import main_record
from forecast.outlook.simulations import pick_simulations, simulate
from tests.made import unobserved

DYAD, MONTHS = "USA-CHN", 18


def pair(future="carried", given=None):
    """A fit without drivers, and the same with what drivers push it to."""
    panel = driven_panel(1, 60, future=future)
    if given is not None:
        panel["driver_given"][..., : len(given)] = given
    bare = unobserved(panel, replace(SPEC, drivers=()), chains=2, draws=40)
    posterior = bare.posterior
    effect = np.random.default_rng(1).normal(0.0, 0.5, (2, 40, 3, 1))
    values = standardised(panel, ACTS)[:, 0]
    pushed = push(SPEC.drivers, effect[..., 0], values, posterior["phi"].to_numpy()[..., 0])
    moved = posterior.assign_coords(driver=list(ACTS)).assign(
        driver_effect=(("chain", "draw", "driver", "dyad"), effect),
        level=posterior["level"] + pushed.level[:, :, None],
        trend=posterior["trend"] + pushed.trend[:, :, None],
    )
    tree = {
        "/": bare.tree.to_dataset().assign_attrs(bare.attrs | {"spec": json.dumps(SPEC.to_dict())}),
        "posterior": moved,
        "sample_stats": bare.sample_stats,
        "constant_data": panel,
    }
    panel.attrs["counted"] = panel.attrs.get("counted", 0)
    return bare, Fit(tree), (effect[..., 0], values, pushed)


def ahead(fit, made, given):
    effect, _, pushed = made
    panel = fit.panel
    scaled = (given - panel["driver_mean"].to_numpy()[:, None]) / panel["driver_spread"].to_numpy()[
        :, None
    ]
    phi = fit.posterior["phi"].to_numpy()[..., 0]
    return push(SPEC.drivers, effect, scaled, phi, pushed)


def test_simulations_are_those_without_drivers_and_their_push():
    bare, driven, made = pair()
    last = np.nan_to_num(driven.panel["driver_value"].to_numpy()[:, 0, -1])
    expected = ahead(driven, made, np.repeat(last[:, None], MONTHS, axis=1))
    one, other = (simulate_ahead(fit, DYAD, MONTHS, seed=3) for fit in (bare, driven))
    difference = other.level - one.level
    np.testing.assert_allclose(
        difference[..., 1:],
        np.broadcast_to(expected.level[:, :, None], difference[..., 1:].shape),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        other.level[:, :, 0, 0], driven.posterior["level"][..., 0, -1], atol=1e-5
    )
    np.testing.assert_allclose(other.pushed[:, :, 0, 1:], expected.month, atol=1e-9)
    assert one.pushed is None
    assert one.month_level is one.level


def test_values_given_ahead_push_the_months_that_they_are_of():
    given = np.zeros(MONTHS)
    given[6] = 25.0
    bare, driven, made = pair("given", given)
    expected = ahead(driven, made, np.tile(given, (3, 1)))
    one, other = (simulate_ahead(fit, DYAD, MONTHS, seed=3) for fit in (bare, driven))
    np.testing.assert_allclose((other.level - one.level)[:, :, 0, 1:], expected.level, atol=1e-5)
    np.testing.assert_allclose(other.pushed[:, :, 0, 1:], expected.month, atol=1e-9)


def test_simulated_drivers_widen_the_simulations():
    (_, carried, _), (_, simulated, _) = pair("carried"), pair("simulated")
    narrow, wide = (
        simulate_ahead(fit, DYAD, MONTHS, seed=3, simulations_per_draw=8)
        for fit in (carried, simulated)
    )
    assert wide.pushed.shape == wide.level.shape
    assert wide.level[..., -1].std(axis=2).mean() > narrow.level[..., -1].std(axis=2).mean()


def test_what_is_recorded_follows_the_month():
    _, driven, _ = pair()
    simulations = simulate_ahead(driven, DYAD, MONTHS, seed=3)
    strong = replace(simulations, pushed=np.full(simulations.level.shape, 4.0))
    shares = [
        np.nanmean(observe(driven, one, MONTHS, main_record(driven.panel, "USA-CHN"), seed=3).share)
        for one in (simulations, strong)
    ]
    assert shares[1] > shares[0] + 5


def test_particles_that_are_picked_keep_their_own_push():
    _, driven, _ = pair("simulated")
    own, size = dyad_draws(driven, DYAD), (2, 40, 4)
    streams = partial(stream, 3, DYAD)
    _, push_ahead = split_driver_effects(driven, own, MONTHS, 4, streams)
    places = np.tile(np.arange(159, -1, -1), (2, 1))

    def steer(period, level):
        return places if period == 5 else None

    no_break = np.zeros((2, 40))
    found = simulate(driven, own, MONTHS, 3, hazard=no_break, steer=steer)
    plain = simulate_ahead(driven, DYAD, MONTHS, seed=3, hazard=0.0)
    assert found.level.shape == (2, 160, 1, MONTHS + 1)
    np.testing.assert_allclose(found.level[..., :6], pick_simulations(plain.level, places)[..., :6])
    assert push_ahead.month.shape == (*size, MONTHS + 1)
    np.testing.assert_allclose(found.pushed, pick_simulations(push_ahead.month, places))


def test_effects_are_stated_and_horizons_beyond_what_is_given_rejected():
    _, driven, (effect, _, _) = pair("given", np.zeros(12))
    first, second, third = driver_outlooks(driven, DYAD)
    assert [one.acts for one in (first, second, third)] == list(ACTS.values())
    assert first.effect.mean == pytest.approx(effect[..., 0].mean())
    assert "adds" in first.sentence
    assert "as the file has it" in first.sentence
    assert flat(driven.posterior["driver_effect"]).shape == (80, 3, 1)
    with pytest.raises(SpecError, match="fair is given up to"):
        assess(driven, DYAD, (24,), seed=1)


def test_a_fit_with_drivers_is_saved_and_loaded(tmp_path):
    _, driven, _ = pair()
    for name in ("fit.nc", "fit.zarr"):
        loaded = Fit.load(driven.save(tmp_path / name))
        assert loaded.spec == driven.spec
        one, other = (simulate_ahead(fit, DYAD, 6, seed=2).level for fit in (driven, loaded))
        np.testing.assert_array_equal(one, other)
