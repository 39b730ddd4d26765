"""Drafts of added events: proposed from a feed, decided in a CSV or at a prompt, added, and counted by code."""

import json
import os
import shlex
import threading
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecast import add_events, read_chronology, read_feed
from forecast.base.errors import DataError
from forecast.cli import app
from forecast.data.events.drafting import (
    draft_events,
    precision_by_code,
    read_decisions,
    read_edited,
    write_draft,
)
from scripts.feed_server import FeedServer, World, gdelt_files
from tests.feeds.made import ICEWS_HEADER, gdelt_row, icews_row, polecat_row

REALDATA = Path(
    os.environ.get("REALDATA", Path(__file__).resolve().parents[3] / "shared" / "realdata")
)
DAY, SAME = "2018-10-04", "2018-10-08"  # On the latter Pompeo visits Beijing, in the chronology
ROWS = [
    icews_row(1, DAY, code="163", **{"Event Text": "Impose embargo, boycott, or sanctions"}),
    icews_row(2, DAY, code="163", **{"Event Text": "Impose embargo, boycott, or sanctions"}),
    icews_row(3, DAY, code="172", **{"Event Text": "Impose administrative sanctions"}),
    icews_row(4, DAY, "China", "United States", code="043", **{"Event Text": "Host a visit"}),
    icews_row(5, SAME, code="042"),
    icews_row(6, DAY, code="010", **{"Event Text": "Make statement"}),
    icews_row(7, DAY, "Japan", "China", code="111", **{"Event Text": "Criticize or denounce"}),
]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder `icews` as fetching makes it, and a command line in its folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    (tmp_path / "icews").mkdir()
    (tmp_path / "icews" / "20181009-icews-events.tab").write_text(
        "\n".join([ICEWS_HEADER, *ROWS]) + "\n"
    )
    return tmp_path


def run(words, answers=None):
    return CliRunner().invoke(app, ["events", *shlex.split(words)], input=answers)


def drafted(files, *pairs):
    return draft_events(
        read_feed(files / "icews"), chronology(), pairs or ("USA-CHN",), first=date(2018, 10, 1)
    )


@cache
def chronology():
    """Return the chronology, which every test reads and none changes."""
    return read_chronology()


def decided(path, **decisions):
    """Write decisions by code, and corrected cells, into a draft."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    for code, cells in decisions.items():
        place = rows["code"] == code.removeprefix("c")
        for name, value in ({"decision": cells} if isinstance(cells, str) else cells).items():
            rows.loc[place, name] = value
    rows.to_csv(path, index=False)


def test_rows_of_a_day_pair_and_class_are_one_proposal_of_the_most_reported_code(files):
    draft = drafted(files)
    sanction = draft.proposals.set_index("code").loc["163"]
    assert (sanction["reports"], sanction["rows"], sanction["also"]) == (3, 2, "172")
    assert sanction["proposed"] == "2018-10-04 USA>CHN 163"
    assert sanction["reference"] == "A Bulletin, story 47400351"
    assert draft.proposals["code"].tolist()[0] == "163"  # the most reported first


def test_a_visit_is_told_by_the_visitor_and_statements_are_left_out(files):
    draft = drafted(files)
    visit = draft.proposals[draft.proposals["date"] == DAY].set_index("code").loc["042"]
    assert (visit["source"], visit["target"], visit["actor"]) == ("USA", "CHN", "")
    assert "010" not in draft.proposals["code"].tolist()
    every = draft_events(
        read_feed(files / "icews"),
        chronology(),
        ["USA-CHN"],
        first=date(2018, 10, 1),
        statements=True,
    )
    assert "010" in " ".join(every.proposals["also"])
    assert "010" not in " ".join(draft.proposals["also"])


def test_what_the_chronology_has_is_named_and_needs_no_decision(files):
    proposals = drafted(files).proposals.set_index("proposed")
    same = proposals.loc["2018-10-08 USA>CHN 042"]
    assert same["decision"] == "there"
    assert "Pompeo holds tense talks in Beijing" in same["there"]


def test_only_so_many_of_a_pair_are_listed(files):
    draft = draft_events(
        read_feed(files / "icews"),
        chronology(),
        ["USA-CHN", "CHN-JPN"],
        first=date(2018, 10, 1),
        most=1,
    )
    assert draft.left_out == 1
    assert draft.proposals[draft.proposals["decision"] == ""]["code"].tolist() == ["163", "111"]


def test_decisions_in_the_csv_become_added_rows_and_are_kept(files):
    made = run("draft USA-CHN CHN-JPN --from icews --since 2018-10-01")
    assert made.exit_code == 0, made.output
    path = files / "drafts" / "icews-2018-10-08.csv"
    decided(path, c163="accept", c042={"decision": "accept", "code": "046"}, c111="reject")
    done = run(f"accept {path}")
    assert done.exit_code == 0, done.output
    assert "1 accepted" in done.output and "0 to decide" in done.output
    added = pd.read_csv(files / "added" / path.name, dtype=str)
    assert added["code"].tolist() == ["163", "046", "046"]
    assert set(added["compiled"]) == {str(pd.Timestamp.now("UTC").date())}
    assert (added["known_at"] >= added["date"]).all()
    counts = precision_by_code(read_decisions(files / "drafts" / "decisions.csv"))
    assert counts.loc["163", ["proposed", "accepted", "precision"]].tolist() == [1, 1, 1.0]
    assert counts.loc["042", "corrected"] == 2
    assert counts.loc["111", "precision"] == 0
    # The added rows are read as any others, and a new draft knows them.
    table = add_events(chronology(), files / "added" / path.name)
    assert len(table.additions[0].events) == 3
    again = run("draft USA-CHN --from icews --since 2018-10-01 --out second.csv --json")
    codes = {one["code"]: one for one in json.loads(again.stdout)["proposals"]}
    assert codes["163"]["decision"] == "there" and codes["163"]["precision"] == "1 of 1 right"


def test_the_same_decisions_again_change_nothing(files, monkeypatch):
    run("draft USA-CHN --from icews --since 2018-10-01")
    path = files / "drafts" / "icews-2018-10-08.csv"
    decided(path, c163="accept")
    run(f"accept {path}")
    before = (
        (files / "added" / path.name).read_text(),
        (files / "drafts" / "decisions.csv").read_text(),
    )
    monkeypatch.setattr("forecast.data.events.drafting.today", lambda: date(2030, 1, 1))
    assert run(f"accept {path}").exit_code == 0
    assert before == (
        (files / "added" / path.name).read_text(),
        (files / "drafts" / "decisions.csv").read_text(),
    )
    decided(path, c163="reject")
    assert run(f"accept {path}").exit_code == 0
    assert not (files / "added" / path.name).exists()


def test_a_prompt_asks_and_keeps_every_answer(files):
    run("draft USA-CHN CHN-JPN --from icews --since 2018-10-01")
    path = files / "drafts" / "icews-2018-10-08.csv"
    # Accept the sanction, correct the visit (an unreadable code first), and stop.
    done = run(f"accept {path} --prompt", "a\nc\n\n\n\n99\n046\nTalks on trade\nq\n")
    assert done.exit_code == 0, done.output
    assert "1 of 3" in done.output and "not a code of three or four digits" in done.output
    assert "1 to decide" in done.output
    added = pd.read_csv(files / "added" / path.name, dtype=str)
    assert added["summary"].tolist()[1] == "Talks on trade"
    assert run(f"accept {path} --prompt", "r\n").exit_code == 0
    assert "rejected" in (files / "drafts" / "decisions.csv").read_text()


def test_faults_of_an_editor_are_named(files):
    path = files / "draft.csv"

    def fault(**cells):
        write_draft(drafted(files), path)
        decided(path, c163=cells)
        with pytest.raises(DataError) as caught:
            read_edited(path)
        return str(caught.value)

    assert "expected accept, reject or there" in fault(decision="perhaps")
    assert "the two states of the proposal" in fault(decision="yes", target="JPN")
    assert "not a code of three or four digits" in fault(decision="yes", code="16")
    assert "as YYYY-MM-DD" in fault(decision="yes", date="4/10/2018")
    assert "leave it alone" in fault(decision="yes", proposed="")


def test_a_zero_that_a_spreadsheet_took_is_put_back_and_a_word_is_a_code(files):
    path = files / "draft.csv"
    write_draft(drafted(files), path)
    decided(
        path, c042={"decision": "yes", "code": "42"}, c163={"decision": "yes", "code": "attack"}
    )
    edited = read_edited(path)
    assert (
        edited.decisions.set_index("proposed")["decision"]["2018-10-04 USA>CHN 042"] == "accepted"
    )
    assert set(edited.added["code"]) == {"042", "190"}


def test_errors_name_the_remedy(files):
    assert "forecast events fetch gdelt" in run("draft --from gdelt --since 2018-10-01").output
    assert "earlier --since" in run("draft --from icews --since 2020-01-01").output
    assert "forecast events draft" in run("accept nothing.csv").output
    run("draft --from icews --since 2018-10-01")
    assert "--replace" in run("draft --from icews --since 2018-10-01").output


def test_an_archive_and_polecat_are_read_as_well(files):
    from tests.feeds.made import POLECAT_HEADER

    (files / "ngecEvents.DV.2018.txt").write_text(
        "\n".join([POLECAT_HEADER, polecat_row(day=DAY)]) + "\n"
    )
    assert run("import icews --archive archive").exit_code == 0
    of_archive = run(
        "draft USA-CHN --from icews --archive archive --since 2018-10-01 --out one.csv"
    )
    assert of_archive.exit_code == 0, of_archive.output
    assert (
        run(
            "draft USA-CHN --from ngecEvents.DV.2018.txt --since 2018-10-01 --out two.csv"
        ).exit_code
        == 0
    )
    assert pd.read_csv("two.csv", dtype=str)["code"].tolist() == ["042"]


def test_gdelt_keeps_the_address_of_its_page(files):
    (files / "20181004.export.CSV").write_text(
        gdelt_row(1, "20181004", code="163", types=("GOV", "GOV")) + "\n"
    )
    assert (
        run("draft USA-CHN --from 20181004.export.CSV --since 2018-10-01 --out one.csv").exit_code
        == 0
    )
    row = pd.read_csv("one.csv", dtype=str).iloc[0]
    assert row["reference"].startswith("https://example.org/")
    assert row[
        "summary"
    ] == "Name Of USA (USA): Impose embargo, boycott, or sanctions, towards CHN".replace(
        "USA (USA)", "Usa (USA)"
    )


def test_a_week_from_the_simulated_server_is_drafted(tmp_path, monkeypatch):
    """Fetched as documented, drafted and accepted, with GDELT's files of a week."""
    pytest.importorskip("httpx")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    world = World(date(2013, 6, 1), date(2013, 6, 9), seed=1)
    with FeedServer(0, gdelt_files(world, (date(2013, 6, 30), date(2013, 6, 30))), {}) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        fetched = run(
            f"fetch gdelt --from 2013-06-03 --to 2013-06-09 --server {server.address} --fetch-setting per_second=1000"
        )
        server.shutdown()
    assert fetched.exit_code == 0, fetched.output
    made = run("draft --from gdelt --since 2013-06-03")
    assert made.exit_code == 0, made.output
    path = tmp_path / "drafts" / "gdelt-2013-06-09.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert rows["date"].between("2013-06-03", "2013-06-09").all()
    rows.loc[rows["decision"] == "", "decision"] = "accept"
    rows.to_csv(path, index=False)
    assert run(f"accept {path}").exit_code == 0
    added = pd.read_csv(tmp_path / "added" / path.name, dtype=str)
    assert len(add_events(chronology(), tmp_path / "added" / path.name).additions[0].events) == len(
        added
    )


@pytest.mark.skipif(not REALDATA.exists(), reason="the sample files are not at hand")
def test_a_real_week_of_fifteen_pairs_fits_an_hour(tmp_path, monkeypatch):
    """Of the sample's daily files, eight days of October 2018: proposals an editor can decide in 16 seconds each."""
    monkeypatch.chdir(tmp_path)
    samples = sorted((REALDATA / "icews" / "daily").glob("201810*"))
    for path in samples:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    made = run(f"draft --from {tmp_path} --since 2018-10-01 --json")
    assert made.exit_code == 0, made.output
    open_ones = [one for one in json.loads(made.stdout)["proposals"] if not one["decision"]]
    assert 20 < len(open_ones) <= 225
    assert all(one["reference"] for one in open_ones)
