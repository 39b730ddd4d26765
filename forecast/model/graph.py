"""The pendulum's path and what is seen of it, as PyTensor expressions of parameters and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytensor.tensor as pt

from forecast.model.dynamics.base import Nodes, Transitions
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
        if self.ceiling is None:
            return weight, weight * target
        # exp((C - x) / s) falls apart into an era's and a node's factor: no exponential a node is needed.
        softness = self.spec.ceiling_softness
        room = pt.exp(p.ceiling / softness)[data["node_era"]] * data["anchor_room"]
        bend = room / (1.0 + room)
        level = self.ceiling - softness * pt.log(1.0 + room)
        return weight * bend**2, weight * bend * (target - level + bend * state)

    def path(self, white: Any, weight: Any, information: Any) -> tuple[Any, Any]:
        """Path of white noise under pseudo-observations, and the log-determinant of its change of variables."""
        whitened = WhitenedPath2() if self.spec.pull.order == 2 else WhitenedPath()
        state, log_det, *_ = whitened(white, *self.process, weight, information, self.data["starts"])
        return state, log_det

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
        return self.spec.observation_model.log_likelihood(self.spec, level, self.parameters.observed, self.data)


def _previous(path: Any) -> Any:
    """Return the node before each; a first node's has no meaning."""
    return pt.concatenate([path[:1], path[:-1]])
