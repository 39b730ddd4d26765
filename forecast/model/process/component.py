"""Component of the level: what trend and cycle have in common.

Its methods serve simulations in NumPy and the PyMC graph alike.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from forecast.base.typing import Bool, Float
from forecast.model.process.declarations import Prior, Variable

type Motion = Mapping[str, Any]
"""Parameters of a component by the names that its methods read: arrays, numbers or PyTensor
variables."""


class Transitions(NamedTuple):
    """Normal transitions: from x to ``drift + retention * x``, with standard deviation `scale`."""

    drift: Any
    retention: Any
    scale: Any


class Component:
    """A part of the level with a path of its own, whose next value depends on its last one."""

    name: ClassVar[str]  # As `PendulumSpec` has it
    # In brackets after the name in the help of the command line; may be empty
    hint: ClassVar[str] = ""
    words: ClassVar[str]  # What the report says of it
    # Whether `moments` is exact over any number of periods; else every period needs a node and
    # `moments` approximates
    exact_over_periods: ClassVar[bool] = False
    priors: ClassVar[tuple[Prior, ...]] = ()  # Those that it alone has
    variables: ClassVar[tuple[Variable, ...]] = ()

    @property
    def reads(self) -> dict[str, str]:
        """Variables of the posterior that shape the motion, by the names that the methods read."""
        return {variable.name: variable.name for variable in self.variables if variable.sampled}

    def motion(self, parameters: Mapping[str, Any]) -> Motion:
        """Take the parameters of the motion out of those of a posterior."""
        return {
            name: parameters[variable]
            for name, variable in self.reads.items()
            if variable in parameters
        }

    def start(self, p: Motion) -> tuple[Any, Any]:
        """Return centre and standard deviation of the first value."""
        raise NotImplementedError

    def next(self, x: Any, p: Motion, backend: Any = np) -> Any:
        """Return the value expected one period after ``x``."""
        raise NotImplementedError

    def shock(self, p: Motion, begins: Any = 0.0, backend: Any = np) -> Any:
        """Return the standard deviation of a period's shock; `begins` is 1 where an era begins."""
        raise NotImplementedError

    def moments(self, p: Motion, periods: Any, begins: Any = 0.0, backend: Any = np) -> Transitions:
        """Return the transitions over so many periods; an era may begin in the last of them."""
        raise NotImplementedError

    def transitions(self, p: Motion, data: Mapping[str, Any], backend: Any = np) -> Transitions:
        """Return the transitions that lead to every node; a first node has retention 0.

        `data` has the nodes, as `forecast.model.inputs.model_data` returns them. Transitions that
        are not exact serve the whitening alone and are linearised: by the line through the next
        values one standard deviation above and below the centre.
        """
        if self.exact_over_periods:
            return self.over_gaps(p, data, backend)
        first = backend.equal(data["node_gap"], 0)
        begins = data["pair_new_era"][data["pair_of_node"]]
        p = of_dyads(p, data["node_dyad"])
        centre, spread = self.start(p)
        above, below = (self.next(centre + side * spread, p, backend) for side in (1.0, -1.0))
        retention = (above - below) / (2.0 * spread)
        drift = (above + below) / 2.0 - retention * centre
        moves = Transitions(drift, retention, self.shock(p, begins, backend))
        return _with_starts(first, (centre, spread), moves, backend)

    def over_gaps(self, p: Motion, data: Mapping[str, Any], backend: Any = np) -> Transitions:
        """Return the transitions to every node by `moments`, once per distinct dyad and gap."""
        gap, pair_of_node = data["pair_gap"], data["pair_of_node"]
        p = of_dyads(p, data["pair_dyad"])
        first = backend.equal(gap, 0)
        moves = self.moments(p, backend.where(first, 1, gap), data["pair_new_era"], backend)
        by_pair = _with_starts(first, self.start(p), moves, backend)
        return Transitions(*(values[pair_of_node] for values in by_pair))

    def expected(
        self, path: Any, transitions: Transitions, p: Motion, data: Mapping[str, Any]
    ) -> Any:
        """Return the value expected at every node of a path, given the one before.

        All are PyTensor expressions.
        """
        import pytensor.tensor as pt

        drift, retention, _ = transitions
        last = pt.concatenate([path[:1], path[:-1]])  # that of a first node has no meaning
        if self.exact_over_periods:
            return drift + retention * last
        moved = self.next(last, of_dyads(p, data["node_dyad"]), pt)
        return pt.where(pt.eq(data["node_gap"], 0), drift, moved)

    def log_density(self, path: Any, expected: Any, transitions: Transitions) -> Any:
        """Return the log-density of a path, as a PyTensor expression.

        The constant is left out: half the logarithm of two pi for each node.
        """
        import pytensor.tensor as pt

        deviation = (path - expected) / transitions.scale
        return -0.5 * (deviation**2).sum() - pt.log(transitions.scale).sum()

    def covariance(self, p: Motion, begins: Bool) -> Float:
        """Return the covariance of the periods of one dyad, (period, period), by `moments`.

        `begins` says in which periods an era begins; parameters are numbers.
        """
        period = np.arange(len(begins))
        lag = period[:, None] - period
        # A shock remains in the periods after it, and none is in those before.
        retention = np.where(lag < 0, 0.0, self.moments(p, np.maximum(lag, 0)).retention)
        variance = np.broadcast_to(self.moments(p, 1, begins).scale ** 2, period.shape).copy()
        variance[0] = self.start(p)[1] ** 2
        return np.asarray((retention * variance) @ retention.T)

    def draw_start(self, p: Motion, shape: tuple[int, ...], rng: np.random.Generator) -> Float:
        """Draw first values."""
        centre, spread = self.start(p)
        return np.asarray(centre + spread * rng.standard_normal(shape))


def of_dyads(p: Motion, dyads: Any) -> Motion:
    """Return the parameters of some dyads, by index; those that all share are unchanged."""
    return {name: value[dyads] if getattr(value, "ndim", 0) else value for name, value in p.items()}


def _with_starts(
    first: Any, start: tuple[Any, Any], moves: Transitions, backend: Any
) -> Transitions:
    """Return transitions, those to first nodes replaced by the component's first value."""
    centre, spread = start
    return Transitions(
        backend.where(first, centre, moves.drift),
        backend.where(first, 0.0, moves.retention),
        backend.where(first, spread, moves.scale),
    )
