"""Files as feeds publish them.

Without licence to ship, skipped where not at hand. Counted a second time by hand.

Set REALDATA to their folder.
"""

import os
from pathlib import Path

import pytest

from forecast.data.events.codebook import read_codes
from forecast.data.feeds import FeedSettings, detect_feed, read_feed

FOLDER = Path(
    os.environ.get("REALDATA", Path(__file__).resolve().parents[3] / "shared" / "realdata")
)
ALL = FeedSettings(sectors="all", one_a_day=False)


def real(name):
    path = FOLDER / name
    return pytest.param(
        path, marks=pytest.mark.skipif(not path.exists(), reason=f"{name} is not at hand")
    )


def rows_of(path):
    return [line.split("\t") for line in path.read_text("utf-8").split("\n") if line]


@pytest.mark.parametrize("path", [real("icews/events.2018.sample.tab")])
def test_two_days_of_icews(path):
    two = {"United States", "China"}
    between = [row for row in rows_of(path) if {row[4], row[10]} == two]
    table = read_feed(path, dyads=["USA-CHN"], settings=ALL)
    assert len(table.events) == len(between) == 101
    assert table.files[0].rows == 3705
    assert table.events["cameo"].value_counts().to_dict() == {
        code: sum(row[6] == code for row in between) for code in {row[6] for row in between}
    }
    once = read_feed(path, dyads=["USA-CHN"], settings=FeedSettings(sectors="all"))
    events = {(row[1], row[4], row[6]) for row in between}
    assert len(once.events) == len(events)
    assert once.events["n"].sum() == 101


@pytest.mark.parametrize("path", [real("icews/daily")])
def test_daily_files_of_icews(path):
    files = sorted(path.glob("*.tab"))
    table = read_feed(path, settings=ALL)
    account = table.accounts[0]
    assert {file.name: file.rows for file in account.files} == {
        file.name: len(rows_of(file)) - 1 for file in files
    }
    assert account.total("rejected") == 0
    directed = [
        row
        for file in files
        for row in rows_of(file)[1:]
        if row[4] and row[10] and row[4] != row[10]
    ]
    assert account.total("kept") + account.total("duplicates") == len(directed)
    bare = [
        row
        for row in directed
        if {row[4], row[10]} == {"United States", "China"} and not row[3] and not row[9]
    ]
    governments = read_feed(path, dyads=["USA-CHN"], settings=FeedSettings(one_a_day=False)).events
    ids = set(governments["event_id"])
    assert bare and {f"icews:{row[0]}-{row[1].replace('-', '')}" for row in bare} <= ids


@pytest.mark.parametrize("path", [real("gdelt/gdelt1_raw_sample.export.CSV")])
def test_a_file_of_gdelt_with_two_layouts(path):
    rows = rows_of(path)
    table = read_feed(path, settings=ALL)
    assert table.files[0].rows == len(rows) == 710
    regions = {"AFR", "EUR", "WST", "ASA", "SEA", "LAM", "MEA", "SAS", "NAF", "EEU", "WAF", "NMR"}
    states = [
        row
        for row in rows
        if row[7] and row[17] and row[7] != row[17] and not {row[7], row[17]} & regions
    ]
    assert table.accounts[0].total("kept") == len(states)
    events = table.events.set_index("event_id")
    quads, codes = events["quad"], read_codes()["quad"]
    assert (quads == events["cameo"].map(codes)).all()
    assert events["source_quad"].to_dict() == {f"gdelt:{row[0]}": int(row[29]) for row in states}
    assert events["n"].to_dict() == {f"gdelt:{row[0]}": int(row[33]) for row in states}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (*real("gdelt/20250810020000.export.CSV").values, "gdelt"),
        (*real("gdelt/gdelt1_20141124_3rows.export.CSV").values, "gdelt"),
        (*real("icews/daily/20181007-icews-events.tab").values, "icews"),
        (*real("gdelt/mentions_20170701_sample.csv").values, None),
        (*real("gdelt/usa_chn_2018_tradewar_quoted.csv").values, None),
    ],
)
def test_real_files_are_recognised(path, words):
    if not path.exists():
        pytest.skip(f"{path.name} is not at hand")
    assert detect_feed(path) == words
