"""Drivers in the model: the density against one written down plainly, and what a driver's push
is."""

from dataclasses import replace

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from forecast.base.errors import DataError, SpecError
from forecast.data.drivers import attach
from forecast.model import PendulumModel, PendulumSpec, Priors, fit, prior_draws, simulate_panel
from forecast.model.arrays import panel_arrays
from forecast.model.driving import autoregression, push, push_of_draw
from forecast.model.inputs import model_data, prior_reference
from forecast.model.kernels.driving import follow_backward, follow_forward
from forecast.model.kernels.ops import Following
from forecast.model.later_panel import unforeseen
from forecast.model.particles import Draws, Observed
from forecast.model.pendulum import pack
from forecast.model.sampling import complete_posterior
from forecast.model.updating import redraw
from tests.made import make_panel, python_mode, unobserved

from .test_family import Compiled

ACTS = {"fair": "month", "trade": "cycle", "treaty": "trend"}
SPEC = PendulumSpec(drivers=ACTS)


def driven_panel(dyads=2, periods=14, *, future="carried", seed=3, **shape):
    panel = make_panel(dyads, periods, seed=seed, **shape)
    values = (
        np.random.default_rng(seed).standard_normal((len(ACTS), dyads, periods)).cumsum(axis=-1)
    )
    values[0, :, :3] = np.nan
    return attach(panel, list(ACTS), values, np.full((len(ACTS), dyads, 120), np.nan), future)


def plain_push(panel, values):
    """What drivers add to level and month, (dyad, time), in loops."""
    scaled = (panel["driver_value"] - panel["driver_mean"]) / panel["driver_spread"]
    x, effect = np.nan_to_num(scaled.to_numpy()), np.asarray(values["driver_effect"])
    level = np.zeros(x.shape[1:])
    for d in range(x.shape[1]):
        phi, cycle = values["phi"][d], effect[1, d] * x[1, d, 0]
        for t in range(x.shape[2]):
            if t:
                cycle = phi * cycle + (1 - phi) * effect[1, d] * x[1, d, t]
            level[d, t] = cycle + effect[2, d] * x[2, d, t]
    return level, effect[0][:, None] * x[0]


class Driven(Compiled):
    """The plain density, with what the drivers add to the months in which something was
    observed."""

    def level(self, values):
        nodes = self.arrays.node_dyad, self.arrays.node_time
        level, (added, month) = super().level(values), plain_push(self.panel, values)
        level[nodes] += (added + month)[nodes]
        return level


def test_the_density_is_the_one_written_down_plainly():
    compiled = Driven(driven_panel(events=3.0), SPEC)
    rng, differences = np.random.default_rng(5), []
    for _ in range(4):
        point = compiled.random_point(rng)
        differences.append(compiled.log_density(point) - compiled.plain(point))
        values = compiled.values(point)
        nodes = compiled.arrays.node_dyad, compiled.arrays.node_time
        path = sum(values[name] for name in compiled.nodes)
        np.testing.assert_allclose(
            values["node_level"] - path, plain_push(compiled.panel, values)[0][nodes], atol=1e-10
        )
    np.testing.assert_allclose(differences, differences[0], atol=1e-7)


def test_a_compiled_model_is_refilled_with_a_longer_panel():
    short, long = (driven_panel(periods=periods, events=3.0) for periods in (14, 19))
    refilled, own = (Compiled(panel, SPEC) for panel in (short, long))
    arrays = panel_arrays(long, SPEC)
    for name, value in pack(model_data(arrays, prior_reference(arrays))).items():
        refilled.model[name].set_value(value.astype(refilled.model[name].type.dtype))
    point = own.random_point(np.random.default_rng(8))
    assert refilled.log_density(point) == pytest.approx(own.log_density(point))


def test_without_drivers_the_panels_are_not_read():
    panel = driven_panel(1)
    bare = panel.drop_dims(["driver", "ahead"])
    spec = replace(SPEC, drivers=())
    models = [Compiled(one, spec) for one in (bare, panel)]
    for compiled in models:
        assert not [
            name for name in compiled.model.named_vars if "driver" in name or "driven" in name
        ]
    one, other = (compiled.log_density(models[0].start) for compiled in models)
    assert one == other
    assert spec.to_dict()["drivers"] == {}
    assert PendulumSpec.from_dict(spec.to_dict()) == spec


def test_a_push_goes_on_where_it_stood():
    rng = np.random.default_rng(2)
    drivers, effect, x = SPEC.drivers, rng.normal(size=(5, 3)), rng.normal(size=(3, 30))
    phi = rng.uniform(0.5, 0.95, 5)
    whole, first = (push(drivers, effect, x[:, :stop], phi) for stop in (30, 18))
    later = push(drivers, effect, x[:, 18:], phi, first)
    for part in ("trend", "cycle", "month"):
        np.testing.assert_allclose(getattr(later, part), getattr(whole, part)[:, 18:], atol=1e-12)


def test_the_kernel_follows_its_target_and_knows_its_slope():
    rng = np.random.default_rng(4)
    phi, target, cotangent = (
        rng.uniform(0.2, 0.98, 3),
        rng.normal(size=(3, 12)),
        rng.normal(size=(3, 12)),
    )
    series = follow_forward(phi, target)
    np.testing.assert_allclose(
        series, autoregression(phi, (1 - phi)[:, None] * target, target[:, 0]), atol=1e-12
    )
    found = follow_backward(phi, target, series, cotangent)
    for place, (gradient, given) in enumerate(zip(found, (phi, target), strict=True)):
        for i in np.ndindex(given.shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [phi.copy(), target.copy()]
                moved[place][i] += step
                ends.append((follow_forward(*moved) * cotangent).sum())
            assert gradient[i] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6, abs=1e-8)
    inputs = pt.dvector(), pt.dmatrix()
    graph = Following()(*inputs)
    slopes = pytensor.grad((graph * cotangent).sum(), list(inputs))
    evaluated = pytensor.function(list(inputs), [graph, *slopes], mode=python_mode())(phi, target)
    for value, expected in zip(evaluated, (series, *found), strict=True):
        np.testing.assert_allclose(value, expected)


def test_a_simulated_record_has_the_push():
    panel, spec = (
        driven_panel(1, 60, index=True),
        PendulumSpec(observation="index", drivers={"trade": "cycle"}),
    )
    draw = prior_draws(panel, spec, draws=2, seed=1).isel(draw=0)
    none, some = (
        simulate_panel(
            panel, draw.assign(driver_effect=draw["driver_effect"] * 0 + effect), spec, seed=3
        )[1].to_numpy()
        for effect in (0.0, 1.5)
    )
    x = np.nan_to_num(
        ((panel["driver_value"] - panel["driver_mean"]) / panel["driver_spread"]).to_numpy()[1]
    )
    expected = push(spec.drivers, np.array([[1.5]]), x[:, None], draw["phi"].to_numpy())
    np.testing.assert_allclose(some - none, expected.cycle, atol=1e-9)


def test_the_completed_posterior_holds_the_push(monkeypatch):
    monkeypatch.setattr(
        "forecast.model.sampling.on_grid", np.asarray
    )  # paths as sampled, not as kept
    panel = driven_panel(2, 24, empty=0.6)
    arrays = panel_arrays(panel, SPEC)
    sampled = prior_draws(panel, SPEC, draws=6, seed=2).expand_dims("chain")
    rng = np.random.default_rng(3)
    for name in ("node_trend", "node_cycle"):
        sampled[name] = (("chain", "draw", "node"), rng.normal(size=(1, 6, arrays.nodes)))
    sampled["ceiling"] = 2.0 + 0.0 * sampled["headroom"]
    with_push = complete_posterior(sampled, arrays, np.random.default_rng(4)).isel(chain=0)
    still = sampled.assign(driver_effect=0.0 * sampled["driver_effect"])
    without = complete_posterior(still, arrays, np.random.default_rng(4)).isel(chain=0)
    assert with_push["driver"].to_numpy().tolist() == list(ACTS)
    for i in range(6):
        one, other = with_push.isel(draw=i), without.isel(draw=i)
        expected, _ = plain_push(
            panel, {name: one[name].to_numpy() for name in ("driver_effect", "phi")}
        )
        np.testing.assert_allclose(one["level"] - other["level"], expected, atol=2e-5)
        only = replace(SPEC, drivers={"treaty": "trend"})
        pushed = push_of_draw(only.drivers, panel, one.sel(driver=["treaty"]))
        np.testing.assert_allclose(one["trend"] - other["trend"], pushed.trend, atol=2e-5)


def test_the_likelihood_of_draws_knows_the_push_on_the_month():
    panel = driven_panel(1, 30, seed=6)
    spec = replace(SPEC, drivers={"fair": "month"})
    posterior = unobserved(panel, spec, draws=8).posterior
    draws = Draws.of(posterior, spec)
    state = np.random.default_rng(1).normal(size=(8, 1, 2))
    silent = draws.values | {"driver_effect": np.zeros_like(draws.values["driver_effect"])}
    observed, bare = (Observed.of(panel, one) for one in (draws, replace(draws, values=silent)))
    month = observed.month
    t = int(np.flatnonzero(observed.node[0] >= 0)[-1])
    moved = state + np.stack([month[:, 0, [t]], 0 * month[:, 0, [t]]], axis=-1)
    np.testing.assert_allclose(
        observed.log_likelihood(0, t, state), bare.log_likelihood(0, t, moved)
    )
    assert np.abs(month[:, 0, t]).min() > 0


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"drivers": "summit"}, "expected a mapping"),
        ({"drivers": {"summit": "mood"}}, "one of month, cycle, trend"),
        ({"drivers": (("a", "month"), ("a", "cycle"))}, "there twice"),
        ({"drivers": {"a": "cycle"}, "cycle": "cubic"}, "needs cycle='linear'"),
        ({"drivers": {"a": "cycle"}, "trend": "walk", "cycle": "none"}, "needs cycle='linear'"),
        ({"drivers": {"a": "trend"}, "trend": "constant"}, "trend='constant' fixes"),
    ],
)
def test_drivers_that_make_no_sense_are_rejected(choices, message):
    with pytest.raises(SpecError, match=message):
        PendulumSpec(**choices)


def test_a_spec_with_drivers_survives_json():
    assert PendulumSpec.from_dict(SPEC.to_dict()) == SPEC
    assert SPEC.to_dict()["drivers"] == ACTS
    assert hash(SPEC) == hash(replace(SPEC))


def test_drivers_that_the_panel_lacks_are_named():
    with pytest.raises(
        DataError, match="carries none, and the spec asks for fair, trade and treaty"
    ):
        PendulumModel(SPEC).build(make_panel(1, 12))


def test_a_fit_with_drivers_is_not_updated():
    panel = driven_panel()
    assert "drivers" in unforeseen(panel, panel)
    with pytest.raises(SpecError, match="trade and treaty of the fit push its path"):
        redraw(unobserved(panel, SPEC, draws=4), panel, 3)
    with pytest.raises(DataError, match="the later panel has none"):
        unforeseen(panel, panel.drop_dims(["driver", "ahead"]))


@pytest.mark.slow  # it compiles two models
def test_a_short_fit_without_drivers_is_the_same_whatever_the_panel_carries():
    panel, spec = driven_panel(1, 60), replace(SPEC, drivers=())
    one, other = (
        fit(own, spec, draws=40, tune=60, chains=2, seed=4).posterior
        for own in (panel.drop_dims(["driver", "ahead"]), panel)
    )
    assert one.equals(other)


@pytest.mark.slow  # it compiles a model
@pytest.mark.parametrize(("acts", "phase", "size"), [("month", 1, 0.4), ("cycle", 12, 0.8)])
def test_a_known_effect_is_recovered(acts, phase, size):
    """Thirty years of a record that says something every month, pushed by phases that come at
    random.

    The cycle's own spread is the centre of its prior, 0.6: the effect's posterior is then some 0.15
    wide, and its mean a few percent nearer to nothing than the truth. A cycle four times as wide,
    which priors draw at times, hides it.
    """
    panel = make_panel(1, 360, eras=1, events=12.0, empty=0.0, classes=2, zero_cut=1, seed=1)
    values = np.repeat(np.random.default_rng(7).integers(0, 2, 360 // phase), phase)[
        None, None
    ].astype(float)
    panel = attach(panel, ["cycle"], values, np.full((1, 1, 120), np.nan), "carried")
    priors = Priors(
        driver_effects=0.5
    )  # as if such effects were usual: a rare one is shrunk, as it should be
    spec = PendulumSpec(volume_effect=False, drivers={"cycle": acts}, priors=priors)
    draw = prior_draws(panel, spec, draws=1, seed=2).isel(draw=0)
    phi = 0.5 ** (1 / 2.0) + 0.0 * draw["phi"]
    sd = 0.6 + 0.0 * phi
    draw = draw.assign(
        phi=phi, cycle_half_life=2.0 + 0.0 * phi, cycle_sd=sd, sigma=sd * np.sqrt(1 - phi**2)
    )
    truth = draw.assign(driver_effect=size + 0.0 * draw["driver_effect"])
    simulated, _ = simulate_panel(panel, truth, spec, seed=3)
    found = fit(simulated, spec, draws=400, tune=300, chains=2, seed=4).posterior["driver_effect"]
    low, high = np.quantile(found, [0.005, 0.995])
    assert low < size < high
    assert float((found > 0).mean()) > 0.97
