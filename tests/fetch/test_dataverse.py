"""Dataverse: editions, files by id, the original of a converted table, days read from names."""

import json
from datetime import date

import pytest

from forecast.base.errors import FetchError, SpecError
from forecast.data.fetch import list_editions
from forecast.data.fetch.dataverse import DOIS, days_of, require_doi
from scripts.feed_server import dataverse_entry, zipped
from tests.feeds.made import ICEWS_HEADER, icews_row
from tests.fetch.conftest import QUICK

ICEWS = DOIS["icews"]
TABLE = f"{ICEWS_HEADER}\n{icews_row()}\n".encode()


def archive(name="a.tab"):
    return zipped(name, TABLE.decode().splitlines())


@pytest.fixture
def files(server):
    """Two versions of ICEWS: a year that was issued again, and releases of days and weeks."""
    old = [
        dataverse_entry(
            1, "events.2018.20190101000000.tab.zip", archive(), publicationDate="2019-01-02"
        )
    ]
    new = [
        dataverse_entry(
            2, "events.2018.20200427084805.tab.zip", archive(), publicationDate="2020-04-28"
        ),
        dataverse_entry(
            3,
            "20190309-icews-events.zip",
            archive(),
            publicationDate=None,
            creationDate="2019-03-10",
        ),
        dataverse_entry(4, "20190309-icews-events.zip", archive("b.tab")),
        dataverse_entry(5, "20190503-thru-20190519-icews-events.tab", TABLE),
        dataverse_entry(6, "icews-codebook.pdf", b"%PDF"),
        dataverse_entry(7, "notes.txt", b"hello"),
    ]
    server.datasets = {ICEWS: {"36.0": old, "37.0": new}}
    return new


def asked(server):
    return [place for place, _ in server.asked if "datafile" in place]


def test_the_newest_edition_is_fetched_by_ids(fetch, server, files, tmp_path):
    done = fetch("2018-11", "2019-05", feed="icews", out=tmp_path)
    assert done.counts == {"expected": 4, "received": 4, "absent": 0, "failed": 0, "waiting": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "20190309-icews-events.id3.zip",
        "20190309-icews-events.id4.zip",
        "20190503-thru-20190519-icews-events.tab",
        "events.2018.20200427084805.tab.zip",
        "fetch.json",
    ]
    assert sorted(asked(server)) == [f"api/access/datafile/{number}" for number in (2, 3, 4, 5)]
    assert {slot: entry.published for slot, entry in done.entries.items()} == {
        "2": "2020-04-28",
        "3": "2019-03-10",
        "4": "2026-01-31",
        "5": "2026-01-31",
    }
    assert done.entries["2"].edition == "37.0"
    assert done.request["released"] == "2061-01-31"
    assert done.notes[-1] == "not fetched, as their names say no day: 1 files (notes.txt)"


def test_days_of_which_no_file_can_hold_events_are_holes(fetch, server, files, tmp_path):
    done = fetch("2018-12-30", "2019-05-25", feed="icews", out=tmp_path)
    assert [(gap.first, gap.last, gap.slots) for gap in done.gaps] == [
        ("2019-01-01", "2019-02-26", 57),
        ("2019-03-11", "2019-04-22", 43),
        ("2019-05-21", "2019-05-25", 5),
    ]
    assert done.complete


@pytest.mark.parametrize("wanted", ["36.0", "36", "2060-12-31"])
def test_an_old_edition_can_be_had(fetch, server, files, tmp_path, wanted):
    done = fetch("2018-11", "2018-12", feed="icews", out=tmp_path, edition=wanted)
    assert (done.entries["1"].published, done.entries["1"].edition) == ("2019-01-02", "36.0")


def test_editions_of_one_folder_do_not_disturb_each_other(fetch, server, files, tmp_path):
    server.datasets[ICEWS]["36.0"] = [
        dataverse_entry(1, "events.2018.20200427084805.tab.zip", archive("old.tab"))
    ]
    fetch("2018-11", "2018-12", feed="icews", out=tmp_path)
    done = fetch("2018-11", "2018-12", feed="icews", out=tmp_path, edition="36")
    assert done.entries["1"].file == "events.2018.20200427084805.id1.tab.zip"
    assert done.counts["received"] == 1
    assert {path.name for path in tmp_path.glob("*.zip")} == {
        entry.file for entry in done.entries.values()
    }


def test_editions_are_listed_the_newest_first(server, files):
    found = list_editions("icews", server=server.address, settings=QUICK)
    assert [(edition.number, edition.released) for edition in found] == [
        ("37.0", "2061-01-31"),
        ("36.0", "2060-01-31"),
    ]
    with pytest.raises(SpecError, match=r"gdelt has no editions"):
        list_editions("gdelt", server=server.address)


def test_an_edition_that_there_is_not_is_named_with_those_there_are(fetch, server, files, tmp_path):
    with pytest.raises(
        SpecError, match=r"edition: there is no '12'; the newest are 37.0 of 2061-01-31, 36.0"
    ):
        fetch("2018-11", "2018-12", feed="icews", out=tmp_path, edition="12")


def test_of_a_converted_table_the_original_is_asked_for_and_not_held_against_another_checksum(
    fetch, server, tmp_path
):
    """Its checksum may be that of either form: whether it agrees is said, and is no reason to reject it."""
    known = {"tabularData": True, "originalFileFormat": "text/tab-separated-values", "filesize": 1}
    entries = [
        dataverse_entry(1, "20190309-icews-events.tab", TABLE, **known, originalFileSize=len(TABLE))
    ]
    entries += [dataverse_entry(2, "20190310-icews-events.tab", TABLE, **known | {"md5": "0" * 32})]
    server.datasets = {ICEWS: {"1.0": entries}}
    done = fetch("2019-03", "2019-03", feed="icews", out=tmp_path / "a")
    assert done.counts["received"] == 2
    assert done.entries["1"].compared == ("size", "md5")
    assert done.entries["2"].compared == ()
    assert all(entry.url.endswith("?format=original") for entry in done.entries.values())
    plain = fetch(
        "2019-03", "2019-03", feed="icews", out=tmp_path / "b", change={"originals": False}
    )
    assert plain.entries["1"].url.endswith("/datafile/1")


def test_a_restricted_file_is_not_asked_for(fetch, server, files, tmp_path):
    files[0]["restricted"] = True
    done = fetch("2018-11", "2018-12", feed="icews", out=tmp_path)
    assert done.entries["2"].reason == "the file is restricted: ask its publisher"
    assert (done.entries["2"].state, asked(server)) == ("failed", [])


@pytest.mark.parametrize(
    "label",
    [
        "../../20190309.tab",
        "/etc/20190309.tab",
        "..\\20190309.tab",
        ".20190309.tab",
        "a\x1b[31m20190309.tab",
    ],
)
def test_a_label_leads_nowhere(fetch, server, tmp_path, label):
    server.datasets = {ICEWS: {"1.0": [dataverse_entry(1, label, TABLE)]}}
    done = fetch("2019-03", "2019-03", feed="icews", out=tmp_path / "in")
    assert done.counts["received"] == 1
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "fetch.json"]
    assert file.parent == tmp_path / "in"
    assert not file.name.startswith(".")
    assert file.name.isprintable()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"status": "ERROR", "message": "no"}',
        b'{"status": "OK", "data": 5}',
        b"[" * 50_000,
        b'{"status": "OK", "data": [1]}',
        b'{"status": "OK", "data": []}',
        b'{"status": "OK", "data": [{"a": 1}]}',
    ],
)
def test_an_answer_that_is_none_of_a_dataverse_is_named(fetch, server, answer, tmp_path):
    server.files["api/datasets/:persistentId/versions"] = answer
    with pytest.raises(FetchError, match=r"Dataverse|no published version"):
        fetch("2019-03", "2019-03", feed="icews", out=tmp_path)


def test_entries_without_what_is_needed_do_no_harm(fetch, server, tmp_path):
    good = dataverse_entry(
        1, "20190309-icews-events.tab", TABLE, md5=5, filesize="many", publicationDate=7
    )
    strange = [
        {"label": "20190309.tab"},
        {"dataFile": {"id": 3}},
        {"label": 5, "dataFile": None},
        {},
    ]
    server.datasets = {
        ICEWS: {"1.0": [good, *[one | {"content": b""} for one in strange if "dataFile" in one]]}
    }
    listing = {
        "status": "OK",
        "data": [{k: v for k, v in good.items() if k != "content"}, *strange],
    }
    server.files["api/datasets/:persistentId/versions/1.0/files"] = json.dumps(listing).encode()
    done = fetch("2019-03", "2019-03", feed="icews", out=tmp_path)
    assert done.counts["received"] == 1
    assert done.entries["1"].compared == ()
    assert done.entries["1"].published == ""


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("Events.2017.20200602.tab.zip", ("2017-01-01", "2017-12-31")),
        ("20181004-icews-events.tab", ("2018-09-24", "2018-10-05")),
        ("202202-icews-events.tab", ("2022-02-01", "2022-02-28")),
        ("ngecEventsDV-2023.txt.zip", ("2023-01-01", "2023-12-31")),
        ("ngecEvents.20240108101010.Release123.DV.txt", ("2023-12-29", "2024-01-09")),
        ("20181399-icews-events.tab", None),
    ],
)
def test_days_are_read_from_names(name, days):
    assert days_of(name) == (days and tuple(map(date.fromisoformat, days)))


@pytest.mark.parametrize(
    "text", ["doi:10.7910/DVN/28075", "10.7910/DVN/28075", "https://doi.org/10.7910/DVN/28075"]
)
def test_a_doi_can_be_written_in_each_usual_way(text):
    assert require_doi(text) == ICEWS
