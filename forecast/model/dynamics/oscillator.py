"""A pull with momentum: the pendulum swings over."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.model.declarations import Prior, Variable
from forecast.model.dynamics.base import Nodes, Pull, Transitions
from forecast.model.hierarchy import by_dyad

if TYPE_CHECKING:
    from forecast.model.priors import Priors


class Oscillator(Pull):
    r"""Swings of period :math:`2 \pi / \omega` whose amplitude is halved in a half-life.

    :math:`2 r \cos\omega \, y - r^2 y'`, with :math:`y'` the displacement a period before.
    """

    name = "oscillator"
    title = "pull with momentum"
    hint = "with momentum"
    words = "oscillator: with momentum, so that it may overshoot the equilibrium"
    order = 2
    priors = (
        Prior(
            "period",
            (float(np.log(120.0)), 0.4),
            "months; a full swing of ten years, between five and twenty in nineteen cases of twenty",
            pace=1.0,
            about="period",
            dyads="period_dyads",
        ),
        Prior("period_dyads", 0.2, "dyads swing at much the same pace"),
    )
    variables = (
        Variable(
            "period", ("dyad",), "periods", 'A full swing; only with `dynamics="oscillator"`.', label="period"
        ),
        Variable(
            "state_before", ("dyad",), "log-odds",
            'The pendulum in the last period but one; only with `dynamics="oscillator"`.',
            sampled=False,
        ),
    )  # fmt: skip

    def next(self, y: Any, before: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return where momentum and pull together carry it."""
        first, second = _weights(p["phi"], p["period"], backend)
        return first * y + second * before

    def shape(self, priors: "Priors", pool: bool) -> tuple[dict[str, Any], Any]:
        """Add the length of a full swing."""
        import pymc as pm
        import pytensor.tensor as pt

        period = pt.exp(by_dyad("log_period", priors.period, priors.period_dyads, pool))
        return {"period": pm.Deterministic("period", period, dims="dyad")}, 1.0

    def shock_of_spread(self, sd: Any, phi: Any, shape: Mapping[str, Any], backend: Any = np) -> Any:
        """Compute the spread of a period's shock that keeps the oscillator at its spread."""
        first, second = _weights(phi, shape["period"], backend)
        return sd * backend.sqrt((1.0 + second) * ((1.0 - second) ** 2 - first**2) / (1.0 - second))

    def second_transition(self, start_sd: Any, p: Mapping[str, Any], backend: Any = np) -> tuple[Any, Any]:
        """Return carry and scale from the first state to the second, as its long run correlates the two."""
        one, two = _weights(p["phi"], p["period"], backend)
        tied = one / (1.0 - two)
        return tied, start_sd * backend.sqrt(1.0 - tied**2)

    def transitions(self, nodes: Nodes) -> Transitions:
        """Return drift, the carries of the last node and of the one before, and scale, each (node,)."""
        pt, motion, first, second = nodes.backend, nodes.motion, nodes.first, nodes.second
        dyad, p = nodes.data["node_dyad"], {"phi": motion.phi, **motion.shape}
        one, two = (weight[dyad] for weight in _weights(p["phi"], p["period"], pt))
        one = pt.where(second, one / (1.0 - two), one)
        one, two = pt.where(first, 0.0, one), pt.where(first | second, 0.0, two)
        _, at_second = self.second_transition(motion.start_sd, p, pt)
        scale = pt.where(second, at_second[dyad], nodes.scale)
        return (1.0 - one - two) * nodes.equilibrium, one, two, scale

    def expected(self, last: Any, before: Any, transitions: Transitions, nodes: Nodes) -> Any:
        """Return where every node is expected: it is linear in the two nodes before."""
        drift, one, two, _ = transitions
        return drift + one * last + two * before


def _weights(damping: Any, period: Any, backend: Any = np) -> tuple[Any, Any]:
    """Weights of the last two displacements."""
    return 2.0 * damping * backend.cos(2.0 * np.pi / period), -(damping**2)
