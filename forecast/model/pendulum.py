"""The pendulum as an ordinary PyMC model."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from forecast.errors import DataError
from forecast.model.arrays import PanelArrays, panel_arrays
from forecast.model.ceiling import soft_ceiling_graph
from forecast.model.kernels.observation import EventLikelihood
from forecast.model.kernels.path import WhitenedPath
from forecast.model.parameters import Parameters, add_parameters
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import Reference, anchor_path, prior_reference, quadrature, report_variance


@dataclass(frozen=True)
class PendulumModel:
    """The pendulum model of a spec, ready to be built on a panel.

    Parameters
    ----------
    spec : PendulumSpec
        Choices of the model; the default is the linear pendulum under both ceilings, fitted to events.

    Examples
    --------
    >>> from forecast import PendulumModel, PendulumSpec, build_panel, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2009-01", end="2012-12")
    >>> model = PendulumModel(PendulumSpec(ceiling="era")).build(panel)
    >>> "half_life" in model.named_vars
    True
    """

    spec: PendulumSpec = field(default_factory=PendulumSpec)

    def build(self, panel: xr.Dataset, reference: Reference | None = None) -> pm.Model:
        """Build the model on a panel.

        Parameters
        ----------
        panel : xarray.Dataset
            Event or index panel (schema: docs/schema/panel.md).
        reference : Reference, optional
            Where to whiten the path; the posterior is the same for any. Default: the priors' centres.

        Returns
        -------
        pymc.Model
            With named dims ``dyad``, ``time``, ``era``, ``dataset``, ``direction``, ``cut``. ``level`` is the
            latent level in log-odds, ``state`` the pendulum at the last period.

        Raises
        ------
        DataError
            If the panel's kind does not fit ``spec.observation`` or holds nothing to fit.
        SpecError
            If a ceiling form does not fit the panel's classes.
        """
        arrays = panel_arrays(panel)
        self._check(arrays)
        reference = reference or prior_reference(self.spec, arrays)
        with pm.Model(coords=coordinates(panel, arrays)) as model:
            parameters = add_parameters(self.spec, arrays)
            era = pm.Data("era_of_month", arrays.era_index, dims=("dyad", "time"))
            ceiling = None if parameters.ceiling is None else parameters.ceiling[era]
            state = self._path(parameters, era, ceiling, arrays, reference)
            level = self._level(state, ceiling)
            pm.Deterministic("level", level, dims=("dyad", "time"))
            pm.Deterministic("state", state[:, -1], dims="dyad")
            if self.spec.observation == "events":
                self._events(parameters, level, era, arrays)
            else:
                self._index(parameters, level, arrays)
        return model

    def _check(self, arrays: PanelArrays) -> None:
        kind = "events" if arrays.index is None else "index"
        if kind != self.spec.observation:
            raise DataError(f"panel holds {kind} and the spec says observation={self.spec.observation!r}; make them agree")
        if (arrays.cells.size if arrays.index is None else np.isfinite(arrays.index).sum()) == 0:
            raise DataError("panel holds no observation in its coverage; widen the dates or check the coverage table")

    def _level(self, state: Any, ceiling: Any) -> Any:
        return state if ceiling is None else soft_ceiling_graph(state, ceiling, self.spec.ceiling_softness)

    def _pseudo(self, p: Parameters, ceiling: Any, arrays: PanelArrays, reference: Reference) -> tuple[Any, Any]:
        """Weight and information of the pseudo-observations; they follow the ceiling, noise and concentration."""
        anchor = anchor_path(reference, arrays, self.spec)
        state, weight, target = (
            pm.Data(f"anchor_{name}", getattr(anchor, name), dims=("dyad", "time")) for name in ("state", "weight", "level")
        )
        if arrays.index is None:
            events = np.ones(anchor.weight.shape)
            np.add.at(events, (arrays.cells[:, 0], arrays.cells[:, 1]), 0.0)
            total = np.add.reduceat(arrays.counts.sum(1), arrays.cells[:, 2])
            events[arrays.cells[:, 0], arrays.cells[:, 1]] = total
            noise, a = p.noise[:, None], p.concentration[0] if self.spec.overdispersion else 1e6
            a_reference = reference.concentration[0] if self.spec.overdispersion else 1e6
            before = report_variance(events, a_reference, reference.noise[:, None])
            weight = weight * pm.Data("reference_variance", before) / report_variance(pm.Data("month_events", events), a, noise)
        if ceiling is None:
            return weight, weight * target
        softness = self.spec.ceiling_softness
        bend = pt.sigmoid((ceiling - state) / softness)
        return weight * bend**2, weight * bend * (target - self._level(state, ceiling) + bend * state)

    def _path(self, p: Parameters, era: Any, ceiling: Any, arrays: PanelArrays, reference: Reference) -> Any:
        """State path (dyad, time) with its prior; the only place that knows the dynamics."""
        dyads, periods = arrays.dyads, arrays.periods
        white = pm.Flat("white", shape=(dyads, periods))
        if p.mu is None:
            drift: Any = pt.zeros((dyads, periods))
        else:
            equilibrium = p.mu[era]
            drift = pt.concatenate([equilibrium[:, :1], (1.0 - p.phi)[:, None] * equilibrium[:, 1:]], axis=1)
        phi, sigma, start_sd = (pt.as_tensor(v) for v in (p.phi, p.sigma, p.start_sd))
        weight, information = self._pseudo(p, ceiling, arrays, reference)
        path, log_det, _, _ = WhitenedPath()(white, drift, phi, sigma, start_sd, weight, information)
        step = (path[:, 1:] - drift[:, 1:] - phi[:, None] * path[:, :-1]) / sigma[:, None]
        start = (path[:, 0] - drift[:, 0]) / start_sd
        prior = -0.5 * (start**2).sum() - pt.log(start_sd).sum() - (periods - 1) * pt.log(sigma).sum()
        pm.Potential("path_prior", prior + shock_log_density(step, p.shock_df) + log_det)
        return path

    def _events(self, p: Parameters, level: Any, era: Any, arrays: PanelArrays) -> None:
        nodes, weights = quadrature(self.spec)
        value = EventLikelihood()(
            level, p.offset, p.cutpoint, p.depth, p.concentration, p.noise,
            pm.Data("cells", arrays.cells), pm.Data("rows", arrays.rows), pm.Data("class_counts", arrays.counts),
            era, pt.constant(nodes), pt.constant(weights),
        )[0]  # fmt: skip
        pm.Potential("events", value)

    def _index(self, p: Parameters, level: Any, arrays: PanelArrays) -> None:
        assert arrays.index is not None
        seen = np.nonzero(np.isfinite(arrays.index))
        pm.StudentT("index", nu=p.index_df, mu=level[seen], sigma=p.index_error, observed=arrays.index[seen])


def shock_log_density(step: Any, df: Any) -> Any:
    """Log-density of standardised shocks of unit variance, up to a constant: normal, or Student-t with ``df``."""
    if df is None:
        return -0.5 * (step**2).sum()
    constant = pt.gammaln((df + 1) / 2) - pt.gammaln(df / 2) - 0.5 * pt.log(df - 2)
    return constant * step.size - 0.5 * (df + 1) * pt.log1p(step**2 / (df - 2)).sum()


def coordinates(panel: xr.Dataset, arrays: PanelArrays) -> dict[str, Any]:
    """Coordinates of the model's dims, from the panel."""
    coords: dict[str, Any] = {name: panel[name].to_numpy() for name in ("dyad", "time", "era")}
    if arrays.index is None:
        coords |= {name: panel[name].to_numpy() for name in ("dataset", "direction")}
        coords["cut"] = np.arange(arrays.classes - 1)
    return coords
