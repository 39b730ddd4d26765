"""`forecast events fetch`: output, exit codes, interrupts.

And the documented run, from a server to a report.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecast.cli import app
from forecast.data.fetch import FetchSettings, read_manifest
from forecast.data.fetch.dataverse import DOIS
from forecast.data.fetch.manifest import ExpectedFile
from scripts.feed_server import FeedServer, World, dataverse_files, gdelt_files
from tests.documented import sections
from tests.fetch.server import FaultyServer, page, places, stalled
from tests.systems import posix

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "fetching.md").read_text("utf-8")
QUICK = [
    "--fetch-setting",
    "per_second=1000",
    "--fetch-setting",
    "first_wait=0.01",
    "--fetch-setting",
    "stall=0.3",
]
THREE = ["gdelt", "--from", "2018-06-01", "--to", "2018-06-03"]


@pytest.fixture
def run(server, tmp_path):
    """Run the command against the server."""

    def invoke(*words):
        given = [
            "events",
            "fetch",
            *words,
            "--server",
            server.address,
            "--out",
            str(tmp_path / "files"),
            *QUICK,
        ]
        return CliRunner().invoke(app, given)

    return invoke


def test_what_was_done_is_printed(run, server, tmp_path):
    done = run(*THREE)
    assert done.exit_code == 0, done.output
    assert "3 files expected: 3 received; " in done.output
    assert f"Manifest: {tmp_path / 'files' / 'fetch.json'}" in done.output


def test_a_hole_is_no_failure_and_is_printed(run, server):
    server.files = places(["20180601", "20180603"])
    done = run(*THREE)
    assert done.exit_code == 0
    assert "Gap at the source: 20180602. Missing, not without events." in done.output


def test_a_failure_ends_with_1_and_json_has_its_reason(run, server):
    server.faults["events/20180602.export.CSV.zip"] = [page] * 2
    done = run(*THREE, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["counts"] == {"expected": 3, "received": 2, "absent": 0, "failed": 1, "waiting": 0}
    assert [(one["slot"], one["reason"]) for one in told["failed"]] == [
        ("20180602", "a page for browsers came instead of the file")
    ]
    assert "Failed: 20180602.export.CSV.zip: a page for browsers" in run(*THREE).output
    assert run(*THREE).exit_code == 0


def test_a_dry_run_says_what_would_be_done(run, tmp_path):
    done = run(*THREE, "--dry-run")
    assert done.exit_code == 0
    assert re.search(
        r"3 files expected: 3 to fetch \([\d.]+ kB\), 0 received already, 0 absent", done.output
    )
    assert not (tmp_path / "files").exists()


def test_bad_usage_ends_with_2(run):
    assert run("gdelt").exit_code == 2
    assert run("phoenix", "--from", "2018", "--to", "2019").exit_code == 2
    done = run(*THREE, "--fetch-setting", "parallel=99")
    assert done.exit_code == 2
    assert "field `parallel`" in done.output
    assert run(*THREE, "--fetch-setting", "parallel").exit_code == 2


def test_without_the_packages_the_error_says_how_to_get_them(run, monkeypatch):
    import forecast.base.limits

    monkeypatch.setattr(forecast.base.limits.importlib.util, "find_spec", lambda name: None)
    done = run(*THREE)
    assert done.exit_code == 1
    assert "pip install 'pendulum-forecast[fetch]'" in done.output


def test_text_of_the_server_is_shown_as_it_is(run, server):
    server.faults["events/20180602.export.CSV.zip"] = [
        lambda handler: handler.send(302, b"", Location="file:///[bold]x[/]\x9b31m")
    ]
    done = run(*THREE)
    assert "[bold]x[/]" in done.output
    assert "\x9b" not in done.output


@posix
def test_an_interrupt_keeps_what_has_come_and_the_next_run_goes_on(tmp_path):
    with FaultyServer(places()) as server:
        server.faults["events/20180602.export.CSV.zip"] = [stalled(100)]
        command = [
            sys.executable,
            "-m",
            "forecast",
            "events",
            "fetch",
            *THREE,
            "--server",
            server.address,
        ]
        command += [
            "--out",
            "files",
            "--fetch-setting",
            "stall=60",
            "--fetch-setting",
            "per_second=1000",
        ]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
        started = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        )
        part = tmp_path / "files" / ".20180602.export.CSV.zip.unfinished"
        third = tmp_path / "files" / "20180603.export.CSV.zip"
        while not (part.exists() and part.stat().st_size and third.exists()):
            assert started.poll() is None, started.stderr.read()
            time.sleep(0.02)
        began = time.monotonic()
        started.send_signal(signal.SIGINT)
        errors = started.communicate(timeout=30)[1]
        assert started.returncode == 130
        assert time.monotonic() - began < 5
        assert "What has come is kept" in errors
        assert part.stat().st_size == 100
        _, _, entries = read_manifest(tmp_path / "files")
        assert sorted(entry.state for entry in entries.values()) == [
            "received",
            "received",
            "waiting",
        ]
        server.asked.clear()
        assert (
            CliRunner()
            .invoke(app, [*command[3:-4], *QUICK, "--out", str(tmp_path / "files")])
            .exit_code
            == 0
        )
        assert server.asked_for("events/20180602.export.CSV.zip")[0]["Range"] == "bytes=100-"
        assert not server.asked_for("events/20180603.export.CSV.zip")


COMMANDS = re.findall(r"^    (forecast events fetch .*?)(?: +#.*)?$", PAGE, re.M)
OFFLINE = [command for command in COMMANDS if "--server http://localhost:8420" in command]


@pytest.fixture(scope="module")
def made_up():
    """The server of the documented run, on another port."""
    world = World(date(2010, 1, 1), date(2013, 6, 30), seed=1)
    gap = date(2013, 5, 3), date(2013, 5, 20)

    with FeedServer(
        0, gdelt_files(world, gap), {DOIS["icews"]: dataverse_files(world, "icews")}
    ) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def offline(server):
    """Return the words of the documented command, for the server of the tests and without its pace."""
    words = shlex.split(OFFLINE[0].replace("http://localhost:8420", server.address))[1:]
    return [*words, "--fetch-setting", "per_second=1000", "--fetch-setting", "parallel=8"]


def test_the_documented_run_fetches_files_that_are_read_and_shows_the_hole(
    made_up, tmp_path, monkeypatch
):
    """Of its months the last ones."""
    monkeypatch.chdir(tmp_path)
    assert "python scripts/feed_server.py --from 2010-01 --to 2013-06" in PAGE
    done = CliRunner().invoke(
        app, [word.replace("2010-01", "2013-01") for word in offline(made_up)]
    )
    assert done.exit_code == 0, done.output
    assert "94 files expected: 76 received, 18 absent at the source" in done.output
    assert "Gap at the source: 20130503 to 20130520 (18)." in done.output
    checked = CliRunner().invoke(app, ["events", "check", "gdelt", "--json"])
    assert checked.exit_code == 0, checked.output
    summary = json.loads(checked.output)
    assert {row["dyad"]: row["events"] for row in summary["dyads"]}["USA-CHN"] > 500
    assert list(summary["reasons"]) == ["code ---: not a code of the codebook"]


@pytest.mark.slow
def test_the_documented_run_goes_as_far_as_a_report(made_up, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, offline(made_up)).exit_code == 0
    for command in re.findall(
        r"^    forecast ((?:events import|report) .*?)(?: +#.*)?$",
        PAGE.partition("## Try it")[2],
        re.M,
    ):
        quick = (
            ["--draws", "100", "--tune", "150", "--chains", "2"]
            if command.startswith("report")
            else []
        )
        done = CliRunner().invoke(app, [*shlex.split(command), *quick])
        assert done.exit_code in (0, 3), done.output
    told = json.loads(next(tmp_path.rglob("forecast.json")).read_text("utf-8"))
    assert told["dyad"] == "USA-CHN"


def test_every_setting_is_explained():
    named = re.findall(r"^ *(\w+(?:, \w+)*) : ", FetchSettings.__doc__ or "", re.M)
    assert [name for line in named for name in line.split(", ")] == list(FetchSettings.model_fields)


def test_every_field_of_a_file_is_explained_in_order():
    kept = [name for name, field in ExpectedFile.model_fields.items() if not field.exclude]
    assert sections("fetch-json")["A file that is expected"] == kept
