"""The core: from the embedded events to one page, without the desk and without feeds."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

NOT_CORE = ("forecast.desk", "forecast.data.feeds", "forecast.data.fetch", "forecast.data.archive")
"""Parts that a report of the embedded events does without."""

REPORT = """
import sys
from importlib.abc import MetaPathFinder

blocked = tuple(sys.argv[2:])


class Blocker(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith(blocked):
            raise ImportError(f"the core imports {name}")
        return None


sys.meta_path.insert(0, Blocker())

from forecast import assess, build_panel, fit, read_chronology, write_report

events = read_chronology(dyads=["USA-CHN"])
panel = build_panel(events, dyads=["USA-CHN"], as_of="2024-12-31", start="2018-01-01")
fitted = fit(panel, draws=50, tune=100, chains=2, cores=1, seed=1)
assessment = assess(fitted, "USA-CHN", (12,), seed=1)
write_report(fitted, assessment, out=sys.argv[1], events=events)
"""
"""A report as `forecast report` makes it, in a process that cannot import the names it is given."""


def test_a_report_needs_neither_desk_nor_feeds(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", REPORT, str(tmp_path / "out"), *NOT_CORE]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr[-2000:]
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "US-China" in page
