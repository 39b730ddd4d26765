"""All claims together, and power on simulated records of the data's own shape."""

import pytest

from forecast import build_panel, pooled_tests, read_chronology
from forecast.base.errors import SpecError
from forecast.study.hypotheses.claims import CLAIMS
from forecast.study.hypotheses.engine import MATCHED, REMEMBERED
from forecast.study.hypotheses.family import FamilyRate, family_words
from forecast.study.hypotheses.nulls import NULL_KINDS
from forecast.study.hypotheses.outcome import LIMIT
from forecast.study.hypotheses.power import power_of_shape
from forecast.study.hypotheses.power_simulation import PowerSimulation
from forecast.study.hypotheses.power_tables import family_rates, rates_of
from forecast.study.hypotheses.record import read_panel
from scripts.simulate_power import merge_rows, write_table
from tests.hypotheses.test_pooled import three_indices

DYADS = ["USA-IRN", "CHN-JPN"]


@pytest.fixture(scope="module")
def record():
    return read_panel(build_panel(read_chronology(dyads=DYADS)))


def test_a_set_counts_once_however_many_false_claims_it_supports(record):
    simulation = PowerSimulation.of(record, ("S5b", "S8"), (MATCHED,), sets=3, limit_sets=2, seed=1)
    high, low = (LIMIT + 1.0, LIMIT + 1.0, 0.0), (0.0, 0.0, 0.0)
    for kind in NULL_KINDS:
        for number in range(2):  # they set the limit, and none is high
            for code in ("S5b", "S8"):
                simulation.checkpoint.add(simulation.key(kind, number, code), low)
    rows = {2: (high, high), 3: (low, high), 4: (low, low)}
    for number, by_claim in rows.items():
        for code, row in zip(("S5b", "S8"), by_claim, strict=True):
            simulation.checkpoint.add(simulation.key(MATCHED, number, code), row)
    (rate,) = simulation.family()
    assert (rate.truth, rate.sets, rate.alarms) == (MATCHED, 3, 2)
    assert rate.claims == ("S5b", "S8")


def test_placebo_dates_that_are_as_good_are_no_support(record):
    simulation = PowerSimulation.of(record, ("S2",), (MATCHED,), sets=1, limit_sets=1, seed=1)
    for kind in CLAIMS["S2"].nulls:
        simulation.checkpoint.add(simulation.key(kind, 0, "S2"), (0.0, 0.0, 0.0))
    simulation.checkpoint.add(simulation.key(MATCHED, 1, "S2"), (9.0, 9.0, 0.3))
    (rate,) = simulation.family()
    assert rate.alarms == 0


def test_the_upper_bound_is_that_of_a_counted_share():
    assert FamilyRate(MATCHED, 100, 3, ("S2",)).at_most == pytest.approx(0.069, abs=0.001)
    assert FamilyRate(MATCHED, 100, 0, ("S2",)).at_most < 0.02
    words = family_words((FamilyRate(MATCHED, 100, 3, ("S2",)),))
    assert f"3 of 100 simulated sets ({MATCHED}; upper bound 7%)" in words
    assert family_words(()) == ""


def test_of_a_table_by_claim_the_sum_over_claims_is_given():
    rates = {rate.truth: rate for rate in family_rates()}
    assert set(NULL_KINDS[:3]) <= set(rates)
    for rate in rates.values():
        by_claim = [
            of_claim.supported
            for code in rate.claims
            for of_claim in rates_of(code)
            if of_claim.truth == rate.truth and not of_claim.true
        ]
        assert rate.alarms == sum(by_claim) and not rate.counted
    assert "S12" not in rates[MATCHED].claims  # tested only if it is named
    assert "at most" in family_words(tuple(rates.values()))


def test_rows_of_some_truths_replace_older_ones_alone(tmp_path):
    path = tmp_path / "power.csv"
    before = {code: rates_of(code) for code in CLAIMS if rates_of(code)}
    write_table(before, path)
    (first, *others) = before["S8"]
    merge_rows({"S8": [type(first)(first.truth, first.true, 7, 1, 2, 0.0, 1.0)]}, path)
    after = rates_of("S8", path)
    assert after[0].sets == 7 and after[1:] == tuple(others)
    assert rates_of("S2", path) == before["S2"]


def test_power_of_the_own_shape_depends_on_the_seed_and_not_on_cores(record):
    simulated = [
        power_of_shape(record, ("S6",), 1, seed=seed, cores=cores)
        for seed, cores in ((3, 1), (3, 2), (4, 1))
    ]
    assert simulated[0] == simulated[1] != simulated[2]
    rates, family = simulated[0]
    assert {rate.truth for rate in rates["S6"]} > {MATCHED}
    assert all(rate.dyads == len(DYADS) and rate.sets == 1 for rate in rates["S6"])
    assert all(rate.months == int((record.events != 0).sum()) for rate in rates["S6"])
    assert [rate.truth for rate in family] == [MATCHED] and REMEMBERED not in family


def test_results_say_whose_power_they_print():
    panel = build_panel(read_chronology(dyads=DYADS))
    without = pooled_tests(panel, claims=["S6"])
    assert without.power_of == "" and not without["S6"].rates and not without.family
    assert "Power was not simulated for these data" in "\n".join(without.lines())
    results = pooled_tests(panel, claims=["S6"], power=1)
    assert results.power_of == "these data" and results["S6"].rates and results.family
    lines = "\n".join(results.lines())
    assert "as long and dense as these data" in lines and "All claims together" in lines
    assert results["S6"].outcome.least == without["S6"].outcome.least


def test_power_of_an_index_is_rejected_before_any_work():
    panel = three_indices()
    with pytest.raises(SpecError, match="power: is simulated for counts"):
        pooled_tests(panel, claims=["S6"], power=1)
