"""On records simulated from the model the model wins, and no closer to the truth than the truth itself."""

from datetime import date

import numpy as np
import pytest

from forecast.base.numeric import paired
from forecast.study.evaluation import (
    ForecastRequest,
    Processes,
    Variant,
    backtest,
    choose_forecasters,
)
from forecast.study.evaluation.benchmarks import DatedForecast
from tests.evaluation.made import counts_of, record_of

MONTHS, VOLUME, MEAN, SPREAD, HALF_LIFE = 420, 12, 0.3, 1.2, 6.0
KEPT = 0.5 ** (1 / HALF_LIFE)
DYADS = ("USA-CHN", "USA-RUS", "CHN-JPN")
ORIGINS = tuple(date(year, month, 1) for year in range(2005, 2024) for month in (1, 7))


def pendulum(seed):
    """Return the level of a pendulum, month by month, log-odds."""
    rng = np.random.default_rng(seed)
    level = np.empty(MONTHS)
    level[0] = MEAN + SPREAD * rng.standard_normal()
    for month in range(1, MONTHS):
        shock = SPREAD * np.sqrt(1 - KEPT**2) * rng.standard_normal()
        level[month] = MEAN + KEPT * (level[month - 1] - MEAN) + shock
    return level


class Oracle:
    """Knows the pendulum and where it stands; only the shocks to come are unknown to it."""

    code, words, benchmark = "oracle", "knows the truth", False

    def __init__(self, levels):
        self.levels = levels

    def answer(self, view, asked):
        return DatedForecast(
            view.origin, {dyad: self.chances(view, dyad, asked) for dyad in view.dyads}
        )

    def chances(self, view, dyad, asked):
        rng = asked.stream(view.origin, dyad, self.code)
        month = 12 * (view.origin.year - 1990) + view.origin.month - 1
        level = np.full(asked.draws, self.levels[dyad][month - 1])
        ahead = []
        for _ in range(max(asked.horizons)):
            level = (
                MEAN
                + KEPT * (level - MEAN)
                + SPREAD * np.sqrt(1 - KEPT**2) * rng.standard_normal(asked.draws)
            )
            ahead.append(1 / (1 + np.exp(-level)))
        chances = np.stack(ahead, axis=1)
        return {horizon: chances[:, :horizon] for horizon in asked.horizons}


@pytest.mark.slow
def test_on_pendulums_the_pendulum_wins_and_the_truth_is_not_beaten(tmp_path):
    levels = {dyad: pendulum(seed) for seed, dyad in enumerate(DYADS, 1)}
    counts = [
        counts_of(1 / (1 + np.exp(-level)), dyad=dyad, volume=VOLUME, seed=seed)
        for seed, (dyad, level) in enumerate(levels.items())
    ]
    sampler = {"draws": 300, "tune": 200, "chains": 4}
    member = Variant("pendulum", "the form of the truth", {"ceiling": ()}, sampler=sampler)
    benchmarks = choose_forecasters("no", "base_rate_10y,base_rate_2y,last_window,local_level")
    found = backtest(
        record_of(*counts),
        ORIGINS,
        horizons=(3, 12),
        forecasters=[member, Oracle(levels), *benchmarks],
        out=tmp_path,
        executor=Processes(1),
    )
    given = found.cases[found.cases["given_n"]]
    for horizon in (3, 12):
        crps = given[given["horizon"] == horizon].pivot(
            index=["dyad", "origin"], columns="model", values="crps"
        )
        years = crps.index.get_level_values("origin").str[:4].astype(int)
        lead = {
            code: paired(crps["pendulum"], crps[code], years, horizon)
            for code in crps
            if code != "pendulum"
        }
        # Base rates do not know where the pendulum stands.
        assert all(
            lead[code].mean < -2 * lead[code].error for code in ("base_rate_10y", "base_rate_2y")
        ), lead
        # These do, but not that it is pulled back: after half a half-life little of that is to be
        # seen, after two of them much.
        for code in ("last_window", "local_level"):
            assert lead[code].mean < {3: 2, 12: -1.28}[horizon] * lead[code].error, (
                code,
                lead[code],
            )
        # The truth is not beaten; knowing parameters and level is worth a point or two.
        assert -2 * lead["oracle"].error < lead["oracle"].mean < 2.5, lead["oracle"]


def test_the_oracle_is_one():
    level = pendulum(1)
    record = record_of(counts_of(1 / (1 + np.exp(-level)), volume=VOLUME))
    answer = Oracle({"USA-CHN": level}).answer(
        record.view(date(2010, 1, 1)), ForecastRequest((3,), draws=4000)
    )
    month = 12 * 20
    expected = MEAN + KEPT * (level[month - 1] - MEAN)
    said = answer.chances["USA-CHN"][3][:, 0]
    assert np.median(np.log(said / (1 - said))) == pytest.approx(expected, abs=0.05)
