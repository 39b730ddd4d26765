"""What holds for all tests."""

import gc
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

# Where Python may not write bytecode next to the sources, as in many containers, every process that
# a test starts would compile all packages again, which takes longer than most tests. It goes where
# pytest keeps its own cache.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from hypothesis import settings

# How long one example takes says how busy the machine is, and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# The tests run on as many workers as there are cores. Threads of one worker's linear algebra would
# wait for those of another, and waiting takes processor time.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# A shell lets what it starts in the background ignore Ctrl-C, which the tests of interrupts send
# themselves.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The benchmarks are no part of the installed package.
sys.path.insert(0, str(Path(__file__).parents[1]))

# PyTensor notes of every node of a graph which lines made it, which takes a third of the time that
# models are built in.
os.environ["PYTENSOR_FLAGS"] = ",".join(
    filter(None, (os.environ.get("PYTENSOR_FLAGS"), "traceback__limit=0"))
)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Leave garbage while tests are collected: nearly all that imports make stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, and less often.

    Looking through all that was imported whenever a graph or a figure is made takes a fifth of the
    time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], 50)


@pytest.fixture
def undrawn(monkeypatch):
    """Leave figures of pages empty, which takes a second less per page; captions and words stay."""
    from tests.pages import leave_figures_empty

    leave_figures_empty(monkeypatch)


@pytest.fixture(scope="session", autouse=True)
def embedded_files_are_read_once():
    """The embedded chronology takes a second to read, and hundreds of tests begin with it.

    Read it once a process.

    Everyone has copies of their own, and what is read of any other folder, or on another day, is
    read as ever.
    """
    from forecast.base.dates import today
    from forecast.base.resources import data_folder
    from forecast.data.events import chronology

    read, found = chronology._read_dyad, {}

    def read_once(dyad, path):
        if path.parent != data_folder() / "chronology":
            return read(dyad, path)
        key = dyad, path, today()
        if key not in found:
            found[key] = read(dyad, path)
        own = found[key]
        return replace(own, events=own.events.copy(), rejects=own.rejects.copy())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chronology, "_read_dyad", read_once)
        yield
