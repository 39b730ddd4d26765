"""Saved fits: how they are written and read, and how damage is noticed."""

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from forecast.base.digests import digest
from forecast.base.durable import make_folders, sync_file, sync_folder
from forecast.base.errors import FitFileError, OutputError
from forecast.base.file_faults import PASSING
from forecast.base.files import check_writable
from forecast.base.folders import replace_folder
from forecast.base.reading import read_bytes
from forecast.base.unfinished import partial_folder
from forecast.model.posterior import Groups, take_apart
from forecast.model.storage_faults import find_faults

SCHEMA = 1
# Attribute `kind` of every saved fit
KIND = "pendulum-forecast fit"
GROUPS = ("posterior", "sample_stats", "constant_data")
# Attribute with the digest of each group
DIGESTS = "digests"
# Bytes of the attributes of a saved fit that are read to see whether it is one
MAX_ATTRIBUTE_BYTES = 10_000_000
# Level of the compression: higher ones take longer and save little
COMPRESSION = 5


def is_saved_fit(path: Path) -> bool:
    """Return whether a file or folder is marked as a saved fit; it may be damaged."""
    try:
        if path.is_dir():
            metadata = json.loads(read_bytes(path / "zarr.json", MAX_ATTRIBUTE_BYTES))
            return bool(metadata["attributes"]["kind"] == KIND)
        return path.is_file() and path.suffix == ".nc" and _opened(path).attrs.get("kind") == KIND
    except (OSError, ValueError, LookupError, TypeError):
        return False


def add_digests(tree: xr.DataTree) -> None:
    """Add the digest of each group to a tree's attributes."""
    tree.attrs = {**tree.attrs, DIGESTS: json.dumps(_digests(tree))}


def save_tree(tree: xr.DataTree, path: Path) -> None:
    """Save the groups of a fit with their digests; an older fit is replaced at the very end."""
    check_writable(path.parent)
    is_empty_folder = path.is_dir() and not any(path.iterdir())
    if os.path.lexists(path) and not is_empty_folder and not is_saved_fit(path):
        raise OutputError(f"{path} holds no saved fit and is left alone; choose another name")
    add_digests(tree)
    try:
        make_folders(path.parent)
        with partial_folder(path) as partial:
            new = partial / path.name
            if path.suffix == ".nc":
                tree.to_netcdf(new, engine="netcdf4", encoding=_netcdf_encoding(tree))
                sync_file(new)
                new.replace(path)
                sync_folder(path.parent)
            else:
                tree.to_zarr(new, consolidated=False, zarr_format=3, encoding=_zarr_encoding(tree))
                replace_folder(new, path)
    except (OSError, RuntimeError) as error:
        # The netCDF library raises a RuntimeError where the disk is full.
        raise OutputError(
            f"{path}: the fit could not be saved ({error}); choose another place"
        ) from error
    finally:
        take_apart(tree)


def read_tree(path: Path) -> Groups:
    """Read the groups of a saved fit, and check that nothing was damaged or altered."""
    if not (path.is_dir() or path.is_file()):
        raise FitFileError(
            f"{path}: no such file or folder; expected a fit saved by Fit.save or `forecast report`"
        )
    try:
        with _opened(path) as opened:
            tree = opened.load()
        # Digests come first: texts of a damaged file are not looked at.
        problem = _describe_foreign(tree) or _describe_damage(tree)
    except Exception as error:  # every storage library raises its own kinds for a damaged file
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in PASSING:
            raise
        raise FitFileError(
            f"{path}: cannot be read as zarr or netCDF ({error}); save the fit again"
        ) from error
    if not problem:
        problem = find_faults(tree.attrs, *(tree[group].to_dataset() for group in GROUPS))
    if problem:
        raise FitFileError(f"{path}: {problem}")
    tree.attrs = {name: value for name, value in tree.attrs.items() if name != DIGESTS}
    return take_apart(tree)


def _opened(path: Path) -> xr.DataTree:
    if path.is_dir():
        logging.getLogger("asyncio").addFilter(_is_no_other_part)
        return xr.open_datatree(path, engine="zarr", consolidated=False)
    return xr.open_datatree(path, engine="netcdf4")


def _is_no_other_part(record: logging.LogRecord) -> bool:
    """Return whether asyncio may print an error: not those of further damaged parts.

    Of several damaged parts zarr raises the error of one, and asyncio would print the others.
    """
    message = record.getMessage()
    return "never retrieved" not in message or "zarr" not in message


def _describe_foreign(tree: xr.DataTree) -> str:
    """Describe why a tree is no fit that this version reads; empty if it is."""
    if str(tree.attrs.get("kind")) != KIND:
        return (
            "not a fit of this package "
            f"(attribute 'kind' is {tree.attrs.get('kind')!r:.60}, not {KIND!r})"
        )
    schema = tree.attrs.get("schema")
    if not isinstance(schema, int | np.integer) or not 1 <= schema <= SCHEMA:
        return f"fit schema {schema!s:.60}; this version reads 1 to {SCHEMA}. Upgrade the package"
    missing = [group for group in GROUPS if group not in tree.children]
    return (
        f"group {', '.join(missing)} missing; the file is damaged, save the fit again"
        if missing
        else ""
    )


def _describe_damage(tree: xr.DataTree) -> str:
    """Describe which groups are not as they were saved; empty if all are."""
    if DIGESTS not in tree.attrs:
        return (
            f"attribute {DIGESTS!r} is missing, by which it is seen that nothing was altered; "
            "fit again"
        )
    now = _digests(tree)
    try:
        then = dict(json.loads(tree.attrs[DIGESTS]))
    except (TypeError, ValueError):
        then = {}
    altered = [group for group in now if then.get(group) != now[group]]
    what = ", ".join(group or "attributes" for group in altered)
    return (
        f"{what} not as saved: damaged or altered; restore the file, or fit again"
        if altered
        else ""
    )


def _digests(tree: xr.DataTree) -> dict[str, str]:
    """Return the SHA-256 of each group, and under an empty name of the tree's own attributes."""
    attributes = {name: value for name, value in tree.attrs.items() if name != DIGESTS}
    groups = {
        group: _group_digest(tree[group].to_dataset()) for group in GROUPS if group in tree.children
    }
    return {"": digest(_attributes(attributes))} | groups


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
    # A view, as a copy of the paths takes half a gigabyte.
    return ordered.reshape(-1).view(np.uint8).data


def _zarr_encoding(tree: xr.DataTree) -> dict[str, Any]:
    """Return how a zarr folder stores the paths: compressed, a chunk per chain and dyad."""
    from zarr.codecs import BloscCodec

    posterior = tree["posterior"]
    packed = BloscCodec(cname="zstd", clevel=COMPRESSION, shuffle="bitshuffle")
    encoding = {}
    for name, values in posterior.data_vars.items():
        if "time" in values.dims:
            chunks = tuple(
                1 if dim in ("chain", "dyad") else size for dim, size in values.sizes.items()
            )
            encoding[name] = {"chunks": chunks, "compressors": packed}
    return {posterior.path: encoding}


def _netcdf_encoding(tree: xr.DataTree) -> dict[str, Any]:
    """Return how a netCDF file stores the paths."""
    posterior = tree["posterior"]
    paths = [name for name, values in posterior.data_vars.items() if "time" in values.dims]
    return {
        posterior.path: {name: {"zlib": True, "complevel": 1, "shuffle": True} for name in paths}
    }
