"""Pooled tests: filter and quadrature against exact ones, recovery of known processes, and what is refused."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from scipy.special import gammaln
from scipy.stats import multivariate_normal, norm
from typer.testing import CliRunner

from forecast import build_index_panel, build_panel, pooled_tests, read_chronology
from forecast.base.errors import DataError, SpecError
from forecast.cli import app
from forecast.outlook import plain
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.claims.effects import SIZES, Effect, visits_of
from forecast.study.hypotheses.engine import Engine
from forecast.study.hypotheses.evidence import FINE_QUADRATURE, evidence_of, with_mean_sd
from forecast.study.hypotheses.filter import block, forces, inputs, likelihood
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import (
    BOUNDED_CYCLE,
    CONCENTRATION,
    CYCLE_SD,
    GROWING_CYCLE,
    HEADROOM,
    RETURN,
    RETURN_CYCLE,
    RETURN_YEARS,
    STEP,
    WALK,
    WALK_CYCLE,
    Model,
)
from forecast.study.hypotheses.models import (
    CYCLE as CYCLE_HALF_LIFE,
)
from forecast.study.hypotheses.nulls import NULL_KINDS
from forecast.study.hypotheses.outcome import LIMIT, Outcome, decide
from forecast.study.hypotheses.power import simulate_power
from forecast.study.hypotheses.power_tables import (
    POWER_TABLE,
    SIZE_TABLE,
    Rate,
    power_words,
    rates_of,
    would_decide,
)
from forecast.study.hypotheses.record import (
    PooledRecord,
    draw_placebo_eras,
    read_panel,
    turned_back,
)
from forecast.study.hypotheses.results import PooledVerdict
from forecast.study.hypotheses.run import dyad_result
from forecast.study.hypotheses.sensitivity import PRIOR_WIDTHS, engines_by_part, sensitivity
from forecast.study.hypotheses.simulate import PROCESSES, SimulatedProcess, enlarge, simulate
from scripts.simulate_power import SIZES as LARGER
from scripts.simulate_power import make_tables, write_table

CYCLE = {"step": 0.1, "cycle": (4.5, 1.0)}


def made(dyads=4, months=360, rate=2.0, eras=4, seed=1):
    """Return a record without cooperation yet."""
    rng = np.random.default_rng(seed)
    events = rng.poisson(rate, (dyads, months))
    events[:, [0, -1]] = 1
    begins = np.zeros((dyads, months), dtype=bool)
    begins[:, [months * (at + 1) // (eras + 1) for at in range(eras)]] = True
    names = ("USA-CHN", "USA-RUS", "CHN-RUS", "IND-PAK", "EGY-ISR", "GRC-TUR")[:dyads]
    volume = np.log1p(events) - np.log1p(rate)
    time = np.datetime64("1980-01", "M") + np.arange(months)
    first, stop = np.zeros(dyads, int), np.full(dyads, months)
    return PooledRecord(names, events, 0 * events, volume, begins, begins, first, stop, time)


def forced(trend, centre, force, size, keep, step2, rng):
    """Move particles of a trend by a month, under a force of the filter."""
    edge, sd = math.sqrt(likelihood.EDGE2), math.sqrt(step2)
    if force in (0, 3):
        y = trend - centre
        back = (
            y * np.minimum(forces.MAX_GROWING_MOVE, (1 - keep) * size * y**2) if force == 3 else 0.0
        )
        return centre + keep * y - back + sd * rng.standard_normal(trend.size)
    step = centre + keep * (trend - centre) if force == 2 else trend
    up = (centre + size - step) / math.hypot(edge, sd)  # a step is kept if it is below a soft edge
    hazard = np.exp(norm.logpdf(up) - norm.logcdf(up))
    mean, variance = (
        -step2 / math.hypot(edge, sd) * hazard,
        step2 - step2**2 / (edge**2 + step2) * hazard * (up + hazard),
    )
    if force == 2:
        down = (step - centre + size) / math.hypot(edge, sd)
        hazard = np.exp(norm.logpdf(down) - norm.logcdf(down))
        mean += step2 / math.hypot(edge, sd) * hazard
        variance -= step2**2 / (edge**2 + step2) * hazard * (down + hazard)
    return (
        step + mean + np.sqrt(np.maximum(variance, 0.1 * step2)) * rng.standard_normal(trend.size)
    )


def particles(record, point, count=30_000, seed=1):
    """Return the log-likelihood of every dyad by a particle filter."""
    at = {name: point[place] for name, place in inputs.COLUMN.items()}
    keep, decay, a, force = (
        at["retention"],
        at["cycle_retention"],
        at["concentration"],
        int(at["force"]),
    )
    rng, found = np.random.default_rng(seed), []
    for d in range(len(record.dyads)):
        mean = inputs.MEAN + math.sqrt(at["mean2"]) * rng.standard_normal(count)
        slope = at["volume"] + math.sqrt(at["volume2"]) * rng.standard_normal(count)
        trend = inputs.MEAN + math.sqrt(at["start2"]) * rng.standard_normal(count)
        cycle, total = math.sqrt(at["cycle2"]) * rng.standard_normal(count), 0.0
        start = trend.copy()
        for t in range(record.events.shape[1]):
            if t:
                centre = start if force == 1 else mean
                trend = forced(trend, centre, force, at["size"], keep, at["step2"], rng)
                cycle = decay * cycle + math.sqrt(
                    at["cycle2"] * (1 - decay**2)
                ) * rng.standard_normal(count)
            anchor = 0 if record.anchor is None else record.anchor[d, t]
            if record.begins[d, t]:
                trend = trend + math.sqrt(at["jump2"]) * rng.standard_normal(count)
            if anchor == inputs.SET_CEILING:
                start = trend.copy()
            n, k = record.events[d, t], record.cooperative[d, t]
            if not n:
                continue
            level = trend + cycle + slope * record.volume[d, t]
            share = 1 / (1 + np.exp(-(level + inputs.NOISE_SD * rng.standard_normal(count))))
            good, bad = np.maximum(a * share, 1e-12), np.maximum(a * (1 - share), 1e-12)
            log = gammaln(good + k) - gammaln(good) + gammaln(bad + n - k) - gammaln(bad)
            log += gammaln(a) - gammaln(a + n)
            weight = np.exp(log - log.max())
            total += log.max() + math.log(weight.mean())
            chosen = np.searchsorted(
                np.cumsum(weight), (np.arange(count) + rng.random()) / count * weight.sum()
            )
            chosen = np.minimum(chosen, count - 1)
            mean, slope, trend, cycle, start = (
                one[chosen] for one in (mean, slope, trend, cycle, start)
            )
        found.append(total)
    return np.array(found)


CEILING_ONLY = Model("", (STEP, CYCLE_SD, CYCLE_HALF_LIFE, HEADROOM), jump_sd=0.4)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (BOUNDED_CYCLE, [-1.7, 0.0, 1.3, 0.0, 2.5]),
        (GROWING_CYCLE, [-1.7, 0.0, 1.3, 4.0, 1.0, 2.5]),
        (CEILING_ONLY, [-1.7, 0.0, 1.3, -1.0, 2.5]),
    ],
)
def test_the_filter_has_the_likelihood_of_particles(model, values):
    record = simulate(made(3, 90), SimulatedProcess("", **CYCLE, trend_half_life=100.0), 3)
    ceilings = record.anchored(inputs.SET_CEILING, record.begins)
    record = ceilings if model is CEILING_ONLY else record.without_eras()
    (point,) = model.points(np.array([values]))
    found = likelihoods(record.steps, point[None])[0, :, 0]
    assert found == pytest.approx(particles(record, point), abs=0.3)


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (RETURN_CYCLE, [-2.0, 0.0, 1.3, 4.8, 2.5]),
        (BOUNDED_CYCLE, [-1.7, 0.0, 1.3, 0.0, 2.5]),
        (GROWING_CYCLE, [-1.7, 0.0, 1.3, 4.0, 1.0, 2.5]),
        (CEILING_ONLY, [-1.7, 0.0, 1.3, -1.0, 2.5]),
    ],
)
def test_neither_cores_nor_other_points_change_a_number(model, values):
    rng = np.random.default_rng(2)
    points = model.points(np.array(values) + 0.4 * rng.standard_normal((40, len(values))), 0.4)
    for rate in (0.3, 40.0):
        record = simulate(made(2, 60, rate), SimulatedProcess("", **CYCLE), 3)
        steps = record.anchored(inputs.SET_CEILING, record.begins).steps
        found, order = likelihoods(steps, points), rng.permutation(40)
        assert np.isfinite(found).all()
        assert np.array_equal(found, likelihoods(steps, points, 3))
        assert np.array_equal(found[order], likelihoods(steps, points[order]))
        for at in range(10):
            assert np.array_equal(found[[at]], likelihoods(steps, points[[at]]))


@pytest.mark.parametrize(("events", "cooperative"), [(60, 20), (30, 10), (1, 0), (41, 41)])
def test_counts_of_any_size_are_alike(events, cooperative):
    (point,) = WALK_CYCLE.points(np.array([[-2.0, 0.0, 1.3, 2.5]]))
    none, zero = np.zeros(1), np.zeros(1, dtype=int)
    month = inputs.FilterSteps(
        np.array([cooperative]),
        np.array([events]),
        none,
        none,
        zero,
        none,
        zero,
        none,
        none,
        np.array([0, 1]),
    )
    at = {name: point[place] for name, place in inputs.COLUMN.items()}
    sd, a = math.sqrt(at["start2"] + at["cycle2"] + inputs.NOISE_SD**2), at["concentration"]
    raw, weights = np.polynomial.hermite_e.hermegauss(block.NODES)
    share = 1 / (1 + np.exp(-(inputs.MEAN + sd * raw)))
    exact = gammaln(a * share + cooperative) - gammaln(a * share) + gammaln(a) - gammaln(a + events)
    exact += gammaln(a * (1 - share) + events - cooperative) - gammaln(a * (1 - share))
    found = likelihoods(month, point[None])[0, 0, 0]
    assert found == pytest.approx(np.log(weights / weights.sum() @ np.exp(exact)), abs=1e-4)


def test_a_profile_weighed_by_its_prior_is_the_evidence():
    steps = (
        simulate(made(3, 200), SimulatedProcess("", **CYCLE, trend_half_life=100.0), 3)
        .without_eras()
        .steps
    )
    found = evidence_of(RETURN_CYCLE, steps)
    grid = np.log(12.0 * np.array(RETURN_YEARS))
    weights = np.exp(-0.5 * ((grid - RETURN.mean) / RETURN.sd) ** 2)
    for mean_sd in (None, 2):
        profile = found.profile(RETURN, mean_sd=mean_sd)
        mean = np.log(np.average(np.exp(profile - profile.max()), weights=weights)) + profile.max()
        assert mean == pytest.approx(found.total(mean_sd=mean_sd), abs=1e-6)


def test_another_spread_of_means_is_that_of_another_prior():
    steps = simulate(made(4, 300), PROCESSES["return in 10 years + cycle"], 5).without_eras().steps
    points = RETURN_CYCLE.points(np.array([[-2.0, 0.0, 1.3, 4.8, 2.5]]))
    found = likelihoods(steps, points)
    for sd in (0.5, 2.0):
        points[:, 5] = sd**2
        direct = likelihoods(steps, points)[0, :, 0]
        assert with_mean_sd(found, sd)[0] == pytest.approx(direct, abs=0.3)


def test_evidence_is_the_integral_over_dyads_and_population():
    steps = simulate(made(3, 120), SimulatedProcess("", 0.2, 6.0), 3).without_eras().steps
    found = evidence_of(WALK, steps, quadrature=FINE_QUADRATURE).total()
    height, at = np.linspace(0.0, 3.5, 41), np.linspace(-4.6, -0.4, 141)
    grid = np.stack(np.meshgrid(at, height, indexing="ij"), -1).reshape(-1, 2)
    own = likelihoods(steps, WALK.points(grid))[..., 0]
    own = own.reshape(len(at), len(height), -1)
    top, total = own.max(axis=(0, 1)), 0.0
    for mean in np.linspace(STEP.mean - 4 * STEP.sd, STEP.mean + 4 * STEP.sd, 81):
        weight = np.exp(-0.5 * ((at - mean) / STEP.spread) ** 2)
        dyads = np.tensordot(weight / weight.sum(), np.exp(own - top), axes=(0, 0)).prod(axis=1)
        prior = np.exp(-0.5 * ((height - CONCENTRATION.mean) / CONCENTRATION.sd) ** 2)
        prior *= (height[1] - height[0]) / (CONCENTRATION.sd * math.sqrt(2 * math.pi))
        weight = 0.1 / math.sqrt(2 * math.pi) * math.exp(-0.5 * ((mean - STEP.mean) / STEP.sd) ** 2)
        total += (dyads * prior).sum() * weight
    assert found == pytest.approx(math.log(total) + top.sum(), abs=0.1)


RETURNING = SimulatedProcess("", 0.25, cycle=(3.0, 0.9), trend_half_life=60.0, mean_sd=0.5)
"""Trends that return in five years and have a cycle, and jump nowhere."""


LAPLACE = pytest.mark.parametrize("laplace", [True, pytest.param(False, marks=pytest.mark.slow)])
"""Laplace's approximation is ten times as fast; how near it is to the integral is tested by
itself."""


@pytest.fixture(scope="module", params=[True, pytest.param(False, marks=pytest.mark.slow)])
def returning(request):
    return Engine(simulate(made(6, 480), RETURNING, 2), placebos=10, cores=2, laplace=request.param)


def outcome_of(code, engine):
    return CLAIMS[code].test(engine)


def test_a_return_and_a_cycle_are_found_where_they_are(returning):
    outcome = outcome_of("S5b", returning)
    assert outcome.log_bayes_factor > 2.0 and outcome.least <= min(
        outcome.details["against"].values()
    )
    low, _, high = outcome.details["half_life_years"]
    assert (
        low < 1.25 * 5.0 and high > 5.0
    )  # the prior is around 15 years, and six dyads say little against it
    by_spread = list(outcome.details["by_spread_of_means"].values())
    assert min(by_spread) < outcome.log_bayes_factor < max(by_spread)
    in_range = outcome_of("S8", returning)
    # A range is by reversion or by bounds, each as likely before the data: it loses at most log 2
    # to reversion.
    against = outcome.details["against_least"]
    rivals = min(value for name, value in against.items() if name != "a walk between bounds")
    assert in_range.least >= rivals - math.log(2.0) - 1e-9
    assert in_range.details["passage_years"] > 0.0


def test_a_cycle_is_found_with_its_half_life():
    found = outcome_of(
        "S5a",
        Engine(simulate(made(6, 480), SimulatedProcess("", 0.12, cycle=(3.0, 0.9)), 2), cores=2),
    )
    assert found.answer == "supported"
    assert found.details["half_life_months"][0] < 3.0 < found.details["half_life_months"][2]
    assert found.without_dyad[1] == pytest.approx(found.least - max(found.dyads.values()))
    assert found.details["probability_news"] < 0.5 < found.log_bayes_factor


@pytest.mark.slow
def test_every_claim_is_tested_with_other_priors_on_parts_of_the_record_and_ahead_of_it():
    record = made(4, 600, rate=3.0)
    visits = np.random.default_rng(3).random(record.events.shape) < 0.1
    record = replace(record, visits=visits, events=np.maximum(record.events, visits))
    process = SimulatedProcess("", 0.2, cycle=(3.0, 0.7), trend_half_life=48.0, jump_sd=0.6)
    engine = Engine(simulate(record, process, 2), placebos=10, cores=2)
    parts = engines_by_part(engine)
    claims = [one for one in CLAIMS.values() if one.usual and one.ahead]
    assert (
        len(claims) == len(CLAIMS) - 3
    )  # not S5c and S12, which are tested only if they are named, nor what no data can answer
    for claim in claims:
        found = sensitivity(claim, engine, parts)
        assert set(found["priors"]) == set(PRIOR_WIDTHS) and len(found["parts"]) == 4, claim.code
        for one in (*found["priors"].values(), *found["parts"].values()):
            assert one.least <= one.most and one.answer in ("supported", "rejected", "undecided"), (
                claim.code
            )
        half, twice = (found["priors"][name].log_bayes_factor for name in PRIOR_WIDTHS)
        usual = claim.test(replace(engine, brief=True)).log_bayes_factor
        assert abs(half - usual) + abs(twice - usual) > 1e-3, claim.code
        assert found["windows"] and all(error > 0.0 for _, error in found["windows"].values()), (
            claim.code
        )


def test_parts_of_the_dyads_are_decided_by_their_evidence_alone(returning):
    engine = replace(returning, brief=True)
    for code in ("S5b", "S2"):
        whole, some = (
            outcome_of(code, replace(engine, selected=only)).least for only in (None, (0, 2, 3))
        )
        assert whole == outcome_of(code, engine).least != some


def test_a_part_of_the_record_has_the_events_and_eras_in_it():
    record = simulate(made(3, 400), SimulatedProcess("", **CYCLE), 2)
    first, second = record.between(0, 150), record.between(150, 400)
    assert (first.events + second.events == record.events).all()
    assert first.eras + second.eras == record.eras
    assert first.stop.max() <= 150 <= second.first.min()
    late = replace(
        record, events=np.where(np.arange(400) < np.array([[0], [0], [200]]), 0, record.events)
    )
    early = late.between(0, 150)  # the third dyad has no event in it
    assert not early.begins[2].any()
    found = likelihoods(early.steps, WALK.points(np.array([[-2.0, 1.8]])))[0, :, 0]
    assert found[2] == 0.0 and (found[:2] < 0.0).all()


def test_how_far_a_dyad_turned_back_is_read_off_its_decades():
    record = made(3, 480)
    decade = record.time.astype("datetime64[Y]").astype(int) // 10
    decade -= decade[0]
    shares = np.array([[0.2, 0.8, 0.3, 0.3], [0.1, 0.3, 0.6, 0.9], [0.5, 0.5, 0.5, 0.5]])[:, decade]
    many = np.full(record.events.shape, 100)
    found = turned_back(replace(record, events=many, cooperative=(100 * shares).astype(int)))
    assert found == pytest.approx([50.0, 0.0, 0.0], abs=1.1)


def test_an_answer_needs_every_rival_and_every_spread():
    assert decide(2.4, 9.0) == "supported"
    assert decide(2.2, 9.0) == "undecided"
    assert decide(-9.0, -2.4) == "rejected"
    assert decide(-9.0, -2.2) == "undecided"


def test_more_nodes_change_little_and_laplace_not_much():
    usual = Engine(simulate(made(4, 240), RETURNING, 2), cores=2)

    def factors(**choices):
        engine = replace(usual, brief=True, evidences={}, modes=usual.modes, **choices)
        walk, cycle, reverting = (
            engine.evidence(one).total() for one in (WALK, WALK_CYCLE, RETURN_CYCLE)
        )
        return np.array([cycle - walk, reverting - cycle])

    found = factors()
    assert factors(quadrature=FINE_QUADRATURE) == pytest.approx(found, abs=0.4)
    assert factors(laplace=True) == pytest.approx(found, abs=2.0, rel=0.15)


@LAPLACE
def test_a_walk_has_no_return_no_range_and_no_cycle(laplace):
    engine = Engine(
        simulate(made(6, 480), SimulatedProcess("", 0.2, 8.0), 2),
        brief=True,
        cores=2,
        laplace=laplace,
    )
    for code in ("S5a", "S5b", "S8"):
        assert outcome_of(code, engine).answer != "supported"


@LAPLACE
def test_a_bounded_walk_keeps_to_a_range_and_is_not_called_reversion(laplace):
    process = SimulatedProcess("", 0.2, cycle=(3.0, 0.6), bound=1.2)  # within the prior of the step
    engine = Engine(
        simulate(made(6, 600, rate=4.0), process, 2), brief=True, cores=2, laplace=laplace
    )
    reverting, in_range = outcome_of("S5b", engine), outcome_of("S8", engine)
    against = in_range.details["against"]
    assert min(value for name, value in against.items() if "long memory" not in name) > LIMIT
    assert in_range.answer != "supported"  # On six dyads long memory with a cycle looks alike
    assert reverting.answer != "supported" and reverting.least < in_range.least
    low, _, high = in_range.details["bound"]
    assert low < 1.2 < high


@LAPLACE
def test_jumps_are_found_where_eras_begin_and_not_elsewhere(laplace):
    record, process = made(6, 480, rate=4.0), SimulatedProcess("", 0.05, cycle=(3.0, 0.6))
    there = outcome_of(
        "S2",
        Engine(simulate(record, replace(process, jump_sd=1.5), 2), placebos=40, laplace=laplace),
    )
    assert there.answer == "supported" and there.details["jump_sd"] > 0.5
    assert max(there.details["placebos_as_good"].values()) <= 0.05
    absent = outcome_of(
        "S2", Engine(simulate(record, process, 2), placebos=40, brief=True, laplace=laplace)
    )
    assert absent.answer != "supported" and absent.least < there.least


def test_a_low_ceiling_by_the_framework_is_found():
    record = made(6, 600, rate=4.0, eras=6)
    process = SimulatedProcess(
        "", 0.25, cycle=(3.0, 0.5), trend_half_life=240.0, jump_sd=0.8, headroom=0.2
    )
    there = outcome_of("S4", Engine(simulate(record, process, 2), brief=True, cores=2))
    absent = outcome_of(
        "S4", Engine(simulate(record, replace(process, headroom=None), 2), brief=True, cores=2)
    )
    assert there.details["against"]["no ceiling"] > 2.0 > absent.details["against"]["no ceiling"]
    assert there.details["headroom"][1] < absent.details["headroom"][1]


def test_ceilings_at_months_that_the_record_suggests_pay_for_their_choice():
    """Random months of a record without ceilings are as good as those that it suggests, once these are paid for."""
    record = simulate(
        made(6, 600, rate=4.0),
        SimulatedProcess("", 0.15, cycle=(3.0, 0.5), trend_half_life=120.0),
        2,
    )
    against = outcome_of("S4", Engine(record, brief=True, cores=2)).details["against"]
    assert (
        abs(against["ceilings where the record breaks most"] - against["ceilings every ten years"])
        < 4.0
    )
    again = outcome_of("S4", Engine(record, brief=True, cores=2, seed=7)).details["against"]
    name = "ceilings where the record breaks most"
    assert again[name] == pytest.approx(against[name], abs=0.7)


def test_larger_records_have_more_dyads_and_more_events():
    record = made(3, 480)
    larger = enlarge(record, 2, 4)
    assert len(set(larger.dyads)) == 6 and larger.eras == 2 * record.eras
    assert larger.events.sum() == pytest.approx(8 * record.events.sum(), rel=0.05)
    assert (larger.first == np.tile(record.first, 2)).all() and (larger.events >= 0).all()
    same = simulate(enlarge(record, 1, 1), PROCESSES["walk"], 3)
    assert (same.cooperative == simulate(record, PROCESSES["walk"], 3).cooperative).all()


def test_chosen_dyads_turned_back_more_than_others():
    record = made(6, 720, rate=4.0)
    process = next(one for one in PROCESSES.values() if one.chosen == "turned")
    chosen, any_ = (
        turned_back(simulate(record, one, 3)) for one in (process, replace(process, chosen=""))
    )
    stayed = turned_back(simulate(record, replace(process, chosen="stayed"), 3))
    assert chosen.mean() > any_.mean() > stayed.mean()


def test_dyads_of_a_state_share_shocks_of_trend_and_cycle():
    record = made(3, 3000, rate=200.0)  # USA-CHN, USA-RUS and CHN-RUS have a state in common each
    alone = SimulatedProcess("", 1e-6, concentration=500.0, cycle=(2.0, 1.0), mean_sd=0.0)
    shared = replace(alone, shared_cycle=0.8)
    correlations = []
    for process in (alone, shared):
        simulated = simulate(record, process, 3)
        share = (simulated.cooperative + 0.5) / (simulated.events + 1.0)
        log_odds = np.log(share / (1.0 - share))
        correlations.append(np.corrcoef(log_odds)[np.triu_indices(3, 1)])
    assert np.abs(correlations[0]).max() < 0.1
    assert correlations[1] == pytest.approx([0.4] * 3, abs=0.1)


def test_growing_reversion_is_told_from_a_linear_one():
    record = made(6, 600, rate=6.0)
    linear = SimulatedProcess("", 0.3, cycle=(3.0, 0.4), trend_half_life=60.0)
    growing = SimulatedProcess("", 0.3, cycle=(3.0, 0.4), trend_half_life=400.0, growth=15.0)
    found = [
        outcome_of("S6", Engine(simulate(record, one, 2), brief=True, cores=2))
        for one in (linear, growing)
    ]
    assert found[0].log_bayes_factor < found[1].log_bayes_factor
    assert found[0].answer != "supported"


def test_an_effect_of_visits_is_found_with_its_size():
    record = made(6, 480, rate=4.0)
    visits = np.random.default_rng(3).random(record.events.shape) < 0.15
    record = replace(record, visits=visits, events=np.maximum(record.events, visits))
    process = SimulatedProcess("", 0.1, cycle=(4.0, 0.7), visit=0.5)
    there = outcome_of("S10", Engine(simulate(record, process, 2), brief=True))
    mean, sd = there.details["effect_points"]
    assert there.answer == "supported" and mean == pytest.approx(12.5, abs=3 * sd)
    absent = outcome_of("S10", Engine(simulate(record, replace(process, visit=0.0), 2), brief=True))
    assert absent.answer != "supported"
    assert 0.0 < absent.details["smallest_found_points"] < 12.5


def test_what_an_effect_must_be_to_be_found_is_where_its_factor_reaches_the_limit():
    error, limit = 0.06, 2.3
    found = Effect(-0.5 * (SIZES[:, None] / error) ** 2).smallest_detected(limit) / 25.0
    shifted = Effect(-0.5 * ((SIZES[:, None] - found) / error) ** 2)
    assert shifted.factor() == pytest.approx(limit, abs=0.05)


def test_one_dyad_is_read_off_the_hierarchy():
    engine = Engine(
        simulate(
            made(5, 480),
            SimulatedProcess("", 0.25, cycle=(3.0, 0.9), trend_half_life=36.0, mean_sd=0.5),
            2,
        )
    )
    found = dyad_result(engine, "CHN-RUS", {"S5b": 0.3})
    cycle, trend = found.rows
    assert cycle["low"] < 3.0 < cycle["high"] and trend["low"] < cycle["high"]
    for row in found.rows:
        assert row["low"] < row["median"] < row["high"]
        assert row["high"] / row["low"] < row["prior_high"] / row["prior_low"]


def test_placebos_are_as_many_and_lie_elsewhere():
    record = simulate(made(4, 480), SimulatedProcess("", **CYCLE), 2)
    for kind, sets in draw_placebo_eras(record, 5, seed=1).items():
        for begins in sets:
            assert 0 < begins.sum() <= record.eras
            if kind == "equally busy":
                assert not (begins & record.begins).any()


@pytest.fixture(scope="module")
def events():
    return read_chronology(dyads=["USA-CHN", "USA-IRN", "CHN-JPN"])


def test_the_embedded_record_is_read_whole():
    table = read_chronology()
    panel = build_panel(table)
    record = read_panel(panel, visits_of(table, panel))
    assert record.events.sum() == panel["counts"].sum()
    assert (len(record.dyads), record.eras) == (15, 85)
    assert record.steps.events.sum() == record.events.sum()
    assert (
        record.visits.sum() > 0
        and (record.visits & (record.events == 0)).sum() < 0.02 * record.visits.sum()
    )
    kinds = dict(record.by_kind())
    assert (kinds["depth of cooperation"].events == record.cooperative).all()
    assert (kinds["severity of conflict"].events == record.events - record.cooperative).all()
    calendar = CLAIMS["S12"].test(Engine(record, brief=True))
    assert "summit" in calendar.details["effects_points"]


def test_what_cannot_be_pooled_is_refused(events):
    none = pd.DataFrame(
        {"dyad": [], "era": [], "start": [], "recognised_at": [], "name": [], "reference": []}
    )
    refused = {
        "need 2 dyads at least": (DataError, {"dyads": ["USA-CHN"]}, {}),
        "S5b: .* have fewer than 240 months": (
            DataError,
            {"as_of": "1965-01-01"},
            {"claims": ("S5b",)},
        ),
        "have fewer than 96 months": (DataError, {"as_of": "1953-01-01"}, {"claims": ("S5a",)}),
        "has weeks": (DataError, {"frequency": "week"}, {}),
        "S2: no dyad has an era": (DataError, {"eras": none}, {"claims": ("S2",)}),
        "S10: visits are found among single events": (DataError, {}, {"claims": ("S10",)}),
        "S99 cannot be tested; choose among": (SpecError, {}, {"claims": ("S99",)}),
        "the data have no 'USA-CUB'": (SpecError, {}, {"dyad": "USA-CUB"}),
    }
    for words, (error, options, asked) in refused.items():
        with pytest.raises(error, match=words):
            pooled_tests(build_panel(events, **options), **asked)


def test_a_claim_is_tested_on_the_dyads_that_are_long_enough_for_it(monkeypatch, events):
    panel = build_panel(events)  # in place of which another record is read
    lengths = {"USA-CHN": 300, "USA-RUS": 240, "CHN-RUS": 120, "IND-PAK": 90}
    record = replace(made(4, 300), stop=np.array(list(lengths.values())))
    assert record.spans == lengths
    assert (
        record.with_min_months(240).dyads == ("USA-CHN", "USA-RUS")
        and record.with_min_months(1) is record
    )
    assert (record.with_min_months(240).events == record.events[:2]).all() and len(
        record.with_min_months(240).time
    ) == 300
    monkeypatch.setattr("forecast.study.hypotheses.run.read_panel", lambda *_: record)
    asked = []

    def verdict(claim, engines, _):
        asked.append((claim.code, engines.fine.record.dyads))
        return PooledVerdict(claim.code, "", "", Outcome(0.0, "undecided", ()), 0.0, (), 2.3)

    monkeypatch.setattr("forecast.study.hypotheses.run._verdict", verdict)
    results = pooled_tests(panel, claims=("S5a", "S8"))
    assert asked == [("S5a", ("USA-CHN", "USA-RUS", "CHN-RUS")), ("S8", ("USA-CHN", "USA-RUS"))]
    assert results.dyads == ("USA-CHN", "USA-RUS", "CHN-RUS")
    assert results.notes == (
        "S5a: without dyads that are too short; IND-PAK (90) have fewer than 96 months from first event to last.",
        "S8: without dyads that are too short; CHN-RUS (120) and IND-PAK (90) have fewer than 240 months from first "
        "event to last.",
    )
    with pytest.raises(SpecError, match="IND-PAK is too short for all of S5a and S8"):
        pooled_tests(panel, claims=("S5a", "S8"), dyad="IND-PAK")


def three_indices():
    """Values of three dyads, each a walk with a cycle around it."""
    rng, months = np.random.default_rng(4), 300
    walk = np.cumsum(0.3 * rng.standard_normal((3, months)), axis=1)
    cycle = lfilter([1.0], [1.0, -0.75], 0.6 * rng.standard_normal((3, months)), axis=1)
    time = pd.date_range("1990-01-01", periods=months, freq="MS")
    names = ("USA-CHN", "USA-RUS", "CHN-RUS")
    frame = pd.concat(
        [
            pd.DataFrame({"dyad": name, "time": time, "value": one})
            for name, one in zip(names, walk + cycle, strict=True)
        ]
    )
    return build_index_panel(frame)


def test_an_index_has_its_exact_likelihood():
    months = 300
    record = read_panel(three_indices())
    assert record.value.std(axis=1) == pytest.approx(np.ones(3))
    (point,) = WALK.points(np.array([[-1.5, 1.2]]))
    at = {name: point[place] for name, place in inputs.COLUMN.items()}
    steps = np.arange(months)
    covariance = (
        at["start2"]
        + at["step2"] * np.minimum.outer(steps, steps)
        + np.eye(months) / at["concentration"]
    )
    exact = [
        multivariate_normal(np.full(months, inputs.MEAN), covariance).logpdf(one)
        for one in record.value
    ]
    found = likelihoods(record.without_eras().steps, point[None])[0, :, 0]
    assert found == pytest.approx(exact, abs=1e-6)


def test_an_index_has_neither_kinds_nor_a_table_of_power():
    panel = three_indices()
    with pytest.raises(DataError, match="S4: an index has no kinds"):
        pooled_tests(panel, claims=("S4",))
    with pytest.raises(DataError, match="power is simulated for counts"):
        simulate_power(panel)


@pytest.mark.slow  # long memory of an index takes a minute
def test_a_cycle_of_an_index_stands_out_from_all_but_long_memory():
    results = pooled_tests(three_indices(), claims=("S5a",))
    outcome = results["S5a"].outcome
    against = outcome.details["against"]
    assert min(value for name, value in against.items() if name != "long memory") > LIMIT
    assert outcome.answer == "undecided"  # On three dyads long memory alone looks alike


@pytest.mark.slow  # three claims under other priors and on parts of the record take a minute
def test_results_are_words_and_json(events):
    panel = build_panel(events)
    results = pooled_tests(
        panel, events=events, claims=("S5a", "S7", "S10"), dyad="USA-CHN", cores=2
    )
    assert [one.code for one in results.verdicts] == ["S5a", "S7", "S10"]
    written = json.loads(json.dumps(plain(results.to_dict())))
    fading, contrast, visiting = written["claims"]
    assert (
        fading["answer"] in ("supported", "undecided", "rejected")
        and fading["integration_error"] < 0.5
    )
    assert set(fading["dyads"]) == {"USA-CHN", "USA-IRN", "CHN-JPN"}
    assert (
        contrast["answer"] == "cannot be tested"
        and contrast["least"] is None
        and not contrast["priors"]
    )
    for one in (fading, visiting):
        assert (
            set(one["priors"]) == set(PRIOR_WIDTHS) and len(one["parts"]) == 2
        )  # three dyads are too few to be split
        failing = {
            name
            for name, part in {**one["priors"], **one["parts"]}.items()
            if part["answer"] != one["answer"]
        }
        assert failing - {
            name for name, part in one["parts"].items() if part["answer"] == "cannot be tested"
        } <= (set(one["exceptions"]) if one["answer"] != "undecided" else failing)
    assert set(written["turned_back"]) == set(written["dyads"])
    assert written["own"]["dyad"] == "USA-CHN" and "S5a" in written["own"]["evidence"]
    text = " ".join(results.lines())
    for words in (
        "Do events stay alike for a quarter?",
        "Cannot be tested",
        "USA-CHN within the hierarchy",
        "half",
    ):
        assert words in text
    assert len(results.lines()) < 30


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--claims", "S99"), "cannot be tested; choose among"),
        (("--with", "USA-CHN"), "need 2 dyads at least"),
        (
            ("--as-of", "1960-01", "--with", "USA-CHN,USA-RUS", "--claims", "S5b"),
            "have fewer than 240 months",
        ),
        (("--frequency", "week"), "has weeks"),
    ],
)
def test_the_command_says_what_is_needed_before_any_work(options, words):
    result = CliRunner().invoke(app, ["test", *options])
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_power_is_simulated_continues_and_does_not_depend_on_cores(tmp_path, monkeypatch):
    monkeypatch.setattr("forecast.study.hypotheses.power.LIMIT_SETS", 2)
    events = read_chronology(dyads=["USA-IRN", "CHN-JPN"])
    panel, asked = (
        build_panel(events),
        {"claims": ("S5a",), "processes": ("walk", "walk + cycle"), "seed": 3},
    )
    kept = tmp_path / "power.jsonl"
    one = simulate_power(panel, sets=1, checkpoint=kept, **asked)
    two = simulate_power(panel, sets=2, checkpoint=kept, **asked)
    assert two == simulate_power(panel, sets=2, cores=2, **asked)
    assert {rate.truth: rate.true for rate in two["S5a"]} == {"walk": False, "walk + cycle": True}
    assert all(
        a.supported <= b.supported <= a.supported + 1
        for a, b in zip(one["S5a"], two["S5a"], strict=True)
    )
    with pytest.raises(SpecError, match="another record"):
        simulate_power(panel, sets=1, checkpoint=kept, **{**asked, "seed": 4})
    with pytest.raises(SpecError, match="choose among"):
        simulate_power(panel, processes=("a swing",))


@pytest.mark.slow
def test_both_tables_of_power_are_made_by_one_call(tmp_path, monkeypatch):
    monkeypatch.setattr("forecast.study.hypotheses.power.LIMIT_SETS", 1)
    events = read_chronology(dyads=["USA-CHN", "USA-RUS"])
    tables = tmp_path / "power.csv", tmp_path / "sizes.csv"
    make_tables(
        build_panel(events),
        events,
        tmp_path / "checkpoint.jsonl",
        cores=2,
        sets=1,
        size_sets=1,
        tables=tables,
    )
    rows, sizes = (list(csv.DictReader(path.read_text("utf-8").splitlines())) for path in tables)
    told = {code for one in PROCESSES.values() for code in one.claims}
    asked = {(code, name) for name, one in PROCESSES.items() for code in one.claims}
    asked |= {(code, name) for name in NULL_KINDS for code in told}
    assert {(row["claim"], row["truth"]) for row in rows} == asked
    asked = {
        (code, name, 2 * dyads, events)
        for name, one in PROCESSES.items()
        for code in one.claims_by_size
        for dyads, events in LARGER
    }
    assert {
        (row["claim"], row["truth"], int(row["dyads"]), int(row["events"])) for row in sizes
    } == asked


def test_an_undecided_claim_says_which_data_would_decide():
    embedded = [
        Rate("a walk", False, 100, 1, 60, dyads=15),
        Rate("a return", True, 100, 17, 0, dyads=15),
    ]
    larger = [
        Rate("a return", True, 40, n, 0, dyads=30 * at, events=at) for at, n in ((1, 20), (2, 36))
    ]
    said = would_decide(embedded, larger)
    assert (
        "15 dyads 17 of 100; 30 dyads 20 of 40; 60 dyads with 2 times the events 36 of 40" in said
    )
    assert "8 points" in said and said.endswith(
        "60 dyads with 2 times the events would decide it in four of five."
    )
    assert would_decide(embedded, larger[:1]).endswith("None of these sizes would decide it.")
    assert (
        "(a return), 17 of 100" in would_decide(embedded, [])
        and would_decide(embedded[:1], []) == ""
    )


@pytest.mark.parametrize("table", [POWER_TABLE, SIZE_TABLE])
def test_the_power_tables_have_known_truths_and_come_back(tmp_path, table):
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        process = PROCESSES.get(row["truth"])
        if process is None:
            assert row["truth"] in NULL_KINDS and table == POWER_TABLE
            continue
        assert row["claim"] in (process.claims if table == POWER_TABLE else process.claims_by_size)
        assert int(row["supported"]) + int(row["rejected"]) <= int(row["sets"])
        assert float(row["least"]) <= float(row["most"])
        assert (row["true"] == "yes") is process.follows(row["claim"])
    codes = list(dict.fromkeys(row["claim"] for row in rows))
    write_table({code: rates_of(code, table) for code in codes}, tmp_path / "power.csv")
    assert list(csv.DictReader((tmp_path / "power.csv").read_text("utf-8").splitlines())) == rows


def test_the_power_table_is_quoted():
    for code in CLAIMS:
        if rates := rates_of(code):
            assert {rate.true for rate in rates} == {True, False}
            assert "false alarms" in power_words(rates)
