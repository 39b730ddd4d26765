"""The slow part of the level: what the pendulum swings around.

With ``structure="eras"`` it is the equilibrium of the era, the same in all its months, and the pull acts on the whole
level. With ``structure="walk"`` the level is the sum of a slow walk, which may jump where an era begins, and of a
swing, on which the pull acts. The jumps need no parameters of their own: at the beginning of an era the walk's step is
so much larger. A walk of centuries would go anywhere; this one forgets half of where it was in a generation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.model.hierarchy import by_dyad, population_spread
from forecast.typing import Float, Index

if TYPE_CHECKING:
    from forecast.model.dynamics.base import Transitions
    from forecast.model.priors import Priors

STRUCTURES = ("eras", "walk")


@dataclass(frozen=True)
class Structure:
    """How the structure moves, as PyTensor variables or arrays.

    Attributes
    ----------
    step : (dyad,)
        Standard deviation of a period's step, log-odds.
    jump : scalar
        Standard deviation of what the beginning of an era adds.
    centre, start_sd : float
        Where it may be in the first period, and where it returns to in the very long run.
    retention : float
        What is left of its distance from there after a period.
    """

    step: Any
    jump: Any
    centre: float
    start_sd: float
    retention: float

    def transitions(self, pairs: Mapping[str, Any], backend: Any = np) -> "Transitions":
        """Return drift, carry and scale from node to node, each (node,).

        Parameters
        ----------
        pairs : mapping
            Of `forecast.model.whitening.transition_pairs`, as arrays or as a model's data.
        backend : module
            numpy or pytensor.tensor.
        """
        dyad, gap, pair_of = pairs["pair_dyad"], pairs["pair_gap"], pairs["pair_of_node"]
        first = backend.equal(gap, 0)
        gathered = (1.0 - self.retention ** (2 * gap)) / (1.0 - self.retention**2)
        variance = self.step[dyad] ** 2 * gathered + self.jump**2 * pairs["pair_new_era"]
        # A first node has no gap: the one added there only keeps the root's slope finite.
        scale = backend.where(first, self.start_sd, backend.sqrt(backend.where(first, 1.0, variance)))
        carry = backend.where(first, 0.0, self.retention**gap)
        return (self.centre * (1.0 - carry))[pair_of], carry[pair_of], scale[pair_of]


def add_structure(priors: "Priors", pool: bool) -> Structure:
    """Add the parameters of a walking structure to the PyMC model on the context stack; priors in periods."""
    import pymc as pm
    import pytensor.tensor as pt

    step = pt.exp(by_dyad("log_structure_step", priors.structure_step, priors.structure_step_dyads, pool))
    jump = population_spread("structure_jump", priors.structure_jump)
    step = pm.Deterministic("structure_step", step, dims="dyad")
    structure = _structure(priors, step, jump)
    # They do not vary, but who goes on from a draw has to know them.
    pm.Deterministic("structure_retention", pt.constant(structure.retention))
    pm.Deterministic("structure_centre", pt.constant(structure.centre))
    return structure


def era_means(structure: Float, era_index: Index, eras: Index) -> Float:
    """Return the mean of one dyad's structure (..., time) over each of some eras, (..., era).

    An era that has no period here, as where a record is cut before it begins, has none: not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from forecast.model.structure import era_means
    >>> era_means(np.array([1.0, 3.0, 6.0]), np.array([4, 4, 5]), np.array([4, 5, 6]))
    array([ 2.,  6., nan])
    """
    means = np.full((*structure.shape[:-1], len(eras)), np.nan)
    for place, era in enumerate(eras):
        inside = era_index == era
        if inside.any():
            means[..., place] = structure[..., inside].mean(axis=-1)
    return means


def central_structure(priors: "Priors", dyads: int) -> Structure:
    """Return a structure at the centres of the priors, which are in periods."""
    return _structure(priors, np.full(dyads, np.exp(priors.structure_step[0])), priors.structure_jump)


def _structure(priors: "Priors", step: Any, jump: Any) -> Structure:
    return Structure(step, jump, priors.equilibrium[0], priors.structure_start, retention(priors))


def retention(priors: "Priors") -> float:
    """Return what is left of a structure's distance from the centre after a period; priors in periods.

    Examples
    --------
    >>> from forecast.model import Priors
    >>> from forecast.model.structure import retention
    >>> round(retention(Priors(structure_half_life=12.0)) ** 12, 6)
    0.5
    """
    return float(0.5 ** (1.0 / priors.structure_half_life))
