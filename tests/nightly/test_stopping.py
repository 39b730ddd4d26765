"""A run ends within two seconds of Ctrl-C or a polite kill, at every stage, with nothing left
behind.
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
BUSY = 4.0
"""Seconds more that are granted on a machine whose cores others are using, other tests for
example."""
ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]

PROGRAM = """
import ctypes, sys, threading, time
from pathlib import Path
from forecast.base.stopping import stoppable
from forecast.base.folders import atomic_folder

def native():  # code that does not come back to Python, as a compiler's
    ctypes.CDLL(None).usleep(60_000_000)

def swallowed():  # a library that takes every exception for its own
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

def threads():  # work that Python would wait for
    for _ in range(3):
        threading.Thread(target=time.sleep, args=(60,)).start()
    time.sleep(60)

def clearing():  # what is cleared up takes its time
    try:
        time.sleep(60)
    finally:
        time.sleep(60)

def asleep():
    time.sleep(60)

with stoppable():
    with atomic_folder(sys.argv[1]) as folder:
        (folder / "index.html").write_text("half")
        print("working", flush=True)
        globals()[sys.argv[2]]()
"""


def ends(process: "subprocess.Popen[str]", kill: signal.Signals) -> float:
    start = time.perf_counter()
    process.send_signal(kill)
    process.wait(timeout=60)
    return time.perf_counter() - start


@pytest.mark.parametrize(("kill", "code"), ENDS)
@pytest.mark.parametrize("work", ["asleep", "native", "swallowed", "threads", "clearing"])
def test_a_run_ends_in_time_whatever_it_is_doing(
    tmp_path: Path, work: str, kill: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "report"), work]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "working\n"
        took = ends(process, kill)
    assert process.returncode == code
    others = os.getloadavg()[0] > 2 or "PYTEST_XDIST_WORKER" in os.environ
    assert took < LIMIT + (BUSY if others else 0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_does_not_disturb_the_first(tmp_path: Path, kill: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "report"), "swallowed"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "working\n"
        for _ in range(20):
            process.send_signal(kill)
            time.sleep(0.01)
        process.wait(timeout=30)
    assert process.returncode in (130, 143)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.3, 0.5])
def test_a_run_stops_while_it_starts(tmp_path: Path, kill: signal.Signals, after: float) -> None:
    command = [
        sys.executable,
        "-m",
        "forecast",
        "report",
        "USA-CHN",
        "--out",
        str(tmp_path / "report"),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(0.3 + after)  # Python itself has to be there
        process.send_signal(kill)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode in (130, 143, -kill)  # the last before the command had begun
    assert "forecast/cli" not in stderr
    assert list(tmp_path.iterdir()) == []


TOLD = """
import os, signal, sys
install, told = signal.signal, []
def tell(*words):
    found = install(*words)
    if not told:
        told.append(" ".join(name for name in sys.modules if name.startswith("forecast")))
        os.write(1, told[0].encode() + b"\\n")
    return found
signal.signal = tell
sys.argv[0] = "forecast"
from forecast.__main__ import main
main()
"""
"""The command, saying what of the package is there when it first answers a signal."""


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("option", ["--help", "--alone"])
def test_ctrl_c_while_the_command_starts_is_an_exit_code(
    tmp_path: Path, option: str, every: int
) -> None:
    command = [
        sys.executable,
        "-c",
        TOLD,
        "report",
        "USA-CHN",
        "--out",
        str(tmp_path / "report"),
        option,
    ]
    for moment in [*range(0, 100, 10), *range(100, 600, 50)][::every]:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert (
                process.stdout is not None
                and process.stdout.readline() == "forecast forecast.__main__\n"
            )
            time.sleep(moment / 1000)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
        assert (process.returncode, "Traceback" in stderr) in [(130, False), (0, False)], (
            moment,
            stderr,
        )
        assert process.returncode == 130 or option == "--help"
        assert list(tmp_path.iterdir()) == []


def test_what_is_ignored_stays_ignored() -> None:
    program = """
import signal
from forecast.base.stopping import stoppable
with stoppable():
    print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)
"""
    command = ["sh", "-c", f"trap '' INT; exec {sys.executable} -c '{program}'"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "True\n"


IN_A_DESTRUCTOR = """
import os, signal, time
from forecast.base.stopping import stoppable

class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)

class Broken:
    def __del__(self):
        raise ValueError("a defect of its own")

with stoppable():
    Held()
    Broken()
    time.sleep(60)
"""


def test_a_stop_that_falls_into_a_destructor_prints_nothing():
    """Nobody can raise it from there.

    The process ends all the same, and other defects are still told.
    """
    done = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 143
    assert "SystemExit" not in done.stderr
    assert "a defect of its own" in done.stderr
