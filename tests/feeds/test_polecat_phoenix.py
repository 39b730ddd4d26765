"""POLECAT and Phoenix, on rows made up after their published columns: no real row was at hand."""

import pytest

from forecast import build_panel
from forecast.base.resources import data_folder
from forecast.data.events.codebook import read_codes, read_small_csv
from forecast.data.feeds import FeedSettings, detect_feed, read_feed
from tests.feeds.made import (
    HISTORICAL_HEADER,
    POLECAT_HEADER,
    historical_row,
    in_archive,
    phoenix_row,
    polecat_row,
    written,
    zipped,
)
from tests.feeds.test_feeds import ALL, accounted


def polecat(tmp_path, *rows, header=POLECAT_HEADER, encoding="utf-8"):
    return written(tmp_path / "ngecEvents.DV.2018.txt", rows, header, encoding)


def test_a_row_of_polecat(tmp_path):
    path = polecat(tmp_path, polecat_row(**{"Publication Date": "2018-06-03"}))
    assert detect_feed(path) == "polecat"
    table = read_feed(path)
    event = table.events.iloc[0]
    assert (
        event["source"],
        event["target"],
        event["cameo"],
        event["quad"],
        event["source_quad"],
        event["n"],
    ) == (
        "USA",
        "CHN",
        "042",
        1,
        1,
        1,
    )
    assert (str(event["known_at"].date()), event["goldstein"], event["actor"]) == (
        "2018-06-03",
        4.0,
        'Some "name"',
    )
    assert build_panel(table)["dataset"].to_numpy().tolist() == ["polecat"]


@pytest.mark.parametrize(
    ("actors", "recipients", "dyads", "outcome"),
    [
        ("USA; CHN", "None", ["USA-CHN"], (1, 1, 0, 0, 0)),
        ("CHN; USA; CHN", "None", ["USA-CHN"], (1, 1, 0, 0, 0)),
        ("CHN; USA; RUS", "None", ["CHN-RUS", "USA-CHN", "USA-RUS"], (1, 1, 0, 0, 0)),
        ("USA; RUS", "CHN", ["CHN-RUS", "USA-CHN"], (1, 1, 0, 0, 0)),
        ("USA; CHN", "CHN", ["USA-CHN"], (1, 1, 0, 0, 0)),
        ("USA; IGO", "CHN", ["USA-CHN"], (1, 1, 0, 0, 0)),
    ],
)
def test_both_sides_of_a_joint_act_are_in_the_actor(tmp_path, actors, recipients, dyads, outcome):
    table = read_feed(polecat(tmp_path, polecat_row(actors=actors, recipients=recipients)))
    assert sorted(table.events["dyad"]) == dyads
    assert accounted(table) == outcome
    assert table.events["event_id"].is_unique


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        ({"actors": "USA", "recipients": "None"}, (2, 1, 0, 1, 0)),
        ({"actors": "None", "recipients": "None"}, (2, 1, 0, 1, 0)),
        ({"actors": "IGO"}, (2, 1, 0, 1, 0)),
        ({"actors": "USA; QQQ", "recipients": "None"}, (2, 1, 1, 0, 0)),
        ({"actors": ";".join(f"A{place}" for place in range(100_000))}, (2, 1, 1, 0, 0)),
        ({"kind": "MEDITATE"}, (2, 1, 1, 0, 0)),
        ({"day": "2018-02-30"}, (2, 1, 1, 0, 0)),
        ({"Primary Actor Sector": "REB"}, (2, 1, 0, 1, 0)),
        ({"Primary Actor Sector": "OTH", "Actor Sectors": "OTH; MIL"}, (2, 2, 0, 0, 0)),
    ],
)
def test_rows_of_polecat_that_are_not_kept(tmp_path, cells, outcome):
    table = read_feed(polecat(tmp_path, polecat_row(kind="AID"), polecat_row("2", **cells)))
    assert accounted(table) == outcome


@pytest.mark.parametrize(
    ("kind", "mode", "contexts", "code"),
    [
        ("AGREE", "None", "", "030"),
        ("CONSULT", "multilateral", "", "040"),
        ("RETREAT", "ceasefire", "", "0871"),
        ("ACCUSE", "investigate", "", "090"),
        ("SANCTION", "discontinue", "economic", "163"),
        ("COERCE", "martial_law", "", "1724"),
        ("assault", "drone", "diplomatic;military", "190"),
        ("ASSAULT", "drone", "terrorism", "180"),
        ("ASSAULT", "unconventional", "military|cbrn", "204"),
    ],
)
def test_types_and_modes_become_codes_of_cameo(tmp_path, kind, mode, contexts, code):
    table = read_feed(polecat(tmp_path, polecat_row(kind=kind, mode=mode, Contexts=contexts)))
    assert table.events["cameo"].tolist() == [code]


def test_every_code_of_the_table_of_plover_is_in_the_codebook_with_the_quad_that_plover_gives_its_type():
    table = read_small_csv(data_folder() / "codebook" / "plover.csv")
    assert not table.duplicated(["type", "mode"]).any()
    quads = read_codes()["quad"].loc[table["cameo"]].to_numpy()
    types = (
        "AGREE CONSULT SUPPORT CONCEDE",
        "COOPERATE AID RETREAT",
        "REQUEST ACCUSE REJECT THREATEN",
    )
    of_type = {kind: quad for quad, kinds in enumerate(types, 1) for kind in kinds.split()}
    different = table[quads != table["type"].map(of_type).fillna(4)]
    # To concede is material cooperation in CAMEO, and verbal in PLOVER.
    assert set(different["type"]) == {"CONCEDE"}


def test_headers_that_name_more_or_other_columns(tmp_path):
    extra = POLECAT_HEADER + "\tHeadline\tEvent Text\tFeed\tStory ID"
    assert accounted(read_feed(polecat(tmp_path, polecat_row(), header=extra))) == (1, 1, 0, 0, 0)
    tabs = POLECAT_HEADER + "\t\t\t"
    assert accounted(read_feed(polecat(tmp_path, polecat_row() + "\t\t", header=tabs))) == (
        1,
        1,
        0,
        0,
        0,
    )
    older = POLECAT_HEADER.replace("Event Intensity", "Intensity")
    assert (
        read_feed(polecat(tmp_path, polecat_row(), header=older)).events["goldstein"].item() == 4.0
    )
    none = POLECAT_HEADER.replace("Event Intensity\t", "")
    row = polecat_row().split("\t")
    table = read_feed(polecat(tmp_path, "\t".join(row[:4] + row[5:]), header=none))
    assert table.events["goldstein"].item() == read_codes().loc["042", "goldstein"]


def test_two_encodings(tmp_path):
    rows = [polecat_row(), polecat_row("2", kind="AID", **{"Actor Name": "São Tomé"})]
    for encoding, mended in (("utf-8", 0), ("latin-1", 1)):
        table = read_feed(polecat(tmp_path, *rows, encoding=encoding))
        assert "São Tomé" in set(table.events["actor"])
        assert table.accounts[0].files[0].mended == mended


def test_a_year_of_monthly_files_and_weeks_that_repeat_it(tmp_path):
    months = {
        f"ngecEventsDV-2018-{month:02}.txt": in_archive(
            [polecat_row(f"e{month}", kind="AID")], POLECAT_HEADER
        )
        for month in (1, 2)
    }
    year = zipped(tmp_path / "ngecEventsDV-2018.txt.zip", months)
    week = written(
        tmp_path / "ngecEvents.20180107120000.Release001.DV.txt",
        [polecat_row("e1", kind="AID")],
        POLECAT_HEADER,
    )
    assert accounted(read_feed([year, week], settings=ALL)) == (3, 2, 0, 0, 1)


def test_real_time_phoenix(tmp_path):
    rows = [
        phoenix_row(),
        phoenix_row("2", agents=("MED", "")),
        phoenix_row("3", source="IGO"),
        phoenix_row("4", code="010", quad="0"),
    ]
    path = written(tmp_path / "Phoenix.events.20180601.txt", rows)
    assert detect_feed(path) == "phoenix"
    table = read_feed(path)
    assert accounted(table) == (4, 2, 0, 2, 0)
    assert table.events["n"].tolist() == [3, 3]  # articles, not events
    assert table.events[["cameo", "quad", "source_quad"]].values.tolist() == [
        ["042", 1, 1],
        ["010", 1, 0],
    ]
    assert int(build_panel(table)["counts"].sum()) == 2
    few = read_feed(path, settings=FeedSettings(sectors="all", one_a_day=False, minimum_mentions=3))
    assert accounted(few)[1] == 3


@pytest.mark.parametrize(
    ("code", "root", "read"),
    [
        ("42", "4", "042"),
        ("042", "04", "042"),
        ("10", "1", "010"),
        ("100", "10", "100"),
        ("231", "2", "0231"),
        ("112", "11", "112"),
        ("112", "1", None),
        ("112", "5", None),
        ("190", "19", "190"),
        ("1721", "17", "1721"),
    ],
)
def test_historical_phoenix_has_codes_that_lost_their_zero(tmp_path, code, root, read):
    rows = [historical_row("a", code="190"), historical_row("b", code=code, root_code=root)]
    path = written(tmp_path / "PhoenixNYT_1945-2005.csv", rows, HISTORICAL_HEADER)
    table = read_feed(path, settings=ALL)
    found = table.events.set_index("event_id")["cameo"].get("phoenix:b")
    assert found == read
    assert (
        str(table.events["date"].iloc[0].date())
        == str(table.events["known_at"].iloc[0].date())
        == "1972-06-01"
    )
