"""The pendulum's path and what is seen of it, as PyTensor expressions of parameters and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pytensor.tensor as pt

from forecast.model.ceiling import soft_ceiling_graph
from forecast.model.kernels.observation import EventLikelihood
from forecast.model.kernels.path import WhitenedPath
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
    def process(self) -> tuple[Any, Any, Any]:
        """Drift, carry and scale of every node's transition; the only place that knows the dynamics."""
        p = self.parameters
        return linear_transitions(p.phi, p.sigma, pt.as_tensor(p.start_sd), p.mu, self.data, pt)

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
        return WhitenedPath()(white, *self.process, weight, information, self.data["starts"])[:2]

    def level(self, state: Any) -> Any:
        """Level of a state under the ceiling."""
        return state if self.ceiling is None else soft_ceiling_graph(state, self.ceiling, self.spec.ceiling_softness)

    def prior(self, path: Any) -> Any:
        """Log-density of a path, up to half the logarithm of two pi a node."""
        drift, carry, scale = self.process
        shock = (path - drift - carry * pt.concatenate([path[:1], path[:-1]])) / scale
        return shock_log_density(shock, self.parameters.shock_df) - pt.log(scale).sum()

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


def student_log_density(value: Any, df: Any, squared_scale: Any) -> Any:
    """Log-density of Student-t values of scale 1 (``squared_scale`` = df) or of unit variance (df - 2)."""
    constant = pt.gammaln((df + 1) / 2) - pt.gammaln(df / 2) - 0.5 * pt.log(np.pi * squared_scale)
    return constant - 0.5 * (df + 1) * pt.log1p(value**2 / squared_scale)


def shock_log_density(shock: Any, df: Any) -> Any:
    """Log-density of shocks of unit variance, up to half the logarithm of two pi each: normal, or Student-t."""
    if df is None:
        return -0.5 * (shock**2).sum()
    return (student_log_density(shock, df, df - 2) + 0.5 * np.log(2 * np.pi)).sum()
