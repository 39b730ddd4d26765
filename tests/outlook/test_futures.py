"""Futures: what they start from, what bounds them, where they end up, and that a seed fixes them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from forecast.errors import DataError, SpecError, UnknownDyadError
from forecast.model.dynamics import find_pull, pulls
from forecast.model.fitted import Fit
from forecast.outlook import simulate_futures, structural_hazard
from forecast.outlook.draws import dyad_draws
from forecast.panel import validate_panel
from forecast.scale import ceiling_lift


@pytest.mark.parametrize("kind", [{}, {"frequency": "week"}, {"directed": True}])
def test_the_panels_of_these_tests_keep_the_contract(make, kind):
    validate_panel(make(**kind).panel)


def log_odds(share):
    return np.log(share / (100 - share))


def test_the_present_is_the_records_last_month(fit):
    futures = simulate_futures(fit, "USA-CHN", 3, seed=1)
    last = fit.posterior["level"].sel(dyad="USA-CHN").isel(time=-1).to_numpy()
    np.testing.assert_allclose(futures.level[..., 0], np.repeat(last[..., None], 4, axis=-1), atol=1e-5)
    assert not futures.broken[..., 0].any()


@pytest.mark.parametrize("ceiling", ["era", "constant"])
def test_no_level_passes_the_ceiling_in_force(make, ceiling):
    futures = simulate_futures(make(ceiling=ceiling), "USA-CHN", 120, seed=1, hazard=0.05)
    assert futures.broken[..., -1].mean() > 0.9
    assert (futures.share <= futures.ceiling).all()
    assert (futures.equilibrium < futures.ceiling).all() or ceiling == "constant"


def test_a_constant_ceiling_outlasts_its_frameworks_and_an_eras_does_not(make):
    constant = simulate_futures(make(ceiling="constant"), "USA-CHN", 60, seed=1, hazard=0.1).ceiling
    assert (constant == constant[..., :1]).all()
    futures = simulate_futures(make(), "USA-CHN", 60, seed=1, hazard=0.1)
    changed = (np.diff(futures.ceiling, axis=-1) != 0) & (np.diff(futures.equilibrium, axis=-1) != 0)
    np.testing.assert_array_equal(changed, np.diff(futures.frameworks, axis=-1) > 0)


def test_without_hazard_the_framework_stays(fit):
    futures = simulate_futures(fit, "USA-CHN", 24, seed=1, hazard=0.0)
    assert not futures.broken.any()
    for ruled in (futures.equilibrium, futures.ceiling, futures.depth):
        assert (ruled == ruled[..., :1]).all()


def test_a_seed_fixes_the_futures_and_another_gives_others(fit):
    one, same, other = (simulate_futures(fit, "USA-CHN", 12, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.level, same.level)
    assert (one.level[..., 1:] != other.level[..., 1:]).all()


def test_a_longer_future_goes_on_from_the_shorter(fit):
    short, long = (simulate_futures(fit, "USA-CHN", months, seed=5, hazard=0.05) for months in (12, 60))
    np.testing.assert_array_equal(short.level, long.level[..., :13])


def test_other_dyads_and_their_order_change_nothing(make, fit):
    alone, turned = make(("USA-CHN",)), make(("CHN-RUS", "USA-CHN", "USA-RUS"))
    futures = [simulate_futures(each, "USA-CHN", 12, seed=5, hazard=0.01) for each in (fit, alone, turned)]
    np.testing.assert_array_equal(futures[0].level, futures[1].level)
    np.testing.assert_array_equal(futures[0].level, futures[2].level)
    # The hazard is the panel's, so with the same dyads the default one is the same too.
    default = [simulate_futures(each, "USA-CHN", 12, seed=5).level for each in (fit, turned)]
    np.testing.assert_array_equal(*default)


def test_dyads_have_shocks_of_their_own(make):
    eras = {"USA-CHN": (("one", 0),), "USA-RUS": (("one", 0),)}
    made = make(("USA-CHN", "USA-RUS"), eras=eras, spread=0.0)
    paths = [simulate_futures(made, dyad, 12, seed=5, hazard=0.0).level for dyad in eras]
    steps = [np.diff(path, axis=-1).ravel() for path in paths]
    # 300 draws x 4 futures x 12 months of independent shocks: the correlation has standard error 0.008.
    assert abs(np.corrcoef(*steps)[0, 1]) < 5 * 0.0084


@pytest.mark.parametrize("student", [False, True])
def test_long_futures_have_the_stationary_distribution(make, student):
    made = make(("USA-CHN",), ceiling=None, spread=0.0, student=student)
    half_life = 6.0
    phi = 0.5 ** (1 / half_life)
    sd, mu = float(made.posterior["sd"][0, 0, 0]), float(made.posterior["mu"][0, 0, -1])
    sigma = sd * np.sqrt(1 - phi**2)
    scalars = {"phi": phi, "sigma": sigma, "half_life": half_life}
    posterior = made.posterior.assign({k: made.posterior[k] * 0 + v for k, v in scalars.items()})
    made = type(made)(posterior, made.panel, made.spec)
    futures = simulate_futures(made, "USA-CHN", 120, seed=3, futures_per_draw=20, hazard=0.0)
    end = futures.level[..., -1].ravel()
    # 6 000 independent futures after 20 half-lives. The mean has standard error sd/sqrt(n); the variance, for
    # an excess kurtosis k of the sum (0 for normal shocks, below 6/5 of a t5's 6 here), sqrt((2 + k)/n). Four
    # of them fail once in 16 000 runs; the seed is fixed anyway.
    assert abs(end.mean() - mu) < 4 * sd / np.sqrt(end.size)
    assert abs(end.var() / sd**2 - 1) < 4 * np.sqrt((2 + 1.2 * student) / end.size)


def test_frameworks_come_at_the_hazards_rate(alike):
    futures = simulate_futures(alike, "USA-CHN", 24, seed=3, futures_per_draw=20, hazard=0.02)
    expected = 1 - np.exp(-24 * 0.02)
    n = futures.share[..., 0].size
    assert abs(futures.broken[..., -1].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_new_frameworks_come_from_the_dyads_population(make):
    made = make(("USA-CHN",), ceiling=None, spread=0.0)
    futures = simulate_futures(made, "USA-CHN", 60, seed=3, futures_per_draw=10, hazard=0.2)
    new = log_odds(futures.equilibrium[..., -1][futures.broken[..., -1]])
    centre, sd = float(made.posterior["mu_dyad"][0, 0, 0]), float(made.posterior["mu_era_sd"][0, 0])
    assert abs(new.mean() - centre) < 4 * sd / np.sqrt(new.size)
    assert abs(new.std() / sd - 1) < 4 / np.sqrt(2 * new.size)


def test_new_depths_stretch_the_last_step(make):
    made = make(("USA-CHN",), spread=0.0)
    futures = simulate_futures(made, "USA-CHN", 60, seed=3, futures_per_draw=10, hazard=0.2)
    stretch = np.log1p(futures.depth[..., -1][futures.broken[..., -1]] / 0.9)  # steps are 0.9 wide
    sd = float(made.posterior["depth_sd"][0, 0])
    assert abs(stretch.mean()) < 4 * sd / np.sqrt(stretch.size)
    assert abs(stretch.std() / sd - 1) < 4 / np.sqrt(2 * stretch.size)


def test_a_random_walk_spreads_without_pull(make):
    futures = simulate_futures(make(("USA-CHN",), dynamics="none", ceiling=None), "USA-CHN", 60, seed=3)
    spread = (futures.level - futures.level[..., :1]).std(axis=(0, 1, 2))
    assert futures.equilibrium is None
    # Variance grows with time: four times the months, twice the spread (1 200 futures: 2 % standard error).
    assert spread[60] / spread[15] == pytest.approx(2, rel=0.1)


def test_horizons_of_a_weekly_panel_are_months(make):
    made = make(("USA-CHN",), frequency="week")
    futures = simulate_futures(made, "USA-CHN", 12, seed=1, hazard=0.1)
    assert futures.at(12) == 52
    assert futures.at(1) == 4
    assert futures.share.shape[-1] == 53
    expected = 1 - np.exp(-12 * 0.1)
    n = futures.share[..., 0].size
    assert abs(futures.broken[..., -1].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)
    assert str(futures.clock.last_day()) == "2005-10-02"  # a Sunday: 300 weeks from Monday 3 January 2000
    assert str(futures.clock.last_day(12)) == "2006-10-01"


def test_months_end_on_their_last_day(fit):
    clock = simulate_futures(fit, "USA-CHN", 2, seed=1).clock
    assert str(clock.last_day()) == "2024-12-31"
    assert str(clock.last_day(2)) == "2025-02-28"
    assert clock.name(2) == "February 2025"


@pytest.mark.parametrize(
    "bad", [{"months": 0}, {"months": 121}, {"futures_per_draw": 0}, {"hazard": -0.1}, {"seed": -1}]
)
def test_nonsense_is_refused(fit, bad):
    settings = {"months": 12, "seed": 1, **bad}
    with pytest.raises(SpecError, match=next(iter(bad))):
        simulate_futures(fit, "USA-CHN", settings.pop("months"), **settings)


def test_an_unknown_dyad_is_refused_by_name(fit):
    with pytest.raises(UnknownDyadError, match="USA-CHN, USA-RUS, CHN-RUS"):
        simulate_futures(fit, "FRA-DEU", 12, seed=1)


def test_a_posterior_without_its_era_dim_is_refused(make):
    made = make(("USA-CHN",))
    nameless = made.posterior.assign(depth=made.posterior["depth"].rename(era="depth_dim_0").drop_vars("depth_dim_0"))
    with pytest.raises(DataError, match="depth has dims"):
        simulate_futures(type(made)(nameless, made.panel, made.spec), "USA-CHN", 12, seed=1)


@pytest.mark.parametrize("dynamics", ["band", "cubic", "oscillator"])
def test_other_pulls_go_on_as_the_model_says(make, dynamics):
    """Without shocks and new frameworks a future is the pull alone; an oscillator goes on with its momentum."""
    made = make(("USA-CHN",), ceiling="", draws=5)
    shape = {"band": 0.8, "stiffening": 0.5, "lean": 0.3, "period": 60.0, "sd": 0.7, "sigma": 0.0}
    drawn = {name: (made.posterior["phi"] * 0 + value) for name, value in shape.items()}
    drawn["state_before"] = made.posterior["state"] - 0.2
    moving = type(made)(made.posterior.assign(drawn), made.panel, type(made.spec)(dynamics))
    level = simulate_futures(moving, "USA-CHN", 6, seed=1, futures_per_draw=2, hazard=0.0).level
    own = moving.posterior.isel(dyad=0)
    mu = own["mu"].isel(era=-1).to_numpy()
    parameters = {name: own[name].to_numpy() for name in (*shape, "phi")}
    state, before = own["state"].to_numpy(), own["state_before"].to_numpy()
    for period in range(1, 7):
        state, before = mu + find_pull(dynamics).next(state - mu, before - mu, parameters), state
        assert level[..., period] == pytest.approx(np.repeat(state[..., None], 2, axis=-1))


def test_unknown_dynamics_are_refused_by_name(fit, make):
    made = make(("USA-CHN",))
    odd = type(made)(made.posterior, made.panel, type(made.spec)("circular"))
    with pytest.raises(SpecError, match=f"circular.*{', '.join(pull.name for pull in pulls())}"):
        simulate_futures(odd, "USA-CHN", 12, seed=1)


def test_the_hazard_counts_breaks_over_exposure(fit):
    hazard = structural_hazard(fit.panel)
    # Two breaks of three eras, one of two, two of three; three dyads over 300 months each.
    assert (hazard.breaks, hazard.exposure) == (5, 900.0)
    rates = hazard.draws((4, 5000), seed=1)
    mean, sd = 6 / 1140, np.sqrt(6) / 1140
    assert abs(rates.mean() - mean) < 4 * sd / np.sqrt(rates.size)


def test_months_before_the_first_era_are_no_exposure(make):
    made = make(("USA-CHN",), eras={"USA-CHN": (("late", 100), ("later", 200))})
    assert structural_hazard(made.panel).exposure == 200.0


V1 = Path(__file__).parents[1] / "model" / "data" / "fit_v1.nc"


def test_a_fit_of_before_the_ceiling_kept_the_mean_is_forecast_as_it_was():
    fit = Fit.load(V1)
    assert "rest" not in fit.posterior
    own, futures = dyad_draws(fit, "USA-CHN"), simulate_futures(fit, "USA-CHN", 24, seed=1, hazard=0.05)
    assert float(own.rest(-1).mean()) == pytest.approx(29.4975830046066, rel=1e-9)
    assert float(futures.share[..., 24].mean()) == pytest.approx(29.844048773113524, rel=1e-9)
    assert float(futures.equilibrium[..., 24].mean()) == pytest.approx(36.699194041208386, rel=1e-9)


def with_rest(made):
    """The same fit with levels at rest whose states are lifted under the ceiling, and half-lives of a month."""
    own, softness = made.posterior, made.spec.ceiling_softness
    rest = own["mu"]
    sd = own["sd"].isel(dyad=0) * xr.ones_like(rest)
    lift = ceiling_lift(sd.to_numpy(), (own["ceiling"] - rest).to_numpy(), softness)
    quick = {"phi": 0.5 * xr.ones_like(own["sd"]), "sigma": own["sd"] * np.sqrt(0.75)}
    return type(made)(own.assign(rest=rest, mu=rest + lift, **quick), made.panel, made.spec)


@pytest.mark.parametrize("ceiling", ["era", "constant"])
def test_levels_under_new_frameworks_have_their_rests_mean(make, ceiling):
    made = with_rest(make(("USA-CHN",), ceiling=ceiling, depth=False, spread=0.0))
    own = dyad_draws(made, "USA-CHN")
    futures = simulate_futures(made, "USA-CHN", 120, seed=3, futures_per_draw=40, hazard=0.03)
    settled = futures.broken[..., -1] & (futures.frameworks[..., -1] == futures.frameworks[..., -13])
    rest = log_odds(futures.equilibrium[..., -1])
    assert (futures.equilibrium < futures.ceiling).all()
    displaced = (futures.level[..., -1] - rest)[settled]
    assert abs(displaced.mean()) < 4 * displaced.std() / np.sqrt(displaced.size)
    np.testing.assert_allclose(own.rest(-1), 100 / (1 + np.exp(-own.by_era["rest"][..., -1])))
