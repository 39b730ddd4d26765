"""No pull: a random walk."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.model.declarations import Prior
from forecast.model.dynamics.base import Motion, Pull, Transitions
from forecast.model.hierarchy import by_dyad
from forecast.typing import Float

if TYPE_CHECKING:
    from forecast.model.priors import Priors


class Walk(Pull):
    """No pull: the displacement stays as it is, and there is no equilibrium."""

    name = "none"
    title = "random walk"
    hint = "random walk"
    words = "none: a random walk, without equilibrium"
    jumps = True
    has_equilibrium = False
    priors = (
        Prior(
            "step",
            (float(np.log(0.12)), 0.5),
            "monthly step of a random walk: 0.12 adds up to about 0.8 after four years, the spread above",
            pace=-0.5,
        ),
        Prior("step_dyads", 0.3, "dyads are a third calmer or livelier"),
        Prior("start_sd", 1.5, "where a random walk starts: nearly flat over shares from 5 to 95"),
    )

    def next(self, y: Any, before: Any, p: Mapping[str, Any], backend: Any = np) -> Any:
        """Return the displacement as it is."""
        return y

    def add_motion(self, priors: "Priors", dyads: int, pool: bool) -> Motion:
        """Add the steps of the walk to the PyMC model on the context stack."""
        import pymc as pm
        import pytensor.tensor as pt

        sigma = pm.Deterministic("sigma", pt.exp(by_dyad("step", priors.step, priors.step_dyads, pool)), dims="dyad")
        return Motion(np.ones(dyads), sigma, pt.as_tensor(np.full(dyads, priors.start_sd)), {})

    def start_spread(self, p: Mapping[str, Float], priors: "Priors") -> Float | float:
        """Return the spread of the first state, which a walk has no long-run one to take from."""
        return float(priors.start_sd)

    def centre(self, priors: "Priors") -> tuple[float, float, float]:
        """Return phi, sigma and the spread of the first state at the centres of the priors."""
        return 1.0, float(np.exp(priors.step[0])), float(priors.start_sd)

    def over_gaps(self, motion: Motion, mu: Any, pairs: Mapping[str, Any], backend: Any = np) -> Transitions:
        r"""Return the exact transitions over gaps: all is carried, and a shock of :math:`k \sigma^2` gathered."""
        dyad, gap, pair_of = pairs["pair_dyad"], pairs["pair_gap"], pairs["pair_of_node"]
        first = backend.equal(gap, 0)
        gathered = motion.sigma[dyad] * backend.sqrt(backend.maximum(gap, 1))
        scale = backend.where(first, motion.start_sd[dyad], gathered)
        carry = backend.where(first, 0.0, 1.0)[pair_of]
        return 0.0 * carry, carry, scale[pair_of]
