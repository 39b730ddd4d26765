"""Breaks of the equilibrium: against every way of placing them, and in records with breaks that are known."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp

from forecast.model import PendulumSpec, fit
from forecast.model.breaks import (
    ONE_COMPONENT,
    BreakFits,
    BreakPosterior,
    _log_running_sum,
    count_breaks,
    draw_dates,
    over_dates,
    with_breaks,
)  # fmt: skip
from forecast.panel import validate_panel

from .known import KnownPath, path_around
from .panels import make_panel


def ways(fits, number):
    """Every way of placing breaks, by the least distance."""
    places = range(fits.apart, fits.periods - fits.apart + 1)
    return [chosen for chosen in combinations(places, number) if (np.diff(chosen) >= fits.apart).all()]


def test_the_sum_over_dates_is_that_of_every_way_of_placing_them():
    rng = np.random.default_rng(1)
    sums = np.concatenate([np.zeros((3, 4, 1)), rng.standard_normal((3, 4, 20)).cumsum(axis=2)], axis=2)
    arrivals = rng.standard_normal(sums.shape)
    for number, apart in ((0, 3), (1, 3), (2, 3), (3, 4), (3, 5)):
        each = [
            sum(sums[:, era, b] - sums[:, era, a] for era, (a, b) in enumerate(zip((0, *w), (*w, 20), strict=True)))
            + sum(arrivals[:, era, a] for era, a in enumerate(w, 1))
            for w in combinations(range(apart, 21 - apart), number)
            if (np.diff(w) >= apart).all()
        ]
        assert over_dates(sums, arrivals, number, apart)[1] == pytest.approx(logsumexp(each, axis=0))


def test_running_sums_keep_what_a_single_number_could_not_hold():
    logs = np.array([[-np.inf, -5000.0, -4999.0, 0.0, 3000.0], [-np.inf, -1.0, -np.inf, 0.0, 2.0]])
    for rows in (logs, logs[1:]):
        assert _log_running_sum(rows) == pytest.approx(np.logaddexp.accumulate(rows, axis=1))


def test_dates_are_drawn_by_their_density():
    rng = np.random.default_rng(2)
    sums = np.concatenate([np.zeros((1, 3, 1)), rng.standard_normal((1, 3, 12)).cumsum(axis=2)], axis=2)
    arrivals = rng.standard_normal(sums.shape)
    drawn = draw_dates(np.repeat(sums, 20000, axis=0), np.repeat(arrivals, 20000, axis=0), 2, 3, rng)
    chosen = [w for w in combinations(range(3, 10), 2) if w[1] - w[0] >= 3]
    density = np.array([
        sums[0, 0, a] + sums[0, 1, b] - sums[0, 1, a] + sums[0, 2, 12] - sums[0, 2, b]
        + arrivals[0, 1, a] + arrivals[0, 2, b]
        for a, b in chosen
    ])  # fmt: skip
    share = [(drawn == w).all(axis=1).mean() for w in chosen]
    # 20,000 draws: a share has a standard error of at most 0.0035.
    assert share == pytest.approx(np.exp(density - logsumexp(density)), abs=0.015)


@pytest.mark.parametrize(
    ("equilibria", "most"),
    # A second break may lie on either side of a strong one, and draws of the two hardly overlap.
    [((0.0,), 0.2), ((0.6, -0.6), 0.2), ((0.0, 1.0, 0.0), 0.2), ((1.0, -1.0), 1.2)],
)
def test_evidence_is_that_of_every_way_of_placing_breaks(equilibria, most):
    fits = KnownPath(path_around(*equilibria, periods=90), most=2)
    found = count_breaks(fits)
    for row in found.table.to_dict("records"):
        each = [fits.log_evidence(places) for places in ways(fits, row["breaks"])]
        exact = logsumexp(each) - np.log(len(each)) - fits.log_evidence(())
        assert row["log_bayes_factor"] == pytest.approx(exact, abs=4 * row["error"] + 1e-9)
        assert row["error"] < most
    assert len(found.breaks) == len(equilibria) - 1


def test_two_breaks_that_undo_each_other_are_found_though_one_alone_is_not():
    fits = KnownPath(path_around(0.0, 2.0, 0.0, periods=120), most=3)
    found = count_breaks(fits)
    days = fits.panel["time"].to_numpy().astype("datetime64[D]")
    assert len(found.breaks) == 2
    for place, one in zip((40, 80), found.breaks, strict=True):
        first, last = one.interval()
        assert np.datetime64(first) <= days[place] <= np.datetime64(last)


def test_eras_that_never_begin_keep_the_panel_valid():
    panel = with_breaks(make_panel(periods=40, eras=2), (10, 25), eras=5)
    validate_panel(panel)
    assert np.flatnonzero(np.diff(panel["era_index"].to_numpy()[0])).tolist() == [9, 24]
    assert panel.sizes["era"] == 5


def test_the_interval_of_a_date():
    dates = tuple(str(day.date()) for day in pd.date_range("2000-01-01", periods=16, freq="MS"))
    found = BreakPosterior(dates, np.full(16, 1 / 16))
    assert found.interval() == (dates[0], dates[15])
    assert found.interval(0.5) == (dates[3], dates[11])
    assert found.date == dates[7]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "number"), [(0.0, 0), (1.2, 1)])
def test_events_with_a_strong_break_have_it_and_stationary_ones_have_none(size, number):
    """Ten events per month over twenty years; a drop from 77 to 23 in the middle, or none."""
    from forecast.model import simulate_panel
    from forecast.model.simulate import prior_draws

    spec = PendulumSpec(**ONE_COMPONENT)
    base = with_breaks(make_panel(periods=240, eras=1, events=10.0, empty=0.0), (120,))
    parameters = prior_draws(base, spec, draws=1, seed=1).isel(draw=0)
    told = {"cycle_half_life": 6.0, "cycle_sd": 0.4, "tau": 0.3, "concentration": 30.0, "phi": 0.5 ** (1 / 6)}
    told["sigma"] = 0.4 * np.sqrt(1 - told["phi"] ** 2)
    parameters = parameters.assign({name: parameters[name] * 0 + value for name, value in told.items()})
    parameters["mu"] = parameters["mu"] * 0 + np.array([size, -size])
    for seed in (1, 2, 3):
        panel, _ = simulate_panel(base, parameters, spec, seed=seed)
        found = count_breaks(BreakFits(panel, spec, 2, seed))
        assert len(found.breaks) == number, (seed, found.table)
        for one in found.breaks:
            first, last = one.interval()
            assert first <= "2010-03-01" and last >= "2009-10-01", (seed, first, last)


@pytest.fixture(scope="module")
def index():
    """A record, all but free of error, whose equilibrium breaks in the middle."""
    panel = make_panel(periods=120, eras=1, index=True, empty=0.0)
    panel["index"] = (("dyad", "time"), path_around(0.5, -0.5, periods=120)[None])
    spec = PendulumSpec(observation="index")
    return BreakFits(panel, spec, 1)


@pytest.mark.slow
def test_a_real_break_is_found_and_its_evidence_is_that_of_single_bridges(index):
    (found,) = count_breaks(index).breaks
    first, last = found.interval()
    assert first <= "2005-01-01" <= last
    assert found.date[:4] in ("2004", "2005")
    pooled, error = index.pool.log_ratio(index.at((60,)), index.at(()))
    spec = index.spec.with_choices(**ONE_COMPONENT)
    ours, theirs = (
        fit(with_breaks(index.panel, places, eras=2), spec, evidence=True, draws=400,
            chains=2).provenance["evidence"]
        for places in ((60,), ())
    )  # fmt: skip
    bridged, errors = ours["log"] - theirs["log"], np.hypot(ours["error"], theirs["error"])
    assert pooled > 1
    assert pooled == pytest.approx(bridged, abs=4 * float(np.hypot(error, errors)))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_dates(index):
    short = index.panel.isel(time=slice(40, 90))
    once, again = (count_breaks(replace(index, panel=short)) for _ in range(2))
    assert once.table.equals(again.table)
    assert [one.dates for one in once.breaks] == [one.dates for one in again.breaks]
