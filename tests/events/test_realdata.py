"""Files as feeds and databases really write them.

Without licence to ship, skipped where not at hand.

Set REALDATA to their folder.
"""

import os
from pathlib import Path

import pytest

from forecast.base.errors import MappingError
from forecast.data.events import read_counts, read_index, read_table
from forecast.data.events.codebook import read_codes
from forecast.data.panel import build_counts_panel, build_index_panel, build_panel, validate_panel

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("REALDATA", ROOT.parent / "shared" / "realdata"))


def real(name):
    path = FOLDER / name
    return pytest.param(
        path, marks=pytest.mark.skipif(not path.exists(), reason=f"{name} is not at hand")
    )


GDELT = {
    "dataset": "gdelt",
    "header": False,
    "date_format": "%Y%m%d",
    "columns": {
        "event_id": 1,
        "date": 2,
        "source": 8,
        "target": 18,
        "cameo": 27,
        "goldstein": 31,
        "n": 32,
    },
}
TAB = {"delimiter": "tab", "quoted": False}


def with_column(mapping, **columns):
    return mapping | {"columns": mapping["columns"] | columns}


@pytest.mark.parametrize("path", [real("gdelt/usa_chn_2018_tradewar_quoted.csv")])
def test_a_database_export_without_header_or_leading_zeros(path):
    mapping = with_column(GDELT, known_at=57)
    with pytest.raises(MappingError, match="leading_zeros: lost"):
        read_table(path, mapping)
    table = read_table(path, mapping | {"leading_zeros": "lost"})
    assert (len(table.events), len(table.rejects), table.dyads) == (3340, 0, ["USA-CHN"])
    assert (table.events["cameo"] == "061").sum() == 660
    assert set(table.events["date"].dt.year) == {2018}
    # The file gives each code's value too: were a code mended into another, the two would part.
    codes = read_codes()["goldstein"]
    assert (table.events["goldstein"] == table.events["cameo"].map(codes)).mean() > 0.99
    validate_panel(build_panel(table, directed=True))


@pytest.mark.parametrize("path", [real("icews/events.2018.sample.tab")])
def test_a_release_with_country_names(path):
    columns = {
        "event_id": "Event ID",
        "date": "Event Date",
        "cameo": "CAMEO Code",
        "goldstein": "Intensity",
    }
    columns |= {"source": "Source Country", "target": "Target Country", "actor": "Source Name"}
    countries = {"United States": "USA", "China": "CHN", "Russian Federation": "RUS"}
    table = read_table(
        path, {"dataset": "icews", "columns": columns, "countries": countries, **TAB}
    )
    assert table.files[0].rows == 3705 == len(table.events) + len(table.rejects)
    assert (table.events["dyad"] == "USA-CHN").sum() == 101
    assert (table.events["cameo"] == "040").any()
    reasons = table.rejects["reason"]
    assert reasons.str.contains("'North Korea': not an ISO 3166 alpha-3 code").any()
    assert reasons.str.contains("source and target are the same").any()


@pytest.mark.parametrize("path", [real("gdelt/gdelt1_raw_sample.export.CSV")])
def test_a_daily_export_known_long_after_the_date(path):
    table = read_table(path, with_column(GDELT, known_at=57) | TAB)
    assert table.files[0].rows == 710 == len(table.events) + len(table.rejects)
    assert (table.events["known_at"] >= table.events["date"]).all()
    assert table.rejects["reason"].str.contains("57 fields where 58 are expected").sum() == 201


@pytest.mark.parametrize("path", [real("gdelt/20250810020000.export.CSV")])
def test_a_quarter_hour_export(path):
    mapping = with_column(GDELT, known_at=60) | TAB | {"known_at_format": "%Y%m%d%H%M%S"}
    event = read_table(path, mapping).events.iloc[0]
    assert (event["dyad"], event["cameo"], str(event["known_at"].date())) == (
        "CHN-PAK",
        "010",
        "2025-08-10",
    )


@pytest.mark.parametrize("path", [real("counts/usa_chn_icews_verbal_2001_2014.csv")])
def test_counts_of_two_classes(path):
    classes = [
        {"name": "verbal conflict", "side": "conflict", "columns": ["n_vconf_cameo09_13"]},
        {"name": "verbal cooperation", "side": "cooperation", "columns": ["n_vcoop_cameo01_05"]},
    ]
    columns = {"time": "month", "direction": "direction"}
    table = read_counts(path, {"dataset": "icews", "columns": columns, "classes": classes})
    panel = build_counts_panel(table, directed=True)
    validate_panel(panel)
    assert (panel.attrs["zero_cut"], panel.sizes["class"], panel.sizes["time"]) == (1, 2, 168)
    january = panel["counts"].sel(time="2001-01-01").squeeze()
    assert january.values.tolist() == [[15, 87], [41, 73]]


@pytest.mark.parametrize("path", [real("index/gpr_selected_monthly.csv")])
def test_a_published_index(path):
    mapping = {
        "dataset": "gpr",
        "columns": {"time": "month", "value": "GPRC_CHN"},
        "constants": {"dyad": "USA-CHN"},
    }
    panel = build_index_panel(read_index(path, mapping), as_of="2023-10-31")
    validate_panel(panel)
    assert str(panel["time"].values[-1])[:7] == "2023-10"
    assert panel["index"].notnull().all()
