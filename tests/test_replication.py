"""Replications of the field: estimates recover what series were made with.

The published records give known numbers.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.base.errors import DataError
from forecast.study.hypotheses.simulate import integrate_fractionally

pytest.importorskip("statsmodels")
from scripts import replication

ROOT = Path(__file__).resolve().parents[1]
OUTSIDERS = Path(os.environ.get("OUTSIDERS", ROOT.parent / "shared" / "outsiders"))


@pytest.mark.parametrize("order", [0.0, 0.3, 0.45])
def test_both_estimates_recover_the_order_of_integration(order):
    rng = np.random.default_rng(1)
    values = integrate_fractionally(rng.standard_normal(3000), order)[2000:]
    exact, exact_error = replication.exact_order(values)
    whittle, whittle_error = replication.whittle_order(values)
    assert exact == pytest.approx(order, abs=3.0 * exact_error) and exact_error < 0.05
    assert whittle == pytest.approx(order, abs=3.0 * whittle_error)


def test_who_answers_whom_is_found(tmp_path):
    rng = np.random.default_rng(2)
    first, second = rng.standard_normal((2, 800))
    second[1:] += 0.5 * first[:-1]  # the second side answers the first a week later
    path = tmp_path / replication.WEEKS
    pd.DataFrame({"israel_to_palestine": first, "palestine_to_israel": second}).to_csv(
        path, index=False
    )
    tests = replication.granger_tests(path).set_index("cause")
    assert (
        tests.loc["israel_to_palestine", "p"] < 1e-6 < 0.01 < tests.loc["palestine_to_israel", "p"]
    )


def test_another_file_is_rejected_with_the_remedy(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("ym,a\n4801,1\n")
    with pytest.raises(DataError, match="has no column eg2is; give the months of sTSD's exCopdab"):
        replication.memories(path)
    with pytest.raises(DataError, match="has no column israel_to_palestine; give the weeks"):
        replication.granger_tests(path)


@pytest.mark.skipif(not OUTSIDERS.exists(), reason="the records are not part of the package")
def test_six_of_eight_directed_pairs_are_fractionally_integrated():
    found = replication.memories(OUTSIDERS / replication.COPDAB)
    assert sum(one.exact > 2.0 * one.exact_error for one in found) == 6
    tests = replication.granger_tests(OUTSIDERS / replication.WEEKS)
    assert tests["F"].round(1).tolist() == [17.6, 10.9]
