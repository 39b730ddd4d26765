"""Claims tested on what others published, an index and counts, from the command to the page.

The files have no licence to ship: skipped where not at hand. Set REALDATA to their folder. Draws are so few that no
fit passes the gate; what is tested is that the way is open, and that the page then says so.
"""

import json
import os
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from forecast.cli import app

FOLDER = Path(os.environ.get("REALDATA", Path(__file__).resolve().parents[3] / "shared" / "realdata"))
INDEX = FOLDER / "index" / "gpr_selected_monthly.csv"
COUNTS = FOLDER / "counts" / "usa_chn_icews_verbal_2001_2014.csv"
TINY = ("--draws", "60", "--tune", "100", "--chains", "2", "--cores", "1")

pytestmark = pytest.mark.slow


def carried_out(folder, *arguments):
    result = CliRunner().invoke(
        app, ["test", "--dyad", "USA-CHN", *map(str, arguments), *TINY, "--out", str(folder / "out")]
    )
    assert result.exit_code == 3, result.output
    content = json.loads((folder / "out" / "tests.json").read_text("utf-8"))
    assert content["warning"] == "NOT CONVERGED" in (folder / "out" / "index.html").read_text("utf-8")
    return content


@pytest.mark.skipif(not INDEX.exists(), reason=f"{INDEX.name} is not at hand")
def test_a_published_index(tmp_path):
    index = pd.read_csv(INDEX, usecols=["month", "GPRC_CHN"]).dropna()
    # It is an index of risk: turned round, higher is better.
    index.assign(calm=-index["GPRC_CHN"]).to_csv(tmp_path / "calm.csv", index=False)
    mapping = {"dataset": "calm", "columns": {"time": "month", "value": "calm"}, "constants": {"dyad": "USA-CHN"}}
    (tmp_path / "calm.yaml").write_text(yaml.safe_dump(mapping))
    given = ("--index", tmp_path / "calm.csv", "--mapping", tmp_path / "calm.yaml", "--claims", "S5")
    content = carried_out(tmp_path, *given, "--as-of", "2000-12", "--simulations", "2")
    (verdict,) = content["verdicts"]
    assert len(verdict["checks"]) == 4 and verdict["answer"] in ("supported", "rejected", "undecided")
    numbers = {one["name"]: one for one in verdict["numbers"]}
    assert 0 < numbers["half_life"]["low"] < numbers["half_life"]["high"]
    assert numbers["log_bayes_factor"]["value"] is not None and numbers["ahead_difference"]["value"] is not None
    assert [row["simulations"] for row in verdict["power"]["table"]] == [2, 2]
    assert any("index, standardised" in note for note in content["notes"])
    assert content["plan"]["base"]["observation"] == "index" and content["as_of"] == "2000-12-31"


@pytest.mark.skipif(not COUNTS.exists(), reason=f"{COUNTS.name} is not at hand")
def test_published_counts(tmp_path):
    mapping = {
        "dataset": "verbal",
        "columns": {"time": "month", "direction": "direction"},
        "classes": [
            {"name": "verbal conflict", "side": "conflict", "columns": ["n_vconf_cameo09_13"]},
            {"name": "verbal cooperation", "side": "cooperation", "columns": ["n_vcoop_cameo01_05"]},
        ],
    }
    (tmp_path / "verbal.yaml").write_text(yaml.safe_dump(mapping))
    given = ("--counts", COUNTS, "--mapping", tmp_path / "verbal.yaml", "--claims", "S5,S6")
    content = carried_out(tmp_path, *given, "--as-of", "2006-12", "--simulations", "0")
    assert [verdict["code"] for verdict in content["verdicts"]] == ["S5", "S6"]
    assert set(content["plan"]["data"]["files"]) >= {COUNTS.name, "verbal.yaml"}
    changes = {row["change"] for row in content["sensitivity"]}
    assert {"none", "one era"} <= changes
    for verdict in content["verdicts"]:
        names = {one["name"] for one in verdict["numbers"]}
        assert {"log_bayes_factor", "ahead_difference"} <= names
