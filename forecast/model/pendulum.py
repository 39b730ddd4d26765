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
from forecast.model.whitening import (
    Reference,
    anchor_path,
    linear_transitions,
    prior_reference,
    quadrature,
    report_variance,
)


@dataclass(frozen=True)
class PendulumModel:
    """The pendulum model of a spec, ready to be built on a panel.

    Attributes
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
            With named dims ``dyad``, ``era``, ``dataset``, ``direction``, ``cut`` and ``node``. The path lives on
            nodes (see :class:`forecast.model.arrays.PanelArrays`): ``node_state`` is the pendulum and ``node_level``
            its level under the ceiling, in log-odds; :func:`forecast.model.complete_path` fills in the other periods.

        Raises
        ------
        DataError
            If the panel's kind does not fit ``spec.observation`` or holds nothing to fit.
        SpecError
            If a ceiling form does not fit the panel's classes.
        """
        arrays = panel_arrays(panel, dense=self.spec.dense)
        self._check(arrays)
        reference = reference or prior_reference(self.spec, arrays)
        with pm.Model(coords=coordinates(panel, arrays)) as model:
            parameters = add_parameters(self.spec, arrays)
            ceiling = None
            if parameters.ceiling is not None:
                ceiling = parameters.ceiling[self._held("node_era", arrays.node_era)]
            state = pm.Deterministic("node_state", self._path(parameters, ceiling, arrays, reference), dims="node")
            level = pm.Deterministic("node_level", self._level(state, ceiling), dims="node")
            if self.spec.observation == "events":
                self._events(parameters, level, arrays)
            else:
                self._index(parameters, level, arrays)
        return model

    def _check(self, arrays: PanelArrays) -> None:
        kind = "events" if arrays.index is None else "index"
        if kind != self.spec.observation:
            raise DataError(
                f"panel holds {kind} and the spec says observation={self.spec.observation!r}; make them agree"
            )
        if (arrays.cells.size if arrays.index is None else np.isfinite(arrays.index).sum()) == 0:
            raise DataError("panel holds no observation in its coverage; widen the dates or check the coverage table")

    @staticmethod
    def _held(name: str, value: Any) -> Any:
        """Keep an index array as data and not as a constant: another panel then needs no new compilation."""
        named = pm.modelcontext(None).named_vars
        return named[name] if name in named else pm.Data(name, value)

    def _level(self, state: Any, ceiling: Any) -> Any:
        return state if ceiling is None else soft_ceiling_graph(state, ceiling, self.spec.ceiling_softness)

    def _pseudo(self, p: Parameters, ceiling: Any, arrays: PanelArrays, reference: Reference) -> tuple[Any, Any]:
        """Weight and information of the pseudo-observations; they follow the ceiling, noise and concentration."""
        anchor = anchor_path(reference, arrays, self.spec)
        state, weight, target = (
            pm.Data(f"anchor_{name}", getattr(anchor, name), dims="node") for name in ("state", "weight", "level")
        )
        if self.spec.observation == "events":
            events = np.maximum(arrays.events_at_nodes(), 1.0)
            pairs, pair_of = np.unique(np.column_stack([arrays.node_dyad, events]), axis=0, return_inverse=True)
            dyad, number = pairs[:, 0].astype(int), pairs[:, 1]
            known = report_variance(number, reference.concentration[0], reference.noise[dyad])[pair_of]
            dyad, number = self._held("report_dyad", dyad), self._held("report_events", number)
            now = report_variance(number, p.concentration[0], pt.as_tensor(p.noise)[dyad])[
                self._held("report_of_node", pair_of)
            ]
            weight = weight * pm.Data("anchor_variance", known, dims="node") / now
        if ceiling is None:
            return weight, weight * target
        # exp((C - x) / s) falls apart into an era's and a node's factor: no exponential a node is needed.
        softness = self.spec.ceiling_softness
        era = self._held("node_era", arrays.node_era)
        room = pt.exp(p.ceiling / softness)[era] * pm.Data("anchor_room", np.exp(-anchor.state / softness))
        bend = room / (1.0 + room)
        level = ceiling - softness * pt.log(1.0 + room)
        return weight * bend**2, weight * bend * (target - level + bend * state)

    def _path(self, p: Parameters, ceiling: Any, arrays: PanelArrays, reference: Reference) -> Any:
        """State at the nodes with its prior; the only place that knows the dynamics."""
        white = pm.Flat("white", dims="node")
        drift, carry, scale = linear_transitions(p.phi, p.sigma, pt.as_tensor(p.start_sd), p.mu, arrays, pt, self._held)
        weight, information = self._pseudo(p, ceiling, arrays, reference)
        starts = pm.Data("starts", arrays.starts)
        path, log_det, _, _ = WhitenedPath()(white, drift, carry, scale, weight, information, starts)
        shock = (path - drift - carry * pt.concatenate([path[:1], path[:-1]])) / scale
        pm.Potential("path_prior", shock_log_density(shock, p.shock_df) - pt.log(scale).sum() + log_det)
        return path

    def _events(self, p: Parameters, level: Any, arrays: PanelArrays) -> None:
        nodes, weights = quadrature(self.spec)
        value = EventLikelihood()(
            level, p.offset, p.cutpoint, p.depth, p.concentration, p.noise,
            *(pm.Data(name, getattr(arrays, name)) for name in ("blocks", "cells", "rows", "entries")),
            pt.constant(nodes), pt.constant(weights),
        )[0]  # fmt: skip
        pm.Potential("events", value)

    def _index(self, p: Parameters, level: Any, arrays: PanelArrays) -> None:
        assert arrays.index is not None
        seen = np.flatnonzero(np.isfinite(arrays.index))
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
    coords["node"] = np.arange(arrays.nodes)
    return coords
