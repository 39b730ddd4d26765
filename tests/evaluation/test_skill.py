"""The file of skill: read again it is the same, what is none is rejected, and its rows are found."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast import read_chronology
from forecast.base.errors import DataError
from forecast.base.numeric import difference_interval, holm, p_value, paired
from forecast.study.evaluation import Processes, Record, Results, backtest, choose_forecasters
from forecast.study.evaluation.misses import (
    MAX_EVENTS_OF_A_MISS,
    MAX_MISSES_OF_A_PERIOD,
    worst_misses,
)
from forecast.study.evaluation.score_tables import reliability_rows
from forecast.study.evaluation.skill import Skill, subject_of
from tests.evaluation.made import counts_of, record_of, walk

ORIGINS = tuple(date(year, 1, 1) for year in range(2009, 2022))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    benchmarks = choose_forecasters("no", "base_rate_10y,last_window,base_rate_2y")
    record = record_of(counts_of(walk(step=0.5), volume=15))
    return backtest(
        record,
        ORIGINS,
        horizons=(3, 12),
        forecasters=benchmarks,
        out=tmp_path_factory.mktemp("run"),
        draws=200,
        executor=Processes(1),
    )


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    return results.write(tmp_path_factory.mktemp("written")).parent


def test_what_is_written_is_read_again(results, folder):
    again = Results.read(folder)
    assert again.skill == results.skill
    pd.testing.assert_frame_equal(again.cases, results.cases, check_dtype=False)


def test_a_file_has_a_row_a_line(folder):
    text = (folder / "skill.json").read_text()
    rows = json.loads(text)["rows"]
    assert sum(line.startswith('{"model":') for line in text.splitlines()) > len(rows)
    assert len(text) < 1500 * len(rows)


def test_the_table_of_scores_is_the_file_of_rows(folder, results):
    table, written = results.skill.to_frame(), pd.read_csv(folder / "skill.csv")
    assert list(table) == list(written) and len(table) == len(results.skill.rows)
    assert table["crps"].tolist() == written["crps"].tolist()
    assert "against" not in table and "against" in results.skill.rows[0]


def changed(folder, tmp_path, change):
    content = json.loads((folder / "skill.json").read_text())
    change(content)
    path = tmp_path / "skill.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: it.update(schema=9), "schema 4"),
        (lambda it: it.pop("rows"), "rows: Field required"),
        (lambda it: it["rows"][0].update(crps="good"), r"rows\.0\.crps"),
        (lambda it: it["rows"][0].update(crps=float("nan")), "NaN is no number"),
        (lambda it: it["choices"].update(origins=["yesterday"]), r"choices\.origins\.0"),
        (lambda it: it.update(subject="nobody"), "nobody, has no scores"),
    ],
)
def test_what_is_no_file_of_skill_is_rejected(folder, tmp_path, change, words):
    with pytest.raises(DataError, match=words):
        Skill.read(changed(folder, tmp_path, change))


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"schema": 2, "rows": 1e999}'])
def test_what_is_no_json_of_that_kind_is_rejected(tmp_path, text):
    path = tmp_path / "skill.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"is no skill\.json"):
        Skill.read(path)
    with pytest.raises(DataError, match=r"is no skill\.json"):
        Skill.read(tmp_path / "none.json")


def test_cases_without_a_column_are_rejected(folder, tmp_path):
    (tmp_path / "skill.json").write_bytes((folder / "skill.json").read_bytes())
    pd.read_csv(folder / "cases.csv.gz").drop(columns="pit").to_csv(
        tmp_path / "cases.csv.gz", index=False
    )
    with pytest.raises(DataError, match="pit is missing"):
        Results.read(tmp_path)


def test_rows_are_found_and_the_subject_is_compared_with_everybody(results):
    skill = results.skill
    assert skill.subject == "base_rate_10y" and skill.period == "2015-"
    assert list(skill.models) == [
        "base_rate_10y",
        "last_window",
        "base_rate_2y",
        "mixture_equal",
        "no_change",
    ]
    for other in set(skill.models) - {skill.subject}:
        found, row = skill.against(other, 12), skill.row(12, model=other)
        assert found["difference"] == pytest.approx(skill.row(12)["crps"] - row["crps"], abs=2e-4)
    assert skill.row(99) is None and skill.against("nobody", 12) is None
    assert skill.best_benchmark(12) in skill.models


def test_the_subject_is_the_pool_or_the_model_if_there_is_one():
    assert (
        subject_of({"pendulum": False, "last_window": True}, ("pendulum", "last_window")) == "pool"
    )
    assert subject_of({"no_cycle": False, "pendulum": False, "last_window": True}) == "pendulum"
    assert subject_of({"no_cycle": False, "last_window": True}) == "no_cycle"
    assert subject_of({"last_window": True, "base_rate_10y": True}) == "base_rate_10y"
    assert subject_of({"last_window": True}) == "last_window"


def test_the_interval_of_a_difference_holds_what_it_should():
    rng, inside = np.random.default_rng(4), 0
    for _ in range(400):
        year = np.repeat(np.arange(2015, 2023), 4)
        score = 0.3 + np.repeat(rng.standard_normal(8), 4) + 0.5 * rng.standard_normal(32)
        found = paired(score, np.zeros(32), year, 12)
        low, high = difference_interval(found.mean, found.error, found.blocks)
        inside += low <= 0.3 <= high
    assert 0.86 < inside / 400 < 0.94
    assert difference_interval(0.3, None, 2) is None


def case(dyad, origin, horizon, crps, *, share=20.0, mean=60.0, n=20):
    return {
        "dyad": dyad,
        "origin": origin,
        "horizon": horizon,
        "given_n": False,
        "n": n,
        "k": round(n * share / 100),
        "share": share,
        "mean": mean,
        "low": mean - 9,
        "high": mean + 9,
        "crps": crps,
    }


def test_misses_do_not_overlap_and_are_the_worst_of_their_period():
    cases = [
        case("USA-CHN", f"{year}-{month:02}-01", 12, year % 7 + month)
        for year in range(2010, 2022)
        for month in (1, 7)
    ]
    cases += [case("USA-CHN", "2020-04-01", 3, 99.0), case("USA-CHN", "2021-01-01", 12, 999.0, n=3)]
    found = worst_misses(
        pd.DataFrame(cases), pd.DataFrame(cases[:5]), record_of(counts_of(walk())).table
    )
    reported = [one for one in found if one["period"] == "2015-"]
    assert found[: len(reported)] == reported and len(reported) < MAX_MISSES_OF_A_PERIOD
    assert (reported[0]["origin"], reported[0]["crps"]) == ("2020-04-01", 99.0)
    assert not {one["origin"] for one in reported} & {"2020-01-01", "2019-07-01"}
    assert all(one["n"] == 20 and one["events"] == [] for one in found)
    compared = {one["origin"] for one in found if one["reference"] is not None}
    assert compared and compared <= {one["origin"] for one in cases[:5]}
    assert {one["period"] for one in found if one["origin"] < "2015"} == {"-2014"}


def test_the_events_of_a_miss_are_on_the_side_on_which_it_was_wrong():
    table = read_chronology(dyads=["USA-CHN"])
    cases = pd.DataFrame(
        [
            case("USA-CHN", "2018-01-01", 12, 30.0),
            case("USA-CHN", "2023-10-01", 3, 20.0, share=90.0),
        ]
    )
    hostile, cooperative = worst_misses(cases, cases[:0], table)
    kinds = {event["kind"] for event in hostile["events"]}
    assert (
        kinds <= {"violence", "coercion", "threat", "verbal conflict"}
        and len(hostile["events"]) == MAX_EVENTS_OF_A_MISS
    )
    assert all("2018-01-01" <= event["date"] < "2019-01-01" for event in hostile["events"])
    assert not kinds & {event["kind"] for event in cooperative["events"]}
    assert all(
        event["summary"] and event["reference"]
        for event in hostile["events"] + cooperative["events"]
    )
    assert Record.of(table).dataset == "chronology"


def test_holm_is_the_step_down_rule():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def test_a_p_is_below_a_tenth_if_and_only_if_the_interval_excludes_zero():
    for low, high in ((-2.0, -0.001), (-2.0, 0.001), (0.001, 3.0), (-0.001, 3.0)):
        p = p_value((low + high) / 2, low, high, 8)
        assert (p < 0.1) == (low > 0 or high < 0)
    assert p_value(1.0, None, None, 2) is None


def test_one_dyad_of_many_is_not_called_better_by_its_interval_alone(results):
    """Of sixty intervals of 90% six exclude zero by chance."""
    skill = results.skill
    row = next(row for row in skill.rows if row["dyad"] == "USA-CHN" and row["against"])
    sure = {**row["against"][0], "difference": -0.3, "low": -0.5, "high": -0.1, "blocks": 10}
    none = {**sure, "difference": -0.01}
    none |= {"low": -0.5, "high": 0.48}
    where = {"model": row["model"], "period": row["period"], "given_n": row["given_n"]}

    def skill_with(others):
        rows = [{**row, "dyad": "D0", "against": [sure]}]
        rows += [{**row, "dyad": f"D{place}", "against": [none]} for place in range(1, others + 1)]
        return replace(skill, rows=rows)

    assert skill_with(0).lead(sure["model"], row["horizon"], dyad="D0", **where) == "this"
    assert skill_with(59).lead(sure["model"], row["horizon"], dyad="D0", **where) == "undecided"


def test_reliability_counts_the_cases_of_each_bin():
    said = [0.1, 0.2, 0.45, 0.55, 0.59, 0.9]
    cases = pd.DataFrame(
        {
            "model": "pool",
            "given_n": False,
            "horizon": 12,
            "dyad": "USA-CHN",
            "origin": [f"{2015 + place}-01-01" for place in range(6)],
            "p_up": said,
            "p_down": 0.05,
            "up": [False, True, False, False, True, True],
            "down": False,
        }
    )
    found = reliability_rows(cases, "pool")
    higher = {
        (one["low"], one["high"]): one
        for one in found
        if one["outcome"] == "higher" and one["horizon"] is None
    }
    assert {ends: one["n"] for ends, one in higher.items()} == {
        (0.0, 1.0): 6,
        (0.0, 0.2): 1,
        (0.2, 0.4): 1,
        (0.4, 0.6): 3,
        (0.8, 1.0): 1,
    }
    middle = higher[0.4, 0.6]
    assert (middle["said"], middle["happened"], middle["frequency"]) == (0.53, 1, 0.3333)
    assert middle["gap"] == pytest.approx(0.53 - 1 / 3, abs=1e-4)
    assert {one["horizon"] for one in found} == {None, 12} and {one["period"] for one in found} == {
        "2015-"
    }
