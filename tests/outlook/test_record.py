"""The record: where the level stands in it, and what the last break brought."""

from datetime import date

import numpy as np
import pytest

from forecast.base.errors import SpecError, UnknownDyadError
from forecast.outlook import Estimate, NotDefined, level_record
from forecast.outlook.draws import dyad_draws
from forecast.outlook.level import last_break, standing


def with_level(made, path):
    """The fit with one dyad whose level follows `path` (time,) in every draw."""
    level = made.posterior["level"] * 0 + np.asarray(path, dtype=np.float32)
    return type(made)(made.posterior.assign(level=level), made.panel, made.spec)


@pytest.fixture(scope="module")
def plain(make):
    return make(("USA-CHN",), ceiling="none", spread=0.0)


def test_the_percentile_counts_the_months_below(fit):
    own = dyad_draws(fit, "USA-CHN")
    here = standing(own, date(2010, 6, 15))
    level = fit.posterior["level"].sel(dyad="USA-CHN", time=slice("2010-06", None)).to_numpy()
    below = [[100 * np.mean(path[:-1] < path[-1]) for path in chain] for chain in level]
    np.testing.assert_allclose(here.percentile.draws, below)
    assert here.since == date(2010, 6, 15)
    assert 0 <= here.percentile.low <= here.percentile.high <= 100


def test_a_fall_to_the_bottom_is_the_lowest_of_the_record(plain):
    here = standing(dyad_draws(with_level(plain, np.linspace(1, -1, 300)), "USA-CHN"))
    assert (here.percentile.mean, here.lowest.value) == (0, 1)
    assert here.lowest_years[2024].value == 1
    assert list(here.lowest_years) == [2024]


def test_years_are_ranked_by_their_chance_and_half_years_left_out(fit):
    panel, posterior = (part.isel(time=slice(None, -8)) for part in (fit.panel, fit.posterior))
    here = standing(dyad_draws(type(fit)(posterior, panel, fit.spec), "USA-CHN"))
    chances = [chance.value for chance in here.lowest_years.values()]
    assert chances == sorted(chances, reverse=True)
    assert len(chances) <= 5
    assert sum(chances) <= 1
    assert 2024 not in here.lowest_years  # four months of it


def test_the_record_cannot_begin_before_the_panel_nor_now(fit):
    own = dyad_draws(fit, "USA-CHN")
    assert standing(own, date(1979, 1, 1)).since == date(2000, 1, 1)
    with pytest.raises(SpecError, match="since"):
        standing(own, date(2024, 12, 1))


def test_the_drop_compares_five_years_before_with_the_era_so_far(plain):
    path = np.r_[np.full(150, 3.0), np.full(60, 1.0), np.full(90, -1.0)]
    change = last_break(dyad_draws(with_level(plain, path), "USA-CHN"))
    assert change.months_before == 60
    assert change.drop.mean == pytest.approx(
        100 * (1 / (1 + np.exp(-1)) - 1 / (1 + np.e)), abs=1e-4
    )
    assert change.dropped.value == 1
    assert change.trend.mean == pytest.approx(0, abs=1e-4)
    assert change.start == date(2017, 7, 1)


def test_the_trend_is_points_a_year(plain):
    share = np.r_[np.full(210, 50.0), 50 - np.arange(90) / 12 * 2]
    change = last_break(dyad_draws(with_level(plain, np.log(share / (100 - share))), "USA-CHN"))
    assert change.trend.mean == pytest.approx(-2, abs=1e-3)
    assert change.falling.value == 1


def test_one_era_has_no_break(make):
    own = dyad_draws(make(("USA-CHN",), eras={"USA-CHN": (("only", 0),)}), "USA-CHN")
    assert isinstance(last_break(own), NotDefined)


def test_a_young_era_has_no_trend(make):
    own = dyad_draws(make(("USA-CHN",), eras={"USA-CHN": (("old", 0), ("new", 292))}), "USA-CHN")
    change = last_break(own)
    assert isinstance(change.drop, Estimate)
    assert isinstance(change.trend, NotDefined)
    assert isinstance(change.falling, NotDefined)


def test_without_a_cycle_there_is_no_equilibrium_to_drop(make):
    change = last_break(dyad_draws(make(("USA-CHN",), trend="walk", cycle="none"), "USA-CHN"))
    assert isinstance(change.equilibrium_drop, NotDefined)


def test_the_level_record_is_the_draws_quantiles(fit):
    record = level_record(fit, "USA-RUS")
    assert record["share"].dims == ("quantile", "time")
    shares = 100 / (1 + np.exp(-fit.posterior["level"].sel(dyad="USA-RUS")))
    np.testing.assert_allclose(record["mean"], shares.mean(("chain", "draw")), atol=1e-3)
    np.testing.assert_allclose(
        record["share"].sel(quantile=0.5), shares.median(("chain", "draw")), atol=1e-3
    )
    assert (np.diff(record["share"], axis=0) >= 0).all()
    with pytest.raises(UnknownDyadError):
        level_record(fit, "FRA-DEU")
