"""The priors in the reader's units: what the model holds possible before it sees an event."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from forecast.base.dates import WEEKS_A_MONTH
from forecast.base.errors import SpecError
from forecast.data.panel import recounted, validate_panel
from forecast.model import PendulumSpec, Priors, prior_draws, simulate_panel
from forecast.model.observation.index import standardised_index
from forecast.model.process.priors import all_priors
from forecast.model.simulation import simulate_level
from forecast.model.spec import is_dense, spec_for
from tests.made import make_panel

DRAWS = 1000
SPEC = PendulumSpec(ceiling="framework")


@pytest.fixture(scope="module")
def panel():
    return make_panel(dyads=3, periods=240, eras=3)


@pytest.fixture(scope="module")
def draws(panel):
    return prior_draws(panel, SPEC, draws=DRAWS, seed=1)


@pytest.fixture(scope="module")
def share(panel, draws):
    """Share (draw, dyad, time) of 20 years in three eras."""
    rng, era = np.random.default_rng(2), panel["era_index"].to_numpy()
    return 100 / (1 + np.exp(-simulate_level(draws, era, SPEC, rng)))


@pytest.mark.parametrize(
    "shape", [{"dyads": 2, "datasets": 2}, {"index": True}], ids=["two datasets", "index"]
)
def test_draws_begin_alike_however_many_there_are(shape):
    """Draws are made all at once, of the random numbers that one after the other would take."""
    panel = make_panel(periods=12, **shape)
    few, many = (prior_draws(panel, draws=draws, seed=3) for draws in (2, 5))
    xr.testing.assert_allclose(few, many.isel(draw=slice(2)), rtol=1e-12)
    assert [name for name, values in many.items() if (values == values.isel(draw=0)).all()] == []


def test_every_prior_has_a_reason():
    assert all(len(prior.reason) > 5 for prior in all_priors().values())


# Prior predictive checks. With 3000 dyads in 1000 draws a share of 90% is known to 0.6 points or,
# dyads of a draw being alike, to 1; the bounds leave three times that.


def test_shares_are_those_of_relations_between_states(share):
    """A share of 3 is open war and of 97 an alliance.

    Nine tenths lie between, but for the error of the draws.
    """
    assert ((share > 3) & (share < 97)).mean() > 0.88
    low, high = np.quantile(share, [0.05, 0.95])
    assert 3 < low < 22
    assert 80 < high < 98
    assert 42 < np.median(share) < 66


def test_months_differ_by_news_and_decades_by_the_trend(share):
    """From one month to the next some 5 points, hardly ever 30.

    In ten years 10 and more, and not usually 60.
    """
    steps = np.abs(np.diff(share, axis=-1))
    assert 2.0 < steps.mean() < 8.0
    assert (steps > 30).mean() < 0.02
    decades = np.abs(share[..., 120:] - share[..., :-120])
    assert (decades > 10).mean() > 0.4
    assert (decades > 60).mean() < 0.1


def test_a_cycle_is_news_that_lasts_and_a_trend_returns_within_a_lifetime(draws):
    quick, slow = (draws[name].to_numpy() for name in ("cycle_half_life", "trend_half_life"))
    assert np.median(quick) == pytest.approx(4.0, rel=0.15)
    assert ((quick > 1) & (quick < 16)).mean() > 0.9
    assert np.median(slow) == pytest.approx(180.0, rel=0.15)
    assert ((slow > 48) & (slow < 720)).mean() > 0.9
    assert (slow > quick.max(axis=1)).mean() > 0.99


def test_dyads_differ_as_the_reasons_say(draws):
    half_life = draws["cycle_half_life"].to_numpy()
    ratio = np.abs(np.log(half_life[:, 0] / half_life[:, 1]))
    assert np.exp(np.median(ratio)) == pytest.approx(1.34, abs=0.06)
    assert (ratio > np.log(2)).mean() < 0.25
    mean = draws["trend_mean"].to_numpy()
    apart = (mean[:, 0] - mean[:, 1]) / np.sqrt(2)
    assert 0.8 < apart.std() < 1.5  # long-run means lie 0.5 to 2 log-odds apart
    step = draws["trend_step"].to_numpy()
    assert np.median(step) == pytest.approx(0.1, rel=0.1)


def test_headrooms_leave_room_for_a_tight_ceiling_and_for_none(draws):
    headroom = draws["headroom"].to_numpy()
    assert (headroom > 0).all()
    assert np.median(headroom) == pytest.approx(2.7, rel=0.15)
    low, high = np.quantile(headroom, [0.05, 0.95])
    assert 0.7 < low < 1.3
    assert 5.5 < high < 10.0
    np.testing.assert_allclose(
        np.log(headroom).reshape(DRAWS, 3, 3).mean(axis=2).mean(),
        draws["headroom_dyad"].mean(),
        atol=0.05,
    )


def test_the_news_of_a_month_is_what_the_reasons_say(draws):
    noise = draws["tau"].to_numpy()
    assert np.median(noise) == pytest.approx(0.22, rel=0.1)
    assert ((noise > 0.05) & (noise < 1)).mean() > 0.99


def test_a_walk_goes_as_far_in_a_decade_as_the_reason_says():
    """A step of 0.1 adds up to 1.1 in ten years."""
    panel, spec = make_panel(dyads=2, periods=121, eras=1), PendulumSpec(trend="walk", cycle="none")
    walks = prior_draws(panel, spec, draws=400, seed=1)
    era, rng = panel["era_index"].to_numpy(), np.random.default_rng(1)
    level = simulate_level(walks, era, spec, rng)
    moved = level[..., -1] - level[..., 0]
    assert np.quantile(np.abs(moved), 0.683) == pytest.approx(1.1, abs=0.2)
    assert not {"cycle_half_life", "trend_half_life", "phi"} & set(walks)


def test_weeks_say_the_same_as_months():
    """A year is 52 weeks, and a trend gets as far in a year of weeks as in a year of months."""
    months, weeks = (make_panel(dyads=2, frequency=frequency) for frequency in ("month", "week"))
    by_month, by_week = (prior_draws(panel, SPEC, draws=400, seed=1) for panel in (months, weeks))
    for name in ("cycle_half_life", "trend_half_life"):
        np.testing.assert_allclose(by_week[name], by_month[name] * WEEKS_A_MONTH, rtol=1e-9)
    np.testing.assert_allclose(by_week["cycle_sd"], by_month["cycle_sd"], rtol=1e-9)
    np.testing.assert_allclose(
        by_week["trend_step"] ** 2 * WEEKS_A_MONTH, by_month["trend_step"] ** 2, rtol=1e-9
    )
    np.testing.assert_allclose(by_week["headroom"], by_month["headroom"], rtol=1e-9)


def test_an_index_has_priors_too():
    index = make_panel(dyads=2, periods=30, index=True)
    spec = PendulumSpec(observation="index", ceiling="framework")
    draws = prior_draws(index, spec, draws=400, seed=1)
    assert {"tau", "concentration"}.isdisjoint(draws)
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


def test_overdispersed_months_scatter_more(panel):
    """Of n = 20 events in a class of share p, the variance is n p (1 - p) (a + n) / (a + 1)."""
    months = make_panel(periods=3000, eras=1, empty=0.0, classes=2, zero_cut=1)
    months["counts"][:] = 0
    months = recounted(months)
    months["counts"][..., 0] = 20
    months = recounted(months)
    spec = PendulumSpec(trend="constant", month_noise=False, volume_effect=False)
    one = prior_draws(months, spec, draws=1, seed=1).isel(draw=0)
    one = one.assign(
        cycle_sd=("dyad", [1e-9]), sigma=("dyad", [1e-9]), concentration=("dataset", [4.0])
    )
    one = one.assign(mu=("era", [0.3]))
    counts = simulate_panel(months, one, spec, seed=2)[0]["counts"].to_numpy()[0, 0, :, 0, 1]
    p = 1 / (1 + np.exp(-0.3))
    # The variance of a variance of 3000 months: 2 / 3000 of it squared, for near-normal counts.
    assert counts.var() == pytest.approx(20 * p * (1 - p) * 24 / 5, rel=5 * np.sqrt(2 / 3000))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cycle_half_life": (3.0, 0.0)}, "cycle_half_life"),
        ({"cycle_half_life": (float("nan"), 1.0)}, "cycle_half_life"),
        ({"cycle_half_life": 3.0}, "cycle_half_life"),
        ({"noise_dyads": -0.1}, "noise_dyads"),
        ({"noise_dyads": (0.1, 0.2)}, "noise_dyads"),
        ({"concentration": ("wide", 0.5)}, "concentration"),
    ],
)
def test_a_prior_that_makes_no_sense_is_refused_by_name(values, field):
    with pytest.raises(SpecError, match=rf"priors: {field} "):
        Priors(**values)


def test_priors_go_through_plain_values_and_back():
    priors = replace(Priors(), cycle_half_life=(3.5, 0.2))
    assert Priors(**priors.to_dict()) == priors
    assert Priors(cycle_half_life=[3.5, 0.2]) == priors
    with pytest.raises(SpecError, match="unknown halflife"):
        Priors(halflife=[3.5, 0.2])


def test_priors_show_all_of_them_and_what_was_changed():
    shown = repr(Priors(band=(0.1, 0.2), cycle_half_life=(3.5, 0.2)))
    assert all(f"    {name}=" in shown for name in Priors().to_dict())
    assert (
        "    cycle_half_life=(3.5, 0.2),  # default (" in shown and repr(Priors()).count("#") == 0
    )
    assert eval(shown) == Priors(band=(0.1, 0.2), cycle_half_life=(3.5, 0.2))
    assert Priors(band=(0.1, 0.2), cycle_half_life=(3.5, 0.2)).differences == (
        "Priors(cycle_half_life=(3.5, 0.2), band=(0.1, 0.2))"
    )
    assert repr(PendulumSpec(trend="walk")).endswith("priors=Priors())")


def test_priors_of_a_cycle_are_changed_and_read_like_all_others():
    priors = replace(Priors(lean=0.5), band=(0.1, 0.2), cycle_sd_dyads=0.3)
    assert (priors.lean, priors.band, priors.cycle_sd_dyads) == (0.5, (0.1, 0.2), 0.3)
    assert priors.stiffening == Priors().stiffening
    assert Priors(**priors.to_dict()) == priors
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
    prior = spec_for(panel).priors.concentration
    assert prior == (Priors().dataset_concentration if dense else Priors().concentration)
