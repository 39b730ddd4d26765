"""Servers that stall, cut, lie and lead astray: what has come is right, and what has not is named with its reason."""

import io
import ssl
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from forecast.base.errors import FetchError, OutputError, SpecError
from forecast.data.fetch.addresses import redirect_target, require_server
from forecast.data.fetch.client import Client, _asked_to_wait
from scripts.feed_server import gdelt_lists, zipped
from tests.fetch.conftest import QUICK
from tests.fetch.server import (
    cut,
    endless,
    hidden_page,
    other,
    page,
    redirect,
    rows_of,
    stalled,
    status,
    trickling,
    wrong_part,
)

ONE = "events/20180602.export.CSV.zip"
FILE = "20180602.export.CSV.zip"
WHOLE = {"expected": 3, "received": 3, "absent": 0, "failed": 0, "waiting": 0}


def entry(manifest, slot="20180602"):
    return manifest.entries[slot]


@pytest.mark.parametrize(
    "faults",
    [
        [status(500)],
        [status(503), status(502)],
        [status(429, Retry_After="0.1"), status(429, Retry_After="0")],
        [cut(100)],
        [cut(0)],
        [cut(100), wrong_part],
        [stalled(100)],
        [trickling],
        [cut(100), status(500)],
        [cut(100), status(416)],
        [redirect("/events/20180602.export.CSV.zip?again")],
    ],
    ids=[
        "500",
        "busy",
        "429",
        "cut",
        "cut at once",
        "wrong part",
        "stalled",
        "trickling",
        "cut, 500",
        "416",
        "redirect",
    ],
)
def test_what_passes_is_waited_for(fetch, server, faults, tmp_path):
    server.faults[ONE] = faults
    done = fetch(change={"slowest": 10_000})
    assert done.counts == WHOLE, entry(done).reason
    assert (tmp_path / "gdelt" / FILE).read_bytes() == server.files[ONE]
    assert entry(done).compared == ("size", "md5")
    assert not list((tmp_path / "gdelt").glob(".*"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (page, "a page for browsers"),
        (hidden_page, "the server sends 29 bytes, and the list says"),
        (status(403), "does not give it to everybody"),
        (status(418), "HTTP 418"),
        (status(429, Retry_After="3600"), "asks to come back in 3,600 s"),
        (status(503, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"), "asks to come back in"),
        (
            redirect("file:///etc/passwd"),
            "redirects to 'file:///etc/passwd', which is not followed",
        ),
        (redirect("http://192.0.2.1/a.zip"), "redirects to another host by http"),
        (redirect("https://user:word@192.0.2.1/a.zip"), "which is not followed"),
        (redirect(""), "which is not followed"),
        (other(zipped("20180602.export.CSV", rows_of("20180602")[::-1])), "and the list says"),
    ],
    ids=[
        "page",
        "hidden page",
        "403",
        "418",
        "wait",
        "wait until",
        "file:",
        "elsewhere",
        "password",
        "nowhere",
        "other",
    ],
)
def test_what_will_not_pass_is_named_and_not_tried_again(fetch, server, fault, reason, tmp_path):
    server.faults[ONE] = [fault]
    done = fetch()
    assert (entry(done).state, done.counts["received"]) == ("failed", 2)
    assert reason in entry(done).reason
    assert len(server.asked_for(ONE)) == 1
    assert not (tmp_path / "gdelt" / FILE).exists()


def test_a_circle_of_redirects_ends(fetch, server):
    server.faults[ONE] = [redirect("/" + ONE)] * 50
    assert "more than 5 redirects" in entry(fetch()).reason
    assert len(server.asked_for(ONE)) == 6


def test_attempts_are_counted(fetch, server):
    server.faults[ONE] = [status(500)] * 50
    done = fetch()
    assert entry(done).reason.startswith("HTTP 500")
    assert len(server.asked_for(ONE)) == QUICK.attempts


def test_a_checksum_that_lies_is_a_failure_and_nothing_stays(fetch, server, tmp_path):
    right = server.files["events/md5sums"]
    server.files["events/md5sums"] = right.replace(right[:32], b"0" * 32)
    done = fetch()
    assert entry(done, "20180601").state == "failed"
    assert "and the list says " + "0" * 32 in entry(done, "20180601").reason
    assert sorted(path.name for path in (tmp_path / "gdelt").iterdir()) == [
        "20180602.export.CSV.zip",
        "20180603.export.CSV.zip",
        "fetch.json",
    ]


def test_a_beginning_that_is_of_another_file_is_thrown_away(fetch, server, tmp_path):
    """An archive that was exchanged between two attempts is not put together of both."""
    server.faults[ONE] = [cut(100)]
    fetch(change={"attempts": 1})
    assert (tmp_path / "gdelt" / f".{FILE}.unfinished").stat().st_size == 100
    new = zipped("20180602.export.CSV", rows_of("20180602")[::-1])
    server.files |= {ONE: new}
    server.files |= gdelt_lists(
        {place: content for place, content in server.files.items() if place.endswith("zip")}
    )
    done = fetch()
    assert done.counts == WHOLE
    assert (tmp_path / "gdelt" / FILE).read_bytes() == new


def test_a_run_goes_on_where_another_was_broken_off(fetch, server, tmp_path):
    server.faults[ONE] = [cut(100)]
    assert fetch(change={"attempts": 1}).counts["failed"] == 1
    server.asked.clear()
    assert fetch().counts == WHOLE
    (asked,) = server.asked_for(ONE)
    assert asked["Range"] == "bytes=100-"
    assert asked["If-Range"].startswith('"')
    assert [place for place, _ in server.asked] == ["events/md5sums", "events/filesizes", ONE]


def test_a_beginning_without_tag_or_checksum_is_not_gone_on_with(fetch, server, tmp_path):
    server.faults[ONE] = [lambda handler: cut(50)(handler)]
    fetch(change={"attempts": 1}, lists=False)
    (tmp_path / "gdelt" / f".{FILE}.unfinished.mark").unlink()
    server.asked.clear()
    assert fetch(lists=False).counts == WHOLE
    assert "Range" not in server.asked_for(ONE)[0]


@pytest.mark.parametrize("stated", [True, False])
def test_what_is_too_large_is_not_fetched(fetch, server, stated, tmp_path):
    server.faults[ONE] = [other(bytes(100_000)) if stated else endless]
    done = fetch(change={"largest_file": 50_000}, lists=False)
    assert "more than the 50,000" in entry(done).reason
    assert not (tmp_path / "gdelt" / f".{FILE}.unfinished").exists()


def bomb():
    """An archive of a few kilobytes that would be twenty million."""
    return zipped("20180602.export.CSV", ["0" * 20_000_000])


def traversal():
    return zipped("../../20180602.export.CSV", ["a row"])


def broken():
    """An archive in which a byte of the content is another."""
    content = bytearray(zipped("20180602.export.CSV", rows_of("20180602")))
    content[200] ^= 0xFF
    return bytes(content)


def encrypted():
    buffer = io.BytesIO(zipped("20180602.export.CSV", ["a row"]))
    content = bytearray(buffer.getvalue())
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + place] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bomb(), "unpacks to"),
        (traversal(), "leads out of it"),
        (broken(), "damaged"),
        (encrypted(), "encrypted"),
        (zipped("a", ["b"])[:-30], "no whole zip archive"),
        (
            zipped("20180603.export.CSV", rows_of("20180603")),
            "holds '20180603.export.CSV', which is another file than",
        ),
        (
            zipped("20180602.export.CSV", rows_of("20180602")) + bytes(7),
            "has 7 bytes behind the end of its archive",
        ),
        (b"some text", "no zip archive"),
        (b"<html>", "a page for browsers"),
    ],
    ids=["bomb", "traversal", "broken", "encrypted", "half", "another day", "more", "text", "page"],
)
def test_an_archive_that_could_not_be_read_is_not_received(
    fetch, server, content, reason, tmp_path
):
    """Without a list nothing is compared; the archive itself is looked through."""
    server.files[ONE] = content
    done = fetch(lists=False)
    assert reason in entry(done).reason
    assert str(tmp_path) not in entry(done).reason
    assert not (tmp_path / "gdelt" / FILE).exists()


def test_a_bomb_with_the_right_checksum_is_not_received_either(fetch, server):
    server.files[ONE] = bomb()
    server.files |= gdelt_lists(
        {place: content for place, content in server.files.items() if place.endswith("zip")}
    )
    assert "unpacks to" in entry(fetch()).reason


def test_a_server_that_has_gone_is_not_asked_for_everything(fetch, server):
    for place in server.files:
        if place.endswith("zip"):
            server.faults[place] = [status(500)] * 9
    done = fetch(lists=False, change={"give_up_after": 2, "parallel": 1, "attempts": 1})
    assert done.counts == {"expected": 3, "received": 0, "absent": 0, "failed": 2, "waiting": 1}
    assert "stopped after 2 files in a row" in done.notes[0]
    assert not done.complete


def test_a_server_that_has_nothing_at_all_is_the_wrong_one(fetch, server):
    server.files = {}
    done = fetch(lists=False)
    assert done.counts["failed"] == 3
    assert "check the address" in entry(done).reason


def test_requests_keep_their_distance(fetch, server, monkeypatch):
    from forecast.data.fetch import client

    waits = []
    monkeypatch.setattr(client._Pace, "keep", lambda self, host: waits.append((host, self._gap)))
    fetch(change={"per_second": 20})
    assert set(waits) == {(server.address.partition("//")[2], 0.05)}
    assert len(waits) == 5


def test_a_host_that_asks_to_wait_is_left_alone_by_all_threads():
    from forecast.data.fetch.client import _Pace

    pace = _Pace(QUICK, threading.Event())
    pace.hold("a", 0.2)
    assert pace._next["a"] > pace._next.get("b", 0.0)
    start = time.monotonic()
    pace.keep("b")
    assert time.monotonic() - start < 0.1
    pace.keep("a")
    assert time.monotonic() - start >= 0.19


def test_a_certificate_that_is_of_somebody_else_ends_it(server, tmp_path):
    """Nothing is fetched from a server that cannot prove who it is, and the reason says what can be done."""
    import httpx

    client = Client(QUICK)
    verify = client._http._transport._pool._ssl_context
    assert (verify.verify_mode, verify.check_hostname) == (ssl.CERT_REQUIRED, True)

    def refuse(*args, **kwargs):
        raise httpx.ConnectError(
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch"
        )

    client._http.stream = refuse
    with pytest.raises(FetchError, match=r"certificate is not valid for it.*--server"):
        client.answer("https://data.gdeltproject.org/events/md5sums")


@pytest.mark.parametrize(
    "address",
    [
        "ftp://a.org",
        "file:///etc",
        "a.org",
        "https://",
        "https://a:b@c.org",
        "https://a.org/?q",
        "http://a b",
    ],
)
def test_an_address_that_cannot_be_asked_is_rejected(address):
    with pytest.raises(SpecError, match="server: got"):
        require_server(address)


def test_a_redirect_to_another_host_is_followed_by_https_alone_and_its_secrets_are_not_written_down():
    """Dataverse keeps its files on servers of others, at addresses that hold a signature."""
    there = "https://bucket.s3.amazonaws.com/a?X-Amz-Signature=secret"
    assert redirect_target("https://dataverse.harvard.edu/api/access/datafile/1", there) == there
    assert redirect_target("http://127.0.0.1:80/a", "b") == "http://127.0.0.1:80/b"
    assert redirect_target(
        "http://data.gdeltproject.org/a", "https://data.gdeltproject.org/a"
    ).startswith("https:")
    for here in ("https://dataverse.harvard.edu/a", "http://dataverse.harvard.edu/a"):
        with pytest.raises(FetchError, match="which is not followed") as caught:
            redirect_target(here, there.replace("https", "http"))
        assert "secret" not in str(caught.value)


def test_how_long_a_server_asks_to_wait_is_read_as_seconds_or_a_date():
    assert [_asked_to_wait(text) for text in ("3", "soon", "", "-1")] == [3.0, None, None, None]
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < _asked_to_wait(soon) <= 90
    assert _asked_to_wait("Mon, 01 Jan 2001 00:00:00 GMT") == 0


def test_two_fetches_do_not_work_in_one_folder(fetch, server, tmp_path):
    (tmp_path / "gdelt").mkdir()
    from forecast.base.locks import lock_folder

    lock = lock_folder(tmp_path / "gdelt")
    assert lock is not None
    with pytest.raises(OutputError, match="another fetch is at work"):
        fetch()


def test_a_disk_without_room_is_noticed_before_anything_is_fetched(fetch, server, monkeypatch):
    from forecast.data.fetch import run

    monkeypatch.setattr(run.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(OutputError, match="are to be fetched, and the disk has 10 bytes free"):
        fetch()
    assert not server.asked_for(ONE)


def test_archives_are_made_as_they_are_meant():
    """The bad archives of these tests are bad in the one way that they should be."""
    with zipfile.ZipFile(io.BytesIO(bomb())) as archive:
        assert archive.testzip() is None
    with (
        zipfile.ZipFile(io.BytesIO(broken())) as archive,
        pytest.raises(Exception, match=r"CRC|invalid|decompress"),
    ):
        archive.read("20180602.export.CSV")
