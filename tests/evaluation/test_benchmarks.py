"""What benchmarks say, and that the right one wins where the truth is known."""

import warnings
from datetime import date

import numpy as np
import pytest

from forecast import read_chronology
from forecast.outlook.benchmarks import correlation, fit_state_space, log_odds
from forecast.study.evaluation import (
    BENCHMARKS,
    Benchmark,
    ForecastRequest,
    Past,
    Record,
    choose_forecasters,
)
from tests.evaluation.made import counts_of, record_of, walk

HORIZONS = (3, 12)


def past_of(shares, volume=6.0, seed=1):
    rng = np.random.default_rng(seed)
    total = rng.poisson(volume, len(shares))
    return Past(total, rng.binomial(total, shares))


def said(code, past, seed=1, draws=2000):
    return BENCHMARKS[code].chances(past, HORIZONS, draws, np.random.default_rng(seed))


@pytest.mark.parametrize("code", BENCHMARKS)
def test_every_benchmark_says_chances_by_month(code):
    found = said(code, past_of(walk(240)))
    assert {h: chance.shape for h, chance in found.items()} == {3: (2000, 3), 12: (2000, 12)}
    for chance in found.values():
        assert ((chance >= 0) & (chance <= 1)).all() and chance.std() > 0


@pytest.mark.parametrize("code", BENCHMARKS)
def test_every_benchmark_follows_a_steady_record(code):
    assert said(code, past_of(np.full(360, 0.8), volume=20))[12].mean() == pytest.approx(
        0.8, abs=0.04
    )


@pytest.mark.parametrize("code", BENCHMARKS)
def test_every_benchmark_speaks_of_a_record_without_one_side_and_with_silent_years(code):
    past = past_of(np.full(240, 1.0))
    total = past.total.copy()
    total[100:160] = 0
    found = said(code, Past(total, total))
    assert all(np.isfinite(chance).all() for chance in found.values())
    assert found[3].mean() > 0.9


@pytest.mark.parametrize("code", BENCHMARKS)
def test_every_benchmark_leaves_out_or_speaks_of_a_record_that_was_silent_ever_since_its_first_month(
    code,
):
    total = np.eye(1, 241, dtype=int)[0]
    assert all(np.isfinite(chance).all() for chance in said(code, Past(total, total)).values())


@pytest.mark.parametrize("code", BENCHMARKS)
def test_the_same_stream_gives_the_same_numbers(code):
    past = past_of(walk(240))
    assert np.array_equal(said(code, past)[12], said(code, past)[12])
    assert not np.array_equal(said(code, past)[12], said(code, past, seed=2)[12])


def test_base_rates_look_back_as_far_as_they_say():
    past = past_of(np.r_[np.zeros(240), np.ones(24)])
    assert said("base_rate_2y", past)[3].mean() > 0.95
    assert said("base_rate_all", past)[3].mean() == pytest.approx(24 / 264, abs=0.04)


def test_overdispersion_is_found_again():
    rng = np.random.default_rng(4)
    chances = np.repeat(
        rng.beta(0.6 * 9, 0.4 * 9, 4000), 3
    )  # correlation of 1 / (9 + 1) within windows of 3 months
    assert correlation(*past_of(chances).windows(3), 0.6) == pytest.approx(0.1, abs=0.015)
    assert correlation(*past_of(np.full(12000, 0.6)).windows(3), 0.6) == pytest.approx(
        0.005, abs=0.005
    )


def fitted_to(past, *, reverts):
    return fit_state_space(tuple(past.total.tolist()), tuple(past.cooperative.tolist()), reverts)


def reference(past, *, reverts):
    """The same model as one of statsmodels: carry-over, mean, variances of step and noise, level and its variance."""
    from statsmodels.tsa.statespace.mlemodel import MLEModel

    observed, _ = log_odds(past.total, past.cooperative)
    share = np.clip(past.cooperative.sum() / past.total.sum(), 0.1, 0.9)
    sampling = 1 / ((past.total + 1) * share * (1 - share))
    observed = np.where(past.total > 0, observed, np.nan)

    class Level(MLEModel):
        start_params = (-5.0, -1.0, np.log(60.0), np.nanmean(observed)) if reverts else (-5.0, -1.0)
        param_names = ("step", "noise", "half-life", "mean")[: len(start_params)]

        def __init__(self):
            super().__init__(observed, k_states=1, k_posdef=1)
            self["design", 0, 0] = self["selection", 0, 0] = 1.0
            self.ssm["obs_cov"], self.ssm["obs_intercept"] = (
                np.zeros((1, 1, self.nobs)),
                np.zeros((1, self.nobs)),
            )

        def natural(self, params):
            step, noise = np.exp(np.clip(params[:2], -12.0, 3.0))
            return (
                (0.5 ** np.exp(-np.clip(params[2], -1.0, 9.0)), params[3], step, noise)
                if reverts
                else (
                    1.0,
                    0.0,
                    step,
                    noise,
                )
            )

        def update(self, params, **options):
            params = super().update(params, **options)
            phi, mean, step, noise = self.natural(params)
            self["transition", 0, 0], self["state_cov", 0, 0] = phi, step
            self.ssm["obs_cov"] = (sampling + noise)[None, None]
            self.ssm["obs_intercept"] = np.full((1, self.nobs), mean)
            spread = step / (1 - phi**2) if reverts else 4.0
            self.ssm.initialize_known(np.zeros(1), np.array([[spread]]))
            return params

    model = Level()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a search that stops at a bound is expected
        found = model.fit(disp=False, maxiter=100, cov_type="none")
    phi, mean, step, noise = model.natural(found.params)
    return (
        phi,
        mean,
        step,
        noise,
        mean + found.filtered_state[0, -1],
        found.filtered_state_cov[0, 0, -1],
    )


@pytest.mark.parametrize("reverts", [False, True])
@pytest.mark.parametrize("dyad", ["USA-CHN", "IND-PAK", "RUS-UKR", "USA-CUB"])
def test_the_filter_is_that_of_statsmodels(dyad, reverts):
    past = Record.of(read_chronology(), dyads=[dyad]).view(date(2024, 1, 1)).past(dyad)
    own, other = (
        np.array(how(past, reverts=reverts), dtype=float) for how in (fitted_to, reference)
    )
    assert own == pytest.approx(other, abs=0.005)


def test_maximum_likelihood_finds_a_walk_and_a_pull_again():
    rng = np.random.default_rng(8)
    level = np.cumsum(0.15 * rng.standard_normal(900)) * 0.9
    _, _, step, _, last, error = fitted_to(
        past_of(1 / (1 + np.exp(-level)), volume=60), reverts=False
    )
    assert np.sqrt(step) == pytest.approx(0.135, rel=0.25)
    assert abs(last - level[-1]) < 4 * np.sqrt(error)
    pulled = np.zeros(3000)
    for t in range(1, 3000):
        pulled[t] = 0.8 * pulled[t - 1] + 0.3 * rng.standard_normal()
    phi, mean, *_ = fitted_to(past_of(1 / (1 + np.exp(-(pulled + 0.5))), volume=80), reverts=True)
    assert phi == pytest.approx(0.8, abs=0.06)
    assert mean == pytest.approx(0.5, abs=0.15)


def test_automatic_models_leave_out_what_they_have_too_few_windows_for():
    assert set(said("auto_ets", past_of(walk(70)))) == {3}


def test_a_benchmark_from_outside_is_one_class():
    class Coin(Benchmark):
        code, words = "coin", "always even"

        def chances(self, past, horizons, draws, rng):
            return {horizon: np.full((draws, horizon), 0.5) for horizon in horizons}

    record = record_of(counts_of(walk(240)))
    answer = Coin().answer(record.view(date(2008, 1, 1)), ForecastRequest((3,), draws=10))
    assert answer.chances["USA-CHN"][3].tolist() == [[0.5] * 3] * 10


def test_forecasters_by_name():
    assert [one.code for one in choose_forecasters("no", "last_window, base_rate_2y")] == [
        "last_window",
        "base_rate_2y",
    ]
    assert [one.code for one in choose_forecasters("none", "no")] == ["no_cycle"]
    assert {one.code for one in choose_forecasters("no", "all")} == set(BENCHMARKS)
