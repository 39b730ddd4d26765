"""A fit: draws, panel, settings and provenance in one tree that can be saved and loaded."""

import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from forecast.display import Card, Displayed, join_some
from forecast.errors import OutputError
from forecast.files import check_writable, partial_folder
from forecast.folders import replace_folder
from forecast.model.gate import Gate, check_convergence, kept_gate, with_quantities
from forecast.model.spec import PendulumSpec
from forecast.model.stored import is_saved_fit, read_stored, sealed
from forecast.model.trees import Groups, groups_of, take_apart
from forecast.panel import panel_of_dyad

if TYPE_CHECKING:
    import pandas as pd

GATE = "gate"
"""Name in the provenance of what the gate found."""
AHEAD_CHECKED = 24
"""Periods of the level, the last ones, that an outlook is taken to rest on."""


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
        """All of it as one tree, made again at each call: draws that are shared, and not copied."""
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
        """Convergence of everything reported: as it was noted, or else computed."""
        noted = self.provenance.get(GATE)
        if noted is None:
            return check_convergence(self.posterior, self.sample_stats, None, *self._gate_settings)
        return kept_gate(noted, *self._gate_settings)

    def gate_with(self, **extra: xr.DataArray) -> Gate:
        """Return the gate with further reported quantities, such as ``outlook``, by draw."""
        return with_quantities(self.gate, extra, *self._gate_settings)

    def gate_ahead(self, dyad: str, **extra: xr.DataArray) -> Gate:
        """Return the gate of what the outlook of one dyad rests on, with further reported quantities by draw.

        These are the parameters and the last two years of the dyad's level, and not the rest of its past nor other
        dyads.
        """
        recent = self.of_dyad(dyad).posterior.isel(time=slice(-AHEAD_CHECKED, None))
        return check_convergence(recent, self.sample_stats, extra, *self._gate_settings)

    @property
    def _gate_settings(self) -> tuple[dict[str, float | None] | None, tuple[int, float]]:
        """R-hat as sampled, of a fit that was updated since, and the quadrature nodes with what they are worth."""
        sampled = self.provenance["r_hat"] if self.updates else None
        return sampled, (self.spec.nodes, self.provenance.get("nodes_worth", 1.0))

    def of_dyad(self, dyad: str) -> "Fit":
        """Return the part of the fit that is of one dyad, the same draws: enough for all that is said of it alone.

        Parameters
        ----------
        dyad : str
            Which it holds.

        Returns
        -------
        Fit
            With a panel of this dyad, and what all dyads share.

        Examples
        --------
        >>> from forecast import Fit
        >>> Fit.load("report/fit.zarr").of_dyad("USA-CHN").dyads  # doctest: +SKIP
        ['USA-CHN']
        """
        place = self.dyads.index(dyad)
        eras = np.flatnonzero(self.panel["era_dyad"].to_numpy() == place)
        own = {"dyad": [place], "era": eras, **self.spec.observation_model.places_of(self.panel, place, self.spec)}
        panel = panel_of_dyad(self.panel, dyad)
        posterior = self.posterior.isel(own, missing_dims="ignore")
        return Fit(self._groups | {"posterior": posterior, "constant_data": panel}).forgetting_gate()

    def prior_posterior(self, dyad: str, *, seed: int = 1) -> "pd.DataFrame":
        """Return prior beside posterior of a dyad's parameters, with the share of the prior's variance that is left.

        Parameters
        ----------
        dyad : str
        seed : int
            Of the draws from the prior.

        Returns
        -------
        pandas.DataFrame
            One row per parameter: medians and 90 % intervals before and after the data, and ``variance_left``. Near 1
            the data said nothing.

        Examples
        --------
        >>> from forecast import Fit
        >>> Fit.load("report/fit.zarr").prior_posterior("USA-CHN")  # doctest: +SKIP
        """
        from forecast.model.learning import prior_beside_posterior

        return prior_beside_posterior(self, dyad, seed=seed)

    def forgetting_gate(self) -> "Fit":
        """Return the same fit without a gate that was noted: of other draws it would not be."""
        facts = {name: value for name, value in self.provenance.items() if name != GATE}
        return Fit(self._groups | {"/": xr.Dataset(attrs=self.attrs | {"provenance": json.dumps(facts)})})

    def _card(self) -> Card:
        panel, spec, size = self.panel, self.spec, self.posterior.sizes
        times = panel["time"].to_numpy().astype("datetime64[D]")
        # Diagnostics take a second: they are shown once somebody has asked for them.
        checked = "gate" in self.__dict__
        return Card(
            f"Pendulum fit of {join_some(self.dyads)}",
            (
                ("panel", f"{panel.sizes['time']:,} {panel.attrs['frequency']}s, {times[0]} to {times[-1]}"),
                ("trend, cycle", f"{spec.trend}, {spec.cycle}"),
                ("ceiling", spec.ceiling),
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
        if os.path.lexists(path) and not (is_saved_fit(path) or _is_empty_folder(path)):
            raise OutputError(f"{path} holds no saved fit and is left alone; choose another name")
        tree = sealed(self.tree)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial_folder(path) as partial:
                new = partial / path.name
                if path.suffix == ".nc":
                    encoding = _encoding(tree, {"zlib": True, "complevel": 1})
                    tree.to_netcdf(new, engine="netcdf4", encoding=encoding)
                    new.replace(path)
                else:
                    tree.to_zarr(new, consolidated=False, zarr_format=3, encoding=_chunks(tree))
                    replace_folder(new, path)
        except (OSError, RuntimeError) as error:  # RuntimeError is what the netCDF library says of a full disk
            raise OutputError(f"{path}: the fit could not be saved ({error}); choose another place") from error
        finally:
            take_apart(tree)
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Fit":
        """Load a saved fit; nothing is built or compiled.

        Raises
        ------
        FitFileError
            If nothing is there, the file is damaged, or it is no fit of a schema this version knows.
        """
        return cls(read_stored(Path(path)))


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


def _chunks(tree: xr.DataTree) -> dict[str, Any]:
    """Return how a zarr folder keeps the paths: a chunk a chain and dyad, as they are, for noise is not compressed."""
    posterior = tree["posterior"]
    whole = {name: values for name, values in posterior.data_vars.items() if "time" in values.dims}
    return {
        posterior.path: {
            name: {
                "chunks": tuple(1 if dim in ("chain", "dyad") else size for dim, size in values.sizes.items()),
                "compressors": None,
            }
            for name, values in whole.items()
        }
    }


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
