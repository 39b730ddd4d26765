"""An archive that grows for a year, and is killed while it does, says of every day what it said on that day."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems import posix

pytestmark = posix
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.nightly
def test_of_every_day_of_a_year_it_says_what_it_said_on_that_day(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.archive.growing", str(tmp_path), "365"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    print(f"\n{seen}")
    assert seen["killed"] > 100, "the imports had ended before they were killed"
    assert (seen["grown"], seen["at once"]) == ([], [])
