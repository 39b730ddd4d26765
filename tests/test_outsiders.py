"""The page of records that others coded: what it reads, and that it says what its numbers are."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.study.hypotheses.simulate import Truth, simulate
from scripts import outsiders
from tests.hypotheses.test_pooled import made

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("OUTSIDERS", ROOT.parent / "shared" / "outsiders"))


def test_a_folder_without_records_gives_the_embedded_one_alone(tmp_path):
    assert [name for name, _ in outsiders.records_of(tmp_path)] == [outsiders.EMBEDDED]


def test_weeks_become_months_of_the_mean_of_both_sides(tmp_path):
    path = tmp_path / outsiders.WEEKS_FILE
    path.write_text(
        "week,israel_to_palestine,palestine_to_israel\n1979-15,-10,-20\n1979-16,-2,-4\n1979-19,1,3\n"
    )
    found = outsiders.israel_and_palestinians(path)
    assert found["time"].dt.strftime("%Y-%m").tolist() == ["1979-04", "1979-05"]
    assert found["value"].tolist() == [-9.0, 2.0]


def test_smoothed_levels_follow_the_levels_that_events_were_drawn_at():
    truth = Truth("", 0.15, concentration=20.0, cycle=(4.0, 0.6))
    record = simulate(made(3, 360, rate=6.0), truth, 1)
    levels = outsiders.levels_of(record)
    for dyad, name in enumerate(record.dyads):
        events = np.where(record.events[dyad] > 0, record.events[dyad], np.nan)
        share = pd.Series(record.cooperative[dyad] / events, index=record.time)
        assert share.corr(levels[name]) > 0.6
        assert len(levels[name]) == record.stop[dyad] - record.first[dyad]


def test_two_codings_of_the_same_events_agree():
    record = simulate(made(3, 360, rate=6.0), Truth("", 0.15, cycle=(4.0, 0.6)), 1)
    rows = outsiders.agreements({outsiders.EMBEDDED: record, "again": record})
    assert len(rows) == 3 and all(row["levels"] == pytest.approx(1.0) for row in rows)


def test_the_page_is_made_of_its_numbers():
    kept = json.loads(outsiders.KEPT.read_text("utf-8"))
    assert outsiders.PAGE.read_text("utf-8") == outsiders.page(kept)
    assert outsiders.FIGURE.exists()
    for row in kept["records"]:
        low, middle, high = row["half_life"]
        assert low < middle < high


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.exists(), reason="the records are not at hand")
def test_the_records_are_those_of_the_page():
    kept = json.loads(outsiders.KEPT.read_text("utf-8"))
    records = {name: len(record.dyads) for name, record in outsiders.records_of(FOLDER)}
    assert records == {row["name"]: row["dyads"] for row in kept["records"]}
