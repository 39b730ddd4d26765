"""A fit goes to disk and comes back, whole or with a clear error; old files stay good."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from forecast.base import folders
from forecast.base.errors import FitFileError, ForecastError, OutputError
from forecast.model import fit as fit_panel
from forecast.model.fitted import Fit
from forecast.model.posterior import GRID
from forecast.model.storage import SCHEMA
from forecast.outlook import assess
from tests.made import make_panel
from tests.systems import linux

# Two dyads, 2011 to October 2023, 2 x 25 draws: too few to converge, enough to forecast from. Made
# once by panel = build_panel(read_chronology(), dyads=["USA-CHN", "USA-RUS"], start="2011-01",
# end="2023-10") fit(panel, draws=25, tune=400, chains=2, seed=1).save("tests/model/data/fit_v1.nc")
# and again where the variables of a fit change, until there is a release.
V1 = Path(__file__).parent / "data" / "fit_v1.nc"


@pytest.fixture(scope="module")
def fit():
    return Fit.load(V1)


@pytest.fixture(scope="module")
def improvement(fit):
    return assess(fit, "USA-CHN", seed=1).improvement


@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr", "fit"])
def test_saving_and_loading_changes_nothing(fit, tmp_path, name):
    again = Fit.load(fit.save(tmp_path / name))
    for group in ("posterior", "sample_stats", "constant_data"):
        xr.testing.assert_identical(again.tree[group].to_dataset(), fit.tree[group].to_dataset())
    assert again.tree.attrs == dict(fit.tree.attrs)
    assert (again.spec, again.provenance, again.dyads) == (fit.spec, fit.provenance, fit.dyads)
    assert again.panel["covered"].dtype == bool
    assert again.posterior["level"].dtype == np.float32
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr"])
def test_paths_on_their_grid_are_stored_in_less_than_half_their_bytes(fit, tmp_path, name):
    panel = make_panel(dyads=2, periods=240, eras=2, events=4.0)
    fitted = fit_panel(panel, draws=100, tune=30, chains=2, seed=1)
    paths = [fitted.posterior[name].to_numpy() for name in ("level", "trend")]
    for path in paths:
        np.testing.assert_array_equal(path * GRID, np.rint(path * GRID))
    saved = fitted.save(tmp_path / name)
    files = [saved] if saved.is_file() else saved.rglob("*")
    stored = sum(file.stat().st_size for file in files if file.is_file())
    others = sum(values.nbytes for values in fitted.posterior.values() if "time" not in values.dims)
    assert stored < 0.5 * sum(path.nbytes for path in paths) + others + fitted.panel.nbytes


@pytest.mark.parametrize("name", [pytest.param("fit.nc", marks=pytest.mark.slow), "fit.zarr"])
def test_a_loaded_fit_forecasts_without_sampler(fit, tmp_path, name, improvement):
    """In a process of its own that may not know PyMC: the same numbers to the last digit."""
    path = fit.save(tmp_path / name)
    code = f"""
import sys
from forecast.model.fitted import Fit
from forecast.outlook import assess
fit = Fit.load({str(path)!r})
improvement = assess(fit, "USA-CHN", seed=1).improvement
chances = [outlook.improvement.value for outlook in improvement.values()]
fit.gate
compilers = {{"pymc", "pytensor", "nutpie", "forecast.model.sampling"}}
assert not compilers & set(sys.modules), "compiles or could"
print(chances)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        outlook.improvement.value for outlook in improvement.values()
    ]


def test_the_names_of_the_package_come_from_their_homes():
    code = """
import sys
import forecast.model
from forecast.model import Fit, Gate, PendulumSpec, Priors, check_convergence
assert not {"pymc", "pytensor", "numba"} & set(sys.modules), "heavy"
assert set(forecast.model.__all__) <= set(dir(forecast.model))
from forecast.model import PendulumModel, fit
import forecast
assert callable(fit) and forecast.fit is fit and forecast.model.fit is fit
try:
    forecast.model.nonsense
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'nonsense'" in done.stdout


def test_files_of_version_1_stay_good(fit, improvement):
    assert fit.tree.attrs["schema"] == 1
    assert fit.dyads == ["USA-CHN", "USA-RUS"]
    assert fit.provenance["seed"] == 1
    assert not fit.gate.passed
    for outlook in improvement.values():
        total = outlook.improvement.value + outlook.stability.value + outlook.deterioration.value
        assert total == 1


def test_facts_can_be_noted(fit):
    noted = fit.noting(day="2023-10-31")
    assert noted.provenance == fit.provenance | {"day": "2023-10-31"}
    assert "day" not in fit.provenance


# What is no fit


def damaged(tmp_path, cut):
    path = tmp_path / "damaged.nc"
    path.write_bytes(cut(V1.read_bytes()))
    return path


@pytest.mark.parametrize(
    "cut",
    [
        lambda whole: b"",
        lambda whole: b"not a file of any kind",
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:5000] + bytes(20_000) + whole[25_000:],
    ],
    ids=["empty", "text", "half", "hole"],
)
def test_a_damaged_file_is_refused(tmp_path, cut):
    path = damaged(tmp_path, cut)
    with pytest.raises(FitFileError, match=r"damaged\.nc"):
        Fit.load(path)


def test_a_damaged_zarr_folder_is_refused(fit, tmp_path):
    path = fit.save(tmp_path / "fit.zarr")
    (path / "zarr.json").write_text("{")
    with pytest.raises(FitFileError, match=r"fit\.zarr.*zarr or netCDF"):
        Fit.load(path)


@pytest.mark.parametrize("name", ["foreign.nc", "foreign.zarr"])
def test_a_foreign_file_is_refused(tmp_path, name):
    foreign = xr.Dataset({"temperature": ("day", [1.0, 2.0])})
    path = tmp_path / name
    if name.endswith(".nc"):
        foreign.to_netcdf(path)
    else:
        foreign.to_zarr(path, consolidated=False)
    with pytest.raises(FitFileError, match=rf"{name}: not a fit of this package"):
        Fit.load(path)


def test_a_folder_or_file_of_something_else_is_refused(tmp_path):
    with pytest.raises(FitFileError, match="nowhere"):
        Fit.load(tmp_path / "nowhere.nc")
    (tmp_path / "index.html").write_text("<p>")
    with pytest.raises(FitFileError):
        Fit.load(tmp_path)


def changed(fit, **attributes):
    tree = fit.tree.copy()
    tree.attrs = {**tree.attrs, **attributes}
    return Fit(tree)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"schema": SCHEMA + 1}, f"schema {SCHEMA + 1}.*Upgrade"),
        ({"schema": "one"}, "schema one"),
        ({"kind": "something else"}, "not a fit"),
        ({"spec": "{"}, "spec or provenance"),
        ({"spec": '{"cycle": "perpetual"}'}, "cycle"),
        ({"spec": '{"colour": "blue"}'}, "unknown field colour"),
        ({"provenance": ""}, "spec or provenance"),
    ],
)
def test_what_this_version_does_not_know_is_refused(fit, tmp_path, attributes, message):
    path = changed(fit, **attributes).save(tmp_path / "fit.nc")
    with pytest.raises(FitFileError, match=rf"fit\.nc.*{message}"):
        Fit.load(path)


def test_a_missing_group_is_named(fit, tmp_path):
    tree = fit.tree.copy()
    del tree["sample_stats"]
    with pytest.raises(FitFileError, match="group sample_stats missing"):
        Fit.load(Fit(tree).save(tmp_path / "fit.nc"))


# Where it cannot be saved, and what becomes of what was there


@linux
def test_a_place_that_cannot_be_written_is_refused(fit, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        fit.save(tmp_path / "file" / "fit.nc")
    with pytest.raises(OutputError):
        fit.save("/proc/fit.nc")


def test_the_folder_is_made(fit, tmp_path):
    assert fit.save(tmp_path / "new" / "folder" / "fit.nc").exists()


@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr"])
def test_an_older_fit_is_replaced(fit, tmp_path, name):
    fit.noting(seed=7).save(tmp_path / name)
    fit.save(tmp_path / name)
    assert Fit.load(tmp_path / name).provenance == fit.provenance
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["report", "report.nc"])
def test_a_folder_of_the_user_is_left_alone(fit, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="left alone"):
        fit.save(folder)
    assert (folder / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["data.nc", "data.zarr", "levels.csv"])
def test_a_file_of_the_user_is_left_alone(fit, tmp_path, name):
    path = tmp_path / name
    mine = xr.Dataset({"temperature": ("day", [1.0, 2.0])})
    if name.endswith(".nc"):
        mine.to_netcdf(path)
    elif name.endswith(".zarr"):
        mine.to_zarr(path, consolidated=False)
    else:
        path.write_text("years of work")
    before = {each: each.read_bytes() for each in (path, *path.rglob("*")) if each.is_file()}
    with pytest.raises(OutputError, match="left alone"):
        fit.save(path)
    assert {
        each: each.read_bytes() for each in (path, *path.rglob("*")) if each.is_file()
    } == before


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, OSError("no space left on device"), RuntimeError("NetCDF")]
)
@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr"])
def test_an_interrupted_save_leaves_the_old_file(fit, tmp_path, monkeypatch, name, error):
    old = fit.noting(seed=7).save(tmp_path / name)
    write = xr.DataTree.to_netcdf if name.endswith(".nc") else xr.DataTree.to_zarr

    def half(tree, path, **options):
        write(tree, path, **options)
        raise error

    monkeypatch.setattr(xr.DataTree, write.__name__, half)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else OutputError):
        fit.save(tmp_path / name)
    assert Fit.load(old).provenance["seed"] == 7
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_failure_at_the_very_end_puts_the_old_folder_back(fit, tmp_path, monkeypatch):
    old = fit.noting(seed=7).save(tmp_path / "fit.zarr")
    rename = Path.rename

    def unable(one, other):
        raise OSError("this disk cannot exchange two names")

    def fail(self, target):
        if (
            target == old
            and self.name == old.name
            and self.parent != old.parent
            and "former" not in self.name
        ):
            raise OSError("the disk went away")
        return rename(self, target)

    monkeypatch.setattr(folders, "exchange", unable)
    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OutputError, match="went away"):
        fit.save(old)
    assert Fit.load(old).provenance["seed"] == 7


def test_leftovers_of_a_killed_run_do_no_harm(fit, tmp_path):
    path = fit.save(tmp_path / "fit.zarr")
    shutil.copytree(path, tmp_path / ".fit.zarr.0123abcd.partial")
    assert Fit.load(fit.save(path)).dyads == fit.dyads
    assert issubclass(FitFileError, ForecastError)
    assert [left.name for left in tmp_path.iterdir()] == ["fit.zarr"]


def test_a_gate_that_was_noted_is_not_computed_again(tmp_path):
    fit = Fit.load(V1)
    noted = Fit.load(fit.noting(gate=fit.gate.diagnostics).save(tmp_path / "fit.zarr"))
    assert noted.gate.reasons == fit.gate.reasons
    assert noted.gate.to_dict() == fit.gate.to_dict()
    apart = {"seen": noted.posterior["trend"].isel(time=-1)}
    assert noted.gate_with(**apart).to_dict() == fit.gate_with(**apart).to_dict()
    changed = {**fit.gate.diagnostics, "divergence_share": 0.5}
    assert "sampler: 50.00% of transitions divergent" in str(fit.noting(gate=changed).gate.reasons)
    assert "gate" not in noted.of_dyad("USA-CHN").provenance  # of fewer numbers it would be another


def test_the_gate_of_an_outlook_is_of_one_dyad_and_its_last_two_years():
    fit = Fit.load(V1)
    everything, ahead = (
        gate.table.set_index("quantity")["number"] for gate in (fit.gate, fit.gate_ahead("USA-CHN"))
    )
    assert ahead["level"] == 24 < everything["level"]
    assert ahead["half-life of the cycle"] == 1 < everything["half-life of the cycle"]
    assert fit.gate_ahead("USA-CHN").bfmi == fit.gate.bfmi
