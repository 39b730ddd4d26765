"""Nothing calls home: a report and questions need no network, and do not try to use one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems import linux

pytestmark = linux
ROOT = Path(__file__).resolve().parents[2]
ALONE = ["unshare", "--map-root-user", "--net"]


@pytest.mark.nightly
def test_a_report_and_questions_without_a_network(tmp_path: Path) -> None:
    if (
        shutil.which("unshare") is None
        or subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("network namespaces are not permitted here")
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "tests.nightly.offline"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    # A fit of so few draws does not pass the convergence checks, which is said at the end of all
    # work.
    assert [one[:2] for one in found["ended"]] == ["3:", "0:", "3:"], found["ended"]
    assert found["tried"] == []
    assert found["without a way"] == 0
    assert (tmp_path / "out" / "index.html").is_file()
