"""The fitted model: its draws, panel and provenance, and what they are asked for."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from forecast.base.dates import periods_a_month
from forecast.base.described import described
from forecast.base.numeric import share
from forecast.base.typing import Float, Seed
from forecast.base.wording import Card, Displayed, join_some
from forecast.data.panel import panel_of_dyad
from forecast.data.panel.kinds import validate_panel_of
from forecast.model.gate import Gate, check_convergence, gate_from_diagnostics, with_quantities
from forecast.model.observation.sides import declare_sides
from forecast.model.posterior import Groups, flat, groups_of
from forecast.model.spec import PendulumSpec
from forecast.model.storage import read_tree, save_tree
from forecast.model.variables import all_variables

# Draws of each prior that a posterior is compared with
PRIOR_DRAWS = 100_000
# Ends of a 90% interval and the median
LEVELS = (0.05, 0.5, 0.95)
# Columns of `Fit.prior_posterior`
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
# Provenance key of the result of the convergence checks
GATE = "gate"
# Periods at the end of the level that an outlook is taken to rest on
AHEAD_CHECKED = 24


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
        """Return the same fit with further facts in its provenance; a None removes a fact."""
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
        """Return the convergence checks with further reported quantities, such as an outlook's."""
        return with_quantities(self.gate, extra, *self._gate_settings)

    def gate_ahead(self, dyad: str, **extra: xr.DataArray) -> Gate:
        """Return the checks for one dyad's outlook: parameters and its last two years of level."""
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

        Also the share of the prior's variance that the data left.

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
        index = self.dyads.index(dyad)
        months = periods_a_month(self.panel)
        latest_era = int(self.panel["era_index"].to_numpy()[index, -1])
        rows = []
        for name, prior, in_logarithms in _prior_draws(self, np.random.default_rng(seed)):
            variable = all_variables()[name]
            draws = self.posterior[name]
            if "dyad" in variable.dims:
                draws = draws.isel(dyad=index)
            after = flat(draws)
            if variable.dims == ("era",):
                after = after[:, latest_era]
            after = after.reshape(len(after), -1)[:, 0]
            normal_scale = np.log(after) if in_logarithms else after
            variance_left = float(np.var(normal_scale) / np.var(prior))
            before = np.exp(prior) if in_logarithms else prior
            unit = variable.unit
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
        save_tree(self.tree, Path(path))
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> "Fit":
        """Load a saved fit; nothing is built or compiled.

        Raises
        ------
        FitFileError
            If nothing is there, the file is damaged, or it is no fit of a schema this version
            knows.
        """
        return cls(read_tree(Path(path)))


def _prior_draws(fit: Fit, rng: np.random.Generator) -> Iterator[tuple[str, Float, bool]]:
    """Yield the name and prior draws of each variable, and whether they are logarithms.

    Draws are on the scale on which the prior is normal.
    """
    spec = fit.spec
    pool = spec.pooling and len(fit.dyads) > 1
    priors = spec.priors.rescale_time(periods_a_month(fit.panel))
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
