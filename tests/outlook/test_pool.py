"""The published share is an equal mixture of the model and the simple benchmarks.

Everything else is the model's.
"""

from dataclasses import replace

import numpy as np
import pytest

from forecast.outlook import NotDefined, assess, observe, simulate_ahead
from forecast.outlook.benchmarks import (
    MEMBERS,
    MIN_PAST_MONTHS,
    MODEL,
    SIMPLE,
    WEIGHTS,
    Past,
    pool_simulations,
)
from forecast.outlook.recorded import above_and_below, main_record
from forecast.outlook.windows import threshold_outlook, window_outlook

MONTHS = 12


@pytest.fixture(scope="module")
def seen(fit):
    simulations = simulate_ahead(fit, "USA-CHN", MONTHS, seed=1, simulations_per_draw=40)
    return observe(fit, simulations, MONTHS, main_record(fit.panel, "USA-CHN"), seed=1)


@pytest.fixture(scope="module")
def record(fit):
    return main_record(fit.panel, "USA-CHN", "USA-CHN")


@pytest.fixture(scope="module")
def mixed(seen):
    return pool_simulations(seen, (MONTHS,), seed=1)[MONTHS]


def exact(past, observed, threshold, draws=40_000):
    """Return the mean over forecasters of the chance that a year's share reaches a threshold,
    by many draws of each."""
    rng, total = np.random.default_rng(7), observed.total[..., 1:].reshape(-1, MONTHS)
    own = 100 * observed.cooperative[..., 1:].sum(-1) / observed.total[..., 1:].sum(-1)
    chances = {MODEL: (own >= threshold).mean()}
    for code, one in SIMPLE.items():
        volume = total[rng.integers(len(total), size=draws)]
        cooperative = rng.binomial(volume, one.chances(past, (MONTHS,), draws, rng)[MONTHS])
        chances[code] = (100 * cooperative.sum(-1) / volume.sum(-1) >= threshold).mean()
    assert np.ptp(list(chances.values())) > 0.05, "forecasters that say the same would test nothing"
    return np.mean(list(chances.values()))


@pytest.mark.parametrize("threshold", [40.0, 50.0, 60.0])
def test_chances_are_the_weighted_mean_of_the_forecasters(record, seen, mixed, threshold):
    found = threshold_outlook(
        record, mixed.ahead(MONTHS), MONTHS, threshold, record.baseline(12)
    ).chance
    assert found.value == pytest.approx(exact(Past.of(record), seen, threshold), abs=0.012)


def test_every_forecaster_has_as_many_simulations(seen, mixed):
    untouched = (mixed.cooperative == seen.cooperative).all(axis=-1)
    assert untouched.mean() == pytest.approx(1 / len(MEMBERS), abs=0.02)
    assert np.array_equal(mixed.total, seen.total) and (mixed.cooperative <= mixed.total).all()
    assert pytest.approx(dict.fromkeys(MEMBERS, 1 / 8)) == WEIGHTS


def test_higher_similar_and_lower_add_up_and_stand_beside_the_models(record, seen, mixed):
    ahead, own = mixed.ahead(MONTHS), seen.ahead(MONTHS)
    before = record.baseline(12)
    window = window_outlook(record, ahead, MONTHS, before, model=own)
    alone = window_outlook(record, own, MONTHS, before)
    assert window.up.value + window.same.value + window.down.value == 1
    assert [window.model[name].value for name in ("up", "same", "down")] == [
        one.value for one in (alone.up, alone.same, alone.down)
    ]
    assert alone.model is None
    shares = 100 * ahead.cooperative.sum(-1) / ahead.total.sum(-1)
    up, _ = above_and_below(shares, window.baseline.share, 5.0)
    assert window.up.value == pytest.approx(up.mean(), abs=1e-9)
    assert window.share.mean == pytest.approx(shares.mean())


def test_the_same_seed_gives_the_same_numbers_whatever_else_is_asked(fit):
    one, two = assess(fit, "USA-CHN", (12,), seed=3), assess(fit, "USA-CHN", (3, 12, 24), seed=3)
    assert one.recorded[12].up.value == two.recorded[12].up.value
    assert one.recorded[12].share.median == two.recorded[12].share.median
    assert assess(fit, "USA-CHN", (12,), seed=4).recorded[12].up.value != one.recorded[12].up.value


def test_benchmarks_see_the_past_of_their_dataset_alone(fit, record, seen, mixed):
    counts = (
        fit.panel["counts"]
        .sel(dyad="USA-CHN")
        .isel(dataset=0)
        .sum(("direction", "class"))
        .to_numpy()
    )
    assert np.array_equal(Past.of(record).total, counts[np.flatnonzero(counts)[0] :])
    other = fit.panel.copy(deep=True)
    other["counts"].loc[{"dyad": "USA-RUS"}] = 0
    again = pool_simulations(
        replace(seen, record=main_record(other, "USA-CHN")), (MONTHS,), seed=1
    )[MONTHS]
    assert np.array_equal(again.cooperative, mixed.cooperative)


def cut(fit, first):
    """The fit of a record without events before a month."""
    panel = fit.panel.copy(deep=True)
    panel["counts"][{"time": slice(None, first)}] = 0
    return replace(fit, panel=panel)


def test_a_short_or_a_weekly_record_is_the_models_alone(fit, make):
    months = fit.panel.sizes["time"]
    for made, reason in (
        (cut(fit, months - MIN_PAST_MONTHS + 1), "less than 60 months ago"),
        (make(("USA-CHN",), frequency="week"), "by week"),
    ):
        found = assess(made, "USA-CHN", (3,), seed=1)
        assert isinstance(found.pool, NotDefined) and reason in found.pool.reason
        assert found.recorded[3].model is None and 0 < found.recorded[3].up.value < 1
    assert not isinstance(
        assess(cut(fit, months - MIN_PAST_MONTHS), "USA-CHN", (3,), seed=1).pool, NotDefined
    )


def test_a_horizon_longer_than_the_record_is_forecast_from_what_there_is():
    rng = np.random.default_rng(2)
    total = rng.poisson(8.0, 70)
    past = Past(total, rng.binomial(total, 0.8))
    for one in SIMPLE.values():
        assert one.chances(past, (120,), 4000, np.random.default_rng(1))[120].mean() > 0.7, one.code


def test_an_index_has_no_pool(fit):
    index = fit.panel.drop_vars(["counts", "covered"]).assign(index=0.0 * fit.panel["era_index"])
    made = type(fit)(fit.posterior, index, fit.spec)
    found = observe(
        made,
        simulate_ahead(made, "USA-CHN", 3, seed=1),
        3,
        main_record(made.panel, "USA-CHN"),
        seed=1,
    )
    assert pool_simulations(found, (3,), seed=1) == found


def test_missing_months_are_not_counted_as_hostile_or_cooperative():
    rng = np.random.default_rng(2)
    total = rng.poisson(8.0, 240)
    cooperative = rng.binomial(total, 0.8)
    gap = (np.arange(240) > 180) & (np.arange(240) < 215)
    past = Past(np.where(gap, 0, total), np.where(gap, 0, cooperative))
    for one in SIMPLE.values():
        drawn = one.chances(past, (12,), 4000, np.random.default_rng(1))[12]
        assert drawn.mean() == pytest.approx(0.8, abs=0.06), one.code
