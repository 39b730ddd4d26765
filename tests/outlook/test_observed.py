"""What would be recorded: volumes, gaps, directions, and the spread that overdispersion gives."""

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import QuestionError
from forecast.desk.questions.record import require_reporting
from forecast.outlook import NotDefined, observe, simulate_ahead
from forecast.outlook.observed import reading, relative_count, simulate_chances
from forecast.outlook.recorded import DatasetRecord, main_dataset, main_record
from tests.made import with_feed

STILL = {"sigma": 0.0, "phi": 1.0, "trend_step": 0.0, "trend_retention": 1.0}
"""Of a fit whose level stays where it is."""


def refit(made, *, counts=None, covered=None, **posterior):
    panel = made.panel
    if counts is not None:
        panel = panel.assign(counts=panel["counts"] * 0 + counts)
    if covered is not None:
        panel = panel.assign(covered=covered)
    values = {name: made.posterior[name] * 0 + value for name, value in posterior.items()}
    return type(made)(made.posterior.assign(values), panel, made.spec)


def test_volumes_are_those_of_the_last_covered_months(fit):
    covered = fit.panel["covered"].copy()
    covered[..., -5:] = False
    made = refit(fit, covered=covered)
    expected = (
        fit.panel["counts"]
        .sel(dyad="USA-CHN", dataset="chronology")
        .sum("class")
        .to_numpy()[-41:-5]
    )
    shares = expected.sum(axis=0) / expected.sum()
    np.testing.assert_allclose(reading(made, main_record(made.panel, "USA-CHN")).directions, shares)


def test_periods_without_events_have_no_share(fit):
    counts = fit.panel["counts"].copy()
    counts[..., -30:, :, :] = 0
    made = type(fit)(fit.posterior, fit.panel.assign(counts=counts), fit.spec)
    simulations = simulate_ahead(made, "USA-CHN", 24, seed=1)
    seen = observe(made, simulations, 24, main_record(made.panel, "USA-CHN"), seed=1)
    assert seen.share.shape == simulations.share.shape
    assert not seen.total[..., 0].any() and np.isnan(seen.share[..., 0]).all()
    assert (seen.cooperative <= seen.total).all()
    np.testing.assert_array_equal(np.isnan(seen.share), seen.total == 0)
    assert np.isnan(seen.share[..., 1:]).mean() > 0.5
    assert np.nanmin(seen.share) >= 0 and np.nanmax(seen.share) <= 100


def test_longer_simulations_only_go_on(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 24, seed=1)
    short, long = (
        observe(fit, simulations, months, main_record(fit.panel, "USA-CHN"), seed=1)
        for months in (6, 24)
    )
    np.testing.assert_array_equal(short.total, long.total[..., :7])
    np.testing.assert_array_equal(short.cooperative, long.cooperative[..., :7])


@pytest.mark.parametrize("directed", [False, True])
def test_chances_are_beta_around_the_level(make, directed):
    made = refit(make(("USA-CHN",), spread=0.0, directed=directed), counts=1, tau=0.0)
    read = reading(made, main_record(made.panel, "USA-CHN"))
    drawn = simulate_chances(np.full((2, 150, 200), 0.4), read, np.random.default_rng(1))
    chance, concentration = 1 / (1 + np.exp(-0.4)), 6.0
    variance = chance * (1 - chance) / (concentration + 1) / (1 + directed)
    assert abs(drawn.mean() - chance) < 4 * np.sqrt(variance / drawn.size)
    assert drawn.var() == pytest.approx(variance, rel=0.03)


def test_directions_count_by_how_much_they_report(make):
    made = make(("USA-CHN",), spread=0.0, directed=True)
    counts = made.panel["counts"].copy()
    counts[...] = 1
    counts[..., 0, :] = 3
    offset = made.posterior["direction_offset"] + xr.DataArray([0.0, 1.0], dims="direction")
    made = type(made)(
        made.posterior.assign(direction_offset=offset).drop_vars("concentration"),
        made.panel.assign(counts=counts),
        made.spec,
    )
    read = reading(made, main_record(made.panel, "USA-CHN"))
    np.testing.assert_allclose(read.directions, [0.75, 0.25])
    quiet = type(read)(0 * read.noise, read.offset, None, read.directions)
    (chance,) = np.unique(simulate_chances(np.zeros((2, 150)), quiet, np.random.default_rng(1)))
    assert chance == pytest.approx(0.75 * 0.5 + 0.25 / (1 + np.exp(-1)))


@pytest.mark.parametrize("overdispersed", [False, True])
def test_shares_spread_as_the_events_and_the_chances_say(make, overdispersed):
    made = refit(
        make(("USA-CHN",), spread=0.0), counts=1, tau=0.0, **STILL
    )  # eight events per month
    if not overdispersed:
        made = type(made)(made.posterior.drop_vars(["tau", "concentration"]), made.panel, made.spec)
    simulations = simulate_ahead(made, "USA-CHN", 24, seed=1, simulations_per_draw=10, hazard=0.0)
    seen = observe(made, simulations, 24, main_record(made.panel, "USA-CHN"), seed=1)
    chance = simulations.share[0, 0, 0, 0] / 100
    eight = seen.cooperative[seen.total == 8] / 8
    variance = chance * (1 - chance) / 8 * (1 + 7 / (6.0 + 1) if overdispersed else 1)
    assert abs(eight.mean() - chance) < 4 * np.sqrt(variance / eight.size)
    # A bounded share has kurtosis below 3: the variance's relative standard error is under
    # sqrt(2/n).
    assert abs(eight.var() / variance - 1) < 4 * np.sqrt(2 / eight.size)


def test_a_busy_month_ahead_is_as_hostile_as_the_effect_says(make):
    made = refit(make(("USA-CHN",), spread=0.0), tau=0.0, **STILL)
    effect = xr.zeros_like(made.posterior["tau"]) - 0.8
    made = type(made)(
        made.posterior.assign(volume_effect=effect).drop_vars("concentration"),
        made.panel,
        made.spec,
    )
    simulations = simulate_ahead(made, "USA-CHN", 12, seed=1, simulations_per_draw=10, hazard=0.0)
    seen = observe(made, simulations, 12, main_record(made.panel, "USA-CHN"), seed=1)
    busy = relative_count(main_record(made.panel, "USA-CHN"), seen.total[..., 1:])
    odds = (
        np.log(simulations.share[0, 0, 0, 0] / (100 - simulations.share[0, 0, 0, 0])) - 0.8 * busy
    )
    expected = seen.total[..., 1:] / (1 + np.exp(-odds))
    spread = np.sqrt((expected / (1 + np.exp(odds))).sum())
    assert abs(seen.cooperative.sum() - expected.sum()) < 4 * spread
    quiet, loud = busy < np.quantile(busy, 0.2), busy > np.quantile(busy, 0.8)
    share = [
        seen.cooperative[..., 1:][where].sum() / seen.total[..., 1:][where].sum()
        for where in (quiet, loud)
    ]
    assert share[0] - share[1] > 0.1


def test_the_first_dataset_that_still_reports_is_simulated(fit):
    """However many another counts.

    The level is on the scale of the first, and so is what it is compared with.
    """
    counts = xr.concat([fit.panel["counts"], 2 * fit.panel["counts"]], "dataset").assign_coords(
        dataset=["a", "b"]
    )
    silent, rest = counts.copy(), fit.panel.drop_vars(["counts", "covered", "dataset"])
    silent[0, :, -60:] = 0
    covered = (counts.sum(["direction", "class"]) >= 0).transpose("dataset", "dyad", "time")
    ended, late = covered.copy(), covered.copy()
    ended[0, :, -20:] = False
    late[0, :, -5:] = False
    cases = [(counts, covered, 0), (silent, covered, 1), (counts, ended, 1), (counts, late, 0)]
    for values, seen, expected in cases:
        panel = rest.assign(counts=values, covered=seen)
        assert main_dataset(panel, "USA-CHN") == expected
    with pytest.raises(QuestionError, match=r"'a' has stopped reporting on USA-CHN.*goes on: b"):
        require_reporting(rest.assign(counts=counts, covered=ended), "USA-CHN", 0, "q")


def test_another_dataset_is_read_where_it_stands_now_and_scatters_as_it_does(fit):
    feed = with_feed(fit, off=-1.0, drift=0.3)
    records = [DatasetRecord.of(feed.panel, "USA-CHN", number) for number in (0, 1)]
    first, second = (reading(feed, one) for one in records)
    years = (2024 + 336 / 366 - 2012) / 5  # to the first of December 2024, the last month
    np.testing.assert_allclose(first.offset, 0.0)
    np.testing.assert_allclose(second.offset, -1.0 + 0.3 * years, atol=0.01)
    assert (first.concentration, second.concentration) == (pytest.approx(6.0), pytest.approx(80.0))
    simulations = simulate_ahead(feed, "USA-CHN", 12, seed=1)
    main, other = (observe(feed, simulations, 12, one, seed=1) for one in records)
    assert (main.record.number, other.record.number) == (0, 1)
    assert np.median(other.total[..., 1:]) > 4 * np.median(main.total[..., 1:])
    np.testing.assert_array_equal(
        main.total, observe(fit, simulations, 12, main_record(fit.panel, "USA-CHN"), seed=1).total
    )
    lower = np.nanmean(main.share) - np.nanmean(other.share)
    assert 2 < lower < 15, "0.2 log-odds are some five points"


def test_nothing_counted_is_nothing_observed(fit):
    simulations = simulate_ahead(fit, "USA-CHN", 3, seed=1)
    silent = refit(fit, counts=0)
    assert isinstance(
        observe(silent, simulations, 3, main_record(silent.panel, "USA-CHN"), seed=1), NotDefined
    )
    index = fit.panel.drop_vars(["counts", "covered"]).assign(index=0.0 * fit.panel["era_index"])
    made = type(fit)(fit.posterior, index, fit.spec)
    assert isinstance(
        observe(made, simulations, 3, main_record(index, "USA-CHN"), seed=1), NotDefined
    )
