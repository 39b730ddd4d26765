"""A stored fit is believed only if it is whole, unaltered and of the form that its spec asks
for."""

import gc
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from forecast.base.errors import FitFileError
from forecast.model.fitted import Fit
from forecast.model.storage import GROUPS, add_digests, is_saved_fit
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
    """Store a tree as somebody could who knows how a fit is sealed."""
    add_digests(tree)
    tree.to_netcdf(path, engine="netcdf4")
    return path


def altered(fit, group, change):
    """Return the tree of a fit with one group changed."""
    groups = {name: fit.tree[name].to_dataset() for name in GROUPS}
    groups[group] = change(groups[group])
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=fit.tree.attrs), **groups})


# Whole


def chunks(folder):
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "c" in path.relative_to(folder).parts
    ]


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
    parts = [
        path
        for path in folder.rglob("*")
        if path.is_dir() and path.name != "c" and (path / "zarr.json").exists()
    ]
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
    options = (
        {"engine": "zarr", "consolidated": False}
        if name.endswith("zarr")
        else {"engine": "netcdf4"}
    )
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


# Of the right form, though nothing says that it was altered


@pytest.mark.parametrize(
    ("attribute", "value"),
    list(itertools.product(["kind", "schema", "spec", "provenance"], STRANGE)),
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


def cases(fit):
    """Yield what can be done to each variable of each group."""
    for group in GROUPS:
        data = fit.tree[group].to_dataset()
        yield group, "empty", lambda data: data.drop_vars(list(data.variables))
        for name in data.data_vars:
            yield group, f"without {name}", lambda data, name=name: data.drop_vars(name)
            yield (
                group,
                f"{name} as text",
                lambda data, name=name: data.assign({name: data[name].astype(str)}),
            )
            yield group, f"{name} turned", lambda data, name=name: data.assign({name: data[name].T})
            yield (
                group,
                f"{name} without its last dim",
                lambda data, name=name: data.assign(
                    {name: data[name].isel({data[name].dims[-1]: 0}, drop=True)}
                ),
            )
        for dim in data.sizes:
            yield group, f"no {dim}", lambda data, dim=dim: data.isel({dim: slice(0, 0)})


@pytest.mark.parametrize("name", ["concentration", "tau"])
def test_a_variable_that_would_count_as_zero_is_missed(fit, tmp_path, name):
    tree = altered(fit, "posterior", lambda posterior: posterior.drop_vars(name))
    with pytest.raises(FitFileError, match=f"{name} is missing"):
        Fit.load(stored(tree, tmp_path / "fit.nc"))


@pytest.mark.parametrize("every", [19, EVERY])
def test_alterations_of_form_are_rejected(fit, tmp_path, every):
    tried, believed = 0, []
    for number, (group, words, change) in enumerate(list(cases(fit))[::every]):
        try:
            path = stored(altered(fit, group, change), tmp_path / f"{number}.nc")
        except Exception:
            continue
        tried += 1
        with xr.open_datatree(path, engine="netcdf4") as opened:
            unsealed = opened.load()
        del unsealed.attrs["digests"]
        unsealed.to_netcdf(tmp_path / "unsealed.nc", engine="netcdf4")
        with pytest.raises(FitFileError):
            Fit.load(tmp_path / "unsealed.nc")
        try:
            Fit.load(path)
        except FitFileError:
            continue
        believed.append(words)
    assert tried > 80 / every
    # Statistics that updated fits have not: the first two are for evidence, the third is one more
    # energy to check.
    assert set(believed) <= {"without log_prior", "without log_likelihood_total"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_draws_that_are_no_numbers_are_rejected(fit, tmp_path, value):
    tree = altered(
        fit,
        "posterior",
        lambda data: data.assign(level=data["level"].where(data["level"] > 0, value)),
    )
    with pytest.raises(FitFileError, match="level"):
        Fit.load(stored(tree, tmp_path / "fit.nc"))


def test_other_dyads_in_panel_and_draws_are_rejected(fit, tmp_path):
    tree = altered(fit, "posterior", lambda data: data.assign_coords(dyad=["USA-CHN", "USA-IRN"]))
    with pytest.raises(FitFileError, match="dyad is not that of the panel"):
        Fit.load(stored(tree, tmp_path / "fit.nc"))


@posix
@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/dev/stdin"])
def test_devices_are_no_fits(path):
    with pytest.raises(FitFileError):
        Fit.load(path)
    assert not is_saved_fit(Path(path))


def test_a_panel_that_counts_in_another_unit_is_rejected_by_name(fit, tmp_path):
    tree = altered(fit, "constant_data", lambda panel: panel.assign_attrs(unit="happening"))
    with pytest.raises(
        FitFileError, match="counts by 'happening'; expected event or row: fit again"
    ):
        Fit.load(stored(tree, tmp_path / "fit.nc"))
