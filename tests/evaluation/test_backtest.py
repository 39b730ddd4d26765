"""Whole backtests on made-up records: who wins, what changes nothing, and what an interruption leaves behind."""

import json
import multiprocessing
import time
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from forecast import read_chronology
from forecast.base.errors import DataError, SpecError
from forecast.data.panel import event_counts
from forecast.study.evaluation import Processes, Record, backtest, choose_forecasters
from forecast.study.evaluation.benchmarks import NextWindow, laplace
from forecast.study.evaluation.executors import local
from forecast.study.evaluation.results import Results
from tests.evaluation.made import ORIGINS, counts_of, record_of, walk

HERE = Processes(1)


def run(
    record,
    out,
    *,
    benchmarks="base_rate_10y,local_level",
    origins=ORIGINS,
    horizons=(3, 12),
    **options,
):
    options = {"executor": HERE, "draws": 400} | options
    return backtest(
        record,
        origins,
        horizons=horizons,
        forecasters=choose_forecasters("no", benchmarks),
        out=out,
        **options,
    )


def against_reference(results, model, *, horizon, dyad="all", period="all", given_n=True):
    (row,) = [
        row
        for row in results.skill.rows
        if (row["model"], row["horizon"], row["dyad"], row["period"], row["given_n"])
        == (model, horizon, dyad, period, given_n)
    ]
    return next(one for one in row["against"] if one["role"] == "reference")


def two_dyads():
    return [
        counts_of(walk(seed=seed, step=0.5), dyad=dyad, seed=seed, volume=15)
        for seed, dyad in ((3, "USA-CHN"), (11, "USA-RUS"))
    ]


CHEAP, FEW = "base_rate_10y,last_window", ORIGINS[8::3]


def run_few(record, out, **options):
    return run(
        record,
        out,
        **({"benchmarks": CHEAP, "origins": FEW, "horizons": (12,), "draws": 100} | options),
    )


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    return run(
        record_of(*two_dyads()),
        tmp_path_factory.mktemp("walks"),
        benchmarks=CHEAP,
        origins=ORIGINS[::2],
        draws=100,
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return run_few(record_of(*two_dyads()), tmp_path_factory.mktemp("few"))


@pytest.mark.slow
def test_on_walks_the_local_level_wins(tmp_path):
    walks = run(record_of(*two_dyads()), tmp_path)
    for given_n in (True, False):
        found = against_reference(walks, "local_level", horizon=3, given_n=given_n)
        assert found["difference"] < -2 * found["error"]
        assert found["relative"] > 0.2
        assert found["n"] == 48


def test_on_windows_around_a_base_rate_the_base_rate_wins(tmp_path):
    chances = np.repeat(np.random.default_rng(6).beta(6, 4, 140), 3)
    found = run(
        record_of(counts_of(chances, volume=15)),
        tmp_path,
        horizons=(3,),
        benchmarks="base_rate_10y,last_window",
    )
    lost = against_reference(found, "last_window", horizon=3)
    assert lost["difference"] > 0.5 and lost["relative"] < 0


def test_every_number_has_its_n(walks):
    for row in walks.skill.rows:
        assert row["n"] > 0 and row["n_origins"] > 0
        assert all(one["n"] <= row["n"] for one in row["against"])
    everything = {
        (row["horizon"], row["period"]): row["n"]
        for row in walks.skill.rows
        if row["dyad"] == "all"
    }
    assert everything[3, "-2014"] + everything[3, "2015-"] == everything[3, "all"]


def test_choices_are_made_before_what_they_are_reported_on(walks):
    chosen = {
        one["chosen_on"]
        for row in walks.skill.rows
        for one in row["against"]
        if one["role"] == "best benchmark" and row["period"] != "all"
    }
    assert chosen == {"-2014"}


def test_the_order_of_dyads_and_origins_changes_nothing(few, tmp_path):
    one, other = two_dyads()
    turned = run_few(record_of(other, one), tmp_path, origins=FEW[::-1])
    assert turned.cases.equals(few.cases)
    assert turned.skill.rows == few.skill.rows


def test_other_dyads_and_origins_change_nothing(few, tmp_path):
    alone = run_few(record_of(two_dyads()[1]), tmp_path, origins=FEW[::2])
    before = few.cases[
        (few.cases["dyad"] == "USA-RUS") & ~few.cases["model"].str.startswith("mixture")
    ]
    both = alone.cases.merge(
        before, on=["model", "origin", "horizon", "given_n"], suffixes=("", "_before")
    )
    assert len(both) == (~alone.cases["model"].str.startswith("mixture")).sum()
    assert (both["crps"] == both["crps_before"]).all()


def test_the_number_of_processes_changes_nothing(few, tmp_path):
    spread = run_few(record_of(*two_dyads()), tmp_path, executor=Processes(2))
    assert spread.cases.equals(few.cases)


def test_batches_of_dyads_change_no_number(few, tmp_path):
    record = record_of(*two_dyads())
    alone = run_few(record, tmp_path, batch=1)
    assert alone.cases.equals(few.cases)
    assert alone.skill.rows == few.skill.rows and alone.skill.account == few.skill.account
    names = sorted(path.name for path in (tmp_path / "origins").iterdir())
    assert names[:2] == ["2008-01.base_rate_10y.0000.json", "2008-01.base_rate_10y.0001.json"]
    assert len(names) == 2 * 2 * len(FEW)
    with pytest.raises(SpecError, match="other batch"):
        run_few(record, tmp_path, batch=2)
    told = []
    (tmp_path / "origins" / names[1]).unlink()
    assert run_few(
        record, tmp_path, batch=1, progress=lambda *step: told.append(step)
    ).cases.equals(few.cases)
    assert told[0] == ("predicting", len(names) - 1, len(names))


def test_a_batch_divides_nothing_that_is_fitted_together(tmp_path):
    for table, choice in (
        (record_of(*two_dyads()), {"batch": 0}),
        (record_of(*two_dyads()), {"batch": 1}),
    ):
        with pytest.raises(SpecError, match="batch: "):
            backtest(
                table,
                FEW,
                forecasters=choose_forecasters("pendulum", "no"),
                out=tmp_path / "run",
                **choice,
            )
    assert not (tmp_path / "run").exists()


def test_an_interrupted_run_goes_on_and_gives_the_same_file(few, tmp_path):
    record, done = record_of(*two_dyads()), 0

    def interrupted(step, count, total):
        nonlocal done
        done = count
        if count > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_few(record, tmp_path, progress=interrupted)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "origins").iterdir()}
    assert len(kept) == done < 2 * len(FEW)
    told = []
    path = run_few(record, tmp_path, progress=lambda *step: told.append(step)).write(tmp_path)
    assert told[0] == ("predicting", done, 2 * len(FEW))
    assert all(path.stat().st_mtime_ns == before for path, before in kept.items())
    assert path.read_bytes() == few.write(tmp_path / "whole").read_bytes()


def test_a_killed_run_goes_on_and_gives_the_same_file(few, tmp_path):
    record = record_of(*two_dyads())
    process = multiprocessing.get_context("spawn").Process(target=run_few, args=(record, tmp_path))
    process.start()
    deadline = time.monotonic() + 300
    while len(list(tmp_path.glob("origins/*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    process.join()
    assert 2 <= len(list(tmp_path.glob("origins/*.json"))) < 2 * len(FEW)
    path = run_few(record, tmp_path).write(tmp_path)
    assert path.read_bytes() == few.write(tmp_path / "whole").read_bytes()


def test_more_benchmarks_are_added_to_a_finished_run(tmp_path):
    record = record_of(counts_of(walk(), volume=15))
    run_few(record, tmp_path, benchmarks="base_rate_10y")
    told = []
    both = run_few(record, tmp_path, progress=lambda *step: told.append(step))
    assert told[0] == ("predicting", len(FEW), 2 * len(FEW))
    assert set(both.cases["model"]) == {
        "base_rate_10y",
        "last_window",
        "mixture_equal",
        "no_change",
    }


def test_a_model_at_fewer_origins_is_compared_there_and_takes_no_part_in_mixtures(few, tmp_path):
    record = record_of(*two_dyads())
    run_few(record, tmp_path)
    more = run_few(record, tmp_path, benchmarks="base_rate_2y", origins=FEW[::2])
    added = more.cases["model"] == "base_rate_2y"
    assert set(more.cases.loc[added, "origin"]) == {str(origin) for origin in FEW[::2]}
    assert more.cases[~added].reset_index(drop=True).equals(few.cases)
    found = against_reference(more, "base_rate_2y", horizon=12)
    assert found["n"] == added.sum() // 2 < against_reference(more, "last_window", horizon=12)["n"]


def test_a_file_that_is_none_of_the_run_is_named(tmp_path):
    record, options = (
        record_of(counts_of(walk(), volume=15)),
        {"benchmarks": "base_rate_10y", "origins": FEW[:1]},
    )
    run_few(record, tmp_path, **options)
    (tmp_path / "origins" / "2001-01.base_rate_10y.json").write_text('{"origin": 7}')
    with pytest.raises(
        SpecError, match=r"2001-01\.base_rate_10y\.json: is no file of a finished origin"
    ):
        run_few(record, tmp_path, **options)


def test_void_and_unfinished_windows_are_counted(tmp_path):
    counts = counts_of(walk(), volume=15)
    counts.loc[(counts["date"] >= "2005-01-01") & (counts["date"] < "2006-01-01"), "n"] = 0
    found = run(
        record_of(counts),
        tmp_path,
        benchmarks="base_rate_10y",
        origins=(*ORIGINS[4:8], date(2024, 10, 1)),
    )
    (account,) = found.skill.account
    assert (account["origins"], account["void"], account["unfinished"]) == (5, 2, 1)


def test_bad_requests_are_answered_before_long_work(tmp_path):
    record = record_of(counts_of(walk()))
    with pytest.raises(SpecError, match="no origin"):
        run(record, tmp_path, origins=())
    with pytest.raises(DataError, match="five years"):
        run(record, tmp_path, origins=(date(1992, 1, 1),))
    with pytest.raises(DataError, match="earlier origins or shorter horizons"):
        run(record, tmp_path, origins=(date(2024, 6, 1),), horizons=(12,))
    with pytest.raises(
        SpecError,
        match=r"no 'tea_leaves'. Name some of base_rate_all, .* or `all`, or `no` for none",
    ):
        choose_forecasters("no", "tea_leaves")
    with pytest.raises(SpecError, match="nothing is chosen"):
        choose_forecasters("no", "no")
    with pytest.raises(SpecError, match="at least 1"):
        local(0)
    odd = NextWindow("../odd", "a name that is a path", laplace)
    with pytest.raises(SpecError, match="names files"):
        backtest(record, FEW, forecasters=[odd], out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_folder_of_another_run_is_left_alone(tmp_path):
    record, origins = record_of(counts_of(walk())), ORIGINS[:3]
    run(record, tmp_path, benchmarks="base_rate_10y", origins=origins)
    for change, words in (({"seed": 2}, "other seed"), ({"horizons": (6,)}, "other horizons")):
        with pytest.raises(SpecError, match=words):
            run(record, tmp_path, benchmarks="base_rate_10y", origins=origins, **change)
    with pytest.raises(SpecError, match="other data"):
        run(
            record_of(counts_of(walk(), seed=5)),
            tmp_path,
            benchmarks="base_rate_10y",
            origins=origins,
        )
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(SpecError, match="no settings of a run"):
        run(record, tmp_path, benchmarks="base_rate_10y", origins=origins)


def test_files_keep_their_schema(walks, tmp_path):
    content = json.loads(walks.write(tmp_path).read_text())
    assert list(content) == [
        "schema",
        "chosen_on",
        "reported_on",
        "subject",
        "choices",
        "account",
        "misses",
        "pool",
        "without",
        "rows",
        "tone",
        "reliability",
    ]
    assert list(content["rows"][0]) == [
        "model",
        "benchmark",
        "dyad",
        "horizon",
        "period",
        "given_n",
        "n",
        "n_origins",
        "crps",
        "bias",
        "bias_low",
        "bias_high",
        "sharpness",
        "log_score",
        "n_moves",
        "brier_up",
        "up_parts",
        "higher_said",
        "higher_happened",
        "brier_down",
        "down_parts",
        "lower_said",
        "lower_happened",
        "coverage_50",
        "coverage_80",
        "coverage_90",
        "pit_50",
        "pit_80",
        "pit_90",
        "mae",
        "rmse",
        "mae_less_no_change",
        "mae_low",
        "mae_high",
        "mse_less_no_change",
        "mse_low",
        "mse_high",
        "against",
    ]
    keys = [
        tuple(row[name] for name in ("horizon", "given_n", "period", "dyad", "model"))
        for row in content["rows"]
    ]
    assert len(set(keys)) == len(keys)
    assert all(one != other for one, other in pairwise(keys))
    assert {path.name for path in tmp_path.iterdir()} == {
        "skill.json",
        "skill.csv",
        "cases.csv.gz",
        "tone.csv.gz",
    }


def test_tones_are_forecast_by_every_forecaster_of_shares_and_scored_in_points_of_goldstein(
    tmp_path,
):
    record = Record.of(read_chronology(), dyads=["USA-CHN", "KOR-PRK"])
    results = run(
        record, tmp_path, benchmarks="base_rate_10y,local_level", origins=(date(2018, 1, 1),)
    )
    tone, events = results.tone, read_chronology().events
    assert (
        set(tone["model"]) == {"base_rate_10y", "local_level", "mixture_equal", "no_change"}
        and not tone["given_n"].any()
    )
    shares = results.cases[~results.cases["given_n"]]
    keys = ["model", "dyad", "origin", "horizon"]
    assert tone[keys].to_numpy().tolist() == shares[keys].to_numpy().tolist()
    one = tone[(tone["dyad"] == "KOR-PRK") & (tone["horizon"] == 12)].iloc[0]
    year = events[(events["dyad"] == "KOR-PRK") & (events["date"].dt.year == 2018)]
    own = year.assign(counted=event_counts(year)).query("counted > 0")
    assert one["n"] == own["counted"].sum() and one["share"] == pytest.approx(
        own["goldstein"].mean(), abs=1e-3
    )
    assert -10 <= one["low"] < one["mean"] < one["high"] <= 10 and 0 < one["crps"] < 20
    assert one["up"] == (one["share"] >= one["before"] + 0.5)
    assert {row["model"] for row in results.skill.tone} == set(tone["model"])
    again = Results.read(results.write(tmp_path / "kept").parent)
    assert len(again.tone) == len(tone)
