"""The page of records that others coded: what it reads, and that it says what its numbers are."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.study.hypotheses.record import read_panel
from forecast.study.hypotheses.simulate import SimulatedProcess, simulate
from scripts import outsiders
from tests.hypotheses.test_pooled import made

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("OUTSIDERS", ROOT.parent / "shared" / "outsiders"))
REALDATA = FOLDER.parent / "realdata"
FOLDERS = (FOLDER, REALDATA / "index", REALDATA / "counts")


def test_a_folder_without_records_gives_the_embedded_one_alone(tmp_path):
    assert [name for name, _ in outsiders.records_of([tmp_path])] == [outsiders.EMBEDDED]


def test_conflict_counts_are_read_with_their_directions(tmp_path):
    path = tmp_path / outsiders.ICEWS_FILE
    rows = [
        f"{month},{way},{2 + (way[0] == 'U')},{1 + (way[0] == 'U')}"
        for month in ("2000-01", "2000-02")
        for way in ("USA>CHN", "CHN>USA", "CHN>TAW", "TAW>CHN", "CHN>DRV", "DRV>CHN")
    ]
    path.write_text("month,direction,n_vconf_10_13,n_mconf_14_20\n" + "\n".join(rows) + "\n")
    record = read_panel(outsiders.icews_panel(path))
    assert set(record.dyads) == {"USA-CHN", "CHN-TWN"}
    both = record.events[record.dyads.index("USA-CHN")]
    assert both.tolist() == [8, 8]  # 5 of one side and 3 of the other
    directed = outsiders.icews_panel(path, directed=True)
    assert directed["counts"].sel(dyad="USA-CHN").sum(("dataset", "time", "class")).max() == 10


def test_less_risk_is_better_and_months_without_reports_are_missing(tmp_path):
    path = tmp_path / outsiders.RISK_FILE
    columns = list(outsiders.RISK_COLUMNS.values())
    table = pd.DataFrame(1.0, index=range(3), columns=columns)
    table.insert(0, "month", ["1985-01", "1985-02", "1985-03"])
    table["GPRC_CHN"] = [0.5, 2.0, 0.0]
    table.to_csv(path, index=False)
    values = outsiders.risk(path)
    chinese = values[values["dyad"] == "USA-CHN"]["value"].tolist()
    assert len(chinese) == 2 and chinese[0] > 0.0 > chinese[1]


def test_rows_of_records_that_are_tested_again_are_replaced_in_order():
    before = [{"name": outsiders.EMBEDDED, "x": 1}, {"name": outsiders.RISK, "x": 1}]
    again = [{"name": outsiders.ICEWS, "x": 2}, {"name": outsiders.EMBEDDED, "x": 2}]
    rows = outsiders.merged(before, again, outsiders.NAMES)
    assert [(row["name"], row["x"]) for row in rows] == [
        (outsiders.EMBEDDED, 2),
        (outsiders.ICEWS, 2),
        (outsiders.RISK, 1),
    ]


def test_folders_or_the_page_have_to_be_named(capsys):
    with pytest.raises(SystemExit):
        outsiders.main([])
    assert "give the folders with the records, or --write" in capsys.readouterr().err


def test_weeks_become_months_of_the_mean_of_both_sides(tmp_path):
    path = tmp_path / outsiders.WEEKS_FILE
    path.write_text(
        "week,israel_to_palestine,palestine_to_israel\n1979-15,-10,-20\n1979-16,-2,-4\n1979-19,1,3\n"
    )
    found = outsiders.israel_and_palestinians(path)
    assert found["time"].dt.strftime("%Y-%m").tolist() == ["1979-04", "1979-05"]
    assert found["value"].tolist() == [-9.0, 2.0]


def test_smoothed_levels_follow_the_levels_that_events_were_drawn_at():
    truth = SimulatedProcess("", 0.15, concentration=20.0, cycle=(4.0, 0.6))
    record = simulate(made(3, 360, rate=6.0), truth, 1)
    levels = outsiders.levels_of(record)
    for dyad, name in enumerate(record.dyads):
        events = np.where(record.events[dyad] > 0, record.events[dyad], np.nan)
        share = pd.Series(record.cooperative[dyad] / events, index=record.time)
        assert share.corr(levels[name]) > 0.6
        assert len(levels[name]) == record.stop[dyad] - record.first[dyad]


def test_two_codings_of_the_same_events_agree():
    record = simulate(made(3, 360, rate=6.0), SimulatedProcess("", 0.15, cycle=(4.0, 0.6)), 1)
    rows = outsiders.agreements({outsiders.EMBEDDED: record, "again": record})
    assert len(rows) == 3 and all(row["levels"] == pytest.approx(1.0) for row in rows)


def test_the_page_is_made_of_its_numbers():
    kept = json.loads(outsiders.KEPT.read_text("utf-8"))
    assert outsiders.PAGE.read_text("utf-8") == outsiders.page(kept, outsiders.FIGURE.name)
    assert outsiders.FIGURE.exists()
    for row in kept["records"]:
        low, middle, high = row["half_life"]
        assert low < middle < high


@pytest.mark.slow
@pytest.mark.skipif(
    not all(folder.exists() for folder in FOLDERS), reason="the records are not at hand"
)
def test_the_records_are_those_of_the_page():
    kept = json.loads(outsiders.KEPT.read_text("utf-8"))
    records = {name: len(record.dyads) for name, record in outsiders.records_of(FOLDERS)}
    assert records == {row["name"]: row["dyads"] for row in kept["records"]}
