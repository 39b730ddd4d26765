"""Of what kinds the events ahead would be, and the chance of so many of a kind."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from forecast.errors import SpecError
from forecast.outlook import AtLeast, NotDefined, assess, observe, simulate_ahead
from forecast.outlook.draws import stream
from forecast.outlook.kind_counts import KindRates, kind_outlook, window_base_rate
from forecast.outlook.observed import simulate_kinds
from forecast.outlook.query import Query
from forecast.outlook.question import CountQuestion
from forecast.outlook.recorded import DatasetRecord, main_record
from tests.model.panels import make_panel

DYAD = "USA-CHN"


@pytest.fixture(scope="module")
def observed(fit):
    return observe(fit, simulate_ahead(fit, DYAD, 24, seed=1), 24, main_record(fit.panel, DYAD), seed=1, kinds=True)


def panel_of(months, classes=4, cut=2):
    """A panel of so many events of each class per month."""
    panel = make_panel(classes=classes, zero_cut=cut, periods=len(months))
    return panel.assign(counts=panel["counts"] * 0 + np.asarray(months)[None, None, :, None, :])


def drawn(panel, total=10, cooperative=4, simulations=2000, months=12):
    size = simulations, months
    record, rng = DatasetRecord.of(panel, DYAD, 0), stream(1, DYAD, "kinds 0")
    return simulate_kinds(record, np.full(size, total), np.full(size, cooperative), rng)


def test_kinds_add_up_to_the_sides(observed):
    np.testing.assert_array_equal(observed.kinds[..., 4:].sum(axis=-1), observed.cooperative)
    np.testing.assert_array_equal(observed.kinds.sum(axis=-1), observed.total)


def test_longer_simulations_only_go_on(fit):
    simulations = simulate_ahead(fit, DYAD, 24, seed=1)
    short, long = (
        observe(fit, simulations, months, main_record(fit.panel, DYAD), seed=1, kinds=True).kinds for months in (6, 24)
    )
    np.testing.assert_array_equal(short, long[..., :7, :])


def test_the_mix_is_that_of_the_last_ten_years():
    found = drawn(panel_of([[0, 3, 3, 0]] * 120 + [[3, 0, 0, 3]] * 120)).mean(axis=(0, 1))
    assert found == pytest.approx([6, 0, 0, 4], abs=0.15)


def test_what_is_little_known_spreads_from_future_to_future():
    short, long = (drawn(panel_of([[1, 1, 1, 1]] * months))[..., 0].sum(axis=1).std() for months in (12, 120))
    assert short > 1.3 * long > 1.3 * np.sqrt(12 * 6 / 4)


def test_a_kind_that_was_not_recorded_is_rare_and_possible():
    found = drawn(panel_of([[0, 2, 1, 1]] * 120), months=24)[..., 0].sum(axis=1)
    assert 0 < (found > 0).mean() < 0.1


def test_months_that_are_not_covered_do_not_push_the_last_ten_years_out():
    panel = panel_of([[1, 1, 1, 1]] * 120 + [[0, 0, 0, 0]] * 130)
    gaps = panel.assign(covered=panel["covered"] & (panel["time"] < panel["time"][120]))
    known, silent = (drawn(one)[..., 0].sum(axis=1).std() for one in (gaps, panel))
    assert silent > 1.3 * known


def test_one_kind_a_side_is_the_side():
    np.testing.assert_array_equal(drawn(panel_of([[1, 1]] * 60, classes=2, cut=1)), np.full((2000, 12, 2), [6, 4]))


def test_chances_come_from_the_past_and_those_of_simulations_stand_beside_them(fit, observed):
    record, rates = main_record(fit.panel, DYAD, "US-China"), KindRates.of(fit.panel, 0, (0,))
    number = observed.kinds[..., 1:13, 0].sum(axis=-1)
    question = CountQuestion.ahead(record, 12, of="class 0", at_least=2)
    hit, _ = question.settle(observed.ahead(12, 0))
    found = kind_outlook(record, question, 12, hit, record.counts[:, 0], rates.rate(DYAD, 12), False)
    assert found.simulated.value == pytest.approx((number >= 2).mean(), abs=1e-9)
    rate = rates.rate(DYAD, 12)
    assert found.chance.value == pytest.approx(rate.at_least(2), abs=1e-9) and found.chance.mcse == 0.0
    assert found.events.mean == pytest.approx(rate.mean.mean())
    before = fit.panel["counts"].sel(dyad=DYAD)[0, -12:, 0, 0]
    assert found.baseline.events == before.sum() and found.baseline.cooperative == 0
    assert found.sentence.startswith(
        "The chance that the chronology records at least 2 events of the kind “class 0” between US-China in the 12 "
        "months to "
    )
    assert "records at least 2 US-China events of the kind “class 0”" in found.rule
    assert "from 1 January 2025 to 31 December 2025" in found.rule


def test_all_kinds_and_what_is_asked_for_are_assessed(fit):
    found = assess(fit, DYAD, (3, 12), at_least=[AtLeast("CLASS 7", 2, 24)])
    assert list(found.of_a_kind) == [f"class {number}" for number in range(8)]
    for row in found.of_a_kind.values():
        assert row[3].chance.value <= row[12].chance.value
    (asked,) = found.at_least
    assert (asked.kind, asked.at_least, asked.until) == ("class 7", 2, date(2026, 12, 31))


def test_base_rates_are_those_of_windows():
    assert window_base_rate(np.array([0, 0, 2, 0, 0, 0]), 2, 2) == pytest.approx(2 / 5)
    assert isinstance(window_base_rate(np.zeros(3, dtype=int), 12), NotDefined)


@pytest.mark.parametrize("text, message", [
    ("violence:many", "expected KIND, KIND:NUMBER or KIND:NUMBER:MONTHS"),
    ("violence:1:2:3", "expected KIND"),
    (":3", "expected KIND"),
    ("war", "'war': there is no such kind; the kinds are class 0, class 1"),
    ("class", "'class': several kinds begin so"),
    ("class 1:0", "expected one or more"),
    ("class 1:1:500", "500 months; expected 1 to 120"),
])  # fmt: skip
def test_nonsense_is_rejected(text, message):
    panel = make_panel()
    with pytest.raises(SpecError, match=message):
        Query.of(panel, DYAD, (12,), at_least=[AtLeast.parse(text)])


def test_an_index_has_no_kinds():
    with pytest.raises(SpecError, match="at-least: the data are an index"):
        Query.of(make_panel(index=True), DYAD, (12,), at_least=[AtLeast("violence")])


def test_the_horizon_asked_for_extends_the_simulations():
    query = Query.of(make_panel(), DYAD, (3, 12), at_least=[AtLeast("class 7", months=36), AtLeast("class 6")])
    assert query.reach == 36
    assert [months for _, _, months in query.numbers] == [36, 12]
    assert replace(query, numbers=()).reach == 12
