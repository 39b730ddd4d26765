"""Leaving the future out."""

import numpy as np
import pytest

from forecast.data.panel import first_periods
from forecast.model import PendulumSpec, fit
from forecast.model.evidence import Evidence
from forecast.model.updating import carry_on
from forecast.study.hypotheses.compare import (
    BLOCK_MONTHS,
    block_ends,
    leave_future_out,
    score_difference,
    stacking_weight,
)
from tests.made import make_panel


def test_half_of_the_record_is_known_before_the_first_block():
    assert block_ends(make_panel(periods=60)) == [36, 60]
    assert block_ends(make_panel(periods=240)) == [144, 168, 192, 216, 240]
    assert len(block_ends(make_panel(periods=900))) == 10
    weeks = np.diff(block_ends(make_panel(periods=900, frequency="week")))
    assert weeks.tolist() == [round(BLOCK_MONTHS * 4.348)] * len(weeks)


def test_weight_goes_to_what_predicts_better():
    assert stacking_weight(np.array([1.0, 2.0])) == pytest.approx(1.0, abs=1e-4)
    assert stacking_weight(np.array([-1.0, -2.0])) == pytest.approx(0.0, abs=1e-4)
    assert stacking_weight(np.array([1.0, -1.0])) == pytest.approx(0.5, abs=1e-4)


def test_the_error_of_a_difference_is_that_over_blocks():
    blocks = np.random.default_rng(1).normal(0.5, 2.0, 10)
    difference, error, _ = score_difference(blocks)
    assert difference == pytest.approx(blocks.sum())
    assert error == pytest.approx(np.sqrt(10) * blocks.std(ddof=1))


def test_monte_carlo_errors_make_the_error_larger_and_not_smaller():
    """Two models that predict alike: the evidence at every origin is off by chance, and only its ends remain."""
    rng = np.random.default_rng(2)
    totals, errors = np.array(
        [
            score_difference(np.subtract(*np.diff(rng.normal(0.0, 0.15, (2, 11)))))[:2]
            for _ in range(400)
        ]
    ).T
    # Four ends of 0.15 each make 0.3, which the spread of 400 totals tells to a 28th.
    assert totals.std() == pytest.approx(0.3, rel=5 / 28)
    assert (errors > 0.3).mean() > 0.99


def fake_fits(monkeypatch):
    """Fits whose evidence tells how much they were given.

    Returns the seeds and lengths asked for.
    """
    asked = []

    def quick_evidence(panel, spec, *, seed, stop):
        asked.append((seed, panel.sizes["time"]))
        return Evidence(-10.0 * panel.sizes["time"], 0.3)

    monkeypatch.setattr("forecast.study.hypotheses.compare.quick_evidence", quick_evidence)
    return asked


def test_a_block_is_predicted_from_what_lies_before_it(monkeypatch):
    asked = fake_fits(monkeypatch)
    panel = make_panel(periods=100, classes=2, zero_cut=1)
    found = leave_future_out(
        panel, PendulumSpec(trend="constant"), seed=3, whole=Evidence(-990.0, 0.4)
    )
    assert sorted(asked) == [(3, 52), (4, 76)]  # the whole is known already
    assert found["log_density"].tolist() == pytest.approx([-240.0, -230.0])
    assert found["error"].tolist() == pytest.approx([0.3 * np.sqrt(2), 0.5])
    assert found["origin"].tolist() == ["2004-04-01", "2006-04-01"]
    assert found["until"].tolist() == ["2006-04-01", "2008-04-01"]
    assert found["events"].sum() == int(panel["counts"].isel(time=slice(52, None)).sum())


@pytest.mark.slow
def test_densities_agree_with_draws_that_are_carried_on_and_weighed():
    """So few events in a block that weighing the draws by them leaves most."""
    panel, spec = (
        make_panel(dyads=1, periods=60, eras=1, events=0.4, seed=2),
        PendulumSpec(trend="constant"),
    )
    table = leave_future_out(panel, spec, seed=1)
    for row, stop in zip(table.to_dict("records"), block_ends(panel), strict=True):
        past = fit(first_periods(panel, stop - BLOCK_MONTHS), spec, seed=9, draws=400, chains=2)
        later = first_periods(panel, stop)
        gained = carry_on(past, later, 9, lambda *_: None).gained[..., 1:].sum(axis=2).ravel()
        weight = np.exp(gained - gained.max())
        weighed, error = (
            np.log(weight.mean()) + gained.max(),
            weight.std() / weight.mean() / np.sqrt(weight.size / 4),
        )
        assert error < 0.2
        assert row["log_density"] == pytest.approx(weighed, abs=4 * np.hypot(row["error"], error))
