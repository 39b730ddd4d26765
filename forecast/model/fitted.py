"""Fitted model: data, storage, and integrity checks of saved fits."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.dates import periods_a_month
from forecast.base.described import described
from forecast.base.digests import digest
from forecast.base.durable import make_folders, sync_file, sync_folder
from forecast.base.errors import FitFileError, OutputError
from forecast.base.file_faults import PASSING
from forecast.base.files import check_writable
from forecast.base.folders import replace_folder
from forecast.base.numeric import share
from forecast.base.reading import read_bytes
from forecast.base.typing import Float, Seed
from forecast.base.unfinished import partial_folder
from forecast.base.wording import Card, Displayed, join_some
from forecast.data.panel import panel_kind, panel_of_dyad, validate_panel
from forecast.data.panel.kinds import validate_panel_of
from forecast.model.arrays import SHARED
from forecast.model.gate import Gate, check_convergence, gate_from_diagnostics, with_quantities
from forecast.model.observation.sides import declare_sides
from forecast.model.posterior import Groups, flat, groups_of, take_apart
from forecast.model.spec import PendulumSpec
from forecast.model.variables import all_variables, required_variables

SCHEMA = 1
KIND = "pendulum-forecast fit"
GROUPS = ("posterior", "sample_stats", "constant_data")
DIGESTS = "digests"
MAX_ATTRIBUTE_BYTES = 10_000_000
"""Bytes of the attributes of a saved fit that are read to see whether it is one."""
PACKING = 5
"""Level of the compression of a saved fit: higher ones take longer and save little."""
STATISTICS = {"diverging": "b", "energy": "f", "step_size": "f", "n_steps": "iu"}
PRIOR_DRAWS = 100_000
LEVELS = (0.05, 0.5, 0.95)
PRIOR_POSTERIOR = [
    "quantity",
    "unit",
    "prior_low",
    "prior",
    "prior_high",
    "low",
    "median",
    "high",
    "variance_left",
]
GATE = "gate"  # Provenance key of the result of the convergence checks
AHEAD_CHECKED = 24  # Periods of the level, the last ones, that an outlook is taken to rest on


def is_saved_fit(path: Path) -> bool:
    """Return whether a file or folder is marked as a saved fit; it may be damaged."""
    try:
        if path.is_dir():
            return bool(
                json.loads(read_bytes(path / "zarr.json", MAX_ATTRIBUTE_BYTES))["attributes"][
                    "kind"
                ]
                == KIND
            )
        return path.is_file() and path.suffix == ".nc" and _opened(path).attrs.get("kind") == KIND
    except (OSError, ValueError, LookupError, TypeError):
        return False


def sealed(tree: xr.DataTree) -> xr.DataTree:
    """Add the digest of each group to a tree's attributes."""
    tree.attrs = {**tree.attrs, DIGESTS: json.dumps(_digests(tree))}
    return tree


def read_stored(path: Path) -> Groups:
    """Read a saved fit and check it."""
    if not (path.is_dir() or path.is_file()):
        raise FitFileError(
            f"{path}: no such file or folder; expected a fit saved by Fit.save or `forecast report`"
        )
    try:
        with _opened(path) as opened:
            tree = opened.load()
        problem = _foreign(tree) or _damage(tree)  # texts are not looked at before
    except Exception as error:  # every storage library raises its own kinds for a damaged file
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in PASSING:
            raise
        raise FitFileError(
            f"{path}: cannot be read as zarr or netCDF ({error}); save the fit again"
        ) from error
    problem = problem or _malformed(tree)
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
    """Return whether asyncio is to print an error.

    Not those of further damaged parts, of which zarr raises one.
    """
    message = record.getMessage()
    return "never retrieved" not in message or "zarr" not in message


def _foreign(tree: xr.DataTree) -> str:
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


def _damage(tree: xr.DataTree) -> str:
    """Describe differences from the saved state."""
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
    """Return the SHA-256 of each group.

    Under an empty name is that of the tree's own attributes.
    """
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
    return (
        ordered.reshape(-1).view(np.uint8).data
    )  # the numbers themselves: a copy of the paths is half a gigabyte


def _malformed(tree: xr.DataTree) -> str:
    """Describe what a fit of its spec has and this one lacks."""
    try:
        spec, provenance = (
            PendulumSpec.from_dict(json.loads(tree.attrs["spec"])),
            json.loads(tree.attrs["provenance"]),
        )
        if not isinstance(provenance, dict):
            raise TypeError(f"provenance is {type(provenance).__name__}, not a mapping")
    except Exception as error:  # whatever a foreign text holds
        return f"spec or provenance cannot be read ({error!s:.200}); save the fit again"
    posterior, statistics, panel = (tree[group].to_dataset() for group in GROUPS)
    try:
        validate_panel(panel)
        faults = [
            *_panel_faults(panel, spec, provenance),
            *_draws_faults(posterior, statistics, panel, spec),
        ]
    except Exception as error:  # a panel so altered that it cannot even be looked into
        return f"the panel is not one ({error!s:.300}); save the fit again"
    return f"{'; '.join(faults[:5])}; damaged or altered, save the fit again" if faults else ""


def _panel_faults(
    panel: xr.Dataset, spec: PendulumSpec, provenance: dict[str, Any]
) -> Iterator[str]:
    kind = panel_kind(panel)
    if kind.name != spec.observation_model.panel:
        yield f"the spec is of {spec.observation}, and the panel holds {kind.name}"
    if not kind.number(panel) or not all(panel.sizes.get(name, 1) for name in SHARED):
        yield "the panel holds no observation"
    if panel.attrs.get("unit", "event") not in ("event", "row"):
        yield (
            f"the panel counts by {panel.attrs['unit']!r:.40}; expected event or row: "
            "fit again with this version"
        )
    if provenance.get("data_digest") != panel.attrs["digest"]:
        yield "the panel's digest is not that of the data fitted"


def _draws_faults(
    posterior: xr.Dataset, statistics: xr.Dataset, panel: xr.Dataset, spec: PendulumSpec
) -> Iterator[str]:
    """Describe missing variables, and those of another form than the table of variables has."""
    wanted = required_variables(spec)
    yield from (f"posterior: {name} is missing" for name in wanted if name not in posterior)
    yield from (f"sample_stats: {name} is missing" for name in STATISTICS if name not in statistics)
    table, by_draw = all_variables(), ("chain", "draw")
    size = tuple(posterior.sizes.get(name) for name in by_draw)
    draws = {str(name): (values, "f") for name, values in posterior.items()}
    dims = {name: (*by_draw, *table[name].dims) for name in draws.keys() & table.keys()}
    draws |= {
        str(name): (values, STATISTICS.get(str(name), "biuf"))
        for name, values in statistics.items()
    }
    for name, (values, types) in draws.items():
        shaped = values.dims == dims.get(name, values.dims) and values.dims[:2] == by_draw
        if (
            not shaped
            or (name in statistics and values.ndim != 2)
            or values.dtype.kind not in types
        ):
            yield f"{name} is {values.dtype} {values.dims}"
        elif not values.size or values.shape[:2] != size or not np.isfinite(values).all():
            yield f"{name} holds no number, or one that is none"
    for name in SHARED:
        if name in posterior.dims and not (
            name in posterior.coords and posterior[name].equals(panel[name].reset_coords(drop=True))
        ):
            yield f"posterior: {name} is not that of the panel"
    names = [name for name, _ in spec.drivers]
    if names and "driver" in posterior.dims and posterior["driver"].to_numpy().tolist() != names:
        yield f"posterior: drivers are not {', '.join(names)}, those of the spec"


def _is_fit(value: Any) -> bool:
    """Return whether a value has what every step reads of a fit."""
    return all(hasattr(value, name) for name in ("posterior", "panel", "spec"))


@described("a Fit, such as fit(panel) returns", accepts=_is_fit, validate=validate_panel_of)
class Fit(Displayed):
    """A fitted pendulum.

    Parameters
    ----------
    tree : xarray.DataTree or mapping of str to xarray.Dataset
        Groups ``posterior``, ``sample_stats`` and ``constant_data`` (the panel); under ``/`` the
        attributes ``kind``, ``schema``, ``spec`` and ``provenance`` (JSON). Schema:
        docs/schema/fit.md.

    Examples
    --------
    >>> fit.spec.trend  # fit = forecast.fit(panel)
    'reverting'
    >>> fit.posterior["cycle_half_life"].dims
    ('chain', 'draw', 'dyad')
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
        """Sampler statistics, dims (chain, draw)."""
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
        """Return the same fit with further facts in its provenance.

        Those that are None are left out.
        """
        noted = {name: fact for name, fact in (self.provenance | facts).items() if fact is not None}
        return Fit(
            self._groups | {"/": xr.Dataset(attrs=self.attrs | {"provenance": json.dumps(noted)})}
        )

    @cached_property
    def gate(self) -> Gate:
        """Convergence of everything reported: as it was noted, or else computed."""
        noted = self.provenance.get(GATE)
        if noted is None:
            return check_convergence(self.posterior, self.sample_stats, None, *self._gate_settings)
        return gate_from_diagnostics(noted, *self._gate_settings)

    def gate_with(self, **extra: xr.DataArray) -> Gate:
        """Return the convergence checks, with further reported quantities by draw.

        Such are those of ``outlook``.
        """
        return with_quantities(self.gate, extra, *self._gate_settings)

    def gate_ahead(self, dyad: str, **extra: xr.DataArray) -> Gate:
        """Return the checks for one dyad's outlook.

        They are of parameters, and of the last two years of the dyad's level.
        """
        recent = self.of_dyad(dyad).posterior.isel(time=slice(-AHEAD_CHECKED, None))
        return check_convergence(recent, self.sample_stats, extra, *self._gate_settings)

    @property
    def _gate_settings(self) -> tuple[dict[str, float | None] | None, tuple[int, float]]:
        """Return R-hat as sampled, of a fit that was updated since, and the quadrature's worth."""
        sampled = self.provenance["r_hat"] if self.updates else None
        return sampled, (self.spec.nodes, self.provenance.get("nodes_worth", 1.0))

    def of_dyad(self, dyad: str) -> "Fit":
        """Return the part of the fit that is of one dyad, with the same draws.

        It is enough for all that is said of the dyad alone.

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
        index = self.dyads.index(dyad)
        eras = np.flatnonzero(self.panel["era_dyad"].to_numpy() == index)
        selection = {"dyad": [index], "era": eras}
        panel = panel_of_dyad(self.panel, dyad)
        posterior = self.posterior.isel(selection, missing_dims="ignore")
        # Stored convergence checks would not apply to other draws.
        return Fit(self._groups | {"posterior": posterior, "constant_data": panel}).noting(
            **{GATE: None}
        )

    def with_draws(self, draws: xr.Dataset) -> "Fit":
        """Return a fit with other draws in place of its posterior, such as those of the prior."""
        return Fit(self._groups | {"posterior": draws}).noting(**{GATE: None})

    def to_arviz(self, *, draws: int = 500, monthly: bool = True, seed: Seed = 1) -> xr.DataTree:
        """Return the groups that ArviZ works on, as `forecast.arviz_groups` does.

        Parameters
        ----------
        draws : int
            Draws from the prior and, with ``monthly=False``, of the posterior predictive.
        monthly : bool
            Observe and predict cooperative events by month, in every draw; otherwise all cells of
            the panel.
        seed : int or numpy.random.Generator
            The same seed gives the same numbers.

        Returns
        -------
        xarray.DataTree
            Groups ``posterior``, ``sample_stats``, ``observed_data``, ``posterior_predictive``,
            ``prior``, ``prior_predictive``, ``log_likelihood`` and ``log_prior``.

        Examples
        --------
        >>> import arviz_plots
        >>> from forecast import Fit
        >>> groups = Fit.load("report/fit.zarr").to_arviz()  # doctest: +SKIP
        >>> arviz_plots.plot_trace(groups, var_names=["cycle_sd"])  # doctest: +SKIP
        """
        from forecast.model.predictive import arviz_groups

        return arviz_groups(self, draws=draws, monthly=monthly, seed=seed)

    def prior_posterior(self, dyad: str, *, seed: int = 1) -> pd.DataFrame:
        """Return prior beside posterior of a dyad's parameters.

        With them is the share of the prior's variance that is left.

        Parameters
        ----------
        dyad : str
        seed : int
            Of the draws from the prior.

        Returns
        -------
        pandas.DataFrame
            One row per parameter: medians and 90% intervals before and after the data, and
            ``variance_left``. Near 1 the data said nothing.

        Examples
        --------
        >>> from forecast import Fit
        >>> Fit.load("report/fit.zarr").prior_posterior("USA-CHN")  # doctest: +SKIP
        """
        index, months, rows = self.dyads.index(dyad), periods_a_month(self.panel), []
        for name, prior, positive in _drawn_priors(self, np.random.default_rng(seed)):
            variable = all_variables()[name]
            after = flat(
                self.posterior[name].isel(dyad=index)
                if "dyad" in variable.dims
                else self.posterior[name]
            )
            if variable.dims == ("era",):
                after = after[:, self.panel["era_index"].to_numpy()[index, -1]]
            after = after.reshape(len(after), -1)[:, 0]
            variance_left = float(np.var(np.log(after) if positive else after) / np.var(prior))
            before, unit = np.exp(prior) if positive else prior, variable.unit
            if unit == "periods":
                before, after, unit = before / months, after / months, "months"
            values = [*np.quantile(before, LEVELS), *np.quantile(after, LEVELS)]
            rows.append([variable.label or name, unit, *values, variance_left])
        return pd.DataFrame(rows, columns=PRIOR_POSTERIOR)

    def to_frame(self) -> pd.DataFrame:
        """Return the underlying level of every dyad and period.

        Returns
        -------
        pandas.DataFrame
            ``dyad``; ``time``, the first day of the period; ``mean``, ``median``, ``low`` and
            ``high`` (90% interval) of the level over the draws, as an expected share in per cent.

        Examples
        --------
        >>> from forecast import Fit
        >>> table = Fit.load("report/fit.zarr").to_frame()  # doctest: +SKIP
        >>> table.groupby("dyad")["median"].last()  # doctest: +SKIP
        """
        level = self.posterior["level"].transpose("dyad", "time", "chain", "draw").to_numpy()
        drawn = share(level).reshape(*level.shape[:2], -1)
        low, median, high = (ends.ravel() for ends in np.quantile(drawn, LEVELS, axis=-1))
        rows = pd.MultiIndex.from_product(
            [self.dyads, self.panel["time"].to_numpy()], names=["dyad", "time"]
        )
        mean = drawn.mean(axis=-1, dtype=float).ravel()
        return rows.to_frame(index=False).assign(mean=mean, median=median, low=low, high=high)

    def _card(self) -> Card:
        panel, spec, size = self.panel, self.spec, self.posterior.sizes
        times = panel["time"].to_numpy().astype("datetime64[D]")
        # Diagnostics take a second: they are shown once they were requested.
        checked = "gate" in self.__dict__
        return Card(
            f"Pendulum fit of {join_some(self.dyads)}",
            (
                (
                    "panel",
                    f"{panel.sizes['time']:,} {panel.attrs['frequency']}s, "
                    f"{times[0]} to {times[-1]}",
                ),
                ("trend, cycle", f"{spec.trend}, {spec.cycle}"),
                ("ceiling", spec.ceiling),
                ("draws", f"{size['chain']} chains of {size['draw']:,}"),
                ("updates", str(len(self.updates))),
                (
                    "converged",
                    ("yes" if self.gate.passed else "NO")
                    if checked
                    else "not checked yet (fit.gate)",
                ),
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
        """Save to ``*.nc`` (netCDF) or anything else (a zarr folder).

        An older fit there is replaced at the very end.

        Raises
        ------
        OutputError
            If the place cannot be written to, or a folder that is no saved fit stands there.
        """
        path = Path(path)
        check_writable(path.parent)
        if os.path.lexists(path) and not (
            is_saved_fit(path) or (path.is_dir() and not any(path.iterdir()))
        ):
            raise OutputError(f"{path} holds no saved fit and is left alone; choose another name")
        tree = sealed(self.tree)
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
                    tree.to_zarr(
                        new, consolidated=False, zarr_format=3, encoding=_zarr_encoding(tree)
                    )
                    replace_folder(new, path)
        except (
            OSError,
            RuntimeError,
        ) as error:  # RuntimeError is what the netCDF library says of a full disk
            raise OutputError(
                f"{path}: the fit could not be saved ({error}); choose another place"
            ) from error
        finally:
            take_apart(tree)
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Fit":
        """Load a saved fit; nothing is built or compiled.

        Raises
        ------
        FitFileError
            If nothing is there, the file is damaged, or it is no fit of a schema this version
            knows.
        """
        return cls(read_stored(Path(path)))


def _drawn_priors(fit: Fit, rng: np.random.Generator) -> Iterator[tuple[str, Float, bool]]:
    """Yield variables and draws of their priors on the scale where these are normal.

    The third is whether that scale is logarithmic.
    """
    spec = fit.spec
    pool, priors = (
        spec.pooling and len(fit.dyads) > 1,
        spec.priors.rescale_time(periods_a_month(fit.panel)),
    )
    of_ceiling = {} if spec.ceiling_model is None else spec.ceiling_model.declare(priors, pool)
    declared = {
        name: parameter
        for name, parameter in spec.declare_process(priors, pool).items()
        if name not in of_ceiling
    }
    if spec.observation == "sides":
        declared |= declare_sides(spec, pool)
    for name, parameter in declared.items():
        if name in fit.posterior:
            yield name, parameter.draw(PRIOR_DRAWS, rng), parameter.positive
    if of_ceiling:
        dyad, spread, raw = (parameter.draw(PRIOR_DRAWS, rng) for parameter in of_ceiling.values())
        yield "headroom", dyad + np.exp(spread) * raw, True


def _zarr_encoding(tree: xr.DataTree) -> dict[str, Any]:
    """Return how a zarr folder stores the paths.

    One chunk per chain and dyad, with the zeros of rounded values packed.
    """
    from zarr.codecs import BloscCodec

    posterior = tree["posterior"]
    packed = BloscCodec(cname="zstd", clevel=PACKING, shuffle="bitshuffle")
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
