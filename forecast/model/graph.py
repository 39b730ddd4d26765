"""The pendulum's path and what is seen of it, as PyTensor expressions of parameters and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytensor.tensor as pt

from forecast.model.ceiling import soft_ceiling_graph
from forecast.model.dynamics import JUMPING, next_displacement, swing
from forecast.model.kernels.observation import EventLikelihood
from forecast.model.kernels.path import WhitenedPath
from forecast.model.kernels.path2 import WhitenedPath2
from forecast.model.parameters import Parameters
from forecast.model.spec import PendulumSpec
from forecast.model.whitening import linear_transitions, quadrature, report_variance


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
    def process(self) -> tuple[Any, ...]:
        """Transitions of the Gaussian process by which the path is whitened, each (node,).

        Drift, carry and scale, and for an oscillator the carry of the node before the last as third. It is the pendulum
        itself where that is linear, and elsewhere its linearisation at the anchor.
        """
        p = self.parameters
        if self.spec.dynamics in JUMPING:
            transitions: tuple[Any, ...] = linear_transitions(
                p.phi, p.sigma, pt.as_tensor(p.start_sd), p.mu, self.data, pt
            )
            return transitions
        first, scale = self._first, self._scale
        if self.spec.dynamics == "oscillator":
            one, two = (weight[self.data["node_dyad"]] for weight in swing(p.phi, p.pull["period"], pt))
            one = pt.where(self._second, one / (1.0 - two), one)
            one, two = pt.where(first, 0.0, one), pt.where(first | self._second, 0.0, two)
            return (1.0 - one - two) * self._mu, one, two, scale
        side = self._pull["sd"]
        up, down = (next_displacement(self.spec.dynamics, y, y, self._pull, pt) for y in (side, -side))
        carry = pt.where(first, 0.0, (up - down) / (2.0 * side))
        return pt.where(first, self._mu, (1.0 - carry) * self._mu + (up + down) / 2.0), carry, scale

    @cached_property
    def _first(self) -> Any:
        return pt.eq(self.data["node_gap"], 0)

    @cached_property
    def _second(self) -> Any:
        """Whether a node is its dyad's second: the node before it is a first."""
        return pt.concatenate([pt.zeros(1, dtype="bool"), self._first[:-1]])

    @cached_property
    def _mu(self) -> Any:
        return self.parameters.mu[self.data["node_era"]]

    @cached_property
    def _pull(self) -> dict[str, Any]:
        """What shapes the pull at every node."""
        p, dyad = self.parameters, self.data["node_dyad"]
        own = {"phi": p.phi, "sd": p.start_sd} | p.pull
        return {name: value[dyad] if value.ndim else value for name, value in own.items()}

    @cached_property
    def _scale(self) -> Any:
        """Standard deviation of every node's shock where each period is a node."""
        p, dyad = self.parameters, self.data["node_dyad"]
        scale = pt.where(self._first, p.start_sd[dyad], p.sigma[dyad])
        if self.spec.dynamics == "oscillator":
            one, two = swing(p.phi, p.pull["period"], pt)
            second = p.start_sd * pt.sqrt(1.0 - (one / (1.0 - two)) ** 2)
            scale = pt.where(self._second, second[dyad], scale)
        return scale

    @cached_property
    def pseudo(self) -> tuple[Any, Any]:
        """Weight and information of the anchor's pseudo-observations; they follow ceiling, noise and concentration."""
        p, data = self.parameters, self.data
        weight, target, state = data["anchor_weight"], data["anchor_level"], data["anchor_state"]
        if self.spec.observation == "events":
            now = report_variance(data["report_events"], p.concentration[0], pt.as_tensor(p.noise)[data["report_dyad"]])
            weight = weight * data["anchor_variance"] / now[data["report_of_node"]]
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
        whitened = WhitenedPath2() if self.spec.dynamics == "oscillator" else WhitenedPath()
        state, log_det, *_ = whitened(white, *self.process, weight, information, self.data["starts"])
        return state, log_det

    def level(self, state: Any) -> Any:
        """Level of a state under the ceiling."""
        return state if self.ceiling is None else soft_ceiling_graph(state, self.ceiling, self.spec.ceiling_softness)

    def prior(self, path: Any) -> Any:
        """Log-density of a path, up to half the logarithm of two pi a node."""
        scale = self.process[-1]
        shock = (path - self._expected(path)) / scale
        return shock_log_density(shock, self.parameters.shock_df) - pt.log(scale).sum()

    def _expected(self, path: Any) -> Any:
        """Where every node is expected, given those before it."""
        last = _previous(path)
        if self.spec.dynamics in JUMPING:
            drift, carry, _ = self.process
            return drift + carry * last
        if self.spec.dynamics == "oscillator":
            drift, one, two, _ = self.process
            return drift + one * last + two * _previous(last)
        displaced = last - self._mu
        moved = next_displacement(self.spec.dynamics, displaced, displaced, self._pull, pt)
        return self._mu + pt.where(self._first, 0.0, moved)

    def likelihood(self, level: Any) -> Any:
        """Log-likelihood of everything seen, given the level at the nodes."""
        if self.spec.observation == "index":
            return self._index(level[self.data["seen"]]).sum()
        p = self.parameters
        layout = [self.data[name] for name in ("blocks", "cells", "rows", "entries")]
        nodes, weights = quadrature(self.spec)
        return EventLikelihood()(
            level, p.offset, p.cutpoint, p.depth, p.concentration, pt.as_tensor(p.noise),
            *layout, pt.constant(nodes), pt.constant(weights),
        )[0]  # fmt: skip

    def _index(self, level: Any) -> Any:
        p = self.parameters
        error = (level - self.data["index_seen"]) / p.index_error
        return student_log_density(error, p.index_df, p.index_df) - pt.log(p.index_error)


def _previous(path: Any) -> Any:
    """Give the node before each; a first node's has no meaning."""
    return pt.concatenate([path[:1], path[:-1]])


def student_log_density(value: Any, df: Any, squared_scale: Any) -> Any:
    """Log-density of Student-t values of scale 1 (``squared_scale`` = df) or of unit variance (df - 2)."""
    constant = pt.gammaln((df + 1) / 2) - pt.gammaln(df / 2) - 0.5 * pt.log(np.pi * squared_scale)
    return constant - 0.5 * (df + 1) * pt.log1p(value**2 / squared_scale)


def shock_log_density(shock: Any, df: Any) -> Any:
    """Log-density of shocks of unit variance, up to half the logarithm of two pi each: normal, or Student-t."""
    if df is None:
        return -0.5 * (shock**2).sum()
    return (student_log_density(shock, df, df - 2) + 0.5 * np.log(2 * np.pi)).sum()
