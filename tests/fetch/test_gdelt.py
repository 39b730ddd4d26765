"""GDELT: what there should be is computed; what the lists lack is a gap, never nothing."""

from datetime import date
from itertools import pairwise

import pytest

from forecast.base.errors import DataError, SpecError
from forecast.data.fetch import gdelt, read_manifest
from forecast.data.fetch.gdelt import MAX_LIST_LINE
from forecast.data.fetch.run import fetch_feed
from scripts.feed_server import gdelt_lists, zipped
from tests.fetch.server import places, status

DAY = "events/20180602.export.CSV.zip"


def expected(version, stream, first, last):
    """Files there should be, in order of time."""
    return gdelt.Gdelt(gdelt.SERVER, version, stream, lists=True).expect(None, first, last)


def names(version, first, last, stream="english"):
    return [
        slot.file
        for slot in expected(version, stream, date.fromisoformat(first), date.fromisoformat(last))
    ]


def test_slots_of_the_first_version_are_years_months_and_days():
    found = names(1, "1970-01-01", "2014-01-02")
    assert found[:2] == ["1979.zip", "1980.zip"]
    assert found[26:28] == ["2005.zip", "200601.zip"]
    assert found[26 + 87 : 26 + 89] == ["201303.zip", "20130401.export.CSV.zip"]
    assert found[-1] == "20140102.export.CSV.zip"
    assert len(found) == 27 + 87 + 277
    slots = expected(1, "english", date(2005, 12, 31), date(2013, 4, 2))
    assert all((later.first - earlier.last).days == 1 for earlier, later in pairwise(slots))


def test_slots_of_the_second_version_are_quarter_hours_from_its_first():
    assert names(2, "2015-02-01", "2015-02-18") == [
        f"20150218{time}.export.CSV.zip" for time in ("230000", "231500", "233000", "234500")
    ]
    assert len(names(2, "2024-02-28", "2024-03-01")) == 3 * 96
    assert names(2, "2020-01-01", "2020-01-01", "both")[:2] == [
        "20200101000000.export.CSV.zip",
        "20200101000000.translation.export.CSV.zip",
    ]


def test_lines_of_lists_that_are_not_as_they_should_be_are_counted():
    md5 = "0123456789abcdef0123456789ABCDEF"
    address = b"http://data.gdeltproject.org/gdeltv2/20200101000000.export.CSV.zip"
    lines = [
        b"10 " + md5.encode() + b" " + address + b"\n",
        b"what?\n",
        b"\xff \xfe\n",
        b"\n",
        b"-1 x y\n",
    ]
    lines += [b"10 " + md5.encode() + b" a b\n", b"9" * 20 + b" " + md5.encode() + b" " + address]
    found = {address.decode()[-29:]: {}}
    assert gdelt._read_list(gdelt.MASTERS["english"], lines, found) == (7, 5)
    assert found == {
        "20200101000000.export.CSV.zip": {"listed": True, "size": 10, "md5": md5.lower()}
    }


def test_a_hole_is_absent_and_no_failure(fetch, server):
    server.files = places(["20180601", "20180603"])
    done = fetch(end="2018-06-03")
    assert done.counts == {"expected": 3, "received": 2, "absent": 1, "failed": 0, "waiting": 0}
    assert [(gap.first, gap.last, gap.slots) for gap in done.gaps] == [("20180602", "20180602", 1)]
    assert done.complete
    assert not server.asked_for(DAY)


def test_the_outage_of_2025_is_one_hole(fetch, server):
    server.files = places([f"202506{day:02}" for day in (12, 13)] + ["20250702"])
    done = fetch("2025-06-12", "2025-07-02")
    assert [(gap.first, gap.last, gap.slots) for gap in done.gaps] == [("20250614", "20250701", 18)]
    assert done.counts["absent"] == 18


def test_what_is_listed_and_not_there_is_absent_and_says_so(fetch, server):
    server.faults[DAY] = [status(404)] * 9
    done = fetch()
    entry = done.entries["20180602"]
    assert (entry.state, entry.listed) == ("absent", True)
    assert entry.reason == "named by the list, yet HTTP 404: not there"
    assert [gap.first for gap in done.gaps] == ["20180602"]
    assert fetch().entries["20180602"].state == "absent"
    assert len(server.asked_for(DAY)) == 2
    server.faults.clear()
    assert fetch().counts["received"] == 3


def test_lists_that_have_ended_are_noted(fetch, server):
    done = fetch(end="2018-06-08")
    assert done.counts["absent"] == 5
    assert "name none of the last 5 files" in done.notes[0]
    server.files["events/20180604.export.CSV.zip"] = zipped("20180604.export.CSV", ["row"])
    assert fetch(end="2018-06-04", lists=False).entries["20180604"].state == "received"


def test_without_lists_nothing_is_compared_but_the_archive(fetch, server):
    done = fetch(lists=False)
    assert done.counts["received"] == 3
    assert {entry.compared for entry in done.entries.values()} == {()}
    assert done.lists == []
    assert not server.asked_for("events/md5sums")


def test_what_is_not_due_is_waited_for(fetch, server):
    tomorrow = date.fromordinal(date.today().toordinal() + 1)
    done = fetch(f"{tomorrow}", f"{tomorrow}")
    assert done.counts == {"expected": 1, "received": 0, "absent": 0, "failed": 0, "waiting": 1}
    assert "not to be expected before" in next(iter(done.entries.values())).reason
    assert done.complete
    assert server.asked == []


def test_lists_are_read_in_lines_of_bounded_length(fetch, server):
    server.files["events/md5sums"] += b"0" * 10_000_000
    done = fetch()
    assert done.counts["received"] == 3
    assert done.lists[0]["unreadable"] == 10_000_000 / MAX_LIST_LINE


def test_what_has_come_is_not_fetched_again_and_what_was_lost_is(fetch, server, tmp_path):
    fetch()
    server.asked.clear()
    assert fetch().counts["received"] == 3
    assert server.asked == []
    (tmp_path / "gdelt" / "20180602.export.CSV.zip").unlink()
    assert fetch().counts["received"] == 3
    assert len(server.asked_for(DAY)) == 1


def test_files_got_in_another_way_are_taken_if_they_are_right(fetch, server, tmp_path):
    folder = tmp_path / "gdelt"
    folder.mkdir()
    (folder / "20180602.export.CSV.zip").write_bytes(server.files[DAY])
    (folder / "20180603.export.CSV.zip").write_bytes(b"something of mine")
    done = fetch()
    assert done.entries["20180602"].state == "received"
    assert done.entries["20180602"].came_from == ""
    assert not server.asked_for(DAY)
    assert done.entries["20180603"].state == "failed"
    assert "a file of this name is there already" in done.entries["20180603"].reason
    assert (folder / "20180603.export.CSV.zip").read_bytes() == b"something of mine"


def test_a_dry_run_writes_nothing_and_knows_the_size(fetch, server, tmp_path):
    done = fetch(dry_run=True)
    assert [entry.slot for entry in done.to_fetch] == ["20180601", "20180602", "20180603"]
    assert sum(entry.size for entry in done.to_fetch) == sum(
        len(content) for place, content in server.files.items() if place.endswith("zip")
    )
    assert not (tmp_path / "gdelt").exists()
    assert not server.asked_for(DAY)


def test_the_manifest_is_kept_across_requests_and_read_again(fetch, server, tmp_path):
    fetch(end="2018-06-01")
    first = (tmp_path / "gdelt" / "fetch.json").read_bytes()
    done = fetch("2018-06-02", "2018-06-03")
    assert done.counts["expected"] == 2
    feed, of, entries = read_manifest(tmp_path / "gdelt")
    assert (feed, of, sorted(entries)) == (
        "gdelt",
        {"version": "1"},
        ["20180601", "20180602", "20180603"],
    )
    assert entries == done.entries
    assert first != (tmp_path / "gdelt" / "fetch.json").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{}",
        '{"schema": 1}',
        '{"schema": 2, "feed": "gdelt", "of": {}, "slots": []}',
        "[" * 9_000,
    ],
)
def test_a_manifest_that_is_none_is_named(fetch, server, tmp_path, content):
    (tmp_path / "gdelt").mkdir()
    (tmp_path / "gdelt" / "fetch.json").write_text(content)
    with pytest.raises(DataError, match=r"fetch\.json .*Move it away"):
        fetch()


@pytest.mark.parametrize("left", [b"", bytes(5_000)])
def test_a_manifest_that_a_power_cut_has_emptied_is_made_again(fetch, tmp_path, left):
    before = fetch().entries
    (tmp_path / "gdelt" / "fetch.json").write_bytes(left)
    done = fetch()
    assert done.counts["received"] == 3
    assert [one.sha256 for one in done.entries.values()] == [one.sha256 for one in before.values()]


def test_files_of_two_feeds_are_not_put_into_one_folder(fetch, server):
    fetch()
    with pytest.raises(SpecError, match=r"out: .* has files of gdelt 1"):
        fetch(version=2)


def test_the_second_version_is_fetched_by_its_master_list(fetch, server):
    slots = expected(2, "both", date(2020, 1, 1), date(2020, 1, 1))
    files = {
        slot.url.removeprefix(f"{gdelt.SERVER}/"): zipped(
            slot.file.removesuffix(".zip"), [slot.slot]
        )
        for slot in slots
    }
    missing = "gdeltv2/20200101001500.export.CSV.zip"
    del files[missing]
    server.files = files | gdelt_lists(files)
    done = fetch("2020-01-01", "2020-01-01", version=2, stream="both")
    assert done.counts == {"expected": 192, "received": 191, "absent": 1, "failed": 0, "waiting": 0}
    assert [gap.first for gap in done.gaps] == ["20200101001500"]
    assert [one["lines"] for one in done.lists] == [95, 96]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"feed": "phoenix"},
            "feed: got 'phoenix'; expected gdelt, icews or polecat. Files of Phoenix are got by hand",
        ),
        ({"feed": "gdelt", "version": 2, "stream": "both", "end": "2024-01"}, "start: "),
        ({"feed": "gdelt", "version": 3}, "version: got 3"),
        ({"feed": "gdelt", "stream": "both"}, "stream: got 'both'"),
        ({"feed": "gdelt", "version": 2, "stream": "french"}, "stream: got 'french'"),
        ({"feed": "gdelt", "doi": "10.7910/DVN/28075"}, "doi: gdelt has none"),
        ({"feed": "icews", "version": 2}, "version: icews has none"),
        ({"feed": "icews", "doi": "28075"}, "doi: got '28075'"),
        (
            {"feed": "gdelt", "start": "2020-02", "end": "2020-01"},
            "start: 2020-02-01 comes after the end, 2020-01-31",
        ),
        ({"feed": "gdelt", "start": "yesterday"}, "start: 'yesterday' is not a date"),
        ({"feed": "gdelt", "server": "somewhere"}, "server: got 'somewhere'"),
    ],
)
def test_what_makes_no_sense_is_said_before_anybody_is_asked(tmp_path, given, words):
    with pytest.raises(SpecError) as caught:
        fetch_feed(**({"out": tmp_path / "a", "start": "2020-01", "end": "2020-01"} | given))
    assert str(caught.value).startswith(words)
    assert not (tmp_path / "a").exists()
