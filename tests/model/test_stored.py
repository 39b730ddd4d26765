"""A stored fit is believed only if it is whole and unaltered, and of a spec and panel that this version knows."""

import gc
import itertools
import json
import shutil
from pathlib import Path

import pytest
import xarray as xr

from forecast.errors import FitFileError
from forecast.model.fitted import GROUPS, Fit, is_saved_fit, sealed
from tests.systems import posix

V1 = Path(__file__).parent / "data" / "fit_v1.nc"
STRANGE = ["", "{", "[]", "null", "0", "{}", '{"spec": 1}', "\x1b[2J", 7, 1.5, [1, 2]]


@pytest.fixture(scope="module")
def fit():
    return Fit.load(V1)


@pytest.fixture(scope="module")
def folder(fit, tmp_path_factory):
    return fit.save(tmp_path_factory.mktemp("fit") / "fit.zarr")


def stored(tree, path):
    """Store a tree as another version would."""
    sealed(tree).to_netcdf(path, engine="netcdf4")
    return path


def altered(fit, group, change):
    """Return the tree of a fit with one group changed."""
    groups = {name: fit.tree[name].to_dataset() for name in GROUPS}
    groups[group] = change(groups[group])
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=fit.tree.attrs), **groups})


# Whole


def chunks(folder):
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and "c" in path.relative_to(folder).parts]


EVERY = pytest.param(1, marks=pytest.mark.slow)


@pytest.mark.parametrize("every", [11, EVERY])
def test_missing_chunks_are_found(folder, tmp_path, every):
    assert len(chunks(folder)) > 20
    for number, chunk in enumerate(chunks(folder)[::every]):
        copy = shutil.copytree(folder, tmp_path / str(number))
        (copy / chunk.relative_to(folder)).unlink()
        with pytest.raises(FitFileError, match="not as saved"):
            Fit.load(copy)
        shutil.rmtree(copy)


def test_of_many_damaged_parts_one_is_named_and_none_is_printed(folder, tmp_path, caplog):
    copy = shutil.copytree(folder, tmp_path / "copied half-way")
    for path in copy.glob("posterior/*/zarr.json"):
        path.unlink()
    with pytest.raises(FitFileError, match="cannot be read"):
        Fit.load(copy)
    gc.collect()  # as an end of a program does, which prints errors that nobody asked for
    assert not caplog.records


@pytest.mark.parametrize("every", [17, EVERY])
def test_missing_arrays_and_groups_are_found(folder, tmp_path, every):
    parts = [path for path in folder.rglob("*") if path.is_dir() and path.name != "c" and (path / "zarr.json").exists()]
    assert len(parts) > 30
    for number, part in enumerate(parts[::every]):
        copy = shutil.copytree(folder, tmp_path / str(number))
        shutil.rmtree(copy / part.relative_to(folder))
        with pytest.raises(FitFileError):
            Fit.load(copy)
        shutil.rmtree(copy)


@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr"])
def test_a_fit_without_its_digests_is_not_believed(fit, tmp_path, name):
    path = tmp_path / name
    if name.endswith("zarr"):
        fit.tree.to_zarr(path, consolidated=False, zarr_format=3)
    else:
        fit.tree.to_netcdf(path, engine="netcdf4")
    with pytest.raises(FitFileError, match=r"'digests' is missing.*fit again"):
        Fit.load(path)


@pytest.mark.parametrize("name", ["fit.nc", "fit.zarr"])
@pytest.mark.parametrize("group", GROUPS)
def test_a_changed_number_is_found(fit, tmp_path, name, group):
    path = fit.save(tmp_path / name)
    options = {"engine": "zarr", "consolidated": False} if name.endswith("zarr") else {"engine": "netcdf4"}
    with xr.open_datatree(path, **options) as opened:
        tree = opened.load()
    values = next(iter(tree[group].data_vars.values()))
    values.data.flat[3] = ~values.data.flat[3] if values.dtype == bool else values.data.flat[3] + 1
    other = tmp_path / f"other {name}"
    if name.endswith("zarr"):
        tree.to_zarr(other, consolidated=False)
    else:
        tree.to_netcdf(other)
    with pytest.raises(FitFileError, match=f"{group} not as saved"):
        Fit.load(other)


@pytest.mark.parametrize("attribute", ["spec", "provenance"])
def test_a_changed_attribute_is_found(folder, tmp_path, attribute):
    copy = shutil.copytree(folder, tmp_path / "fit.zarr")
    meta = json.loads((copy / "zarr.json").read_text())
    meta["attributes"][attribute] = meta["attributes"][attribute].replace("1", "2", 1)
    (copy / "zarr.json").write_text(json.dumps(meta))
    with pytest.raises(FitFileError, match="attributes not as saved"):
        Fit.load(copy)


# Of another version, though nothing was altered


@pytest.mark.parametrize(
    ("attribute", "value"), list(itertools.product(["kind", "schema", "spec", "provenance"], STRANGE))
)
def test_strange_attributes_are_rejected(fit, tmp_path, attribute, value):
    if (attribute, value) == ("spec", "{}"):
        pytest.skip("that is the spec of this fit: all choices as they are by default")
    tree = fit.tree.copy()
    tree.attrs = {**tree.attrs, attribute: value}
    with pytest.raises(FitFileError):
        Fit.load(stored(tree, tmp_path / "fit.nc"))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        *itertools.product(["as_of"], ["soon", "2023-13-01", 7]),
        *itertools.product(["zero_cut"], ["four", 0, 8, -1, 2.5]),
        *itertools.product(["frequency"], ["year", "", 1]),
        *itertools.product(["schema"], [2, "one"]),
        *itertools.product(["digest"], ["", "abc"]),
    ],
)
def test_strange_panels_are_rejected(fit, tmp_path, attribute, value):
    tree = altered(fit, "constant_data", lambda panel: panel.assign_attrs({attribute: value}))
    with pytest.raises(FitFileError):
        Fit.load(stored(tree, tmp_path / "fit.nc"))


@posix
@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/dev/stdin"])
def test_devices_are_no_fits(path):
    with pytest.raises(FitFileError):
        Fit.load(path)
    assert not is_saved_fit(Path(path))
