"""The structural ceiling.

It bounds the trend, lets the cycle pass, and moves nothing where it is far away.
"""

import numpy as np
import pytest
from scipy.special import log_ndtr
from scipy.stats import norm

from forecast.data.panel import recounted
from forecast.model import PendulumModel, PendulumSpec, Priors, fit, prior_draws, simulate_panel
from forecast.model.arrays import first_eras
from forecast.model.kernels.ceiling import log_below
from forecast.model.process.ceiling import SOFTNESS, step_below
from forecast.model.simulation import simulate_trend
from tests.made import make_panel, numerical_gradient, python_mode

from .reference import step_under
from .test_family import Compiled, panel_with_gaps

SPEC = PendulumSpec(ceiling="framework")


@pytest.mark.parametrize(
    ("mean", "scale", "softness"), [(0.0, 0.3, 0.1), (1.2, 0.4, SOFTNESS), (2.5, 0.2, 0.5)]
)
def test_steps_below_a_ceiling_have_the_density_that_the_model_gives_them(mean, scale, softness):
    """Moments of 200,000 draws within five standard errors of those of the density, integrated
    on a grid."""
    drawn = step_below(np.full(200_000, mean), scale, 1.0, np.random.default_rng(1), softness)
    grid = np.linspace(mean - 9 * scale, mean + 9 * scale, 20_001)
    density = norm.pdf(grid, mean, scale) * np.exp(step_under(grid, mean, scale, 1.0, softness))
    weight = density / density.sum()
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-6)
    expected = (weight * grid).sum()
    spread = np.sqrt((weight * (grid - expected) ** 2).sum())
    assert drawn.mean() == pytest.approx(expected, abs=5 * spread / np.sqrt(drawn.size))
    assert drawn.std() == pytest.approx(spread, rel=0.01)


def test_far_above_a_ceiling_a_step_comes_back_below_and_without_one_it_is_free():
    far = step_below(np.full(1000, 60.0), 0.2, 1.0, np.random.default_rng(1))
    assert np.isfinite(far).all()
    assert far.max() < 60.0
    free = step_below(np.zeros(1000), 0.2, None, np.random.default_rng(1))
    np.testing.assert_array_equal(free, 0.2 * np.random.default_rng(1).standard_normal(1000))


@pytest.mark.parametrize("at", [-38.0, -30.1, -29.9, -5.0, 0.0, 3.0])
def test_the_mass_below_a_bound_and_its_slope_hold_in_the_tail(at):
    value, slope = log_below(at)
    assert value == pytest.approx(log_ndtr(at), rel=1e-9)
    assert slope == pytest.approx(np.exp(norm.logpdf(at) - log_ndtr(at)), rel=1e-7)


def test_where_headroom_is_large_nothing_moves():
    """At a headroom of 20 log-odds the level is the free trend and the cycle, and the density
    that without ceiling."""
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
    moved = own | {
        "white": own["white"] + 0.1 * np.random.default_rng(3).standard_normal(own["white"].shape)
    }
    difference = [
        model.log_density(at | {"white": moved["white"]}) - model.log_density(at)
        for model, at in ((under, point), (free, own))
    ]
    assert difference[0] == pytest.approx(difference[1], abs=1e-6)


TINY = {"headroom_era_sd_log__", "log_headroom_dyad_sd_log__"}


@pytest.mark.slow  # along random directions it is tested in test_pendulum
def test_the_gradient_under_a_ceiling_is_that_of_the_density():
    """By finite differences, in every coordinate; the ceiling is tight, so that it bends."""
    panel = panel_with_gaps(dyads=1)
    spec = PendulumSpec(ceiling="framework", priors=Priors(headroom=(-2.0, 0.3)))
    model = PendulumModel(spec).build(panel)
    log_density, gradient = (
        model.compile_logp(mode=python_mode()),
        model.compile_dlogp(mode=python_mode()),
    )
    rng = np.random.default_rng(6)
    start = {
        name: value + 0.4 * rng.standard_normal(np.shape(value))
        for name, value in model.initial_point().items()
    }
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
        np.testing.assert_allclose(
            found[begin : begin + numerical.size], numerical, rtol=1e-5, atol=1e-6, err_msg=name
        )


def test_a_simulated_trend_stays_at_its_ceiling_or_below_and_the_level_may_pass():
    panel = make_panel(dyads=3, periods=240, eras=3)
    spec = PendulumSpec(ceiling="framework", priors=Priors(headroom=(-1.0, 0.3)))
    era, over, passed, unbounded = panel["era_index"].to_numpy(), [], [], []
    starts, prior = (
        np.diff(era, axis=1, prepend=-1) != 0,
        prior_draws(panel, spec, draws=20, seed=4),
    )
    for i in range(20):
        one = prior.isel(draw=i)
        trend = simulate_trend(one, era, spec, np.random.default_rng(i))
        free = simulate_trend(one, era, PendulumSpec(ceiling="none"), np.random.default_rng(i))
        _, level = simulate_panel(panel, one, spec, seed=i)
        for d, own in enumerate(era):
            ceiling = trend[d][starts[d]][own - own[0]] + one["headroom"].to_numpy()[own]
            over.append(trend[d] - ceiling)
            passed.append(level.to_numpy()[d] > ceiling)
            unbounded.append(
                free[d] > free[d][starts[d]][own - own[0]] + one["headroom"].to_numpy()[own]
            )
    assert np.max(over) < 4 * SOFTNESS
    assert np.mean(np.array(over) > 0) < 0.12 < 0.22 < np.mean(unbounded)
    assert np.mean(passed) > 0.01


def test_before_a_first_era_begins_no_ceiling_bounds_the_trend():
    """Its ceiling hangs on the trend of its first month.

    The months before it move freely, as without a ceiling.
    """
    begins = 120
    panel = make_panel(dyads=2, periods=360, eras=1, first_era=begins)
    assert first_eras(panel).tolist() == [begins, begins]
    spec = PendulumSpec(
        ceiling="framework", priors=Priors(headroom=(-2.0, 0.1), trend_step=(-1.0, 0.1))
    )
    era, prior = panel["era_index"].to_numpy(), prior_draws(panel, spec, draws=20, seed=4)
    rng, earlier, later = np.random.default_rng(1), [], []
    for place in range(20):
        draw = prior.isel(draw=place)
        trend = simulate_trend(draw, era, spec, rng, first_eras(panel))
        ceiling = trend[:, begins] + draw["headroom"].to_numpy()
        earlier.append((trend[:, :begins] - ceiling[:, None]).max())
        later.append((trend[:, begins:] - ceiling[:, None]).max())
    assert max(later) < 4 * SOFTNESS < np.quantile(earlier, 0.75)


def test_a_fit_has_no_ceiling_before_its_first_era():
    """Neither months with events nor those between them.

    The posterior's trend is above the ceiling there.
    """
    begins = 100
    panel = make_panel(
        dyads=1, periods=200, eras=1, events=8.0, empty=0.5, first_era=begins, seed=3
    )
    cooperative, hostile = slice(None, begins), slice(begins, None)
    counts = panel["counts"].transpose("time", ...).to_numpy().copy()
    counts[cooperative, ..., :4] = 0  # cooperation before the era, hostility in it
    counts[hostile, ..., 4:] = 0
    panel["counts"] = (
        panel["counts"].transpose("time", ...).copy(data=counts).transpose(*panel["counts"].dims)
    )
    panel = recounted(panel)
    spec = PendulumSpec(ceiling="framework", priors=Priors(headroom=(-1.5, 0.1)))
    posterior = fit(panel, spec, draws=50, tune=100, chains=2, seed=1).posterior
    above = posterior["trend"].isel(dyad=0) - posterior["ceiling"].isel(era=0)
    before = above.isel(time=slice(begins // 2)).mean()
    within = above.isel(time=slice(begins, None)).max()
    assert float(within) < 4 * SOFTNESS
    assert float(before) > 0.5


@pytest.mark.slow  # it fits three panels
def test_a_pooled_headroom_is_recovered():
    """Eight dyads of four eras, forty years of busy months under a ceiling that binds.

    The population's headroom.

    Three truths, each within the central 99% of its posterior, which is narrower than the prior.
    """
    panel = make_panel(8, 480, eras=4, events=15.0, empty=0.0, classes=2, zero_cut=1, seed=2)
    wide = Priors(
        trend_step=(-1.6, 0.2), headroom=(0.0, 0.7)
    )  # the default's centre is far from two of the truths
    spec = PendulumSpec(trend="walk", ceiling="framework", volume_effect=False, priors=wide)
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
