"""The pendulum's path and what is seen of it, as PyTensor expressions of parameters and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import pytensor.tensor as pt

from forecast.model.driving import node_push
from forecast.model.dynamics.base import Nodes, Pull, Transitions
from forecast.model.kernels.pair import WhitenedPair
from forecast.model.kernels.path import WhitenedPath
from forecast.model.kernels.path2 import WhitenedPath2
from forecast.model.parameters import Parameters
from forecast.model.shocks import shock_log_density
from forecast.model.spec import PendulumSpec


@dataclass(frozen=True)
class PathGraph:
    """Expressions over the nodes, from the parameters and the data of `forecast.model.form.model_data`."""

    spec: PendulumSpec
    parameters: Parameters
    data: Mapping[str, Any]

    coordinates: ClassVar[int] = 1
    """White coordinates of a node."""

    @cached_property
    def ceiling(self) -> Any:
        """Ceiling at every node, or None."""
        ceiling = self.parameters.ceiling
        return None if ceiling is None else ceiling[self.data["node_era"]]

    @cached_property
    def nodes(self) -> Nodes:
        """The nodes as the pull sees them."""
        return Nodes(self.parameters.motion, self.parameters.mu, self.data, pt)

    @cached_property
    def process(self) -> Transitions:
        """Transitions of the Gaussian process by which the path is whitened, each (node,): `Pull.transitions`."""
        return self.spec.pull.transitions(self.nodes)

    @cached_property
    def pseudo(self) -> tuple[Any, Any]:
        """Weight and information of the anchor's pseudo-observations; they follow the parameters."""
        p, data = self.parameters, self.data
        weight, target, state = data["anchor_weight"], data["anchor_level"], data["anchor_state"]
        weight = self.spec.observation_model.anchor_weight(weight, p.observed, data)
        target = target + self.spec.observation_model.anchor_shift(p.observed, data)
        if self.push is not None:  # what is read as level is the path and all that drivers add to it
            target = target - sum(self.push)
        if self.ceiling is None:
            return weight, weight * target
        # exp((C - x) / s) falls apart into an era's and a node's factor: no exponential a node is needed.
        softness = self.spec.ceiling_softness
        room = pt.exp(p.ceiling / softness)[data["node_era"]] * data["anchor_room"]
        bend = room / (1.0 + room)
        level = self.ceiling - softness * pt.log(1.0 + room)
        return weight * bend**2, weight * bend * (target - level + bend * state)

    @cached_property
    def push(self) -> tuple[Any, Any] | None:
        """What drivers add at every node to the level, and in the month alone; None without drivers."""
        if self.parameters.effect is None:
            return None
        acts = tuple(acts for _, acts in self.spec.drivers)
        return node_push(acts, self.parameters.effect, self.parameters.motion, self.data)

    def path(self, white: Any, weight: Any, information: Any) -> tuple[Any, Any]:
        """Path of white noise under pseudo-observations, and the log-determinant of its change of variables."""
        whitened = WhitenedPath2() if self.spec.pull.order == 2 else WhitenedPath()
        state, log_det, *_ = whitened(white, *self.process, weight, information, self.data["starts"])
        return state, log_det

    def named(self, state: Any) -> dict[str, Any]:
        """Paths by the names under which a fit's draws keep them."""
        return {"node_state": state}

    def level(self, state: Any) -> Any:
        """Level of a state under the ceiling."""
        if self.ceiling is None:
            return state
        # As `forecast.scale.soft_ceiling`, with one exponential and one logarithm an element.
        softness = self.spec.ceiling_softness
        return self.ceiling - softness * pt.log(1.0 + pt.exp((self.ceiling - state) / softness))

    def prior(self, path: Any) -> Any:
        """Log-density of a path, up to half the logarithm of two pi a node."""
        scale, last = self.process[-1], _previous(path)
        expected = self.spec.pull.expected(last, _previous(last), self.process, self.nodes)
        return shock_log_density((path - expected) / scale, self.parameters.shock_df, pt) - pt.log(scale).sum()

    def likelihood(self, level: Any) -> Any:
        """Log-likelihood of everything seen, given the level at the nodes."""
        if self.push is not None:
            level = level + self.push[1]
        return self.spec.observation_model.log_likelihood(self.spec, level, self.parameters.observed, self.data)


@dataclass(frozen=True)
class TwoScaleGraph(PathGraph):
    """The same where the state is the sum of a structure that moves and a swing around it: paths are (node, 2)."""

    coordinates: ClassVar[int] = 2

    @cached_property
    def nodes(self) -> Nodes:
        """The nodes as the pull sees them: a swing's equilibrium is zero."""
        return Nodes(self.parameters.motion, pt.zeros(1), self.data, pt)

    @cached_property
    def slow(self) -> Transitions:
        """Transitions of the structure."""
        structure = self.parameters.structure
        assert structure is not None
        return structure.transitions(self.data, pt)

    def path(self, white: Any, weight: Any, information: Any) -> tuple[Any, Any]:
        """Structure and swing of white noise under pseudo-observations of their sum, and the log-determinant."""
        swing = self.process
        if self.spec.pull.order == 2:  # a swing without momentum serves to whiten it
            swing = Pull.over_gaps(self.spec.pull, self.parameters.motion, pt.zeros(1), self.data, pt)
        path, log_det, *_ = WhitenedPair()(white, *self.slow, *swing, weight, information, self.data["starts"])
        return path.reshape((-1, 2)), log_det

    def named(self, state: Any) -> dict[str, Any]:
        """Paths by the names under which a fit's draws keep them."""
        return {"node_structure": state[:, 0], "node_swing": state[:, 1]}

    def level(self, state: Any) -> Any:
        """Level: the two together, and what drivers add to them."""
        level = state.sum(axis=1)
        return level if self.push is None else level + self.push[0]

    def prior(self, path: Any) -> Any:
        """Log-density of both parts, up to half the logarithm of two pi a node and part."""
        structure, swing = path[:, 0], path[:, 1]
        drift, carry, scale = self.slow
        step = (structure - drift - carry * _previous(structure)) / scale
        return super().prior(swing) - 0.5 * (step**2).sum() - pt.log(scale).sum()


def graph_of(spec: PendulumSpec, parameters: Parameters, data: Mapping[str, Any]) -> PathGraph:
    """Return the graph that a spec asks for."""
    return (TwoScaleGraph if spec.two_scales else PathGraph)(spec, parameters, data)


def _previous(path: Any) -> Any:
    """Return the node before each; a first node's has no meaning."""
    return pt.concatenate([path[:1], path[:-1]])
