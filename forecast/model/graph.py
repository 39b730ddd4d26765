"""The path of trend and cycle and what is seen of it, as PyTensor expressions of parameters and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytensor.tensor as pt

from forecast.model.ceiling import bounded_graph
from forecast.model.driving import node_push
from forecast.model.dynamics.base import Nodes, Transitions
from forecast.model.kernels.ops import WhitenedPair, WhitenedPath
from forecast.model.parameters import Parameters
from forecast.model.spec import PendulumSpec


@dataclass(frozen=True)
class PathGraph:
    """Expressions over the nodes, from the parameters and the data of `forecast.model.form.model_data`.

    A path is (node,) where only one component moves, and (node, 2), trend and cycle, where both do.
    """

    spec: PendulumSpec
    parameters: Parameters
    data: Mapping[str, Any]

    @cached_property
    def nodes(self) -> Nodes:
        """The nodes as the cycle sees them."""
        assert self.parameters.motion is not None
        return Nodes(self.parameters.motion, self.data, pt)

    @cached_property
    def trend(self) -> Transitions:
        """Transitions of the trend, each (node,)."""
        assert self.parameters.trend is not None
        return self.parameters.trend.transitions(self.data, pt)

    @cached_property
    def cycle(self) -> Transitions:
        """Transitions of the Gaussian process by which the cycle is whitened, each (node,)."""
        return self.spec.cycle_model.transitions(self.nodes)

    @cached_property
    def still(self) -> Any:
        """A constant trend at every node; zero where the trend moves."""
        return 0.0 if self.spec.moves else self.parameters.mu[self.data["node_era"]]

    @cached_property
    def pseudo(self) -> tuple[Any, Any]:
        """Weight and information of the anchor's pseudo-observations; they follow the parameters."""
        p, data = self.parameters, self.data
        weight = self.spec.observation_model.anchor_weight(data["anchor_weight"], p.observed, data)
        target = data["anchor_level"] + self.spec.observation_model.anchor_shift(p.observed, data) - self.still
        if self.push is not None:  # what is read as level is the path and all that drivers add to it
            target = target - sum(self.push)
        return weight, weight * target

    @cached_property
    def push(self) -> tuple[Any, Any] | None:
        """What drivers add at every node to the level, and in the month alone; None without drivers."""
        if self.parameters.effect is None:
            return None
        acts = tuple(acts for _, acts in self.spec.drivers)
        return node_push(acts, self.parameters.effect, self.parameters.motion, self.data)

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
        """Level: trend under its ceiling, cycle, and what drivers add to them."""
        trend, cycle = self.parts(path)
        if trend is None:
            level = self.still + cycle
        else:
            level = trend
            if self.spec.has_ceiling:
                level = bounded_graph(trend, self.ceiling(trend)[self.data["node_era"]])
            level = level if cycle is None else level + cycle
        return level if self.push is None else level + self.push[0]

    def prior(self, path: Any) -> Any:
        """Log-density of a path, up to half the logarithm of two pi per node and component."""
        trend, cycle = self.parts(path)
        total: Any = 0.0
        if trend is not None:
            drift, carry, scale = self.trend
            total = total + _normal(trend - drift - carry * _previous(trend), scale)
        if cycle is not None:
            expected = self.spec.cycle_model.expected(_previous(cycle), self.cycle, self.nodes)
            total = total + _normal(cycle - expected, self.cycle[-1])
        return total

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
