"""The priors in the reader's units: what the model holds possible before it sees an event."""

import pickle
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from forecast.clock import WEEKS_A_MONTH
from forecast.errors import SpecError
from forecast.model import PendulumSpec, Priors, prior_draws, simulate_panel
from forecast.model.choices import is_dense, spec_for
from forecast.model.observation.classes import class_probabilities
from forecast.model.observation.index import standardised_index
from forecast.model.priors import known_priors, reasons
from forecast.model.simulate import simulate_level
from forecast.panel import recounted, validate_panel
from forecast.scale import soft_ceiling

from .panels import make_panel

DRAWS = 1000
ONE_SCALE = PendulumSpec.one_scale()


@pytest.fixture(scope="module")
def panel():
    return make_panel(dyads=3, periods=240, eras=3)


@pytest.fixture(scope="module")
def draws(panel):
    return prior_draws(panel, ONE_SCALE, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def share(panel, draws):
    """Share (draw, dyad, time) of 20 years in three eras."""
    rng, era = np.random.default_rng(2), panel["era_index"].to_numpy()
    levels = [simulate_level(draws.isel(draw=i), era, PendulumSpec.one_scale(), rng) for i in range(DRAWS)]
    return 100 / (1 + np.exp(-np.array(levels)))


def test_every_prior_has_a_reason():
    assert set(reasons()) == set(known_priors())
    assert all(len(reason) > 5 for reason in reasons().values())


# Prior predictive checks. With 3000 dyads in 1000 draws a share of 90 % is known to 0.6 points or, dyads of a draw
# being alike, to 1; the bounds leave three times that.


def test_shares_are_those_of_relations_between_states(share):
    """A share of 5 is open war and of 97 an alliance: nine tenths lie between, and one does not rule them out."""
    assert ((share > 5) & (share < 97)).mean() > 0.95
    low, high = np.quantile(share, [0.05, 0.95])
    assert 8 < low < 22
    assert 80 < high < 95
    assert 45 < np.median(share) < 62


def test_months_resemble_their_neighbours(share):
    """The pendulum is slow: from one month to the next some 2 to 3 points, hardly ever 20; in a year 10 and more."""
    steps = np.abs(np.diff(share, axis=-1))
    assert 1.5 < steps.mean() < 4.0
    assert (steps > 20).mean() < 0.01
    years = np.abs(share[..., 12:] - share[..., :-12])
    assert (years > 10).mean() > 0.2
    assert (years > 40).mean() < 0.05


def test_half_lives_are_between_news_and_a_generation(draws):
    half_life = draws["half_life"].to_numpy()
    assert ((half_life > 5) & (half_life < 100)).mean() > 0.95
    assert ((half_life > 9) & (half_life < 64)).mean() > 0.80
    assert np.median(half_life) == pytest.approx(24, rel=0.1)


def test_dyads_differ_as_the_reasons_say(draws):
    half_life = draws["half_life"].to_numpy()
    ratio = np.abs(np.log(half_life[:, 0] / half_life[:, 1]))
    assert np.exp(np.median(ratio)) == pytest.approx(1.34, abs=0.06)
    assert (ratio > np.log(2)).mean() < 0.25
    centre = 100 / (1 + np.exp(-draws["mu_dyad"].to_numpy()))
    assert np.abs(centre[:, 0] - centre[:, 1]).mean() == pytest.approx(8, abs=1.5)


def test_eras_of_a_dyad_differ_more_than_dyads_do(draws):
    mu, centre = draws["mu"].to_numpy().reshape(DRAWS, 3, 3), draws["mu_dyad"].to_numpy()
    assert (mu[:, :, 0] - mu[:, :, 1]).std() > 1.3 * (centre[:, 0] - centre[:, 1]).std()


def test_the_order_of_classes_is_kept_in_every_era(draws):
    cutpoint = draws["cutpoint"].to_numpy()[:, 0]
    assert (np.diff(cutpoint, axis=1) > 0).all()
    assert (cutpoint[:, 3] == 0).all()
    deepest = cutpoint[:, [-1]] + draws["depth"].to_numpy()
    assert (deepest > cutpoint[:, [-2]]).all()


def test_no_class_is_ruled_out_nor_rules(draws, share):
    """At the levels of the prior every class has between a twentieth and a quarter of the events on average."""
    level = np.log(share / (100 - share))[:, :, ::40]
    probability = class_probabilities(level, draws["cutpoint"].to_numpy()[:, :, None])
    assert ((probability.mean((0, 1, 2)) > 0.05) & (probability.mean((0, 1, 2)) < 0.25)).all()


def test_the_ceiling_stands_above_the_level_at_rest_and_presses_one_month_in_seven(draws):
    assert (draws["headroom"] > 0).all()
    np.testing.assert_allclose(draws["ceiling"], draws["rest"] + draws["headroom"], rtol=1e-12)
    spread = np.repeat(draws["sd"].to_numpy(), 3, axis=1)
    room = (draws["ceiling"] - draws["mu"]).to_numpy() / spread
    assert np.median([1 - NormalDist().cdf(one) for one in np.ravel(room)]) == pytest.approx(1 / 7, abs=0.02)


def test_a_ceiling_takes_nothing_from_the_level_at_rest(panel, draws):
    free = prior_draws(panel, PendulumSpec.one_scale(ceiling=()), draws=DRAWS, seed=1)["mu"].to_numpy()
    bound = draws["rest"].to_numpy()
    error = np.hypot(free.std(), bound.std()) / np.sqrt(DRAWS)
    assert abs(free.mean() - bound.mean()) < 4 * error
    z = np.random.default_rng(1).standard_normal((400, 1, 1))
    mu, sd, ceiling = (draws[name].to_numpy()[:100] for name in ("mu", "sd", "ceiling"))
    level = soft_ceiling(mu + np.repeat(sd, 3, axis=1) * z, ceiling, 0.5)
    assert np.abs(level.mean(axis=0) - bound[:100]).max() < 4.5 * level.std(axis=0).max() / np.sqrt(400)


def test_the_news_of_a_month_is_what_the_reasons_say(draws):
    noise = draws["tau"].to_numpy()
    assert np.median(noise) == pytest.approx(0.6, rel=0.1)
    assert ((noise > 0.1) & (noise < 3)).mean() > 0.99


def test_a_random_walk_spreads_like_the_pendulum_in_four_years():
    panel = make_panel(dyads=2, periods=49)
    spec = PendulumSpec.one_scale(dynamics="none", ceiling="none")
    walks = prior_draws(panel, spec, draws=400, seed=1)
    era, rng = panel["era_index"].to_numpy(), np.random.default_rng(1)
    level = np.array([simulate_level(walks.isel(draw=i), era, spec, rng) for i in range(400)])
    moved = level[..., -1] - level[..., 0]
    assert np.quantile(np.abs(moved), 0.683) == pytest.approx(0.83, abs=0.12)
    assert "half_life" not in walks


def test_weeks_say_the_same_as_months():
    """Two years are 104 weeks, and a random walk gets as far in a year of weeks as in a year of months."""
    months, weeks = (make_panel(dyads=2, frequency=frequency) for frequency in ("month", "week"))
    spec = PendulumSpec.one_scale(dynamics="none", ceiling="none")
    by_month, by_week = (prior_draws(panel, ONE_SCALE, draws=400, seed=1) for panel in (months, weeks))
    np.testing.assert_allclose(by_week["half_life"], by_month["half_life"] * WEEKS_A_MONTH, rtol=1e-9)
    np.testing.assert_allclose(by_week["sd"], by_month["sd"], rtol=1e-9)
    by_month, by_week = (prior_draws(panel, spec, draws=400, seed=1) for panel in (months, weeks))
    np.testing.assert_allclose(by_week["sigma"] ** 2 * WEEKS_A_MONTH, by_month["sigma"] ** 2, rtol=1e-9)


def test_heavy_tails_and_an_index_have_priors_too():
    index = make_panel(dyads=2, periods=30, index=True)
    spec = PendulumSpec.one_scale(observation="index", ceiling="era", shocks="student")
    draws = prior_draws(index, spec, draws=400, seed=1)
    assert draws["shock_df"].dims == ("draw",)
    assert (draws["shock_df"] > 2).all()  # a variance exists
    assert 12 < draws["shock_df"].median() < 25
    assert {"cutpoint", "tau", "concentration"}.isdisjoint(draws)
    simulated, _ = simulate_panel(index, draws.isel(draw=0), spec, seed=1)
    validate_panel(simulated)
    np.testing.assert_array_equal(np.isnan(simulated["index"]), np.isnan(index["index"]))
    # A fit to it sees it on the scale of the level that it was simulated from.
    np.testing.assert_array_equal(standardised_index(simulated), simulated["index"])


# Simulated panels


def test_a_simulated_panel_is_a_panel_with_the_same_number_of_events():
    panel = make_panel(dyads=2, periods=60, directions=2, datasets=2)
    parameters = prior_draws(panel, draws=2, seed=1).isel(draw=1)
    simulated, level = simulate_panel(panel, parameters, seed=3)
    validate_panel(simulated)
    np.testing.assert_array_equal(simulated["counts"].sum("class"), panel["counts"].sum("class"))
    assert simulated["counts"].dims == panel["counts"].dims
    assert level.dims == ("dyad", "time")
    again, _ = simulate_panel(panel, parameters, seed=3)
    np.testing.assert_array_equal(again["counts"], simulated["counts"])


def test_simulated_events_follow_the_class_probabilities():
    """At a level that does not move, without noise: frequencies of 60000 events within five standard errors."""
    panel = make_panel(periods=200, eras=1, empty=0.0)
    panel["counts"][:] = 0
    panel = recounted(panel)
    panel["counts"][..., 0] = 300
    panel = recounted(panel)
    spec = PendulumSpec.one_scale(month_noise=False, overdispersion=False)
    one = prior_draws(panel, spec, draws=1, seed=1).isel(draw=0)
    one = one.assign(sd=("dyad", [1e-9]), sigma=("dyad", [1e-9]), depth=("era", [0.4]))
    simulated, level = simulate_panel(panel, one, spec, seed=2)
    expected = class_probabilities(level.to_numpy()[0, -1], one["cutpoint"].to_numpy()[0], 0.4)
    counts = simulated["counts"].sum(("dataset", "dyad", "time", "direction")).to_numpy()
    error = np.sqrt(expected * (1 - expected) / counts.sum())
    assert (np.abs(counts / counts.sum() - expected) < 5 * error).all()


def test_overdispersed_months_scatter_more(panel):
    """Of n = 20 events in a class of share p, the variance is n p (1 - p) (a + n) / (a + 1)."""
    months = make_panel(periods=3000, eras=1, empty=0.0, classes=2, zero_cut=1)
    months["counts"][:] = 0
    months = recounted(months)
    months["counts"][..., 0] = 20
    months = recounted(months)
    spec = PendulumSpec.one_scale(month_noise=False, ceiling="none")
    one = prior_draws(months, spec, draws=1, seed=1).isel(draw=0)
    one = one.assign(sd=("dyad", [1e-9]), sigma=("dyad", [1e-9]), concentration=("dataset", [4.0]))
    one = one.assign(mu=("era", [0.3]))
    counts = simulate_panel(months, one, spec, seed=2)[0]["counts"].to_numpy()[0, 0, :, 0, 1]
    p = 1 / (1 + np.exp(-0.3))
    # The variance of a variance of 3000 months: 2 / 3000 of it squared, for near-normal counts.
    assert counts.var() == pytest.approx(20 * p * (1 - p) * 24 / 5, rel=5 * np.sqrt(2 / 3000))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"half_life": (3.0, 0.0)}, "half_life"),
        ({"half_life": (float("nan"), 1.0)}, "half_life"),
        ({"half_life": 3.0}, "half_life"),
        ({"noise_dyads": -0.1}, "noise_dyads"),
        ({"noise_dyads": (0.1, 0.2)}, "noise_dyads"),
        ({"gap": ("wide", 0.5)}, "gap"),
    ],
)
def test_a_prior_that_makes_no_sense_is_refused_by_name(values, field):
    with pytest.raises(SpecError, match=rf"priors: {field} "):
        Priors(**values)


def test_priors_go_through_plain_values_and_back():
    priors = replace(Priors(), half_life=(3.5, 0.2))
    assert Priors.from_dict(priors.to_dict()) == priors
    assert Priors.from_dict({"half_life": [3.5, 0.2]}) == priors
    for unknown in (Priors.from_dict, lambda values: Priors(**values)):
        with pytest.raises(SpecError, match="unknown halflife"):
            unknown({"halflife": [3.5, 0.2]})


def test_priors_show_what_was_changed():
    assert repr(Priors()) == "Priors()"
    assert repr(Priors(band=(0.1, 0.2), half_life=(3.5, 0.2))) == "Priors(half_life=(3.5, 0.2), band=(0.1, 0.2))"
    assert repr(PendulumSpec.one_scale(dynamics="none")).endswith("priors=Priors())")


def test_priors_of_a_pull_are_changed_and_read_like_all_others():
    priors = replace(Priors(lean=0.5), band=(0.1, 0.2), sd_dyads=0.3)
    assert (priors.lean, priors.band, priors.sd_dyads) == (0.5, (0.1, 0.2), 0.3)
    assert priors.stiffening == Priors().stiffening
    assert Priors.from_dict(priors.to_dict()) == priors
    assert pickle.loads(pickle.dumps(priors)) == priors
    assert priors != Priors()
    assert hash(replace(priors, lean=Priors().lean)) != hash(priors)
    assert replace(Priors(lean=0.5), lean=Priors().lean) == Priors()
    with pytest.raises(AttributeError, match="leen"):
        priors.leen  # noqa: B018
    with pytest.raises(SpecError, match="priors: lean "):
        Priors(lean=-1.0)


@pytest.mark.parametrize(("events", "dense"), [(2, False), (20, False), (40, True), (2000, True)])
def test_a_feed_has_a_wide_prior_of_what_a_month_of_it_is_worth(events, dense):
    panel = make_panel(dyads=2, events=events, empty=0.0)
    assert is_dense(panel) is dense
    prior = spec_for(panel).priors.side_concentration
    assert prior == (Priors().dataset_concentration if dense else Priors().side_concentration)
