"""Null sets: what looks like a claim and is none does not support it."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from forecast import build_panel, pooled_tests, read_chronology
from forecast.data.events.tables import read_table
from forecast.study.hypotheses import nulls
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.engine import MATCHED, REMEMBERED, Engine, PooledClaim
from forecast.study.hypotheses.outcome import LIMIT, MAX_FALSE_ALARMS, Outcome, too_many
from forecast.study.hypotheses.power_tables import like_embedded, rates_of
from forecast.study.hypotheses.record import read_panel, turned_back
from forecast.study.hypotheses.simulate import SimulatedProcess, date_eras_by_hindsight, simulate
from scripts.claims_words import text
from tests.hypotheses.test_pooled import made

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "reports/hypotheses/tests.json"


@pytest.fixture(scope="module")
def embedded():
    """Return the embedded record."""
    return read_panel(build_panel(read_chronology()))


def test_era_starts_recognised_within_a_week_are_known_apart(embedded):
    prompt = embedded.with_prompt_eras()
    assert 0 < prompt.eras < embedded.eras
    assert not (embedded.prompt & ~embedded.begins).any()
    assert embedded.without_eras().eras == embedded.without_eras().prompt.sum() == 0


def test_the_last_events_are_known_for_three_months(embedded):
    record = embedded.with_last_events()
    dyad = 0
    months = np.flatnonzero(record.events[dyad] > 0)
    for before, month in pairwise(months):
        share = record.cooperative[dyad, before] / record.events[dyad, before]
        expected = 2.0 * share - 1.0 if month - before <= 3 else 0.0
        assert record.occasion[dyad, month] == pytest.approx(expected)


def test_matched_walks_turn_back_as_the_recorded_dyads_did(embedded):
    engine = Engine(embedded)
    turns = np.array(
        [turned_back(nulls.simulate_null_set(MATCHED, engine, number)) for number in range(5)]
    )
    recorded = turned_back(embedded)
    assert abs(turns.mean() - recorded.mean()) < 2.0  # points; single sets differ by some 0.5
    assert np.abs(turns - recorded).mean() < 4.0


def test_hindsight_moves_late_eras_to_the_largest_moves_and_no_other():
    record = made(dyads=2, months=600, rate=4.0, eras=4)
    prompt = record.begins.copy()
    prompt[:, np.flatnonzero(record.begins[0])[2:]] = False  # two of four are recognised late
    share = np.where(np.arange(600) < 300, 0.2, 0.8)
    cooperative = np.round(record.events * share).astype(int)
    moved = date_eras_by_hindsight(replace(record, prompt=prompt, cooperative=cooperative))
    assert moved.eras == record.eras
    assert (moved.begins & prompt).sum() == prompt.sum()
    assert moved.begins[:, 295:305].any(axis=1).all()  # where the share moves most


def test_jumps_dated_with_hindsight_convince_the_bayes_factor_and_not_the_rule():
    record = made(dyads=6, months=720, rate=4.0, eras=7)
    late = record.begins.copy()
    late[:, np.flatnonzero(record.begins[0])[::2]] = False
    process = SimulatedProcess(
        "walk", step=0.12, concentration=10.0, cycle=(4.5, 0.8), hindsight=True
    )
    simulated = simulate(replace(record, prompt=late), process, 1)
    found = CLAIMS["S2"].test(nulls.simulated_engine(simulated, 1))
    assert found.details["against"]["all starts"] > LIMIT
    assert found.least < LIMIT and found.answer != "supported"


@pytest.mark.parametrize("chance", [0.3, 0.6])
def test_episodes_are_no_state_that_lasts(chance):
    record = made(dyads=6, months=600, rate=2.0, eras=1)
    process = SimulatedProcess("walk with episodes", step=0.12, concentration=8.0, repeat=chance)
    for seed in range(3):
        found = CLAIMS["S5a"].test(nulls.simulated_engine(simulate(record, process, seed), 1))
        assert found.details["against"]["a walk whose events repeat the last ones"] < 0.0
        assert found.answer != "supported"


def test_a_claim_is_supported_only_if_few_null_sets_are_as_good(embedded, monkeypatch):
    leasts = iter(np.tile([9.0, 0.0, 0.0, 0.0], 100))

    def test_of(engine):
        least = next(leasts)
        return Outcome(least, "supported", (), least=least, most=least)

    claim = PooledClaim("S8", "?", "it is so", test_of, nulls=(MATCHED,))
    monkeypatch.setattr(nulls, "simulate_null_set", lambda name, engine, number: embedded)
    (found,) = nulls.compare_with_null_sets(claim, Engine(embedded), 5.0)
    assert (
        found.too_many and found.as_good == 6 and found.sets == 21
    )  # it stops as soon as that is certain
    (found,) = nulls.compare_with_null_sets(claim, Engine(embedded), 10.0)
    assert not found.too_many and (found.as_good, found.sets) == (0, nulls.MIN_NULL_SETS)


def test_further_kinds_are_not_simulated_once_a_claim_cannot_be_supported(embedded, monkeypatch):
    claim = PooledClaim(
        "S8",
        "?",
        "it is so",
        lambda engine: Outcome(9.0, "supported", (), least=9.0, most=9.0),
        nulls=(MATCHED, REMEMBERED),
    )
    monkeypatch.setattr(nulls, "simulate_null_set", lambda name, engine, number: embedded)
    assert [one.name for one in nulls.compare_with_null_sets(claim, Engine(embedded), 5.0)] == [
        MATCHED
    ]
    assert [one.name for one in nulls.compare_with_null_sets(claim, Engine(embedded), 10.0)] == [
        MATCHED,
        REMEMBERED,
    ]


def test_the_error_of_the_simulation_counts_against_the_claim():
    assert [
        sum(not too_many(number, sets) for number in range(sets)) for sets in (40, 100, 200)
    ] == [1, 2, 6]
    assert nulls.limit_of([0.0] * 95 + [3.0, 4.0, 5.0, 6.0, 7.0]) == 6.0
    assert nulls.limit_of([0.0] * 100) == LIMIT


def test_null_sets_of_the_power_table_give_at_most_five_percent_false_alarms():
    for code in CLAIMS:
        for rate in rates_of(code):
            if rate.truth in nulls.NULL_KINDS and not rate.true:
                assert rate.supported <= MAX_FALSE_ALARMS * rate.sets, (code, rate)


def test_power_is_that_of_the_embedded_record_or_none(embedded):
    assert like_embedded(embedded)
    assert not like_embedded(embedded.between(0, 500))
    assert not like_embedded(replace(embedded, dyads=("AUS-NZL", *embedded.dyads[1:])))


def test_dyads_of_another_dataset_are_tested_with_the_embedded_ones(tmp_path):
    months = np.datetime64("1990-01", "M") + np.arange(300)
    rows = [
        f"{month}-10,FRA,ITA,{'042' if at % 3 else '111'},chronicle"
        for at, month in enumerate(months)
    ]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["date,source,target,code,dataset", *rows]))
    mapping = {
        "dataset": "chronicle",
        "columns": {"date": "date", "source": "source", "target": "target", "cameo": "code"},
    }
    from forecast.data.events import combine

    own = read_table(path, mapping)
    table = combine([read_chronology(dyads=["USA-CHN", "USA-RUS"]), own])
    results = pooled_tests(build_panel(table), claims=["S6"])
    assert set(results.dyads) == {"USA-CHN", "USA-RUS", "FRA-ITA"}
    assert not results["S6"].rates  # the table of simulated sets is of other data


def test_readme_guide_tests_and_theory_give_the_same_answers():
    tests = json.loads(TESTS.read_text("utf-8"))
    for path, parts in text(tests).items():
        document = (ROOT / path).read_text("utf-8")
        for marker, words in parts.items():
            assert f"<!-- {marker} -->\n{words}\n<!-- end {marker} -->" in document, path
    page = (TESTS.parent / "index.html").read_text("utf-8")
    theory = (ROOT / "reports/theory/index.html").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    for claim in tests["claims"]:
        section = re.search(rf'id="{claim["code"]}">.*?</section>', page, re.S)
        assert section is not None and f">{claim['answer']}" in section[0]
        if claim["least"] is not None:
            assert f"{claim['code']} {claim['answer']}" in theory
    answers = {claim["code"]: claim["answer"] for claim in tests["claims"]}
    assert f"keeps to a range is {answers['S8']}" in " ".join(readme.split())
