"""Imports that are killed leave an archive that reads, and go on; two at once do no harm."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems import posix

pytestmark = posix

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.nightly)])
def test_killed_imports_go_on_and_two_at_once_do_no_harm(feeds, tmp_path, kills):
    command = [
        sys.executable,
        "-m",
        "tests.archive.killing",
        str(tmp_path / "feeds"),
        str(tmp_path),
        str(kills),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["killed"] > kills // 4, "the imports had ended before they were killed"
    assert (seen["well"], seen["together"]) == (kills, True), done.stderr
