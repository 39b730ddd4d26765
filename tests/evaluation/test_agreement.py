"""The outlook and the backtest say the same of the same fit, seed and origin."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast.outlook import assess
from forecast.outlook.benchmarks import SIMPLE
from forecast.outlook.recorded import WindowCounts
from forecast.study.evaluation import ForecastRequest, RecordedWindow, View
from forecast.study.evaluation.origins import Record
from forecast.study.evaluation.tasks import Setup, _case
from forecast.study.evaluation.variants import chances_of
from tests.evaluation.made import counts_of, record_of, walk
from tests.made import make_fit

ORIGIN = date(2025, 1, 1)
HORIZONS = (3, 12, 24)
ASKED = ForecastRequest(HORIZONS, draws=2000)


@pytest.fixture(
    scope="module",
    params=[{}, {"directed": True}, {"trend": "walk", "cycle": "none"}],
    ids=["averaged", "directed", "walk"],
)
def fit(request):
    made = make_fit(("USA-CHN",), chains=4, draws=500, **request.param)
    made.panel["counts"][:] = (
        made.panel["counts"] // 2
    )  # fewer events: chance counts for more, windows may be void
    made.panel["dataset"] = ["made"]  # that of the record it is predicted for
    posterior = made.posterior.assign(volume_effect=-0.7 + 0 * made.posterior["tau"])
    return replace(made, posterior=posterior)


def backtested(fit):
    """Predict as a backtest does, with what was recorded afterwards made up."""
    record: Record = record_of(counts_of(walk(420)))
    view = View(ORIGIN, fit.panel, record)
    setup = Setup(record, ASKED, {})
    members = [chances_of(fit, "USA-CHN", ASKED, view)]
    past = view.past("USA-CHN")
    members += [
        one.chances(past, HORIZONS, 2000, ASKED.stream(ORIGIN, "USA-CHN", one.code))
        for one in SIMPLE.values()
    ]
    found = {}
    for months in HORIZONS:
        before, ahead = view.past("USA-CHN").recent(12), np.full(months, 3)
        past, counts = (
            WindowCounts(before.total, before.cooperative),
            WindowCounts(ahead, ahead // 3),
        )
        window = RecordedWindow("USA-CHN", ORIGIN, months, counts, past)
        found[months] = [_case(setup, view, window, chances[months]) for chances in members]
    return found


def test_the_chances_and_the_baseline_are_the_same(fit):
    outlook, past = assess(fit, "USA-CHN", HORIZONS, seed=ASKED.seed), backtested(fit)
    for months, window in outlook.recorded.items():
        cases = past[months]
        assert cases[0]["before"] == window.baseline.share
        for name, chance in (("up", window.up), ("down", window.down)):
            drawn = np.array([case["free"][name] for case in cases])
            for stated, other in ((chance, drawn.mean()), (window.model[name], drawn[0])):
                error = np.hypot(stated.mcse, np.sqrt(other * (1 - other) / ASKED.draws))
                assert abs(stated.value - other) < 4 * error, (months, name, stated.value, other)
        mean = np.mean([_mean(case["free"]["weights"]) for case in cases])
        assert window.share.mean == pytest.approx(
            mean, abs=4 * (window.share.mcse + 30 / np.sqrt(ASKED.draws))
        )


def _mean(weights):
    size, *pairs = weights
    return sum(place * weight for place, weight in pairs) * 100 / (size - 1)
