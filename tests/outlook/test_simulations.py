"""Simulations: what they start from, what bounds them, where they end up, and that a seed fixes
them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit

from forecast.base.errors import DataError, SpecError, UnknownDyadError
from forecast.base.numeric import share
from forecast.data.panel import validate_panel
from forecast.model.process.ceiling import SOFTNESS
from forecast.model.process.cycle import cycles, find_cycle
from forecast.outlook import horizon_outlook, simulate_ahead, structural_hazard
from forecast.outlook.draws import dyad_draws
from forecast.outlook.simulations import simulate_from


@pytest.mark.parametrize("kind", [{}, {"frequency": "week"}, {"directed": True}])
def test_the_panels_of_these_tests_keep_the_contract(make, kind):
    validate_panel(make(**kind).panel)


def log_odds(share):
    return np.log(share / (100 - share))


def test_the_present_is_the_records_last_month(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 3, seed=1)
    last = fit.posterior["level"].sel(dyad="USA-CHN").isel(time=-1).to_numpy()
    np.testing.assert_allclose(
        simulations.level[..., 0], np.repeat(last[..., None], 4, axis=-1), atol=1e-5
    )
    assert not simulations.broken[..., 0].any()


def altered(made, **values):
    """The same fit with some variables at a value, or at values."""
    return replace(
        made,
        posterior=made.posterior.assign({k: made.posterior[k] * 0 + v for k, v in values.items()}),
    )


def test_no_trend_passes_the_soft_edge_of_the_ceiling_in_force_and_the_cycle_may(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 120, seed=1, hazard=0.05)
    assert simulations.broken[..., -1].mean() > 0.9
    above = logit(simulations.trend / 100) - logit(simulations.ceiling / 100)
    assert above.max() < 5 * SOFTNESS
    assert (above > 0).mean() < 0.05
    assert 0 < (simulations.share > simulations.ceiling).mean() < 0.2


def test_a_ceiling_changes_with_its_framework_alone(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 60, seed=1, hazard=0.1)
    np.testing.assert_array_equal(
        np.diff(simulations.ceiling, axis=-1) != 0, np.diff(simulations.frameworks, axis=-1) > 0
    )


def test_a_variable_of_a_registered_cycle_may_have_any_name(make):
    fit = make()
    named = replace(fit, posterior=fit.posterior.assign(chance=1.0 + 0.0 * fit.posterior["phi"]))
    ours, theirs = (simulate_ahead(one, "USA-CHN", 12, seed=1) for one in (fit, named))
    np.testing.assert_array_equal(ours.level, theirs.level)
    np.testing.assert_array_equal(ours.frameworks, theirs.frameworks)


@pytest.mark.parametrize("trend", ["reverting", "walk", "constant"])
def test_without_hazard_the_framework_stays(make, trend):
    ceiling = "none" if trend == "constant" else "framework"
    simulations = simulate_ahead(
        make(trend=trend, ceiling=ceiling), "USA-CHN", 24, seed=1, hazard=0.0
    )
    assert not simulations.broken.any()
    if trend == "constant":
        assert simulations.ceiling is None
        assert (simulations.trend == simulations.trend[..., :1]).all()
        outlook = horizon_outlook(simulations, 24)
        assert (
            outlook.improvement.value
            > outlook.structural.value
            == outlook.new_framework.value
            == 0.0
        )
    else:
        assert (simulations.ceiling == simulations.ceiling[..., :1]).all()
        assert (np.diff(simulations.trend, axis=-1) != 0).all()


def test_a_seed_fixes_the_simulations_and_another_gives_others(fit):
    one, same, other = (simulate_ahead(fit, "USA-CHN", 12, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.level, same.level)
    assert (one.level[..., 1:] != other.level[..., 1:]).all()


def test_a_longer_future_goes_on_from_the_shorter(fit):
    short, long = (
        simulate_ahead(fit, "USA-CHN", months, seed=5, hazard=0.05) for months in (12, 60)
    )
    np.testing.assert_array_equal(short.level, long.level[..., :13])


def test_other_dyads_and_their_order_change_nothing(make, fit):
    alone, turned = make(("USA-CHN",)), make(("CHN-RUS", "USA-CHN", "USA-RUS"))
    simulations = [
        simulate_ahead(each, "USA-CHN", 12, seed=5, hazard=0.01) for each in (fit, alone, turned)
    ]
    np.testing.assert_array_equal(simulations[0].level, simulations[1].level)
    np.testing.assert_array_equal(simulations[0].level, simulations[2].level)
    # The hazard is the panel's, so with the same dyads the default one is the same too.
    default = [simulate_ahead(each, "USA-CHN", 12, seed=5).level for each in (fit, turned)]
    np.testing.assert_array_equal(*default)


def test_dyads_have_shocks_of_their_own(make):
    eras = {"USA-CHN": (("one", 0),), "USA-RUS": (("one", 0),)}
    made = make(("USA-CHN", "USA-RUS"), eras=eras, spread=0.0)
    paths = [simulate_ahead(made, dyad, 12, seed=5, hazard=0.0).level for dyad in eras]
    steps = [np.diff(path, axis=-1).ravel() for path in paths]
    # 300 draws x 4 simulations x 12 months of independent shocks: the correlation has standard
    # error 0.008.
    assert abs(np.corrcoef(*steps)[0, 1]) < 5 * 0.0084


def test_long_simulations_have_the_stationary_distribution(make):
    """Of the cycle around its trend, and of the trend around its long-run mean."""
    made, half_life = make(("USA-CHN",), ceiling="none", spread=0.0), 6.0
    kept = 0.5 ** (1 / half_life)
    sd, mean, step = (
        float(made.posterior[name][0, 0, 0]) for name in ("cycle_sd", "trend_mean", "trend_step")
    )
    made = altered(made, phi=kept, sigma=sd * np.sqrt(1 - kept**2), trend_retention=kept)
    simulations = simulate_ahead(made, "USA-CHN", 120, seed=3, simulations_per_draw=20, hazard=0.0)
    trend = log_odds(simulations.trend[..., -1].ravel())
    # 6 000 independent simulations after 20 half-lives. The mean has standard error sd/sqrt(n); the
    # variance sqrt(2/n). Eight of them fail once in 8 000 runs; the seed is fixed anyway.
    for values, centre, spread in (
        (simulations.level[..., -1].ravel() - trend, 0.0, sd),
        (trend, mean, step / np.sqrt(1 - kept**2)),
    ):
        assert abs(values.mean() - centre) < 4 * spread / np.sqrt(values.size)
        assert abs(values.var() / spread**2 - 1) < 4 * np.sqrt(2 / values.size)


def test_frameworks_come_at_the_hazards_rate(alike):
    simulations = simulate_ahead(alike, "USA-CHN", 24, seed=3, simulations_per_draw=20, hazard=0.02)
    expected = 1 - np.exp(-24 * 0.02)
    n = simulations.share[..., 0].size
    assert abs(simulations.broken[..., -1].mean() - expected) < 4 * np.sqrt(
        expected * (1 - expected) / n
    )


@pytest.mark.parametrize("trend", ["walk", "constant"])
def test_the_trend_jumps_where_a_framework_comes(make, trend):
    """A walk from where it was, in the month itself.

    A constant trend to a new value around the long-run mean.
    """
    made = altered(make(("USA-CHN",), trend=trend, ceiling="none", spread=0.0), trend_jump=0.8)
    simulations = simulate_ahead(made, "USA-CHN", 60, seed=3, simulations_per_draw=10, hazard=0.2)
    path, arrived = log_odds(simulations.trend), np.diff(simulations.frameworks, axis=-1) > 0
    if trend == "walk":
        jumped, centre = np.diff(path, axis=-1), 0.0
        step = float(made.posterior["trend_step"][0, 0, 0])
        assert jumped[~arrived].std() == pytest.approx(step, rel=0.02)
    else:
        jumped, centre, step = path[..., 1:], float(made.posterior["trend_mean"][0, 0, 0]), 0.0
        assert (np.diff(path, axis=-1)[~arrived] == 0).all()
    spread, jumped = np.hypot(0.8, step), jumped[arrived]
    assert abs(jumped.mean() - centre) < 4 * spread / np.sqrt(jumped.size)
    assert abs(jumped.std() / spread - 1) < 4 / np.sqrt(2 * jumped.size)


def test_without_jumps_a_framework_moves_no_trend(make):
    made = make(("USA-CHN",), trend="walk", ceiling="none", spread=0.0)
    still = replace(made, posterior=made.posterior.drop_vars("trend_jump"))
    often, never = (
        simulate_ahead(still, "USA-CHN", 60, seed=3, hazard=hazard) for hazard in (0.2, 0.0)
    )
    assert often.broken[..., -1].all()
    np.testing.assert_array_equal(often.trend, never.trend)


def test_new_headrooms_come_from_the_dyads_population(make):
    made = make(("USA-CHN",), spread=0.0)
    simulations = simulate_ahead(made, "USA-CHN", 60, seed=3, simulations_per_draw=10, hazard=0.2)
    arrived = np.diff(simulations.frameworks, axis=-1) > 0
    # In the month in which it comes the trend stands a headroom below the ceiling.
    room = (
        log_odds(simulations.ceiling)[..., 1:][arrived]
        - log_odds(simulations.trend)[..., 1:][arrived]
    )
    log_headroom = np.log(0.15 * np.log(np.expm1(room / 0.15)))  # the inverse of the bend
    centre, sd = (
        float(made.posterior[name].to_numpy().flat[0])
        for name in ("headroom_dyad", "headroom_era_sd")
    )
    assert abs(log_headroom.mean() - centre) < 4 * sd / np.sqrt(log_headroom.size)
    assert abs(log_headroom.std() / sd - 1) < 4 / np.sqrt(2 * log_headroom.size)


def test_a_random_walk_spreads_without_pull(make):
    simulations = simulate_ahead(
        make(("USA-CHN",), trend="walk", cycle="none", ceiling="none"),
        "USA-CHN",
        60,
        seed=3,
        hazard=0.0,
    )
    spread = (simulations.level - simulations.level[..., :1]).std(axis=(0, 1, 2))
    np.testing.assert_allclose(simulations.trend, simulations.share)
    # Variance grows with time: four times the months, twice the spread (1 200 simulations: 2%
    # standard error).
    assert spread[60] / spread[15] == pytest.approx(2, rel=0.1)


def test_horizons_of_a_weekly_panel_are_months(make):
    made = make(("USA-CHN",), frequency="week")
    simulations = simulate_ahead(made, "USA-CHN", 12, seed=1, hazard=0.1)
    assert simulations.at(12) == 52
    assert simulations.at(1) == 4
    assert simulations.share.shape[-1] == 53
    expected = 1 - np.exp(-12 * 0.1)
    n = simulations.share[..., 0].size
    assert abs(simulations.broken[..., -1].mean() - expected) < 4 * np.sqrt(
        expected * (1 - expected) / n
    )
    assert (
        str(simulations.clock.last_day()) == "2005-10-02"
    )  # a Sunday: 300 weeks from Monday 3 January 2000
    assert str(simulations.clock.last_day(12)) == "2006-10-01"


def test_months_end_on_their_last_day(fit):
    clock = simulate_ahead(fit, "USA-CHN", 2, seed=1).clock
    assert str(clock.last_day()) == "2024-12-31"
    assert str(clock.last_day(2)) == "2025-02-28"
    assert clock.name(2) == "February 2025"


@pytest.mark.parametrize(
    "bad",
    [{"months": 0}, {"months": 121}, {"simulations_per_draw": 0}, {"hazard": -0.1}, {"seed": -1}],
)
def test_nonsense_is_refused(fit, bad):
    settings = {"months": 12, "seed": 1, **bad}
    with pytest.raises(SpecError, match=next(iter(bad))):
        simulate_ahead(fit, "USA-CHN", settings.pop("months"), **settings)


def test_an_unknown_dyad_is_refused_by_name(fit):
    with pytest.raises(UnknownDyadError, match="USA-CHN, USA-RUS, CHN-RUS"):
        simulate_ahead(fit, "FRA-DEU", 12, seed=1)


def test_a_posterior_without_its_era_dim_is_refused(make):
    made = make(("USA-CHN",))
    nameless = made.posterior.assign(
        mu=made.posterior["mu"].rename(era="mu_dim_0").drop_vars("mu_dim_0")
    )
    with pytest.raises(DataError, match="mu has dims"):
        simulate_ahead(replace(made, posterior=nameless), "USA-CHN", 12, seed=1)


@pytest.mark.parametrize("cycle", ["linear", "band", "cubic"])
def test_cycles_go_on_as_the_model_says(make, cycle):
    """Without shocks, steps and new frameworks a future is the cycle alone."""
    made = make(("USA-CHN",), cycle=cycle, ceiling="none", draws=5)
    like = made.posterior["phi"]
    values = {
        "band": 0.8,
        "inner_band": 0.7,
        "stiffening": 0.5,
        "inner_stiffening": 0.9,
        "lean": 0.3,
    }
    shape = {name: like * 0 + value for name, value in values.items()}
    still = altered(made, cycle_sd=0.7, sigma=0.0, trend_step=0.0, trend_retention=1.0)
    moving = replace(still, posterior=still.posterior.assign(shape))
    simulations = simulate_ahead(moving, "USA-CHN", 6, seed=1, simulations_per_draw=2, hazard=0.0)
    own = moving.posterior.isel(dyad=0)
    parameters = {name: own[name].to_numpy() for name in shape} | {
        "retention": own["phi"].to_numpy(),
        "sd": own["cycle_sd"].to_numpy(),
    }
    trend = own["trend"].isel(time=-1).to_numpy()
    away = own["level"].isel(time=-1).to_numpy() - trend
    for period in range(1, 7):
        away = find_cycle(cycle).next(away, parameters)
        assert simulations.level[..., period] == pytest.approx(
            np.repeat((trend + away)[..., None], 2, axis=-1), abs=1e-5
        )


def test_an_unknown_cycle_is_refused_by_name(make):
    made = make(("USA-CHN",))
    odd = replace(made, spec=replace(made.spec, cycle="circular"))
    with pytest.raises(SpecError, match=f"circular.*{', '.join(cycle.name for cycle in cycles())}"):
        simulate_ahead(odd, "USA-CHN", 12, seed=1)


def test_a_future_let_go_starts_from_the_share_and_returns_to_the_trend(make):
    """Without news at the start and without a new framework; the trend starts where it is."""
    made = altered(
        make(("USA-CHN",), ceiling="framework", spread=0.0),
        trend_step=0.0,
        trend_retention=1.0,
        sigma=0.0,
    )
    own = dyad_draws(made, "USA-CHN")
    paths = simulate_from(own, 20.0, 600, 2, np.random.default_rng(1))
    np.testing.assert_allclose(paths[..., 0], 20.0)
    np.testing.assert_allclose(
        paths[..., -1], np.repeat(share(own.trend[..., -1:]), 2, axis=-1), atol=1e-3
    )


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
