"""The pool of a backtest: an equal mixture of the model and the simple benchmarks, which knows only the past."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.outlook.benchmarks import SIMPLE, BaseRate, LastWindow
from forecast.study.evaluation import Processes, backtest, choose_forecasters
from forecast.study.evaluation.benchmarks import Pooled
from forecast.study.evaluation.skill import BENCHMARKS_EQUAL, NO_CHANGE, POOL, POOL_WITHOUT_MODEL
from tests.evaluation.made import counts_of, record_of, walk

ORIGINS = tuple(date(year, 1, 1) for year in (2008, 2014, 2018))


class Model(Pooled):
    """Stands for a model."""

    benchmark = False


def pooled(record, out, benchmarks):
    forecasters = [
        Model(LastWindow("stand_in")),
        Pooled(BaseRate("other", "no member", 36)),
        *choose_forecasters("no", benchmarks),
    ]
    return backtest(
        record,
        ORIGINS,
        horizons=(6,),
        forecasters=forecasters,
        out=out,
        draws=200,
        executor=Processes(1),
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    shares = walk(step=0.5)
    later = np.r_[shares[:300], 1 - shares[300:]]  # from January 2015 on
    return [
        pooled(
            record_of(counts_of(own, volume=15)), tmp_path_factory.mktemp(name), ",".join(SIMPLE)
        )
        for name, own in (("one", shares), ("two", later))
    ]


def test_the_pool_is_the_mean_of_the_model_and_the_simple_benchmarks(runs):
    cases, members = runs[0].cases, ["stand_in", *SIMPLE]
    table = cases.pivot(index=["origin", "given_n"], columns="model", values="p_up")
    assert table[POOL].to_numpy() == pytest.approx(table[members].mean(axis=1).to_numpy(), abs=1e-4)
    everybody = [*SIMPLE, "other"]
    assert table[BENCHMARKS_EQUAL].to_numpy() == pytest.approx(
        table[everybody].mean(axis=1).to_numpy(), abs=1e-4
    )
    means = cases.pivot(index=["origin", "given_n"], columns="model", values="mean")
    assert means[POOL].to_numpy() == pytest.approx(means[members].mean(axis=1).to_numpy(), abs=1e-3)


def test_the_future_changes_no_forecast_of_the_pool(runs):
    names = ["origin", "given_n", "mean", "pit"]
    both = [run.cases.loc[run.cases["model"] == POOL, names] for run in runs]
    one, two = (own[own["origin"] < "2015"] for own in both)
    pd.testing.assert_frame_equal(one, two)
    later = [own.loc[own["origin"] > "2016", "mean"] for own in both]
    assert not np.array_equal(*later)


def test_the_subject_is_the_pool_and_is_compared_with_the_model(runs):
    skill = runs[0].skill
    assert (skill.subject, skill.model) == (POOL, "stand_in")
    assert skill.pool == pytest.approx(dict.fromkeys(["stand_in", *SIMPLE], 1 / 8))
    assert {one["model"] for one in skill.row(6)["against"]} >= {
        "stand_in",
        BENCHMARKS_EQUAL,
        *SIMPLE,
    }
    assert {one["model"] for one in skill.row(6, model="stand_in")["against"]} >= {
        POOL,
        BENCHMARKS_EQUAL,
    }


def test_without_every_member_there_is_no_pool(tmp_path):
    found = pooled(record_of(counts_of(walk())), tmp_path, "base_rate_10y,local_level").skill
    assert (found.subject, found.model, found.pool) == ("stand_in", "stand_in", {})
    assert set(found.models) == {
        "stand_in",
        "other",
        "base_rate_10y",
        "local_level",
        BENCHMARKS_EQUAL,
        NO_CHANGE,
    }


def test_the_benchmarks_of_the_pool_alone_are_a_forecaster(runs):
    """Whether the model improves the pool is measured against its seven benchmarks, not against a mean of more."""
    cases = runs[0].cases
    table = cases.pivot(index=["origin", "given_n"], columns="model", values="p_up")
    assert table[POOL_WITHOUT_MODEL].to_numpy() == pytest.approx(
        table[[*SIMPLE]].mean(axis=1).to_numpy(), abs=1e-4
    )
    seven, pool = table[POOL_WITHOUT_MODEL], table[POOL]
    assert (7 * seven + table["stand_in"]).to_numpy() == pytest.approx(
        (8 * pool).to_numpy(), abs=2e-3
    )
    assert runs[0].skill.against(POOL_WITHOUT_MODEL, 6) and runs[0].skill.models[POOL_WITHOUT_MODEL]
    assert {one["against"] for one in runs[0].skill.without} <= {
        "base_rate_10y",
        POOL_WITHOUT_MODEL,
    }


def test_no_change_is_the_share_before_and_scores_its_absolute_error(runs):
    cases = runs[0].cases.set_index(["origin", "given_n", "model"])
    for (origin, given_n), _ in runs[0].cases.groupby(["origin", "given_n"]):
        own, pool = cases.loc[(origin, given_n, NO_CHANGE)], cases.loc[(origin, given_n, POOL)]
        assert own["mean"] == own["low"] == own["high"] == pool["before"]
        assert own["crps"] == pytest.approx(abs(pool["share"] - pool["before"]), abs=1e-4)
        assert own["p_up"] == own["p_down"] == 0


def test_errors_of_the_mean_forecast_are_those_of_the_cases(runs):
    skill, cases = runs[0].skill, runs[0].cases
    own = cases[(cases["model"] == POOL) & ~cases["given_n"] & (cases["origin"] >= "2015")]
    off = own["mean"] - own["share"]
    row = skill.row(6)
    assert row["mae"] == pytest.approx(off.abs().mean(), abs=1e-4)
    assert row["rmse"] == pytest.approx(np.sqrt((off**2).mean()), abs=1e-4)
    assert row["higher_said"] == pytest.approx(own["p_up"].mean(), abs=1e-4)
    assert (row["higher_happened"], row["lower_happened"]) == (own["up"].sum(), own["down"].sum())
    unchanged = (own["before"] - own["share"]).abs()
    assert row["mae_less_no_change"] == pytest.approx((off.abs() - unchanged).mean(), abs=1e-3)
    assert NO_CHANGE not in {skill.best_benchmark(6)}
