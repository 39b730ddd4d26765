"""Pooled tests: filter and quadrature against exact ones, recovery of known truths, and what is refused."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import norm
from typer.testing import CliRunner

from forecast import build_panel, pooled_tests, read_chronology
from forecast.cli import app
from forecast.errors import DataError, SpecError
from forecast.hypotheses.pooled import filter as pooled_filter
from forecast.hypotheses.pooled.claims import CLAIMS
from forecast.hypotheses.pooled.engine import Engine
from forecast.hypotheses.pooled.evidence import FINER, evidence_of, with_mean_sd
from forecast.hypotheses.pooled.models import (
    BOUNDED_CYCLE,
    CONCENTRATION,
    CYCLE as CYCLE_HALF_LIFE,
    CYCLE_SD,
    GROWING_CYCLE,
    HEADROOM,
    RETURN_CYCLE,
    SOURCES_CYCLE,
    STEP,
    WALK,
    WALK_CYCLE,
    Model,
)
from forecast.hypotheses.pooled.record import Record, placebo_sets, read_panel
from forecast.hypotheses.pooled.power import POWER_TABLE, rates_of
from forecast.hypotheses.pooled.simulate import TRUTHS, Truth, simulate
from forecast.hypotheses.pooled.run import power_lines

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
    return Record(names, events, 0 * events, volume, begins, np.zeros(dyads, int), np.full(dyads, months), time)


def forced(trend, centre, force, size, keep, step2, rng):
    """Move particles of a trend by a month, under a force of the filter."""
    edge, sd = math.sqrt(pooled_filter.EDGE2), math.sqrt(step2)
    if force in (0, 3):
        y = trend - centre
        pull = y * np.minimum(pooled_filter.STRONGEST, (1 - keep) * size * y**2) if force == 3 else 0.0
        return centre + keep * y - pull + sd * rng.standard_normal(trend.size)
    step = centre + keep * (trend - centre) if force == 2 else trend
    up = (centre + size - step) / math.hypot(edge, sd)  # a step is kept if it is below a soft edge
    hazard = np.exp(norm.logpdf(up) - norm.logcdf(up))
    mean, variance = -step2 / math.hypot(edge, sd) * hazard, step2 - step2**2 / (edge**2 + step2) * hazard * (up + hazard)
    if force == 2:
        down = (step - centre + size) / math.hypot(edge, sd)
        hazard = np.exp(norm.logpdf(down) - norm.logcdf(down))
        mean += step2 / math.hypot(edge, sd) * hazard
        variance -= step2**2 / (edge**2 + step2) * hazard * (down + hazard)
    return step + mean + np.sqrt(np.maximum(variance, 0.1 * step2)) * rng.standard_normal(trend.size)


def particles(record, point, count=60_000, seed=1):
    """Return the log-likelihood of every dyad by a particle filter."""
    at = {name: point[place] for name, place in pooled_filter.COLUMN.items()}
    keep, decay, a, force = at["keep"], at["cycle_keep"], at["concentration"], int(at["force"])
    rng, found = np.random.default_rng(seed), []
    for d in range(len(record.dyads)):
        mean = pooled_filter.MEAN + math.sqrt(at["mean2"]) * rng.standard_normal(count)
        slope = at["volume"] + math.sqrt(at["volume2"]) * rng.standard_normal(count)
        trend = pooled_filter.MEAN + math.sqrt(at["start2"]) * rng.standard_normal(count)
        offset = math.sqrt(at["offset2"]) * rng.standard_normal(count)
        cycle, total = math.sqrt(at["cycle2"]) * rng.standard_normal(count), 0.0
        start = trend.copy()
        for t in range(record.events.shape[1]):
            if t:
                centre = start if force == 1 else mean
                trend = forced(trend, centre, force, at["size"], keep, at["step2"], rng)
                cycle = decay * cycle + math.sqrt(at["cycle2"] * (1 - decay**2)) * rng.standard_normal(count)
            anchor = 0 if record.anchor is None else record.anchor[d, t]
            if record.begins[d, t]:
                trend = trend + math.sqrt(at["jump2"]) * rng.standard_normal(count)
            if anchor == pooled_filter.SET_CEILING:
                start = trend.copy()
            elif anchor == pooled_filter.NEW_SOURCE:
                offset = math.sqrt(at["offset2"]) * rng.standard_normal(count)
            elif anchor == pooled_filter.NEW_MEAN:
                mean = pooled_filter.MEAN + math.sqrt(at["mean2"]) * rng.standard_normal(count)
            n, k = record.events[d, t], record.cooperative[d, t]
            if not n:
                continue
            level = trend + cycle + slope * record.volume[d, t] + offset
            share = 1 / (1 + np.exp(-(level + pooled_filter.NOISE_SD * rng.standard_normal(count))))
            good, bad = np.maximum(a * share, 1e-12), np.maximum(a * (1 - share), 1e-12)
            log = gammaln(good + k) - gammaln(good) + gammaln(bad + n - k) - gammaln(bad)
            log += gammaln(a) - gammaln(a + n)
            weight = np.exp(log - log.max())
            total += log.max() + math.log(weight.mean())
            chosen = np.searchsorted(np.cumsum(weight), (np.arange(count) + rng.random()) / count * weight.sum())
            chosen = np.minimum(chosen, count - 1)
            mean, slope, trend, cycle, offset, start = (
                one[chosen] for one in (mean, slope, trend, cycle, offset, start)
            )
        found.append(total)
    return np.array(found)


CEILING_ONLY = Model("", (STEP, CYCLE_SD, CYCLE_HALF_LIFE, HEADROOM), jump_sd=0.4)


@pytest.mark.parametrize(("model", "values"), [
    (WALK, [-2.0, 1.8]), (WALK_CYCLE, [-2.3, 0.0, 1.5, 2.5]), (RETURN_CYCLE, [-2.0, 0.0, 1.3, 4.8, 2.5]),
    (BOUNDED_CYCLE, [-1.7, 0.0, 1.3, 0.0, 2.5]), (GROWING_CYCLE, [-1.7, 0.0, 1.3, 4.0, 1.0, 2.5]),
    (CEILING_ONLY, [-1.7, 0.0, 1.3, -1.0, 2.5]), (SOURCES_CYCLE, [-2.0, 0.0, 1.3, -0.5, 2.5]),
    (replace(RETURN_CYCLE, jump_sd=0.4), [-2.0, 0.0, 1.3, 4.8, 2.5]),
])  # fmt: skip
def test_the_filter_has_the_likelihood_of_particles(model, values):
    record = simulate(made(3, 90), Truth("", **CYCLE, trend_half_life=100.0), 3)
    anchor = {CEILING_ONLY: pooled_filter.SET_CEILING, SOURCES_CYCLE: pooled_filter.NEW_SOURCE}.get(model)
    record = record if anchor is None else record.anchored(anchor, record.begins)
    if not model.jump_sd:
        record = record.without_eras()
    (point,) = model.points(np.array([values]))
    found = pooled_filter.likelihoods(record.steps, point[None])[0, :, 0]
    assert found == pytest.approx(particles(record, point), abs=0.3)


def test_cores_change_no_number_and_counts_of_any_size_are_alike(monkeypatch):
    record = simulate(made(3, 60, rate=20.0), Truth("", **CYCLE), 3)
    points = np.repeat(RETURN_CYCLE.points(np.array([[-2.0, 0.0, 1.3, 4.8, 2.5]])), 40, axis=0)
    points[:, 1] *= np.linspace(0.5, 2.0, 40)
    one = pooled_filter.likelihoods(record.steps, points)
    assert np.array_equal(one, pooled_filter.likelihoods(record.steps, points, 3))
    n, k, a = 60, 20, 13.0
    nodes, weights = pooled_filter._NODES, pooled_filter._WEIGHTS
    for events, cooperative in ((n, k), (30, 10)):
        lik, good, bad = (np.empty(nodes.size) for _ in range(3))
        log = pooled_filter._weigh(
            cooperative, events, 0.3, 1.1, a, nodes, weights, pooled_filter._LOGISTIC, lik, good, bad
        )  # fmt: skip
        share = 1 / (1 + np.exp(-(0.3 + 1.1 * nodes)))
        exact = gammaln(a * share + cooperative) - gammaln(a * share) + gammaln(a) - gammaln(a + events)
        exact += gammaln(a * (1 - share) + events - cooperative) - gammaln(a * (1 - share))
        assert np.log(lik) + log == pytest.approx(np.log(weights) + exact, abs=1e-4)


def test_another_spread_of_means_is_that_of_another_prior():
    steps = simulate(made(4, 300), TRUTHS["return in 10 years + cycle"], 5).without_eras().steps
    points = RETURN_CYCLE.points(np.array([[-2.0, 0.0, 1.3, 4.8, 2.5]]))
    found = pooled_filter.likelihoods(steps, points)
    for sd in (0.5, 2.0):
        points[:, 5] = sd**2
        direct = pooled_filter.likelihoods(steps, points)[0, :, 0]
        assert with_mean_sd(found, sd)[0] == pytest.approx(direct, abs=0.3)


def test_evidence_is_the_integral_over_dyads_and_population():
    steps = simulate(made(3, 120), Truth("", 0.2, 6.0), 3).without_eras().steps
    found = evidence_of(WALK, steps, finesse=FINER).total()
    height, at = np.linspace(0.0, 3.5, 41), np.linspace(-4.6, -0.4, 141)
    grid = np.stack(np.meshgrid(at, height, indexing="ij"), -1).reshape(-1, 2)
    own = pooled_filter.likelihoods(steps, WALK.points(grid))[..., 0]
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


@pytest.fixture(scope="module")
def returning():
    """A record set whose trends return in three years and have a cycle, and jump nowhere."""
    truth = Truth("", 0.25, cycle=(3.0, 0.9), trend_half_life=36.0, mean_sd=0.5)
    return Engine(simulate(made(6, 480), truth, 2), placebos=10)


def test_a_return_and_a_cycle_are_found_where_they_are(returning):
    outcome = TESTS["S5b"](returning)
    assert outcome.log_bayes_factor > 2.0
    low, _, high = outcome.details["half_life_years"]
    assert low < 1.25 * 3.0 and high > 3.0  # the prior is around ten years, and six dyads say little against it
    by_spread = list(outcome.details["by_spread_of_means"].values())
    assert min(by_spread) < outcome.log_bayes_factor < max(by_spread)
    fading = TESTS["S5a"](returning)
    assert fading.answer == "supported"
    assert fading.details["half_life_months"][0] < 3.0 < fading.details["half_life_months"][2]
    assert fading.without_dyad[1] < fading.log_bayes_factor
    assert fading.without_dyad[1] == pytest.approx(fading.log_bayes_factor - max(fading.dyads.values()))


def test_more_nodes_change_little(returning):
    finer = replace(returning, finesse=FINER, kept={})
    for code in ("S5a", "S5b"):
        assert TESTS[code](finer).log_bayes_factor == pytest.approx(TESTS[code](returning).log_bayes_factor, abs=0.4)


def test_a_walk_has_no_return_and_no_cycle():
    engine = Engine(simulate(made(6, 480), Truth("", 0.2, 8.0), 2))
    assert TESTS["S5a"](engine).answer != "supported"
    assert TESTS["S5b"](engine).answer != "supported"


def test_jumps_are_found_where_eras_begin_and_not_elsewhere():
    record = made(6, 480, rate=4.0)
    there = TESTS["S2"](Engine(simulate(record, Truth("", 0.05, cycle=(3.0, 0.6), jump_sd=1.5), 2), placebos=40))
    assert there.answer == "supported" and there.details["jump_sd"] > 0.5
    assert max(there.details["placebos_as_good"].values()) <= 0.05
    absent = TESTS["S2"](Engine(simulate(record, Truth("", 0.05, cycle=(3.0, 0.6)), 2), placebos=40))
    assert absent.answer != "supported" and absent.log_bayes_factor < there.log_bayes_factor


def test_placebos_are_as_many_and_lie_elsewhere():
    record = simulate(made(4, 480), Truth("", **CYCLE), 2)
    for kind, sets in placebo_sets(record, 5, seed=1).items():
        for begins in sets:
            assert 0 < begins.sum() <= record.eras
            if kind == "equally busy":
                assert not (begins & record.begins).any()


@pytest.fixture(scope="module")
def events():
    return read_chronology(dyads=["USA-CHN", "USA-IRN", "CHN-JPN"])


def test_the_embedded_record_is_read_whole():
    panel = build_panel(read_chronology())
    record = read_panel(panel)
    assert record.events.sum() == panel["counts"].sum()
    assert (len(record.dyads), record.eras) == (15, 85)
    assert record.steps.events.sum() == record.events.sum()


def test_what_cannot_be_pooled_is_refused(events):
    import pandas as pd

    none = pd.DataFrame({"dyad": [], "era": [], "start": [], "recognised_at": [], "name": [], "reference": []})
    refused = {
        "need 2 dyads at least": (DataError, {"dyads": ["USA-CHN"]}, ()),
        "have fewer than 240 months": (DataError, {"as_of": "1965-01-01"}, ()),
        "has weeks": (DataError, {"frequency": "week"}, ()),
        "S2: no dyad has an era": (DataError, {"eras": none}, ("S2",)),
        "S6 cannot be tested on several dyads": (SpecError, {}, ("S6",)),
    }
    for words, (error, options, claims) in refused.items():
        with pytest.raises(error, match=words):
            pooled_tests(build_panel(events, **options), claims=claims)


def test_the_command_prints_a_verdict_a_claim_and_json():
    asked = ("test", "--with", "USA-IRN,CHN-JPN,KOR-PRK", "--claims", "S5a", "--cores", "1")
    shown = CliRunner().invoke(app, [*asked, "--json"])
    assert shown.exit_code == 0, shown.stderr
    (claim,) = json.loads(shown.stdout)["claims"]
    assert claim["code"] == "S5a" and claim["answer"] in ("supported", "undecided", "rejected")
    assert claim["integration_error"] < 0.5 and set(claim["dyads"]) == {"USA-IRN", "CHN-JPN", "KOR-PRK"}
    text = CliRunner().invoke(app, asked).stdout
    for words in (f"S5a deviations from the trend fade: {claim['answer']}", "half-life", "leave-one-out", "false"):
        assert words in text


@pytest.mark.parametrize(("options", "words"), [
    (("--claims", "S6"), "name one dyad with --dyad"),
    (("--with", "USA-CHN"), "need 2 dyads at least"),
    (("--as-of", "1960-01", "--with", "USA-CHN,USA-RUS"), "have fewer than 240 months"),
    (("--frequency", "week"), "has weeks"),
])  # fmt: skip
def test_the_command_says_what_is_needed_before_any_work(options, words):
    result = CliRunner().invoke(app, ["test", *options])
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_the_power_table_has_known_truths_and_is_quoted():
    with POWER_TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["claim"] for row in rows} == set(TESTS)
    for row in rows:
        assert row["claim"] in TRUTHS[row["truth"]].tells
        assert int(row["supported"]) + int(row["rejected"]) <= int(row["sets"])
    for code in TESTS:
        rates = rates_of(code)
        assert {rate.true for rate in rates} == {True, False}
        assert "false alarms" in power_lines(rates)[0]
