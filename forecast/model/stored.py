"""Whether a stored fit can be believed: whole, of this package, unaltered, and of the form that its spec asks for."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from forecast.errors import FitFileError
from forecast.files import digest
from forecast.model.spec import PendulumSpec
from forecast.model.trees import Groups, take_apart
from forecast.model.variables import all_variables
from forecast.panel import panel_kind, validate_panel

SCHEMA = 1
KIND = "pendulum-forecast fit"
GROUPS = ("posterior", "sample_stats", "constant_data")
DIGESTS = "digests"
STATISTICS = {"diverging": "b", "energy": "f", "step_size": "f", "n_steps": "iu"}
SHARED = ("dyad", "time", "era", "dataset", "direction")


def is_saved_fit(path: Path) -> bool:
    """Whether a file or folder says of itself that it is a saved fit; it may be damaged."""
    try:
        if path.is_dir():
            return bool(json.loads((path / "zarr.json").read_text("utf-8"))["attributes"]["kind"] == KIND)
        return path.is_file() and path.suffix == ".nc" and _opened(path).attrs.get("kind") == KIND
    except (OSError, ValueError, LookupError, TypeError):
        return False


def sealed(tree: xr.DataTree) -> xr.DataTree:
    """Add the digest of each group to a tree's attributes, by which a change or loss on the disk is seen."""
    tree.attrs = {**tree.attrs, DIGESTS: json.dumps(_digests(tree))}
    return tree


def read_stored(path: Path) -> Groups:
    """Read a saved fit and check it."""
    if not path.exists():
        raise FitFileError(f"{path}: no such file or folder; expected a fit saved by Fit.save or `forecast report`")
    if not (path.is_dir() or path.is_file()):
        raise FitFileError(f"{path}: neither a file nor a folder; expected a fit saved by Fit.save")
    try:
        with _opened(path) as opened:
            tree = opened.load()
    except Exception as error:  # every storage library raises its own kinds for a damaged file
        raise FitFileError(f"{path}: cannot be read as zarr or netCDF ({error}); save the fit again") from error
    problem = _foreign(tree) or _damage(tree) or _malformed(tree)
    if problem:
        raise FitFileError(f"{path}: {problem}")
    tree.attrs = {name: value for name, value in tree.attrs.items() if name != DIGESTS}
    return take_apart(tree)


def _opened(path: Path) -> xr.DataTree:
    if path.is_dir():
        return xr.open_datatree(path, engine="zarr", consolidated=False)
    return xr.open_datatree(path, engine="netcdf4")


def _foreign(tree: xr.DataTree) -> str:
    if str(tree.attrs.get("kind")) != KIND:
        return f"not a fit of this package (attribute 'kind' is {tree.attrs.get('kind')!r:.60}, not {KIND!r})"
    schema = tree.attrs.get("schema")
    if not isinstance(schema, int | np.integer) or not 1 <= schema <= SCHEMA:
        return f"fit schema {schema!s:.60}; this version reads 1 to {SCHEMA}. Upgrade the package"
    missing = [group for group in GROUPS if group not in tree.children]
    return f"group {', '.join(missing)} missing; the file is damaged, save the fit again" if missing else ""


def _damage(tree: xr.DataTree) -> str:
    """Describe what differs from what was saved."""
    if DIGESTS not in tree.attrs:
        return f"attribute {DIGESTS!r} is missing, by which it is seen that nothing was altered; fit again"
    now = _digests(tree)
    try:
        then = dict(json.loads(tree.attrs[DIGESTS]))
    except (TypeError, ValueError):
        then = {}
    altered = [group for group in now if then.get(group) != now[group]]
    what = ", ".join(group or "attributes" for group in altered)
    return f"{what} not as saved: damaged or altered; restore the file, or fit again" if altered else ""


def _digests(tree: xr.DataTree) -> dict[str, str]:
    """Return the SHA-256 of each group, and under an empty name that of the tree's own attributes."""
    own = {name: value for name, value in tree.attrs.items() if name != DIGESTS}
    groups = {group: _group_digest(tree[group].to_dataset()) for group in GROUPS if group in tree.children}
    return {"": digest(_attributes(own))} | groups


def _group_digest(group: xr.Dataset) -> str:
    parts = [_attributes(group.attrs)]
    for name in sorted(str(name) for name in group.variables):
        values = group[name].to_numpy()
        kind = "text" if values.dtype.kind in "OUT" else values.dtype.newbyteorder("<").str
        parts.append(f"{name} {group[name].dims} {values.shape} {kind}".encode())
        parts.append(hashlib.sha256(_bytes(values)).hexdigest().encode())
    return digest(b"\0".join(parts))


def _attributes(values: dict[Any, Any]) -> bytes:
    return "\0".join(f"{name}={values[name]}" for name in sorted(values, key=str)).encode()


def _bytes(values: "np.ndarray[tuple[int, ...], np.dtype[Any]]") -> bytes | memoryview:
    if values.dtype.kind in "OUT":
        return "\0".join(map(str, values.ravel())).encode()
    ordered = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return ordered.reshape(-1).view(np.uint8).data  # the numbers themselves: a copy of the paths is half a gigabyte


def _malformed(tree: xr.DataTree) -> str:
    """Describe what a fit of its spec would have and this one has not."""
    try:
        spec = PendulumSpec.from_dict(json.loads(tree.attrs["spec"]))
        provenance = json.loads(tree.attrs["provenance"])
        if not isinstance(provenance, dict):
            raise TypeError(f"provenance is {type(provenance).__name__}, not a mapping")
    except Exception as error:  # whatever a foreign text holds
        return f"spec or provenance cannot be read ({error!s:.200}); save the fit again"
    posterior, statistics, panel = (tree[group].to_dataset() for group in GROUPS)
    try:
        validate_panel(panel)
        faults = [
            *_provenance_faults(provenance, panel),
            *_panel_faults(panel, spec),
            *_posterior_faults(posterior, panel, spec),
            *_statistics_faults(statistics, posterior),
        ]
    except Exception as error:  # a panel so altered that it cannot even be looked into
        return f"the panel is not one ({error!s:.300}); save the fit again"
    return f"{'; '.join(faults[:5])}; damaged or altered, save the fit again" if faults else ""


def _provenance_faults(provenance: dict[str, Any], panel: xr.Dataset) -> Iterator[str]:
    kinds: dict[str, type | tuple[type, ...]] = {
        "seed": int, "sampler": str, "draws": int, "tune": int, "chains": int, "cores": int, "data_digest": str,
        "versions": dict, "python": str, "seconds": dict,
    }  # fmt: skip
    for name, kind in kinds.items():
        if not isinstance(provenance.get(name), kind):
            yield f"provenance: {name} is {provenance.get(name)!r:.40}"
    optional: dict[str, type | tuple[type, ...]] = {
        "updates": list, "r_hat": dict, "nodes_worth": (int, float), "eras": str, "refitted": dict,
        "additions": list, "gate": dict,
    }  # fmt: skip
    for name, kind in optional.items():
        if name in provenance and not isinstance(provenance[name], kind):
            yield f"provenance: {name} is {provenance[name]!r:.40}"
    if provenance.get("data_digest") != panel.attrs["digest"]:
        yield "the panel's digest is not that of the data fitted"


def _panel_faults(panel: xr.Dataset, spec: PendulumSpec) -> Iterator[str]:
    kind = panel_kind(panel)
    if kind.name != spec.observation_model.panel:
        yield f"the spec is of {spec.observation}, and the panel holds {kind.name}"
    if not kind.number(panel):
        yield "the panel holds no observation"
    empty = [str(name) for name in SHARED if panel.sizes.get(name, 1) == 0]
    if empty:
        yield f"the panel has no {', '.join(empty)}"


def _required(spec: PendulumSpec) -> list[str]:
    """Return the variables that a fit of a spec always has."""
    wanted = ["level", "trend", "free_trend", "mu", "trend_mean"]
    if spec.moves:
        wanted += ["trend_step", "trend_retention"]
    if spec.trend == "reverting":
        wanted.append("trend_half_life")
    if spec.jumps:
        wanted.append("trend_jump")
    if spec.has_ceiling:
        wanted += ["headroom", "ceiling", "headroom_dyad", "headroom_era_sd"]
    if spec.has_cycle:
        wanted += ["cycle_half_life", "phi", "cycle_sd", "sigma", *(one.name for one in spec.cycle_model.variables)]
    if spec.drivers:
        wanted.append("driver_effect")
    return [*wanted, *spec.observation_model.required(spec)]


def _posterior_faults(posterior: xr.Dataset, panel: xr.Dataset, spec: PendulumSpec) -> Iterator[str]:
    known = all_variables()
    yield from (f"posterior: {name} is missing" for name in _required(spec) if name not in posterior)
    for group in spec.observation_model.together():
        if any(name in posterior for name in group):
            yield from (f"posterior: {name} is missing" for name in group if name not in posterior)
    for name in known.keys() & posterior.keys():
        if posterior[name].dims != ("chain", "draw", *known[str(name)].dims):
            yield f"posterior: {name} has dims {posterior[name].dims}"
    for variable, values in posterior.data_vars.items():
        name = str(variable)
        if values.dims[:2] != ("chain", "draw") or values.dtype.kind != "f":
            yield f"posterior: {name} is {values.dtype} {values.dims}"
        elif not values.size or not np.isfinite(values.to_numpy()).all():
            yield f"posterior: {name} holds no number, or one that is none"
    for name in SHARED:
        if name in posterior.dims and not (
            name in posterior.coords and posterior[name].equals(panel[name].reset_coords(drop=True))
        ):
            yield f"posterior: {name} is not that of the panel"
    names = [name for name, _ in spec.drivers]
    if names and "driver" in posterior.dims and posterior["driver"].to_numpy().tolist() != names:
        yield f"posterior: drivers are not {', '.join(names)}, those of the spec"
    if "cut" in posterior.dims and "class" in panel.dims and posterior.sizes["cut"] != panel.sizes["class"] - 1:
        yield f"posterior: {posterior.sizes['cut']} thresholds for {panel.sizes['class']} classes"


def _statistics_faults(statistics: xr.Dataset, posterior: xr.Dataset) -> Iterator[str]:
    size = {name: posterior.sizes.get(name) for name in ("chain", "draw")}
    for name, values in statistics.items():
        if values.dims != ("chain", "draw"):
            yield f"sample_stats: {name} has dims {values.dims}"
    for name, kinds in STATISTICS.items():
        if name not in statistics:
            yield f"sample_stats: {name} is missing"
        elif statistics[name].dims != ("chain", "draw") or statistics[name].dtype.kind not in kinds:
            yield f"sample_stats: {name} is {statistics[name].dtype} {statistics[name].dims}"
        elif dict(statistics[name].sizes) != size:
            yield f"sample_stats: {name} has {dict(statistics[name].sizes)}, the posterior {size}"
        elif kinds == "f" and not np.isfinite(statistics[name].to_numpy()).all():
            yield f"sample_stats: {name} holds what is no number"
