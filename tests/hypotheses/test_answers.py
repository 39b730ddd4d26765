"""Who answers whom: the likelihood against a plain Kalman filter, known processes, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import solve_discrete_lyapunov

from forecast import build_panel, read_chronology
from forecast.base.errors import DataError
from forecast.study.hypotheses import answers, answers_model
from forecast.study.hypotheses.answers import REJECTING_SETS
from forecast.study.hypotheses.answers_model import DirectedPair
from forecast.study.hypotheses.answers_simulation import (
    PROCESSES,
    AnswersProcess,
    simulate_answers,
)
from forecast.study.hypotheses.filter.inputs import MEAN, MEAN_SD
from forecast.study.hypotheses.models import START_SD

POINT = np.array([[-2.0, -0.5, -0.3, 0.4, 1.0, 0.5, 0.7, 0.2, -0.1]])


def counts(pairs=6, periods=240, rate=6.0, seed=1):
    """Return pairs with events but no cooperation yet."""
    rng = np.random.default_rng(seed)
    shape = (periods, 2)
    return [
        DirectedPair(
            f"pair {number}",
            np.zeros(shape, np.int64),
            rng.poisson(rate, shape) + 1,
            np.zeros(shape),
            np.zeros(shape),
        )
        for number in range(pairs)
    ]


def index_pair(periods=80, seed=2):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((periods, 2))
    values[3, 0] = np.nan
    return answers.directed_index("A-B", pd.DataFrame(values))


def plain_log_likelihood(pair, point):
    """Return the log-likelihood of an index by one big normal distribution."""
    step, first, second, z, concentration, *own, answer_a, answer_b = point
    phi = np.array([[np.tanh(own[0]), answer_a], [answer_b, np.tanh(own[1])]])
    a, b = np.exp([first, second])
    joint = np.tanh(z) * a * b
    shocks = np.array([[a**2, joint], [joint, b**2]])
    long_run = solve_discrete_lyapunov(phi, shocks)
    periods = len(pair.events)
    covariance = np.zeros((periods, 2, periods, 2))
    for t in range(periods):
        kept = long_run
        for later in range(t, periods):
            covariance[later, :, t, :] = kept
            covariance[t, :, later, :] = kept.T
            kept = phi @ kept
    time = np.minimum(np.arange(periods)[:, None], np.arange(periods))
    trend = START_SD**2 + MEAN_SD**2 + np.exp(2.0 * step) * time
    covariance += trend[:, None, :, None]
    covariance[:, 1, :, 1] += answers_model.OFFSET_SD**2
    seen = (pair.events != 0).ravel()
    whole = covariance.reshape(2 * periods, 2 * periods)[np.ix_(seen, seen)]
    whole += np.exp(-concentration) * np.eye(seen.sum())
    miss = pair.value.ravel()[seen] - MEAN
    _, log_determinant = np.linalg.slogdet(2.0 * np.pi * whole)
    return -0.5 * (log_determinant + miss @ np.linalg.solve(whole, miss))


def test_the_likelihood_of_an_index_is_that_of_its_normal_distribution():
    pair = index_pair()
    found = answers_model.log_likelihood(pair, answers_model.WITH_ANSWERS, POINT)[0]
    assert found == pytest.approx(plain_log_likelihood(pair, POINT[0]), abs=1e-5)


def test_long_run_covariances_are_those_of_the_cycles():
    phi = answers_model.phi_of(answers_model.WITH_ANSWERS, POINT)
    shocks = np.array([[[0.5, 0.2], [0.2, 0.8]]])
    expected = solve_discrete_lyapunov(phi[0], shocks[0])
    assert answers_model.long_run_covariance(phi, shocks)[0] == pytest.approx(expected)


def test_counts_are_as_likely_as_by_many_nodes(monkeypatch):
    rng = np.random.default_rng(3)
    pair = simulate_answers(counts(1), PROCESSES[0], rng)[0]
    usual = answers_model.log_likelihood(pair, answers_model.WITH_ANSWERS, POINT)[0]
    raw, weights = np.polynomial.hermite_e.hermegauss(30)
    monkeypatch.setattr(answers_model, "_RAW", raw)
    monkeypatch.setattr(answers_model, "_LOG_WEIGHTS", np.log(weights / weights.sum()))
    assert answers_model.log_likelihood(pair, answers_model.WITH_ANSWERS, POINT)[
        0
    ] == pytest.approx(usual, abs=0.05)


def test_strong_answers_are_found():
    rng = np.random.default_rng(4)
    strong = AnswersProcess("strong", 0.2, 0.6, 0.0)
    found = answers.test_answers(simulate_answers(counts(3, 180, 12.0), strong, rng), "month")
    assert found.answer == "supported" and found.share[1] > 0.2
    assert found.log_bayes_factor == pytest.approx(
        sum(pair.log_bayes_factor for pair in found.pairs)
    )


@pytest.mark.parametrize("sets", [2, pytest.param(REJECTING_SETS, marks=pytest.mark.slow)])
def test_common_shocks_are_no_answers(monkeypatch, sets):
    monkeypatch.setattr(answers, "REJECTING_SETS", sets)
    shocks = simulate_answers(counts(4, 180), PROCESSES[2], np.random.default_rng(5))
    absent = answers.test_answers(shocks, "month")
    assert absent.answer != "supported" and absent.share[0] == 0.0
    assert absent.answers_alone < -2.3


def test_inverse_responses_are_no_support():
    rng = np.random.default_rng(5)
    inverse = AnswersProcess("inverse", 0.3, -0.5, 0.0)
    pairs = simulate_answers(counts(3, 180, 12.0), inverse, rng)
    found = answers.test_answers(pairs, "month", brief=True)
    assert found.answer != "supported" and found.share[2] <= 0.0


def test_the_same_seed_gives_the_same_numbers():
    pairs = simulate_answers(counts(2, 120), PROCESSES[1], np.random.default_rng(6))
    first, second = (answers.test_answers(pairs, "month", seed=3, brief=True) for _ in range(2))
    assert first.share == second.share and first.log_bayes_factor == second.log_bayes_factor


def test_a_panel_without_directions_is_refused_with_the_remedy():
    panel = build_panel(read_chronology(), dyads=["USA-CHN", "USA-RUS"])
    with pytest.raises(DataError, match=r"no directions; build it with .*directed=True"):
        answers.answers_test(panel)


def test_a_panel_with_directions_is_read_by_month_and_by_week():
    events = read_chronology()
    for frequency in ("month", "week"):
        panel = build_panel(
            events,
            dyads=["USA-CHN", "USA-RUS"],
            start="1990-01-01",
            directed=True,
            frequency=frequency,
        )
        pairs = answers.directed_pairs(panel)
        assert [pair.pair for pair in pairs] == ["USA-CHN", "USA-RUS"]
        counted = panel["counts"].sum(("dataset", "time", "class")).to_numpy()
        assert np.array_equal([pair.events.sum(axis=0) for pair in pairs], counted)


def test_power_counts_every_set():
    (rate,) = answers.answers_power(counts(2, 120), 2, PROCESSES[:1])
    assert rate.truth == "strong answers" and rate.sets == 2
    assert rate.supported + rate.below <= 2 and rate.contained <= 2
    assert rate.true_share == pytest.approx(0.72, abs=0.01)
