"""Pendulum model in PyMC: latent path and observations as expressions of parameters and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from pymc.distributions.dist_math import normal_lcdf

from forecast.model.arrays import coordinates, panel_arrays, require_observations
from forecast.model.driving import node_push
from forecast.model.dynamics import Transitions
from forecast.model.inputs import NODE_PATHS, WHITE, Parameters, Part, add_parameters, hold, model_data, node_capacity
from forecast.model.kernels.ops import WhitenedPair, WhitenedPath
from forecast.model.observation.kinds import add_aside, aside_log_likelihood
from forecast.model.spec import PendulumSpec, spec_for
from forecast.model.trend import SOFTNESS


@dataclass(frozen=True)
class PathGraph:
    """Expressions over the nodes; a path is (node,), or (node, 2), trend and cycle, where both move."""

    spec: PendulumSpec
    parameters: Parameters
    data: Mapping[str, Any]  # Of `forecast.model.inputs.model_data`

    @cached_property
    def trend(self) -> Transitions:
        """Transitions of the trend, each (node,)."""
        assert self.parameters.trend is not None
        return self.parameters.trend.transitions(self.data, pt)

    @cached_property
    def cycle(self) -> Transitions:
        """Transitions of the Gaussian process by which the cycle is whitened, each (node,)."""
        assert self.parameters.motion is not None
        return self.spec.cycle_model.transitions(self.parameters.motion, self.data)

    @cached_property
    def still(self) -> Any:
        """A constant trend at every node; zero where the trend moves."""
        return 0.0 if self.spec.moves else self.parameters.mu[self.data["node_era"]]

    @cached_property
    def pseudo(self) -> tuple[Any, Any]:
        """Weight and information of the anchor's pseudo-observations; they follow the parameters."""
        observed, data, model = self.parameters.observed, self.data, self.spec.observation_model
        weight, shift = model.anchor(data["anchor_weight"], observed, data)
        target = data["anchor_level"] + shift - self.still
        if self.push is not None:  # what is read as level is the path and all that drivers add to it
            target = target - sum(self.push)
        return weight, weight * target

    @cached_property
    def push(self) -> tuple[Any, Any] | None:
        """Effect of drivers at every node on the level, and on the month alone; None without drivers."""
        if self.parameters.effect is None:
            return None
        return node_push(self.spec.drivers, self.parameters.effect, self.parameters.motion, self.data)

    def path(self, white: Any, weight: Any, information: Any) -> tuple[Any, Any]:
        """Path of white noise under pseudo-observations of its level, and the log-determinant."""
        starts = self.data["starts"]
        if self.spec.components == 2:
            path, log_det, *_ = WhitenedPair()(white, *self.trend, *self.cycle, weight, information, starts)
            return path.reshape((-1, 2)), log_det
        process = self.trend if self.spec.moves else self.cycle
        path, log_det, *_ = WhitenedPath()(white, *process, weight, information, starts)
        return path, log_det

    def parts(self, path: Any) -> tuple[Any, Any]:
        """Free trend and cycle of a path; None for a component without one."""
        if self.spec.components == 2:
            return path[:, 0], path[:, 1]
        return (path, None) if self.spec.moves else (None, path)

    def ceiling(self, trend: Any) -> Any:
        """Ceiling of every era: a headroom above the trend where the era begins."""
        return trend[self.data["era_start"]] + self.parameters.headroom

    def level(self, path: Any) -> Any:
        """Level: trend, cycle, and what drivers add to them."""
        trend, cycle = self.parts(path)
        level = self.still if trend is None else trend
        level = level if cycle is None else level + cycle
        return level if self.push is None else level + self.push[0]

    def prior(self, path: Any) -> Any:
        """Log-density of a path, up to half the logarithm of two pi per node and component."""
        trend, cycle = self.parts(path)
        total: Any = 0.0
        if trend is not None:
            drift, carry, scale = self.trend
            expected = drift + carry * _previous(trend)
            total = total + _normal(trend - expected, scale)
            if self.spec.has_ceiling:
                total = total + self.below_ceiling(trend, expected, scale)
        if cycle is not None:
            assert self.parameters.motion is not None
            motion, model = self.parameters.motion, self.spec.cycle_model
            expected = model.expected(_previous(cycle), self.cycle, motion, self.data)
            total = total + _normal(cycle - expected, self.cycle[-1])
        return total

    def below_ceiling(self, trend: Any, expected: Any, scale: Any) -> Any:
        """Log-density that ceilings add to the trend's steps within an era."""
        first = self.data["era_start"][self.data["node_era"]]
        ceiling = self.ceiling(trend)[self.data["node_era"]]
        kept = normal_lcdf(0.0, 1.0, (ceiling - trend) / SOFTNESS)
        mass = normal_lcdf(0.0, 1.0, (ceiling - expected) / pt.sqrt(scale**2 + SOFTNESS**2))
        return pt.where(pt.eq(pt.arange(trend.shape[0]), first), 0.0, kept - mass).sum()

    def likelihood(self, level: Any) -> Any:
        """Log-likelihood of everything seen, given the level at the nodes."""
        if self.push is not None:
            level = level + self.push[1]
        return self.spec.observation_model.log_likelihood(self.spec, level, self.parameters.observed, self.data)


def _normal(off: Any, scale: Any) -> Any:
    """Log-density of normal deviations, but for the constants."""
    return -0.5 * ((off / scale) ** 2).sum() - pt.log(scale).sum()


def _previous(path: Any) -> Any:
    """Return the node before each; a first node's has no meaning."""
    return pt.concatenate([path[:1], path[:-1]])


OBSERVED = ("events", "events_aside")  # Names of the log-likelihoods of what tells of the level, and of what does not


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

    def build(self, panel: xr.Dataset, reference: Parameters | None = None, part: Part = "whole") -> pm.Model:
        """Build the model on a panel.

        Parameters
        ----------
        panel : xarray.Dataset
            Event or index panel (schema: docs/schema/panel.md).
        reference : Parameters, optional
            Where to whiten the path; the posterior is the same for any. Default: the priors' centres.
        part : {"whole", "path", "aside"}
            All of it; the path and what tells of the level; or what tells nothing of it, such as the kinds of a side,
            which share no parameter with the path. The posterior of the whole is the product of both.

        Returns
        -------
        pymc.Model
            With named dims ``dyad``, ``era``, ``dataset`` and ``direction``. The path lives on nodes
            (:class:`forecast.model.arrays.PanelArrays`); `forecast.model.sampling.complete_posterior` fills in the
            other periods.

        Raises
        ------
        DataError
            If the panel's kind does not fit ``spec.observation`` or holds nothing to fit.
        SpecError
            If a choice does not fit the panel.
        """
        spec = self.spec or spec_for(panel)
        arrays = panel_arrays(panel, spec)
        require_observations(panel)
        data = model_data(spec, arrays, reference, part)
        with pm.Model(coords=coordinates(panel, spec)) as model:
            held = hold(data)
            if part != "aside":
                _add_path(PathGraph(spec, add_parameters(spec, arrays), held), node_capacity(arrays.nodes))
            if part != "path" and arrays.aside:
                pm.Potential(OBSERVED[1], aside_log_likelihood(add_aside(spec, arrays, arrays.aside, held), held))
        return model


def _add_path(graph: PathGraph, capacity: int) -> None:
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
