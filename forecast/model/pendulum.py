"""The pendulum as an ordinary PyMC model."""

from dataclasses import dataclass
from typing import Any

import pymc as pm
import xarray as xr

from forecast.model.arrays import PanelArrays, panel_arrays, require_observations
from forecast.model.assembled import NODE_PATHS, WHITE
from forecast.model.choices import spec_for
from forecast.model.form import Part, hold, model_data, node_capacity
from forecast.model.graph import PathGraph
from forecast.model.parameters import add_parameters
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import Reference

OBSERVED = ("events", "events_aside")
"""Names of the log-likelihoods of what tells of the level, and of what does not."""


@dataclass(frozen=True)
class PendulumModel:
    """The pendulum model of a spec, ready to be built on a panel.

    Attributes
    ----------
    spec : PendulumSpec, optional
        Choices of the model; by default those that suit the panel.

    Examples
    --------
    >>> from forecast import PendulumModel, PendulumSpec, build_panel, read_chronology
    >>> panel = build_panel(read_chronology(dyads=["USA-CHN"]), start="2009-01", end="2012-12")
    >>> model = PendulumModel(PendulumSpec(trend="walk")).build(panel)
    >>> "cycle_half_life" in model.named_vars
    True
    """

    spec: PendulumSpec | None = None

    def build(self, panel: xr.Dataset, reference: Reference | None = None, part: Part = "whole") -> pm.Model:
        """Build the model on a panel.

        Parameters
        ----------
        panel : xarray.Dataset
            Event or index panel (schema: docs/schema/panel.md).
        reference : Reference, optional
            Where to whiten the path; the posterior is the same for any. Default: the priors' centres.
        part : {"whole", "path", "aside"}
            All of it; the path and what tells of the level; or what tells nothing of it, such as the kinds of a side,
            which share no parameter with the path. The posterior of the whole is the product of both.

        Returns
        -------
        pymc.Model
            With named dims ``dyad``, ``era``, ``dataset`` and ``direction``. The path lives on nodes (see
            :class:`forecast.model.arrays.PanelArrays`): ``node_trend``, ``node_cycle`` and their level ``node_level``,
            in log-odds; `forecast.model.sampling.complete_posterior` fills in the other periods.

        Raises
        ------
        DataError
            If the panel's kind does not fit ``spec.observation`` or holds nothing to fit.
        SpecError
            If a choice does not fit the panel.
        """
        spec = self.spec or spec_for(panel)
        arrays = panel_arrays(panel, spec)
        require_observations(arrays)
        data = model_data(spec, arrays, reference, part)
        with pm.Model(coords=coordinates(panel, arrays)) as model:
            held = hold(data)
            if part != "aside":
                graph = PathGraph(spec, add_parameters(spec, arrays), held)
                _path_in_white(graph, node_capacity(arrays.nodes))
            if part != "path" and arrays.observation.has_aside(arrays.observed):
                observation = spec.observation_model
                aside = observation.add_aside(spec, arrays, held)
                pm.Potential(OBSERVED[1], observation.aside_log_likelihood(aside, held))
        return model


def _path_in_white(graph: PathGraph, capacity: int) -> None:
    """Add the path in coordinates near white noise, its prior and what is seen of it."""
    components = graph.spec.components
    white = pm.Flat(WHITE, shape=components * capacity)
    nodes = components * graph.data["starts"][-1]
    path, log_det = graph.path(white[:nodes], *graph.pseudo)
    level = graph.level(path)
    for name, values in zip(NODE_PATHS, graph.parts(path), strict=True):
        if values is not None:
            pm.Deterministic(name, values)
    if graph.spec.has_ceiling:
        pm.Deterministic("ceiling", graph.ceiling(graph.parts(path)[0]), dims="era")
    pm.Deterministic("node_level", level)
    pm.Potential("path_prior", graph.prior(path) + log_det - 0.5 * (white[nodes:] ** 2).sum())
    pm.Potential(OBSERVED[0], graph.likelihood(level))


def coordinates(panel: xr.Dataset, arrays: PanelArrays) -> dict[str, Any]:
    """Coordinates of the model's dims, from the panel."""
    own: dict[str, Any] = {name: panel[name].to_numpy() for name in ("dyad", "time", "era")}
    if arrays.driving is not None:
        own["driver"] = list(arrays.driving.names)
    return own | arrays.observation.coordinates(panel)
