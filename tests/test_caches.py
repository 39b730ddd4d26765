"""Whatever the home is like, compiling works, and leaves nothing in the temporary folder."""

import os
import subprocess
import sys

import pytest

from tests.systems import linux

COMPILE = """
import forecast.model, numpy
import pytensor, pytensor.tensor as pt
x = pt.dvector("x")
print(pytensor.function([x], (x ** 2).sum(), mode="NUMBA")(numpy.arange(4.0)))
"""
FIT = """
from forecast import build_panel, fit, read_chronology
panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2019-01", end="2020-12")
print(fit(panel, draws=20, tune=20, chains=2, seed=1).dyads)
"""


def run(script, tmp_path, home):
    """Run a script with a home; the process that has ended, and what it left in its temporary
    folder.
    """
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    own = {"TMPDIR": str(temporary), **({} if home is None else {"HOME": str(home)})}
    cleared = ("HOME", "PYTENSOR_FLAGS", "NUMBA_CACHE_DIR", "MPLCONFIGDIR")
    environment = {name: value for name, value in os.environ.items() if name not in cleared}
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment | own, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended, sorted(path.name for path in temporary.rglob("*"))


@linux
@pytest.mark.parametrize("kind", ["missing", "a file", "not to be written in", "usable"])
def test_compiling_leaves_nothing_whatever_the_home(kind, tmp_path):
    home = tmp_path / "home"
    if kind == "a file":
        home.write_text("")
    if kind == "usable":
        home.mkdir()
    if kind == "not to be written in":  # not even by root
        home = "/proc/self"
    ended, left = run(COMPILE, tmp_path, home)
    assert ended.stdout == "14.0\n"
    assert left == []
    assert ended.stderr.count("\n") == (0 if kind == "usable" else 1)
    assert ("home folder" in ended.stderr) == (kind != "usable")
    assert (tmp_path / "home").exists() == (kind in ("a file", "usable"))


@linux
@pytest.mark.slow
@pytest.mark.parametrize("home", [None, "/proc/self"], ids=["unset", "not to be written in"])
def test_a_fit_leaves_nothing_in_the_temporary_folder(home, tmp_path):
    ended, left = run(FIT, tmp_path, home)
    assert ended.stdout == "['USA-CHN']\n"
    assert left == []


DRAWS = """
import hashlib
from forecast import build_panel, fit, read_chronology
panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2015-01", end="2020-12")
posterior = fit(panel, draws=20, tune=20, chains=2, seed=1).posterior
values = b"".join(posterior[name].to_numpy().tobytes() for name in sorted(posterior))
print(hashlib.sha256(values).hexdigest())
"""


# A form that no kernel has: it is compiled from the graph.
GRAPH_DRAWS = DRAWS.replace("import build_panel", "import PendulumSpec, build_panel").replace(
    "fit(panel,", 'fit(panel, PendulumSpec(cycle="band"),'
)
DENSITIES = """
import hashlib
from forecast import PendulumSpec, build_panel, read_chronology
from forecast.model.arrays import panel_arrays
from forecast.model.densities import density_of
panel, spec = build_panel(read_chronology(dyads=["USA-CHN", "USA-RUS"])), PendulumSpec()
arrays = panel_arrays(panel, spec)
found = hashlib.sha256()
density = density_of(arrays, print)
for seed in range(100):
    value, gradient = density.evaluate(density.start(seed))
    found.update(f"{value!r}".encode() + gradient.tobytes())
print(found.hexdigest())
"""
FILTERED = """
import numpy
from forecast import build_panel, read_chronology
from forecast.study.hypotheses.filter.likelihood import likelihoods
from forecast.study.hypotheses.models import BOUNDED_CYCLE, GROWING_CYCLE, WALK_CYCLE
from forecast.study.hypotheses.record import read_panel
steps = read_panel(build_panel(read_chronology(dyads=["USA-CHN", "CHN-JPN"])), None).steps
for model in (WALK_CYCLE, BOUNDED_CYCLE, GROWING_CYCLE):
    middle = numpy.array([axis.mean for axis in model.free])
    print(likelihoods(steps, model.points(middle + numpy.linspace(-0.2, 0.2, 9)[:, None])).tolist())
"""


@pytest.mark.slow
@pytest.mark.parametrize("script", [DRAWS, GRAPH_DRAWS, DENSITIES, FILTERED])
def test_a_cold_cache_gives_the_same_numbers_as_a_warm_one(tmp_path, script):
    cleared = ("PYTENSOR_FLAGS", "NUMBA_CACHE_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in cleared}
    environment |= {
        "NUMBA_CACHE_DIR": str(tmp_path / "numba"),
        "PYTENSOR_FLAGS": f"base_compiledir={tmp_path}/pytensor",
    }
    command = [sys.executable, "-c", script]
    cold, warm = (
        subprocess.run(command, env=environment, capture_output=True, text=True) for _ in range(2)
    )
    assert cold.returncode == 0, cold.stderr
    assert any((tmp_path / "numba").rglob("*.nbi"))  # what was compiled is there
    assert cold.stdout == warm.stdout


RENAMED = """
from typing import NamedTuple
from forecast.model.kernels import kernel


class NAME(NamedTuple):
    value: float


@kernel
def double(given):
    return 2.0 * given.value


print(double(NAME(1.5)))
"""


def test_a_cache_that_names_a_class_that_is_gone_is_not_read(tmp_path):
    """As after an update of the package: numba would end in the error of a missing name."""
    environment = dict(os.environ) | {"NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    module = tmp_path / "kernels_of_a_user.py"
    for name in ("Former", "Present"):
        module.write_text(RENAMED.replace("NAME", name), "utf-8")
        command = [sys.executable, "-c", "import kernels_of_a_user"]
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *sys.path])
        ended = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert ended.stdout == "3.0\n", ended.stderr
    assert any((tmp_path / "numba").rglob("*.nbi"))


BESIDE = """
from forecast.model.kernels import built_in


@built_in
def factor():
    return FACTOR
"""
BUILT_FROM_BESIDE = """
from forecast.model.kernels import kernel

from beside import factor


@kernel
def scaled(value):
    return factor() * value


print(scaled(1.5))
"""


def test_a_kernel_is_compiled_again_when_a_module_beside_its_own_changes(tmp_path):
    """It has the other's function built in, and its own file is as old as before."""
    package = tmp_path / "source"
    package.mkdir()
    environment = dict(os.environ) | {
        "NUMBA_CACHE_DIR": str(tmp_path / "numba"),
        "PYTHONPATH": os.pathsep.join([str(package), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (package / "scaling.py").write_text(BUILT_FROM_BESIDE, "utf-8")
    printed = []
    for factor in ("2.0", "2.0", "3.0"):
        (package / "beside.py").write_text(BESIDE.replace("FACTOR", factor), "utf-8")
        command = [sys.executable, "-c", "import scaling"]
        ended = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        printed.append(ended.stdout)
    assert printed == ["3.0\n", "3.0\n", "4.5\n"]
