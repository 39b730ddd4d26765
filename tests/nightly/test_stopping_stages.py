"""A real run ends within two seconds of Ctrl-C or a polite kill, at each of its stages, with
nothing left behind.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.systems import posix

pytestmark = posix

LIMIT = 2.0
"""Seconds from the signal to the end of the process."""
BUSY = 6.0
"""Seconds more that are granted on a machine whose cores others are using."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

PROGRAM = """
import sys
from datetime import date
from pathlib import Path
from forecast.base.stopping import stoppable

work, out = sys.argv[1], Path(sys.argv[2])
RECORD = {"dyad": "USA-CHN", "as_of": date(1960, 12, 31)}

def tell(step, done, total):
    print(step, flush=True)

def fit_an_index(**sampler):  # which compiles in a few seconds
    from forecast import PendulumSpec, fit
    from tests.made import make_panel
    panel = make_panel(periods=600, index=True, seed=1)
    return fit(panel, PendulumSpec(observation="index"), seed=1, progress=tell, **sampler)

def fit(**sampler):
    from forecast import PendulumSpec, build_panel, fit, read_chronology
    panel = build_panel(read_chronology(dyads=[RECORD["dyad"]]), as_of=RECORD["as_of"])
    return fit(panel, PendulumSpec(), seed=1, progress=tell, **sampler)

def report():
    from forecast.runs.pipeline import make_report
    from forecast.runs.settings import ReportSettings
    make_report(ReportSettings(**RECORD, alone=True, out=out, draws=50, tune=50), progress=tell)

def tests():
    from forecast import build_panel, pooled_tests, read_chronology
    pooled_tests(build_panel(read_chronology()), claims=("S5a",), progress=tell)

RUNS = {
    "one fit of an index": lambda: fit_an_index(draws=50, tune=50),
    "a long fit": lambda: fit(draws=4, tune=100_000),
    "a long fit of an index": lambda: fit_an_index(draws=4, tune=100_000),
    "report": report,
    "tests": tests,
}
with stoppable():
    RUNS[work]()
"""
QUICK = [("a long fit", "sampling", signal.SIGTERM)]
STAGES = [
    ("one fit of an index", "compiling", signal.SIGINT),
    ("one fit of an index", "compiling", signal.SIGTERM),
    ("a long fit", "sampling", signal.SIGINT),
    ("a long fit of an index", "sampling", signal.SIGTERM),
    ("report", "reading the data", signal.SIGINT),
    ("report", "building the model", signal.SIGTERM),
    ("report", "filling in the path", signal.SIGINT),
    ("report", "simulating", signal.SIGTERM),
    ("report", "checking convergence", signal.SIGINT),
    ("report", "writing the report", signal.SIGTERM),
    ("report", "writing the report", signal.SIGINT),
    ("tests", "deviations from the trend fade", signal.SIGTERM),
    ("tests", "deviations from the trend fade", signal.SIGINT),
]
CASES = [
    *(pytest.param(*case, id=f"quick-{case[1]}") for case in QUICK),
    *(
        pytest.param(*case, id=f"{case[1]}-{case[2].name}", marks=pytest.mark.nightly)
        for case in STAGES
    ),
]


@pytest.mark.parametrize("moment", [0.3])
@pytest.mark.parametrize(("work", "stage", "kill"), CASES)
def test_a_run_ends_in_time_at_every_stage(
    tmp_path: Path,
    record_property: object,
    work: str,
    stage: str,
    kill: signal.Signals,
    moment: float,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-c", PROGRAM, work, str(tmp_path / "report")]
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        reached = any(line.rstrip("\n").endswith(stage) for line in process.stdout)
        assert reached, (tmp_path / "errors").read_text()[-2000:]
        time.sleep(moment)
        start = time.perf_counter()
        process.send_signal(kill)
        process.wait(timeout=60)
        took = time.perf_counter() - start
    print(f"{stage}, {kill.name}: {took:.2f} s")
    assert process.returncode == CODES[kill]
    assert took < LIMIT + (BUSY if os.getloadavg()[0] > 2 else 0)
    assert "Traceback" not in (tmp_path / "errors").read_text() or kill == signal.SIGINT
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors", "temporary"]
