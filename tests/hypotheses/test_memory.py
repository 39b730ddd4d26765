"""Long memory: the filter of a fractional path, its processes and null sets, and what claims answer under it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import multivariate_normal

from forecast import build_panel, read_chronology
from forecast.study.hypotheses import nulls
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.engine import REMEMBERED, Engine
from forecast.study.hypotheses.evidence import QuadratureSettings, _population_grid, evidence_of
from forecast.study.hypotheses.filter import memory
from forecast.study.hypotheses.filter.inputs import COLUMN, MEAN
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import (
    BOUND,
    MEMORY,
    MEMORY_CYCLE,
    MEMORY_NOISE,
    MEMORY_ODDS,
    OWN_NOISE,
    RETURN_CYCLE,
    WALK_CYCLE,
)
from forecast.study.hypotheses.nulls import simulated_engine
from forecast.study.hypotheses.record import read_panel, turned_back
from forecast.study.hypotheses.simulate import (
    PROCESSES,
    SimulatedProcess,
    integrate_fractionally,
    simulate,
)
from tests.hypotheses.test_pooled import made


def indexed(dyads, months, seed=1):
    """Return a record of an index with gaps, of noise."""
    rng = np.random.default_rng(seed)
    record = made(dyads, months)
    seen = rng.random((dyads, months)) < 0.8
    value = np.where(seen, rng.standard_normal((dyads, months)), 0.0)
    return replace(record, events=np.where(seen, -1, 0), value=value).without_eras()


def fractional_covariances(order, months):
    """Return the autocovariances of a fractional path with innovations of variance one."""
    first = np.exp(gammaln(1.0 - 2.0 * order) - 2.0 * gammaln(1.0 - order))
    lag = np.arange(1, months)
    return first * np.concatenate([[1.0], np.cumprod((lag - 1.0 + order) / (lag - order))])


@pytest.mark.parametrize("order", [0.05, 0.2, 0.333, 0.5, 0.585, 0.75, 0.95])
def test_the_parts_meet_the_spectrum_within_three_percent(order):
    at = memory.fitted_frequencies()
    met = memory.part_spectra(at) @ memory.variances_of_parts(np.array([order]))[0]
    assert np.abs(met / memory.spectrum_of(order, at) - 1.0).max() < 0.031


def test_of_an_index_the_filter_has_the_exact_likelihood_of_the_parts_and_the_cycle():
    record = indexed(3, 200)
    point = MEMORY_CYCLE.points(np.array([[-0.6, 0.4, -0.3, 1.2, 1.0]]))
    at = {name: point[0, place] for name, place in COLUMN.items()}
    white, *parts = memory.variances_of_parts(at["memory"])[0] * at["step2"]
    months = np.arange(200)
    lag, sooner = np.abs(months[:, None] - months), np.minimum(months[:, None], months)
    found = likelihoods(record.steps, point)[0, :, 0]
    for dyad, seen in enumerate(record.events != 0):
        since = sooner - months[seen][0]  # A dyad starts at its first value
        covariance = at["mean2"] + at["cycle2"] * at["cycle_retention"] ** lag
        for retention, innovation in zip(memory.RETENTIONS, parts, strict=True):
            started = (
                innovation
                / (1.0 - retention**2)
                * (1.0 - retention ** (2.0 * (memory.PAST_MONTHS + since)))
            )
            covariance = covariance + retention**lag * started
        volume = record.volume[dyad]
        covariance = covariance + at["volume2"] * np.outer(volume, volume)
        covariance[months, months] += white + 1.0 / at["concentration"]
        mean = MEAN + at["volume"] * volume
        exact = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
        assert found[dyad] == pytest.approx(exact.logpdf(record.value[dyad, seen]), abs=1e-6)


def test_the_likelihood_is_that_of_a_fractional_path():
    """Against the exact covariances of ARFIMA(0, 0.3, 0), over 240 months: within half a log unit."""
    rng, order = np.random.default_rng(2), 0.3
    record = replace(
        made(2, 240), events=np.full((2, 240), -1), volume=np.zeros((2, 240))
    ).without_eras()
    covariances = fractional_covariances(order, 240)
    lag = np.abs(np.arange(240)[:, None] - np.arange(240))
    factor = np.linalg.cholesky(covariances[lag])
    record = replace(
        record,
        value=MEAN + (factor @ rng.standard_normal((240, 2))).T,
        first=np.zeros(2, dtype=int),
    )
    point = MEMORY.points(np.array([[0.0, np.log(order / (1.0 - order)), 4.0]]))
    noise = 1.0 / point[0, COLUMN["concentration"]]
    covariance = covariances[lag] + point[0, COLUMN["mean2"]] + noise * np.eye(240)
    exact = [
        multivariate_normal(np.full(240, MEAN), covariance).logpdf(one) for one in record.value
    ]
    assert likelihoods(record.steps, point)[0, :, 0] == pytest.approx(exact, abs=0.5)


def test_neither_other_points_nor_cores_change_a_likelihood():
    steps = made(3, 120).without_eras().steps
    values = np.array([-0.5, 0.3, -0.9, 2.5]) + np.linspace(-0.3, 0.3, 21)[:, None]
    points = MEMORY_NOISE.points(values)
    found = likelihoods(steps, points)
    assert np.array_equal(found, likelihoods(steps, points, 3))
    assert np.array_equal(found[[7]], likelihoods(steps, points[[7]]))


def test_noise_of_a_month_is_no_memory():
    """With innovations that vanish, noise of its own is all that a month has besides its mean."""
    record = made(2, 200).without_eras()
    quiet = MEMORY_NOISE.points(np.array([[-3.9, 0.0, -3.9, 2.5]]))
    noisy = quiet.copy()
    noisy[:, COLUMN["noise2"]] = 0.5
    assert not np.allclose(likelihoods(record.steps, quiet), likelihoods(record.steps, noisy))


def test_the_order_of_integration_is_recovered():
    process = SimulatedProcess("", step=0.7, concentration=20.0, memory=0.6)
    record = simulate(made(6, 480, rate=4.0), process, 1).without_eras()
    _, odds, _ = evidence_of(
        MEMORY, record.steps, quadrature=QuadratureSettings(concentration_nodes=1)
    ).interval(MEMORY_ODDS)
    assert odds / (1.0 + odds) == pytest.approx(
        0.6, abs=0.15
    )  # dyads' mean has an error of 0.04 besides


def test_innovations_are_integrated_by_a_fractional_order():
    """A shock fades as a power: at order 1 it stays, at order 0 it is gone after a month."""
    shock = np.eye(1, 400)[0]
    lag = np.arange(400)
    assert integrate_fractionally(shock, 1.0) == pytest.approx(np.ones(400))
    assert integrate_fractionally(shock, 0.0) == pytest.approx(shock, abs=1e-12)
    expected = np.exp(gammaln(lag + 0.4) - gammaln(lag + 1.0) - gammaln(0.4))
    assert integrate_fractionally(shock, 0.4) == pytest.approx(expected)


def test_a_mode_at_a_bound_has_a_grid():
    """Bounds so far that no record meets them."""
    grid = _population_grid(BOUND, BOUND.high, 0.02, QuadratureSettings(half_width=3.0))
    assert len(grid) >= 5 and (np.diff(grid) > 0.0).all() and grid[-1] < BOUND.high


@pytest.fixture(scope="module")
def embedded():
    """Return the embedded record."""
    return read_panel(build_panel(read_chronology()))


def test_null_sets_of_long_memory_turn_back_as_the_recorded_dyads_did(embedded):
    engine = Engine(embedded)
    process = nulls.null_process(REMEMBERED, engine)
    assert 0.5 < process.memory < 0.65 and not process.follows("S8") and not process.follows("S5a")
    turned = turned_back(nulls.simulate_null_set(REMEMBERED, engine, 1))
    assert abs(turned.mean() - turned_back(embedded).mean()) < 2.0


def test_laplace_favours_a_model_without_cycle_and_is_not_used_against_it(embedded):
    engine = simulated_engine(embedded, 1)
    evidence_without_laplace = (
        engine.evidence_without_laplace(RETURN_CYCLE).total()
        - engine.evidence_without_laplace(MEMORY).total()
    )
    by_laplace = engine.evidence(RETURN_CYCLE).total() - engine.evidence(MEMORY).total()
    assert evidence_without_laplace > 8.0 and by_laplace < 0.0
    outcome = CLAIMS["S5b"].test(engine)
    assert outcome.details["against"]["long memory"] == pytest.approx(
        evidence_without_laplace, abs=1e-9
    )


@pytest.mark.parametrize("name", ["long memory of d 0.58", "long memory of d 0.75"])
def test_where_memory_is_long_it_is_no_return_and_no_range(embedded, name):
    engine = simulated_engine(simulate(embedded, PROCESSES[name], 0), 1)
    for code in ("S5a", "S5b", "S8"):
        assert CLAIMS[code].test(engine).answer != "supported"


def test_dyads_of_an_index_have_each_their_own_noise():
    """In one's own standard deviations a quiet dyad and a noisy one do not share a noise."""
    rng = np.random.default_rng(3)
    record = made(3, 300)
    walk = np.cumsum(0.2 * rng.standard_normal((3, 300)), axis=1)
    noise = np.array([0.1, 0.5, 1.5])[:, None] * rng.standard_normal((3, 300))
    record = replace(record, events=np.full((3, 300), -1), value=walk + noise).without_eras()
    engine = Engine(record, brief=True)
    pooled = evidence_of(WALK_CYCLE, record.steps).total()
    assert engine.total(engine.evidence(WALK_CYCLE)) > pooled + 20.0
    low, _, high = engine.evidence(WALK_CYCLE).interval(OWN_NOISE)
    assert low < high
    assert CLAIMS["S8"].test(engine).least > -50.0  # all models have it, alternatives included
