"""The pool: it finds the weights of the smallest CRPS, shrinks them, and knows nothing of what is not over."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.dates import add_months
from forecast.evaluation import Processes, backtest, choose
from forecast.evaluation.benchmarks import LastWindow
from forecast.evaluation.pool import AMOUNTS, COSTLY, FEWEST_PAST, POOL, Mixtures, Pool, energies, learned
from forecast.evaluation.scores import Prediction, crps, mixed
from tests.evaluation.made import counts_of, record_of, walk

GRID = np.linspace(0, 1, 41)
EQUAL = np.array([0.5, 0.5])


def prediction(centre, width):
    weights = np.exp(-0.5 * ((GRID - centre) / width) ** 2)
    return Prediction(weights / weights.sum(), 0.2, 0.7, 0.3, 0.4)


def windows(number, weights, seed=1):
    """Return energies of windows whose shares are drawn from a mixture of two predictions."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(number):
        parts = [prediction(rng.uniform(0.1, 0.9), 0.08) for _ in weights]
        share = rng.choice(GRID, p=mixed(parts, weights).weights)
        found.append(energies(parts, share))
    return found


@pytest.mark.parametrize("share", [0.0, 0.33, 1.0])
def test_the_quadratic_form_is_the_crps_of_the_mixture(share):
    parts, weights = [prediction(0.2, 0.1), prediction(0.6, 0.2), prediction(0.9, 0.05)], np.array([0.5, 0.2, 0.3])
    assert weights @ energies(parts, share) @ weights == pytest.approx(crps(mixed(parts, weights.tolist()), share))


def test_known_weights_are_recovered():
    truth = np.array([0.7, 0.3])
    found = learned(np.mean(windows(4000, truth), axis=0), 4000, EQUAL, 0.0)
    assert found == pytest.approx(truth, abs=0.04)
    assert found.sum() == pytest.approx(1) and found.min() >= 0


def test_a_member_that_is_no_use_gets_nothing():
    found = learned(np.mean(windows(500, np.array([1.0, 0.0])), axis=0), 500, EQUAL, 0.0)
    assert found == pytest.approx([1, 0], abs=0.02)


def test_equal_members_get_equal_weights():
    part = prediction(0.4, 0.1)
    energy = energies([part, part, part], 0.55)
    for amount in AMOUNTS:
        assert learned(energy, 50, np.full(3, 1 / 3), amount) == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


def test_shrinkage_goes_from_the_optimum_to_the_prior():
    energy, prior = np.mean(windows(300, np.array([0.9, 0.1])), axis=0), np.array([0.3, 0.7])
    path = [learned(energy, 300, prior, amount)[0] for amount in (0.0, 100.0, 2000.0, 1e9, np.inf)]
    assert path == sorted(path, reverse=True) and path[0] > 0.8
    assert path[-2] == pytest.approx(0.3, abs=1e-3) and path[-1] == 0.3


def taught(found, *, every=6, horizon=12, change=lambda origin, energy: energy):
    """Teach a pool windows of successive origins, five at each; return it and its weights at each origin."""
    pool, weights = Pool(2, horizon), {}
    for place in range(len(found) // 5):
        origin = add_months(date(2000, 1, 1), place * every)
        weights[origin] = pool.at(origin).weights
        for energy in found[5 * place : 5 * place + 5]:
            pool.learn(origin, change(origin, energy))
    return pool, weights


def test_weights_are_equal_until_others_were_better():
    _, weights = taught(windows(200, np.array([1.0, 0.0])))
    first = [one for origin, one in weights.items() if origin < add_months(date(2000, 1, 1), 12 + 6 * FEWEST_PAST // 5)]
    assert all((one == EQUAL).all() for one in first[:5])
    assert weights[max(weights)][0] > 0.9
    _, fair = taught(windows(200, EQUAL))
    assert all(one == pytest.approx(EQUAL, abs=0.1) for one in fair.values())


def test_the_future_changes_no_weights():
    day = date(2010, 1, 1)
    found = windows(200, np.array([0.9, 0.1]))

    def spoiled(until):
        return taught(
            found, change=lambda origin, energy: energy if add_months(origin, 12) <= until else energy[::-1, ::-1]
        )[1]

    honest = taught(found)[1]
    assert all((spoiled(day)[origin] == one).all() for origin, one in honest.items() if origin <= day)
    # What is over does change them: otherwise the lines above could not fail.
    assert not (spoiled(date(2004, 1, 1))[day] == honest[day]).all()


def test_who_takes_part():
    mixtures = Mixtures("default", ("base_rate_10y", *COSTLY, "mine"))
    assert mixtures.members == ("default", "base_rate_10y", "mine")
    assert Mixtures(None, ("base_rate_10y",)).members == Mixtures("default", ()).members == ()
    said = {code: (prediction(0.3, 0.1),) * 2 for code in ("default", "base_rate_10y", "auto_ets")}
    assert set(mixtures.mixed(date(2010, 1, 1), 12, said)) == {"pool", "combined_equal", "mixture_equal"}
    del said["default"]
    assert set(mixtures.mixed(date(2010, 1, 1), 12, said)) == {"mixture_equal"}


class Model(LastWindow):
    """Stands for a model."""

    code = "stand_in"
    benchmark = False


def pooled(record, out):
    origins = tuple(date(year, month, 1) for year in range(2002, 2022) for month in (1, 7))
    forecasters = [Model(), *choose("no", "base_rate_10y,base_rate_2y")]
    return backtest(record, origins, horizons=(6,), forecasters=forecasters, out=out, draws=200, executor=Processes(1))


def test_the_pool_of_a_backtest_learns_from_its_past_alone(tmp_path):
    shares = walk(step=0.5)
    other = np.r_[shares[:300], 1 - shares[300:]]  # from January 2015 on
    one, two = (
        pooled(record_of(counts_of(own, volume=15)), tmp_path / name)
        for name, own in (("one", shares), ("two", other))
    )  # fmt: skip
    mine, theirs = (
        run.cases[(run.cases["model"] == POOL) & (run.cases["origin"] <= "2014-07-01")].reset_index(drop=True)
        for run in (one, two)
    )
    pd.testing.assert_frame_equal(mine, theirs)
    assert one.skill.pool == two.skill.pool
    (known, free) = sorted(one.skill.pool, key=lambda record: not record["given_n"])
    assert set(free["weights"]) == {"stand_in", "base_rate_10y", "base_rate_2y"} and known["windows"] == 26
    assert sum(free["weights"].values()) == pytest.approx(1, abs=1e-3)
    row = one.skill.row(6, model=POOL, period="-2014")
    assert free["crps"] == row["crps"] and free["better"] in (POOL, "stand_in")
    assert {found["model"] for found in row["against"]} >= {"stand_in", "base_rate_10y", "mixture_equal"}
    assert (one.write(tmp_path).parent / "pool.json").read_text().count('"horizon":6') == 2
