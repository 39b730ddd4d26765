"""A fit: draws, panel, settings and provenance in one tree that can be saved and loaded."""

import json
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from forecast.display import Card, Displayed
from forecast.errors import FitFileError, OutputError
from forecast.files import check_writable
from forecast.model.gate import Gate, check_convergence
from forecast.model.spec import PendulumSpec
from forecast.model.trees import Groups, groups_of, take_apart
from forecast.wording import join

SCHEMA = 1
KIND = "pendulum-forecast fit"


class Fit(Displayed):
    """A fitted pendulum.

    Parameters
    ----------
    tree : xarray.DataTree or mapping of str to xarray.Dataset
        Groups ``posterior``, ``sample_stats`` and ``constant_data`` (the panel); under ``/`` the attributes ``kind``,
        ``schema``, ``spec`` and ``provenance`` (JSON). Schema: docs/schema/fit.md.
    """

    def __init__(self, tree: xr.DataTree | Groups) -> None:
        self._groups = groups_of(tree)

    @property
    def tree(self) -> xr.DataTree:
        """All of it as one tree, made anew at each call: draws that are shared, and not copied."""
        return xr.DataTree.from_dict(self._groups)

    @property
    def attrs(self) -> dict[str, Any]:
        """The tree's attributes."""
        return {str(name): value for name, value in self._groups["/"].attrs.items()}

    @property
    def posterior(self) -> xr.Dataset:
        """Draws, dims (chain, draw, ...)."""
        return self._groups["posterior"]

    @property
    def sample_stats(self) -> xr.Dataset:
        """What the sampler says of itself, dims (chain, draw)."""
        return self._groups["sample_stats"]

    @property
    def panel(self) -> xr.Dataset:
        """The panel that was fitted."""
        return self._groups["constant_data"]

    @cached_property
    def spec(self) -> PendulumSpec:
        """The model's choices."""
        return PendulumSpec.from_dict(json.loads(self.attrs["spec"]))

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Data digest, versions, seed, sampler settings and seconds by step."""
        values: dict[str, Any] = json.loads(self.attrs["provenance"])
        return values

    def noting(self, **facts: Any) -> "Fit":
        """Return the same fit with further facts in its provenance."""
        attributes = self.attrs | {"provenance": json.dumps(self.provenance | facts)}
        return Fit(self._groups | {"/": xr.Dataset(attrs=attributes)})

    @cached_property
    def gate(self) -> Gate:
        """Convergence of everything reported."""
        return self.gate_with()

    def gate_with(self, **extra: xr.DataArray) -> Gate:
        """Give the gate with further reported quantities, such as ``outlook``, by draw."""
        sampled = self.provenance["r_hat"] if self.updates else None
        worth = self.provenance.get("nodes_worth", 1.0)
        return check_convergence(self.posterior, self.sample_stats, extra, sampled, (self.spec.nodes, worth))

    def _card(self) -> Card:
        panel, spec, size = self.panel, self.spec, self.posterior.sizes
        times = panel["time"].to_numpy().astype("datetime64[D]")
        # Diagnostics take a second: they are shown once somebody has asked for them.
        checked = "gate" in self.__dict__
        return Card(
            f"Pendulum fit of {join(self.dyads)}",
            (
                ("panel", f"{panel.sizes['time']:,} {panel.attrs['frequency']}s, {times[0]} to {times[-1]}"),
                ("pull", spec.dynamics),
                ("ceiling", " + ".join(spec.ceiling) or "none"),
                ("draws", f"{size['chain']} chains of {size['draw']:,}"),
                ("updates", str(len(self.updates))),
                ("converged", ("yes" if self.gate.passed else "NO") if checked else "not checked yet (fit.gate)"),
            ),
        )

    @property
    def updates(self) -> list[dict[str, Any]]:
        """The updates since the draws were sampled, the oldest first."""
        return list(self.provenance.get("updates", []))

    @property
    def dyads(self) -> list[str]:
        """Codes of the dyads fitted."""
        return [str(d) for d in self.panel["dyad"].to_numpy()]

    def save(self, path: str | Path) -> Path:
        """Save to ``*.nc`` (netCDF) or anything else (a zarr folder); an older fit there is replaced at the very end.

        Raises
        ------
        OutputError
            If the place cannot be written to, or a folder that is no saved fit stands there.
        """
        path = Path(path)
        check_writable(path.parent)
        if path.is_dir() and any(path.iterdir()) and (path.suffix == ".nc" or not (path / "zarr.json").exists()):
            raise OutputError(f"{path} is a folder that holds no saved fit and is left alone; choose another name")
        tree = self.tree
        partial, former = (path.with_name(f".{path.name}.{end}.partial") for end in ("new", "old"))
        try:
            for leftover in (partial, former):
                _remove(leftover)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".nc":
                encoding = _encoding(tree, {"zlib": True, "complevel": 1})
                tree.to_netcdf(partial, engine="netcdf4", encoding=encoding)
            else:
                tree.to_zarr(partial, consolidated=False, zarr_format=3)
            if path.is_dir():  # nothing can be renamed onto a folder that is not empty
                path.rename(former)
            partial.replace(path)
        except (OSError, RuntimeError) as error:  # RuntimeError is what the netCDF library says of a full disk
            raise OutputError(f"{path}: the fit could not be saved ({error}); choose another place") from error
        finally:
            take_apart(tree)
            if former.exists() and not path.exists():
                former.rename(path)
            for leftover in (partial, former):
                _remove(leftover)
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Fit":
        """Load a saved fit; nothing is built or compiled.

        Raises
        ------
        FitFileError
            If nothing is there, the file is damaged, or it is no fit of a schema this version knows.
        """
        path = Path(path)
        if not path.exists():
            raise FitFileError(f"{path}: no such file or folder; expected a fit saved by Fit.save or `forecast report`")
        try:
            engine: Any = "zarr" if path.is_dir() else "netcdf4"
            options: dict[str, Any] = {"consolidated": False} if path.is_dir() else {}
            with xr.open_datatree(path, engine=engine, **options) as opened:
                tree = opened.load()
        except Exception as error:  # every storage library raises its own kinds for a damaged file
            raise FitFileError(f"{path}: cannot be read as zarr or netCDF ({error}); save the fit again") from error
        return cls(take_apart(_validated(tree, path)))


def _validated(tree: xr.DataTree, path: Path) -> xr.DataTree:
    if tree.attrs.get("kind") != KIND:
        raise FitFileError(
            f"{path}: not a fit of this package (attribute 'kind' is {tree.attrs.get('kind')!r}, not {KIND!r})"
        )
    schema = tree.attrs.get("schema")
    if schema not in range(1, SCHEMA + 1):
        raise FitFileError(f"{path}: fit schema {schema}; this version reads 1 to {SCHEMA}. Upgrade the package")
    missing = [group for group in ("posterior", "sample_stats", "constant_data") if group not in tree.children]
    if missing:
        raise FitFileError(f"{path}: group {', '.join(missing)} missing; the file is damaged, save the fit again")
    try:
        PendulumSpec.from_dict(json.loads(tree.attrs["spec"]))
        json.loads(tree.attrs["provenance"])
    except (KeyError, TypeError, ValueError) as error:  # ValueError: no JSON, or a spec that makes no sense
        raise FitFileError(f"{path}: spec or provenance cannot be read ({error}); save the fit again") from error
    return tree


def _encoding(tree: xr.DataTree, options: dict[str, Any]) -> dict[str, Any]:
    """Compression of every numeric array of a netCDF file."""
    return {
        node.path: {
            name: options
            for name, array in node.data_vars.items()
            if np.issubdtype(array.dtype, np.number) and array.ndim
        }
        for node in tree.subtree
    }


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
